"""Kubernetes objects as Pulumi resources: the typed class where pulumi_kubernetes has one, else a custom resource."""

from __future__ import annotations

import functools
import importlib
import re
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from berth.render import Object

_SUFFIXES = (".authorization.k8s.io", ".k8s.io")
"""What pulumi_kubernetes leaves out of an API group's name: rbac.authorization.k8s.io is `rbac`."""


_MADE_BY_KUBERNETES = {("ServiceAccount", "default")}
"""Objects that every namespace has by itself. Registered as patches: Pulumi owns the fields stated, not the object, and
need not be allowed to take over objects that it finds."""


def register(name: str, item: Object, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    """Registers an object with exactly its fields as inputs."""
    patch = "Patch" if (item["kind"], item["metadata"]["name"]) in _MADE_BY_KUBERNETES else ""
    kind = typed_class(item["apiVersion"], item["kind"] + patch)
    if kind is None:
        fields = {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}
        return CustomResource(name, api_version=item["apiVersion"], kind=item["kind"], opts=opts, **fields)
    fields = {_snake(key): value for key, value in item.items() if key not in ("apiVersion", "kind")}
    resource: pulumi.CustomResource = kind(name, opts=opts, **fields)
    return resource


@functools.cache
def typed_class(api_version: str, kind: str) -> Any:
    """The class of pulumi_kubernetes for an API version and kind; None where it has none."""
    group, _, version = api_version.rpartition("/")
    for suffix in _SUFFIXES:
        group = group.removesuffix(suffix)
    if "." in group:
        return None
    try:
        module = importlib.import_module(f"pulumi_kubernetes.{group or 'core'}.{version}")
    except ModuleNotFoundError:
        return None
    return getattr(module, kind, None)


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower()
