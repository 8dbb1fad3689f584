"""Sends each request once, within the limits; a refusal is a response too."""

from __future__ import annotations

import datetime as dt
import re
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_alfacrm.client import retry
from tap_alfacrm.client.prefetch import PrefetchClient
from tap_alfacrm.client.request import PlannedList
from tap_alfacrm.errors import AlfaCRMError, BudgetError, UnavailableError
from tap_alfacrm.records.page import Page, decode, parse_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_alfacrm.client.client import Client
    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.config import Config
    from tap_alfacrm.records.page import Row

_ESCAPED = re.compile(rb"(?<!\\)\\(?:u(?!00[01])[0-9a-fA-F]{4}|/)")
"""Escapes that JSON does not require."""


class Outcome(StrEnum):
    """What became of a request."""

    RECEIVED = "given"
    REFUSED = "refused"
    ABSENT = "absent"
    FAILED = "broken"
    NOT_SENT = "not asked"
    NO_BRANCH = "no branch"


@dataclass(frozen=True, slots=True)
class Response:
    """The response to a request, or why there is none.

    Attributes:
        outcome: Whether rows were received, or why not.
        rows: The rows.
        ids: Their ids, where they have usable ones.
        total: Number of rows on all pages, None where the API does not give it.
        status: Status of a refusal, 0 if there was none.
        total_format: Whether the total is a number, a text or missing; empty if not known.
        is_escaped: Whether the JSON has escapes that it does not need.
        is_confirmed: Whether the response before it had no rows.
    """

    outcome: Outcome
    rows: Sequence[Row] = ()
    ids: Sequence[int] = ()
    total: int | None = None
    status: int = 0
    total_format: str = ""
    is_escaped: bool = False
    is_confirmed: bool = False

    @property
    def is_received(self) -> bool:
        """Whether a list was received, maybe an empty one."""
        return self.outcome == Outcome.RECEIVED

    @property
    def is_empty(self) -> bool:
        """Whether a list was received that has no rows, by its total too where it has one."""
        return self.is_received and not self.rows and not self.total

    @property
    def is_partial(self) -> bool:
        """Whether the list has more rows than this page, or may have."""
        return self.total is None or len(self.rows) < self.total

    @property
    def length(self) -> str:
        """Length of the list as text, `50+` where the API does not give it."""
        if not self.is_received:
            return "?"
        known = self.total if self.rows else 0
        return f"{len(self.rows):,}+" if known is None else f"{known:,}"

    def has_rows_of(self, other: Response) -> bool:
        """Whether both have the same rows, in any order, of lists of the same length."""
        return (self.total, {*self.ids}) == (other.total, {*other.ids})

    def has_length_of(self, other: Response) -> bool:
        """Whether both lists have the same length, or the same rows where it is not given."""
        return self.has_rows_of(other) if self.total is None else self.total == other.total


@dataclass(frozen=True, slots=True)
class _InspectedPage(Page):
    """A page, and how it was written."""

    total_format: str = ""
    is_escaped: bool = False
    clock_offset: float | None = None


def _inspect_page(content: bytes, requested_at: str | None = None) -> Page:
    page = parse_page(content, requested_at)
    total_format = "text" if isinstance(decode(content).get("total"), str) else "number"
    offset = None
    if requested_at:
        server_clock = dt.datetime.fromisoformat(requested_at).replace(tzinfo=dt.UTC)
        offset = (server_clock - dt.datetime.now(dt.UTC)).total_seconds()
    return _InspectedPage(
        page.items,
        page.ids,
        page.total,
        total_format="missing" if page.total is None else total_format,
        is_escaped=_ESCAPED.search(content) is not None,
        clock_offset=offset,
    )


