"""Which commit a tenant goes back to where none was named."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from enum import Enum


class Reason(Enum):
    """Why it is that commit, as the command says it."""

    APPLIED = "the last that every cluster has applied well"
    ANSWERED = "the last that every cluster that answers has applied well"
    BEFORE = "the one before the last change; the clusters do not say whether they applied it well"

    def __str__(self) -> str:
        return str(self.value)


def choose(states: Sequence[Hashable], applied: Mapping[str, Collection[Hashable] | None]) -> tuple[int, Reason] | None:
    """The index of the state to go back to, and why it is that one. None where there is none.

    `states` is what the branch held at the tenant's paths, newest first: the first one is what it holds now. `applied`
    has, for each cluster, what it says that it applied well; None where it does not answer.
    """
    older = [index for index, state in enumerate(states) if state != states[0]]
    if not older:
        return None
    answers = [said for said in applied.values() if said is not None]
    for index in older if answers else ():
        if all(states[index] in said for said in answers):
            return index, Reason.APPLIED if len(answers) == len(applied) else Reason.ANSWERED
    return older[0], Reason.BEFORE
