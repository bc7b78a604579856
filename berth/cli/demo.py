"""The demo: from nothing to every tenant in sync in every cluster, on this machine."""

from __future__ import annotations

import time
from pathlib import Path

from rich.live import Live
from rich.text import Text

from berth.cli.fleet_tables import show_rows
from berth.cli.output import console, say, table
from berth.cli.progress import Teller, choose_tool, deploy_stack, open_fleet
from berth.errors import OperationFailed
from berth.local import engines
from berth.local.agent import Agent
from berth.local.fleet import AGENTS
from berth.local.paths import FleetPaths
from berth.local.stack import with_fleet
from berth.project import Project
from berth.settings import Engine
from berth.status import Row
from berth.status.collect import collect

WAIT_SECONDS = 180.0
_HEALS = {
    Engine.FLUX: """\
                       and see it return at the next interval, or at once after
                       kubectl ... -n berth-storefront annotate --overwrite kustomization storefront \\
                       reconcile.fluxcd.io/requestedAt="$(date +%s)\"""",
    Engine.ARGOCD: """\
                       and see it return at once""",
}
"""When what was deleted by hand is there again."""


def run(root: Path, stack: str, engine: Engine | None = None) -> int:
    """Returns the exit code: 0 when every tenant is in sync."""
    project = Project.load(root)
    chosen = engines.choose(engine, FleetPaths.of(root), project.stack(stack).settings.gitops.engine)
    _announce(project, stack, AGENTS[chosen])
    began = time.monotonic()
    fleet = open_fleet(root, stack, project, chosen)
    built = time.monotonic()
    fleet.up(Teller())
    say("")
    deploy_stack(root, stack, "auto")
    say("")
    project = with_fleet(Project.load(root), stack)
    rows = wait_for_sync(project, stack)
    show_rows(rows)
    took = f"{time.monotonic() - built:.0f} s"
    if built - began > 1:
        took += f" after {built - began:.0f} s of building"
    if not all(row.state.good for row in rows):
        raise OperationFailed(f"not every tenant is in sync after {took}", f"berth status --stack {stack}")
    say(f"[green]All tenants are in sync in all clusters, {took}.[/]")
    _what_next(fleet.agent)
    return 0


def wait_for_sync(project: Project, stack: str, seconds: float = WAIT_SECONDS) -> list[Row]:
    """Watches the tenants until all are in sync or the time is over. Returns the last rows."""
    end = time.monotonic() + seconds
    out = console()
    with Live(console=out, auto_refresh=False, transient=True) as live:
        told = ""
        while True:
            rows = collect(project, stack)
            good = sum(row.state.good for row in rows)
            waiting = [f"{row.tenant}@{row.cluster} {row.state}" for row in rows if not row.state.good]
            line = f"{good} of {len(rows)} in sync" + (f"; waiting for {', '.join(waiting)}" if waiting else "")
            if out.is_terminal:
                live.update(Text(line), refresh=True)
            elif line != told:
                out.print(line)
            told = line
            if good == len(rows) or time.monotonic() > end:
                return rows
            time.sleep(0.5)


def _announce(project: Project, stack: str, agent: Agent) -> None:
    clusters = project.stack(stack).clusters
    placed = {cluster.name: {tenant.name: tenant for tenant in project.tenants_in(cluster)} for cluster in clusters}
    say("[bold]What is about to run on this machine[/]")
    say(
        f"Three Kubernetes control planes that stand for three clouds, {agent.title} in each, and a Git server to pull"
        " from.\n"
    )
    table(
        ("TENANT", *(cluster.name for cluster in clusters), "NAMESPACES"),
        [
            (
                name,
                *(
                    placed[cluster.name][name].source.path if name in placed[cluster.name] else "-"
                    for cluster in clusters
                ),
                ", ".join(loaded.namespaces),
            )
            for name, loaded in project.tenants.items()
        ],
    )
    tool, why = choose_tool("auto", FleetPaths.of(project.root))
    say(f"\nThe tenants' objects are applied with [bold]{tool}[/] ({why}).\n")


def _what_next(agent: Agent) -> None:
    say(
        f"""
[bold]What to try next[/] (in another terminal: [bold]watch .venv/bin/berth status --stack local[/])

Roll out a change      cd .local/deploy
                       sed -i 's/newTag: .*/newTag: "9.9.9"/' apps/storefront/environments/local/kustomization.yaml
                       git commit -am 'Release 9.9.9' && git push
Roll it back           git revert --no-edit HEAD && git push
Delete something       kubectl --kubeconfig .local/kubeconfig --context aws-local -n storefront delete service web
{_HEALS[agent.engine]}
Add a tenant           .venv/bin/berth tenant new orders && cp -r deploy/apps/orders .local/deploy/apps/
                       (cd .local/deploy && git add . && git commit -m 'Onboard orders' && git push)
                       .venv/bin/berth local deploy
Stop everything        .venv/bin/berth local down"""
    )
