"""The local fleet's engine: which one it is, what it is built from, and what its processes are told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from berth.cli.progress import choose_tool
from berth.errors import InvalidInput, OperationFailed
from berth.local import argocd, build, engines, pki
from berth.local.agent import Agent
from berth.local.controlplane import ControlPlane
from berth.local.fleet import AGENTS
from berth.local.paths import FleetPaths
from berth.local.ports import HOST, Ports
from berth.local.stack import clusters_of, git_port, settings_of_fleet, with_fleet
from berth.settings import Engine
from tests.support import Sandbox
from tests.unit.local_fleet import LOCAL, AnyBinary


@pytest.fixture
def paths(tmp_path: Path) -> FleetPaths:
    return FleetPaths(tmp_path / "state")


def plane_of(paths: FleetPaths, agent: Agent, former: Agent | None = None) -> ControlPlane:
    """A cluster with ports and certificates, of which nothing runs."""
    ports = Ports(paths.ports, {})
    plane = ControlPlane("aws-local", paths, AnyBinary(()), ports, agent, "10s", former)
    ports.settle(f"aws-local/{server}" for server in plane.servers)
    pki.ensure(plane.certificates, plane.clients)
    return plane


def test_a_new_fleet_has_the_engine_of_the_stack(paths: FleetPaths) -> None:
    assert engines.recorded(paths) is None
    assert engines.choose(None, paths, Engine.FLUX) is Engine.FLUX
    assert engines.choose(Engine.ARGOCD, paths, Engine.FLUX) is Engine.ARGOCD


def test_a_fleet_keeps_the_engine_that_it_was_started_with(paths: FleetPaths) -> None:
    engines.record(paths, Engine.ARGOCD)
    assert engines.choose(None, paths, Engine.FLUX) is Engine.ARGOCD
    assert engines.choose(Engine.ARGOCD, paths, Engine.FLUX) is Engine.ARGOCD


def test_a_fleet_that_gets_another_engine_knows_the_former_one_until_that_has_let_go(paths: FleetPaths) -> None:
    engines.record(paths, Engine.ARGOCD)
    assert engines.former(paths) is None
    assert engines.choose(Engine.FLUX, paths, Engine.ARGOCD) is Engine.FLUX
    engines.record(paths, Engine.FLUX)
    assert (engines.recorded(paths), engines.former(paths)) == (Engine.FLUX, Engine.ARGOCD)
    engines.record(paths, Engine.FLUX)
    assert engines.former(paths) is Engine.ARGOCD, "a second `up` forgets nothing"
    engines.record(paths, Engine.ARGOCD)
    assert engines.former(paths) is Engine.FLUX, "and there is a way back in the middle"
    engines.forget_former(paths)
    assert engines.former(paths) is None


def test_a_fleet_from_before_there_was_a_choice_has_flux(paths: FleetPaths) -> None:
    paths.cluster("aws-local").mkdir(parents=True)
    assert engines.recorded(paths) is Engine.FLUX


@pytest.mark.parametrize("content", [b"jenkins\n", b"", b"\xff\xfe", b"flu"])
def test_a_record_that_names_no_engine_is_told(paths: FleetPaths, content: bytes) -> None:
    paths.state.mkdir()
    paths.engine.write_bytes(content)
    with pytest.raises(OperationFailed, match="names no engine"):
        engines.recorded(paths)


@pytest.mark.parametrize("content", [b"pulu", b"", b"\xff\xfe"])
@pytest.mark.parametrize("asked", ["auto", "kubectl"])
def test_a_record_that_names_no_tool_is_told(paths: FleetPaths, content: bytes, asked: str) -> None:
    paths.state.mkdir()
    paths.deployed_with.write_bytes(content)
    with pytest.raises(OperationFailed, match="names no tool"):
        choose_tool(asked, paths)


@pytest.mark.parametrize(
    "content", [b"", b'{"git-server": 74', b"[" * 200_000, b"\xff", b'{"git-server": 99999}', b"[7480]"]
)
def test_a_damaged_record_of_ports_is_as_good_as_none(paths: FleetPaths, content: bytes) -> None:
    paths.state.mkdir()
    paths.ports.write_bytes(content)
    ports = Ports(paths.ports, {})
    assert ports.get("git-server") is None
    assert ports.settle(["git-server"]) == ["git-server"]


def test_a_pipe_in_the_place_of_the_record_of_ports_is_not_waited_for(paths: FleetPaths) -> None:
    paths.state.mkdir()
    os.mkfifo(paths.ports)
    assert Ports(paths.ports, {}).get("git-server") is None


def test_the_stack_of_a_fleet_has_the_engine_and_the_release_that_run(sandbox: Sandbox, paths: FleetPaths) -> None:
    stack = sandbox.load().stack("dev")
    assert settings_of_fleet(stack, paths).settings == stack.settings
    engines.record(paths, Engine.ARGOCD)
    gitops = settings_of_fleet(stack, paths).settings.gitops
    assert (gitops.engine, gitops.version) == (Engine.ARGOCD, build.ARGO_CD)
    assert gitops.install is stack.settings.gitops.install


@pytest.mark.parametrize(
    ("url", "port", "expected"),
    [
        ("http://127.0.0.1:7480/deploy.git", 7480, "http://127.0.0.1:9999/deploy.git"),
        ("ssh://git@127.0.0.1:2222/deploy.git", None, "ssh://git@127.0.0.1:2222/deploy.git"),
    ],
)
def test_a_git_server_over_ssh_is_not_the_fleet_s_own(
    sandbox: Sandbox, paths: FleetPaths, url: str, port: int | None, expected: str
) -> None:
    sandbox.stack("https://git.example.com/deploy.git", url)
    sandbox.setting(f"berth:deployRepoSecret: {{name: git, kind: {'token' if port else 'sshKey'}}}")
    stack = sandbox.load().stack("dev")
    paths.state.mkdir()
    paths.ports.write_text('{"git-server": 9999}')
    assert git_port(stack) == port
    assert settings_of_fleet(stack, paths).settings.deploy_repo.url == expected


def test_a_cluster_with_an_engine_of_its_own_is_no_part_of_a_fleet(sandbox: Sandbox) -> None:
    sandbox.write("Pulumi.local.yaml", LOCAL + "      gitops: {engine: argocd}\n")
    stack = sandbox.load().stack("local")
    assert clusters_of(stack, Engine.ARGOCD) == ["here"]
    with pytest.raises(InvalidInput) as raised:
        clusters_of(stack, Engine.FLUX)
    (problem,) = raised.value.problems
    assert (problem.file, problem.path) == ("Pulumi.local.yaml", "config.berth:clusters[0].gitops.engine")
    assert (problem.found, problem.expected) == ('"argocd"', "flux")


def test_a_fleet_with_one_engine_builds_nothing_of_the_other() -> None:
    names = {engine: {module.name for module in modules} for engine, modules in build.MODULES.items()}
    assert names[Engine.FLUX] - names[Engine.ARGOCD] == {"flux", "notifications"}
    assert names[Engine.ARGOCD] - names[Engine.FLUX] == {"argocd", "kustomize"}


@pytest.mark.parametrize("engine", list(Engine))
def test_each_port_belongs_to_a_process_and_each_health_check_to_a_port(paths: FleetPaths, engine: Engine) -> None:
    plane = plane_of(paths, AGENTS[engine])
    assert {f"aws-local/{program}" for program in plane.servers.values()} <= {spec.name for spec in plane.specs()}
    assert set(plane.agent.health) <= set(plane.servers)


def test_while_engines_are_changed_both_run_with_ports_and_certificates_of_their_own(paths: FleetPaths) -> None:
    before = plane_of(paths, AGENTS[Engine.FLUX])
    authority = (before.certificates / "ca.crt").read_bytes()
    plane = plane_of(paths, AGENTS[Engine.ARGOCD], AGENTS[Engine.FLUX])
    started = {spec.name.partition("/")[2] for spec in plane.specs()}
    assert {"kustomize-controller", "source-controller", "argocd-application-controller", "redis"} <= started
    assert len({plane.port(server) for server in plane.servers}) == len(plane.servers) == 12
    assert all((plane.certificates / f"{client}.key").is_file() for client in plane.clients)
    assert (before.certificates / "ca.crt").read_bytes() == authority, "what runs goes on with what it has"


@pytest.mark.parametrize("engine", list(Engine))
def test_only_the_clients_of_the_engine_get_a_certificate(paths: FleetPaths, engine: Engine) -> None:
    plane = plane_of(paths, AGENTS[engine])
    clients = {path.stem for path in plane.certificates.glob("*.crt")} - {"ca", "apiserver"}
    assert clients == {"admin", "controller-manager", "scheduler", "kwok", *AGENTS[engine].clients}


@pytest.mark.parametrize("engine", list(Engine))
def test_no_command_line_names_an_address_but_the_loopback_one(paths: FleetPaths, engine: Engine) -> None:
    told = [word for spec in plane_of(paths, AGENTS[engine]).specs() for word in spec.argv]
    assert any(HOST in word for word in told)
    assert not [word for word in told if "0.0.0.0" in word or "::" in word]  # noqa: S104


def test_the_password_of_redis_is_in_no_command_line_and_in_a_file_of_this_user(paths: FleetPaths) -> None:
    plane = plane_of(paths, argocd.ARGOCD)
    password = plane.secret("redis")
    specs = plane.specs()
    assert not [spec for spec in specs if password in " ".join(spec.argv)]
    assert [spec.name for spec in specs if password in spec.env.values()] == [
        "aws-local/argocd-repo-server",
        "aws-local/argocd-application-controller",
    ]
    config = plane.folder / "redis.conf"
    assert f"requirepass {password}" in config.read_text()
    assert config.stat().st_mode & 0o077 == 0


def test_secrets_of_a_cluster_stay_and_differ_by_purpose_and_cluster(paths: FleetPaths, tmp_path: Path) -> None:
    plane = plane_of(paths, argocd.ARGOCD)
    other = plane_of(FleetPaths(tmp_path / "other"), argocd.ARGOCD)
    assert plane.secret("redis") == plane.secret("redis")
    assert len({plane.secret("redis"), plane.secret("argocd-server"), other.secret("redis")}) == 3


def test_without_redis_and_without_root_one_line_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(OperationFailed) as raised:
        argocd.ARGOCD.require(lambda _about, _message: None)
    assert raised.value.message == "redis-server is missing: Argo CD keeps its cache in it"
    assert raised.value.hint == "apt-get install redis-server"


def test_flux_needs_nothing_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    AGENTS[Engine.FLUX].require(lambda _about, _message: None)


def test_what_holds_for_tenants_is_not_merged_anew_for_the_fleet(sandbox: Sandbox) -> None:
    sandbox.write("Pulumi.local.yaml", LOCAL)
    project = sandbox.load()
    policy = project.policy(project.tenants["acme"], 0)
    found = with_fleet(project, "local")
    assert found.policy(found.tenants["acme"], 0) is policy
