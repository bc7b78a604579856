"""Runs the program under Pulumi's mocks and records what it registers, as the engine would be sent it."""

from __future__ import annotations

import asyncio
import json
import runpy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, stack
from pulumi.runtime.settings import SETTINGS, reset_options

from berth.plan.stand_ins import answer, computed, echoed


@dataclass(frozen=True)
class Registered:
    """One resource as it was registered. `parent`, `depends_on`, `deleted_with`, `aliases` and `uses` are URNs."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    provider: str
    depends_on: tuple[str, ...]
    deleted_with: str
    protect: bool
    ignore_changes: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    id: str = ""
    """What its cloud calls it, as the mocks make it up."""
    uses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By input: what its value comes from."""


class Recorder(mocks.MockMonitor):
    """A monitor that keeps every request. A resource's outputs are its inputs and, but in a first preview, what its
    cloud would tell (`berth.plan.stand_ins`); in a preview all else is unknown, as it is to the engine."""

    def __init__(self, *, preview: bool = False) -> None:
        super().__init__(_Echo(preview))
        self.recorded: list[Registered] = []
        self.outputs: dict[str, dict[str, Any]] = {}
        """What components and the stack registered as their outputs, by URN."""
        self._known_by: dict[str, tuple[str, ...]] = {}
        """Aliases by URN: children inherit them."""
        self.invoked: list[tuple[str, dict[str, Any], str]] = []
        """What was asked of providers: the function, its arguments and the provider."""

    def RegisterResource(self, request: Any) -> Any:
        answered = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            urn = self.make_urn(request.parent, request.type, request.name)
            self._known_by[urn] = self._aliases(request)
            self.recorded.append(
                Registered(
                    urn=urn,
                    type=request.type,
                    name=request.name,
                    inputs=_ordered(MessageToDict(request.object)),
                    parent=request.parent,
                    provider=request.provider,
                    depends_on=tuple(request.dependencies),
                    deleted_with=request.deletedWith,
                    protect=request.protect,
                    ignore_changes=tuple(request.ignoreChanges),
                    aliases=self._known_by[urn],
                    id=answered.id,
                    uses={key: tuple(found.urns) for key, found in request.propertyDependencies.items() if found.urns},
                )
            )
        return answered

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self.outputs[request.urn] = MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> Any:
        if not request.tok.startswith("pulumi:"):
            self.invoked.append((request.tok, MessageToDict(request.args), request.provider))
        return super().Invoke(request)  # type: ignore[no-untyped-call]

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine makes it, with the types of all that it is below: the stack's is none of them."""
        above = parent.split("::")[2] if parent else ""
        qualified = type_ if above in ("", "pulumi:pulumi:Stack") else f"{above}${type_}"
        urn: str = super().make_urn("", qualified, name)
        return urn

    def of_type(self, kind: str) -> list[Registered]:
        return [resource for resource in self.recorded if resource.type == kind]

    def below(self, urn: str) -> list[Registered]:
        """The children of a resource, by URN."""
        return [resource for resource in self.recorded if resource.parent == urn]

    def _aliases(self, request: Any) -> tuple[str, ...]:
        """URNs that a resource was known by: its own, and those that follow from its parent's. What an alias leaves out
        is as it is now."""
        found = list(request.aliasURNs)
        for alias in request.aliases:
            if alias.urn:
                found.append(alias.urn)
                continue
            parent = "" if alias.spec.noParent else alias.spec.parentUrn or request.parent
            found.append(self.make_urn(parent, alias.spec.type or request.type, alias.spec.name or request.name))
        return (*found, *self._inherited(request, found))

    def _inherited(self, request: Any, own: list[str]) -> Iterator[str]:
        """URNs below what the parent was known by, of the child as it is called now and as it was called. A name that
        begins with the parent's began with its former name: the engine's rule, as children are called `{name}-part`."""
        names = [(request.type, request.name), *(_type_and_name(urn) for urn in own)]
        parent = _type_and_name(request.parent)[1] if request.parent else ""
        for former in self._known_by.get(request.parent, ()):
            for kind, name in names:
                called = _type_and_name(former)[1] + name.removeprefix(parent) if name.startswith(parent) else name
                yield self.make_urn(former, kind, called)


def _type_and_name(urn: str) -> tuple[str, str]:
    *_, qualified, name = urn.split("::", 3)
    return qualified.rpartition("$")[2], name


def _ordered(value: Any) -> Any:
    """The value with the keys of every mapping sorted: the protocol carries them in no order."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    return value


class _Echo(mocks.Mocks):
    def __init__(self, preview: bool) -> None:
        self.preview = preview

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        given_back = echoed(args.typ, dict(args.inputs))
        if self.preview:
            return None, given_back
        outputs = given_back | computed(args.typ, args.name, args.inputs)
        return outputs.get("id", f"{args.name}-id"), outputs

    def call(self, args: mocks.MockCallArgs) -> Any:
        return answer(args.token, dict(args.args))


def config_of(path: Path) -> dict[str, str]:
    """A stack file's config as the engine hands it to a program: text, or JSON where a value has structure."""
    values = yaml.safe_load(path.read_text("utf-8"))["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def run_program(
    stack_name: str,
    root: Path,
    config: dict[str, str] | None = None,
    *,
    secrets: tuple[str, ...] = (),
    preview: bool = False,
    recorder: Recorder | None = None,
) -> Recorder:
    """Runs `__main__.py` of the project at `root` for a stack. Raises what the program raises.

    `secrets` are keys of the config under `berth:` that the engine would hand over as secrets.
    """
    recorder = recorder or Recorder(preview=preview)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    reset_options()
    mocks.set_mocks(recorder.mocks, project="berth", stack=stack_name, preview=preview, monitor=recorder)
    values = config if config is not None else config_of(root / f"Pulumi.{stack_name}.yaml")
    pulumi.runtime.set_all_config(values, [f"berth:{key}" for key in secrets])
    SETTINGS.rpc_manager.clear()
    try:
        loop.run_until_complete(stack.run_pulumi_func(lambda: _execute(root)))
    finally:
        loop.close()
    # What was registered first is chance: registrations wait for each other's values only.
    recorder.recorded.sort(key=lambda item: item.urn)
    return recorder


def _execute(root: Path) -> None:
    runpy.run_path(str(root / "__main__.py"), run_name="__main__")
