"""`berth publish`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

import click

from berth.cli.options import stack_option
from berth.cli.output import say
from berth.cli.project import load_project
from berth.errors import InvalidInput, OperationFailed, Problem
from berth.local.paths import FleetPaths
from berth.offboarding.removed import refuse_removed
from berth.project import Project
from berth.publish import Publication, files_of, prepare
from berth.publish.files import TENANTS, former_holdings, needs_outputs, owned
from berth.render.roots import folder_of
from berth.settings import Delivery

_VERBS = {"A": "added", "M": "changed", "D": "removed"}


@click.command("publish")
@stack_option
@click.option(
    "--deploy-repo",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A checkout of the deploy repo. Default: the local fleet's, for its stack.",
)
@click.option("--push", is_flag=True, help="Push the commit to origin. Where that is refused, nothing is changed.")
@click.option("--branch", metavar="NAME", help="Put the commit on a new branch; the checkout stays as it is.")
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if there is something to publish.")
@click.option("--remove-all", is_flag=True, help="Allow a cluster to lose all of its tenants.")
@click.option(
    "--outputs", type=click.File("rb"), metavar="FILE", help="The stack's outputs as JSON, instead of asking Pulumi."
)
@click.pass_context
def command(
    ctx: click.Context,
    stack: str,
    deploy_repo: Path | None,
    push: bool,
    branch: str | None,
    check: bool,
    remove_all: bool,
    outputs: BinaryIO | None,
) -> int:
    """Commit the objects of a stack's tenants to the deploy repo, for the clusters' agents to pull.

    Writes clusters/<cluster>/ of the checkout's repo, as one commit, and nothing when nothing changed. What is no
    longer there is removed; all other files and changes of the checkout stay as they are.
    """
    from berth.local.stack import is_local, with_fleet

    project = with_fleet(load_project(ctx), stack)
    file = project.stack(stack)
    if deploy_repo is None:
        if not is_local(file):
            raise click.UsageError("--deploy-repo is missing: the folder of a checkout of the deploy repo")
        deploy_repo = FleetPaths.of(project.root).worktree
    publication = prepare_stack(project, stack, deploy_repo, _given(outputs), follows=branch is None)
    if not remove_all:
        refuse_empty(project, stack, publication)
    if check:
        tell(publication)
        return 1 if publication.changes else 0
    if push and not publication.changes:
        publication.check_pushable()  # what is only in the checkout, no agent has
    commit_and_tell(publication, stack, branch=branch, push=push)
    return 0


def prepare_stack(
    project: Project, stack: str, repo: Path, outputs: Any = None, *, follows: bool = True
) -> Publication:
    """What is to be published of a stack. With `follows`, the checkout has to be on the branch that the agents follow.

    Raises InvalidInput, OperationFailed.
    """
    file = project.stack(stack)
    if file.settings.delivery is not Delivery.GIT:
        at, fix = ("config", "berth:delivery"), "set it, or deploy with pulumi up: see docs/delivery.md"
        raise InvalidInput([file.document.problem(at, "git, to publish", found='"pulumi"', fix=fix)])
    if outputs is None and any(needs_outputs(c, t) for c in file.clusters for t in project.tenants_in(c)):
        from berth.kubeconfig.sources import stack_outputs

        outputs = stack_outputs(project.root, stack)
    followed = file.settings.deploy_repo.branch
    publication = prepare(repo, files_of(project, stack, outputs), list(owned(file.clusters)), followed=followed)
    refuse_removed(project, stack, former_holdings(publication))
    if follows and publication.branch != followed:
        raise OperationFailed(
            f"{repo} is on the branch {publication.branch}, and the agents follow {followed}",
            f"git switch {followed}, or put the commit on a branch of its own: --branch NAME",
        )
    return publication


def refuse_empty(project: Project, stack: str, publication: Publication) -> None:
    """Raises OperationFailed where a cluster that has tenants would lose them all: most often that is a mistake."""
    for cluster in project.stack(stack).clusters:
        prefix = f"{folder_of(cluster)}/{TENANTS}/"
        gone = [change.path for change in publication.changes if change.kind == "D" and change.path.startswith(prefix)]
        if gone and not any(True for _ in project.tenants_in(cluster)):
            raise OperationFailed(
                f"this would remove every tenant of {cluster.name}, with all that runs in their namespaces",
                "if that is what you want: --remove-all",
            )


def commit_and_tell(publication: Publication, stack: str, *, branch: str | None = None, push: bool = False) -> None:
    """Makes the commit, if there is something to publish, and says what it did."""
    tell(publication)
    if publication.changes:
        made = publication.commit(_message(stack, publication), branch=branch, push=push)
        where = f"{'pushed' if push else 'committed'} to {branch or publication.branch}"
        say(f"[green]published[/]  {made[:8]} {where}")


def tell(publication: Publication) -> None:
    """A line for each file that changes, or that none does."""
    for change in publication.changes:
        say(f"{_VERBS.get(change.kind, 'changed'):<8} {change.path}")
    if not publication.changes:
        say("nothing to publish: the deploy repo has it all")


def _message(stack: str, publication: Publication) -> str:
    """The same for the same changes: which tenants of which clusters, and what happens to them."""
    parts = [(change, change.path.split("/")) for change in publication.changes]
    objects = [(change, steps) for change, steps in parts if steps[2] == TENANTS and steps[-1] == "objects.yaml"]
    tenants = [(change.kind, steps[1], steps[3]) for change, steps in objects]
    counts = Counter(kind for kind, _, _ in tenants)
    summary = ", ".join(f"{counts[kind]} {verb}" for kind, verb in _VERBS.items() if counts[kind])
    lines = [f"{_VERBS[kind]:<8} {tenant} in {cluster}" for kind, cluster, tenant in tenants]
    return f"Publish {stack}: {summary or 'what lists the tenants'}\n\n" + "".join(f"{line}\n" for line in lines)


def _given(outputs: BinaryIO | None) -> Any:
    if outputs is None:
        return None
    try:
        return json.loads(outputs.read())
    except (ValueError, RecursionError):
        expected = "JSON: what `pulumi stack output --json` prints"
        raise InvalidInput([Problem(outputs.name, 0, 0, "", "something else", expected)]) from None
