"""Ways to AWS services that stay inside the network: S3 always, for it is free; others as the settings say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from berth.settings.aws import Endpoint


@dataclass(frozen=True)
class EndpointsArgs:
    vpc_id: pulumi.Input[str]
    cidr: str
    subnet_ids: Sequence[pulumi.Input[str]]
    route_table_ids: Sequence[pulumi.Input[str]]
    services: Sequence[Endpoint]


class Endpoints(pulumi.ComponentResource):
    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:aws:Endpoints", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=args.vpc_id,
            service_name=self._service_name("s3", "Gateway"),
            vpc_endpoint_type="Gateway",
            route_table_ids=args.route_table_ids,
            tags={"Name": f"{name}-s3"},
            opts=self._child,
        )
        if args.services:
            group = self._security_group(name, args)
            for service in args.services:
                self._interface(f"{name}-{service}", service, group, args)
        self.register_outputs({})

    def _interface(self, name: str, service: Endpoint, group: aws.ec2.SecurityGroup, args: EndpointsArgs) -> None:
        aws.ec2.VpcEndpoint(
            name,
            vpc_id=args.vpc_id,
            service_name=self._service_name(service.value, "Interface"),
            vpc_endpoint_type="Interface",
            # Programs find the endpoint under the service's own name.
            private_dns_enabled=True,
            subnet_ids=args.subnet_ids,
            security_group_ids=[group.id],
            tags={"Name": name},
            opts=self._child,
        )

    def _security_group(self, name: str, args: EndpointsArgs) -> aws.ec2.SecurityGroup:
        """HTTPS from inside the network; endpoints never call anyone, so nothing may leave."""
        group = aws.ec2.SecurityGroup(
            name,
            description="Endpoints of AWS services inside the network",
            vpc_id=args.vpc_id,
            tags={"Name": name},
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-https",
            security_group_id=group.id,
            description="HTTPS from the network",
            cidr_ipv4=args.cidr,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=self._child,
        )
        return group

    def _service_name(self, service: str, kind: str) -> pulumi.Output[str]:
        """As AWS tells it: partitions begin these names in different ways."""
        return aws.ec2.get_vpc_endpoint_service_output(
            service=service, service_type=kind, opts=pulumi.InvokeOptions(parent=self)
        ).service_name
