"""Filtered, sorted and paginated rows of an account."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from simulator.filters import as_int
from simulator.misbehaviours.base import ALL_BRANCHES, Page, Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from simulator.account import Account
    from simulator.entities.entity import Body, Entity
    from simulator.misbehaviours.base import Call
    from simulator.quirks import Quirks
    from simulator.records import Record, Table


class Listing:
    """Selects the rows of a response; caches lists until a row changes."""

    def __init__(self, account: Account, quirks: Quirks) -> None:
        """Create a view of an account with its quirks of pagination and filters."""
        self._account = account
        self._quirks = quirks
        self._lists: dict[bytes, list[Record]] = {}
        self._orders: dict[tuple[str, str], list[Record]] = {}
        self._indexes: dict[tuple[str, ...], dict[tuple[str, ...], list[Record]]] = {}
        self._version = account.version
        self._shuffles = Random(0)

    def prepare(self, entities: Iterable[Entity]) -> None:
        """Generate and sort the rows of entities now, so that no response waits for them."""
        for entity in entities:
            for value in entity.orders if not entity.single else ():
                self._ordered(entity, self._account.tables, {entity.sorted_by: value})

    def page(self, entity: Entity, call: Call) -> tuple[list[Record], int, int]:
        """Return the rows of the requested page, its number, and the total."""
        query = self._query(entity, call)
        call.ask(query)
        rows = call.select(query, self._matching(query))
        if self._quirks.past_the_end == "repeat_last":
            query.page = min(query.page, max(len(rows) - 1, 0) // query.size)
        page = Page(rows[query.start : query.start + query.size], query.page, len(rows))
        call.cut(query, page)
        return page.rows, page.number, page.total

    def _query(self, entity: Entity, call: Call) -> Query:
        request = call.request
        filters: dict[str, Any] = {}
        for name in entity.filters:
            value = None if self._is_ignored(entity, name) else request.body.get(name)
            if value is None:
                value = entity.defaults.get(name)
            if value is not None:
                filters[name] = value
        query = request.query
        return Query(
            entity=entity,
            branch=request.branch,
            filters=filters,
            params={name: query[name] for name in entity.url_params if name in query},
            page=max(request.page, 0),
            size=self._page_size(request.body, query),
            tables=call.tables,
        )

    def _page_size(self, body: Body, query: Mapping[str, str]) -> int:
        if self._quirks.page_size_honoured:
            for wish in (body.get("pageSize"), query.get("per-page")):
                asked = as_int(wish)
                if asked is not None and asked > 0:
                    return min(asked, self._quirks.max_page_size)
        return self._quirks.default_page_size

    def _matching(self, query: Query) -> list[Record]:
        if query.tables is not self._account.tables:
            return self._select(query)
        if self._version != self._account.version:
            self._lists.clear()
            self._orders.clear()
            self._indexes.clear()
            self._version = self._account.version
        key = msgspec.json.encode(
            (query.entity.path, query.branch, query.filters, query.params), order="sorted"
        )
        if key not in self._lists or self._quirks.unstable_ties:
            self._lists[key] = self._select(query)
        return self._lists[key]

    def _is_ignored(self, entity: Entity, name: str) -> bool:
        quirks = self._quirks
        return (
            name in quirks.ignored_filters
            or f"{entity.path}.{name}" in quirks.ignored_filters
            or (name.startswith("updated_at") and entity.path in quirks.no_updated_at)
        )

    def _select(self, query: Query) -> list[Record]:
        entity, branch = query.entity, query.branch
        rows = self._ordered(entity, query.tables, query.filters)
        if query.params:
            rows = self._with_params(query, rows)
        if entity.hides_finished:
            rows = [row for row in rows if not row.archived]
        if entity.scope is not None and branch is not None and branch != ALL_BRANCHES:
            rows = [row for row in rows if entity.scope(row, branch, query.tables)]
        for name, value in query.filters.items():
            keep = entity.filters[name](value, self._quirks)
            if keep is not None:
                rows = [row for row in rows if keep(row)]
        if self._quirks.unstable_ties:
            rows = list(rows)
            self._shuffles.shuffle(rows)
            entity.sort(rows, query.filters)
        return rows

    def _ordered(
        self, entity: Entity, tables: Mapping[str, Table], filters: Mapping[str, Any]
    ) -> list[Record]:
        """Return all rows of an entity in its order; those of the account are sorted once."""
        order = entity.path, repr(filters.get(entity.sorted_by))
        is_own = tables is self._account.tables
        if is_own and order in self._orders:
            return self._orders[order]
        rows = list(tables[entity.table or entity.path].values())
        if not self._quirks.unstable_ties:
            rows.sort(key=lambda row: row.values["id"])
            entity.sort(rows, filters)
        if is_own:
            self._orders[order] = rows
        return rows

    def _with_params(self, query: Query, rows: list[Record]) -> list[Record]:
        params = query.params
        if query.tables is not self._account.tables:
            return [
                row
                for row in rows
                if all(str(row.values[name]) == value for name, value in params.items())
            ]
        # Asked parent by parent: looking through the whole table each time would not do.
        names = (query.entity.path, *params)
        if names not in self._indexes:
            index = self._indexes[names] = {}
            for row in rows:
                index.setdefault(tuple(str(row.values[name]) for name in params), []).append(row)
        return self._indexes[names].get(tuple(params.values()), [])
