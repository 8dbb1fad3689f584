"""Filtered, sorted, paged rows of an account."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from simulator.filters import as_int

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.account import Account
    from simulator.entities import Body, Entity
    from simulator.quirks import Quirks
    from simulator.records import Record

_ALL_BRANCHES = 0


class Listing:
    """Answers which rows a request gets; remembers lists until a row changes."""

    def __init__(self, account: Account, quirks: Quirks) -> None:
        """Look at an account through the quirks of its paging and filters."""
        self._account = account
        self._quirks = quirks
        self._lists: dict[bytes, list[Record]] = {}
        self._version = account.version
        self._shuffles = Random(0)

    def page(
        self, entity: Entity, branch: int | None, body: Body, query: Mapping[str, str]
    ) -> tuple[list[Record], int, int]:
        """Return the rows of the page asked for, its number, and the total."""
        rows = self._matching(entity, branch, body)
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

    def _matching(self, entity: Entity, branch: int | None, body: Body) -> list[Record]:
        filters: dict[str, Any] = {
            name: value
            for name in entity.filters
            if (value := body.get(name, entity.defaults.get(name))) is not None
            or (value := entity.defaults.get(name)) is not None
        }
        if self._version != self._account.version:
            self._lists.clear()
            self._version = self._account.version
        key = msgspec.json.encode((entity.path, branch, filters), order="sorted")
        if key not in self._lists or self._quirks.unstable_ties:
            self._lists[key] = self._select(entity, branch, filters)
        return self._lists[key]

    def _select(self, entity: Entity, branch: int | None, filters: Body) -> list[Record]:
        rows = list(self._account.tables[entity.path].values())
        if branch is not None and branch != _ALL_BRANCHES:
            if entity.scope == "branch_ids":
                rows = [row for row in rows if branch in row.values["branch_ids"]]
            elif entity.scope == "branch_id":
                rows = [row for row in rows if row.values["branch_id"] == branch]
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
