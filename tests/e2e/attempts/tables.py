"""The tables of docs/security.md: every attempt, who makes it, and what refuses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from berth.settings import Engine
from tests.e2e.attempts import ALLOWED, COMMITS, EITHER, LOCKDOWNS, argocd, flux
from tests.e2e.attempts.model import LOCKDOWN, Attempt, Commit, Gap, Refused

_TITLES = {Engine.FLUX: "Flux", Engine.ARGOCD: "Argo CD", None: "either"}


def refused() -> str:
    """What is refused by the API server, whatever the engine."""
    return _table(("Name", "Who", "What", "Refused by"), _attempts(EITHER))


def refused_syncs(attempts: Sequence[Attempt]) -> str:
    """What is refused of one engine's own objects."""
    return _table(("Name", "Who", "What", "Refused by"), _attempts(attempts))


def commits() -> str:
    """What is tried by a commit, and what each engine makes of it."""
    rows = [(item.id, item.what, _answer(item, Engine.FLUX), _answer(item, Engine.ARGOCD)) for item in COMMITS]
    return _table(("Name", "What is in the commit", "Flux", "Argo CD"), rows)


def lockdowns() -> str:
    """What the agent itself refuses where a platform admin has made a mistake."""
    rows = [(item.id, _TITLES[item.engine], item.what, LOCKDOWN if item.message else "passed over")
            for item in LOCKDOWNS]  # fmt: skip
    return _table(("Name", "Engine", "What", "Refused by"), rows)


def allowed() -> str:
    """What must work."""
    rows = [(item.id, item.who.value, item.what, _TITLES[item.engine]) for item in ALLOWED]
    return _table(("Name", "Who", "What", "Engine"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "refused": refused,
    "refused with Flux": lambda: refused_syncs(flux.SYNCS),
    "refused with Argo CD": lambda: refused_syncs(argocd.SYNCS),
    "commits": commits,
    "lockdowns": lockdowns,
    "allowed": allowed,
}
"""By the name that the page has for it."""


def _attempts(attempts: Iterable[Attempt]) -> list[tuple[str, ...]]:
    return [(item.id, item.who.value, item.what, item.by) for item in attempts]


def _answer(item: Commit, engine: Engine) -> str:
    answer = item.answers.get(engine)
    if answer is None:
        return "-"
    if isinstance(answer, Refused):
        return answer.by
    return "**not refused**" if isinstance(answer, Gap) else "stays in A"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
