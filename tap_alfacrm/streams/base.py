"""The base of all streams: what becomes of each page, row and bookmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL
from typing_extensions import override

from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.completeness import Evidence, Word, judge, log_verdict
from tap_alfacrm.extract.incremental import (
    DeadFilterError,
    FilterWindow,
    MissingReplicationKeyError,
    Windows,
)
from tap_alfacrm.extract.memory import Memory
from tap_alfacrm.extract.progress import Progress
from tap_alfacrm.extract.reader import ListReader
from tap_alfacrm.formatting import number_of
from tap_alfacrm.records.page import blocks
from tap_alfacrm.streams.branch_counts import BranchCountedStream
from tap_alfacrm.streams.extraction import Extraction
from tap_alfacrm.streams.parent_ids import ParentIds
from tap_alfacrm.streams.planned import task_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_alfacrm.extract.plan import ListPage
    from tap_alfacrm.streams.entity import Schemas
    from tap_alfacrm.streams.run import Run


class AlfaCRMStream(BranchCountedStream):
    """Rows of one entity, each once (docs/behaviour.md#completeness)."""

    @override
    def __init__(self, tap: Tap, run: Run, account_properties: Schemas | None = None) -> None:
        super().__init__(tap, run, account_properties)
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
        if self._current_extraction is None:
            self._current_extraction = self._new_extraction(Memory(self.stream_state))
            self._begin_stream(self._current_extraction.memory)
        extraction, evidence = self._current_extraction, Evidence()
        extraction.counts.append(self.run.count_requests())
        if any(partition.refused for partition in extraction.partitions):
            evidence.refused = True
        else:
            windows = self.open_windows(context, extraction.memory)
            try:
                try:
                    yield from self._records(context, windows, extraction, evidence)
                except (DeadFilterError, MissingReplicationKeyError) as error:
                    self._load_all(error)
                    windows, evidence = Windows(), Evidence()
                    yield from self._records(context, windows, extraction, evidence)
            except UnavailableError as error:
                if self.required and not extraction.memory.paths:
                    raise
                outcome = "has no more rows" if extraction.partitions else "stays empty"
                self.logger.warning("%s The stream %s %s.", error, self.name, outcome)
                evidence = Evidence(refused=True, answered_before=bool(extraction.memory.paths))
            if windows.outside:
                self.logger.warning(
                    "%s: the account ignored the filter %s (%s outside the window); "
                    "all rows that it returned were loaded.",
                    self.name,
                    self.incremental_filter and self.incremental_filter.name,
                    number_of(windows.outside, "row"),
                )
        extraction.partitions.append(evidence)
        self._end_partition(context, extraction, evidence)

    def _records(
        self,
        context: Context | None,
        windows: Windows,
        extraction: Extraction,
        evidence: Evidence,
    ) -> Iterator[Sequence[Any]]:
        """Turn the pages of a partition into records: the way that every row takes."""
        evidence.unreliable_filters += self.check_filters(context)
        evidence.counts_stream = self.counts_stream(context)
        is_first = not extraction.partitions
        plan = self.plan(context, windows, extraction.memory, prefetch=is_first)
        for page in extraction.reader.read(plan, evidence):
            window = windows.for_branch(page.branch)
            self._check_replication_key(page, window)
            window.add(page.page.ids, ())
            for new in extraction.select_new_rows(page):
                if self._collects_parent_ids:
                    self._parent_ids.add(new.ids, new.rows)
                for rows in blocks(new.rows):
                    records = self.converter.convert(rows, new.constants)
                    window.add((), records)
                    evidence.emitted += len(records)
                    yield records
        evidence.since = windows.since
        extraction.is_partial = extraction.is_partial or windows.is_partial
        for branch, window in windows.items():
            name = task_name(branch, context)
            if window.filters:
                totals = self.check_window(context, branch, window)
                if totals:
                    evidence.counts[name] = totals
            if window.newest:
                extraction.newest[name] = max(window.newest, extraction.newest.get(name, ""))

    def _begin_stream(self, memory: Memory) -> None:
        self.run.client.note_answered(memory.paths)
        memory.rotation.begin(self.run.started_at.date(), self.run.config.child_refresh_days)
        self.keep_bookmarks()
        if self.run.config.detect_deletions and self.replication_method == REPLICATION_FULL_TABLE:
            self.begin_version()

    def _new_extraction(self, memory: Memory) -> Extraction:
        return Extraction(
            ListReader(
                self.run.client,
                self.run.config.page_size,
                Progress(self.logger),
                self.logger,
                lengths=self.run.page_lengths,
                memory=memory,
            ),
            self.make_deduplicator(),
            memory,
            self.make_witness(),
        )

    def _check_replication_key(self, page: ListPage, window: FilterWindow) -> None:
        if self.replication_method == REPLICATION_INCREMENTAL and not window.has_key(
            page.page.items
        ):
            if window.filters:
                raise MissingReplicationKeyError
            self._load_all(MissingReplicationKeyError())

    def _load_all(self, reason: Exception) -> None:
        """Stop requesting changes, because the rows or the filter do not show them."""
        message = (
            "%s: the filter by %s does not return rows that it should, so this run loads all rows."
        )
        if isinstance(reason, MissingReplicationKeyError):
            message = "%s: the rows carry no %s, so this run loads the full table."
            self.forced_replication_method = REPLICATION_FULL_TABLE
        self.logger.warning(message, self.name, self.replication_key)

    # Parents

    @property
    def has_parent_ids(self) -> bool:
        """Whether the ids of all rows are known without a request."""
        return self._parent_ids_evidence is not None

    def judge_parent_ids(self) -> Word:
        """Whether every row is among the ids, as far as that is proven."""
        partitions = self._parent_ids_evidence
        if partitions is None:
            return Word.INCOMPLETE
        return judge(Evidence.combine(partitions)).word

    def read_parent_ids(self) -> ParentIds:
        """Return the ids of all rows; requests them unless this run has read them."""
        if self._parent_ids_evidence is None:
            self._parent_ids_evidence = self._request_parent_ids(self._parent_ids)
        return self._parent_ids

    def read_parent_ids_again(self) -> tuple[ParentIds, Word]:
        """Request the ids of all rows, as they are now, and judge whether they are all."""
        ids = ParentIds()
        partitions = self._request_parent_ids(ids)
        return ids, judge(Evidence.combine(partitions)).word

    def _request_parent_ids(self, ids: ParentIds) -> list[Evidence]:
        extraction = self._new_extraction(Memory({}))
        for context in self.contexts:
            evidence = Evidence()
            evidence.unreliable_filters += self.check_filters(context)
            evidence.counts_stream = self.counts_stream(context)
            plan = self.plan(context, Windows(), extraction.memory, prefetch=False)
            for page in extraction.reader.read(plan, evidence):
                for new in extraction.select_new_rows(page):
                    ids.add(new.ids, new.rows)
            evidence.unreliable_filters += extraction.unreliable_filters
            extraction.partitions.append(evidence)
        return extraction.partitions

    # The end of a partition and of the stream

    def _end_partition(
        self, context: Context | None, extraction: Extraction, evidence: Evidence
    ) -> None:
        memory = extraction.memory
        partition = task_name(None, context)
        known = evidence.parents_known
        share = evidence.parents_requested / known if known else 1
        evidence.vanished += memory.compare(evidence.counts, share)
        if not self.run.config.branch_ids and self.run.knows_branch_ids:
            evidence.vanished += memory.compare_branches(self.visible_branches(), partition)
        evidence.unreliable_filters += extraction.unreliable_filters
        if not judge(evidence).is_complete:
            self.hold_bookmark(context)
        if context is not None:
            self.run.add_to_audit(self.name, partition, evidence, extraction.counts[-1])
            if not evidence.refused:
                log_verdict(self.logger, f"{self.name} {partition}", evidence)
        if len(extraction.partitions) == len(self.contexts):
            if self._collects_parent_ids and not (evidence.refused or extraction.is_partial):
                self._parent_ids_evidence = extraction.partitions
            self._end_stream(extraction)

    def _end_stream(self, extraction: Extraction) -> None:
        """Log what the rows had too much, and the verdict; end the table's version."""
        self.log_findings()
        evidence, memory = Evidence.combine(extraction.partitions), extraction.memory
        if extraction.witness is not None:
            extraction.witness.log(self.logger, self.name)
        verdict = judge(evidence)
        self.run.add_to_audit(self.name, "", evidence, extraction.counts[0])
        if not verdict.is_complete:
            self.restore_bookmarks()
        if evidence.refused and not evidence.pages and not memory.paths:
            return
        log_verdict(self.logger, self.name, evidence)
        if verdict.is_complete:
            self.remember_branches(memory, extraction.newest)
        if verdict.allows_deletions and self.replication_method == REPLICATION_FULL_TABLE:
            self.end_version()
        memory.save(verdict.word)
