"""Recorded runs of EKS clusters, and the ways in which tests look at them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from tests.components.recording import Recorder, Registered
from tests.components.stacks import run, sample, tenant

READ_S3 = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
ACME = tenant(identity=[{"serviceAccount": "app", "aws": {"policyArns": [READ_S3]}}])
"""A tenant with one service account that has rights in AWS."""
EXISTING = {"existing": {"vpcId": "vpc-0a1b2c3d", "privateSubnetIds": ["subnet-0000000a", "subnet-0000000b"]}}


@cache
def recorded(profile: str = "strict", *, preview: bool = False) -> Recorder:
    """The sample cluster with the tenant in it."""
    return run(sample("eks"), profile=profile, tenants=(ACME,), preview=preview)


def built(profile: str = "strict", **settings: Any) -> Recorder:
    """The sample cluster with other settings, without a tenant."""
    return run(sample("eks", **settings), profile=profile)


def existing_network() -> Recorder:
    settings = sample("eks")
    return run({**settings, "network": EXISTING})


def pooled(*pools: dict[str, Any], profile: str = "dev") -> Recorder:
    """The sample cluster with these pools, each as its settings differ from the sample's own."""
    usual = {"name": "general", "instanceType": "m7i.large"}
    return built(profile, nodePools=[usual | pool for pool in pools])


def all_of(recorder: Recorder, kind: str) -> list[Registered]:
    """The resources of a type, such as eks.Cluster."""
    module, name = kind.split(".")
    return recorder.of_type(f"aws:{module}/{name[0].lower()}{name[1:]}:{name}")


def only(recorder: Recorder, kind: str, ends: str = "") -> Registered:
    """The only resource of a type, or the only one whose name ends so."""
    found = [item for item in all_of(recorder, kind) if item.name.endswith(ends)]
    assert len(found) == 1, f"{len(found)} {kind}"
    return found[0]


def names(recorder: Recorder, kind: str) -> set[str]:
    return {item.name for item in all_of(recorder, kind)}


def document(text: str) -> list[dict[str, Any]]:
    """The statements of a policy document."""
    return list(json.loads(text)["Statement"])


def every_input(recorder: Recorder, start: str = "") -> dict[str, dict[str, Any]]:
    """What each resource whose name begins so was given, by URN."""
    return {item.urn: item.inputs for item in recorder.recorded if item.name.startswith(start)}
