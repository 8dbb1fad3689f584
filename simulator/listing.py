"""Filtered, sorted and paginated rows of an account."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from simulator.filters import as_int

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.account import Account
    from simulator.entities.entity import Body, Entity
    from simulator.quirks import Quirks
    from simulator.records import Record

_ALL_BRANCHES = 0


class Listing:
    """Selects the rows of a response; caches lists until a row changes."""

    def __init__(self, account: Account, quirks: Quirks) -> None:
        """Create a view of an account with its quirks of pagination and filters."""
        self._account = account
        self._quirks = quirks
        self._lists: dict[bytes, list[Record]] = {}
        self._indexes: dict[tuple[str, ...], dict[tuple[str, ...], list[Record]]] = {}
        self._version = account.version
        self._shuffles = Random(0)

    def page(
        self, entity: Entity, branch: int | None, body: Body, query: Mapping[str, str]
    ) -> tuple[list[Record], int, int]:
        """Return the rows of the requested page, its number, and the total."""
        rows = self._matching(entity, branch, body, query)
        size = self._page_size(body, query)
        number = max(as_int(body.get("page")) or 0, 0)
        if self._quirks.past_the_end == "repeat_last":
            number = min(number, max(len(rows) - 1, 0) // size)
        return rows[number * size : (number + 1) * size], number, len(rows)

    def _page_size(self, body: Body, query: Mapping[str, str]) -> int:
        if self._quirks.page_size_honoured:
            for wish in (body.get("pageSize"), query.get("per-page")):
                asked = as_int(wish)
                if asked is not None and asked > 0:
                    return min(asked, self._quirks.max_page_size)
        return self._quirks.default_page_size

    def _matching(
        self, entity: Entity, branch: int | None, body: Body, query: Mapping[str, str]
    ) -> list[Record]:
        filters: dict[str, Any] = {}
        for name in entity.filters:
            value = None if self._is_ignored(entity, name) else body.get(name)
            if value is None:
                value = entity.defaults.get(name)
            if value is not None:
                filters[name] = value
        params = {name: query[name] for name in entity.url_params if name in query}
        if self._version != self._account.version:
            self._lists.clear()
            self._indexes.clear()
            self._version = self._account.version
        key = msgspec.json.encode((entity.path, branch, filters, params), order="sorted")
        if key not in self._lists or self._quirks.unstable_ties:
            self._lists[key] = self._select(entity, branch, filters, params)
        return self._lists[key]

    def _is_ignored(self, entity: Entity, name: str) -> bool:
        quirks = self._quirks
        return (
            name in quirks.ignored_filters
            or f"{entity.path}.{name}" in quirks.ignored_filters
            or (name.startswith("updated_at") and entity.path in quirks.no_updated_at)
        )

    def _select(
        self, entity: Entity, branch: int | None, filters: Body, params: Mapping[str, str]
    ) -> list[Record]:
        tables = self._account.tables
        rows = self._with_params(entity, params)
        if entity.hides_finished:
            rows = [row for row in rows if not row.archived]
        if entity.scope is not None and branch is not None and branch != _ALL_BRANCHES:
            rows = [row for row in rows if entity.scope(row, branch, tables)]
        for name, value in filters.items():
            keep = entity.filters[name](value, self._quirks)
            if keep is not None:
                rows = [row for row in rows if keep(row)]
        if self._quirks.unstable_ties:
            self._shuffles.shuffle(rows)
        else:
            rows.sort(key=lambda row: row.values["id"])
        entity.sort(rows, filters)
        return rows

    def _with_params(self, entity: Entity, params: Mapping[str, str]) -> list[Record]:
        table = entity.table or entity.path
        rows = self._account.tables[table].values()
        if not params:
            return list(rows)
        # Requested for each parent, so that scanning the whole table would be too slow.
        names = (table, *params)
        if names not in self._indexes:
            index = self._indexes[names] = {}
            for row in rows:
                index.setdefault(tuple(str(row.values[name]) for name in params), []).append(row)
        return list(self._indexes[names].get(tuple(params.values()), ()))
