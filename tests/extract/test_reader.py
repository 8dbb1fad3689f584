"""Reading a plan: routes, tasks, and the counts that hold lists together."""

from __future__ import annotations

import datetime as dt
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tap_alfacrm.client.request import COUNT_PAGE_SIZE, ListRequest
from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.completeness import Evidence, Word, judge
from tap_alfacrm.extract.memory import Memory
from tap_alfacrm.extract.plan import Count, ListPage, ListSpec, Plan, Route, Task, TaskGroup
from tap_alfacrm.extract.progress import Progress
from tap_alfacrm.extract.reader import ListReader
from tap_alfacrm.extract.results import PageLengths
from tests.conftest import shorten_waits
from tests.extract.lists import Fetched, cut, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_alfacrm.client.request import PlannedList
    from tap_alfacrm.records.page import Page

    Ids = Sequence[int | None]

LONG = 1_000
COUNTED = object()


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten_waits(monkeypatch, 0)


class School:
    """Lists by path, with their totals.

    Attributes:
        lists: The ids of each list.
        totals: Totals that differ from the number of ids.
        refused: Paths that are refused, with the status.
        asked: Each request for page 0, in order; counts end with `?`.
        before: Called before each request for page 0, with the request as in `asked`.
    """

    def __init__(self, **lists: Ids) -> None:
        self.lists: dict[str, Ids] = dict(lists)
        self.totals: dict[str, int | None] = {}
        self.refused: dict[str, int] = {}
        self.asked: list[str] = []
        self.planned: list[str] = []
        self.before: Callable[[str], None] = lambda _: None
        self.refuse_from_page = 0

    @contextmanager
    def open_list(
        self, request: ListRequest, page_size: int, *, count_only: bool = False
    ) -> Iterator[Callable[[int], Page]]:
        path = request.path.strip("/")

        def fetch(number: int) -> Page:
            if number == 0:
                self.asked.append(f"{path}{'?' * count_only}")
                self.before(self.asked[-1])
            if path in self.refused and number >= self.refuse_from_page:
                message = f"no {path}"
                raise UnavailableError(message, self.refused[path])
            rows = self.lists[path]
            total = self.totals.get(path, len(rows))
            if count_only:
                return page_of(rows[:1], total)
            return cut(rows, Fetched(0, number, page_size), total)

        yield fetch

    def fetch_first_rows(self, request: ListRequest, page_size: int = COUNT_PAGE_SIZE) -> Page:
        with self.open_list(request, page_size, count_only=True) as fetch_page:
            return fetch_page(0)

    def forget(self, _: ListRequest) -> None:
        """Nothing is prefetched."""

    def plan_counts(self, requests: Iterable[ListRequest]) -> None:
        """Nothing is prefetched."""

    def plan(self, upcoming: Iterable[PlannedList]) -> None:
        self.planned += [one.request.path.strip("/") for one in upcoming]


class Reading:
    """A reader and what it read."""

    def __init__(self, school: School, memory: Memory | None = None) -> None:
        self.school = school
        self.memory = memory or Memory({})
        lengths = PageLengths()
        lengths.add("/long", LONG)
        logger = logging.getLogger("reader")
        self.reader = ListReader(
            school,  # type: ignore[arg-type]  # the part of a client that it needs
            10,
            Progress(logger),
            logger,
            lengths=lengths,
            memory=self.memory,
        )
        self.pages: list[ListPage] = []

    def read(self, *routes: Route) -> Evidence:
        evidence = Evidence()
        self.pages = []
        for page in self.reader.read(Plan(routes), evidence):
            self.pages.append(page)
        return evidence

    @property
    def ids(self) -> list[int | None]:
        return [id_ for page in self.pages for id_ in page.page.ids]


def spec(name: str = "", variant: Any = None) -> ListSpec:
    return ListSpec({"list": name} if name else {}, variant=variant)


def request(path: str) -> ListRequest:
    return ListRequest(f"/{path}")


