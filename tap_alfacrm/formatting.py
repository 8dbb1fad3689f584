"""Text for logs, errors and reports."""

from __future__ import annotations


def number_of(count: int, noun: str) -> str:
    """A number with its noun, such as `1 page` or `1,204 rows`."""
    plural = f"{noun}es" if noun.endswith(("ch", "sh", "s", "x")) else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"
