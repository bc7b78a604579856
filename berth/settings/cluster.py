"""A cluster as the renderer sees it: what its stack says, gathered in one value."""

from __future__ import annotations

from dataclasses import dataclass

from berth.settings.credentials import GitCredential
from berth.settings.gitops import GitOps
from berth.settings.kinds import Cloud, Delivery, SecurityProfile
from berth.settings.model import AnyCluster, DeployRepo, Stack, cloud_of


@dataclass(frozen=True)
class Cluster:
    """One cluster of one stack."""

    name: str
    stack: str
    environment: str
    cloud: Cloud
    region: str
    gitops: GitOps
    deploy_repo: DeployRepo
    credential: GitCredential | None
    """For the deploy repo; None where it is public."""
    settings: AnyCluster
    known_hosts: str = ""
    """Host keys of the deploy repo's Git server; empty where the stack states none."""
    security_profile: SecurityProfile = SecurityProfile.STRICT
    delivery: Delivery = Delivery.PULUMI
    """How tenants' objects reach it."""

    @property
    def labels(self) -> dict[str, str]:
        return self.settings.labels

    @classmethod
    def of(cls, stack: str, settings: Stack, cluster: AnyCluster) -> Cluster:
        return cls(
            name=cluster.name,
            stack=stack,
            environment=settings.environment,
            cloud=cloud_of(cluster),
            region=cluster.region,
            gitops=cluster.gitops.over(settings.gitops) if cluster.gitops else settings.gitops,
            deploy_repo=settings.deploy_repo,
            credential=settings.credential_of(cluster.name),
            settings=cluster,
            known_hosts=settings.known_hosts or "",
            security_profile=settings.security_profile,
            delivery=settings.delivery,
        )

    def path_of(self, tenant: str) -> str:
        """Path of a tenant's manifests in the deploy repo."""
        return self.deploy_repo.path.format(
            tenant=tenant,
            environment=self.environment,
            cloud=self.cloud,
            cluster=self.name,
            region=self.region,
        )
