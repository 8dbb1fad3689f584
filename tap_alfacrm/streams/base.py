"""Joins session, sweep and converter to the SDK: page, rows, once, right types, record."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.conform import TypeConformanceLevel
from typing_extensions import override

from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.completeness import Evidence, Progress
from tap_alfacrm.extract.incremental import FilterWindow, NotIncrementalError
from tap_alfacrm.extract.reader import List, Reading, key_of
from tap_alfacrm.records.converter import CLOCK, Converter
from tap_alfacrm.records.page import parse_page
from tap_alfacrm.records.typed_page import TypedPageParser
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.sdk.page_stream import PageStream

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog

    from tap_alfacrm.client.prefetch import PlannedList
    from tap_alfacrm.extract.incremental import IncrementalFilter
    from tap_alfacrm.extract.pagination import ProgressListener, SeenIds
    from tap_alfacrm.extract.reader import Records
    from tap_alfacrm.records.page import Reader, Row
    from tap_alfacrm.tap import TapAlfaCRM


class AlfaCRMStream(PageStream):
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
    since: ClassVar[IncrementalFilter | None] = None
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
        self.progress = Progress(self.logger)
        self.reading = Reading(self, tap)
        self._is_partial = False

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
        if self.is_typed and self.can_write_pages and not self.converter.renames:
            return TypedPageParser(self.effective_schema, self.primary_keys[0])
        return parse_page

    def lists(self, context: Context | None) -> Sequence[List]:
        """The lists that make up a partition, to be read in this order."""
        return (List(context, state=key_of(context)),) if context else (self.everything,)

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

    def accounted(self, branch: int | None, context: Context | None) -> SeenIds:
        """Rows seen in this run that belong to the list `whole`."""
        return self.reading.seen[branch, key_of(context)]

    def verdict(self, parts: Sequence[Evidence]) -> Evidence:
        """The proof of the whole stream from those of its partitions, in their order."""
        return Evidence.of(parts)

    def belongs(self, row: Row, identifier: int, list_: List) -> List:  # noqa: ARG002
        """The list that a row is in, whichever it came from."""
        return list_

    def met(self, identifiers: Iterable[int], list_: List) -> None:
        """Rows have come in a list."""

    def start(self, context: Context | None) -> dt.datetime | None:
        """The bookmark that a partition goes on from, None to read all of it."""
        return self.get_starting_timestamp(context)

    def read(self, context: Context | None) -> Generator[Records, None, Evidence]:
        """Read a partition.

        Args:
            context: The partition.

        Yields:
            Records, by page.

        Returns:
            The proof of the partition.
        """
        return (yield from self.reading.partition(context))

    @property
    def watcher(self) -> ProgressListener:
        """Who is told of the pages of a list."""
        return self.progress

    def foreseen(self) -> Iterator[PlannedList]:
        """What will be asked of this stream, as far as that is known before its turn."""
        return self.reading.foreseen()

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

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> str | None:
        """The start of the run, which no bookmark passes, in the form of the records."""
        if not self.replication_key:
            return None
        return f"{super().get_replication_key_signpost(context):%Y-%m-%dT%H:%M:%SZ}"

    @override
    def pages(self, context: Context | None) -> Iterator[Records]:
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
            and not self.reading.parts
        ):
            self.begin_version()
        label = self.name + "".join(f" {key}={value}" for key, value in (context or {}).items())
        try:
            if any(part.refused for part in self.reading.parts):
                proof = Evidence(refused=True)
            else:
                proof = yield from self._read_since(context)
        except UnavailableError as error:
            if self.required:
                raise
            what = "has no more rows" if self.reading.parts else "stays empty"
            self.logger.warning("%s The stream %s %s.", error, self.name, what)
            proof = Evidence(refused=True)
        self.reading.parts.append(proof)
        if proof.missing or proof.unsettled or proof.refused:
            self.hold_bookmark(context)
        if context is not None and not proof.refused:
            proof.log(self.logger, label)
        if len(self.reading.parts) == max(1, len(self.partitions or ())):
            is_whole = not (proof.refused or self._is_partial)
            self.reading.has_roster = self.reading.is_asked_about and is_whole
            self.report()

    def _read_since(self, context: Context | None) -> Generator[Records, None, Evidence]:
        """Read the window that the bookmark asks for, or everything."""
        self.reading.window = FilterWindow(None)
        if self.since is not None and self.replication_method == "INCREMENTAL":
            start = self.start(context)
            self.reading.window = self.since.window(start, self._alfacrm.settings.lookback_days)
            self._is_partial = self._is_partial or bool(self.reading.window.filters)
        try:
            proof = yield from self.read(context)
        except NotIncrementalError:
            self.load_in_full()
            proof = yield from self.read(context)
        if self.reading.window.outside:
            self.logger.warning(
                "%s: the account ignored the filter %s (%s rows lie outside the window); "
                "all that it gave was loaded.",
                self.name,
                self.reading.window.filters,
                f"{self.reading.window.outside:,}",
            )
        return proof

    def load_in_full(self) -> None:
        """Give up asking for changes: the rows do not tell when they changed."""
        self.logger.warning(
            "%s: the rows carry no %s, so this run loads the full table.",
            self.name,
            self.replication_key,
        )
        self.forced_replication_method = "FULL_TABLE"
        self.reading.window = FilterWindow(None)

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
        verdict = self.verdict(self.reading.parts)
        if verdict.refused and not verdict.pages:
            return
        verdict.log(self.logger, self.name)
        if verdict.is_exhaustive and self.replication_method == "FULL_TABLE":
            self.end_version()
