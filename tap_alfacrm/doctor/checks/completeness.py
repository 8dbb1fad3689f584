"""Section "Completeness": what the evidence shows by which a sync is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.doctor.check import Check
from tap_alfacrm.doctor.evidence import MAX_REQUESTS, gather
from tap_alfacrm.doctor.findings import Effect, ask, fine, note, unknown
from tap_alfacrm.doctor.probe import MAX_BRANCHES
from tap_alfacrm.doctor.value_formats import to_ints
from tap_alfacrm.extract.completeness import RULES, Evidence, Word, judge
from tap_alfacrm.formatting import list_of, number_of
from tap_alfacrm.streams.money import CustomerTariffsStream
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_alfacrm.doctor.evidence import Findings
    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.probe import Probe
    from tap_alfacrm.doctor.sender import Response

EFFECTS = {Word.INCOMPLETE: Effect.INCOMPLETE, Word.UNPROVEN: Effect.UNKNOWN}


def check_completeness(probe: Probe) -> Iterator[Finding]:
    """Judge each stream as a sync does, and state what the doctor cannot see."""
    found = gather(probe)
    yield from _judge(found)
    yield _check_empty(probe)
    branches = number_of(found.other_branches, "list")
    yield _line(
        "refusals",
        found.with_fact("refusals"),
        "Refused in one place and not in another: {names}.",
        f"{branches} requested in a second branch answered there."
        if found.other_branches
        else "No list was requested in a second branch.",
    )
    yield _line(
        "totals",
        found.with_fact("missing", "surplus", "unconfirmed_ends"),
        "The total does not agree with the rows: {names}.",
        f"The totals of {number_of(found.compared, 'list')} agree with the first and last pages.",
    )
    yield _line(
        "movement",
        found.moved,
        "The total changed between the first and the last page: {names}.",
        "No total changed between the first and the last page.",
    )
    yield _line(
        "filters",
        found.with_fact("unreliable_filters"),
        "A filter that divides the rows has no effect: {names}.",
        "The rows obey is_study, status and removed.",
    )
    yield _check_hidden(probe)
    yield _check_children(probe)
    keys = [
        stream.name
        for stream in STREAMS
        if stream.incremental_filter is not None
        if stream.name in probe.formats
        if stream.incremental_filter.key not in probe.formats[stream.name]
    ]
    yield _line(
        "bookmarks",
        [*found.with_fact("rows_without_id"), *keys],
        "Rows lack an id or the replication key: {names}.",
        "Rows have the ids and the replication keys that bookmarks need.",
    )
    yield note(
        "complete.memory",
        "Rows that disappear are noticed by the next sync, which remembers the counts.",
    )
    yield note(
        "complete.incremental",
        "Incremental runs read groups in full and messages of the last "
        f"{number_of(probe.config.message_lookback_days, 'day')} again. A change that moves no "
        "date is loaded by a full refresh only.",
    )
    if found.not_read:
        text = f"The evidence is incomplete; no usable response: {list_of(found.not_read)}."
        yield unknown("complete.not_read", text, advice=text, effect=Effect.UNKNOWN)


def _line(point: str, names: Sequence[str], problem: str, otherwise: str) -> Finding:
    """The line of a point of which the streams in question are judged by themselves."""
    key = f"complete.{point}"
    if names:
        return note(key, problem.format(names=list_of(names)), [*names])
    return fine(key, otherwise, [])


def _judge(found: Findings) -> Iterator[Finding]:
    """Report the streams that are not proven complete, by the gravest fact."""
    remaining = set(found.evidence)
    for rule in RULES:
        names = [name for name in found.with_fact(rule.fact) if name in remaining]
        remaining -= {*names}
        if names:
            verdict = judge(Evidence.combine([found.evidence[name] for name in names]))
            text = f"{list_of(names)}: {verdict}."
            advice, effect = f"Ask the vendor about {text}", EFFECTS[verdict.word]
            yield ask(f"verdict.{rule.fact}", text, names, advice=advice, effect=effect)


def _check_empty(probe: Probe) -> Finding:
    responses = [*(access.response for access in probe.streams.values())]
    empty = [one for one in (*responses, *probe.partitions.values()) if one.is_confirmed]
    healed = sum(bool(one.rows) for one in empty)
    key = "complete.empty"
    if healed:
        text = (
            f"Of {number_of(len(empty), 'empty response')} that were requested again, {healed} had "
            "rows the second time."
        )
        advice = f"Ask the vendor why lists are empty now and then: {text[0].lower()}{text[1:]}"
        return ask(key, text, "differ", advice=advice, effect=Effect.UNKNOWN)
    if not empty:
        return fine(key, "No list is empty, those of single parents aside.", "stable")
    text = f"{number_of(len(empty), 'list')} without rows, requested twice, stayed empty."
    return fine(key, text, "stable", counts={"empty": len(empty)})


def _check_hidden(probe: Probe) -> Finding:
    """Check whether the path without a branch has the customers of each branch."""
    key, whole = "complete.branches", probe.request_long_page()
    responses = [*probe.branch_customers.values()]
    if probe.streams["customers"].branch is not None:
        return note(key, "Customers are read by branch.", "by branch")
    if not (responses and whole.is_received):
        return unknown(key, "Whether the path without a branch hides customers is not determined.")
    if not all(_includes(whole, response) for response in responses):
        text = "The path without a branch hides customers; a sync then reads branch by branch."
        return note(key, text, "hides")
    return fine(key, "The path without a branch hides no customer of the branches.", "whole")


def _includes(whole: Response, part: Response) -> bool:
    """Whether a list has the rows of another one, as far as first pages show it."""
    if whole.total is not None and (part.total or 0) > whole.total:
        return False
    return whole.is_partial or {*part.ids} <= {*whole.ids}


def _check_children(probe: Probe) -> Finding:
    """Request the subscriptions of one customer in two branches."""
    key, visible = "complete.children", {*probe.branch_ids}
    several = {
        identifier: branches
        for identifier, row in probe.customers_by_id.items()
        if len(branches := [b for b in to_ints(row.get("branch_ids")) if b in visible]) > 1
    }
    request, rows = probe.streams["customer_tariffs"].request, probe.customers_by_id
    known = request.params["customer_id"] if request is not None else None
    # who has paid most likely has subscriptions
    order = sorted(several, key=lambda one: (one != known, not rows[one].get("paid_till")))
    identifier = next(iter(order), None)
    if identifier is None or not probe.streams["customer_tariffs"].response.is_received:
        return note(key, "No customer of several branches was seen.")
    responses = []
    for branch in several[identifier][:2]:
        request = ListRequest(
            CustomerTariffsStream.path(branch), params={"customer_id": identifier}
        )
        purpose = "subscriptions of a customer of two branches"
        responses.append(probe.send(probe.page_of(request), purpose))
    if not all(response.is_received for response in responses):
        return unknown(key, "Whether subscriptions differ by branch could not be determined.")
    if not any(response.rows for response in responses):
        return note(key, "The customer of several branches that was tried has no subscriptions.")
    if responses[0].has_rows_of(responses[1]):
        return fine(key, "A customer of two branches has the same subscriptions in both.", "same")
    text = "Subscriptions differ by branch; a sync requests them in each branch of a customer."
    return note(key, text, "differ")


COMPLETENESS = Check("Completeness", MAX_REQUESTS + MAX_BRANCHES, check_completeness)
