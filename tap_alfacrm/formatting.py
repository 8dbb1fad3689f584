"""Text for logs, errors and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_LISTED = 5
"""Items of a list that a sentence names."""


def number_of(count: int, noun: str) -> str:
    """A number with its noun, such as `1 page` or `1,204 rows`."""
    plural = f"{noun}es" if noun.endswith(("ch", "sh", "s", "x")) else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def list_of(items: Iterable[str]) -> str:
    """Distinct items in a sentence: `a, b and c`, or the first few and how many more."""
    shown = list(dict.fromkeys(items))
    if len(shown) > MOST_LISTED:
        shown = [*shown[:MOST_LISTED], f"{len(shown) - MOST_LISTED:,} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))
