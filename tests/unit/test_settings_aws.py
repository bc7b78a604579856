"""The section of an EKS cluster: what it may not say, each told at its place."""

from __future__ import annotations

import pytest

from berth.settings import EksSettings, SecurityProfile
from berth.settings.aws import Endpoint
from berth.settings.kinds import Nat
from tests.support import Sandbox

ROLE = "arn:aws:iam::111122223333:role/platform"
POOL = "{name: general, instanceType: m7i.large}"
NETWORK = "{cidr: 10.10.0.0/16}"
EXISTING = "{existing: {vpcId: vpc-0a1b2c3d, privateSubnetIds: [subnet-0000000a, subnet-0000000b]}}"


def settings(sandbox: Sandbox) -> EksSettings:
    found = sandbox.cluster().settings
    assert isinstance(found, EksSettings)
    return found


def more(sandbox: Sandbox, line: str) -> None:
    """Adds a line to the cluster's section."""
    sandbox.stack("      account:", f"      {line}\n      account:")


def refused(sandbox: Sandbox, path: str) -> str:
    """The one problem, which is at a path inside the cluster."""
    found = [problem for problem in sandbox.problems() if problem.file == "Pulumi.dev.yaml"]
    assert [problem.path for problem in found] == [f"config.berth:clusters[0].{path}"], "\n".join(map(str, found))
    assert found[0].line > 0
    return str(found[0])


# (what stands in the file, what stands there instead, path, part of the message)
WRONG = {
    "account without quotes": ('"111122223333"', "111122223333", "account", 'write it in quotes: "111122223333"'),
    "account of 11 digits": ('"111122223333"', '"11112222333"', "account", "12 digits"),
    "unknown region": ("region: eu-west-1", "region: eu-wset-1", "region", 'did you mean "eu-west-1"?'),
    "region of another cloud": ("region: eu-west-1", "region: westeurope", "region", "a region of eks"),
    "version that is gone": ('"1.35"', '"1.27"', "kubernetesVersion", "which eks offers"),
    "version that is not there yet": ('"1.35"', '"1.99"', "kubernetesVersion", "berth/settings/versions.py"),
    "machine type of another cloud": ("m7i.large", "n2-standard-2", "nodePools[0].instanceType", "EC2 instance type"),
    "machine type before Nitro": ("m7i.large", "m4.large", "nodePools[0].instanceType", "Nitro"),
    "unknown system": (POOL, "{name: general, instanceType: m7i.large, os: ubuntu}", "nodePools[0].os", "bottlerocket"),
    "label that a node may not set": (
        POOL, "{name: general, instanceType: m7i.large, labels: {node-role.kubernetes.io/web: a}}",
        'nodePools[0].labels["node-role.kubernetes.io/web"]', "a node may not set labels of node-role.kubernetes.io"),
    "only pools with taints": (
        POOL, "{name: gpu, instanceType: g5.xlarge, taints: [{key: gpu, effect: NoSchedule}]}", "nodePools",
        "a pool without taints"),
    "network and existing network": (NETWORK, EXISTING.replace("{existing", "{cidr: 10.10.0.0/16, existing"), "network",
                                     "either cidr or existing"),
    "neither": (NETWORK, "{zones: 2}", "network", "either cidr or existing"),
    "one subnet": (NETWORK, EXISTING.replace(", subnet-0000000b", ""), "network.existing.privateSubnetIds",
                   "at least 2"),
    "the same subnet twice": (NETWORK, EXISTING.replace("000b", "000a"), "network.existing.privateSubnetIds",
                              "each value once"),
    "id of something else": (NETWORK, EXISTING.replace("vpc-0", "vcp-0"), "network.existing.vpcId", "the id of a VPC"),
    "network too wide": (NETWORK, "{cidr: 10.0.0.0/8}", "network.cidr", "/16 to /22 for a VPC"),
    "network too narrow": (NETWORK, "{cidr: 10.10.0.0/24}", "network.cidr", "/16 to /22 for a VPC"),
    "network of IPv6": (NETWORK, '{cidr: "fd00:1::/48"}', "network.cidr", "an IPv4 network"),
    "Services inside the network": (NETWORK, "{cidr: 10.10.0.0/16, serviceCidr: 10.10.64.0/20}", "network.serviceCidr",
                                    "a range apart from 10.10.0.0/16"),
    "Services outside private ranges": (NETWORK, "{cidr: 10.10.0.0/16, serviceCidr: 100.64.0.0/16}",
                                        "network.serviceCidr", "172.16.0.0/12"),
    "Services too narrow": (NETWORK, "{cidr: 10.10.0.0/16, serviceCidr: 172.20.0.0/28}", "network.serviceCidr",
                            "/12 to /24"),
    "more zones than there are": (NETWORK, "{cidr: 10.10.0.0/16, zones: 4}", "network.zones", "at most 3"),
    "one zone": (NETWORK, "{cidr: 10.10.0.0/16, zones: 1}", "network.zones", "greater than or equal to 2"),
    "zone of another region": (NETWORK, "{cidr: 10.10.0.0/16, zoneNames: [eu-west-1a, eu-west-2b]}",
                               "network.zoneNames[1]", "a zone of eu-west-1"),
    "zone that the network has no place for": (NETWORK, "{cidr: 10.10.0.0/16, zoneNames: [eu-west-1a, eu-west-1g]}",
                                               "network.zoneNames[1]", "up to f"),
    "as many zones as are not named": (NETWORK, "{cidr: 10.10.0.0/16, zones: 3, zoneNames: [eu-west-1a, eu-west-1b]}",
                                       "network", "leave zones out"),
    "unknown NAT": (NETWORK, "{cidr: 10.10.0.0/16, nat: perzone}", "network.nat", 'did you mean "perZone"?'),
    "unknown endpoint": (NETWORK, "{cidr: 10.10.0.0/16, endpoints: [ecr]}", "network.endpoints[0]", "ecr.api"),
    "nobody": (f'admins: ["{ROLE}"]', "admins: []", "admins", "name who deploys"),
    "everybody": (ROLE, "arn:aws:iam::111122223333:root", "admins[0]", "the ARN of an IAM role or user"),
    "admin of another partition": (ROLE, ROLE.replace(":aws:", ":aws-cn:"), "admins[0]", "begins with arn:aws:"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "says"), list(WRONG.values()), ids=list(WRONG))
