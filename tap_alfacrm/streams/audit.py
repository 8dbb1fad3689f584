"""The verdicts of a run as rows, for the warehouse (docs/behaviour.md#verdicts)."""

from __future__ import annotations

import uuid
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_alfacrm.errors import NotCompleteError
from tap_alfacrm.extract.completeness import Word, judge
from tap_alfacrm.formatting import format_utc, list_of
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.sdk.page_stream import PageStream
from tap_alfacrm.sdk.spec import StreamSpec

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_alfacrm.extract.completeness import Evidence

UNAVAILABLE = "UNAVAILABLE"
"""Verdict on a stream that the account does not offer."""


class Counts(NamedTuple):
    """Requests sent up to a moment, and those among them that had to be sent again."""

    requests: int
    retries: int


class Audit:
    """Collects the verdicts of a run.

    Attributes:
        records: Records of the stream `sync_audit` that were not emitted yet.
        incomplete: Streams whose verdict is not COMPLETE, with it.
    """

    def __init__(self, started_at: dt.datetime) -> None:
        """Create the audit of a run.

        Args:
            started_at: The start of the run.
        """
        self.records: list[dict[str, Any]] = []
        self.incomplete: dict[str, str] = {}
        self._run = {
            "run_id": str(uuid.uuid4()),
            "run_started_at": format_utc(started_at),
            "tap_version": version("tap-alfacrm"),
        }

    def add(self, stream: str, partition: str, evidence: Evidence, counts: Counts) -> None:
        """Add a stream, or a partition of it.

        Args:
            stream: Name of the stream.
            partition: The partition, "" for the stream as a whole.
            evidence: What was read.
            counts: Requests sent meanwhile.
        """
        verdict = judge(evidence)
        is_offered = not evidence.refused or evidence.pages > 0 or evidence.answered_before
        word = verdict.word.value if is_offered else UNAVAILABLE
        if not partition and word != Word.COMPLETE.value:
            self.incomplete[stream] = word
        self.records.append(
            {
                **self._run,
                "stream": stream,
                "partition": partition,
                "branch_count": len(evidence.branches),
                "rows_received": evidence.received,
                "duplicates": evidence.duplicates,
                "emitted": evidence.emitted,
                "api_total": evidence.total,
                "requests": counts.requests,
                "retries": counts.retries,
                "verdict": word,
                "reason": "; ".join(verdict.reasons) if is_offered else "",
            }
        )


class SyncAuditStream(PageStream):
    """One record for each stream and partition of the run; loaded last."""

    name = "sync_audit"
    primary_keys: Sequence[str] = ("run_id", "stream", "partition")
    schema = standard_schema("sync_audit")

    @override
    def __init__(self, tap: Tap, audit: Audit) -> None:
        self._audit = audit
        super().__init__(tap)
        self.forced_replication_method = REPLICATION_FULL_TABLE

    @classmethod
    def spec(cls) -> StreamSpec:
        """What no catalog or state can change."""
        return StreamSpec(cls.primary_keys, None, REPLICATION_FULL_TABLE, ())

    @override
    def log_sync_costs(self) -> None:
        """End the run if it has to be complete; the SDK calls this after the last stream.

        Raises:
            NotCompleteError: `require_complete` is set, and a stream is not COMPLETE.
        """
        super().log_sync_costs()
        incomplete = self._audit.incomplete
        if incomplete and self.config.get("require_complete"):
            names = list_of(f"{name} ({word})" for name, word in incomplete.items())
            msg = f"Not COMPLETE: {names}. All rows and the state were written (require_complete)."
            raise NotCompleteError(msg)

    @override
    def pages(self, context: Context | None) -> Iterator[Sequence[Any]]:
        records, self._audit.records = self._audit.records, []
        yield records
