"""Reads all rows of a stream: branch after branch, list after list, each row once."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from tap_alfacrm.client.prefetch import PlannedList
from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.errors import RequestError, UnavailableError
from tap_alfacrm.extract.completeness import Evidence
from tap_alfacrm.extract.deduplication import Deduplicator
from tap_alfacrm.extract.incremental import FilterWindow, NotIncrementalError
from tap_alfacrm.extract.pagination import MAX_SWEEPS, ListResult, SeenIds, sweep
from tap_alfacrm.records.typed_page import TypedRow
from tap_alfacrm.streams.parent_ids import ParentIds

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable, Iterable, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.records.page import Page, Row
    from tap_alfacrm.streams.base import AlfaCRMStream
    from tap_alfacrm.tap import TapAlfaCRM

    Records = Sequence[Row | TypedRow]

COUNTING = 1
"""Page size where only the total is wanted."""


@dataclass(frozen=True, slots=True)
class List:
    """One list to read to its end.

    Attributes:
        filters: What the body asks for.
        stamp: Fields that the request tells and the rows do not; added to each row.
        state: What may change during a run and is told by the request, such as archived or
            not: a row met again in another state is sent again.
    """

    filters: Mapping[str, Any] = field(default_factory=dict)
    stamp: Mapping[str, Any] = field(default_factory=dict)
    state: Hashable = None


class Reading:
    """How far a stream has been read in this run, and how it is read on.

    Attributes:
        once: Lets each row pass once.
        seen: What has been found, by branch and partition.
        parts: Proofs of the partitions that have been read.
        window: The rows that are asked for.
        has_roster: Whether the ids of all rows are known.
    """

    def __init__(self, stream: AlfaCRMStream, tap: TapAlfaCRM) -> None:
        """Start with nothing read.

        Args:
            stream: Says which lists there are, and makes its rows right.
            tap: The tap, with the session, the settings and the other streams.
        """
        self._stream, self._tap = stream, tap
        self.once = Deduplicator()
        self.seen: defaultdict[tuple[int | None, Hashable], SeenIds] = defaultdict(SeenIds)
        self.parts: list[Evidence] = []
        self.window = FilterWindow(None)
        self._action = stream.actions[0]
        self._roster = ParentIds()
        self.has_roster = self._is_planned = False

    def question(self, list_: List, branch: int | None) -> ListRequest:
        """What to ask for a list, in one branch or (None) in all."""
        path = self._stream.path(branch, self._action)
        return ListRequest(path, list_.filters, reader=self._stream.reader)

    def partition(self, context: Context | None) -> Generator[Records, None, Evidence]:
        """Read a partition in every branch.

        Args:
            context: The partition.

        Yields:
            Records, by page.

        Returns:
            The proof of the partition.
        """
        try:
            return (yield from self._read_actions(self._stream.branches, context))
        except UnavailableError as error:
            is_final = error.status == HTTPStatus.FORBIDDEN or self._stream.name == "branches"
            if is_final or self._stream.branches != (None,):
                raise
            refusal = error
        try:  # some accounts want the branch in every path
            return (yield from self._read_actions(self._tap.branches, context))
        except UnavailableError:
            raise refusal from None

    def _read_actions(
        self, branches: Sequence[int | None], context: Context | None
    ) -> Generator[Records, None, Evidence]:
        *others, last = self._stream.actions
        for action in others:
            self._action = action
            try:
                return (yield from self._read_branches(branches, context))
            except UnavailableError as error:
                if error.status == HTTPStatus.FORBIDDEN:
                    raise
        self._action = last
        return (yield from self._read_branches(branches, context))

    def _read_branches(
        self, branches: Sequence[int | None], context: Context | None
    ) -> Generator[Records, None, Evidence]:
        if not self._is_planned or self.window.filters:
            self._is_planned = True
            self._tap.session.plan(self._coming(branches, context))
        readings = (self._read_branch(branch, context) for branch in branches)
        proof = yield from self.each(readings, "branches")
        are_listed = branches != (None,) and not self._tap.settings.branch_ids
        if are_listed and not self._tap.stream("branches").reading.is_whole:
            proof.unasked.append("branches")
        return proof

    def each(
        self, readings: Iterable[Generator[Records, None, Evidence]], what: str
    ) -> Generator[Records, None, Evidence]:
        """Read several things of one kind, each of which may be refused.

        Args:
            readings: Read one thing each.
            what: What they are, for the log.

        Yields:
            Records, by page.

        Returns:
            The proof of all that were read.

        Raises:
            UnavailableError: All were refused.
        """
        parts, refusals = [], []
        for reading in readings:
            try:
                part = yield from reading
            except UnavailableError as error:
                refusals.append(error)
            else:
                parts.append(part)
        if not parts and refusals:
            raise refusals[0]
        for refusal in refusals:
            self._stream.logger.warning("%s The other %s were read.", refusal, what)
        proof = Evidence.of(parts)
        if refusals:
            proof.refusals += len(refusals)
            proof.notes.append(f"{len(refusals)} of {len(refusals) + len(parts)} {what} refused")
        return proof

    def _coming(
        self, branches: Sequence[int | None], context: Context | None
    ) -> Iterator[PlannedList]:
        """What will be asked from here on, if nothing moves: of this stream, and of the next."""
        contexts = (context,) if self.window.filters else self._stream.partitions or (context,)
        for number, coming in enumerate(self._lists_of(branches, contexts)):
            yield coming if number else replace(coming, after=False)
        for stream in self._tap.streams_after(self._stream.name):
            yield from stream.foreseen()

    def foreseen(self) -> Iterator[PlannedList]:
        """What will be asked of this stream, as far as that is known before its turn."""
        is_plain = self._stream.since is None or self._stream.replication_method == "FULL_TABLE"
        if is_plain and (self._tap.knows_branches or not self._stream.needs_branch):
            yield from self._lists_of(self._stream.branches, self._stream.partitions or (None,))

    def _lists_of(
        self, branches: Sequence[int | None], contexts: Sequence[Context | None]
    ) -> Iterator[PlannedList]:
        size = self._tap.settings.page_size
        for context in contexts:
            whole = self._stream.whole(context)
            is_check = whole is not None and self._stream.counts_first(context)
            lists = () if is_check else self._stream.lists(context)
            brief = not (self._stream.since or context or whole)
            for branch in branches:
                for number, list_ in enumerate(lists):
                    question = self.question(self._windowed(list_), branch)
                    after = number > 0 or not context
                    yield PlannedList(question, size, after=after, brief=brief)
                if whole is not None:
                    question = self.question(self._windowed(whole), branch)
                    yield PlannedList(question, COUNTING, after=True, count=True)

    def _read_branch(
        self, branch: int | None, context: Context | None
    ) -> Generator[Records, None, Evidence]:
        """Read the lists of a partition, again until the list that counts them all agrees."""
        proof = Evidence()
        whole = self._stream.whole(context)
        before = None
        seen = self.seen[branch, key_of(context)]
        for attempt in range(MAX_SWEEPS + 1):
            counts = self._stream.accounted(branch, context).counts
            if whole is not None and (attempt or any(counts)):
                total = self._ask_total(self.question(self._windowed(whole), branch))
                if proof.is_settled_by(total, counts) and (attempt or self._is_settled):
                    return proof
                if attempt and before == (total, counts):
                    return proof
                if attempt == MAX_SWEEPS:
                    proof.unsettled = True
                    return proof
                before = total, counts
            proof.begin()
            seen.begin()
            # one list after the other: what moves from one to the next must be met again there
            for list_ in self._stream.lists(context):
                question = self.question(self._windowed(list_), branch)
                try:
                    yield from self.rows_of(question, list_, proof, seen)
                except UnavailableError as error:
                    if not proof.emitted:
                        raise
                    msg = f"{error} Some of its rows had come before that."
                    raise RequestError(msg) from None
            if whole is None:
                break
        return proof

    @cached_property
    def is_asked_about(self) -> bool:
        """Whether other streams of this run need the ids of the rows."""
        return self._stream.is_parent and self._tap.asks_about(self._stream.name)

    @property
    def _is_settled(self) -> bool:
        return not any(part.unsettled for part in self.parts)

    def _windowed(self, list_: List) -> List:
        return replace(list_, filters={**list_.filters, **self.window.filters})

    def rows_of(
        self, question: ListRequest, list_: List, proof: Evidence, seen: SeenIds
    ) -> Iterator[Records]:
        """Read one list.

        Args:
            question: Where it is.
            list_: What its rows are stamped with.
            proof: Is told what was read.
            seen: Is told which ids.

        Yields:
            The records of one page.
        """
        found, stream = ListResult(), self._stream
        session, page_size = self._tap.session, self._tap.settings.page_size
        for page in sweep(session, question, page_size, found, stream.watcher):
            if stream.replication_method == "INCREMENTAL" and not self.window.fits(page.items):
                if self.window.filters:
                    raise NotIncrementalError
                stream.load_in_full()
            records = list(self._records(page, list_))
            proof.emitted += len(records)
            yield records
        seen.add(found)
        proof.add(found)

    def _records(self, page: Page, list_: List) -> Iterator[Row | TypedRow]:
        """The rows of a page that are new, made right."""
        for ids, rows, home in self._new_rows(page, list_):
            if self.is_asked_about:
                for identifier, row in zip(ids, rows, strict=True):
                    self._roster.add(identifier, row)
            records = self._converted(rows, home.stamp)
            if self.window.filters:
                for record in records:
                    self.window.look(record)
            yield from records

    def _converted(
        self, rows: Sequence[Row | TypedRow], stamp: Mapping[str, Any]
    ) -> Sequence[Row | TypedRow]:
        if rows and isinstance(rows[0], TypedRow):  # then all of the page are
            typed = cast("Sequence[TypedRow]", rows)
            self._stream.converter.mend_page(typed, stamp)
            return typed
        plain = cast("Sequence[Row]", rows)
        return [self._stream.converter({**self._stream.mend(row), **stamp}) for row in plain]

    def _new_rows(
        self, page: Page, list_: List
    ) -> Iterator[tuple[Sequence[int], Sequence[Row | TypedRow], List]]:
        """Ids and rows that have not come before, with the list that they are in."""
        ids = [identifier for identifier in page.ids if identifier is not None]
        if len(ids) == len(page.ids) and self.once.admit_all(ids, list_.state):
            self._stream.met(ids, list_)
            yield ids, page.items, list_
            return
        for identifier, row in zip(page.ids, page.items, strict=True):
            if identifier is not None:
                home = self._stream.belongs(row, identifier, list_)
                self._stream.met((identifier,), home)
                if self.once.admit(identifier, home.state):
                    yield (identifier,), (row,), home

    def _ask_total(self, question: ListRequest) -> int | None:
        with self._tap.session.reading(question, COUNTING, count=True) as ask:
            return ask(0).total

    def roster(self) -> ParentIds:
        """Ids and branches of all rows; reads them unless this run has read them all."""
        if not self.has_roster:
            self.window, self.parts, self._is_planned = FilterWindow(None), [], True
            self.once, self.is_asked_about = Deduplicator(), True
            self.seen.clear()
            for context in self._stream.partitions or (None,):
                deque(self._call_roll(context), maxlen=0)
            self.has_roster = True
        return self._roster

    def _call_roll(self, context: Context | None) -> Iterator[Records]:
        self.parts.append((yield from self._stream.read(context)))

    @property
    def is_whole(self) -> bool:
        """Whether every row is in the roster."""
        return self._stream.verdict(self.parts).is_whole


def key_of(context: Context | None) -> Hashable:
    """A partition's context as a key."""
    return tuple(sorted((context or {}).items()))
