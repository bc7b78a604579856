"""Reads tenant and profile files. What spans files is checked in `berth.project`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from berth.document import Document, KeyPath, read_document
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

    def namespace_key(self, index: int) -> KeyPath:
        """Where the tenant file says the name of a namespace."""
        return ("namespaces", index) if "namespaces" in self.file.model_fields_set else ("name",)


@dataclass(frozen=True)
class LoadedProfile:
    """A profile file and where its values stand."""

    name: str
    document: Document
    file: Profile


def tenant_paths(root: Path) -> list[Path]:
    """The tenant files of a project, by name."""
    return sorted((root / "tenants").glob("*.yaml"), key=_name)


def profile_paths(root: Path) -> list[Path]:
    """The profile files of a project, by name."""
    return sorted((root / "tenants" / "profiles").glob("*.yaml"), key=_name)


def _name(path: Path) -> str:
    return path.stem  # not the path: "a-b.yaml" comes before "a.yaml"


def misnamed(root: Path) -> list[Problem]:
    """Files that look like tenants or profiles and would be passed over."""
    read = {*tenant_paths(root), *profile_paths(root)}
    yaml = (path for path in (root / "tenants").glob("**/*") if path.suffix.lower() in (".yaml", ".yml"))
    return [
        Problem(
            path.relative_to(root).as_posix(),
            0,
            0,
            "",
            "a file that no one reads",
            "the ending .yaml" if path.suffix != ".yaml" else "a tenant in tenants/, a profile in tenants/profiles/",
            "rename it" if path.suffix != ".yaml" else "move it",
        )
        for path in sorted(yaml)
        if path not in read
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
        key = loaded.namespace_key(index)
        if is_reserved(namespace):
            problems.append(
                document.problem(
                    key, "a namespace that is not the platform's", found=f'"{namespace}"', fix="choose another name"
                )
            )
        if len(namespace) > 63:
            problems.append(document.problem(key, "at most 63 characters", found=f'"{namespace}"', fix="shorten it"))
    accounts: set[tuple[str, str]] = set()
    for index, identity in enumerate(file.identity):
        account = (identity.namespace, identity.service_account)
        if account in accounts:
            problems.append(
                document.problem(
                    ("identity", index, "serviceAccount"),
                    "each service account once",
                    fix="write its clouds into one entry",
                )
            )
        accounts.add(account)
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
