"""An EKS cluster: the control plane, its key, its logs, who is let in, and how it is reached."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.components.aws_clusters import all_of, built, document, every_input, existing_network, names, only, recorded
from tests.components.recording import ROOT
from tests.components.stacks import PUBLIC, run, sample

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which the engine knows a secret value on the wire."""


def plain(value: Any) -> str:
    """A secret's text."""
    assert value[SIGNATURE], value
    return str(value["value"])


@pytest.mark.parametrize("profile", ["dev", "strict"])
def test_a_first_preview_registers_the_same_as_an_update(profile: str) -> None:
    preview = recorded(profile, preview=True)
    assert {item.urn for item in preview.recorded} == {item.urn for item in recorded(profile).recorded}


def test_no_two_resources_share_a_name_and_type() -> None:
    urns = [item.urn for item in recorded().recorded]
    assert len(urns) == len(set(urns))


def test_every_resource_and_every_question_goes_to_the_cluster_s_own_provider() -> None:
    aws = [item for item in recorded().recorded if item.type.startswith("aws:")]
    assert {item.provider.split("::")[-2] for item in aws} == {"aws-test-aws"}
    assert {provider.split("::")[-2] for _, _, provider in recorded().invoked} == {"aws-test-aws"}


def test_the_provider_refuses_other_accounts_and_tags_everything() -> None:
    (provider,) = recorded().of_type("pulumi:providers:aws")
    assert provider.inputs["region"] == "eu-west-1"
    assert json.loads(provider.inputs["allowedAccountIds"]) == ["111122223333"]
    assert json.loads(provider.inputs["defaultTags"])["tags"]["berth-cluster"] == "aws-test"
    assert "assumeRoles" not in provider.inputs


def test_a_role_to_assume_is_assumed_by_provider_and_kubeconfig_and_let_in() -> None:
    arn = "arn:aws:iam::111122223333:role/ci/deployer"
    recorder = built(assumeRole=arn)
    (provider,) = recorder.of_type("pulumi:providers:aws")
    assert [role["roleArn"] for role in json.loads(provider.inputs["assumeRoles"])] == [arn]
    (kubernetes,) = recorder.of_type("pulumi:providers:kubernetes")
    assert f'"--role-arn", "{arn}"' in plain(kubernetes.inputs["kubeconfig"])
    assert arn in {entry.inputs["principalArn"] for entry in all_of(recorder, "eks.AccessEntry")}


