"""Quantities compare as Kubernetes compares them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.quantity import is_whole, parse_quantity


@pytest.mark.parametrize(
    ("less", "more"),
    [("999m", "1"), ("1023Mi", "1Gi"), ("1G", "1Gi"), ("1e3", "1001"), ("0.5", "501m"), ("1k", "1Ki"), ("1u", "1m"),
     ("1E", "1Ei"), ("-1", "0"), ("999n", "1u")],
)  # fmt: skip
def test_the_first_is_less_than_the_second(less: str, more: str) -> None:
    assert parse_quantity(less) < parse_quantity(more)


@pytest.mark.parametrize(
    ("one", "other"), [("1", "1000m"), ("1Gi", "1024Mi"), ("1E3", "1k"), (".5", "0.5"), ("1.", "1")]
)
def test_two_ways_to_write_a_quantity_are_equal(one: str, other: str) -> None:
    assert parse_quantity(one) == parse_quantity(other)


@pytest.mark.parametrize("text", ["0", "4", "4.0", "2000m", "1k", "1.5Gi", "1e99", "1E", "9" * 40])
def test_a_quantity_is_whole(text: str) -> None:
    assert is_whole(text)


@pytest.mark.parametrize("text", ["0.5", "500m", "1u", "1500m", "0.0001k", "1e-1"])
def test_a_quantity_is_not_whole(text: str) -> None:
    assert not is_whole(text)


@pytest.mark.parametrize(
    "text", ["", "Gi", "1 Gi", "1gi", "1KB", "1K", "0x1", "1e", "1e3k", "1\n", "--1", "1,5", "\u0661"]
)
def test_what_kubernetes_does_not_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        parse_quantity(text)


@given(st.integers(0, 10**12), st.sampled_from(["", "m", "k", "Mi", "Gi", "e3"]))
def test_a_greater_number_of_a_unit_is_a_greater_quantity(number: int, unit: str) -> None:
    assert parse_quantity(f"{number + 1}{unit}") > parse_quantity(f"{number}{unit}")
