"""A Git server over SSH, for tests: real keys, a real host key, and Git itself behind it."""

from __future__ import annotations

import asyncio
import shlex
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import asyncssh

HOST = "127.0.0.1"


class SshKey:
    """A key pair as people make one for an agent."""

    def __init__(self) -> None:
        self._key = asyncssh.generate_private_key("ssh-ed25519")

    @property
    def private(self) -> str:
        return self._key.export_private_key().decode()

    @property
    def public(self) -> bytes:
        return self._key.public_data


class SshGitServer:
    """Serves fetches of the bare repos below `repos` to whoever has one of the keys in `allowed`."""

    def __init__(self, repos: Path) -> None:
        self.repos = repos
        self.allowed: list[SshKey] = []
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._server = self._run(self._listen())
        self.port: int = self._server.get_port()

    def close(self) -> None:
        # Without waiting for whoever is connected still.
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)

    @property
    def known_hosts(self) -> str:
        return f"[{HOST}]:{self.port} {self._host_key.export_public_key().decode().strip()}\n"

    def url(self, repo: str) -> str:
        return f"ssh://git@{HOST}:{self.port}/{repo}"

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            HOST,
            0,
            server_factory=lambda: _Login(self),
            server_host_keys=[self._host_key],
            process_factory=self._serve,
            encoding=None,
        )

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        program, _, repo = (process.command or "").partition(" ")
        path = self.repos / "".join(shlex.split(repo)).lstrip("/")
        if program != "git-upload-pack" or not path.is_dir():
            process.stderr.write(b"only fetching is served here\n")
            process.exit(1)
            return
        pipe = asyncio.subprocess.PIPE
        git = await asyncio.create_subprocess_exec("git", "upload-pack", str(path), stdin=pipe, stdout=pipe)
        await process.redirect(stdin=git.stdin, stdout=git.stdout)
        process.exit(await git.wait())
        await process.wait_closed()


class _Login(asyncssh.SSHServer):
    def __init__(self, server: SshGitServer) -> None:
        self._server = server

    def begin_auth(self, _username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, _username: str, key: asyncssh.SSHKey) -> bool:
        return key.public_data in [allowed.public for allowed in self._server.allowed]
