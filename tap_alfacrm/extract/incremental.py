"""Requesting changed rows only, and checking that the API obeyed (docs/behaviour.md#filters)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from pyroaring import BitMap64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tap_alfacrm.records.row import Row as StructRow

    Row = Mapping[str, Any]

WIDEST_OFFSET = dt.timedelta(hours=12)
"""The zone in which a filter's day begins is undocumented; this far west it begins last."""
DOTTED = "%d.%m.%Y"
ISO = "%Y-%m-%d"


class MissingReplicationKeyError(Exception):
    """The rows do not carry the replication key."""


class DeadFilterError(Exception):
    """A filter by date does not return rows that it should return."""


@dataclass(frozen=True, slots=True)
class IncrementalFilter:
    """A filter by whole days.

    Attributes:
        key: Field of the rows that the filter compares: the replication key.
        name: Name of the filter in the request body.
        date_format: Format of the day in the filter, for `strftime`.
    """

    key: str
    name: str
    date_format: str

    def first_day(self, start: dt.datetime, lookback_days: int) -> dt.date:
        """Return the first day to request for a bookmark.

        Args:
            start: The bookmark.
            lookback_days: Days before the bookmark, for changes that arrived late.
        """
        earliest = start.astimezone(dt.UTC) - WIDEST_OFFSET
        try:
            return earliest.date() - dt.timedelta(days=lookback_days)
        except OverflowError:  # before the first year of the calendar
            return dt.date.min


class Witness(NamedTuple):
    """The first rows of a list, requested without the filter.

    Attributes:
        ids: Their ids, None for a row without a usable one.
        records: The rows, converted.
        total: The API's total of the list, None where it gives none.
        known_count: Number of rows that an earlier run proved the list to have, None if unknown.
    """

    ids: Sequence[int | None]
    records: Sequence[Row | StructRow]
    total: int | None
    known_count: int | None

    @property
    def is_whole(self) -> bool:
        """Whether the list has no other rows."""
        return self.total is not None and self.total <= len(self.ids)

    @property
    def growth(self) -> int:
        """Number of rows by which the list has grown, 0 where that is unknown."""
        if self.total is None or self.known_count is None:
            return 0
        return self.total - self.known_count


