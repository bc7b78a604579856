"""Files that are no YAML text of this project: each is a problem that names the file, and never a traceback."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from berth.document import MAX_BYTES
from tests.support import PLACEMENTS, TENANT, Sandbox

BAD = "tenants/bad.yaml"


def _bytes(content: bytes) -> Callable[[Sandbox], object]:
    return lambda sandbox: sandbox.write(BAD, content)


def _link(target: str) -> Callable[[Sandbox], object]:
    return lambda sandbox: (sandbox.root / BAD).symlink_to(target)


def _outside(sandbox: Sandbox) -> None:
    outside = sandbox.root.parent / "outside.yaml"
    outside.write_text(TENANT.replace("acme", "bad") + PLACEMENTS)
    (sandbox.root / BAD).symlink_to(outside)


def _outside_folder(sandbox: Sandbox) -> None:
    outside = sandbox.root.parent / "elsewhere"
    (sandbox.root / "tenants").rename(outside)
    (outside / "bad.yaml").write_text(TENANT.replace("acme", "bad") + PLACEMENTS)
    (sandbox.root / "tenants").symlink_to(outside)


CASES: dict[str, tuple[Callable[[Sandbox], object], tuple[int, int], str]] = {
    "empty": (_bytes(b""), (1, 1), "an empty file"),
    "only comments": (_bytes(b"# nothing\n\n# here\n"), (1, 1), "an empty file"),
    "only null": (_bytes(b"---\n~\n"), (1, 1), "an empty file"),
    "NUL byte": (_bytes(b"name: bad\nprofile: a\0b\n"), (2, 11), "U+0000"),
    "NUL byte after an umlaut": (_bytes("name: bäd\nprofile: ä\0b\n".encode()), (2, 11), "U+0000"),
    "escape character": (_bytes(b"name: \x1b[31m\n"), (1, 7), "U+001B"),
    "UTF-16": (_bytes("name: bad\n".encode("utf-16")), (1, 1), "byte 0xff"),
    "UTF-16 without a mark": (_bytes("name: bad\n".encode("utf-16-le")), (1, 2), "U+0000"),
    "Latin-1": (_bytes("name: bad\nowners: {team: Käse}\n".encode("latin-1")), (2, 17), "byte 0xe4"),
    "two documents": (_bytes(b"name: bad\n---\nname: worse\n"), (3, 1), "2 documents"),
    "too large": (_bytes(b"#" * (MAX_BYTES + 1)), (0, 0), f"{MAX_BYTES + 1} bytes"),
    "link out of the project": (_outside, (0, 0), "a link to"),
    "dangling link": (_link("gone.yaml"), (0, 0), "No such file"),
    "link to itself": (_link("bad.yaml"), (0, 0), "leads to itself"),
    "link to a device": (_link("/dev/zero"), (0, 0), "a link to"),
    "folder": (lambda sandbox: (sandbox.root / BAD).mkdir(), (0, 0), "a folder"),
    "pipe": (lambda sandbox: os.mkfifo(sandbox.root / BAD), (0, 0), "a pipe"),
}
cases = pytest.mark.parametrize(("make", "place", "found"), list(CASES.values()), ids=list(CASES))


@cases
def test_a_file_that_cannot_be_read_is_one_problem_with_its_place(
    sandbox: Sandbox, make: Callable[[Sandbox], object], place: tuple[int, int], found: str
) -> None:
    make(sandbox)
    problem = next(p for p in sandbox.problems() if p.file == BAD)
    assert found in problem.found
    assert (problem.line, problem.column) == place
    assert problem.expected


@cases
def test_the_command_refuses_such_a_file_with_code_2_and_says_nothing_on_stdout(
    sandbox: Sandbox, make: Callable[[Sandbox], object], place: tuple[int, int], found: str
) -> None:
    del place, found
    make(sandbox)
    ended = sandbox.run("validate")
    assert (ended.code, ended.out) == (2, "")
    assert any(line.startswith(BAD) for line in ended.err.splitlines())


def test_all_of_them_together_are_told_in_one_run_of_the_real_command(sandbox: Sandbox) -> None:
    for index, (make, _, _) in enumerate(case for name, case in CASES.items() if name != "link to itself"):
        make(sandbox)
        if (sandbox.root / "tenants").is_symlink():
            (sandbox.root / "tenants").unlink()
            (sandbox.root.parent / "elsewhere").rename(sandbox.root / "tenants")
        (sandbox.root / BAD).rename(sandbox.root / f"tenants/bad{index:02}.yaml")
    ended = sandbox.berth("validate")
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    *lines, summary = ended.err.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"tenants/bad{i:02}.yaml" for i in range(len(CASES) - 1)]
    assert summary == f"{len(lines)} problems; nothing was changed"


def test_the_whole_folder_of_tenants_may_not_be_a_link_out_of_the_project(sandbox: Sandbox) -> None:
    _outside_folder(sandbox)
    assert all("a link to" in problem.found for problem in sandbox.problems())


def test_a_link_within_the_project_is_read(sandbox: Sandbox) -> None:
    sandbox.write("elsewhere.yaml", (sandbox.root / "tenants/acme.yaml").read_text())
    (sandbox.root / "tenants/acme.yaml").unlink()
    (sandbox.root / "tenants/acme.yaml").symlink_to("../elsewhere.yaml")
    assert list(sandbox.load().tenants) == ["acme"]


def test_a_project_reached_through_a_link_is_read(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(sandbox.root)
    assert Sandbox(tmp_path / "link").run("validate").code == 0


@pytest.mark.parametrize(
    "name",
    ["tenants/globex.yml", "tenants/globex.YAML", "tenants/profiles/large.yml", "tenants/team/globex.yaml",
     "tenants/profiles/more/large.yaml", "Pulumi.prod.yml"],
)  # fmt: skip
def test_a_file_that_would_be_passed_over_is_reported(sandbox: Sandbox, name: str) -> None:
    sandbox.write(name, "anything: 1\n")
    problem = sandbox.problem()
    assert (problem.file, problem.found) == (name, "a file that no one reads")


def test_a_stack_whose_name_has_a_dot_is_read(sandbox: Sandbox) -> None:
    text = (sandbox.root / "Pulumi.dev.yaml").read_text()
    sandbox.write("Pulumi.dev.blue.yaml", text.replace("-dev", "-blue").replace("10.10.", "10.11."))
    assert list(sandbox.load().stacks) == ["dev", "dev.blue"]


@pytest.mark.parametrize("name", ["Pulumi.dev.yaml", "tenants/profiles/standard.yaml", "tenants/acme.yaml"])
@pytest.mark.parametrize("text", ["hello\n", "- a\n- b\n", "4\n"], ids=["text", "list", "number"])
def test_a_file_that_is_no_mapping_is_a_problem_of_that_file(sandbox: Sandbox, name: str, text: str) -> None:
    sandbox.write(name, text)
    problem = next(p for p in sandbox.problems() if p.file == name)
    assert "mapping" in problem.expected
    assert sandbox.run("validate").code == 2


def test_line_breaks_and_terminal_codes_in_a_value_stay_on_the_problem_s_one_line(sandbox: Sandbox) -> None:
    sandbox.tenant('"a\\nb\\e[31m": 1\nlabels: {key: "x\\ny\\e[0m"}\nexception: |\n  a\n  b\n')
    ended = sandbox.run("validate")
    assert "\x1b" not in ended.err
    assert all(line.startswith("tenants/acme.yaml:") for line in ended.err.splitlines()[:-1])


def test_a_file_name_that_is_no_text_is_told_without_a_traceback(sandbox: Sandbox) -> None:
    name = os.fsencode(sandbox.root) + b"/tenants/b\xffd.yaml"
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
    for arguments in (("validate",), ("validate", "--json")):
        ended = sandbox.berth(*arguments)
        assert ended.code == 2
        assert "Traceback" not in ended.err
        assert "b\\udcffd.yaml" in ended.everything.replace("\\\\", "\\")


def test_json_goes_to_stdout_and_nothing_to_stderr(sandbox: Sandbox) -> None:
    sandbox.write(BAD, "name: b\n---\n")
    ended = sandbox.run("validate", "--json")
    assert (ended.code, ended.err) == (2, "")
    assert json.loads(ended.out)["valid"] is False
