"""Runs the program under Pulumi's mocks and records what it registers, as the engine would be sent it."""

from __future__ import annotations

import asyncio
import json
import runpy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pulumi
import yaml
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, stack
from pulumi.runtime.settings import SETTINGS, reset_options

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Registered:
    """One resource as it was registered. `parent`, `depends_on` and `deleted_with` are URNs."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    provider: str
    depends_on: tuple[str, ...]
    deleted_with: str
    protect: bool


class Recorder(mocks.MockMonitor):
    """A monitor that keeps every request; each resource's outputs are its inputs."""

    def __init__(self) -> None:
        super().__init__(_Echo())
        self.recorded: list[Registered] = []

    def RegisterResource(self, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            self.recorded.append(
                Registered(
                    urn=self.make_urn(request.parent, request.type, request.name),
                    type=request.type,
                    name=request.name,
                    inputs=MessageToDict(request.object),
                    parent=request.parent,
                    provider=request.provider,
                    depends_on=tuple(request.dependencies),
                    deleted_with=request.deletedWith,
                    protect=request.protect,
                )
            )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def of_type(self, kind: str) -> list[Registered]:
        return [resource for resource in self.recorded if resource.type == kind]

    def below(self, urn: str) -> list[Registered]:
        """The children of a resource, in the order of their registration."""
        return [resource for resource in self.recorded if resource.parent == urn]


class _Echo(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: mocks.MockCallArgs) -> NoReturn:
        raise AssertionError(f"the program asks for {args.token}: it should need nothing but its files")


def config_of(path: Path) -> dict[str, str]:
    """A stack file's config as the engine hands it to a program: text, or JSON where a value has structure."""
    values = yaml.safe_load(path.read_text("utf-8"))["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def run_program(
    stack_name: str,
    root: Path = ROOT,
    config: dict[str, str] | None = None,
    *,
    secrets: tuple[str, ...] = (),
    preview: bool = False,
    recorder: Recorder | None = None,
) -> Recorder:
    """Runs `__main__.py` of the project at `root` for a stack. Raises what the program raises."""
    recorder = recorder or Recorder()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    reset_options()
    mocks.set_mocks(_Echo(), project="berth", stack=stack_name, preview=preview, monitor=recorder)
    values = config if config is not None else config_of(root / f"Pulumi.{stack_name}.yaml")
    pulumi.runtime.set_all_config(values, [f"berth:{key}" for key in secrets])
    SETTINGS.rpc_manager.clear()
    try:
        loop.run_until_complete(stack.run_pulumi_func(lambda: _execute(root)))
    finally:
        loop.close()
    return recorder


def _execute(root: Path) -> None:
    runpy.run_path(str(root / "__main__.py"), run_name="__main__")
