"""Section "Rights": which streams the user may read, where, and how many rows they have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_alfacrm.doctor.access import PLAIN_STREAMS, UNCLEAR
from tap_alfacrm.doctor.check import Check
from tap_alfacrm.doctor.findings import Effect, Finding, Level, ask, configure, fine, note, unknown
from tap_alfacrm.doctor.sender import Outcome
from tap_alfacrm.formatting import number_of
from tap_alfacrm.streams.child import ChildStream
from tap_alfacrm.streams.contact import SmsMessagesStream
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_alfacrm.doctor.access import StreamAccess
    from tap_alfacrm.doctor.probe import Probe
    from tap_alfacrm.doctor.sender import Response
    from tap_alfacrm.streams.base import AlfaCRMStream

    Streams = Mapping[str, StreamAccess]

HEAD = f"{'stream':<24}{'rows':>9}  {'of':<8}{'branch':<7}path below /v2api"
BRANCH_NEEDED = {None: "?", True: "yes", False: "no"}
IN_BRANCHES = [stream for stream in PLAIN_STREAMS if stream.needs_branch]
ANSWERED = {Outcome.RECEIVED, Outcome.ABSENT}


def check_permissions(probe: Probe) -> Iterator[Finding]:
    """Check which streams can be read, and which need a branch in the path."""
    streams = dict(probe.streams)
    if probe.all_customers.is_received and not probe.config.branch_ids:
        streams |= _read_without_branch(probe)
    for stream in STREAMS:
        yield _row(stream, streams[stream.name])
    yield from _summarize(probe, streams)
    yield from _check_branch_status(probe, streams.values())
    yield from _check_message_paths(probe)


def _read_without_branch(probe: Probe) -> Streams:
    """Request the lists that the tap reads by branch without a branch."""
    requests = {}
    for stream in IN_BRANCHES:
        access = probe.streams[stream.name]
        if access.response.is_received:
            request = probe.stream_request(stream, None, access.action(stream))
            requests[stream.name] = probe.page_of(request, size=1)
    found = {}
    with probe.prefetch(requests.values()):
        for name, request in requests.items():
            response = probe.send(request, f"{name} without a branch")
            if response.outcome in ANSWERED:
                needs_branch, status = not response.is_received, response.status
                access = probe.streams[name]
                found[name] = replace(access, needs_branch=needs_branch, status=status)
    return found


def _row(stream: type[AlfaCRMStream], access: StreamAccess) -> Finding:
    response = access.response
    rows, of, branch = str(response.outcome), "", ""
    if response.is_received:
        rows, branch = response.length, BRANCH_NEEDED[access.needs_branch]
        of = "all" if access.branch is None else "branch"
        if issubclass(stream, ChildStream):
            of = "parent" if access.request else "none"
    path = stream.path(None, access.action(stream))
    level, advice, effect = _assess(stream, response)
    return Finding(
        f"rights.{stream.name}",
        f"{stream.name:<24}{rows:>9}  {of:<8}{branch:<7}{path.removeprefix('/v2api/')}",
        {"access": response.outcome, "path": path, "needs_branch": access.needs_branch},
        counts={"rows": response.total},
        level=level,
        advice=advice,
        effect=effect,
    )


def _assess(stream: type[AlfaCRMStream], response: Response) -> tuple[Level, str, Effect]:
    """Assess what the response to a stream's request means for a sync."""
    outcome, is_default = response.outcome, stream.selected_by_default
    if response.is_received:
        return Level.FINE, "", Effect.NONE
    if outcome in UNCLEAR:
        return Level.UNKNOWN, "", Effect.UNKNOWN if is_default else Effect.NONE
    if stream.required:
        reason = "refused" if outcome == Outcome.REFUSED else "not there"
        advice = f"No sync starts without {stream.entity}, which is {reason} ({response.status})."
        return Level.ASK, advice, Effect.INCOMPLETE
    if outcome == Outcome.ABSENT:
        return Level.NOTE, "", Effect.NONE
    level = Level.SET if outcome == Outcome.NO_BRANCH else Level.ASK
    return level, "", Effect.INCOMPLETE if is_default else Effect.NONE


