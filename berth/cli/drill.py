"""`berth drill`."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from berth.cli.emit import emit_json
from berth.cli.local import stack_option
from berth.cli.options import json_option
from berth.cli.output import console, say, table
from berth.cli.project import project_root
from berth.drill.model import Step
from berth.errors import OperationFailed
from berth.project import Project


class _Progress:
    """Says on stderr what goes on: the table on stdout comes at the end."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._status = out.status("looking at the fleet")

    def __enter__(self) -> _Progress:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def doing(self, what: str) -> None:
        self._status.update(escape(what))
        if not self._out.is_terminal:
            self._out.print(Text(what, style="dim"))

    def done(self, step: Step) -> None:
        mark = Text("  seen    " if step.good else "  missed  ", style="green" if step.good else "bold red")
        self._out.print(Text.assemble(mark, f"{step.name}, {step.cluster}, {_took(step)}"))


@click.command("drill")
@stack_option
@click.option("--tenant", metavar="TENANT", help="The tenant to try it with. Default: one in the most clusters.")
@json_option
@click.pass_context
def command(ctx: click.Context, stack: str, tenant: str | None, as_json: bool) -> int:
    """Rehearse a bad day on the local fleet, and say how long each step took.

    Pushes a commit that breaks a tenant and rolls it back, changes and deletes objects by hand, ends the API server of
    a cluster and starts it again. The fleet must be in sync, and is again afterwards, also after Ctrl-C; two commits
    stay in its deploy repo. Exits with 1 if a step was not seen in time.
    """
    from berth.cli.progress import open_fleet
    from berth.drill import find_ground, run
    from berth.local.paths import FleetPaths
    from berth.local.stack import is_local, with_fleet

    root = project_root(ctx)
    project = with_fleet(Project.load(root), stack)
    if is_local(project.stack(stack)) and not FleetPaths.of(root).kubeconfig.is_file():
        raise OperationFailed("there is no local fleet here to try it on", "berth local demo")
    fleet = open_fleet(root, stack, project)
    with _Progress(console(stderr=True)) as progress:
        ground = find_ground(fleet, project, stack, tenant)
        steps = run(ground, progress)
    if as_json:
        about = {"stack": stack, "engine": ground.engine.value, "tenant": ground.tenant}
        emit_json(about | {"steps": [step.as_dict() for step in steps]})
    else:
        show(steps)
        say(f"\n{fleet.agent.title}, the tenant {ground.tenant}. To have the commits: git -C .local/deploy pull")
    return 0 if all(step.good for step in steps) else 1


def show(steps: Sequence[Step]) -> None:
    """The table of steps: how long each took, and what that depends on."""
    table(
        ("STEP", "CLUSTER", "TOOK", "PACE", "SEEN"),
        [
            (
                step.name,
                step.cluster,
                Text(_took(step), style="green" if step.good else "bold red"),
                step.pace or "-",
                step.told,
            )
            for step in steps
        ],
    )


def _took(step: Step) -> str:
    return "-" if step.seconds is None else f"{step.seconds:.1f} s"
