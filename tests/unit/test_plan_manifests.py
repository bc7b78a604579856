"""What tenants write in their manifests: whatever its shape, it is read, or told as a problem."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.plan.deploy_repo.closed import closed
from berth.plan.deploy_repo.manifests import Unreadable, documents, fault
from berth.plan.difference import object_changes
from berth.plan.report.words import property_line, title, yaml_diff

PLANTED = "SUPERSECRET"
SECRET_OBJECT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "labels": {"app": "web"}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2024-01-01", {"a": "2024-01-01"}),
        ("a: 2024-13-45", {"a": "2024-13-45"}),
        ("a: =", {"a": "="}),
        ("a: !own {b: !own [1]}", {"a": {"b": [1]}}),
        ("on: {1: a, ~: b, 2024-01-01: c}", {"on": {"1": "a", "~": "b", "2024-01-01": "c"}}),
        (f"a: {'9' * 5000}", {"a": "9" * 5000}),
        ("a: &x {b: 1}\nc: {<<: *x, d: *x}", {"a": {"b": 1}, "c": {"b": 1, "d": {"b": 1}}}),
    ],
)
def test_what_yaml_allows_is_read_as_the_api_server_has_it(text: str, value: object) -> None:
    assert documents(text) == [value]


BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
TOWER = "".join(f"a{n}: &a{n} [{'[' * 50}*a{n - 1}{']' * 50}]\n" for n in range(1, 40))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000 + "]" * 100_000,
        "- " * 5000 + "a",
        "[" * 100_000,
        f"a0: &a0 b\n{BOMB}",
        f"a0: &a0 b\n{TOWER}",
        "a: &x [*x]",
        "a: &x 1\nb: &x [*x]",
        "a: *x",
        f"a: {PLANTED}\n b: c: {PLANTED}",
        "a: !!bool planted",
        "a: !!int ''",
        "a: !!float b",
        "? [a]\n: b",
        "a: \x00",
        b"a: \xff",
    ],
    ids=range(15),
)
def test_what_cannot_be_read_is_told_and_ends_nothing(text: str | bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        documents(text)
    assert PLANTED not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"kind": 5}, "kind"),
        ({"kind": ["Secret"]}, "kind"),
        ({"apiVersion": None}, "apiVersion"),
        ({"apiVersion": {}}, "apiVersion"),
        ({"metadata": {"name": 5}}, "metadata.name"),
        ({"metadata": {}}, "metadata.name"),
        ({"metadata": {"name": "s", "namespace": {"a": "b"}}}, "metadata.namespace"),
        ({"metadata": "s"}, "metadata"),
        ({"metadata": ["name"]}, "metadata"),
        ({"metadata": {"name": "s", "namespace": None}}, ""),
        ({"spec": None}, ""),
    ],
)
def test_an_object_that_no_api_server_could_tell_apart_is_a_fault(change: dict[str, Any], wrong: str) -> None:
    found = fault(SECRET_OBJECT | change)
    assert bool(found) is bool(wrong)
    assert wrong in found


ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(PLANTED) | st.just(""),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "name", "b"]), inner, max_size=2),
    max_leaves=6,
)
OBJECTS = st.fixed_dictionaries(
    {"apiVersion": st.just("v1"), "kind": st.sampled_from(["Secret", "secret", "ConfigMap"])},
    optional=dict.fromkeys(("data", "stringData", "spec", "type", "immutable", "status"), ODD),
)
METADATA = st.dictionaries(st.sampled_from(["annotations", "labels", "ownerReferences", "namespace", "name"]), ODD)


@given(before=OBJECTS, after=OBJECTS, was=METADATA | ODD, now=METADATA | ODD)
def test_every_shape_is_a_fault_or_is_told(before: Any, after: Any, was: Any, now: Any) -> None:
    sides = [item | {"metadata": metadata} for item, metadata in ((before, was), (after, now))]
    sides = [side if not fault(side) else side | {"metadata": {"name": "s"}} for side in sides]
    for change in object_changes(map(closed, sides[:1]), map(closed, sides[1:])):
        lines = [title(change), *map(property_line, change.changes), *yaml_diff(change)]
        assert json.dumps(lines)
