"""Failed requests are reported with their reason, and the other findings are complete."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Fault, serve

if TYPE_CHECKING:
    from simulator import Account
    from tests.doctor.conftest import Examine

FAULTS: list[tuple[Fault, str]] = [
    (Fault("status", at=20, status=500), "status 500"),
    (Fault("html", at=30, status=502), "status 502"),
    (Fault("html", at=40, status=200), "status 200, but the body is not JSON"),
    (Fault("empty", at=50, status=200), "status 200, but the body is not JSON"),
    (Fault("truncated", at=60), "status 200, but the body is not JSON"),
    (Fault("reset", at=70), "the connection failed or was interrupted"),
    (Fault("reset_in_body", at=80), "the response could not be read (ChunkedEncodingError)"),
    (Fault("redirect", at=90), "status 302"),
]


def test_each_fault_is_reported_with_its_reason(school: Account, diagnose: Examine) -> None:
    with serve(school, faults=[fault for fault, _ in FAULTS]) as server:
        report = diagnose(server)
        assert len(server.log) <= 120
    counts = Counter(reason for _, reason in FAULTS)
    assert report.findings()["way_in.troubles"].counts == dict(counts)


def test_a_server_that_stalls_is_reported(school: Account, diagnose: Examine) -> None:
    with serve(school, faults=[Fault("stall", at=30, seconds=1_200)]) as server:
        report = diagnose(server, request_timeout_seconds=2)
    assert "no response within the timeout" in report.findings()["way_in.troubles"].text


def test_a_token_that_dies_is_reported(school: Account, diagnose: Examine) -> None:
    with serve(school, faults=[Fault("expire_tokens", at=30)]) as server:
        report = diagnose(server)
    assert report.findings()["way_in.token_life"].value == "short"
    assert report.exit_code == 0


@pytest.mark.parametrize(
    ("config", "fault", "words"),
    [
        ({}, Fault("status", on="login", times=9, status=503), "status 503"),
        ({}, Fault("redirect", on="login"), "status 302"),
        ({"hostname": "http://127.0.0.1:9"}, Fault("status"), "connection failed"),
    ],
)
def test_a_failed_login_is_reported_with_its_reason(
    school: Account, diagnose: Examine, config: dict[str, Any], fault: Fault, words: str
) -> None:
    with serve(school, faults=[fault]) as server:
        report = diagnose(server, **config)
    assert words in report.findings()["way_in.host"].text
    assert report.exit_code == 2


FAILING = [
    Fault("status", at=2, times=1_000),
    Fault("html", times=1_000, status=200),
    Fault("truncated", times=1_000),
    Fault("status", times=1_000, status=418),
]


@pytest.mark.parametrize("fault", FAILING, ids=lambda fault: f"{fault.kind} {fault.status}")
def test_an_account_that_fails_all_the_time_is_not_judged(
    school: Account, diagnose: Examine, fault: Fault
) -> None:
    with serve(school, faults=[fault]) as server:
        report = diagnose(server)
        assert len(server.log) <= 120
    assert report.exit_code == 2
    assert report.unknown
    assert report.fine == ["The host answers and the login works."]


def test_what_fails_half_way_is_left_out(school: Account, diagnose: Examine) -> None:
    with serve(school, faults=[Fault("status", at=50, times=1_000)]) as server:
        report = diagnose(server)
        assert len(server.log) == 120
    assert report.exit_code == 2
    assert report.left_out


def test_a_long_retry_after_is_not_waited_for(school: Account, diagnose: Examine) -> None:
    patience = Fault("status", at=10, times=1_000, status=429, retry_after="3600")
    with serve(school, faults=[patience]) as server:
        report = diagnose(server)
    assert "Retry-After 3600" in report.findings()["way_in.troubles"].text
    assert report.left_out
    assert report.exit_code == 2
