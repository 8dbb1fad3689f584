"""What lists contained, added up."""

from __future__ import annotations

import pytest
from pyroaring import BitMap64

from tap_alfacrm.client.request import COUNT_PAGE_SIZE, ListRequest
from tap_alfacrm.extract.completeness import Evidence
from tap_alfacrm.extract.plan import Count, ListSpec, Task
from tap_alfacrm.extract.results import ListResult, PageLengths, SeenIds


def result(**fields: object) -> ListResult:
    return ListResult(**{"is_stable": True, **fields})  # type: ignore[arg-type]  # fields of any type


def test_the_facts_of_lists_add_up() -> None:
    evidence = Evidence()
    one = result(
        ids=BitMap64([1, 2]), latest_ids=BitMap64([1, 2]), total=5, received=3, pages=2, passes=2,
        rows_without_id=1,
    )  # fmt: skip
    other = result(
        ids=BitMap64([3, 4]), latest_ids=BitMap64([3, 4]), total=1, received=4, pages=1, passes=1,
        rows_without_id=1, is_stable=False, is_end_unconfirmed=True, repeated_in_total=0,
    )  # fmt: skip
    joined = result(latest_ids=BitMap64(range(5)), total=8, repeated_in_total=3)
    for part in (one, other, other, one, joined, joined):
        evidence.add_list(part)
    assert (evidence.received, evidence.pages, evidence.passes) == (14, 6, 2)
    assert evidence.total == 2 * (5 + 1 + 8)
    assert (evidence.missing, evidence.surplus, evidence.rows_without_id) == (4, 4, 4)
    assert (evidence.unstable, evidence.unconfirmed_ends) == (2, 2)
    assert evidence.repeated_in_total == 6
    evidence.discard_lists()
    assert evidence == Evidence(received=14, pages=6, passes=2)


def test_the_facts_of_partitions_add_up() -> None:
    parts = [Evidence(emitted=5, total=5, missing=1), Evidence(emitted=2, missing=2, surplus=4)]
    evidence = Evidence.combine(parts)
    assert (evidence.emitted, evidence.total, evidence.missing, evidence.surplus) == (7, 5, 3, 4)
    assert Evidence.combine([]) == Evidence()


@pytest.mark.parametrize(("passes", "unstable"), [(0, 1), (1, 0)])
def test_a_last_partition_that_counts_the_stream_decides_for_it(passes: int, unstable: int) -> None:
    parts = [
        Evidence(total=5, missing=1, unstable=1, surplus=2),
        Evidence(total=9, missing=7, surplus=3, counts_stream=True, passes=passes),
    ]
    evidence = Evidence.combine(parts)
    assert (evidence.total, evidence.missing, evidence.surplus) == (9, 7, 3)
    assert evidence.unstable == unstable


@pytest.mark.parametrize(
    "last", [Evidence(counts_stream=True), Evidence(total=9), Evidence(total=9, passes=1)]
)
def test_a_last_partition_without_a_count_of_the_stream_is_one_of_several(last: Evidence) -> None:
    first = Evidence(total=5, missing=1, unstable=1, surplus=2)
    evidence = Evidence.combine([first, last])
    assert evidence.total == 5 + (last.total or 0)
    assert (evidence.missing, evidence.unstable, evidence.surplus) == (1, 1, 2)
    reversed_ = Evidence.combine([Evidence(total=8, missing=7, counts_stream=True), first])
    assert (reversed_.total, reversed_.missing) == (13, 8)


@pytest.mark.parametrize(
    ("lengths", "length", "may_be_cut"),
    [
        ({}, 1, False),
        ({}, 2, True),
        ({"/pay": 12}, 11, False),
        ({"/pay": 12}, 12, True),
        ({"/log": 50}, 11, True),  # another list may be cut elsewhere
        ({"/log": 50}, 10, True),
        ({"/log": 50}, 9, False),  # short lists are compared with all pages
        ({"/log": 9}, 9, True),
    ],
)
def test_a_first_page_may_be_cut_unless_a_longer_one_came(
    lengths: dict[str, int], length: int, *, may_be_cut: bool
) -> None:
    pages = PageLengths()
    for resource, longest in lengths.items():
        pages.add(resource, longest)
        pages.add(resource, 1)
    assert pages.may_be_cut("/pay", length) is may_be_cut


def test_the_end_of_as_long_lists_is_checked_twice() -> None:
    pages = PageLengths()
    found = []
    for _ in range(3):
        found.append(pages.may_be_cut("/pay", 12))
        pages.add_complete("/pay", 12)
    assert found == [True, True, False]
    assert pages.may_be_cut("/pay", 13)
    assert pages.may_be_cut("/log", 12)


def test_lists_are_seen_together() -> None:
    seen = SeenIds()
    seen.add(result(ids=BitMap64([1, 2]), latest_ids=BitMap64([2]), rows_without_id=1))
    seen.add(result(ids=BitMap64([2, 3]), latest_ids=BitMap64([3]), rows_without_id=2))
    assert (seen.ever, seen.latest) == (6, 5)
    seen.replace_latest(result(ids=BitMap64([4]), latest_ids=BitMap64([4]), rows_without_id=0))
    assert (seen.ever, seen.latest) == (4, 1)


@pytest.mark.parametrize("follows", [False, True])
def test_a_task_plans_its_lists_and_counts(*, follows: bool) -> None:
    requests = [ListRequest(f"/{name}") for name in "abc"]
    task = Task(
        [(requests[0], ListSpec()), (requests[1], ListSpec())],
        counts=[Count(requests[2])],
        follows_previous=follows,
        single_page_likely=True,
    )
    first, second, count = task.planned_lists(70)
    assert (first.request, second.request, count.request) == tuple(requests)
    assert (first.page_size, second.page_size, count.page_size) == (70, 70, COUNT_PAGE_SIZE)
    assert (first.depends_on_previous, second.depends_on_previous) == (follows, True)
    assert count.depends_on_previous
    assert (first.single_page_likely, count.single_page_likely) == (True, False)
    assert (first.count_only, count.count_only) == (False, True)
