"""All sections, one after the other, and what they come to."""

from __future__ import annotations

import datetime as dt
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from tap_alfacrm.doctor import (
    duplicates,
    filters,
    paging,
    recent,
    rights,
    trials,
    values,
    way_in,
    where,
)
from tap_alfacrm.doctor.findings import Effect, Finding, Level
from tap_alfacrm.doctor.report.model import VERSION, Report, Section

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_alfacrm.doctor.examination import Examination

COMPLETE, INCOMPLETE, UNKNOWN = 0, 1, 2


def examine(exam: Examination, begin: Callable[[str], None]) -> Report:
    """Ask everything, and write the report.

    Args:
        exam: The examination, nothing asked yet.
        begin: Is told of each section.

    Returns:
        The report.
    """
    started = time.monotonic()
    sections = _sections(exam, begin, started)
    return _report(exam, sections, time.monotonic() - started)


def _sections(exam: Examination, begin: Callable[[str], None], started: float) -> list[Section]:
    begin("Way in")
    closed = way_in.enter(exam)
    if closed is not None:
        return [Section("Way in", [closed])]
    tokens = [*way_in.try_tokens(exam), *way_in.try_app_key(exam)]
    begin("Rights")
    rights.gather(exam)
    if not exam.all_cards.is_given:
        told = way_in.told(exam, time.monotonic() - started)
        return [
            Section("Way in", [*told, *tokens]),
            Section("Rights", rights.findings(exam), rights.HEAD),
        ]
    begin("What is where")
    where.gather(exam)
    begin("Paging")
    pages = paging.look(exam)
    begin("Values")
    held = values.look(exam)
    begin("Filters")
    tried = [*filters.look(exam), *recent.look(exam)]
    begin("Duplicates")
    twice = duplicates.look(exam)
    begin("Branches")
    rights.try_without_branch(exam)
    told = way_in.told(exam, time.monotonic() - started)
    return [
        Section("Way in", [*told, *tokens]),
        Section("Rights", rights.findings(exam), rights.HEAD),
        Section("What is where", where.findings(exam), where.HEAD),
        Section("Paging", pages),
        Section("Filters", tried, trials.HEAD),
        Section("Duplicates", twice),
        Section("Values", held),
    ]


def _report(exam: Examination, sections: list[Section], seconds: float) -> Report:
    findings = [finding for section in sections for finding in section.findings]
    traffic = exam.session.stats
    return Report(
        version=VERSION,
        tap=version("tap-alfacrm"),
        made_at=f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        requests=traffic.requests,
        budget=traffic.max_requests or traffic.requests,
        seconds=round(seconds, 1),
        sections=sections,
        left_out=exam.probe.left_out,
        fine=_advice(findings, Level.FINE),
        set=_advice(findings, Level.SET),
        ask=_advice(findings, Level.ASK),
        unknown=_advice(findings, Level.UNKNOWN),
        exit_code=_exit_code(findings),
    )


def _advice(findings: list[Finding], level: Level) -> list[str]:
    lines = (finding.advice for finding in findings if finding.level == level and finding.advice)
    return list(dict.fromkeys(lines))


def _exit_code(findings: list[Finding]) -> int:
    effects = {finding.effect for finding in findings}
    if Effect.INCOMPLETE in effects:
        return INCOMPLETE
    return UNKNOWN if Effect.UNKNOWN in effects else COMPLETE
