"""What an incremental stream asks for, and whether the API obeyed (docs/behaviour.md#filters)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_alfacrm.records.typed_page import TypedRow

    Row = Mapping[str, Any]

WIDEST_OFFSET = dt.timedelta(hours=12)
"""Nobody has documented in which zone a filter's day is cut; this far west it begins last."""
DOTTED = "%d.%m.%Y"
ISO = "%Y-%m-%d"


class NotIncrementalError(Exception):
    """The rows do not carry the replication key."""


@dataclass(frozen=True, slots=True)
class IncrementalFilter:
    """A filter of whole days.

    Attributes:
        key: Field of the rows that it compares, the replication key.
        filter: Its name.
        style: How it wants a day written.
    """

    key: str
    filter: str
    style: str

    def window(self, start: dt.datetime | None, lookback_days: int) -> FilterWindow:
        """What to ask for.

        Args:
            start: The bookmark; None asks for everything.
            lookback_days: Days to go back behind it, for changes that came late.

        Returns:
            The window.
        """
        if start is None:
            return FilterWindow(self)
        day = (start.astimezone(dt.UTC) - WIDEST_OFFSET).date() - dt.timedelta(days=lookback_days)
        return FilterWindow(self, day)


class FilterWindow:
    """The rows asked for, from a day on.

    Attributes:
        outside: Rows that came although they lie before it.
    """

    def __init__(self, since: IncrementalFilter | None, day: dt.date | None = None) -> None:
        """Describe it.

        Args:
            since: The filter, None where there is nothing to compare.
            day: Its value, None for everything.
        """
        self._since = since
        self._day = day
        self.outside = 0
        # a day more on the west side, for the zone that the filter may be cut in
        self._floor = (day - dt.timedelta(days=1)).isoformat() if day else ""

    @property
    def filters(self) -> dict[str, str]:
        """What the body asks for."""
        if self._since is None or self._day is None:
            return {}
        return {self._since.filter: self._day.strftime(self._since.style)}

    def fits(self, rows: Sequence[Row | TypedRow]) -> bool:
        """Whether any of the rows carries the replication key.

        Args:
            rows: A page, as the API gave it.
        """
        return self._since is None or any(row.get(self._since.key) for row in rows)

    def look(self, record: Row | TypedRow) -> None:
        """Count a record that the filter should have kept out."""
        if self._since is not None and self._floor:
            value = record.get(self._since.key)
            self.outside += value is not None and value < self._floor
