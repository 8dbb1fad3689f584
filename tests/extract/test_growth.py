"""The work for a page does not grow with the number of rows before it."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from pyroaring import BitMap64
from typing_extensions import override

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.extract import deduplication, pagination
from tap_alfacrm.extract.deduplication import Deduplicator
from tap_alfacrm.extract.pagination import ListRead, read_until_stable
from tap_alfacrm.extract.plan import ListPage, ListSpec
from tap_alfacrm.extract.progress import NoProgress
from tap_alfacrm.extract.results import ListResult, PageLengths
from tap_alfacrm.records.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

ROWS, PAGE_SIZE, GAP = 6_000, 50, 70_000


class CountingBitMap(BitMap64):
    """Counts the elements that operations on whole bitmaps may touch."""

    touched = 0

    def _count(self) -> None:
        type(self).touched += super().__len__()

    @override
    def __len__(self) -> int:
        self._count()
        return super().__len__()

    @override
    def __and__(self, other: Any) -> Any:
        self._count()
        return super().__and__(other)

    @override
    def __ior__(self, other: Any) -> Any:
        self._count()
        return super().__ior__(other)

    @override
    def isdisjoint(self, other: Any) -> Any:
        self._count()
        return super().isdisjoint(other)


class Pages:
    """A list with ids far apart, as a source of pages."""

    def __init__(self) -> None:
        self.touched: list[int] = []

    def open_list(
        self, request: ListRequest, page_size: int
    ) -> AbstractContextManager[Callable[[int], Page]]:
        del request
        return nullcontext(lambda number: self._page(number, page_size))

    def _page(self, number: int, page_size: int) -> Page:
        self.touched.append(CountingBitMap.touched)
        ids: list[int | None] = [
            row * GAP for row in range(number * page_size, min(ROWS, (number + 1) * page_size))
        ]
        return Page([{"id": identifier} for identifier in ids], ids, ROWS)

    def forget(self, request: ListRequest) -> None:
        raise AssertionError(request)


@pytest.fixture
def _counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (deduplication, pagination):
        monkeypatch.setattr(module, "BitMap64", CountingBitMap)
    monkeypatch.setattr(CountingBitMap, "touched", 0)


@pytest.mark.usefixtures("_counted")
def test_a_page_of_sparse_ids_costs_the_same_at_the_end_of_a_list() -> None:
    source, result, emitted = Pages(), ListResult(), 0
    read = ListRead(ListRequest("/v2api/customer/index"), PAGE_SIZE)
    deduplicator = Deduplicator()
    for page in read_until_stable(read, source, PageLengths(), NoProgress(), result):
        for new in deduplicator.select_new_rows(ListPage(page, ListSpec(), None, None)):
            emitted += len(new.rows)
    assert emitted == ROWS
    assert result.is_stable
    assert max(after - before for before, after in pairwise(source.touched)) <= PAGE_SIZE
