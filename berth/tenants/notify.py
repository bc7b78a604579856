"""Whom a tenant's agent tells how its syncs go. Where a message goes is in a Secret: the address is often a key."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import model_validator

from berth.model import Choice, Model, Name40, wrong


class NotifyType(StrEnum):
    SLACK = "slack"
    TEAMS = "teams"
    WEBHOOK = "webhook"
    COMMIT_STATUS = "commitStatus"


class Events(StrEnum):
    FAILURES = "failures"
    ALL = "all"


class GitHost(StrEnum):
    """Whose interface for the states of commits it is: of the public host, or of one's own server."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"


class Notify(Model):
    """One receiver of messages."""

    type: Annotated[NotifyType, Choice(NotifyType)]
    secret_name: Name40
    """Secret with the address, or with the token for commit states. Berth makes none."""
    events: Annotated[Events, Choice(Events)] | None = None
    """`failures`, the default, or `all`. Commit states are always told all: a failure has to end."""
    host: Annotated[GitHost, Choice(GitHost)] | None = None
    """Needed with `commitStatus`: what the repo's host is."""

    @model_validator(mode="after")
    def _by_type(self) -> Notify:
        if self.type is NotifyType.COMMIT_STATUS:
            if self.host is None:
                raise wrong("a host with commitStatus", "add `host: github`, `gitlab` or `gitea`")
            if self.events is not None:
                raise wrong("no events with commitStatus", "remove events: a failed commit has to turn good again")
        elif self.host is not None:
            raise wrong("no host but with commitStatus", "remove host: the address is in the Secret")
        return self

    @property
    def name(self) -> str:
        """What tells it from the tenant's others."""
        return f"{'commit-status' if self.type is NotifyType.COMMIT_STATUS else self.type.value}-{self.secret_name}"

    @property
    def tells_all(self) -> bool:
        """Whether good news are told too."""
        return self.type is NotifyType.COMMIT_STATUS or self.events is Events.ALL


def each_once(entries: list[Notify]) -> list[Notify]:
    """Validator: no receiver twice."""
    for index, entry in enumerate(entries):
        if entry.name in [other.name for other in entries[:index]]:
            raise wrong("each type once with a Secret", f"remove the second {entry.type} with {entry.secret_name}")
    return entries
