"""What a path is built from: its kustomization files and what they name, as far as that is in the repo.

Read before kustomize runs, so that what is on a network, or outside what the agent sees, is refused with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Any

from berth.plan.deploy_repo.manifests import Unreadable, documents
from berth.plan.deploy_repo.snapshots import LINK, Snapshot

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_LISTS = ("resources", "bases", "components", "crds", "configurations", "transformers", "generators", "validators",
          "patchesStrategicMerge")  # fmt: skip
"""Keys of a kustomization whose items are paths, or manifests written out."""
_HOLDERS = ("patches", "patchesJson6902", "replacements", "configMapGenerator", "secretGenerator", "openapi")
"""Keys whose values hold paths under one of `_PATHS`."""
_PATHS = ("path", "paths", "files", "envs", "env")
_REMOTE = re.compile(r"https?:|[a-z+]*://|git@|git::|(www\.)?github\.com[/:]|[^/]+\.[a-z]+/.*\?ref=", re.IGNORECASE)


@dataclass
class References:
    """What was found on the way."""

    remote: list[tuple[str, str]] = field(default_factory=list)
    """What is on a network: the file that names it, and what it names."""
    outside: list[tuple[str, str]] = field(default_factory=list)
    """What is outside the directory that was looked in: the file that names it, and the path."""
    links: list[tuple[str, str]] = field(default_factory=list)
    """Symbolic links that lead out of it, and where to."""
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """Files that were not read, and why. kustomize could read them nevertheless, and follow what they name anywhere."""
    beside: bool = False
    """Whether single files are named that are outside their kustomization's own directory."""
    read: set[str] = field(default_factory=set)
    """What is in the repo and is built from: directories, and files outside of the one that names them."""


def references(snapshot: Snapshot, folder: str, path: str) -> References:
    """What the build of `path` names, where only `folder` is there. An empty `folder` is the whole repo."""
    found = References()
    queue, seen = [normpath(path)], set()
    while queue:
        here = queue.pop()
        own = kustomization_in(snapshot, here)
        found.read.add(here)
        if own is None or here in seen:
            continue
        seen.add(here)
        names = [(own, name) for name in _read(snapshot, own, found)]
        for file, name in names:
            place = normpath(f"{here}/{name}")
            if _REMOTE.match(name) and place not in snapshot.files and place not in snapshot.folders:
                found.remote.append((file, name))
            elif not _inside(place, folder):
                found.outside.append((file, name))
            elif place in snapshot.folders:
                queue.append(place)
            else:
                if not _inside(place, here):
                    found.beside = True
                    found.read |= {place} & snapshot.files.keys()
                if place in snapshot.files and file == own:
                    # A transformer or generator in a file of its own names files too.
                    names += [(place, inner) for inner in _read(snapshot, place, found)]
    found.links += [
        (link, target)
        for link, target in _links(snapshot, folder)
        if target.startswith("/") or not _inside(normpath(f"{link.rpartition('/')[0]}/{target}"), folder)
    ]
    return found


def kustomization_in(snapshot: Snapshot, folder: str) -> str | None:
    """The kustomization file of a directory, or None."""
    prefix = "" if folder in ("", ".") else f"{folder}/"
    return next((f"{prefix}{name}" for name in NAMES if f"{prefix}{name}" in snapshot.files), None)


def plain_files(snapshot: Snapshot, folder: str) -> list[str]:
    """What Flux applies of a directory without a kustomization: all YAML in and below it, and directories below that
    have a kustomization of their own; by path from the directory."""
    prefix = "" if folder in ("", ".") else f"{folder}/"
    below = [path for path, entry in snapshot.below(prefix.rstrip("/")) if entry.mode != LINK]
    overlays = {path.rpartition("/")[0] for path in below if path.rpartition("/")[2] in NAMES}
    found = set()
    for path in below:
        parents = [path[:index] for index, letter in enumerate(path) if letter == "/" and index >= len(prefix)]
        owner = next((parent for parent in parents if parent in overlays), None)
        if owner is not None:
            found.add(owner[len(prefix) :])
        elif path.endswith((".yaml", ".yml")):
            found.add(path[len(prefix) :])
    return sorted(found)


def _inside(place: str, folder: str) -> bool:
    if place.startswith(("../", "/")) or place == "..":
        return False
    return folder in ("", ".") or place == folder or place.startswith(f"{folder}/")


def _read(snapshot: Snapshot, path: str, found: References) -> Iterator[str]:
    """What a file names. One that cannot be read is put down as such."""
    plugin = path.rpartition("/")[2] not in NAMES
    if plugin and (not path.endswith((".yaml", ".yml")) or b"builtin" not in snapshot.read(path)):
        return
    try:
        read = documents(snapshot.read(path))
        yield from _named_by_plugins(read) if plugin else _named(read)
    except Unreadable as error:
        found.unreadable.append((path, str(error)))


def _named(read: list[Any]) -> Iterator[str]:
    for document in read:
        if not isinstance(document, dict):
            continue
        for key in _LISTS:
            for item in _items(document.get(key)):
                yield from _paths_in(item)
        for key in _HOLDERS:
            yield from _held(document.get(key))


def _paths_in(item: Any) -> Iterator[str]:
    """The path that an item is, or those in a manifest that is written out in its place."""
    if isinstance(item, str) and "\n" in item:
        yield from _held(documents(item))
    elif isinstance(item, str):
        yield item


def _held(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _held(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in _PATHS:
                # Of a generator's files, what stands before = is the key in the object.
                yield from (text.rpartition("=")[2] for text in _items(inner) if isinstance(text, str))
            elif isinstance(inner, dict | list):
                yield from _held(inner)


def _named_by_plugins(read: list[Any]) -> Iterator[str]:
    for document in read:
        if isinstance(document, dict) and document.get("apiVersion") == "builtin":
            yield from _held(document)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []


def _links(snapshot: Snapshot, folder: str) -> Iterator[tuple[str, str]]:
    for path, entry in snapshot.below(folder):
        if entry.mode == LINK:
            yield path, snapshot.read(path).decode(errors="replace")
