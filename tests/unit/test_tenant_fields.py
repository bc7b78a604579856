"""The tenant file: what single fields may not be, and what does not fit together within one file."""

from __future__ import annotations

import pytest

from tests.support import PLACEMENTS, Sandbox

# (lines added to a valid file, path, part of the message)
WRONG = {
    "unknown key": ("placement: []", "placement", 'did you mean "placements"?'),
    "unknown key in a map": ("network: {egressCidr: []}", "network.egressCidr", 'did you mean "egressCidrs"?'),
    "unknown key in a list": ("identity: [{serviceAcount: x, serviceAccount: y}]", "identity[0].serviceAcount",
                              'did you mean "serviceAccount"?'),
    "unknown quota": ("quota: {request.cpu: 1}", 'quota["request.cpu"]', 'did you mean "requests.cpu"?'),
    "half a pod": ('quota: {pods: "0.5"}', "quota.pods", "a whole number"),
    "half a Service": ("quota: {services: 500m}", "quota.services", "a whole number"),
    "a tenth of a load balancer": ("quota: {services.loadbalancers: 0.1}", 'quota["services.loadbalancers"]',
                                   "a whole number"),
    "half a job": ("quota: {count/jobs.batch: 1500m}", 'quota["count/jobs.batch"]', "a whole number"),
    "half a claim of a class": ('quota: {gold.storageclass.storage.k8s.io/persistentvolumeclaims: "1.5"}',
                                'quota["gold.storageclass.storage.k8s.io/persistentvolumeclaims"]', "a whole number"),
    "unknown limit": ("limits: {max: {memori: 1Gi}}", "limits.max.memori", 'did you mean "memory"?'),
    "unknown lifecycle": ("lifecycle: suspend", "lifecycle", 'did you mean "suspended"?'),
    "privileged": ("podSecurity: privileged", "podSecurity", "one of restricted, baseline"),
    "baseline without a reason": ("podSecurity: baseline", "podSecurity", "add `exception:`"),
    "requests over limits": ("limits: {defaultRequest: {cpu: 1}}", "limits.defaultRequest.cpu",
                             "at most default, 500m"),
    "default over max": ("limits: {max: {cpu: 400m}}", "limits.max.cpu", "at least default, 500m"),
    "min over request": ("limits: {min: {memory: 256Mi}}", "limits.min.memory", "at most defaultRequest, 128Mi"),
    "min over max": ("limits: {min: {ephemeral-storage: 2Gi}, max: {ephemeral-storage: 1Gi}}",
                     "limits.min.ephemeral-storage", "at most max, 1Gi"),
    "quota of limits without default": ("quota: {limits.ephemeral-storage: 1Gi}", 'quota["limits.ephemeral-storage"]',
                                        "limits.default.ephemeral-storage"),
    "quota of requests without default": ("quota: {requests.ephemeral-storage: 1Gi}",
                                          'quota["requests.ephemeral-storage"]', "defaultRequest.ephemeral-storage"),
    "short name of a quota": ("quota: {ephemeral-storage: 1Gi}", "quota.ephemeral-storage",
                              "defaultRequest.ephemeral-storage"),
    "metadata address": ("network: {egressCidrs: [169.254.169.254/32]}", "network.egressCidrs[0]", "credentials"),
    "metadata network": ("network: {egressCidrs: [169.254.0.0/16]}", "network.egressCidrs[0]", "credentials"),
    "Azure's wire server": ("network: {egressCidrs: [168.63.129.16/32]}", "network.egressCidrs[0]", "credentials"),
    "AWS metadata over IPv6": ('network: {egressCidrs: ["fd00:ec2::254/128"]}', "network.egressCidrs[0]",
                               "credentials"),
    "Google metadata over IPv6": ('network: {egressCidrs: ["fd20:ce::254/128"]}', "network.egressCidrs[0]",
                                  "credentials"),
    "network twice": ("network: {egressCidrs: [10.0.0.0/8, 10.0.0.0/8]}", "network.egressCidrs", "each value once"),
    "peer of both kinds": ("network: {ingressFrom: [{namespace: a, cidr: 10.0.0.0/8}]}", "network.ingressFrom[0]",
                           "either namespace or cidr"),
    "peer of no kind": ("network: {ingressFrom: [{}]}", "network.ingressFrom[0]", "either namespace or cidr"),
    "label of Kubernetes": ("labels: {pod-security.kubernetes.io/enforce: privileged}",
                            'labels["pod-security.kubernetes.io/enforce"]', "steer the platform"),
    "label of Berth": ("labels: {berth.dev/tenant: other}", 'labels["berth.dev/tenant"]', "steer the platform"),
    "label of an agent": ("labels: {kustomize.toolkit.fluxcd.io/prune: disabled}",
                          'labels["kustomize.toolkit.fluxcd.io/prune"]', "steer the platform"),
    "label of k8s.io": ("labels: {x.k8s.io/a: b}", 'labels["x.k8s.io/a"]', "steer the platform"),
    "registry with a tag": ("allow: {registries: [example.com/app:latest]}", "allow.registries[0]", "without tag"),
    "registry with a slash": ("allow: {registries: [example.com/]}", "allow.registries[0]", "trailing slash"),
    "registries in one text": ('allow: {registries: ["a.example.com,b.example.com"]}', "allow.registries[0]",
                               "registry"),
    "host": ("allow: {hosts: [shop_1.example.com]}", "allow.hosts[0]", "a host name"),
    "any host": ('allow: {hosts: ["*"]}', "allow.hosts[0]", "a host name"),
    "two hosts in one text": ('allow: {hosts: ["a.example.com,b.example.com"]}', "allow.hosts[0]", "a host name"),
    "priority class of the system": ("allow: {priorityClasses: [system-node-critical]}", "allow.priorityClasses[0]",
                                     "not of system-"),
    "priority classes in one text": ('allow: {priorityClasses: ["a,b"]}', "allow.priorityClasses[0]",
                                     "the name of a priority class"),
    "priority class twice": ("allow: {priorityClasses: [a, a]}", "allow.priorityClasses", "each value once"),
    "duration": ("sync: {interval: 5}", "sync.interval", "a duration"),
    "no interval": ("sync: {interval: 0s}", "sync.interval", "at least 1s"),
    "no timeout": ("sync: {timeout: 0h0m}", "sync.timeout", "at least 1s"),
    "timeout of centuries": ("sync: {timeout: 99999999h}", "sync.timeout", "a duration"),
    "object without a kind": ("sync: {mustHold: [web]}", "sync.mustHold[0]", "such as Deployment/web"),
    "object of another kind": ("sync: {mustHold: [Pod/web]}", "sync.mustHold[0]", "one of the kinds ConfigMap,"),
    "object of another tenant": ("sync: {mustHold: [Service/a, Deployment/globex/web]}", "sync.mustHold[1]",
                                 "a namespace of the tenant: acme"),
    "object twice": ("sync: {mustHold: [Service/a, Service/a]}", "sync.mustHold", "each value once"),
    "path without url": ("source: {path: app}", "source", "a url with path"),
    "secret without url": ("source: {secretName: git}", "source", "a url with secretName"),
    "path upwards": ("source: {url: 'https://x.example/y', path: ../other}", "source.path", "no . or .. steps"),
    "path with an unknown placeholder": ("source: {url: 'https://x.example/y', path: '{stack}'}", "source.path",
                                         "remove {stack}"),
    "two refs": ("source: {ref: {branch: main, tag: v1}}", "source.ref", "one of branch, tag, semver, commit"),
    "no ref": ("source: {ref: {}}", "source.ref", "one of branch, tag, semver, commit"),
    "short commit": ("source: {ref: {commit: abc1234}}", "source.ref.commit", "a full commit id"),
    "local source": ("source: {url: 'file:///etc'}", "source.url", "a Git URL"),
    "source in half an address": ("source: {url: 'https://[::1/x'}", "source.url", "a host name or an IP address"),
    "source in no IPv6": ("source: {url: 'https://[1::2::3]/x'}", "source.url", "a host name or an IP address"),
    "source in no IPv4": ("source: {url: 'https://10.0.0.256/x'}", "source.url", "a host name or an IP address"),
    "source in a host of words": ("source: {url: 'https://a;b`c$(x)/d'}", "source.url", "a Git URL"),
    "source in a host with a dash": ("source: {url: 'https://-x.example/d'}", "source.url",
                                     "a host name or an IP address"),
    "source in a long host": (f"source: {{url: 'https://{'a' * 64}.example/d'}}", "source.url",
                              "a host name or an IP address"),
    "source without a host": ("source: {url: 'ssh://git@:22/x'}", "source.url", "a host name or an IP address"),
    "source on no port": ("source: {url: 'https://host:99999/x'}", "source.url", "a port from 1 to 65535"),
    "source on port 0": ("source: {url: 'ssh://git@host:0/x'}", "source.url", "a port from 1 to 65535"),
    "source on a port of letters": ("source: {url: 'https://host:git/x'}", "source.url", "a port from 1 to 65535"),
    "source with brackets in its user": ("source: {url: 'ssh://[@host/x'}", "source.url", "a Git URL"),
    "source with an option for a user": ("source: {url: 'ssh://-oProxyCommand=x@host/x'}", "source.url", "a Git URL"),
    "default account": ("identity: [{serviceAccount: default}]", "identity[0].serviceAccount", "of its own"),
    "identity without roles": ("identity: [{serviceAccount: a, gcp: {roles: []}}]", "identity[0].gcp.roles",
                              "at least 1"),
    "identity elsewhere": ("identity: [{serviceAccount: a, namespace: jobs}]", "identity[0].namespace",
                           "one of the tenant's namespaces"),
    "identity twice": ("identity: [{serviceAccount: a}, {serviceAccount: a}]", "identity[1].serviceAccount",
                       "each service account once"),
    "unknown deletion policy": ("deletionPolicy: retain", "deletionPolicy", "one of keep, delete"),
    "address in the file": ("notify: [{type: slack, secretName: a, address: 'https://x.example/key'}]",
                            "notify[0].address", "one of events, host, secretName, type"),
    "receiver of no kind": ("notify: [{type: email, secretName: a}]", "notify[0].type", "one of slack, teams"),
    "receiver twice": ("notify: [{type: slack, secretName: a}, {type: slack, secretName: a}]", "notify",
                       "remove the second slack with a"),
    "commit states of no host": ("notify: [{type: commitStatus, secretName: a}]", "notify[0]", "add `host: github`"),
    "half of the commit states": ("notify: [{type: commitStatus, secretName: a, host: github, events: all}]",
                                  "notify[0]", "remove events"),
    "host of a channel": ("notify: [{type: slack, secretName: a, host: github}]", "notify[0]", "remove host"),
    "no namespace": ("namespaces: []", "namespaces", "at least 1"),
    "namespace twice": ("namespaces: [a, a]", "namespaces", "each value once"),
    "long suffix": (f"namespaces: [{'a' * 21}]", "namespaces[0]", "at most 20"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "path", "says"), list(WRONG.values()), ids=list(WRONG))
