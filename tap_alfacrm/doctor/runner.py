"""Runs the checks and makes the report."""

from __future__ import annotations

import datetime as dt
import logging
import signal
import time
from contextlib import contextmanager
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from tap_alfacrm.client.client import Client
from tap_alfacrm.client.stats import RequestStats
from tap_alfacrm.doctor.checks.completeness import COMPLETENESS
from tap_alfacrm.doctor.checks.connection import CONNECTION, TOKENS, log_in
from tap_alfacrm.doctor.checks.duplicates import DUPLICATES
from tap_alfacrm.doctor.checks.fields import FIELDS
from tap_alfacrm.doctor.checks.filters import FILTERS
from tap_alfacrm.doctor.checks.incremental_filters import INCREMENTAL_FILTERS
from tap_alfacrm.doctor.checks.pagination import PAGINATION
from tap_alfacrm.doctor.checks.partitions import PARTITIONS
from tap_alfacrm.doctor.checks.permissions import PERMISSIONS
from tap_alfacrm.doctor.checks.timezone import TIMEZONE
from tap_alfacrm.doctor.checks.values import VALUES
from tap_alfacrm.doctor.findings import Effect, Level
from tap_alfacrm.doctor.probe import Probe
from tap_alfacrm.doctor.report.model import VERSION, Report, Section
from tap_alfacrm.formatting import format_utc
from tap_alfacrm.tap import TapAlfaCRM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from tap_alfacrm.doctor.findings import Finding

BUDGET = 120
"""Maximum number of requests, logins and retries included."""
MINUTES = 2
"""Time after which no request is sent."""
MAX_TRIES = 3
MAX_TIMEOUT = 20.0
"""Seconds to wait for a response, unless the settings say less."""
COMPLETE, INCOMPLETE, UNKNOWN = 0, 1, 2

CHECKS = (
    *(CONNECTION, TOKENS, COMPLETENESS, PERMISSIONS, PARTITIONS, PAGINATION, FILTERS),
    *(INCREMENTAL_FILTERS, DUPLICATES, FIELDS, VALUES, TIMEZONE),
)
"""The checks in the order of the report."""
WITH_CUSTOMERS = (
    *(PAGINATION, PARTITIONS, COMPLETENESS, FIELDS, VALUES, TIMEZONE, FILTERS),
    *(INCREMENTAL_FILTERS, DUPLICATES),
)
"""The checks that need customers, in the order in which they are run."""


def create_probe(
    config: Mapping[str, Any], on_response: Callable[[int], None], *, environment: bool = False
) -> Probe:
    """Create a probe; nothing is sent yet.

    Args:
        config: Settings of the tap.
        on_response: Called with the number of requests sent so far.
        environment: Whether to read settings from the environment too.

    Returns:
        The probe.

    Raises:
        ConfigError: A setting is missing or wrong.
    """
    # with a catalog the tap sends no request
    with _keep_signal_handlers():
        tap = TapAlfaCRM(config=dict(config), catalog={"streams": []}, parse_env_config=environment)
    logger = logging.getLogger("alfacrm-doctor")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    timeout = min(tap.run.config.request_timeout_seconds, MAX_TIMEOUT)
    settings = msgspec.structs.replace(tap.run.config, request_timeout_seconds=timeout)
    stats = RequestStats(BUDGET, MAX_TRIES, time.monotonic() + 60 * MINUTES)
    return Probe(tap, Client(settings, logger, stats), settings, on_response)


@contextmanager
def _keep_signal_handlers() -> Iterator[None]:
    """Keep the tap from handling signals, for which it would write its state and end with 0."""
    handlers = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sign, handler in handlers.items():
            signal.signal(sign, handler)


def run_checks(probe: Probe, on_check: Callable[[str], None]) -> Report:
    """Run all checks.

    Args:
        probe: The account.
        on_check: Called with the name of each check that begins.

    Returns:
        The report.
    """
    on_check(CONNECTION.name)
    failure = log_in(probe)
    if failure is not None:
        return _make_report(probe, [Section(CONNECTION.name, [failure])])
    findings = {TOKENS: [*TOKENS.run(probe)]}
    on_check(PERMISSIONS.name)
    has_customers = probe.all_customers.is_received
    # the requests of the permissions' own matter least, and the connection is judged by all
    for check in (*(WITH_CUSTOMERS if has_customers else ()), PERMISSIONS, CONNECTION):
        on_check(check.name)
        findings[check] = [*check.run(probe)]
    sections = []
    for title, checks in groupby(CHECKS, key=lambda check: check.name):
        done = [check for check in checks if check in findings]
        if done:
            parts = [finding for check in done for finding in findings[check]]
            sections.append(Section(title, parts, done[0].head))
    return _make_report(probe, sections)


def _make_report(probe: Probe, sections: list[Section]) -> Report:
    findings = [finding for section in sections for finding in section.findings]
    stats = probe.client.stats
    return Report(
        version=VERSION,
        tap=version("tap-alfacrm"),
        made_at=format_utc(dt.datetime.now(dt.UTC)),
        requests=stats.requests,
        budget=BUDGET,
        seconds=round(probe.seconds, 1),
        sections=sections,
        left_out=probe.left_out,
        fine=_advice(findings, Level.FINE),
        set=_advice(findings, Level.SET),
        ask=_advice(findings, Level.ASK),
        unknown=_advice(findings, Level.UNKNOWN),
        exit_code=_exit_code(findings),
    )


def _advice(findings: Sequence[Finding], level: Level) -> list[str]:
    lines = (finding.advice for finding in findings if finding.level == level and finding.advice)
    return [*dict.fromkeys(lines)]


def _exit_code(findings: Sequence[Finding]) -> int:
    effects = {finding.effect for finding in findings}
    if Effect.INCOMPLETE in effects:
        return INCOMPLETE
    return UNKNOWN if Effect.UNKNOWN in effects else COMPLETE
