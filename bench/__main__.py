"""`make bench`: measures every section, and writes docs/benchmarks.md. `python -m bench SECTION...` measures these
sections alone, and puts them in place of the ones that are in the page."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from bench import agents, clouds, plan, status, tenants
from bench.measure import ROOT
from berth.errors import OperationFailed
from berth.files import write_text

SECTIONS = {
    "clusters": clouds.section,
    "tenants": tenants.section,
    "plans": plan.section,
    "status": status.section,
    "pushes": agents.pushes,
    "convergence": agents.convergence,
    "scale": agents.scale,
}
PAGE = ROOT / "docs" / "benchmarks.md"


def main() -> None:
    asked = sys.argv[1:] or list(SECTIONS)
    unknown = set(asked) - set(SECTIONS)
    if unknown:
        raise SystemExit(f"no such section: {', '.join(sorted(unknown))} (there are {', '.join(SECTIONS)})")
    for name in asked:
        # One by one: what is measured stays, whatever becomes of the rest.
        measured = f"{SECTIONS[name]()}\n{machine()}"
        sys.stdout.write(f"{measured}\n")
        write(PAGE, {name: measured})


def machine() -> str:
    """What a section was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"*Measured on {os.cpu_count()} cores with {memory:.0f} GiB, Python {sys.version.split()[0]}.*\n"


HEAD = """\
# Benchmarks

    make bench

writes this page; `.venv/bin/python -m bench pushes` one section of it. Read the ratios: they compare ways within one
run of a section on one machine. Where it is not said otherwise, a figure is of a whole process, start-up included: the
median of three runs (least to most), and the most memory that a run had.
"""


def write(page: Path, measured: dict[str, str]) -> None:
    """Puts sections into the page, in place of theirs of before; the others stay."""
    before = sections_of(page.read_text("utf-8")) if page.is_file() else {}
    whole = before | measured
    write_text(page, "\n".join([HEAD, *(whole[name] for name in SECTIONS if name in whole)]))


def sections_of(text: str) -> dict[str, str]:
    """The page's sections by name: each begins with its name as a heading."""
    found = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    return {section.splitlines()[0].removeprefix("## ").lower(): f"{section.rstrip()}\n" for section in found}


if __name__ == "__main__":
    try:
        main()
    except OperationFailed as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
