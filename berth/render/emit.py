"""Rendered objects as YAML text, byte for byte the same for the same objects."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import yaml

from berth.render.objects import Object


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


@lru_cache(maxsize=1024)
def _document(compact: str) -> str:
    # A tenant's guard-rails are the same in each of its clusters. Comparing them as JSON is ten times cheaper than
    # writing them as YAML again.
    text: str = yaml.dump(json.loads(compact), Dumper=_Dumper, sort_keys=False, width=2**16, allow_unicode=True)
    return text


def to_yaml(objects: Iterable[Object]) -> str:
    """A stream of YAML documents, each beginning with `---`."""
    return "".join(f"---\n{_document(json.dumps(item))}" for item in objects)