class Sender:
    """Sends requests through the client of the tap.

    Attributes:
        client: The client, which counts the requests.
        config: Settings of the tap.
        left_out: Purposes of the requests that the limits did not allow.
        clock_offset: Seconds by which the server's clock is ahead, None if unknown.
    """

    def __init__(self, client: Client, config: Config, on_response: Callable[[int], None]) -> None:
        """Create a sender; nothing is sent yet.

        Args:
            client: Sends the requests.
            config: Settings of the tap.
            on_response: Called with the number of requests sent so far.
        """
        self.client, self.config = client, config
        self.left_out: list[str] = []
        self.clock_offset: float | None = None
        self._created_at = time.monotonic()
        self._prefetch = PrefetchClient(client, config.max_in_flight)
        self._on_response = on_response
        self._responses: dict[ListRequest, Response] = {}

    @property
    def seconds(self) -> float:
        """Time since the sender was created."""
        return time.monotonic() - self._created_at

    def page_of(self, request: ListRequest, page: int = 0, size: int | None = None) -> ListRequest:
        """Return the request for one page of a list.

        Args:
            request: The list.
            page: Number of the page.
            size: Rows to request; None takes the setting, 0 sends no `pageSize`.
        """
        inspected = replace(request, parser=_inspect_page)
        if size == 0:
            return replace(inspected, body={**request.body, "page": page})
        return inspected.for_page(page, size or self.config.page_size)

    def send(self, request: ListRequest, purpose: str, client: Client | None = None) -> Response:
        """Send a request, unless it was sent before; the response is remembered.

        Args:
            request: The request.
            purpose: What the report lists as left out if the limits do not allow the request.
            client: Client to use in place of the usual one; the request is then sent anyway.

        Returns:
            The response, or the earlier one.
        """
        if client is not None or request not in self._responses:
            self._responses[request] = self.resend(request, purpose, client)
        return self._responses[request]

    def confirm(self, request: ListRequest, purpose: str) -> Response:
        """Send a request as `send` does, and once more if the response has no rows.

        An empty response is no evidence by itself: it may be a failure that looks like one.
        """
        response = self.send(request, purpose)
        if response.is_received and not response.rows and not response.is_confirmed:
            time.sleep(retry.DEFAULT_RETRY_POLICY.empty_wait)
            again = self.resend(request, purpose)
            response = replace(again if again.is_received else response, is_confirmed=True)
            self._responses[request] = response
        return response

    def resend(self, request: ListRequest, purpose: str, client: Client | None = None) -> Response:
        """Send a request anyway and do not remember the response; arguments as for `send`."""
        try:
            return self._fetch(request, purpose, client)
        finally:
            self._on_response(self.client.stats.requests)

    @contextmanager
    def prefetch(self, requests: Iterable[ListRequest]) -> Iterator[None]:
        """Let requests that will be sent in this order overlap, if responses are slow.

        Where a response takes less time than the pace leaves between two requests, overlapping
        gains nothing, and a server that stalls would receive several requests at once.

        Args:
            requests: What will be sent.
        """
        pace = 1 / self.config.requests_per_second
        if statistics.median(self.client.stats.response_seconds) < pace:
            yield
            return
        missing = [request for request in requests if request not in self._responses]
        self._prefetch.plan(
            PlannedList(replace(request, is_single=True), self.config.page_size)
            for request in missing
        )
        yield
        self._prefetch.plan(())

    def _fetch(self, request: ListRequest, purpose: str, client: Client | None) -> Response:
        try:
            if client is not None:
                page = client.fetch(request)
            else:
                single = replace(request, is_single=True)
                with self._prefetch.open_list(single, self.config.page_size) as fetch_page:
                    page = fetch_page(0)
        except BudgetError:
            self.left_out.append(purpose)
            return Response(Outcome.NOT_SENT)
        except UnavailableError as error:
            refused = error.status in {HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED}
            return Response(Outcome.REFUSED if refused else Outcome.ABSENT, status=error.status)
        except AlfaCRMError:
            return Response(Outcome.FAILED)
        ids = [identifier for identifier in page.ids if identifier is not None]
        response = Response(Outcome.RECEIVED, page.items, ids, page.total)
        if not isinstance(page, _InspectedPage):
            return response
        if self.clock_offset is None:
            self.clock_offset = page.clock_offset
        return replace(response, total_format=page.total_format, is_escaped=page.is_escaped)