def task(
    *paths: str, counts: Sequence[Count] = (), fallback: Sequence[str] = (), **fields: Any
) -> Task:
    return Task(
        [(request(path), spec(path)) for path in paths],
        [(request(path), spec(path)) for path in fallback],
        counts,
        **{"partition": (), **fields},
    )


def count(path: str, **fields: Any) -> Count:
    return Count(request(path), **fields)


def route(*tasks: Task, **fields: Any) -> Route:
    return Route({"branch": lambda: TaskGroup(lambda: tasks)}, **fields)


def test_lists_are_read_in_order_and_counted_together() -> None:
    school = School(active=range(12), archived=range(20, 25), both=range(17))
    reading = Reading(school)
    evidence = reading.read(route(task("active", "archived", counts=[count("both")], name="all")))
    assert school.asked == ["active", "archived", "both?"]
    assert reading.ids == [*range(12), *range(20, 25)]
    assert judge(evidence).is_complete
    assert (evidence.received, evidence.pages, evidence.passes, evidence.total) == (17, 3, 1, 17)
    assert evidence.counts == {"all": {"list=active": 12, "list=archived": 5}}
    assert reading.memory.paths == {"/active", "/archived"}
    assert {page.spec.name for page in reading.pages} == {"list=active", "list=archived"}


class Nights:
    """Runs that leave out counts, each with what the last one knew."""

    def __init__(self) -> None:
        self.memory = Memory({})
        self.school = School(active=range(12), archived=range(20, 25), both=range(17))

    def read(self, *, is_complete: bool = True) -> tuple[list[str], Evidence]:
        """Read the lists; returns what was asked, and the evidence."""
        self.memory.rotation.begin(dt.date(2026, 3, 2), 30)
        self.school.asked = []
        counted = task("active", "archived", counts=[count("both")], may_leave_out_counts=True)
        evidence = Reading(self.school, self.memory).read(route(counted))
        if is_complete:
            self.memory.rotation.accept()
        return self.school.asked, evidence


LISTS = ["active", "archived"]


def test_a_count_is_left_out_where_the_same_rows_were_counted() -> None:
    nights = Nights()
    assert nights.read()[0] == [*LISTS, "both?"]
    asked, evidence = nights.read()
    assert asked == LISTS
    assert (evidence.total, evidence.uncounted) == (17, ["0 of 2 lists"])
    assert judge(evidence).is_complete
    nights.school.lists["active"] = range(1, 13)  # as many, but others
    asked, evidence = nights.read()
    assert asked == [*LISTS, "both?"]
    assert evidence.uncounted == []


def test_a_count_is_not_left_out_after_one_that_did_not_agree_at_once() -> None:
    nights = Nights()
    nights.school.totals["both"] = 18
    _, evidence = nights.read()
    assert evidence.missing == 1
    nights.school.totals["both"] = 17
    assert nights.read(is_complete=False)[0][:3] == [*LISTS, "both?"]
    assert nights.read()[0] == [*LISTS, "both?"]  # the last run was not complete
    assert nights.read()[0] == LISTS


def test_a_count_is_not_left_out_where_a_list_was_read_again() -> None:
    nights = Nights()
    nights.read()
    school = nights.school
    school.totals["active"] = 13

    def settle(asked: str) -> None:
        if asked == "active" and school.asked.count("active") == 2:
            del school.totals["active"]

    school.before = settle
    asked, evidence = nights.read()
    assert asked == ["active", "active", "archived", "both?"]
    assert judge(evidence).is_complete
    assert evidence.uncounted == []


def test_a_count_is_not_left_out_where_a_list_is_doubtful() -> None:
    nights = Nights()
    nights.read()
    nights.school.totals["archived"] = 6
    asked, evidence = nights.read()
    assert "both?" in asked
    assert evidence.uncounted == []


