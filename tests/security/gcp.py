"""The security table of Google Cloud, row by row, with what shows that each holds."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import getitem
from typing import Any

from tests.components.gcp_clusters import CLUSTER, POOL
from tests.components.recording import Recorder
from tests.security.rows import Row, Status

Inputs = dict[str, Any]
Check = Callable[[Recorder], None]
KEY = "gcp:kms/cryptoKey:CryptoKey"


def all_of(recorder: Recorder, kind: str) -> list[Inputs]:
    """The inputs of every resource of a kind; there has to be one."""
    found = [item.inputs for item in recorder.of_type(kind)]
    assert found, f"no {kind}"
    return found


def configs(recorder: Recorder) -> list[Inputs]:
    """The settings of every node: of the pool that goes at once as well."""
    return [inputs["nodeConfig"] for kind in (CLUSTER, POOL) for inputs in all_of(recorder, kind)]


def none_of(recorder: Recorder, *kinds: str) -> None:
    made = {item.type for item in recorder.recorded}
    assert made.isdisjoint(kinds), f"made: {made.intersection(kinds)}"


def at(inputs: Inputs, path: str) -> Any:
    """What stands at a dotted path; LookupError where nothing does."""
    return reduce(getitem, path.split("."), inputs)


def holds(kind: str, path: str, value: Any) -> Check:
    """The check that every resource of a kind has a value at a path."""

    def check(recorder: Recorder) -> None:
        for inputs in all_of(recorder, kind):
            assert at(inputs, path) == value

    return check


def nodes_hold(path: str, value: Any) -> Check:
    """The check that every node has a value at a path of its settings."""

    def check(recorder: Recorder) -> None:
        for config in configs(recorder):
            assert at(config, path) == value

    return check


def _private_nodes(recorder: Recorder) -> None:
    for inputs in all_of(recorder, CLUSTER):
        assert inputs["privateClusterConfig"]["enablePrivateNodes"] is True
    for inputs in all_of(recorder, POOL):
        assert inputs["networkConfig"]["enablePrivateNodes"] is True


def _no_public_address(recorder: Recorder) -> None:
    for inputs in all_of(recorder, CLUSTER):
        assert inputs["privateClusterConfig"]["enablePrivateEndpoint"] is True
        assert inputs["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]["enabled"] is False


def _no_whole_internet(recorder: Recorder) -> None:
    for inputs in all_of(recorder, CLUSTER):
        blocks = inputs["masterAuthorizedNetworksConfig"]["cidrBlocks"]
        assert not [block for block in blocks if block["cidrBlock"].endswith("/0")]


def _network_policy(recorder: Recorder) -> None:
    for inputs in all_of(recorder, CLUSTER):
        assert (inputs["datapathProvider"], inputs["networkPolicy"]) == ("ADVANCED_DATAPATH", {"enabled": False})


def _vpc_native(recorder: Recorder) -> None:
    for inputs in all_of(recorder, CLUSTER):
        policy = inputs["ipAllocationPolicy"]
        assert policy["clusterSecondaryRangeName"] != policy["servicesSecondaryRangeName"]


def _security_group(recorder: Recorder) -> None:
    bindings = all_of(recorder, "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding")
    assert [subject for binding in bindings for subject in binding["subjects"] if subject["kind"] == "Group"]
    for inputs in all_of(recorder, CLUSTER):
        assert inputs["authenticatorGroupsConfig"]["securityGroup"].startswith("gke-security-groups@")


def _logging_and_monitoring(recorder: Recorder) -> None:
    for inputs in all_of(recorder, CLUSTER):
        assert "none" not in (inputs.get("loggingService"), inputs.get("monitoringService"))
        logged = inputs["loggingConfig"]["enableComponents"]
        assert {"SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER"} <= set(logged)
        assert "SYSTEM_COMPONENTS" in inputs["monitoringConfig"]["enableComponents"]


def _release_channel(recorder: Recorder) -> None:
    assert all(inputs["releaseChannel"]["channel"] != "UNSPECIFIED" for inputs in all_of(recorder, CLUSTER))


def _resource_labels(recorder: Recorder) -> None:
    assert all(inputs["resourceLabels"]["berth-cluster"] == inputs["name"] for inputs in all_of(recorder, CLUSTER))


def _separate_pools(recorder: Recorder) -> None:
    for inputs in all_of(recorder, CLUSTER):
        assert "nodePools" not in inputs
        assert inputs["removeDefaultNodePool"] is True
    assert all_of(recorder, POOL)


def _node_account(recorder: Recorder) -> None:
    made = {f"{inputs['accountId']}@" for inputs in all_of(recorder, "gcp:serviceaccount/account:Account")}
    for config in configs(recorder):
        account = config["serviceAccount"]
        assert account.partition("@")[0] + "@" in made
        assert "-compute@developer" not in account


def _encrypted_secrets(recorder: Recorder) -> None:
    for inputs in all_of(recorder, CLUSTER):
        assert inputs["databaseEncryption"]["state"] == "ENCRYPTED"
        assert inputs["databaseEncryption"]["keyName"]


def _encrypted_disks(recorder: Recorder) -> None:
    assert all(config["bootDiskKmsKey"] for config in configs(recorder))


def _kept_and_maintained(recorder: Recorder) -> None:
    for item in recorder.of_type(CLUSTER):
        assert item.inputs["deletionProtection"] is True
        assert item.protect
    for inputs in all_of(recorder, CLUSTER):
        assert inputs["maintenancePolicy"]["recurringWindow"]


def _no_rights_for_everyone(recorder: Recorder) -> None:
    for inputs in all_of(recorder, CLUSTER):
        assert set(inputs["rbacBindingConfig"].values()) == {False}
        assert len(inputs["rbacBindingConfig"]) == 2
        assert inputs["anonymousAuthenticationConfig"] == {"mode": "LIMITED"}


def _flow_logs(recorder: Recorder) -> None:
    assert all(inputs["logConfig"] for inputs in all_of(recorder, "gcp:compute/subnetwork:Subnetwork"))


def _google_access(recorder: Recorder) -> None:
    for inputs in all_of(recorder, "gcp:compute/subnetwork:Subnetwork"):
        assert inputs["privateIpGoogleAccess"] is True
        assert "ipv6AccessType" not in inputs


def _firewall(recorder: Recorder) -> None:
    rules = all_of(recorder, "gcp:compute/firewall:Firewall")
    networks = {f"{item.name}-id" for item in recorder.of_type("gcp:compute/network:Network")}
    assert {rule["network"] for rule in rules} == networks
    assert all("allows" not in rule for rule in rules)


def _no_auto_networks(recorder: Recorder) -> None:
    networks = all_of(recorder, "gcp:compute/network:Network")
    assert all(inputs["autoCreateSubnetworks"] is False for inputs in networks)
    none_of(recorder, "gcp:organizations/project:Project")


def _broad(role: str) -> bool:
    """Roles that lead to any other, at the level of a project."""
    basic = role in ("roles/owner", "roles/editor", "roles/viewer")
    return basic or "admin" in role.lower() or role.startswith("roles/iam.")


def _project_roles(recorder: Recorder) -> None:
    for inputs in all_of(recorder, "gcp:projects/iAMMember:IAMMember"):
        assert not _broad(inputs["role"]), inputs["role"]
        assert not inputs["member"].startswith(("allUsers", "allAuthenticatedUsers"))
        assert "-compute@developer" not in inputs["member"]
    none_of(recorder, "gcp:projects/iAMBinding:IAMBinding", "gcp:projects/iAMPolicy:IAMPolicy")


def _no_outside_identities(recorder: Recorder) -> None:
    none_of(
        recorder,
        "gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
        "gcp:serviceaccount/key:Key",
    )


def _keys(recorder: Recorder) -> None:
    assert all_of(recorder, KEY)
    for item in recorder.of_type(KEY):
        assert int(item.inputs["rotationPeriod"].removesuffix("s")) <= 90 * 24 * 60 * 60
        assert item.protect
    for inputs in all_of(recorder, "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"):
        assert inputs["member"].startswith("serviceAccount:service-")


ALWAYS, STRICT = Status.ALWAYS, Status.STRICT
_TABLE: tuple[tuple[str, str, str, Status, Check], ...] = (
    ("CKV_GCP_25, CKV_GCP_64, GCP-0059, CIS 5.6.5", "Cluster.private_cluster_config",
     "nodes have no public address", ALWAYS, _private_nodes),
    ("CIS 5.6.4", "Cluster.control_plane_endpoints_config",
     "the API server has no public address: it is reached by its DNS name, where IAM decides", STRICT,
     _no_public_address),
    ("CKV_GCP_20, GCP-0061, CIS 5.6.3", "Cluster.master_authorized_networks_config",
     "there, and without Google Cloud's own public addresses", ALWAYS,
     holds(CLUSTER, "masterAuthorizedNetworksConfig.gcpPublicCidrsAccessEnabled", False)),
    ("CKV_GCP_18, GCP-0053", "Cluster.master_authorized_networks_config.cidr_blocks",
     "never the whole internet", ALWAYS, _no_whole_internet),
    ("CKV_GCP_12, GCP-0056", "Cluster.datapath_provider, network_policy",
     "Dataplane V2 enforces NetworkPolicies; the older engine is off, and says so", ALWAYS, _network_policy),
    ("CKV_GCP_23, GCP-0049, CIS 5.6.2", "Cluster.ip_allocation_policy",
     "pods and Services have ranges of their own in the subnetwork", ALWAYS, _vpc_native),
    ("CKV_GCP_61, CIS 5.6.1", "Cluster.enable_intranode_visibility",
     "flow logs see traffic between pods of one node", ALWAYS, holds(CLUSTER, "enableIntranodeVisibility", True)),
    ("CKV_GCP_69, GCP-0057, CIS 5.4.1", "Cluster and NodePool node_config.workload_metadata_config",
     "pods get their own identity from the metadata server, never the node's", ALWAYS,
     nodes_hold("workloadMetadataConfig.mode", "GKE_METADATA")),
    ("CIS 5.2.2", "Cluster.workload_identity_config.workload_pool", "the project's pool", ALWAYS,
     holds(CLUSTER, "workloadIdentityConfig.workloadPool", "berth-test.svc.id.goog")),
    ("CKV_GCP_71, GCP-0055, CIS 5.5.5", "Cluster.enable_shielded_nodes", "on", ALWAYS,
     holds(CLUSTER, "enableShieldedNodes", True)),
    ("CKV_GCP_68, CIS 5.5.7", "node_config.shielded_instance_config.enable_secure_boot", "on", ALWAYS,
     nodes_hold("shieldedInstanceConfig.enableSecureBoot", True)),
    ("CKV_GCP_72, CIS 5.5.6", "node_config.shielded_instance_config.enable_integrity_monitoring", "on", ALWAYS,
     nodes_hold("shieldedInstanceConfig.enableIntegrityMonitoring", True)),
    ("CKV_GCP_66, CIS 5.1.4", "Cluster.binary_authorization.evaluation_mode", "the project's policy is enforced",
     ALWAYS, holds(CLUSTER, "binaryAuthorization.evaluationMode", "PROJECT_SINGLETON_POLICY_ENFORCE")),
    ("CKV_GCP_65, CIS 5.8.2", "Cluster.authenticator_groups_config.security_group",
     "set where a group has rights, and in the strict profile; settings without it are refused", ALWAYS,
     _security_group),
    ("CKV_GCP_13, GCP-0064, CIS 5.8.1", "Cluster.master_auth.client_certificate_config", "no certificate is issued",
     ALWAYS, holds(CLUSTER, "masterAuth.clientCertificateConfig.issueClientCertificate", False)),
    ("CKV_GCP_7, GCP-0062, CIS 5.8.3", "Cluster.enable_legacy_abac", "off", ALWAYS,
     holds(CLUSTER, "enableLegacyAbac", False)),
    ("CKV_GCP_1, CKV_GCP_8, GCP-0060, GCP-0052, CIS 5.7.1", "Cluster.logging_config, monitoring_config",
     "the system, the control plane and workloads are logged; the system is monitored", ALWAYS,
     _logging_and_monitoring),
    ("CKV_GCP_70, CIS 5.5.4", "Cluster.release_channel.channel", "one of the channels", ALWAYS, _release_channel),
    ("CKV_GCP_21, GCP-0051", "Cluster.resource_labels", "the cluster's own name among them", ALWAYS, _resource_labels),
    ("CKV_GCP_123", "Cluster.node_pools", "pools are resources of their own; the first one goes at once", ALWAYS,
     _separate_pools),
    ("CKV_GCP_9, CKV_GCP_10, GCP-0063, GCP-0058, CIS 5.5.2, CIS 5.5.3", "NodePool.management",
     "nodes are repaired and upgraded", ALWAYS, holds(POOL, "management", {"autoRepair": True, "autoUpgrade": True})),
    ("CKV_GCP_22, GCP-0054, CIS 5.5.1", "node_config.image_type", "Container-Optimized OS", ALWAYS,
     nodes_hold("imageType", "COS_CONTAINERD")),
    ("CKV2_GCP_1, GCP-0050, CIS 5.2.1, gke_cluster_no_default_service_account", "node_config.service_account",
     "an account of the cluster's own", ALWAYS, _node_account),
    ("CKV2_GCP_19, CIS 5.10.2", "Cluster.enable_kubernetes_alpha", "off", ALWAYS,
     holds(CLUSTER, "enableKubernetesAlpha", False)),
    ("CIS 5.3.1", "Cluster.database_encryption", "Secrets are encrypted with a key of the cluster's own", ALWAYS,
     _encrypted_secrets),
    ("CIS 5.9.2", "node_config.boot_disk_kms_key", "disks are encrypted with a key of the cluster's own", ALWAYS,
     _encrypted_disks),
    ("CIS 5.10.4", "Cluster.security_posture_config",
     "workloads are looked through for unsafe settings; scanning of images in the cluster is ended by Google", ALWAYS,
     holds(CLUSTER, "securityPostureConfig", {"mode": "BASIC"})),
    ("own", "Cluster.deletion_protection, maintenance_policy", "on, in Google Cloud and in Pulumi; a weekly window",
     STRICT, _kept_and_maintained),
    ("CIS 4.2.1", "Cluster.rbac_binding_config, anonymous_authentication_config",
     "no binding gives rights to everyone; nobody is anonymous but a health check", ALWAYS, _no_rights_for_everyone),
    ("CKV_GCP_26, GCP-0029", "Subnetwork.log_config", "flow logs", ALWAYS, _flow_logs),
    ("CKV_GCP_74, CKV_GCP_76", "Subnetwork.private_ip_google_access", "on; the network is IPv4", ALWAYS,
     _google_access),
    ("CKV2_GCP_18, CKV_GCP_2, CKV_GCP_3, CKV_GCP_106", "Firewall", "a rule for each network, and none that allows",
     ALWAYS, _firewall),
    ("CKV2_GCP_2, CKV_GCP_27", "Network.auto_create_subnetworks, Project.auto_create_network",
     "no network comes with subnetworks; no project is made", ALWAYS, _no_auto_networks),
    ("CKV_GCP_41, CKV_GCP_42, CKV_GCP_46, CKV_GCP_49, CKV_GCP_117, GCP-0006, GCP-0007, GCP-0011",
     "projects.IAMMember.role", "no basic role, no administrator, no role over identities, no default account",
     ALWAYS, _project_roles),
    ("CKV_GCP_118, CKV_GCP_125, GCP-0068", "iam.WorkloadIdentityPoolProvider",
     "none is made, and no key of an account", ALWAYS, _no_outside_identities),
    ("CKV_GCP_43, CKV_GCP_82, CKV_GCP_112", "kms.CryptoKey",
     "renewed every 90 days, kept from being deleted, used by Google's services only", STRICT, _keys),
)  # fmt: skip


ROWS: list[Row] = [Row(f"GCP-{number}", *row) for number, row in enumerate(_TABLE, start=1)]
