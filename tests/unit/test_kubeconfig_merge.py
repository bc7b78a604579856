"""What a kubeconfig holds after clusters are put into it, as data and as text."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from lightkube import KubeConfig

from berth.errors import InvalidInput, OperationFailed
from berth.kubeconfig import Change, Entry, find, merge
from berth.kubeconfig.config import Config, dump, parse

SECRET = "hunter2-s3cr3t"  # noqa: S105 - planted, to be looked for
MINE = """\
# by hand
apiVersion: v1
kind: Config
preferences: {colors: true}
current-context: home
clusters:
  - name: home
    cluster: {server: "https://home:6443", certificate-authority: ca.crt}
  - {name: aws-dev, cluster: {server: "https://old:6443"}}
contexts:
  - {name: home, context: {cluster: home, user: me, namespace: kube-system}}
users:
  - {name: me, user: {token: "0123456", username: "yes", password: "12345e6", auth-provider: {expiry: 2018-05-04T09:11:13Z}}}
"""  # noqa: E501
LOGIN = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": ["eks"]}
ENTRY = Entry("aws-dev", {"server": "https://new"}, {"exec": LOGIN})


def merged(text: str = MINE, *entries: Entry, current: str = "") -> Config:
    return merge(parse(text, "config"), entries or (ENTRY,), current).config


# What changes, and what does not -----------------------------------------------------------------------------------


def test_the_items_of_others_stay_as_they_are_and_where_they_are() -> None:
    before, after = parse(MINE, "config"), merged()
    assert after["clusters"][0] == before["clusters"][0]
    assert after["contexts"][0] == before["contexts"][0]
    assert after["users"][0] == before["users"][0]
    assert (after["preferences"], after["current-context"]) == ({"colors": True}, "home")


def test_an_item_of_the_same_name_is_replaced_in_its_place() -> None:
    clusters = merged()["clusters"]
    assert clusters == [parse(MINE, "config")["clusters"][0], {"name": "aws-dev", "cluster": {"server": "https://new"}}]


def test_merging_twice_is_merging_once() -> None:
    once = merge(parse(MINE, "config"), [ENTRY])
    twice = merge(once.config, [ENTRY])
    assert (once.changes, twice.changes) == ({"aws-dev": Change.ADDED}, {"aws-dev": Change.UNCHANGED})
    assert twice.config == once.config


def test_the_data_that_went_in_is_not_touched() -> None:
    before = parse(MINE, "config")
    merge(before, [ENTRY], "aws-dev")
    assert before == parse(MINE, "config")


def test_a_context_that_another_value_has_is_told_as_replaced() -> None:
    once = merge({}, [Entry("aws-dev", {"server": "https://old"}, {})])
    assert merge(once.config, [ENTRY]).changes == {"aws-dev": Change.REPLACED}


def test_a_null_that_kubectl_adds_is_no_change() -> None:
    config = merge({}, [Entry("a", {"server": "https://a"}, {"exec": {"command": "aws", "args": []}})]).config
    config["users"][0]["user"]["exec"]["env"] = None
    again = merge(config, [Entry("a", {"server": "https://a"}, {"exec": {"command": "aws", "args": []}})])
    assert again.changes == {"a": Change.UNCHANGED}
    assert again.config == config


def test_the_current_context_changes_only_on_demand() -> None:
    assert merged()["current-context"] == "home"
    assert merged(current="aws-dev")["current-context"] == "aws-dev"


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "{}", "clusters:\nusers: null\ncontexts: []\n"])
def test_a_file_that_holds_nothing_becomes_a_whole_kubeconfig(text: str) -> None:
    config = merged(text)
    assert (config["apiVersion"], config["kind"]) == ("v1", "Config")
    single = KubeConfig.from_dict(config).get("aws-dev")
    assert single is not None
    assert single.cluster.server == "https://new"


def test_the_text_is_read_back_as_the_same_by_our_parser_and_by_clients() -> None:
    config = merged()
    text = dump(config)
    assert parse(text, "config") == config
    assert yaml.safe_load(text)["users"][0] == parse(MINE, "config")["users"][0]
    assert set(KubeConfig.from_dict(yaml.safe_load(text)).contexts) == {"home", "aws-dev"}


@pytest.mark.parametrize("text", ["12345e6", "010", "1:30", "yes", "y", "null", "0x1f", "1_000", ".5", "+7", "~", ""])
def test_text_that_some_parser_takes_for_something_else_is_written_in_quotes(text: str) -> None:
    written = dump({"token": text})
    assert written in (f"token: '{text}'\n", f'token: "{text}"\n')
    assert parse(written, "config") == {"token": text}


def test_numbers_and_truths_stay_what_they_are() -> None:
    text = "port: 6443\nratio: 1.50\nexponent: 1e5\ncolors: true\n"
    assert dump(parse(text, "config")) == text


def test_a_value_that_two_places_share_is_written_twice_and_not_as_an_alias() -> None:
    shared = {"server": "https://one"}
    assert "&" not in dump({"clusters": [{"name": "a", "cluster": shared}, {"name": "b", "cluster": shared}]})


# What is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("clusters: [\n", "config:"),
        ("a: b: c\n", "config:1"),
        ("just text\n", "a mapping with clusters, users and contexts"),
        ("[1, 2]\n", "a mapping with clusters, users and contexts"),
        ("clusters: {}\n", "config:1:11: clusters: found something else; expected a list"),
        ("users: [me]\n", "users[0]: found other; expected a mapping with user and a name that is text"),
        ("users: [{user: {}}]\n", "a name that is text"),
        ("users: [{name: 7, user: {}}]\n", "a name that is text"),
        ("users: [{name: me, user: text}]\n", "users[0].user: found something else; expected a mapping"),
        ("users: [{name: me, user: {exec: aws}}]\n", "users[0].user.exec: found something else; expected a mapping"),
        ("users: [{name: me, user: {exec: {args: []}}}]\n", "expected a mapping with a command"),
        ("users: [{name: me, user: {exec: {command: a, args: [1]}}}]\n", "exec.args: found something else"),
        ("users: [{name: me, user: {exec: {command: a, env: {A: b}}}}]\n", "exec.env: found something else"),
        ("current-context: [a]\n", "current-context: found something else; expected the name of a context"),
        ("kind: Deployment\n", 'kind: found "Deployment"; expected Config'),
        ("{}\n---\n{}\n", "2 documents"),
        ("clusters: []\nclusters: []\n", "write each key once"),
        ("users: [{name: me}, {name: me}]\n", 'users[1].name: found "me" again; expected each name once'),
        (f"a: {'[' * 60}{']' * 60}\n", "config:1"),
    ],
)
def test_what_kubectl_could_not_use_is_one_error_with_its_place(text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse(text, "config")
    assert told in str(raised.value)
    assert len(raised.value.problems) == 1


@pytest.mark.parametrize("value", ["0123456789", "yes", "0x1f", "!secret hunter2-s3cr3t", "1234567890123456789"])
def test_a_value_that_parsers_read_differently_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse(f"users: [{{name: me, user: {{password: {value}}}}}]\n", "config")
    assert value.split()[-1] not in str(raised.value)
    assert "users[0].user.password" in str(raised.value)


def test_no_secret_is_in_the_repr_of_an_entry_or_of_what_was_merged() -> None:
    entry = Entry("aws-dev", {"server": SECRET}, {"token": SECRET}, {"namespace": SECRET})
    assert SECRET not in repr(entry) + repr(merge({}, [entry]))


# Finding a cluster --------------------------------------------------------------------------------------------------


def test_a_context_is_found_with_its_cluster_and_user_and_gets_the_other_name() -> None:
    entry = find([(Path("/etc/k/config"), parse(MINE, "config"))], "home", "onprem")
    assert entry is not None
    assert entry.items()["contexts"] == {
        "name": "onprem", "context": {"cluster": "onprem", "user": "onprem", "namespace": "kube-system"}
    }  # fmt: skip
    assert entry.user == parse(MINE, "config")["users"][0]["user"]


def test_paths_begin_at_the_folder_of_their_file() -> None:
    text = """
