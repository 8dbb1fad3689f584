"""Emitting each row once in a run, in little memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pyroaring import BitMap64

from tap_alfacrm.formatting import number_of
from tap_alfacrm.records.row import values_of
from tap_alfacrm.records.scalars import non_negative_int

if TYPE_CHECKING:
    import logging
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from tap_alfacrm.extract.plan import ListPage, ListSpec
    from tap_alfacrm.records.page import Row


class VariantPolicy(Protocol):
    """Decides which list a row belongs to where lists of an entity overlap."""

    def begin_page(self, identifiers: Sequence[int], spec: ListSpec) -> None:
        """Note the rows of a page, before they are resolved one by one."""

    def resolve(self, row: Row, identifier: int, spec: ListSpec) -> ListSpec:
        """Return the list that the row belongs to, whichever list returned it."""

    def add(self, identifiers: Iterable[int], spec: ListSpec) -> None:
        """Record that rows belong to a list."""


@dataclass(frozen=True, slots=True)
class NewRows:
    """Rows that have not been emitted yet.

    Attributes:
        ids: Their ids, in order.
        rows: The rows, all typed or all plain.
        constants: Fields to add to each.
    """

    ids: Sequence[int]
    rows: Sequence[Any]
    constants: Mapping[str, Any]


class FilterWitness:
    """Checks on the rows that a filter by a field was obeyed.

    Attributes:
        disobeying: Number of rows with another value than the one that was requested.
    """

    def __init__(self, field: str, combined: int | None = None) -> None:
        """Create a witness that has seen nothing.

        Args:
            field: Field of the rows, and name of the filter.
            combined: Value of the filter that requests the rows of all values.
        """
        self.field, self._combined = field, combined
        self.disobeying = 0
        self._values: dict[int, set[int]] = {}

    def add(self, list_page: ListPage) -> None:
        """Add a page."""
        requested = list_page.spec.filters.get(self.field)
        if requested in {None, self._combined}:
            return
        found = self._values.setdefault(requested, set())
        for value in map(non_negative_int, values_of(list_page.page.items, self.field)):
            if value is not None:
                found.add(value)
                self.disobeying += value != requested

    @property
    def unreliable_filters(self) -> list[str]:
        """The filter, if rows came that were not requested, and none that were."""
        hides = any(values and value not in values for value, values in self._values.items())
        return [self.field] if hides else []

    def log(self, logger: logging.Logger, stream: str) -> None:
        """Log a warning if the filter was not obeyed."""
        if self.disobeying:
            logger.warning(
                "%s: the account ignored the filter %s (%s of another value); each was loaded "
                "once, with its own value.",
                stream,
                self.field,
                number_of(self.disobeying, "row"),
            )


class Deduplicator:
    """Passes each row once, and again only in a newer variant."""

    def __init__(
        self, policy: VariantPolicy | None = None, variant_field: str | None = None
    ) -> None:
        """Create an empty deduplicator.

        Args:
            policy: Decides where lists overlap; None takes each row as its list says.
            variant_field: Field of the rows that holds the variant. A row is taken as this field
                says, whichever list returned it; None takes it as its list says.
        """
        self._policy, self._variant_field = policy, variant_field
        self._id_scope: Hashable = None
        self._ids_by_variant: dict[Hashable, BitMap64] = {}

    def select_new_rows(self, list_page: ListPage) -> Iterator[NewRows]:
        """Select the rows of a page that are new. Rows without a usable id are dropped.

        Args:
            list_page: A page. Another `id_scope` than that of the page before starts anew.

        Yields:
            All rows at once where all are new, as nearly always; otherwise one by one.
        """
        page, spec, id_scope, _ = list_page
        if id_scope != self._id_scope:
            self._id_scope = id_scope
            self._ids_by_variant.clear()
        ids = [identifier for identifier in page.ids if identifier is not None]
        is_uniform = self._variant_field is None or all(
            own is None or own == spec.variant
            for own in map(non_negative_int, values_of(page.items, self._variant_field))
        )
        if is_uniform and len(ids) == len(page.ids) and self.add_all(ids, spec.variant):
            if self._policy is not None:
                self._policy.add(ids, spec)
            yield NewRows(ids, page.items, spec.constants)
            return
        if self._policy is not None:
            self._policy.begin_page(ids, spec)
        for identifier, row in zip(page.ids, page.items, strict=True):
            if identifier is None:
                continue
            home = spec
            if self._policy is not None:
                home = self._policy.resolve(row, identifier, spec)
                self._policy.add((identifier,), home)
            if self.add(identifier, self._variant(row, home)):
                yield NewRows((identifier,), (row,), home.constants)

    def _variant(self, row: Row, spec: ListSpec) -> Hashable:
        if self._variant_field is None:
            return spec.variant
        own = non_negative_int(row.get(self._variant_field))
        return spec.variant if own is None else own

    def add(self, identifier: int, variant: Hashable = None) -> bool:
        """Add a row, unless it is known in this variant.

        Args:
            identifier: The row's id.
            variant: As in `ListSpec`.

        Returns:
            True the first time that an id comes in this variant since it last came in another.
        """
        ids = self._ids_by_variant.setdefault(variant, BitMap64())
        if identifier in ids:
            return False
        for others in self._ids_by_variant.values():
            others.discard(identifier)
        ids.add(identifier)
        return True

    def add_all(self, identifiers: Sequence[int], variant: Hashable = None) -> bool:
        """Add a whole page at once, if none of its rows is known in any variant.

        Args:
            identifiers: The ids of the page.
            variant: As in `ListSpec`.

        Returns:
            Whether they were added; if not, nothing has changed.
        """
        # by id, because operations on two bitmaps cost as much as the longer one is long
        known = self._ids_by_variant.values()
        if len(set(identifiers)) < len(identifiers) or any(
            identifier in ids for ids in known for identifier in identifiers
        ):
            return False
        self._ids_by_variant.setdefault(variant, BitMap64()).update(identifiers)
        return True
