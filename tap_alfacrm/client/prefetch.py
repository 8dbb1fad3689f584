"""Concurrent requests: pages are requested before they are needed."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from tap_alfacrm.client.choice import choose_list, is_blocked
from tap_alfacrm.client.kept import KeptResponses, PageSizes
from tap_alfacrm.client.open_list import OpenList, Response
from tap_alfacrm.client.request import COUNT_PAGE_SIZE, PlannedList
from tap_alfacrm.client.workers import WORKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from tap_alfacrm.client.client import Client
    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.client.stats import RequestStats
    from tap_alfacrm.records.page import Page

LOOKAHEAD = 64
"""Times `max_in_flight` lists that are open at once, so that short ones fill the waiting times."""
REUSE_LOOKAHEAD = 2 * LOOKAHEAD
"""Times `max_in_flight` lists of a new plan that are searched for pages already requested."""
LOW_LATENCY_SECONDS = 0.003
"""Response time below which waiting takes less than handing a page over from another thread."""
LATEST_RESPONSES = 8
"""Responses of which the fastest counts, because the others may have waited for a thread."""


class PrefetchClient:
    """A client that has up to `max_in_flight` requests outstanding, or one if the latency is low.

    Pages are handed out in the order in which they are needed, and errors with them, so that only
    the time differs from a client that sends one request after the other.
    """

    def __init__(self, client: Client, max_in_flight: int) -> None:
        """Create a client; nothing is sent yet.

        Args:
            client: Sends the requests.
            max_in_flight: Maximum number of outstanding requests; 1 sends each request when its
                response is needed.
        """
        self._client = client
        self._max_in_flight = max_in_flight
        self._lists: list[OpenList] = []
        self._upcoming: Iterator[PlannedList] = iter(())
        self._kept = KeptResponses()
        self._sizes = PageSizes()

    def reuse(self, responses: KeptResponses) -> None:
        """Answer requests from responses that were received already, each once."""
        self._kept = responses

    @property
    def stats(self) -> RequestStats:
        """The requests sent so far."""
        return self._client.stats

    def fetch(self, request: ListRequest) -> Page:
        """Fetch one page that is not part of a plan; see `Client.fetch`."""
        page, _ = self._kept.take(request)
        return page or self._client.fetch(request)

    def note_answered(self, routes: Iterable[str]) -> None:
        """Note routes that answered in an earlier run; see `Client.answered_routes`."""
        self._client.answered_routes.update(routes)

    def has_answered(self, request: ListRequest) -> bool:
        """Whether the route of a request has answered, in this run or in an earlier one."""
        return request.route in self._client.answered_routes

    def plan(self, upcoming: Iterable[PlannedList]) -> None:
        """Set what will be read, so that it can be requested when there is room.

        Args:
            upcoming: Lists in the order of reading, consumed as reading goes on. Pages of an
                earlier plan that are not among the next of these are discarded.
        """
        known = {list_.planned.key: list_ for list_ in self._lists if list_.responses}
        self._upcoming = iter(upcoming)
        self._lists = []
        for planned in self._upcoming:
            list_ = known.pop(planned.key, None) or OpenList(planned)
            self._lists.append(list_)
            if len(self._lists) >= self._max_in_flight * (REUSE_LOOKAHEAD if known else 1):
                break
        for list_ in known.values():
            list_.forget()

    def plan_counts(
        self, requests: Iterable[ListRequest], page_size: int = COUNT_PAGE_SIZE
    ) -> None:
        """Request the totals of lists before all that is planned, as they are now.

        Args:
            requests: The lists, for `fetch_first_rows`.
            page_size: Rows to request of each.
        """
        lists = [OpenList(PlannedList(request, page_size, count_only=True)) for request in requests]
        wanted = {list_.planned.key for list_ in lists}
        others = []
        for list_ in self._lists:
            if list_.planned.key in wanted:
                list_.forget()
            else:
                others.append(list_)
        self._lists = lists + others

    def peek(self, planned: Iterable[PlannedList]) -> Iterator[Page]:
        """Fetch the first pages of the lists that are read next, and keep them until then.

        Args:
            planned: The lists, in the order of reading.

        Yields:
            The first page of each; the first row alone, which is not kept, of a list that waits
            for the pages of one before it.
        """
        lists = [self._find(one) for one in planned]
        self._lists = [*lists, *(one for one in self._lists if one not in lists)]
        for list_ in lists:
            list_.refresh()
            response = list_.responses.get(0)
            if response is None and is_blocked(self._lists, self._lists.index(list_)):
                yield self.fetch_first_rows(list_.planned.request)
                continue
            if response is None:
                self._wait_for_room()
                response = self._request(list_, 0)
            try:
                page = self._await(response)
            except Exception:
                list_.forget()
                raise
            yield page
            list_.update_length()

    def _find(self, planned: PlannedList) -> OpenList:
        """Return the list if it is planned or requested already, else a new one."""
        same = (one for one in self._lists if one.planned.key == planned.key)
        return next(same, None) or OpenList(planned)

    def forget(self, request: ListRequest) -> None:
        """Discard prefetched pages, because rows have moved.

        Args:
            request: A list whose rows have moved; lists to which they cannot move are kept.
        """
        for list_ in self._lists:
            if list_.planned.request.may_share_rows(request):
                list_.forget()

    @contextmanager
    def open_list(
        self, request: ListRequest, page_size: int, *, count_only: bool = False
    ) -> Iterator[Callable[[int], Page]]:
        """Open a list.

        Args:
            request: The list and its filters, without the page.
            page_size: Rows per page to request.
            count_only: Whether only the total is needed.

        Yields:
            A function that fetches a page by its number and raises as `Client.fetch` does.
        """
        list_ = self._find(PlannedList(request, page_size, count_only=count_only))
        self._lists = [list_, *(one for one in self._lists if one is not list_)]
        try:
            yield partial(self._fetch_page, list_)
        finally:
            if list_ in self._lists:  # no other plan has been made since
                self._lists.remove(list_)
            list_.forget()

    def fetch_first_rows(self, request: ListRequest, page_size: int = COUNT_PAGE_SIZE) -> Page:
        """Fetch the first rows of a list, and its total; see `plan_counts`.

        Args:
            request: The list and its filters, without the page.
            page_size: Rows to request.
        """
        with self.open_list(request, page_size, count_only=True) as fetch_page:
            return fetch_page(0)

    def _fetch_page(self, list_: OpenList, number: int) -> Page:
        list_.refresh()
        response = list_.responses.get(number)
        is_beyond_length = number > 0 and number >= (list_.pages or 0)
        if response is None:
            self._wait_for_room()
            response = self._request(list_, number)
        try:
            page = self._await(response)
        finally:
            list_.update_length()
            list_.responses.pop(number, None)
            self._request_upcoming()
        if is_beyond_length and page.items:
            self._discard_length(list_)
        return page

    def _await(self, response: Response) -> Page:
        """Wait for a page, and request others wherever there is room for them meanwhile."""
        while not response.future.done():
            wait({response.future, *self._request_upcoming()}, return_when=FIRST_COMPLETED)
        return response.future.result()

    def _discard_length(self, list_: OpenList) -> None:
        """Discard lists that were begun because a list seemed to end, which is longer."""
        list_.pages = None
        for other in self._lists:
            may_share_rows = other.planned.request.may_share_rows(list_.planned.request)
            if other.planned.depends_on_previous and may_share_rows and other is not list_:
                other.forget()

    def _outstanding(self) -> list[Future[Page]]:
        responses = (response for list_ in self._lists for response in list_.responses.values())
        return [response.future for response in responses if not response.future.done()]

    def _wait_for_room(self) -> None:
        outstanding = self._outstanding()
        if len(outstanding) >= self._max_in_flight:
            wait(outstanding, return_when=FIRST_COMPLETED)

    def _request_upcoming(self) -> list[Future[Page]]:
        """Request the next pages, as far as there is room.

        Returns:
            The outstanding requests, some of which may have been answered meanwhile.
        """
        outstanding = self._outstanding()
        if self._is_sequential or len(outstanding) >= self._max_in_flight:
            return outstanding
        missing = LOOKAHEAD * self._max_in_flight - len(self._lists)
        self._lists.extend(OpenList(planned) for planned in islice(self._upcoming, max(0, missing)))
        for list_ in self._lists:
            list_.refresh()
        while len(outstanding) < self._max_in_flight:
            nearest = choose_list(self._lists, self._max_in_flight, self._sizes)
            if nearest is None:
                break
            is_ahead = nearest is not self._lists[0]
            response = self._request(nearest, nearest.requested, is_ahead=is_ahead)
            outstanding.append(response.future)
        return outstanding

    def _request(self, list_: OpenList, number: int, *, is_ahead: bool = False) -> Response:
        """Request a page, in another thread unless nothing is requested ahead."""
        page_request = list_.planned.request.for_page(number, list_.planned.page_size)
        request = replace(page_request, is_ahead=is_ahead)
        if not list_.planned.count_only:
            request = self._sizes.measure(request)
        response = list_.responses[number] = Response()
        list_.requested = max(list_.requested, number + 1)
        page, received_at = self._kept.take(request)
        if page is not None:
            response.requested_at = received_at
            response.future.set_result(page)
            return response

        def work() -> None:
            if not response.future.set_running_or_notify_cancel():
                return
            try:
                response.future.set_result(self._client.fetch(request))
            except BaseException as error:  # noqa: BLE001 - raised where the page is needed
                response.future.set_exception(error)

        if self._is_sequential:
            work()
        else:
            WORKERS.submit(work)
        return response

    @property
    def _is_sequential(self) -> bool:
        """Whether nothing is requested ahead, because the server responds faster than threads."""
        if self._max_in_flight == 1:
            return True
        latest = self._client.stats.response_seconds[-LATEST_RESPONSES:]
        return len(latest) == LATEST_RESPONSES and min(latest) < LOW_LATENCY_SECONDS
