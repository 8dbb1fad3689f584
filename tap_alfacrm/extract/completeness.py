"""Evidence gathered while reading, and the verdict on it (docs/behaviour.md#verdicts)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from tap_alfacrm.formatting import list_of, number_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

    from tap_alfacrm.errors import UnavailableError
    from tap_alfacrm.extract.results import ListResult

    Counts = dict[str, dict[str, int]]
    """Distinct rows by task, such as `branch 1`, and list, such as `removed=2`."""


class Word(Enum):
    """The first word of a verdict line, from the best to the worst."""

    COMPLETE = "COMPLETE"
    UNPROVEN = "UNPROVEN"
    INCOMPLETE = "INCOMPLETE"

    @classmethod
    def worst(cls, *words: Word) -> Word:
        """Return the worst of several, COMPLETE if there are none."""
        return max((cls.COMPLETE, *words), key=list(cls).index)


@dataclass(slots=True)
class Evidence:
    """What was read, and the facts by which it is judged.

    Attributes:
        received: Rows received, repeated ones included.
        emitted: Records emitted.
        total: The API's total, None where it gives none.
        pages: Pages with rows.
        passes: Largest number of times that a list was read from start to end.
        counts: Distinct rows of each list in the latest pass, for the next run to compare.
        counts_stream: Whether `total`, `missing` and `surplus` hold for the whole stream.
        refusal: The refusal, where the account offers none of the rows.
        branches: Branches that were requested one by one.
        answered_before: Whether an earlier run received rows, so that a refusal is a failure.
        since: The day from which changes were requested, "" where all rows were.
        parents_requested: Parents that were requested, each by itself, without proven empty ones.
        parents_known: Parents that there are, likewise.

        missing: Rows that the API counts and never returned.
        rows_without_id: Rows without a usable id, which cannot be loaded.
        refused: Whether the account does not offer the rows, or not those of a partition.
        refusals: What was refused where others of its kind were answered.
        unknown_parents: Parent streams of which not every row is known.
        doubted_parents: Parent streams of which not every row may be known.
        unstable: Lists whose rows still moved in the last pass.
        surplus: Rows received beyond the API's total.
        unconfirmed_ends: Lists without a total of which the end could not be confirmed.
        vanished: Lists that an earlier run found much longer.
        unreliable_filters: Filters that had no effect, and may have hidden rows.
        unseen_in_total: Rows that the API's total counts and that pages lack, at any page size.
        repeated_in_total: Rows that the API's total counts more than once.
        uncounted: Branches or lists of which not all were counted, with the numbers.
        postponed: Parent streams of which not every row was requested, with the numbers.
    """

    received: int = 0
    emitted: int = 0
    total: int | None = None
    pages: int = 0
    passes: int = 0
    counts: Counts = field(default_factory=dict)
    counts_stream: bool = False
    refusal: UnavailableError | None = None
    branches: set[int] = field(default_factory=set)
    answered_before: bool = False
    since: str = ""
    parents_requested: int = 0
    parents_known: int = 0

    missing: int = 0
    rows_without_id: int = 0
    refused: bool = False
    refusals: list[str] = field(default_factory=list)
    unknown_parents: list[str] = field(default_factory=list)
    doubted_parents: list[str] = field(default_factory=list)
    unstable: int = 0
    surplus: int = 0
    unconfirmed_ends: int = 0
    vanished: list[str] = field(default_factory=list)
    unreliable_filters: list[str] = field(default_factory=list)
    unseen_in_total: int = 0
    repeated_in_total: int = 0
    uncounted: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)

    @classmethod
    def combine(cls, partitions: Sequence[Evidence]) -> Evidence:
        """Combine the evidence of a stream's partitions, in their order."""
        combined = cls()
        for evidence in partitions:
            combined.add(evidence)
            combined.emitted += evidence.emitted
        last = partitions[-1] if partitions else combined
        if last.counts_stream and last.total is not None:
            combined.total, combined.missing = last.total, last.missing
            combined.surplus = last.surplus
            if last.passes:
                combined.unstable = last.unstable
        return combined

    def add(self, other: Evidence) -> None:
        """Add what was read elsewhere; the two have no row in common but by chance."""
        self.total = _sum(self.total, other.total)
        self.passes = max(self.passes, other.passes)
        self.received += other.received
        self.pages += other.pages
        self.branches |= other.branches
        self.since = max(self.since, other.since)  # for which it holds in each branch
        self.parents_requested += other.parents_requested
        self.parents_known += other.parents_known
        self.answered_before = self.answered_before or other.answered_before
        for task, lists in other.counts.items():
            counts = self.counts.setdefault(task, {})
            for name, count in lists.items():
                counts[name] = counts.get(name, 0) + count
        for rule in RULES:
            value = getattr(self, rule.fact) + getattr(other, rule.fact)
            setattr(self, rule.fact, value)

    def add_list(self, result: ListResult) -> None:
        """Add one list that was read to its end."""
        self.received += result.received
        self.pages += result.pages
        self.passes = max(self.passes, result.passes)
        self.total = _sum(self.total, result.total)
        self.missing += result.missing
        self.surplus += result.surplus
        self.rows_without_id += result.rows_without_id
        self.unstable += not result.is_stable
        self.unconfirmed_ends += result.is_end_unconfirmed
        self.unseen_in_total += result.unseen_in_total
        self.repeated_in_total += result.repeated_in_total

    def discard_lists(self) -> None:
        """Forget what lists contained that are about to be read again."""
        empty = Evidence()
        self.total = None
        for name in (
            "missing",
            "surplus",
            "rows_without_id",
            "unstable",
            "unconfirmed_ends",
            "unseen_in_total",
            "repeated_in_total",
        ):
            setattr(self, name, getattr(empty, name))

    @override
    def __str__(self) -> str:
        """The figures, for the log."""
        total = "not given" if self.total is None else f"{self.total:,}"
        text = (
            f"Rows received {self.received:,} on {number_of(self.pages, 'page')}, "
            f"duplicates {self.duplicates:,}, emitted {self.emitted:,}; API total {total}"
        )
        if self.since:
            text += f"; changed since {self.since}"
        if self.passes > 1:
            text += f"; read {self.passes} times"
        elif self.passes == 0 and self.total is not None:
            text += "; one request confirmed that all rows are known"
        return f"{text}."

    @property
    def duplicates(self) -> int:
        """Rows received that had been emitted before."""
        return self.received - self.emitted - self.rows_without_id


