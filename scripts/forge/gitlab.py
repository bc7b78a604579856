"""GitLab: the note on a merge request and the issue on drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scripts.forge.issues import Forge, Words
from scripts.forge.text import GITLAB_LIMIT, PLAN, cut, without_mentions


@dataclass(frozen=True)
class GitLab(Forge):
    """A project, by its number."""

    words = Words("iid", "description", "PUT", "notes", {"state_event": "close"})
    project: int

    def note_plan(self, request: int, markdown: str, job: str) -> str:
        """Puts a plan on the merge request of this number in the project. `job` is the URL of what made it."""
        text = without_mentions(markdown.removeprefix(PLAN).lstrip("\n"))
        foot = f"\n<sub>[job and full report]({job})</sub>\n"
        body = f"{PLAN}\n{cut(text, GITLAB_LIMIT - len(PLAN) - len(foot) - 1)}{foot}"
        notes = f"/projects/{self.project}/merge_requests/{request}/notes"
        me = self._me()
        own = next((note for note in self.api.pages(notes) if _is_own(note, me, note["body"], PLAN)), None)
        if own is None:
            self.api.call("POST", notes, {"body": body})
            return f"commented on !{request}"
        self.api.call("PUT", f"{notes}/{own['id']}", {"body": body})
        return f"updated the comment on !{request}"

    @property
    def issues(self) -> str:
        return f"/projects/{self.project}/issues"

    def own_issue(self, marker: str) -> dict[str, Any] | None:
        me = self._me()
        listed = self.api.pages(f"{self.issues}?state=opened&author_id={me}")
        return next((one for one in listed if _is_own(one, me, one["description"], marker)), None)

    def _me(self) -> int:
        return int(self.api.call("GET", "/user")["id"])


def _is_own(entry: dict[str, Any], me: int, text: str | None, marker: str) -> bool:
    """Whether the token's own user wrote it: others may write the marker too."""
    return entry["author"]["id"] == me and (text or "").startswith(marker)
