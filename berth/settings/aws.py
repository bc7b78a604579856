"""A cluster in Amazon EKS: its section of the stack file, and what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from berth.cidr import network, within
from berth.document import KeyPath
from berth.errors import one_of
from berth.model import Choice, Cidr, Model, TextLike, unique, wrong
from berth.settings.addresses import Demand, aws_addresses, aws_room, cut_aws
from berth.settings.common import (
    CloudCluster,
    Finding,
    Network,
    NodePool,
    check_apart,
    check_cidr,
)
from berth.settings.kinds import Nat, Provider, SecurityProfile

InstanceType = Annotated[
    str,
    TextLike(
        r"[a-z][a-z0-9-]*\.(?:nano|micro|small|medium|large|[0-9]*xlarge|metal(?:-[0-9]+xl)?)",
        "an EC2 instance type such as m7i.large",
        longest=40,
    ),
]
Account = Annotated[str, TextLike(r"[0-9]{12}", 'an AWS account id: 12 digits in quotes, "111122223333"', longest=12)]
RoleArn = Annotated[
    str,
    TextLike(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+", "the ARN of an IAM role", longest=2048),
]
PrincipalArn = Annotated[
    str,
    TextLike(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:role|user)/[\w+=,.@/-]+",
        "the ARN of an IAM role or user, such as arn:aws:iam::111122223333:role/platform",
        longest=2048,
    ),
]
PolicyArn = Annotated[
    str,
    TextLike(r"arn:aws[a-z-]*:iam::(?:aws|[0-9]{12}):policy/[\w+=,.@/-]+", "the ARN of an IAM policy", longest=2048),
]
ZoneName = Annotated[
    # A zone's letter is its place in the network, which has room for as many as MOST_ZONES.
    str, TextLike(r"[a-z]{2}[a-z-]*-[a-z]+-[0-9][a-f]", "a zone such as eu-west-1a, up to f", longest=25)
]
SubnetId = Annotated[str, TextLike(r"subnet-[0-9a-f]{8,17}", "the id of a subnet: subnet-...", longest=24)]
VpcId = Annotated[str, TextLike(r"vpc-[0-9a-f]{8,17}", "the id of a VPC: vpc-...", longest=21)]
AddonVersion = Annotated[
    str, TextLike(r"v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+", "a version such as v1.12.4-eksbuild.1", longest=40)
]
_BEFORE_NITRO = re.compile(r"c[134]|d2|f1|g2|g3s?|h1|i[23]|m[1-4]|p[23]|r[34]|t[12]|x1e?")
"""Families of machines whose network interfaces take no blocks of addresses. Source: EC2, "Instances on Nitro"."""
_NODES_OWN_DOMAINS = ("node.kubernetes.io", "kubelet.kubernetes.io")
"""Under kubernetes.io and k8s.io, a kubelet sets labels of these domains on itself, and is refused others."""
_SERVICE_RANGES = tuple(map(network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""EKS takes a Service range from these. Source: API reference, KubernetesNetworkConfigRequest."""
_LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""What CloudWatch Logs takes."""


class Addon(StrEnum):
    """The add-ons that every cluster gets, by the names that EKS has for them."""

    VPC_CNI = "vpc-cni"
    KUBE_PROXY = "kube-proxy"
    POD_IDENTITY = "eks-pod-identity-agent"
    COREDNS = "coredns"
    EBS_CSI = "aws-ebs-csi-driver"


class Os(StrEnum):
    BOTTLEROCKET = "bottlerocket"
    AL2023 = "al2023"


class Endpoint(StrEnum):
    """AWS services that can be given an interface endpoint, by the last part of the service's name."""

    EC2 = "ec2"
    ECR_API = "ecr.api"
    ECR_DKR = "ecr.dkr"
    EKS = "eks"
    EKS_AUTH = "eks-auth"
    ELB = "elasticloadbalancing"
    KMS = "kms"
    LOGS = "logs"
    SECRETS = "secretsmanager"
    STS = "sts"


STRICT_ENDPOINTS = (Endpoint.EC2, Endpoint.ECR_API, Endpoint.ECR_DKR, Endpoint.EKS_AUTH, Endpoint.LOGS, Endpoint.STS)
"""What nodes and agents talk to all day: the endpoints of the strict profile."""


def _log_days(days: int) -> int:
    if days not in _LOG_DAYS:
        raise wrong(f"a number of days that CloudWatch takes: {', '.join(map(str, _LOG_DAYS))}")
    return days


class ExistingVpc(Model):
    """A VPC that is there already. Berth changes nothing in it."""

    vpc_id: VpcId
    private_subnet_ids: Annotated[list[SubnetId], AfterValidator(unique), Field(min_length=2)]
    """Subnets for nodes, with a way out. The first two, which are in two zones, also hold the API server's addresses:
    they stay the first two."""


