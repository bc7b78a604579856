"""A project for each test, to be changed and broken."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.clusters import Simulated
from tests.serve.conftest import GitServer, Served
from tests.serve.found.meeting import Meeting


@pytest.fixture
def meeting(
    git_server: GitServer, tmp_path: Path, runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Meeting]:
    runtime = Path(tempfile.mkdtemp(dir=runtime_folder))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    project, commit = Simulated.create(tmp_path / "project", git_server.url), git_server.commit
    yield Meeting(project, runtime)
    git_server.commit = commit
    project.stop()


@pytest.fixture
def found_server(meeting: Meeting) -> Iterator[Served]:
    """A `berth serve` that is to be found."""
    with meeting.serving() as served:
        assert len(meeting.sockets) == 1
        yield served


@pytest.fixture
def found(meeting: Meeting, found_server: Served) -> Meeting:
    """With such a server."""
    assert found_server.process.poll() is None
    return meeting
