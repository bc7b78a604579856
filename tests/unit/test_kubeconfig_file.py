"""The kubeconfig file on the disk: whose it is to read, who may write it now, and that nobody sees half of one."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lightkube import KubeConfig

from berth.errors import InvalidInput, OperationFailed
from berth.kubeconfig import Change, Entry, default_paths, merge_into, store
from berth.kubeconfig.store import locked, read_config
from berth.status.meeting import socket_path
from tests.support import Sandbox

ENTRY = Entry("one", {"server": "https://one"}, {"token": "t"})
OTHER = "# by hand\ncurrent-context: mine\ncontexts: [{name: mine, context: {cluster: c, user: u}}]\n"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".kube" / "config"


@pytest.fixture
def existing(path: Path) -> Path:
    path.parent.mkdir()
    path.write_text(OTHER)
    path.chmod(0o600)
    return path


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOCK_WAIT", 0.1)


def test_a_missing_file_and_folder_are_made_for_the_owner_only(path: Path) -> None:
    old = os.umask(0)
    try:
        merge_into(path, [ENTRY])
    finally:
        os.umask(old)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_a_relative_path_is_one_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    merge_into(Path("config"), [ENTRY])
    assert (tmp_path / "config").is_file()


def test_a_client_finds_the_context_in_the_file(path: Path) -> None:
    merge_into(path, [ENTRY])
    single = KubeConfig.from_file(path).get()
    assert single is not None
    assert (single.context_name, single.cluster.server) == ("one", "https://one")


def test_a_second_run_writes_nothing(path: Path) -> None:
    assert merge_into(path, [ENTRY]).changes == {"one": Change.ADDED}
    before = path.stat()
    assert merge_into(path, [ENTRY]).changes == {"one": Change.UNCHANGED}
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("given", [0o644, 0o660, 0o400])
def test_the_mode_becomes_600_even_where_nothing_else_changes(path: Path, given: int) -> None:
    merge_into(path, [ENTRY])
    path.chmod(given)
    merge_into(path, [ENTRY])
    assert mode(path) == 0o600


def test_a_link_stays_a_link_and_its_target_is_written(existing: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(existing)
    existing.chmod(0o644)
    merge_into(link, [ENTRY])
    assert link.is_symlink()
    assert "one" in existing.read_text()
    assert mode(existing) == 0o600
    assert sorted(found.name for found in existing.parent.iterdir()) == ["config"]


def test_a_link_to_nowhere_gets_its_target(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "target")
    merge_into(tmp_path / "link", [ENTRY])
    assert mode(tmp_path / "folder" / "target") == 0o600
    assert mode(tmp_path / "folder") == 0o700


def test_a_link_to_itself_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises((OperationFailed, OSError)):
        merge_into(tmp_path / "loop", [ENTRY])


# The current context ------------------------------------------------------------------------------------------------


def test_the_first_cluster_is_current_only_where_no_context_was(existing: Path, tmp_path: Path) -> None:
    assert merge_into(existing, [ENTRY]).current == "mine"
    assert merge_into(tmp_path / "new", [ENTRY]).current == "one"
    assert merge_into(existing, [ENTRY], use="one").current == "one"


def test_a_current_context_of_a_file_beside_it_counts(existing: Path, tmp_path: Path) -> None:
    assert merge_into(tmp_path / "new", [ENTRY], beside=[tmp_path / "absent", existing]).current == ""


# Half a file --------------------------------------------------------------------------------------------------------


def test_a_full_disk_leaves_the_former_file_and_nothing_else(existing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("berth.files.os.fdopen", full)
    with pytest.raises(OSError, match="No space left"):
        merge_into(existing, [ENTRY])
    assert existing.read_text() == OTHER
    assert [found.name for found in existing.parent.iterdir()] == ["config"]


def test_ctrl_c_leaves_the_former_file_and_no_lock(existing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        merge_into(existing, [ENTRY])
    assert existing.read_text() == OTHER
    assert [found.name for found in existing.parent.iterdir()] == ["config"]


@pytest.mark.parametrize("content", [b"clusters: [\n", b"\xff\xfe\x00", b"- a\n", b"users: [{name: a}, {name: a}]\n"])
def test_a_file_that_is_no_kubeconfig_is_refused_and_stays(existing: Path, content: bytes) -> None:
    existing.write_bytes(content)
    with pytest.raises(InvalidInput) as raised:
        merge_into(existing, [ENTRY])
    assert len(raised.value.problems) == 1
    assert raised.value.problems[0].file == str(existing)
    assert existing.read_bytes() == content
    assert [found.name for found in existing.parent.iterdir()] == ["config"]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "config")
    with pytest.raises(InvalidInput):
        merge_into(tmp_path / "config", [ENTRY])


def test_a_byte_order_mark_is_no_part_of_the_file(existing: Path) -> None:
    existing.write_bytes(b"\xef\xbb\xbf" + OTHER.encode())
    assert (read_config(existing) or {})["current-context"] == "mine"


# The lock -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_impatient")
def test_a_lock_that_kubectl_holds_or_left_behind_is_one_error_with_its_remedy(existing: Path) -> None:
    lock = existing.with_name("config.lock")
    lock.touch(mode=0)
    with pytest.raises(OperationFailed, match="is held") as raised:
        merge_into(existing, [ENTRY])
    assert raised.value.hint.startswith(f"rm {lock}")
    assert existing.read_text() == OTHER
    assert lock.exists()


@pytest.mark.usefixtures("_impatient")
def test_the_lock_of_a_link_is_that_of_the_link_and_of_its_target(existing: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(existing)
    for lock in (tmp_path / "link.lock", existing.with_name("config.lock")):
        lock.touch()
        with pytest.raises(OperationFailed, match="is held"):
            merge_into(link, [ENTRY])
        lock.unlink()
    assert sorted(found.name for found in tmp_path.iterdir()) == [".kube", "link"]


def test_the_lock_is_there_while_the_file_is_written_and_gone_after(existing: Path) -> None:
    lock = existing.with_name("config.lock")
    with locked(existing):
        assert (lock.exists(), mode(lock)) == (True, 0)
    assert not lock.exists()


def test_a_lock_that_goes_away_in_time_is_waited_for(existing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOCK_WAIT", 60)
    lock = existing.with_name("config.lock")
    lock.touch()
    waker = subprocess.Popen(["sh", "-c", 'sleep 0.3; rm -f "$0"', str(lock)])
    assert merge_into(existing, [ENTRY]).changes == {"one": Change.ADDED}
    waker.wait()


def test_all_of_many_runs_at_once_end_up_in_the_file(existing: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from berth.kubeconfig import Entry, merge_into, store\n"
        "name, store.LOCK_WAIT = sys.argv[2], 60\n"
        "for i in range(10): merge_into(Path(sys.argv[1]), [Entry(f'{name}-{i}', {'server': 'https://x'}, {})])\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(existing), name]) for name in ("a", "b")]
    assert [run.wait(120) for run in runs] == [0, 0]
    config = read_config(existing) or {}
    names = {item["name"] for item in config["contexts"]}
    assert names == {"mine", *(f"{run}-{index}" for run in "ab" for index in range(10))}
    assert [found.name for found in existing.parent.iterdir()] == ["config"]


# Where it is --------------------------------------------------------------------------------------------------------


def test_the_paths_are_those_of_kubectl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert default_paths({"KUBECONFIG": ":/a/one::/b/two"}) == [Path("/a/one"), Path("/b/two")]
    assert default_paths({"KUBECONFIG": ""}) == [Path("/home/someone/.kube/config")]
    assert default_paths({}) == [Path("/home/someone/.kube/config")]


def test_who_has_no_home_has_no_kubeconfig_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", unknown)
    assert default_paths({"KUBECONFIG": "/a/one"}) == [Path("/a/one")]
    with pytest.raises(OperationFailed, match=r"~/\.kube/config: there is no home folder"):
        default_paths({})
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert socket_path(Path("/project")) is None


@pytest.mark.parametrize("command", [("status", "--no-server"), ("drift",), ("kubeconfig", "--stack", "dev")])
def test_the_home_of_somebody_who_is_not_known_here_is_told(sandbox: Sandbox, command: tuple[str, ...]) -> None:
    sandbox.stack(".local/kubeconfig", "~nosuch-user/config")
    ended = sandbox.run(*command, "--cluster", "gcp-dev")
    assert ended.code == 1
    assert "~nosuch-user/config: there is no home folder that ~nosuch-user stands for" in ended.everything