class FilterWindow:
    """The rows to request in one branch or in all, from a day on.

    Attributes:
        filters: Filters for the request body; empty where all rows are requested.
        since: The first day, "" where all rows are requested.
        outside: Number of rows returned although they lie before the day.
        newest: The newest replication key of the rows, "" if none has one.
        ids: Ids of the rows returned.
        created: Number of rows that were created after the last complete run.
        known_counts: Number of rows of each list without the filter, as far as it was proven.
        witnesses: The first rows of the lists without the filter, by the name of the list.
        is_unchanged: Whether nothing has changed since the bookmark, so that nothing is requested.
    """

    def __init__(
        self,
        incremental_filter: IncrementalFilter | None = None,
        day: dt.date | None = None,
        bookmark: str = "",
        known_until: str = "",
        known_counts: Mapping[str, int] | None = None,
    ) -> None:
        """Create a window.

        Args:
            incremental_filter: The filter, None where there is nothing to compare.
            day: The first day, None for all rows.
            bookmark: The replication key of a row that lies in the window, "" if none is known.
            known_until: The newest replication key of the last complete run, in all branches.
            known_counts: Number of rows that the last complete run proved each list to have.
        """
        self._key = incremental_filter.key if incremental_filter else None
        self.filters: dict[str, str] = {}
        self.since = ""
        self.outside = 0
        self.ids = BitMap64()
        self.created = 0
        self.newest = ""
        self.witnesses: dict[str, Witness] = {}
        self.is_unchanged = False
        self._earliest = self._inside = ""
        self._bookmark, self._known_until = bookmark, known_until
        self.known_counts = known_counts or {}
        if incremental_filter is not None and day is not None:
            self.filters = {incremental_filter.name: day.strftime(incremental_filter.date_format)}
            self.since = day.isoformat()
            # one day more, because the filter may cut days in a zone west of UTC
            self._earliest = _shifted(day, -1)
            self._inside = _shifted(day, 2)

    def has_key(self, rows: Sequence[Row | StructRow]) -> bool:
        """Whether any of the rows carries the replication key.

        Args:
            rows: A page, as the API returned it.
        """
        return self._key is None or any(row.get(self._key) for row in rows)

    def add(self, ids: Iterable[int | None], records: Sequence[Row | StructRow]) -> None:
        """Add a page.

        Args:
            ids: Ids of its rows.
            records: Those that were emitted.
        """
        if self._key is None:
            return
        if self.filters:
            self.ids.update(identifier for identifier in ids if identifier is not None)
        values = [value for record in records if (value := record.get(self._key)) is not None]
        self.newest = max([self.newest, *values])
        if self.filters:
            self.outside += sum(value < self._earliest for value in values)
            self.created += sum(
                (record.get("created_at") or record.get(self._key) or "") > self._known_until
                for record in records
            )

    @property
    def lacks_bookmark(self) -> bool:
        """Whether not even the row came that set the bookmark, or a later one."""
        is_windowed = bool(self.filters and self._bookmark) and not self.is_unchanged
        return is_windowed and (not self.ids or "" < self.newest < self._bookmark)

    def begins_with_bookmark(self, witness: Witness) -> bool:
        """Whether a list of rows that never change is still as the bookmark left it.

        It has as many rows as then, the newest come first, and none is newer than the bookmark.
        """
        values = [record.get(self._key) or "" for record in witness.records if self._key]
        return (
            bool(values)
            and witness.total is not None
            and witness.total == witness.known_count
            and values == sorted(values, reverse=True)
            and values[0] == self._bookmark
        )

    def hides_rows(self, witnesses: Sequence[Witness], until: str) -> bool:
        """Whether the filter does not work, as far as the first rows without it show.

        It misses a row of these that lies in the window, or the lists have grown by more rows than
        the window brought. Where not even the row came that set the bookmark, it may have been
        deleted. That is certain only if the first rows are all.

        Args:
            witnesses: The first rows of each list.
            until: The start of the run; later changes need not be in the window.
        """
        if self.is_unchanged:
            return False
        for one in witnesses:
            is_deleted = one.is_whole and (one.records or not one.known_count)
            if self.lacks_bookmark and not is_deleted:
                return True
            if any(map(self.misses, one.ids, one.records, repeat(until))):
                return True
        return sum(one.growth for one in witnesses) > self.created

    def misses(self, identifier: int | None, record: Row | StructRow, until: str) -> bool:
        """Whether a record lies in the window and was not returned.

        Args:
            identifier: Its id.
            record: A record that was returned without the filter.
            until: The start of the run; later changes need not be in the window.
        """
        value = record.get(self._key) if self._key is not None else None
        is_inside = value is not None and self._inside <= value < until
        return is_inside and identifier is not None and identifier not in self.ids


def _shifted(day: dt.date, days: int) -> str:
    try:
        return (day + dt.timedelta(days=days)).isoformat()
    except OverflowError:
        return day.isoformat()


class Windows:
    """The windows of a partition: one for all branches, or one for each.

    Attributes:
        is_incremental: Whether windows may exclude rows.
    """

    def __init__(self, open_window: Callable[[int | None], FilterWindow] | None = None) -> None:
        """Create the windows.

        Args:
            open_window: Returns the window of a branch; None requests all rows.
        """
        self.is_incremental = open_window is not None
        self._open_window = open_window or (lambda _: FilterWindow())
        self._by_branch: dict[int | None, FilterWindow] = {}

    def for_branch(self, branch: int | None) -> FilterWindow:
        """Return the window of a branch, or (None) of all branches together."""
        if branch not in self._by_branch:
            self._by_branch[branch] = self._open_window(branch)
        return self._by_branch[branch]

    def items(self) -> Iterable[tuple[int | None, FilterWindow]]:
        """The windows that were used, by branch."""
        return self._by_branch.items()

    @property
    def outside(self) -> int:
        """Number of rows returned although they lie before their window."""
        return sum(window.outside for window in self._by_branch.values())

    @property
    def since(self) -> str:
        """The day from which every window has the changes, "" where none has excluded rows."""
        return max((window.since for window in self._by_branch.values()), default="")

    @property
    def is_partial(self) -> bool:
        """Whether a window has excluded rows."""
        return any(window.filters for window in self._by_branch.values())
