"""GitHub: which pull request a run was for, what the run left behind, and what is said about it."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from scripts.forge.api import Refused
from scripts.forge.issues import Forge, Words
from scripts.forge.text import GITHUB_LIMIT, PLAN, cut, fenced, without_mentions

PLAN_WORKFLOW = ".github/workflows/plan.yml"
COMMENT_ARTIFACT = "plan-comment"
REPORT_ARTIFACT = "plan-report"
_ME = "github-actions[bot]"
"""Who a workflow's own token writes as."""
_MOST = 2_000_000
"""Bytes that the text for a comment may have, packed and unpacked: some thirty times what fits into a comment."""


@dataclass(frozen=True)
class GitHub(Forge):
    """A repository. `server` is the URL of its web pages, for links."""

    words = Words("number", "body", "PATCH", "comments", {"state": "closed"})
    repository: str
    server: str

    def comment_plan(self, run_id: str) -> str:
        """Puts the plan of a finished run on its pull request. Returns what was done.

        Which pull request that is, GitHub says; nothing that the run wrote is asked. Raises Refused and Failed.
        """
        run = self.api.call("GET", f"/repos/{self.repository}/actions/runs/{int(run_id)}")
        if run["event"] != "pull_request" or run["path"].partition("@")[0] != PLAN_WORKFLOW:
            raise Refused(f"run {run_id} is not of {PLAN_WORKFLOW} on a pull request")
        head = run["head_repository"]
        if head is None:
            return "nothing to say: the fork is gone"
        query = quote(f"{head['owner']['login']}:{run['head_branch']}", safe="")
        matching = [
            pull["number"]
            for pull in self.api.pages(f"/repos/{self.repository}/pulls?state=open&head={query}")
            if pull["head"]["sha"] == run["head_sha"] and (pull["head"]["repo"] or {}).get("id") == head["id"]
        ]
        if not matching:
            return f"nothing to say: no open pull request stands at {run['head_sha']}"
        if len(matching) > 1:
            raise Refused(f"pull requests {', '.join(map(str, matching))} have the same head: whose plan is it?")
        return self.upsert_comment(matching[0], PLAN, self._plan(run, fork=head["full_name"] != self.repository))

    def upsert_comment(self, number: int, marker: str, body: str) -> str:
        """Writes the one comment of this marker on a pull request: anew where there is none, else in place."""
        comments = f"{self.issues}/{number}/comments"
        own = next((one for one in self.api.pages(comments) if _is_own(one, marker)), None)
        if own is None:
            self.api.call("POST", comments, {"body": body})
            return f"commented on #{number}"
        self.api.call("PATCH", f"{self.issues}/comments/{own['id']}", {"body": body})
        return f"updated the comment on #{number}"

    def newest(self, branch: str) -> str:
        """The commit that a branch stands at."""
        return str(self.api.call("GET", f"/repos/{self.repository}/commits/{quote(branch, safe='')}")["sha"])

    @property
    def issues(self) -> str:
        return f"/repos/{self.repository}/issues"

    def own_issue(self, marker: str) -> dict[str, Any] | None:
        listed = self.api.pages(f"{self.issues}?state=open&creator={quote(_ME, safe='')}")
        return next((one for one in listed if "pull_request" not in one and _is_own(one, marker)), None)

    def _plan(self, run: dict[str, Any], *, fork: bool) -> str:
        page = f"{self.server}/{self.repository}/actions/runs/{run['id']}"
        artifacts = {
            entry["name"]: entry
            for entry in self.api.pages(f"/repos/{self.repository}/actions/runs/{run['id']}/artifacts", "artifacts")
            if not entry["expired"]
        }
        report = artifacts.get(REPORT_ARTIFACT)
        links = f"[full report]({page}/artifacts/{report['id']}) · " if report else ""
        foot = f"\n<sub>{run['head_sha'][:12]} · {links}[run]({page})</sub>\n"
        room = GITHUB_LIMIT - len(PLAN) - len(foot) - len(_OF_A_FORK) - 4
        files = self._files(artifacts.get(COMMENT_ARTIFACT))
        if "plan.txt" not in files:
            return f"{PLAN}\n**There is no plan of this commit:** the run says why.\n{foot}"
        if fork:
            return f"{PLAN}\n{_OF_A_FORK}{fenced(files['plan.txt'], room)}{foot}"
        text = files.get("plan.md", "").removeprefix(PLAN).lstrip("\n")
        return f"{PLAN}\n{cut(without_mentions(text), room)}{foot}"

    def _files(self, artifact: dict[str, Any] | None) -> dict[str, str]:
        """The texts of an artifact. It is read in memory, by names that are known, and never unpacked to a disk."""
        if artifact is None:
            return {}
        if artifact["size_in_bytes"] > _MOST:
            raise Refused(f"the artifact {artifact['name']} is larger than {_MOST} bytes")
        path = f"/repos/{self.repository}/actions/artifacts/{artifact['id']}/zip"
        try:
            archive = zipfile.ZipFile(io.BytesIO(self.api.download(path, _MOST)))
            return {name: _member(archive, name) for name in ("plan.md", "plan.txt") if name in archive.namelist()}
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise Refused(f"the artifact {artifact['name']} cannot be read: {error}") from None


_OF_A_FORK = "The plan of a fork's branch, as its own code wrote it. Read the change itself before you believe it.\n\n"


def _member(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as file:
        data = file.read(_MOST + 1)
    if len(data) > _MOST:
        raise Refused(f"{name} is larger than {_MOST} bytes")
    return data.decode("utf-8", "replace")


def _is_own(entry: dict[str, Any], marker: str) -> bool:
    """Whether a workflow wrote it: others may write the marker too."""
    return (entry["user"] or {}).get("login") == _ME and (entry["body"] or "").startswith(marker)
