"""A GKE cluster: what is registered for one, who makes it, what is kept, and two clusters beside each other."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.components.gcp_clusters import CLUSTER, EXISTING, POOL
from tests.components.recording import ROOT, Recorder, Registered
from tests.components.stacks import PUBLIC, Settings, run, sample, tenant

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which the engine knows a secret value on the wire."""
ROLES: Settings = {"identity": [{"serviceAccount": "web", "gcp": {"roles": ["roles/storage.objectViewer"]}}]}


@cache
def recorded(profile: str = "strict", preview: bool = False) -> Recorder:
    return run(sample("gke"), profile=profile, tenants=(tenant(**ROLES),), preview=preview)


def cluster(**more: Any) -> Registered:
    """The GKE cluster of the sample with other settings, in the profile dev."""
    return run(sample("gke", **more), profile="dev").of_type(CLUSTER)[0]


def google(recorder: Recorder) -> list[Registered]:
    return [item for item in recorder.recorded if item.type.startswith("gcp:")]


def kubeconfig(recorder: Recorder, name: str = "gcp-test") -> dict[str, Any]:
    urn = next(item.urn for item in recorder.recorded if item.type == "berth:cluster:GkeCluster" and item.name == name)
    return dict(json.loads(recorder.outputs[urn]["kubeconfig"]["value"]))


def test_a_cluster_is_a_tree_of_network_keys_node_account_and_admins() -> None:
    component = recorded().of_type("berth:cluster:GkeCluster")[0]
    children = {item.type for item in recorded().below(component.urn) if item.type.startswith("berth:gcp:")}
    assert children == {
        "berth:gcp:Network",
        "berth:gcp:Encryption",
        "berth:gcp:NodeAccount",
        "berth:gcp:Admins",
        "berth:gcp:TenantIdentity",
    }


@pytest.mark.parametrize("preview", [True, False])
def test_every_resource_and_every_question_goes_through_the_cluster_s_own_provider(preview: bool) -> None:
    recorder = recorded(preview=preview)
    own = next(item.urn for item in recorder.recorded if item.type == "pulumi:providers:gcp")
    assert google(recorder)
    assert {item.provider.rpartition("::")[0] for item in google(recorder)} == {own}
    assert {provider.rpartition("::")[0] for _, _, provider in recorder.invoked} == {own}


def test_the_provider_is_of_the_cluster_s_project_and_region_and_labels_what_it_makes() -> None:
    provider = recorded().of_type("pulumi:providers:gcp")[0].inputs
    assert (provider["project"], provider["region"]) == ("berth-test", "europe-west1")
    assert json.loads(provider["defaultLabels"])["berth-cluster"] == "gcp-test"
    assert "impersonateServiceAccount" not in provider


def test_whoever_is_impersonated_makes_the_cluster_and_logs_in_to_it() -> None:
    deployer = "deployer@berth-test.iam.gserviceaccount.com"
    recorder = run(sample("gke", impersonate=deployer))
    assert recorder.of_type("pulumi:providers:gcp")[0].inputs["impersonateServiceAccount"] == deployer
    login = kubeconfig(recorder)["users"][0]["user"]["exec"]
    assert login["args"] == [f"--impersonate_service_account={deployer}"]


def test_a_first_preview_registers_what_an_update_registers() -> None:
    names = {(item.type, item.name) for item in recorded().recorded}
    assert {(item.type, item.name) for item in recorded(preview=True).recorded} == names


def test_no_two_resources_share_a_type_and_a_name() -> None:
    names = [(item.type, item.name) for item in recorded().recorded]
    assert len(names) == len(set(names))


def test_the_outputs_are_name_endpoint_and_a_secret_kubeconfig() -> None:
    outputs = recorded().outputs[recorded().of_type("berth:cluster:GkeCluster")[0].urn]
    assert set(outputs) == {"clusterName", "endpoint", "kubeconfig"}
    assert outputs["clusterName"] == "gcp-test"
    assert SIGNATURE in outputs["kubeconfig"]
    assert SIGNATURE in recorded().of_type("pulumi:providers:kubernetes")[0].inputs["kubeconfig"]


