"""What no single field of a stack file shows: inside a cluster's settings, and between clusters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from berth.cidr import Network, network
from berth.document import Document, KeyPath
from berth.errors import Problem
from berth.settings.common import CloudCluster
from berth.settings.credential_checks import check_credentials
from berth.settings.gitops import FLUX_ONLY, ClusterGitOps, GitOps
from berth.settings.kinds import Delivery, Engine, Install
from berth.settings.model import Stack


def check(settings: Stack, document: Document, in_file: Callable[[KeyPath], KeyPath]) -> Iterator[Problem]:
    """Every problem of settings whose fields are fine by themselves. `in_file` maps a path of the model to the file."""
    seen: set[str] = set()
    networks: list[tuple[str, Network]] = []
    for index, cluster in enumerate(settings.clusters):
        at = in_file(("clusters", index))
        if cluster.name in seen:
            yield document.problem((*at, "name"), "a name that no other cluster has", fix="rename one")
        seen.add(cluster.name)
        if not isinstance(cluster, CloudCluster):
            continue
        for finding in cluster.check(settings.security_profile):
            yield document.problem((*at, *finding.path), finding.expected, found=finding.found, fix=finding.fix)
        if cluster.net.cidr is None:
            continue
        whole = network(cluster.net.cidr)
        for other_name, other in networks:
            if whole.overlaps(other):
                yield document.problem(
                    (*at, "network", "cidr"),
                    f"a range apart from {other_name}'s ({other})",
                    fix="clusters whose networks overlap can never be connected",
                )
        networks.append((cluster.name, whole))
    yield from check_credentials(settings, document, in_file)
    yield from _agents(settings, document, in_file)
    if settings.delivery is Delivery.GIT:
        yield from _git_delivery(settings, document, in_file)


def _agents(settings: Stack, document: Document, in_file: Callable[[KeyPath], KeyPath]) -> Iterator[Problem]:
    """What the agent's settings say that means nothing to its engine."""
    sections: list[tuple[KeyPath, GitOps | ClusterGitOps | None, GitOps]] = [
        (in_file(("gitops",)), settings.gitops, settings.gitops)
    ]
    for index, cluster in enumerate(settings.clusters):
        if cluster.gitops is not None:
            sections.append(
                ((*in_file(("clusters", index)), "gitops"), cluster.gitops, cluster.gitops.over(settings.gitops))
            )
    for at, stated, whole in sections:
        if stated is None:
            continue
        if stated.chart_digest is not None and whole.install is Install.NONE:
            yield document.problem(
                (*at, "chartDigest"), "none, as no chart is installed", fix="remove it, or set install: chart"
            )
        if whole.engine is not Engine.ARGOCD:
            continue
        for name, why in FLUX_ONLY.items():
            if getattr(stated, name) is not None:
                key = str(type(stated).model_fields[name].alias)
                yield document.problem(
                    (*at, key), "no such setting with Argo CD", key=True, found=f'"{key}"', fix=f"remove it: {why}"
                )
        if stated.version is not None and not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", stated.version):
            yield document.problem(
                (*at, "version"), 'one version, such as "3.4.4"', fix="only Flux Operator picks one out of a range"
            )


def _git_delivery(settings: Stack, document: Document, in_file: Callable[[KeyPath], KeyPath]) -> Iterator[Problem]:
    """What Git cannot deliver: a secret."""
    for cluster in settings.clusters:
        engine = (cluster.gitops or ClusterGitOps()).over(settings.gitops).engine
        credential = settings.credential_of(cluster.name)
        if engine is Engine.FLUX and credential is not None and credential.existing is None:
            yield document.problem(
                in_file(("delivery",)),
                f"pulumi, as Flux in {cluster.name} logs in to the deploy repo with a secret of the stack",
                fix="Flux needs it in each tenant's sync namespace, and Git must not hold it: name a Secret that is "
                "there already (deployRepoSecret), see docs/delivery.md",
            )
            return