def test_nothing_is_requested_of_an_unchanged_list() -> None:
    school = School(changed=range(3), unchanged=range(20))
    tasks = task("changed", name="one"), task(name="other", is_unchanged=True, branch=2)
    reading = Reading(school)
    evidence = reading.read(route(*tasks))
    assert school.asked == ["changed"]
    assert reading.ids == [0, 1, 2]
    assert (evidence.total, evidence.branches) == (3, {2})
    assert judge(evidence).is_complete
    assert evidence.counts == {"one": {"list=changed": 3}}


def test_lists_are_read_again_until_the_count_agrees() -> None:
    school = School(active=range(12), archived=range(20, 25), both=range(18))

    def move(asked: str) -> None:
        if asked == "both?":
            school.lists["archived"] = range(20, 26)

    school.before = move
    reading = Reading(school)
    evidence = reading.read(route(task("active", "archived", counts=[count("both")])))
    assert school.asked == ["active", "archived", "both?", "active", "archived", "both?"]
    assert 25 in reading.ids
    assert judge(evidence).is_complete
    assert evidence.passes == 1
    assert evidence.received == 35


def test_a_count_that_stays_larger_is_a_shortfall_after_two_passes() -> None:
    school = School(active=range(12), both=range(15))
    evidence = Reading(school).read(route(task("active", counts=[count("both")])))
    assert school.asked == ["active", "both?"] * 2
    assert (evidence.missing, evidence.surplus, evidence.unstable) == (3, 0, 0)
    assert judge(evidence).word is Word.INCOMPLETE


def test_a_count_that_stays_smaller_is_a_surplus() -> None:
    school = School(active=range(12), both=range(11))
    evidence = Reading(school).read(route(task("active", counts=[count("both")])))
    assert (evidence.missing, evidence.surplus) == (0, 1)
    assert judge(evidence).word is Word.UNPROVEN


def test_counts_that_change_each_time_end_after_five_passes() -> None:
    school = School(active=range(12), both=range(15))

    def grow(asked: str) -> None:
        if asked == "both?":
            school.lists["both"] = range(len(school.lists["both"]) + 1)

    school.before = grow
    evidence = Reading(school).read(route(task("active", counts=[count("both")])))
    assert school.asked.count("active") == 5
    assert school.asked.count("both?") == 5
    assert evidence.unstable == 1
    assert evidence.missing == 8


def test_a_shortfall_and_a_surplus_do_not_make_up_for_each_other() -> None:
    school = School(one=range(12), other=range(20, 25), first=range(13), second=range(4))
    counts = [count("first", list_number=0), count("second", list_number=1)]
    evidence = Reading(school).read(route(task("one", "other", counts=counts)))
    assert (evidence.missing, evidence.surplus, evidence.total) == (1, 1, 17)


def test_a_deleted_row_does_not_conceal_a_missed_one() -> None:
    """Row 3 goes after the first pass, and the count says that another one was missed."""
    school = School(active=range(12), both=range(13))

    def move(asked: str) -> None:
        if asked == "active" and len(school.asked) == 3:
            school.lists["active"] = [row for row in range(12) if row != 3]
            school.lists["both"] = range(12)

    school.before = move
    evidence = Reading(school).read(route(task("active", counts=[count("both")])))
    assert evidence.missing == 1


def test_rows_without_ids_count_among_those_received() -> None:
    rows = [None, *range(1, 10), None]
    school = School(active=rows, both=rows)
    evidence = Reading(school).read(route(task("active", counts=[count("both")])))
    assert school.asked == ["active", "both?"]
    assert (evidence.missing, evidence.surplus, evidence.rows_without_id) == (0, 0, 2)


def check(*partitions: Any, **fields: Any) -> Task:
    """The task of a partition that has no list of its own, only a count."""
    return task(
        counts=[count("all", partitions=partitions)], fallback=["all"], partition="both", **fields
    )


def test_a_partition_whose_rows_are_all_known_is_one_count() -> None:
    school = School(leads=range(12), clients=range(20, 25), all=[*range(12), *range(20, 25)])
    reading = Reading(school)
    reading.read(route(task("leads", partition="leads")))
    reading.read(route(task("clients", partition="clients")))
    evidence = reading.read(route(check("leads", "clients")))
    assert school.asked == ["leads", "clients", "all?"]
    assert (evidence.passes, evidence.total, reading.pages) == (0, 17, [])
    assert judge(evidence).is_complete
    assert evidence.counts == {}


