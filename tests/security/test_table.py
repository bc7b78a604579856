"""Every row of the security table holds, is switched on by the strict profile, or is waived with a reason in
docs/security-waivers.md. The table in docs/security-checks.md is written from the rows."""

from __future__ import annotations

import re
from functools import cache

import pytest

from tests.components.recording import ROOT, Recorder
from tests.components.stacks import PUBLIC, Settings, run, sample, tenant
from tests.security import aws, azure, gcp, kubernetes
from tests.security.rows import Row, Status

TABLES: dict[str, list[Row]] = {"AWS": aws.ROWS, "GCP": gcp.ROWS, "AZURE": azure.ROWS, "K8S": kubernetes.ROWS}
PROVIDERS = {"AWS": "eks", "GCP": "gke", "AZURE": "aks", "K8S": "eks"}
ROWS = [row for rows in TABLES.values() for row in rows]
WAIVERS = ROOT / "docs" / "security-waivers.md"
CHECKS = ROOT / "docs" / "security-checks.md"
LIST = ROOT.parent / "shared" / "security-checks.md"
IDENTITY = [
    {
        "serviceAccount": "api",
        "aws": {"policyArns": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]},
        "gcp": {"roles": ["roles/storage.objectViewer"]},
        "azure": {
            "roles": ["Storage Blob Data Reader"],
            "scope": "/subscriptions/00000000-0000-0000-0000-00000000aaaa/resourceGroups/acme",
        },
    }
]


ONLY_IN_DEV: dict[str, Settings] = {
    "eks": {"logRetentionDays": 30, "nodePools": [{"name": "general", "instanceType": "m7i.large", "min": 1}]},
    "gke": {},
    "aks": {},
}
"""What a cluster of the profile dev may say, and one of the strict profile may not; a public API server besides."""


@cache
def recorded(provider: str, profile: str) -> Recorder:
    """A cluster of a provider with one tenant that has an identity: in `dev` with all that only dev allows."""
    cluster = sample(provider, **(PUBLIC | ONLY_IN_DEV[provider] if profile == "dev" else {}))
    return run(cluster, profile=profile, tenants=(tenant(identity=IDENTITY),), install="chart")


def of(row: Row) -> str:
    return PROVIDERS[row.id.partition("-")[0]]


@pytest.mark.parametrize("row", [row for row in ROWS if row.status is not Status.WAIVED], ids=lambda row: row.id)
def test_a_row_holds_in_the_strict_profile(row: Row) -> None:
    assert row.check is not None
    row.check(recorded(of(row), "strict"))


@pytest.mark.parametrize("row", [row for row in ROWS if row.status is Status.ALWAYS], ids=lambda row: row.id)
def test_a_row_that_always_holds_does_so_in_the_profile_dev(row: Row) -> None:
    assert row.check is not None
    row.check(recorded(of(row), "dev"))


@pytest.mark.parametrize("row", [row for row in ROWS if row.status is Status.STRICT], ids=lambda row: row.id)
def test_a_row_that_strict_switches_on_does_not_hold_without_it(row: Row) -> None:
    """Or it would be a row that always holds, or one whose check cannot fail."""
    assert row.check is not None
    with pytest.raises((AssertionError, LookupError)):
        row.check(recorded(of(row), "dev"))


def waived() -> dict[str, str]:
    """The reason of each waiver, by the id of its row."""
    rows = re.findall(r"^\| ((?:AWS|GCP|AZURE|K8S)-\d+) \|[^|]*\| ([^|]+) \|", WAIVERS.read_text("utf-8"), re.MULTILINE)
    return {row: reason.strip() for row, reason in rows}


def test_every_waived_row_has_its_reason_and_every_reason_a_row() -> None:
    """A row that holds may have one too: for what is beyond what Berth makes."""
    reasons = waived()
    assert {row.id for row in ROWS if row.status is Status.WAIVED} <= reasons.keys() <= {row.id for row in ROWS}
    assert all(len(reason) > 30 for reason in reasons.values())


def test_rows_are_numbered_without_a_gap() -> None:
    for name, rows in TABLES.items():
        assert [row.id for row in rows] == [f"{name}-{number}" for number in range(1, len(rows) + 1)]


def test_no_row_of_the_list_that_the_table_was_made_from_is_missing() -> None:
    if not LIST.is_file():
        pytest.skip("the list that the table was made from is not on this machine: its rows were not counted")
    counts = dict.fromkeys(TABLES, 0)
    name = ""
    for line in LIST.read_text("utf-8").splitlines():
        if line.startswith("## "):
            name = {"AWS": "AWS", "GCP": "GCP", "Azure": "AZURE"}.get(line[3:].strip(), "K8S")
        elif line.startswith("| ") and not re.match(r"\| (?:#|checks) ", line):
            counts[name] += 1
    assert counts == {name: len(rows) for name, rows in TABLES.items()}


def page() -> str:
    """The text of docs/security-checks.md."""
    counts = {status: sum(row.status is status for row in ROWS) for status in Status}
    how = {Status.ALWAYS: "always", Status.STRICT: "strict profile", Status.WAIVED: "[waived](security-waivers.md)"}
    parts = [
        "# What each resource must hold\n\n"
        "Every row is shown by a test on what the program registers for a cluster of that cloud, in both security "
        f"profiles. {counts[Status.ALWAYS]} rows hold always, {counts[Status.STRICT]} are switched on by the strict "
        f"profile, {counts[Status.WAIVED]} are waived. [Waivers](security-waivers.md) says what is not met, and why. "
        "The page is written from the tests: `pytest tests/security --update-golden`.\n\n"
        "Rules are those of checkov (CKV), Trivy (AWS-, GCP-, AZU-), the CIS benchmarks, Kubescape (C-) and Prowler.\n"
    ]
    titles = {"AWS": "AWS", "GCP": "Google Cloud", "AZURE": "Azure", "K8S": "Kubernetes and the agent"}
    for name, rows in TABLES.items():
        lines = [f"| {row.id} | {row.rules} | {row.subject} | {row.required} | {how[row.status]} |" for row in rows]
        head = "| Row | Asked for by | Resource | Must hold | Holds |\n| --- | --- | --- | --- | --- |\n"
        parts.append(f"\n## {titles[name]}\n\n{head}" + "\n".join(lines) + "\n")
    return "".join(parts)


def test_the_page_lists_every_row(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--update-golden"):
        CHECKS.write_text(page(), "utf-8")
    current = CHECKS.read_text("utf-8") if CHECKS.is_file() else ""
    assert current == page(), "run: pytest tests/security --update-golden"
