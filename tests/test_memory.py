"""Memory does not grow with the number of rows."""

from __future__ import annotations

import pytest

from benchmarks.measure import memory


@pytest.mark.parametrize(
    "rows", [50_000, pytest.param(1_000_000, marks=pytest.mark.soak)], ids=["many", "a million"]
)
def test_memory_does_not_grow_with_customers(rows: int) -> None:
    assert memory(rows) <= memory(10_000) + 40


@pytest.mark.soak
def test_memory_does_not_grow_with_requests_in_flight_where_pages_are_large() -> None:
    """A page of 2,000 custom fields has 16 MB; eight of them, parsed, took more than a GB."""
    assert memory(6_000, 2_000) <= memory(6_000, 2_000, in_flight=1) + 150
