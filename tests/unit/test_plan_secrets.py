"""No secret of the settings is in any output of a plan, and none says how long one is."""

from __future__ import annotations

import base64
import json
import re
import zlib

import pytest

from berth.plan import worker
from berth.plan.model import SECRET
from berth.settings.guards import EXIT_CODES
from tests.plan.project import DEV, Repo

PLANTED = "planted-7f3a9c1e5b"
HTTPS, SSH = "https://git.example.com/deploy.git", "ssh://git@git.example.com/deploy.git"
APP = "{appId: 12, installationId: 34, privateKey: MARK}"
CLOUDS = """\
  aws:accessKey: MARK
  aws:secretKey: MARK
  gcp:credentials: MARK
  azure-native:clientSecret: MARK
"""
SETTINGS = {
    "tokens": f"""\
  berth:deployRepoToken: MARK
  berth:clusterCredentials: {{gcp-dev: {{githubApp: {APP}}}}}
""",
    "an app": f"""\
  berth:deployRepoGithubApp: {APP}
  berth:clusterCredentials: {{gcp-dev: {{token: MARK}}}}
""",
    "keys": """\
  berth:deployRepoSshKey: MARK
  berth:knownHosts: git.example.com ssh-ed25519 AAAA
  berth:clusterCredentials: {gcp-dev: {sshKey: MARK}}
""",
}
"""A cluster in a cloud, for which the program is run, and one that is there, each with a credential of another kind."""
ENDINGS = ("md", "json", "html")


def stack(kind: str, secret: str) -> str:
    lines = (SETTINGS[kind] + CLOUDS).replace("MARK", f"{{secure: {secret}}}")
    return (DEV + lines).replace(HTTPS, SSH if kind == "keys" else HTTPS)


def reports(repo: Repo) -> str:
    """All that a plan writes in all four formats, the page's data unpacked; but for the base's commit."""
    outs = [argument for ending in ENDINGS for argument in ("--out", str(repo.root / "out" / f"plan.{ending}"))]
    ended = repo.run("plan", "--stack", "dev", "--base", "main", *outs)
    assert ended.code in {0, *EXIT_CODES.values()}, ended.everything
    written = [(repo.root / "out" / f"plan.{ending}").read_text("utf-8") for ending in ENDINGS]
    packed = re.search(r'<script[^>]*type="application/[^"]*"[^>]*>\s*([A-Za-z0-9+/=]+)\s*<', written[-1])
    assert packed is not None
    data = zlib.decompress(base64.b64decode(packed[1])).decode("utf-8")
    assert json.loads(data)["stacks"]
    page = written[-1].replace(packed[1], data)
    commit = repo.git("rev-parse", "main")
    told = "\n".join([ended.out, ended.err, *written[:-1], page])
    return told.replace(commit, "0" * 40).replace(commit[:12], "0" * 12)


@pytest.fixture
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    return Repo.start(tmp_path_factory.mktemp("secrets") / "project")


@pytest.mark.parametrize("kind", SETTINGS)
def test_no_secret_of_the_settings_is_told_nor_how_long_it_is(repo: Repo, kind: str) -> None:
    repo.write(".gitignore", "out/\n")
    repo.commit()
    told = []
    for secret in (PLANTED, PLANTED * 7):
        repo.write("Pulumi.dev.yaml", stack(kind, secret))
        told.append(reports(repo))
    assert told[0] == told[1]
    assert PLANTED not in told[0]
    assert SECRET in told[0]


@pytest.mark.parametrize("kind", ["tokens"])
def test_nor_one_that_the_base_has(repo: Repo, kind: str) -> None:
    repo.write(".gitignore", "out/\n")
    told = []
    for secret in (PLANTED, PLANTED * 7):
        repo.write("Pulumi.dev.yaml", stack(kind, secret))
        repo.commit()
        repo.write("Pulumi.dev.yaml", DEV)
        told.append(reports(repo))
    assert told[0] == told[1]
    assert PLANTED not in told[0]
    assert SECRET in told[0]


@pytest.mark.parametrize("kind", SETTINGS)
def test_the_program_is_run_without_them(repo: Repo, kind: str) -> None:
    """Beside the marks in reports: what the program never had, no message of it can tell."""
    path = repo.write("Pulumi.dev.yaml", stack(kind, PLANTED))
    config, secrets = worker._config(path, ["gcp-dev"])
    assert PLANTED not in json.dumps(config)
    assert set(secrets) == {line.split(":")[1] for line in SETTINGS[kind].splitlines() if "MARK" in line}
    assert [cluster["name"] for cluster in json.loads(config["berth:clusters"])] == ["gcp-dev"]


def test_nor_one_that_the_base_has_in_plain_text(repo: Repo) -> None:
    repo.write(".gitignore", "out/\n")
    repo.write("Pulumi.dev.yaml", DEV + f"  berth:deployRepoToken: {PLANTED}\n")
    repo.commit()
    repo.write("Pulumi.dev.yaml", DEV)
    told = reports(repo)
    assert "Pulumi.dev.yaml cannot be read in the base" in told
    assert PLANTED not in told
