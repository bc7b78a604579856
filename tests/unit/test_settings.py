"""The stack file: every field, and what its settings may not be."""

from __future__ import annotations

from pathlib import Path

import pytest

from berth.errors import InvalidInput
from berth.settings import (
    AksSettings,
    Cloud,
    Delivery,
    EksSettings,
    Engine,
    ExistingSettings,
    GkeSettings,
    Install,
    StackFile,
    stack_from_config,
)
from tests.support import STACK, Sandbox

FULL = """\
encryptionsalt: v1:abc
config:
  aws:region: eu-west-1
  berth:environment: dev
  berth:securityProfile: dev
  berth:gitops: {engine: flux, version: "2.7.5", install: none}
  berth:delivery: pulumi
  berth:deployRepo:
    url: ssh://git@git.example.com/deploy.git
    branch: release/1
    path: "{environment}/{cloud}/{region}/{cluster}/{tenant}"
    interval: 1m30s
  berth:deployRepoSshKey: {secure: v1:abcdef}
  berth:knownHosts: |
    git.example.com ssh-ed25519 AAAA
  berth:clusters:
    - name: aws-dev
      provider: eks
      account: "111122223333"
      region: eu-west-1
      kubernetesVersion: "1.35"
      network: {cidr: 10.10.0.0/16, zones: 2}
      api: {public: true, allowedCidrs: [203.0.113.0/24]}
      admins: ["arn:aws:iam::111122223333:role/platform"]
      nodePools:
        - name: general
          instanceType: m7i.large
          min: 0
          max: 3
          spot: true
          labels: {disk: ssd}
          taints: [{key: dedicated, value: gpu, effect: NoSchedule}]
        - {name: system, instanceType: m7i.large}
      labels: {tier: standard}
    - name: gcp-dev
      provider: gke
      project: example-dev
      region: europe-west1
      kubernetesVersion: "1.35"
      network: {cidr: 10.20.0.0/16}
      nodePools: [{name: general, instanceType: n2-standard-2}]
    - name: azure-dev
      provider: aks
      subscription: 00000000-0000-0000-0000-0000000000d0
      entraTenant: 00000000-0000-0000-0000-0000000000f0
      admins: [00000000-0000-0000-0000-000000000001]
      region: westeurope
      kubernetesVersion: "1.35"
      network: {cidr: 10.30.0.0/16}
      nodePools: [{name: general, instanceType: Standard_D2ds_v5}]
    - name: kind
      provider: existing
      cloud: gcp
      region: local
      kubeconfig: ~/.kube/config
      context: kind-kind
"""


@pytest.fixture
def full(sandbox: Sandbox) -> StackFile:
    sandbox.write("Pulumi.dev.yaml", FULL)
    return sandbox.load().stack("dev")


def test_the_agent_s_settings_are_read(full: StackFile) -> None:
    gitops = full.settings.gitops
    assert (gitops.engine, gitops.version, gitops.install) == (Engine.FLUX, "2.7.5", Install.NONE)


def test_the_deploy_repo_is_read(full: StackFile) -> None:
    repo = full.settings.deploy_repo
    assert (repo.url, repo.branch, repo.interval) == ("ssh://git@git.example.com/deploy.git", "release/1", "1m30s")


def test_every_placeholder_of_the_path_is_filled_in(full: StackFile) -> None:
    assert full.clusters[0].path_of("acme") == "dev/aws/eu-west-1/aws-dev/acme"


def test_the_environment_and_the_delivery_are_read(full: StackFile) -> None:
    assert (full.settings.environment, full.settings.delivery) == ("dev", Delivery.PULUMI)


def test_each_provider_has_its_own_model_and_cloud(full: StackFile) -> None:
    kinds = [type(cluster) for cluster in full.settings.clusters]
    assert kinds == [EksSettings, GkeSettings, AksSettings, ExistingSettings]
    assert [cluster.cloud for cluster in full.clusters] == [Cloud.AWS, Cloud.GCP, Cloud.AZURE, Cloud.GCP]


def test_a_cluster_s_fields_are_read(full: StackFile) -> None:
    cluster = full.settings.clusters[0]
    assert isinstance(cluster, EksSettings)
    assert (cluster.kubernetes_version, cluster.network.cidr, cluster.network.zones) == ("1.35", "10.10.0.0/16", 2)
    assert (cluster.api.public, cluster.api.allowed_cidrs) == (True, ["203.0.113.0/24"])
    assert cluster.admins == ["arn:aws:iam::111122223333:role/platform"]
    assert cluster.labels == {"tier": "standard"}


