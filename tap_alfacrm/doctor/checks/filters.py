"""Section "Filters": which filters of customers, lessons and subscriptions the account obeys."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_alfacrm.doctor.access import CONDUCTED
from tap_alfacrm.doctor.check import Check
from tap_alfacrm.doctor.filter_result import HEAD, FilterResult, format_row, judge_filter
from tap_alfacrm.doctor.findings import Effect, ask, fine, note, unknown
from tap_alfacrm.doctor.probe import ALL_CUSTOMERS
from tap_alfacrm.doctor.value_formats import middle_day, to_ints
from tap_alfacrm.extract.incremental import ISO
from tap_alfacrm.streams.archived import ACTIVE
from tap_alfacrm.streams.customers import BOTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.probe import Probe
    from tap_alfacrm.doctor.sender import Response
    from tap_alfacrm.records.page import Row

KNOWN = ("branch_ids", "customer_reject_id", "lead_status_id")
GUESSES: dict[str, Any] = {
    "archived": True,
    "is_archive": 1,
    "archive": 1,
    "only_archived": True,
    "status": "archived",
    "filters": {"removed": BOTH},
    "custom_guess": "-",
}
"""Filters that people try in order to get the archive, and a field that no account has."""
NO_VALUE = "no two cards differ in it"
OTHER_STATUSES = {1: "planned", 2: "cancelled"}


def check_filters(probe: Probe) -> Iterator[Finding]:
    """Try the documented filters, and those that people guess."""
    values = {name: _find_common_value(probe.customer_rows, name) for name in KNOWN}
    requests = {
        name: probe.customer_request(
            {**ALL_CUSTOMERS, name: [value] if name == "branch_ids" else value}
        )
        for name, value in values.items()
        if value is not None
    }
    with probe.prefetch(requests.values()):
        for name, value in values.items():
            if name not in requests:
                yield _describe_filter(name, FilterResult.NOT_TRIED, NO_VALUE)
                continue
            response = probe.send(requests[name], f"the filter {name}")
            matches = partial(_has_value, name, value)
            result = judge_filter(response, probe.all_customers, probe.customer_rows, matches)
            yield _describe_filter(name, result)
    yield from _try_guesses(probe)
    if probe.lessons:
        others = {name: probe.lessons[status] for status, name in OTHER_STATUSES.items()}
        yield _check_lesson_status(others, probe.lessons[CONDUCTED["status"]])
    yield from _check_dead(probe)


def _has_value(name: str, value: int | None, row: Row) -> bool:
    return value in to_ints(row.get(name))


def _find_common_value(rows: Iterable[Row], name: str) -> int | None:
    """Find the most frequent value that not all rows have."""
    rows = [*rows]
    counts = Counter(value for row in rows for value in {*to_ints(row.get(name))})
    return next((value for value, count in counts.most_common() if count < len(rows)), None)


def _try_guesses(probe: Probe) -> Iterator[Finding]:
    """Try all guesses at once, and one by one only if that makes a difference."""
    unfiltered, guesses = probe.partitions[BOTH, ACTIVE], dict(GUESSES)
    reason_id = _find_common_value(probe.customer_rows, "lead_reject_id")
    if reason_id is not None:
        guesses["lead_reject_id"] = reason_id
    day = middle_day(probe.customer_rows, "updated_at")
    if day is not None:
        guesses["updated_at_from"] = day.strftime(ISO)

    def send(filters: Mapping[str, Any], purpose: str) -> FilterResult:
        request = probe.customer_request({"is_study": BOTH, "removed": ACTIVE, **filters})
        response = probe.send(request, purpose)
        if not response.is_received:
            return FilterResult.NOT_TRIED
        is_ignored = response.has_length_of(unfiltered)
        return FilterResult.IGNORED if is_ignored else FilterResult.HAS_EFFECT

    result, reason = FilterResult.NOT_TRIED, "no card is active"
    if unfiltered.rows or not unfiltered.is_received:
        result, reason = send(guesses, "the filters that people guess"), ""
    for name, value in guesses.items():
        label = f"{name} (YYYY-MM-DD)" if name == "updated_at_from" else name
        own_result = result
        if not reason and result != FilterResult.IGNORED:
            own_result = send({name: value}, f"the filter {label}")
        yield _describe_filter(label, own_result, reason)
    if reason_id is None:
        yield _describe_filter("lead_reject_id", FilterResult.NOT_TRIED, NO_VALUE)


def _describe_filter(name: str, result: FilterResult, reason: str = "") -> Finding:
    key, text = f"filters.customers.{name}", format_row("customers", name, result, reason)
    if result == FilterResult.NOT_TRIED:
        return note(key, text) if reason else unknown(key, text)
    if name in KNOWN and result in {FilterResult.IGNORED, FilterResult.EMPTY}:
        problem = "is ignored" if result == FilterResult.IGNORED else "returns nothing"
        advice = f"Ask the vendor why the filter {name} of customers {problem}."
        return ask(key, text, result, advice=advice)
    return note(key, text, result)


def _check_lesson_status(others: Mapping[str, Response], conducted: Response) -> Finding:
    """Check whether planned and cancelled lessons can be read."""
    key, describe = "filters.lessons.status", partial(format_row, "lessons", "status")
    responses = others.values()
    if not all(response.is_received for response in responses):
        advice = "Whether planned and cancelled lessons can be read."
        return unknown(key, describe(FilterResult.NOT_TRIED), advice=advice, effect=Effect.UNKNOWN)
    if any({*response.ids} & {*conducted.ids} for response in responses):
        return ask(
            key,
            describe(FilterResult.IGNORED),
            FilterResult.IGNORED,
            advice="Ask the vendor how to read planned and cancelled lessons: status has no "
            "effect.",
            effect=Effect.INCOMPLETE,
        )
    if not any(response.rows for response in (conducted, *responses)):
        return note(key, describe(FilterResult.NOT_TRIED, "there are no lessons"))
    counts = {name: response.total for name, response in others.items()}
    return fine(key, describe(FilterResult.OBEYED), FilterResult.OBEYED, counts=counts)


def _check_dead(probe: Probe) -> Iterator[Finding]:
    """Check whether archived subscriptions can be read."""
    access = probe.streams["customer_tariffs"]
    if not access.response.rows or access.request is None:
        return
    request = replace(access.request, body={**access.request.body, "dead": True})
    response = probe.send(request, "archived subscriptions")
    key = "filters.customer_tariffs.dead"
    describe = partial(format_row, "customer_tariffs", "dead")
    if {*response.ids} & {*access.response.ids}:
        advice = "Ask the vendor how to read archived subscriptions: dead has no effect."
        yield ask(key, describe(FilterResult.IGNORED), FilterResult.IGNORED, advice=advice)
    elif response.is_received:
        yield fine(key, describe(FilterResult.OBEYED), FilterResult.OBEYED)
    else:
        yield unknown(key, describe(FilterResult.NOT_TRIED))


FILTERS = Check("Filters", 16, check_filters, HEAD)
