"""IAM roles with their policies attached. All lie under one path: whoever deploys needs rights over no other role."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

PATH = "/berth/"
_LONGEST = 64
"""The most characters that IAM takes for a role's name."""


def role_name(*parts: str) -> str:
    """A role's name: unique in the account, the same each time. Always with a digest: parts that hold dashes must not
    run into each other."""
    digest = hashlib.sha256("/".join(parts).encode()).hexdigest()[:8]
    return f"{'-'.join(parts)[: _LONGEST - 9].rstrip('-')}-{digest}"


@dataclass(frozen=True)
class RoleArgs:
    parts: tuple[str, ...]
    """What the role's name in IAM is made of."""
    trust: str
    """Who may assume it: a policy document."""
    policies: Sequence[str] = ()
    """ARNs of the policies to attach."""
    inline: str | None = None
    """A policy document of its own."""
    boundary: str | None = None
    """ARN of the policy that bounds it."""
    tags: Mapping[str, str] = field(default_factory=dict)


class Role(pulumi.ComponentResource):
    """What depends on it waits until its policies are attached."""

    def __init__(self, name: str, args: RoleArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:aws:Role", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            name=role_name(*args.parts),
            path=PATH,
            assume_role_policy=args.trust,
            permissions_boundary=args.boundary,
            tags=args.tags or None,
            opts=child,
        )
        for arn in args.policies:
            aws.iam.RolePolicyAttachment(f"{name}-{_tail(arn)}", role=role.name, policy_arn=arn, opts=child)
        if args.inline is not None:
            aws.iam.RolePolicy(name, name="own", role=role.name, policy=args.inline, opts=child)
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def _tail(arn: str) -> str:
    """What tells a policy from any other: whose it is, its path and its name."""
    return arn.split("::", 1)[1].replace(":policy/", "-")
