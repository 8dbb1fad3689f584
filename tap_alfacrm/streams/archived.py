"""Entities whose archived rows the API returns only on request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyroaring import BitMap64
from typing_extensions import override

from tap_alfacrm.extract.plan import ListSpec
from tap_alfacrm.formatting import number_of
from tap_alfacrm.streams.base import AlfaCRMStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.records.page import Row

ACTIVE, ALL, ARCHIVED = 0, 1, 2
"""Values of `removed` (docs/behaviour.md#archived-cards)."""
NO_END = {"2030-12-31", "31.12.2030"}
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

    @override
    def lists(self, context: Context | None) -> Sequence[ListSpec]:
        active, archived = (
            ListSpec(
                {**(context or {}), "removed": removed},
                constants={"is_archived": removed == ARCHIVED},
                variant=removed,
            )
            for removed in (ACTIVE, ARCHIVED)
        )
        return (active, archived) if self.run.config.include_archived else (active,)

    @override
    def count_list(self, context: Context | None) -> ListSpec | None:
        if self.run.config.include_archived:
            return ListSpec({**(context or {}), "removed": ALL})
        return None

    @override
    def variant_policy(self) -> ArchivePolicy:
        self._archive_policy = ArchivePolicy()
        return self._archive_policy

    @override
    def end_stream(self) -> None:
        if self._archive_policy.ignored:
            self.logger.warning(
                "%s: the account returned %s where archived ones were requested; they count as "
                "active. Its archive may be unreachable.",
                self.name,
                number_of(self._archive_policy.ignored, "active row"),
            )
        super().end_stream()
