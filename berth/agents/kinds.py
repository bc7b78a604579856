"""The kinds of the agents' own APIs that Berth writes and reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from berth.settings import Engine


@dataclass(frozen=True, order=True)
class Kind:
    """A kind, in the version that objects name. All are namespaced."""

    group: str
    version: str
    name: str
    plural: str
    part: str = "the agent"
    """What of the agent brings it."""

    @property
    def crd(self) -> str:
        """Name of its CustomResourceDefinition."""
        return f"{self.plural}.{self.group}"

    def __str__(self) -> str:
        return f"{self.group}/{self.version} {self.name}"


KINDS: Mapping[Engine, tuple[Kind, ...]] = {
    Engine.FLUX: (
        Kind("source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories"),
        Kind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations"),
    ),
    Engine.ARGOCD: (
        Kind("argoproj.io", "v1alpha1", "AppProject", "appprojects"),
        Kind("argoproj.io", "v1alpha1", "Application", "applications"),
    ),
}
"""By engine: what render returns for it besides Kubernetes' own kinds, whoever the tenants are."""

_TELLS = "notification-controller, which tenants' `notify` needs"
_ALERTS = (
    Kind("notification.toolkit.fluxcd.io", "v1beta3", "Provider", "providers", _TELLS),
    Kind("notification.toolkit.fluxcd.io", "v1beta3", "Alert", "alerts", _TELLS),
)


def kinds_for(engine: Engine, *, alerts: bool = False) -> tuple[Kind, ...]:
    """The kinds that a cluster needs; with `alerts`, where a tenant has somebody told how its syncs go."""
    return (*KINDS[engine], *(_ALERTS if alerts and engine is Engine.FLUX else ()))


FLUX_INSTANCE = Kind("fluxcd.controlplane.io", "v1", "FluxInstance", "fluxinstances")
"""What Flux Operator makes Flux from."""
