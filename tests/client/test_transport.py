"""A response has an end: in bytes, in time and in layers of compression."""

from __future__ import annotations

import contextlib
import gzip
import json
import socketserver
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from simulator import Account, Fault, serve
from tap_alfacrm.errors import RequestError
from tests.conftest import config_for, set_retry_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from simulator import Request, Server
    from tests.conftest import Output

    Sync = Callable[..., Output]

MB = 10**6
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PAGE = b'{"total": 0, "items": []}'


def bomb(megabytes: int) -> bytes:
    """So many megabytes of blanks, compressed."""
    packer = zlib.compressobj(1, wbits=31)
    blank = b" " * MB
    return b"".join([*(packer.compress(blank) for _ in range(megabytes)), packer.flush()])


def whole(body: bytes, encoding: str) -> list[bytes]:
    head = f"Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return [OK + head.encode() + body]


def chunk(body: bytes) -> bytes:
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"


ENDLESS: dict[str, Callable[[], Iterable[bytes]]] = {
    "gzip": lambda: whole(bomb(60), "gzip"),
    "deflate": lambda: whole(zlib.compress(b" " * 60 * MB), "deflate"),
    "gzip in chunks": lambda: chain([OK + b"Content-Encoding: gzip\r\n" + CHUNKED[len(OK) :]],
                                    [chunk(bomb(60))], repeat(chunk(b" " * MB), 60)),
    "chunks": lambda: chain([CHUNKED], repeat(chunk(b" " * MB), 60)),
    "small chunks": lambda: chain([CHUNKED], repeat(chunk(b" ") * 2**17, 60)),
    "one chunk": lambda: chain([CHUNKED + b"ffffffffff\r\n"], repeat(b" " * MB, 60)),
    "a trailer": lambda: chain([CHUNKED + b"0\r\n"], repeat(b"a: b\r\n" * 2**17, 60)),
    "until it closes": lambda: chain([OK + b"\r\n"], repeat(b" " * MB, 60)),
    "a length": lambda: chain([OK + b"Content-Length: 999999999999\r\n\r\n"],
                              repeat(b" " * MB, 60)),
    "interim responses": lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 2**16, 60),
}  # fmt: skip