def test_a_node_pool_s_fields_are_read(full: StackFile) -> None:
    cluster = full.settings.clusters[0]
    assert isinstance(cluster, EksSettings)
    pool = cluster.node_pools[0]
    assert (pool.name, pool.instance_type, pool.min, pool.max, pool.spot) == ("general", "m7i.large", 0, 3, True)
    assert pool.labels == {"disk": "ssd"}
    assert [(taint.key, taint.value, taint.effect) for taint in pool.taints] == [("dedicated", "gpu", "NoSchedule")]


def test_an_api_is_private_unless_it_is_said_otherwise(full: StackFile) -> None:
    cluster = full.settings.clusters[1]
    assert isinstance(cluster, GkeSettings)
    assert (cluster.api.public, cluster.api.allowed_cidrs) == (False, [])


def test_a_credential_makes_the_deploy_repo_private(full: StackFile, sandbox: Sandbox) -> None:
    assert all(cluster.credential for cluster in full.clusters)
    sandbox.write("Pulumi.dev.yaml", STACK)
    assert sandbox.cluster().credential is None


def test_a_whole_file_s_mistakes_are_told_together_and_sorted(sandbox: Sandbox) -> None:
    sandbox.stack("berth:environment: dev", "berth:environment: Dev")
    sandbox.stack("{cidr: 10.10.0.0/16}", "{cidr: 10.10.0.1/16, zones: 9}")
    sandbox.stack("cloud: gcp", "cloud: gpc")
    found = [p for p in sandbox.problems() if p.file == "Pulumi.dev.yaml"]
    assert [p.path.removeprefix("config.berth:") for p in found] == [
        "environment", "clusters[0].network.cidr", "clusters[0].network.zones", "clusters[1].cloud"
    ]  # fmt: skip
    assert found == sorted(found)


