"""Stands in for the providers of the clouds when the real engine runs the program: a provider plugin that takes every
resource, tells what `berth.plan.stand_ins` says a cloud would, and writes down what it was asked to do.

It shows what the engine makes of the program (unknown values, order, what changes what), and nothing about a cloud:
what a cloud takes is shown in tests/published.
"""

from __future__ import annotations

import json
import os
import re
import sys
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN

from berth.plan.stand_ins import answer, computed, echoed

LOG = "BERTH_STANDIN_LOG"
LOOK = "pulumi-python:dynamic/gitops:InstalledAgent"
NOTHING_MISSING: dict[str, Any] = {"missing": [], "unread": []}
"""What a look at an agent finds that is as it must be."""


def _struct(values: dict[str, Any]) -> Struct:
    message = Struct()
    message.update(values)
    return message


class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """Serves any package. Requests and answers are the engine's."""

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="0.0.0")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return self._diff(request)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        return self._diff(request)

    def Create(self, request: Any, context: Any) -> Any:
        _, kind, name = _parts(request.urn)
        inputs = MessageToDict(request.properties)
        if request.preview:
            unknown = dict.fromkeys(computed(kind, name, inputs), UNKNOWN)
            return provider_pb2.CreateResponse(properties=_struct(echoed(kind, inputs) | unknown))
        _log("create", request.urn)
        told = echoed(kind, inputs) | computed(kind, name, inputs) | (NOTHING_MISSING if kind == LOOK else {})
        return provider_pb2.CreateResponse(id=told.get("id", f"{name}-id"), properties=_struct(told))

    def Update(self, request: Any, context: Any) -> Any:
        _, kind, name = _parts(request.urn)
        inputs = MessageToDict(request.news)
        told = echoed(kind, inputs) | computed(kind, name, inputs)
        if not request.preview:
            _log("update", request.urn)
            told |= NOTHING_MISSING if kind == LOOK else {}
        return provider_pb2.UpdateResponse(properties=_struct(told))

    def Delete(self, request: Any, context: Any) -> Any:
        _log("delete", request.urn)
        return Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        told = provider_pb2.InvokeResponse()
        getattr(told, "return").update(answer(request.tok, MessageToDict(request.args)))
        return told

    def Cancel(self, request: Any, context: Any) -> Any:
        return Empty()

    @staticmethod
    def _diff(request: Any) -> Any:
        old, new = MessageToDict(request.old_inputs), MessageToDict(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some if changed else none, diffs=changed)


def _parts(urn: str) -> tuple[str, str, str]:
    """Stack, type and name of a URN; the type without those of its parents."""
    match = re.fullmatch(r"urn:pulumi:(.*?)::.*?::(?:.*\$)?(.*?)::(.*)", urn)
    assert match is not None
    return match[1], match[2], match[3]


def _log(operation: str, urn: str) -> None:
    _, kind, name = _parts(urn)
    line = json.dumps({"operation": operation, "type": kind, "name": name}) + "\n"
    with Path(os.environ[LOG]).open("a", encoding="utf-8") as log:
        log.write(line)


def main() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(StandIn(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
