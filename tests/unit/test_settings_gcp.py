"""A GKE cluster's section of the stack file: what is right, and the one problem that each mistake is told as."""

from __future__ import annotations

import time

import pytest

from berth.settings import GkeSettings
from berth.settings.gcp import Channel
from tests.support import Sandbox

CLUSTER = """\
config:
  berth:environment: dev
  berth:securityProfile: {profile}
  berth:deployRepo: {{url: https://git.example.com/deploy.git}}
  berth:clusters:
    - name: gcp-dev
      provider: gke
      project: example-dev
      region: europe-west1
      kubernetesVersion: "1.35"
      network: {{cidr: 10.20.0.0/16}}
      api: {{public: false}}
      admins: ["group:platform@example.com"]
      securityGroup: gke-security-groups@example.com
      nodePools: [{{name: general, instanceType: n2-standard-4}}]
"""
PLACEMENTS = "placements: [{environments: [dev], clouds: [gcp]}]\n"
EXISTING = (
    "{existing: {network: projects/host-project/global/networks/shared, "
    "subnetwork: projects/host-project/regions/europe-west1/subnetworks/gke, podsRange: pods, servicesRange: services}}"
)
AT = "config.berth:clusters[0]"


@pytest.fixture
def gke(sandbox: Sandbox) -> Sandbox:
    """A project whose only cluster is a GKE cluster, in the profile dev."""
    sandbox.write("Pulumi.dev.yaml", CLUSTER.format(profile="dev"))
    sandbox.tenant(placements=PLACEMENTS)
    return sandbox


@pytest.fixture
def strict(gke: Sandbox) -> Sandbox:
    """The same in the profile strict."""
    gke.write("Pulumi.dev.yaml", CLUSTER.format(profile="strict"))
    return gke


def settings(sandbox: Sandbox) -> GkeSettings:
    found = sandbox.cluster("gcp-dev").settings
    assert isinstance(found, GkeSettings)
    return found


def test_what_is_not_said_has_the_safe_value(gke: Sandbox) -> None:
    read = settings(gke)
    assert (read.api.public, read.api.dns_endpoint) == (False, True)
    assert read.release_channel is Channel.REGULAR
    assert read.impersonate is None
    assert read.zones() == ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
    assert read.workload_pool == "example-dev.svc.id.goog"


def test_a_network_that_is_there_is_read(gke: Sandbox) -> None:
    gke.stack("{cidr: 10.20.0.0/16}", EXISTING)
    existing = settings(gke).network.existing
    assert existing is not None
    assert (existing.pods_range, existing.services_range) == ("pods", "services")


@pytest.mark.parametrize(
    "machine",
    [
        "e2-medium", "n2-standard-4", "n2d-highmem-96", "n2-custom-4-8192", "c3-standard-22-lssd",
        "c3-standard-192-metal", "a2-highgpu-1g", "a3-ultragpu-8g", "t2a-standard-2", "c4a-standard-8",
        "z3-highmem-14-standardlssd", "m3-ultramem-32",
    ],
)  # fmt: skip
def test_every_kind_of_machine_type_is_taken(gke: Sandbox, machine: str) -> None:
    gke.stack("n2-standard-4", machine)
    assert settings(gke).node_pools[0].instance_type == machine


def test_a_long_name_of_no_machine_is_refused_at_once(gke: Sandbox) -> None:
    gke.stack("n2-standard-4", f"n2-{'a' * 60}_")
    began = time.monotonic()
    assert gke.problem().path == f"{AT}.nodePools[0].instanceType"
    assert time.monotonic() - began < 30