def test_a_wrong_setting_is_told_at_its_path(sandbox: Sandbox, old: str, new: str, path: str, says: str) -> None:
    sandbox.stack(old, new)
    assert says in refused(sandbox, path)


# (a line of its own in the section, path, part of the message)
MORE_WRONG = {
    "role of another account": (
        "assumeRole: arn:aws:iam::444455556666:role/ci", "assumeRole", "a role of the account 111122223333"),
    "role that is a user": ("assumeRole: arn:aws:iam::111122223333:user/ci", "assumeRole", "the ARN of an IAM role"),
    "boundary of another account": (
        "permissionsBoundary: arn:aws:iam::444455556666:policy/b", "permissionsBoundary", "111122223333, or of AWS"),
    "days that no one keeps": ("logRetentionDays: 100", "logRetentionDays", "CloudWatch takes: 1, 3, 5"),
    "unknown support": ("support: premium", "support", "'standard' or 'extended'"),
    "unknown add-on": (
        "addonVersions: {core-dns: v1.12.4-eksbuild.1}", "addonVersions.core-dns", 'did you mean "coredns"?'),
    "version of another form": ("addonVersions: {coredns: 1.12.4}", "addonVersions.coredns", "v1.12.4-eksbuild.1"),
    "API open to all": ("api: {public: true, allowedCidrs: [0.0.0.0/0]}", "api", "not the whole internet"),
    "API over IPv6": (
        'api: {public: true, allowedCidrs: ["2001:db8::/32"]}', "api.allowedCidrs[0]", "an IPv4 network"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "path", "says"), list(MORE_WRONG.values()), ids=list(MORE_WRONG))
def test_a_wrong_line_is_told_at_its_path(sandbox: Sandbox, line: str, path: str, says: str) -> None:
    more(sandbox, line)
    assert says in refused(sandbox, path)


def test_a_network_without_room_says_how_many_addresses_are_asked_for_and_what_fits(sandbox: Sandbox) -> None:
    sandbox.stack(NETWORK, "{cidr: 10.10.0.0/22}")
    message = refused(sandbox, "network.cidr")
    # 6 nodes and one more while they are upgraded: an address each, and 8 blocks of 16 for 110 pods
    assert "room for 903 addresses in 3 private subnets, where 10.10.0.0/22 has 369" in message
    assert "6 nodes and their pods ask for them: take a /20, or lower max or maxPods" in message


def test_a_network_that_no_vpc_could_hold_says_to_ask_for_less(sandbox: Sandbox) -> None:
    sandbox.stack("m7i.large}", "m7i.large, max: 1000}")
    message = refused(sandbox, "network.cidr")
    assert "lower max or maxPods" in message
    assert "take a" not in message


