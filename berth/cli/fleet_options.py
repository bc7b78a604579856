"""The options of commands that look at clusters: what they mean is for `fleet` to find out, which loads more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from berth.errors import Problem, did_you_mean, one_of
from berth.status.model import TIMEOUT

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--stack", "-s", "stacks", multiple=True, metavar="STACK",
        help="Only this stack; may be repeated. Default: all stacks.",
    ),
    click.option("--tenant", "-t", "tenants", multiple=True, metavar="NAME",
                 help="Only this tenant; may be repeated."),
    click.option("--cluster", "-c", "clusters", multiple=True, metavar="NAME",
                 help="Only this cluster; may be repeated."),
    click.option(
        "--kubeconfig", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
        help="Reach clusters by the contexts in this file, named like the clusters.",
    ),
    click.option(
        "--context", "contexts", multiple=True, metavar="CLUSTER=CONTEXT",
        help="Reach this cluster by a context of another name; may be repeated.",
    ),
    click.option(
        "--outputs", type=click.File("rb"), metavar="FILE",
        help="Reach clusters by the stack's outputs as JSON, as pulumi prints them; - is stdin.",
    ),
)  # fmt: skip


def fleet_options(command: F) -> F:
    """The options of a command that looks at clusters: their values are `fleet_of`'s arguments."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def timeout_option(command: F) -> F:
    return click.option(
        "--timeout", type=click.FloatRange(1, 600), default=TIMEOUT, show_default=True, metavar="SECONDS",
        help="How long one cluster or Git server may take.",
    )(command)  # fmt: skip


def unknown_names(option: str, asked: Sequence[str], known: list[str]) -> list[Problem]:
    """What is wrong with names that an option was given."""
    return [
        Problem(f"--{option}", 0, 0, "", f'"{name}"', one_of(known), did_you_mean(name, known))
        for name in dict.fromkeys(asked)
        if name not in known
    ]