NAMES = "zoneNames: "
WRONG = {
    "region": ("region: europe-west1", "region: europe-west11", "region", 'did you mean "europe-west1"?'),
    "region of another cloud": ("region: europe-west1", "region: eu-west-1", "region", "a region of gke"),
    "old version": ('"1.35"', '"1.29"', "kubernetesVersion", "which gke offers"),
    "version far ahead": ('"1.35"', '"1.60"', "kubernetesVersion", "raise NEWEST"),
    "full version": ('"1.35"', '"1.35.2"', "kubernetesVersion", "a Kubernetes minor version"),
    "too many zones": ("10.20.0.0/16}", "10.20.0.0/16, zones: 4}", "network.zones", "at most 3"),
    "zone elsewhere": ("10.20.0.0/16}", f"10.20.0.0/16, {NAMES}[europe-west1-b, us-east1-c]}}",
                       "network.zoneNames[1]", "a zone of europe-west1"),
    "no zone": ("10.20.0.0/16}", f"10.20.0.0/16, {NAMES}[b]}}", "network.zoneNames[0]", "europe-west1-b"),
    "zone twice": ("10.20.0.0/16}", f"10.20.0.0/16, {NAMES}[europe-west1-b, europe-west1-b]}}", "network.zoneNames",
                   "each value once"),
    "zones and names": ("10.20.0.0/16}", f"10.20.0.0/16, zones: 3, {NAMES}[europe-west1-b]}}", "network",
                        "as many zoneNames as zones (3)"),
    "no network": ("{cidr: 10.20.0.0/16}", "{zones: 2}", "network", "either cidr or existing"),
    "two networks": ("{cidr: 10.20.0.0/16}", EXISTING.replace("{existing", "{cidr: 10.20.0.0/16, existing"), "network",
                     "either cidr or existing"),
    "network too small to cut": ("10.20.0.0/16", "10.20.0.0/24", "network.cidr", "/12 to /22"),
    "network too wide": ("10.20.0.0/16", "10.0.0.0/8", "network.cidr", "/12 to /22"),
    "IPv6 alone": ("10.20.0.0/16", "fd00:1::/48", "network.cidr", "an IPv4 network"),
    "room for pods": ("10.20.0.0/16", "10.20.0.0/21", "network.cidr", "take a /20, or lower max or maxPods"),
    "existing elsewhere": ("{cidr: 10.20.0.0/16}", EXISTING.replace("europe-west1", "us-east1"),
                           "network.existing.subnetwork", "projects/P/regions/europe-west1/subnetworks/S"),
    "subnetwork for network": ("{cidr: 10.20.0.0/16}",
                               EXISTING.replace("global/networks/shared", "regions/europe-west1/subnetworks/gke"),
                               "network.existing.network", "projects/P/global/networks/N"),
    "existing without range": ("{cidr: 10.20.0.0/16}", EXISTING.replace(", servicesRange: services", ""),
                               "network.existing.servicesRange", "a value here"),
    "existing by URL": ("{cidr: 10.20.0.0/16}", EXISTING.replace("projects/host-project/global", "https://x/global"),
                        "network.existing.network", "a resource such as"),
    "project": ("project: example-dev", "project: Example_Dev", "project", "the id of a Google Cloud project"),
    "short project": ("project: example-dev", "project: abc", "project", "the id of a Google Cloud project"),
    "long name": ("name: gcp-dev", f"name: {'a' * 41}", "name", "at most 40"),
    "machine of another cloud": ("n2-standard-4", "m7i.large", "nodePools[0].instanceType", "n2-standard-4"),
    "admin without kind": ('"group:platform@example.com"', "platform@example.com", "admins[0]", "group:, user:"),
    "everyone": ('"group:platform@example.com"', "allUsers", "admins[0]", "group:, user:"),
    "admin twice": ('"group:platform@example.com"', '"group:a@example.com", "group:a@example.com"', "admins",
                    "each value once"),
    "group unknown to GKE": ("      securityGroup: gke-security-groups@example.com\n", "", "admins[0]",
                             "securityGroup with a group"),
    "security group": ("gke-security-groups@example.com", "platform@example.com", "securityGroup",
                       "gke-security-groups@"),
    "impersonate": ("project: example-dev", "project: example-dev\n      impersonate: me@example.com", "impersonate",
                    "the address of a Google service account"),
    "channel": ("project: example-dev", "project: example-dev\n      releaseChannel: reguler", "releaseChannel",
                'did you mean "regular"?'),
    "unreachable": ("{public: false}", "{dnsEndpoint: false}", "api.dnsEndpoint", "nobody reaches the API server"),
    "open to all": ("{public: false}", "{public: true, allowedCidrs: [0.0.0.0/0]}", "api", "not the whole internet"),
    "short window": ("project: example-dev", "project: example-dev\n      maintenance: {days: [monday], hours: 8}",
                     "maintenance", "12 hours a week"),
    "day": ("project: example-dev", "project: example-dev\n      maintenance: {days: [mon, tuesday]}",
            "maintenance.days[0]", "monday"),
    "pool with taints only": ("n2-standard-4}", "n2-standard-4, taints: [{key: a, effect: NoSchedule}]}", "nodePools",
                              "a pool without taints"),
    "key of another cloud": ("project: example-dev", "project: example-dev\n      account: x", "account",
                             "unknown key"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "says"), list(WRONG.values()), ids=list(WRONG))
def test_a_mistake_is_one_problem_at_its_path(gke: Sandbox, old: str, new: str, path: str, says: str) -> None:
    gke.stack(old, new)
    found = [problem for problem in gke.problems() if problem.file == "Pulumi.dev.yaml"]
    assert [problem.path for problem in found] == [f"{AT}.{path}"]
    assert says in str(found[0])
    assert found[0].line > 0


def test_too_little_room_says_what_is_needed_and_what_there_is(gke: Sandbox) -> None:
    gke.stack("n2-standard-4}", "n2-standard-4, max: 200, maxPods: 110}")
    gke.stack("10.20.0.0/16", "10.20.0.0/17")
    problem = gke.problem()
    assert problem.path == f"{AT}.network.cidr"
    # 201 nodes with a block of 256 addresses each.
    assert "room for 51456 addresses for pods in 10.20.64.0/18, which has 16384" in problem.expected
    assert "take a /15" in problem.fix


