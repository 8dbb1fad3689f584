"""Entities whose archived rows the API returns only on request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap64
from typing_extensions import override

from tap_alfacrm.extract.deduplication import Deduplicator
from tap_alfacrm.extract.plan import COUNT_PAGE_SIZE, ListSpec
from tap_alfacrm.formatting import number_of
from tap_alfacrm.streams.base import AlfaCRMStream
from tap_alfacrm.streams.entity import ListCount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.records.page import Row

ACTIVE, ALL, ARCHIVED = 0, 1, 2
"""Values of `removed` (docs/behaviour.md#archived-cards)."""
NO_END = ("2030-12-31", "31.12.2030")
"""`e_date` of a row that is not archived."""


class ArchivePolicy:
    """Tells active rows that the account returned as archived from archived ones.

    Attributes:
        ignored: Number of active rows returned where archived ones were requested.
    """

    def __init__(self) -> None:
        """Create a policy that knows no row."""
        self.ignored = 0
        self._active = BitMap64()

    def resolve(self, row: Row, identifier: int, spec: ListSpec) -> ListSpec:
        """Return the list of the row: its own, or the active one where the filter was ignored."""
        is_active = identifier in self._active and row.get("e_date") in NO_END
        if spec.variant == ARCHIVED and is_active:
            self.ignored += 1
            return replace(spec, constants={"is_archived": False}, variant=ACTIVE)
        return spec

    def add(self, identifiers: Iterable[int], spec: ListSpec) -> None:
        """Remember active rows."""
        if spec.variant == ACTIVE:
            self._active.update(identifiers)


class ArchivedStream(AlfaCRMStream):
    """Active rows, then archived ones, distinguished by `is_archived`."""

    sample_list = ListSpec({"removed": ALL})
    counts_by_branch = True
    _ignores_removed: bool | None = None

    @override
    def lists(self, context: Context | None) -> Sequence[ListSpec]:
        active, archived = (
            ListSpec(
                {**(context or {}), "removed": removed},
                constants={"is_archived": None if self._ignores_removed else removed == ARCHIVED},
                variant=removed,
            )
            for removed in (ACTIVE, ARCHIVED)
        )
        has_archive = self.run.config.include_archived and not self._ignores_removed
        return (active, archived) if has_archive else (active,)

    @override
    def counts(self, context: Context | None) -> Sequence[ListCount]:
        if self.run.config.include_archived:
            return (ListCount(ListSpec({**(context or {}), "removed": ALL})),)
        return ()

    @override
    def check_filters(self, context: Context | None) -> list[str]:
        """Compare the totals that the filter `removed` gives, before the first row.

        An account that ignores it gives the same rows as active, as archived and as both; whether
        they are archived is then unknown, and some may be hidden.
        """
        if not self.run.config.include_archived:
            return []
        if self._ignores_removed is None:
            active, archived = (self._count({"removed": one}) for one in (ACTIVE, ARCHIVED))
            self._ignores_removed = bool(
                active and active == archived and active == self._count({"removed": ALL})
            )
        return ["removed"] if self._ignores_removed and context == self.contexts[0] else []

    def _count(self, filters: Mapping[str, Any]) -> int | None:
        """Return the total of a list of all kinds, None where the account gives none."""
        spec = ListSpec({**self.sample_list.filters, **filters})
        page = self.fetch_first_page(None, spec, COUNT_PAGE_SIZE)
        return None if page is None else page.total

    @override
    def make_deduplicator(self) -> Deduplicator:
        self._archive_policy = ArchivePolicy()
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