# (what stands in the file, what stands there instead, path, part of the message)
WRONG = {
    "missing environment": ("  berth:environment: dev\n", "", "berth:environment", "add `berth:environment:`"),
    "missing key of a cluster": (
        "      network: {cidr: 10.10.0.0/16}\n", "", "berth:clusters[0].network", "`network:`"),
    "no network": ("cidr: 10.10.0.0/16", "zones: 2", "berth:clusters[0].network", "either cidr or existing"),
    "missing key in a nested map": ("instanceType: m7i.large", "min: 2", "berth:clusters[0].nodePools[0].instanceType",
                                    "`instanceType:`"),
    "missing provider": ("      provider: eks\n", "", "berth:clusters[0].provider", "add `provider:`"),
    "provider with a typo": ("provider: eks", "provider: ekss", "berth:clusters[0].provider", 'did you mean "eks"?'),
    "provider without a value": ("provider: eks", "provider:", "berth:clusters[0].provider", "existing"),
    "provider that is a list": ("provider: eks", "provider: [eks]", "berth:clusters[0].provider", "existing"),
    "cloud with a typo": ("cloud: gcp", "cloud: gpc", "berth:clusters[1].cloud", 'did you mean "gcp"?'),
    "name of a cluster": ("name: aws-dev", "name: AWS_dev", "berth:clusters[0].name", "DNS label"),
    "name of 41": ("name: aws-dev", "name: " + "a" * 41, "berth:clusters[0].name", "at most 40"),
    "version with a patch": ('"1.35"', '"1.34.2"', "berth:clusters[0].kubernetesVersion", "minor version"),
    "host bits": ("10.10.0.0/16", "10.10.0.1/16", "berth:clusters[0].network.cidr", "write 10.10.0.0/16"),
    "netmask": ("10.10.0.0/16", "10.10.0.0/255.255.0.0", "berth:clusters[0].network.cidr", "write 10.10.0.0/16"),
    "no prefix": ("10.10.0.0/16", "10.10.0.0", "berth:clusters[0].network.cidr", "write 10.10.0.0/32"),
    "no network address": ("10.10.0.0/16", "office", "berth:clusters[0].network.cidr", "CIDR notation"),
    "no node pool": ("[{name: general, instanceType: m7i.large}]", "[]", "berth:clusters[0].nodePools", "at least 1"),
    "min over max": ("m7i.large}", "m7i.large, min: 7}", "berth:clusters[0].nodePools[0]", "min of at most max (6)"),
    "two pools of a name": ("m7i.large}]", "m7i.large}, {name: general, instanceType: m7i.large}]", "berth:clusters[0]",
                            "rename one of the pools general"),
    "number for text": ('"111122223333"', "111122223333", "berth:clusters[0].account",
                        'write it in quotes: "111122223333"'),
    "text for a number": ("m7i.large}", 'm7i.large, min: "2"}', "berth:clusters[0].nodePools[0].min", "whole number"),
    "text for a boolean": ("m7i.large}", 'm7i.large, spot: "true"}', "berth:clusters[0].nodePools[0].spot",
                           "true or false"),
    "list for a map": ("{cidr: 10.10.0.0/16}", "[10.10.0.0/16]", "berth:clusters[0].network", "a mapping"),
    "cluster that is text": ("    - name: gcp-dev\n", "    - gcp\n    - name: gcp-dev\n", "berth:clusters[1]",
                             "a mapping"),
    "effect": ("m7i.large}", "m7i.large, taints: [{key: a, effect: Never}]}",
               "berth:clusters[0].nodePools[0].taints[0].effect", "NoSchedule"),
    "reserved label": ("tier: standard", "kubernetes.io/os: linux", 'berth:clusters[0].labels["kubernetes.io/os"]',
                       "labels under kubernetes.io"),
    "engine": ("berth:environment: dev", "berth:environment: dev\n  berth:gitops: {engine: argo}",
               "berth:gitops.engine", "one of flux, argocd"),
    "engine of a cluster": ("      region: eu-west-1", "      region: eu-west-1\n      gitops: {engine: fluxx}",
                            "berth:clusters[0].gitops.engine", 'did you mean "flux"?'),
    "delivery": ("berth:environment: dev", "berth:environment: dev\n  berth:delivery: gitt", "berth:delivery",
                 'did you mean "git"?'),
    "path without tenant": ("deploy.git}", 'deploy.git, path: "apps/{cloud}"}', "berth:deployRepo.path", "{tenant}"),
    "unknown placeholder": ("deploy.git}", 'deploy.git, path: "{tenant}/{zone}"}', "berth:deployRepo.path",
                            "remove {zone}"),
    "empty placeholder": ("deploy.git}", 'deploy.git, path: "{tenant}/{}"}', "berth:deployRepo.path", "remove {}"),
    "open brace": ("deploy.git}", 'deploy.git, path: "{tenant}/{cloud"}', "berth:deployRepo.path", "close every brace"),
    "stray brace": ("deploy.git}", 'deploy.git, path: "{tenant}/x}"}', "berth:deployRepo.path", "close every brace"),
    "doubled braces": ("deploy.git}", 'deploy.git, path: "apps/{{tenant}}"}', "berth:deployRepo.path", "single braces"),
    "attribute": ("deploy.git}", 'deploy.git, path: "{tenant.name}"}', "berth:deployRepo.path", "remove {tenant.name}"),
    "path upwards": ("deploy.git}", 'deploy.git, path: "../{tenant}"}', "berth:deployRepo.path", "no . or .. steps"),
    "absolute path": ("deploy.git}", 'deploy.git, path: "/{tenant}"}', "berth:deployRepo.path", "no leading"),
    "interval": ("deploy.git}", "deploy.git, interval: 1 minute}", "berth:deployRepo.interval", "a duration"),
    "local URL": ("https://git.example.com/deploy.git", "/srv/deploy.git", "berth:deployRepo.url", "a Git URL"),
    "agents that never look": ("deploy.git}", "deploy.git, interval: 0s}", "berth:deployRepo.interval", "at least 1s"),
    "URL on no port": ("https://git.example.com/deploy.git", '"https://git.example.com:65536/a"',
                       "berth:deployRepo.url", "a port from 1 to 65535"),
    "URL with a comma": ("https://git.example.com/deploy.git", '"https://git.example.com/a,b"', "berth:deployRepo.url",
                         "a Git URL"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "says"), list(WRONG.values()), ids=list(WRONG))
def test_a_wrong_setting_is_told_at_its_path(sandbox: Sandbox, old: str, new: str, path: str, says: str) -> None:
    sandbox.stack(old, new)
    found = [p for p in sandbox.problems() if p.file == "Pulumi.dev.yaml"]
    assert [p.path for p in found] == [f"config.{path}"]
    assert says in str(found[0])
    assert found[0].line > 0


UNKNOWN = {
    "top level": ("config:\n", "confg: {}\nconfig:\n", "confg", "config"),
    "setting": ("berth:environment: dev", "berth:environment: dev\n  berth:deployRepoTokn: x",
                'config.berth:deployRepoTokn', "berth:deployRepoToken"),
    "map": ("deploy.git}", "deploy.git, brnch: main}", "config.berth:deployRepo.brnch", "branch"),
    "cluster": ("region: eu-west-1", "region: eu-west-1\n      kubernetesVersions: x",
                "config.berth:clusters[0].kubernetesVersions", "kubernetesVersion"),
    "existing cluster": ("cloud: gcp", "cloud: gcp\n      contxt: x", "config.berth:clusters[1].contxt", "context"),
    "map in a cluster": ("{cidr: 10.10.0.0/16}", "{cidr: 10.10.0.0/16, zone: 2}",
                         "config.berth:clusters[0].network.zone", "zones"),
    "list in a cluster": ("m7i.large}", "m7i.large, taint: []}", "config.berth:clusters[0].nodePools[0].taint",
                          "taints"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "meant"), list(UNKNOWN.values()), ids=list(UNKNOWN))
