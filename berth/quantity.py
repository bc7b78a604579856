"""Kubernetes quantities: checked, compared, never rewritten.

The grammar is that of k8s.io/apimachinery `resource.Quantity`: a decimal number with a binary (Ki..Ei) or decimal
(n, u, m, k..E) suffix, or an exponent.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

_QUANTITY: Final = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))"
    r"(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]{1,2}))?\Z"
)
_FACTORS: Final = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "k": Decimal(10) ** 3, "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9, "T": Decimal(10) ** 12, "P": Decimal(10) ** 15, "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10, "Mi": Decimal(2) ** 20, "Gi": Decimal(2) ** 30, "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50, "Ei": Decimal(2) ** 60,
}  # fmt: skip


@lru_cache(maxsize=4096)
def parse_quantity(text: str) -> Decimal:
    """The value of a quantity in its base unit (cores, bytes, objects). Raises ValueError for anything else."""
    match = _QUANTITY.match(text)
    if match is None:
        raise ValueError(f"not a quantity: {text!r}")
    number = Decimal(match["number"])
    if match["exponent"]:
        return number.scaleb(int(match["exponent"]))
    return number * _FACTORS[match["suffix"]] if match["suffix"] else number


def is_whole(text: str) -> bool:
    """Whether a quantity is a whole number of its base unit."""
    value = parse_quantity(text)
    return value == value.to_integral_value()
