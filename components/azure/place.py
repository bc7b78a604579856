"""Where a cluster's own resources live, and what they are tagged with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class Place:
    """The cluster's subscription, resource group and region. Nothing else lives in the group."""

    subscription: str
    group: pulumi.Input[str]
    """Name of the resource group."""
    region: str
    tags: Mapping[str, str]
