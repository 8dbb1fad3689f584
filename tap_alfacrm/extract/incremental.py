"""Requesting changed rows only, and checking that the API obeyed (docs/behaviour.md#filters)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_alfacrm.records.typed_page import TypedRow

    Row = Mapping[str, Any]

WIDEST_OFFSET = dt.timedelta(hours=12)
"""The zone in which a filter's day begins is undocumented; this far west it begins last."""
DOTTED = "%d.%m.%Y"
ISO = "%Y-%m-%d"


class MissingReplicationKeyError(Exception):
    """The rows do not carry the replication key."""


@dataclass(frozen=True, slots=True)
class IncrementalFilter:
    """A filter by whole days.

    Attributes:
        key: Field of the rows that the filter compares: the replication key.
        name: Name of the filter in the request body.
        date_format: How the filter wants a day written, for `strftime`.
    """

    key: str
    name: str
    date_format: str

    def window(self, start: dt.datetime | None, lookback_days: int) -> FilterWindow:
        """Return the window that starts at a bookmark.

        Args:
            start: The bookmark; None opens the window to all rows.
            lookback_days: Days before the bookmark, for changes that arrived late.
        """
        if start is None:
            return FilterWindow(self)
        day = (start.astimezone(dt.UTC) - WIDEST_OFFSET).date() - dt.timedelta(days=lookback_days)
        return FilterWindow(self, day)


class FilterWindow:
    """The rows to request, from a day on.

    Attributes:
        filters: Filters for the request body; empty where all rows are requested.
        outside: Number of rows returned although they lie before the day.
    """

    def __init__(
        self, incremental_filter: IncrementalFilter | None = None, day: dt.date | None = None
    ) -> None:
        """Create a window.

        Args:
            incremental_filter: The filter, None where there is nothing to compare.
            day: The first day, None for all rows.
        """
        self._key = incremental_filter.key if incremental_filter else None
        self.filters: dict[str, str] = {}
        self.outside = 0
        self._earliest = ""
        if incremental_filter is not None and day is not None:
            self.filters = {incremental_filter.name: day.strftime(incremental_filter.date_format)}
            # one day more, because the filter may cut days in a zone west of UTC
            self._earliest = (day - dt.timedelta(days=1)).isoformat()

    def has_key(self, rows: Sequence[Row | TypedRow]) -> bool:
        """Whether any of the rows carries the replication key.

        Args:
            rows: A page, as the API returned it.
        """
        return self._key is None or any(row.get(self._key) for row in rows)

    def count_outside(self, records: Iterable[Row | TypedRow]) -> None:
        """Count records that the filter should have excluded."""
        if self._key is not None and self._earliest:
            for record in records:
                value = record.get(self._key)
                self.outside += value is not None and value < self._earliest
