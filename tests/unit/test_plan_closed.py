"""What is told of tenants' Secrets, and of what kustomize says of them: nothing of what they hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.plan.deploy_repo.closed import closed
from berth.plan.deploy_repo.message import told
from berth.plan.difference import masked
from berth.plan.model import SECRET

PLANTED = "SUPERSECRET"
SECRET_OBJECT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "labels": {"app": "web"}},
}


HELD = st.recursive(
    st.just(PLANTED),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@given(
    held=st.dictionaries(st.sampled_from(["data", "stringData", "binaryData", "spec", "status"]), HELD),
    metadata=st.dictionaries(st.sampled_from(["annotations", "managedFields", "finalizers"]), HELD),
    kind=st.sampled_from(["Secret", "secret", "SecretList"]),
)
def test_nothing_that_a_secret_holds_is_left_open(held: Any, metadata: Any, kind: str) -> None:
    item = SECRET_OBJECT | held | {"kind": kind, "metadata": {"name": "s", "labels": {"app": "web"}} | metadata}
    shown = masked(closed(item))
    assert PLANTED not in json.dumps(shown)
    assert shown["metadata"] | {"name": "s", "labels": {"app": "web"}} == shown["metadata"]


def test_what_a_secret_is_and_which_keys_it_has_is_told() -> None:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"data":{{"p":"{PLANTED}"}}}}'}
    item = SECRET_OBJECT | {"type": "Opaque", "immutable": True, "data": {"p": PLANTED}}
    item |= {"metadata": {"name": "s", "annotations": applied}}
    annotations = dict.fromkeys(applied, SECRET)
    assert masked(closed(item)) == item | {
        "data": {"p": SECRET},
        "metadata": {"name": "s", "annotations": annotations},
    }


def test_what_is_no_secret_is_told_whole() -> None:
    item = SECRET_OBJECT | {"kind": "ConfigMap", "data": {"a": "b"}}
    assert closed(item) is item


PATCH = f"kind: Secret\n  stringData: {{a: {PLANTED}}}"
IN_CONFIG = f"trouble configuring builtin PatchTransformer with config: `\npatch: |-\n  {PATCH}\n`: "
GO_MAP = f'map[string]interface {{}}{{"data":map[interface {{}}]interface {{}}{{"p":"{PLANTED}", 1:"YQ=="}}}}'


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (f"{GO_MAP}: json: unsupported type: map[interface {{}}]interface {{}}", "json: unsupported type"),
        (f"map[string]interface {{}}(nil): yaml: cannot decode !!str `{PLANTED}` as a !!int", "as a !!int"),
        (
            f"'s.yaml': missing metadata.name in object {{{{v1 Secret}} {{{{ }} map[] map[x:{PLANTED}]}}}}",
            "metadata.name",
        ),
        (f"{IN_CONFIG}unable to parse SM or JSON patch from [patch: {PATCH!r}]", "unable to parse SM or JSON patch"),
        (f"{IN_CONFIG}decoding [{PLANTED}: a: invalid character 'S'", "PatchTransformer...: decoding"),
        (f'must specify a target for JSON patch [patch: "- {{op: add, value: {PLANTED}}}"]', "a target"),
        (f'must specify a target for patch [{{"op":"add","value":"{PLANTED}"}}]', "a target for patch"),
        (f"patch and path can't be set at the same time\npatch: {PLANTED}", "at the same time"),
        (f'accumulateDirectory: "merging\\n{PLANTED}"', "merging"),
        (f"wrong node kind: expected MappingNode but got ScalarNode: node contents:\n{PLANTED}\n", "got ScalarNode"),
        (f"panic: wrong node kind: node contents:\n\t{PLANTED}\n\ngoroutine 1 [running]:", "panic: wrong node kind"),
        (f"wrong Node Kind for data expected: MappingNode was ScalarNode: value: {{{PLANTED}}}", "was ScalarNode"),
        (f"expected even length contents: {PLANTED}", "even length"),
        (f"literal sources [{PLANTED}]: invalid literal source {PLANTED}, expected key=value", "expected key=value"),
        (f"env source files: [e]: line [83 85] has invalid utf8 bytes : {PLANTED}", "env source files: [e]"),
        (f"options.index 7 is out of bounds for value {PLANTED}", "out of bounds"),
        (f"'s.yaml': yaml: unknown anchor '{PLANTED}' referenced in File: s.yaml", "referenced in File: s.yaml"),
        (f"yaml: unmarshal errors:\n  line 4: cannot unmarshal !!str `{PLANTED}` into int", "line 4: cannot unm"),
        (f"evalsymlink failure on 'a/{{kind: Secret, data: {{a: {PLANTED}}}}}' : no such file", "evalsymlink"),
        (f'strconv.ParseInt: parsing "{PLANTED}": invalid syntax', "invalid syntax"),
    ],
)
def test_what_kustomize_prints_of_manifests_is_left_out_of_what_it_says(message: str, kept: str) -> None:
    found = told(f"# Warning: 'bases' is deprecated.\nError: {message}\n", "/r/")
    assert PLANTED not in found
    assert kept in found
    assert "\n" not in found


@pytest.mark.parametrize(
    "message",
    [
        'invalid Kustomization: json: unknown field "resource"',
        'no resource matches strategic merge patch "ConfigMap.v1.[noGrp]/web.[noNs]": no matches for Id '
        "ConfigMap.v1.[noGrp]/web.[noNs]; failed to find unique target for patch ConfigMap.v1.[noGrp]/web.[noNs]",
        'yaml: unmarshal errors: line 4: mapping key "p" already defined at line 4',
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field a.b of type",
        "may not add resource with an already registered id: Secret.v1.[noGrp]/s.[noNs]",
    ],
)
def test_the_rest_of_what_it_says_is_told_as_it_is(message: str) -> None:
    assert told(f"Error: {message.replace('errors: line', 'errors:' + chr(10) + '  line')}\n", "/r/") == message


def test_of_levels_the_last_is_told_without_where_the_files_lay() -> None:
    outer = "accumulating resources: accumulation err='accumulating resources from '../base': '/r/base' must be a file'"
    inner = "accumulating resources: accumulating resources from 'a.yaml': open /r/base/a.yaml: no such file"
    found = told(f"Error: {outer}: recursed accumulation of path '/r/base': {inner}", "/r/")
    assert found == "'base': 'a.yaml': open base/a.yaml: no such file"