def test_the_kubeconfig_names_the_dns_endpoint_and_trusts_what_every_machine_trusts() -> None:
    entry = kubeconfig(recorded())["clusters"][0]["cluster"]
    assert entry == {"server": "https://gke-0123456789.europe-west1.gke.goog"}


def test_without_the_dns_endpoint_the_kubeconfig_names_the_address_and_the_cluster_s_own_certificate() -> None:
    recorder = run(sample("gke", api={"dnsEndpoint": False, "allowedCidrs": ["10.0.0.0/8"]}))
    entry = kubeconfig(recorder)["clusters"][0]["cluster"]
    assert entry == {"server": "https://10.0.0.2", "certificate-authority-data": "Y2VydGlmaWNhdGU="}


def test_no_kubeconfig_holds_a_credential() -> None:
    user = kubeconfig(recorded())["users"][0]["user"]
    assert set(user) == {"exec"}


def test_the_docs_tell_how_many_resources_a_cluster_is() -> None:
    there = {"cidr": None, "existing": EXISTING}
    counts = [len(google(run(sample("gke", network=network)))) for network in ({}, there)]
    page = (ROOT / "docs" / "clouds" / "gcp.md").read_text("utf-8")
    assert f"is {counts[0]} resources in Google Cloud with one pool" in page
    assert f"; {counts[1]} in a network that is" in page


# What is reached, and how --------------------------------------------------------------------------------------------


def endpoints(inputs: dict[str, Any]) -> tuple[bool, bool, bool]:
    """Whether the API server answers at its DNS name, at any address, at a public address."""
    told = inputs["controlPlaneEndpointsConfig"]
    return (
        told["dnsEndpointConfig"]["allowExternalTraffic"],
        told["ipEndpointsConfig"]["enabled"],
        not inputs["privateClusterConfig"]["enablePrivateEndpoint"],
    )


def networks(inputs: dict[str, Any]) -> list[str]:
    blocks = inputs["masterAuthorizedNetworksConfig"]["cidrBlocks"]
    return [block["cidrBlock"] for block in blocks]


def test_by_default_the_api_server_has_a_dns_name_and_no_address() -> None:
    inputs = cluster().inputs
    assert endpoints(inputs) == (True, False, False)
    assert networks(inputs) == []


def test_a_public_api_server_is_reached_from_the_networks_that_are_named() -> None:
    inputs = cluster(**PUBLIC).inputs
    assert endpoints(inputs) == (True, True, True)
    assert networks(inputs) == ["203.0.113.0/24"]


def test_networks_without_a_public_api_server_reach_its_private_address() -> None:
    inputs = cluster(api={"allowedCidrs": ["10.0.0.0/8"], "dnsEndpoint": False}).inputs
    assert endpoints(inputs) == (False, True, False)
    assert networks(inputs) == ["10.0.0.0/8"]


