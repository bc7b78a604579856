"""What is wrong with the credential for the deploy repo: beside its URL, beside the engine, and among others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from berth.document import Document, KeyPath
from berth.errors import Problem, did_you_mean, one_of
from berth.settings.credentials import CredentialKind, GitCredential
from berth.settings.gitops import ClusterGitOps, GitOps
from berth.settings.kinds import Engine, Install
from berth.settings.model import AnyCluster, Stack

_TITLES = {
    CredentialKind.TOKEN: "a token",
    CredentialKind.SSH_KEY: "an SSH key",
    CredentialKind.GITHUB_APP: "a GitHub App",
}


def check_credentials(settings: Stack, document: Document, in_file: Callable[[KeyPath], KeyPath]) -> Iterator[Problem]:
    """Every problem of the stack's credentials. `in_file` maps a path of the model to the file."""
    keys = [key for key, _ in settings.credentials()]
    for key in keys[1:]:
        yield document.problem(
            in_file((key,)), "one credential", key=True, found=f"{key} beside {keys[0]}", fix=f"remove {one_of(keys)}"
        )
    names = [cluster.name for cluster in settings.clusters]
    for name in settings.cluster_credentials:
        if name not in names:
            yield document.problem(
                in_file(("clusterCredentials", name)),
                "the name of a cluster of this stack",
                key=True,
                found=f'"{name}"',
                fix=did_you_mean(name, names) or f"they are: {', '.join(names)}",
            )
    said: set[KeyPath] = set()
    for cluster in settings.clusters:
        credential = settings.credential_of(cluster.name)
        at: KeyPath = ("deployRepo", "url")
        if credential is not None:
            at = ("clusterCredentials", cluster.name) if credential.own else (keys[0],)
        for problem in _of_cluster(settings, cluster, credential, document, in_file(at)):
            # Clusters that share a credential share what is wrong with it.
            if at not in said:
                yield problem
                said.add(at)


def _of_cluster(
    settings: Stack, cluster: AnyCluster, credential: GitCredential | None, document: Document, at: KeyPath
) -> Iterator[Problem]:
    url = urlsplit(settings.deploy_repo.url)
    if credential is None:
        if url.scheme == "ssh":
            yield document.problem(at, "a credential beside an ssh URL", fix="no server lets in without: see "
                                   "docs/credentials.md")  # fmt: skip
        return
    title = _TITLES[credential.kind]
    gitops = (cluster.gitops or ClusterGitOps()).over(settings.gitops)
    is_key = credential.kind is CredentialKind.SSH_KEY
    if is_key != (url.scheme == "ssh"):
        wanted = "an https URL" if url.scheme == "ssh" else "an ssh URL"
        yield document.problem(at, f"a credential for {url.scheme}", found=title, fix=f"{title} needs {wanted}")
    elif url.scheme == "http" and not _is_loopback(url.hostname or ""):
        yield document.problem(
            at, "an https URL of the deploy repo", found=f"{title} beside http", fix="it would cross networks in clear"
        )
    elif gitops.engine is Engine.ARGOCD and gitops.install is Install.NONE and not is_key:
        yield document.problem(
            at,
            "an SSH key where Argo CD is there already",
            found=title,
            fix="as it comes, Argo CD gives a token, and one that it gets for an app, to any host that a tenant's "
            "manifests name: with `install: chart` it does not, see docs/engines.md",
        )
    elif is_key and not settings.known_hosts and _needs_known_hosts(credential, gitops):
        yield document.problem(at, "knownHosts beside an SSH key", found="none", fix="add the host keys that "
                               "ssh-keyscan prints, after you have compared them")  # fmt: skip


def _needs_known_hosts(credential: GitCredential, gitops: GitOps) -> bool:
    """A Secret that is there already brings them for Flux. Argo CD has them in its settings, which its chart writes."""
    return credential.existing is None or (gitops.engine is Engine.ARGOCD and gitops.install is Install.CHART)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
