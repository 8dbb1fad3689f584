"""Clients and leads, active and archived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyroaring import BitMap64
from typing_extensions import override

from tap_alfacrm.streams.base import AlfaCRMStream, List

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.report import Proof

BOTH = 2
"""`is_study` of leads and clients together (docs/behaviour.md#is_study)."""
ACTIVE, ALL, ARCHIVED = 0, 1, 2
"""Values of `removed` (docs/behaviour.md#archived-cards)."""


class CustomersStream(AlfaCRMStream):
    """Cards of `customer`, partitioned by `is_study`: leads, clients, and both as the check."""

    name = "customers"
    entity = "customer"
    required = True
    has_custom_fields = True
    everything = List({"is_study": BOTH, "removed": ALL})

    @property
    @override
    def partitions(self) -> list[dict[str, int]]:
        """One for each `is_study`; both together last, when most of it is known."""
        return [{"is_study": kind} for kind in sorted(set(self._alfacrm.settings.is_study))]

    @override
    def lists(self, context: Context | None) -> Sequence[List]:
        active, archived = (
            List(
                {**(context or {}), "removed": removed},
                {"is_archived": removed == ARCHIVED},
            )
            for removed in (ACTIVE, ARCHIVED)
        )
        return (active, archived) if self._alfacrm.settings.include_archived else (active,)

    @override
    def whole(self, context: Context | None) -> List | None:
        settings = self._alfacrm.settings
        if context == {"is_study": BOTH} or (
            BOTH not in settings.is_study and settings.include_archived
        ):
            return List(
                {
                    **(context or {}),
                    "removed": ALL if settings.include_archived else ACTIVE,
                }
            )
        return None

    @override
    def accounted(self, branch: int | None, context: Context | None) -> int:
        if context != {"is_study": BOTH}:
            return super().accounted(branch, context)
        kinds = [seen for (where, _), seen in self._seen.items() if where == branch]
        return len(BitMap64.union(*(seen.ids for seen in kinds))) + sum(
            seen.keyless for seen in kinds
        )

    @override
    def verdict(self, parts: Sequence[Proof]) -> Proof:
        whole = super().verdict(parts)
        if BOTH in self._alfacrm.settings.is_study:
            both = parts[-1]
            whole.total, whole.missing = both.total, both.missing
            if both.sweeps:
                whole.unsettled = both.unsettled
        whole.notes = []
        return whole
