"""Long steps, shown while they run: bars on a terminal, a line now and then when piped."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from types import TracebackType

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from berth.cli.output import console, say
from berth.errors import OperationFailed
from berth.files import write_text
from berth.local import build, engines
from berth.local.deploy import held_by
from berth.local.fleet import AGENTS, Fleet
from berth.local.paths import FleetPaths, read_word
from berth.local.stack import is_local, with_fleet
from berth.offboarding.removed import refuse_removed
from berth.project import Project
from berth.settings import Delivery, Engine


class BuildProgress(build.Report):
    """A bar for each program that is built: packages compiled of those it consists of."""

    def __init__(self) -> None:
        out = console()
        self._bars = (
            Progress(
                SpinnerColumn(),
                TextColumn("building {task.description:<22}"),
                BarColumn(),
                TextColumn("{task.fields[detail]}"),
                TimeElapsedColumn(),
                console=out,
            )
            if out.is_terminal
            else None
        )
        self._task: TaskID | None = None
        self._total = 0
        self._told = 0

    def __enter__(self) -> BuildProgress:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()

    def begin(self, program: str, packages: int) -> None:
        self._total, self._told = packages, 0
        if self._bars is None:
            say(f"building {program}: " + (f"{packages} packages" if packages else "finding its packages"))
        elif self._task is None or not packages:
            self._task = self._bars.add_task(program, total=None, detail="finding packages")
        else:
            self._bars.update(self._task, total=packages, detail="")

    def downloaded(self, modules: int) -> None:
        if self._bars and self._task is not None:
            self._bars.update(self._task, detail=f"{modules} modules downloaded")
        elif modules % 100 == 0:
            say(f"  {modules} modules downloaded")

    def compiled(self, packages: int) -> None:
        if self._bars and self._task is not None:
            self._bars.update(self._task, completed=packages, detail=f"{packages} of {self._total} packages")
        elif self._total and packages * 10 // self._total > self._told:
            self._told = packages * 10 // self._total
            say(f"  {packages} of {self._total} packages")

    def end(self, program: str) -> None:
        if self._bars and self._task is not None:
            self._bars.update(self._task, total=1, completed=1, detail="built")
            self._task = None
        elif self._bars is None:
            say(f"  {program} is built")


class Teller:
    """Prints what the fleet tells, one line a fact, from whatever thread it comes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._console = console()

    def __call__(self, about: str, message: str) -> None:
        with self._lock:
            self._console.print(f"[cyan]{about:<12}[/] {message}", highlight=False)


def open_fleet(root: Path, stack: str, project: Project | None = None, engine: Engine | None = None) -> Fleet:
    """The fleet of a stack, with its programs built. Raises InvalidInput, OperationFailed.

    Without an `engine`, it is the one that the fleet was started with, else the one of the stack.
    """
    project = project or Project.load(root)
    file = project.stack(stack)
    if not is_local(file):
        raise OperationFailed(
            f"the stack {stack} does not describe a local fleet",
            "name one whose clusters are `existing` and whose deployRepo is on 127.0.0.1",
        )
    paths = FleetPaths.of(root)
    engine = engines.choose(engine, paths, file.settings.gitops.engine)
    # While engines are changed, the former one runs as well.
    needed = dict.fromkeys((engine, *filter(None, (engines.recorded(paths), engines.former(paths)))))
    folders = dict.fromkeys(folder for each in needed for folder in _programs(root / "local", each).folders)
    return Fleet(root, file, paths, build.Binaries(tuple(folders)), engine)


def _programs(source: Path, engine: Engine) -> build.Binaries:
    """The programs of a fleet with this engine, built where they are not built yet."""
    binaries = build.built(source, engine)
    if binaries is None:
        # What cannot be had is told before minutes of building, not after.
        AGENTS[engine].require(Teller())
        say("The fleet's programs are built from source, once: this takes some minutes.")
        with BuildProgress() as report:
            binaries = build.build(source, report, engine)
    return binaries


def fleet_up(root: Path, stack: str, engine: Engine | None = None) -> Fleet:
    fleet = open_fleet(root, stack, engine=engine)
    fleet.up(Teller())
    if fleet.former:
        say(
            f"\n{fleet.former.title} runs beside {fleet.agent.title}, until the next deploy has taken its sync objects"
            " away: [bold]berth local deploy[/]"
        )
    say(f"\nkubectl --kubeconfig {_short(fleet.paths.kubeconfig)} --context {fleet.clusters[0]} get namespaces")
    return fleet


def deploy_stack(root: Path, stack: str, tool: str) -> None:
    """Deploys with Pulumi or kubectl, and says which and why."""
    project = with_fleet(Project.load(root), stack)
    fleet = open_fleet(root, stack, project)
    if not fleet.paths.kubeconfig.is_file():
        raise OperationFailed("the fleet is not up", "berth local up")
    chosen, why = choose_tool(tool, fleet.paths)
    _keep_delivery(fleet)
    if fleet.stack.settings.delivery is Delivery.GIT:
        publish_to_fleet(fleet, project, stack)
    else:
        refuse_removed(project, stack, held_by(fleet))
    say(f"deploying with [bold]{chosen}[/]: {why}")
    write_text(fleet.paths.deployed_with, chosen)
    if chosen == "pulumi":
        from berth.local.pulumi import deploy_with_pulumi

        deploy_with_pulumi(fleet, project, stack)
    else:
        from berth.local.deploy import deploy_with_kubectl

        deploy_with_kubectl(fleet, project, stack, Teller())
    if fleet.former:
        from berth.local.change import retire_former

        retire_former(fleet, Teller())


def publish_to_fleet(fleet: Fleet, project: Project, stack: str) -> None:
    """Commits the tenants' objects to the fleet's deploy repo, from which the agents pull them."""
    from berth.cli.publish import commit_and_tell, prepare_stack

    commit_and_tell(prepare_stack(project, stack, fleet.paths.worktree), stack, push=True)


def _keep_delivery(fleet: Fleet) -> None:
    """Records how tenants' objects reach the fleet. Raises OperationFailed where that was another way before."""
    path, wanted = fleet.paths.delivery, fleet.stack.settings.delivery
    before = read_word(path, Delivery, "delivery")
    if before not in (None, wanted):
        raise OperationFailed(
            f"this fleet's tenants were delivered by {before}: changing that would delete them first",
            "start anew with: berth local down --delete && berth local up",
        )
    write_text(path, wanted)


def choose_tool(asked: str, paths: FleetPaths) -> tuple[str, str]:
    """What applies the objects, and why it is that. Raises OperationFailed where another one did so before."""
    before = read_word(paths.deployed_with, ("pulumi", "kubectl"), "tool that deploys")
    if asked == "auto" and before:
        return before, "as this fleet was deployed before"
    if before and asked != before:
        raise OperationFailed(
            f"this fleet was deployed with {before}: {asked} does not take over objects that it did not make",
            "start anew with: berth local down --delete && berth local up",
        )
    if asked != "auto":
        return asked, "as asked"
    if shutil.which("pulumi"):
        return "pulumi", "it is on PATH"
    return "kubectl", "pulumi is not on PATH; the same objects, with server-side apply and an ApplySet that prunes"


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