STRICT = {
    "public API": ("account:", "api: {public: true, allowedCidrs: [203.0.113.0/24]}\n      account:", "api.public"),
    "one way out": (NETWORK, "{cidr: 10.10.0.0/16, nat: single}", "network.nat"),
    "logs for a month": ("account:", "logRetentionDays: 30\n      account:", "logRetentionDays"),
    "spot without a taint": (POOL, "{name: general, instanceType: m7i.large, spot: true}", "nodePools[0].spot"),
    "one node": (POOL, "{name: general, instanceType: m7i.large, min: 1}", "nodePools[0].min"),
}


@pytest.mark.parametrize(("old", "new", "path"), list(STRICT.values()), ids=list(STRICT))
def test_the_strict_profile_refuses_what_dev_allows(sandbox: Sandbox, old: str, new: str, path: str) -> None:
    sandbox.stack(old, new)
    assert settings(sandbox)
    sandbox.stack("berth:securityProfile: dev", "berth:securityProfile: strict")
    assert "strict profile" in refused(sandbox, path)


def test_what_is_left_out_follows_the_profile(sandbox: Sandbox) -> None:
    found, dev, strict = settings(sandbox), SecurityProfile.DEV, SecurityProfile.STRICT
    assert (found.nat(dev), found.nat(strict)) == (Nat.SINGLE, Nat.PER_ZONE)
    assert (found.protected(dev), found.protected(strict)) == (False, True)
    assert (found.endpoints(dev), len(found.endpoints(strict))) == ([], 6)


def test_what_is_stated_holds_in_every_profile(sandbox: Sandbox) -> None:
    sandbox.stack(NETWORK, "{cidr: 10.10.0.0/16, nat: perZone, endpoints: [sts, ec2]}")
    more(sandbox, "deletionProtection: true")
    found = settings(sandbox)
    for profile in SecurityProfile:
        assert (found.nat(profile), found.protected(profile)) == (Nat.PER_ZONE, True)
        assert found.endpoints(profile) == [Endpoint.EC2, Endpoint.STS]


def test_the_role_that_deploys_is_an_administrator_without_being_listed(sandbox: Sandbox) -> None:
    sandbox.stack(f'admins: ["{ROLE}"]', f"assumeRole: {ROLE}")
    assert settings(sandbox).administrators() == [ROLE]


def test_zones_are_the_region_s_first_unless_they_are_named(sandbox: Sandbox) -> None:
    assert settings(sandbox).zones() == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    sandbox.stack(NETWORK, "{cidr: 10.10.0.0/16, zoneNames: [eu-west-1c, eu-west-1a]}")
    assert settings(sandbox).zones() == ["eu-west-1c", "eu-west-1a"]


def test_labels_that_a_node_may_set_on_itself_are_taken(sandbox: Sandbox) -> None:
    sandbox.stack(POOL, "{name: general, instanceType: m7i.large, labels: {node.kubernetes.io/class: a, team: b}}")
    assert settings(sandbox).node_pools[0].labels == {"node.kubernetes.io/class": "a", "team": "b"}


@pytest.mark.parametrize(
    "arn",
    ["arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/IAMFullAccess",
     "arn:aws:iam::aws:policy/AdministratorAccess-Amplify", "arn:aws:iam::aws:policy/AWSOrganizationsFullAccess",
     "arn:aws:iam::aws:policy/AWSSSOMasterAccountAdministrator", "arn:aws-cn:iam::aws:policy/PowerUserAccess",
     "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/job-function/SystemAdministrator",
     "arn:aws:iam::aws:policy/job-function/SupportUser", "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
     "arn:aws:iam::aws:policy/AmazonEC2FullAccess", "arn:aws:iam::aws:policy/AmazonSSMFullAccess",
     "arn:aws:iam::aws:policy/EC2InstanceConnect", "arn:aws:iam::111122223333:policy/AdministratorAccess"],
)  # fmt: skip
def test_a_tenant_gets_no_administrator_s_policy(sandbox: Sandbox, arn: str) -> None:
    sandbox.tenant(f"identity: [{{serviceAccount: app, aws: {{policyArns: ['{arn}']}}}}]\n")
    problem = sandbox.problem()
    assert problem.path == "identity[0].aws.policyArns[0]"
    assert "administrator policies are not for tenants" in problem.fix


@pytest.mark.parametrize(
    "arn",
    ["arn:aws:iam::aws:policy/AmazonSQSFullAccess", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
     "arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole",
     "arn:aws:iam::111122223333:policy/AdminPages", "arn:aws:iam::111122223333:policy/job-function/ReadOnlyAccess"],
)  # fmt: skip
def test_a_tenant_gets_a_policy_for_a_service_or_of_its_platform_s_own(sandbox: Sandbox, arn: str) -> None:
    sandbox.tenant(f"identity: [{{serviceAccount: app, aws: {{policyArns: ['{arn}']}}}}]\n")
    assert sandbox.load()