class Rule(NamedTuple):
    """What a fact means for the verdict.

    Attributes:
        fact: Field of `Evidence`; the rule applies where it is neither empty nor 0.
        word: The best verdict that the fact allows.
        reason: What the log says; `{rows}`, `{lists}` and `{names}` stand for the fact.
    """

    fact: str
    word: Word
    reason: str


RULES = (
    Rule("missing", Word.INCOMPLETE, "{rows} counted by the API were never returned"),
    Rule("rows_without_id", Word.INCOMPLETE, "{rows} without a usable id could not be loaded"),
    Rule("refused", Word.INCOMPLETE, "the account refused the rest"),
    Rule("refusals", Word.INCOMPLETE, "refused: {names}"),
    Rule(
        "unknown_parents",
        Word.INCOMPLETE,
        "not every row of {names} is known, and each needs a request",
    ),
    Rule("unstable", Word.UNPROVEN, "rows moved during every pass of {lists}"),
    Rule("doubted_parents", Word.UNPROVEN, "it is not proven that every row of {names} is known"),
    Rule("surplus", Word.UNPROVEN, "the API returned {rows} more than it counts"),
    Rule(
        "unseen_in_total",
        Word.UNPROVEN,
        "the API's total counts {rows} that are on no page: joined rows, or hidden ones",
    ),
    Rule("unconfirmed_ends", Word.UNPROVEN, "the end of {lists} without a total is not certain"),
    Rule("vanished", Word.UNPROVEN, "the earlier run found more: {names}"),
    Rule("unreliable_filters", Word.UNPROVEN, "filters without effect may hide rows: {names}"),
    Rule("repeated_in_total", Word.COMPLETE, "the API's total counts {rows} more than once"),
    Rule("uncounted", Word.COMPLETE, "{names} counted: changed or due today"),
    Rule("postponed", Word.COMPLETE, "{names} requested: changed or due today"),
)
"""Every fact that a verdict depends on, the gravest first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence shows.

    Attributes:
        word: The worst word that a rule demands.
        reasons: The reasons of the rules that apply.
        is_partial: Whether rows were left out that an earlier run has loaded.
    """

    word: Word = Word.COMPLETE
    reasons: tuple[str, ...] = ()
    is_partial: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether it is proven that every row that was requested was emitted.

        This alone moves a bookmark.
        """
        return self.word is Word.COMPLETE

    @property
    def allows_deletions(self) -> bool:
        """Whether a row that was not emitted is not in the account any more."""
        return self.is_complete and not self.is_partial

    @override
    def __str__(self) -> str:
        """The first words of the verdict line."""
        return ", ".join(filter(None, [self.word.value, "; ".join(self.reasons)]))


def judge(evidence: Evidence) -> Verdict:
    """Decide what the evidence proves: each rule whose fact is present lowers the verdict."""
    words, reasons = [], []
    for rule in RULES:
        value = getattr(evidence, rule.fact)
        if value:
            words.append(rule.word)
            reasons.append(_describe(rule, value))
    return Verdict(Word.worst(*words), tuple(reasons), is_partial=bool(evidence.postponed))


def _describe(rule: Rule, value: int | list[str]) -> str:
    if isinstance(value, list):
        return rule.reason.format(names=list_of(dict.fromkeys(value)))
    return rule.reason.format(rows=number_of(value, "row"), lists=number_of(value, "list"))


def log_verdict(logger: logging.Logger, label: str, evidence: Evidence) -> Verdict:
    """Log the verdict on a partition or a stream; anything but COMPLETE is a warning.

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
