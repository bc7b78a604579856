"""Kubeconfigs of the local fleet: certificates inside, so that one file is all a client needs."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml

from berth.files import write_text
from berth.local.ports import HOST


def kubeconfig(entries: dict[str, tuple[int, Path, str]]) -> dict[str, Any]:
    """A kubeconfig with a context for each entry: context name -> port, folder of certificates, client."""
    config: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [],
        "users": [],
        "contexts": [],
        "current-context": next(iter(entries)),
    }
    for name, (port, certificates, client) in entries.items():
        server = {
            "server": f"https://{HOST}:{port}",
            "certificate-authority-data": _encoded(certificates / "ca.crt"),
        }
        user = {
            "client-certificate-data": _encoded(certificates / f"{client}.crt"),
            "client-key-data": _encoded(certificates / f"{client}.key"),
        }
        config["clusters"].append({"name": name, "cluster": server})
        config["users"].append({"name": name, "user": user})
        config["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
    return config


def write_kubeconfig(path: Path, config: dict[str, Any]) -> None:
    write_text(path, _text(config), mode=0o600)


def says_otherwise(path: Path, config: dict[str, Any]) -> bool:
    """Whether there is a kubeconfig, and it is another one."""
    return path.is_file() and path.read_bytes() != _text(config).encode()


def _text(config: dict[str, Any]) -> str:
    return yaml.safe_dump(config, sort_keys=False)


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