def _summarize(probe: Probe, streams: Streams) -> Iterator[Finding]:
    """Summarize the rows; what becomes of customers is part of their row."""
    names: dict[Outcome, list[str]] = {outcome: [] for outcome in Outcome}
    for stream in STREAMS:
        outcome = streams[stream.name].response.outcome
        if not stream.required or outcome in UNCLEAR:
            names[outcome].append(stream.name)
    refused, absent = names[Outcome.REFUSED], names[Outcome.ABSENT]
    unclear = [name for outcome in sorted(UNCLEAR) for name in names[outcome]]
    has_customers = probe.all_customers.is_received
    if refused and not (names[Outcome.RECEIVED] or absent or has_customers):
        yield ask(
            "rights.module",
            "Nothing can be read.",
            advice="Ask the administrator to let the user's role use the module v2api: "
            f"everything is refused ({_statuses(streams, refused)}).",
            effect=Effect.INCOMPLETE,
        )
        return
    if refused:
        yield ask(
            "rights.refused",
            f"Refused, so that these streams stay empty: {', '.join(refused)}.",
            advice="Ask the administrator for the right to read what is refused "
            f"({_statuses(streams, refused)}); until then these streams stay empty: "
            f"{', '.join(refused)}.",
        )
    elif has_customers and not unclear and not names[Outcome.NO_BRANCH]:
        advice = "The user may read every list that the account has."
        yield fine("rights.all", "Nothing is refused.", advice=advice)
    if absent:
        yield ask(
            "rights.absent",
            f"Not there, so that these streams stay empty: {', '.join(absent)}.",
            advice="If the school uses them, ask the vendor why these lists are not there "
            f"({_statuses(streams, absent)}); their streams stay empty: {', '.join(absent)}.",
        )
    yield from _check_branches(probe, names[Outcome.NO_BRANCH])
    if unclear:
        yield unknown(
            "rights.unclear",
            f"No usable response, or not requested: {', '.join(unclear)}.",
            advice=f"Whether these streams can be read: {', '.join(unclear)}.",
        )


def _statuses(streams: Streams, names: Sequence[str]) -> str:
    found = {streams[name].response.status for name in names} - {0}
    return " or ".join(str(int(status)) for status in sorted(found))


def _check_branches(probe: Probe, without_branch: Sequence[str]) -> Iterator[Finding]:
    """Check for branches that are not known or do not exist."""
    if without_branch:
        yield configure(
            "rights.branches_unknown",
            "No branch is known, and these streams must name one in their path: "
            f"{', '.join(without_branch)}.",
            advice="Set branch_ids to the ids of the school's branches: the user cannot list "
            f"them, and without one {number_of(len(without_branch), 'stream')} stay empty.",
        )
    unseen = sorted({*probe.branch_ids} - {*probe.branches.ids})
    if unseen and probe.branches.is_received:
        ids = ", ".join(map(str, unseen))
        yield configure(
            "rights.branch_ids",
            f"The setting branch_ids names branches that the user does not see: {ids}.",
            unseen,
            advice=f"Correct branch_ids: the user sees no branch {ids}.",
            effect=Effect.INCOMPLETE,
        )


def _check_branch_status(probe: Probe, streams: Iterable[StreamAccess]) -> Iterator[Finding]:
    """Check the status of lists that need a branch where the path has none."""
    key = "rights.without_branch"
    if statuses := sorted({access.status for access in streams if access.needs_branch} - {0}):
        text = f"Lists that need a branch return {' or '.join(map(str, statuses))} without one."
        yield fine(key, text, statuses)
    elif not probe.config.branch_ids:
        yield note(key, "No list was seen that needs a branch in its path.")


def _check_message_paths(probe: Probe) -> Iterator[Finding]:
    """Request messages by the path that the tap did not need."""
    stream, key = SmsMessagesStream, "rights.bare_messages"
    access = probe.streams[stream.name]
    if not access.response.is_received or access.action(stream) != stream.actions[0]:
        return
    request = probe.stream_request(stream, access.branch, stream.actions[1])
    response = probe.send(request, "messages with /index")
    if response.outcome in ANSWERED:
        how = "with and without" if response.is_received else "only without"
        yield fine(key, f"Messages can be read {how} /index.", how)
    else:
        yield unknown(key, "Whether messages can be read with /index could not be determined.")


PERMISSIONS = Check("Rights", len(IN_BRANCHES) + 1, check_permissions, HEAD)
