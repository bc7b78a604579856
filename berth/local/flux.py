"""Flux beside a local cluster: source-controller fetches, kustomize-controller builds and applies, and
notification-controller tells whom a tenant names."""

from __future__ import annotations

from berth.egress import no_http
from berth.local.agent import Agent
from berth.local.controlplane import ControlPlane
from berth.local.ports import HOST
from berth.local.processes import Spec
from berth.settings.kinds import Engine

NAMESPACE = "flux-system"
_GROUPS = ("system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated")


def _specs(plane: ControlPlane) -> list[Spec]:
    return [_notification_controller(plane), _source_controller(plane), _kustomize_controller(plane)]


def _events(plane: ControlPlane) -> str:
    """Where the others tell notification-controller what happens."""
    return f"{HOST}:{plane.port('events')}"


def _notification_controller(plane: ControlPlane) -> Spec:
    return plane.spec(
        "notification-controller",
        f"--events-addr={_events(plane)}",
        f"--receiverAddr={HOST}:{plane.port('receiver')}",
        f"--health-addr={HOST}:{plane.port('notification-health')}",
        "--metrics-addr=0",
        "--enable-leader-election=false",
        "--watch-all-namespaces=true",
        "--log-level=info",
        # The multi-tenancy lockdown, as the FluxInstance of a cloud cluster has it.
        "--no-cross-namespace-refs=true",
        KUBECONFIG=str(plane.config_of("notification-controller")),
        RUNTIME_NAMESPACE=NAMESPACE,
        TMPDIR=str(plane.folder / "tmp"),
    )


def _source_controller(plane: ControlPlane) -> Spec:
    address = f"{HOST}:{plane.port('source-controller')}"
    return plane.spec(
        "source-controller",
        f"--storage-path={plane.folder}/artifacts",
        f"--storage-addr={address}",
        f"--storage-adv-addr={address}",
        f"--health-addr={HOST}:{plane.port('source-health')}",
        "--metrics-addr=0",
        f"--events-addr=http://{_events(plane)}/",
        "--enable-leader-election=false",
        "--watch-all-namespaces=true",
        "--log-level=info",
        KUBECONFIG=str(plane.config_of("source-controller")),
        RUNTIME_NAMESPACE=NAMESPACE,
        TMPDIR=str(plane.folder / "tmp"),
    )


def _kustomize_controller(plane: ControlPlane) -> Spec:
    return plane.spec(
        "kustomize-controller",
        f"--health-addr={HOST}:{plane.port('kustomize-health')}",
        "--metrics-addr=0",
        f"--events-addr=http://{_events(plane)}/",
        "--enable-leader-election=false",
        "--watch-all-namespaces=true",
        "--log-level=info",
        # The multi-tenancy lockdown, as the FluxInstance of a cloud cluster has it.
        "--no-cross-namespace-refs=true",
        "--no-remote-bases=true",
        "--default-service-account=default",
        # Retries back off to minutes: after a restart the artifact has another address, to be looked up anew.
        "--http-retry=2",
        # A commit does not wait for the health checks of the one before it.
        "--feature-gates=CancelHealthCheckOnNewRevision=true",
        KUBECONFIG=str(plane.config_of("kustomize-controller")),
        # The API server and source-controller are on the loopback interface, which no proxy is asked for.
        **no_http(),
        RUNTIME_NAMESPACE=NAMESPACE,
        TMPDIR=str(plane.folder / "tmp"),
    )


FLUX = Agent(
    engine=Engine.FLUX,
    title="Flux",
    servers={
        "source-controller": "source-controller",
        "source-health": "source-controller",
        "kustomize-health": "kustomize-controller",
        "events": "notification-controller",
        "receiver": "notification-controller",
        "notification-health": "notification-controller",
    },
    health={"source-health": "/readyz", "kustomize-health": "/readyz", "notification-health": "/readyz"},
    clients={
        name: (f"system:serviceaccount:{NAMESPACE}:{name}", _GROUPS)
        for name in ("source-controller", "kustomize-controller", "notification-controller")
    },
    specs=_specs,
    syncs=("kustomizations.kustomize.toolkit.fluxcd.io", "gitrepositories.source.toolkit.fluxcd.io"),
    modules=("flux", "notifications"),
    folders=("artifacts", "tmp"),
)
