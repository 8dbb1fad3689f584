"""The verdict on the evidence, and its line in the log."""

from __future__ import annotations

import logging

import pytest

from tap_alfacrm.extract.completeness import Evidence, log_verdict


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (Evidence(missing=1_204, total=2_000), "1,204 rows counted by the API were never returned"),
        (Evidence(rows_without_id=2), "2 rows without a usable id could not be loaded"),
        (Evidence(unstable=True), "rows moved during every pass"),
    ],
)
def test_a_shortfall_is_a_warning(
    evidence: Evidence, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    log_verdict(logging.getLogger("tap"), "pays", evidence)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("pays: INCOMPLETE")
    assert words in record.getMessage()
