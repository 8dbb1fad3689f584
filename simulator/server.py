"""The simulator as a server on a loopback port."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulator.access import API_KEY, EMAIL
from simulator.app import Api, build_app
from simulator.faults import Change, Fault, Schedule
from simulator.misbehaviours import MISBEHAVIOURS
from simulator.quirks import Quirks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from simulator.account import Account
    from simulator.misbehaviours.base import Misbehaviour
    from simulator.requests_log import Request

_DEFAULT_QUIRKS = Quirks()


class _Protocol(H11Protocol):
    """HTTP protocol that gives the application access to its connection, to reset it."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio names the base class
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Uvicorn(uvicorn.Server):
    """A server that stops immediately, even with open connections."""

    @override
    async def main_loop(self) -> None:
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._stop.wait()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        tasks = set(self.server_state.tasks)
        # accepted sockets become connections first, which can then be closed
        await _end_of(asyncio.all_tasks() - tasks - {asyncio.current_task()})
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks |= self.server_state.tasks
        for task in tasks:
            task.cancel()
        await _end_of(tasks)
        await asyncio.sleep(0)  # aborted connections are closed
        for server in self.servers:
            await server.wait_closed()

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    def stop(self) -> None:
        """Stop the server, from any thread."""
        self._loop.call_soon_threadsafe(self._stop.set)


async def _end_of(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    await asyncio.gather(*(task for task in tasks if task), return_exceptions=True)


class Server:
    """A running simulator."""

    def __init__(self, url: str, account: Account, api: Api, quirks: Quirks) -> None:
        """Describe the server at `url`."""
        self.url = url
        self.account = account
        self.email = EMAIL
        self.api_key = API_KEY
        self.app_key = quirks.requires_app_key
        self._api = api

    @property
    def log(self) -> list[Request]:
        """Every request so far, in order of arrival."""
        return list(self._api.log)

    @property
    def data_requests(self) -> list[Request]:
        """Every request so far that was not a login."""
        return [request for request in self._api.log if not request.is_login]

    @property
    def logins(self) -> list[Request]:
        """Every login so far."""
        return [request for request in self._api.log if request.is_login]

    def misbehave(self, name: str, **parameters: Any) -> Misbehaviour:
        """Switch a misbehaviour on, in addition to those that are on.

        Args:
            name: One of `MISBEHAVIOURS`.
            parameters: The requests that it affects, and its own parameters.

        Returns:
            The misbehaviour, whose `hits` counts the requests affected.
        """
        one = MISBEHAVIOURS[name](**parameters)
        self._api.active.add(one)
        return one

    def behave(self, name: str | None = None) -> None:
        """Switch off every misbehaviour, or those of a name."""
        kind = MISBEHAVIOURS[name] if name else object
        self._api.active.remove(lambda one: isinstance(one, kind))


@contextmanager
def serve(  # noqa: PLR0913 - a keyword for each thing that a test varies
    account: Account,
    quirks: Quirks = _DEFAULT_QUIRKS,
    faults: Iterable[Fault] = (),
    changes: Iterable[Change] = (),
    *,
    port: int = 0,
    certificate: Path | None = None,
    is_prepared: bool = False,
) -> Iterator[Server]:
    """Serve an account on a loopback port until the block ends.

    An exception raised while serving is raised again at the end.

    Args:
        account: The account to serve.
        quirks: Its behaviour.
        faults: Faults to inject.
        changes: Changes to apply while serving.
        port: The port; 0 selects a free one.
        certificate: PEM file with key and certificate of `localhost`, for TLS.
        is_prepared: Whether all tables are made before the first request, not when they are needed.
    """
    api = Api(account, quirks, Schedule(faults, changes))
    if is_prepared:
        api.prepare()
    listener = socket.create_server(("127.0.0.1", port))
    # asyncio sets it only on sockets made with a protocol number; without it each answer
    # waits 40 ms for the client's acknowledgement
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        build_app(api),
        http=_Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_keep_alive=120,
        server_header=False,
        date_header=False,
        ssl_certfile=certificate,
    )
    uvicorn_server = _Uvicorn(config)
    thread = threading.Thread(target=uvicorn_server.run, args=([listener],), daemon=True)
    thread.start()
    uvicorn_server.ready.wait()
    try:
        host = "https://localhost" if certificate else "http://127.0.0.1"
        url = f"{host}:{listener.getsockname()[1]}"
        yield Server(url, account, api, quirks)
    finally:
        uvicorn_server.stop()
        thread.join()
        listener.close()
    for problem in api.errors:
        raise problem
