"""Rows as `berth status --json` has them, and as pages get them: less what is of no use there."""

from __future__ import annotations

import datetime
from typing import Any

from berth.errors import without_credentials
from berth.status.model import ClusterRow, Row


def status_data(row: Row | ClusterRow) -> dict[str, Any]:
    """A tenant in a cluster, or a cluster, whole."""
    return row.as_dict() | {"message": without_credentials(row.message)}


def row_data(row: dict[str, Any], team: str) -> dict[str, Any]:
    """A tenant in a cluster. Of its quotas only the fullest: thousands of rows go over the wire."""
    return row | {"team": team, "quota": row["quota"][:1]}


NOT_READ = "not read yet"
"""State of a cluster that has neither answered nor failed."""


def cluster_data(row: dict[str, Any], since: datetime.datetime | None, *, read: bool = True) -> dict[str, Any]:
    """A cluster; `since` is since when it has been there, or away; `read` is whether either is known."""
    # The clock's difference is another second with each look; where it matters, the message says so.
    data = {name: value for name, value in row.items() if name != "skew"}
    if not read:
        data["state"] = NOT_READ
    return data | {"since": since.isoformat() if since else None}
