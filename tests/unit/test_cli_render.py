"""`berth render`: to stdout, and to files that are written whole or not at all."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

import pytest

from berth.files import write_text
from tests.support import BERTH, PLACEMENTS, Sandbox


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def two(sandbox: Sandbox) -> Sandbox:
    """Two tenants; acme in both clusters."""
    sandbox.tenant(placements=PLACEMENTS.replace("[aws]", "[aws, gcp]"))
    sandbox.tenant(name="globex")
    return sandbox


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


ALL = ["aws-dev/cluster.yaml", "aws-dev/tenants/acme.yaml", "aws-dev/tenants/globex.yaml", "gcp-dev/cluster.yaml",
       "gcp-dev/tenants/acme.yaml"]  # fmt: skip


def test_every_cluster_and_every_tenant_in_it_gets_a_file(two: Sandbox, out: Path) -> None:
    ended = two.run("render", "--stack", "dev", "--out", str(out))
    assert (ended.code, ended.err) == (0, "")
    assert sorted(files(out)) == ALL
    assert "5 files" in ended.out


def test_a_second_run_writes_the_same_bytes(two: Sandbox, out: Path) -> None:
    two.run("render", "--stack", "dev", "--out", str(out))
    before = files(out)
    two.run("render", "--stack", "dev", "--out", str(out))
    assert files(out) == before


def test_a_tenant_that_is_gone_is_removed(two: Sandbox, out: Path) -> None:
    two.run("render", "--stack", "dev", "--out", str(out))
    (two.root / "tenants/globex.yaml").unlink()
    ended = two.run("render", "--stack", "dev", "--out", str(out))
    assert sorted(files(out)) == [name for name in ALL if "globex" not in name]
    assert "1 removed" in ended.out


def test_files_of_others_stay(two: Sandbox, out: Path) -> None:
    foreign = {"aws-dev/tenants/theirs.yaml": b"kind: Secret\n", "aws-dev/tenants/README": b"x", "note.yaml": b"y",
               "aws-dev/tenants/binary.yaml": b"\xff\xfe", "other/tenants/acme.yaml": b"z"}  # fmt: skip
    for name, content in foreign.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
    two.run("render", "--stack", "dev", "--out", str(out))
    assert {name: content for name, content in files(out).items() if name in foreign} == foreign


def test_a_pipe_among_the_files_is_not_waited_for(two: Sandbox, out: Path) -> None:
    (out / "aws-dev/tenants").mkdir(parents=True)
    os.mkfifo(out / "aws-dev/tenants/pipe.yaml")
    ended = two.berth("render", "--stack", "dev", "--out", str(out))
    assert (ended.code, ended.err) == (0, "")


def test_one_cluster_leaves_the_files_of_the_others(two: Sandbox, out: Path) -> None:
    two.run("render", "--stack", "dev", "--out", str(out))
    (two.root / "tenants/acme.yaml").unlink()
    two.run("render", "--stack", "dev", "--cluster", "aws-dev", "--out", str(out))
    assert sorted(files(out)) == [name for name in ALL if name != "aws-dev/tenants/acme.yaml"]


def test_one_tenant_removes_nothing_and_writes_no_cluster_objects(two: Sandbox, out: Path) -> None:
    two.run("render", "--stack", "dev", "--tenant", "globex", "--out", str(out))
    two.run("render", "--stack", "dev", "--tenant", "acme", "--cluster", "gcp-dev", "--out", str(out))
    assert sorted(files(out)) == ["aws-dev/tenants/globex.yaml", "gcp-dev/tenants/acme.yaml"]


def test_on_stdout_a_tenant_comes_without_the_cluster_s_own_objects(two: Sandbox) -> None:
    text = two.run("render", "--stack", "dev", "--tenant", "acme").out
    assert "kind: Namespace" in text
    assert "kind: ClusterRole\n" not in text.replace("    kind: ClusterRole\n", "").replace("  kind: ClusterRole\n", "")
    assert "globex" not in text


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [(("--stack", "dve"), "dev"), (("--stack", "dev", "--cluster", "aws-dv"), "aws-dev"),
     (("--stack", "dev", "--tenant", "acm"), "acme")],
    ids=["stack", "cluster", "tenant"],
)  # fmt: skip
def test_a_name_that_does_not_exist_is_told_with_the_nearest_one(
    sandbox: Sandbox, arguments: tuple[str, ...], meant: str
) -> None:
    ended = sandbox.run("render", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert f'did you mean "{meant}"?' in ended.err


def test_an_invalid_project_writes_nothing(two: Sandbox, out: Path) -> None:
    two.tenant("lifecycle: x\n", name="globex")
    assert two.run("render", "--stack", "dev", "--out", str(out)).code == 2
    assert not out.exists()


def test_brackets_in_a_folder_s_name_are_no_markup(sandbox: Sandbox, tmp_path: Path) -> None:
    out = tmp_path / "a[/b]"
    ended = sandbox.run("render", "--stack", "dev", "--out", str(out))
    assert ended.code == 0
    assert "a[/b]" in ended.out


def test_a_reader_that_leaves_early_is_no_error(sandbox: Sandbox) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    for arguments in (("render", "--stack", "dev"), ("validate",), ("validate", "--json")):
        ended = subprocess.run(
            [*BERTH, "--project", str(sandbox.root), *arguments], stdout=writing, stderr=subprocess.PIPE
        )
        assert (ended.returncode, ended.stderr) == (0, b"")
    os.close(writing)


def test_a_reader_that_leaves_while_problems_are_told_sees_no_traceback(sandbox: Sandbox) -> None:
    sandbox.tenant("lifecycle: x\n")
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [*BERTH, "--project", str(sandbox.root), "validate", "--json"], stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (2, b"")


# Disks that are full ------------------------------------------------------------------------------------------------


def test_a_full_disk_is_one_line_with_code_1_and_leaves_the_former_files(two: Sandbox, out: Path) -> None:
    two.run("render", "--stack", "dev", "--out", str(out))
    before = files(out)
    two.tenant("labels: {new: value}\n", placements=PLACEMENTS.replace("[aws]", "[aws, gcp]"))
    ended = subprocess.run(
        [*BERTH, "--project", str(two.root), "render", "--stack", "dev", "--out", str(out)],
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.decode().splitlines() == [f"error: {out}/aws-dev/cluster.yaml: File too large"]
    assert files(out) == before


def test_a_folder_that_cannot_be_made_is_one_line_with_code_1(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = sandbox.run("render", "--stack", "dev", "--out", str(tmp_path / "file" / "out"))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert str(tmp_path / "file") in ended.err


def test_a_folder_where_a_file_belongs_is_one_line_with_code_1(sandbox: Sandbox, out: Path) -> None:
    (out / "aws-dev/cluster.yaml/x").mkdir(parents=True)
    ended = sandbox.run("render", "--stack", "dev", "--out", str(out))
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert [name for name in files(out) if Path(name).name.startswith(".")] == []


def test_an_interrupted_write_leaves_the_former_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_text(path, "before")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_text(path, "after")
    assert files(tmp_path) == {"file": b"before"}


def test_a_written_file_has_unix_line_endings_and_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    write_text(tmp_path / "secret", "ä\n", mode=0o600)
    assert (tmp_path / "secret").read_bytes() == "ä\n".encode()
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
