"""The command group, and the one place where errors become messages and exit codes.

Exit codes: 0 done; 1 something outside the input failed, or is not as it should be; 2 the input is wrong; 130 Ctrl-C.
What SIGTERM or SIGHUP ends, ends by that signal: 143 or 129 to a shell.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import click

from berth.ending import as_interrupts, at_once
from berth.errors import InvalidInput, OperationFailed

_COMMANDS = {
    "drift": "Show where clusters differ from what Berth declares, and who wrote it.",
    "drill": "Rehearse a bad day on the local fleet, and say how long each step took.",
    "handover": "End a change of engines: take off tenants' objects what the former engine left on them.",
    "kubeconfig": "Put a context for each cluster of a stack into your kubeconfig.",
    "leftovers": "List what clusters still hold of Berth after a `pulumi destroy`, and what keeps it from going.",
    "local": "Run the local fleet: three clusters, their agents and a Git server on this machine.",
    "offboard": "Empty a tenant's namespaces in every cluster, before its file is deleted.",
    "plan": "Show what a change does to every stack, before it is done, with no credentials.",
    "publish": "Commit tenants' objects to the deploy repo, for stacks with `delivery: git`.",
    "render": "Print or write the Kubernetes objects of tenants, as they are to be in their clusters.",
    "rollback": "Put a tenant back to what it was: one commit on a branch, followed until the clusters have it.",
    "schema": "Write the JSON schemas that editors complete and check with.",
    "serve": "Show the fleet as a live page: status, kept up to date, for people and for Prometheus.",
    "status": "Show every tenant in every cluster: what should run, and what runs.",
    "tenant": "Work on tenant files.",
    "validate": "Check every stack, profile and tenant file, and how they fit together.",
}


class _ReaderGone(Exception):
    """A BrokenPipeError that Click does not turn into exit code 1."""


class _Lazy(click.Group):
    """Imports a command's module when it is called: `berth validate` does not wait for what others need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"berth.cli.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderGone from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    metavar="DIR",
    help="The project's folder. Default: the nearest one above with a Pulumi.yaml.",
)
@click.version_option(package_name="berth")
@click.pass_context
def cli(ctx: click.Context, project: Path | None) -> None:
    """A berth for every tenant in every cloud: clusters, GitOps agents and tenants from one set of files."""
    ctx.obj = project


def main() -> None:
    """Runs the command line and exits."""
    _open_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What is printed is YAML and JSON for other programs: UTF-8, whatever the locale says.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    # An interrupt may come before what is asynchronous has begun. Python would tell the person of a forgotten `await`,
    # which the type checker finds.
    warnings.filterwarnings("ignore", message="coroutine .* was never awaited", category=RuntimeWarning)
    # Thousands of tenants are millions of small objects that stay: Python would look through them again and again.
    gc.set_threshold(1_000_000)
    with as_interrupts() as came:
        code, tell = _outcome()
    with at_once():
        if came:
            code, tell = 128 + came[0], partial(_fail, f"ended by {came[0].name}")
        code = _told(code, tell)
        if came:
            # A service manager tells a service that ended as it was told to from one that failed.
            os.kill(os.getpid(), came[0])
        gc.freeze()  # nor need it look through what is left when it ends
        sys.exit(code)


def _outcome() -> tuple[int, Callable[[], None]]:
    """Runs the command. Returns the exit code, and what tells the rest of it."""
    try:
        result: Any = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except InvalidInput as error:
        return 2, partial(_refuse, error)
    except OperationFailed as error:
        return 1, partial(_fail, error.message, error.hint)
    except click.ClickException as error:
        return error.exit_code, error.show
    except (KeyboardInterrupt, click.Abort):
        return 128 + signal.SIGINT, partial(_fail, "interrupted")
    except (BrokenPipeError, _ReaderGone):
        return 0, _leave_stdout
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return 1, partial(_fail, f"{where}{error.strerror or error}")
    return result if isinstance(result, int) else 0, lambda: None


def _refuse(error: InvalidInput) -> None:
    from berth.cli.output import problems

    problems(error, as_json="--json" in sys.argv)


def _fail(message: str, hint: str = "") -> None:
    from berth.cli.output import failure

    failure(message, hint)


def _told(code: int, tell: Callable[[], None]) -> int:
    """Tells the rest. Returns the exit code: whom it cannot tell, it still tells that."""
    try:
        tell()
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_stdout()
    except OSError as error:
        _leave_stdout()
        code = code or 1
        with suppress(OSError):
            _fail(error.strerror or str(error))
    return code


def _leave_stdout() -> None:
    """The reader (head, a pager) has seen enough: what is still to be written goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_closed() -> None:
    """Opens the standard streams that were closed, to nowhere: else Python has none to print to, and the first file
    that is opened has its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))
