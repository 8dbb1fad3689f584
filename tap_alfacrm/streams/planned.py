"""The plan to read a stream: branches, lists, counts and what comes after it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.extract.incremental import FilterWindow, Windows
from tap_alfacrm.extract.memory import branch_task
from tap_alfacrm.extract.plan import Count, Plan, Route, Task, TaskGroup
from tap_alfacrm.streams.entity import EntityStream, partition_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.client.request import PlannedList
    from tap_alfacrm.extract.completeness import Evidence
    from tap_alfacrm.extract.memory import Memory
    from tap_alfacrm.extract.plan import ListSpec


class PlannedStream(EntityStream):
    """A stream that turns its declaration into a plan."""

    @property
    def _spreads_counts(self) -> bool:
        """Whether counts of rows that stay the same are not requested in each run."""
        return self.run.config.child_refresh_days > 1

    def plan(
        self, context: Context | None, windows: Windows, memory: Memory, *, prefetch: bool
    ) -> Plan:
        """Plan how to read a partition.

        Args:
            context: The partition.
            windows: The rows to request.
            memory: What earlier runs found.
            prefetch: Whether to prefetch this partition and what comes after it.
        """
        return Plan(self._routes(context, windows, memory, prefetch=prefetch))

    def _routes(
        self, context: Context | None, windows: Windows, memory: Memory, *, prefetch: bool
    ) -> Iterator[Route]:
        """Each action of the path, without a branch where possible, else in each branch."""
        is_hidden = windows.is_incremental and memory.hides_by_branch
        if not (self.needs_branch or self.run.config.branch_ids or is_hidden):
            for action in self.actions:
                yield replace(
                    self._route((None,), action, context, windows, prefetch=prefetch),
                    make_supplement=partial(
                        self._hidden_branches_route, action, context, windows, memory
                    ),
                )
            if self.name == "branches":
                return
        # some accounts need the branch in every path
        branches = self.run.read_branch_ids(memory.branches_with_rows)
        for action in self.actions:
            yield self._route(branches, action, context, windows, prefetch=prefetch)

    def _hidden_branches_route(
        self,
        action: str,  # noqa: ARG002 - for subclasses
        context: Context | None,  # noqa: ARG002 - for subclasses
        windows: Windows,  # noqa: ARG002 - for subclasses
        memory: Memory,  # noqa: ARG002 - for subclasses
        evidence: Evidence,  # noqa: ARG002 - for subclasses
    ) -> Route | None:
        """Return how to read what the path without a branch hides, None where that is nothing."""
        return None

    def _route(
        self,
        branches: Sequence[int | None],
        action: str,
        context: Context | None,
        windows: Windows,
        *,
        prefetch: bool,
    ) -> Route:
        is_windowed = any(windows.for_branch(branch).filters for branch in branches)

        def upcoming() -> Iterator[PlannedList]:
            # each partition has a window of its own
            contexts = (context,) if is_windowed else self.contexts
            yield from self._planned_lists(branches, action, contexts, windows)
            yield from self.run.upcoming_lists(after=self.name)

        uses_listed_branches = branches != (None,) and not self.run.config.branch_ids
        parents = (
            {"branches": self.run.judge_parent_ids("branches")} if uses_listed_branches else {}
        )
        return Route(
            {
                f"branch {branch}": partial(
                    TaskGroup,
                    partial(self._tasks_of_branch, branch, action, context, windows),
                    upcoming=upcoming() if (prefetch or is_windowed) and number == 0 else None,
                    parents=parents,
                )
                for number, branch in enumerate(branches)
            },
            has_closing_counts=self.moves_between_branches and len(branches) > 1,
            counts_single_pages=not self._spreads_counts,
        )

    def _tasks_of_branch(
        self, branch: int | None, action: str, context: Context | None, windows: Windows
    ) -> Sequence[Task]:
        return (self._task(branch, action, context, windows),)

    def request(
        self, branch: int | None, action: str, spec: ListSpec, window: FilterWindow
    ) -> ListRequest:
        """Return the request for a list."""
        filters = {**spec.filters, **window.filters}
        return ListRequest(self.path(branch, action), filters, parser=self.parser)

    def sample_request(self, branch: int) -> ListRequest:
        """Return the request for rows of a branch that may not exist."""
        request = self.request(branch, self.actions[0], self.sample_list, FilterWindow())
        return replace(request, may_be_refused=True)

    def _task(
        self, branch: int | None, action: str, context: Context | None, windows: Windows
    ) -> Task:
        window, counts = windows.for_branch(branch), self.counts(context)

        def with_requests(specs: Sequence[ListSpec]) -> list[tuple[ListRequest, ListSpec]]:
            return [(self.request(branch, action, spec, window), spec) for spec in specs]

        return Task(
            lists=() if window.is_unchanged else with_requests(self.lists(context)),
            fallback_lists=with_requests(self.fallback_lists(context)),
            counts=[
                Count(
                    self.request(branch, action, count.spec, window),
                    count.list_number,
                    [partition_key(one) for one in count.partitions],
                )
                for count in counts
            ],
            branch=branch,
            partition=partition_key(context),
            name=task_name(branch, context),
            follows_previous=not context and (self.moves_between_branches or self.counts_by_branch),
            single_page_likely=not (self.incremental_filter or context or counts),
            is_windowed=bool(window.filters),
            may_leave_out_counts=self._spreads_counts and not self.counts_stream(context),
            is_unchanged=window.is_unchanged,
        )

    def _planned_lists(
        self,
        branches: Sequence[int | None],
        action: str,
        contexts: Sequence[Any],
        windows: Windows,
    ) -> Iterator[PlannedList]:
        for context in contexts:
            for branch in branches:
                task = self._task(branch, action, context, windows)
                yield from task.planned_lists(self.run.config.page_size)

    def upcoming_lists(self) -> Iterator[PlannedList]:
        """List what the stream will request, as far as that is known before its turn."""
        is_windowed = self.incremental_filter and self.replication_method != REPLICATION_FULL_TABLE
        branches: Sequence[int | None] = self.run.config.branch_ids or (None,)
        if self.needs_branch:
            branches = self.run.read_branch_ids() if self.run.knows_branch_ids else ()
        if not is_windowed and branches:
            yield from self._planned_lists(branches, self.actions[0], self.contexts, Windows())


def task_name(branch: int | None, context: Context | None) -> str:
    """Name of the lists of a branch and a partition in the memory of a stream."""
    parts = [] if branch is None else [branch_task(branch)]
    return " ".join([*parts, *(f"{key}={value}" for key, value in (context or {}).items())])
