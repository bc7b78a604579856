"""The engine of a fleet: chosen at the first `up`, then kept, until another one is asked for.

The former engine goes on running until the next deploy has taken its sync objects away: they have finalizers that only
it can take off.
"""

from __future__ import annotations

from pathlib import Path

from berth.files import write_text
from berth.local.build import ARGO_CD, FLUX
from berth.local.paths import FleetPaths, read_word
from berth.settings.kinds import Engine

VERSIONS = {Engine.FLUX: FLUX, Engine.ARGOCD: ARGO_CD}
"""The release that the fleet's programs are of."""


def recorded(paths: FleetPaths) -> Engine | None:
    """The engine that the fleet has; None where there is no fleet yet."""
    if engine := _read(paths.engine):
        return engine
    # Fleets were made before there was a choice.
    return Engine.FLUX if paths.clusters.is_dir() else None


def former(paths: FleetPaths) -> Engine | None:
    """The engine that the fleet had before, where that one has not let go yet."""
    return _read(paths.former_engine)


def _read(path: Path) -> Engine | None:
    said = read_word(path, Engine, "engine")
    return Engine(said) if said else None


def choose(asked: Engine | None, paths: FleetPaths, default: Engine) -> Engine:
    """What was asked for, else what the fleet has, else the default."""
    return asked or recorded(paths) or default


def record(paths: FleetPaths, engine: Engine) -> None:
    """The fleet has this engine from now on. Another one that it had is the former one."""
    before = recorded(paths)
    if before not in (None, engine):
        write_text(paths.former_engine, f"{before}\n")
    write_text(paths.engine, f"{engine}\n")


def forget_former(paths: FleetPaths) -> None:
    paths.former_engine.unlink(missing_ok=True)
