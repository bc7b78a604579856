"""What an agent lacks, judged from what an API server told, and what the API server is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from berth.agents import KINDS, Found, argocd, flux, kinds_for, look, until_ready
from berth.project import Project
from berth.render import render
from berth.settings import Engine
from tests.components.recording import ROOT

LOCKED = ("--no-cross-namespace-refs=true", "--no-remote-bases=true", "--default-service-account=default")


def deployment(name: str, *arguments: str, namespace: str = "flux-system") -> dict[str, Any]:
    container = {"name": "manager", "args": list(arguments)}
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def of_flux(*deployments: dict[str, Any]) -> Found:
    return Found.of(flux.lockdown(deployments))


def test_flux_with_its_flags_lacks_nothing() -> None:
    assert of_flux(deployment("kustomize-controller", *LOCKED), deployment("source-controller")) == Found()


@pytest.mark.parametrize("missing", LOCKED)
def test_each_flag_that_is_missing_is_named_with_the_controller(missing: str) -> None:
    found = of_flux(deployment("kustomize-controller", *(each for each in LOCKED if each != missing)))
    assert found.missing == (f"flux-system/kustomize-controller: add {missing} (args of the Deployment)",)


def test_all_that_is_missing_is_told_at_once() -> None:
    assert len(of_flux(deployment("kustomize-controller"), deployment("helm-controller")).missing) == 5


@pytest.mark.parametrize("stated", ["--no-remote-bases", "--no-remote-bases=1", "--no-remote-bases=TRUE"])
def test_a_flag_is_read_as_the_controller_reads_it(stated: str) -> None:
    rest = (LOCKED[0], "--default-service-account", "flux-applier")
    assert of_flux(deployment("kustomize-controller", stated, *rest)) == Found()


def test_the_last_of_a_flag_s_values_counts() -> None:
    found = of_flux(deployment("kustomize-controller", *LOCKED, "--no-remote-bases=false"))
    assert "found --no-remote-bases=false" in found.missing[0]


def test_a_flux_that_can_only_run_in_the_cluster_must_be_found_there() -> None:
    others = (deployment("source-controller"),)
    (told,) = Found.of(flux.lockdown(others, inside=True)).missing
    assert told.startswith("kustomize-controller: no Deployment of it has the label")
    assert Found.of(flux.lockdown(others)).missing == ()
    assert Found.of(flux.lockdown((deployment("kustomize-controller", *LOCKED),), inside=True)) == Found()


def test_every_shard_of_a_controller_counts() -> None:
    found = of_flux(deployment("kustomize-controller", *LOCKED), deployment("kustomize-controller-shard1", *LOCKED[1:]))
    assert [line.split(":")[0] for line in found.missing] == ["flux-system/kustomize-controller-shard1"]


def test_flux_that_runs_in_no_deployment_could_not_be_read() -> None:
    found = of_flux(deployment("source-controller"))
    assert not found.missing
    assert "could not be read" in found.unread[0]


SETTINGS = {
    "application.sync.impersonation.enabled": "true",
    "application.resourceTrackingMethod": "annotation",
    "helm.enable": "false",
    "jsonnet.enable": "false",
}
PARAMETERS = {"reposerver.enable.git.submodule": "false"}
LOCKED_PROJECT: dict[str, Any] = {"spec": {"sourceRepos": [], "destinations": []}}


def of_argocd(
    settings: Any = None, parameters: Any = PARAMETERS, project: Any = LOCKED_PROJECT, *servers: dict[str, Any]
) -> Found:
    data = {"data": SETTINGS if settings is None else settings}
    stated = {"data": parameters} if parameters is not None else None
    found = argocd.Installation(data, stated, project, servers or (deployment("argocd-repo-server"),))
    return Found.of(argocd.lockdown(found))


def test_argo_cd_with_its_settings_lacks_nothing() -> None:
    assert of_argocd() == of_argocd(parameters=PARAMETERS | {"application.namespaces": ""}) == Found()


@pytest.mark.parametrize("key", list(SETTINGS))
def test_each_setting_is_needed_and_told_with_its_value(key: str) -> None:
    absent = of_argocd({k: v for k, v in SETTINGS.items() if k != key})
    assert absent.missing == (f'argocd-cm: {key}: set it to "{SETTINGS[key]}"',)
    assert 'found "wrong"; set it to' in of_argocd(SETTINGS | {key: "wrong"}).missing[0]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (of_argocd(SETTINGS | {"kustomize.buildOptions": "--enable-helm"}), "kustomize.buildOptions"),
        (of_argocd(SETTINGS | {"kustomize.buildOptions.v5.0.0": "--enable-exec"}), "kustomize.buildOptions.v5.0.0"),
        (of_argocd(SETTINGS | {"configManagementPlugins": "- name: any"}), "configManagementPlugins"),
        (of_argocd(parameters=PARAMETERS | {"application.namespaces": "team-*"}), "application.namespaces"),
        (of_argocd(parameters=PARAMETERS | {"reposerver.allow.oob.symlinks": "true"}), "reposerver.allow.oob.symlinks"),
        (of_argocd(parameters={"reposerver.enable.git.submodule": "true"}), "reposerver.enable.git.submodule"),
        (of_argocd(parameters=None), "reposerver.enable.git.submodule"),
        (of_argocd(project=None), "AppProject argocd/default: it is not there"),
        (of_argocd(project={"spec": {"sourceRepos": ["*"]}}), "AppProject argocd/default: it allows something"),
        (
            of_argocd(None, PARAMETERS, LOCKED_PROJECT, deployment("any", "--allow-oob-symlinks")),
            "--allow-oob-symlinks",
        ),
        (of_argocd(None, PARAMETERS, LOCKED_PROJECT, deployment("any", "/var/run/argocd/argocd-cmp-server")), "plugin"),
    ],
)
def test_what_opens_argo_cd_is_found(found: Found, told: str) -> None:
    assert len(found.missing) == 1
    assert told in found.missing[0]


class Server:
    """Answers as an API server does, from objects by kind and name; an error code in place of one is an error."""

    def __init__(self, **objects: Any) -> None:
        self.objects = objects

    async def get(self, resource: Any, name: str, namespace: str = "") -> Any:
        del namespace
        return self._answer(self.objects.get(resource.__name__, {}).get(name, 404))

    async def list(self, resource: Any, **_: Any) -> AsyncIterator[Any]:
        found = self.objects.get(resource.__name__, {})
        for item in [found] if isinstance(found, int) else found.values():
            yield self._answer(item)

    @staticmethod
    def _answer(item: Any) -> Any:
        from lightkube import ApiError

        if isinstance(item, int):
            raise ApiError(status={"code": item, "message": f"code {item}"})
        return SimpleNamespace(to_dict=lambda: item)


def crds(engine: Engine, **versions: str) -> dict[str, Any]:
    return {
        kind.crd: {
            "metadata": {"name": kind.crd},
            "spec": {"versions": [{"name": versions.get(kind.name, kind.version), "served": True}]},
        }
        for kind in kinds_for(engine, alerts=True)
    }


def test_kinds_that_are_not_there_or_not_in_the_version_needed_are_told_together() -> None:
    held = crds(Engine.FLUX, GitRepository="v1beta2")
    del held["kustomizations.kustomize.toolkit.fluxcd.io"]
    found = asyncio.run(look(Server(CustomResourceDefinition=held), Engine.FLUX, lockdown=False))
    assert "serves v1beta2" in found.missing[0]
    assert "kustomize.toolkit.fluxcd.io/v1 Kustomization: its CustomResourceDefinition is not there" in found.missing[1]


def test_a_kind_that_is_on_its_way_out_is_missing_though_it_is_still_served() -> None:
    going = crds(Engine.FLUX)
    going["kustomizations.kustomize.toolkit.fluxcd.io"]["metadata"]["deletionTimestamp"] = "2026-11-24T00:00:00Z"
    (told,) = asyncio.run(look(Server(CustomResourceDefinition=going), Engine.FLUX, lockdown=False)).missing
    assert "kustomizations.kustomize.toolkit.fluxcd.io is being deleted" in told


def test_what_one_may_not_read_is_told_and_not_missing() -> None:
    server = Server(CustomResourceDefinition=crds(Engine.FLUX), Deployment=403)
    assert asyncio.run(look(server, Engine.FLUX, lockdown=True)) == Found(
        unread=("Deployments could not be read: code 403",)
    )


def test_kinds_of_alerts_are_needed_where_somebody_is_to_be_told_and_the_part_that_brings_them_is_named() -> None:
    held = {name: item for name, item in crds(Engine.FLUX).items() if "notification" not in name}
    server = Server(CustomResourceDefinition=held)
    assert asyncio.run(look(server, Engine.FLUX, lockdown=False)) == Found()
    told = asyncio.run(look(server, Engine.FLUX, lockdown=False, alerts=True)).missing
    assert [line.split(":")[0] for line in told] == [
        "notification.toolkit.fluxcd.io/v1beta3 Provider", "notification.toolkit.fluxcd.io/v1beta3 Alert",
    ]  # fmt: skip
    assert all("install notification-controller, which tenants' `notify` needs" in line for line in told)


def test_flux_without_the_controller_that_tells_is_a_warning_where_somebody_is_to_be_told() -> None:
    running = deployment("kustomize-controller", *LOCKED)
    (told,) = Found.of(flux.lockdown((running,), alerts=True)).unread
    assert "notification-controller" in told
    both = (running, deployment("notification-controller", LOCKED[0]))
    assert Found.of(flux.lockdown(both, alerts=True)) == Found.of(flux.lockdown((running,))) == Found()


def argocd_server(**labelled: dict[str, Any]) -> Server:
    """An Argo CD with its settings, whose Deployments are found by the component that a selector names."""

    class Labelled(Server):
        async def list(self, resource: Any, **query: Any) -> AsyncIterator[Any]:
            del resource
            component = query["labels"]["app.kubernetes.io/component"].replace("-", "_")
            if component in labelled:
                yield self._answer(labelled[component])

    return Labelled(
        CustomResourceDefinition=crds(Engine.ARGOCD),
        ConfigMap={"argocd-cm": {"data": SETTINGS}, "argocd-cmd-params-cm": {"data": PARAMETERS}},
        AppProject={"default": LOCKED_PROJECT},
    )


def test_argo_cd_without_the_controller_that_tells_is_a_warning_where_somebody_is_to_be_told() -> None:
    repo, notifier = deployment("argocd-repo-server"), deployment("argocd-notifications-controller")
    server = argocd_server(repo_server=repo)
    assert asyncio.run(look(server, Engine.ARGOCD, lockdown=True)) == Found()
    found = asyncio.run(look(server, Engine.ARGOCD, lockdown=True, alerts=True))
    assert found.missing == ()
    (told,) = found.unread
    assert "app.kubernetes.io/component=notifications-controller" in told
    server = argocd_server(repo_server=repo, notifications_controller=notifier)
    assert asyncio.run(look(server, Engine.ARGOCD, lockdown=True, alerts=True)) == Found()


def instance(*conditions: dict[str, Any], generation: int = 2) -> Server:
    item = {"metadata": {"generation": generation}, "status": {"conditions": list(conditions)}}
    return Server(FluxInstance={"flux": item})


def test_an_instance_that_is_ready_as_it_stands_now_is_waited_for_no_longer() -> None:
    ready = {"type": "Ready", "status": "True"}
    assert asyncio.run(until_ready(instance(ready | {"observedGeneration": 2}), 0)) == Found()
    assert "not ready" in asyncio.run(until_ready(instance(ready | {"observedGeneration": 1}), 0)).missing[0]


def test_an_instance_that_is_stalled_fails_at_once() -> None:
    ready = {"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "no such version"}
    found = asyncio.run(until_ready(instance(ready, {"type": "Stalled", "status": "True"}), 600))
    told = "FluxInstance flux is not ready and does not try again: BuildFailed: no such version"
    assert found.missing == (told,)


@pytest.mark.parametrize("engine", list(Engine))
def test_the_kinds_that_render_returns_of_an_agent_are_those_that_are_looked_for(engine: Engine) -> None:
    project = Project.load(ROOT)
    (cluster, *_) = project.stack("local").clusters
    cluster = replace(cluster, gitops=cluster.gitops.model_copy(update={"engine": engine}))
    objects = [item for tenant in project.tenants_in(cluster) for item in render(cluster, tenant)]
    own = {
        (item["apiVersion"], item["kind"])
        for item in objects
        if any(domain in item["apiVersion"] for domain in ("fluxcd.io", "argoproj.io"))
    }
    assert own == {(f"{kind.group}/{kind.version}", kind.name) for kind in KINDS[engine]}
