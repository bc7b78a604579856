"""The plan as one HTML file: a matrix of tenants by clusters, a resource tree a cluster, diffs side by side.

The file works from disk and asks nobody for anything: style, script and data are in it, and its own policy forbids the
browser to load more. The data is compressed: the objects of 1,000 tenants in three clusters are some ten megabytes.
"""

from __future__ import annotations

import base64
import zlib
from json import dumps

from berth.look import page_of
from berth.plan.model import Plan
from berth.plan.page.data import page_data


def page(plan: Plan) -> str:
    """The whole page. The same plan gives the same bytes."""
    text = dumps(page_data(plan), ensure_ascii=False, separators=(",", ":"))
    packed = base64.b64encode(zlib.compress(text.encode("utf-8"), 6)).decode("ascii")
    return page_of(__package__, _title(plan), data=packed)


def _title(plan: Plan) -> str:
    return f"Plan: {', '.join(stack.name for stack in plan.stacks)}" if plan.stacks else "Plan"
