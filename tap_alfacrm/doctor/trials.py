"""Filters that are tried, and how they are judged by the rows that come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_alfacrm.doctor.probe import Reply
    from tap_alfacrm.records.page import Row

OBEYED, IGNORED, NOTHING, UNTRIED = "obeyed", "ignored", "gives nothing", "not tried"


def line(where: str, name: str, verdict: str, why: str = "") -> str:
    """The line of a filter in the table."""
    return f"{where:<18}{name:<30}{verdict}{f': {why}' if why else ''}"


HEAD = line("list", "filter", "what it does")


def judge(reply: Reply, base: Reply, sample: Sequence[Row], fits: Callable[[Row], bool]) -> str:
    """Whether a filter was obeyed.

    Args:
        reply: What came with the filter.
        base: What came without.
        sample: Rows of the list, some of which fit and some do not.
        fits: Whether a row is what was asked for.

    Returns:
        The verdict.
    """
    if not reply.is_given:
        return UNTRIED
    if not reply.items:
        return NOTHING if any(map(fits, sample)) else OBEYED
    if not all(map(fits, reply.items)):
        return IGNORED
    same = reply.total is not None and reply.total == base.total
    return IGNORED if same and not all(map(fits, sample)) else OBEYED
