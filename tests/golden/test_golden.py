"""Rendered objects, compared with the files that were reviewed. `pytest --update-golden` writes them anew."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from berth.project import Project
from berth.render import render, render_cluster
from berth.render.emit import to_yaml
from berth.tenants.model import TenantFile

HERE = Path(__file__).parent
PROJECT = Project.load(HERE / "project")
EXPECTED = HERE / "expected"


def _rendered() -> dict[str, str]:
    """The text of each golden file, by its path."""
    files = {"cluster.yaml": to_yaml(render_cluster(next(PROJECT.clusters())))}
    for cluster in PROJECT.clusters():
        for tenant in PROJECT.tenants_in(cluster):
            files[f"{cluster.stack}/{cluster.name}/{tenant.name}.yaml"] = to_yaml(render(cluster, tenant))
    return files


RENDERED = _rendered()


@pytest.mark.parametrize("name", list(RENDERED))
def test_the_objects_are_those_that_were_reviewed(name: str, request: pytest.FixtureRequest) -> None:
    path = EXPECTED / name
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(RENDERED[name], "utf-8")
    expected = path.read_text("utf-8") if path.is_file() else ""
    if expected != RENDERED[name]:
        diff = difflib.unified_diff(expected.splitlines(), RENDERED[name].splitlines(), "reviewed", "rendered", n=4)
        pytest.fail(f"{name} differs; if it should: pytest --update-golden\n" + "\n".join(diff), pytrace=False)


def test_there_is_no_golden_file_without_an_object(request: pytest.FixtureRequest) -> None:
    found = {path.relative_to(EXPECTED).as_posix(): path for path in EXPECTED.rglob("*.yaml")}
    if request.config.getoption("--update-golden"):
        for name in found.keys() - RENDERED.keys():
            found.pop(name).unlink()
    assert found.keys() == RENDERED.keys()


def _fields(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """The key path of every field of a model and of the models inside it, without positions in lists."""
    for field in model.model_fields.values():
        yield f"{path}{field.alias}"
        for inner in _models(field.annotation):
            yield from _fields(inner, f"{path}{field.alias}.")


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models(part)]


def _used(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}{key}"
            yield from _used(inner, f"{path}{key}.")
    elif isinstance(value, list):
        for inner in value:
            yield from _used(inner, path)


# What an override may say inside a map, it says there as the tenant does.
DEEP_IN_OVERRIDES = ("quota", "limits", "network", "allow", "sync", "labels")


def test_the_golden_tenants_use_every_field_of_the_model() -> None:
    used = {name for tenant in PROJECT.tenants.values() for name in _used(tenant.document.value)}
    deep = tuple(f"placements.overrides.{name}." for name in DEEP_IN_OVERRIDES)
    refs = ("placements.ref.", "source.ref.")  # the same model: each kind is used in one of the two
    fields = set(_fields(TenantFile))
    assert len(fields) > 60
    unused = {name for name in fields - used if not name.startswith((*deep, *refs))}
    assert not unused
    kinds = {name.rsplit(".", 1)[1] for name in fields if name.startswith(refs)}
    assert {name.rsplit(".", 1)[1] for name in used if name.startswith(refs)} == kinds
