"""Typical pull requests: what each changes in the project, and nothing of what a plan says to it."""

from __future__ import annotations

from collections.abc import Callable

from tests.plan.project import Repo

INITECH = """\
name: initech
owners: {team: reports, contact: reports@example.com, groups: [reports-devs]}
profile: standard
placements:
  - environments: [dev]
    clouds: [gcp]
network: {internet: true}
"""


def new_tenant(repo: Repo) -> None:
    repo.write("tenants/initech.yaml", INITECH)


def quota_raised(repo: Repo) -> None:
    repo.edit("tenants/acme.yaml", 'quota: {pods: "12"}', 'quota: {pods: "18"}')


def promotion_by_tag(repo: Repo) -> None:
    repo.edit("tenants/acme.yaml", "ref: {tag: v1.4.2}", "ref: {tag: v1.5.0}")


def placement_added(repo: Repo) -> None:
    repo.edit("tenants/acme.yaml", "clusters: [aws-prod]", "clusters: [aws-prod, gcp-prod]")


def offboarding(repo: Repo) -> None:
    repo.edit("tenants/globex.yaml", "profile:", "lifecycle: offboarding\nprofile:")
    repo.commit()
    (repo.root / "tenants" / "globex.yaml").unlink()


def node_pool_resized(repo: Repo) -> None:
    repo.stack("min: 2, max: 6", "min: 2, max: 8")


def kubernetes_upgrade(repo: Repo) -> None:
    repo.stack('kubernetesVersion: "1.34"', 'kubernetesVersion: "1.35"')


def cidr_change(repo: Repo) -> None:
    repo.stack("10.10.0.0/16", "10.14.0.0/16")


def engine_upgrade(repo: Repo) -> None:
    repo.stack('version: "2.7.5"', 'version: "2.8.0"')


def root_of_git_delivery(repo: Repo) -> None:
    repo.edit("Pulumi.prod.yaml", "config:\n", "config:\n  berth:delivery: git\n")
    repo.commit()
    repo.edit("Pulumi.prod.yaml", "deploy.git}", "deploy.git, branch: release}")


def refactor(repo: Repo) -> None:
    """Code of its own runs the base; a value goes where it says the same; comments change nothing."""
    repo.write("__main__.py", (repo.root / "__main__.py").read_text("utf-8") + "\n# The end.\n")
    repo.edit(
        "tenants/globex.yaml", "profile: standard", 'profile: standard\nquota: {pods: "10"}  # as the profile says'
    )
    repo.stack("config:\n", "# The clusters of dev.\nconfig:\n")


CHANGES: dict[str, Callable[[Repo], None]] = {
    change.__name__.replace("_", "-"): change
    for change in (
        new_tenant,
        quota_raised,
        promotion_by_tag,
        placement_added,
        offboarding,
        node_pool_resized,
        kubernetes_upgrade,
        cidr_change,
        engine_upgrade,
        root_of_git_delivery,
        refactor,
    )
}
