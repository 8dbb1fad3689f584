"""The order of the tasks of a route, and what they come to together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_alfacrm.client.request import ListRequest, PlannedList
from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.completeness import Evidence, Word
from tap_alfacrm.extract.plan import ListSpec, Route, Task, TaskGroup
from tap_alfacrm.extract.schedule import MAX_ROUNDS, Schedule
from tests.conftest import shorten_waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FOUND = Evidence(received=5, pages=2)


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten_waits(monkeypatch, 0)


def task(name: str, **fields: Any) -> Task:
    return Task([(ListRequest(f"/{name}"), ListSpec())], name=name, **fields)


def refusal() -> Evidence:
    return Evidence(refusal=UnavailableError("no", 404))


def group(*tasks: Task, **fields: Any) -> Callable[[], TaskGroup]:
    return lambda: TaskGroup(lambda: tasks, **fields)


class Run:
    """A route that was read, where each task comes to some evidence, one after the other."""

    def __init__(self, route: Route, **evidence: list[Evidence] | Evidence) -> None:
        self.tasks: list[tuple[str, bool]] = []
        self.begun: list[list[str]] = []
        self.counted: list[ListRequest] = []
        self.schedule = Schedule(route, 10, self._begin, self.counted.extend)
        for one, is_series, record in self.schedule:
            self.tasks.append((one.name, is_series))
            found = evidence.get(one.name, Evidence(received=1, pages=1))
            record(found.pop(0) if isinstance(found, list) else found)

    def _begin(self, _: TaskGroup, upcoming: Iterable[PlannedList] | None) -> None:
        self.begun.append([one.request.path for one in upcoming or ()])

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.tasks]


def test_each_task_of_each_group_is_read_once_in_order() -> None:
    route = Route({"x": group(task("a"), task("b")), "y": group(task("c"))})
    run = Run(route, a=FOUND)
    assert run.tasks == [("a", False), ("b", False), ("c", False)]
    assert [outcome.answered for outcome in run.schedule.outcomes] == [2, 1]
    assert [outcome.summarize().received for outcome in run.schedule.outcomes] == [6, 1]
    assert run.schedule.refused == {}
    assert len(run.begun) == 2


def test_a_group_that_is_refused_is_named_and_does_not_stop_the_others() -> None:
    run = Run(Route({"x": group(task("a")), "y": group(task("b"))}), a=refusal())
    assert run.names == ["a", "b"]
    assert run.schedule.refused.keys() == {"x"}
    assert len(run.schedule.outcomes) == 1


def test_a_group_whose_making_is_refused_is_named() -> None:
    def make() -> TaskGroup:
        message = "no"
        raise UnavailableError(message, 403)

    run = Run(Route({"x": make, "y": group(task("b"))}))
    assert (run.names, [*run.schedule.refused]) == (["b"], ["x"])


def test_refusals_before_the_first_response_end_a_group() -> None:
    tasks = [task(name) for name in "abcd"]
    refused = {name: refusal() for name in "abcd"}
    run = Run(Route({"x": group(*tasks, max_refusals=3)}), **refused)
    assert run.names == ["a", "b", "c"]
    assert [*run.schedule.refused] == ["x"]


def test_refusals_after_a_response_are_counted_and_named() -> None:
    tasks = [task(name) for name in "abcd"]
    run = Run(
        Route({"x": group(*tasks, max_refusals=3, label="bonus of customers")}),
        a=refusal(), b=Evidence(pages=1), c=refusal(), d=refusal(),
    )  # fmt: skip
    assert run.names == ["a", "b", "c", "d"]
    [outcome] = run.schedule.outcomes
    assert outcome.summarize().refusals == ["3 requests for bonus of customers"]
    assert run.schedule.refused == {}


def test_empty_responses_of_a_series_are_requested_again_after_its_end() -> None:
    tasks = [task(name) for name in "abcd"]
    run = Run(
        Route({"x": group(*tasks, size=4)}),
        a=FOUND,
        b=[Evidence(), Evidence(received=3, pages=1)],
        c=Evidence(),
        d=[Evidence(), refusal()],
    )
    assert run.tasks == [(name, True) for name in "abcdbcdcc"]
    assert run.begun == [[], ["/b", "/c", "/d"], ["/c"], ["/c"]]
    [outcome] = run.schedule.outcomes
    evidence = outcome.summarize()
    assert (evidence.received, evidence.pages) == (8, 3)
    assert evidence.refusals == ["1 request for "]


def test_empty_responses_are_requested_once_more_where_no_round_finds_rows() -> None:
    run = Run(Route({"x": group(task("a"), task("b"), size=2)}), a=Evidence(), b=FOUND)
    assert run.names == ["a", "b", "a"]


def test_a_series_that_is_empty_again_and_again_is_unstable() -> None:
    tasks = [task(str(number)) for number in range(10)]
    empty = {str(number): [Evidence()] * (number + 1) + [FOUND] for number in range(10)}
    run = Run(Route({"x": group(*tasks, size=10)}), **empty)
    assert len(run.begun) == 1 + MAX_ROUNDS
    [outcome] = run.schedule.outcomes
    assert outcome.summarize().unstable == 1
    assert outcome.summarize().received == MAX_ROUNDS * FOUND.received


def test_empty_responses_of_other_groups_are_not_requested_again() -> None:
    assert Run(Route({"x": group(task("a"))}), a=Evidence()).names == ["a"]


@pytest.mark.parametrize("counts_single_pages", [True, False])
def test_closing_counts_follow_the_last_group_where_rows_may_have_moved(
    *, counts_single_pages: bool
) -> None:
    route = Route(
        {
            "long": group(task("a")),
            "short": group(task("b")),
            "series": group(task("c"), size=1),
            "windowed": group(task("d", is_windowed=True)),
        },
        has_closing_counts=True,
        counts_single_pages=counts_single_pages,
    )
    run = Run(
        route,
        a=[Evidence(pages=2, missing=4, received=5), Evidence(pages=2, received=9, passes=1)],
        b=[Evidence(pages=1)] * 2, c=FOUND, d=FOUND,
    )  # fmt: skip
    read = [("a", False), ("b", False), ("c", True), ("d", False)]
    counted = [("a", False), ("b", False)] if counts_single_pages else [("a", False)]
    assert run.tasks == read + counted
    evidence = run.schedule.outcomes[0].summarize()
    assert (evidence.missing, evidence.received) == (0, 14)


def test_a_closing_count_that_agrees_leaves_the_evidence_as_it_was() -> None:
    route = Route({"long": group(task("a"))}, has_closing_counts=True)
    run = Run(route, a=[Evidence(pages=2, missing=4), Evidence(total=9)])
    assert run.schedule.outcomes[0].summarize().missing == 4
    assert run.schedule.outcomes[0].summarize().total is None


def test_a_closing_count_counts_the_first_list_unless_the_task_has_counts() -> None:
    one = task("a")
    counted: list[Task] = []
    planned: list[ListRequest] = []
    schedule = Schedule(
        Route({"x": group(one)}, has_closing_counts=True), 10, lambda *_: None, planned.extend
    )
    for found, _, record in schedule:
        counted.append(found)
        record(Evidence(pages=2))
    assert [(count.request.path, count.list_number) for count in counted[1].counts] == [("/a", 0)]
    assert counted[1].lists == one.lists
    assert [request.path for request in planned] == ["/a"]


@pytest.mark.parametrize(
    ("word", "unknown", "doubted"),
    [(Word.INCOMPLETE, ["groups"], []), (Word.UNPROVEN, [], ["groups"]), (Word.COMPLETE, [], [])],
)
def test_a_group_shares_the_verdict_on_its_parents(
    word: Word, unknown: list[str], doubted: list[str]
) -> None:
    run = Run(Route({"x": group(task("a"), parents={"groups": word})}))
    evidence = run.schedule.outcomes[0].summarize()
    assert (evidence.unknown_parents, evidence.doubted_parents) == (unknown, doubted)