def test_an_unknown_key_is_told_with_the_nearest_known_one(
    sandbox: Sandbox, old: str, new: str, path: str, meant: str
) -> None:
    sandbox.stack(old, new)
    problem = next(p for p in sandbox.problems() if p.file == "Pulumi.dev.yaml")
    assert (problem.path, problem.fix) == (path, f'did you mean "{meant}"?')


def test_a_key_of_another_provider_is_refused_with_the_keys_of_this_one(sandbox: Sandbox) -> None:
    sandbox.stack("provider: eks", "provider: eks\n      kubeconfig: x")
    problem = next(p for p in sandbox.problems() if p.file == "Pulumi.dev.yaml")
    assert problem.path == "config.berth:clusters[0].kubeconfig"
    assert "nodePools" in problem.expected
    assert "context" not in problem.expected


def test_keys_of_other_namespaces_are_not_ours_to_judge(sandbox: Sandbox) -> None:
    sandbox.setting("aws:anything: {at: [all]}")
    assert sandbox.load().stack("dev").settings.environment == "dev"


def test_overlapping_networks_name_each_other(sandbox: Sandbox) -> None:
    sandbox.write("Pulumi.dev.yaml", FULL.replace("10.20.0.0/16", "10.10.128.0/17"))
    problem = sandbox.problem()
    assert problem.path == "config.berth:clusters[1].network.cidr"
    assert "aws-dev" in problem.expected


def test_a_network_of_ip_version_6_is_refused(sandbox: Sandbox) -> None:
    sandbox.write("Pulumi.dev.yaml", FULL.replace("10.20.0.0/16", "fd00:1::/48"))
    problem = sandbox.problem()
    assert (problem.path, problem.expected) == ("config.berth:clusters[1].network.cidr", "an IPv4 network")


def test_two_clusters_of_a_name_in_a_stack_are_refused(sandbox: Sandbox) -> None:
    sandbox.stack("name: gcp-dev", "name: aws-dev")
    problem = sandbox.problem()
    assert (problem.path, problem.found) == ("config.berth:clusters[1].name", '"aws-dev"')


def test_two_clusters_of_a_name_in_two_stacks_are_refused(sandbox: Sandbox) -> None:
    sandbox.write("Pulumi.prod.yaml", STACK.replace("environment: dev", "environment: prod"))
    found = sandbox.problems()
    assert {p.file for p in found} == {"Pulumi.prod.yaml"}
    assert [p.found for p in found] == ['"aws-dev"', '"gcp-dev"']
    assert all("Pulumi.dev.yaml" in p.fix for p in found)


@pytest.mark.parametrize("whole", ["0.0.0.0/0", "::/0", "0.0.0.0/00", "0.0.0.0/0.0.0.0"])
def test_a_public_api_is_not_open_to_the_whole_internet(sandbox: Sandbox, whole: str) -> None:
    sandbox.stack("region: eu-west-1", f'region: eu-west-1\n      api: {{public: true, allowedCidrs: ["{whole}"]}}')
    found = [p for p in sandbox.problems() if p.file == "Pulumi.dev.yaml"]
    assert [p.path.startswith("config.berth:clusters[0].api") for p in found] == [True]


def test_a_public_api_names_its_networks(sandbox: Sandbox) -> None:
    sandbox.stack("region: eu-west-1", "region: eu-west-1\n      api: {public: true}")
    found = [p for p in sandbox.problems() if p.file == "Pulumi.dev.yaml"]
    assert ["allowedCidrs" in p.expected for p in found] == [True]


# As the engine hands them over --------------------------------------------------------------------------------------

CONFIG = {
    "environment": "dev",
    "deployRepo": '{"url": "https://git.example.com/deploy.git"}',
    "clusters": '[{"name": "a", "provider": "existing", "cloud": "aws", "region": "local", "kubeconfig": "k", '
    '"context": "c"}]',
}


def from_config(root: Path, **values: str | None) -> StackFile:
    return stack_from_config("dev", {**CONFIG, **values}, root / "Pulumi.dev.yaml", root)


def test_the_engine_s_values_give_the_same_model(sandbox: Sandbox) -> None:
    assert from_config(sandbox.root).clusters[0].name == "a"


def test_known_hosts_that_begin_with_a_bracket_are_text(sandbox: Sandbox) -> None:
    text = "[git.example.com]:22 ssh-ed25519 AAAA"
    assert from_config(sandbox.root, knownHosts=text).settings.known_hosts == text


def test_a_structure_that_is_no_json_is_a_problem(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidInput) as raised:
        from_config(sandbox.root, clusters="[not json")
    assert [p.path for p in raised.value.problems] == ["config.berth:clusters"]
