"""Section "Filters": the filters of incremental streams, and the time zone of their days."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.doctor.access import largest_list
from tap_alfacrm.doctor.check import Check
from tap_alfacrm.doctor.filter_result import HEAD, FilterResult, format_row, judge_filter
from tap_alfacrm.doctor.findings import ask, fine, note, unknown
from tap_alfacrm.doctor.probe import ALL_CUSTOMERS
from tap_alfacrm.doctor.value_formats import day_of, middle_day
from tap_alfacrm.extract.incremental import DOTTED
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.probe import Probe
    from tap_alfacrm.extract.incremental import IncrementalFilter
    from tap_alfacrm.records.page import Row

INCREMENTAL_STREAMS = {
    stream: stream.incremental_filter for stream in STREAMS if stream.incremental_filter is not None
}


def check_incremental_filters(probe: Probe) -> Iterator[Finding]:
    """Try each stream's filter with a day before which some rows lie, and after which some do."""
    requests: dict[str, tuple[ListRequest, dt.date]] = {}
    for stream, filter_ in INCREMENTAL_STREAMS.items():
        day = middle_day(probe.samples.get(stream.name, ()), filter_.key)
        if day is not None:
            path = probe.streams[stream.name].path
            body = {**largest_list(stream), filter_.name: day.strftime(filter_.date_format)}
            requests[stream.name] = probe.page_of(ListRequest(path, body)), day
    results = {}
    with probe.prefetch(request for request, _ in requests.values()):
        for stream, filter_ in INCREMENTAL_STREAMS.items():
            name = stream.name
            results[name], reason = (
                (_try_filter(probe, name, filter_, *requests[name]), "")
                if name in requests
                else (FilterResult.NOT_TRIED, _explain(probe, name, filter_))
            )
            yield _describe_filter(name, filter_, results[name], reason)
    yield _check_day_boundary(probe, is_obeyed=results["customers"] == FilterResult.OBEYED)


def _label(filter_: IncrementalFilter) -> str:
    return f"{filter_.name} ({'DD.MM.YYYY' if filter_.date_format == DOTTED else 'YYYY-MM-DD'})"


def _explain(probe: Probe, stream: str, filter_: IncrementalFilter) -> str:
    """Explain why there is no day to try a filter with."""
    rows = probe.samples.get(stream, ())
    if not probe.streams[stream].response.is_received:
        return "the list cannot be read"
    if not rows:
        return "the list is empty"
    if not any(row.get(filter_.key) for row in rows):
        return f"the rows have no {filter_.key}, so each run loads them all"
    return "all rows seen are of one day or two"


def _try_filter(
    probe: Probe, stream: str, filter_: IncrementalFilter, request: ListRequest, day: dt.date
) -> str:
    response = probe.send(request, f"the filter {_label(filter_)} of {stream}")
    earliest = day - dt.timedelta(days=1)  # the time zone of the day is not documented

    def matches(row: Row) -> bool:
        return (day_of(row.get(filter_.key)) or earliest) >= earliest

    return judge_filter(response, probe.streams[stream].response, probe.samples[stream], matches)


def _describe_filter(stream: str, filter_: IncrementalFilter, result: str, reason: str) -> Finding:
    label, key = _label(filter_), f"filters.{stream}.{filter_.name}"
    text = format_row(stream, label, result, reason)
    if result == FilterResult.NOT_TRIED:
        return note(key, text) if reason else unknown(key, text)
    if result == FilterResult.OBEYED:
        return fine(key, text, result)
    problem = "is ignored" if result == FilterResult.IGNORED else "returns nothing"
    advice = f"Ask the vendor why the filter {label} of {stream} {problem}: each run loads all."
    return ask(key, text, result, advice=advice)


def _check_day_boundary(probe: Probe, *, is_obeyed: bool) -> Finding:
    """Request a day on which a customer changed in local time, and not in UTC."""
    key = "filters.day_cut"
    undetermined = unknown(
        key, "Whether the days of filters are in UTC or in local time could not be determined."
    )
    zone = probe.config.zone
    if probe.timezones and probe.config.timezone not in probe.timezones:
        zone = ZoneInfo(probe.timezones[0])
    days = (
        (identifier, day)
        for identifier, row in probe.customers_by_id.items()
        if (day := _later_local_day(row.get("updated_at"), zone))
    )
    identifier, day = next(days, (0, None))
    if not is_obeyed or day is None:
        return undetermined
    written = day.strftime(DOTTED)
    filters = {**ALL_CUSTOMERS, "updated_at_from": written, "updated_at_to": written}
    response = probe.send(probe.customer_request(filters), "the time zone of the days of filters")
    if not response.is_received or len(response.rows) != (response.total or len(response.rows)):
        return undetermined
    result = "wall clock" if identifier in response.ids else "UTC"
    shown = "local time" if identifier in response.ids else "UTC"
    return fine(key, f"The days of updated_at_from are in {shown}.", result)


def _later_local_day(value: object, zone: dt.tzinfo) -> dt.date | None:
    """The local day of a moment, if it is later than the day in UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = dt.datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=dt.UTC)
        local_day = moment.astimezone(zone).date()
    except (ValueError, OverflowError):
        return None
    return local_day if local_day > moment.date() else None


INCREMENTAL_FILTERS = Check(
    "Filters", len(INCREMENTAL_STREAMS) + 1, check_incremental_filters, HEAD
)
