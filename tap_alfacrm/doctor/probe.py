"""Questions to one account: none twice, no more than allowed, each refusal an answer."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_alfacrm.client.client import Client
from tap_alfacrm.client.prefetch import PlannedList
from tap_alfacrm.errors import AlfaCRMError, BudgetError, UnavailableError
from tap_alfacrm.records.page import decode, parse_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_alfacrm.client.prefetch import PrefetchClient
    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.records.page import Page, Row

_ESCAPED = re.compile(rb"(?<!\\)\\(?:u(?!00[01])[0-9a-fA-F]{4}|/)")
"""Escapes that JSON does not ask for."""


class Outcome(StrEnum):
    """What became of a question."""

    GIVEN = "given"
    REFUSED = "refused"
    ABSENT = "absent"
    BROKEN = "broken"
    UNASKED = "not asked"
    NOWHERE = "no branch"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        outcome: Whether rows came, or why not.
        items: The rows.
        ids: Their ids, where they have usable ones.
        total: Number of rows on all pages, None where the API does not say.
        status: Status of a refusal, 0 if there was none.
    """

    outcome: Outcome
    items: Sequence[Row] = ()
    ids: Sequence[int] = ()
    total: int | None = None
    status: int = 0

    @property
    def is_given(self) -> bool:
        """Whether rows came, be it none."""
        return self.outcome == Outcome.GIVEN

    @property
    def rows(self) -> int | None:
        """Rows of the list, as far as is known."""
        return self.total if self.is_given else None

    @property
    def length(self) -> str:
        """Rows of the list for a person, `50+` where nobody says how many follow."""
        if not self.is_given:
            return "?"
        known = self.rows if self.items else 0
        return f"{len(self.items):,}+" if known is None else f"{known:,}"

    def is_same_as(self, other: Reply) -> bool:
        """Whether the same rows came, in any order, of a list of the same length."""
        return (self.total, {*self.ids}) == (other.total, {*other.ids})

    def is_as_long_as(self, other: Reply) -> bool:
        """Whether both lists have as many rows, or where nobody knows, the same ones."""
        if self.total is None:
            return self.is_same_as(other)
        return self.total == other.total


@dataclass(slots=True)
class HttpClient:
    r"""What the answers look like before their rows are read.

    Attributes:
        totals: How the total of a list is written, with the number of answers.
        escaped: Answers with `\uXXXX` or `\/` in them.
        clock: Seconds that the server's clock is ahead, at the first answer that told.
    """

    totals: Counter[str] = field(default_factory=Counter)
    escaped: int = 0
    clock: float | None = None

    def read(self, content: bytes, moment: str | None = None) -> Page:
        """Read a page of a list, as the tap does, and note how it was written."""
        envelope = parse_page(content, moment)
        written = "text" if isinstance(decode(content).get("total"), str) else "number"
        self.totals["missing" if envelope.total is None else written] += 1
        self.escaped += _ESCAPED.search(content) is not None
        if moment and self.clock is None:
            told = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
            self.clock = (told - dt.datetime.now(dt.UTC)).total_seconds()
        return envelope


class Probe:
    """Asks through the tap's own session."""

    def __init__(
        self,
        session: PrefetchClient,
        page_size: int,
        asked: Callable[[], None],
        is_quick: Callable[[], bool],
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            session: Whom to ask.
            page_size: Rows to ask for where nothing else is said.
            asked: Is called for each question, to show progress.
            is_quick: Whether answers come before the next question may be sent.
        """
        self.wire = HttpClient()
        self.left_out: list[str] = []
        self._session = session
        self._page_size = page_size
        self._asked = asked
        self._is_quick = is_quick
        self._known: dict[ListRequest, Reply] = {}

    def page(self, question: ListRequest, page: int = 0, size: int | None = None) -> ListRequest:
        """A question for one page.

        Args:
            question: The list.
            page: Number of the page.
            size: Rows to ask for; 0 leaves the wish out.

        Returns:
            The question.
        """
        asked = replace(question, parser=self.wire.read)
        if size == 0:
            return replace(asked, body={**asked.body, "page": page})
        return asked.for_page(page, size or self._page_size)

    def ask(
        self, question: ListRequest, what: str, *, again: bool = False, via: Client | None = None
    ) -> Reply:
        """Ask, unless the answer is known.

        Args:
            question: The question.
            what: What it is asked for, to be told if there is no request left for it.
            again: Ask although the answer is known.
            via: Whom to ask in place of the usual session.

        Returns:
            The reply.
        """
        if again or question not in self._known:
            self._known[question] = self._ask(question, what, via or self._session)
            self._asked()
        return self._known[question]

    @contextmanager
    def ahead(self, questions: Iterable[ListRequest]) -> Iterator[None]:
        """Let questions that will be asked in this order overlap, if answers are slow.

        Where answers come quicker than the pace allows to ask, overlapping wins nothing, and a
        server that stops for a moment would meet several questions at once.

        Args:
            questions: What will be asked.
        """
        if self._is_quick():
            yield
            return
        fresh = [question for question in questions if question not in self._known]
        self._session.plan(PlannedList(_alone(question), self._page_size) for question in fresh)
        yield
        self._session.plan(())

    def _ask(self, question: ListRequest, what: str, session: PrefetchClient | Client) -> Reply:
        try:
            if isinstance(session, Client):
                envelope = session.fetch(question)
            else:
                with session.open_list(_alone(question), self._page_size) as page:
                    envelope = page(0)
        except BudgetError:
            self.left_out.append(what)
            return Reply(Outcome.UNASKED)
        except UnavailableError as error:
            refused = error.status in {HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED}
            outcome = Outcome.REFUSED if refused else Outcome.ABSENT
            return Reply(outcome, status=error.status)
        except AlfaCRMError:
            return Reply(Outcome.BROKEN)
        ids = [identifier for identifier in envelope.ids if identifier is not None]
        return Reply(Outcome.GIVEN, envelope.items, ids, envelope.total)


def _alone(question: ListRequest) -> ListRequest:
    """A question that is one page, whatever it asks for."""
    return replace(question, is_single=True)


def number(value: Any) -> int | None:  # noqa: ANN401 - JSON may be anything
    """An integer, also where it comes as text or as a flag."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
        value = int(value)
    return value if isinstance(value, int) else None
