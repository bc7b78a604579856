"""The agent that runs in a cluster: which one, which version, who installs it, and how large it is."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from berth.model import Choice, Model, Name40, ObjectName, Registry, TextLike, unique
from berth.settings.kinds import Engine, Install, Size

_BOUND = r"(?:[~^=]|[<>]=?)?[0-9]+(?:\.(?:[0-9]+|x|\*)){0,2}"
Version = Annotated[
    str,
    TextLike(
        rf"{_BOUND}(?: {_BOUND})?",
        'a version such as "2.7.5", or a range such as "2.7.x" or ">=2.7.0 <2.8.0"',
        longest=40,
    ),
]

Digest = Annotated[str, TextLike(r"sha256:[0-9a-f]{64}", '"sha256:" and 64 hexadecimal digits')]

VERSIONS = {Engine.FLUX: "2.7.5", Engine.ARGOCD: "3.4.4"}
"""The versions of the engines that are installed where the settings name none."""


class Sharding(Model):
    """Several instances of each Flux controller, each with its share of the tenants."""

    shards: Annotated[list[Name40], AfterValidator(unique), Field(min_length=1, max_length=50)]
    """Names of the shards. A tenant stays in its shard as long as that is there."""


class GitOps(Model):
    """The agent that runs in every cluster of the stack."""

    engine: Annotated[Engine, Choice(Engine)] = Engine.FLUX
    """Which agent reconciles. A tenant file never says: the same file does under both."""
    version: Version | None = None
    """Version of the agent's distribution; of Flux also a range, such as "2.7.x". Default: the one that this version of
    Berth was made with."""
    install: Annotated[Install, Choice(Install)] = Install.CHART
    """`chart` installs and upgrades the agent; `none` uses the one that is there already."""
    chart_digest: Digest | None = None
    """Digest of the chart that installs the agent: another chart under the same version is refused. Default: the
    registry's word is taken for it."""
    suspended: bool = False
    """Whether the agent rests: it neither pulls nor corrects drift, for no tenant. What runs goes on running. For a
    change of engines, or to keep commits out for a while."""
    size: Annotated[Size, Choice(Size)] | None = None
    """How much the agent does at the same time, and what Flux's controllers may use. Default: medium."""
    sharding: Sharding | None = None
    """Flux only: spreads the tenants of a cluster over several instances of the controllers."""
    registry: Registry | None = None
    """Where the images of the Flux controllers come from. Default: ghcr.io/fluxcd."""
    image_pull_secret: ObjectName | None = None
    """Secret in flux-system with the credential for `registry`, where the nodes have none of their own."""

    @property
    def installed_version(self) -> str:
        """The version that holds."""
        return self.version or VERSIONS[self.engine]

    @property
    def installed_size(self) -> Size:
        """The size that holds."""
        return self.size or Size.MEDIUM


FLUX_ONLY = {
    "sharding": "an Argo CD has one cluster here, and it spreads clusters over its shards, not applications",
    "registry": "the images of Argo CD are the chart's",
    "image_pull_secret": "the images of Argo CD are the chart's",
}
"""Settings that mean something to Flux alone, and why."""


class ClusterGitOps(Model):
    """What of the agent differs in one cluster."""

    engine: Annotated[Engine, Choice(Engine)] | None = None
    version: Version | None = None
    install: Annotated[Install, Choice(Install)] | None = None
    chart_digest: Digest | None = None
    suspended: bool | None = None
    size: Annotated[Size, Choice(Size)] | None = None
    sharding: Sharding | None = None
    registry: Registry | None = None
    image_pull_secret: ObjectName | None = None

    def over(self, stack: GitOps) -> GitOps:
        """The agent of the cluster. Another engine than the stack's has a version, a size and more of its own."""
        engine = self.engine or stack.engine
        base = (
            stack if engine is stack.engine else GitOps(engine=engine, install=stack.install, suspended=stack.suspended)
        )
        return base.model_copy(update={name: value for name, value in self if value is not None})
