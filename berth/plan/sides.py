"""Both sides of a plan: what the working tree wants and what the base wanted, each no further than they can differ.

The inputs of a tenant's objects are its cluster, its file, its profile and the code. Where all are the same on both
sides the objects are the same, and are not rendered; where a stack's settings, the code and the rights that tenants
have in its clouds are, so are its resources, and the program is not run. So a plan costs what the change is worth.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from berth.errors import InvalidInput, OperationFailed
from berth.plan import code
from berth.plan.base import BaseTree, uncommitted
from berth.plan.desired import DesiredStack, Resource
from berth.plan.history import Former, former_project
from berth.plan.rendered import all_as_they_run, is_placed, never, rendered
from berth.plan.worker import without_secrets
from berth.programs import ending_together
from berth.project import Project
from berth.settings import Cluster, StackFile
from berth.tenants.load import LoadedTenant
from berth.tenants.resolve import Tenant

Stacks = dict[str, DesiredStack]
_Recorded = tuple[str, list[Resource]]
"""A stack's resources."""


@dataclass(frozen=True)
class Sides:
    """Stacks by name, before and after. `whole` are those that had nothing to be compared with."""

    before: Stacks
    after: Stacks
    base: BaseTree | None = None
    whole: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    today: Project | None = None
    former: Project | None = None
    """The base's project, where the code of today is the base's too."""
    files: Project | None = None
    """The base's project as the code of today reads it, whatever the base's was; None without a base."""


def both_sides(root: Path, wanted: Sequence[str], ref: str | None) -> Sides:
    """What the working tree wants of the named stacks (all, where none is named), and what the base at `ref` wanted.

    Raises InvalidInput for a base that is none, a stack that neither side has, or files of the working tree that are
    wrong; OperationFailed where the program does not run.
    """
    base = BaseTree.of(root, ref) if ref is not None else None
    project = all_as_they_run(Project.load(root), root)
    folders = tempfile.TemporaryDirectory(prefix="berth-plan-")
    with folders as folder, ThreadPoolExecutor(2) as pool, ending_together():
        work = _Work(project, Path(folder).resolve(), pool)
        if base is None:
            return work.alone([project.stack(name).name for name in wanted] or list(project.stacks))
        dirty = uncommitted(root)
        if dirty:
            work.notes.append(f"The plan is of the working tree, with {_some(dirty)} not committed.")
        if any(base.differs(path) for path in code.PACKAGES):
            work.notes.append(
                f"{' or '.join(code.PACKAGES)} differs. Both sides ran with the packages that are installed here: what "
                "other versions of them change is not in this plan."
            )
        if code.code_differs(root, base):
            return work.with_other_code(base, wanted)
        return work.with_same_code(base, wanted)


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return f"{', '.join(paths[:3])}{more}"


