"""Section "Duplicates": customers that are in several partitions or branches."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tap_alfacrm.doctor.check import Check
from tap_alfacrm.doctor.findings import ask, fine, note, unknown
from tap_alfacrm.doctor.probe import MAX_BRANCHES
from tap_alfacrm.formatting import number_of
from tap_alfacrm.streams.archived import ACTIVE, ARCHIVED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.probe import Probe
    from tap_alfacrm.doctor.sender import Response


def check_duplicates(probe: Probe) -> Iterator[Finding]:
    """Compare the first pages of several lists."""
    yield _check_pages(probe)
    parts = [probe.partitions[kind, state] for kind in (0, 1) for state in (ACTIVE, ARCHIVED)]
    text, counts = _compare(parts, "leads and clients, active and archived")
    several = counts["several"]
    finding = note if several else fine
    yield finding("duplicates.partitions", text, bool(several), counts=counts)
    yield _check_branches(probe)


def _check_pages(probe: Probe) -> Finding:
    responses = [probe.all_customers, *probe.partitions.values()]
    doubled = sum(len(response.ids) - len({*response.ids}) for response in responses)
    key, text, counts = (
        "duplicates.page",
        f"Cards twice on one page: {doubled:,}.",
        {"doubled": doubled},
    )
    if not doubled:
        return fine(key, text, value=False, counts=counts)
    advice = "Ask the vendor why cards are returned twice on one page."
    return ask(key, text, value=True, counts=counts, advice=advice)


def _compare(responses: Sequence[Response], lists: str) -> tuple[str, dict[str, int | None]]:
    """Count the customers that are in more than one of several lists."""
    found = Counter(identifier for response in responses for identifier in {*response.ids})
    several = sum(count > 1 for count in found.values())
    text = (
        f"Of {number_of(len(found), 'card')} on the first pages of {lists}, {several:,} are in "
        "more than one."
    )
    return text, {"sampled": len(found), "several": several}


def _check_branches(probe: Probe) -> Finding:
    key = "duplicates.branches"
    responses = [*probe.branch_customers.values()]
    if not responses:
        return unknown(key, "Cards were not read by branch.")
    text, counts = _compare(responses, number_of(len(responses), "branch"))
    is_duplicated = bool(counts["several"])
    totals = [response.total for response in responses]
    if None not in totals and len(responses) == len(probe.branch_ids):
        counts["by branch"] = total = sum(filter(None, totals))
        text += f" Added up, the branches have {number_of(total, 'card')}"
        whole = probe.all_customers.total
        if whole is not None and probe.streams["customers"].branch is None:
            counts["account"] = whole
            text += f", the account {whole:,}"
        text += "."
    advice = "Each card is loaded once, whatever its branches."
    return fine(key, text, is_duplicated, counts=counts, advice=advice)


DUPLICATES = Check("Duplicates", MAX_BRANCHES, check_duplicates)
