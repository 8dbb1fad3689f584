"""What a misbehaviour is, and the way of a request through the active ones."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from starlette.responses import Response

    from simulator.account import Account
    from simulator.entities.entity import Entity
    from simulator.filters import Predicate
    from simulator.records import Record, Table
    from simulator.requests_log import Request

ALL_BRANCHES = 0
"""The branch in a path that stands for every branch."""


@dataclass
class Query:
    """What a request selects, with the defaults and the quirks of the account applied."""

    entity: Entity
    branch: int | None
    filters: dict[str, Any]
    params: dict[str, str]
    """Parameters of the URL that name parents."""
    page: int
    size: int
    tables: Mapping[str, Table]
    keeps: list[Predicate] = field(default_factory=list)
    """Further tests that a row has to pass."""

    @property
    def start(self) -> int:
        """Position of the first row of the page."""
        return self.page * self.size


@dataclass
class Page:
    """What a response holds, before it is written as JSON."""

    rows: list[Record]
    number: int
    total: int
    """Number of all rows."""


@dataclass(kw_only=True)
class Misbehaviour:
    """One way in which a back end goes wrong, and the requests that it affects.

    A subclass overrides the stages in which it interferes. Every stage sees one request; the
    parameters of this class choose the requests.
    """

    resource: str | None = None
    """Path of the list that is affected, such as `customer`; none: every list."""
    branch: int | Literal["any", "none"] = "any"
    """Branch in the path: a number, none, or any."""
    page: int | None = None
    """Number of the page that is affected; none: every page."""
    parents: Collection[int] = ()
    """Parents whose children are affected; empty: all."""
    after: int = 0
    """Requests of this kind that pass unaffected at first."""
    every: int = 1
    """Affects every request of this kind, every second one, and so on."""
    times: int | None = None
    """Requests that are affected at most; none: until it is switched off."""
    seconds: float | None = None
    """How long it lasts from the first affected request on; none: until it is switched off."""
    hits: int = field(default=0, init=False)
    """Requests affected so far."""
    moved: set[int] = field(default_factory=set, init=False)
    """Ids of the rows that this has changed, made or deleted in the account so far."""
    _seen: int = field(default=0, init=False, repr=False)
    _end: float = field(default=float("inf"), init=False, repr=False)

    def begin(self, account: Account) -> None:
        """Prepare; called once, when it is switched on."""

    def concerns(self, _request: Request) -> bool:
        """Tell whether the request is of a kind that this can affect."""
        return True

    def refuse(self, _call: Call) -> Response | None:
        """Respond in place of the application."""
        return None

    def tables(self, tables: Mapping[str, Table]) -> Mapping[str, Table]:
        """Return the data to respond from."""
        return tables

    def ask(self, _call: Call, _query: Query) -> None:
        """Change what is selected."""

    def select(self, _query: Query, rows: list[Record]) -> list[Record]:
        """Change the selected rows or their order, in a list of its own."""
        return rows

    def cut(self, _query: Query, _page: Page) -> None:
        """Change the page, or its total."""

    def show(self, _call: Call, _envelope: dict[str, Any]) -> None:
        """Change the response before it is written as JSON."""

    def show_object(self, _call: Call, payload: object) -> object:
        """Change what comes in place of a list."""
        return payload

    def hit(self, request: Request, entity: Entity) -> bool:
        """Tell whether this request is affected, and count it."""
        if not self._is_aimed_at(request, entity) or not self.concerns(request):
            return False
        self._seen += 1
        number = self._seen - self.after - 1
        if number < 0 or number % self.every or self.hits == self.times:
            return False
        if self.seconds is not None:
            now = time.monotonic()
            if not self.hits:
                self._end = now + self.seconds
            if now >= self._end:
                return False
        self.hits += 1
        return True

    def _is_aimed_at(self, request: Request, entity: Entity) -> bool:
        if self.resource not in {None, entity.path} or self.page not in {None, request.page}:
            return False
        if self.parents and not self._of_parents(request, entity):
            return False
        branch = None if self.branch == "none" else self.branch
        return self.branch == "any" or branch == request.branch

    def _of_parents(self, request: Request, entity: Entity) -> bool:
        wanted = {str(parent) for parent in self.parents}
        return any(request.query.get(name) in wanted for name in entity.url_params)


@dataclass
class Call:
    """One request on its way through the misbehaviours that affect it."""

    request: Request
    entity: Entity
    account: Account
    active: tuple[Misbehaviour, ...]

    def refuse(self) -> Response | None:
        """Return the response that comes in place of the application's."""
        for one in self.active:
            response = one.refuse(self)
            if response is not None:
                return response
        return None

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """The data to respond from."""
        tables: Mapping[str, Table] = self.account.tables
        for one in self.active:
            tables = one.tables(tables)
        return tables

    def ask(self, query: Query) -> None:
        """Pass on what is about to be selected."""
        for one in self.active:
            one.ask(self, query)

    def select(self, query: Query, rows: list[Record]) -> list[Record]:
        """Pass on the selected rows."""
        if query.keeps:
            rows = [row for row in rows if all(keep(row) for keep in query.keeps)]
        for one in self.active:
            rows = one.select(query, rows)
        return rows

    def cut(self, query: Query, page: Page) -> None:
        """Pass on a page."""
        for one in self.active:
            one.cut(query, page)

    def show(self, envelope: dict[str, Any]) -> None:
        """Pass on a response, and log the ids in it."""
        for one in self.active:
            one.show(self, envelope)
        if self.active:
            items = envelope["items"]
            rows = items.values() if isinstance(items, dict) else items
            self.request.ids = [row.get("id") for row in rows]

    def show_object(self, payload: object) -> object:
        """Pass on what comes in place of a list."""
        for one in self.active:
            payload = one.show_object(self, payload)
        return payload


class Active:
    """The misbehaviours of a server that are switched on."""

    def __init__(self, account: Account) -> None:
        """Start with none."""
        self._account = account
        self._active: tuple[Misbehaviour, ...] = ()

    def add(self, one: Misbehaviour) -> None:
        """Switch one on, after those that are on."""
        with self._account.lock:
            one.begin(self._account)
            self._active = (*self._active, one)

    def remove(self, wanted: Callable[[Misbehaviour], bool]) -> None:
        """Switch off the ones wanted."""
        with self._account.lock:
            self._active = tuple(one for one in self._active if not wanted(one))

    def call(self, request: Request, entity: Entity) -> Call:
        """Start a request on its way."""
        hits = tuple(one for one in self._active if one.hit(request, entity))
        return Call(request, entity, self._account, hits)


def share_of(*parts: object) -> float:
    """Return a number from 0 to 1 that is the same for the same parts, and else any."""
    digest = blake2b(repr(parts).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2**56
