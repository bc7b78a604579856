"""Brings the local fleet to what it should be, whatever it is: nothing, half of it, or all but one process."""

from __future__ import annotations

import fcntl
import http.client
import json
import shutil
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from berth.errors import OperationFailed
from berth.files import write_text
from berth.local import engines, kubectl, pki, processes, repo
from berth.local.agent import Agent, Tell
from berth.local.argocd import ARGOCD, KNOWN_HOSTS
from berth.local.build import Binaries
from berth.local.controlplane import ControlPlane
from berth.local.flux import FLUX
from berth.local.kubeconfig import kubeconfig, says_otherwise, write_kubeconfig
from berth.local.paths import FleetPaths
from berth.local.ports import HOST, Ports
from berth.local.processes import Spec
from berth.local.stack import GIT_SERVER, clusters_of, git_port
from berth.render.emit import to_yaml
from berth.settings import Engine, StackFile

READY_SECONDS = 180.0
"""How long a program may take until it is ready. It is there in seconds, but for a machine that is busy otherwise."""
_UNTOLD = ("no matches for kind", "could not find the requested resource")
"""In what kubectl says of a kind that the API server has only just taken up."""

AGENTS = {agent.engine: agent for agent in (FLUX, ARGOCD)}


@dataclass(frozen=True)
class Member:
    """One process of the fleet, as it is: None where it does not run."""

    name: str
    process: psutil.Process | None


