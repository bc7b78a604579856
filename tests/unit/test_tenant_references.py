"""What spans files: names that must exist, placements that must match, namespaces that only one tenant has."""

from __future__ import annotations

import json

import pytest

from tests.support import PLACEMENTS, STACK, Sandbox


def place(*placements: str) -> str:
    return "placements:\n" + "".join(f"  - {{environments: {placement}}}\n" for placement in placements)


@pytest.mark.parametrize(
    ("old", "new", "path", "meant"),
    [("profile: standard", "profile: standrd", "profile", "standard"),
     ("[dev]", "[dve]", "placements[0].environments[0]", "dev"),
     ("clouds: [aws]", "clusters: [aws-dv]", "placements[0].clusters[0]", "aws-dev")],
    ids=["profile", "environment", "cluster"],
)  # fmt: skip
def test_a_name_that_does_not_exist_is_told_with_the_nearest_one(
    sandbox: Sandbox, old: str, new: str, path: str, meant: str
) -> None:
    sandbox.edit("tenants/acme.yaml", old, new)
    problem = sandbox.problem()
    assert (problem.path, problem.fix) == (path, f'did you mean "{meant}"?')


def test_names_are_looked_up_in_a_file_with_other_mistakes(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/acme.yaml", "[dev]", "[dve]")
    sandbox.edit("tenants/acme.yaml", "profile: standard", "profile: standrd\nlifecycle: dead\nquota: {pods: no}")
    assert [p.path for p in sandbox.problems()] == [
        "profile", "lifecycle", "quota.pods", "placements[0].environments[0]"
    ]  # fmt: skip


def test_the_mistakes_of_all_files_are_told_in_one_run_sorted_by_place(sandbox: Sandbox) -> None:
    sandbox.stack("region: local", "region: Local")
    sandbox.edit("tenants/profiles/standard.yaml", 'pods: "10"', "pods: many")
    sandbox.tenant("sync: {wait: 1}\n", name="zeta")
    sandbox.tenant("lifecycle: x\nsync: {wait: 1}\n", name="beta")
    found = sandbox.problems()
    assert [(p.file, p.path) for p in found] == [
        ("Pulumi.dev.yaml", "config.berth:clusters[1].region"),
        ("tenants/beta.yaml", "lifecycle"),
        ("tenants/beta.yaml", "sync.wait"),
        ("tenants/profiles/standard.yaml", "quota.pods"),
        ("tenants/zeta.yaml", "sync.wait"),
    ]
    assert list(found) == sorted(found)


def test_the_command_prints_all_of_them_and_their_number(sandbox: Sandbox) -> None:
    sandbox.tenant("lifecycle: x\nsync: {wait: 1}\n")
    ended = sandbox.run("validate")
    assert [line.split(" ")[0] for line in ended.err.splitlines()] == [
        "tenants/acme.yaml:7:12:", "tenants/acme.yaml:8:14:", "2"
    ]  # fmt: skip


def test_clusters_are_not_missed_while_their_stack_cannot_be_read(sandbox: Sandbox) -> None:
    sandbox.stack("region: local", "region: Local")
    assert {p.file for p in sandbox.problems()} == {"Pulumi.dev.yaml"}


def test_a_profile_with_mistakes_is_not_reported_as_missing(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/profiles/standard.yaml", "description: For tests.\n", "")
    assert [(p.file, p.path) for p in sandbox.problems()] == [("tenants/profiles/standard.yaml", "description")]


@pytest.mark.parametrize(
    "placement",
    ["[dev], clouds: [azure]", "[dev], labels: {tier: gold}", "[prod], clusters: [aws-dev]",
     "[dev], labels: {tier: standard, zone: x}"],
    ids=["cloud", "label", "cluster of another environment", "one label of two"],
)  # fmt: skip
def test_a_placement_that_matches_nothing_is_refused(sandbox: Sandbox, placement: str) -> None:
    prod = STACK.replace("-dev", "-prod").replace("environment: dev", "environment: prod")
    sandbox.write("Pulumi.prod.yaml", prod)
    sandbox.tenant(placements=place(placement))
    problem = sandbox.problem()
    assert (problem.path, problem.found) == ("placements[0]", "one that matches none")


def test_a_cluster_of_two_placements_is_refused_at_the_second(sandbox: Sandbox) -> None:
    sandbox.tenant(placements=place("[dev], clouds: [aws]", "[dev], labels: {tier: standard}"))
    problem = sandbox.problem()
    assert (problem.path, problem.found) == ("placements[1]", '"aws-dev" again')
    assert "placements[0]" in problem.fix


@pytest.mark.parametrize(
    ("placement", "clusters"),
    [("[dev], clouds: [aws, gcp]", ["aws-dev", "gcp-dev"]), ("[dev], clouds: [gcp]", ["gcp-dev"]),
     ("[dev], clusters: [gcp-dev]", ["gcp-dev"]), ("[dev], labels: {tier: standard}", ["aws-dev"])],
    ids=["clouds", "one cloud", "cluster", "label"],
)  # fmt: skip
def test_a_placement_selects_its_clusters_and_no_other(sandbox: Sandbox, placement: str, clusters: list[str]) -> None:
    sandbox.tenant(placements=place(placement))
    project = sandbox.load()
    placed = [cluster.name for cluster in project.clusters() if list(project.tenants_in(cluster))]
    assert placed == clusters


def test_a_namespace_belongs_to_one_tenant_whatever_it_is_made_of(sandbox: Sandbox) -> None:
    sandbox.tenant('namespaces: ["", b]\n', name="a")
    sandbox.tenant(name="a-b")
    problem = sandbox.problem()
    assert (problem.file, problem.path, problem.found) == ("tenants/a-b.yaml", "name", '"a-b"')
    assert "tenants/a.yaml" in problem.fix


def test_two_suffixes_that_collide_are_told_at_the_suffix(sandbox: Sandbox) -> None:
    sandbox.tenant("namespaces: [b-c]\n", name="a")
    sandbox.tenant('namespaces: ["", c]\n', name="a-b")
    problem = sandbox.problem()
    assert (problem.path, problem.found) == ("namespaces[1]", '"a-b-c"')


@pytest.mark.parametrize("where", ["tenant", "override"])
def test_a_tenant_lets_no_other_tenant_s_namespace_in(sandbox: Sandbox, where: str) -> None:
    network = "network: {ingressFrom: [{namespace: globex}]}"
    sandbox.tenant(name="globex")
    if where == "tenant":
        sandbox.tenant(f"{network}\n")
    else:
        sandbox.tenant(placements=PLACEMENTS + f"    overrides: {{{network}}}\n")
    problem = sandbox.problem()
    assert problem.path.endswith("network.ingressFrom[0].namespace")
    assert "no tenant's" in problem.expected


def test_the_json_of_a_problem_has_its_parts(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/acme.yaml", "[dev]", "[dve]")
    ended = sandbox.run("validate", "--json")
    assert json.loads(ended.out) == {
        "valid": False,
        "problems": [
            {
                "file": "tenants/acme.yaml", "line": 5, "column": 20, "path": "placements[0].environments[0]",
                "found": '"dve"', "expected": "the environment of a stack: dev", "fix": 'did you mean "dev"?',
            }
        ],
    }  # fmt: skip


def test_a_project_without_tenants_is_valid(sandbox: Sandbox) -> None:
    (sandbox.root / "tenants/acme.yaml").unlink()
    assert sandbox.run("validate").code == 0
