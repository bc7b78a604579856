"""The nodes of an EKS cluster, its add-ons, and what its tenants may do in AWS."""

from __future__ import annotations

import json
import tomllib
from base64 import b64decode
from email import message_from_string
from typing import Any

import pytest
import yaml

from components.aws.roles import role_name
from tests.components.aws_clusters import (
    ACME,
    READ_S3,
    all_of,
    built,
    document,
    every_input,
    names,
    only,
    pooled,
    recorded,
)
from tests.components.recording import Recorder
from tests.components.stacks import run, sample, tenant

# Nodes --------------------------------------------------------------------------------------------------------------


def template(recorder: Recorder) -> dict[str, Any]:
    return only(recorder, "ec2.LaunchTemplate").inputs


def group(recorder: Recorder) -> dict[str, Any]:
    return only(recorder, "eks.NodeGroup").inputs


def told(recorder: Recorder) -> str:
    """What a pool's machines are told at their first start."""
    return b64decode(template(recorder)["userData"]).decode()


def test_another_pool_changes_nothing_of_the_first() -> None:
    one, two = pooled({}), pooled({}, {"name": "batch"})
    before, after = every_input(one, "aws-test"), every_input(two, "aws-test")
    assert {urn: after[urn] for urn in before} == before
    assert names(two, "eks.NodeGroup") == {"aws-test-pool-general", "aws-test-pool-batch"}


@pytest.mark.parametrize(
    ("instance_type", "os", "image"),
    [
        ("m7i.large", "bottlerocket", "BOTTLEROCKET_x86_64"),
        ("m7g.large", "bottlerocket", "BOTTLEROCKET_ARM_64"),
        ("c6gn.xlarge", "bottlerocket", "BOTTLEROCKET_ARM_64"),
        ("g5.xlarge", "bottlerocket", "BOTTLEROCKET_x86_64_NVIDIA"),
        ("g5g.xlarge", "bottlerocket", "BOTTLEROCKET_ARM_64_NVIDIA"),
        ("g4ad.xlarge", "bottlerocket", "BOTTLEROCKET_x86_64"),
        ("m7i.large", "al2023", "AL2023_x86_64_STANDARD"),
        ("t4g.large", "al2023", "AL2023_ARM_64_STANDARD"),
        ("p5.48xlarge", "al2023", "AL2023_x86_64_NVIDIA"),
    ],
)
def test_the_image_follows_from_the_machine_and_the_system(instance_type: str, os: str, image: str) -> None:
    assert group(pooled({"instanceType": instance_type, "os": os}))["amiType"] == image


def test_another_machine_type_rolls_the_nodes_and_replaces_no_group() -> None:
    recorder = pooled({"instanceType": "m7i.xlarge"})
    assert template(recorder)["instanceType"] == "m7i.xlarge"
    assert not {"instanceTypes", "diskSize"} & set(group(recorder))
    assert group(recorder)["launchTemplate"] == {"id": "aws-test-pool-general-id", "version": "1"}


def test_a_group_s_name_can_always_be_taken_again() -> None:
    inputs = group(pooled({"name": "a" + "b" * 39}))
    assert "nodeGroupName" not in inputs
    assert len(inputs["nodeGroupNamePrefix"]) <= 37


def test_spot_labels_and_taints_are_spelled_as_eks_does() -> None:
    effects = ("NoSchedule", "PreferNoSchedule", "NoExecute")
    taints = [{"key": f"example.com/{effect.lower()}", "value": "yes", "effect": effect} for effect in effects]
    inputs = [
        item.inputs
        for item in all_of(
            pooled({}, {"name": "spot", "spot": True, "labels": {"disk": "ssd"}, "taints": taints}), "eks.NodeGroup"
        )
    ]
    assert [(each["capacityType"], each.get("labels", {})) for each in inputs] == [
        ("ON_DEMAND", {}),
        ("SPOT", {"disk": "ssd"}),
    ]
    assert [taint["effect"] for taint in inputs[1]["taints"]] == ["NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"]


@pytest.mark.parametrize(("taints", "first"), [([], 1), ([{"key": "gpu", "effect": "NoSchedule"}], 0)])
def test_an_empty_pool_begins_with_one_node_where_the_cluster_s_own_pods_can_run(taints: list[Any], first: int) -> None:
    recorder = pooled({"name": "base"}, {"min": 0, "max": 3, "taints": taints})
    sizes = only(recorder, "eks.NodeGroup", "general").inputs["scalingConfig"]
    assert sizes == {"minSize": 0, "maxSize": 3, "desiredSize": first}


