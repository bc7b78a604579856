"""Flow logs of the whole VPC: who talked to whom, refused or not."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws import policies
from components.aws.place import Place
from components.aws.roles import Role, RoleArgs


@dataclass(frozen=True)
class FlowLogsArgs:
    place: Place
    vpc_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    retention_days: int


class FlowLogs(pulumi.ComponentResource):
    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:aws:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            name,
            name=args.place.flow_log_group,
            retention_in_days=args.retention_days,
            kms_key_id=args.key_arn,
            opts=child,
        )
        role = Role(
            f"{name}-role",
            RoleArgs(
                (args.place.cluster, "flow-logs"),
                policies.flow_logs_trust(args.place),
                inline=policies.flow_logs(args.place),
            ),
            child,
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags={"Name": name},
            # AWS tries the role when the flow log is made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )
        self.register_outputs({})
