"""The tree of a Git commit, read without touching the working tree, its index or the network."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from berth import git
from berth.errors import InvalidInput, OperationFailed, Problem


@dataclass(frozen=True)
class BaseTree:
    """The project as it stands at `commit`. `blobs` are the object ids of its files by path, from the project."""

    root: Path
    ref: str
    commit: str
    prefix: str
    """Path of the project in its repo: empty, or with a slash at its end."""
    blobs: Mapping[str, str]
    links: frozenset[str] = field(default_factory=frozenset)
    """Files that are symbolic links: their blob says where to."""

    @classmethod
    def of(cls, root: Path, ref: str) -> BaseTree:
        """The tree that `ref` names. Raises InvalidInput where there is none, OperationFailed without Git."""
        try:
            prefix = git.read(root, "rev-parse", "--show-prefix").decode().strip()
        except OperationFailed as error:
            if "not a git repository" not in error.message:
                raise
            raise _wrong(ref, "a project in a Git repo", "without --base, the plan is of all there is") from None
        if ref.startswith("-"):
            raise _wrong(ref, "a branch, tag or commit", "a ref does not begin with a dash")
        try:
            commit = git.read(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").decode().strip()
        except OperationFailed:
            raise _wrong(ref, "a branch, tag or commit that is in this clone", _remedy(root, ref)) from None
        blobs, links = {}, set()
        try:
            listed = git.read(root, "ls-tree", "-r", "-z", "--full-tree", f"{commit}:{prefix}")
        except OperationFailed:
            raise _wrong(ref, f"a commit with {prefix or 'the project'} in it", "name a later one") from None
        for entry in filter(None, listed.split(b"\0")):
            about, _, name = entry.partition(b"\t")
            mode, kind, blob = about.decode().split()
            if kind == "blob":
                path = os.fsdecode(name)
                blobs[path] = blob
                if mode == "120000":
                    links.add(path)
        return cls(root, ref, commit, prefix, blobs, frozenset(links))

    def differs(self, path: str) -> bool:
        """Whether a file of the working tree is another than at the commit, or on one side only.

        Told from its bytes: what Git's index says of it may be old, or told not to look.
        """
        blob, here = self.blobs.get(path), self.root / path
        if blob is None or path in self.links or here.is_symlink() or not here.is_file():
            return blob is not None or here.exists()
        content = here.read_bytes()
        algorithm = hashlib.sha1 if len(blob) == 40 else hashlib.sha256
        return algorithm(b"blob %d\0" % len(content) + content).hexdigest() != blob

    def write(self, paths: Iterable[str], target: Path) -> None:
        """Writes files of the commit below `target`. One Git process, whatever their number."""
        wanted = [path for path in paths if path in self.blobs]
        if not wanted:
            return
        asked = "".join(f"{self.blobs[path]}\n" for path in wanted).encode()
        stream = io.BytesIO(git.read(self.root, "cat-file", "--batch", given=asked))
        for path in wanted:
            size = int(stream.readline().split()[2])
            content = stream.read(size)
            stream.read(1)
            place = target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if path in self.links:
                place.symlink_to(os.fsdecode(content))
            else:
                place.write_bytes(content)

    def extract(self, target: Path) -> None:
        """Writes the whole tree below `target`."""
        packed = git.read(self.root, "archive", "--format=tar", f"{self.commit}:{self.prefix}")
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            # Python before 3.11.4 knows no filters. What Git packs holds no path out of the tree anyway.
            archive.extraction_filter = getattr(tarfile, "tar_filter", None)
            archive.extractall(target)  # noqa: S202 - see above


def uncommitted(root: Path) -> list[str]:
    """Files of the project that differ from the last commit, or that Git does not know yet."""
    listed = git.read(root, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", ".")
    return [os.fsdecode(entry[3:]) for entry in listed.split(b"\0") if entry]


def _wrong(ref: str, expected: str, fix: str) -> InvalidInput:
    return InvalidInput([Problem("--base", 0, 0, "", f'"{ref}"', expected, fix)])


def _remedy(root: Path, ref: str) -> str:
    if git.read(root, "rev-parse", "--is-shallow-repository").strip() == b"true":
        return "this clone is shallow, and holds the last commits only: fetch all (actions/checkout: fetch-depth: 0)"
    branches = git.read(root, "for-each-ref", "--format=%(refname:short)", "refs/remotes").decode().split()
    elsewhere = next((name for name in branches if name.partition("/")[2] == ref), "")
    return f"did you mean {elsewhere}?" if elsewhere else "fetch it first: git fetch"


def files_below(root: Path, *names: str) -> Iterator[str]:
    """Paths of the files at or below `names`, from the project; nothing of what Python writes beside them."""
    for name in names:
        place = root / name
        if place.is_file():
            yield name
        for path in sorted(place.rglob("*")) if place.is_dir() else ():
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(root).as_posix()
