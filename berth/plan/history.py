"""The project as it stood at the base, where its code is the code of today: only files that differ are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from berth.errors import InvalidInput, Problem
from berth.plan.base import BaseTree
from berth.plan.rendered import as_it_runs
from berth.project import Project
from berth.settings import load_stack
from berth.tenants.load import load_profile, load_tenant
from berth.tenants.references import check_references

T = TypeVar("T")


@dataclass(frozen=True)
class Former:
    """The base's project, what of it could not be read by file, and the files that differ from those of today."""

    project: Project
    broken: Mapping[str, tuple[Problem, ...]]
    differing: frozenset[str]
    folder: Path
    """Where the base's settings, profiles and the tenants that differ have been written."""


@dataclass
class _Reader:
    """Reads the base's files of one kind, or takes what was read of the same bytes already."""

    base: BaseTree
    folder: Path
    broken: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    differing: set[str] = field(default_factory=set)

    def read(self, files: Mapping[str, str], here: Mapping[str, T], load: Callable[[str, Path], T]) -> dict[str, T]:
        """Values by name. `files` are the base's paths by name, `here` what was read of today's files."""
        found = {}
        for name, path in sorted(files.items()):
            if name in here and path not in self.differing:
                found[name] = here[name]
                continue
            try:
                found[name] = load(name, self.folder / path)
            except InvalidInput as error:
                self.broken[path] = error.problems
        return found


def former_project(base: BaseTree, today: Project, folder: Path) -> Former:
    """The project at the base. What cannot be read there is in `broken`, never an error."""
    stacks = {
        path.removeprefix("Pulumi.").removesuffix(".yaml"): path
        for path in base.blobs
        if "/" not in path and path.startswith("Pulumi.") and path.endswith(".yaml") and path != "Pulumi.yaml"
    }
    profiles = _named(base, "tenants/profiles/")
    tenants = _named(base, "tenants/")
    reader = _Reader(base, folder)
    paths = [*stacks.values(), *profiles.values(), *tenants.values()]
    reader.differing |= {path for path in paths if base.differs(path)}
    known_profiles = sorted(profiles)
    base.write({*reader.differing, *stacks.values(), *profiles.values(), "Pulumi.yaml"}, folder)
    project = Project(
        folder,
        reader.read(stacks, today.stacks, lambda name, path: as_it_runs(load_stack(name, path, folder), today.root)),
        reader.read(profiles, today.profiles, lambda _, path: load_profile(path, folder)),
        reader.read(tenants, today.tenants, lambda _, path: load_tenant(path, folder)),
    )
    for name, tenant in list(project.tenants.items()):
        if tenant.file.profile not in project.profiles:
            lacking = check_references(tenant.document, "profile", known_profiles)
            reader.broken[tenants[name]] = tuple(lacking) or reader.broken[profiles[tenant.file.profile]]
    readable = {name: loaded for name, loaded in project.tenants.items() if tenants[name] not in reader.broken}
    project = Project(folder, project.stacks, project.profiles, readable)
    return Former(project, reader.broken, frozenset(reader.differing), folder)


def _named(base: BaseTree, prefix: str) -> dict[str, str]:
    """YAML files directly in a folder, by their names."""
    found = {}
    for path in base.blobs:
        if path.startswith(prefix) and path.endswith(".yaml") and "/" not in path[len(prefix) :]:
            found[Path(path).stem] = path
    return found
