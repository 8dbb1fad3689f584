"""Limits on what one response may take: time, headers included, and bytes.

The limits are checked where bytes arrive from the socket, which costs one comparison per buffer and
also covers what `http.client` reads by itself: headers, interim responses and chunk sizes.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from functools import partial
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from typing_extensions import Buffer, override

from tap_alfacrm.client.retry import RetryableError

if TYPE_CHECKING:
    import socket

    from requests import Response
    from urllib3 import HTTPConnectionPool, PoolManager, ProxyManager
    from urllib3.connectionpool import ConnectionPool

BUFFER_BYTES = 2**16
"""Bytes to read from the socket at once."""
CHUNK_BYTES = 2**24
"""Bytes of a body to read at once; threads wait for one another at each chunk."""
FRAMING_BYTES = 2**20
"""Bytes that headers and chunk sizes may add to a body."""
MEGABYTE = 10**6


class ResponseTooLargeError(Exception):
    """A response has more bytes than the limit allows, or would be unpacked more than once."""


@dataclass(frozen=True, slots=True)
class ResponseLimits:
    """What one response may take.

    Attributes:
        seconds: From the end of the request to the end of the body.
        max_bytes: Bytes of the body, after decompression.
    """

    seconds: float
    max_bytes: int


class LimitedAdapter(HTTPAdapter):
    """Sends requests whose responses are limited, through a proxy or not."""

    def __init__(self, limits: ResponseLimits, pool_maxsize: int) -> None:
        """Create an adapter.

        Args:
            limits: What one response may take.
            pool_maxsize: Connections to keep open.
        """
        self._limits = limits
        self._pool: ConnectionPool | None = None
        super().__init__(pool_maxsize=pool_maxsize)

    @override
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        # there is one host, and one way to it: working that out takes 50 us, for each page
        if self._pool is None:
            self._pool = super().get_connection_with_tls_context(*args, **kwargs)
        return self._pool

    @override
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._limit(self.poolmanager)

    @override
    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> ProxyManager:
        is_new = proxy not in self.proxy_manager
        manager: ProxyManager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if is_new:
            self._limit(manager)
        return manager

    def _limit(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = {
            scheme: self._limited(pool) for scheme, pool in manager.pool_classes_by_scheme.items()
        }

    def _limited(self, pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
        response_class = staticmethod(partial(_LimitedResponse, self._limits))
        connection = type("Limited", (pool.ConnectionCls,), {"response_class": response_class})
        return type("Limited", (pool,), {"ConnectionCls": connection})


def read_body(response: Response, max_bytes: int) -> bytes:
    """Read and decompress a body.

    Args:
        response: A response of which nothing was read.
        max_bytes: Bytes of the body, after decompression.

    Raises:
        ResponseTooLargeError: There are more, or the body is compressed more than once.
    """
    if "," in response.headers.get("Content-Encoding", ""):
        msg = "the body is compressed more than once"
        raise ResponseTooLargeError(msg)
    chunks, size = [], 0
    for chunk in response.iter_content(min(CHUNK_BYTES, max_bytes + 1)):
        chunks.append(chunk)
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
    return b"".join(chunks)


class _LimitedResponse(HTTPResponse):
    """A response that is read through the limits."""

    def __init__(
        self, limits: ResponseLimits, sock: socket.socket, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(sock, *args, **kwargs)
        source = _LimitedSource(self.fp.detach(), sock, limits)
        self.fp = io.BufferedReader(source, BUFFER_BYTES)


class _LimitedSource(io.RawIOBase):
    """The bytes of one response as they arrive."""

    def __init__(self, source: io.RawIOBase, sock: socket.socket, limits: ResponseLimits) -> None:
        self._source, self._sock, self._limits = source, sock, limits
        self._deadline = time.monotonic() + limits.seconds
        self._bytes_left = limits.max_bytes + FRAMING_BYTES

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int | None:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise self._too_slow()
        timeout = self._sock.gettimeout()
        if timeout is None or remaining < timeout:
            self._sock.settimeout(remaining)
        try:
            received: int | None = self._source.readinto(buffer)
        except TimeoutError:
            if time.monotonic() >= self._deadline:
                raise self._too_slow() from None
            raise
        self._bytes_left -= received or 0
        if self._bytes_left < 0:
            raise _too_large(self._limits.max_bytes)
        return received

    @override
    def close(self) -> None:
        self._source.close()
        super().close()

    def _too_slow(self) -> RetryableError:
        return RetryableError(f"the response was not complete after {self._limits.seconds:g} s")


def _too_large(max_bytes: int) -> ResponseTooLargeError:
    return ResponseTooLargeError(f"the body is larger than {max_bytes / MEGABYTE:g} MB")
