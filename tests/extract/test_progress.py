"""Progress lines in the log while a stream is read."""

from __future__ import annotations

import logging

import pytest

from tap_alfacrm.extract.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("tap_alfacrm.extract.progress.time.monotonic", lambda: now[0])
    return now


def test_progress_is_logged_at_most_every_five_seconds(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress(logging.getLogger("tap"))
    progress.begin_list("customers")
    for second in range(1, 21):
        clock[0] = second
        progress.add_page(50, 2_000)
    assert len(caplog.messages) == 4
    assert caplog.messages[0] == "customers: page 5 of 40, 250 of 2,000 rows, about 35 s left."


def test_progress_without_a_total(clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress(logging.getLogger("tap"))
    progress.begin_list("customers")
    clock[0] = 6.0
    progress.add_page(50, None)
    assert caplog.messages == ["customers: 1 page, 50 rows so far."]


def test_progress_of_requests(clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress(logging.getLogger("tap"))
    progress.begin_list("customer_tariffs of customers")
    for second in range(10):
        clock[0] = second
        progress.add_request(1_000)
    [line] = caplog.messages
    assert line.startswith("customer_tariffs of customers: request 6 of 1,000, about")
