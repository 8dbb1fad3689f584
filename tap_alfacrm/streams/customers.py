"""Customers: clients and leads, active and archived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_alfacrm.extract.deduplication import FilterWitness
from tap_alfacrm.extract.incremental import DOTTED, IncrementalFilter
from tap_alfacrm.extract.plan import ListSpec
from tap_alfacrm.streams.archived import ACTIVE, ALL, ArchivedStream
from tap_alfacrm.streams.entity import ListCount

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from singer_sdk.helpers.types import Context

BOTH = 2
"""`is_study` of leads and clients together (docs/behaviour.md#is_study)."""


class CustomersStream(ArchivedStream):
    """Customers, partitioned by `is_study`: leads, clients, and both together as the check.

    Full table unless the catalog says otherwise: it is not known whether a changed balance, or
    archiving, moves `updated_at`.
    """

    name = "customers"
    entity = "customer"
    required = True
    is_parent = True
    counts_each_branch = True
    incremental_filter = IncrementalFilter("updated_at", "updated_at_from", DOTTED)
    sample_list = ListSpec({"is_study": BOTH, "removed": ALL})
    is_incremental = False
    possible_contexts = ({"is_study": 0}, {"is_study": 1}, {"is_study": BOTH})

    @override
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bookmarks: list[dt.datetime | None] = []

    @property
    @override
    def partitions(self) -> list[dict[str, int]]:
        """One for each `is_study`; both together last, when most of it is known."""
        return [{"is_study": kind} for kind in sorted(set(self.run.config.is_study))]

    @override
    def bookmark(self, context: Context | None) -> dt.datetime | None:
        """The earliest of all partitions, because one count holds their windows together.

        Few rows, and therefore seldom a bookmark, belong to both together alone.
        """
        if not self._bookmarks:
            own = [one for one in self.contexts if one != {"is_study": BOTH}] or self.contexts
            for one in own:
                # the SDK writes it when a partition begins, and drops it when the partition ends
                self._write_starting_replication_value(one)
                self._bookmarks.append(super().bookmark(one))
        return None if None in self._bookmarks else min(filter(None, self._bookmarks))

    @override
    def lists(self, context: Context | None) -> Sequence[ListSpec]:
        is_check = context == {"is_study": BOTH} and len(self.contexts) > 1
        return () if is_check else super().lists(context)

    @override
    def fallback_lists(self, context: Context | None) -> Sequence[ListSpec]:
        if self.counts_stream(context) and len(self.contexts) > 1:
            return super().lists({"is_study": BOTH})
        return ()

    @override
    def counts(self, context: Context | None) -> Sequence[ListCount]:
        """The partition's own count, and at the last one the count of all customers.

        Customers of both kinds are counted together wherever both are loaded, because a lead may
        become a client, or a client a lead, between the two partitions.
        """
        kinds = set(self.run.config.is_study)
        if {0, 1} <= kinds or BOTH in kinds:
            if context != self.contexts[-1]:
                return ()
            removed = ALL if self.run.config.include_archived else ACTIVE
            spec = ListSpec({"is_study": BOTH, "removed": removed})
            return (ListCount(spec, partitions=self.partitions),)
        return super().counts(context)

    @override
    def make_witness(self) -> FilterWitness:
        return FilterWitness("is_study", combined=BOTH)
