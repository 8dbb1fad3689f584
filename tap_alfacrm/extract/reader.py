"""Reads a plan: branch after branch, list after list, until the counts agree."""

from __future__ import annotations

import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.completeness import Evidence, judge
from tap_alfacrm.extract.pagination import MAX_PASSES, ListRead, read_until_stable
from tap_alfacrm.extract.plan import ListPage
from tap_alfacrm.extract.progress import NoProgress
from tap_alfacrm.extract.results import ListResult, SeenIds
from tap_alfacrm.extract.rotation import checksum_of
from tap_alfacrm.extract.schedule import Schedule

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator, Hashable, Iterable, Iterator

    from tap_alfacrm.client.prefetch import PrefetchClient
    from tap_alfacrm.client.request import ListRequest, PlannedList
    from tap_alfacrm.extract.memory import Memory
    from tap_alfacrm.extract.plan import Count, ListSpec, Plan, Route, Task, TaskGroup
    from tap_alfacrm.extract.progress import Progress
    from tap_alfacrm.extract.results import PageLengths


class ListReader:
    """Reads the partitions of one stream, one plan each."""

    def __init__(  # noqa: PLR0913 - all that a run shares, once
        self,
        client: PrefetchClient,
        page_size: int,
        progress: Progress,
        logger: logging.Logger,
        *,
        lengths: PageLengths,
        memory: Memory,
    ) -> None:
        """Create a reader that has read nothing.

        Args:
            client: Where pages come from.
            page_size: Rows per page to request.
            progress: Receives each page.
            logger: The stream's logger.
            lengths: Lengths of the account's pages, shared by all streams.
            memory: What earlier runs found; receives the routes that answer.
        """
        self._client, self._page_size = client, page_size
        self._progress, self._logger = progress, logger
        self._lengths, self._memory = lengths, memory
        self._seen: defaultdict[tuple[int | None, Hashable], defaultdict[int, SeenIds]]
        self._seen = defaultdict(lambda: defaultdict(SeenIds))
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
                if judge(evidence).is_complete and (supplement := route.make_supplement(evidence)):
                    yield from self._read_route(supplement, evidence)
            except UnavailableError as error:
                if error.status == HTTPStatus.FORBIDDEN:
                    raise
                refusal = refusal or error
            else:
                self._is_unstable = self._is_unstable or evidence.unstable > 0
                return
        if refusal is not None:
            raise refusal

    def _read_route(self, route: Route, evidence: Evidence) -> Iterator[ListPage]:
        """Read all groups; those that are refused are noted where others are not."""
        schedule = Schedule(route, self._page_size, self._begin_group, self._client.plan_counts)
        for task, is_series, record in schedule:
            record((yield from self._read_task(task, is_series=is_series)))
            if is_series:
                self._progress.add_request()
        if not schedule.outcomes:
            raise next(iter(schedule.refused.values()))
        for outcome in schedule.outcomes:
            evidence.add(outcome.summarize())
        for refusal in schedule.refused.values():
            self._logger.warning("%s The others were read.", refusal)
        evidence.refusals += schedule.refused

    def _begin_group(self, group: TaskGroup, upcoming: Iterable[PlannedList] | None) -> None:
        if upcoming is not None:
            self._client.plan(upcoming)
        if group.size is not None:
            self._progress.begin_series(group.label, group.size)

    def _read_task(self, task: Task, *, is_series: bool) -> Generator[ListPage, None, Evidence]:
        """Read the lists of a task, and again until their rows agree with its counts.

        The lists are read one after the other, because a row that moves from one to the next
        must be met again there.
        """
        evidence = Evidence(total=0 if task.is_unchanged else None)
        if task.branch is not None:
            evidence.branches.add(task.branch)
        progress = NoProgress() if is_series else self._progress
        seen: defaultdict[int, SeenIds] = defaultdict(SeenIds)
        if task.partition is not None:
            seen = self._seen[task.branch, task.partition]
        check = _CountCheck(task, evidence, must_read=self._is_unstable)
        while not (task.is_unchanged or self._is_counted(check)):
            evidence.discard_lists()
            for number, (request, spec) in self._choose_lists(check):
                result = ListResult()
                known_count = self._known_count(task, spec, is_series=is_series)
                pages = read_until_stable(
                    ListRead(request, self._page_size, known_count),
                    self._client,
                    self._lengths,
                    progress,
                    result,
                )
                try:
                    for page in pages:
                        yield ListPage(page, spec, task.id_scope, task.branch)
                except UnavailableError as error:
                    evidence.received += result.received
                    evidence.pages += result.pages
                    if not (number or evidence.received):
                        evidence.refusal = error
                        return evidence
                    self._logger.warning("%s What was received before it was loaded.", error)
                    evidence.refusals.append(str(request))
                    continue
                self._memory.paths.add(request.route)
                seen[number].replace_latest(result)
                evidence.add_list(result)
            if evidence.refusals:
                return evidence
            check.passes += 1
        if task.lists and check.passes and not task.is_windowed:
            evidence.counts[task.name] = {
                spec.name: seen[number].latest for number, (_, spec) in enumerate(task.lists)
            }
        return evidence

    def _known_count(self, task: Task, spec: ListSpec, *, is_series: bool) -> int | None:
        """Number of rows that an earlier run proved a list to have."""
        if is_series:
            return 0  # empty responses are requested again after the end of the series
        return None if task.is_windowed else self._memory.count(task.name, spec.name)

    @staticmethod
    def _choose_lists(check: _CountCheck) -> Iterable[tuple[int, tuple[ListRequest, ListSpec]]]:
        """Number the lists to read in the next pass; those of the fallback follow the others."""
        task = check.task
        if task.fallback_lists and (check.passes or not task.lists):
            return enumerate(task.fallback_lists, len(task.lists))
        return enumerate(task.lists)

    def _is_counted(self, check: _CountCheck) -> bool:
        """Whether a task needs no further pass, by its counts if it has any."""
        task = check.task
        covered = [self._seen_for_count(task, count) for count in task.counts]
        if not task.counts:
            return check.passes > 0
        if not check.passes and not any(seen.ever for seen in covered):
            return False
        rotation, checksums = self._memory.rotation, self._checksums(check)
        if checksums and not rotation.select_due(checksums):
            check.evidence.uncounted.append(f"0 of {len(task.lists):,} lists")
            return True
        totals = [self._client.fetch_first_rows(count.request).total for count in task.counts]
        is_final = check.is_final(totals, covered)
        if is_final and None not in totals:
            rotation.note_counted(self._checksums(check))
        return is_final

    def _checksums(self, check: _CountCheck) -> dict[int, str]:
        """Return the checksum of the rows of a task, by a number that is the same in each run.

        Empty where the counts may not be left out: always without `child_refresh_days`, and where a
        list was read again or is doubtful.
        """
        task, evidence = check.task, check.evidence
        was_read_once = check.passes == evidence.passes == 1
        if not (task.may_leave_out_counts and was_read_once and judge(evidence).is_complete):
            return {}
        seen = self._seen[task.branch, task.partition]
        checksums = [checksum_of(seen[number].latest_ids) for number in range(len(task.lists))]
        path = task.lists[0][0].path
        return {zlib.crc32(path.encode()): " ".join(checksums)}

    def _seen_for_count(self, task: Task, count: Count) -> SeenIds:
        """Combine the rows of all lists that a count covers.

        Where the fallback lists have been read, their latest pass is the evidence.
        """
        covered, fallback = SeenIds(), SeenIds()
        for partition in {task.partition, *count.partitions}:
            for number, seen in self._seen[task.branch, partition].items():
                if count.list_number in {None, number}:
                    covered.add(seen)
                    if partition == task.partition and number >= len(task.lists):
                        fallback.add(seen)
        if fallback.latest_ids:
            covered.latest_ids = fallback.latest_ids
            covered.rows_without_id = fallback.rows_without_id
        return covered