class EksNetwork(Network):
    zones: Annotated[int, Field(ge=2, le=6)] = 3
    """Over how many zones nodes are spread. EKS needs two."""
    zone_names: Annotated[list[ZoneName], AfterValidator(unique), Field(min_length=2, max_length=6)] | None = None
    """The zones by name, where the account has others than the first of the region. The first two hold the API server's
    addresses: they stay the first two."""
    nat: Annotated[Nat, Choice(Nat)] | None = None
    """One NAT gateway, or one in each zone. Default: `perZone` in the strict profile, else `single`."""
    service_cidr: Cidr = "172.20.0.0/16"
    """Range of the cluster's Services. Not part of the network."""
    endpoints: Annotated[list[Annotated[Endpoint, Choice(Endpoint)]], AfterValidator(unique)] | None = None
    """Services reached inside the VPC. Default: six in the strict profile, else none. S3 always: it is free."""
    existing: ExistingVpc | None = None
    """A VPC that is there already, instead of a new one with `cidr`."""

    @model_validator(mode="after")
    def _new_or_existing(self) -> EksNetwork:
        if (self.cidr is None) == (self.existing is None):
            raise wrong("either cidr or existing", "cidr makes a new VPC, existing takes one that is there")
        if self.zone_names is not None and "zones" in self.model_fields_set and len(self.zone_names) != self.zones:
            raise wrong(f"as many zoneNames as zones ({self.zones})", "leave zones out")
        return self


class EksNodePool(NodePool):
    instance_type: InstanceType
    os: Annotated[Os, Choice(Os)] = Os.BOTTLEROCKET
    """What the nodes run: Bottlerocket, or Amazon Linux 2023."""

    @property
    def arm(self) -> bool:
        """Whether the machines are Graviton: a `g` after the generation, as in m7g or c6gn; a1 was the first."""
        family = self.instance_type.partition(".")[0]
        return family == "a1" or re.match(r"[a-z]+[0-9]+[a-z]*g", family.partition("-")[0]) is not None

    @property
    def gpu(self) -> bool:
        """Whether the machines have NVIDIA GPUs, which need images with their driver: families p and g, not g4ad."""
        return re.match(r"(?:p|g|gr)[0-9]", self.instance_type) is not None and not self.instance_type.startswith(
            "g4ad"
        )


