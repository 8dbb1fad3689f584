"""What the log tells while a stream runs."""

from __future__ import annotations

import logging

import pytest

from tap_alfacrm.extract.completeness import Evidence, Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("tap_alfacrm.extract.completeness.time.monotonic", lambda: now[0])
    return now


def test_progress_is_told_at_most_every_five_seconds(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress(logging.getLogger("tap"))
    progress.begin("customers")
    for second in range(1, 21):
        clock[0] = second
        progress.page(50, 2_000)
    assert len(caplog.messages) == 4
    assert caplog.messages[0] == "customers: page 5 of 40, 250 of 2,000 rows, about 35 s left."


def test_progress_without_a_total(clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress(logging.getLogger("tap"))
    progress.begin("customers")
    clock[0] = 6.0
    progress.page(50, None)
    assert caplog.messages == ["customers: 1 pages, 50 rows so far."]


def test_progress_of_questions(clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress(logging.getLogger("tap"))
    progress.begin("customer_tariffs of customers")
    for second in range(10):
        clock[0] = second
        progress.item(1_000)
    [line] = caplog.messages
    assert line.startswith("customer_tariffs of customers: question 6 of 1,000, about")


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (Evidence(missing=1_204, total=2_000), "1,204 rows that the API counts were never given"),
        (Evidence(keyless=2), "2 rows have no usable id"),
        (Evidence(unsettled=True), "rows moved in every sweep"),
    ],
)
def test_a_shortfall_is_a_warning(
    proof: Evidence, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    proof.log(logging.getLogger("tap"), "pays")
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("pays: INCOMPLETE")
    assert words in record.getMessage()