@pytest.mark.parametrize("wire", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("on", ["data", "login"])
def test_a_body_without_end_ends_the_run_in_one_line(
    sync: Sync, account: Account, wire: Callable[[], Iterable[bytes]], on: Any
) -> None:
    pieces = list(wire())
    with serve(account, faults=[Fault("wire", wire=lambda: pieces, seconds=0, on=on)]) as server:
        tracemalloc.start()
        try:
            output = sync(server, max_response_mb=4, fails=RequestError)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(server.log) == (1 if on == "login" else 2)
    assert peak < 30 * MB
    assert "\n" not in str(output.error)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,deflate", "identity, gzip"])
def test_a_body_is_unpacked_once_at_most(sync: Sync, account: Account, encoding: str) -> None:
    body = gzip.compress(gzip.compress(PAGE))
    fault = Fault("wire", wire=lambda: whole(body, encoding), seconds=0)
    with serve(account, faults=[fault]) as server:
        output = sync(server, streams=("branches",), fails=RequestError)
    assert "compressed more than once" in str(output.error)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_page_is_read(sync: Sync, account: Account, encoding: str) -> None:
    body = (gzip.compress if encoding == "gzip" else zlib.compress)(PAGE)
    fault = Fault("wire", wire=lambda: whole(body, encoding), seconds=0, times=99)
    with serve(account, faults=[fault]) as server:
        output = sync(server, streams=("branches",))
    assert output.verdict("branches").startswith("branches: COMPLETE")


def test_a_page_just_within_the_limit_is_read(sync: Sync, account: Account) -> None:
    def page(size: int) -> Callable[[], list[bytes]]:
        body = PAGE.ljust(size)
        return lambda: [OK + f"Content-Length: {size}\r\n\r\n".encode() + body]

    for size, fails in ((MB, ()), (MB + 1, RequestError)):
        fault = Fault("wire", wire=page(size), seconds=0, times=99)
        with serve(account, faults=[fault]) as server:
            output = sync(server, streams=("branches",), max_response_mb=1, fails=fails)
        assert (output.error is None) == (fails == ())


SLOW: dict[str, Callable[[], Iterable[bytes]]] = {
    "the status": lambda: (bytes([byte]) for byte in OK),
    "a header": lambda: chain([OK + b"X: "], repeat(b"a", 400)),
    "headers": lambda: chain([OK], repeat(b"X: a\r\n", 90)),
    "interim responses": lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n", 400),
    "the body": lambda: chain([OK + b"Content-Length: 999\r\n\r\n"], repeat(b" ", 400)),
    "a chunk": lambda: chain([CHUNKED + b"fff\r\n"], repeat(b" ", 400)),
    "chunks": lambda: chain([CHUNKED], repeat(b"1\r\n \r\n", 400)),
    "the size of a chunk": lambda: chain([CHUNKED], repeat(b"0", 400)),
    "the trailer": lambda: chain([CHUNKED + b"0\r\n"], repeat(b"a: b\r\n", 400)),
    "compressed nothing": lambda: chain(
        [OK + b"Content-Encoding: gzip\r\n\r\n"], repeat(gzip.compress(b""), 400)
    ),
}


@pytest.mark.parametrize("wire", SLOW.values(), ids=SLOW)
def test_a_response_that_trickles_is_given_up_and_requested_again(
    sync: Sync,
    account: Account,
    wire: Callable[[], Iterable[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_retry_policy(monkeypatch, response_timeouts=0.01)
    fault = Fault("wire", wire=wire, seconds=0.1)
    with serve(account, faults=[fault]) as server:
        output = sync(server, streams=("branches",), request_timeout_seconds=60)
    assert "the response was not complete after 0.6 s" in "".join(output.warnings())
    assert output.verdict("branches").startswith("branches: COMPLETE")


class Trickle(socketserver.StreamRequestHandler):
    """A proxy that answers whatever comes with headers without end."""

    @override
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            for piece in SLOW["headers"]():
                self.wfile.write(piece)
                time.sleep(0.1)


@pytest.mark.parametrize("host", ["http://127.0.0.2:9", "https://127.0.0.2:9"])
def test_a_proxy_is_held_to_the_same_limits(
    sync: Sync, server: Server, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    proxy = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Trickle)
    proxy.daemon_threads = True
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_address[1]}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    set_retry_policy(monkeypatch, response_timeouts=0.01)
    try:
        config = {"hostname": host, "request_timeout_seconds": 60}
        output = sync(server, streams=("branches",), fails=RequestError, **config)
    finally:
        proxy.shutdown()
        proxy.server_close()
    assert "was not complete after 0.6 s" in str(output.error)


def peak_mb(folder: Path, page: bytes) -> float:
    """Largest resident set of a run that reads one page of customers, in MB."""

    def wire() -> list[bytes]:
        return [OK + f"Content-Length: {len(page)}\r\n\r\n".encode(), page]

    def is_customers(request: Request) -> bool:
        return request.entity == "customer" and request.body.get("removed") == 0

    account = Account.build(leads=1, clients=0, archived_leads=0, archived_clients=0)
    with serve(account, faults=[Fault("wire", at=is_customers, wire=wire, seconds=0)]) as server:
        config = config_for(server, is_study=[0], max_in_flight=1)
        (folder / "config.json").write_text(json.dumps(config))
        catalog = json.loads(_tap(folder, "--discover").stdout)
        for entry in catalog["streams"]:
            selected = entry["stream"] == "customers"
            [item] = [item for item in entry["metadata"] if not item["breadcrumb"]]
            item["metadata"]["selected"] = selected
        (folder / "catalog.json").write_text(json.dumps(catalog))
        program = (  # the tap ends its process without the interpreter's shutdown
            "import os, re, runpy, sys\n"
            "end = os._exit\n"
            "def report(code):\n"
            "    peak = re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]\n"
            "    print(peak, file=sys.stderr, flush=True)\n"
            "    end(code)\n"
            "os._exit = report\n"
            "runpy.run_module('tap_alfacrm', run_name='__main__')"
        )
        command = [sys.executable, "-c", program, *_arguments(folder), "--catalog",
                   str(folder / "catalog.json")]  # fmt: skip
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True
        )
    return int(done.stderr.split()[-1]) * 1024 / MB


def _arguments(folder: Path) -> list[str]:
    return ["--config", str(folder / "config.json")]


def _tap(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "tap_alfacrm", *_arguments(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True)


def page_of(megabytes: int, row: dict[str, Any]) -> bytes:
    """A page of so many megabytes of one row."""
    text = json.dumps(row, ensure_ascii=False)
    rows = [text.replace("-1", str(n), 1) for n in range(megabytes * MB // len(text.encode()))]
    return f'{{"total": {len(rows)}, "items": [{",".join(rows)}]}}'.encode()


CARD = {
    name: value
    for name, value in Account.build(leads=9).rows("customer")[5].items()
    if not name.startswith("custom_")
}
ROWS: dict[str, dict[str, Any]] = {
    "many rows": CARD,
    "many rows with a field that no schema has": {**CARD, "newer": {"a": [1]}},
    "long texts": {"note": "нотатка, " * 10_000},
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_large_page_takes_three_times_its_size_at_most(
    tmp_path: Path, row: dict[str, Any]
) -> None:
    small, large = (page_of(megabytes, {**row, "id": -1}) for megabytes in (1, 20))
    assert peak_mb(tmp_path, large) - peak_mb(tmp_path, small) < 3 * len(large) / MB
