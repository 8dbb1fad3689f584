"""Entities that the API gives only for one row of another entity at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_alfacrm.client.prefetch import PlannedList
from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.completeness import Evidence, Unwatched
from tap_alfacrm.extract.deduplication import Deduplicator
from tap_alfacrm.extract.pagination import SeenIds
from tap_alfacrm.extract.reader import List
from tap_alfacrm.records.page import parse_page
from tap_alfacrm.streams.base import AlfaCRMStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.extract.pagination import ProgressListener
    from tap_alfacrm.extract.reader import Records
    from tap_alfacrm.records.page import Reader
    from tap_alfacrm.streams.parent_ids import ParentIds

MAX_REFUSALS = 3
"""Refusals before an answer that mean that the entity is not to be had."""


@dataclass(frozen=True, slots=True)
class Parent:
    """Whose rows are asked about.

    Attributes:
        stream: The parent stream.
        param: URL parameter that takes the parent's id.
        fixed: Other URL parameters.
        every_branch: Whether a parent of several branches is asked about in each.
        field: Field of the rows that names the parent, where the tap has to add it.
    """

    stream: str
    param: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    every_branch: bool = False
    field: str | None = None


class ChildStream(AlfaCRMStream):
    """One question, or more, for each row of the parents."""

    selected_by_default = False  # a request for each parent takes long
    needs_branch = True

    parents: ClassVar[Sequence[Parent]]
    variants: ClassVar[Sequence[Mapping[str, Any]]] = ({},)
    """Filters of the questions that each parent is asked."""
    is_single: ClassVar[bool] = False
    """Whether one answer holds it all, without pages."""

    def params(self) -> Mapping[str, Any]:
        """URL parameters that are known only when the run starts."""
        return {}

    @override
    def asks_about(self, name: str) -> bool:
        return super().asks_about(name) or any(parent.stream == name for parent in self.parents)

    def reader_of(self, identifier: int) -> Reader:  # noqa: ARG002
        """Makes envelopes of the answers about one parent."""
        return parse_page

    @property
    @override
    def watcher(self) -> ProgressListener:
        return Unwatched()  # a parent's page or two are not worth a line

    @override
    def foreseen(self) -> Iterator[PlannedList]:
        return iter(())

    @override
    def read(self, context: Context | None) -> Generator[Records, None, Evidence]:
        readings = (self._read_children(parent) for parent in self.parents)
        return (yield from self.reading.each(readings, "parents"))

    def _read_children(self, parent: Parent) -> Generator[Records, None, Evidence]:
        stream = self._alfacrm.stream(parent.stream)
        roster = stream.reading.roster()
        proof = Evidence(unasked=[] if stream.reading.is_whole else [parent.stream])
        branches = self._alfacrm.settings.branch_ids or self._alfacrm.branches
        refusals: list[UnavailableError] = []
        todo = len(roster) * len(self.variants)
        self.progress.begin(f"{self.name} of {parent.stream}")
        size = self._alfacrm.settings.page_size
        asked = (self._about(parent, *whom)[0] for whom in self._whom(parent, roster, branches))
        self._alfacrm.session.plan(PlannedList(question, size, brief=True) for question in asked)
        for whom in self._whom(parent, roster, branches):
            question, list_ = self._about(parent, *whom)
            if len(self.primary_keys) > 1:
                self.reading.once = Deduplicator()  # an id is unique within its parent only
            try:
                yield from self.reading.rows_of(question, list_, proof, SeenIds())
            except UnavailableError as error:
                refusals.append(error)
                if not proof.sweeps and len(refusals) == MAX_REFUSALS:
                    raise
            self.progress.item(todo)
        if refusals and not proof.sweeps:
            raise refusals[0]
        if refusals:
            proof.refusals = len(refusals)
            proof.notes.append(f"{len(refusals):,} questions about {parent.stream} were refused")
        return proof

    def _whom(
        self, parent: Parent, roster: ParentIds, branches: Sequence[int]
    ) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
        """Branch to ask in, id to ask about, and filters, for each question."""
        for branch, identifier in roster.pairs(branches, every_branch=parent.every_branch):
            for variant in self.variants:
                yield branch, identifier, variant

    def _about(
        self, parent: Parent, branch: int, identifier: int, variant: Mapping[str, Any]
    ) -> tuple[ListRequest, List]:
        list_ = List(variant, {parent.field: identifier} if parent.field else {})
        params = {**parent.fixed, **self.params(), parent.param: identifier}
        question = replace(
            self.reading.question(list_, branch),
            params=params,
            reader=self.reader_of(identifier),
            is_single=self.is_single,
        )
        return question, list_
