"""Entities that the API gives only for one row of another entity at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_alfacrm.ahead import Coming
from tap_alfacrm.envelope import read_envelope
from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.once import Once
from tap_alfacrm.report import Proof, Unwatched
from tap_alfacrm.streams.base import AlfaCRMStream
from tap_alfacrm.streams.reading import List
from tap_alfacrm.sweep import Seen

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.account import Roster
    from tap_alfacrm.envelope import Reader
    from tap_alfacrm.question import Question
    from tap_alfacrm.streams.reading import Page
    from tap_alfacrm.sweep import Watches

PATIENCE = 3
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
        return read_envelope

    @property
    @override
    def watcher(self) -> Watches:
        return Unwatched()  # a parent's page or two are not worth a line

    @override
    def foreseen(self) -> Iterator[Coming]:
        return iter(())

    @override
    def read(self, context: Context | None) -> Generator[Page, None, Proof]:
        readings = (self._read_children(parent) for parent in self.parents)
        return (yield from self.reading.each(readings, "parents"))

    def _read_children(self, parent: Parent) -> Generator[Page, None, Proof]:
        stream = self._alfacrm.stream(parent.stream)
        roster = stream.reading.roster()
        proof = Proof(unasked=[] if stream.reading.is_whole else [parent.stream])
        branches = self._alfacrm.settings.branch_ids or self._alfacrm.branches
        refusals: list[UnavailableError] = []
        todo = len(roster) * len(self.variants)
        self.progress.begin(f"{self.name} of {parent.stream}")
        size = self._alfacrm.settings.page_size
        asked = (self._about(parent, *whom)[0] for whom in self._whom(parent, roster, branches))
        self._alfacrm.session.plan(Coming(question, size, brief=True) for question in asked)
        for whom in self._whom(parent, roster, branches):
            question, list_ = self._about(parent, *whom)
            if len(self.primary_keys) > 1:
                self.reading.once = Once()  # an id is unique within its parent only
            try:
                yield from self.reading.rows_of(question, list_, proof, Seen())
            except UnavailableError as error:
                refusals.append(error)
                if not proof.sweeps and len(refusals) == PATIENCE:
                    raise
            self.progress.item(todo)
        if refusals and not proof.sweeps:
            raise refusals[0]
        if refusals:
            proof.refusals = len(refusals)
            proof.notes.append(f"{len(refusals):,} questions about {parent.stream} were refused")
        return proof

    def _whom(
        self, parent: Parent, roster: Roster, branches: Sequence[int]
    ) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
        """Branch to ask in, id to ask about, and filters, for each question."""
        for branch, identifier in roster.pairs(branches, every_branch=parent.every_branch):
            for variant in self.variants:
                yield branch, identifier, variant

    def _about(
        self, parent: Parent, branch: int, identifier: int, variant: Mapping[str, Any]
    ) -> tuple[Question, List]:
        list_ = List(variant, {parent.field: identifier} if parent.field else {})
        params = {**parent.fixed, **self.params(), parent.param: identifier}
        question = replace(
            self.reading.question(list_, branch),
            params=params,
            reader=self.reader_of(identifier),
            is_single=self.is_single,
        )
        return question, list_
