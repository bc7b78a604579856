"""The processes of one local cluster, in the order they start: etcd, API server, controllers, scheduler, agent, nodes.

Real programs with real authentication (client certificates), authorization (RBAC) and admission; what differs from a
cluster in a cloud is said at each flag. Every listener is on the loopback interface or a socket file.
"""

from __future__ import annotations

from pathlib import Path

from berth.local.build import Binaries
from berth.local.paths import FleetPaths
from berth.local.ports import HOST, Ports
from berth.local.processes import Spec

SERVERS = ("apiserver", "source-controller", "source-health", "kustomize-health")
"""What needs a port in each cluster."""

CLIENT_CONFIGS = ("admin", "controller-manager", "scheduler", "kwok", "source-controller", "kustomize-controller")


class ControlPlane:
    """One cluster's processes, as they should be."""

    def __init__(self, name: str, paths: FleetPaths, binaries: Binaries, ports: Ports) -> None:
        self.name = name
        self.folder = paths.cluster(name)
        self.certificates = self.folder / "certificates"
        self.binaries = binaries
        self.ports = ports

    def port(self, server: str) -> int:
        return self.ports[f"{self.name}/{server}"]

    def config_of(self, client: str) -> Path:
        return self.folder / f"{client}.kubeconfig"

    def specs(self) -> list[Spec]:
        return [
            self._etcd(),
            self._apiserver(),
            self._controller_manager(),
            self._scheduler(),
            self._source_controller(),
            self._kustomize_controller(),
            self._kwok(),
        ]

    def _spec(self, program: str, *flags: str, **env: str) -> Spec:
        return Spec(f"{self.name}/{program}", (self.binaries[program], *flags), env)

    @property
    def _etcd_socket(self) -> str:
        return f"unix://{self.folder}/etcd.sock"

    def _etcd(self) -> Spec:
        # Advertised to other members, of which there are none: nothing listens there.
        nobody = f"http://{HOST}:2380"
        return self._spec(
            "etcd",
            f"--data-dir={self.folder}/etcd",
            f"--listen-client-urls={self._etcd_socket}",
            f"--advertise-client-urls={nobody}",
            f"--listen-peer-urls=unix://{self.folder}/etcd-peer.sock",
            f"--initial-advertise-peer-urls={nobody}",
            f"--initial-cluster=default={nobody}",
            "--enable-grpc-gateway=false",
            "--unsafe-no-fsync",  # a throw-away fleet: speed before surviving a power cut
            "--log-level=warn",
        )

    def _apiserver(self) -> Spec:
        crt = self.certificates
        return self._spec(
            "kube-apiserver",
            f"--etcd-servers={self._etcd_socket}",
            f"--bind-address={HOST}",
            f"--advertise-address={HOST}",
            f"--secure-port={self.port('apiserver')}",
            f"--tls-cert-file={crt}/apiserver.crt",
            f"--tls-private-key-file={crt}/apiserver.key",
            f"--client-ca-file={crt}/ca.crt",
            f"--service-account-key-file={crt}/service-accounts.key",
            f"--service-account-signing-key-file={crt}/service-accounts.key",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC",
            "--anonymous-auth=false",
            "--allow-privileged=true",  # as in the clouds: it is Pod Security that refuses privileged pods
            "--endpoint-reconciler-type=none",  # no Service leads to a loopback address
            "--shutdown-delay-duration=0s",
            "--profiling=false",
        )

    def _controller_manager(self) -> Spec:
        return self._spec(
            "kube-controller-manager",
            f"--kubeconfig={self.config_of('controller-manager')}",
            f"--service-account-private-key-file={self.certificates}/service-accounts.key",
            f"--root-ca-file={self.certificates}/ca.crt",
            "--use-service-account-credentials",
            "--kube-api-qps=200",  # one account a controller: throttled, a new cluster takes 5 s longer
            "--kube-api-burst=400",
            "--secure-port=0",
            "--leader-elect=false",
            "--profiling=false",
            # A machine that slept, or an API server that was away, is no dead node: kwok would not revive its pods.
            "--node-monitor-grace-period=24h",
            # There is no cloud and no network to manage.
            "--controllers=*,-nodeipam,-node-route-controller,-service-lb-controller,-cloud-node-lifecycle",
        )

    def _scheduler(self) -> Spec:
        return self._spec(
            "kube-scheduler",
            f"--kubeconfig={self.config_of('scheduler')}",
            "--secure-port=0",
            "--leader-elect=false",
            "--profiling=false",
        )

    def _source_controller(self) -> Spec:
        address = f"{HOST}:{self.port('source-controller')}"
        return self._spec(
            "source-controller",
            f"--storage-path={self.folder}/artifacts",
            f"--storage-addr={address}",
            f"--storage-adv-addr={address}",
            f"--health-addr={HOST}:{self.port('source-health')}",
            "--metrics-addr=0",
            "--events-addr=",
            "--enable-leader-election=false",
            "--watch-all-namespaces=true",
            "--log-level=info",
            KUBECONFIG=str(self.config_of("source-controller")),
            RUNTIME_NAMESPACE="flux-system",
            TMPDIR=str(self.folder / "tmp"),
        )

    def _kustomize_controller(self) -> Spec:
        return self._spec(
            "kustomize-controller",
            f"--health-addr={HOST}:{self.port('kustomize-health')}",
            "--metrics-addr=0",
            "--events-addr=",
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
            KUBECONFIG=str(self.config_of("kustomize-controller")),
            RUNTIME_NAMESPACE="flux-system",
            TMPDIR=str(self.folder / "tmp"),
        )

    def _kwok(self) -> Spec:
        return self._spec(
            "kwok",
            f"--kubeconfig={self.config_of('kwok')}",
            f"--config={self.folder}/kwok.yaml",
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",  # without a lease the node turns NotReady after a while
            "--enable-crds=",
            "--node-ip=127.0.0.1",
            "--node-port=0",
            "--server-address=",
            "--v=WARN",
        )
