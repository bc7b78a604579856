"""Lists of an API server as data, of each object what status asks for.

Who made which field is a large part of an object, and nothing that status tells: what is not named here never becomes a
Python object at all.
"""

from __future__ import annotations

from typing import Any, TypedDict

import msgspec

from berth.status.observed import About


class _Item(TypedDict, total=False):
    metadata: About
    spec: Any
    status: Any
    data: Any


class _Page(TypedDict, total=False):
    metadata: Any
    items: list[_Item] | None


_PAGE = msgspec.json.Decoder(_Page)


def page(content: bytes) -> Any:
    """A list's `metadata` and `items`. Raises ValueError for what is no list."""
    try:
        return _PAGE.decode(content)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
