"""Section "Paging": page size, first page, end, order and total of lists."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.doctor.access import CONDUCTED
from tap_alfacrm.doctor.check import Check
from tap_alfacrm.doctor.findings import Effect, ask, fine, note, unknown
from tap_alfacrm.doctor.probe import ALL_CUSTOMERS, OTHER_NAMES
from tap_alfacrm.streams.archived import ALL
from tap_alfacrm.streams.customers import BOTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.probe import Probe
    from tap_alfacrm.doctor.sender import Response

BEYOND_ANY_LIST = 1_000_000
"""A page that no list has."""
SMALL_PAGE = BOTH + 1, ALL
"""A partition of which a page of one row is requested."""


def check_pagination(probe: Probe) -> Iterator[Finding]:
    """Request pages of several sizes, the second page and one past the end."""
    one_row = probe.partitions[SMALL_PAGE]
    past_the_end = probe.customer_request(ALL_CUSTOMERS, page=BEYOND_ANY_LIST)
    longest = probe.request_long_page()
    last = probe.send(past_the_end, "a page past the end")
    default, second = probe.default_pages
    if not one_row.rows:
        one_row = probe.send(probe.customer_request(ALL_CUSTOMERS, size=1), "a page of one row")
    yield _check_page_size(probe, one_row, default, longest)
    yield _check_default_size(default)
    yield _check_other_names(probe.renamed_page, default)
    yield _check_first_page(probe, default, second)
    yield _check_past_the_end(last)
    yield _check_order(probe, longest)
    yield _check_total(probe)


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
        reason = "is empty" if default.is_partial else "has no cards: there are too few"
        return note(key, f"Page 1 {reason}.", "too few rows")
    if probe.first_page:
        return note(key, "Page 1 is the same as page 0: pages count from 1 here.", 1)
    if second.ids and second.ids == default.ids:
        text = "There are too few cards for a page 1; page 0 is returned instead."
        if default.is_partial:
            text = "Page 1 is the same as page 0, and so is page 2: page is ignored."
        return note(key, text, "the same")
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
    """Compare pages of different size: of lessons, and of cards, many sort alike."""
    key = "paging.order"
    lessons = probe.streams["lessons"]
    size = max(1, len(lessons.response.rows) // 2)
    request = probe.page_of(ListRequest(lessons.path, CONDUCTED), size=size)
    shorter = probe.send(request, f"{size} lessons")
    default, second = probe.default_pages
    pairs = [(lessons.response, shorter), (probe.all_customers, longest), (longest, default)]
    if len(second.ids) and not probe.first_page:
        both = replace(default, rows=[*default.rows, *second.rows], ids=[*default.ids, *second.ids])
        pairs.append((longest, both))
    if not any(one.is_received and other.is_received for one, other in pairs):
        return unknown(key, "Whether rows keep their order could not be determined.")
    lengths = [min(len(one.ids), len(other.ids)) for one, other in pairs]
    if max(lengths) <= 1:
        return note(key, "There are too few rows to see whether they keep their order.")
    if all(
        one.ids[:length] == other.ids[:length]
        for (one, other), length in zip(pairs, lengths, strict=True)
    ):
        return fine(key, "Rows keep their order, whatever the size of the page.", "stable")
    return ask(
        key,
        "Rows change places between requests: an export that reads each page once loses some. "
        "The tap reads such a list again, with another page size, until it returns no new rows.",
        "unstable",
        advice="Ask the vendor for a stable order: rows that sort alike change places, and a sync "
        "may not find them all.",
        effect=Effect.UNKNOWN,
    )


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


PAGINATION = Check("Paging", 7, check_pagination)