def test_how_many_nodes_there_are_is_left_to_others_and_nothing_else_is() -> None:
    ignored = {item.type: item.ignore_changes for item in recorded().recorded if item.ignore_changes}
    assert ignored == {"aws:eks/nodeGroup:NodeGroup": ("scalingConfig.desiredSize",)}


def test_nodes_are_replaced_a_third_at_a_time_and_repaired() -> None:
    inputs = group(recorded())
    assert inputs["updateConfig"] == {"maxUnavailablePercentage": 33}
    assert inputs["nodeRepairConfig"] == {"enabled": True}
    assert inputs["version"] == "1.35"


def test_nobody_logs_in_to_a_node_and_pods_do_not_reach_its_credentials() -> None:
    assert "remoteAccess" not in group(recorded())
    assert "keyName" not in template(recorded())
    assert template(recorded())["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
        "instanceMetadataTags": "disabled",
    }
    attached = {
        item.inputs["policyArn"] for item in all_of(recorded(), "iam.RolePolicyAttachment") if "-nodes-" in item.name
    }
    assert {arn.rpartition("/")[2] for arn in attached} == {
        "AmazonEKSWorkerNodePolicy",
        "AmazonEC2ContainerRegistryPullOnly",
    }


def test_bottlerocket_has_a_system_disk_and_one_for_images_and_pods() -> None:
    recorder = pooled({"diskGb": 80})
    disks = {disk["deviceName"]: disk["ebs"] for disk in template(recorder)["blockDeviceMappings"]}
    assert {device: disk.get("volumeSize") for device, disk in disks.items()} == {"/dev/xvda": None, "/dev/xvdb": 80}
    assert all(disk["encrypted"] == "true" and disk["volumeType"] == "gp3" for disk in disks.values())


def test_amazon_linux_has_one_disk() -> None:
    (disk,) = template(pooled({"os": "al2023", "diskGb": 80}))["blockDeviceMappings"]
    assert (disk["deviceName"], disk["ebs"]["volumeSize"], disk["ebs"]["encrypted"]) == ("/dev/xvda", 80, "true")


def test_bottlerocket_is_told_its_most_pods_and_offers_no_shell() -> None:
    settings = tomllib.loads(told(pooled({"maxPods": 58})))["settings"]
    assert settings["kubernetes"] == {"max-pods": 58}
    assert settings["host-containers"]["control"] == {"enabled": False}


def test_amazon_linux_is_told_its_most_pods_as_a_node_config() -> None:
    message = message_from_string(told(pooled({"os": "al2023", "maxPods": 58})))
    _, part = message.walk()
    assert part.get_content_type() == "application/node.eks.aws"
    config = yaml.safe_load(str(part.get_payload()))
    assert (config["apiVersion"], config["kind"]) == ("node.eks.aws/v1alpha1", "NodeConfig")
    assert config["spec"] == {"kubelet": {"config": {"maxPods": 58}}}


def test_machines_and_disks_carry_the_cluster_s_tags() -> None:
    specifications = {each["resourceType"]: each["tags"] for each in template(recorded())["tagSpecifications"]}
    assert set(specifications) == {"instance", "network-interface", "volume"}
    assert all(tags["berth-cluster"] == "aws-test" for tags in specifications.values())


# Add-ons ------------------------------------------------------------------------------------------------------------

ON_EACH_NODE = {"aws-test-vpc-cni", "aws-test-kube-proxy", "aws-test-eks-pod-identity-agent"}


def test_what_nodes_need_comes_before_them_and_what_needs_nodes_after() -> None:
    addons = {item.name: item for item in all_of(recorded(), "eks.Addon")}
    nodes = only(recorded(), "eks.NodeGroup")
    assert set(addons) == ON_EACH_NODE | {"aws-test-coredns", "aws-test-aws-ebs-csi-driver"}
    for name, addon in addons.items():
        assert (addon.urn in nodes.depends_on) == (name in ON_EACH_NODE)
        assert (nodes.urn in addon.depends_on) == (name not in ON_EACH_NODE)


def test_network_policies_are_enforced_and_addresses_come_in_blocks() -> None:
    values = json.loads(only(recorded(), "eks.Addon", "vpc-cni").inputs["configurationValues"])
    assert values["enableNetworkPolicy"] == "true"
    assert values["env"]["ENABLE_PREFIX_DELEGATION"] == "true"


def test_volumes_that_pods_ask_for_carry_the_cluster_s_tags() -> None:
    values = json.loads(only(recorded(), "eks.Addon", "ebs-csi-driver").inputs["configurationValues"])
    assert values["controller"]["extraVolumeTags"]["berth-cluster"] == "aws-test"