@dataclass
class _Work:
    project: Project
    folder: Path
    pool: ThreadPoolExecutor
    notes: list[str] = field(default_factory=list)

    def alone(self, stacks: Sequence[str], base: BaseTree | None = None) -> Sides:
        """All that the working tree wants: there is nothing to compare with."""
        recording = self._start([self._job(self.project.root, name, self._with_rights(name)) for name in stacks])
        after = {name: rendered(self.project, self.project.stacks[name], never) for name in stacks}
        return Sides({}, _completed(after, recording()), base, tuple(stacks), tuple(self.notes), self.project)

    def with_other_code(self, base: BaseTree, wanted: Sequence[str]) -> Sides:
        """The base's own code says what it wanted, in a tree of its own."""
        tree = self.folder / "base"
        tree.mkdir()
        base.extract(tree)
        try:
            if not code.has_worker(tree):
                raise OperationFailed("it is from before `berth plan`")
            before = code.render_stacks(tree, wanted, self.project.root)
            names = self._chosen(wanted, before)
            then = self._start([self._job(tree, name, _tenants_of(tree), tree) for name in before], tree)
            here = [name for name in names if name in self.project.stacks]
            now = self._start([self._job(self.project.root, name, self._with_rights(name)) for name in here])
            after = {name: rendered(self.project, self.project.stacks[name], never) for name in here}
            completed = _completed(before, then())
        except (InvalidInput, OperationFailed) as error:
            self.notes.append(
                f"The base {base.ref} cannot be planned with its own code: {_reason(error)}. This is the whole plan "
                "of each stack, not what changes."
            )
            return self.alone([name for name in self._chosen(wanted, {}) if name in self.project.stacks], base)
        files = former_project(base, self.project, self.folder / "files").project
        notes = tuple(self.notes)
        return Sides(completed, _completed(after, now()), base, (), notes, self.project, files=files)

    def with_same_code(self, base: BaseTree, wanted: Sequence[str]) -> Sides:
        """Only what has other inputs is rendered, or run."""
        former = former_project(base, self.project, self.folder / "former")
        for path, problems in sorted(former.broken.items()):
            self.notes.append(
                f"{path} cannot be read in the base ({problems[0]}): what it described counts as not there before."
            )
        names = self._chosen(wanted, former.project.stacks)
        before, after = self._differing(former, names)
        then: list[code.Job] = []
        now: list[code.Job] = []
        for name in names:
            need = self._need(former, name, all_of_it=base.differs("Pulumi.yaml"))
            if need is None:
                continue
            for project, jobs, stacks in ((former.project, then, before), (self.project, now, after)):
                if name not in project.stacks:
                    continue
                stacks[name] = replace(stacks[name], resources=[])
                if need.clusters is not None and need.clusters.isdisjoint(stacks[name].clusters):
                    continue
                there = [tenant for tenant in sorted(need.tenants) if tenant in project.tenants]
                if project is former.project:
                    base.write((f"tenants/{tenant}.yaml" for tenant in there), former.folder)
                only = None if need.clusters is None else tuple(sorted(need.clusters))
                jobs.append(self._job(project.root, name, there, clusters=only))
        recorded = self._start([*then, *now])()
        whole = tuple(name for name in names if f"Pulumi.{name}.yaml" in former.broken)
        before = _completed(before, recorded[: len(then)])
        after = _completed(after, recorded[len(then) :])
        notes, read = tuple(self.notes), former.project
        return Sides(before, after, base, whole, notes, self.project, former=read, files=read)

    def _chosen(self, wanted: Sequence[str], before: Mapping[str, object]) -> list[str]:
        """The names of the stacks to plan. Raises InvalidInput for one that neither side has."""
        for name in wanted:
            if name not in before:
                self.project.stack(name)
        return list(wanted) or sorted({*self.project.stacks, *before})

    def _job(
        self,
        data: Path,
        stack: str,
        tenants: Sequence[str],
        tree: Path | None = None,
        clusters: tuple[str, ...] | None = None,
    ) -> code.Job:
        """A run of the program for a stack, on a project that holds only those tenants."""
        made = Path(tempfile.mkdtemp(dir=self.folder)) / "project"
        return code.Job(code.reduced_project(made, data, tree or self.project.root, tenants), stack, clusters)

    def _start(self, jobs: Sequence[code.Job], tree: Path | None = None) -> Callable[[], list[_Recorded]]:
        """Begins the runs, with the code of the working tree or of another. Returns what waits for their end."""
        if not jobs:
            return list
        running = self.pool.submit(code.record_resources, jobs, tree or self.project.root)
        return lambda: [(job.stack, found) for job, found in zip(jobs, running.result(), strict=True)]

    def _with_rights(self, stack: str) -> list[str]:
        return sorted({tenant for tenant, _ in _rights(self.project, self.project.stacks[stack])})

    def _differing(self, former: Former, names: Sequence[str]) -> tuple[Stacks, Stacks]:
        clusters = {
            side: {c.name: c for name in names if name in project.stacks for c in project.stacks[name].clusters}
            for side, project in (("then", former.project), ("now", self.project))
        }

        def same(cluster: Cluster, loaded: LoadedTenant) -> bool:
            name, profile = loaded.file.name, loaded.file.profile
            return (
                clusters["then"].get(cluster.name) == clusters["now"].get(cluster.name)
                and former.project.tenants.get(name) is self.project.tenants.get(name)
                and former.project.profiles.get(profile) is self.project.profiles.get(profile)
            )

        before = {n: rendered(former.project, s, same) for n, s in former.project.stacks.items() if n in names}
        after = {n: rendered(self.project, s, same) for n, s in self.project.stacks.items() if n in names}
        return before, after

    def _need(self, former: Former, name: str, *, all_of_it: bool) -> _Need | None:
        """What the program has to be run with for a stack; None where it need not be run."""
        then, now = former.project.stacks.get(name), self.project.stacks.get(name)
        rights_then = dict(_rights(former.project, then)) if then else {}
        rights_now = dict(_rights(self.project, now)) if now else {}
        both = {*rights_then, *rights_now}
        if all_of_it or then is None or now is None:
            return _Need(both)
        was, is_now = without_secrets(then.document.value), without_secrets(now.document.value)
        if was == is_now:
            differing = {tenant for tenant in both if rights_then.get(tenant) != rights_now.get(tenant)}
            return _Need(differing) if differing else None
        clusters_then, clusters_now = _clusters_out_of(was), _clusters_out_of(is_now)
        if both or was != is_now:
            # A tenant's placements name clusters that would be missing, and the other settings are all clusters'.
            return _Need(both)
        named = {*clusters_then, *clusters_now}
        return _Need(both, {each for each in named if clusters_then.get(each) != clusters_now.get(each)})


@dataclass(frozen=True)
class _Need:
    """What the program is run with: tenants, and clusters of the stack where not all of them differ."""

    tenants: set[str]
    clusters: set[str] | None = None


def _clusters_out_of(values: dict[str, Any]) -> dict[str, Any]:
    """Takes the clusters out of a stack file's values. Returns them by name."""
    return {cluster["name"]: cluster for cluster in values["config"].pop("berth:clusters")}


def _tenants_of(tree: Path) -> list[str]:
    return [path.stem for path in (tree / "tenants").glob("*.yaml")]


def _rights(project: Project, stack: StackFile) -> Iterator[tuple[str, dict[str, Tenant]]]:
    """The tenants that have rights in the clouds of a stack, each as it is to be by cluster."""
    for name, loaded in project.tenants.items():
        if not loaded.file.identity:
            continue
        placed = {}
        for cluster in stack.clusters:
            tenant = project.place(loaded, cluster) if is_placed(loaded, cluster) else None
            if tenant is not None and tenant.grants:
                placed[cluster.name] = tenant
        if placed:
            yield name, placed


def _completed(stacks: Stacks, recorded: Iterable[_Recorded]) -> Stacks:
    """The stacks with the resources that were recorded meanwhile."""
    return stacks | {name: replace(stacks[name], resources=found) for name, found in recorded}


def _reason(error: InvalidInput | OperationFailed) -> str:
    return error.message if isinstance(error, OperationFailed) else str(error.problems[0])
