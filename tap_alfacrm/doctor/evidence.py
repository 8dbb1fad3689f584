"""Evidence on each stream, gathered with few requests and judged as in a sync."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from tap_alfacrm.client.request import PAGE_SIZE_CAPS, ListRequest
from tap_alfacrm.doctor.access import PLAIN_STREAMS, REFUSALS
from tap_alfacrm.extract.completeness import Evidence
from tap_alfacrm.extract.plan import ListPage, ListSpec
from tap_alfacrm.records.page import Page
from tap_alfacrm.streams.archived import ACTIVE, ALL, ARCHIVED, ArchivedStream, find_archive
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from tap_alfacrm.doctor.probe import Probe
    from tap_alfacrm.doctor.sender import Response
    from tap_alfacrm.streams.base import AlfaCRMStream

MAX_LISTS = 16
"""Lists of which the last page is requested."""
MAX_OTHER_BRANCHES = 2
"""Lists that are requested in another branch than their first page."""
MAX_REQUESTS = 5 * MAX_LISTS + MAX_OTHER_BRANCHES + 4
IN_BRANCHES = sorted(
    (stream for stream in PLAIN_STREAMS if stream.needs_branch),
    key=lambda stream: (stream.name != "pays", stream.incremental_filter is None),
)
"""Streams whose paths name a branch: payments first, then incremental streams."""


@dataclass
class Findings:
    """What the requests show.

    Attributes:
        evidence: The evidence on each stream.
        compared: Number of lists whose total was compared with their rows.
        moved: Streams of which a total changed between two requests.
        not_read: Purposes of requests without a usable response.
        other_branches: Number of lists that answered in another branch.
    """

    evidence: dict[str, Evidence] = field(
        default_factory=lambda: {stream.name: Evidence() for stream in STREAMS}
    )
    compared: int = 0
    moved: list[str] = field(default_factory=list)
    not_read: list[str] = field(default_factory=list)
    other_branches: int = 0

    def with_fact(self, *facts: str) -> list[str]:
        """Streams of which the evidence contains any of these facts."""
        return [
            name
            for name, evidence in self.evidence.items()
            if any(getattr(evidence, fact) for fact in facts)
        ]


def gather(probe: Probe) -> Findings:
    """Gather the evidence that a few requests give."""
    found = Findings()
    _read_ends(probe, found)
    _read_other_branches(probe, found)
    _check_witnesses(probe, found)
    for stream in STREAMS:
        if issubclass(stream, ArchivedStream) and probe.config.include_archived:
            _check_removed(probe, stream, found.evidence[stream.name])
    return found


def _read_ends(probe: Probe, found: Findings) -> None:
    """Compare the first and the last page of each stream's list with its total."""
    ends = 0
    for name, access in probe.streams.items():
        evidence, first = found.evidence[name], access.response
        evidence.refusals += [f"branch {branch}" for branch in access.refused]
        if access.request is None or not first.is_received:
            continue
        if _add_first(evidence, first, probe.config.page_size) and not access.request.is_single:
            ends += 1
            if ends <= MAX_LISTS:
                _add_last(probe, found, name, access.request)
        found.compared += first.total is not None
    _add_second(probe, found.evidence["customers"])


def _add_first(evidence: Evidence, first: Response, page_size: int) -> bool:
    """Add the first page of a list.

    Returns:
        Whether the list has another page, or may have one although its total is reached.
    """
    length, total = len(first.rows), first.total
    evidence.rows_without_id += length - len(first.ids)
    if total is None:
        return False
    if not length:
        evidence.missing += total
        return False
    evidence.surplus += max(0, length - total)
    return length < total or (length == total and (length >= page_size or length in PAGE_SIZE_CAPS))


