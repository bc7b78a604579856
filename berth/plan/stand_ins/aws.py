"""AWS: see the package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Inputs = dict[str, Any]


def _arn(service: str, resource: str) -> Callable[[str, Inputs], Inputs]:
    """An ARN of the account and region of the samples; `{}` stands for the resource's name."""
    return lambda name, inputs: {"arn": f"arn:aws:{service}:{resource.format(inputs.get('name', name))}"}


def _cluster(_: str, inputs: Inputs) -> Inputs:
    return {
        "arn": f"arn:aws:eks:eu-west-1:111122223333:cluster/{inputs['name']}",
        "endpoint": f"https://{inputs['name']}.gr7.eu-west-1.eks.amazonaws.com",
        "certificateAuthority": {"data": "Q0E="},
    }


COMPUTED: dict[str, Callable[[str, Inputs], Inputs]] = {
    "aws:cloudwatch/logGroup:LogGroup": _arn("logs", "eu-west-1:111122223333:log-group:{}"),
    "aws:ec2/launchTemplate:LaunchTemplate": lambda *_: {"latestVersion": 1},
    "aws:eks/cluster:Cluster": _cluster,
    "aws:iam/role:Role": _arn("iam", ":111122223333:role/berth/{}"),
    "aws:kms/key:Key": _arn("kms", "eu-west-1:111122223333:key/00000000-0000-0000-0000-0000000000aa"),
}
ANSWERS: dict[str, Callable[[Inputs], Inputs]] = {
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": lambda asked: {
        "serviceName": f"com.amazonaws.eu-west-1.{asked['service']}"
    },
    "aws:eks/getAddonVersion:getAddonVersion": lambda _: {"version": "v1.2.3-eksbuild.1"},
}