def test_a_partition_that_counts_more_rows_is_read() -> None:
    school = School(leads=range(12), all=range(14))
    reading = Reading(school)
    reading.read(route(task("leads", partition="leads")))
    evidence = reading.read(route(check("leads")))
    assert school.asked == ["leads", "all?", "all", "all?"]
    assert {12, 13} <= set(reading.ids)
    assert (evidence.passes, evidence.total) == (1, 14)
    assert judge(evidence).is_complete


def test_a_partition_without_a_total_is_read() -> None:
    """Without a total the count says nothing, and the last partition may hold rows of its own."""
    school = School(leads=range(8), all=range(10))
    school.totals = {"leads": None, "all": None}
    reading = Reading(school)
    reading.read(route(task("leads", partition="leads")))
    evidence = reading.read(route(check("leads")))
    assert {8, 9} <= set(reading.ids)
    assert judge(evidence).is_complete
    assert evidence.total is None


def test_a_count_is_not_requested_where_nothing_is_known() -> None:
    school = School(all=range(5))
    evidence = Reading(school).read(route(check()))
    assert school.asked == ["all", "all?"]
    assert judge(evidence).is_complete


def test_a_count_alone_proves_nothing_where_rows_moved_in_every_pass() -> None:
    school = School(leads=range(12), all=range(12))
    moved = 0

    def move(asked: str) -> None:
        nonlocal moved
        if asked == "leads":
            moved += 1
            school.totals["leads"] = 30 + moved  # another one in each pass

    school.before = move
    reading = Reading(school)
    assert reading.read(route(task("leads", partition="leads"))).unstable == 1
    assert school.asked == ["leads"] * 5
    school.asked.clear()
    evidence = reading.read(route(check("leads")))
    assert school.asked == ["all?", "all", "all?"]
    assert evidence.unstable == 0


def test_the_latest_pass_of_the_fallback_is_the_evidence() -> None:
    """A row of the first partition that is gone does not count for one that was missed."""
    school = School(leads=range(12), all=range(1, 14))
    reading = Reading(school)
    reading.read(route(task("leads", partition="leads")))
    evidence = reading.read(route(check("leads")))
    assert (evidence.missing, evidence.surplus) == (0, 0)
    assert judge(evidence).is_complete


def test_a_total_of_joined_rows_agrees_with_a_count_of_joined_rows() -> None:
    rows = [row for row in range(20) for _ in range(1 + row % 2)]
    school = School(active=rows, both=rows)
    evidence = Reading(school).read(route(task("active", counts=[count("both")])))
    assert school.asked == ["active", "active", "both?"]
    assert (evidence.missing, evidence.repeated_in_total) == (0, 10)
    assert judge(evidence).is_complete


def test_branches_have_rows_of_their_own() -> None:
    school = School(one=range(5), two=range(5), all=range(5))
    reading = Reading(school)
    tasks = [
        task(path, counts=[count("all")], branch=branch, name=path)
        for branch, path in ((1, "one"), (2, "two"))
    ]
    evidence = reading.read(route(*tasks))
    assert judge(evidence).is_complete
    assert evidence.branches == {1, 2}
    assert evidence.counts == {"one": {"list=one": 5}, "two": {"list=two": 5}}
    assert [page.branch for page in reading.pages] == [1, 2]


def test_a_window_leaves_no_count_behind() -> None:
    school = School(active=range(5))
    evidence = Reading(school).read(route(task("active", is_windowed=True)))
    assert evidence.counts == {}


@pytest.mark.parametrize(("known", "asked"), [(0, 1), (None, 2), (4, 2)])
def test_a_list_that_was_proved_empty_is_requested_once(known: int | None, asked: int) -> None:
    counts = {} if known is None else {"all": {"list=active": known}}
    school = School(active=[])
    Reading(school, Memory({"proof": {"counts": counts}})).read(route(task("active", name="all")))
    assert school.asked == ["active"] * asked


