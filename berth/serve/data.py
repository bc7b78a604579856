"""Rows as pages get them: what `berth status --json` has of them, less what is of no use there."""

from __future__ import annotations

import datetime
from typing import Any

from berth.errors import without_credentials
from berth.status.model import ClusterRow, Row


def row_data(row: Row, team: str) -> dict[str, Any]:
    """A tenant in a cluster. Of its quotas only the fullest: thousands of rows go over the wire."""
    data = row.as_dict() | {"team": team, "message": without_credentials(row.message)}
    data["quota"] = data["quota"][:1]
    return data


NOT_READ = "not read yet"
"""State of a cluster that has neither answered nor failed."""


def cluster_data(row: ClusterRow, since: datetime.datetime | None, *, read: bool = True) -> dict[str, Any]:
    """A cluster; `since` is since when it has been there, or away; `read` is whether either is known."""
    data = row.as_dict() | {"message": without_credentials(row.message)}
    # It is another second with each look; where it matters, the message says so.
    del data["skew"]
    if not read:
        data["state"] = NOT_READ
    return data | {"since": since.isoformat() if since else None}
