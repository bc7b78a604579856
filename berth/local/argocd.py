"""Argo CD beside a local cluster: the application controller, the repo server and their Redis, and the notifications
controller, which tells whom a tenant names.

Its API server and web pages and ApplicationSets are left out: no one logs in to a local cluster, and Berth writes every
Application itself.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from berth.egress import closed_kustomize
from berth.files import write_text
from berth.local.agent import Agent, Tell
from berth.local.controlplane import ControlPlane
from berth.local.debian import require
from berth.local.ports import HOST
from berth.local.processes import Spec
from berth.render.objects import Object
from berth.settings.kinds import Engine

NAMESPACE = "argocd"
KNOWN_HOSTS = "ssh/ssh_known_hosts"
"""Where a cluster's repo server reads the host keys of Git servers from, below the cluster's folder."""
REDIS = "redis-server"
"""The program, and the package of Debian and Ubuntu that has it."""
CONTROLLER = "argocd-application-controller"
NOTIFICATIONS = "argocd-notifications"
_GROUPS = ("system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated")


def _specs(plane: ControlPlane) -> list[Spec]:
    return [_redis(plane), _repo_server(plane), _controller(plane), _notifications(plane)]


def _redis(plane: ControlPlane) -> Spec:
    config = plane.folder / "redis.conf"
    # The password is in a file of this user's: other users of the machine see command lines and reach the port.
    write_text(config, f'requirepass {plane.secret("redis")}\nsave ""\nset-proc-title no\n', mode=0o600)
    program = shutil.which(REDIS) or REDIS
    flags = (f"--bind {HOST}", f"--port {plane.port('redis')}", f"--dir {plane.folder}")
    return Spec(f"{plane.name}/redis", (program, str(config), *" ".join(flags).split(" ")))


def _repo_server(plane: ControlPlane) -> Spec:
    kustomize = plane.folder / "programs" / "kustomize"
    write_text(kustomize, closed_kustomize(plane.binaries["kustomize"]), mode=0o700)
    return plane.spec(
        "argocd-repo-server",
        f"--address={HOST}",
        f"--port={plane.port('repo-server')}",
        f"--metrics-address={HOST}",
        f"--metrics-port={plane.port('repo-server-health')}",
        f"--redis={HOST}:{plane.port('redis')}",
        # What a branch points at is not remembered for longer than until the next look.
        f"--revision-cache-expiration={plane.interval}",
        # Git calls `argocd` for a repo's password.
        programs=os.pathsep.join((str(kustomize.parent), str(Path(plane.binaries["argocd"]).parent))),
        # A submodule is fetched from any host that a commit names, with the deploy repo's credential at hand.
        ARGOCD_GIT_MODULES_ENABLED="false",
        ARGOCD_GPG_ENABLED="false",
        ARGOCD_GNUPGHOME=str(plane.folder / "gpg"),
        ARGOCD_SSH_DATA_PATH=str((plane.folder / KNOWN_HOSTS).parent),
        ARGOCD_ASK_PASS_SOCK=str(plane.folder / "ask-pass.sock"),
        REDIS_PASSWORD=plane.secret("redis"),
        TMPDIR=str(plane.folder / "tmp"),
    )


def _controller(plane: ControlPlane) -> Spec:
    return plane.spec(
        CONTROLLER,
        f"--namespace={NAMESPACE}",
        f"--repo-server={HOST}:{plane.port('repo-server')}",
        f"--redis={HOST}:{plane.port('redis')}",
        f"--metrics-address={HOST}:{plane.port('controller-health')}",
        f"--app-resync={plane.interval}",
        "--app-resync-jitter=0s",
        "--repo-error-grace-period=0s",  # an error is told when it is met
        "--self-heal-backoff-cap=10s",
        # A sync that waits for what never gets healthy keeps every later commit out.
        "--sync-timeout=1m",
        # What is outside of a cluster has another way to "the cluster I run in": this kubeconfig.
        ARGOCD_FAKE_IN_CLUSTER="true",
        KUBECONFIG=str(plane.config_of(CONTROLLER)),
        REDIS_PASSWORD=plane.secret("redis"),
        TMPDIR=str(plane.folder / "tmp"),
    )


def _notifications(plane: ControlPlane) -> Spec:
    return plane.spec(
        NOTIFICATIONS,
        f"--namespace={NAMESPACE}",
        f"--argocd-repo-server={HOST}:{plane.port('repo-server')}",
        f"--metrics-address={HOST}:{plane.port('notifications-health')}",
        KUBECONFIG=str(plane.config_of(NOTIFICATIONS)),
        TMPDIR=str(plane.folder / "tmp"),
    )


def _objects(plane: ControlPlane) -> list[Object]:
    """Argo CD reads its settings only when this Secret is there. With no API server running, it signs nothing."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "argocd-secret",
                "namespace": NAMESPACE,
                "labels": {"app.kubernetes.io/part-of": "argocd"},
            },
            "stringData": {"server.secretkey": plane.secret("argocd-server")},
        }
    ]


def _require(tell: Tell) -> None:
    require(REDIS, REDIS, "Argo CD keeps its cache in it", tell)


ARGOCD = Agent(
    engine=Engine.ARGOCD,
    title="Argo CD",
    servers={
        "redis": "redis",
        "repo-server": "argocd-repo-server",
        "repo-server-health": "argocd-repo-server",
        "controller-health": CONTROLLER,
        "notifications-health": NOTIFICATIONS,
    },
    health={"repo-server-health": "/healthz", "controller-health": "/healthz", "notifications-health": "/metrics"},
    clients={
        CONTROLLER: (f"system:serviceaccount:{NAMESPACE}:{CONTROLLER}", _GROUPS),
        # Its account is called as its Deployment is in an installation.
        NOTIFICATIONS: (f"system:serviceaccount:{NAMESPACE}:{NOTIFICATIONS}-controller", _GROUPS),
    },
    specs=_specs,
    syncs=("applications.argoproj.io", "appprojects.argoproj.io"),
    modules=("argocd",),
    folders=("tmp", "gpg"),
    custom_resources=("argocd-projects",),
    objects=_objects,
    require=_require,
)
