"""The client for a cluster, as the person or the CI job that asks for status: with what their kubeconfig says.

Login programs are run here and not by lightkube. It knows no v1 of their protocol and no `env: null`, which kubectl
writes; it does not tell them about the cluster; it leaves them running when the time is up, and the terminal to them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from berth.errors import InvalidInput, OperationFailed
from berth.kubeconfig import Entry, default_paths, existing_entry, find, read_config
from berth.settings import Cluster, ExistingSettings

_LONGEST = 500
"""Characters of a login program's complaint that a message shows."""


async def connect(root: Path, cluster: Cluster, timeout: float) -> Any:
    """A lightkube AsyncClient. Logging in takes at most `timeout` seconds, and so does each request.

    Raises OperationFailed.
    """
    # A cluster in a cloud may be behind the proxy that the environment names, as for kubectl.
    return await client_of(entry_of(root, cluster), timeout, proxied=not isinstance(cluster.settings, ExistingSettings))


async def client_of(entry: Entry, timeout: float, *, proxied: bool) -> Any:
    """The same for an entry of a kubeconfig; `proxied` is whether the environment's proxy counts."""
    import httpx
    from lightkube import AsyncClient, KubeConfig
    from lightkube.core.exceptions import ConfigError

    user = await logged_in(entry, timeout)
    try:
        return AsyncClient(
            config=KubeConfig.from_dict(Entry(entry.name, entry.cluster, user, entry.context).config()).get(),
            timeout=httpx.Timeout(timeout),
            trust_env=proxied,
            proxy=entry.cluster.get("proxy-url") or None,
        )
    except ConfigError as error:
        raise OperationFailed(" ".join(str(error).split())) from None


@contextmanager
def answering(timeout: float) -> Iterator[None]:
    """Raises OperationFailed for whatever keeps an API server from answering, in one line."""
    import httpx

    try:
        yield
    except (TimeoutError, httpx.TimeoutException):
        raise OperationFailed(f"the API server does not answer within {timeout:.0f} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:  # the last: no certificate
        raise OperationFailed(" ".join(str(error).split()) or type(error).__name__) from None
    except (KeyError, RecursionError) as error:  # lightkube misses a header of a proxy's answer; JSON without end
        if isinstance(error, KeyError) and error.args != ("Content-Type",):
            raise
        raise OperationFailed("what answers is no API server") from None


def entry_of(root: Path, cluster: Cluster) -> Entry:
    """Where a cluster is and how to log in: what its stack names, else the person's own kubeconfig.

    Raises OperationFailed.
    """
    try:
        if isinstance(cluster.settings, ExistingSettings):
            return existing_entry(root, cluster, cluster.settings)
        files = [(path, config) for path in default_paths() if (config := read_config(path)) is not None]
        entry = find(files, cluster.name, cluster.name)
    except InvalidInput as error:
        raise OperationFailed(str(error.problems[0])) from None
    if entry is None:
        raise OperationFailed(
            f"your kubeconfig has no context {cluster.name}; run: berth kubeconfig --stack {cluster.stack}"
        )
    return entry


async def logged_in(entry: Entry, timeout: float) -> dict[str, Any]:
    """What the kubeconfig says of the user, with the credential in place of the program or the file that has it.

    Raises OperationFailed, OSError.
    """
    user = dict(entry.user)
    if not user.get("token") and (file := user.pop("tokenFile", None)):
        user["token"] = Path(file).read_text("utf-8").strip()
    login = user.pop("exec", None)
    if not login:
        return user
    program, status = str(login.get("command")), {}
    try:
        async with asyncio.timeout(timeout):
            status = _status(program, await _run(login, _about(entry)))
    except TimeoutError:
        raise OperationFailed(f"{program} gave no token within {timeout:.0f} s") from None
    if status.get("token"):
        return user | {"token": status["token"]}
    return user | {
        f"client-{key}-data": base64.b64encode(str(status.get(f"client{key.title()}Data")).encode()).decode()
        for key in ("certificate", "key")
    }


def _about(entry: Entry) -> str:
    """What client-go tells a login program, in KUBERNETES_EXEC_INFO."""
    spec: dict[str, Any] = {"interactive": False}
    if entry.login.get("provideClusterInfo"):
        spec["cluster"] = dict(entry.cluster)
    version = entry.login.get("apiVersion")
    return json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": spec})


async def _run(login: Mapping[str, Any], about: str) -> bytes:
    """Runs a login program and returns what it prints. It ends when the caller's time is up, and all it started."""
    stated = {item["name"]: item["value"] for item in login.get("env") or []}
    environment = {**os.environ, **stated, "KUBERNETES_EXEC_INFO": about}
    program = str(login.get("command"))
    found = shutil.which(program, path=environment.get("PATH"))
    if found is None:
        hint = " ".join(str(login.get("installHint") or "").split())
        raise OperationFailed(f"{program} is not on PATH" + (f"; {hint}" if hint else ""))
    await asyncio.sleep(0)  # what came while modules loaded: an interrupt that meets a program's start ends neither
    process = await asyncio.create_subprocess_exec(
        found,
        *(login.get("args") or []),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        printed, told = await process.communicate()
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(TimeoutError):
            # Not for ever: what left the group may still hold the pipes.
            await asyncio.wait_for(process.wait(), 1)
        raise
    if process.returncode != 0:
        raise OperationFailed(f"{program}: {_on_one_line(told) or f'exit code {process.returncode}'}")
    return printed


def _on_one_line(told: bytes) -> str:
    """What a program told, without line breaks and terminal escapes. What to do may stand in any line of it."""
    text = " ".join(told.decode(errors="replace").split())
    return "".join(filter(str.isprintable, text))[:_LONGEST]


def _status(program: str, printed: bytes) -> dict[str, Any]:
    try:
        status = json.loads(printed)["status"]
        if status.get("token") or (status.get("clientCertificateData") and status.get("clientKeyData")):
            credential: dict[str, Any] = status
            return credential
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise OperationFailed(f"{program} printed no token")
