"""Which code decides what is to be: a change of any other is planned with the code of today on both sides."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.plan import code
from berth.plan.base import BaseTree
from tests.plan.project import ROOT

LOOKS = ROOT / "components" / "gitops" / "installed.py"
"""Looks at a cluster during a deploy: it imports what reads clusters, and registers nothing of what they say."""
APART = [
    "cli/plan.py",
    "kubeconfig/entry.py",
    "local/fleet.py",
    "plan/compare.py",
    "publish/files.py",
    "status/flux.py",
]
DECIDES = [
    "__main__.py", "berth/names.py", "berth/render/flux.py", "berth/settings/model.py", "berth/tenants/model.py",
    "berth/project.py", "components/tenancy.py", "components/aws/network.py", "berth/planned.py",
]  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A committed tree with a file for each."""
    for name in (*DECIDES, *(f"berth/{path}" for path in APART), "docs/code.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# before\n", "utf-8")
    for arguments in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "Before")):
        who = ("-c", "user.name=Berth", "-c", "user.email=berth@localhost", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True)
    return tmp_path


def differs(tree: Path) -> bool:
    return code.code_differs(tree, BaseTree.of(tree, "HEAD"))


@pytest.mark.parametrize("path", DECIDES)
def test_code_that_decides_is_other_code(tree: Path, path: str) -> None:
    assert not differs(tree)
    (tree / path).write_text("# after\n", "utf-8")
    assert differs(tree)


def test_so_is_code_that_is_new_or_gone(tree: Path) -> None:
    (tree / "berth/render/new.py").write_text("", "utf-8")
    assert differs(tree)
    (tree / "berth/render/new.py").unlink()
    assert not differs(tree)
    (tree / "berth/names.py").unlink()
    assert differs(tree)


@pytest.mark.parametrize("path", [*(f"berth/{path}" for path in APART), "docs/code.py"])
def test_code_of_the_command_line_is_not(tree: Path, path: str) -> None:
    (tree / path).write_text("# after\n", "utf-8")
    assert not differs(tree)


def test_there_is_a_file_here_for_every_part_that_is_apart() -> None:
    assert {f"berth/{path.partition('/')[0]}/" for path in APART} == set(code._APART)


def test_nothing_that_decides_imports_what_is_apart() -> None:
    """Followed from the program and its components, imports inside functions too."""
    waiting = [ROOT / "__main__.py", *(path for path in (ROOT / "components").rglob("*.py") if path != LOOKS)]
    seen = dict.fromkeys(waiting, "")
    while waiting:
        path = waiting.pop()
        for found in _imported(path):
            if found not in seen and found != LOOKS:
                seen[found] = path.relative_to(ROOT).as_posix()
                waiting.append(found)
    reached = {path.relative_to(ROOT).as_posix(): by for path, by in seen.items()}
    assert {"berth/render/flux.py", "berth/project.py", "components/cluster.py"} <= set(reached)
    assert {path: by for path, by in reached.items() if path.startswith(code._APART)} == {}


def _imported(path: Path) -> Iterator[Path]:
    """The project's files that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            for length in range(1, len(parts) + 1):
                place = ROOT.joinpath(*parts[:length])
                yield from (file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file())
