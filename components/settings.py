"""The stack's settings and tenants as the engine and the files give them, checked before anything is registered."""

from __future__ import annotations

from pathlib import Path

import pulumi

from berth.errors import InvalidInput
from berth.project import Project
from berth.settings import StackFile, stack_from_config
from berth.settings.load import NAMESPACE, SECRET_KEYS, config_keys


def load_project(root: Path) -> Project:
    """The project, with the stack that is being deployed as the engine sees it.

    Raises RunError, which the CLI prints without a traceback, with every problem of every file.
    """
    try:
        return Project.load(root, {pulumi.get_stack(): _stack(root)})
    except InvalidInput as error:
        count = len(error.problems)
        raise pulumi.RunError(f"{count} problem{'s' if count != 1 else ''} in the settings:\n{error}") from None


def _stack(root: Path) -> StackFile:
    config = pulumi.Config(NAMESPACE)
    values = {key: config.get(key) for key in config_keys() if key not in SECRET_KEYS}
    for key in SECRET_KEYS:
        if config.get(key) is not None:
            # Never the secret itself; a value that is not encrypted fails as it does offline.
            encrypted = pulumi.runtime.is_config_secret(f"{NAMESPACE}:{key}")
            values[key] = '{"secure": ""}' if encrypted else "not encrypted"
    name = pulumi.get_stack()
    return stack_from_config(name, values, root / f"Pulumi.{name}.yaml", root)


def git_credential() -> pulumi.Output[dict[str, str]] | None:
    """The content of the Secret with the deploy repo's credential; None where the stack has none."""
    config = pulumi.Config(NAMESPACE)
    token = config.get_secret("deployRepoToken")
    if token is not None:
        return token.apply(lambda text: {"username": "git", "password": text})
    key = config.get_secret("deployRepoSshKey")
    if key is not None:
        hosts = config.get("knownHosts") or ""
        return key.apply(lambda text: {"identity": text, "known_hosts": hosts})
    return None
