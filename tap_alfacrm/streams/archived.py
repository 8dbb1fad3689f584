"""Entities that hide their archived rows unless asked for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap64
from typing_extensions import override

from tap_alfacrm.extract.reader import List
from tap_alfacrm.streams.base import AlfaCRMStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.records.page import Row

ACTIVE, ALL, ARCHIVED = 0, 1, 2
"""Values of `removed` (docs/behaviour.md#archived-cards)."""
NO_END = {"2030-12-31", "31.12.2030"}
"""`e_date` of a row that is not archived."""


class ArchiveStream(AlfaCRMStream):
    """Active rows, then archived ones, told apart by `is_archived`."""

    everything = List({"removed": ALL})

    @override
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._active = BitMap64()
        self._unheeded = 0

    @override
    def lists(self, context: Context | None) -> Sequence[List]:
        active, archived = (
            List(
                {**(context or {}), "removed": removed},
                stamp={"is_archived": removed == ARCHIVED},
                state=removed,
            )
            for removed in (ACTIVE, ARCHIVED)
        )
        return (active, archived) if self._alfacrm.settings.include_archived else (active,)

    @override
    def whole(self, context: Context | None) -> List | None:
        if self._alfacrm.settings.include_archived:
            return List({**(context or {}), "removed": ALL})
        return None

    @override
    def belongs(self, row: Row, identifier: int, list_: List) -> List:
        """The list it came from, unless the account gave an active row for an archived one."""
        if list_.state == ARCHIVED and identifier in self._active and row.get("e_date") in NO_END:
            self._unheeded += 1
            return replace(list_, stamp={"is_archived": False}, state=ACTIVE)
        return list_

    @override
    def met(self, identifiers: Iterable[int], list_: List) -> None:
        if list_.state == ACTIVE:
            self._active.update(identifiers)

    @override
    def report(self) -> None:
        if self._unheeded:
            self.logger.warning(
                "%s: the account gave %s active rows where archived ones were asked for; "
                "they count as active. Its archive may be out of reach.",
                self.name,
                f"{self._unheeded:,}",
            )
        super().report()
