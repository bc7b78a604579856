"""An AKS cluster: what is registered for it, how it is named and reached, and what another one leaves alone."""

from __future__ import annotations

import json

import pytest

from berth.plan.stand_ins.azure import CERTIFICATE_AUTHORITY
from tests.components.azure_clusters import CLUSTER, POOL, ROLE, TENANT, inputs_of, made, one, recorded
from tests.components.recording import Recorder
from tests.components.stacks import PUBLIC, run, sample
from tests.components.test_program import SIGNATURE

PROFILES = ("dev", "strict")
GROUP = "azure-native:resources:ResourceGroup"


def outputs(recorder: Recorder, name: str = "azure-test") -> dict[str, object]:
    return recorder.outputs[one(recorder, "berth:cluster:AksCluster", name).urn]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_first_preview_registers_what_an_update_does(profile: str) -> None:
    assert made(recorded(profile, preview=True)).keys() == made(recorded(profile)).keys()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("preview", [True, False])
def test_nothing_uses_a_default_provider(profile: str, preview: bool) -> None:
    recorder = recorded(profile, preview=preview)
    azure = [item for item in recorder.recorded if item.type.startswith("azure-native:")]
    assert azure
    providers = [item.provider for item in azure] + [provider for _, _, provider in recorder.invoked]
    own = one(recorder, "pulumi:providers:azure-native").urn
    assert {provider.rpartition("::")[0] for provider in providers} == {own}


def test_the_provider_is_bound_to_the_subscription_and_the_tenant_of_the_settings() -> None:
    inputs = one(recorded(), "pulumi:providers:azure-native").inputs
    assert inputs["subscriptionId"] == "00000000-0000-0000-0000-00000000aaaa"
    assert inputs["tenantId"] == "00000000-0000-0000-0000-00000000bbbb"


def test_a_first_preview_asks_azure_nothing() -> None:
    assert recorded(preview=True).invoked == []


def test_the_kubeconfig_is_asked_for_as_a_user_not_as_an_administrator() -> None:
    (token, _, _) = recorded().invoked[0]
    assert token == "azure-native:containerservice:listManagedClusterUserCredentials"  # noqa: S105 - a function's name
    assert len(recorded().invoked) == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_the_kubeconfig_is_secret_and_holds_no_credential(profile: str) -> None:
    kubeconfig = outputs(recorded(profile))["kubeconfig"]
    assert isinstance(kubeconfig, dict)
    assert SIGNATURE in kubeconfig
    text = json.loads(kubeconfig["value"])
    (user,) = text["users"]
    assert user["user"].keys() == {"exec"}
    assert user["user"]["exec"]["command"] == "kubelogin"
    assert text["clusters"][0]["cluster"]["certificate-authority-data"] == CERTIFICATE_AUTHORITY


@pytest.mark.parametrize(("profile", "part"), [("dev", ".hcp."), ("strict", ".private.")])
def test_the_endpoint_is_the_public_name_or_the_private_one(profile: str, part: str) -> None:
    endpoint = str(outputs(recorded(profile))["endpoint"])
    assert part in endpoint
    assert endpoint.startswith("https://")


def test_the_kubernetes_provider_waits_for_every_pool_so_that_agents_can_run_and_tidy_up() -> None:
    provider = one(recorded(), "pulumi:providers:kubernetes")
    assert {item.urn for item in recorded().of_type(POOL)} <= set(provider.depends_on)


def test_a_second_cluster_in_another_region_shares_no_name_and_changes_nothing_of_the_first() -> None:
    second = sample(
        "aks",
        name="azure-two",
        region="northeurope",
        subscription="00000000-0000-0000-0000-00000000eeee",
        network={"cidr": "10.40.0.0/16"},
    )
    alone, both = run(sample("aks")), run(sample("aks"), second)
    assert inputs_of(both, "azure-test") == inputs_of(alone, "azure-test")
    names = [(item.type, item.name) for item in both.recorded]
    assert len(names) == len(set(names))
    guids = [item.inputs["roleAssignmentName"] for item in both.of_type(ROLE)]
    assert len(guids) == len(set(guids))


def test_names_fit_for_a_cluster_of_the_longest_name() -> None:
    recorder = run(sample("aks", name="a" * 40))
    inputs = one(recorder, CLUSTER).inputs
    assert len(inputs["dnsPrefix"]) <= 54
    assert len(inputs["nodeResourceGroup"]) <= 80
    (vault,) = recorder.of_type("azure-native:keyvault:Vault")
    assert len(vault.name) + 8 <= 24, "Pulumi adds eight digits of chance"


def test_a_vault_s_name_has_no_two_dashes_in_a_row_and_begins_with_a_letter() -> None:
    (vault,) = run(sample("aks", name="a--b")).of_type("azure-native:keyvault:Vault")
    assert vault.name == "kv-a-X-b", "an X, so that a-b has another name"


def test_everything_that_can_be_tagged_tells_its_cluster() -> None:
    tagged = [item for item in recorded().recorded if "tags" in item.inputs]
    assert len(tagged) > 10
    assert {item.inputs["tags"]["berth-cluster"] for item in tagged} == {"azure-test"}


