"""What is registered for AWS against what AWS publishes of its resources, actions and policies."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from tests.components.aws_clusters import all_of, existing_network, pooled, recorded
from tests.components.recording import ROOT, Recorder
from tests.published.aws_policies import lint, listed
from tests.published.aws_schemas import FORMS, WITHOUT_A_SCHEMA, complaints

DEPLOYER = ROOT / "docs" / "clouds" / "aws-deployer-policy.json"


def registered(recorder: Recorder) -> list[tuple[str, dict[str, Any]]]:
    return [(item.type, item.inputs) for item in recorder.recorded if item.type.startswith("aws:")]


def test_every_type_has_a_schema_or_is_known_to_have_none() -> None:
    assert {kind for kind, _ in registered(recorded())} == set(FORMS) | WITHOUT_A_SCHEMA


@pytest.mark.parametrize("profile", ["dev", "strict"])
def test_all_that_is_registered_is_what_aws_takes(profile: str) -> None:
    for kind, inputs in registered(recorded(profile)):
        if kind in FORMS:
            assert complaints(kind, inputs) == []


def test_an_existing_network_and_other_pools_are_what_aws_takes() -> None:
    taints = [{"key": "example.com/gpu", "effect": "NoSchedule"}]
    pool = {"name": "p" * 40, "instanceType": "g5g.xlarge", "os": "al2023", "spot": True, "taints": taints}
    for recorder in (existing_network(), pooled({}, pool)):
        for kind, inputs in registered(recorder):
            if kind in FORMS:
                assert complaints(kind, inputs) == []


# (type, the way to a value, what is planted there, part of the complaint); a key that is new there ends in +
PLANTED: dict[str, tuple[str, tuple[str | int, ...], Any, str]] = {
    "unknown key at the top": ("eks.Cluster", ("versoin+",), "1.35", "'Versoin' was unexpected"),
    "unknown key inside": ("eks.Cluster", ("vpcConfig", "endpointPublicAcess+"), False, "'EndpointPublicAcess'"),
    "unknown key three levels deep": (
        "ec2.LaunchTemplate", ("blockDeviceMappings", 0, "ebs", "volumeTyp+"), "gp3", "'VolumeTyp' was unexpected"),
    "unknown value": ("eks.Cluster", ("accessConfig", "authenticationMode"), "APIS", "'APIS' is not one of"),
    "unknown value three levels deep": (
        "ec2.LaunchTemplate", ("blockDeviceMappings", 0, "ebs", "volumeType"), "gp5", "'gp5' is not one of"),
    "unknown session mode": ("ec2.LaunchTemplate", ("metadataOptions", "httpTokens"), "require", "is not one of"),
    "unknown kind of log": ("eks.Cluster", ("enabledClusterLogTypes", 0), "apis", "'apis' is not one of"),
    "unknown image": ("eks.NodeGroup", ("amiType",), "BOTTLEROCKET_ARM64", "is not one of"),
    "Kubernetes' spelling of an effect": (
        "eks.NodeGroup", ("taints+",), [{"key": "a", "effect": "NoSchedule"}], "'NoSchedule' is not one of"),
    "percentage over a hundred": (
        "eks.NodeGroup", ("updateConfig", "maxUnavailablePercentage"), 101, "greater than the maximum of 100"),
    "size below nothing": ("eks.NodeGroup", ("scalingConfig", "minSize"), -1, "less than the minimum of 0"),
    "days that no one keeps": ("cloudwatch.LogGroup", ("retentionInDays",), 364, "is not one of"),
    "days too many": ("kms.Key", ("deletionWindowInDays",), 31, "greater than the maximum of 30"),
    "version with a patch": ("eks.Cluster", ("version",), "v1", "does not match"),
    "name that is too long": ("iam.Role", ("name",), "r" * 65, "is too long"),
    "path without an end": ("iam.Role", ("path",), "berth", "does not match"),
    "id of a key for its ARN": ("cloudwatch.LogGroup", ("kmsKeyId",), "1234", "does not match"),
    "text for a number": ("ec2.LaunchTemplate", ("metadataOptions", "httpPutResponseHopLimit"), "one", "'integer'"),
    "what no one needs": ("eks.PodIdentityAssociation", ("namespaces+",), ["acme"], "'Namespaces' was unexpected"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "path", "value", "says"), list(PLANTED.values()), ids=list(PLANTED))
def test_a_planted_mistake_is_reported(kind: str, path: tuple[str | int, ...], value: Any, says: str) -> None:
    item = all_of(recorded(), kind)[0]
    assert complaints(item.type, item.inputs) == []
    inputs = deepcopy(item.inputs)
    place: Any = inputs
    for step in path[:-1]:
        place = place[step]
    last = path[-1]
    if isinstance(last, str) and last.endswith("+"):
        last = last[:-1]
    else:
        assert place[last] != value
    place[last] = value
    found = complaints(item.type, inputs)
    assert len(found) == 1, found
    assert says in found[0]


@pytest.mark.parametrize("profile", ["dev", "strict"])
def test_every_policy_document_is_sound(profile: str) -> None:
    recorder = recorded(profile)
    for role in all_of(recorder, "iam.Role"):
        assert lint(role.inputs["assumeRolePolicy"], resources=False) == []
    for policy in all_of(recorder, "iam.RolePolicy"):
        assert lint(policy.inputs["policy"]) == []
    for key in all_of(recorder, "kms.Key"):
        assert lint(key.inputs["policy"], resources=False) == []


def test_the_deployer_s_policy_is_sound_narrow_and_fits() -> None:
    text = DEPLOYER.read_text("utf-8")
    assert lint(text) == []
    assert len("".join(text.split())) <= 6144  # the most that IAM takes for a managed policy, spaces not counted


def test_the_deployer_may_do_what_goes_along_with_an_endpoint_s_own_name() -> None:
    statements = json.loads(DEPLOYER.read_text("utf-8"))["Statement"]
    actions = {action for statement in statements for action in listed(statement["Action"])}
    # What AWS's service authorization reference lists as dependent actions of ec2:CreateVpcEndpoint.
    assert {"ec2:CreateVpcEndpoint", "ec2:CreateTags", "route53:AssociateVPCWithHostedZone"} <= actions


def test_the_deployer_hands_over_and_changes_no_roles_but_berth_s_own() -> None:
    for statement in json.loads(DEPLOYER.read_text("utf-8"))["Statement"]:
        if any(action.startswith("iam:") for action in listed(statement["Action"])):
            allowed = (":role/berth/", ":role/aws-service-role/")
            assert all(any(part in resource for part in allowed) for resource in listed(statement["Resource"]))


def test_the_deployer_may_attach_the_policies_that_are_attached() -> None:
    statements = {each["Sid"]: each for each in json.loads(DEPLOYER.read_text("utf-8"))["Statement"]}
    allowed = set(statements["PoliciesOfRoles"]["Condition"]["ArnLike"]["iam:PolicyARN"])
    attached = [item for item in all_of(recorded(), "iam.RolePolicyAttachment") if "/acme/" not in item.name]
    assert {item.inputs["policyArn"] for item in attached} <= allowed


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Action": "kms:Decrpyt"}, "the unknown action kms:Decrpyt"),
        ({"Action": "*"}, "every action"),
        ({"Effect": "allow"}, "the effect allow"),
        ({"Resources": "*"}, "the unknown key Resources"),
        ({"Condition": {"StringEqual": {}}}, "the operator StringEqual"),
        ({"Action": "s3:GetObject", "Resource": "*"}, "which can be narrowed"),
        ({"Resource": "arn:aws:s3:::bucket"}, "another service's"),
    ],
)
def test_a_planted_mistake_in_a_policy_is_reported(change: dict[str, Any], says: str) -> None:
    sound = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:eu-west-1:111122223333:key/1"}
    assert lint(json.dumps({"Version": "2012-10-17", "Statement": [sound]})) == []
    found = lint(json.dumps({"Version": "2012-10-17", "Statement": [sound | change]}))
    assert any(says in each for each in found), found
