"""Responses are parsed leniently; anything else is rejected."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_alfacrm.extract.deduplication import Deduplicator
from tap_alfacrm.records.page import (
    LARGE_BYTES,
    MalformedResponseError,
    UndecodedRows,
    parse_array,
    parse_object,
    parse_page,
)


@pytest.mark.parametrize(
    ("total", "read"),
    [
        ("5", 5),
        ('"5"', 5),
        ('" 5 "', 5),
        ("5.0", 5),
        (f'"{"9" * 5_000}"', None),
        ("null", None),
        ('"many"', None),
        ("-1", None),
        ("true", None),
    ],
)
def test_a_total_in_any_shape(total: str, read: int | None) -> None:
    assert parse_page(f'{{"items": [], "total": {total}}}'.encode()).total == read
    assert parse_page(b'{"items": []}').total is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b'{"items": [{"id": 1}',
        b"[]",
        b'{"success": false, "total": 0, "items": []}',
        b'{"total": 0, "items": [], "errors": ["SQLSTATE"]}',
        b"5",
        b'{"items": 5}',
        b'{"items": [5]}',
        b"[" * 99999,
    ],
)
def test_malformed_envelopes_are_rejected(content: bytes) -> None:
    with pytest.raises(MalformedResponseError):
        parse_page(content)


def test_what_php_sends_instead_of_json_is_read() -> None:
    content = b'{"items": {"0": {"id": 1, "a": NaN, "b": "\\ud800"}, "2": {"id": "2", "c": 1.10}}}'
    envelope = parse_page(content)
    assert envelope.ids == [1, 2]
    assert envelope.items[0]["a"].is_nan()
    assert envelope.items[0]["b"] == "\ud800"
    assert envelope.items[1]["c"] == Decimal("1.10")


@pytest.mark.parametrize("identifier", ["7", '"7"', '" 7"', "7.0", '"7.0"'])
def test_an_id_in_any_shape_is_that_of_the_record(identifier: str) -> None:
    assert parse_page(f'{{"items": [{{"id": {identifier}}}]}}'.encode()).ids == [7]


@pytest.mark.parametrize(
    "identifier",
    ["null", '""', '"x"', "1.5", "true", "-1", str(2**64), "[1]", f'"{"9" * 5_000}"'],
)
def test_a_row_without_a_usable_id_has_none(identifier: str) -> None:
    assert parse_page(f'{{"items": [{{"id": {identifier}}}]}}'.encode()).ids == [None]


def test_a_bare_array_and_a_bare_object() -> None:
    assert parse_array(b'[{"id": 3}]').ids == [3]
    assert parse_object(b'{"balance_bonus": 5}', identifier=9).ids == [9]
    for content in (b'{"name": "x", "message": "y", "status": 500}', b"[]"):
        with pytest.raises(MalformedResponseError):
            parse_object(content, identifier=9)
    with pytest.raises(MalformedResponseError):
        parse_array(b'{"id": 3}')


def test_an_id_is_new_once_and_again_in_a_newer_variant() -> None:
    once = Deduplicator()
    assert [once.add(1), once.add(1), once.add(2)] == [True, False, True]
    assert [once.add(1, "archived"), once.add(1, "archived")] == [True, False]
    assert once.add(1) is True


def test_a_page_is_new_as_a_whole_only_if_no_row_is_known() -> None:
    once = Deduplicator()
    assert once.add_all([1, 2, 3])
    assert not once.add_all([3, 4])
    assert not once.add_all([5, 5])
    assert [once.add(key) for key in (3, 4, 5)] == [False, True, True]
    assert not once.add_all([1], "archived")
    assert once.add(1, "archived")


def large(rows: str, total: str = "2") -> bytes:
    return f'{{"total": {total}, "items": [{rows}]}}'.encode().ljust(LARGE_BYTES)


def test_a_large_page_holds_what_a_small_one_holds() -> None:
    rows = '{"id": "7", "a": 1.10, "created_at": "2025-01-01"}, {"a": [1], "created_at": 5}'
    big, small = parse_page(large(rows)), parse_page(large(rows).strip())
    assert isinstance(big.items, UndecodedRows)
    assert [*big.items] == small.items == big.items[:]
    assert (big.ids, big.total, big.newest_created_at) == ([7, None], 2, "2025-01-01")
    assert (big.ids, big.total, big.newest_created_at) == (
        small.ids,
        small.total,
        small.newest_created_at,
    )


@pytest.mark.parametrize("rows", ["5", '{"a": }', "null", '{"a": "\n"}'])
def test_a_large_page_is_refused_where_a_small_one_is(rows: str) -> None:
    for content in (large(rows), large(rows).strip()):
        with pytest.raises(MalformedResponseError):
            parse_page(content)


def test_a_large_page_of_what_php_sends_is_read() -> None:
    assert parse_page(large('{"id": 1, "a": NaN, "b": "\\ud800"}')).ids == [1]


def test_the_newest_row_of_a_page_is_the_one_created_last() -> None:
    rows = (
        b'{"items": [{"created_at": "2025-01-02"}, {"created_at": "2025-01-03"}, {"id": 1},'
        b' {"created_at": 20250104}, {"created_at": "2025-01-01"}]}'
    )
    assert parse_page(rows).newest_created_at == "2025-01-03"
    assert parse_page(b'{"items": [{"id": 1}]}').newest_created_at == ""
    assert parse_page(rows, "2025-01-05 10:00:00").requested_at == "2025-01-05 10:00:00"


def test_bare_rows_are_a_page_with_a_total() -> None:
    array = parse_array(b'[{"id": 3}, {"id": 4}]', "2025-01-05 10:00:00")
    assert (array.total, array.requested_at) == (2, "2025-01-05 10:00:00")
    single = parse_object(b'{"balance_bonus": 5}', "2025-01-05 10:00:00", identifier=9)
    assert (single.items, single.total) == ([{"balance_bonus": 5}], 1)
    assert single.requested_at == "2025-01-05 10:00:00"
