"""The project's files change while the page is open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.clusters import Simulated
from tests.serve.conftest import Served, until


@pytest.fixture
def files(simulated: Simulated, served: Served) -> Iterator[Path]:
    """The tenants' folder; as it was, and shown so, after the test."""
    folder = simulated.sandbox.root / "tenants"
    before = {path: path.read_bytes() for path in folder.glob("*.yaml")}
    rows = set(served.rows())
    yield folder
    for path, content in before.items():
        path.write_bytes(content)
    until("all is shown again", lambda: set(served.rows()) == rows and served.states() == {"in sync"})
    until("nothing is told any more", lambda: not notes(served))  # one that was half written may have been read


def notes(served: Served) -> list[str]:
    found: list[str] = served.get("/api/state").json()["notes"]
    return found


def test_a_tenant_that_goes_or_comes_is_shown_so_and_the_others_are_never_lost_from_sight(
    files: Path, served: Served
) -> None:
    others = {key for key in served.rows() if key[0] != "acme"}
    text = (files / "acme.yaml").read_text()
    (files / "acme.yaml").unlink()
    seen: set[str] = set()

    def gone() -> bool:
        rows = served.rows()
        seen.update(row["state"] for key, row in rows.items() if key in others)
        return set(rows) == others

    until("acme is gone", gone)
    assert served.get("/api/tenants/acme/clusters/one").status_code == 404
    assert served.get("/api/tenants/globex/clusters/one").status_code == 200
    (files / "acme.yaml").write_text(text)
    until("acme is back", lambda: served.rows().get(("acme", "one"), {}).get("state") == "in sync")
    assert seen == {"in sync"}


def test_a_file_that_is_wrong_leaves_what_was_shown_and_is_told_until_it_is_right(files: Path, served: Served) -> None:
    rows = served.rows()
    text = (files / "globex.yaml").read_text()
    (files / "globex.yaml").write_text(text + "lifecycle: resting\n")
    until("it is told", lambda: notes(served))
    assert "this is what was read before" in notes(served)[0]
    assert "tenants/globex.yaml:" in notes(served)[1]
    assert served.rows().keys() == rows.keys()
    assert served.states() == {"in sync"}
    (files / "globex.yaml").write_text(text)
    until("nothing is wrong any more", lambda: not notes(served))