class Fleet:
    """The local fleet of a project's stack."""

    def __init__(self, root: Path, stack: StackFile, paths: FleetPaths, binaries: Binaries, engine: Engine) -> None:
        self.root = root
        self.paths = paths
        self.binaries = binaries
        self.stack = stack
        self.agent = AGENTS[engine]
        self.clusters = clusters_of(stack, engine)
        preferred = git_port(stack)
        self.ports = Ports(paths.ports, {GIT_SERVER: preferred} if preferred else {})

    @property
    def former(self) -> Agent | None:
        """The agent that the fleet had before, where its sync objects have not been taken away yet."""
        engine = engines.former(self.paths)
        return AGENTS[engine] if engine not in (None, self.agent.engine) else None

    def planes(self) -> list[ControlPlane]:
        shared = self.paths, self.binaries, self.ports, self.agent
        interval, former = self.stack.settings.deploy_repo.interval, self.former
        return [ControlPlane(name, *shared, interval, former) for name in self.clusters]

    # up --------------------------------------------------------------------------------------------------------------

    def up(self, tell: Tell) -> None:
        """Starts what does not run, restarts what runs otherwise than it should. Raises OperationFailed."""
        self.paths.state.mkdir(parents=True, exist_ok=True)
        with self._alone():
            self.agent.require(tell)
            engines.record(self.paths, self.agent.engine)
            repo.seed(self.paths, self.root / "deploy")
            self._settle_ports(tell)
            self._ensure(self._git_server(), tell)
            with ThreadPoolExecutor(len(self.clusters)) as pool:
                list(pool.map(lambda plane: self._cluster_up(plane, tell), self.planes()))
            entries = {plane.name: (plane.port("apiserver"), plane.certificates, "admin") for plane in self.planes()}
            write_kubeconfig(self.paths.kubeconfig, kubeconfig(entries))

    def _settle_ports(self, tell: Tell) -> None:
        """Ports of servers that do not run are free; a cluster whose ports changed is started anew."""
        alive = processes.running(self.paths)
        idle = [] if GIT_SERVER in alive and self.ports.get(GIT_SERVER) else [GIT_SERVER]
        for plane in self.planes():
            idle += [
                f"{plane.name}/{server}"
                for server, program in plane.servers.items()
                if f"{plane.name}/{program}" not in alive or not self.ports.get(f"{plane.name}/{server}")
            ]
        before = {name: self.ports.get(name) for name in idle}
        for name in self.ports.settle(idle):
            if before[name] is not None:
                tell(name, f"port {before[name]} is taken by another program: using {self.ports[name]}")

    def _git_server(self) -> Spec:
        listen = f"{HOST}:{self.ports[GIT_SERVER]}"
        flags = (f"--root={self.paths.repos}", f"--listen={listen}", f"--logins={self.paths.logins}")
        return Spec(GIT_SERVER, (self.binaries["git-server"], *flags))

    def _cluster_up(self, plane: ControlPlane, tell: Tell) -> None:
        started = time.monotonic()
        plane.folder.mkdir(parents=True, exist_ok=True)
        for needed in (folder for agent in plane.agents for folder in agent.folders):
            (plane.folder / needed).mkdir(exist_ok=True)
        renewed, at = pki.ensure(plane.certificates, plane.clients), plane.port("apiserver")
        configs = {
            plane.config_of(client): kubeconfig({plane.name: (at, plane.certificates, client)})
            for client in plane.clients
        }
        if renewed or any(says_otherwise(*each) for each in configs.items()):
            # Whoever runs was started with the former certificates, or asks the API server where it is no more.
            processes.stop(self._members(plane.name))
        for each in configs.items():
            write_kubeconfig(*each)
        self._write_kwok_config(plane)
        write_text(plane.folder / KNOWN_HOSTS, self.stack.settings.known_hosts or "")
        specs = {spec.name.partition("/")[2]: spec for spec in plane.specs()}
        changed = self._ensure(specs.pop("etcd"), tell)
        changed |= self._ensure(specs.pop("kube-apiserver"), tell)
        self._wait_ready(plane)
        self._install_agent(plane)
        for spec in specs.values():
            changed |= self._ensure(spec, tell)
        self._wait_agent(plane)
        took = time.monotonic() - started
        tell(plane.name, f"ready in {took:.1f} s" if changed else "was up already")

    def _ensure(self, spec: Spec, tell: Tell) -> bool:
        """Makes the process run as the spec says. True where it had to be started."""
        current = processes.running(self.paths).get(spec.name)
        if current is not None:
            if processes.is_as(current, spec):
                return False
            processes.stop([current])
        cluster, _, program = spec.name.rpartition("/")
        tell(cluster or spec.name, f"starting {program}")
        process = processes.start(self.paths, spec)
        time.sleep(0.2)
        if processes.died(process):
            raise self._died(spec.name)
        return True

    def _wait_ready(self, plane: ControlPlane) -> None:
        context = ssl.create_default_context(cafile=str(plane.certificates / "ca.crt"))
        context.load_cert_chain(plane.certificates / "admin.crt", plane.certificates / "admin.key")
        end = time.monotonic() + READY_SECONDS
        reason = ""
        while time.monotonic() < end:
            for program in ("etcd", "kube-apiserver"):
                if f"{plane.name}/{program}" not in processes.running(self.paths):
                    raise self._died(f"{plane.name}/{program}")
            connection = http.client.HTTPSConnection(HOST, plane.port("apiserver"), timeout=5, context=context)
            try:
                connection.request("GET", "/readyz")
                answer = connection.getresponse()
                if answer.status == 200:
                    return
                reason = answer.read().decode(errors="replace")[-300:]
            except OSError as error:
                reason = str(error)
            finally:
                connection.close()
            time.sleep(0.2)
        log = self.paths.log(f"{plane.name}/kube-apiserver")
        raise OperationFailed(f"{plane.name}: the API server is not ready after {READY_SECONDS:.0f} s: {reason}",
                              f"berth local logs {plane.name}/kube-apiserver ({log})")  # fmt: skip

    def _wait_agent(self, plane: ControlPlane) -> None:
        """Waits until the agent's controllers say that they are ready, and nothing of the cluster has ended."""
        paths = {server: path for agent in plane.agents for server, path in agent.health.items()}
        waiting = list(paths)
        end = time.monotonic() + READY_SECONDS
        while True:
            alive = processes.running(self.paths)
            for spec in plane.specs():
                if spec.name not in alive:
                    raise self._died(spec.name)
            waiting = [server for server in waiting if not _answers(plane.port(server), paths[server])]
            if not waiting:
                return
            if time.monotonic() > end:
                raise OperationFailed(f"{plane.name}: {waiting[0]} is not ready after {READY_SECONDS:.0f} s")
            time.sleep(0.2)

    def _died(self, name: str) -> OperationFailed:
        log = self.paths.log(name)
        return OperationFailed(f"{name} ended right after its start:\n{processes.last_lines(log)}", f"see {log}")

    def _write_kwok_config(self, plane: ControlPlane) -> None:
        stages = [path.read_text("utf-8").strip() for path in self.binaries.data("kwok")]
        (plane.folder / "kwok.yaml").write_text("\n---\n".join(stages) + "\n", "utf-8")

    def _install_agent(self, plane: ControlPlane) -> None:
        """CRDs and rights of the agent, and the node: what `install: none` expects to find."""
        files = [*self.manifests_of(self.agent), self._manifest("applyset"), self._manifest("nodes")]
        objects = self.agent.objects(plane)
        self._apply(plane, files, to_yaml(objects) if objects else None)
        self._wait_for_kinds(plane)
        if self.agent.custom_resources:
            self._apply_new_kinds(plane, [self._manifest(name) for name in self.agent.custom_resources])

    def manifests_of(self, agent: Agent) -> list[Path]:
        """The kinds of an agent, and its namespace, accounts and rights."""
        kinds = [path for module in agent.modules for path in self.binaries.data(module)]
        return [*kinds, self._manifest(agent.engine.value)]

    def _wait_for_kinds(self, plane: ControlPlane) -> None:
        end = time.monotonic() + READY_SECONDS
        while True:
            try:
                self.kubectl(plane, "wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
            except OperationFailed:
                # A definition that the API server has not looked at yet has no conditions: kubectl fails on it.
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
            else:
                return

    def _apply_new_kinds(self, plane: ControlPlane, files: list[Path]) -> None:
        """A definition counts as established a moment before the API server lists its kind for everybody."""
        end = time.monotonic() + READY_SECONDS
        while True:
            try:
                return self._apply(plane, files)
            except OperationFailed as error:
                if time.monotonic() > end or not any(words in error.message for words in _UNTOLD):
                    raise
                time.sleep(0.2)

    def _manifest(self, name: str) -> Path:
        return self.root / "local" / "manifests" / f"{name}.yaml"

    def _apply(self, plane: ControlPlane, files: list[Path], stdin: str | None = None) -> None:
        sources = [*map(str, files), *(["-"] if stdin else [])]
        arguments = [item for source in sources for item in ("-f", source)]
        flags = ("--server-side", "--force-conflicts", "--field-manager=berth-local")
        self.kubectl(plane, "apply", *flags, *arguments, stdin=stdin)

    def kubectl(self, plane: ControlPlane, *arguments: str, stdin: str | None = None, **env: str) -> str:
        """Runs the fleet's kubectl as the cluster's admin. Raises KubectlFailed with its message."""
        program, config = self.binaries["unlimited-kubectl"], plane.config_of("admin")
        return kubectl.run(program, plane.name, config, self.paths.state, arguments, stdin, **env)

    # status and down -------------------------------------------------------------------------------------------------

    def members(self) -> list[Member]:
        """Every process that the fleet should have."""
        alive = processes.running(self.paths)
        names = [GIT_SERVER]
        if all(self._has_been_up(plane) for plane in self.planes()):
            names += [spec.name for plane in self.planes() for spec in plane.specs()]
        return [Member(name, alive.get(name)) for name in names]

    def _has_been_up(self, plane: ControlPlane) -> bool:
        ports = all(self.ports.get(f"{plane.name}/{server}") for server in plane.servers)
        return ports and (plane.certificates / "done").is_file()

    def _members(self, cluster: str) -> list[psutil.Process]:
        return [process for name, process in processes.running(self.paths).items() if name.startswith(f"{cluster}/")]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with alone(self.paths):
            yield


@contextmanager
def alone(paths: FleetPaths) -> Iterator[None]:
    """One `up` or `down` of a fleet at a time."""
    paths.state.mkdir(parents=True, exist_ok=True)
    with paths.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperationFailed("another berth is starting or stopping this fleet", "wait for it") from None
        yield


def down(paths: FleetPaths, *, delete: bool = False) -> int:
    """Stops every process of the fleet, agents first; with `delete`, removes its state. Returns how many ran.

    Needs no stack file and no programs: whatever carries the fleet's mark is stopped.
    """
    if not paths.state.is_dir():
        return 0
    with alone(paths):
        alive = processes.running(paths)
        last = [name for name in alive if name.endswith(("/etcd", "/kube-apiserver"))]
        processes.stop([process for name, process in alive.items() if name not in last])
        for program in ("kube-apiserver", "etcd"):
            processes.stop([alive[name] for name in last if name.endswith(f"/{program}")], patience=5)
    if delete:
        _delete(paths.state)
    return len(alive)


def _delete(folder: Path, attempts: int = 5) -> None:
    """What an agent has started, as Git, ends a moment after it: until then it writes."""
    try:
        shutil.rmtree(folder)
    except OSError:
        if attempts == 1:
            raise
        time.sleep(0.5)
        _delete(folder, attempts - 1)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def parse_json(text: str) -> list[dict[str, object]]:
    """The items of a `kubectl -o json` answer, one object or a list."""
    data = json.loads(text) if text.strip() else {"items": []}
    items: list[dict[str, object]] = data.get("items", [data])
    return items
