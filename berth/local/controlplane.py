"""The processes of one local cluster, in the order they start: etcd, API server, controllers, scheduler, agent, nodes.

Real programs with real authentication (client certificates), authorization (RBAC) and admission; what differs from a
cluster in a cloud is said at each flag. Every listener is on the loopback interface or a socket file.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from berth.local.agent import Agent
from berth.local.build import Binaries
from berth.local.paths import FleetPaths
from berth.local.ports import HOST, Ports
from berth.local.processes import Spec

CLIENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "admin": ("berth:admin", ("system:masters",)),
    "controller-manager": ("system:kube-controller-manager", ()),
    "scheduler": ("system:kube-scheduler", ()),
    "kwok": ("berth:kwok", ()),
}
"""User and groups of each client certificate; an agent adds its own."""


class ControlPlane:
    """One cluster's processes, as they should be."""

    def __init__(
        self,
        name: str,
        paths: FleetPaths,
        binaries: Binaries,
        ports: Ports,
        agent: Agent,
        interval: str,
        former: Agent | None = None,
    ) -> None:
        self.name = name
        self.agent = agent
        self.agents = (agent, former) if former else (agent,)
        """With the one that has not let go yet, while engines are changed."""
        self.interval = interval
        """How often the stack wants its agents to look at Git, such as 10s."""
        self.clients = dict(CLIENTS)
        self.servers = {"apiserver": "kube-apiserver"}
        """What needs a port, and the program that listens there."""
        for each in self.agents:
            self.clients |= each.clients
            self.servers |= each.servers
        self.folder = paths.cluster(name)
        self.certificates = self.folder / "certificates"
        self.binaries = binaries
        self.ports = ports

    def port(self, server: str) -> int:
        return self.ports[f"{self.name}/{server}"]

    def config_of(self, client: str) -> Path:
        return self.folder / f"{client}.kubeconfig"

    def secret(self, purpose: str) -> str:
        """A secret that is always the same for a purpose, as long as the cluster's keys are."""
        key = (self.certificates / "service-accounts.key").read_bytes()
        return hmac.new(key, purpose.encode(), hashlib.sha256).hexdigest()

    def specs(self) -> list[Spec]:
        return [
            self._etcd(),
            self._apiserver(),
            self._controller_manager(),
            self._scheduler(),
            *(spec for agent in self.agents for spec in agent.specs(self)),
            self._kwok(),
        ]

    def spec(self, program: str, *flags: str, programs: str = "", **env: str) -> Spec:
        return Spec(f"{self.name}/{program}", (self.binaries[program], *flags), env, programs)

    @property
    def _etcd_socket(self) -> str:
        return f"unix://{self.folder}/etcd.sock"

    def _etcd(self) -> Spec:
        # Advertised to other members, of which there are none: nothing listens there.
        nobody = f"http://{HOST}:2380"
        return self.spec(
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
        return self.spec(
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
        return self.spec(
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
        return self.spec(
            "kube-scheduler",
            f"--kubeconfig={self.config_of('scheduler')}",
            "--secure-port=0",
            "--leader-elect=false",
            "--profiling=false",
        )

    def _kwok(self) -> Spec:
        return self.spec(
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
