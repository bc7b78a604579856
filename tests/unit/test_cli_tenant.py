"""`berth tenant new`: a valid file, nothing overwritten, nothing written for a bad name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import STACK, Sandbox


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_file_is_valid_as_it_is_written(sandbox: Sandbox) -> None:
    ended = sandbox.run("tenant", "new", "globex")
    assert ended.code == 0
    assert "tenants/globex.yaml" in ended.out
    assert sandbox.run("validate").code == 0
    assert sandbox.load().tenants["globex"].file.owners.team == "globex"


def test_it_is_placed_in_every_cloud_of_the_environment(sandbox: Sandbox) -> None:
    sandbox.run("tenant", "new", "globex")
    (placement,) = sandbox.load().tenants["globex"].file.placements
    assert (placement.environments, [cloud.value for cloud in placement.clouds or []]) == (["dev"], ["aws", "gcp"])


def test_without_a_deploy_folder_one_file_is_written(sandbox: Sandbox) -> None:
    before = files(sandbox.root)
    sandbox.run("tenant", "new", "globex")
    assert files(sandbox.root).keys() - before.keys() == {"tenants/globex.yaml"}


def test_the_deploy_repo_gets_a_base_and_an_overlay_per_cluster(sandbox: Sandbox) -> None:
    (sandbox.root / "deploy").mkdir()
    sandbox.run("tenant", "new", "globex")
    found = files(sandbox.root / "deploy")
    assert sorted(found) == [
        "apps/globex/base/kustomization.yaml",
        "apps/globex/dev/aws/kustomization.yaml",
        "apps/globex/dev/gcp/kustomization.yaml",
    ]
    overlay = found["apps/globex/dev/aws/kustomization.yaml"]
    (line,) = [line for line in overlay.splitlines() if "base" in line]
    overlay_folder = sandbox.root / "deploy/apps/globex/dev/aws"
    assert (overlay_folder / line.removeprefix("  - ")).resolve() == sandbox.root / "deploy/apps/globex/base"


def test_what_is_there_is_not_overwritten(sandbox: Sandbox) -> None:
    kept = "# written by hand\n"
    sandbox.write("deploy/apps/globex/base/kustomization.yaml", kept)
    sandbox.run("tenant", "new", "globex")
    assert (sandbox.root / "deploy/apps/globex/base/kustomization.yaml").read_text() == kept


def test_where_not_all_can_be_written_it_can_be_run_again(sandbox: Sandbox) -> None:
    sandbox.write("deploy/apps/globex/dev", "a file in the way of a folder\n")
    ended = sandbox.run("tenant", "new", "globex")
    assert (ended.code, "globex" in sandbox.load().tenants) == (1, False)
    (sandbox.root / "deploy/apps/globex/dev").unlink()
    assert sandbox.run("tenant", "new", "globex").code == 0
    assert len(files(sandbox.root / "deploy")) == 3


def test_a_tenant_that_exists_is_refused_and_kept(sandbox: Sandbox) -> None:
    before = files(sandbox.root)
    ended = sandbox.run("tenant", "new", "acme")
    assert (ended.code, ended.out) == (2, "")
    assert files(sandbox.root) == before


@pytest.mark.parametrize(
    "name",
    ["Globex", "../globex", "profiles/large", "a/b", "", "a b", "no", "1.30", "a" * 41, "a" * 300, "kube-x", "default",
     "globex\nlifecycle: suspended", "a: b", "{}", "-", "ä", "acme.yaml", "[/red]"],
)  # fmt: skip
def test_a_bad_name_is_refused_with_code_2_and_nothing_is_written(sandbox: Sandbox, name: str) -> None:
    (sandbox.root / "deploy").mkdir()
    before = files(sandbox.root.parent)
    ended = sandbox.run("tenant", "new", "--", name)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err != ""
    assert files(sandbox.root.parent) == before


def test_a_name_that_makes_another_tenant_s_namespace_is_refused(sandbox: Sandbox) -> None:
    sandbox.tenant('namespaces: ["", jobs]\n')
    ended = sandbox.run("tenant", "new", "acme-jobs")
    assert ended.code == 2
    assert not (sandbox.root / "tenants/acme-jobs.yaml").exists()


@pytest.mark.parametrize(
    ("option", "meant"),
    [("--profile=standrd", "standard"), ("--environment=dve", "dev")],
    ids=["profile", "environment"],
)
def test_an_unknown_choice_is_told_with_the_nearest_one(sandbox: Sandbox, option: str, meant: str) -> None:
    ended = sandbox.run("tenant", "new", "globex", option)
    assert ended.code == 2
    assert f'did you mean "{meant}"?' in ended.err
    assert not (sandbox.root / "tenants/globex.yaml").exists()


def test_the_environments_that_were_asked_for_are_taken(sandbox: Sandbox) -> None:
    sandbox.write("Pulumi.prod.yaml", STACK.replace("-dev", "-prod").replace("environment: dev", "environment: prod"))
    sandbox.run("tenant", "new", "globex", "--environment", "prod", "--environment", "dev")
    assert sandbox.load().tenants["globex"].file.placements[0].environments == ["prod", "dev"]


@pytest.mark.parametrize(
    "text",
    ["Payments: EU", "#1", "yes", "0123", "- a", '"quoted"', "a # b", "back\\slash", "{x}", "Käthe", "null", "4"],
)
def test_a_team_and_a_contact_are_taken_as_they_are(sandbox: Sandbox, text: str) -> None:
    ended = sandbox.run("tenant", "new", "globex", "--team", text, "--contact", text)
    assert ended.code == 0, ended.err
    owners = sandbox.load().tenants["globex"].file.owners
    assert (owners.team, owners.contact) == (text, text)


@pytest.mark.parametrize("text", ["a\nlifecycle: suspended", " ", "x" * 300], ids=["line break", "blank", "long"])
def test_a_team_that_is_no_line_of_text_is_refused(sandbox: Sandbox, text: str) -> None:
    assert sandbox.run("tenant", "new", "globex", "--team", text).code == 2
    assert not (sandbox.root / "tenants/globex.yaml").exists()


def test_without_a_profile_or_a_cluster_it_says_what_is_missing(sandbox: Sandbox) -> None:
    (sandbox.root / "tenants/acme.yaml").unlink()
    (sandbox.root / "Pulumi.dev.yaml").unlink()
    ended = sandbox.run("tenant", "new", "globex")
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    (sandbox.root / "tenants/profiles/standard.yaml").unlink()
    assert "no profile" in sandbox.run("tenant", "new", "globex").err
