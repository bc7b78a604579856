"""The JSON schemas that editors use: up to date, and of one mind with `validate`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from berth.schema import schemas
from tests.support import Sandbox

ROOT = Path(__file__).parents[2]
PROJECTS = (ROOT, ROOT / "tests" / "golden" / "project")
STACK, TENANT, PROFILE = "schemas/stack.json", "tenants/schema.json", "tenants/profiles/schema.json"


def _files() -> list[tuple[str, Path]]:
    patterns = ((STACK, "Pulumi.*.yaml"), (TENANT, "tenants/*.yaml"), (PROFILE, "tenants/profiles/*.yaml"))
    return [(name, path) for root in PROJECTS for name, pattern in patterns for path in sorted(root.glob(pattern))]


def _errors(schema: str, text: str) -> list[str]:
    validator = jsonschema.Draft7Validator(json.loads(schemas()[schema]))
    return [error.json_path for error in validator.iter_errors(yaml.safe_load(text))]


@pytest.mark.parametrize("name", [STACK, TENANT, PROFILE])
def test_the_committed_schema_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == schemas()[name], "run: berth schema"


@pytest.mark.parametrize("name", [STACK, TENANT, PROFILE])
def test_the_schema_is_one(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(json.loads(schemas()[name]))


@pytest.mark.parametrize(
    ("schema", "path"), _files(), ids=lambda v: v.relative_to(ROOT).as_posix() if isinstance(v, Path) else ""
)
def test_a_file_that_validate_accepts_is_accepted(schema: str, path: Path) -> None:
    assert _errors(schema, path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("schema", "path"), _files(), ids=lambda v: v.relative_to(ROOT).as_posix() if isinstance(v, Path) else ""
)
def test_a_file_names_the_schema_that_is_its_own(schema: str, path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    target = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / target).resolve() == ROOT / schema


GOOD = (
    "name: acme\nowners: {team: a, contact: b}\nprofile: standard\nplacements: [{environments: [dev], clouds: [aws]}]\n"
)
BAD = {
    "unknown key": "quotas: {}",
    "privileged": "podSecurity: privileged",
    "lifecycle": "lifecycle: gone",
    "quantity": "quota: {pods: many}",
    "no interval": "sync: {interval: 0s}",
    "host of words in a URL": "source: {url: 'https://a;b/x.git'}",
    "number of a wrong kind": "sync: {prune: 1}",
    "reserved characters in a host": "allow: {hosts: [a_b]}",
    "network without prefix": "network: {egressCidrs: [10.0.0.0]}",
    "unknown key in a list": "identity: [{serviceAccount: a, aws: {arns: []}}]",
    "no suffix": "namespaces: []",
    "credential in a URL": "source: {url: 'https://user:password@example.com/x.git'}",
    "short commit": "source: {ref: {commit: abc}}",
}


def test_no_command_reads_sources_for_the_texts_in_schemas() -> None:
    code = "import linecache, berth.project, berth.cli.validate; print([n for n in linecache.cache if 'berth' in n])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_the_least_tenant_is_accepted() -> None:
    assert _errors(TENANT, GOOD) == []


@pytest.mark.parametrize("line", list(BAD.values()), ids=list(BAD))
def test_a_bad_tenant_is_refused_by_schema_and_by_validate(sandbox: Sandbox, line: str) -> None:
    assert _errors(TENANT, f"{GOOD}{line}\n") != []
    sandbox.tenant(f"{line}\n")
    assert sandbox.run("validate").code == 2


@pytest.mark.parametrize("missing", ["name", "owners", "profile", "placements"])
def test_a_tenant_without_a_required_key_is_refused(missing: str) -> None:
    lines = [line for line in GOOD.splitlines() if not line.startswith(missing)]
    assert _errors(TENANT, "\n".join(lines)) == ["$"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("provider: eks", "provider: ekss"), ("region: eu-west-1", "region: eu-west-1\n      context: x"),
     ("      network: {cidr: 10.10.0.0/16}\n", ""), ('"1.35"', "1.35"), ("berth:environment", "berth:enviroment"),
     ("deploy.git}", "deploy.git, path: 4}")],
    ids=["provider", "key of another provider", "missing key", "version as a number", "setting", "number for a path"],
)  # fmt: skip
def test_a_bad_stack_is_refused_by_schema_and_by_validate(sandbox: Sandbox, old: str, new: str) -> None:
    good: Any = (sandbox.root / "Pulumi.dev.yaml").read_text()
    assert _errors(STACK, good) == []
    sandbox.stack(old, new)
    assert _errors(STACK, (sandbox.root / "Pulumi.dev.yaml").read_text()) != []
    assert sandbox.run("validate").code == 2


@pytest.mark.parametrize("secret", ["plain", "{secret: x}", "[x]", "{secure: x, more: y}"])
def test_a_secret_that_is_not_encrypted_is_refused(sandbox: Sandbox, secret: str) -> None:
    sandbox.setting(f"berth:deployRepoToken: {secret}")
    assert _errors(STACK, (sandbox.root / "Pulumi.dev.yaml").read_text()) != []


def test_the_command_writes_schemas_and_then_has_nothing_to_do(sandbox: Sandbox) -> None:
    assert sandbox.run("schema", "--check").code == 1
    assert not (sandbox.root / STACK).exists()
    assert sandbox.run("schema").out.count("written") == 3
    assert sandbox.run("schema", "--check").out.count("unchanged") == 3
    assert sandbox.run("schema", "--check").code == 0


def test_the_command_mends_a_schema_that_is_no_text(sandbox: Sandbox) -> None:
    sandbox.run("schema")
    sandbox.write(TENANT, b"\xff\xfe")
    assert sandbox.run("schema", "--check").code == 1
    assert sandbox.run("schema").code == 0
    assert (sandbox.root / TENANT).read_text("utf-8") == schemas()[TENANT]


def test_the_command_finds_a_schema_that_was_edited(sandbox: Sandbox) -> None:
    sandbox.run("schema")
    sandbox.edit(TENANT, '"title": "TenantFile"', '"title": "Edited"')
    ended = sandbox.run("schema", "--check")
    assert (ended.code, [line.split()[0] for line in ended.out.splitlines()]) == (
        1,
        ["unchanged", "stale", "unchanged"],
    )
    assert "Edited" in (sandbox.root / TENANT).read_text()
