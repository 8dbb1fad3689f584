"""What is recognized for a whole column at once."""

from __future__ import annotations

from typing import Any

import pytest

from tap_alfacrm.records.fits import are_distinct_digits, are_integer_lists


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        (["1", "20", "300"], True),
        (["007", "0"], True),
        (["9" * 18, "1"], True),
        (["9" * 19, "1"], False),  # may have more than 64 bits
        (["1", ""], False),
        (["1", None], False),
        (["1", 2], False),
        (["-1", "2"], False),
        (["1 ", "2"], False),
        (["١", "2"], False),
        (["²", "2"], False),
        (["1", "1", "1", "1"], False),  # a cache is faster
        ([], False),
    ],
)
def test_distinct_digits(values: list[Any], fits: bool) -> None:  # noqa: FBT001 - parametrized
    assert are_distinct_digits(values) is fits


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        ([[1, 2], [3]], True),
        ([[], None, [1]], True),
        ([None, None], True),
        ([[2**63 - 1], [-(2**63)]], True),
        ([[2**63]], False),
        ([[1], [-(2**63) - 1]], False),
        ([[1, None]], False),
        ([[1], ["1"]], False),
        ([[True]], False),
        ([[1.0]], False),
        ([[1], ""], False),
        ([[1], {}], False),
        ([[1], 2], False),
    ],
)
def test_integer_lists(values: list[Any], fits: bool) -> None:  # noqa: FBT001 - parametrized
    assert are_integer_lists(values) is fits
