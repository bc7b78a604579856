"""What is renamed in the state with what is below it: told as the engine would take it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from berth.plan.model import Action
from tests.plan.project import PROD, Repo
from tests.workflows.support import run

_PROGRAM = """\
import pulumi
from pulumi import Alias, ResourceOptions

class Thing(pulumi.ComponentResource):
    def __init__(self, name, kind="Thing", **opts):
        super().__init__(f"test:index:{kind}", name, None, ResourceOptions(**opts))

"""
_BEFORE = """\
top = Thing("old")
part = Thing("old-part", parent=top)
Thing("leaf", parent=part)
Thing("old-part-leaf", parent=part)
Thing("old-kind", parent=top)
Thing("old-called", parent=top)
Thing("lonely", parent=top)
"""
_AFTER = """\
top = Thing("new", aliases=[Alias(name="old")])
part = Thing("new-part", parent=top)
Thing("leaf", parent=part)
Thing("new-part-leaf", parent=part)
Thing("new-kind", "Other", parent=top, aliases=[Alias(type_="test:index:Thing")])
Thing("new-name", parent=top, aliases=[Alias(name="old-called")])
Thing("stray", parent=top)
"""
_RENAMED = {"new", "new-part", "new-part-leaf", "new-kind", "new-name"}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A program of components, without a cloud, with its former self committed."""
    found = Repo.start(tmp_path / "project")
    found.write("Pulumi.prod.yaml", PROD)
    (found.root / "Pulumi.dev.yaml").unlink()
    for tenant in (found.root / "tenants").glob("*.yaml"):
        tenant.unlink()
    found.write("__main__.py", _PROGRAM + _BEFORE)
    found.commit()
    found.write("__main__.py", _PROGRAM + _AFTER)
    return found


def test_what_is_below_a_renamed_component_is_renamed_with_it(repo: Repo) -> None:
    told = {change.name: change.action for change in repo.plan().resources()}
    expected = dict.fromkeys(_RENAMED, Action.RENAME) | {"stray": Action.ADD, "lonely": Action.REMOVE}
    expected["leaf"] = Action.NONE  # the state's name for it has the types above it, not the names
    assert told == expected


def test_without_an_alias_all_below_a_component_of_another_type_is_made_anew(repo: Repo) -> None:
    repo.write("__main__.py", _PROGRAM + _BEFORE.replace('Thing("old")', 'Thing("old", "Other")'))
    actions = [(change.name, change.action) for change in repo.plan().resources()]
    assert len(actions) == 14
    assert {action for _, action in actions} == {Action.ADD, Action.REMOVE}


@pytest.mark.pulumi_cli
def test_the_real_engine_takes_it_so(repo: Repo) -> None:
    if shutil.which("pulumi") is None:
        pytest.skip("pulumi is not on PATH: what the engine itself does is not tried")
    runtime = f"{{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}"
    repo.write("Pulumi.yaml", f"name: test\nruntime: {runtime}\n")
    (repo.root / "state").mkdir()
    job = {
        "PULUMI_BACKEND_URL": f"file://{repo.root / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_HOME": str(repo.root / "home"),
    }

    def pulumi(*arguments: str) -> str:
        ended = run("pulumi", *arguments, "--stack", "test", "--non-interactive", cwd=repo.root, **job)
        assert ended.code == 0, ended.everything
        return ended.out

    repo.write("__main__.py", _PROGRAM + _BEFORE)
    pulumi("stack", "init")
    pulumi("up", "--yes", "--skip-preview")
    repo.write("__main__.py", _PROGRAM + _AFTER)
    steps = json.loads(pulumi("preview", "--json"))["steps"]
    told = {step["urn"].rpartition("::")[2]: step["op"] for step in steps if "pulumi:Stack" not in step["urn"]}
    assert told == {"stray": "create", "lonely": "delete"}  # what stays as it is, is no step