def test_protection_is_for_the_cluster_its_group_and_its_keys_and_only_where_it_is_on() -> None:
    kept = {item.type for item in recorded("strict").recorded if item.protect}
    assert kept == {CLUSTER, GROUP, "azure-native:keyvault:Vault", "azure-native:keyvault:Key"}
    assert not any(item.protect for item in recorded("dev").recorded)
    off = run(sample("aks", deletionProtection=False))
    assert not any(item.protect for item in off.recorded)
    on = run(sample("aks", deletionProtection=True), profile="dev")
    assert {item.type for item in on.recorded if item.protect} == {CLUSTER, GROUP}


@pytest.mark.parametrize(("channel", "ignored"), [("patch", False), ("node-image", False), ("stable", True)])
def test_a_version_is_left_to_aks_where_its_channel_raises_it(channel: str, ignored: bool) -> None:
    recorder = run(sample("aks", upgradeChannel=channel))
    assert ("kubernetesVersion" in one(recorder, CLUSTER).ignore_changes) is ignored
    assert ("orchestratorVersion" in one(recorder, POOL).ignore_changes) is ignored


def test_control_plane_and_pools_are_upgraded_by_one_setting() -> None:
    recorder = run(sample("aks", kubernetesVersion="1.34"))
    cluster = one(recorder, CLUSTER).inputs
    versions = {cluster["kubernetesVersion"], cluster["agentPoolProfiles"][0]["orchestratorVersion"]}
    assert versions | {one(recorder, POOL).inputs["orchestratorVersion"]} == {"1.34"}


def test_windows_begin_on_the_first_day_for_versions_and_on_the_last_for_images() -> None:
    maintenance = {"days": ["tuesday", "wednesday", "thursday"], "start": "03:30", "hours": 5}
    recorder = run(sample("aks", maintenance=maintenance))
    windows = {
        item.inputs["configName"]: item.inputs["maintenanceWindow"]
        for item in recorder.of_type("azure-native:containerservice:MaintenanceConfiguration")
    }
    days = {name: window["schedule"]["weekly"]["dayOfWeek"] for name, window in windows.items()}
    assert days == {
        "default": "Tuesday",
        "aksManagedAutoUpgradeSchedule": "Tuesday",
        "aksManagedNodeOSUpgradeSchedule": "Thursday",
    }
    assert {(window["startTime"], window["durationHours"]) for window in windows.values()} == {("03:30", 5)}


def test_only_listed_networks_reach_a_public_api_server_and_a_private_one_has_no_public_name() -> None:
    public = one(run(sample("aks", **PUBLIC), profile="dev"), CLUSTER).inputs["apiServerAccessProfile"]
    assert public["authorizedIPRanges"] == ["203.0.113.0/24"]
    private = one(recorded(), CLUSTER).inputs["apiServerAccessProfile"]
    assert "authorizedIPRanges" not in private
    assert private["enablePrivateClusterPublicFQDN"] is False


def test_the_keys_and_defender_are_of_the_strict_profile() -> None:
    assert not made(recorded("dev"), "azure-native:keyvault:", "azure-native:compute:")
    assert one(recorded("dev"), CLUSTER).inputs["securityProfile"].keys() == {"imageCleaner", "workloadIdentity"}


def test_the_cluster_waits_for_what_its_identity_may_do() -> None:
    recorder = recorded()
    before = {item.urn for item in recorder.of_type(ROLE) if item.urn in one(recorder, CLUSTER).depends_on}
    names = {urn.rpartition("::")[2] for urn in before}
    assert names == {
        "azure-test-network-nodes",
        "azure-test-network-api-server",
        "azure-test-encryption-etcd-user",
        "azure-test-encryption-vault-contributor",
        "azure-test-encryption-disks-user",
        "azure-test-encryption-disks-reader",
    }


def test_no_role_of_a_cluster_holds_on_more_than_one_of_its_resources() -> None:
    tenants = {item.urn for item in recorded().of_type(TENANT)}
    own = [item for item in recorded().of_type(ROLE) if item.parent not in tenants]
    assert own
    for item in own:
        assert item.inputs["scope"].count("/") >= 8, "a resource, not a resource group or a subscription"


def test_administrators_are_groups_that_may_fetch_the_kubeconfig() -> None:
    item = one(recorded(), ROLE, "azure-test-admin-00000000-0000-0000-0000-000000000001")
    assert item.inputs["principalType"] == "Group"
    assert item.inputs["roleDefinitionId"].endswith("/4abbcc35-e782-43d8-92c5-2d3f1bd2253f")
    admins = one(recorded(), CLUSTER).inputs["aadProfile"]["adminGroupObjectIDs"]
    assert admins == ["00000000-0000-0000-0000-000000000001"]


def test_dev_leaves_reads_out_of_the_audit_log_and_strict_keeps_them() -> None:
    def audits(recorder: Recorder) -> set[str]:
        (setting,) = recorder.of_type("azure-native:monitor:DiagnosticSetting")
        return {log["category"] for log in setting.inputs["logs"] if "audit" in log["category"]}

    assert audits(recorded("dev")) == {"kube-audit-admin"}
    assert audits(recorded("strict")) == {"kube-audit"}
