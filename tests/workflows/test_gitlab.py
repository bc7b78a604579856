"""The note on a merge request, and what a GitLab job makes of its tokens."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from scripts.forge.text import PLAN
from tests.workflows.forges import FakeGitLab
from tests.workflows.support import ROOT, forge, run


def test_the_note_is_written_once_and_then_updated(tmp_path: Path) -> None:
    gitlab = FakeGitLab()
    for text in ("first @someone", "second"):
        (tmp_path / "plan.md").write_text(f"{PLAN}\n{text}\n", "utf-8")
        with gitlab.up() as job:
            ended = forge(job, "note", str(tmp_path / "plan.md"))
        assert (ended.code, ended.err) == (0, "")
    assert len(gitlab.notes) == 1
    assert gitlab.notes[0]["body"].startswith(f"{PLAN}\nsecond\n")
    assert [call.method for call in gitlab.calls if call.method != "GET"] == ["POST", "PUT"]
    assert "@someone" not in gitlab.calls[2].body["body"]


def test_a_note_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    theirs = {"id": 0, "author": {"id": 1}, "body": f"{PLAN}\nmine"}
    gitlab = FakeGitLab(notes=[dict(theirs)])
    (tmp_path / "plan.md").write_text("plan", "utf-8")
    with gitlab.up() as job:
        assert forge(job, "note", str(tmp_path / "plan.md")).code == 0
    assert gitlab.notes[0] == theirs
    assert len(gitlab.notes) == 2


def test_without_a_token_as_in_a_fork_nothing_is_asked_and_it_is_said(tmp_path: Path) -> None:
    gitlab = FakeGitLab()
    with gitlab.up() as job:
        ended = forge({**job, "BERTH_GITLAB_TOKEN": ""}, "note", str(tmp_path / "plan.md"))
    assert (ended.code, gitlab.calls) == (0, [])
    assert "no BERTH_GITLAB_TOKEN" in ended.out


def test_a_plan_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with FakeGitLab().up() as job:
        ended = forge(job, "note", str(tmp_path / "plan.md"))
    assert (ended.code, ended.err.count("\n")) == (1, 1)


_TOKENS = {"AWS_ID_TOKEN": "t-aws", "GCP_ID_TOKEN": "t-gcp", "AZURE_ID_TOKEN": "t-azure"}
_LOGIN = ". scripts/ci/gitlab-login.sh && env -0"


def _login(tmp_path: Path, **variables: str) -> dict[str, str]:
    ended = run("bash", "-eu", "-c", _LOGIN, cwd=ROOT, TMPDIR=str(tmp_path), **_TOKENS, **variables)
    assert ended.code == 0, ended.err
    return dict(line.split("=", 1) for line in ended.out.split("\0") if line)


def test_a_job_logs_in_to_the_clouds_whose_variables_it_has(tmp_path: Path) -> None:
    provider = "projects/1/locations/global/workloadIdentityPools/gitlab/providers/gitlab"
    given = _login(
        tmp_path,
        AWS_ROLE_ARN="arn:aws:iam::111122223333:role/berth",
        GCP_WORKLOAD_IDENTITY_PROVIDER=provider,
        GCP_SERVICE_ACCOUNT="berth@example.iam.gserviceaccount.com",
        AZURE_CLIENT_ID="client",
        AZURE_TENANT_ID="tenant",
    )
    assert Path(given["AWS_WEB_IDENTITY_TOKEN_FILE"]).read_text("utf-8") == "t-aws"
    assert Path(given["AZURE_FEDERATED_TOKEN_FILE"]).read_text("utf-8") == "t-azure"
    assert (given["ARM_USE_OIDC"], given["ARM_OIDC_TOKEN"], given["ARM_CLIENT_ID"]) == ("true", "t-azure", "client")
    google = json.loads(Path(given["GOOGLE_APPLICATION_CREDENTIALS"]).read_text("utf-8"))
    assert google["audience"] == f"//iam.googleapis.com/{provider}"
    assert Path(google["credential_source"]["file"]).read_text("utf-8") == "t-gcp"


def test_nobody_else_reads_the_tokens(tmp_path: Path) -> None:
    given = _login(tmp_path, AWS_ROLE_ARN="arn:aws:iam::111122223333:role/berth")
    token = Path(given["AWS_WEB_IDENTITY_TOKEN_FILE"])
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert stat.S_IMODE(token.parent.stat().st_mode) == 0o700


def test_a_cloud_without_variables_gets_no_login(tmp_path: Path) -> None:
    given = _login(tmp_path)
    for name in ("AWS_WEB_IDENTITY_TOKEN_FILE", "GOOGLE_APPLICATION_CREDENTIALS", "ARM_USE_OIDC"):
        assert name not in given
