"""Reports of typical pull requests, compared with those that were reviewed. `pytest --update-golden` writes them."""

from __future__ import annotations

import difflib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from berth.cli.plan import FORMATS
from berth.plan.model import Action, Base, Plan
from berth.plan.radius import blast
from tests.plan.changes import CHANGES
from tests.plan.project import ROOT, Repo

EXPECTED = Path(__file__).parent / "expected"
ENDINGS = {"txt": "text", "md": "markdown", "json": "json"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plans")


@cache
def planned(folder: Path, change: str) -> Plan:
    """The plan of a change. The base's commit is left out: it is another with each edit of the program."""
    repo = Repo.start(folder / change)
    CHANGES[change](repo)
    return replace(repo.plan(), base=Base("main", "0" * 40))


@pytest.mark.parametrize("ending", list(ENDINGS))
@pytest.mark.parametrize("change", list(CHANGES))
def test_the_report_is_the_one_that_was_reviewed(
    change: str, ending: str, folder: Path, request: pytest.FixtureRequest
) -> None:
    told = FORMATS[ENDINGS[ending]](planned(folder, change))
    path = EXPECTED / f"{change}.{ending}"
    if request.config.getoption("--update-golden"):
        path.write_text(told, "utf-8")
    expected = path.read_text("utf-8") if path.is_file() else ""
    if expected != told:
        diff = difflib.unified_diff(expected.splitlines(), told.splitlines(), "reviewed", "told", n=4, lineterm="")
        pytest.fail(f"{path.name} differs; if it should: pytest --update-golden\n" + "\n".join(diff), pytrace=False)


@pytest.mark.parametrize("change", list(CHANGES))
def test_the_json_is_as_its_schema_says(change: str, folder: Path) -> None:
    schema = json.loads((ROOT / "schemas" / "plan.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(FORMATS["json"](planned(folder, change))), schema)


def test_there_is_no_report_without_a_change() -> None:
    assert {path.stem for path in EXPECTED.iterdir()} == set(CHANGES)


def test_a_refactor_changes_nothing_though_the_base_runs_with_its_own_code(folder: Path) -> None:
    plan = planned(folder, "refactor")
    assert not plan.changes
    assert blast(plan).line == "No change."
    assert not any(stack.whole for stack in plan.stacks)


def test_a_new_range_replaces_the_network_and_what_is_in_it(folder: Path) -> None:
    actions = {(r.type, r.name): r.action for r in planned(folder, "cidr-change").resources()}
    assert actions["aws:ec2/vpc:Vpc", "aws-dev"] is Action.REPLACE
    assert actions["aws:ec2/securityGroup:SecurityGroup", "aws-dev-api"] is Action.REPLACE
    assert actions["aws:eks/cluster:Cluster", "aws-dev"] is Action.MAY_REPLACE


def test_offboarding_says_that_a_namespace_goes_where_no_volume_claim_keeps_it(folder: Path) -> None:
    told = blast(planned(folder, "offboarding"))
    assert told.alarms[0].startswith("NAMESPACE REMOVED: globex of globex in gcp-dev, with every Secret inside.")
    assert "One that holds a volume claim is kept" in told.alarms[0]
    assert told.line.startswith("Removes namespaces of tenants, but for those with volume claims")