@pytest.mark.parametrize(
    ("addon", "account", "policy"),
    [
        ("vpc-cni", "aws-node", "AmazonEKS_CNI_Policy"),
        ("aws-ebs-csi-driver", "ebs-csi-controller-sa", "service-role/AmazonEBSCSIDriverPolicy"),
    ],
)
def test_an_add_on_s_rights_are_its_own_service_account_s(addon: str, account: str, policy: str) -> None:
    (identity,) = only(recorded(), "eks.Addon", addon).inputs["podIdentityAssociations"]
    assert identity["serviceAccount"] == account
    role = only(recorded(), "iam.Role", f"{addon}-role").inputs
    assert identity["roleArn"].endswith(role["name"])
    tags = document(role["assumeRolePolicy"])[0]["Condition"]["StringEquals"]
    assert tags["aws:RequestTag/kubernetes-service-account"] == account
    assert tags["aws:RequestTag/kubernetes-namespace"] == "kube-system"
    assert (
        only(recorded(), "iam.RolePolicyAttachment", policy).inputs["policyArn"] == f"arn:aws:iam::aws:policy/{policy}"
    )


def test_a_version_is_the_pinned_one_or_the_default_for_the_cluster_s() -> None:
    recorder = built(addonVersions={"coredns": "v1.12.4-eksbuild.1"})
    versions = {item.name: item.inputs["addonVersion"] for item in all_of(recorder, "eks.Addon")}
    assert versions.pop("aws-test-coredns") == "v1.12.4-eksbuild.1"
    assert set(versions.values()) == {"v1.2.3-eksbuild.1"}
    asked = [arguments for function, arguments, _ in recorder.invoked if function.endswith("getAddonVersion")]
    assert all(each["kubernetesVersion"] == "1.35" and each["mostRecent"] is False for each in asked)
    assert "coredns" not in {each["addonName"] for each in asked}


# Tenants ------------------------------------------------------------------------------------------------------------


def test_a_role_is_for_exactly_one_service_account_of_one_cluster() -> None:
    (statement,) = document(only(recorded(), "iam.Role", "acme/app").inputs["assumeRolePolicy"])
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:RequestTag/kubernetes-namespace": "acme",
            "aws:RequestTag/kubernetes-service-account": "app",
            "aws:SourceAccount": "111122223333",
        },
        "ArnEquals": {"aws:SourceArn": "arn:aws:eks:eu-west-1:111122223333:cluster/aws-test"},
    }
    association = only(recorded(), "eks.PodIdentityAssociation").inputs
    assert (association["namespace"], association["serviceAccount"]) == ("acme", "app")
    assert "disableSessionTags" not in association  # without the tags, no pod could have the role


def test_a_role_has_the_stated_policies_and_no_other() -> None:
    attached = [item for item in all_of(recorded(), "iam.RolePolicyAttachment") if "acme" in item.name]
    assert [item.inputs["policyArn"] for item in attached] == [READ_S3]
    assert not [item for item in all_of(recorded(), "iam.RolePolicy") if "acme" in item.name]


def test_the_boundary_holds_for_tenants_roles_alone() -> None:
    boundary = "arn:aws:iam::111122223333:policy/tenants"
    recorder = run(sample("eks", permissionsBoundary=boundary), tenants=(ACME,))
    bound = {item.name for item in all_of(recorder, "iam.Role") if item.inputs.get("permissionsBoundary") == boundary}
    assert bound == {"aws-test/acme/acme/app"}


def test_a_tenant_without_identity_has_nothing_in_aws() -> None:
    recorder = run(sample("eks"), tenants=(tenant(),))
    assert not all_of(recorder, "eks.PodIdentityAssociation")
    assert not recorder.of_type("berth:aws:TenantIdentity")


def test_accounts_whose_names_run_into_each_other_have_roles_of_their_own() -> None:
    arns = {"policyArns": [READ_S3]}
    twins = tenant(
        namespaces=["", "a"],
        identity=[
            {"serviceAccount": "a-b", "aws": arns},
            {"serviceAccount": "b", "namespace": "a", "aws": arns},
        ],
    )
    recorder = run(sample("eks"), tenants=(twins,))
    roles = [item for item in all_of(recorder, "iam.Role") if "acme" in item.name]
    assert len({item.urn for item in roles}) == len({item.inputs["name"] for item in roles}) == 2


def test_the_longest_names_still_make_names_of_roles() -> None:
    long = role_name("c" * 40, "n" * 61, "s" * 63)
    assert len(long) <= 64
    assert long != role_name("c" * 40, "n" * 61, "s" * 62)


def test_the_tenant_s_objects_wait_for_its_rights() -> None:
    component = next(item for item in recorded().recorded if item.type == "berth:tenancy:Tenant")
    assert only(recorded(), "eks.PodIdentityAssociation").urn in component.depends_on
