"""The order in which the tasks of a route are read, and what they come to together."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from pyroaring import BitMap64

from tap_alfacrm.client import retry
from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.completeness import Evidence, Word
from tap_alfacrm.extract.plan import Count
from tap_alfacrm.formatting import list_of, number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_alfacrm.client.request import ListRequest, PlannedList
    from tap_alfacrm.extract.plan import Route, Task, TaskGroup

    BeginGroup = Callable[[TaskGroup, Iterable[PlannedList] | None], None]
    PlanCounts = Callable[[Iterable[ListRequest]], None]
    Record = Callable[[Evidence], None]
    """Receives the evidence of a task after it was read."""

MAX_ROUNDS = 5
"""Times that the empty responses of a series are requested again."""


class Schedule:
    """Yields the tasks of a route, each with what records its evidence.

    Attributes:
        outcomes: What the groups came to that answered.
        refused: The groups that were refused, by name.
    """

    def __init__(
        self, route: Route, page_size: int, begin_group: BeginGroup, plan_counts: PlanCounts
    ) -> None:
        """Create a schedule.

        Args:
            route: The groups to read.
            page_size: Rows per page to request.
            begin_group: Called before the tasks of a group, with what to prefetch.
            plan_counts: Called before tasks that are only counted, with the requests.
        """
        self._route, self._page_size = route, page_size
        self._begin_group, self._plan_counts = begin_group, plan_counts
        self.outcomes: list[GroupOutcome] = []
        self.refused: dict[str, UnavailableError] = {}

    def __iter__(self) -> Iterator[tuple[Task, bool, Record]]:
        """Yield each task, whether it belongs to a series, and the recorder of its evidence.

        Empty responses in a series are requested again after its end, together, unless an earlier
        run proved that the parent has no rows. A row that moved to a branch that was read before
        its own is met again by the counts after the last branch.
        """
        for name, make_group in self._route.groups.items():
            try:
                outcome = GroupOutcome(make_group())
            except UnavailableError as error:
                self.refused[name] = error
                continue
            yield from self._read_group(outcome)
            if outcome.refusals and not outcome.answered:
                self.refused[name] = outcome.refusals[0]
            else:
                self.outcomes.append(outcome)
        if self._route.has_closing_counts:
            least = 0 if self._route.counts_single_pages else 2
            to_count = [(task, one) for one in self.outcomes for task in one.tasks_to_count(least)]
            self._plan_counts(count.request for task, _ in to_count for count in task.counts)
            for task, outcome in to_count:
                yield task, False, outcome.replace

    def _read_group(self, outcome: GroupOutcome) -> Iterator[tuple[Task, bool, Record]]:
        group = outcome.group
        self._begin_group(group, group.upcoming)
        for number, task in enumerate(group.make_tasks()):
            yield task, group.is_series, partial(outcome.add, task, number)
            if not outcome.answered and len(outcome.refusals) == group.max_refusals:
                return
        yield from self._read_empty_again(outcome)
        if outcome.empty and group.find_moved:
            for task in group.find_moved():
                yield task, group.is_series, partial(outcome.add_moved, task)

    def _read_empty_again(self, outcome: GroupOutcome) -> Iterator[tuple[Task, bool, Record]]:
        """Yield the tasks with an empty response, until no round finds rows in one of them.

        After a round that did, it takes two, because such an account may fail again.
        """
        group, has_failed = outcome.group, False
        for _ in range(MAX_ROUNDS):
            if not outcome.empty:
                return
            time.sleep(retry.DEFAULT_RETRY_POLICY.empty_wait)
            self._begin_group(group, outcome.planned_again(self._page_size))
            known = len(outcome.empty)
            for number, task in outcome.select_empty():
                yield task, group.is_series, partial(outcome.add_again, task, number)
            found_rows = len(outcome.empty) < known
            if not (found_rows or has_failed):
                return
            has_failed = found_rows
        outcome.evidence.unstable += has_failed


@dataclass(slots=True)
class GroupOutcome:
    """What the tasks of a group came to.

    Attributes:
        group: The group.
        evidence: Evidence of the tasks that answered.
        answered: Number of tasks that answered.
        refusals: Refusals of the others.
        empty: Numbers of the tasks of a series whose empty response is to be requested again.
    """

    group: TaskGroup
    evidence: Evidence = field(default_factory=Evidence)
    answered: int = 0
    refusals: list[UnavailableError] = field(default_factory=list)
    empty: BitMap64 = field(default_factory=BitMap64)

    def add(self, task: Task, number: int, part: Evidence) -> None:
        """Add the evidence of a task.

        Args:
            task: The task.
            number: Number of the task.
            part: Its evidence.
        """
        if part.refusal is not None:
            self.refusals.append(part.refusal)
            return
        self.answered += 1
        is_empty = self.group.is_series and not part.pages
        if is_empty and not self.group.is_proven_empty(task):
            self.empty.add(number)
            return
        if part.pages:
            self.group.note_rows(task)
        self.evidence.add(part)

    def add_again(self, task: Task, number: int, part: Evidence) -> None:
        """Add the evidence of a task whose responses so far were empty."""
        if part.refusal is not None:
            self.refusals.append(part.refusal)
        else:
            self.evidence.add(part)
        if part.pages:
            self.group.note_rows(task)
        if part.pages or part.refusal:
            self.empty.remove(number)

    def add_moved(self, task: Task, part: Evidence) -> None:
        """Add the evidence of a task for a parent that moved meanwhile."""
        if part.refusal is not None:
            self.refusals.append(part.refusal)
            return
        if part.pages:
            self.group.note_rows(task)
        self.evidence.add(part)

    def replace(self, part: Evidence) -> None:
        """Take the evidence of a task that was counted again, if it was read again."""
        if part.passes:
            self.evidence.discard_lists()
            self.evidence.add(part)

    def select_empty(self) -> Iterator[tuple[int, Task]]:
        """The tasks that had empty responses only, with their numbers."""
        for number, task in enumerate(self.group.make_tasks()):
            if number in self.empty:
                yield number, task

    def planned_again(self, page_size: int) -> Iterator[PlannedList]:
        """What reading the tasks with an empty response will request."""
        for _, task in self.select_empty():
            yield from task.planned_lists(page_size)

    def tasks_to_count(self, least_pages: int) -> Iterator[Task]:
        """The tasks to which rows may have moved from another group since they were read.

        Lists with a filter by date are left out, because they change daily.

        Args:
            least_pages: Pages that the group must have.
        """
        if self.group.is_series or self.evidence.pages < least_pages:
            return
        for task in self.group.make_tasks():
            if not task.is_windowed:
                count = Count(task.lists[0][0], list_number=0)
                yield replace(task, counts=task.counts or (count,))

    def summarize(self) -> Evidence:
        """The evidence of the group."""
        for parent, word in self.group.parents.items():
            if word is Word.INCOMPLETE:
                self.evidence.unknown_parents.append(parent)
            elif word is Word.UNPROVEN:
                self.evidence.doubted_parents.append(parent)
        filled_requested, filled = self.group.requested_filled
        self.evidence.parents_requested, self.evidence.parents_known = filled_requested, filled
        requested, known = self.group.requested
        if requested < known:
            names = list_of(self.group.parents)
            self.evidence.postponed.append(f"{requested:,} of {known:,} {names}")
        if self.refusals:
            requests = number_of(len(self.refusals), "request")
            self.evidence.refusals.append(f"{requests} for {self.group.label}")
        return self.evidence
