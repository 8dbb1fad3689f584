"""Memory stays flat, however many rows there are."""

from __future__ import annotations

import pytest

from benchmarks.measure import memory


@pytest.mark.parametrize(
    "rows", [50_000, pytest.param(1_000_000, marks=pytest.mark.soak)], ids=["many", "a million"]
)
def test_more_customers_take_hardly_more_memory(rows: int) -> None:
    assert memory(rows) <= memory(10_000) + 40
