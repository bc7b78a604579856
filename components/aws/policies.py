"""Policy documents of roles and of the cluster's key. Pure functions to JSON text, the same each time."""

from __future__ import annotations

import json
from typing import Any

from components.aws.place import Place

Statement = dict[str, Any]


def service_trust(service: str, condition: Statement | None = None) -> str:
    """An AWS service may assume the role."""
    return _document([_assume(service, ["sts:AssumeRole"], condition)])


def flow_logs_trust(place: Place) -> str:
    """VPC flow logs may assume the role, for a flow log of this account and region."""
    condition = {
        "StringEquals": {"aws:SourceAccount": place.account},
        "ArnLike": {"aws:SourceArn": place.flow_logs},
    }
    return service_trust("vpc-flow-logs.amazonaws.com", condition)


def pod_trust(place: Place, namespace: str, service_account: str) -> str:
    """EKS may assume the role for pods of one service account of this cluster. EKS sets the tags from the pod that
    asks, so another association cannot lend the role to another service account."""
    condition = {
        "StringEquals": {
            "aws:RequestTag/kubernetes-namespace": namespace,
            "aws:RequestTag/kubernetes-service-account": service_account,
            "aws:SourceAccount": place.account,
        },
        "ArnEquals": {"aws:SourceArn": place.cluster_arn},
    }
    return _document([_assume("pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"], condition)])


def flow_logs(place: Place) -> str:
    """To write flow logs to the cluster's log group, and no other."""
    group = place.log_group_arn(place.flow_log_group)
    actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    return _document(
        [
            {"Sid": "Write", "Effect": "Allow", "Action": actions, "Resource": [group, f"{group}:*"]},
            # AWS knows no narrower resource for it.
            {"Sid": "Find", "Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"},
        ]
    )


def cluster_key(place: Place) -> str:
    """Who uses the cluster's key. In a key's policy the resource `*` is the key itself."""
    use = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    groups = [place.log_group_arn(name) for name in (place.control_plane_log_group, place.flow_log_group)]
    # As AWS's own key for volumes: whoever in the account may use EC2 may use the key by way of EC2. The service role
    # of EC2 Auto Scaling, which starts the nodes, need not be named, and so need not exist yet.
    by_ec2 = {"kms:CallerAccount": place.account, "kms:ViaService": place.regional("ec2")}
    return _document(
        [
            # Without it, nobody could ever change the policy; with it, IAM decides who does.
            _key("Account", {"AWS": place.account_root}, ["kms:*"]),
            _key(
                "Logs",
                {"Service": place.regional("logs")},
                use,
                {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": groups}},
            ),
            _key("Volumes", {"AWS": "*"}, use, {"StringEquals": by_ec2}),
            _key(
                "VolumesOfInstances",
                {"AWS": "*"},
                ["kms:CreateGrant"],
                {"StringEquals": by_ec2, "Bool": {"kms:GrantIsForAWSResource": "true"}},
            ),
        ]
    )


def _key(sid: str, principal: Statement, actions: list[str], condition: Statement | None = None) -> Statement:
    statement = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"}
    return statement | ({"Condition": condition} if condition else {})


def _assume(service: str, actions: list[str], condition: Statement | None) -> Statement:
    statement: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": actions}
    return statement | ({"Condition": condition} if condition else {})


def _document(statements: list[Statement]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
