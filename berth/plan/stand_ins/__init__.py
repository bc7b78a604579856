"""What clouds tell of a resource once it is made, and what they answer when they are asked: plausible, and always the
same. A function of a provider that no module here knows is an error: the program should need nothing but its files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from berth.plan.stand_ins import aws, azure, gcp

Inputs = dict[str, Any]
COMPUTED: dict[str, Callable[[str, Inputs], Inputs]] = {**aws.COMPUTED, **gcp.COMPUTED, **azure.COMPUTED}
"""Outputs by type token, from the resource's name and inputs."""
ANSWERS: dict[str, Callable[[Inputs], Inputs]] = {
    # Of a stack that was never deployed: what a plan compares with is another commit, not what was deployed last.
    "pulumi:pulumi:readStackOutputs": lambda _: {"outputs": {}},
    **aws.ANSWERS,
    **gcp.ANSWERS,
    **azure.ANSWERS,
}
"""Answers by function token, from its arguments."""
ECHOED: dict[str, Callable[[Inputs], Inputs]] = azure.ECHOED
"""What a resource gives back of its inputs, by type token, where that has another form."""


def echoed(kind: str, inputs: Inputs) -> Inputs:
    return ECHOED[kind](inputs) if kind in ECHOED else inputs


def computed(kind: str, name: str, inputs: Inputs) -> Inputs:
    return COMPUTED[kind](name, inputs) if kind in COMPUTED else {}


def answer(token: str, arguments: Inputs) -> Inputs:
    if token not in ANSWERS:
        raise LookupError(f"the program asks for {token}: it should need nothing but its files")
    return ANSWERS[token](arguments)
