"""A secret in plain text is refused, and no output shows it."""

from __future__ import annotations

import pytest

from berth.errors import InvalidInput
from berth.settings import stack_from_config
from berth.settings.credentials import CredentialKind, GitCredential
from tests.support import Sandbox

SECRET = "hunter2-s3cr3t"  # noqa: S105 - planted, to be looked for
DIGITS = "0123456701234567"

PLANTED = {
    "token": f"  berth:deployRepoToken: {SECRET}\n",
    "quoted token": f'  berth:deployRepoToken: "{SECRET}"\n',
    "token of digits": f"  berth:deployRepoToken: {DIGITS}\n",
    "key": f"  berth:deployRepoSshKey: |\n    -----BEGIN KEY-----\n    {SECRET}\n  berth:knownHosts: x y z\n",
    "wrong key inside": f"  berth:deployRepoToken: {{secret: {SECRET}}}\n",
    "digits inside": f"  berth:deployRepoToken: {{value: {DIGITS}}}\n",
    "more than secure": f"  berth:deployRepoToken: {{secure: v1:x, plain: {SECRET}}}\n",
    "list": f"  berth:deployRepoToken: [{SECRET}]\n",
    "misspelt setting": f"  berth:deployRepoTokn: {SECRET}\n",
    "twice": f"  berth:deployRepoToken: {{secure: v1:x}}\n  berth:deployRepoToken: {SECRET}\n",
    "tagged": f"  berth:deployRepoToken: !secret {SECRET}\n",
}  # fmt: skip


@pytest.mark.parametrize("lines", list(PLANTED.values()), ids=list(PLANTED))
@pytest.mark.parametrize(
    "arguments", [("validate",), ("validate", "--json"), ("render", "--stack", "dev")], ids=" ".join
)
def test_a_planted_secret_is_refused_and_not_shown(sandbox: Sandbox, lines: str, arguments: tuple[str, ...]) -> None:
    sandbox.stack("config:\n", f"config:\n{lines}")
    ended = sandbox.run(*arguments)
    assert ended.code == 2
    assert SECRET not in ended.everything
    assert DIGITS not in ended.everything


@pytest.mark.parametrize(
    "url",
    [f"https://user:{SECRET}@git.example.com/deploy.git", f"https://{SECRET}@git.example.com/deploy.git",
     f"ssh://git:{SECRET}@git.example.com/deploy.git", f"https://user:{SECRET}@git.example.com/with space.git"],
    ids=["password", "token", "ssh", "otherwise wrong"],
)  # fmt: skip
def test_a_credential_in_a_url_is_refused_and_not_shown(sandbox: Sandbox, url: str) -> None:
    sandbox.stack("https://git.example.com/deploy.git", f'"{url}"')
    sandbox.tenant(f'source: {{url: "{url}"}}\n')
    ended = sandbox.run("validate")
    assert ended.code == 2
    assert SECRET not in ended.everything
    assert {line.split(":")[0] for line in ended.err.splitlines()[:-1]} == {"Pulumi.dev.yaml", "tenants/acme.yaml"}


def test_an_encrypted_secret_is_accepted_and_not_kept(sandbox: Sandbox) -> None:
    sandbox.setting(f"berth:deployRepoToken: {{secure: {SECRET}}}")
    stack = sandbox.load().stack("dev")
    assert SECRET not in repr(stack.settings)
    assert sandbox.cluster().credential == GitCredential(CredentialKind.TOKEN)


def test_an_encrypted_secret_is_in_no_rendered_object(sandbox: Sandbox) -> None:
    sandbox.setting(f"berth:deployRepoToken: {{secure: {SECRET}}}")
    ended = sandbox.run("render", "--stack", "dev")
    assert ended.code == 0
    assert SECRET not in ended.everything


def test_the_engine_s_path_shows_no_secret_of_the_file_either(sandbox: Sandbox) -> None:
    sandbox.setting(f"berth:deployRepoToken: {SECRET}")
    values = {"environment": "dev", "deployRepoToken": "not encrypted"}
    with pytest.raises(InvalidInput) as raised:
        stack_from_config("dev", values, sandbox.root / "Pulumi.dev.yaml", sandbox.root)
    assert SECRET not in str(raised.value)
    assert any("deployRepoToken" in problem.path for problem in raised.value.problems)
