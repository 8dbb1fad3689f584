"""Section "Paging": page size, first page, end, order and total of lists."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.doctor.check import Check
from tap_alfacrm.doctor.findings import Effect, ask, fine, note, unknown
from tap_alfacrm.doctor.probe import ALL_CUSTOMERS, CONDUCTED, LONG_PAGE
from tap_alfacrm.streams.archived import ALL
from tap_alfacrm.streams.customers import BOTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.probe import Probe
    from tap_alfacrm.doctor.sender import Response

BEYOND_ANY_LIST = 1_000_000
"""A page that no list has."""
OTHER_NAMES = ("page_size", "per_page", "per-page", "limit", "count")
SMALL_PAGE = BOTH + 1, ALL
"""A partition of which a page of one row is requested."""


def check_pagination(probe: Probe) -> Iterator[Finding]:
    """Request pages of several sizes, the second page and one past the end."""
    one_row = probe.partitions[SMALL_PAGE]
    other_names = {**ALL_CUSTOMERS, **dict.fromkeys(OTHER_NAMES, 1)}
    with_other_names = probe.customer_request(other_names, size=0)
    long_page = probe.customer_request(ALL_CUSTOMERS, size=LONG_PAGE)
    second_page = probe.customer_request(ALL_CUSTOMERS, page=1, size=0)
    past_the_end = probe.customer_request(ALL_CUSTOMERS, page=BEYOND_ANY_LIST)
    with probe.prefetch([with_other_names, long_page, second_page, past_the_end]):
        renamed = probe.send(with_other_names, "other names of pageSize")
        longest = probe.request_long_page()
        second = probe.send(second_page, "page 1")
        last = probe.send(past_the_end, "a page past the end")
    default = renamed
    if len(renamed.rows) <= 1:
        request = probe.customer_request(ALL_CUSTOMERS, size=0)
        default = probe.send(request, "a page without pageSize")
    if not one_row.rows:
        one_row = probe.send(probe.customer_request(ALL_CUSTOMERS, size=1), "a page of one row")
    yield _check_page_size(probe, one_row, default, longest)
    yield _check_default_size(default)
    yield _check_other_names(renamed, default)
    yield _check_first_page(probe, default, second)
    yield _check_past_the_end(last)
    yield _check_order(probe, longest)
    yield _check_total(probe)
    yield from _check_total_of_branches(probe)


def _check_page_size(probe: Probe, one: Response, default: Response, longest: Response) -> Finding:
    key, limit = "paging.page_size", probe.max_page_size
    if not (one.is_received and default.is_received and longest.is_received):
        return unknown(key, "Whether pageSize is honoured could not be determined.")
    if len(default.rows) == len(one.rows):
        if len(default.rows) <= 1:
            text = "There are too few cards to see whether pageSize is honoured."
            return note(key, text, "too few rows")
        text = f"pageSize is ignored: every page has {len(default.rows)} rows."
        advice = "Ask the vendor to honour pageSize: a sync takes many times as many requests."
        return ask(key, text, "ignored", advice=advice)
    text = (
        f"pageSize is honoured up to {limit}."
        if limit is not None
        else f"pageSize is honoured; there is no limit up to {len(longest.rows):,} rows."
    )
    return fine(key, text, limit or "no ceiling met", advice=text)


def _check_default_size(default: Response) -> Finding:
    key, length = "paging.default_size", len(default.rows)
    if length and default.is_partial:
        return note(key, f"Without pageSize a page has {length} rows.", length)
    return note(key, "There are too few cards to see how long a page is without pageSize.")


def _check_other_names(renamed: Response, default: Response) -> Finding:
    key, names = "paging.other_names", ", ".join(OTHER_NAMES)
    if len(renamed.rows) > 1:
        return note(key, f"{names}: ignored.", "ignored")
    if default.is_received and len(default.rows) <= 1:
        return note(key, f"There are too few cards to try {names}.")
    if len(default.rows) <= len(renamed.rows):
        return unknown(key, f"{names}: not determined.")
    return note(key, f"{names}: one of them is obeyed.", "one of them is obeyed")


def _check_first_page(probe: Probe, default: Response, second: Response) -> Finding:
    key = "paging.first_page"
    if not (second.is_received and default.is_received):
        return unknown(key, "Page 1 could not be read.")
    if not second.rows:
        return note(key, "There are too few cards for a page 1.", "too few rows")
    if second.ids and second.ids == default.ids:
        if default.is_partial:
            return note(key, "Page 1 is the same as page 0: pages count from 1 here.", 1)
        text = "There are too few cards for a page 1; page 0 is returned instead."
        return note(key, text, "too few rows")
    text = (
        "Pages count from 0: page 1 has other cards than page 0. A client that starts at page 1 "
        f"loses the first {len(default.rows)} rows of every list, {probe.page_size} with pageSize."
    )
    return fine(key, text, 0, advice="Pages count from 0, as the tap does.")


def _check_past_the_end(response: Response) -> Finding:
    key = "paging.past_the_end"
    if not response.is_received:
        return unknown(key, "A page past the end could not be read.")
    if response.rows:
        text = "A page past the end repeats the last one; the tap notices and stops."
        return note(key, text, "repeats")
    return fine(key, "A page past the end is empty.", "empty")


def _check_order(probe: Probe, longest: Response) -> Finding:
    """Compare two responses each: of lessons, and of cards, many sort alike."""
    key = "paging.order"
    lessons = probe.streams["lessons"]
    request = probe.page_of(ListRequest(lessons.path, CONDUCTED))
    again = probe.resend(request, "the lessons once more")
    pairs = [(lessons.response, again), (probe.all_customers, longest)]
    if not any(one.is_received and other.is_received for one, other in pairs):
        return unknown(key, "Whether rows keep their order could not be determined.")
    orders = [(_common_ids(one, other), _common_ids(other, one)) for one, other in pairs]
    if all(len(one) <= 1 for one, _ in orders):
        return note(key, "There are too few rows to see whether they keep their order.")
    if all(one == other for one, other in orders):
        return fine(key, "Rows keep their order from request to request.", "stable")
    return ask(
        key,
        "Rows change places between requests: an export that reads each page once loses some. "
        "The tap reads such a list again until it returns no new rows.",
        "unstable",
        advice="Ask the vendor for a stable order: rows that sort alike change places.",
    )


def _common_ids(one: Response, other: Response) -> list[int]:
    """Ids that are in both responses, in the order of the first."""
    both = {*other.ids}
    return [identifier for identifier in dict.fromkeys(one.ids) if identifier in both]


def _check_total(probe: Probe) -> Finding:
    key = "paging.total"
    found = Counter(r.total_format for r in probe.sample_responses if r.total_format)
    total_format = found.most_common(1)[0][0] if found else "missing"
    if total_format == "missing":
        return ask(
            key,
            "Lists do not give their number of rows: total is missing.",
            total_format,
            advice="Ask the vendor for total: without it the tap reads each list twice.",
        )
    as_text = ", as a text" if total_format == "text" else ""
    return fine(key, f"Each list gives its number of rows (total){as_text}.", total_format)


def _check_total_of_branches(probe: Probe) -> Iterator[Finding]:
    """Read the list of branches to its end, and count."""
    key, branches = "paging.total_right", probe.streams["branches"]
    first, total = branches.response, branches.response.total
    if total is None:
        return
    length = len({*first.ids})
    if length < total:
        request = probe.page_of(ListRequest(branches.path), page=1)
        rest = probe.send(request, "page 1 of branches")
        if {*rest.ids} - {*first.ids}:
            return
    if length == total:
        yield fine(key, "The total of branches is the number of branches returned.", "right")
        return
    yield ask(
        key,
        f"total is wrong: it counts {total} branches, and {length} are returned.",
        "wrong",
        advice="Ask the vendor why total is wrong: no load can be shown to be complete.",
        effect=Effect.INCOMPLETE,
    )


PAGINATION = Check("Paging", 7, check_pagination)
