"""The files of the deploy repo at a commit, or in its working tree as a commit of it would hold them.

Everything is read from Git objects. Those of the working tree are written beside the repo, into a folder that goes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from berth.errors import InvalidInput, OperationFailed, Problem
from berth.git import read

LINK = "120000"
_MODULE = "160000"


@dataclass(frozen=True)
class Entry:
    """A file or a symbolic link: Git's mode, and the id of what is in it."""

    mode: str
    blob: str


@dataclass(frozen=True)
class Snapshot:
    """All files of the repo, by path."""

    repo: DeployRepo
    files: dict[str, Entry]
    _identities: dict[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.files)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every directory with a file in or below it; the repo itself is the empty one."""
        found = {""}
        for path in self.files:
            while "/" in path and (path := path.rpartition("/")[0]) not in found:
                found.add(path)
        return frozenset(found)

    def below(self, folder: str) -> Iterator[tuple[str, Entry]]:
        """Files below a directory, in order, by their paths in the repo."""
        prefix = f"{folder}/" if folder else ""
        for index in range(bisect_left(self._sorted, prefix), len(self._sorted)):
            path = self._sorted[index]
            if not path.startswith(prefix):
                return
            yield path, self.files[path]

    def identity(self, folder: str) -> str:
        """The same for two directories with the same files in them."""
        if folder not in self._identities:
            self._identities[folder] = self._digest(folder)
        return self._identities[folder]

    def _digest(self, folder: str) -> str:
        digest = sha256()
        for path, entry in self.below(folder):
            digest.update(f"{path[len(folder) :]}\0{entry.mode}\0{entry.blob}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def read(self, path: str) -> bytes:
        """The content of a file. Of a link: where it leads to."""
        blob = self.files[path].blob
        return self._manifests[blob] if blob in self._manifests else self.repo.blobs([blob])[0]

    @cached_property
    def _manifests(self) -> dict[str, bytes]:
        """Contents of all that may name other files, read at once: a process for each would take longer than builds."""
        named = (entry.blob for path, entry in self.files.items() if path.endswith((".yaml", ".yml", "Kustomization")))
        ids = sorted(set(named))
        return dict(zip(ids, self.repo.blobs(ids), strict=True))

    def write(self, folder: str, target: Path, *, links: bool) -> None:
        """Writes a directory to the same path below `target`. Without `links`, links are left out, as Flux does."""
        wanted = [(path, entry) for path, entry in self.below(folder) if links or entry.mode != LINK]
        for (path, entry), content in zip(wanted, self.repo.blobs([e.blob for _, e in wanted]), strict=True):
            place = target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if entry.mode == LINK:
                place.symlink_to(os.fsdecode(content))
            else:
                place.write_bytes(content)


@dataclass(frozen=True)
class DeployRepo:
    """A clone of the deploy repo."""

    root: Path
    environment: dict[str, str] = field(repr=False)
    """What git gets beside this process's own."""
    asked_for: str = ""
    """The folder of the repo that was named in place of the whole; agents know the whole only."""
    _snapshots: dict[str, Snapshot] = field(default_factory=dict, repr=False)

    @classmethod
    @contextmanager
    def opened(cls, root: Path) -> Iterator[DeployRepo]:
        """The clone that `root` is in. Raises InvalidInput where it is in none, OperationFailed without Git."""
        with tempfile.TemporaryDirectory(prefix="berth-deploy-repo-") as folder:
            found = cls(root, {})
            try:
                top = Path(found.git("rev-parse", "--show-toplevel").decode().strip())
                objects = Path(root, found.git("rev-parse", "--git-path", "objects").decode().strip()).resolve()
                folder_in_it = found.git("rev-parse", "--show-prefix").decode().strip()
            except (OperationFailed, NotADirectoryError):
                expected = "a clone of the deploy repo, with its working tree"
                raise InvalidInput([Problem("--deploy-repo", 0, 0, "", f'"{root}"', expected)]) from None
            own = Path(folder, "objects")
            own.mkdir()
            yield cls(
                top,
                {
                    "GIT_INDEX_FILE": str(Path(folder, "index")),
                    "GIT_OBJECT_DIRECTORY": str(own),
                    "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects),
                },
                folder_in_it,
            )

    def git(self, *arguments: str, given: bytes | None = None) -> bytes:
        """What git prints. It neither asks nor fetches. Raises OperationFailed with its own message."""
        return read(self.root, *arguments, given=given, environment=self.environment)

    def working_tree(self) -> Snapshot:
        """The files as a commit of all of them would hold them now: what is ignored is not in it."""
        index = Path(self.environment["GIT_INDEX_FILE"])
        place = self.root / os.fsdecode(self._plain("rev-parse", "--git-path", "index").strip())
        if place.is_file():
            # What it knows of files that have not changed need not be read again. With its own time: Git looks again at
            # files that are as young as the index.
            shutil.copy2(place, index)
        self.git("add", "--all", "--", ".")
        return self._snapshot(self.git("write-tree").decode().strip())

    def _plain(self, *arguments: str) -> bytes:
        environment = {key: value for key, value in self.environment.items() if key != "GIT_INDEX_FILE"}
        return DeployRepo(self.root, environment).git(*arguments)

    def at(self, commit: str) -> Snapshot:
        """The files at a commit."""
        return self._snapshot(commit)

    def commit(self, ref: str) -> str:
        """The commit that a ref of this clone names, or an empty text where it has none of the name."""
        if ref.startswith("-"):
            return ""
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").decode().strip()
        except OperationFailed:
            return ""

    def shallow(self) -> bool:
        return self.git("rev-parse", "--is-shallow-repository").strip() == b"true"

    def remotes(self) -> list[str]:
        """The addresses of the clone's remotes."""
        try:
            lines = self.git("config", "--get-regexp", r"^remote\..*\.url$").decode().splitlines()
        except OperationFailed:
            return []
        return [line.partition(" ")[2] for line in lines]

    def blobs(self, ids: list[str]) -> list[bytes]:
        """Contents, in the order asked for. One Git process."""
        if not ids:
            return []
        packed = self.git("cat-file", "--batch", given="".join(f"{blob}\n" for blob in ids).encode())
        found, at = [], 0
        for _ in ids:
            end = packed.index(b"\n", at)
            size = int(packed[at:end].split()[2])
            found.append(packed[end + 1 : end + 1 + size])
            at = end + size + 2
        return found

    def _snapshot(self, tree: str) -> Snapshot:
        if tree not in self._snapshots:
            files = {}
            for entry in filter(None, self.git("ls-tree", "-r", "-z", "--full-tree", tree).split(b"\0")):
                about, _, name = entry.partition(b"\t")
                mode, _, blob = about.decode().split()
                if mode != _MODULE:  # another repo, which the agents do not fetch
                    files[os.fsdecode(name)] = Entry(mode, blob)
            self._snapshots[tree] = Snapshot(self, files)
        return self._snapshots[tree]
