"""Where `berth status` does not ask the `berth serve` of its project, or is not answered: it asks the clusters."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

from berth.serve.following import LATER, NOW
from tests.serve.conftest import Served, serving, until
from tests.serve.found.meeting import Meeting, on_terminal, states
from tests.support import BERTH, Sandbox

NOT_THIS = "berth status does not ask this one: "


def test_one_that_was_killed_is_not_missed_and_the_next_one_takes_its_place(meeting: Meeting) -> None:
    with meeting.serving() as served:
        served.process.kill()
        served.process.wait(30)
        (left,) = meeting.sockets
        assert states(meeting.status()) == {"in sync": 6}
        assert on_terminal(meeting.command("status")) == ""
    with meeting.serving() as served:
        assert meeting.sockets == [left]
        assert states(meeting.told()) == {"in sync": 6}
        served.process.send_signal(signal.SIGTERM)
        served.process.wait(30)
        assert meeting.sockets == []


def test_ctrl_c_takes_the_socket_away(meeting: Meeting) -> None:
    with meeting.serving() as served:
        assert len(meeting.sockets) == 1
        served.interrupt()
        assert meeting.sockets == []


def test_ctrl_c_ends_it_without_a_word_while_it_is_asked(found: Meeting, found_server: Served) -> None:
    found.project.clusters["one"].delay = NOW
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.connect(str(found.sockets[0]))
        time.sleep(0.5)
        assert found_server.interrupt() == 130  # what it says on stderr, the fixture looks at


def test_a_second_one_leaves_the_first_alone(found: Meeting) -> None:
    (path,) = found.sockets
    made = path.lstat().st_ino
    with found.serving() as second:
        assert second.next_line().startswith(f"{NOT_THIS}it asks the berth serve")
    assert path.lstat().st_ino == made
    assert states(found.told()) == {"in sync": 6}


def test_only_this_user_reaches_the_socket(found: Meeting) -> None:
    (path,) = found.sockets
    assert stat.S_IMODE(path.parent.lstat().st_mode) == 0o700
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600


def test_what_others_could_have_made_is_not_asked(found: Meeting) -> None:
    folder = found.runtime / "berth"
    folder.chmod(0o770)
    assert not found.is_found()
    folder.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(folder, 65534, -1)
        assert not found.is_found()
        os.chown(folder, 0, -1)
    folder.rename(found.runtime / "elsewhere")
    folder.symlink_to(found.runtime / "elsewhere")
    assert not found.is_found()
    folder.unlink()
    (found.runtime / "elsewhere").rename(folder)
    assert states(found.told()) == {"in sync": 6}


def test_other_projects_and_other_ways_are_not_answered(found: Meeting, tmp_path: Path) -> None:
    assert not found.is_found(KUBECONFIG=str(tmp_path / "other"))
    assert not found.is_found(AWS_PROFILE="other")
    assert not found.is_found("--kubeconfig", str(found.root / "kubeconfig"))
    other = Sandbox(Path(shutil.copytree(found.root, tmp_path / "copy")))
    before = found.lists()
    assert states(other.berth("status", "--json")) == {"in sync": 6}
    assert found.lists() > before


def test_another_version_of_berth_is_not_asked(found: Meeting, tmp_path: Path) -> None:
    ours = Path(__file__).parents[3] / "berth"
    # Without what Python writes beside it meanwhile.
    package = tmp_path / "tree"
    shutil.copytree(ours, package / "berth", ignore=shutil.ignore_patterns("__pycache__"))
    before = found.lists()
    command = [*BERTH, "--project", str(found.root), "status", "--json"]
    subprocess.run(
        command, cwd=package, env={**os.environ, "PYTHONPATH": str(package)}, check=True, capture_output=True
    )
    assert found.lists() > before


def test_one_that_shows_less_than_all_is_not_asked(meeting: Meeting) -> None:
    for limits in (("--stack", "dev"), ("--tenant", "acme"), ("--cluster", "one")):
        with meeting.serving(*limits):
            assert meeting.sockets == []


def test_one_that_hangs_is_not_waited_for_without_an_end(found: Meeting, found_server: Served) -> None:
    found_server.process.send_signal(signal.SIGSTOP)
    try:
        told = found.status()
        noted = on_terminal(found.command("status"))
    finally:
        found_server.process.send_signal(signal.SIGCONT)
    assert states(told) == {"in sync": 6}
    assert "the berth serve here could not tell; the clusters were asked" in noted


def test_a_cluster_that_answers_late_has_the_clusters_asked(found: Meeting) -> None:
    one, (path,) = found.project.clusters["one"], found.sockets

    def told() -> bytes:
        """What the server says to who connects: nothing, where it cannot tell."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(60)
            asking.connect(str(path))
            return asking.recv(100)

    def quick_enough() -> bool:
        one.delay = NOW + 1
        began = time.monotonic()
        first, tried = told(), time.monotonic() - began >= NOW
        one.delay = 0
        again = told()
        if not tried or time.monotonic() - began >= NOW + LATER:
            return False
        assert (first, again) == (b"", b""), "it would have cost as much again"
        return True

    until("both looks are done before it is tried again", quick_enough)
    one.delay = NOW + 1
    assert not found.is_found()


