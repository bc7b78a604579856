"""Small API servers that answer lists over TLS, many in one process: `python -m bench.status.simulated FOLDER CLUSTERS
TENANTS DELAY`. Each answer waits for `DELAY` seconds, which stands for the way to a cluster elsewhere. Watches stay
open, and nothing ever happens."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from bench.status.objects import COMMIT, KINDS, URL, agent, cluster_names, name_of, node, path_of, tenant_objects
from berth.local import pki

_VERSION = {"major": "1", "minor": "36", "gitVersion": "v1.36.3"}


def answers(tenants: int) -> dict[str, bytes]:
    """By path, the body of each answer."""
    items: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    everything = [*agent(), node()]
    for index in range(tenants):
        everything += tenant_objects(name_of(index), URL, COMMIT)
    for item in everything:
        items[item["kind"]].append(item)
    found = {path_of(kind): _list(kind, listed) for kind, listed in items.items()}
    core, groups = _discovery()
    return found | {"/version": _body(_VERSION), "/api": _body(core), "/apis": _body(groups)}


def _list(kind: str, items: list[Any]) -> bytes:
    return _body({"apiVersion": KINDS[kind][0], "kind": f"{kind}List", "metadata": {"resourceVersion": "1"},
                  "items": items})  # fmt: skip


def _discovery() -> tuple[dict[str, Any], dict[str, Any]]:
    """The kinds, as kubectl asks for them before anything else."""
    groups: dict[str, dict[str, list[Any]]] = {}
    for kind, (api_version, plural) in KINDS.items():
        group, _, version = api_version.rpartition("/")
        scope = "Cluster" if kind in ("Node", "Namespace") else "Namespaced"
        groups.setdefault(group, {}).setdefault(version, []).append(
            {
                "resource": plural,
                "responseKind": {"group": group, "version": version, "kind": kind},
                "scope": scope,
                "singularResource": kind.lower(),
                "verbs": ["get", "list"],
            }
        )
    head = {"apiVersion": "apidiscovery.k8s.io/v2", "kind": "APIGroupDiscoveryList", "metadata": {}}
    listed = [
        {
            "metadata": {"name": group} if group else {},
            "versions": [{"version": name, "resources": known, "freshness": "Current"} for name, known in all_.items()],
        }
        for group, all_ in groups.items()
    ]
    core = [each for each in listed if not each["metadata"]]
    return {**head, "items": core}, {**head, "items": [each for each in listed if each["metadata"]]}


def _body(data: Any) -> bytes:
    return json.dumps(data).encode()


async def _serve(
    bodies: dict[str, bytes], delay: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answers the requests of one connection, one after the other."""
    try:
        while request := await reader.readuntil(b"\r\n\r\n"):
            path, _, query = request.split(b" ", 2)[1].decode().partition("?")
            await asyncio.sleep(delay)
            if "watch=true" in query.split("&"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                await reader.read()  # until whoever watches goes
                return
            body = bodies.get(path)
            writer.write(_head(path, body) + (body or b"{}"))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def _head(path: str, body: bytes | None) -> bytes:
    kind = "application/json"
    if path in ("/api", "/apis"):
        kind += ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    status = "200 OK" if body is not None else "404 Not Found"
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body or b'{}')}\r\n\r\n".encode()


async def main(folder: Path, clusters: int, tenants: int, delay: float) -> None:
    """Serves until it is ended. Writes FOLDER/kubeconfig when all clusters answer."""
    pki.ensure(folder / "pki", {})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pki" / "apiserver.crt", folder / "pki" / "apiserver.key")
    bodies = answers(tenants)
    config: dict[str, Any] = {"clusters": [], "contexts": [], "users": [{"name": "me", "user": {"token": "t"}}]}
    running = []
    for name in cluster_names(clusters):
        server = await asyncio.start_server(partial(_serve, bodies, delay), "127.0.0.1", 0, ssl=context, limit=2**16)
        port = server.sockets[0].getsockname()[1]
        about = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(folder / "pki" / "ca.crt")}
        config["clusters"].append({"name": name, "cluster": about})
        config["contexts"].append({"name": name, "context": {"cluster": name, "user": "me"}})
        running.append(server.serve_forever())
    ready = folder / "kubeconfig.new"
    ready.write_text(yaml.safe_dump(config), "utf-8")
    ready.rename(folder / "kubeconfig")
    await asyncio.gather(*running)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
