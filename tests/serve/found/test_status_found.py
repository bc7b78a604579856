"""`berth status` finds the `berth serve` of its project, and is told by it what holds at that moment."""

from __future__ import annotations

import json
import subprocess

from tests.serve.clusters import NEXT, SYNCS, sync
from tests.serve.conftest import GitServer, Served, until
from tests.serve.found.meeting import Meeting, on_terminal, states
from tests.serve.test_status_served import without_skew
from tests.support import BERTH

NOTE = "as the berth serve here knows it"


def test_it_says_the_same_and_lists_nothing_in_the_clusters(found: Meeting) -> None:
    found.project.clusters["one"].put(SYNCS, sync("acme", failing="no such image"))
    for options in ((), ("-s", "prod", "-s", "dev"), ("--tenant", "acme"), ("--cluster", "two", "-t", "globex")):
        told = found.told(*options)
        before = found.lists()
        asked = found.status("--no-server", *options)
        assert found.lists() > before
        assert (told.code, told.err) == (asked.code, asked.err)
        assert without_skew(json.loads(told.out)) == without_skew(json.loads(asked.out))


def test_no_more_is_loaded_than_that_takes(found: Meeting) -> None:
    code = "import sys; from berth.cli.main import main\ntry: main()\nfinally: print(*sys.modules)"
    command = [BERTH[0], "-c", code, "--project", str(found.root), "status", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "msgspec" in loaded
    assert not {"pydantic", "rich", "httpx", "asyncio", "yaml", "starlette", "ssl", "http"} & loaded


def test_on_a_terminal_it_says_who_told_and_piped_it_does_not(found: Meeting, found_server: Served) -> None:
    assert found.project.sandbox.berth("status").err == ""
    note = f"{NOTE} (process {found_server.process.pid}); --no-server asks the clusters"
    until("the server answers", lambda: note in on_terminal(found.command("status")))
    assert NOTE not in on_terminal(found.command("status", "--no-server"))


def test_watching_asks_it_too(found: Meeting) -> None:
    def answered() -> bool:
        before = found.lists()
        done = found.project.sandbox.berth("status", "--watch")
        assert (done.code, done.out) == (0, "6 of 6 in sync\n")
        return found.lists() == before

    until("the server answers", answered)


def test_names_that_are_wrong_are_told_as_ever(found: Meeting) -> None:
    text = (found.root / "tenants/acme.yaml").read_text()
    idle = text.replace("acme", "idle").replace("[gcp]", "[azure]").replace("[aws]", "[azure]")
    found.project.sandbox.write("tenants/idle.yaml", idle)
    for options in (("--tenant", "acne"), ("--tenant", "idle"), ("--stack", "dev", "--cluster", "two"), ("-s", "x")):
        told, asked = found.status(*options), found.status("--no-server", *options)
        assert told.code == asked.code
        assert without_skew({"clusters": []} | json.loads(told.out or "{}")) == without_skew(
            {"clusters": []} | json.loads(asked.out or "{}")
        )
        assert told.err == asked.err


# At that moment -------------------------------------------------------------------------------------------------------


def test_a_push_is_known_at_once(found: Meeting, git_server: GitServer) -> None:
    assert states(found.told()) == {"in sync": 6}
    git_server.commit = NEXT
    assert states(found.told()) == {"syncing": 6}


def test_what_was_written_to_a_cluster_is_known_at_once(found: Meeting) -> None:
    for number in range(5):
        found.project.clusters["two"].put(SYNCS, sync("globex", failing=f"reason {number}"))
        told = found.told("--tenant", "globex")
        assert [row["message"] for row in json.loads(told.out)["rows"]] == ["", f"reason {number}"]


def test_a_tenant_that_was_added_and_one_that_was_removed_are_known_at_once(found: Meeting) -> None:
    text = (found.root / "tenants/acme.yaml").read_text()
    added = found.project.sandbox.write("tenants/umbrella.yaml", text.replace("acme", "umbrella"))
    assert states(found.status()) == {"in sync": 6, "missing": 2}
    added.unlink()
    assert states(found.status()) == {"in sync": 6}
    assert states(found.told()) == {"in sync": 6}


def test_a_stack_that_was_added_is_known_at_once(found: Meeting) -> None:
    text = (found.root / "Pulumi.dev.yaml").read_text()
    text = text.replace("environment: dev", "environment: staging").replace("name: one", "name: three")
    found.project.sandbox.write("Pulumi.staging.yaml", text)
    told = json.loads(found.status().out)
    assert told["stacks"] == ["dev", "prod", "staging"]
    assert {row["cluster"]: row["state"] for row in told["clusters"]} == dict.fromkeys(("one", "three", "two"), "ok")
    assert len(json.loads(found.told().out)["clusters"]) == 3


def test_a_cluster_that_has_gone_and_one_that_is_back_are_known_at_once(found: Meeting) -> None:
    found.project.clusters["two"].stop()
    told, asked = found.told(), found.status("--no-server")
    assert states(told) == states(asked) == {"in sync": 3, "unreachable": 3}
    assert (told.code, told.err) == (asked.code, asked.err)
    clusters = [without_skew(json.loads(each.out))["clusters"] for each in (told, asked)]
    assert clusters[0] == clusters[1]
    found.project.clusters["two"].start()
    assert states(found.status()) == {"in sync": 6}


def test_a_kubeconfig_that_was_changed_counts_at_once(found: Meeting) -> None:
    port = found.project.clusters["two"].port
    found.project.sandbox.edit("kubeconfig", f"https://127.0.0.1:{port}", "https://127.0.0.1:1")
    assert states(found.status()) == {"in sync": 3, "unreachable": 3}


def test_files_that_are_wrong_are_told_as_ever(found: Meeting) -> None:
    found.project.sandbox.write("tenants/globex.yml", "")
    told, asked = found.status(), found.status("--no-server")
    assert told == asked
    assert told.code == 2
    (found.root / "tenants/globex.yml").unlink()
    assert states(found.told()) == {"in sync": 6}
