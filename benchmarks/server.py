"""An account that answers from prepared bytes, so that it is not what is measured."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import deque
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
from typing_extensions import override

from simulator import Account

ARCHIVED = 2
EMPTY = b'{"total":0,"count":0,"page":0,"items":[]}'
LOGIN = b'{"token":"0123456789abcdef0123456789abcdef"}'
BRANCHES = b'{"total":1,"count":1,"page":0,"items":[{"id":1,"name":"Main","is_active":1}]}'
REFUSED = b'{"name":"Too Many Requests","message":"","code":0,"status":429}'


class Pages:
    """The answers, made once."""

    def __init__(self, rows: int, page_sizes: tuple[int, ...]) -> None:
        """Make up an account of half leads, half clients."""
        account = Account.build(
            leads=rows // 2, clients=rows - rows // 2, archived_leads=0, archived_clients=0
        )
        cards = account.rows("customer")
        lists = {kind: [card for card in cards if card["is_study"] == kind] for kind in (0, 1)}
        self._pages = {
            (kind, size, page): self._page(found, size, page)
            for kind, found in lists.items()
            for size in page_sizes
            for page in range(-(-len(found) // size))
        }
        # what the tap asks of both kinds together: its fields, and their number
        for size in (1, *page_sizes):
            self._pages[2, size, 0] = self._page(cards, size, 0)

    @staticmethod
    def _page(rows: list[dict[str, object]], size: int, page: int) -> bytes:
        items = rows[page * size : (page + 1) * size]
        envelope = {"total": len(rows), "count": len(items), "page": page, "items": items}
        return msgspec.json.encode(envelope)

    def answer(self, path: str, query: dict[str, list[str]], body: dict[str, int]) -> bytes:
        """The bytes for a request."""
        if path.endswith("/auth/login"):
            return LOGIN
        if path.endswith("/branch/index"):
            return BRANCHES
        if not path.endswith("/customer/index") or body.get("removed") == ARCHIVED:
            return EMPTY
        size = body.get("pageSize") or int(query.get("per-page", ["50"])[0])
        return self._pages.get((body.get("is_study", 1), size, body.get("page", 0)), EMPTY)


class Connection(asyncio.Protocol):
    """One kept connection."""

    def __init__(
        self, pages: Pages, latency: float, limit: int, logs: tuple[deque[float], deque[float]]
    ) -> None:
        """Answer from `pages`, after `latency` seconds, at most `limit` a second (0: any)."""
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
        self._transport.write(head % (status, len(body)) + body)  # type: ignore[attr-defined]


async def serve(options: argparse.Namespace) -> None:
    """Serve until killed."""
    pages = Pages(options.rows, (50, 500))
    logs: tuple[deque[float], deque[float]] = (deque(maxlen=100_000), deque(maxlen=100_000))
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(pages, options.latency, options.limit, logs), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    options.port_file.write_text(str(port))
    await server.serve_forever()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--limit", type=int, default=0, help="requests in any sliding second")
    parser.add_argument("--port-file", type=Path, required=True)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
