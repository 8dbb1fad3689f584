"""The base of all streams: what becomes of each page, row and bookmark."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL
from typing_extensions import override

from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.completeness import Evidence, judge, log_verdict
from tap_alfacrm.extract.deduplication import Deduplicator
from tap_alfacrm.extract.incremental import FilterWindow, MissingReplicationKeyError
from tap_alfacrm.extract.progress import Progress
from tap_alfacrm.extract.reader import ListReader
from tap_alfacrm.formatting import list_names, number_of
from tap_alfacrm.records.page import blocks
from tap_alfacrm.streams.entity import EntityStream
from tap_alfacrm.streams.parent_ids import ParentIds

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_alfacrm.extract.plan import ListPage
    from tap_alfacrm.streams.entity import Schemas
    from tap_alfacrm.streams.run import Run


@dataclass(slots=True)
class Extraction:
    """How far a stream has been read in this run.

    Attributes:
        reader: Reads the partitions.
        deduplicator: Passes each row once.
        partitions: Evidence of the partitions read so far, in their order.
        is_partial: Whether a window has excluded rows.
    """

    reader: ListReader
    deduplicator: Deduplicator
    partitions: list[Evidence] = field(default_factory=list)
    is_partial: bool = False


class AlfaCRMStream(EntityStream):
    """Rows of one entity, each once (docs/behaviour.md#completeness)."""

    @override
    def __init__(self, tap: Tap, run: Run, account_properties: Schemas | None = None) -> None:
        super().__init__(tap, run, account_properties)
        self._parent_ids = ParentIds()
        self._parent_ids_evidence: list[Evidence] | None = None
        self._current_extraction: Extraction | None = None

    @override
    def pages(self, context: Context | None) -> Iterator[Sequence[Any]]:
        """Read one partition.

        Args:
            context: The partition, None for a stream without.

        Yields:
            Records that fit the schema, each id once in a run, by page.

        Raises:
            UnavailableError: The role has no right to a required entity.
        """
        # the SDK keeps the signpost for the stream alone, and so does not cap the partitions
        signpost = self.get_replication_key_signpost(context)
        self.state_manager.write_replication_key_signpost(signpost, context=context)
        extraction, evidence = self._extraction, Evidence()
        is_first = not extraction.partitions
        if is_first:
            self.keep_bookmarks()
        if (
            is_first
            and self.run.config.detect_deletions
            and self.replication_method == REPLICATION_FULL_TABLE
        ):
            self.begin_version()
        if any(partition.refused for partition in extraction.partitions):
            evidence.refused = True
        else:
            window = self._window(context)
            extraction.is_partial = extraction.is_partial or bool(window.filters)
            try:
                try:
                    yield from self._records(context, window, extraction, evidence)
                except MissingReplicationKeyError:
                    self._load_full_table()
                    window, evidence = FilterWindow(), Evidence()
                    yield from self._records(context, window, extraction, evidence)
            except UnavailableError as error:
                if self.required:
                    raise
                outcome = "stays empty" if is_first else "has no more rows"
                self.logger.warning("%s The stream %s %s.", error, self.name, outcome)
                evidence = Evidence(refused=True)
            if window.outside:
                self.logger.warning(
                    "%s: the account ignored the filter %s (%s outside the window); "
                    "all rows that it returned were loaded.",
                    self.name,
                    window.filters,
                    number_of(window.outside, "row"),
                )
        extraction.partitions.append(evidence)
        self._end_partition(context, evidence)

    def _records(
        self,
        context: Context | None,
        window: FilterWindow,
        extraction: Extraction,
        evidence: Evidence,
    ) -> Iterator[Sequence[Any]]:
        """Turn the pages of a partition into records: the way that every row takes."""
        prefetch = bool(window.filters) or not extraction.partitions
        plan = self.plan(context, window, prefetch=prefetch)
        evidence.counts_stream = self.counts_stream(context)
        for page in extraction.reader.read(plan, evidence):
            self._check_replication_key(page, window)
            for new in extraction.deduplicator.select_new_rows(page):
                if self._collects_parent_ids:
                    self._parent_ids.add(new.ids, new.rows)
                for rows in blocks(new.rows):
                    processed = self._post_process_all(rows)
                    records = self.converter.convert(processed, new.constants)
                    window.count_outside(records)
                    evidence.emitted += len(records)
                    yield records

    @property
    def _extraction(self) -> Extraction:
        if self._current_extraction is None:
            self._current_extraction = self._new_extraction()
        return self._current_extraction

    def _new_extraction(self) -> Extraction:
        run = self.run
        reader = ListReader(run.client, run.config.page_size, Progress(self.logger), self.logger)
        return Extraction(reader, Deduplicator(self.variant_policy()))

    # Bookmarks

    def bookmark(self, context: Context | None) -> dt.datetime | None:
        """The point from which a partition is read, None for all of it."""
        return self.get_starting_timestamp(context)

    def _window(self, context: Context | None) -> FilterWindow:
        if not self.incremental_filter or self.replication_method != REPLICATION_INCREMENTAL:
            return FilterWindow()
        return self.incremental_filter.window(self.bookmark(context), self.run.config.lookback_days)

    def _check_replication_key(self, page: ListPage, window: FilterWindow) -> None:
        if self.replication_method == REPLICATION_INCREMENTAL and not window.has_key(
            page.page.items
        ):
            if window.filters:
                raise MissingReplicationKeyError
            self._load_full_table()

    def _load_full_table(self) -> None:
        """Stop requesting changes, because the rows do not say when they changed."""
        self.logger.warning(
            "%s: the rows carry no %s, so this run loads the full table.",
            self.name,
            self.replication_key,
        )
        self.forced_replication_method = REPLICATION_FULL_TABLE

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> str | None:
        """The start of the run, which no bookmark passes, in the form of the records."""
        if not self.replication_key:
            return None
        return f"{super().get_replication_key_signpost(context):%Y-%m-%dT%H:%M:%SZ}"

    # Parents

    @cached_property
    def _collects_parent_ids(self) -> bool:
        return self.is_parent and self.run.needs_ids_of(self.name)

    @property
    def has_parent_ids(self) -> bool:
        """Whether the ids of all rows are known without a request."""
        return self._parent_ids_evidence is not None

    @property
    def has_complete_parent_ids(self) -> bool:
        """Whether reading the ids was complete."""
        partitions = self._parent_ids_evidence
        return partitions is not None and judge(Evidence.combine(partitions)).is_complete

    def read_parent_ids(self) -> ParentIds:
        """Return the ids of all rows; requests them unless this run has read them."""
        if self._parent_ids_evidence is None:
            extraction = self._new_extraction()
            for context in self.partitions or (None,):
                evidence = Evidence()
                plan = self.plan(context, FilterWindow(), prefetch=False)
                evidence.counts_stream = self.counts_stream(context)
                for page in extraction.reader.read(plan, evidence):
                    for new in extraction.deduplicator.select_new_rows(page):
                        self._parent_ids.add(new.ids, new.rows)
                extraction.partitions.append(evidence)
            self._parent_ids_evidence = extraction.partitions
        return self._parent_ids

    # The end of a partition and of the stream

    def _end_partition(self, context: Context | None, evidence: Evidence) -> None:
        if not judge(evidence).is_complete:
            self.hold_bookmark(context)
        if context is not None and not evidence.refused:
            label = self.name + "".join(f" {key}={value}" for key, value in context.items())
            log_verdict(self.logger, label, evidence)
        if len(self._extraction.partitions) == max(1, len(self.partitions or ())):
            if self._collects_parent_ids and not (evidence.refused or self._extraction.is_partial):
                self._parent_ids_evidence = self._extraction.partitions
            self.end_stream()

    def end_stream(self) -> None:
        """Log unknown fields, invalid values and the verdict; end the table's version."""
        unknown = self.converter.unknown_fields
        if unknown.columns:
            self.logger.warning(
                "%s: the rows have fields that the catalog does not have, which were left out: "
                "%s. Refresh the catalog to load them (--discover; Meltano: --refresh-catalog); "
                "fields that discovery does not meet can be declared "
                "(docs/behaviour.md#custom-fields).",
                self.name,
                list_names(f"{name} ({type_})" for name, type_ in unknown.columns.items()),
            )
        if unknown.others:
            self.logger.warning(
                "%s: the rows have fields whose names look like data, which were left out: %s.",
                self.name,
                list_names(f"{name} ({type_})" for name, type_ in unknown.others.items()),
            )
        if self.converter.invalid_values:
            fields = list_names(
                f"{name} {count:,}" for name, count in self.converter.invalid_values.items()
            )
            self.logger.warning(
                "%s: values that their type cannot hold became null: %s.", self.name, fields
            )
        evidence = Evidence.combine(self._extraction.partitions)
        if not judge(evidence).is_complete:
            self.restore_bookmarks()
        if evidence.refused and not evidence.pages:
            return
        verdict = log_verdict(self.logger, self.name, evidence)
        if verdict.is_complete and self.replication_method == REPLICATION_FULL_TABLE:
            self.end_version()
