"""Small lists in memory that serve pages, for what reads lists page by page."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_alfacrm.records.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_alfacrm.client.request import ListRequest

COUNTED: Any = object()
"""The total is the number of rows."""


class Fetched(NamedTuple):
    """A page that was requested: in which pass, which one, and of which size."""

    turn: int
    number: int
    size: int


def page_of(
    ids: Sequence[int | None], total: int | None, *, at: str | None = None, newest: str = ""
) -> Page:
    """A page of rows that have nothing but an id."""
    return Page([{"id": id_} for id_ in ids], list(ids), total, at, newest)


def cut(rows: Sequence[int | None], place: Fetched, total: int | None = COUNTED) -> Page:
    """The page at a place of a list."""
    start = place.number * place.size
    part = rows[start : start + place.size]
    return page_of(part, len(rows) if total is COUNTED else total)


class Source:
    """Where pages come from.

    Attributes:
        fetched: The pages requested, in order.
        forgotten: How often prefetched pages were discarded.
    """

    def __init__(self, respond: Callable[[Fetched], Page]) -> None:
        self.fetched: list[Fetched] = []
        self.forgotten = 0
        self._respond, self._turn = respond, 0

    @contextmanager
    def open_list(self, _: ListRequest, page_size: int) -> Iterator[Callable[[int], Page]]:
        turn, self._turn = self._turn, self._turn + 1

        def fetch(number: int) -> Page:
            self.fetched.append(Fetched(turn, number, page_size))
            return self._respond(self.fetched[-1])

        yield fetch

    def forget(self, _: ListRequest) -> None:
        self.forgotten += 1

    def numbers(self, turn: int = 0) -> list[int]:
        """The page numbers requested in a pass."""
        return [place.number for place in self.fetched if place.turn == turn]
