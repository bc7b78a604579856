"""A registry with one chart in two versions, over TLS on loopback: as much as Helm asks one for."""

from __future__ import annotations

import hashlib
import io
import json
import ssl
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from berth.local import pki

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


@dataclass(frozen=True)
class Registry:
    chart: str
    """Address of the chart."""
    digests: dict[str, str]
    """Digest of each version."""
    authority: Path
    """What the registry's certificate is signed by."""


@contextmanager
def serving(folder: Path, *versions: str) -> Iterator[Registry]:
    """The registry, for as long as the context lasts; its certificates are kept in the folder."""
    blobs: dict[str, bytes] = {}
    digests = {version: _store(blobs, version) for version in versions}
    pki.ensure(folder, {})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "apiserver.crt", folder / "apiserver.key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(blobs, digests))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Registry(f"oci://127.0.0.1:{server.server_port}/charts/small", digests, folder / "ca.crt")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _store(blobs: dict[str, bytes], version: str) -> str:
    """Adds a chart of this version. Returns its digest."""
    about = {"apiVersion": "v2", "name": "small", "version": version}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as files:
        content = json.dumps(about).encode()
        entry = tarfile.TarInfo("small/Chart.yaml")
        entry.size = len(content)
        files.addfile(entry, io.BytesIO(content))
    config, layer = json.dumps(about).encode(), archive.getvalue()
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, "digest": _add(blobs, config), "size": len(config)},
        "layers": [{"mediaType": _CHART, "digest": _add(blobs, layer), "size": len(layer)}],
    }
    return _add(blobs, json.dumps(manifest).encode())


def _add(blobs: dict[str, bytes], content: bytes) -> str:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    blobs[digest] = content
    return digest


def _handler(blobs: dict[str, bytes], digests: dict[str, str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Blobs by digest, manifests also by version."""
            name = self.path.rsplit("/", 1)[1]
            digest = digests.get(name, name)
            content = blobs.get(digest, b"")
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", _MANIFEST if "/manifests/" in self.path else "application/octet-stream")
            self.send_header("Docker-Content-Digest", digest)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler
