"""Checks run alone and in any order, and stay within the requests that they declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator import Quirks, serve
from tap_alfacrm.doctor.checks.connection import CONNECTION
from tap_alfacrm.doctor.runner import CHECKS
from tests.doctor.test_switches import APART, FILTERS, LOGIN, ROUTES, TOGETHER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator import Account, Server
    from tap_alfacrm.doctor.check import Check
    from tap_alfacrm.doctor.findings import Finding
    from tests.doctor.conftest import OpenProbe

QUIRKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "together": TOGETHER,
    "apart": APART,
    "filters": FILTERS,
    "routes": ROUTES,
    "login": LOGIN,
    "no total": {"total": "missing", "max_page_size": 70},
    "unstable": {"unstable_ties": True, "ignored_filters": frozenset({"is_study"})},
}


def _run(server: Server, open_probe: OpenProbe, checks: Iterable[Check]) -> dict[str, Finding]:
    probe = open_probe(server)
    probe.client.stats.max_requests = None  # another order repeats the requests for tokens
    probe.client.log_in()
    return {finding.key: finding for check in checks for finding in check.run(probe)}


@pytest.mark.parametrize("quirks", QUIRKS.values(), ids=[*QUIRKS])
def test_findings_do_not_depend_on_the_order_of_the_checks(
    school: Account, open_probe: OpenProbe, quirks: dict[str, Any]
) -> None:
    # the connection is judged by the requests that were sent, and so by the checks before it
    checks = [check for check in CHECKS if check is not CONNECTION]
    found = []
    for order in (checks, checks[::-1]):
        with serve(school, Quirks(**quirks)) as server:
            found.append(_run(server, open_probe, order))
    assert found[0] == found[1]
    assert len(found[0]) > 80


@pytest.mark.parametrize("quirks", QUIRKS.values(), ids=[*QUIRKS])
def test_checks_send_no_more_requests_than_they_declare(
    school: Account, open_probe: OpenProbe, quirks: dict[str, Any]
) -> None:
    with serve(school, Quirks(**quirks)) as server:
        probe = open_probe(server)
        probe.client.log_in()
        _ = probe.branches, probe.streams, probe.partitions, probe.max_page_size
        for check in CHECKS:
            before = len(server.log)
            assert [*check.run(probe)]
            assert len(server.log) - before <= check.requests, check
