"""The command line: `python3 -m scripts.forge COMMAND`, run in the project's folder by a workflow.

Reads what the forge's runner sets, and the token. Exit codes: 0 done or nothing to do; 1 the forge said no; 3 refused.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from scripts.forge.api import Api, Failed, Refused
from scripts.forge.drift import report
from scripts.forge.github import GitHub
from scripts.forge.gitlab import GitLab
from scripts.forge.text import fenced


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m scripts.forge", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("comment", help="put the plan of a finished run on its pull request (GitHub; RUN_ID)")
    note = commands.add_parser("note", help="put a plan on the merge request of this pipeline (GitLab)")
    note.add_argument("plan", type=Path, help="the plan's Markdown")
    drift = commands.add_parser("drift", help="open, update or close the issue on drift")
    drift.add_argument("folder", type=Path, help="what scripts/ci/stack.sh wrote for each stack")
    commands.add_parser("superseded", help="say whether the branch has moved on from this run's commit (GitHub)")
    fence = commands.add_parser("fence", help="print a file as a block of Markdown in which nothing is markup")
    fence.add_argument("title")
    fence.add_argument("file", type=Path)
    arguments = parser.parse_args()
    try:
        said = _run(arguments)
    except Refused as refusal:
        sys.stderr.write(f"refused: {refusal}\n")
        return 3
    except (Failed, OSError) as failure:
        sys.stderr.write(f"error: {failure}\n")
        return 1
    sys.stdout.write(said + "\n")
    return 0


def _run(arguments: argparse.Namespace) -> str:
    if arguments.command == "fence":
        text = arguments.file.read_text("utf-8", "replace")
        return f"### {arguments.title}\n\n{fenced(text, 60_000)}"
    if arguments.command == "comment":
        return _github().comment_plan(_variable("RUN_ID"))
    if arguments.command == "superseded":
        moved = _github().newest(_variable("GITHUB_REF_NAME")) != _variable("GITHUB_SHA")
        return f"superseded={'true' if moved else 'false'}"
    if arguments.command == "drift":
        if "GITLAB_CI" in os.environ:
            return report(_gitlab(), arguments.folder, _variable("CI_PIPELINE_URL"))
        run = "/".join(_variable(f"GITHUB_{part}") for part in ("SERVER_URL", "REPOSITORY"))
        return report(_github(), arguments.folder, f"{run}/actions/runs/{_variable('GITHUB_RUN_ID')}")
    if not os.environ.get("BERTH_GITLAB_TOKEN"):
        return "no BERTH_GITLAB_TOKEN in this pipeline: the plan is in the job's files, and in no note"
    plan = arguments.plan.read_text("utf-8")
    return _gitlab().note_plan(int(_variable("CI_MERGE_REQUEST_IID")), plan, _variable("CI_JOB_URL"))


def _github() -> GitHub:
    api = Api(_variable("GITHUB_API_URL"), ("Authorization", f"Bearer {_variable('GITHUB_TOKEN')}"))
    return GitHub(api, _variable("GITHUB_REPOSITORY"), _variable("GITHUB_SERVER_URL"))


def _gitlab() -> GitLab:
    api = Api(_variable("CI_API_V4_URL"), ("PRIVATE-TOKEN", _variable("BERTH_GITLAB_TOKEN")))
    return GitLab(api, int(_variable("CI_PROJECT_ID")))


def _variable(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise Failed(f"{name} is not set: run this in a workflow")
    return value


if __name__ == "__main__":
    sys.exit(main())
