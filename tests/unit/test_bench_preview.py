"""What the benchmark says of the engine's preview, and how it ends one that takes too long."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench.limited import Limited, run_limited
from bench.preview import LIMIT, Preview, goals, told
from bench.status.real import dry_runs_in

PRINTED = "Previewing update (local):\n...\nResources:\n    + 3648 to create\n"
QUICK = Preview(100, Limited(62.4, 812.6, True, PRINTED), 3645, 1.3)
ENDED = Preview(1000, Limited(LIMIT, 6100, False, "Previewing update (local):\n"), 20100, 3.0)


def test_a_preview_is_told_with_what_the_clusters_were_asked() -> None:
    text = told([QUICK])
    assert "| 100 | 62 s, 813 MB | 3648 | 3645 | 1.30 s | 48 times |" in text
    assert "no cluster answered" not in text


def test_a_preview_that_was_ended_is_told_as_more_than_its_limit() -> None:
    text = told([QUICK, ENDED])
    assert "| 1000 | more than 600 s, 6100 MB | - | 20100 | 3.00 s | more than 200 times |" in text
    assert "After 10 minutes a preview is ended." in text


def test_clusters_that_did_not_answer_are_no_secret() -> None:
    text = told([Preview(100, QUICK.run, 0, 1.3), ENDED])
    assert "With 100 tenants no cluster answered." in text


def test_the_aim_is_about_the_most_tenants() -> None:
    assert goals([QUICK, ENDED]) == [
        ("the engine's preview, 1000 tenants, takes longer", "at least 15 times", "more than 200.0 times", True)
    ]
    assert not goals([Preview(100, QUICK.run, 3645, 10.0)])[0][3]


def test_without_the_engine_that_is_said() -> None:
    assert "was not on PATH" in told([])
    assert goals([]) == []


def test_the_metrics_of_an_api_server_tell_dry_runs_from_other_requests() -> None:
    metrics = """\
# TYPE apiserver_request_total counter
apiserver_request_total{code="201",dry_run="All",resource="roles",verb="APPLY"} 12
apiserver_request_total{code="404",dry_run="All",resource="quotas",verb="APPLY"} 1e+03
apiserver_request_total{code="201",dry_run="",resource="roles",verb="APPLY"} 7
apiserver_request_duration_seconds_count{dry_run="All"} 5
"""
    assert dry_runs_in(metrics) == 1012


def test_a_run_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    spans = [f"{span}.{os.getpid()}" for span in (610, 620)]  # of these tests, whoever else runs them meanwhile
    found = run_limited(("sh", "-c", "echo begun; sleep {} & sleep {}; true".format(*spans)), tmp_path, 3)
    assert (found.ended, found.printed) == (False, "begun\n")
    assert time.monotonic() - began < 60
    left = [each.info["cmdline"] for each in psutil.process_iter(["cmdline"])]
    assert [span for span in spans if ["sleep", span] in left] == []


def test_the_memory_is_of_all_processes_together(tmp_path: Path) -> None:
    hold = "import time; held = bytearray(80_000_000); time.sleep(2)"
    two = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{hold}']); "
    both = f"held = bytearray(80_000_000); {two}"
    found = run_limited((sys.executable, "-c", both), tmp_path, 60)
    assert found.ended
    assert found.megabytes > 160
    assert 2 <= found.seconds < 60


def test_a_run_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such stack"):
        run_limited(("sh", "-c", "echo no such stack; exit 255"), tmp_path, 30)
