"""Where a cluster is in AWS, and the names that follow from it: ARNs and the names of service principals."""

from __future__ import annotations

from dataclasses import dataclass

from berth.settings import EksSettings

_DNS_SUFFIXES = {"aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu"}


@dataclass(frozen=True)
class Place:
    """One cluster's partition, region and account. Everything here is known before anything is created."""

    partition: str
    region: str
    account: str
    cluster: str
    """The cluster's name."""

    @classmethod
    def of(cls, settings: EksSettings) -> Place:
        return cls(settings.partition, settings.region, settings.account, settings.name)

    @property
    def cluster_arn(self) -> str:
        return self._arn("eks", f"cluster/{self.cluster}")

    @property
    def account_root(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:root"

    @property
    def flow_logs(self) -> str:
        """ARNs of all flow logs of the account and region: a flow log's own is not known before it exists."""
        return self._arn("ec2", "vpc-flow-log/*")

    @property
    def control_plane_log_group(self) -> str:
        """The name under which EKS looks for it."""
        return f"/aws/eks/{self.cluster}/cluster"

    @property
    def flow_log_group(self) -> str:
        return f"/berth/{self.cluster}/flow-logs"

    def log_group_arn(self, name: str) -> str:
        return self._arn("logs", f"log-group:{name}")

    def aws_policy(self, path: str) -> str:
        """ARN of a policy that AWS manages."""
        return f"arn:{self.partition}:iam::aws:policy/{path}"

    def access_policy(self, name: str) -> str:
        """ARN of one of EKS's own policies for the Kubernetes API."""
        return f"arn:{self.partition}:eks::aws:cluster-access-policy/{name}"

    def regional(self, service: str) -> str:
        """A service's name in this region, as principal and as kms:ViaService. Most services have no such name."""
        return f"{service}.{self.region}.{_DNS_SUFFIXES.get(self.partition, 'amazonaws.com')}"

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"
