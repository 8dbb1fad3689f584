"""Archived rows, whatever the account makes of the filter that requests them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, serve
from tap_alfacrm.records.page import Page
from tap_alfacrm.streams.archived import ALL, ARCHIVED, find_archive

if TYPE_CHECKING:
    from tests.test_misbehaviour import Sync

STREAMS = ("customers", "groups", "teachers")


@pytest.fixture
def account() -> Account:
    return Account.build(
        leads=14, clients=11, archived_leads=9, archived_clients=6, branches=2, groups=9, teachers=6
    )


@pytest.mark.parametrize(
    ("active", "archived", "whole", "found"),
    [
        # the total and the first id of each list
        ((5, 1), (3, 9), (8, 1), ARCHIVED),
        ((5, 1), (5, 9), (10, 1), ARCHIVED),
        ((5, 1), (0, None), (5, 1), ARCHIVED),
        ((0, None), (3, 9), (3, 9), ARCHIVED),
        ((0, None), (0, None), (0, None), ARCHIVED),
        ((None, 1), (None, 9), (None, 1), ARCHIVED),
        ((5, 1), (3, None), (8, 1), ARCHIVED),
        ((5, 1), (5, 1), (5, 1), None),
        ((5, 1), (5, 1), (None, 1), None),
        ((5, 1), (6, 1), (5, 1), None),  # a row was added meanwhile
        ((None, 1), (None, 1), (None, 1), None),
        ((5, 1), (5, 1), (8, 1), ALL),
        ((5, 1), (5, 1), (10, 1), ALL),
        ((5, 1), (5, 9), (8, 1), ALL),
        ((5, 1), (0, None), (8, 1), ALL),
        ((5, 1), (8, 1), (8, 1), ALL),
    ],
)
def test_the_list_of_the_archive_is_found_by_three_samples(
    active: Any, archived: Any, whole: Any, found: int | None
) -> None:
    lists = (active, archived, whole)
    samples = [Page([], [first] if first else [], total) for total, first in lists]
    assert find_archive(*samples) == found


@pytest.mark.parametrize(
    ("misbehaviour", "parameters"),
    [
        ("filter_replaced", {"values": {2: 0}}),
        ("filter_replaced", {"values": {2: 1}}),
        ("filter_dead", {"values": [2]}),
    ],
)
def test_archived_rows_that_cannot_be_requested_alone_are_loaded(
    sync: Sync, account: Account, misbehaviour: str, parameters: dict[str, Any]
) -> None:
    with serve(account) as server:
        healthy = sync(server, streams=STREAMS)
        server.misbehave(misbehaviour, filters=["removed"], **parameters)
        output = sync(server, streams=STREAMS)
    for stream in STREAMS:
        expected = {row["id"]: row["is_archived"] for row in healthy.records(stream)}
        assert {*expected.values()} == {False, True}
        records = output.records(stream)
        assert {row["id"]: row["is_archived"] for row in records} == expected
        assert len(records) == len(expected)
        assert output.verdict(stream).startswith(f"{stream}: COMPLETE. ")
        assert any(
            "archived" in line for line in output.lines() if f"{stream}: the account" in line
        )


def test_a_row_that_is_added_meanwhile_is_no_archive(sync: Sync, account: Account) -> None:
    """Active, archived and both have 9, 9 and 10 rows, because one is added in between."""
    with serve(account) as server:
        server.misbehave("filter_ignored", filters=["removed"])
        server.misbehave(
            "rows_move", entity="teacher", resource="teacher", kind="insert", after=2, times=1
        )
        output = sync(server, streams=("teachers",), max_in_flight=1)
    assert {row["is_archived"] for row in output.records("teachers")} == {None}
    assert output.verdict("teachers").startswith("teachers: UNPROVEN, filters without effect")


def test_an_ignored_filter_without_totals_proves_nothing(sync: Sync, account: Account) -> None:
    with serve(account) as server:
        server.misbehave("filter_ignored", filters=["removed"])
        server.misbehave("total_missing")
        output = sync(server, streams=STREAMS)
    for stream in STREAMS:
        records = output.records(stream)
        assert {row["is_archived"] for row in records} == {None}
        assert len({row["id"] for row in records}) == len(records)
        reason = f"{stream}: UNPROVEN, filters without effect may hide rows: removed. "
        assert output.verdict(stream).startswith(reason)
