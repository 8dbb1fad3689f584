"""Requests that overlap: questions are asked before their answers are wanted."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_alfacrm.envelope import Envelope
    from tap_alfacrm.session import Question, Session


@dataclass(slots=True, eq=False)
class _Expectation:
    questions: Iterator[Question]
    asked: set[Question] = field(default_factory=set)


class Ahead:
    """A session that asks up to `max_in_flight` questions at once.

    Answers are handed out in the order in which they are wanted, and errors with them, so
    that nothing but the time differs from a session that asks one by one.
    """

    def __init__(self, session: Session, max_in_flight: int) -> None:
        """Prepare; nothing is sent yet.

        Args:
            session: Whom to ask.
            max_in_flight: Questions under way; 1 asks each when its answer is wanted.
        """
        self._session = session
        self._max_in_flight = max_in_flight
        self._expected: list[_Expectation] = []
        self._pending: dict[Question, Future[Envelope]] = {}

    def ask(self, question: Question) -> Envelope:
        """Ask for one page, or hand out the answer that has come already.

        Args:
            question: The list, its filters and the page.

        Returns:
            The page.

        Raises:
            AlfaCRMError: As the session.
        """
        answer = self._pending.get(question)
        if answer is None:
            return self._session.ask(question)
        try:
            return answer.result()
        finally:
            del self._pending[question]
            for expectation in self._expected:
                expectation.asked.discard(question)
            self._fill()

    @contextmanager
    def expect(self, questions: Iterable[Question]) -> Iterator[None]:
        """Ask these questions when there is room, before those expected earlier.

        Args:
            questions: In the order in which their answers will be wanted; read when there is
                room. What is not wanted when the block ends is forgotten.
        """
        if self._max_in_flight == 1:
            yield
            return
        expectation = _Expectation(iter(questions))
        self._expected.insert(0, expectation)
        self._fill()
        try:
            yield
        finally:
            self._expected.remove(expectation)
            for question in expectation.asked:
                self._pending.pop(question).cancel()

    def _fill(self) -> None:
        room = self._max_in_flight - sum(not answer.done() for answer in self._pending.values())
        for expectation in self._expected:
            while room > 0 and len(expectation.asked) < self._max_in_flight:
                question = next(expectation.questions, None)
                if question is None:
                    break
                if question not in self._pending:
                    self._pending[question] = self._start(question)
                    expectation.asked.add(question)
                    room -= 1

    def _start(self, question: Question) -> Future[Envelope]:
        """Ask in a daemon thread, so that a signal ends the process without its answer."""
        answer: Future[Envelope] = Future()

        def work() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(self._session.ask(question))
            except BaseException as error:  # noqa: BLE001 - raised where the answer is wanted
                answer.set_exception(error)

        threading.Thread(target=work, daemon=True).start()
        return answer
