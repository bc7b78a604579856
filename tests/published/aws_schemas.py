"""What AWS publishes of its resources, as cfn-lint ships it, and recorded inputs in the form that it describes.

The provider's inputs are the API's own under other names: `_Form` says how each differs from CloudFormation's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft7Validator

Inputs = dict[str, Any]
_SCHEMAS = files("cfnlint") / "data" / "schemas"
_REGION = "eu-west-1"
_CATEGORIES = {"L": r"\\w", "N": r"\\d", "Z": r"\\s"}
"""Categories of characters in the schemas' patterns, and what comes nearest in Python's."""


@cache
def validator(kind: str) -> Draft7Validator:
    """For a CloudFormation type in the samples' region. No object takes a key that the schema does not know."""
    digests = json.loads((_SCHEMAS / "providers" / f"{_REGION}.json").read_text("utf-8"))
    text = (_SCHEMAS / "resources" / f"{digests[kind]}.json").read_text("utf-8")
    for category, python in _CATEGORIES.items():
        text = text.replace(rf"\\p{{{category}}}", python)
    schema = json.loads(text)
    _close(schema)
    return Draft7Validator(schema)


def _close(schema: Any) -> None:
    if isinstance(schema, list):
        for part in schema:
            _close(part)
    elif isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            _close(part)


@dataclass(frozen=True)
class _Form:
    """How a resource of the provider differs from a type of CloudFormation, beside the case of the first letters."""

    kind: str
    names: dict[str, str] = field(default_factory=dict)
    """Names at the top that differ."""
    adapt: Callable[[Inputs], None] = lambda _: None
    """What differs in shape: changes the properties."""


def properties(kind: str, inputs: Inputs) -> tuple[str, Inputs]:
    """The CloudFormation type and properties of a recorded resource."""
    form = FORMS[kind]
    found = {form.names.get(key, _pascal(key)): _renamed(key, value) for key, value in inputs.items()}
    form.adapt(found)
    if isinstance(found.get("Tags"), dict):
        found["Tags"] = _tags(found["Tags"])
    return form.kind, found


def complaints(kind: str, inputs: Inputs) -> list[str]:
    """What AWS's schema has against a recorded resource, each with its path."""
    published, found = properties(kind, inputs)
    return [f"{published}{error.json_path[1:]}: {error.message}" for error in validator(published).iter_errors(found)]


def _pascal(key: str) -> str:
    return key[:1].upper() + key[1:]


def _renamed(key: str, value: Any) -> Any:
    if key in ("labels", "tags"):  # keys of these are data
        return value
    if isinstance(value, dict):
        return {_pascal(inner): _renamed(inner, each) for inner, each in value.items()}
    return [_renamed(key, each) for each in value] if isinstance(value, list) else value


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _cluster(found: Inputs) -> None:
    found["EncryptionConfig"] = [found["EncryptionConfig"]]
    kinds = [{"Type": kind} for kind in found.pop("EnabledClusterLogTypes")]
    found["Logging"] = {"ClusterLogging": {"EnabledTypes": kinds}}


def _node_group(found: Inputs) -> None:
    found["NodegroupName"] += "0" * 26  # what the provider adds


def _addon(found: Inputs) -> None:
    (found["ResolveConflicts"],) = {found.pop(f"ResolveConflictsOn{when}") for when in ("Create", "Update")}


def _access_policy(found: Inputs) -> None:
    policy = {"PolicyArn": found.pop("PolicyArn"), "AccessScope": found.pop("AccessScope")}
    found["AccessPolicies"] = [policy]


def _launch_template(found: Inputs) -> None:
    for disk in found.get("BlockDeviceMappings", []):
        for flag in ("Encrypted", "DeleteOnTermination"):
            disk["Ebs"][flag] = {"true": True, "false": False}.get(disk["Ebs"][flag], disk["Ebs"][flag])
    for specification in found.get("TagSpecifications", []):
        specification["Tags"] = _tags(specification["Tags"])
    data = dict(found)
    found.clear()
    found["LaunchTemplateData"] = data


def _flow_log(found: Inputs) -> None:
    found["ResourceType"] = "VPC"


def _parsed(key: str) -> Callable[[Inputs], None]:
    def adapt(found: Inputs) -> None:
        found[key] = json.loads(found[key])

    return adapt


def _internet_gateway(found: Inputs) -> None:
    found.pop("VpcId")  # the attachment is a resource of its own in CloudFormation


FORMS: dict[str, _Form] = {
    "aws:cloudwatch/logGroup:LogGroup": _Form("AWS::Logs::LogGroup", {"name": "LogGroupName"}),
    "aws:ec2/eip:Eip": _Form("AWS::EC2::EIP"),
    "aws:ec2/flowLog:FlowLog": _Form(
        "AWS::EC2::FlowLog", {"vpcId": "ResourceId", "iamRoleArn": "DeliverLogsPermissionArn"}, _flow_log
    ),
    "aws:ec2/internetGateway:InternetGateway": _Form("AWS::EC2::InternetGateway", adapt=_internet_gateway),
    "aws:ec2/launchTemplate:LaunchTemplate": _Form("AWS::EC2::LaunchTemplate", adapt=_launch_template),
    "aws:ec2/natGateway:NatGateway": _Form("AWS::EC2::NatGateway"),
    "aws:ec2/route:Route": _Form("AWS::EC2::Route"),
    "aws:ec2/routeTable:RouteTable": _Form("AWS::EC2::RouteTable"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _Form("AWS::EC2::SubnetRouteTableAssociation"),
    "aws:ec2/securityGroup:SecurityGroup": _Form("AWS::EC2::SecurityGroup", {"description": "GroupDescription"}),
    "aws:ec2/subnet:Subnet": _Form("AWS::EC2::Subnet"),
    "aws:ec2/vpc:Vpc": _Form("AWS::EC2::VPC"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _Form("AWS::EC2::VPCEndpoint"),
    "aws:eks/accessEntry:AccessEntry": _Form("AWS::EKS::AccessEntry"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _Form("AWS::EKS::AccessEntry", adapt=_access_policy),
    "aws:eks/addon:Addon": _Form("AWS::EKS::Addon", adapt=_addon),
    "aws:eks/cluster:Cluster": _Form("AWS::EKS::Cluster", {"vpcConfig": "ResourcesVpcConfig"}, _cluster),
    "aws:eks/nodeGroup:NodeGroup": _Form(
        "AWS::EKS::Nodegroup",
        {"nodeGroupNamePrefix": "NodegroupName", "nodeRoleArn": "NodeRole", "subnetIds": "Subnets"},
        _node_group,
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _Form("AWS::EKS::PodIdentityAssociation"),
    "aws:iam/role:Role": _Form(
        "AWS::IAM::Role",
        {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
        _parsed("AssumeRolePolicyDocument"),
    ),
    "aws:iam/rolePolicy:RolePolicy": _Form(
        "AWS::IAM::RolePolicy",
        {"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"},
        _parsed("PolicyDocument"),
    ),
    "aws:kms/alias:Alias": _Form("AWS::KMS::Alias", {"name": "AliasName"}),
    "aws:kms/key:Key": _Form(
        "AWS::KMS::Key", {"policy": "KeyPolicy", "deletionWindowInDays": "PendingWindowInDays"}, _parsed("KeyPolicy")
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _Form(
        "AWS::EC2::SecurityGroupIngress", {"securityGroupId": "GroupId", "cidrIpv4": "CidrIp"}
    ),
}
WITHOUT_A_SCHEMA = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",  # takes over what AWS made
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",  # two names, no settings
}
"""Types of the provider that CloudFormation has no counterpart of."""
