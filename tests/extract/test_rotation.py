"""Which branches a run counts where it need not count all: none is left out for long."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tap_alfacrm.extract.rotation import Rotation, checksum_of

TODAY = dt.date(2026, 3, 2)
DAYS = 7
CHECKSUMS = dict.fromkeys(range(1, 6), "rows")


def run(
    rotation: Rotation, day: int, checksums: dict[int, str] = CHECKSUMS
) -> tuple[Rotation, set[int]]:
    """A complete run so many days later; returns what the next one knows, and what was counted."""
    rotation.begin(TODAY + dt.timedelta(days=day), DAYS)
    due = rotation.select_due(checksums)
    for branch in due:
        rotation.note_counted({branch: checksums[branch]})
    rotation.accept()
    return Rotation(rotation.to_state()), due


def counted_once() -> Rotation:
    """What is known after the first run."""
    return run(Rotation(), 0)[0]


def quiet_day() -> int:
    """A day on which none of the branches has its turn."""
    return next(day for day in range(1, DAYS) if not run(counted_once(), day)[1])


def test_each_branch_is_counted_once_within_the_days() -> None:
    rotation, first = run(Rotation(), 0)
    assert first == set(CHECKSUMS)
    counted: list[int] = []
    for day in range(1, DAYS + 1):
        rotation, due = run(rotation, day)
        assert len(due) <= 1
        counted += due
    assert sorted(counted) == [*CHECKSUMS]
    last = dict.fromkeys(CHECKSUMS, DAYS)
    for day in range(DAYS + 1, 60):
        rotation, due = run(rotation, day)
        last |= dict.fromkeys(due, day)
        assert all(day - counted < DAYS for counted in last.values())


@pytest.mark.parametrize(
    ("checksums", "due"),
    [
        (CHECKSUMS, set()),
        ({**CHECKSUMS, 4: "other rows"}, {4}),
        ({**CHECKSUMS, 4: ""}, {4}),
        ({**CHECKSUMS, 9: "rows"}, {9}),
        (dict.fromkeys(CHECKSUMS, "other rows"), set(CHECKSUMS)),
        ({}, set()),
    ],
)
def test_a_branch_is_counted_where_its_rows_are_others(
    checksums: dict[int, str], due: set[int]
) -> None:
    assert run(counted_once(), quiet_day(), checksums)[1] == due


@pytest.mark.parametrize("day", [DAYS, DAYS + 3, 400, -1])
def test_after_a_pause_all_are_counted(day: int) -> None:
    assert run(counted_once(), day)[1] == set(CHECKSUMS)


def test_a_run_that_is_not_complete_leaves_the_counts_to_the_next() -> None:
    rotation = counted_once()
    changed = {**CHECKSUMS, 3: "other rows"}
    rotation.begin(TODAY + dt.timedelta(days=quiet_day()), DAYS)
    for _ in range(2):
        assert rotation.select_due(changed) == {3}
        rotation.note_counted({3: changed[3]})
    rotation.accept()
    assert not rotation.select_due(changed)


def test_a_checksum_differs_where_ids_do() -> None:
    checksums = [checksum_of(ids) for ids in ([], [1], [1, 2], [12], [1, 2**40])]
    assert len(set(checksums)) == len(checksums)
    assert checksum_of([3, 1, 2]) == checksum_of([1, 2, 3])


def test_one_day_counts_all_in_each_run() -> None:
    rotation = counted_once()
    assert rotation.select_due(CHECKSUMS) == set(CHECKSUMS)  # before a run begins
    rotation.begin(TODAY, 1)
    assert rotation.select_due(CHECKSUMS) == set(CHECKSUMS)
    known = rotation.to_state()
    rotation.note_counted({3: "other rows"})
    rotation.accept()
    assert rotation.to_state() == known


@pytest.mark.parametrize(
    "saved", [None, [], "1", {"1": None}, {"1": ""}, {"1": "rows"}, {"1": "2026-02-30 rows"}]
)
def test_an_unusable_state_counts_all(saved: Any) -> None:
    assert run(Rotation(saved), 0)[1] == set(CHECKSUMS)
