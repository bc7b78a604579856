"""What YAML parsers read differently is refused, with its place, and nothing is guessed."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from berth.document import Document, parse_document
from tests.support import PLACEMENTS, TENANT, Sandbox


def parse(text: str) -> Document:
    return parse_document(text, Document("file.yaml"))


AMBIGUOUS = ("010", "0x1F", "0o7", "0b11", "1_000", "1_000.5", "1:30", "190:20:30", ".inf", "-.inf", ".nan", "9" * 16)


@pytest.mark.parametrize("word", ["no", "No", "NO", "yes", "on", "off", "OFF"])
def test_an_unquoted_word_that_some_parsers_read_as_a_boolean_is_refused(word: str) -> None:
    document = parse(f"a: 1\nkey: {word}\n")
    (problem,) = document.problems
    assert (problem.line, problem.column, problem.path, problem.found) == (2, 6, "key", word)
    assert f'("{word}")' in problem.expected


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "true", "null", "~"])
def test_an_unquoted_boolean_or_null_as_a_key_is_refused_once(word: str) -> None:
    document = parse(f"map:\n  {word}: 1\n")
    (problem,) = document.problems
    assert (problem.line, problem.column) == (2, 3)
    assert document.value == {"map": {}}


@pytest.mark.parametrize("word", ["no", "true", "null", "010", "1:30", "<<", ""])
def test_a_quoted_word_is_text_as_value_and_as_key(word: str) -> None:
    document = parse(f'"{word}": "{word}"\n')
    assert document.problems == []
    assert document.value == {word: word}


@pytest.mark.parametrize("number", AMBIGUOUS)
def test_a_number_that_parsers_disagree_on_is_refused(number: str) -> None:
    (problem,) = parse(f"key: {number}\n").problems
    assert (problem.line, problem.column, problem.found) == (1, 6, number)
    assert "quotes" in problem.expected


@pytest.mark.parametrize("number", ["010", "0x1F", "1:30"])
def test_a_key_that_parsers_read_as_different_numbers_is_refused(number: str) -> None:
    assert [p.found for p in parse(f"{number}: x\n").problems] == [number]


def test_an_integer_of_five_thousand_digits_is_a_problem_and_no_exception() -> None:
    (problem,) = parse(f"key: {'9' * 5000}\n").problems
    assert len(str(problem)) < 1000


@pytest.mark.parametrize(
    ("text", "value"),
    [("4", 4), ("-3", -3), ("0", 0), ("0.50", 0.5), ("1e3", 1000.0), ("true", True), ("~", None), ("1.2.3", "1.2.3")],
)
def test_a_plain_value_is_read_as_every_parser_reads_it(text: str, value: object) -> None:
    document = parse(f"key: {text}\n")
    assert (document.problems, document.value) == ([], {"key": value})


def test_a_duplicate_key_is_refused_at_its_second_place() -> None:
    document = parse("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    (problem,) = document.problems
    assert (problem.line, problem.column, problem.path) == (5, 3, "b.c")
    assert "line 3" in problem.fix
    assert document.value["b"]["c"] == 1


def test_a_quoted_key_repeats_the_plain_one() -> None:
    assert [p.line for p in parse('a: 1\n"a": 2\n').problems] == [2]


def test_a_merge_key_is_refused() -> None:
    document = parse("x: &x {a: 1}\ny:\n  <<: *x\n")
    assert [(p.line, p.column, p.found) for p in document.problems] == [(3, 3, "a merge key")]
    assert document.value["y"] == {}


def test_an_alias_of_itself_is_refused() -> None:
    assert [p.found for p in parse("a: &a [1, *a]\n").problems] == ["an alias of itself"]


def test_a_plain_alias_is_written_out() -> None:
    document = parse("a: &a [1]\nb: *a\n")
    assert (document.problems, document.value) == ([], {"a": [1], "b": [1]})


def test_an_anchor_bomb_ends_fast_in_one_problem() -> None:
    levels = "abcdefghijklmnop"
    text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    for below, level in pairwise(levels):
        text += f"{level}: &{level} [{','.join([f'*{below}'] * 10)}]\n"
    start = time.process_time()
    document = parse(text)
    assert time.process_time() - start < 5
    assert len(document.problems) == 1
    assert "aliases" in document.problems[0].found


@pytest.mark.parametrize(
    "text",
    ["[" * 60 + "]" * 60, "[" * 900 + "]" * 900, "[" * 100_000 + "]" * 100_000, "[" * 100_000, "- " * 50_000 + "x",
     "{a: " * 30_000 + "1" + "}" * 30_000, "".join(" " * depth + "a:\n" for depth in range(300))],
    ids=["60 lists", "900 lists", "100000 lists", "never closed", "50000 items", "30000 maps", "300 blocks"],
)  # fmt: skip
def test_deep_nesting_is_one_problem_and_no_crash(text: str) -> None:
    (problem,) = parse(text).problems
    assert "inside each other" in problem.found
    assert problem.line >= 1


def test_a_file_of_ordinary_depth_and_great_length_is_read() -> None:
    document = parse("".join(f"key{index}: [[[[[1]]]]]\n" for index in range(2000)))
    assert document.problems == []
    assert len(document.value) == 2000


@pytest.mark.parametrize(
    ("text", "tag"),
    [('!!int "3"', "!!int"), ("!!float 3", "!!float"), ("!own x", "!own"), ('!!binary "aGk="', "!!binary"),
     ("!!python/object/apply:os.system [id]", "!!python/object/apply:os.system"), ("!!set {a}", "!!set")],
)  # fmt: skip
def test_an_explicit_tag_is_refused(text: str, tag: str) -> None:
    document = parse(f"key: {text}\n")
    assert [p.found for p in document.problems] == [f"the tag {tag}"]


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n  - b\n\t- c\n"], ids=["mapping", "sequence"])
def test_a_tab_in_the_indentation_is_named_as_such(text: str) -> None:
    (problem,) = parse(text).problems
    assert (problem.column, problem.found) == (1, "a tab")
    assert problem.line == text[: text.index("\t")].count("\n") + 1


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1, 2\nb: 3\n", 2), ("a: b: c\n", 1), ("a: *gone\n", 1), ('a: "x\n', 2), ("a: 1\n b: 2\n", 2)],
    ids=["unclosed list", "two colons", "undefined alias", "unclosed quote", "indentation"],
)
def test_a_syntax_error_is_one_problem_with_its_line(text: str, line: int) -> None:
    (problem,) = parse(text).problems
    assert problem.line == line
    assert problem.column >= 1
    assert not problem.found.startswith("found")


def test_a_second_document_is_refused_where_it_begins() -> None:
    document = parse("a: 1\n---\nb: 2\n")
    assert [(p.line, p.found) for p in document.problems] == [(3, "2 documents")]
    assert document.value is None


def test_one_document_with_its_marker_is_read() -> None:
    assert parse("---\na: 1\n...\n").value == {"a": 1}


def test_a_collection_as_a_key_is_refused() -> None:
    assert [p.found for p in parse("? [a]\n: 1\n").problems] == ["a collection as a key"]


# In a project -------------------------------------------------------------------------------------------------------


def test_an_unquoted_version_is_told_as_it_was_written(sandbox: Sandbox) -> None:
    sandbox.stack('"1.35"', "1.30")
    problem = sandbox.problem()
    assert (problem.file, problem.line, problem.column) == ("Pulumi.dev.yaml", 10, 26)
    assert problem.path == "config.berth:clusters[0].kubernetesVersion"
    assert problem.found == '"1.30"'
    assert problem.fix == 'write it in quotes: "1.30"'


@pytest.mark.parametrize(
    ("written", "read"),
    [("0.50", "0.50"), ("4", "4"), ("1.10", "1.10"), ('"2"', "2"), ("500m", "500m"), ("1e3", "1e3")],
)
def test_a_quantity_is_kept_as_it_was_written(sandbox: Sandbox, written: str, read: str) -> None:
    sandbox.tenant(f"quota: {{requests.cpu: {written}}}\n")
    assert sandbox.placed().policy.quota["requests.cpu"] == read


@pytest.mark.parametrize("written", ["lots", "4 Gi", "4gb", "-1", "true", "[1]", "1e", '""'])
def test_what_is_no_quantity_is_refused(sandbox: Sandbox, written: str) -> None:
    sandbox.tenant(f"quota: {{requests.cpu: {written}}}\n")
    problem = sandbox.problem()
    assert problem.path == 'quota["requests.cpu"]'
    assert problem.line == 7


def test_a_label_value_that_is_a_number_is_to_be_quoted(sandbox: Sandbox) -> None:
    sandbox.tenant("labels: {costCenter: 123}\n")
    assert sandbox.problem().fix == 'write it in quotes: "123"'


def test_a_doubtful_value_is_reported_once(sandbox: Sandbox) -> None:
    sandbox.tenant("sync: {prune: no}\n")
    problem = sandbox.problem()
    assert (problem.path, problem.found) == ("sync.prune", "no")


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["no BOM", "BOM"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_line_endings_and_a_byte_order_mark_change_nothing(sandbox: Sandbox, bom: bytes, ending: str) -> None:
    plain = sandbox.load().tenants["acme"].file
    sandbox.write("tenants/acme.yaml", bom + (TENANT + PLACEMENTS).replace("\n", ending).encode())
    assert sandbox.load().tenants["acme"].file == plain