def test_a_token_or_certificate_of_the_cluster_is_not_enough_at_the_dns_name() -> None:
    dns = cluster().inputs["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]
    assert (dns["enableK8sTokensViaDns"], dns["enableK8sCertsViaDns"]) == (False, False)


def test_changes_that_are_not_ours_never_replace_a_cluster() -> None:
    assert "nodeConfig" in cluster().ignore_changes
    assert "masterAuthorizedNetworksConfig" in cluster().ignore_changes


def test_the_networks_of_an_api_server_with_addresses_are_kept_as_stated() -> None:
    assert cluster(**PUBLIC).ignore_changes == ("nodeConfig",)


# When it changes -----------------------------------------------------------------------------------------------------


def test_the_maintenance_window_recurs_on_the_days_that_are_named() -> None:
    stated = {"days": ["sunday", "wednesday"], "start": "22:30", "hours": 8}
    window = cluster(maintenance=stated).inputs["maintenancePolicy"]["recurringWindow"]
    assert window == {
        "startTime": "2024-01-03T22:30:00Z",
        "endTime": "2024-01-04T06:30:00Z",
        "recurrence": "FREQ=WEEKLY;BYDAY=WE,SU",
    }


def test_the_version_is_where_the_cluster_starts_and_the_channel_goes_on_from_there() -> None:
    inputs = cluster(releaseChannel="stable", kubernetesVersion="1.34").inputs
    assert (inputs["minMasterVersion"], inputs["releaseChannel"]) == ("1.34", {"channel": "STABLE"})
    assert "nodeVersion" not in inputs


# What is kept --------------------------------------------------------------------------------------------------------

KEPT = {CLUSTER, "gcp:kms/keyRing:KeyRing", "gcp:kms/cryptoKey:CryptoKey"}


def test_a_protected_cluster_and_its_keys_refuse_to_be_deleted() -> None:
    protected = {item.type for item in recorded().recorded if item.protect}
    assert protected == KEPT
    assert recorded().of_type(CLUSTER)[0].inputs["deletionProtection"] is True


def test_nothing_is_protected_where_the_settings_say_so() -> None:
    recorder = run(sample("gke", deletionProtection=False))
    assert not [item for item in recorder.recorded if item.protect]
    assert recorder.of_type(CLUSTER)[0].inputs["deletionProtection"] is False


def test_a_dev_cluster_can_be_deleted_unless_it_says_otherwise() -> None:
    assert not [item for item in recorded("dev").recorded if item.protect]
    kept = run(sample("gke", deletionProtection=True), profile="dev")
    assert {item.type for item in kept.recorded if item.protect} == KEPT


# Beside each other ---------------------------------------------------------------------------------------------------

OTHER = sample("gke", name="gcp-more", project="berth-other", region="us-east1", network={"cidr": "10.40.0.0/16"})


def inputs_of(recorder: Recorder, name: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(item.type, item.name): item.inputs for item in recorder.recorded if item.name.startswith(name)}


def test_a_second_cluster_changes_no_input_of_the_first_and_shares_no_name_with_it() -> None:
    acme = tenant(**ROLES)
    alone, both = run(sample("gke"), tenants=(acme,)), run(sample("gke"), OTHER, tenants=(acme,))
    assert inputs_of(both, "gcp-test") == inputs_of(alone, "gcp-test")
    names = [(item.type, item.name) for item in both.recorded]
    assert len(names) == len(set(names))


def test_two_clusters_of_one_project_share_no_account_and_no_binding() -> None:
    second = sample("gke", name="gcp-more", network={"cidr": "10.40.0.0/16"})
    recorder = run(sample("gke"), second, tenants=(tenant(**ROLES),))
    accounts = [item.inputs["accountId"] for item in recorder.of_type("gcp:serviceaccount/account:Account")]
    assert len(accounts) == len(set(accounts)) == 4
    bindings = [json.dumps(item.inputs, sort_keys=True) for item in google(recorder) if "IAMMember" in item.type]
    assert len(bindings) == len(set(bindings))


def test_names_fit_where_everything_is_as_long_as_may_be() -> None:
    long = "a" * 40
    pools = [{"name": f"{'b' * 39}{letter}", "instanceType": "n2-standard-4"} for letter in "cd"]
    recorder = run(sample("gke", name=long, nodePools=pools), tenants=(tenant("t" * 40, **ROLES),))
    # Pulumi adds a dash and seven characters to names that it makes up.
    longest = {POOL: 40 - 8, "gcp:kms/keyRing:KeyRing": 63 - 8, "gcp:kms/cryptoKey:CryptoKey": 63 - 8}
    for item in google(recorder):
        if "IAMMember" not in item.type and "serviceaccount" not in item.type:
            assert len(item.name) <= longest.get(item.type, 63 - 8), item.name
        if "accountId" in item.inputs:
            assert 6 <= len(item.inputs["accountId"]) <= 30
            assert len(item.inputs["displayName"]) <= 100
    assert len({item.name for item in recorder.of_type(POOL)}) == 2