clusters: [{name: c, cluster: {certificate-authority: pki/ca.crt, server: x}}]
users: [{name: u, user: {client-certificate: /abs.crt, client-key: ../k.key, tokenFile: t, exec: {command: ./bin/get}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
"""
    entry = find([(Path("/etc/k/config"), parse(text, "config"))], "x", "x")
    assert entry is not None
    assert entry.cluster == {"certificate-authority": "/etc/k/pki/ca.crt", "server": "x"}
    assert entry.user == {
        "client-certificate": "/abs.crt", "client-key": "/etc/k/../k.key", "tokenFile": "/etc/k/t",
        "exec": {"command": "/etc/k/bin/get"},
    }  # fmt: skip


def test_a_login_program_without_a_slash_stays_one_on_path() -> None:
    entry = find([(Path("/etc/k/config"), merge({}, [ENTRY]).config)], "aws-dev", "aws-dev")
    assert entry is not None
    assert entry.login["command"] == "aws"


def test_of_several_files_the_first_that_has_an_item_counts() -> None:
    first = parse("contexts: [{name: x, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: one}}]", "1")
    second = parse(
        "clusters: [{name: c, cluster: {certificate-authority: ca}}]\nusers: [{name: u, user: {token: two}}]", "2"
    )
    entry = find([(Path("/1/config"), first), (Path("/2/config"), second)], "x", "x")
    assert entry is not None
    assert (entry.user, entry.cluster) == ({"token": "one"}, {"certificate-authority": "/2/ca"})


def test_a_context_that_is_not_there_is_none_and_one_that_leads_nowhere_is_an_error() -> None:
    dangling = parse("contexts: [{name: x, context: {cluster: c, user: u}}]", "1")
    assert find([(Path("/1"), dangling)], "y", "y") is None
    with pytest.raises(OperationFailed, match="names a cluster that its kubeconfig does not have"):
        find([(Path("/1"), dangling)], "x", "x")
