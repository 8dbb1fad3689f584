"""What is requested while the tap waits for one page."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import pytest

from tap_alfacrm.client import prefetch, rate_limit
from tap_alfacrm.client.prefetch import LATEST_RESPONSES, PrefetchClient
from tap_alfacrm.client.request import ListRequest, PlannedList
from tap_alfacrm.client.stats import RequestStats
from tap_alfacrm.client.workers import Workers
from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.records.page import Page

if TYPE_CHECKING:
    from tap_alfacrm.client.client import Client

PATIENCE = 60.0
"""Seconds after which a request that should have been sent counts as missing."""


class School:
    """Responds to requests in place of a client.

    Attributes:
        lengths: Number of pages of the lists that have several, by path.
        totals: The number of responses so far, as the total of each.
        requested: Paths and pages in the order of the requests.
        sizes: Rows that they requested.
        refused: Number of the next requests to refuse.
        seconds: Time that each response seems to take.
        threads: The threads that requested something.
        stats: As of a client.
    """

    def __init__(self, lengths: dict[str, int], *, waits: str, until: str) -> None:
        """Hold back the response of one path until another path is requested."""
        self.lengths = lengths
        self.totals = 0
        self.requested: list[tuple[str, int]] = []
        self.sizes: list[int] = []
        self.refused = 0
        self.seconds = 0.1
        self.threads: set[threading.Thread] = set()
        self.stats = RequestStats()
        self._waits, self._until, self._sent = waits, until, threading.Event()

    def fetch(self, request: ListRequest) -> Page:
        """Return a page of two rows."""
        self.requested.append((request.path, request.body["page"]))
        if self.refused:
            self.refused -= 1
            message = f"{request} does not exist"
            raise UnavailableError(message, HTTPStatus.NOT_FOUND)
        self.sizes.append(request.body["pageSize"])
        if request.path == self._until:
            self._sent.set()
        if request.path == self._waits:
            assert self._sent.wait(PATIENCE), f"{self._until} was not requested"
        self.totals += 1
        self.threads.add(threading.current_thread())
        self.stats.response_seconds.append(self.seconds)
        pages = self.lengths.get(request.path, 0)
        number = request.body["page"]
        return Page([{}, {}], [2 * number, 2 * number + 1], 2 * pages or self.totals)


def planned(path: str, *, follows: bool = False, is_short: bool = True) -> PlannedList:
    return PlannedList(
        ListRequest(path), 2, depends_on_previous=follows, single_page_likely=is_short
    )


@pytest.mark.parametrize(
    "lists",
    [
        # room for two requests: the third is sent once the second was answered
        [planned("/a/index"), planned("/b/index"), planned("/wanted/index")],
        # rows move between lists of one entity only
        [planned("/a/index", is_short=False), planned("/wanted/index", follows=True)],
        # long lists hold all places, and a short one needs none
        [
            planned("/a/index", is_short=False),
            planned("/long/index", is_short=False),
            planned("/longer/index", is_short=False),
            planned("/wanted/index"),
        ],
    ],
)
def test_another_list_is_requested_while_one_is_waited_for(lists: list[PlannedList]) -> None:
    school = School({"/long/index": 9, "/longer/index": 9}, waits="/a/index", until="/wanted/index")
    client = PrefetchClient(cast("Client", school), 2)
    client.plan(lists)
    with client.open_list(lists[0].request, 2) as fetch_page:
        assert fetch_page(0).ids == [0, 1]


def test_a_total_is_that_of_the_moment_of_its_plan() -> None:
    counted = ListRequest("/counted/index")
    school = School({}, waits="/a/index", until="/counted/index")
    client = PrefetchClient(cast("Client", school), 2)
    client.plan([planned("/a/index"), PlannedList(counted, 1, count_only=True)])
    with client.open_list(ListRequest("/a/index"), 2) as fetch_page:
        fetch_page(0)  # and the count is sent too early
    before = school.totals
    client.plan_counts([counted])
    totals = [client.fetch_first_rows(counted).total or 0 for _ in range(2)]
    assert before < totals[0] < totals[1]


def test_what_is_needed_next_is_requested_before_short_lists_after_it() -> None:
    lists = [planned("/current/index", is_short=False)]
    lists += [planned(f"/short{number}/index") for number in range(20)]
    school = School({"/current/index": 3}, waits="", until="")
    client = PrefetchClient(cast("Client", school), 2)
    client.plan(lists)
    with client.open_list(lists[0].request, 2) as fetch_page:
        for number in range(3):
            fetch_page(number)
    later = school.requested.index(("/current/index", 2))
    assert later < len(lists) / 2  # two are requested at once, whatever their order


def test_nothing_is_requested_ahead_where_the_latency_is_low(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prefetch, "LOW_LATENCY_SECONDS", 0.003)
    school = School({"/long/index": 40}, waits="", until="")
    school.stats.response_seconds += [0.001] * LATEST_RESPONSES
    school.seconds = 0.001
    client = PrefetchClient(cast("Client", school), 8)
    lists = [planned("/long/index", is_short=False), planned("/other/index")]
    client.plan(lists)
    with client.open_list(lists[0].request, 2) as fetch_page:
        for number in range(10):
            fetch_page(number)
            assert school.requested == [("/long/index", page) for page in range(number + 1)]
        assert school.threads == {threading.current_thread()}

        # once it responds slowly, pages are requested ahead again
        school.seconds = 0.1
        for number in range(10, 39):
            fetch_page(number)
        deadline = time.monotonic() + PATIENCE
        while ("/other/index", 0) not in school.requested:
            assert time.monotonic() < deadline, "nothing was requested ahead"
            time.sleep(0.001)
    assert len(school.threads) > 1


def test_work_is_done_at_once_however_much_there_is() -> None:
    workers, barrier = Workers(), threading.Barrier(9)
    for _ in range(8):
        workers.submit(lambda: barrier.wait(PATIENCE))
    barrier.wait(PATIENCE)


def test_a_needed_request_does_not_queue_behind_those_sent_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []
    turns = threading.Semaphore(0)

    class Limiter:
        """Lets a request pass when the test says so."""

        def __init__(self, *_: object, **__: object) -> None:
            pass

        def try_acquire(self, _: str) -> None:
            order.append(threading.current_thread().name)
            assert turns.acquire(timeout=PATIENCE)

    monkeypatch.setattr(rate_limit, "Limiter", Limiter)
    limiter = rate_limit.RateLimiter(5)
    threads = []
    for name in (*["ahead"] * 12, "needed"):
        is_ahead = name == "ahead"
        thread = threading.Thread(name=name, target=limiter.wait, kwargs={"is_ahead": is_ahead})
        thread.start()
        while not _is_waiting(thread):
            time.sleep(0.01)
        threads.append(thread)
    for _ in threads:
        time.sleep(0.05)  # a thread within `wait` may not have reached the lock yet
        passed = len(order)
        turns.release()
        while len(order) == passed < len(threads):
            time.sleep(0.01)
    for thread in threads:
        thread.join(PATIENCE)
    assert order.index("needed") < len(order) / 2  # 1, unless others overtake it


def _is_waiting(thread: threading.Thread) -> bool:
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and frame.f_code.co_name in {"wait", "acquire"}


@pytest.mark.parametrize("max_in_flight", [1, 8])
def test_first_pages_are_kept_until_the_lists_are_read(max_in_flight: int) -> None:
    school = School({"/active/index": 3, "/archive/index": 2}, waits="", until="")
    client = PrefetchClient(cast("Client", school), max_in_flight)
    active = planned("/active/index", is_short=False)
    archive = replace(planned("/archive/index", is_short=False), depends_on_previous=True)
    assert [page.ids for page in client.peek([active, archive])] == [[0, 1], [0, 1]]
    client.plan([active, archive])
    for list_, pages in ((active, 3), (archive, 2)):
        with client.open_list(list_.request, 2) as fetch_page:
            assert [fetch_page(number).ids[0] for number in range(pages)] == [0, 2, 4][:pages]
    every = [("/active/index", page) for page in range(3)]
    every += [("/archive/index", page) for page in range(2)]
    assert sorted(set(school.requested)) == every
    assert school.requested.count(("/active/index", 0)) == 1
    assert school.requested.count(("/archive/index", 0)) == 1


def test_one_row_is_requested_of_a_list_that_waits_for_another() -> None:
    school = School({"/cards/index": 30}, waits="", until="")
    client = PrefetchClient(cast("Client", school), 1)
    active, archive = (
        PlannedList(ListRequest("/cards/index", {"removed": removed}), 2, depends_on_previous=True)
        for removed in (0, 2)
    )
    assert len([*client.peek([active, archive])]) == 2
    assert school.sizes == [2, 1]
    with client.open_list(archive.request, 2) as fetch_page:
        fetch_page(0)
    assert school.sizes == [2, 1, 2]


def test_a_first_page_that_was_refused_is_requested_again() -> None:
    school = School({}, waits="", until="")
    client = PrefetchClient(cast("Client", school), 1)
    one = planned("/refused/index", is_short=False)
    school.refused = 1
    with pytest.raises(UnavailableError):
        next(client.peek([one]))
    with client.open_list(one.request, 2) as fetch_page:
        assert fetch_page(0).ids == [0, 1]