class EksSettings(CloudCluster):
    """A cluster in Amazon EKS."""

    PROVIDER: ClassVar[Provider] = Provider.EKS

    provider: Literal["eks"]
    account: Account
    """The account that the cluster is in. Credentials for any other are refused."""
    assume_role: RoleArn | None = None
    """A role in that account to assume, instead of what the credentials are themselves."""
    network: EksNetwork
    admins: Annotated[list[PrincipalArn], AfterValidator(unique)] = []
    """IAM roles and users with admin rights in the cluster. Who deploys has to be among them, or be `assumeRole`."""
    node_pools: Annotated[list[EksNodePool], Field(min_length=1)]
    support: Literal["standard", "extended"] = "standard"
    """What happens at a version's end of standard support: AWS upgrades the cluster, or extended support is paid."""
    log_retention_days: Annotated[int, AfterValidator(_log_days)] = 365
    """How long the logs of the control plane and the network flow logs are kept."""
    addon_versions: dict[Annotated[Addon, Choice(Addon)], AddonVersion] = {}
    """Pinned versions of add-ons; what is left out gets the version that EKS has as default for the cluster's."""
    permissions_boundary: PolicyArn | None = None
    """Policy that bounds every role that Berth makes for a tenant's service account."""

    @property
    def pools(self) -> list[EksNodePool]:
        return self.node_pools

    @property
    def net(self) -> EksNetwork:
        return self.network

    @property
    def named_zones(self) -> list[str] | None:
        return self.network.zone_names

    def zones(self) -> list[str]:
        return self.network.zone_names or super().zones()

    def nat(self, profile: SecurityProfile) -> Nat:
        """The NAT gateways that hold."""
        return self.network.nat or (Nat.PER_ZONE if profile is SecurityProfile.STRICT else Nat.SINGLE)

    def endpoints(self, profile: SecurityProfile) -> list[Endpoint]:
        """The interface endpoints that hold, sorted."""
        if self.network.endpoints is not None:
            return sorted(self.network.endpoints)
        return sorted(STRICT_ENDPOINTS) if profile is SecurityProfile.STRICT else []

    @property
    def partition(self) -> str:
        """The first part of the ARNs of the cluster's region."""
        for start, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc")):
            if self.region.startswith(start):
                return partition
        return "aws"

    def administrators(self) -> list[str]:
        """Everyone with admin rights: those listed, and the role that deploys."""
        return sorted({*self.admins, *([self.assume_role] if self.assume_role else [])})

    def check(self, profile: SecurityProfile) -> Iterator[Finding]:
        yield from super().check(profile)
        yield from self._check_principals()
        yield from self._check_network()
        for index, pool in enumerate(self.node_pools):
            yield from _check_pool(pool, ("nodePools", index))

    def _check_principals(self) -> Iterator[Finding]:
        if not self.administrators():
            yield Finding(
                ("admins",),
                "at least one IAM principal",
                "EKS lets nobody in by itself: name who deploys",
                found="none",
            )
        if self.assume_role and self.assume_role.split(":")[4] != self.account:
            yield Finding(("assumeRole",), f"a role of the account {self.account}")
        if self.permissions_boundary and self.permissions_boundary.split(":")[4] not in ("aws", self.account):
            yield Finding(("permissionsBoundary",), f"a policy of the account {self.account}, or of AWS")
        stated: list[tuple[KeyPath, str | None]] = [
            (("assumeRole",), self.assume_role),
            (("permissionsBoundary",), self.permissions_boundary),
            *((("admins", index), arn) for index, arn in enumerate(self.admins)),
        ]
        for path, arn in stated:
            if arn and arn.split(":")[1] != self.partition:
                yield Finding(path, f"an ARN that begins with arn:{self.partition}:, as all of {self.region}")

    def _check_network(self) -> Iterator[Finding]:
        for index, zone in enumerate(self.network.zone_names or ()):
            if zone[:-1] != self.region:
                yield Finding(("network", "zoneNames", index), f"a zone of {self.region}")
        for index, cidr in enumerate(self.api.allowed_cidrs):
            if network(cidr).version != 4:
                yield Finding(("api", "allowedCidrs", index), "an IPv4 network", "the API server has IPv4 addresses")
        yield from check_apart(
            [(("network", "cidr"), self.network.cidr), (("network", "serviceCidr"), self.network.service_cidr)]
        )
        at: KeyPath = ("network", "serviceCidr")
        wrong_size = list(check_cidr(self.network.service_cidr, at, 12, 24, "Services"))
        yield from wrong_size
        if not wrong_size and not any(within(network(self.network.service_cidr), own) for own in _SERVICE_RANGES):
            yield Finding(at, f"a network inside {one_of(map(str, _SERVICE_RANGES))}", "EKS takes no other")
        if self.network.cidr is not None:
            wrong_size = list(check_cidr(self.network.cidr, ("network", "cidr"), 16, 22, "a VPC"))
            yield from wrong_size or self._check_room(self.network.cidr)

    def _check_room(self, cidr: str) -> Iterator[Finding]:
        zones = len(self.zones()) or self.network.zones
        needed = aws_addresses(Demand(pool.max + 1, pool.max_pods) for pool in self.node_pools)
        room = aws_room(cut_aws(cidr, zones))
        if needed > room:
            nodes = sum(pool.max for pool in self.node_pools)
            fits = next(
                (f"/{p}" for p in range(22, 15, -1) if aws_room(cut_aws(f"10.0.0.0/{p}", zones)) >= needed), None
            )
            yield Finding(
                ("network", "cidr"),
                f"room for {needed} addresses in {zones} private subnets, where {cidr} has {room}",
                f"{nodes} nodes and their pods ask for them: "
                + (f"take a {fits}, or lower max or maxPods" if fits else "lower max or maxPods"),
            )

    def _check_strict(self) -> Iterator[Finding]:
        yield from super()._check_strict()
        if self.api.public:
            yield Finding(
                ("api", "public"), "false in the strict profile", "reach the API server from inside the network"
            )
        if self.nat(SecurityProfile.STRICT) is Nat.SINGLE:
            yield Finding(
                ("network", "nat"), "perZone in the strict profile", "one zone must not take the others' way out"
            )
        if self.log_retention_days < 365:
            yield Finding(("logRetentionDays",), "at least 365 in the strict profile")


def _check_pool(pool: EksNodePool, at: KeyPath) -> Iterator[Finding]:
    family = pool.instance_type.partition(".")[0]
    if _BEFORE_NITRO.fullmatch(family) and not pool.instance_type.endswith("metal"):
        yield Finding(
            (*at, "instanceType"), "a type of the Nitro system", "pods get addresses in blocks, which older types lack"
        )
    for key in pool.labels:
        domain = key.rpartition("/")[0]
        owners = ("kubernetes.io", "k8s.io", "eks.amazonaws.com")
        reserved = any(domain == owner or domain.endswith(f".{owner}") for owner in owners)
        if reserved and not any(domain == own or domain.endswith(f".{own}") for own in _NODES_OWN_DOMAINS):
            yield Finding((*at, "labels", key), "a label key of your own", f"a node may not set labels of {domain}")
