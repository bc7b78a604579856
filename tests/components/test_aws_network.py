"""The network of an EKS cluster: subnets, ways out, endpoints and flow logs."""

from __future__ import annotations

import json
from ipaddress import IPv4Network

import pytest

from tests.components.aws_clusters import all_of, built, document, every_input, names, only, recorded
from tests.components.recording import Recorder

ZONES = ("eu-west-1a", "eu-west-1b", "eu-west-1c")


def subnets(recorder: Recorder, kind: str) -> dict[str, str]:
    """The ranges of the private or public subnets, by zone."""
    found = [item for item in all_of(recorder, "ec2.Subnet") if f"-{kind}-" in item.name]
    return {item.inputs["availabilityZone"]: item.inputs["cidrBlock"] for item in found}


def test_each_zone_has_a_private_and_a_public_subnet_that_overlap_no_other() -> None:
    private, public = subnets(recorded(), "private"), subnets(recorded(), "public")
    assert tuple(private) == tuple(public) == ZONES
    ranges = [IPv4Network(cidr) for cidr in (*private.values(), *public.values())]
    assert all(cidr.subnet_of(IPv4Network("10.10.0.0/16")) for cidr in ranges)
    assert not any(one.overlaps(other) for one in ranges for other in ranges if one is not other)


def test_no_subnet_hands_out_public_addresses() -> None:
    assert {item.inputs["mapPublicIpOnLaunch"] for item in all_of(recorded(), "ec2.Subnet")} == {False}


def test_load_balancers_find_their_subnets_by_tag() -> None:
    for item in all_of(recorded(), "ec2.Subnet"):
        role = "internal-elb" if "-private-" in item.name else "elb"
        assert item.inputs["tags"] == {"Name": item.name, f"kubernetes.io/role/{role}": "1"}


def test_the_control_plane_is_in_the_first_two_private_subnets_and_nodes_are_in_all() -> None:
    nodes = only(recorded(), "eks.NodeGroup").inputs["subnetIds"]
    assert nodes == [f"aws-test-private-{zone}-id" for zone in ZONES]
    assert only(recorded(), "eks.Cluster").inputs["vpcConfig"]["subnetIds"] == nodes[:2]


def test_another_zone_moves_nothing_and_is_not_told_to_the_control_plane() -> None:
    two, three = built(network={"cidr": "10.10.0.0/16", "zones": 2}), recorded()
    before, after = every_input(two, "aws-test"), every_input(three, "aws-test")
    changed = {urn.split("::")[-1] for urn, inputs in before.items() if after[urn] != inputs}
    endpoints = {item.name for item in all_of(three, "ec2.VpcEndpoint")}
    assert changed == {"aws-test-pool-general", *endpoints}  # they are in all zones


@pytest.mark.parametrize("zones", [["eu-west-1a", "eu-west-1c"], ["eu-west-1c", "eu-west-1a"], list(ZONES)])
def test_a_zone_s_range_follows_from_its_letter(zones: list[str]) -> None:
    recorder = built(network={"cidr": "10.10.0.0/16", "zoneNames": zones})
    expected = {"eu-west-1a": "10.10.0.0/19", "eu-west-1b": "10.10.32.0/19", "eu-west-1c": "10.10.64.0/19"}
    assert subnets(recorder, "private") == {zone: expected[zone] for zone in zones}


def test_private_subnets_leave_by_the_nat_gateway_of_their_zone_where_each_zone_has_one() -> None:
    routes = {item.name: item.inputs for item in all_of(recorded(), "ec2.Route")}
    for zone in ZONES:
        route = routes[f"aws-test-private-{zone}-out"]
        assert (route["natGatewayId"], route["destinationCidrBlock"]) == (f"aws-test-nat-{zone}-id", "0.0.0.0/0")
        assert "gatewayId" not in route
    assert routes["aws-test-public-out"]["gatewayId"] == "aws-test-internet-id"


def test_a_single_nat_gateway_is_the_first_zone_s_and_others_only_change_routes() -> None:
    single, each = recorded("dev"), recorded()
    assert names(single, "ec2.NatGateway") == {"aws-test-nat-eu-west-1a"}
    assert {item.inputs["natGatewayId"] for item in all_of(single, "ec2.Route") if "natGatewayId" in item.inputs} == {
        "aws-test-nat-eu-west-1a-id"
    }
    for kind in ("ec2.Vpc", "ec2.Subnet", "ec2.RouteTable", "ec2.RouteTableAssociation"):
        before, after = ({i.name: i.inputs for i in all_of(recorder, kind)} for recorder in (single, each))
        assert before == after, kind


def test_nat_gateways_wait_for_the_way_to_the_internet() -> None:
    out = only(recorded(), "ec2.Route", "public-out").urn
    assert all(out in item.depends_on for item in all_of(recorded(), "ec2.NatGateway"))


def test_every_subnet_has_a_route_table_and_each_private_one_its_own() -> None:
    tables = {item.name: item.inputs["routeTableId"] for item in all_of(recorded(), "ec2.RouteTableAssociation")}
    assert set(tables) == names(recorded(), "ec2.Subnet")
    private = [table for name, table in tables.items() if "-private-" in name]
    assert len(private) == len(set(private)) == 3


def test_the_default_security_group_allows_nothing() -> None:
    group = only(recorded(), "ec2.DefaultSecurityGroup").inputs
    assert (group.get("ingress", []), group.get("egress", [])) == ([], [])
    assert group["vpcId"] == "aws-test-id"


def test_all_traffic_is_logged_by_a_role_that_can_do_no_more() -> None:
    log = only(recorded(), "ec2.FlowLog").inputs
    assert (log["trafficType"], log["vpcId"]) == ("ALL", "aws-test-id")
    policy = only(recorded(), "iam.RolePolicy", "flow-logs-role").inputs["policy"]
    write, find = document(policy)
    group = "arn:aws:logs:eu-west-1:111122223333:log-group:/berth/aws-test/flow-logs"
    assert write["Resource"] == [group, f"{group}:*"]
    assert find["Action"] == "logs:DescribeLogGroups"
    trust = only(recorded(), "iam.Role", "flow-logs-role").inputs["assumeRolePolicy"]
    assert json.loads(trust)["Statement"][0]["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}


@pytest.mark.parametrize(
    ("profile", "services"), [("dev", set()), ("strict", {"ec2", "ecr.api", "ecr.dkr", "eks-auth", "logs", "sts"})]
)
def test_s3_has_an_endpoint_always_and_other_services_as_the_profile_says(profile: str, services: set[str]) -> None:
    found = {item.inputs["serviceName"]: item.inputs for item in all_of(recorded(profile), "ec2.VpcEndpoint")}
    assert set(found) == {f"com.amazonaws.eu-west-1.{service}" for service in {"s3", *services}}
    gateway = found.pop("com.amazonaws.eu-west-1.s3")
    assert gateway["routeTableIds"] == [f"aws-test-private-{zone}-id" for zone in ZONES]
    assert all(endpoint["privateDnsEnabled"] for endpoint in found.values())
    assert all(endpoint["securityGroupIds"] == ["aws-test-endpoint-id"] for endpoint in found.values())


def test_without_interface_endpoints_there_is_no_security_group_for_them() -> None:
    assert names(recorded("dev"), "ec2.SecurityGroup") == {"aws-test-api"}


def test_nodes_wait_for_the_network() -> None:
    waits = set(only(recorded(), "eks.NodeGroup").depends_on)
    for kind in ("ec2.Route", "ec2.RouteTableAssociation", "ec2.VpcEndpoint"):
        assert {item.urn for item in all_of(recorded(), kind)} <= waits, kind
