"""Reads tenant and profile files. What spans files is checked in `berth.project`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from berth.document import Document, read_document
from berth.errors import InvalidInput, Problem
from berth.model import Model, problems_of
from berth.names import is_reserved
from berth.tenants.model import Profile, TenantFile

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class LoadedTenant:
    """A tenant file and where its values stand."""

    document: Document
    file: TenantFile

    @property
    def namespaces(self) -> list[str]:
        return [f"{self.file.name}-{suffix}" if suffix else self.file.name for suffix in self.file.namespaces]


@dataclass(frozen=True)
class LoadedProfile:
    """A profile file and where its values stand."""

    name: str
    document: Document
    file: Profile


def tenant_paths(root: Path) -> list[Path]:
    """The tenant files of a project, by name."""
    return sorted((root / "tenants").glob("*.yaml"))


def profile_paths(root: Path) -> list[Path]:
    """The profile files of a project, by name."""
    return sorted((root / "tenants" / "profiles").glob("*.yaml"))


def misnamed(root: Path) -> list[Problem]:
    """Files that look like tenants and would be passed over."""
    found = sorted({*(root / "tenants").glob("**/*.yml"), *(root / "tenants").glob("*.YAML")})
    return [
        Problem(
            path.relative_to(root).as_posix(),
            0,
            0,
            "",
            "a file that no one reads",
            "the ending .yaml",
            "rename it",
        )
        for path in found
    ]


def load_tenant(path: Path, root: Path) -> LoadedTenant:
    """Reads one tenant file. Raises InvalidInput with every problem of it."""
    return tenant_of(read_document(path, root))


def tenant_of(document: Document) -> LoadedTenant:
    """The tenant in a document. Raises InvalidInput with every problem of it."""
    file = _model_of(document, TenantFile)
    name = Path(document.file).stem
    problems = []
    if file.name != name:
        problems.append(
            document.problem(
                ("name",),
                f'"{name}", the file\'s name',
                fix="a tenant is never renamed: mend the name or the file name, whichever is the mistake",
            )
        )
    loaded = LoadedTenant(document, file)
    for index, namespace in enumerate(loaded.namespaces):
        key = ("namespaces", index) if "namespaces" in file.model_fields_set else ("name",)
        if is_reserved(namespace):
            problems.append(
                document.problem(
                    key, "a namespace that is not the platform's", found=f'"{namespace}"', fix="choose another name"
                )
            )
        if len(namespace) > 63:
            problems.append(document.problem(key, "at most 63 characters", found=f'"{namespace}"', fix="shorten it"))
    for index, identity in enumerate(file.identity):
        if identity.namespace not in file.namespaces:
            problems.append(
                document.problem(
                    ("identity", index, "namespace"), "one of the tenant's namespaces", found=f'"{identity.namespace}"'
                )
            )
    if problems:
        raise InvalidInput(problems)
    return loaded


def load_profile(path: Path, root: Path) -> LoadedProfile:
    """Reads one profile file. Raises InvalidInput with every problem of it."""
    document = read_document(path, root)
    return LoadedProfile(path.stem, document, _model_of(document, Profile))


def _model_of(document: Document, model: type[M]) -> M:
    if document.root is None:
        raise InvalidInput(document.problems)
    try:
        file = model.model_validate(document.value)
    except ValidationError as error:
        # A key that YAML itself makes doubtful is reported once, as that.
        doubtful = {problem.path for problem in document.problems}
        more = [p for p in problems_of(error, document, model) if p.path not in doubtful]
        raise InvalidInput([*document.problems, *more]) from None
    if document.problems:
        raise InvalidInput(document.problems)
    return file
