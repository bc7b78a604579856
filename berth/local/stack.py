"""Where the running fleet really is, put into the settings of the stack that describes it.

Pulumi.local.yaml names a port for the Git server and a kubeconfig. Where the port was taken, the fleet chose another
and recorded it; every command on the stack then works with what is recorded.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from berth.local.paths import FleetPaths
from berth.local.ports import HOST, Ports
from berth.project import Project
from berth.settings import ExistingSettings, StackFile

GIT_SERVER = "git-server"


def is_local(stack: StackFile) -> bool:
    """Whether a stack describes a local fleet: existing clusters that pull from this machine."""
    host = urlsplit(stack.settings.deploy_repo.url).hostname
    return host == HOST and all(isinstance(cluster, ExistingSettings) for cluster in stack.settings.clusters)


def git_port(stack: StackFile) -> int | None:
    """The port that the stack file names for the Git server."""
    return urlsplit(stack.settings.deploy_repo.url).port


def settings_of_fleet(stack: StackFile, paths: FleetPaths) -> StackFile:
    """The stack with the recorded port of its Git server."""
    port = Ports(paths.ports, {}).get(GIT_SERVER)
    if port is None:
        return stack
    url = urlsplit(stack.settings.deploy_repo.url)._replace(netloc=f"{HOST}:{port}").geturl()
    deploy_repo = stack.settings.deploy_repo.model_copy(update={"url": url})
    return StackFile(stack.name, stack.document, stack.settings.model_copy(update={"deploy_repo": deploy_repo}))


def with_fleet(project: Project, stack: str) -> Project:
    """The project, with the named stack as its local fleet really is; any other stack as it is."""
    file = project.stack(stack)
    if not is_local(file):
        return project
    found = settings_of_fleet(file, FleetPaths.of(project.root))
    return Project(project.root, {**project.stacks, stack: found}, project.profiles, project.tenants)
