"""Customers: clients and leads, active and archived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_alfacrm.extract.incremental import DOTTED, IncrementalFilter
from tap_alfacrm.extract.plan import ListSpec
from tap_alfacrm.streams.archived import ACTIVE, ALL, ArchivedStream
from tap_alfacrm.streams.entity import partition_key

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable, Sequence

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
    incremental_filter = IncrementalFilter("updated_at", "updated_at_from", DOTTED)
    sample_list = ListSpec({"is_study": BOTH, "removed": ALL})

    @override
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.forced_replication_method = REPLICATION_FULL_TABLE
        self._bookmarks: dict[Hashable, dt.datetime | None] = {}

    @property
    @override
    def partitions(self) -> list[dict[str, int]]:
        """One for each `is_study`; both together last, when most of it is known."""
        return [{"is_study": kind} for kind in sorted(set(self.run.config.is_study))]

    @override
    def bookmark(self, context: Context | None) -> dt.datetime | None:
        """The partition's own; for both together the earliest of the partitions before it.

        Few rows, and therefore seldom a bookmark, belong to both together alone.
        """
        earlier = [*self._bookmarks.values()]
        if context == {"is_study": BOTH} and earlier:
            return None if None in earlier else min(filter(None, earlier))
        # the SDK drops the bookmark from which a partition started when the partition ends
        self._bookmarks[partition_key(context)] = super().bookmark(context)
        return self._bookmarks[partition_key(context)]

    @override
    def count_list(self, context: Context | None) -> ListSpec | None:
        if context == {"is_study": BOTH}:
            removed = ALL if self.run.config.include_archived else ACTIVE
            return ListSpec({**context, "removed": removed})
        return None if BOTH in self.run.config.is_study else super().count_list(context)

    @override
    def counted_partitions(self, context: Context | None) -> Sequence[Context | None]:
        return self.partitions if context == {"is_study": BOTH} else (context,)