def test_a_wrong_field_is_told_at_its_path(sandbox: Sandbox, line: str, path: str, says: str) -> None:
    sandbox.tenant(f"{line}\n")
    problem = sandbox.problem()
    assert (problem.file, problem.line, problem.path) == ("tenants/acme.yaml", 7, path)
    assert says in str(problem)


@pytest.mark.parametrize(
    "line",
    ["podSecurity: baseline\nexception: The image runs as root.", "network: {egressCidrs: [169.0.0.0/8]}",
     "identity: [{serviceAccount: a}, {serviceAccount: b}]", 'namespaces: ["", jobs]\nidentity: [{serviceAccount: a},'
     " {serviceAccount: a, namespace: jobs}]", "labels: {team.example.com/x: y}", 'allow: {hosts: ["*.example.com"]}',
     "source: {ref: {semver: '>=1.4.0 <2.0.0'}}", "source: {url: 'https://Git.Example.com:8443/a%20b/x.git?y'}",
     "source: {url: 'https://[2001:db8::1]:8443/x'}", "source: {url: 'http://192.0.2.1/x'}", "source: {url: 'https://my_git.example.com./x'}",
     "source: {url: 'ssh://a.b%40c@git-1.example.com:2222/x', secretName: s}", "source: {url: 'https://git'}",
     "quota: {count/jobs.batch: 3, requests.nvidia.com/gpu: 1}",
     "quota: {pods: 2000m, count/secrets: 1k, requests.cpu: 500m}", "sync: {interval: 1s, timeout: 10h}",
     'namespaces: ["", jobs]\nsync: {mustHold: [Deployment/web, Service/acme/a, CronJob/acme-jobs/a]}',
     "network: {ingressFrom: [{namespace: ingress-nginx}]}"],
)  # fmt: skip
def test_a_field_that_is_right_is_accepted(sandbox: Sandbox, line: str) -> None:
    sandbox.tenant(f"{line}\n")
    assert sandbox.run("validate").code == 0


