"""Reads a plan: branch after branch, list after list, until the counts agree."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_alfacrm.errors import RequestError, UnavailableError
from tap_alfacrm.extract.completeness import Evidence
from tap_alfacrm.extract.pagination import MAX_PASSES, ListResult, SeenIds, read_until_stable
from tap_alfacrm.extract.plan import COUNT_PAGE_SIZE, ListPage
from tap_alfacrm.extract.progress import NoProgress
from tap_alfacrm.formatting import number_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator, Hashable, Iterator

    from tap_alfacrm.client.prefetch import PrefetchClient
    from tap_alfacrm.extract.plan import Plan, Route, Task, TaskGroup
    from tap_alfacrm.extract.progress import Progress


class ListReader:
    """Reads the partitions of one stream, one plan each."""

    def __init__(
        self,
        client: PrefetchClient,
        page_size: int,
        progress: Progress,
        logger: logging.Logger,
    ) -> None:
        """Create a reader that has read nothing.

        Args:
            client: Where pages come from.
            page_size: Rows per page to request.
            progress: Receives each page.
            logger: The stream's logger.
        """
        self._client, self._page_size = client, page_size
        self._progress, self._logger = progress, logger
        self._seen: defaultdict[tuple[int | None, Hashable], SeenIds] = defaultdict(SeenIds)
        self._is_unstable = False

    def read(self, plan: Plan, evidence: Evidence) -> Iterator[ListPage]:
        """Read a partition.

        Args:
            plan: What to read.
            evidence: Receives what was found; empty at the start.

        Yields:
            Pages with rows. A row may come more than once.

        Raises:
            UnavailableError: The account does not offer the rows.
            RequestError: A request got no usable response.
        """
        refusal: UnavailableError | None = None
        for route in plan.routes:
            try:
                yield from self._read_route(route, evidence)
            except UnavailableError as error:
                if error.status == HTTPStatus.FORBIDDEN:
                    raise
                refusal = refusal or error
            else:
                self._is_unstable = self._is_unstable or evidence.unstable
                return
        if refusal is not None:
            raise refusal

    def _read_route(self, route: Route, evidence: Evidence) -> Iterator[ListPage]:
        """Read all groups; those that are refused are noted where others are not."""
        refused: dict[str, UnavailableError] = {}
        for name, make_group in route.groups.items():
            try:
                group = make_group()
            except UnavailableError as error:
                refused[name] = error
                continue
            self._begin_group(group)
            outcome = _GroupOutcome()
            for task in group.tasks:
                outcome.add((yield from self._read_task(task, by_page=group.size is None)))
                if not outcome.answered and len(outcome.refusals) == group.max_refusals:
                    break
                if group.size is not None:
                    self._progress.add_request(group.size)
            if outcome.refusals and not outcome.answered:
                refused[name] = outcome.refusals[0]
            else:
                evidence.add(outcome.summarize(group))
        if len(refused) == len(route.groups):
            raise next(iter(refused.values()))
        for refusal in refused.values():
            self._logger.warning("%s The others were read.", refusal)
        evidence.refusals += refused

    def _begin_group(self, group: TaskGroup) -> None:
        if group.upcoming is not None:
            self._client.plan(group.upcoming)
        if group.size is not None:
            self._progress.begin_list(group.label)

    def _read_task(self, task: Task, *, by_page: bool) -> Generator[ListPage, None, Evidence]:
        """Read the lists of a task, and again until their rows agree with its count.

        The lists are read one after the other, because a row that moves from one to the next
        must be met again there.
        """
        evidence = Evidence()
        progress = self._progress if by_page else NoProgress()
        seen = SeenIds()
        if task.partition is not None:
            seen = self._seen[task.branch, task.partition]
        count = _CountCheck(task, evidence, must_read=self._is_unstable)
        while not self._is_counted(count, seen):
            evidence.discard_lists()
            seen.begin_pass()
            for request, spec in task.lists:
                result = ListResult()
                pages = read_until_stable(self._client, request, self._page_size, result, progress)
                try:
                    for page in pages:
                        yield ListPage(page, spec, task.id_scope)
                except UnavailableError as error:
                    if not (evidence.received or result.received):
                        evidence.refusal = error
                        return evidence
                    msg = f"{error} Some of its rows had been received before."
                    raise RequestError(msg) from None
                seen.add(result)
                evidence.add_list(result)
            count.passes += 1
        return evidence

    def _is_counted(self, count: _CountCheck, seen: SeenIds) -> bool:
        """Whether a task needs no further pass, by its count if it has one."""
        request = count.task.count_request
        if request is None:
            return count.passes > 0
        covered = self._seen_for_count(count.task, seen)
        if not count.passes and not covered.ever:
            return False
        with self._client.open_list(request, COUNT_PAGE_SIZE, count_only=True) as fetch_page:
            total = fetch_page(0).total
        return count.is_final(total, covered)

    def _seen_for_count(self, task: Task, seen: SeenIds) -> SeenIds:
        """Combine the rows of all partitions that the task's count covers.

        Where the task's own lists have been read, their latest pass is the evidence.
        """
        covered = SeenIds()
        for partition in task.counted_partitions:
            if (task.branch, partition) in self._seen:
                covered.add(self._seen[task.branch, partition])
        if seen.latest_ids:
            covered.latest_ids, covered.rows_without_id = seen.latest_ids, seen.rows_without_id
        return covered


@dataclass(slots=True)
class _GroupOutcome:
    """What the tasks of a group came to."""

    evidence: Evidence = field(default_factory=Evidence)
    answered: int = 0
    refusals: list[UnavailableError] = field(default_factory=list)

    def add(self, part: Evidence) -> None:
        if part.refusal is not None:
            self.refusals.append(part.refusal)
        else:
            self.answered += 1
            self.evidence.add(part)

    def summarize(self, group: TaskGroup) -> Evidence:
        self.evidence.incomplete_parents += group.incomplete_parents
        if self.refusals:
            requests = number_of(len(self.refusals), "request")
            self.evidence.refusals.append(f"{requests} for {group.label}")
        return self.evidence


@dataclass(slots=True)
class _CountCheck:
    """Compares the rows of a task with the total of its count request, pass by pass.

    Attributes:
        task: The task.
        evidence: The task's evidence, which receives the total.
        must_read: Whether a count alone, before the first pass, proves nothing.
        passes: Passes so far.
    """

    task: Task
    evidence: Evidence
    must_read: bool
    passes: int = 0
    _previous: tuple[int | None, int, int] | None = None

    def is_final(self, total: int | None, seen: SeenIds) -> bool:
        """Whether another pass would prove nothing more."""
        agrees = self.evidence.compare_count(total, seen.ever, seen.latest)
        if agrees and (self.passes or not self.must_read):
            return True
        current = total, seen.ever, seen.latest
        if self.passes and self._previous == current:
            return True
        if self.passes == MAX_PASSES:
            self.evidence.unstable = True
            return True
        self._previous = current
        return False
