"""A cluster as the renderer sees it: what its stack says, gathered in one value."""

from __future__ import annotations

from dataclasses import dataclass

from berth.settings.model import (
    AksSettings,
    Cloud,
    DeployRepo,
    EksSettings,
    ExistingSettings,
    GitOps,
    GkeSettings,
    Stack,
    cloud_of,
)


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
    deploy_repo_private: bool
    """Whether the stack has a credential for the deploy repo."""
    settings: EksSettings | GkeSettings | AksSettings | ExistingSettings

    @property
    def labels(self) -> dict[str, str]:
        return self.settings.labels

    @classmethod
    def of(
        cls, stack: str, settings: Stack, cluster: EksSettings | GkeSettings | AksSettings | ExistingSettings
    ) -> Cluster:
        return cls(
            name=cluster.name,
            stack=stack,
            environment=settings.environment,
            cloud=cloud_of(cluster),
            region=cluster.region,
            gitops=settings.gitops,
            deploy_repo=settings.deploy_repo,
            deploy_repo_private=bool(settings.deploy_repo_token or settings.deploy_repo_ssh_key),
            settings=cluster,
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