def test_all_quotas_that_are_not_whole_are_told_each_at_its_own_line(sandbox: Sandbox) -> None:
    sandbox.tenant(
        "quota:\n  pods: 500m\n  cpu: 500m\n  secrets: 0.5\n",
        placements=PLACEMENTS + "    overrides: {quota: {services: 1m}}\n",
    )
    sandbox.edit("tenants/profiles/standard.yaml", 'quota: {pods: "20"', 'quota: {pods: "20.5"')
    assert [(p.file, p.line, p.path, p.found) for p in sandbox.problems()] == [
        ("tenants/acme.yaml", 7, "placements[0].overrides.quota.services", '"1m"'),
        ("tenants/acme.yaml", 9, "quota.pods", '"500m"'),
        ("tenants/acme.yaml", 11, "quota.secrets", '"0.5"'),
        ("tenants/profiles/standard.yaml", 7, "ceiling.quota.pods", '"20.5"'),
    ]


def test_what_a_profile_s_manifests_must_hold_has_to_fit_its_tenants(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/profiles/standard.yaml", "ceiling:", "sync: {mustHold: [Deployment/web/web]}\nceiling:")
    problem = sandbox.problem()
    assert (problem.file, problem.path, problem.found) == ("tenants/acme.yaml", "profile", "Deployment/web/web")
    sandbox.tenant("sync: {mustHold: []}\n")
    assert sandbox.load()


def test_a_default_request_follows_from_a_default_limit(sandbox: Sandbox) -> None:
    sandbox.tenant("quota: {requests.ephemeral-storage: 1Gi}\nlimits: {default: {ephemeral-storage: 1Gi}}\n")
    assert sandbox.placed().policy.quota["requests.ephemeral-storage"] == "1Gi"


def test_the_name_equals_the_file_s_name(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/acme.yaml", "name: acme", "name: globex")
    problem = sandbox.problem()
    assert (problem.line, problem.column, problem.path, problem.found) == (1, 7, "name", '"globex"')
    assert '"acme"' in problem.expected


@pytest.mark.parametrize("name", ["Acme", "1st", "a_b", "-a", "a-", "a.b", "a" * 41, "ä"])
def test_a_name_that_is_no_dns_label_is_refused(sandbox: Sandbox, name: str) -> None:
    sandbox.tenant(name=name)
    assert [p.path for p in sandbox.problems()] == ["name"]


@pytest.mark.parametrize(
    "name", ["default", "argocd", "flux-system", "kube-system", "kube-x", "berth-acme", "gke-a", "aks-a", "eks-a"]
)
def test_a_reserved_name_is_refused(sandbox: Sandbox, name: str) -> None:
    sandbox.tenant(name=name)
    problem = sandbox.problem()
    assert (problem.path, problem.found) == ("name", f'"{name}"')
    assert "platform's" in problem.expected


def test_a_suffix_that_makes_a_reserved_name_is_refused_at_the_suffix(sandbox: Sandbox) -> None:
    sandbox.tenant('namespaces: ["", system]\n', name="flux")
    problem = sandbox.problem()
    assert (problem.path, problem.found) == ("namespaces[1]", '"flux-system"')


def test_a_missing_key_says_what_to_add(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/acme.yaml", "owners: {team: payments, contact: pay@example.com}\n", "")
    problem = sandbox.problem()
    assert (problem.path, problem.found, problem.fix) == ("owners", "nothing", "add `owners:`")


@pytest.mark.parametrize(
    ("placement", "path", "says"),
    [("{environments: [dev]}", "placements[0]", "exactly one of"),
     ("{environments: [dev], clouds: [aws], clusters: [aws-dev]}", "placements[0]", "exactly one of"),
     ("{environments: [], clouds: [aws]}", "placements[0].environments", "at least 1"),
     ("{environments: [dev], clouds: []}", "placements[0].clouds", "at least 1"),
     ("{environments: [dev], labels: {}}", "placements[0].labels", "at least 1"),
     ("{environments: [dev], clouds: [awss]}", "placements[0].clouds[0]", 'did you mean "aws"?'),
     ("{environments: [dev], clouds: [aws], override: {}}", "placements[0].override", 'did you mean "overrides"?'),
     ("{environments: [dev], clouds: [aws], overrides: {profile: x}}", "placements[0].overrides.profile",
      "unknown key")],
    ids=["no selector", "two selectors", "no environment", "no cloud", "no label", "cloud", "unknown key",
         "override of a field that is the tenant's"],
)  # fmt: skip
def test_a_wrong_placement_is_told_at_its_path(sandbox: Sandbox, placement: str, path: str, says: str) -> None:
    sandbox.tenant(placements=f"placements: [{placement}]\n")
    problem = sandbox.problem()
    assert problem.path == path
    assert says in str(problem)
