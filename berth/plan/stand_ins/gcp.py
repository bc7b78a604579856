"""Google Cloud: see the package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PROJECT_NUMBER = "123456789012"


def _cluster(_name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    endpoints = inputs["controlPlaneEndpointsConfig"]
    dns = endpoints["dnsEndpointConfig"] | {"endpoint": f"gke-0123456789.{inputs['location']}.gke.goog"}
    return {
        "endpoint": "10.0.0.2" if inputs["privateClusterConfig"]["enablePrivateEndpoint"] else "203.0.113.10",
        "controlPlaneEndpointsConfig": endpoints | {"dnsEndpointConfig": dns},
        "masterAuth": inputs["masterAuth"] | {"clusterCaCertificate": "Y2VydGlmaWNhdGU="},
    }


def _account(_name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    # Its own project is the provider's, which mocks do not know.
    email = f"{inputs['accountId']}@berth-test.iam.gserviceaccount.com"
    return {
        "email": email,
        "member": f"serviceAccount:{email}",
        "name": f"projects/berth-test/serviceAccounts/{email}",
    }


COMPUTED: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "gcp:container/cluster:Cluster": _cluster,
    "gcp:serviceaccount/account:Account": _account,
    "gcp:compute/router:Router": lambda name, _: {"name": f"{name}-1234567"},
}
ANSWERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "gcp:organizations/getProject:getProject": lambda arguments: {
        "id": f"projects/{arguments['projectId']}",
        "projectId": arguments["projectId"],
        "number": PROJECT_NUMBER,
    },
}
