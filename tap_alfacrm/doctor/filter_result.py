"""Whether the account obeys a filter, judged by the rows of the response."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_alfacrm.doctor.sender import Response
    from tap_alfacrm.records.page import Row


class FilterResult(StrEnum):
    """What a filter does."""

    OBEYED = "obeyed"
    IGNORED = "ignored"
    EMPTY = "gives nothing"
    NOT_TRIED = "not tried"
    HAS_EFFECT = "has an effect"


def format_row(list_name: str, filter_name: str, result: str, reason: str = "") -> str:
    """Format a row of the table of filters."""
    return f"{list_name:<18}{filter_name:<30}{result}{f': {reason}' if reason else ''}"


HEAD = format_row("list", "filter", "what it does")


def judge_filter(
    filtered: Response, unfiltered: Response, sample: Sequence[Row], matches: Callable[[Row], bool]
) -> FilterResult:
    """Judge whether a filter was obeyed.

    Args:
        filtered: The response with the filter.
        unfiltered: The response without it.
        sample: Rows of the list, of which some match and some do not.
        matches: Whether a row matches the filter.
    """
    if not filtered.is_received:
        return FilterResult.NOT_TRIED
    if not filtered.rows:
        return FilterResult.EMPTY if any(map(matches, sample)) else FilterResult.OBEYED
    if not all(map(matches, filtered.rows)):
        return FilterResult.IGNORED
    same = filtered.total is not None and filtered.total == unfiltered.total
    return FilterResult.IGNORED if same and not all(map(matches, sample)) else FilterResult.OBEYED
