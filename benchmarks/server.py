"""An account with prerendered responses, so that the server costs little CPU time."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import deque
from itertools import chain, product
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
from typing_extensions import override

from benchmarks.accounts import CHANGES, LESSON_CHANGES, PLAIN
from simulator import Account

LEAD, CLIENT, BOTH = 0, 1, 2
ARCHIVED = {0: False, 1: None, 2: True}
"""Whether cards of each value of `removed` are archived."""
COUNT = 1
"""Page size of requests that need only the total."""
EMPTY = b'{"total":0,"count":0,"page":0,"items":[]}'
LOGIN = b'{"token":"0123456789abcdef0123456789abcdef"}'
BRANCHES = b'{"total":1,"count":1,"page":0,"items":[{"id":1,"name":"Main","is_active":1}]}'
REFUSED = b'{"name":"Too Many Requests","message":"","code":0,"status":429}'


class Pages:
    """Responses of an account of leads and clients, half of each archived; rendered once."""

    def __init__(self, rows: int, page_sizes: tuple[int, ...], differs_by: str = PLAIN) -> None:
        """Render the account."""
        quarter = rows // 4
        account = Account.build(
            leads=quarter,
            archived_leads=quarter,
            clients=quarter,
            archived_clients=rows - 3 * quarter,
        )
        self._pages: dict[tuple[int, int, int, int], bytes] = {}
        for kind, removed in product((LEAD, CLIENT, BOTH), ARCHIVED):
            listed = account.rows("customer", archived=ARCHIVED[removed])
            cards = [card for card in listed if kind in {BOTH, card["is_study"]}]
            for card in cards:
                card["branch_ids"] = [1]  # the only branch; rows of others would be looked for
                if differs_by in CHANGES:
                    CHANGES[differs_by](card, card["id"])
            # of both kinds together the tap asks its fields and their number
            for size in (COUNT, *page_sizes):
                alone = size == COUNT or kind == BOTH
                for page in range(1 if alone else -(-len(cards) // size)):
                    items = cards[page * size : (page + 1) * size]
                    self._pages[kind, removed, size, page] = envelope(
                        len(cards), page, msgspec.json.encode(items)
                    )

    def page(self, kind: int, removed: int, size: int, page: int) -> bytes:
        """Return the body of a page."""
        return self._pages.get((kind, removed, size, page), EMPTY)

    def answer(self, path: str, query: dict[str, list[str]], body: dict[str, int]) -> bytes:
        """Return the body of the response to a request."""
        if path.endswith("/auth/login"):
            return LOGIN
        if path.endswith("/branch/index"):
            return BRANCHES
        if not path.endswith("/customer/index"):
            return EMPTY
        size = body.get("pageSize") or int(query.get("per-page", ["50"])[0])
        return self.page(body.get("is_study", 1), body.get("removed", 0), size, body.get("page", 0))


class OtherPages(Pages):
    """Responses of an account of lessons, a third of each status, or of a timetable."""

    def __init__(self, entity: str, rows: int, sizes: tuple[int, ...], differs_by: str) -> None:
        """Render the account."""
        self._entity = entity
        account = Account.build(lessons=1_000, clients=300)
        own = account.rows(entity)
        every = [
            {**own[number % len(own)], "id": number + 1, "branch_id": 1} for number in range(rows)
        ]
        if change := LESSON_CHANGES.get(differs_by):
            for number, row in enumerate(every):
                change(row, number)
        self._bodies: dict[tuple[int, int, int], bytes] = {}
        for status in (0, 1, 2, 3):
            listed = [
                row if not status else {**row, "status": status}
                for row in every
                if not status or row["id"] % 3 + 1 == status
            ]
            for size in (COUNT, *sizes):
                for page in range(1 if size == COUNT else -(-len(listed) // size)):
                    items = msgspec.json.encode(listed[page * size : (page + 1) * size])
                    self._bodies[status, size, page] = envelope(len(listed), page, items)

    @override
    def answer(self, path: str, query: dict[str, list[str]], body: dict[str, int]) -> bytes:
        if not path.endswith(f"/{self._entity}/index"):
            return LOGIN if path.endswith("/auth/login") else EMPTY
        key = body.get("status", 0), body.get("pageSize", 50), body.get("page", 0)
        return self._bodies.get(key, EMPTY)


class OnePage(Pages):
    """Any number of active leads: one page of cards, repeated with new ids."""

    def __init__(self, rows: int, size: int, fields: int) -> None:
        """Render the page, of cards with so many custom fields."""
        super().__init__(4 * size, (size,))
        self._rows, self._size = rows, size
        account = Account.build(leads=size, archived_leads=0, clients=0, archived_clients=0)
        same = {"branch_ids": [1], **{f"custom_{number}": "0123456789" for number in range(fields)}}
        cards = msgspec.json.encode(
            [{**card, **same, "id": -1} for card in account.rows("customer")]
        )
        self._pieces = cards.split(b'"id":-1,')

    @override
    def page(self, kind: int, removed: int, size: int, page: int) -> bytes:
        if kind == CLIENT or ARCHIVED[removed] or page * size >= self._rows:
            return EMPTY
        if size == COUNT:
            return envelope(self._rows, 0, b"[]")
        ids = (b'"id":%d,' % (page * size + number) for number in range(1, size + 1))
        pairs = zip(self._pieces, (*ids, b""), strict=True)
        return envelope(self._rows, page, b"".join(chain.from_iterable(pairs)))


def envelope(total: int, page: int, items: bytes) -> bytes:
    """Render a response with its rows."""
    return b'{"total":%d,"count":%d,"page":%d,"items":%b}' % (total, 0, page, items)


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(
        self, pages: Pages, latency: float, limit: int, logs: tuple[deque[float], deque[float]]
    ) -> None:
        """Respond from `pages` after `latency` seconds, at most `limit` a second (0: any)."""
        self._pages, self._latency, self._limit = pages, latency, limit
        self._log, self._refused = logs
        self._buffer = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].decode("latin-1")
            length = 0
            for line in head.split("\r\n")[1:]:
                name, _, value = line.partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._serve(head.split(" ", 2)[1], body)

    def _serve(self, target: str, body: bytes) -> None:
        url = urlsplit(target)
        if url.path == "/count":
            count = {"arrived": list(self._log), "refused": len(self._refused)}
            self._write(b"200 OK", json.dumps(count).encode())
            return
        now = time.monotonic()
        recent = [moment for moment in list(self._log)[-self._limit :] if now - moment < 1]
        if self._limit and len(recent) >= self._limit:
            self._refused.append(now)
            self._write(b"429 Too Many Requests", REFUSED)
            return
        self._log.append(now)
        answer = self._pages.answer(url.path, parse_qs(url.query), json.loads(body or b"{}"))
        if self._latency:
            loop = asyncio.get_running_loop()
            loop.call_later(self._latency, self._write, b"200 OK", answer)
        else:
            self._write(b"200 OK", answer)

    def _write(self, status: bytes, body: bytes) -> None:
        head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % (status, len(body)) + body)  # type: ignore[attr-defined]  # asyncio types it too widely


async def serve(options: argparse.Namespace) -> None:
    """Serve until the process is terminated."""
    sizes = (50, 500)
    pages: Pages
    if options.one_page:
        pages = OnePage(options.rows, sizes[-1], options.fields)
    elif options.entity == "customer":
        pages = Pages(options.rows, sizes, options.differs_by)
    else:
        pages = OtherPages(options.entity, options.rows, sizes, options.differs_by)
    logs: tuple[deque[float], deque[float]] = (deque(maxlen=100_000), deque(maxlen=100_000))
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(pages, options.latency, options.limit, logs), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    options.port_file.write_text(str(port))
    await server.serve_forever()


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--limit", type=int, default=0, help="requests in any sliding second")
    parser.add_argument("--one-page", action="store_true", help="the same cards again and again")
    parser.add_argument("--entity", default="customer", help="what the account has")
    parser.add_argument("--differs-by", default=PLAIN, help="how its rows differ from the schemas")
    parser.add_argument("--fields", type=int, default=0, help="custom fields, with --one-page")
    parser.add_argument("--port-file", type=Path, required=True)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
