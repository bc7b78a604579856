"""One issue a marker, opened, updated in place and closed: the same on both forges, in the words of each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from scripts.forge.api import Api


@dataclass(frozen=True)
class Words:
    """What a forge's API calls things."""

    number: str
    """Key of an issue's number."""
    text: str
    """Key of an issue's text."""
    update: str
    """Method that changes what is there."""
    comments: str
    """Where an issue's comments are, below it."""
    closed: Mapping[str, str]
    """What closes an issue."""


@dataclass(frozen=True)
class Forge(ABC):
    """A repository or project on a forge, whose API writes as whoever its credential is of."""

    api: Api
    words: ClassVar[Words]

    @property
    @abstractmethod
    def issues(self) -> str:
        """The path of its issues."""

    @abstractmethod
    def own_issue(self, marker: str) -> dict[str, Any] | None:
        """The open issue that begins with a marker, and that nobody else wrote."""

    def upsert_issue(self, marker: str, title: str, body: str) -> str:
        """Writes the one open issue of this marker: anew where there is none, else in place."""
        words, content = self.words, {"title": title, self.words.text: body}
        own = self.own_issue(marker)
        if own is None:
            return f"opened issue #{self.api.call('POST', self.issues, content)[words.number]}"
        self.api.call(words.update, f"{self.issues}/{own[words.number]}", content)
        return f"updated issue #{own[words.number]}"

    def close_issue(self, marker: str, why: str) -> str:
        """Closes the open issue of this marker, if there is one."""
        own = self.own_issue(marker)
        if own is None:
            return "no issue is open"
        path = f"{self.issues}/{own[self.words.number]}"
        self.api.call("POST", f"{path}/{self.words.comments}", {"body": why})
        self.api.call(self.words.update, path, self.words.closed)
        return f"closed issue #{own[self.words.number]}"
