"""Joins session, sweep and converter to the SDK: page, rows, once, right types, record."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk.helpers.conform import TypeConformanceLevel
from typing_extensions import override

from tap_alfacrm.account import Roster
from tap_alfacrm.ahead import Coming
from tap_alfacrm.convert import CLOCK, Converter
from tap_alfacrm.envelope import read_envelope
from tap_alfacrm.errors import RequestError, UnavailableError
from tap_alfacrm.once import Once
from tap_alfacrm.report import Progress, Proof
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.session import Question
from tap_alfacrm.streams.plain import PagedStream
from tap_alfacrm.sweep import MAX_SWEEPS, Found, Seen, sweep
from tap_alfacrm.typed import TypedReader, TypedRow
from tap_alfacrm.window import NotIncrementalError, Window

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Generator, Hashable, Iterable, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog

    from tap_alfacrm.envelope import Envelope, Reader, Row
    from tap_alfacrm.sweep import Watches
    from tap_alfacrm.tap import TapAlfaCRM
    from tap_alfacrm.window import Since

    Page = Sequence[Row | TypedRow]

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


class AlfaCRMStream(PagedStream):
    """Rows of one entity, each once (docs/behaviour.md#completeness).

    A subclass says its name, its entity, and, where it is not one plain list, which lists it
    consists of and which single list counts them all.
    """

    primary_keys: Sequence[str] = ("id",)
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # the converter has done it

    name: str
    entity: ClassVar[str]
    """Entity in the path, such as `lead-status`."""
    actions: ClassVar[Sequence[str]] = ("/index",)
    """Actions in the path, with their slash: the usual one, and what some accounts want."""
    needs_branch: ClassVar[bool] = False
    """Whether the path must name a branch."""
    required: ClassVar[bool] = False
    """Whether a role without a right to the entity fails the run."""
    has_custom_fields: ClassVar[bool] = False
    """Whether accounts can add `custom_*` fields to the entity."""
    is_parent: ClassVar[bool] = False
    """Whether other streams ask for something of each row."""
    twins: ClassVar[Sequence[str]] = ()
    """Dates that some accounts give in their display form alone, as `*_v`."""
    is_typed: ClassVar[bool] = True
    """Whether pages may be decoded as structs, which `mend` does not see."""
    since: ClassVar[Since | None] = None
    """The filter that asks for recent rows only."""
    everything: ClassVar[List] = List()
    """The list that holds every row of the entity."""

    def __init__(self, tap: TapAlfaCRM, account_properties: dict[str, Any] | None = None) -> None:
        """Make the stream.

        Args:
            tap: The tap, with the session and the settings of the run.
            account_properties: Schema of the fields that only this account has, by name.
        """
        self._alfacrm = tap
        self._account_properties = account_properties or {}
        super().__init__(tap)
        if self.since is not None:
            self.replication_key = self.since.key
        self._once = Once()
        self._seen: defaultdict[tuple[int | None, Hashable], Seen] = defaultdict(Seen)
        self._parts: list[Proof] = []
        self.progress = Progress(self.logger)
        self._action = self.actions[0]
        self._window = Window(None)
        self._roster = Roster()
        self.has_whole_roster = self._is_partial = self._is_planned = False

    @cached_property
    @override
    def schema(self) -> dict[str, Any]:
        """The schema file and the account's own fields."""
        standard = standard_schema(self.name)
        return {
            **standard,
            "properties": {**standard["properties"], **self._account_properties},
        }

    @cached_property
    def converter(self) -> Converter:
        """Makes rows fit the schema that is announced to the target."""
        clocks = self.schema["properties"]
        properties = {
            name: {**announced, CLOCK: clocks.get(name, {}).get(CLOCK)}
            for name, announced in self.effective_schema["properties"].items()
        }
        return Converter({"properties": properties}, self._alfacrm.settings.zone)

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        super().apply_catalog(catalog)
        if self.replication_method == "INCREMENTAL" and not (self.since and self.replication_key):
            self.logger.warning("%s can only be loaded in full; so it is.", self.name)
            self.forced_replication_method = "FULL_TABLE"

    @cached_property
    def reader(self) -> Reader:
        """Makes envelopes of this stream's pages."""
        if self.is_typed and self.is_untouched and not self.converter.renames:
            return TypedReader(self.effective_schema, self.primary_keys[0])
        return read_envelope

    def lists(self, context: Context | None) -> Sequence[List]:
        """The lists that make up a partition, to be read in this order."""
        return (List(context, state=_key(context)),) if context else (self.everything,)

    def whole(self, context: Context | None) -> List | None:  # noqa: ARG002
        """The single list that counts all rows of the partition's lists, if it is of use."""
        return None

    def asks_about(self, name: str) -> bool:
        """Whether it needs the ids of another stream's rows."""
        branches_are_given = bool(self._alfacrm.settings.branch_ids)
        return self.needs_branch and name == "branches" and not branches_are_given

    def counts_first(self, context: Context | None) -> bool:  # noqa: ARG002
        """Whether partitions read before may have held all rows of this one."""
        return False

    def accounted(self, branch: int | None, context: Context | None) -> Seen:
        """Rows seen in this run that belong to the list `whole`."""
        return self._seen[branch, _key(context)]

    def verdict(self, parts: Sequence[Proof]) -> Proof:
        """The proof of the whole stream from those of its partitions, in their order."""
        return Proof.of(parts)

    def belongs(self, row: Row, identifier: int, list_: List) -> List:  # noqa: ARG002
        """The list that a row is in, whichever it came from."""
        return list_

    def met(self, identifiers: Iterable[int], list_: List) -> None:
        """Rows have come in a list."""

    def start(self, context: Context | None) -> dt.datetime | None:
        """The bookmark that a partition goes on from, None to read all of it."""
        return self.get_starting_timestamp(context)

    def mend(self, row: Row) -> Row:
        """Put right what one field of a row alone does not tell."""
        twins = {
            name: row[f"{name}_v"]
            for name in self.twins
            if not row.get(name) and row.get(f"{name}_v")
        }
        return {**row, **twins} if twins else row

    @property
    def branches(self) -> Sequence[int | None]:
        """Branches to ask one by one; (None,) asks all of them at once."""
        if self._alfacrm.settings.branch_ids:
            return self._alfacrm.settings.branch_ids
        return self._alfacrm.branches if self.needs_branch else (None,)

    @classmethod
    def path(cls, branch: int | None, action: str | None = None) -> str:
        """Path of the entity, in one branch or (None) in all."""
        place = "" if branch is None else f"{branch}/"
        return f"/v2api/{place}{cls.entity}{cls.actions[0] if action is None else action}"

    def question(self, list_: List, branch: int | None) -> Question:
        """What to ask for a list, in one branch or (None) in all."""
        path = self.path(branch, self._action)
        return Question(path, list_.filters, reader=self.reader)

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> str | None:
        """The start of the run, which no bookmark passes, in the form of the records."""
        if not self.replication_key:
            return None
        return f"{super().get_replication_key_signpost(context):%Y-%m-%dT%H:%M:%SZ}"

    @override
    def pages(self, context: Context | None) -> Iterator[Page]:
        """Read one partition.

        Args:
            context: The partition, None for a stream without.

        Yields:
            Records that fit the schema, each id once in a run, by page.

        Raises:
            UnavailableError: The role has no right to a required entity.
        """
        # the SDK keeps it for the stream alone, and so does not cap the partitions' bookmarks
        signpost = self.get_replication_key_signpost(context)
        self.state_manager.write_replication_key_signpost(signpost, context=context)
        if (
            self._alfacrm.settings.detect_deletions
            and self.replication_method == "FULL_TABLE"
            and not self._parts
        ):
            self.begin_version()
        label = self.name + "".join(f" {key}={value}" for key, value in (context or {}).items())
        try:
            if any(part.refused for part in self._parts):
                proof = Proof(refused=True)
            else:
                proof = yield from self._read_since(context)
        except UnavailableError as error:
            if self.required:
                raise
            what = "has no more rows" if self._parts else "stays empty"
            self.logger.warning("%s The stream %s %s.", error, self.name, what)
            proof = Proof(refused=True)
        self._parts.append(proof)
        if proof.missing or proof.unsettled or proof.refused:
            self.hold_bookmark(context)
        if context is not None and not proof.refused:
            proof.log(self.logger, label)
        if len(self._parts) == max(1, len(self.partitions or ())):
            whole = not (proof.refused or self._is_partial)
            self.has_whole_roster = self._is_asked_about and whole
            self.report()

    def _read_since(self, context: Context | None) -> Generator[Page, None, Proof]:
        """Read the window that the bookmark asks for, or everything."""
        self._window = Window(None)
        if self.since is not None and self.replication_method == "INCREMENTAL":
            start = self.start(context)
            self._window = self.since.window(start, self._alfacrm.settings.lookback_days)
            self._is_partial = self._is_partial or bool(self._window.filters)
        try:
            proof = yield from self.read(context)
        except NotIncrementalError:
            self._load_in_full()
            proof = yield from self.read(context)
        if self._window.outside:
            self.logger.warning(
                "%s: the account ignored the filter %s (%s rows lie outside the window); "
                "all that it gave was loaded.",
                self.name,
                self._window.filters,
                f"{self._window.outside:,}",
            )
        return proof

    def _load_in_full(self) -> None:
        self.logger.warning(
            "%s: the rows carry no %s, so this run loads the full table.",
            self.name,
            self.replication_key,
        )
        self.forced_replication_method = "FULL_TABLE"
        self._window = Window(None)

    def read(self, context: Context | None) -> Generator[Page, None, Proof]:
        """Read a partition in every branch.

        Args:
            context: The partition.

        Yields:
            Records, by page.

        Returns:
            The proof of the partition.
        """
        try:
            return (yield from self._read_actions(self.branches, context))
        except UnavailableError as error:
            is_final = error.status == HTTPStatus.FORBIDDEN or self.name == "branches"
            if is_final or self.branches != (None,):
                raise
            refusal = error
        try:  # some accounts want the branch in every path
            return (yield from self._read_actions(self._alfacrm.branches, context))
        except UnavailableError:
            raise refusal from None

    def _read_actions(
        self, branches: Sequence[int | None], context: Context | None
    ) -> Generator[Page, None, Proof]:
        *others, last = self.actions
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
    ) -> Generator[Page, None, Proof]:
        if not self._is_planned or self._window.filters:
            self._is_planned = True
            self._alfacrm.session.plan(self._coming(branches, context))
        readings = (self._read_branch(branch, context) for branch in branches)
        proof = yield from self.read_each(readings, "branches")
        are_listed = branches != (None,) and not self._alfacrm.settings.branch_ids
        if are_listed and not self._alfacrm.stream("branches").is_whole:
            proof.unasked.append("branches")
        return proof

    def read_each(
        self, readings: Iterable[Generator[Page, None, Proof]], what: str
    ) -> Generator[Page, None, Proof]:
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
            self.logger.warning("%s The other %s were read.", refusal, what)
        proof = Proof.of(parts)
        if refusals:
            proof.refusals += len(refusals)
            proof.notes.append(f"{len(refusals)} of {len(refusals) + len(parts)} {what} refused")
        return proof

    def _coming(self, branches: Sequence[int | None], context: Context | None) -> Iterator[Coming]:
        """What will be asked from here on, if nothing moves: of this stream, and of the next."""
        contexts = (context,) if self._window.filters else self.partitions or (context,)
        for number, coming in enumerate(self._lists_of(branches, contexts)):
            yield coming if number else replace(coming, after=False)
        for stream in self._alfacrm.streams_after(self.name):
            yield from stream.foreseen()

    def foreseen(self) -> Iterator[Coming]:
        """What will be asked of this stream, as far as that is known before its turn."""
        is_plain = self.since is None or self.replication_method == "FULL_TABLE"
        if is_plain and (self._alfacrm.knows_branches or not self.needs_branch):
            yield from self._lists_of(self.branches, self.partitions or (None,))

    def _lists_of(
        self, branches: Sequence[int | None], contexts: Sequence[Context | None]
    ) -> Iterator[Coming]:
        size = self._alfacrm.settings.page_size
        for context in contexts:
            whole = self.whole(context)
            lists = () if whole and self.counts_first(context) else self.lists(context)
            brief = not (self.since or context or whole)
            for branch in branches:
                for number, list_ in enumerate(lists):
                    question = self.question(self._windowed(list_), branch)
                    after = number > 0 or not context
                    yield Coming(question, size, after=after, brief=brief)
                if whole is not None:
                    question = self.question(self._windowed(whole), branch)
                    yield Coming(question, COUNTING, after=True, count=True)

    def _read_branch(
        self, branch: int | None, context: Context | None
    ) -> Generator[Page, None, Proof]:
        """Read the lists of a partition, again until the list that counts them all agrees."""
        proof = Proof()
        whole = self.whole(context)
        before = None
        seen = self._seen[branch, _key(context)]
        for attempt in range(MAX_SWEEPS + 1):
            counts = self.accounted(branch, context).counts
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
            for list_ in self.lists(context):
                question = self.question(self._windowed(list_), branch)
                try:
                    yield from self.read_list(question, list_, proof, seen)
                except UnavailableError as error:
                    if not proof.emitted:
                        raise
                    msg = f"{error} Some of its rows had come before that."
                    raise RequestError(msg) from None
            if whole is None:
                break
        return proof

    @cached_property
    def _is_asked_about(self) -> bool:
        return self.is_parent and self._alfacrm.asks_about(self.name)

    @property
    def _is_settled(self) -> bool:
        return not any(part.unsettled for part in self._parts)

    def _windowed(self, list_: List) -> List:
        return replace(list_, filters={**list_.filters, **self._window.filters})

    def read_list(
        self, question: Question, list_: List, proof: Proof, seen: Seen
    ) -> Iterator[Page]:
        """Read one list.

        Args:
            question: Where it is.
            list_: What its rows are stamped with.
            proof: Is told what was read.
            seen: Is told which ids.

        Yields:
            The records of one page.
        """
        found = Found()
        session, page_size = self._alfacrm.session, self._alfacrm.settings.page_size
        for page in sweep(session, question, page_size, found, self.pages_watcher):
            if self.replication_method == "INCREMENTAL" and not self._window.fits(page.items):
                if self._window.filters:
                    raise NotIncrementalError
                self._load_in_full()
            records = list(self._records(page, list_))
            proof.emitted += len(records)
            yield records
        seen.add(found)
        proof.add(found)

    def _records(self, page: Envelope, list_: List) -> Iterator[Row | TypedRow]:
        """The rows of a page that are new, made right."""
        for ids, rows, home in self._new_rows(page, list_):
            if self._is_asked_about:
                for identifier, row in zip(ids, rows, strict=True):
                    self._roster.add(identifier, row)
            records = self._converted(rows, home.stamp)
            if self._window.filters:
                for record in records:
                    self._window.look(record)
            yield from records

    def _converted(
        self, rows: Sequence[Row | TypedRow], stamp: Mapping[str, Any]
    ) -> Sequence[Row | TypedRow]:
        if rows and isinstance(rows[0], TypedRow):  # then all of the page are
            typed = cast("Sequence[TypedRow]", rows)
            self.converter.mend_page(typed, stamp)
            return typed
        plain = cast("Sequence[Row]", rows)
        return [self.converter({**self.mend(row), **stamp}) for row in plain]

    def _new_rows(
        self, page: Envelope, list_: List
    ) -> Iterator[tuple[Sequence[int], Sequence[Row | TypedRow], List]]:
        """Ids and rows that have not come before, with the list that they are in."""
        ids = [identifier for identifier in page.ids if identifier is not None]
        if len(ids) == len(page.ids) and self._once.admit_all(ids, list_.state):
            self.met(ids, list_)
            yield ids, page.items, list_
            return
        for identifier, row in zip(page.ids, page.items, strict=True):
            if identifier is not None:
                home = self.belongs(row, identifier, list_)
                self.met((identifier,), home)
                if self._once.admit(identifier, home.state):
                    yield (identifier,), (row,), home

    def _ask_total(self, question: Question) -> int | None:
        with self._alfacrm.session.reading(question, COUNTING, count=True) as ask:
            return ask(0).total

    @property
    def pages_watcher(self) -> Watches:
        """Who is told of the pages of a list."""
        return self.progress

    def roster(self) -> Roster:
        """Ids and branches of all rows; reads them unless this run has read them all."""
        if not self.has_whole_roster:
            self._window, self._parts, self._is_planned = Window(None), [], True
            self._once, self._is_asked_about = Once(), True
            self._seen.clear()
            for context in self.partitions or (None,):
                deque(self._call_roll(context), maxlen=0)
            self.has_whole_roster = True
        return self._roster

    def _call_roll(self, context: Context | None) -> Iterator[Page]:
        self._parts.append((yield from self.read(context)))

    @property
    def is_whole(self) -> bool:
        """Whether every row is in the roster."""
        return self.verdict(self._parts).is_whole

    def report(self) -> None:
        """Write the stream's last lines: unknown keys, unfit values, the verdict."""
        if self.converter.unknown:
            fields = ", ".join(
                f"{name} ({type_})" for name, type_ in sorted(self.converter.unknown.items())
            )
            self.logger.warning(
                "%s: the rows have fields that the catalogue does not, which were left out: %s. "
                "Refresh the catalogue to load them (--discover; Meltano: --refresh-catalog).",
                self.name,
                fields,
            )
        if self.converter.unfit:
            fields = ", ".join(
                f"{name} {count:,}" for name, count in sorted(self.converter.unfit.items())
            )
            self.logger.warning(
                "%s: values that their type cannot hold became null: %s.",
                self.name,
                fields,
            )
        verdict = self.verdict(self._parts)
        if verdict.refused and not verdict.pages:
            return
        verdict.log(self.logger, self.name)
        if verdict.is_exhaustive and self.replication_method == "FULL_TABLE":
            self.end_version()


def _key(context: Context | None) -> Hashable:
    return tuple(sorted((context or {}).items()))
