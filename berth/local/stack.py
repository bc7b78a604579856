"""Where the running fleet really is, put into the settings of the stack that describes it.

Pulumi.local.yaml names a port for the Git server, an engine and a kubeconfig. Where the port was taken, the fleet chose
another and recorded it, and `berth local up --engine` may have asked for the other engine; every command on the stack
then works with what is recorded.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from berth.errors import InvalidInput, Problem
from berth.local import engines
from berth.local.paths import FleetPaths
from berth.local.ports import HOST, Ports
from berth.project import Project
from berth.settings import Engine, ExistingSettings, StackFile

GIT_SERVER = "git-server"


def is_local(stack: StackFile) -> bool:
    """Whether a stack describes a local fleet: existing clusters that pull from this machine."""
    host = urlsplit(stack.settings.deploy_repo.url).hostname
    return host == HOST and all(isinstance(cluster, ExistingSettings) for cluster in stack.settings.clusters)


def git_port(stack: StackFile) -> int | None:
    """The port that the stack file names for the Git server; None where it names none, or a server of SSH."""
    url = urlsplit(stack.settings.deploy_repo.url)
    return None if url.scheme == "ssh" else url.port


def clusters_of(stack: StackFile, engine: Engine) -> list[str]:
    """The clusters of a stack that a local fleet can be: existing ones with one engine, and contexts of their names.

    Raises InvalidInput.
    """
    problems: list[Problem] = []
    for index, cluster in enumerate(stack.settings.clusters):
        at = ("config", "berth:clusters", index)
        if not isinstance(cluster, ExistingSettings):
            problems.append(
                stack.document.problem(
                    (*at, "provider"), "existing", fix="the local fleet stands for existing clusters"
                )
            )
        elif cluster.context != cluster.name:
            problems.append(
                stack.document.problem((*at, "context"), f'"{cluster.name}"', fix="the local fleet names contexts so")
            )
        if cluster.gitops and cluster.gitops.engine not in (None, engine):
            where = (*at, "gitops", "engine")
            problems.append(
                stack.document.problem(where, engine.value, fix="the local fleet has one engine in all its clusters")
            )
    if problems:
        raise InvalidInput(problems)
    return [cluster.name for cluster in stack.settings.clusters]


def settings_of_fleet(stack: StackFile, paths: FleetPaths) -> StackFile:
    """The stack with the recorded port of its Git server, and the engine that the fleet was started with."""
    settings = stack.settings
    port = Ports(paths.ports, {}).get(GIT_SERVER)
    if port is not None and urlsplit(settings.deploy_repo.url).scheme != "ssh":  # that is somebody else's server
        url = urlsplit(settings.deploy_repo.url)._replace(netloc=f"{HOST}:{port}").geturl()
        deploy_repo = settings.deploy_repo.model_copy(update={"url": url})
        settings = settings.model_copy(update={"deploy_repo": deploy_repo})
    engine = engines.recorded(paths)
    if engine not in (None, settings.gitops.engine):
        gitops = settings.gitops.model_copy(update={"engine": engine, "version": engines.VERSIONS[engine]})
        settings = settings.model_copy(update={"gitops": gitops})
    return StackFile(stack.name, stack.document, settings)


def with_fleet(project: Project, stack: str) -> Project:
    """The project, with the named stack as its local fleet really is; any other stack as it is."""
    file = project.stack(stack)
    if not is_local(file):
        return project
    return project.with_stack(settings_of_fleet(file, FleetPaths.of(project.root)))
