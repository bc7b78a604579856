"""The kubeconfigs of new clusters: what is in them, and above all what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lightkube import KubeConfig

from components.kubeconfig import AKS_SERVER_ID, aks_kubeconfig, eks_kubeconfig, gke_kubeconfig

CA = "Y2E="
ENDPOINT = "https://api.example.com"
ROLE = "arn:aws:iam::111122223333:role/platform"
ACCOUNT = "deployer@example.iam.gserviceaccount.com"

TEXTS = {
    "eks": eks_kubeconfig("one", ENDPOINT, CA, "eu-west-1"),
    "eks with a role": eks_kubeconfig("one", ENDPOINT, CA, "eu-west-1", ROLE),
    "gke": gke_kubeconfig("one", ENDPOINT, CA),
    "gke by its DNS endpoint": gke_kubeconfig("one", ENDPOINT, None),
    "gke as somebody else": gke_kubeconfig("one", ENDPOINT, CA, ACCOUNT),
    "aks": aks_kubeconfig("one", ENDPOINT, CA, "00000000-0000-0000-0000-0000000000f0"),
}
every = pytest.mark.parametrize("text", list(TEXTS.values()), ids=list(TEXTS))


def login(text: str) -> dict[str, Any]:
    plugin: dict[str, Any] = json.loads(text)["users"][0]["user"]["exec"]
    return plugin


@every
def test_the_user_is_a_login_program_and_nothing_else(text: str) -> None:
    (user,) = json.loads(text)["users"]
    assert list(user["user"]) == ["exec"]


@every
def test_no_profile_and_no_other_environment_is_pinned(text: str) -> None:
    assert "env" not in login(text)
    assert "--profile" not in login(text)["args"]


@every
def test_the_program_never_asks_and_speaks_the_protocol_that_all_clients_know(text: str) -> None:
    plugin = login(text)
    assert plugin["interactiveMode"] == "Never"
    assert plugin["apiVersion"] == "client.authentication.k8s.io/v1beta1"


@every
def test_where_the_program_is_missing_a_hint_says_what_to_install(text: str) -> None:
    assert "needed" in login(text)["installHint"]


@every
def test_all_three_items_and_the_current_context_have_the_cluster_s_name(text: str) -> None:
    config = json.loads(text)
    assert [config[kind][0]["name"] for kind in ("clusters", "contexts", "users")] == ["one"] * 3
    assert config["contexts"][0]["context"] == {"cluster": "one", "user": "one"}
    assert config["current-context"] == "one"


@every
def test_the_server_is_checked(text: str) -> None:
    (item,) = json.loads(text)["clusters"]
    assert item["cluster"]["server"] == ENDPOINT
    assert "insecure-skip-tls-verify" not in item["cluster"]


@every
def test_a_client_reads_it(text: str) -> None:
    single = KubeConfig.from_dict(json.loads(text)).get()
    assert single is not None
    assert single.user is not None
    assert single.user.exec is not None


def test_eks_asks_the_aws_cli_for_the_cluster_in_its_region() -> None:
    plugin = login(TEXTS["eks"])
    assert plugin["command"] == "aws"
    assert plugin["args"] == [
        "--region", "eu-west-1", "eks", "get-token", "--cluster-name", "one", "--output", "json"
    ]  # fmt: skip


def test_eks_assumes_a_role_only_where_one_is_named() -> None:
    assert login(TEXTS["eks with a role"])["args"][-2:] == ["--role-arn", ROLE]
    assert "--role-arn" not in login(TEXTS["eks"])["args"]


def test_gke_tells_the_plugin_about_the_cluster_and_the_others_do_not() -> None:
    told = {name for name, text in TEXTS.items() if login(text)["provideClusterInfo"]}
    assert told == {name for name in TEXTS if name.startswith("gke")}


def test_gke_acts_as_a_service_account_only_where_one_is_named() -> None:
    assert login(TEXTS["gke as somebody else"])["args"] == [f"--impersonate_service_account={ACCOUNT}"]
    assert login(TEXTS["gke"])["args"] == []


def test_gke_s_dns_endpoint_has_a_certificate_that_every_machine_trusts() -> None:
    assert json.loads(TEXTS["gke by its DNS endpoint"])["clusters"][0]["cluster"] == {"server": ENDPOINT}
    assert json.loads(TEXTS["gke"])["clusters"][0]["cluster"]["certificate-authority-data"] == CA


def test_aks_logs_in_as_the_azure_cli_does_for_the_application_of_all_clusters() -> None:
    plugin = login(TEXTS["aks"])
    assert plugin["command"] == "kubelogin"
    assert plugin["args"] == [
        "get-token", "--login", "azurecli", "--server-id", AKS_SERVER_ID,
        "--tenant-id", "00000000-0000-0000-0000-0000000000f0",
    ]  # fmt: skip
