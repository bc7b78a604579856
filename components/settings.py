"""The stack's settings and tenants as the engine and the files give them, checked before anything is registered."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from berth.credentials import Machine, missing
from berth.errors import InvalidInput
from berth.project import Project
from berth.settings import Cluster, Provider, StackFile, stack_from_config
from berth.settings.credentials import CredentialKind
from berth.settings.load import NAMESPACE, SECRET_KEYS, config_keys, without_secrets
from components.deployed import check_removed, deployed


def load_project(root: Path) -> Project:
    """The project, with the stack that is being deployed as the engine sees it.

    Raises RunError, which the CLI prints without a traceback, with every problem of every file, then with each tenant
    whose file is gone while it was active, each cluster that is gone while it had tenants, and each where Pulumi would
    delete tenants that Git is to deliver.
    """
    try:
        project = Project.load(root, {pulumi.get_stack(): _stack(root)})
        stack = project.stack(pulumi.get_stack())
        _check_credentials(stack)
        check_removed(project, stack, deployed())
        return project
    except InvalidInput as error:
        count = len(error.problems)
        raise pulumi.RunError(f"{count} problem{'s' if count != 1 else ''} in the settings:\n{error}") from None


def _check_credentials(stack: StackFile) -> None:
    """Raises InvalidInput where this machine cannot reach a cloud of the stack. Under mocks no cloud is reached."""
    if isinstance(get_monitor(), MockMonitor):
        return
    providers = [Provider(cluster.settings.provider) for cluster in stack.clusters]
    lacking = list(missing(stack.document.file, providers, Machine(os.environ, Path.home())))
    if lacking:
        raise InvalidInput(lacking)


def _stack(root: Path) -> StackFile:
    config = pulumi.Config(NAMESPACE)
    values = {key: config.get(key) for key in config_keys() if key not in SECRET_KEYS}
    for key in SECRET_KEYS:
        # Never the secret itself; a value that is not encrypted fails as it does offline.
        if (text := config.get(key)) is not None:
            encrypted = pulumi.runtime.is_config_secret(f"{NAMESPACE}:{key}")
            values[key] = without_secrets(key, text, encrypted=encrypted)
    name = pulumi.get_stack()
    return stack_from_config(name, values, root / f"Pulumi.{name}.yaml", root)


def git_credential(cluster: Cluster) -> pulumi.Output[dict[str, Any]] | None:
    """The deploy repo's credential for a cluster, under the name of its kind; None where Berth makes no Secret of it:
    the repo is public, or the Secret is in the cluster already."""
    credential = cluster.credential
    if credential is None or credential.existing is not None:
        return None
    config = pulumi.Config(NAMESPACE)
    if credential.own:
        own = config.require_secret_object("clusterCredentials")
        return own.apply(lambda credentials: credentials[cluster.name])
    if credential.kind is CredentialKind.GITHUB_APP:
        return config.require_secret_object("deployRepoGithubApp").apply(lambda app: {"githubApp": app})
    kind = credential.kind.value
    return config.require_secret(_TEXTS[credential.kind]).apply(lambda text: {kind: text})


_TEXTS = {CredentialKind.TOKEN: "deployRepoToken", CredentialKind.SSH_KEY: "deployRepoSshKey"}
"""The settings that are a secret as a whole."""
