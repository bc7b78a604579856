"""Names of Secrets in a tenant file that are the platform's, and so not for the tenant to name.

The agent logs in with such a Secret where the tenant file says, and tells its receivers with it. The credential of the
deploy repo reads every tenant's manifests: it must not be sent to a URL of one tenant's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from berth.document import KeyPath
from berth.errors import Problem
from berth.names import NOTIFICATIONS_SECRET, REPOSITORY_SECRET
from berth.settings import StackFile
from berth.settings.credentials import SHARED_SECRET
from berth.tenants.load import LoadedTenant
from berth.tenants.model import TenantFile

_CREDENTIAL = "the deploy repo's credential, which reads every tenant's manifests"
_PLATFORM = {
    SHARED_SECRET: _CREDENTIAL,
    REPOSITORY_SECRET: _CREDENTIAL,
    NOTIFICATIONS_SECRET: "the addresses and tokens of all tenants",
}
"""What is in the Secrets that have one name in every cluster."""


def check_secret_names(tenant: LoadedTenant, stacks: Iterable[StackFile]) -> Iterator[Problem]:
    """A problem for each Secret in the tenant file that is the platform's. `stacks` are those where it is placed: a
    Secret of theirs counts with either engine, and in all of their clusters."""
    held = dict(_PLATFORM)
    for stack in stacks:
        for name in stack.settings.credential_secrets():
            held.setdefault(name, f"{_CREDENTIAL} ({stack.document.file})")
    for path, name in _named(tenant.file):
        if name in held:
            yield tenant.document.problem(
                path, "a Secret of the tenant's own", fix=f"choose another name: that Secret holds {held[name]}"
            )


def _named(file: TenantFile) -> Iterator[tuple[KeyPath, str]]:
    """The Secrets that a tenant file names, each with where. The deploy repo's is not among them: a tenant that pulls
    from there names none."""
    if file.source.secret_name is not None:
        yield ("source", "secretName"), file.source.secret_name
    for index, receiver in enumerate(file.notify):
        yield ("notify", index, "secretName"), receiver.secret_name
