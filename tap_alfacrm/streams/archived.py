"""Entities whose archived rows the API returns only on request."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Protocol

from pyroaring import BitMap64
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.deduplication import Deduplicator
from tap_alfacrm.extract.incremental import FilterWindow, Windows
from tap_alfacrm.extract.plan import ListSpec
from tap_alfacrm.formatting import number_of
from tap_alfacrm.streams.base import AlfaCRMStream
from tap_alfacrm.streams.entity import ListCount

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.records.page import Page, Row

ACTIVE, ALL, ARCHIVED = 0, 1, 2
"""Values of `removed` (docs/behaviour.md#archived-cards)."""
MAX_COMPARISONS = 3
"""Times that the lists are compared, because a row may move between two requests."""
NO_END = ("2030-12-31", "31.12.2030")
"""`e_date` of a row that is not archived."""


class Sample(Protocol):
    """The first rows of a list."""

    @property
    def total(self) -> int | None:
        """Number of rows of the whole list, None where the API does not give it."""

    @property
    def ids(self) -> Sequence[int | None]:
        """Ids of the rows."""


def has_archive(active: Sample, archived: Sample) -> bool:
    """Whether the archived list certainly differs from the active one.

    A row that is in both shows that it does not; equal totals, or an empty list, show nothing.
    """
    if active.total == 0:
        return True
    differs = active.total is None or archived.total not in {0, active.total}
    return differs and _are_disjoint(active, archived)


def find_archive(active: Sample, archived: Sample, whole: Sample) -> int | None:
    """Find the value of `removed` that returns the archived rows, alone or with the others.

    Args:
        active: The list of active rows.
        archived: The list of archived ones.
        whole: The list of both.

    Returns:
        ARCHIVED or ALL; None where the account ignores `removed`.
    """
    if has_archive(active, archived):
        return ARCHIVED
    others = (whole.total or 0) - (active.total or 0)
    if active.total is None or others <= 0:
        return None if archived.ids else ARCHIVED
    return ARCHIVED if others == archived.total and _are_disjoint(active, archived) else ALL


def _are_disjoint(one: Sample, other: Sample) -> bool:
    return not {*one.ids} & {*other.ids} - {None}


class ArchivePolicy:
    """Tells active rows that the account returned as archived from archived ones.

    Attributes:
        ignored: Number of active rows returned where archived ones were requested.
    """

    def __init__(self, *, ends_when_archived: bool = True) -> None:
        """Create a policy that knows no row.

        Args:
            ends_when_archived: Whether `e_date` of an archived row is the day of archiving.
        """
        self.ignored = 0
        self._ends_when_archived = ends_when_archived
        self._active = BitMap64()
        self._contains_active = False

    def begin_page(self, identifiers: Sequence[int], spec: ListSpec) -> None:
        """See whether a page of archived rows contains active ones, rather than one that moved."""
        known = sum(identifier in self._active for identifier in identifiers)
        self._contains_active = _holds_all(spec) or (known > 1 and not self._ends_when_archived)

    def resolve(self, row: Row, identifier: int, spec: ListSpec) -> ListSpec:
        """Return the list of the row: its own, or that of active rows if it is known as such."""
        if spec.variant != ARCHIVED or identifier not in self._active:
            return spec
        if self._contains_active or row.get("e_date") in NO_END:
            self.ignored += not _holds_all(spec)
            return replace(spec, constants={"is_archived": False}, variant=ACTIVE)
        self._active.discard(identifier)  # it has been archived since
        return spec

    def add(self, identifiers: Iterable[int], spec: ListSpec) -> None:
        """Remember active rows."""
        if spec.variant == ACTIVE:
            self._active.update(identifiers)


def _holds_all(spec: ListSpec) -> bool:
    return spec.filters.get("removed") == ALL


class ArchivedStream(AlfaCRMStream):
    """Active rows, then archived ones, distinguished by `is_archived`."""

    sample_list = ListSpec({"removed": ALL})
    counts_by_branch = True
    ends_when_archived: ClassVar[bool] = True
    """Whether `e_date` of an archived row is the day of archiving."""
    _archive: int | None = ARCHIVED
    """The value of `removed` that returns the archived rows, None where that is unknown."""
    _is_compared = False

    @override
    def lists(self, context: Context | None) -> Sequence[ListSpec]:
        is_known = self._archive is not None
        active = ListSpec(
            {**(context or {}), "removed": ACTIVE},
            constants={"is_archived": False if is_known else None},
            variant=ACTIVE,
        )
        if not (self.run.config.include_archived and is_known):
            return (active,)
        archived = ListSpec(
            {**(context or {}), "removed": self._archive},
            constants={"is_archived": True},
            variant=ARCHIVED,
        )
        return (active, archived)

    @override
    def counts(self, context: Context | None) -> Sequence[ListCount]:
        if self.run.config.include_archived:
            return (ListCount(ListSpec({**(context or {}), "removed": ALL})),)
        return ()

    @override
    def check_filters(self, context: Context | None) -> list[str]:
        """Compare the lists that `removed` requests, before the first row.

        An account that ignores it returns the same rows as active, as archived and as both; whether
        they are archived is then unknown, and some may be hidden. Where archived ones cannot be
        requested alone, those are archived that the list of both has beyond the active ones.
        """
        if not self.run.config.include_archived:
            return []
        if not self._is_compared:
            self._is_compared = True
            self._archive = self._find_archive()
            if self._archive == ALL:
                self.logger.warning(
                    "%s: the account does not return the archived rows for removed=%d; those "
                    "count as archived that removed=%d returns and removed=%d does not.",
                    self.name,
                    ARCHIVED,
                    ALL,
                    ACTIVE,
                )
        return ["removed"] if self._archive is None and context == self.contexts[0] else []

    def _find_archive(self) -> int | None:
        first_pages = self._peek()
        if first_pages and all(page.ids for page in first_pages) and has_archive(*first_pages):
            return ARCHIVED
        found: int | None = ARCHIVED
        samples = None if self.partitions else first_pages  # else not those of all rows
        for _ in range(MAX_COMPARISONS):
            active, archived = samples or self._samples()
            samples = None
            if active is None or archived is None or has_archive(active, archived):
                return ARCHIVED
            whole = self._sample(self._sample_list(ALL))
            if whole is None:
                return ARCHIVED
            previous, found = found, find_archive(active, archived, whole)
            is_ignored = found is None and active.total == archived.total
            if is_ignored or found in {ARCHIVED, previous}:
                return found
        return None

    @property
    def _first_branch(self) -> int | None:
        return (self.run.config.branch_ids or (None,))[0]

    def _peek(self) -> tuple[Page, Page] | None:
        """Return the first pages of the lists that are read next, None where they are refused."""
        if self.replication_method != REPLICATION_FULL_TABLE:
            return None
        task = self._task(self._first_branch, self.actions[0], self.contexts[0], Windows())
        planned = task.planned_lists(self.run.config.page_size)
        try:
            active, archived = self.run.client.peek(islice(planned, len(task.lists)))
        except UnavailableError:
            return None
        return active, archived

    def _samples(self) -> tuple[Page | None, Page | None]:
        """Return the first row of the active and of the archived rows of all kinds."""
        specs = [self._sample_list(removed) for removed in (ACTIVE, ARCHIVED)]
        requests = [
            self.request(self._first_branch, self.actions[0], spec, FilterWindow())
            for spec in specs
        ]
        self.run.client.forget(requests[0])  # pages would be old by the time that they are read
        self.run.client.plan_counts(requests)
        active, archived = (self._sample(spec) for spec in specs)
        return active, archived

    def _sample_list(self, removed: int) -> ListSpec:
        return ListSpec({**self.sample_list.filters, "removed": removed})

    def _sample(self, spec: ListSpec) -> Page | None:
        """Return the first row of a list of all kinds, with its total; None if it is refused."""
        return self.fetch_outside_plan(None, spec, self.run.client.fetch_first_rows)

    @override
    def make_deduplicator(self) -> Deduplicator:
        self._archive_policy = ArchivePolicy(ends_when_archived=self.ends_when_archived)
        return Deduplicator(self._archive_policy)

    @override
    def log_findings(self) -> None:
        if self._archive_policy.ignored:
            self.logger.warning(
                "%s: the account returned %s where archived ones were requested; they count as "
                "active. Its archive may be unreachable.",
                self.name,
                number_of(self._archive_policy.ignored, "active row"),
            )
        super().log_findings()