def test_what_an_earlier_run_proved_says_nothing_of_a_window() -> None:
    school = School(active=[])
    memory = Memory({"proof": {"counts": {"all": {"list=active": 0}}}})
    Reading(school, memory).read(route(task("active", name="all", is_windowed=True)))
    assert school.asked == ["active"] * 2


def test_a_path_that_does_not_exist_is_replaced_by_the_next() -> None:
    school = School(bare=range(3), index=range(5))
    school.refused = {"bare": 404}
    reading = Reading(school)
    evidence = reading.read(route(task("bare")), route(task("index")))
    assert school.asked == ["bare", "index"]
    assert len(reading.ids) == 5
    assert judge(evidence).is_complete
    assert reading.memory.paths == {"/index"}


def test_a_path_without_rights_is_not_replaced() -> None:
    school = School(bare=range(3), index=range(5))
    school.refused = {"bare": 403}
    with pytest.raises(UnavailableError, match="no bare"):
        Reading(school).read(route(task("bare")), route(task("index")))
    assert school.asked == ["bare"]


def test_the_first_refusal_is_raised_where_no_path_exists() -> None:
    school = School(bare=range(3), index=range(5))
    school.refused = {"bare": 404, "index": 400}
    with pytest.raises(UnavailableError, match="no bare"):
        Reading(school).read(route(task("bare")), route(task("index")))


def test_a_list_refused_after_others_is_named_and_the_rest_is_kept() -> None:
    school = School(active=range(5), archived=range(9), both=range(5))
    school.refused = {"archived": 404}
    reading = Reading(school)
    evidence = reading.read(route(task("active", "archived", counts=[count("both")])))
    assert evidence.refusals == ["/archived"]
    assert len(reading.ids) == 5
    assert school.asked == ["active", "archived"]
    assert judge(evidence).word is Word.INCOMPLETE


def test_a_page_refused_in_the_middle_is_named_and_the_rest_is_kept() -> None:
    school = School(active=range(25))
    school.refused, school.refuse_from_page = {"active": 404}, 1
    reading = Reading(school)
    evidence = reading.read(route(task("active")))
    assert (evidence.refusals, len(reading.ids)) == (["/active"], 10)
    assert (evidence.received, evidence.pages) == (10, 1)


def test_a_refused_branch_is_named_where_others_answer() -> None:
    school = School(one=range(5), two=range(5))
    school.refused = {"two": 403}
    groups = {
        f"branch {path}": (lambda path=path: TaskGroup(lambda: (task(path),)))
        for path in ("one", "two")
    }
    reading = Reading(school)
    evidence = reading.read(Route(groups))
    assert evidence.refusals == ["branch two"]
    assert len(reading.ids) == 5


@pytest.mark.parametrize(("total", "asked"), [(5, ["shown", "hidden"]), (9, ["shown", "shown"])])
def test_what_a_path_hides_is_read_once_the_rest_is_complete(total: int, asked: list[str]) -> None:
    school = School(shown=range(5), hidden=range(50, 53))
    school.totals = {"shown": total}
    reading = Reading(school)
    evidence = reading.read(
        route(task("shown"), make_supplement=lambda _: route(task("hidden", partition="x")))
    )
    assert school.asked == asked
    assert evidence.received == (8 if total == 5 else 10)


def test_a_series_is_requested_again_where_it_was_empty_and_plans_it() -> None:
    school = School(a=range(2), b=[], c=range(3))
    tasks = [task(path, partition=None) for path in "abc"]
    group = TaskGroup(lambda: tasks, size=3, upcoming=[])
    evidence = Reading(school).read(Route({"x": lambda: group}))
    assert school.asked == ["a", "b", "c", "b"]
    assert school.planned == ["b"]
    assert (evidence.received, judge(evidence).is_complete) == (5, True)
    assert evidence.counts == {"": {"list=a": 2, "list=c": 3, "list=b": 0}}
