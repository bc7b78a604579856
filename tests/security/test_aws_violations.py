"""Each check of the table of AWS fails where what it asks for does not hold."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from tests.components.aws_clusters import READ_S3, recorded
from tests.components.recording import Recorder
from tests.security.aws import ROWS

EVERYONE = "0.0.0.0/0"


def _document(**statement: Any) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"} | statement]})


# By row: a type, the way to a value of its inputs, and what stands there instead
VIOLATIONS: dict[str, tuple[str, tuple[str | int, ...], Any]] = {
    "AWS-1": ("eks/cluster:Cluster", ("vpcConfig", "endpointPublicAccess"), True),
    "AWS-2": ("eks/cluster:Cluster", ("vpcConfig", "publicAccessCidrs"), [EVERYONE]),
    "AWS-3": ("eks/cluster:Cluster", ("vpcConfig", "endpointPrivateAccess"), False),
    "AWS-4": ("eks/cluster:Cluster", ("enabledClusterLogTypes",), ["api", "audit"]),
    "AWS-5": ("eks/cluster:Cluster", ("encryptionConfig", "resources"), []),
    "AWS-6": ("eks/cluster:Cluster", ("version",), "1.24"),
    "AWS-7": ("eks/cluster:Cluster", ("deletionProtection",), False),
    "AWS-8": ("eks/cluster:Cluster", ("accessConfig", "authenticationMode"), "API_AND_CONFIG_MAP"),
    "AWS-9": ("eks/cluster:Cluster", ("upgradePolicy", "supportType"), ""),
    "AWS-10": ("eks/nodeGroup:NodeGroup", ("subnetIds", 0), "aws-test-public-eu-west-1a-id"),
    "AWS-11": ("eks/addon:Addon", ("configurationValues",), '{"enableNetworkPolicy": "false"}'),
    "AWS-12": ("iam/rolePolicyAttachment:RolePolicyAttachment", ("policyArn",), READ_S3),
    "AWS-13": ("eks/nodeGroup:NodeGroup", ("remoteAccess",), {"ec2SshKey": "key"}),
    "AWS-14": ("ec2/launchTemplate:LaunchTemplate", ("metadataOptions", "httpTokens"), "optional"),
    "AWS-15": ("ec2/launchTemplate:LaunchTemplate", ("metadataOptions", "httpPutResponseHopLimit"), 2),
    "AWS-16": ("ec2/launchTemplate:LaunchTemplate", ("blockDeviceMappings", 1, "ebs", "encrypted"), "false"),
    "AWS-17": ("eks/nodeGroup:NodeGroup", ("scalingConfig", "minSize"), 1),
    "AWS-18": ("eks/nodeGroup:NodeGroup", ("nodeRepairConfig", "enabled"), False),
    "AWS-19": ("ec2/subnet:Subnet", ("mapPublicIpOnLaunch",), True),
    "AWS-20": ("ec2/flowLog:FlowLog", ("trafficType",), "REJECT"),
    "AWS-21": ("ec2/defaultSecurityGroup:DefaultSecurityGroup", ("ingress",), [{"protocol": "-1"}]),
    "AWS-24": ("vpc/securityGroupIngressRule:SecurityGroupIngressRule", ("description",), ""),
    "AWS-25": ("vpc/securityGroupIngressRule:SecurityGroupIngressRule", ("cidrIpv4",), EVERYONE),
    "AWS-26": ("ec2/securityGroup:SecurityGroup", ("egress",), [{"cidrBlocks": [EVERYONE]}]),
    "AWS-27": ("eks/cluster:Cluster", ("vpcConfig", "securityGroupIds"), []),
    "AWS-28": ("cloudwatch/logGroup:LogGroup", ("retentionInDays",), 30),
    "AWS-29": ("cloudwatch/logGroup:LogGroup", ("kmsKeyId",), ""),
    "AWS-30": ("kms/key:Key", ("enableKeyRotation",), False),
    "AWS-31": ("kms/key:Key", ("policy",), _document(Principal={"AWS": "*"})),
    "AWS-32": ("iam/role:Role", ("assumeRolePolicy",), _document(Principal={"AWS": "arn:aws:iam::444455556666:root"})),
    "AWS-33": ("iam/rolePolicy:RolePolicy", ("policy",), _document(Action="*")),
    "AWS-34": ("iam/rolePolicy:RolePolicy", ("policy",), _document()),
    "AWS-35": ("iam/role:Role", ("assumeRolePolicy",), _document(Principal={"Federated": "github"})),
}
# By row: a type that there must be none of
UNWANTED = {
    "AWS-22": "ec2/networkAcl:NetworkAcl",
    "AWS-23": "ec2/defaultVpc:DefaultVpc",
    "AWS-36": "ecr/repository:Repository",
    "AWS-37": "ec2/vpcEndpointService:VpcEndpointService",
}
CHECKS = {row.id: row.check for row in ROWS if row.check}


def _changed(kind: str, path: tuple[str | int, ...], value: Any) -> Recorder:
    """The recorded sample, with one value of every resource of a type changed."""
    changed = Recorder()
    for item in recorded().recorded:
        inputs = deepcopy(item.inputs)
        if item.type == f"aws:{kind}":
            place: Any = inputs
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
        changed.recorded.append(replace(item, inputs=inputs))
    return changed


@pytest.mark.parametrize("row", VIOLATIONS)
def test_a_check_fails_where_a_value_breaks_it(row: str) -> None:
    CHECKS[row](recorded())
    with pytest.raises(AssertionError):
        CHECKS[row](_changed(*VIOLATIONS[row]))


@pytest.mark.parametrize("row", UNWANTED)
def test_a_check_fails_where_there_is_what_should_not_be(row: str) -> None:
    CHECKS[row](recorded())
    added = Recorder()
    added.recorded = [*recorded().recorded, replace(recorded().recorded[0], type=f"aws:{UNWANTED[row]}")]
    with pytest.raises(AssertionError):
        CHECKS[row](added)


def test_every_check_is_shown_to_fail() -> None:
    assert set(CHECKS) == set(VIOLATIONS) | set(UNWANTED)
