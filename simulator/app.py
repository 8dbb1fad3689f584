"""The API as an ASGI application."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import time
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount

from simulator.access import Access
from simulator.answers import answer, error, web_page
from simulator.entities import ENTITIES
from simulator.filters import as_int
from simulator.listing import Listing
from simulator.misbehaviours.base import Active
from simulator.rendering import Renderer
from simulator.requests_log import Request

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from simulator.account import Account
    from simulator.entities.entity import Entity
    from simulator.faults import Fault, Schedule
    from simulator.misbehaviours.base import Call
    from simulator.quirks import Quirks

_PATH = re.compile(r"/v2api(?:/(?P<branch>\d+))?/(?P<entity>[a-z][a-z/-]*?)(?P<index>/index)?")
_LOGIN = "/v2api/auth/login"
_BARE = frozenset({"sms-message", "mail-message", "phone-call"})
_UNKNOWN_ROUTE = "Сторінку не знайдено."
_NOT_FOUND = "Запитане не знайдено."
# SO_LINGER with a time of 0, so that closing sends RST instead of FIN.
_RESET = struct.pack("ii", 1, 0)


class Api:
    """An ASGI application over one account."""

    def __init__(self, account: Account, quirks: Quirks, schedule: Schedule) -> None:
        """Create an application with an empty log of requests."""
        self.log: list[Request] = []
        self.errors: list[Exception] = []
        self.active = Active(account)
        self._account = account
        self._quirks = quirks
        self._schedule = schedule
        self._access = Access(quirks)
        self._listing = Listing(account, quirks)
        self._renderer = Renderer(account, quirks)
        self._counts = {True: 0, False: 0}

    def prepare(self) -> None:
        """Make the tables now, so that no response waits for them."""
        self._listing.prepare(ENTITIES.values())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = await self._register(HttpRequest(scope, receive))
        fault = self._schedule.fault_for(request)
        request.fault = fault.kind if fault else None
        if self._quirks.latency_seconds:
            await asyncio.sleep(self._quirks.latency_seconds)
        transport: asyncio.Transport = scope["state"]["transport"]
        if fault is not None and fault.kind == "stall":
            await asyncio.sleep(fault.seconds)
            while not fault.until():  # noqa: ASYNC110 - a condition of the test
                await asyncio.sleep(0.01)
        if fault is not None and fault.kind == "reset":
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _RESET
            )
            transport.abort()
            await _until_gone(receive)
            return
        if fault is not None and fault.kind == "wire":
            await _send_wire(transport, fault)
            await _until_gone(receive)
            return
        try:
            response = self._respond(request, fault)
        except Exception as problem:
            self.errors.append(problem)
            raise
        request.status = response.status_code
        request.answered = time.monotonic()
        if fault is not None and fault.kind == "reset_in_body":
            half = bytes(response.body[: len(response.body) // 2])
            await send(
                {
                    "type": "http.response.start",
                    "status": response.status_code,
                    "headers": response.raw_headers,
                }
            )
            await send({"type": "http.response.body", "body": half, "more_body": True})
            transport.close()
            await _until_gone(receive)
            return
        await response(scope, receive, send)

    async def _register(self, http: HttpRequest) -> Request:
        arrived = time.monotonic()
        path = http.url.path
        is_login = path == _LOGIN
        self._counts[is_login] += 1
        number = self._counts[is_login]
        try:
            body = msgspec.json.decode(await http.body() or b"{}")
        except msgspec.DecodeError:
            body = None
        request = Request(
            method=http.method,
            path=path,
            arrived=arrived,
            headers=dict(http.headers),
            query=dict(http.query_params),
            body=body if isinstance(body, dict) else {},
            is_login=is_login,
            n=number,
        )
        request.page = as_int(request.body.get("page")) or 0
        match = _PATH.fullmatch(path)
        if match and self._has_route(match["entity"], with_index=bool(match["index"])):
            request.entity = match["entity"]
            request.branch = as_int(match["branch"])
        self.log.append(request)
        return request

    def _has_route(self, path: str, *, with_index: bool) -> bool:
        entity = ENTITIES.get(path)
        if entity is None or not with_index:
            return entity is not None
        return entity.index and not (self._quirks.bare_messages and path in _BARE)

    def _respond(self, request: Request, fault: Fault | None) -> Response:
        for change in self._schedule.changes_before(request):
            change.do(self._account)
        if fault is not None and (response := _broken(fault)) is not None:
            return response
        if fault is not None and fault.kind == "expire_tokens":
            self._access.expire_tokens()
        response = self._answer(request)
        if fault is not None and fault.kind == "truncated":
            half = bytes(response.body[: len(response.body) // 2])
            return Response(half, response.status_code, media_type=response.media_type)
        return response

    def _answer(self, request: Request) -> Response:
        if self._access.is_too_much(request):
            return error(429, retry_after=self._quirks.retry_after)
        if request.is_login:
            return self._log_in(request)
        return self._refusal(request) or self._list(request)

    def _log_in(self, request: Request) -> Response:
        if request.method != "POST":
            return error(405)
        token = self._access.log_in(request)
        if token is None:
            return error(self._quirks.bad_login_status)
        return answer({"token": token})

    def _refusal(self, request: Request) -> Response | None:
        quirks = self._quirks
        entity = ENTITIES.get(request.entity or "")
        refusal = None
        if entity is None or entity.path in quirks.absent:
            refusal = error(404, _UNKNOWN_ROUTE)
        elif request.method != "POST":
            refusal = error(405)
        elif not self._access.lets_in(request):
            refusal = error(quirks.bad_token_status)
        elif entity.path in quirks.forbidden:
            refusal = error(403, "Access Denied")
        elif request.branch is None and (
            not entity.branchless or entity.path in quirks.needs_branch
        ):
            refusal = error(quirks.needs_branch_status)
        elif missing := _missing_params(entity, request.query):
            refusal = error(400, f"Отсутствуют обязательные параметры: {', '.join(missing)}")
        return refusal

    def _list(self, request: Request) -> Response:
        entity = ENTITIES[request.entity or ""]
        with self._account.lock:
            call = self.active.call(request, entity)
            if (refusal := call.refuse()) is not None:
                return refusal
            payload = self._object(call) if entity.single else self._rows(call)
            if payload is None:
                return error(404, _NOT_FOUND)
            return answer(payload, escaped=self._quirks.escaped_json)

    def _object(self, call: Call) -> object:
        """Return what comes in place of a list; none: there is no such thing."""
        entity, request = call.entity, call.request
        found = entity.single and entity.single(call.tables, request.query)
        if not found:
            return None
        payload, request.ids = found
        return call.show_object(self._renderer.plain(entity.path, payload))

    def _rows(self, call: Call) -> dict[str, Any]:
        path, request = call.entity.path, call.request
        records, number, total = self._listing.page(call.entity, call)
        request.ids = [record.values["id"] for record in records]
        envelope = self._envelope(total, len(records), number)
        envelope["items"] = self._renderer.rows(path, records, request.body)
        call.show(envelope)
        return envelope

    def _envelope(self, total: int, count: int, page: int) -> dict[str, Any]:
        quirks = self._quirks
        if quirks.total == "text":
            return {"total": str(total), "count": str(count), "page": str(page)}
        if quirks.total == "missing":
            return {"count": count, "page": page}
        shown = total + quirks.total_error if quirks.total == "wrong" else total
        return {"total": shown, "count": count, "page": page}


def _missing_params(entity: Entity, query: dict[str, str]) -> list[str]:
    missing = [name for name in entity.url_params if name not in query]
    if entity.any_param:
        return missing[:1] if len(missing) == len(entity.url_params) else []
    return missing


def _broken(fault: Fault) -> Response | None:
    """Respond in place of the API, for faults that replace its response."""
    if fault.kind == "status":
        return error(fault.status, retry_after=fault.retry_after)
    if fault.kind == "html":
        return web_page(fault.status)
    if fault.kind == "empty":
        return Response(status_code=fault.status)
    if fault.kind == "redirect":
        return RedirectResponse(fault.location, 302)
    return None


async def _send_wire(transport: asyncio.Transport, fault: Fault) -> None:
    for piece in fault.wire():
        while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110 - the transport has no event for it
            await asyncio.sleep(0.001)  # a transport tells nobody but its protocol
        if transport.is_closing():
            break
        transport.write(piece)
        await asyncio.sleep(fault.seconds)
    transport.close()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def build_app(api: Api) -> Starlette:
    """Wrap the API in a web application."""
    return Starlette(routes=[Mount("/", app=api)])