@pytest.mark.parametrize(("nodes", "pods"), [(9, 110), (120, 64), (500, 8), (999, 110)])
def test_the_network_that_an_error_asks_for_has_the_room_and_a_smaller_one_has_not(
    gke: Sandbox, nodes: int, pods: int
) -> None:
    gke.stack("n2-standard-4}", f"n2-standard-4, max: {nodes}, maxPods: {pods}}}")
    gke.stack("10.20.0.0/16", "10.0.0.0/22")
    asked = int(gke.problem().fix.partition("take a /")[2].partition(",")[0])
    gke.stack("10.0.0.0/22", f"10.0.0.0/{asked + 1}")
    assert f"take a /{asked}," in gke.problem().fix
    gke.stack(f"10.0.0.0/{asked + 1}", f"10.0.0.0/{asked}")
    assert settings(gke).pools[0].max == nodes


def test_more_nodes_than_any_network_has_room_for_are_too_many(gke: Sandbox) -> None:
    pools = ", ".join(f"{{name: pool{index}, instanceType: n2-standard-4, max: 1000}}" for index in range(5))
    gke.stack("{name: general, instanceType: n2-standard-4}", pools)
    assert gke.problem().fix.endswith("ask for them: lower max or maxPods")


def test_pools_add_up(gke: Sandbox) -> None:
    gke.stack("n2-standard-4}", "n2-standard-4, max: 60}, {name: more, instanceType: n2-standard-4, max: 70}")
    assert "130 nodes and their pods" in gke.problem().fix


STRICT = {
    "public": ("{public: false}", "{public: true, allowedCidrs: [203.0.113.0/24]}", "api.public",
               "false in the strict profile"),
    "no group": ("gke-security-groups@example.com", "null", "securityGroup", "gke-security-groups@ and your domain"),
    "one zone": ("10.20.0.0/16}", "10.20.0.0/16, zones: 1}", "network.zones", "at least 2"),
    "one zone by name": ("10.20.0.0/16}", f"10.20.0.0/16, {NAMES}[europe-west1-b]}}", "network.zoneNames",
                         "at least 2"),
    "spot for everything": ("n2-standard-4}", "n2-standard-4, spot: true}", "nodePools[0].spot", "a taint with it"),
    "one node": ("n2-standard-4}", "n2-standard-4, min: 1}", "nodePools[0].min", "at least 2"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "says"), list(STRICT.values()), ids=list(STRICT))
def test_the_strict_profile_refuses_what_dev_allows(strict: Sandbox, old: str, new: str, path: str, says: str) -> None:
    if path == "securityGroup":
        strict.stack("group:platform@example.com", "user:eve@example.com")
    strict.stack(old, new)
    problem = strict.problem()
    assert problem.path == f"{AT}.{path}"
    assert says in str(problem)
    strict.stack("strict", "dev")
    assert settings(strict).name == "gcp-dev"


ROLES = (
    "roles/owner", "roles/editor", "roles/storage.admin", "roles/iam.serviceAccountTokenCreator",
    "roles/iam.workloadIdentityUser", "roles/resourcemanager.projectIamAdmin", "storage.objectViewer",
    "roles/compute.instanceAdmin.v1", "roles/bigquery.admin", "roles/writer", "roles/reader", "roles/admin",
    "roles/cloudbuild.builds.editor", "roles/deploymentmanager.editor",
    "roles/compute.serviceAgent",
)  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_a_tenant_gets_no_role_over_the_project_or_over_identities(gke: Sandbox, role: str) -> None:
    identity = f"identity: [{{serviceAccount: web, gcp: {{roles: [{role}]}}}}]\n"
    gke.tenant(identity, placements=PLACEMENTS)
    assert gke.problem().path == "identity[0].gcp.roles[0]"


@pytest.mark.parametrize(
    "role",
    ["roles/container.developer", "roles/container.viewer", "roles/container.clusterViewer",
     "roles/gkehub.gatewayEditor", "roles/gkebackup.viewer"],
)  # fmt: skip
def test_a_tenant_gets_no_role_over_clusters(gke: Sandbox, role: str) -> None:
    gke.tenant(f"identity: [{{serviceAccount: web, gcp: {{roles: [{role}]}}}}]\n", placements=PLACEMENTS)
    problem = gke.problem()
    assert problem.path == "identity[0].gcp.roles[0]"
    assert "reaches all tenants' objects" in problem.fix


@pytest.mark.parametrize(
    "role",
    ["roles/storage.objectUser", "roles/containeranalysis.notes.viewer", "roles/secretmanager.secretAccessor",
     "projects/example-dev/roles/adminPages"],
)  # fmt: skip
def test_a_tenant_gets_a_role_for_a_service_or_of_its_platform_s_own(gke: Sandbox, role: str) -> None:
    gke.tenant(f"identity: [{{serviceAccount: web, gcp: {{roles: [{role}]}}}}]\n", placements=PLACEMENTS)
    assert gke.load()
