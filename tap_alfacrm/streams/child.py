"""Entities that the API returns for one row of another entity at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_alfacrm.client.request import ListRequest, PlannedList
from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.completeness import Word
from tap_alfacrm.extract.plan import ListSpec, Plan, Route, Task, TaskGroup
from tap_alfacrm.extract.refresh import Refresh
from tap_alfacrm.records.page import parse_page
from tap_alfacrm.streams.base import AlfaCRMStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.extract.incremental import Windows
    from tap_alfacrm.extract.memory import Memory
    from tap_alfacrm.records.page import Parser
    from tap_alfacrm.streams.parent_ids import ParentIds

MAX_PARENTS_COMPARED = 30
"""Parents of several branches that are requested in each, to see whether their rows differ."""
PARENTS_WITH_ROWS_COMPARED = 3
"""Such parents with rows after which the comparison ends."""
MAX_READINGS = 3
"""Times that the parents are read again where they move to other branches all the time."""
MAX_REFUSALS = 3
"""Refusals before the first response that mean that the entity is not offered."""


@dataclass(frozen=True, slots=True)
class Parent:
    """An entity of which each row needs a request.

    Attributes:
        stream: The parent stream.
        param: URL parameter that takes the parent's id.
        fixed: Other URL parameters.
        every_branch: Whether a parent of several branches needs a request in each.
        field: Field of the rows that names the parent, where the tap has to add it.
    """

    stream: str
    param: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    every_branch: bool = False
    field: str | None = None


class ChildStream(AlfaCRMStream):
    """One request, or more, for each row of the parents."""

    selected_by_default = False  # a request for each parent takes long
    needs_branch = True
    has_custom_fields = False  # no single request returns rows of all parents

    parents: ClassVar[Sequence[Parent]]
    variants: ClassVar[Sequence[Mapping[str, Any]]] = ({},)
    """Filters of the requests for each parent."""
    variant_constants: ClassVar[Sequence[Mapping[str, Any]]] = ({},)
    """Fields that follow from each of these filters and are added to the rows."""
    is_single: ClassVar[bool] = False
    """Whether one response holds all rows, without pages."""

    def params(self) -> Mapping[str, Any]:
        """URL parameters that are known only when the run starts."""
        return {}

    def parser_for(self, identifier: int) -> Parser:  # noqa: ARG002 - for subclasses
        """Parser of the responses about one parent."""
        return parse_page

    @override
    def needs_ids_of(self, parent: str) -> bool:
        return super().needs_ids_of(parent) or any(one.stream == parent for one in self.parents)

    @override
    def upcoming_lists(self) -> Iterator[PlannedList]:
        """List what is requested for parents that are known, where every parent is requested."""
        if self.run.config.child_refresh_days > 1 or not self.run.knows_branch_ids:
            return
        for parent in self.parents:
            if parent.every_branch and self.run.has_parent_ids(parent.stream):
                every = self.run.read_parent_ids(parent.stream)
                yield from self._planned_lists_of(parent, every, self.run.read_branch_ids())

    @override
    def plan(
        self, context: Context | None, windows: Windows, memory: Memory, *, prefetch: bool
    ) -> Plan:
        groups = {parent.stream: partial(self._group, parent, memory) for parent in self.parents}
        return Plan([Route(groups)])

    def _select_due(self, parent: Parent, every: ParentIds, memory: Memory) -> ParentIds:
        """Choose the parents to request, and note what the next run needs to choose."""
        days = self.run.config.child_refresh_days
        now = Refresh.of(every.all, every.newest_day, self.run.started_at, days)
        memory.new_refreshes[parent.stream] = now
        last = memory.refreshes.get(parent.stream)
        return every.select(now.select_due(last, every.all, every.changed_since))

    def _known_until(self, parent: Parent, every: ParentIds, memory: Memory) -> int:
        """The highest id of the last complete run; -1 if older parents appeared since."""
        last = memory.refreshes.get(parent.stream)
        return -1 if last is None or last.lacks_parents(every.all) else last.highest_id

    def _group(self, parent: Parent, memory: Memory) -> TaskGroup:
        every = self.run.read_parent_ids(parent.stream)
        ids = self._select_due(parent, every, memory)
        names = [list_name(parent, ListSpec(variant)) for variant in self.variants]
        empty = memory.empty_parents
        for name in names:
            empty.begin(name, is_whole=len(ids) == len(every))
        branches = self.run.read_branch_ids()
        if not parent.every_branch and self._differs_by_branch(parent, ids, branches):
            parent = replace(parent, every_branch=True)
        parents = {parent.stream: self.run.judge_parent_ids(parent.stream)}
        return TaskGroup(
            lambda: self._tasks(parent, ids, branches),
            max_refusals=MAX_REFUSALS,
            label=f"{self.name} of {parent.stream}",
            size=len(ids) * len(self.variants),
            upcoming=self._planned_lists_of(parent, ids, branches),
            parents=parents,
            empty_parents=empty,
            known_until=self._known_until(parent, every, memory),
            requested=(len(ids), len(every)),
            requested_filled=(
                sum(empty.count_filled(name, ids.all) for name in names),
                sum(empty.count_filled(name, every.all) for name in names),
            ),
            find_moved=partial(self._find_moved, parent, ids, parents)
            if parent.every_branch
            else None,
        )

    def _find_moved(self, parent: Parent, ids: ParentIds, words: dict[str, Word]) -> Iterator[Task]:
        """One task for each branch to which a parent moved, until none has moved since the last."""
        known = ids
        for _ in range(MAX_READINGS):
            try:
                now, word = self.run.read_parent_ids_again(parent.stream)
            except UnavailableError:
                words[parent.stream] = Word.INCOMPLETE
                return
            words[parent.stream] = Word.worst(words[parent.stream], word)
            moved = now.moved_since(known)
            if not moved:
                return
            yield from self._tasks(parent, moved, self.run.read_branch_ids(now.branches))
            known = now.select(ids.all)  # not all readings: a parent may have moved back
        words[parent.stream] = Word.worst(words[parent.stream], Word.UNPROVEN)

    def _differs_by_branch(self, parent: Parent, ids: ParentIds, branches: Sequence[int]) -> bool:
        """Check whether a parent of several branches has other rows in each.

        A few parents with rows decide for all, once in a run; parents without rows are skipped.
        """
        shown = 0
        several = ids.in_several_branches(branches)
        for identifier, own_branches in islice(several, MAX_PARENTS_COMPARED):
            pages = []
            for branch in own_branches:
                request = self._request(parent, branch, identifier)
                request = request.for_page(0, self.run.config.page_size)
                try:
                    pages.append(self.run.client.fetch(request))
                except UnavailableError:
                    return True
            if len({(page.total, tuple(page.ids)) for page in pages}) > 1:
                self.logger.info(
                    "%s: the rows of one of the %s differ by branch; requesting each branch.",
                    self.name,
                    parent.stream,
                )
                return True
            shown += bool(pages[0].items)
            if shown == PARENTS_WITH_ROWS_COMPARED:
                break
        return False

    def _request(self, parent: Parent, branch: int, identifier: int) -> ListRequest:
        return ListRequest(
            self.path(branch),
            params={**parent.fixed, **self.params(), parent.param: identifier},
            parser=self.parser_for(identifier),
            is_single=self.is_single,
        )

    def _planned_lists_of(
        self, parent: Parent, ids: ParentIds, branches: Sequence[int]
    ) -> Iterator[PlannedList]:
        """List what is requested for parents; its order is that of the tasks."""
        for task in self._tasks(parent, ids, branches):
            for request, _ in task.lists:
                yield PlannedList(request, self.run.config.page_size, single_page_likely=True)

    def _tasks(self, parent: Parent, ids: ParentIds, branches: Sequence[int]) -> Iterator[Task]:
        """One task for each parent row, branch and variant."""
        for branch, identifier in ids.pairs(branches, every_branch=parent.every_branch):
            request = self._request(parent, branch, identifier)
            constants = {parent.field: identifier} if parent.field else {}
            for variant, added in zip(self.variants, self.variant_constants, strict=True):
                spec = ListSpec(variant, {**constants, **added})
                yield Task(
                    [(replace(request, body=variant), spec)],
                    id_scope=identifier if len(self.identity) > 1 else None,
                    parent=(list_name(parent, spec), identifier),
                )


def list_name(parent: Parent, spec: ListSpec) -> str:
    """Name of a list of the rows of a parent in the memory of a stream."""
    return f"{parent.stream} {spec.name}".strip()
