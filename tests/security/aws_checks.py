"""What the rows of the table of AWS assert on what was registered for a stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from berth.settings.kinds import Provider
from berth.settings.versions import NEWEST, OLDEST, ON_TRUST
from tests.components.aws_clusters import all_of, document
from tests.components.recording import Recorder

INTERNET = ("0.0.0.0/0", "::/0")


def cluster(recorder: Recorder) -> dict[str, Any]:
    (found,) = all_of(recorder, "eks.Cluster")
    return found.inputs


def _each(recorder: Recorder, kind: str) -> list[dict[str, Any]]:
    """The inputs of the resources of a type, of which there has to be one."""
    found = [item.inputs for item in all_of(recorder, kind)]
    assert found, f"there is no {kind}"
    return found


def absent(*kinds: str) -> Any:
    """A check that there is no resource of these types."""

    def check(recorder: Recorder) -> None:
        for kind in kinds:
            assert not all_of(recorder, kind), kind

    return check


def no_public_endpoint(recorder: Recorder) -> None:
    assert cluster(recorder)["vpcConfig"]["endpointPublicAccess"] is False


def public_endpoint_is_restricted(recorder: Recorder) -> None:
    vpc_config = cluster(recorder)["vpcConfig"]
    if vpc_config["endpointPublicAccess"]:
        assert vpc_config["publicAccessCidrs"]
    assert not any(cidr.endswith("/0") for cidr in vpc_config.get("publicAccessCidrs", []))


def private_endpoint(recorder: Recorder) -> None:
    assert cluster(recorder)["vpcConfig"]["endpointPrivateAccess"] is True


def all_log_types(recorder: Recorder) -> None:
    kinds = {"api", "audit", "authenticator", "controllerManager", "scheduler"}
    assert set(cluster(recorder)["enabledClusterLogTypes"]) == kinds


def secrets_encrypted(recorder: Recorder) -> None:
    config = cluster(recorder)["encryptionConfig"]
    assert config["resources"] == ["secrets"]
    assert config["provider"]["keyArn"]


def supported_version(recorder: Recorder) -> None:
    minor = int(cluster(recorder)["version"].partition(".")[2])
    assert OLDEST[Provider.EKS] <= minor <= NEWEST[Provider.EKS] + ON_TRUST


def deletion_protected(recorder: Recorder) -> None:
    (found,) = all_of(recorder, "eks.Cluster")
    assert found.inputs["deletionProtection"] is True
    assert found.protect


def only_access_entries(recorder: Recorder) -> None:
    assert cluster(recorder)["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    assert _each(recorder, "eks.AccessEntry")


def support_stated(recorder: Recorder) -> None:
    assert cluster(recorder)["upgradePolicy"]["supportType"] in ("STANDARD", "EXTENDED")


def private_nodes(recorder: Recorder) -> None:
    private = {f"{item.name}-id" for item in all_of(recorder, "ec2.Subnet") if "-private-" in item.name}
    assert private
    for group in _each(recorder, "eks.NodeGroup"):
        assert set(group["subnetIds"]) <= private


def network_policies_enforced(recorder: Recorder) -> None:
    (cni,) = [addon for addon in _each(recorder, "eks.Addon") if addon["addonName"] == "vpc-cni"]
    assert json.loads(cni["configurationValues"])["enableNetworkPolicy"] == "true"


def rights_of_pods_are_their_own(recorder: Recorder) -> None:
    nodes = {group["nodeRoleArn"].rpartition("/")[2] for group in _each(recorder, "eks.NodeGroup")}
    attached = {
        a["policyArn"].rpartition("/")[2] for a in _each(recorder, "iam.RolePolicyAttachment") if a["role"] in nodes
    }
    assert nodes <= {role["name"] for role in _each(recorder, "iam.Role")}
    assert attached == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}
    assert _each(recorder, "eks.PodIdentityAssociation")


def no_remote_access(recorder: Recorder) -> None:
    assert not any("remoteAccess" in group for group in _each(recorder, "eks.NodeGroup"))
    assert not any("keyName" in template for template in _each(recorder, "ec2.LaunchTemplate"))


def metadata_sessions(recorder: Recorder) -> None:
    assert {t["metadataOptions"]["httpTokens"] for t in _each(recorder, "ec2.LaunchTemplate")} == {"required"}


def metadata_one_hop(recorder: Recorder) -> None:
    hops = {t["metadataOptions"]["httpPutResponseHopLimit"] for t in _each(recorder, "ec2.LaunchTemplate")}
    assert hops == {1}


def disks_encrypted(recorder: Recorder) -> None:
    for template in _each(recorder, "ec2.LaunchTemplate"):
        assert template["blockDeviceMappings"]
        assert all(d["ebs"]["encrypted"] == "true" and d["ebs"]["kmsKeyId"] for d in template["blockDeviceMappings"])


def nodes_survive_a_zone(recorder: Recorder) -> None:
    for group in _each(recorder, "eks.NodeGroup"):
        assert group["updateConfig"]["maxUnavailablePercentage"] <= 50
        assert group.get("taints") or group["scalingConfig"]["minSize"] >= 2
        assert len(group["subnetIds"]) >= 2


def nodes_repaired(recorder: Recorder) -> None:
    assert all(group["nodeRepairConfig"]["enabled"] is True for group in _each(recorder, "eks.NodeGroup"))


def no_public_addresses(recorder: Recorder) -> None:
    assert not any(subnet["mapPublicIpOnLaunch"] for subnet in _each(recorder, "ec2.Subnet"))


def flow_logs_of_every_vpc(recorder: Recorder) -> None:
    vpcs = {f"{item.name}-id" for item in all_of(recorder, "ec2.Vpc")}
    logged = {log["vpcId"] for log in _each(recorder, "ec2.FlowLog") if log["trafficType"] == "ALL"}
    assert vpcs
    assert vpcs == logged


def default_groups_are_empty(recorder: Recorder) -> None:
    vpcs = {f"{item.name}-id" for item in all_of(recorder, "ec2.Vpc")}
    groups = _each(recorder, "ec2.DefaultSecurityGroup")
    assert {group["vpcId"] for group in groups} == vpcs
    assert not any(group.get("ingress") or group.get("egress") for group in groups)


def _rules(recorder: Recorder) -> Iterator[dict[str, Any]]:
    """Every rule of a security group, inside the group or beside it."""
    for group in all_of(recorder, "ec2.SecurityGroup"):
        yield from (*group.inputs.get("ingress", []), *group.inputs.get("egress", []))
    for kind in ("vpc.SecurityGroupIngressRule", "vpc.SecurityGroupEgressRule", "ec2.SecurityGroupRule"):
        yield from (item.inputs for item in all_of(recorder, kind))


def security_groups_described(recorder: Recorder) -> None:
    for described in (*_each(recorder, "ec2.SecurityGroup"), *_rules(recorder)):
        assert described["description"]


def nothing_from_the_internet(recorder: Recorder) -> None:
    rules = list(_rules(recorder))
    assert rules
    for rule in rules:
        assert rule.get("cidrIpv4", "") not in INTERNET
        assert rule.get("cidrIpv6", "") not in INTERNET
        assert (rule["fromPort"], rule["toPort"]) == (443, 443)


def nothing_to_the_internet(recorder: Recorder) -> None:
    absent("vpc.SecurityGroupEgressRule", "ec2.SecurityGroupRule")(recorder)
    assert not any(group.get("egress") for group in _each(recorder, "ec2.SecurityGroup"))


def security_groups_used(recorder: Recorder) -> None:
    used = set(cluster(recorder)["vpcConfig"]["securityGroupIds"])
    for endpoint in all_of(recorder, "ec2.VpcEndpoint"):
        used |= set(endpoint.inputs.get("securityGroupIds", []))
    assert used == {f"{item.name}-id" for item in all_of(recorder, "ec2.SecurityGroup")}


def logs_kept_a_year(recorder: Recorder) -> None:
    assert all(group["retentionInDays"] >= 365 for group in _each(recorder, "cloudwatch.LogGroup"))


def logs_encrypted(recorder: Recorder) -> None:
    assert all(group["kmsKeyId"] for group in _each(recorder, "cloudwatch.LogGroup"))


def keys_rotate(recorder: Recorder) -> None:
    assert all(key["enableKeyRotation"] is True for key in _each(recorder, "kms.Key"))


def keys_are_not_everybody_s(recorder: Recorder) -> None:
    for key in _each(recorder, "kms.Key"):
        assert key.get("isEnabled", True)
        for statement in document(key["policy"]):
            if "*" in str(statement["Principal"]):
                assert statement.get("Condition", {}).get("StringEquals", {}).get("kms:CallerAccount")


def trust_names_who(recorder: Recorder) -> None:
    for role in _each(recorder, "iam.Role"):
        for statement in document(role["assumeRolePolicy"]):
            assert set(statement["Principal"]) == {"Service"}
            assert "*" not in statement["Principal"]["Service"]


def no_admin_policies(recorder: Recorder) -> None:
    arns = {attachment["policyArn"] for attachment in _each(recorder, "iam.RolePolicyAttachment")}
    assert not any(arn.endswith(("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")) for arn in arns)
    for statement in _own_statements(recorder):
        assert "*" not in _listed(statement["Action"])


def own_policies_are_narrow(recorder: Recorder) -> None:
    """Only what AWS cannot restrict to a resource is allowed on all."""
    for statement in _own_statements(recorder):
        actions = _listed(statement["Action"])
        assert not any("*" in action for action in actions)
        assert statement["Resource"] != "*" or actions == ["logs:DescribeLogGroups"]
        assert all(action.startswith("logs:") for action in actions)


def _own_statements(recorder: Recorder) -> list[dict[str, Any]]:
    absent("iam.Policy", "iam.UserPolicy", "iam.GroupPolicy")(recorder)
    return [s for policy in _each(recorder, "iam.RolePolicy") for s in document(policy["policy"])]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def no_federated_trust(recorder: Recorder) -> None:
    absent("iam.OpenIdConnectProvider", "iam.SamlProvider")(recorder)
    trust_names_who(recorder)
