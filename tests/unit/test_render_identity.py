"""Rights in a cloud, as a tenant's objects show them: on the service account, and in what its pods may reach."""

from __future__ import annotations

from typing import Any

import pytest

from berth import names
from berth.render import Object, render
from tests.support import Sandbox, one, pick

STACK = """\
config:
  berth:environment: dev
  berth:deployRepo: {url: https://git.example.com/deploy.git}
  berth:clusters:
    - name: aws-dev
      provider: eks
      account: "111122223333"
      region: eu-west-1
      kubernetesVersion: "1.35"
      network: {cidr: 10.10.0.0/16}
      admins: ["arn:aws:iam::111122223333:role/platform"]
      nodePools: [{name: general, instanceType: m7i.large}]
    - name: gcp-dev
      provider: gke
      project: example-dev
      region: europe-west1
      kubernetesVersion: "1.35"
      network: {cidr: 10.20.0.0/16}
      nodePools: [{name: general, instanceType: n2-standard-4}]
      securityGroup: gke-security-groups@example.com
    - name: azure-dev
      provider: aks
      subscription: 00000000-0000-0000-0000-0000000000d0
      entraTenant: 00000000-0000-0000-0000-0000000000f0
      region: westeurope
      kubernetesVersion: "1.35"
      network: {cidr: 10.30.0.0/16}
      admins: [00000000-0000-0000-0000-000000000001]
      nodePools: [{name: general, instanceType: Standard_D4ds_v5}]
    - name: kind
      provider: existing
      cloud: gcp
      region: local
      kubeconfig: config
      context: kind
"""
IDENTITY = """\
namespaces: ["", jobs]
identity:
  - serviceAccount: api
    aws: {policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]}
    gcp: {roles: [roles/storage.objectViewer]}
    azure: {roles: [Storage Blob Data Reader], scope: /subscriptions/00000000-0000-0000-0000-0000000000d0}
  - serviceAccount: worker
    namespace: jobs
    aws: {policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]}
"""
EVERYWHERE = "placements: [{environments: [dev], clouds: [aws, gcp, azure]}]\n"


@pytest.fixture
def clouds(sandbox: Sandbox) -> Sandbox:
    sandbox.write("Pulumi.dev.yaml", STACK)
    sandbox.tenant(IDENTITY, placements=EVERYWHERE)
    sandbox.tenant(name="globex", placements=EVERYWHERE)
    return sandbox


def annotations_of(objects: list[Object], account: str) -> dict[str, Any]:
    found: dict[str, Any] = one(objects, "ServiceAccount", account)["metadata"].get("annotations", {})
    return found


def reached(objects: list[Object], namespace: str = "acme") -> set[tuple[str, int]]:
    """The addresses of metadata servers that the namespace's pods may reach, with the port."""
    policy = one(objects, "NetworkPolicy", namespace=namespace)
    return {
        (peer["ipBlock"]["cidr"], port["port"])
        for rule in policy["spec"]["egress"]
        for peer in rule["to"]
        for port in rule.get("ports", [])
        if "ipBlock" in peer
    }


def test_gke_reads_the_google_service_account_from_the_service_account(clouds: Sandbox) -> None:
    address = annotations_of(clouds.objects(cluster="gcp-dev"), "api")["iam.gke.io/gcp-service-account"]
    assert address == f"{names.gcp_service_account('gcp-dev', 'acme', 'api')}@example-dev.iam.gserviceaccount.com"


def test_eks_needs_nothing_on_the_service_account(clouds: Sandbox) -> None:
    assert annotations_of(clouds.objects(cluster="aws-dev"), "api") == {}


def test_aks_reads_the_client_id_that_azure_gave(clouds: Sandbox) -> None:
    cluster, tenant = clouds.cluster("azure-dev"), clouds.placed(cluster="azure-dev")
    objects = render(cluster, tenant, {("acme", "api"): "an-id"})
    assert annotations_of(objects, "api") == {"azure.workload.identity/client-id": "an-id"}


def test_a_client_id_that_azure_has_not_given_yet_is_said_to_be_unknown(clouds: Sandbox) -> None:
    objects = clouds.objects(cluster="azure-dev")
    assert annotations_of(objects, "api") == {"azure.workload.identity/client-id": "known-after-pulumi-up"}


def test_an_account_without_rights_in_this_cloud_carries_nothing(clouds: Sandbox) -> None:
    for cluster in ("gcp-dev", "azure-dev"):
        assert annotations_of(clouds.objects(cluster=cluster), "worker") == {}


@pytest.mark.parametrize(
    ("cluster", "sources"),
    [
        ("aws-dev", {("169.254.170.23/32", 80), ("fd00:ec2::23/128", 80)}),
        ("gcp-dev", {("169.254.169.252/32", 988), ("169.254.169.254/32", 80)}),
        ("azure-dev", set()),
    ],
)
def test_pods_reach_the_address_that_gives_them_their_own_identity(
    clouds: Sandbox, cluster: str, sources: set[tuple[str, int]]
) -> None:
    assert reached(clouds.objects(cluster=cluster)) == sources


def test_a_tenant_without_rights_in_the_cloud_reaches_no_metadata_address(clouds: Sandbox) -> None:
    for cluster in ("aws-dev", "gcp-dev", "azure-dev"):
        assert reached(clouds.objects("globex", cluster), "globex") == set()


def test_a_cluster_that_berth_did_not_make_gives_no_identity(clouds: Sandbox) -> None:
    objects = clouds.objects(cluster="kind")
    assert annotations_of(objects, "api") == {}
    assert reached(objects) == set()
    assert len(pick(objects, "ServiceAccount", "api")) == 1


def test_two_environments_of_one_google_project_cannot_both_have_an_identity(clouds: Sandbox) -> None:
    clouds.write("Pulumi.prod.yaml", STACK.replace("-dev", "-prod").replace(" dev", " prod").replace("kind", "bare"))
    clouds.edit("tenants/acme.yaml", "environments: [dev]", "environments: [dev, prod]")
    assert clouds.load()
    clouds.edit("Pulumi.prod.yaml", "project: example-prod", "project: example-dev")
    problem = clouds.problem()
    assert (problem.file, problem.path, problem.found) == ("tenants/acme.yaml", "identity[0].gcp", "dev and prod")


def test_google_service_accounts_of_two_clusters_and_of_names_with_dashes_stay_apart() -> None:
    account = names.gcp_service_account
    ids = {
        account(*parts) for parts in (("a", "x", "api"), ("b", "x", "api"), ("a", "x-jobs", "y"), ("a", "x", "jobs-y"))
    }
    assert len(ids) == 4


def test_a_google_service_account_s_id_has_6_to_30_characters() -> None:
    for namespace in ("a", "a" * 21, "a" * 20 + "-" + "b" * 40):
        name = names.gcp_service_account("c", namespace, "s" * 253)
        assert 6 <= len(name) <= 30
        assert "--" not in name


def test_a_shortened_name_keeps_what_fits_and_tells_long_ones_apart() -> None:
    assert names.shortened(20, "acme", "api") == "acme-api"
    long, other = names.shortened(20, "a" * 30, "x"), names.shortened(20, "a" * 30, "y")
    assert long != other
    assert len(long) == len(other) == 20
