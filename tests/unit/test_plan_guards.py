"""What stops a plan, with which exit code, and how a change says that it is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from berth.cli.plan import FORMATS
from berth.plan.compare import compare
from berth.plan.desired import DesiredCluster, DesiredStack
from berth.plan.guards import Sources, guard
from berth.plan.model import Base, Plan
from berth.plan.radius import blast
from berth.settings.guards import EXIT_CODES, Guard
from tests.plan.project import ACME, GLOBEX, Repo

# The stacks of these tests have clusters that are there already: the program need not run.
AWS = "    - {name: aws-dev, provider: existing, cloud: aws, region: local, kubeconfig: kubeconfig, context: aws-dev}\n"
GCP = AWS.replace("aws", "gcp")
DEV = f"""\
config:
  berth:environment: dev
  berth:gitops: {{engine: flux, install: none}}
  berth:deployRepo: {{url: https://git.example.com/deploy.git}}
  berth:clusters:
{AWS}{GCP}"""
EXCEPTED = "podSecurity: baseline\nexception: it listens below 1024\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    found = Repo.start(tmp_path / "project")
    found.write("Pulumi.dev.yaml", DEV)
    found.commit()
    return found


def stopped(repo: Repo, *stacks: str) -> list[tuple[Guard, str]]:
    return [(hit.guard, hit.subject) for hit in repo.plan(*stacks).stopped_by]


def approve(repo: Repo, stack: str, guard: Guard, subject: str) -> None:
    line = f"  berth:guards: {{approvals: [{{guard: {guard}, subject: {subject}, reason: it is meant}}]}}\n"
    repo.edit(f"Pulumi.{stack}.yaml", "config:\n", f"config:\n{line}")


def delete(repo: Repo, tenant: str) -> None:
    (repo.root / "tenants" / f"{tenant}.yaml").unlink()


def test_an_ordinary_change_is_not_stopped(repo: Repo) -> None:
    repo.edit("tenants/globex.yaml", "profile: standard", 'profile: standard\nquota: {pods: "11"}')
    ended = repo.run("plan", "--base", "main")
    assert (ended.code, repo.plan().guards) == (0, ())


def test_a_tenant_is_not_deleted_while_it_is_active(repo: Repo) -> None:
    delete(repo, "globex")
    assert stopped(repo) == [(Guard.TENANT_REMOVED, "globex")]
    ended = repo.run("plan", "--base", "main")
    assert ended.code == EXIT_CODES[Guard.TENANT_REMOVED]
    assert "STOPPED (tenant-removed, globex)" in ended.out
    assert "set `lifecycle: offboarding` first" in ended.out


def test_one_that_is_offboarding_is(repo: Repo) -> None:
    repo.edit("tenants/globex.yaml", "profile:", "lifecycle: offboarding\nprofile:")
    repo.commit()
    delete(repo, "globex")
    assert stopped(repo) == []


def test_an_approval_lets_its_guard_pass_and_says_why(repo: Repo) -> None:
    delete(repo, "globex")
    approve(repo, "dev", Guard.TENANT_REMOVED, "globex")
    ended = repo.run("plan", "--base", "main")
    assert ended.code == 0
    assert "Passed on purpose (tenant-removed, globex)" in ended.out
    assert "it is meant" in ended.out


@pytest.mark.parametrize(
    ("stack", "guard", "subject"),
    [
        ("dev", Guard.TENANT_REMOVED, "acme"),
        ("dev", Guard.MASS_REMOVAL, "globex"),
        ("prod", Guard.TENANT_REMOVED, "globex"),
    ],
)
def test_an_approval_of_something_else_lets_nothing_pass(repo: Repo, stack: str, guard: Guard, subject: str) -> None:
    delete(repo, "globex")
    approve(repo, stack, guard, subject)
    assert (Guard.TENANT_REMOVED, "globex") in stopped(repo)


def test_an_approval_holds_for_the_change_that_adds_it_only(repo: Repo) -> None:
    approve(repo, "dev", Guard.TENANT_REMOVED, "globex")
    repo.commit()
    delete(repo, "globex")
    assert stopped(repo) == [(Guard.TENANT_REMOVED, "globex")]


def test_a_tenant_under_another_name_is_a_rename(repo: Repo) -> None:
    delete(repo, "globex")
    repo.write("tenants/hooli.yaml", GLOBEX.replace("name: globex", "name: hooli"))
    assert stopped(repo) == [(Guard.TENANT_RENAMED, "globex")]


def test_a_new_tenant_beside_a_deleted_one_is_no_rename(repo: Repo) -> None:
    delete(repo, "globex")
    repo.write("tenants/hooli.yaml", GLOBEX.replace("globex", "hooli").replace("search", "maps"))
    assert stopped(repo) == [(Guard.TENANT_REMOVED, "globex")]


def test_a_stack_without_any_tenant_is_stopped_first(repo: Repo) -> None:
    delete(repo, "globex")
    delete(repo, "acme")
    assert stopped(repo, "dev")[0] == (Guard.NO_TENANTS, "dev")
    assert repo.run("plan", "--stack", "dev", "--base", "main").code == EXIT_CODES[Guard.NO_TENANTS]


def test_a_cluster_does_not_go_with_tenants_in_it(repo: Repo) -> None:
    repo.edit("Pulumi.dev.yaml", AWS, "")
    repo.edit("tenants/acme.yaml", "clouds: [aws, gcp]", "clouds: [gcp]")
    assert stopped(repo) == [(Guard.CLUSTER_REMOVED, "aws-dev")]


def test_an_empty_one_does(repo: Repo) -> None:
    repo.edit("tenants/acme.yaml", "clouds: [aws, gcp]", "clouds: [gcp]")
    repo.commit()
    repo.edit("Pulumi.dev.yaml", AWS, "")
    assert stopped(repo) == []


def test_many_tenants_do_not_go_at_once(repo: Repo) -> None:
    for name in ("one", "two", "three"):
        repo.write(f"tenants/{name}.yaml", GLOBEX.replace("globex", name))
    repo.commit()
    for name in ("one", "two"):
        repo.edit(f"tenants/{name}.yaml", "profile:", "lifecycle: offboarding\nprofile:")
    repo.commit()
    for name in ("one", "two"):
        delete(repo, name)
    assert stopped(repo) == [(Guard.MASS_REMOVAL, "dev")]
    repo.edit("Pulumi.dev.yaml", "config:\n", "config:\n  berth:guards: {maxRemovedPercent: 50}\n")
    assert stopped(repo) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("", EXCEPTED, "Pod Security of acme is baseline, and was restricted"),
        ("network: {internet: false}\n", "network: {internet: true}\n", "0.0.0.0/0"),
        ("", "network: {egressCidrs: [198.51.100.0/24]}\n", "reach 198.51.100.0/24"),
        ("", "network: {ingressFrom: [{cidr: 198.51.100.0/24}]}\n", "are reached from 198.51.100.0/24"),
        ("", "network: {ingressFrom: [{namespace: ingress}]}\n", "are reached from namespace ingress"),
        ("network: {dns: false}\n", "", "reach namespace kube-system (pods with k8s-app=kube-dns) at TCP 53"),
        ("", "allow: {registries: [docker.io, ghcr.io]}\n", "may use other registries: also docker.io, ghcr.io"),
        ("allow: {hosts: [a.example.com]}\n", "allow: {hosts: [b.example.com]}\n", "also b.example.com"),
        ('quota: {pods: "12", secrets: "9"}\n', 'quota: {pods: "12"}\n', "no longer limited in secrets"),
    ],
)
def test_a_guard_rail_is_not_lowered(repo: Repo, before: str, after: str, told: str) -> None:
    base = ACME.replace('quota: {pods: "12"}\n', "") if before.startswith("quota") else ACME
    only_dev = "\n".join(base.splitlines()[:6]) + "\n" + ("" if before.startswith("quota") else 'quota: {pods: "12"}\n')
    repo.write("tenants/acme.yaml", only_dev + before)
    repo.commit()
    repo.write("tenants/acme.yaml", only_dev + after)
    hits = repo.plan().stopped_by
    assert {(hit.guard, hit.subject) for hit in hits} == {(Guard.GUARD_RAIL_LOWERED, "acme")}
    assert any(told in hit.what for hit in hits)
    repo.commit()
    repo.write("tenants/acme.yaml", only_dev + before)
    assert Guard.GUARD_RAIL_LOWERED not in {hit.guard for hit in repo.plan().guards} or "hosts" in before


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("registries: []", "registries: [docker.io, ghcr.io]", "other registries: also docker.io, ghcr.io"),
        ("registries: [ghcr.io/acme]", "registries: [ghcr.io]", "other registries: also ghcr.io,"),
        ("registries: [ghcr.io]", "registries: ['ghcr.io:5000', ghcr.io.eu]", "also ghcr.io.eu, ghcr.io:5000"),
        ("hosts: []", "hosts: ['*.com']", "other hosts: also *.com"),
        ("hosts: [shop.example.com]", "hosts: ['*.example.com']", "other hosts: also *.example.com"),
        ("hosts: ['*.example.com']", "hosts: [example.com, shopexample.com]", "also example.com, shopexample.com"),
        ("priorityClasses: [low]", "priorityClasses: [low, high]", "may use other priority classes: also high,"),
    ],
)
def test_an_allow_list_that_allows_what_no_former_entry_did_is_lowered(
    repo: Repo, before: str, after: str, told: str
) -> None:
    repo.edit("tenants/globex.yaml", "profile: standard", f"profile: standard\nallow: {{{before}}}")
    repo.commit()
    repo.edit("tenants/globex.yaml", before, after)
    (hit,) = repo.plan().stopped_by
    assert (hit.guard, hit.subject) == (Guard.GUARD_RAIL_LOWERED, "globex")
    assert told in f"{hit.what},"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("registries: [docker.io, ghcr.io]", "registries: []"),
        ("priorityClasses: [high, low]", "priorityClasses: [low]"),
        ("registries: [docker.io, ghcr.io]", "registries: [ghcr.io/acme, docker.io/library/nginx]"),
        ("hosts: [shop.example.com]", "hosts: []"),
        ("hosts: ['*.example.com']", "hosts: [shop.example.com, '*.shop.example.com']"),
    ],
)
def test_an_allow_list_that_allows_nothing_more_is_not_lowered(repo: Repo, before: str, after: str) -> None:
    repo.edit("tenants/globex.yaml", "profile: standard", f"profile: standard\nallow: {{{before}}}")
    repo.commit()
    repo.edit("tenants/globex.yaml", before, after)
    assert stopped(repo) == []


def test_every_address_in_place_of_the_public_ones_is_not_let_pass(repo: Repo) -> None:
    repo.edit("tenants/globex.yaml", "profile: standard", "profile: standard\nnetwork: {internet: true}")
    repo.commit()
    everything = "{egressCidrs: [0.0.0.0/0], ingressFrom: [{cidr: 0.0.0.0/0}, {namespace: kube-system}]}"
    repo.edit("tenants/globex.yaml", "{internet: true}", everything)
    ended = repo.run("plan", "--base", "main")
    assert ended.code == EXIT_CODES[Guard.GUARD_RAIL_LOWERED]
    assert "pods of globex reach 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, in gcp-dev" in ended.out
    assert "pods of globex are reached from 0.0.0.0/0, namespace kube-system, in gcp-dev" in ended.out


def test_the_way_back_is(repo: Repo) -> None:
    everything = "network: {egressCidrs: [0.0.0.0/0], ingressFrom: [{cidr: 0.0.0.0/0}, {namespace: kube-system}]}"
    repo.edit("tenants/globex.yaml", "profile: standard", f"profile: standard\n{everything}")
    repo.commit()
    repo.edit("tenants/globex.yaml", everything, "network: {egressCidrs: [10.0.0.0/9], ingressFrom: []}")
    assert stopped(repo) == []


POLICY = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy"}
ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (POLICY, POLICY | {"spec": {"failurePolicy": "Ignore"}}, "ValidatingAdmissionPolicy berth-x in c1 is changed"),
        (POLICY, None, "ValidatingAdmissionPolicy berth-x in c1 is removed"),
        (None, POLICY, ""),
        (ROLE, ROLE | {"rules": []}, ""),
        (POLICY, POLICY, ""),
    ],
    ids=["policy changed", "policy removed", "policy added", "role changed", "nothing"],
)
def test_a_policy_of_a_cluster_is_not_lowered(
    before: dict[str, Any] | None, after: dict[str, Any] | None, told: str
) -> None:
    def side(rail: dict[str, Any] | None) -> dict[str, DesiredStack]:
        rails = [rail | {"metadata": {"name": "berth-x"}}] if rail else []
        return {"dev": DesiredStack("dev", "dev", {"c1": DesiredCluster("c1", "dev", "aws", "local", rails)})}

    nobody = Sources({}, {})
    hits = guard(Plan(Base("main", "0"), compare(side(before), side(after))), nobody, nobody)
    assert [(hit.guard, hit.subject, hit.what) for hit in hits] == (
        [(Guard.GUARD_RAIL_LOWERED, "c1", told)] if told else []
    )


def test_objects_of_many_tenants_do_not_go_at_once(repo: Repo) -> None:
    owners = "owners: {team: a, contact: a@example.com, groups: [devs]}"
    for name in ("one", "two"):
        text = GLOBEX.replace("globex", name).replace("owners: {team: search, contact: search@example.com}", owners)
        repo.write(f"tenants/{name}.yaml", text)
    repo.commit()
    for name in ("one", "two"):
        repo.edit(f"tenants/{name}.yaml", ", groups: [devs]", "")
    assert stopped(repo) == []  # two bindings each: not a tenth of all
    limit = "config:\n  berth:guards: {maxRemovedPercent: 5}\n"
    repo.edit("Pulumi.dev.yaml", "config:\n", limit)
    assert stopped(repo) == [(Guard.MASS_REMOVAL, "dev")]


def test_tenants_do_not_change_hands_from_pulumi_to_git_on_a_stack_that_runs(repo: Repo) -> None:
    repo.edit("Pulumi.dev.yaml", "config:\n", "config:\n  berth:delivery: git\n")
    plan = repo.plan("dev")
    assert {cluster.name: cluster.let_go for cluster in plan.clusters()} == {
        "aws-dev": ("acme",),
        "gcp-dev": ("acme", "globex"),
    }
    assert [(hit.guard, hit.subject) for hit in plan.stopped_by] == [(Guard.MASS_REMOVAL, "dev")]
    for form, told in {form: FORMATS[form](plan) for form in ("text", "markdown", "json")}.items():
        assert "DATA LOSS: gcp-dev changes from" in told, form
    assert blast(plan).line.startswith("Deletes for good")
    repo.commit()
    repo.edit("tenants/globex.yaml", "profile: standard", 'profile: standard\nquota: {pods: "11"}')
    assert stopped(repo, "dev") == []


def test_the_only_tenant_of_a_stack_does_not_change_hands_either(repo: Repo) -> None:
    delete(repo, "acme")
    repo.commit()
    repo.edit("Pulumi.dev.yaml", "config:\n", "config:\n  berth:delivery: git\n")
    assert stopped(repo, "dev") == [(Guard.MASS_REMOVAL, "dev")]
    approve(repo, "dev", Guard.MASS_REMOVAL, "dev")
    assert stopped(repo, "dev") == []


def test_a_stack_that_is_new_and_a_plan_without_a_base_have_no_guards(repo: Repo) -> None:
    delete(repo, "globex")
    (repo.root / "Pulumi.prod.yaml").rename(repo.root / "Pulumi.other.yaml")
    repo.edit("Pulumi.other.yaml", "berth:environment: prod", "berth:environment: production")
    repo.edit("tenants/acme.yaml", "environments: [prod]", "environments: [production]")
    plan = repo.plan()  # beside dev, which changes, and prod, which is gone
    assert {hit.stack for hit in plan.guards} == {"dev", "prod"}
    assert repo.plan("dev", base=None).guards == ()


@pytest.mark.parametrize(("other", "stops"), [("dev", True), ("local", False)])
def test_what_is_on_one_machine_is_no_environment_beside_production(repo: Repo, other: str, stops: bool) -> None:
    repo.edit("Pulumi.dev.yaml", "berth:environment: dev", f"berth:environment: {other}")
    repo.edit("tenants/acme.yaml", "[dev]", f"[{other}]")
    repo.edit("tenants/globex.yaml", "[dev]", f"[{other}]")
    repo.commit()
    repo.edit("tenants/acme.yaml", '"12"', '"13"')
    assert (Guard.SEVERAL_ENVIRONMENTS in {guard for guard, _ in stopped(repo)}) is stops


def test_production_does_not_change_together_with_another_environment(repo: Repo) -> None:
    repo.edit("tenants/acme.yaml", '"12"', '"13"')
    assert stopped(repo) == [(Guard.SEVERAL_ENVIRONMENTS, "prod")]
    assert stopped(repo, "prod") == []


def test_a_guard_that_there_is_not_is_refused_with_what_there_is(repo: Repo) -> None:
    repo.edit(
        "Pulumi.dev.yaml",
        "config:\n",
        "config:\n  berth:guards: {maxRemovedPercent: 101, approvals: [{guard: tenant, subject: x, reason: y}]}\n",
    )
    ended = repo.run("plan", "--base", "main")
    assert ended.code == 2
    assert "berth:guards.maxRemovedPercent" in ended.err
    assert "berth:guards.approvals[0].guard" in ended.err
    assert "tenant-removed" in ended.err
