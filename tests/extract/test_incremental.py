"""The day to request, and whether the rows show that the filter was obeyed."""

from __future__ import annotations

import datetime as dt
import sys
import time
from typing import Any

import pytest

from tap_alfacrm.extract.incremental import (
    DOTTED,
    ISO,
    FilterWindow,
    IncrementalFilter,
    Windows,
    Witness,
)

BY_CHANGE = IncrementalFilter("updated_at", "updated_at_from", DOTTED)
BOOKMARK = "2025-03-10T06:00:00Z"
DAY = dt.date(2025, 3, 9)


def window(known_until: str = BOOKMARK) -> FilterWindow:
    return FilterWindow(BY_CHANGE, DAY, BOOKMARK, known_until)


def changed(value: str | None, created: str | None = None) -> dict[str, Any]:
    return {"updated_at": value, "created_at": created}


@pytest.mark.parametrize(
    ("start", "lookback", "day"),
    [
        (dt.datetime(2025, 3, 10, 12, tzinfo=dt.UTC), 0, dt.date(2025, 3, 10)),
        (dt.datetime(2025, 3, 10, 11, 59, tzinfo=dt.UTC), 0, dt.date(2025, 3, 9)),
        (dt.datetime(2025, 3, 10, 12, tzinfo=dt.UTC), 14, dt.date(2025, 2, 24)),
        (
            dt.datetime(2025, 3, 10, 13, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            0,
            dt.date(2025, 3, 9),
        ),
        (dt.datetime(1, 1, 5, tzinfo=dt.UTC), 10, dt.date.min),
    ],
)
def test_the_first_day_lies_twelve_hours_and_the_lookback_before_the_bookmark(
    start: dt.datetime, lookback: int, day: dt.date
) -> None:
    assert BY_CHANGE.first_day(start, lookback) == day


@pytest.mark.skipif(sys.platform == "win32", reason="the zone of a process cannot be set there")
def test_the_first_day_does_not_depend_on_the_zone_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = dt.datetime(2025, 3, 10, 11, 59, tzinfo=dt.UTC)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        assert BY_CHANGE.first_day(start, 0) == dt.date(2025, 3, 9)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_window_requests_from_its_day_on() -> None:
    assert window().filters == {"updated_at_from": "09.03.2025"}
    by_day = IncrementalFilter("added", "date_from", ISO)
    assert FilterWindow(by_day, DAY).filters == {"date_from": "2025-03-09"}
    assert FilterWindow(BY_CHANGE, None, BOOKMARK).filters == {}
    assert FilterWindow().filters == {}


def test_rows_carry_the_key_if_any_of_them_does() -> None:
    assert window().has_key([changed(None), changed("2025-03-09")])
    assert not window().has_key([changed(None), changed(""), {}])
    assert FilterWindow().has_key([{}])


def test_rows_before_the_window_are_counted_with_a_day_for_the_zone() -> None:
    one = window()
    one.add([], [changed("2025-03-08"), changed("2025-03-07T23:59:59Z"), changed(None)])
    one.add([], [changed("2024-01-01"), changed("2025-03-09T00:00:00Z")])
    assert one.outside == 2
    assert one.newest == "2025-03-09T00:00:00Z"
    one.add([], [changed("2025-01-01")])
    assert one.newest == "2025-03-09T00:00:00Z"


def test_without_a_filter_nothing_is_outside_and_the_newest_row_counts() -> None:
    one = FilterWindow(BY_CHANGE)
    one.add([1, 2], [changed("2024-01-01"), changed("2025-03-09")])
    assert (one.outside, one.created, one.newest) == (0, 0, "2025-03-09")
    assert not one.ids
    other = FilterWindow()
    other.add([1], [changed("2024-01-01")])
    assert (other.newest, other.outside) == ("", 0)


@pytest.mark.parametrize(
    ("known_until", "created"), [(BOOKMARK, 2), ("2025-03-11T00:00:00Z", 0), ("2025-02-28", 4)]
)
def test_rows_created_since_the_last_complete_run_are_counted(
    known_until: str, created: int
) -> None:
    one = window(known_until)
    one.add(
        [],
        [
            changed("2025-03-11", "2025-03-11T00:00:00Z"),
            changed("2025-03-11", "2025-03-01T00:00:00Z"),
            changed("2025-03-11", BOOKMARK),
            changed("2025-03-11"),  # created when, is unknown: at the change at the latest
            changed(None),
        ],
    )
    assert one.created == created
    one.add([], [changed("2025-03-12")])
    assert one.created == created + 1


@pytest.mark.parametrize(
    ("ids", "newest", "lacks"),
    [
        ([], "", True),
        ([1], "2025-03-09T00:00:00Z", True),
        ([1], BOOKMARK, False),
        ([1], "2025-03-11T00:00:00Z", False),
        ([1], None, False),  # the rows carry no key
        ([None], BOOKMARK, True),
    ],
)
def test_a_window_lacks_its_bookmark_unless_that_row_or_a_later_one_came(
    ids: list[int | None], newest: str | None, *, lacks: bool
) -> None:
    one = window()
    one.add(ids, [changed(newest)] if newest != "" else [])
    assert one.lacks_bookmark is lacks


def test_only_a_window_with_a_bookmark_can_lack_it() -> None:
    assert not FilterWindow(BY_CHANGE, DAY).lacks_bookmark
    assert not FilterWindow(BY_CHANGE, None, BOOKMARK).lacks_bookmark


@pytest.mark.parametrize(
    ("identifier", "value", "misses"),
    [
        (2, "2025-03-11", True),
        (2, "2025-03-12T09:59:59Z", True),
        (1, "2025-03-12", False),  # it came
        (None, "2025-03-12", False),
        (2, None, False),
        (2, "2025-03-10T23:59:59Z", False),  # the edge of the window depends on the zone
        (2, "2025-03-12T10:00:00Z", False),  # changed since the start of the run
    ],
)
def test_a_row_that_the_window_should_hold_is_missed(
    identifier: int | None, value: str | None, *, misses: bool
) -> None:
    one = window()
    one.add([1], [changed("2025-03-12")])
    assert one.misses(identifier, changed(value), "2025-03-12T10:00:00Z") is misses
    assert not FilterWindow().misses(identifier, changed(value), "2025-03-12T10:00:00Z")


def witness(rows: dict[int, str], total: int | None = 90, known_count: int | None = 90) -> Witness:
    return Witness([*rows], [changed(value) for value in rows.values()], total, known_count)


NEWEST_FIRST = {9: BOOKMARK, 8: "2025-03-10T06:00:00Z", 4: "2025-02-01T10:00:00Z"}


@pytest.mark.parametrize(
    ("first_rows", "is_unchanged"),
    [
        (witness(NEWEST_FIRST), True),
        (witness({9: BOOKMARK}, 1, 1), True),
        (witness(NEWEST_FIRST, total=91), False),
        (witness(NEWEST_FIRST, total=89), False),
        (witness(NEWEST_FIRST, total=None), False),
        (witness(NEWEST_FIRST, known_count=None), False),
        (witness(NEWEST_FIRST, None, None), False),
        (witness({10: "2025-03-10T06:00:01Z", **NEWEST_FIRST}), False),  # one is new, one gone
        (witness({4: "2025-02-01T10:00:00Z", 9: BOOKMARK}), False),  # new ones may come later
        (witness({9: BOOKMARK, 4: "2025-02-01", 5: "2025-02-02"}), False),
        (witness({4: "2025-02-01T10:00:00Z"}), False),  # the newest is gone
        (witness({}, 0, 0), False),
    ],
)
def test_rows_that_never_change_are_all_known_where_the_list_begins_as_it_did(
    first_rows: Witness, *, is_unchanged: bool
) -> None:
    assert window().begins_with_bookmark(first_rows) is is_unchanged
    assert not FilterWindow().begins_with_bookmark(first_rows)


@pytest.mark.parametrize(
    ("first_rows", "created", "hides"),
    [
        (witness({1: "2025-03-12"}), None, False),
        (witness({2: "2025-03-12"}), None, True),  # it lies in the window
        (witness({2: "2025-02-12"}), None, False),
        (witness({1: "2025-03-12"}, total=91), None, True),  # a row more, and none is new
        (witness({1: "2025-03-12"}, total=91), "2025-03-12", False),
        (witness({1: "2025-03-12"}, total=92), "2025-03-12", True),
        (witness({1: "2025-03-12"}, total=89), None, False),
        (witness({1: "2025-03-12"}, total=None), None, False),
        (witness({1: "2025-03-12"}, known_count=None), None, False),
    ],
)
def test_the_first_rows_show_whether_the_filter_hides_others(
    first_rows: Witness, created: str | None, *, hides: bool
) -> None:
    one = window()
    one.add([1], [changed("2025-03-12", created or "2025-03-01")])
    assert one.hides_rows([first_rows], "2025-03-13") is hides
    assert one.hides_rows([witness({1: "2025-03-12"}), first_rows], "2025-03-13") is hides
    one.is_unchanged = True  # nothing was requested
    assert not one.hides_rows([first_rows], "2025-03-13")
    assert not one.lacks_bookmark


@pytest.mark.parametrize(
    ("first_rows", "hides"),
    [
        (witness({4: "2025-02-01"}, 1, 2), False),  # the row that set the bookmark was deleted
        (witness({}, 0, 0), False),
        (witness({}, 0, None), False),
        (witness({}, 0, 1), True),  # a failure looks alike
        (witness({4: "2025-02-01"}, 2, 2), True),  # not all rows are seen
        (witness({4: "2025-02-01"}, None, 2), True),
    ],
)
def test_only_a_whole_list_shows_that_the_row_of_the_bookmark_was_deleted(
    first_rows: Witness, *, hides: bool
) -> None:
    assert window().hides_rows([first_rows], "2025-03-13") is hides


def test_the_edges_of_the_calendar_are_no_error() -> None:
    for day in (dt.date.min, dt.date.max):
        one = FilterWindow(BY_CHANGE, day, BOOKMARK)
        one.add([1], [changed("2025-03-12")])
        assert one.outside == (day == dt.date.max)


def test_each_branch_has_a_window_of_its_own() -> None:
    opened: list[int | None] = []

    def open_window(branch: int | None) -> FilterWindow:
        opened.append(branch)
        return FilterWindow(BY_CHANGE, DAY if branch == 2 else None)

    windows = Windows(open_window)
    assert windows.is_incremental
    assert windows.for_branch(1) is windows.for_branch(1)
    partial = [windows.is_partial]
    windows.for_branch(2).add([], [changed("2024-01-01")])
    windows.for_branch(3)
    partial.append(windows.is_partial)
    assert partial == [False, True]
    assert windows.outside == 1
    assert [branch for branch, _ in windows.items()] == opened == [1, 2, 3]


def test_without_windows_all_rows_are_requested() -> None:
    windows = Windows()
    assert not windows.is_incremental
    assert windows.for_branch(None).filters == {}
    assert (windows.is_partial, windows.outside) == (False, 0)