def test_only_access_entries_let_anyone_in() -> None:
    cluster = only(recorded(), "eks.Cluster").inputs
    assert cluster["accessConfig"] == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    entry = only(recorded(), "eks.AccessEntry").inputs
    assert entry["principalArn"] == "arn:aws:iam::111122223333:role/platform"
    association = only(recorded(), "eks.AccessPolicyAssociation").inputs
    assert association["principalArn"] == entry["principalArn"]
    assert association["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    assert association["accessScope"] == {"type": "cluster"}


def test_the_path_of_a_role_is_kept_in_its_access_entry() -> None:
    arn = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"
    assert only(built(admins=[arn]), "eks.AccessEntry").inputs["principalArn"] == arn


def test_a_private_api_server_has_no_public_address_and_lets_in_the_network() -> None:
    vpc_config = only(recorded(), "eks.Cluster").inputs["vpcConfig"]
    assert (vpc_config["endpointPublicAccess"], vpc_config["endpointPrivateAccess"]) == (False, True)
    assert "publicAccessCidrs" not in vpc_config
    rules = {rule.inputs["cidrIpv4"] for rule in all_of(recorded(), "vpc.SecurityGroupIngressRule")}
    assert rules == {"10.10.0.0/16"}


def test_networks_that_a_private_api_server_allows_reach_its_private_addresses() -> None:
    recorder = built(api={"public": False, "allowedCidrs": ["10.200.0.0/16"]})
    ports = {rule.name: rule.inputs["fromPort"] for rule in all_of(recorder, "vpc.SecurityGroupIngressRule")}
    assert ports["aws-test-api-10.200.0.0/16"] == 443


def test_a_public_api_server_is_open_to_the_stated_networks_and_still_private_inside() -> None:
    recorder = built("dev", **PUBLIC)
    vpc_config = only(recorder, "eks.Cluster").inputs["vpcConfig"]
    assert (vpc_config["endpointPublicAccess"], vpc_config["endpointPrivateAccess"]) == (True, True)
    assert vpc_config["publicAccessCidrs"] == ["203.0.113.0/24"]
    assert names(recorder, "vpc.SecurityGroupIngressRule") == {"aws-test-api-10.10.0.0/16"}


def test_the_cluster_is_called_as_in_the_stack_file_and_follows_its_settings() -> None:
    cluster = only(built(support="extended"), "eks.Cluster").inputs
    assert (cluster["name"], cluster["version"]) == ("aws-test", "1.35")
    assert cluster["upgradePolicy"] == {"supportType": "EXTENDED"}
    assert cluster["kubernetesNetworkConfig"] == {"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16"}
    assert cluster["bootstrapSelfManagedAddons"] is False


def test_the_logs_have_their_encrypted_group_before_the_cluster_writes() -> None:
    group = only(recorded(), "cloudwatch.LogGroup", "aws-test-logs")
    assert group.inputs["name"] == "/aws/eks/aws-test/cluster"
    assert group.inputs["retentionInDays"] == 365
    assert ":key/" in group.inputs["kmsKeyId"]
    assert group.urn in only(recorded(), "eks.Cluster").depends_on


def test_the_role_of_the_control_plane_has_its_policy_before_and_after_the_cluster() -> None:
    attachment = only(recorded(), "iam.RolePolicyAttachment", "AmazonEKSClusterPolicy")
    assert attachment.urn in only(recorded(), "eks.Cluster").depends_on


def test_one_key_encrypts_secrets_logs_and_disks() -> None:
    (key,) = {only(recorded(), "eks.Cluster").inputs["encryptionConfig"]["provider"]["keyArn"]}
    assert {group.inputs["kmsKeyId"] for group in all_of(recorded(), "cloudwatch.LogGroup")} == {key}
    disks = only(recorded(), "ec2.LaunchTemplate").inputs["blockDeviceMappings"]
    assert {disk["ebs"]["kmsKeyId"] for disk in disks} == {key}
    (storage_class,) = recorded().of_type("kubernetes:storage.k8s.io/v1:StorageClass")
    assert storage_class.inputs["parameters"] == {"type": "gp3", "encrypted": "true", "kmsKeyId": key}


def test_the_key_names_the_log_groups_and_whoever_uses_ec2_in_the_account() -> None:
    statements = {s["Sid"]: s for s in document(only(recorded(), "kms.Key").inputs["policy"])}
    groups = {group.inputs["name"] for group in all_of(recorded(), "cloudwatch.LogGroup")}
    named = statements["Logs"]["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]
    assert {arn.split(":log-group:")[1] for arn in named} == groups
    for sid in ("Volumes", "VolumesOfInstances"):
        assert statements[sid]["Condition"]["StringEquals"] == {
            "kms:CallerAccount": "111122223333",
            "kms:ViaService": "ec2.eu-west-1.amazonaws.com",
        }
    assert statements["VolumesOfInstances"]["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [("cn-north-1", "aws-cn", "amazonaws.com.cn"), ("us-gov-west-1", "aws-us-gov", "amazonaws.com")],
)
def test_every_arn_and_service_is_of_the_region_s_partition(region: str, partition: str, suffix: str) -> None:
    recorder = built(region=region, admins=[f"arn:{partition}:iam::111122223333:role/platform"])
    key = only(recorder, "kms.Key").inputs["policy"]
    assert f'"logs.{region}.{suffix}"' in key
    stated = [text for item in recorder.recorded for text in str(item.inputs).split("arn:")[1:]]
    computed = ("aws:eks:eu-west-1", "aws:logs:eu-west-1", "aws:kms:eu-west-1", "aws:iam::111122223333:role/berth")
    assert {text.split(":")[0] for text in stated if not text.startswith(computed)} == {partition}


@pytest.mark.parametrize(("profile", "protected"), [("dev", False), ("strict", True)])
def test_what_cannot_be_had_again_is_protected_where_the_settings_say(profile: str, protected: bool) -> None:
    kept = {item.type.split(":")[2] for item in recorded(profile).recorded if item.protect}
    assert kept == ({"Cluster", "Key", "LogGroup"} if protected else set())
    assert only(recorded(profile), "eks.Cluster").inputs["deletionProtection"] is protected


def test_the_kubeconfig_is_secret_wherever_it_goes() -> None:
    for profile in ("dev", "strict"):
        recorder = recorded(profile)
        (provider,) = recorder.of_type("pulumi:providers:kubernetes")
        assert "get-token" in plain(provider.inputs["kubeconfig"])
        outputs = [values for values in recorder.outputs.values() if "kubeconfig" in str(values)]
        assert outputs
        for values in outputs:
            held = values if "kubeconfig" in values else values["aws-test"]
            assert "get-token" in plain(held["kubeconfig"])


def test_the_component_s_outputs_are_those_of_every_cluster() -> None:
    (urn,) = {item.urn for item in recorded().of_type("berth:cluster:EksCluster")}
    assert set(recorded().outputs[urn]) == {"clusterName", "endpoint", "kubeconfig"}


def test_nothing_in_the_cluster_comes_before_the_access_entries_and_nodes_or_goes_after_them() -> None:
    (provider,) = recorded().of_type("pulumi:providers:kubernetes")
    for kind in ("eks.AccessPolicyAssociation", "eks.NodeGroup", "eks.Addon"):
        assert {item.urn for item in all_of(recorded(), kind)} <= set(provider.depends_on), kind


def test_an_existing_network_is_used_and_none_is_made() -> None:
    recorder = existing_network()
    made = {item.type for item in recorder.recorded if item.type.startswith("aws:ec2/")}
    assert made == {"aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/securityGroup:SecurityGroup"}
    assert not all_of(recorder, "vpc.SecurityGroupIngressRule")
    assert only(recorder, "ec2.SecurityGroup").inputs["vpcId"] == "vpc-0a1b2c3d"
    subnets = ["subnet-0000000a", "subnet-0000000b"]
    assert only(recorder, "eks.Cluster").inputs["vpcConfig"]["subnetIds"] == subnets
    assert only(recorder, "eks.NodeGroup").inputs["subnetIds"] == subnets


OTHER = {"name": "aws-other", "region": "us-east-1", "account": "444455556666", "network": {"cidr": "10.11.0.0/16"}}


def test_another_cluster_changes_nothing_of_the_first_and_shares_no_name_with_it() -> None:
    alone, both = run(sample("eks")), run(sample("eks"), sample("eks", **OTHER))
    assert every_input(alone, "aws-test") == every_input(both, "aws-test")
    urns = [item.urn for item in both.recorded]
    assert len(urns) == len(set(urns))
    physical = [item.inputs["name"] for item in both.recorded if item.type.startswith("aws:") and "name" in item.inputs]
    apart = [name for name in physical if name != "own"]  # an inline policy's name is its role's own
    assert len(apart) == len(set(apart))
    accounts = {
        item.name: json.loads(item.inputs["allowedAccountIds"]) for item in both.of_type("pulumi:providers:aws")
    }
    assert accounts == {"aws-test-aws": ["111122223333"], "aws-other-aws": ["444455556666"]}


@pytest.mark.parametrize("profile", ["dev", "strict"])
def test_the_guide_says_how_many_resources_there_are(profile: str) -> None:
    count = len([item for item in built(profile).recorded if item.type.startswith("aws:")])
    said = re.sub(r"\s+", " ", (ROOT / "docs" / "clouds" / "aws.md").read_text("utf-8"))
    assert f"{count} resources in AWS in the profile `dev`" in said or f"and {count} in `strict`" in said


def test_a_first_preview_runs_without_knowing_how_the_cluster_is_reached() -> None:
    (provider,) = recorded(preview=True).of_type("pulumi:providers:kubernetes")
    assert "get-token" not in str(provider.inputs["kubeconfig"])
