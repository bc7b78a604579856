"""What is known of a cluster's agent: its programs, whether they are ready, and what it lacks. Pure.

The checks are those of `berth.agents`, which are made before anything is deployed as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from berth.agents import KINDS, Found, argocd, flux
from berth.agents.found import Answer, Answers, Unread, arguments
from berth.names import ARGOCD_NAMESPACE, FLUX_NAMESPACE
from berth.settings import Cluster, Engine, Install
from berth.status.observed import WORKLOADS, Object, Observed

_PART_OF = "app.kubernetes.io/part-of"
_VERSION = "app.kubernetes.io/version"
_APPLIES = {Engine.FLUX: "kustomize-controller", Engine.ARGOCD: "application-controller"}
"""The program that applies what is in Git, as its name ends or, in shards, goes on."""
_FETCHES = {Engine.FLUX: "source-controller", Engine.ARGOCD: "repo-server"}
"""The program without which there is nothing new to apply."""


def look(engine: Engine, answer: Observed) -> Found:
    """What the agent lacks, and what of it could not be read."""
    found = Found.of(_kinds(engine, answer))
    if engine is Engine.FLUX:
        refused = answer.refusal("Deployment")
        # What a program that has ended was started with is not known.
        deployments: Answers = tuple(each for each in programs(engine, answer) if any(arguments(each)) or _images(each))
        return found + Found.of(
            flux.lockdown(Unread(f"Deployments could not be read: {refused.message}") if refused else deployments)
        )
    return found + Found.of(argocd.lockdown(_installation(answer)))


def programs(engine: Engine, answer: Observed) -> list[Object]:
    """The Deployments, StatefulSets and DaemonSets of the agent, and its programs beside the cluster."""
    if answer.programs:
        return list(answer.programs)
    part, namespace = ("flux", FLUX_NAMESPACE) if engine is Engine.FLUX else ("argocd", ARGOCD_NAMESPACE)
    everywhere = [item for kind in WORKLOADS for item in answer.everywhere(kind)]
    labelled = [item for item in everywhere if _labels(item).get(_PART_OF) == part]
    # The extension of AKS and others rewrite labels.
    return labelled or [item for item in everywhere if item["metadata"].get("namespace") == namespace]


def failures(cluster: Cluster, answer: Observed, found: list[Object]) -> Iterator[str]:
    """Why the agent does not do its work, by its programs. A program that nobody wants to run has no failure unless
    syncing takes it; an Argo CD that Berth did not install may run outside of the cluster."""
    engine, refused = cluster.gitops.engine, any(answer.refusal(kind) for kind in WORKLOADS)
    elsewhere = engine is Engine.ARGOCD and cluster.gitops.install is Install.NONE and not found
    if not refused and not elsewhere and not any(_is_a(_APPLIES[engine], item) for item in found):
        yield f"the agent is not there: no {_APPLIES[engine]} was found"
    if waiting := sorted(item["metadata"]["name"] for item in found if not is_ready(item)):
        yield f"the agent is not ready: {', '.join(waiting)}"
    needed = (_APPLIES[engine], _FETCHES[engine])
    if stopped := sorted(
        item["metadata"]["name"]
        for item in found
        if item["spec"].get("replicas") == 0 and any(_is_a(name, item) for name in needed)
    ):
        yield f"the agent is stopped, with no replicas: {', '.join(stopped)}"


def _is_a(program: str, item: Object) -> bool:
    return program in item["metadata"]["name"]


def version(found: list[Object]) -> str:
    """The version that the agent's programs carry as a label, else that of their images; empty where neither tells."""
    told = {_labels(item).get(_VERSION, "") for item in found} - {""}
    if not told:
        images = [image for item in found for image in _images(item)]
        told = {image.partition("@")[0].rpartition(":")[2] for image in images if ":" in image} - {""}
        return told.pop() if len(told) == 1 else ""
    return ", ".join(sorted(told))


def is_ready(item: Object) -> bool:
    """Whether a workload runs as it is to run: all of it, in its present form."""
    status, wanted = item.get("status") or {}, item.get("spec", {}).get("replicas")
    if status.get("observedGeneration", 0) < item["metadata"].get("generation", 0):
        return False
    if "desiredNumberScheduled" in status:  # a DaemonSet
        most = status["desiredNumberScheduled"]
        return bool(min(status.get("numberReady", 0), status.get("updatedNumberScheduled", 0)) >= most)
    most, updated = 1 if wanted is None else wanted, status.get("updatedReplicas", 0)
    # A replica of the former form that is there still may be the one that is ready.
    return bool(status.get("readyReplicas", 0) >= most and updated >= most and status.get("replicas", 0) <= updated)


def _kinds(engine: Engine, answer: Observed) -> Iterator[str | Unread]:
    for kind in KINDS[engine]:
        refused = answer.refusal(kind.name)
        if refused is not None and refused.unknown_kind:
            yield f"{kind}: the API server does not serve it; install the agent, with its CRDs"
        elif refused is not None:
            yield Unread(f"{kind} could not be read: {refused.message}")


def _installation(answer: Observed) -> argocd.Installation:
    servers = [item for item in programs(Engine.ARGOCD, answer) if _is_repo_server(item)]
    refused = answer.refusal("Deployment", ARGOCD_NAMESPACE)
    return argocd.Installation(
        _one(answer, "ConfigMap", argocd.SETTINGS),
        _one(answer, "ConfigMap", argocd.PARAMETERS),
        _one(answer, "AppProject", "default"),
        Unread(f"Deployments could not be read: {refused.message}") if refused else tuple(servers),
    )


def _one(answer: Observed, kind: str, name: str) -> Answer:
    refused = answer.refusal(kind, ARGOCD_NAMESPACE)
    if refused is not None:
        return Unread(f"{kind} {name} could not be read: {refused.message}")
    return answer.get(kind, ARGOCD_NAMESPACE, name)


def _is_repo_server(item: Object) -> bool:
    return dict(label.split("=") for label in argocd.REPO_SERVERS.split(",")).items() <= _labels(item).items()


def _labels(item: Object) -> dict[str, str]:
    return item["metadata"].get("labels") or {}


def _images(item: Object) -> list[str]:
    containers = item.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or []
    return [each["image"] for each in containers if each.get("image")]