@dataclass(slots=True)
class _CountCheck:
    """Compares the rows of a task with the totals of its counts, pass by pass.

    Attributes:
        task: The task.
        evidence: The task's evidence, which receives the totals.
        must_read: Whether a count alone, before the first pass, proves nothing.
        passes: Passes so far.
    """

    task: Task
    evidence: Evidence
    must_read: bool
    passes: int = 0
    _previous: list[tuple[int | None, int, int]] = field(default_factory=list)

    def is_final(self, totals: list[int | None], covered: list[SeenIds]) -> bool:
        """Whether another pass would prove nothing more.

        A row that was seen only before the latest pass may have been deleted, and would conceal
        one that was missed; it counts only where rows move in every pass, so that no pass sees
        them all.
        """
        current = [
            (total, seen.ever, seen.latest) for total, seen in zip(totals, covered, strict=True)
        ]
        differences = [
            0 if total is None else total - (ever if self.evidence.unstable else latest)
            for total, ever, latest in current
        ]
        repeated = self.evidence.repeated_in_total + self.evidence.unseen_in_total
        if repeated and min(differences) >= 0 and sum(differences) == repeated:
            differences = []  # the counts repeat the same rows as the totals of the lists
        lists_disagree = bool(self.evidence.missing or self.evidence.surplus)
        known = [total for total in totals if total is not None]
        if known:
            self.evidence.total = sum(known)
            self.evidence.missing = sum(max(0, difference) for difference in differences)
            self.evidence.surplus = sum(max(0, -difference) for difference in differences)
        agrees = not any(differences) and (self.passes > 0 or len(known) == len(totals))
        if agrees and (self.passes or not self.must_read):
            return True
        if self.passes and (lists_disagree or self._previous == current):
            return True
        if self.passes == MAX_PASSES:
            self.evidence.unstable += 1
            return True
        self._previous = current
        return False