def _add_last(probe: Probe, found: Findings, name: str, request: ListRequest) -> None:
    """Add the last page of a list, and the first one again if rows moved in between."""
    evidence, first = found.evidence[name], probe.send(request, f"the rows of {name}")
    purpose = f"the last page of {name}"
    request_last = _last(probe, request, first)
    last = probe.confirm(request_last, purpose)
    if last.is_received and last.total != first.total:
        found.moved.append(name)
        first = probe.resend(request, f"the rows of {name}")
        last = probe.resend(_last(probe, request, first), purpose) if first.total else first
        evidence.unstable += last.is_received and last.total != first.total
    if last.outcome in REFUSALS:
        evidence.refusals.append("the last page")
    elif not (last.is_received and first.rows and first.total):
        found.not_read.append(purpose)
    elif not evidence.unstable:
        length = len(first.rows)
        expected = first.total - max(1, (first.total - 1) // length) * length
        if last.rows and {*last.ids} <= {*first.ids}:
            evidence.unconfirmed_ends += expected > 0
            return
        evidence.unstable += not {*last.ids}.isdisjoint(first.ids)
        evidence.missing += max(0, expected - len(last.rows))
        evidence.surplus += max(0, len(last.rows) - expected)
        if len(last.rows) == expected == length:
            evidence.surplus += _count_beyond(probe, request_last, first, last)


def _count_beyond(probe: Probe, request: ListRequest, first: Response, last: Response) -> int:
    """Count the rows behind a last page that is full, where a total hides them if it is too small.

    Args:
        probe: The account.
        request: The request for the last page.
        first: The first page.
        last: The last page.
    """
    beyond = probe.page_of(request, request.body["page"] + 1)
    response = probe.send(beyond, "the page behind a full one")
    return len({*response.ids} - {*first.ids} - {*last.ids})


def _last(probe: Probe, request: ListRequest, first: Response) -> ListRequest:
    """The request for the last page of a list."""
    number = ((first.total or 1) - 1) // max(1, len(first.rows))
    return probe.page_of(request, max(1, number) + probe.first_page)


def _add_second(probe: Probe, evidence: Evidence) -> None:
    """Add the second page of customers, which are most likely to have one."""
    first, second = probe.default_pages
    if not first.is_partial or first.total is None:
        return
    if second.outcome in REFUSALS:
        evidence.refusals.append("the second page")
    elif second.is_received and not second.rows:
        expected = min(len(first.rows), first.total - len(first.rows))
        evidence.missing = max(evidence.missing, expected)
    elif second.ids and second.ids == first.ids and not probe.first_page:
        evidence.unconfirmed_ends = 1


def _read_other_branches(probe: Probe, found: Findings) -> None:
    """Request a row of some lists in a branch from which no other row was requested."""
    others = [
        (stream, branch)
        for stream in IN_BRANCHES
        for branch in probe.branch_ids
        if probe.streams[stream.name].response.is_received
        if branch not in {probe.streams[stream.name].branch, *probe.streams[stream.name].refused}
    ]
    for stream, branch in others[:MAX_OTHER_BRANCHES]:
        purpose = f"{stream.name} of branch {branch}"
        path = stream.path(branch, probe.streams[stream.name].action(stream))
        request = probe.page_of(ListRequest(path), size=1)
        response = probe.send(request, purpose)
        if response.outcome in REFUSALS:
            found.evidence[stream.name].refusals.append(f"branch {branch}")
        elif response.is_received:
            found.other_branches += 1
            _add_first(found.evidence[stream.name], response, 1)
        else:
            found.not_read.append(purpose)


def _check_witnesses(probe: Probe, found: Findings) -> None:
    """Check on the rows that `is_study` and `status` are obeyed."""
    lists = {
        "customers": {kind: probe.partitions[kind, ALL] for kind in (0, 1)},
        "lessons": probe.lessons,
    }
    for name, responses in lists.items():
        witness = cast("AlfaCRMStream", probe.tap.streams[name]).make_witness()
        if witness is None:
            continue
        for value, response in responses.items():
            page = Page(response.rows, [], response.total)
            witness.add(ListPage(page, ListSpec({witness.field: value})))
        found.evidence[name].unreliable_filters += witness.unreliable_filters


def _check_removed(probe: Probe, stream: type[AlfaCRMStream], evidence: Evidence) -> None:
    """Compare the totals of active and of archived rows with that of all."""
    access, samples = probe.streams[stream.name], []
    for state in (ACTIVE, ARCHIVED):
        filters = {**stream.sample_list.filters, "removed": state}
        size = None if stream.name == "customers" else 1
        request = probe.page_of(ListRequest(access.path, filters), size=size)
        samples.append(probe.send(request, f"{stream.name} by removed"))
    active, archived, whole = *samples, access.response
    if active.total is None or archived.total is None or whole.total is None:
        return
    found = find_archive(active, archived, whole)
    if found is None:
        evidence.unreliable_filters.append("removed")
    elif found == ARCHIVED:
        missing = whole.total - active.total - archived.total
        evidence.missing = max(evidence.missing, missing)
        evidence.surplus = max(evidence.surplus, -missing)
