"""Each row once, by its own list, where lists or pages overlap."""

from __future__ import annotations

from typing import Any

from tap_alfacrm.extract.deduplication import Deduplicator, FilterWitness
from tap_alfacrm.extract.plan import ListPage, ListSpec
from tap_alfacrm.records.page import Page
from tap_alfacrm.streams.archived import ACTIVE, ALL, ARCHIVED, ArchivePolicy

OPEN, ENDED = "2030-12-31", "2024-05-01"
SPECS = {
    removed: ListSpec({"removed": removed}, {"is_archived": removed == ARCHIVED}, variant=removed)
    for removed in (ACTIVE, ARCHIVED)
}


WHOLE = ListSpec({"removed": ALL}, {"is_archived": True}, variant=ARCHIVED)


def rows_of(end: str, *ids: int | None) -> list[dict[str, Any]]:
    return [{"id": id_, "e_date": end} for id_ in ids]


class Reading:
    """Pages in their order, and what is emitted."""

    def __init__(self, *, ends_when_archived: bool = True) -> None:
        self.policy = ArchivePolicy(ends_when_archived=ends_when_archived)
        self.once = Deduplicator(self.policy)

    def add(self, removed: int, rows: list[dict[str, Any]]) -> list[tuple[int, bool]]:
        """The id of each new row, and whether it is archived."""
        page = ListPage(Page(rows, [row["id"] for row in rows], None), SPECS[removed])
        return [
            (id_, new.constants["is_archived"])
            for new in self.once.select_new_rows(page)
            for id_ in new.ids
        ]


def test_a_row_that_was_archived_meanwhile_is_emitted_again() -> None:
    reading = Reading()
    assert reading.add(ACTIVE, rows_of(OPEN, 1, 2)) == [(1, False), (2, False)]
    assert reading.add(ARCHIVED, rows_of(ENDED, 2, 3)) == [(2, True), (3, True)]
    assert reading.policy.ignored == 0


def test_an_active_row_that_comes_again_as_archived_stays_active() -> None:
    reading = Reading()
    reading.add(ACTIVE, rows_of(OPEN, 1, 2))
    assert reading.add(ARCHIVED, rows_of(OPEN, 1, 2)) == []
    assert reading.policy.ignored == 2


def test_active_groups_among_archived_ones_stay_active_and_one_that_moved_does_not() -> None:
    reading = Reading(ends_when_archived=False)
    reading.add(ACTIVE, rows_of(ENDED, 1, 2, 3))
    assert reading.add(ARCHIVED, rows_of(ENDED, 1, 2, 4)) == [(4, True)]
    assert reading.add(ARCHIVED, rows_of(ENDED, 3, 5)) == [(3, True), (5, True)]
    assert reading.policy.ignored == 2


def test_a_group_that_was_archived_meanwhile_is_no_active_one_when_the_lists_are_read_again() -> (
    None
):
    reading = Reading(ends_when_archived=False)
    reading.add(ACTIVE, rows_of(ENDED, 1, 2, 3, 4))
    assert reading.add(ARCHIVED, rows_of(ENDED, 3, 5)) == [(3, True), (5, True)]
    assert reading.add(ARCHIVED, rows_of(ENDED, 1, 2, 3, 5)) == []
    assert reading.policy.ignored == 2


def test_what_the_list_of_all_rows_has_beyond_active_ones_is_archived() -> None:
    reading = Reading()
    reading.add(ACTIVE, rows_of(ENDED, 1))
    page = ListPage(Page(rows_of(ENDED, 1, 2), [1, 2], None), WHOLE)
    archived = [new for new in reading.once.select_new_rows(page) if new.constants["is_archived"]]
    assert [new.ids for new in archived] == [(2,)]
    assert reading.policy.ignored == 0


def test_a_row_of_overlapping_pages_is_known_as_active_too() -> None:
    reading = Reading()
    reading.add(ACTIVE, rows_of(OPEN, 1, 2))
    assert reading.add(ACTIVE, rows_of(OPEN, 2, 3)) == [(3, False)]
    assert reading.add(ARCHIVED, rows_of(OPEN, 3, 4)) == [(4, True)]
    assert reading.policy.ignored == 1


def test_a_page_that_begins_with_a_row_without_an_id_is_emitted_row_by_row() -> None:
    reading = Reading()
    assert reading.add(ACTIVE, rows_of(OPEN, None, 1, 1, 2)) == [(1, False), (2, False)]


def test_ids_are_unique_within_their_scope() -> None:
    once = Deduplicator()

    def add(scope: int) -> list[int]:
        page = ListPage(Page([{"id": 1}], [1], None), ListSpec(), scope)
        return [id_ for new in once.select_new_rows(page) for id_ in new.ids]

    assert [add(7), add(7), add(8), add(7)] == [[1], [], [1], [1]]


def test_a_row_belongs_to_the_variant_that_it_names() -> None:
    once = Deduplicator(variant_field="status")

    def add(requested: int, *rows: dict[str, Any]) -> list[int]:
        page = Page(rows, [row["id"] for row in rows], None)
        list_page = ListPage(page, ListSpec({"status": requested}, variant=requested))
        return [id_ for new in once.select_new_rows(list_page) for id_ in new.ids]

    assert add(1, {"id": 1, "status": 1}, {"id": 2, "status": 3}) == [1, 2]
    assert add(3, {"id": 1, "status": 1}, {"id": 2, "status": 3}, {"id": 3}) == [3]
    assert add(3, {"id": 1, "status": "3"}) == [1]


def witness(*pages: tuple[int, list[int | None]]) -> FilterWitness:
    one = FilterWitness("is_study", combined=2)
    for requested, values in pages:
        rows = [{"id": 1, "is_study": value} for value in values]
        spec = ListSpec({"is_study": requested})
        one.add(ListPage(Page(rows, [1] * len(rows), None), spec))
    return one


def test_a_filter_is_unreliable_if_rows_came_and_none_of_them_obeys() -> None:
    assert witness((0, [1, 1])).unreliable_filters == ["is_study"]
    assert witness((0, [1, 1])).disobeying == 2
    assert witness((0, [0, 1])).unreliable_filters == []
    assert witness((0, [0, 1])).disobeying == 1
    assert witness((0, [1]), (0, [0])).unreliable_filters == []
    assert witness((0, [0]), (1, [0])).unreliable_filters == ["is_study"]
    for nothing in ((0, []), (0, [None]), (2, [0, 1])):
        assert witness(nothing).unreliable_filters == []  # type: ignore[arg-type]  # of ints and None
        assert witness(nothing).disobeying == 0  # type: ignore[arg-type]  # the same
