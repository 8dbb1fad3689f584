"""Requests that overlap: what will be wanted is asked for before it is wanted."""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from tap_alfacrm.client.request import pages_expected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_alfacrm.client.client import Client
    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.records.page import Page

MAX_FIRST_PAGE_AGE = 10.0
"""Seconds that the first of many pages may be older than the second. In an older one the
count is more likely to have changed, and then the whole list is read again."""
OVERLAP_PAGES = 4
"""Pages of a list that may still be asked when the next list is begun, so that nothing waits
for its length. A row that moves between the two meanwhile changes a total, which starts both
again (docs/behaviour.md#completeness)."""
REUSE_LOOKAHEAD = 8
"""Times `max_in_flight` lists of a new plan are looked through for what was asked already."""


@dataclass(frozen=True, slots=True)
class PlannedList:
    """A list that will be read.

    Attributes:
        question: The list and its filters, without the page.
        page_size: Rows to ask for on a page.
        after: Whether it is asked after the lists before it, because rows move from them.
        brief: Whether it is likely to be one page, so that others need not wait for its length.
        count: Whether only the total is wanted.
    """

    request: ListRequest
    page_size: int
    depends_on_previous: bool = False
    single_page_likely: bool = False
    count_only: bool = False


@dataclass(slots=True)
class _Answer:
    """A request under way, or done and not yet wanted."""

    asked_at: float = field(default_factory=time.monotonic)
    future: Future[Page] = field(default_factory=Future)

    @property
    def envelope(self) -> Page | None:
        """The page, if it has come."""
        done = self.future.done() and not self.future.cancelled()
        return self.future.result() if done and self.future.exception() is None else None


@dataclass(slots=True, eq=False)
class _List:
    """How far a list has been asked.

    Attributes:
        coming: The list.
        answers: What has been asked and not handed out, by page.
        asked: Pages asked for, from the first.
        pages: How many there are, None while that is not known.
    """

    coming: PlannedList
    answers: dict[int, _Answer] = field(default_factory=dict)
    asked: int = 0
    pages: int | None = None

    def forget(self) -> None:
        for answer in self.answers.values():
            answer.future.cancel()
        self.answers.clear()
        self.asked, self.pages = 0, None

    def look(self) -> None:
        """Learn the length from the first page, once it has come."""
        first = self.answers.get(0)
        if first is None or (envelope := first.envelope) is None:
            return
        self.pages = (
            1
            if self.coming.count_only
            else pages_expected(envelope, self.coming.request, self.coming.page_size)
        )

    def refresh(self) -> None:
        """Drop a first page that has waited too long for the second."""
        self.look()
        first = self.answers.get(0)
        if first is None or not self.asked == 1 < (self.pages or 0):
            return
        if time.monotonic() - first.asked_at > MAX_FIRST_PAGE_AGE:
            self.forget()

    def blocks(self, other: PlannedList) -> bool:
        """Whether a list that comes later has to wait for pages of this one."""
        if not other.depends_on_previous or self.coming.single_page_likely:
            return False
        overlap = 0 if other.count_only else OVERLAP_PAGES
        return not self.asked or self.pages is None or self.asked < self.pages - overlap