def test_a_kind_that_may_not_be_watched_has_the_clusters_asked(meeting: Meeting) -> None:
    meeting.project.clusters["one"].refused["/api/v1/nodes"] = 403
    with meeting.serving():
        assert not meeting.is_found()


def test_an_answer_that_is_none_has_the_clusters_asked(found: Meeting, found_server: Served) -> None:
    (path,) = found.sockets
    path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(path))
        other.listen()
        for says in (b"", b"7\n{}", b'7\n{"version": 2}', b"x\n", b'7\n{"version": 1, "rows": ['):
            command = found.command("status", "--json")
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
                connection, _ = other.accept()
                connection.sendall(says)
                connection.close()
                out, errors = process.communicate(timeout=60)
            assert (process.returncode, errors) == (0, "")
            assert len(json.loads(out)["rows"]) == 6
    found_server.interrupt()
    assert found.sockets == [path], "what is not its own stays"


def test_a_path_that_is_too_long_for_a_socket_is_said_so(meeting: Meeting) -> None:
    folder = meeting.runtime / ("long" * 20)
    folder.mkdir(mode=0o700)
    with serving(meeting.root, environment={"XDG_RUNTIME_DIR": str(folder)}) as served:
        assert served.next_line().endswith("is too long for the path of a socket\n")
        assert not meeting.is_found(XDG_RUNTIME_DIR=str(folder))


def test_without_a_runtime_folder_they_meet_in_the_cache(meeting: Meeting, tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": "", "XDG_CACHE_HOME": str(meeting.runtime)}
    with serving(meeting.root, environment=environment) as served:
        until("all is read", lambda: served.states() == {"in sync"})
        assert len(list(meeting.runtime.glob("berth/run/*.sock"))) == 1
        until("the server answers", lambda: meeting.is_found(**environment))
        assert not meeting.is_found(**environment | {"XDG_CACHE_HOME": str(tmp_path)})


def test_without_a_place_for_a_socket_it_says_so_and_serves(meeting: Meeting) -> None:
    place = meeting.runtime / "berth"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    with meeting.serving() as served:
        assert served.next_line().startswith(f"{NOT_THIS}{place} is not a folder of yours")
        assert meeting.sockets == []
    place.rmdir()
    place.write_text("")
    with meeting.serving() as served:
        assert served.next_line() == f"{NOT_THIS}{place}: File exists\n"


def test_no_token_is_needed_on_the_socket_and_over_the_network_as_ever(meeting: Meeting) -> None:
    token = "0123456789abcdefXYZ"  # noqa: S105 - of no server
    with serving(meeting.root, environment={"BERTH_SERVE_TOKEN": token}) as served:
        until("all is read", lambda: meeting.is_found())
        assert served.get("/api/status").status_code == 401
        assert served.get("/api/status", headers={"Authorization": f"Bearer {token}"}).status_code == 200
