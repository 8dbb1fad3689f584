"""Clients and leads, active and archived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_alfacrm.extract.incremental import DOTTED, IncrementalFilter
from tap_alfacrm.extract.pagination import SeenIds
from tap_alfacrm.extract.reader import List
from tap_alfacrm.streams.archived import ACTIVE, ALL, ArchiveStream

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.extract.completeness import Evidence

BOTH = 2
"""`is_study` of leads and clients together (docs/behaviour.md#is_study)."""


class CustomersStream(ArchiveStream):
    """Cards of `customer`, partitioned by `is_study`: leads, clients, and both as the check.

    Full table unless the catalogue says otherwise: whether a changed balance, or archiving,
    moves `updated_at` is not known.
    """

    name = "customers"
    entity = "customer"
    required = True
    has_custom_fields = True
    is_parent = True
    since = IncrementalFilter("updated_at", "updated_at_from", DOTTED)
    everything = List({"is_study": BOTH, "removed": ALL})

    @override
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.forced_replication_method = "FULL_TABLE"
        self._starts: list[dt.datetime | None] = []

    @property
    @override
    def partitions(self) -> list[dict[str, int]]:
        """One for each `is_study`; both together last, when most of it is known."""
        return [{"is_study": kind} for kind in sorted(set(self._alfacrm.settings.is_study))]

    @override
    def start(self, context: Context | None) -> dt.datetime | None:
        """Both together have seldom a row, and so a bookmark, of their own: the earliest counts."""
        starts = self._starts
        starts.append(super().start(context))
        if context == {"is_study": BOTH} and len(starts) > 1:
            starts = starts[:-1]
            return None if None in starts else min(filter(None, starts))
        return starts[-1]

    @override
    def whole(self, context: Context | None) -> List | None:
        removed = ALL if self._alfacrm.settings.include_archived else ACTIVE
        if context == {"is_study": BOTH}:
            return List({**context, "removed": removed})
        return None if self._ends_with_both else super().whole(context)

    @override
    def counts_first(self, context: Context | None) -> bool:
        return context == {"is_study": BOTH} and len(self.partitions) > 1

    @override
    def accounted(self, branch: int | None, context: Context | None) -> SeenIds:
        own = super().accounted(branch, context)
        if context != {"is_study": BOTH}:
            return own
        whole = SeenIds()
        for (where, _), seen in self.reading.seen.items():
            if where == branch:
                whole.join(seen)
        if own.latest:
            whole.latest, whole.keyless = own.latest, own.keyless
        return whole

    @override
    def verdict(self, parts: Sequence[Evidence]) -> Evidence:
        whole = super().verdict(parts)
        if self._ends_with_both:
            both = parts[-1]
            whole.total, whole.missing = both.total, both.missing
            if both.sweeps:
                whole.unsettled = both.unsettled
        whole.notes = []
        return whole

    @property
    def _ends_with_both(self) -> bool:
        return BOTH in self._alfacrm.settings.is_study
