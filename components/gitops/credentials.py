"""What goes into the Secret that each engine reads a credential from. The names of the keys are the engines' own.

A credential comes as the stack's secrets hold it: under `token`, `sshKey` or `githubApp`, as in a cluster's own
(`berth.settings.credentials.ClusterCredential`). Values are decrypted here, so nothing of this module is printed or
raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TOKEN_USER = "git"  # noqa: S105 - a user's name, not a secret
"""The user beside a token: Git servers take any, and refuse none at all."""


def for_flux(credential: Mapping[str, Any], known_hosts: str) -> dict[str, str]:
    """The content of the Secret that a GitRepository of Flux refers to. `known_hosts` as in a known_hosts file."""
    if "token" in credential:
        return {"username": TOKEN_USER, "password": credential["token"]}
    if "sshKey" in credential:
        return {"identity": _ended(credential["sshKey"]), "known_hosts": _ended(known_hosts)}
    app = credential["githubApp"]
    return _app(app) | ({"githubAppBaseURL": app["apiUrl"]} if app.get("apiUrl") else {})


def for_argocd(url: str, credential: Mapping[str, Any]) -> dict[str, str]:
    """The content of the Secret that tells Argo CD how to log in to the repo at `url`. It has host keys elsewhere."""
    repository = {"type": "git", "url": url}
    if "token" in credential:
        return repository | {"username": TOKEN_USER, "password": credential["token"]}
    if "sshKey" in credential:
        return repository | {"sshPrivateKey": _ended(credential["sshKey"])}
    app = credential["githubApp"]
    enterprise = {"githubAppEnterpriseBaseUrl": app["apiUrl"]} if app.get("apiUrl") else {}
    return repository | _app(app) | enterprise


def _app(app: Mapping[str, Any]) -> dict[str, str]:
    return {
        "githubAppID": str(app["appId"]),
        "githubAppInstallationID": str(app["installationId"]),
        "githubAppPrivateKey": _ended(app["privateKey"]),
    }


def _ended(text: str) -> str:
    """A key whose last line has no end is one that OpenSSH cannot read; a prompt for a secret takes the end away."""
    return text if text.endswith("\n") else f"{text}\n"