class PrefetchClient:
    """A session that has up to `max_in_flight` requests under way at once.

    Answers are handed out in the order in which they are wanted, and errors with them, so
    that nothing but the time differs from a session that asks one by one.
    """

    def __init__(self, session: Client, max_in_flight: int) -> None:
        """Prepare; nothing is sent yet.

        Args:
            session: Whom to ask.
            max_in_flight: Requests under way; 1 sends each when its answer is wanted.
        """
        self._session = session
        self._max_in_flight = max_in_flight
        self._lists: list[_List] = []
        self._coming: Iterator[PlannedList] = iter(())

    def fetch(self, question: ListRequest) -> Page:
        """Ask one question by itself.

        Args:
            question: The list, its filters and the page.

        Returns:
            The page.

        Raises:
            AlfaCRMError: As the session.
        """
        return self._session.fetch(question)

    def plan(self, coming: Iterable[PlannedList]) -> None:
        """Tell what will be read, so that it can be asked for when there is room.

        Args:
            coming: In the order of reading; taken from as the reading goes on. What was
                planned before and is not among the next of these is forgotten.
        """
        known = {list_.coming.request: list_ for list_ in self._lists if list_.answers}
        self._coming = iter(coming)
        self._lists = []
        for one in self._coming:
            list_ = known.pop(one.request, None) or _List(one)
            self._lists.append(list_)
            if len(self._lists) >= self._max_in_flight * (REUSE_LOOKAHEAD if known else 1):
                break
        for list_ in known.values():
            list_.forget()

    def forget(self, question: ListRequest) -> None:
        """Drop what has come and was not wanted yet: rows have been seen to move.

        Args:
            question: A list; only others of its kind can have the rows.
        """
        for list_ in self._lists:
            if list_.coming.request.resource == question.resource:
                list_.forget()

    @contextmanager
    def open_list(
        self, question: ListRequest, page_size: int, *, count_only: bool = False
    ) -> Iterator[Callable[[int], Page]]:
        """Read a list.

        Args:
            question: The list and its filters, without the page.
            page_size: Rows to ask for on a page.
            count_only: Whether only the total is wanted.

        Yields:
            What gives a page by its number, or raises AlfaCRMError as the session.
        """
        planned = (list_ for list_ in self._lists if list_.coming.request == question)
        list_ = next(planned, None)
        if list_ is None:
            list_ = _List(PlannedList(question, page_size, count_only=count_only))
        else:
            self._lists.remove(list_)
        self._lists.insert(0, list_)
        try:
            yield partial(self._page, list_)
        finally:
            if list_ in self._lists:  # no other plan has been made since
                self._lists.remove(list_)
            list_.forget()

    def _page(self, list_: _List, page: int) -> Page:
        question = list_.coming.request.for_page(page, list_.coming.page_size)
        if self._max_in_flight == 1:
            return self._session.fetch(question)
        list_.refresh()
        answer = list_.answers.get(page)
        if page and page >= (list_.pages or 0):
            self._lose_count(list_)
        if answer is None:
            self._make_room()
            answer = self._start(list_, page)
        self._fill()
        try:
            return answer.future.result()
        finally:
            list_.look()
            list_.answers.pop(page, None)
            self._fill()

    def _lose_count(self, list_: _List) -> None:
        """A list is longer than it said: what was asked because it seemed to end was too early."""
        list_.pages = None
        for other in self._lists:
            is_of_its_kind = other.coming.request.resource == list_.coming.request.resource
            if other.coming.depends_on_previous and is_of_its_kind and other is not list_:
                other.forget()

    def _under_way(self) -> list[Future[Page]]:
        answers = (answer for list_ in self._lists for answer in list_.answers.values())
        return [answer.future for answer in answers if not answer.future.done()]

    def _make_room(self) -> None:
        under_way = self._under_way()
        if len(under_way) >= self._max_in_flight:
            wait(under_way, return_when=FIRST_COMPLETED)

    def _fill(self) -> None:
        """Ask what comes next, as far as there is room."""
        missing = self._max_in_flight - len(self._lists)
        self._lists.extend(_List(coming) for coming in islice(self._coming, max(0, missing)))
        for list_ in self._lists:
            list_.refresh()
        room = self._max_in_flight - len(self._under_way())
        while room > 0 and (nearest := self._next()) is not None:
            self._start(nearest, nearest.asked)
            room -= 1

    def _next(self) -> _List | None:
        """The list to ask for one page more: one that is to be begun, or the nearest."""
        places = self._max_in_flight - sum(len(list_.answers) for list_ in self._lists[1:])
        for position, list_ in enumerate(self._lists):
            before = self._lists[:position]
            if list_.asked or (position and places <= 0):
                continue
            if not any(one.blocks(list_.coming) for one in before):
                return list_
        for position, list_ in enumerate(self._lists):
            held = places if position else self._max_in_flight - len(list_.answers)
            if held > 0 and 0 < list_.asked < (list_.pages or 1):
                return list_
        return None

    def _start(self, list_: _List, page: int) -> _Answer:
        """Ask in a daemon thread, so that a signal ends the process without its answer."""
        question = list_.coming.request.for_page(page, list_.coming.page_size)
        answer = list_.answers[page] = _Answer()
        list_.asked = max(list_.asked, page + 1)

        def work() -> None:
            if not answer.future.set_running_or_notify_cancel():
                return
            try:
                answer.future.set_result(self._session.fetch(question))
            except BaseException as error:  # noqa: BLE001 - raised where the answer is wanted
                answer.future.set_exception(error)

        threading.Thread(target=work, daemon=True).start()
        return answer
