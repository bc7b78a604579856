"""`berth local`: the fleet on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from berth.cli.emit import emit_json
from berth.cli.options import json_option
from berth.cli.output import say, table
from berth.cli.project import project_root
from berth.errors import InvalidInput, OperationFailed, Problem, did_you_mean, one_of
from berth.settings.kinds import Engine

STACK = "local"

engine_option = click.option(
    "--engine",
    type=click.Choice([engine.value for engine in Engine]),
    help="The agent in each cluster. Default: what the fleet has, else what the stack says.",
)
stack_option = click.option("--stack", "-s", "stack", default=STACK, show_default=True, metavar="STACK")


@click.group("local")
def command() -> None:
    """Run the local fleet: three clusters, their agents and a Git server on this machine.

    Real control planes and real agents as plain processes on the loopback interface. No container engine, no cloud.
    """


@command.command("up")
@stack_option
@engine_option
@click.pass_context
def up(ctx: click.Context, stack: str, engine: str | None) -> None:
    """Start the fleet, or mend it: what runs as it should is left alone.

    The first time, its programs are built from source, which takes some minutes.
    """
    from berth.cli.progress import fleet_up

    fleet_up(project_root(ctx), stack, Engine(engine) if engine else None)


@command.command("down")
@click.option("--delete", is_flag=True, help="Also remove the clusters' data and the deploy repo with its checkout.")
@click.pass_context
def down(ctx: click.Context, delete: bool) -> None:
    """Stop every process of the fleet. What the clusters hold is there again at the next `up`."""
    from berth.local.fleet import down as stop
    from berth.local.paths import FleetPaths

    stopped = stop(FleetPaths.of(project_root(ctx)), delete=delete)
    say(f"[green]stopped[/]  {stopped} processes" if stopped else "nothing was running")


@command.command("status")
@stack_option
@json_option
@click.pass_context
def status(ctx: click.Context, stack: str, as_json: bool) -> int:
    """Show the fleet's processes. Exits with 1 if one of them does not run."""
    import psutil

    from berth.cli.progress import open_fleet

    fleet = open_fleet(project_root(ctx), stack)
    members = fleet.members()
    rows = []
    for member in members:
        memory = 0
        if member.process is not None:
            try:
                memory = member.process.memory_info().rss // 1_000_000
            except psutil.Error:
                memory = 0
        rows.append((member.name, member.process.pid if member.process else None, memory))
    if as_json:
        emit_json([{"process": name, "pid": pid, "megabytes": memory} for name, pid, memory in rows])
    else:
        table(
            ("PROCESS", "STATE", "PID", "MEMORY"),
            [
                (name, "running" if pid else "stopped", str(pid or "-"), f"{mb} MB" if pid else "-")
                for name, pid, mb in rows
            ],
        )
        say(f"\nkubeconfig  {fleet.paths.kubeconfig}\ndeploy repo {fleet.paths.worktree}")
    return 0 if all(member.process for member in members) else 1


@command.command("logs")
@click.argument("process", required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on printing what is added.")
@click.option("--lines", "-n", default=50, show_default=True, help="How many of the last lines.")
@click.pass_context
def logs(ctx: click.Context, process: str | None, follow: bool, lines: int) -> None:
    """Print the log of a PROCESS, such as aws-local/kustomize-controller. Without one, list them."""
    from berth.local.paths import FleetPaths

    folder = FleetPaths.of(project_root(ctx)).log("").parent
    known = sorted(path.stem for path in folder.glob("*.log"))
    if process is None:
        say("\n".join(known) or "no process has run yet")
        return
    name = process.replace("/", "-")
    if name not in known:
        raise InvalidInput([Problem("PROCESS", 0, 0, "", f'"{process}"', one_of(known), did_you_mean(name, known))])
    _tail(folder / f"{name}.log", lines, follow=follow)


def _tail(path: Path, lines: int, *, follow: bool) -> None:
    import time

    with path.open(encoding="utf-8", errors="replace") as log:
        for line in log.readlines()[-lines:]:
            click.echo(line, nl=False)
        while follow:
            click.echo(log.readline(), nl=False)
            time.sleep(0.1)


@command.command("deploy")
@stack_option
@click.option(
    "--with",
    "tool",
    type=click.Choice(["auto", "pulumi", "kubectl"]),
    default="auto",
    show_default=True,
    help="What applies the objects. auto: pulumi where it is on PATH, else kubectl.",
)
@click.pass_context
def deploy(ctx: click.Context, stack: str, tool: str) -> None:
    """Put the stack's tenants into the fleet's clusters, and prune those that are gone.

    Says which way it took and why. Doing it twice changes nothing.
    """
    from berth.cli.progress import deploy_stack

    deploy_stack(project_root(ctx), stack, tool)


@command.command("demo")
@stack_option
@engine_option
@click.pass_context
def demo(ctx: click.Context, stack: str, engine: str | None) -> int:
    """The main job from nothing: fleet up, tenants deployed, wait until all are in sync, and what to try next."""
    from berth.cli.demo import run

    if stack != STACK:
        raise OperationFailed("the demo runs on the stack local")
    return run(project_root(ctx), stack, Engine(engine) if engine else None)
