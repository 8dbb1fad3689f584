"""Reading one list: where it ends, when it is read again, and what counts as found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.extract.pagination import ListRead, read_until_stable
from tap_alfacrm.extract.progress import NoProgress
from tap_alfacrm.extract.results import ListResult, PageLengths
from tests.conftest import shorten_waits
from tests.extract.lists import COUNTED, Fetched, Source, cut, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_alfacrm.records.page import Page

REQUEST = ListRequest("/v2api/1/pay/index")
SINGLE = ListRequest("/v2api/1/bonus/balance-bonus", is_single=True)
LONG = 1_000
"""Rows of a longer page of the account, next to which no page seems to be cut."""


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten_waits(monkeypatch, 0)


def read(
    respond: Callable[[Fetched], Page],
    *,
    page_size: int = 10,
    known_count: int | None = None,
    request: ListRequest = REQUEST,
    longest: int = 0,
) -> tuple[ListResult, Source, list[int | None]]:
    """Read a list; returns what it contained, the requests, and the ids in the order of arrival."""
    source, result, lengths = Source(respond), ListResult(), PageLengths()
    if longest:
        lengths.add(request.resource, longest)
    ids: list[int | None] = []
    for page in read_until_stable(
        ListRead(request, page_size, known_count), source, lengths, NoProgress(), result
    ):
        ids += page.ids
    return result, source, ids


def serving(rows: Sequence[int | None], total: int | None = COUNTED) -> Callable[[Fetched], Page]:
    """A list that stays as it is."""
    return lambda place: cut(rows, place, total)


def test_a_list_that_holds_still_is_read_once() -> None:
    result, source, ids = read(serving(range(25)))
    assert source.fetched == [Fetched(0, 0, 10), Fetched(0, 1, 10), Fetched(0, 2, 10)]
    assert ids == [*range(25)]
    assert (result.total, result.pages, result.received, result.passes) == (25, 3, 25, 1)
    assert result.is_stable
    assert not result.is_end_unconfirmed
    assert (result.missing, result.surplus, source.forgotten) == (0, 0, 0)
    assert result.ids == result.latest_ids
    assert len(result.ids) == 25


def test_a_last_page_that_may_be_cut_is_followed_by_one_request() -> None:
    result, source, _ = read(serving(range(20)))
    assert source.numbers() == [0, 1, 2]  # the empty page 2 is explained by the total
    assert result.is_stable
    assert not result.is_end_unconfirmed


@pytest.mark.parametrize(
    ("rows", "longest", "known_count", "numbers"),
    [
        (15, 0, None, [0, 1]),  # no longer page is known
        (15, 15, None, [0, 1]),
        (15, 16, None, [0]),
        (15, 0, 15, [0]),  # an earlier run proved as many
        (15, 0, 14, [0, 1]),
        (20, LONG, None, [0, 1]),  # accounts limit pages to 20
        (40, LONG, None, [0, 1]),  # as many as requested
        (39, LONG, None, [0]),
        (1, 0, None, [0]),
        (2, 0, None, [0, 1]),
    ],
)
def test_a_total_of_the_first_page_is_checked_with_page_1(
    rows: int, longest: int, known_count: int | None, numbers: list[int]
) -> None:
    result, source, _ = read(
        serving(range(rows)), page_size=40, longest=longest, known_count=known_count
    )
    assert source.numbers() == numbers
    assert result.is_stable
    assert len(result.ids) == rows


def test_a_full_last_page_is_followed_by_one_request_whatever_an_earlier_run_proved() -> None:
    """Its total may be that of the earlier run, from a cache."""
    _, source, ids = read(serving(range(31), 30), known_count=30)
    assert source.numbers()[:4] == [0, 1, 2, 3]
    assert set(ids) == {*range(31)}


def test_a_total_that_counts_each_page_ends_no_list() -> None:
    def respond(place: Fetched) -> Page:
        return cut(range(25), place, len(cut(range(25), place).items))

    result, source, ids = read(respond)
    assert source.numbers() == [0, 1, 2, 3, 3]
    assert set(ids) == {*range(25)}
    assert result.surplus > 0


@pytest.mark.parametrize(
    ("known_count", "total", "numbers"),
    [(None, 0, [0, 0]), (0, 0, [0]), (0, None, [0]), (0, 4, [0, 0]), (3, 0, [0, 0])],
)
def test_an_empty_list_is_requested_again_unless_known_to_be_empty(
    known_count: int | None, total: int | None, numbers: list[int]
) -> None:
    result, source, _ = read(serving([], total), known_count=known_count)
    assert source.numbers() == numbers
    assert not result.ids
    assert result.missing == (total or 0)
    assert not result.is_end_unconfirmed


def test_an_empty_page_that_was_a_failure_loses_nothing() -> None:
    failed = set()

    def respond(place: Fetched) -> Page:
        if place.number in {0, 1} and place.number not in failed:
            failed.add(place.number)
            return page_of([], 0 if place.number == 0 else 25)
        return cut(range(25), place)

    result, source, ids = read(respond)
    assert source.numbers() == [0, 0, 1, 1, 2]
    assert ids == [*range(25)]
    assert result.is_stable


def test_without_a_total_the_end_is_confirmed_and_the_list_read_twice() -> None:
    result, source, _ = read(serving(range(25), None))
    assert [source.numbers(turn) for turn in (0, 1, 2)] == [[0, 1, 2, 3, 3], [0, 1, 2, 3, 3], []]
    assert (result.passes, result.total, result.missing, result.surplus) == (2, None, 0, 0)
    assert result.is_stable
    assert not result.is_end_unconfirmed


def test_a_single_page_without_a_total_is_read_once() -> None:
    result, source, _ = read(serving(range(7), None))
    assert source.numbers() == [0, 1, 1]
    assert result.is_stable
    assert not result.is_end_unconfirmed


@pytest.mark.parametrize("rows", [7, 25])
def test_without_a_total_a_page_that_comes_again_leaves_the_end_uncertain(rows: int) -> None:
    def respond(place: Fetched) -> Page:
        last = (rows - 1) // place.size
        return cut(range(rows), place._replace(number=min(place.number, last)), None)

    result, _, _ = read(respond)
    assert result.is_end_unconfirmed
    assert len(result.ids) == rows


def test_without_a_total_rows_that_come_twice_leave_the_end_uncertain() -> None:
    result, _, _ = read(serving([*range(12), *range(8, 25)], None))
    assert result.is_end_unconfirmed
    assert len(result.ids) == 25


def test_a_last_page_that_comes_again_once_ends_a_list_whose_total_is_reached() -> None:
    def respond(place: Fetched) -> Page:
        return cut(range(20), place._replace(number=min(place.number, 1)))

    result, source, ids = read(respond)
    assert source.numbers() == [0, 1, 2]
    assert result.is_stable
    assert (len(ids), result.received, result.pages) == (20, 20, 2)


@pytest.mark.parametrize("total", [10, 30])
def test_an_only_page_that_comes_again_leaves_the_end_uncertain(total: int) -> None:
    result, _, _ = read(lambda place: cut(range(10), place._replace(number=0), total))
    assert result.is_end_unconfirmed
    assert len(result.ids) == 10


def test_two_pages_without_a_new_row_end_a_list() -> None:
    result, source, _ = read(lambda place: cut(range(10), place._replace(number=0), 99))
    assert source.numbers() == [0, 1, 2]
    assert result.missing == 89


def test_a_page_that_is_pushed_back_whole_does_not_end_the_list() -> None:
    rows = [*range(30)]

    def respond(place: Fetched) -> Page:
        if place == Fetched(0, 1, 10):
            rows[:0] = range(100, 110)
        return cut(rows, place)

    result, source, ids = read(respond)
    assert source.numbers()[:4] == [0, 1, 2, 3]
    assert set(ids) == {*range(30), *range(100, 110)}
    assert result.passes == 2
    assert result.is_stable
    assert source.forgotten == 1


def test_a_page_without_new_rows_makes_the_pass_unstable() -> None:
    """The total says nothing: as many rows left as came."""
    rows = [*range(30)]

    def respond(place: Fetched) -> Page:
        if place == Fetched(0, 1, 10):
            rows[:0] = range(100, 110)
            del rows[-10:]
        return cut(rows, place)

    result, _, ids = read(respond)
    assert result.passes == 2
    assert set(ids) == {*range(20), *range(100, 110)}


def test_each_pass_has_its_own_page_size_and_the_fifth_is_the_last() -> None:
    def respond(place: Fetched) -> Page:
        return cut(range(250), place, 250 + place.turn * 7 + (place.number > 0))

    result, source, _ = read(respond, page_size=100)
    sizes = [place.size for place in source.fetched if place.number == 0]
    assert sizes == [100, 94, 86, 82, 74]
    assert result.passes == 5
    assert not result.is_stable
    assert source.forgotten == 4
    assert result.total == 279
    assert result.missing == 29


def test_the_page_sizes_follow_from_the_longest_page() -> None:
    def respond(place: Fetched) -> Page:
        return cut(range(250), place._replace(size=min(place.size, 50)), 251 + place.turn)

    _, source, _ = read(respond, page_size=500)
    assert [place.size for place in source.fetched if place.number == 0] == [500, 47, 43, 41, 37]


def test_rows_that_each_pass_misses_are_found_by_all_together() -> None:
    rows = [*range(30)]

    def respond(place: Fetched) -> Page:
        shown = list(rows)
        if place.turn == 0:
            shown[10] = 9  # row 10 is on no page, and row 9 on two
        else:
            shown[20] = 18
        return cut(shown, place)

    result, _, _ = read(respond)
    assert result.passes == 2
    assert result.is_stable
    assert {*result.ids} == {*result.latest_ids} == {*rows}
    assert (result.missing, result.repeated_in_total) == (0, 0)


def test_rows_of_several_passes_do_not_count_together_once_something_moved() -> None:
    rows = [*range(30)]

    def respond(place: Fetched) -> Page:
        if place == Fetched(0, 2, 10):
            rows[5] = 100  # row 5 is deleted, and 100 takes its place
        shown = list(rows)
        if place.turn == 0:
            shown[10] = 9
        return cut(shown, place, 31 if place == Fetched(0, 1, 10) else 30)

    result, _, _ = read(respond)
    assert result.passes == 2
    assert len(result.latest_ids) == 30
    assert result.is_stable


def test_a_row_deleted_since_the_first_pass_does_not_conceal_one_that_no_pass_found() -> None:
    """Only the first page has rows; it was longer in the first pass."""

    def respond(place: Fetched) -> Page:
        if place.number:
            return cut([], place, None)
        return cut([1, 2, 3, 4] if place.turn == 0 else [1, 2, 3], place, 5 - (place.turn > 0))

    result, _, ids = read(respond)
    assert {*ids} == {1, 2, 3, 4}
    assert (result.is_stable, result.missing) == (True, 1)


def test_a_total_that_counts_rows_for_each_join_differs_from_missing_rows() -> None:
    rows = [row for row in range(20) for _ in range(1 + row % 2)]
    result, _, _ = read(serving(rows))
    assert result.passes == 2
    assert result.is_stable
    assert (result.repeated_in_total, result.missing) == (10, 0)
    assert len(result.ids) == 20


def test_a_total_that_counts_few_rows_twice_differs_from_missing_rows() -> None:
    rows = sorted([*range(30), 3, 25])
    result, _, _ = read(serving(rows))
    assert (result.passes, result.repeated_in_total, result.missing) == (2, 2, 0)


def test_a_total_of_joined_rows_that_each_page_shows_once_differs_from_missing_rows() -> None:
    rows = [row for row in range(30) for _ in range(1 + row % 2)]

    def respond(place: Fetched) -> Page:
        page = cut(rows, place)
        shown = [*dict.fromkeys(page.ids)]
        return page_of(shown, total=len(rows))

    result, _, _ = read(respond)
    assert {*result.ids} == {*range(30)}
    assert (result.passes, result.unseen_in_total, result.missing) == (2, 15, 0)


def test_rows_hidden_from_pages_look_like_joined_ones() -> None:
    def respond(place: Fetched) -> Page:
        return page_of([row for row in cut(range(30), place).ids if (row or 0) % 3], total=30)

    result, _, _ = read(respond)
    assert (result.passes, result.unseen_in_total, result.missing) == (2, 10, 0)


def test_rows_behind_the_last_page_are_missing_ones() -> None:
    result, _, _ = read(lambda place: cut(range(25), place, 30))
    assert (result.passes, result.unseen_in_total, result.missing) == (2, 0, 5)


def test_repeated_rows_are_missing_ones_where_the_page_size_stays_the_same() -> None:
    """They may stand in place of others at the edges of pages."""
    rows = [row for row in range(20) for _ in range(1 + row % 2)]
    result, _, _ = read(lambda place: cut(rows, place._replace(size=10)))
    assert result.repeated_in_total == 0
    assert result.missing == 10


def test_repeated_rows_are_missing_ones_where_they_differ_by_page_size() -> None:
    def respond(place: Fetched) -> Page:
        rows = [*range(20)]
        rows[8:10] = [place.turn, place.turn + 1] if place.turn % 2 else [2, 3]
        return cut(rows, place)

    result, _, _ = read(respond)
    assert result.repeated_in_total == 0
    assert result.missing == 2


def test_two_passes_that_agree_end_the_reading() -> None:
    result, _, _ = read(serving(range(25), 28))
    assert (result.passes, result.missing, result.is_stable) == (2, 3, True)


def test_a_total_that_is_too_small_loses_no_row() -> None:
    result, source, ids = read(serving(range(25), 20))
    assert source.numbers() == [0, 1, 2, 3, 3]
    assert set(ids) == {*range(25)}
    assert (result.surplus, result.missing, result.passes) == (5, 0, 2)


@pytest.mark.parametrize(
    ("at", "newest", "passes"),
    [
        ("2025-01-01 10:00:00", "2025-01-01 10:00:00", 2),
        ("2025-01-01 10:00:00", "2025-01-01 09:59:59", 1),
        (None, "2025-01-01 10:00:00", 1),
    ],
)
def test_a_row_created_since_the_start_of_the_pass_makes_it_unstable(
    at: str | None, newest: str, passes: int
) -> None:
    def respond(place: Fetched) -> Page:
        page = cut(range(25), place)
        is_new = place.turn == 0 and place.number == 2
        return page_of(page.ids, 25, at=at, newest=newest if is_new else "")

    result, _, _ = read(respond)
    assert result.passes == passes
    assert result.is_stable


def test_the_start_of_a_pass_is_that_of_its_first_page() -> None:
    def respond(place: Fetched) -> Page:
        at = f"2025-01-01 10:00:0{place.number}"
        newest = "2025-01-01 10:00:01" if place[:2] == (0, 2) else ""
        return page_of(cut(range(25), place).ids, 25, at=at, newest=newest)

    result, _, _ = read(respond)
    assert result.passes == 2


def test_rows_without_an_id_are_counted_and_cannot_be_identified() -> None:
    rows = [None if row % 5 == 0 else row for row in range(25)]
    result, source, _ = read(serving(rows))
    assert source.numbers() == [0, 1, 2]
    assert (result.passes, result.rows_without_id, len(result.ids)) == (1, 5, 20)
    assert result.is_stable
    assert (result.missing, result.surplus) == (0, 0)


def test_rows_without_an_id_are_those_of_the_last_pass() -> None:
    rows: list[int | None] = [None, *range(1, 25)]
    result, _, _ = read(serving(rows, 26))
    assert (result.passes, result.rows_without_id, result.missing) == (2, 1, 1)


@pytest.mark.parametrize("rows", [[7], [], [7, 8, 8]])
def test_a_list_without_pages_is_one_request(rows: list[Any]) -> None:
    result, source, _ = read(lambda _: page_of(rows, 1 if rows else None), request=SINGLE)
    expected = [0] * (1 if rows else 2)
    assert source.numbers() == expected
    assert len(result.ids) == len(set(rows))


def test_rows_without_an_id_count_among_those_that_all_passes_found() -> None:
    def respond(place: Fetched) -> Page:
        rows: list[int | None] = [None, *range(1, 30)]
        rows[10 if place.turn == 0 else 20] = 9 if place.turn == 0 else 18
        return cut(rows, place)

    result, _, _ = read(respond)
    assert (result.passes, result.is_stable, result.missing) == (2, True, 0)
    assert len(result.ids) == 29


def test_a_list_whose_end_was_seen_twice_is_believed() -> None:
    lengths, requests = PageLengths(), []
    for _ in range(3):
        source = Source(serving(range(15)))
        read_ = ListRead(REQUEST, 40)
        result = ListResult()
        pages = list(read_until_stable(read_, source, lengths, NoProgress(), result))
        assert (len(pages), result.is_stable) == (1, True)
        requests.append(source.numbers())
    assert requests == [[0, 1], [0, 1], [0]]
