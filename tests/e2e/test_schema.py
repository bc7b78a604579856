"""Every object that render can make is one that the real API server and the agents' CRDs accept."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.e2e.harness import ARGOCD, FLUX, ROOT, Engine, TestFleet

pytestmark = pytest.mark.e2e

GOLDEN = ROOT / "tests" / "golden" / "expected"
CLUSTER = "gcp-local"


def test_the_objects_of_every_golden_tenant_are_stored_with_every_field(fleet: TestFleet) -> None:
    files = [file for file in sorted(GOLDEN.glob("*/*/*.yaml")) if engine_of(file) is fleet.engine]
    assert files
    for file in files:
        _store(fleet, file)


def engine_of(file: Path) -> Engine:
    return ARGOCD if "kind: Application\n" in file.read_text("utf-8") else FLUX


def _store(fleet: TestFleet, file: Path) -> None:
    objects = list(yaml.safe_load_all(file.read_text("utf-8")))
    try:
        # Strict: a field that the schema does not know is an error, not a warning.
        applied = fleet.kubectl(
            CLUSTER, "apply", "--server-side", "--validate=strict", "--field-manager=golden", "--filename", str(file)
        )
        assert len(applied.stdout.splitlines()) == len(objects)
        assert "Warning" not in applied.stderr
    finally:
        fleet.kubectl(CLUSTER, "delete", "--ignore-not-found", "--wait", "--filename", str(file))


def test_an_unknown_field_would_be_refused(fleet: TestFleet) -> None:
    wrong = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: x, namespace: default}\nspec: {limit: []}\n"
    done = fleet.kubectl(
        CLUSTER, "apply", "--server-side", "--validate=strict", "--dry-run=server", "-f", "-", stdin=wrong, ok=False
    )
    assert done.returncode != 0
    assert "limit" in done.stderr
