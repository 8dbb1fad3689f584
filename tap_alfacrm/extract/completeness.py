"""Evidence gathered while reading, and the verdict on it (docs/behaviour.md#completeness)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_alfacrm.formatting import list_of, number_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

    from tap_alfacrm.errors import UnavailableError
    from tap_alfacrm.extract.pagination import ListResult


@dataclass(slots=True)
class Evidence:
    """Facts about what was read and what the API says there is.

    Attributes:
        received: Rows received, repeated ones included.
        emitted: Records emitted.
        rows_without_id: Rows without a usable id, which cannot be loaded.
        total: The API's total, None where it gives none.
        missing: Rows that the API counts and never returned.
        pages: Pages with rows.
        passes: Largest number of times that a list was read from start to end.
        unstable: Whether rows still moved in the last pass of a list.
        refused: Whether the account does not offer the rows, or not those of a partition.
        refusals: What was refused where others of its kind were answered.
        incomplete_parents: Parent streams of which not every row is known.
        refusal: The refusal, where the account offers none of the rows.
        counts_stream: Whether `total` and `missing` hold for all partitions of the stream.
    """

    received: int = 0
    emitted: int = 0
    rows_without_id: int = 0
    total: int | None = None
    missing: int = 0
    pages: int = 0
    passes: int = 0
    unstable: bool = False
    refused: bool = False
    refusals: list[str] = field(default_factory=list)
    incomplete_parents: list[str] = field(default_factory=list)
    refusal: UnavailableError | None = None
    counts_stream: bool = False

    @classmethod
    def combine(cls, partitions: Sequence[Evidence]) -> Evidence:
        """Combine the evidence of a stream's partitions, in their order."""
        combined = cls()
        for evidence in partitions:
            combined.add(evidence)
            combined.emitted += evidence.emitted
        last = partitions[-1] if partitions else combined
        if last.counts_stream:
            combined.total, combined.missing = last.total, last.missing
            if last.passes:
                combined.unstable = last.unstable
        return combined

    def add(self, other: Evidence) -> None:
        """Add what was read elsewhere; the two have no row in common but by chance."""
        self.received += other.received
        self.rows_without_id += other.rows_without_id
        self.total = _sum(self.total, other.total)
        self.missing += other.missing
        self.pages += other.pages
        self.passes = max(self.passes, other.passes)
        self.unstable = self.unstable or other.unstable
        self.refused = self.refused or other.refused
        self.refusals += other.refusals
        self.incomplete_parents += other.incomplete_parents

    def add_list(self, result: ListResult) -> None:
        """Add one list that was read to its end."""
        self.received += result.received
        self.rows_without_id += result.rows_without_id
        self.total = _sum(self.total, result.total)
        self.missing += result.missing
        self.pages += result.pages
        self.passes = max(self.passes, result.passes)
        self.unstable = self.unstable or not result.is_stable

    def discard_lists(self) -> None:
        """Forget the totals of lists that are about to be read again."""
        self.total = None
        self.missing = self.rows_without_id = 0
        self.unstable = False

    def compare_count(self, total: int | None, ever: int, latest: int) -> bool:
        """Compare the lists with the single list that counts all their rows.

        Args:
            total: What that list counts.
            ever: Rows seen at any time.
            latest: Rows seen in the latest pass of each list. A row seen only earlier may have
                been deleted, and would conceal one that was missed; it counts only where rows
                move in every pass, so that no pass sees them all.

        Returns:
            Whether nothing is missing.
        """
        if total is None:
            return self.passes > 0
        seen = ever if self.unstable else latest
        self.total, self.missing = total, max(0, total - seen)
        return total == seen

    @override
    def __str__(self) -> str:
        """The figures, for the log."""
        total = "not given" if self.total is None else f"{self.total:,}"
        text = (
            f"Rows received {self.received:,} on {number_of(self.pages, 'page')}, "
            f"duplicates {self.received - self.emitted - self.rows_without_id:,}, "
            f"emitted {self.emitted:,}; API total {total}"
        )
        if self.passes > 1:
            text += f"; read {self.passes} times"
        elif self.passes == 0 and self.total is not None:
            text += "; one request confirmed that all rows are known"
        return f"{text}."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence shows.

    Attributes:
        shortfalls: What is missing, or cannot be ruled out to be missing.
    """

    shortfalls: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether every row that the API counts was emitted.

        This alone moves a bookmark and allows the deletion of rows that were not received.
        """
        return not self.shortfalls

    @override
    def __str__(self) -> str:
        """The first words of the verdict line."""
        if self.is_complete:
            return "COMPLETE"
        return f"INCOMPLETE, {'; '.join(self.shortfalls)}"


def judge(evidence: Evidence) -> Verdict:
    """Decide whether the evidence proves completeness."""
    shortfalls = []
    if evidence.missing:
        rows = number_of(evidence.missing, "row")
        shortfalls.append(f"{rows} counted by the API were never returned")
    if evidence.rows_without_id:
        rows = number_of(evidence.rows_without_id, "row")
        shortfalls.append(f"{rows} without a usable id could not be loaded")
    if evidence.unstable:
        shortfalls.append("rows moved during every pass, so missing rows cannot be ruled out")
    if evidence.refused:
        shortfalls.append("the account refused the rest")
    if evidence.refusals:
        shortfalls.append(f"refused: {list_of(evidence.refusals)}")
    if evidence.incomplete_parents:
        parents = list_of(evidence.incomplete_parents)
        shortfalls.append(f"not every row of {parents} is known, and each needs a request")
    return Verdict(tuple(shortfalls))


def log_verdict(logger: logging.Logger, label: str, evidence: Evidence) -> Verdict:
    """Log the verdict on a partition or a stream; a shortfall is a warning.

    Args:
        logger: The stream's logger.
        label: The stream, or the stream and its partition.
        evidence: What was read.

    Returns:
        The verdict.
    """
    verdict = judge(evidence)
    log = logger.info if verdict.is_complete else logger.warning
    log("%s: %s. %s", label, verdict, evidence)
    return verdict


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)
