"""`berth offboard`."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.markup import escape

from berth.cli.emit import emit_json
from berth.cli.options import json_option
from berth.cli.output import console, say, table
from berth.cli.project import load_project
from berth.errors import InvalidInput, Problem, did_you_mean
from berth.offboarding.model import CLAIM, Result, State
from berth.offboarding.run import drain, verify
from berth.project import Project
from berth.settings import Cluster
from berth.tenants import Lifecycle


@click.command("offboard")
@click.argument("tenant")
@click.option("--stack", "-s", "stacks", multiple=True, metavar="STACK", help="Only this stack. May be repeated.")
@click.option("--yes", is_flag=True, help="Delete. Without it, what would be deleted is shown.")
@click.option("--verify", "verifying", is_flag=True, help="Look for what is left of a tenant whose file is gone.")
@click.option(
    "--timeout", default=900.0, show_default=True, metavar="SECONDS", help="How long a cluster is waited for."
)
@json_option
@click.pass_context
def command(
    ctx: click.Context, tenant: str, stacks: tuple[str, ...], yes: bool, verifying: bool, timeout: float, as_json: bool
) -> int:
    """Empty a tenant's namespaces in every cluster, before its file is deleted.

    The tenant file says `lifecycle: offboarding` and is deployed, so that no agent brings anything back. Guard-rails
    stay; volume claims stay unless the file says `deletionPolicy: delete` and is deployed. Interrupted, it goes on when
    run again. Exits with 1 where something is left to do.
    """
    project = load_project(ctx)
    project, clusters = _clusters(project, tenant, stacks, everywhere=verifying)
    if verifying:
        results = verify(project, tenant, clusters)
    else:
        _check(project, tenant)
        err = console(stderr=True)
        results = drain(
            project,
            tenant,
            clusters,
            delete=yes,
            seconds=timeout,
            tell=lambda cluster, message: err.print(f"{cluster}: {message}", markup=False),
        )
    if as_json:
        emit_json({"tenant": tenant, "clusters": [result.as_dict() for result in results]})
    else:
        _show(tenant, results, verifying=verifying)
    return 0 if all(result.state.good for result in results) else 1


def _clusters(
    project: Project, tenant: str, stacks: Sequence[str], *, everywhere: bool
) -> tuple[Project, list[Cluster]]:
    """The project with its fleets as they run, and the clusters to ask: those that the tenant is placed in, or all."""
    from berth.local.stack import with_fleet

    for name in stacks or list(project.stacks):
        project = with_fleet(project, name)
    chosen = [cluster for name in stacks or list(project.stacks) for cluster in project.stack(name).clusters]
    loaded = project.tenants.get(tenant)
    if loaded is None:
        if everywhere:
            return project, chosen
        raise InvalidInput(
            [
                Problem(
                    f"tenants/{tenant}.yaml",
                    0,
                    0,
                    "",
                    "nothing",
                    "the file of the tenant",
                    did_you_mean(tenant, list(project.tenants)) or "where it has been deleted: --verify",
                )
            ]
        )
    return project, chosen if everywhere else [each for each in chosen if project.place(loaded, each) is not None]


def _check(project: Project, tenant: str) -> None:
    loaded = project.tenants[tenant]
    if loaded.file.lifecycle is not Lifecycle.OFFBOARDING:
        raise InvalidInput(
            [
                loaded.document.problem(
                    ("lifecycle",),
                    "offboarding",
                    found=f'"{loaded.file.lifecycle}"',
                    fix="set it, deploy every stack of the tenant, and run this again",
                )
            ]
        )


def _show(tenant: str, results: Sequence[Result], *, verifying: bool) -> None:
    rows = [
        (each.cluster, each.state.value, str(len(each.left)), str(len(each.kept)), each.message) for each in results
    ]
    table(("CLUSTER", "STATE", "LEFT", "KEPT", "MESSAGE"), rows)
    for title, attribute in (("Left", "left"), ("Kept", "kept"), ("Warnings", "warnings")):
        lines = [f"  {each.cluster}  {item}" for each in results for item in getattr(each, attribute)]
        if lines:
            say(escape(f"\n{title}:\n" + "\n".join(lines)))
    say(escape("\n" + _next(tenant, results, verifying=verifying)))


def _next(tenant: str, results: Sequence[Result], *, verifying: bool) -> str:
    """What to do now, in one line."""
    states = {each.state for each in results}
    if State.UNREACHABLE in states:
        return "Not every cluster could be asked: run this again when they can."
    if verifying:
        return f"Nothing is left of {tenant}." if states <= {State.GONE} else f"Something is left of {tenant}."
    if State.NOT_SUSPENDED in states:
        return "Nothing was deleted where the agent would bring it back."
    if State.NOT_OFFBOARDING in states:
        return "Nothing was deleted where the tenant was deployed as one that stays."
    if State.TO_DRAIN in states:
        return "Nothing was deleted. To delete what is left: --yes"
    if State.DRAINING in states:
        return "Some of it has not gone: see what keeps it, and run this again."
    if any(item.kind == CLAIM for each in results for item in each.kept):
        return (
            "Drained. Namespaces with volume claims are kept, and the file has to stay with them. To delete them too: "
            "`deletionPolicy: delete`, deploy, and run this again."
        )
    return f"Drained. Next: delete tenants/{tenant}.yaml, deploy every stack, then: berth offboard {tenant} --verify"
