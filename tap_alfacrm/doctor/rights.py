"""Which entities the user may read, where, and how many rows they have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.doctor.examination import ALL_CARDS, Access
from tap_alfacrm.doctor.findings import Effect, Finding, Level
from tap_alfacrm.doctor.probe import Outcome, Reply, number
from tap_alfacrm.formatting import number_of
from tap_alfacrm.records.page import get_row_id
from tap_alfacrm.streams.child import ChildStream
from tap_alfacrm.streams.contact import SmsMessagesStream
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tap_alfacrm.doctor.examination import Examination
    from tap_alfacrm.streams.base import AlfaCRMStream

CANDIDATES = 2
"""Parents asked about until one has rows."""
CONDUCTED = {"status": 3}
_UNCLEAR = {Outcome.BROKEN, Outcome.UNASKED}
HEAD = f"{'stream':<24}{'rows':>9}  {'of':<8}{'branch':<7}path below /v2api"

_PLAIN = [stream for stream in STREAMS if not issubclass(stream, ChildStream)]
_CHILDREN = [stream for stream in STREAMS if issubclass(stream, ChildStream)]


def gather(exam: Examination) -> None:
    """Ask for page 0 of every entity."""
    _look_at_branches(exam)
    first = [_question(exam, stream, _usual_branch(exam, stream)) for stream in _PLAIN]
    with exam.probe.ahead(first):
        for stream in _PLAIN:
            exam.access[stream.name] = _look(exam, stream)
    for child in _CHILDREN:
        exam.access[child.name] = _look_at_child(exam, child)


def _look_at_branches(exam: Examination) -> None:
    reply = exam.probe.ask(exam.probe.page(ListRequest("/v2api/branch/index")), "branches")
    exam.branches = list(exam.settings.branch_ids or reply.ids)
    if reply.is_given:
        exam.unseen_branches = sorted({*(exam.settings.branch_ids or ())} - {*reply.ids})


def _usual_branch(exam: Examination, stream: type[AlfaCRMStream]) -> int | None:
    if exam.settings.branch_ids:
        return exam.settings.branch_ids[0]
    return exam.branches[0] if stream.needs_branch and exam.branches else None


def everything(stream: type[AlfaCRMStream]) -> Mapping[str, Any]:
    """What the body asks for to get as many rows of a stream as one list has."""
    return {"customers": ALL_CARDS, "lessons": CONDUCTED}.get(
        stream.name, stream.sample_list.filters
    )


def _question(
    exam: Examination, stream: type[AlfaCRMStream], branch: int | None, action: str | None = None
) -> ListRequest:
    return exam.probe.page(ListRequest(stream.path(branch, action), everything(stream)))


def _look(exam: Examination, stream: type[AlfaCRMStream]) -> Access:
    """Ask where the tap would, and then where it would try next."""
    usual = _usual_branch(exam, stream)
    if stream.needs_branch and usual is None:
        return _nowhere(exam, stream)
    places = [usual]
    if usual is None and exam.branches:
        places.append(exam.branches[0])
    status = 0
    for branch in places:
        for action in stream.actions:
            question = _question(exam, stream, branch, action)
            reply = exam.probe.ask(question, f"the rows of {stream.name}")
            if reply.outcome != Outcome.ABSENT:
                needs = None if branch is not None and usual == branch else branch is not None
                return Access(question.path, reply, branch, needs, status=status)
            status = reply.status
    return Access(stream.path(usual), reply, usual)


def _nowhere(exam: Examination, stream: type[AlfaCRMStream]) -> Access:
    """What becomes of a stream that needs a branch where none is known."""
    seen = exam.access["branches"].reply
    return Access(stream.path(None), seen if seen.outcome in _UNCLEAR else Reply(Outcome.NOWHERE))


def _look_at_child(exam: Examination, child: type[ChildStream]) -> Access:
    parent = child.parents[0]
    stream = cast("ChildStream", exam.tap.streams[child.name])
    branch = exam.branches[0] if exam.branches else None
    access = Access(child.path(branch), exam.access[parent.stream].reply, branch)
    if not access.reply.is_given:
        return access
    if branch is None:
        return _nowhere(exam, child)
    for identifier, home in _candidates(exam, parent.stream, every=parent.every_branch):
        question = ListRequest(
            child.path(home or branch),
            child.variants[0],
            {**parent.fixed, **_params(stream), parent.param: identifier},
        )
        if child.is_single:
            question = replace(question, parser=_reader(stream, identifier), is_single=True)
        else:
            question = exam.probe.page(question)
        reply = exam.probe.ask(question, f"the rows of {child.name}")
        access = Access(question.path, reply, home or branch, question=question)
        if not reply.is_given or reply.items:
            break
    return access


def _params(stream: AlfaCRMStream) -> Mapping[str, Any]:
    return stream.params() if isinstance(stream, ChildStream) else {}


def _reader(stream: AlfaCRMStream, identifier: int) -> Any:  # noqa: ANN401 - a reader
    return stream.parser_for(identifier) if isinstance(stream, ChildStream) else None


def _candidates(exam: Examination, parent: str, *, every: bool) -> Iterator[tuple[int, int | None]]:
    """Parents that most likely have rows: customers with a subscription first."""
    rows = [*exam.access[parent].reply.items]
    ids: list[int] = []
    if parent == "customers" and "pays" in exam.access:
        pays = exam.access["pays"].reply.items
        payers = (number(pay.get("customer_id")) for pay in pays if pay.get("ctt_id"))
        ids = [payer for payer in payers if payer]
    ids += [identifier for row in rows if (identifier := get_row_id(row)) is not None]
    homes = {get_row_id(row): row.get("branch_ids") for row in rows}
    for identifier in [*dict.fromkeys(ids)][:CANDIDATES]:
        branches = homes.get(identifier)
        home = number(branches[0]) if every and isinstance(branches, list) and branches else None
        yield identifier, home


def try_without_branch(exam: Examination) -> None:
    """Ask the lists that the tap asks branch by branch without a branch."""
    if exam.settings.branch_ids:
        return
    asked = {}
    for stream in _PLAIN:
        access = exam.access[stream.name]
        if stream.needs_branch and access.reply.is_given:
            action = access.path.removeprefix(stream.path(access.branch, ""))
            question = ListRequest(stream.path(None, action), everything(stream))
            asked[stream.name] = exam.probe.page(question, size=1)
    with exam.probe.ahead(asked.values()):
        for name, question in asked.items():
            access = exam.access[name]
            reply = exam.probe.ask(question, f"{name} without a branch")
            if reply.outcome in {Outcome.GIVEN, Outcome.ABSENT}:
                access.needs_branch = not reply.is_given
                access.status = reply.status


def _other_action(exam: Examination) -> Iterator[Finding]:
    """Ask messages by the path that the tap did not need."""
    stream = SmsMessagesStream
    key = "rights.bare_messages"
    access = exam.access[stream.name]
    action = access.path.removeprefix(stream.path(access.branch, ""))
    if not access.reply.is_given or action != stream.actions[0]:
        return
    question = _question(exam, stream, access.branch, stream.actions[1])
    reply = exam.probe.ask(question, "messages with /index")
    if reply.outcome in {Outcome.GIVEN, Outcome.ABSENT}:
        how = "with and without" if reply.is_given else "only without"
        text = f"Messages answer {how} /index."
        yield Finding(key=key, text=text, value=how, level=Level.FINE)
    else:
        text = "Whether messages answer with /index was not seen."
        yield Finding(key=key, text=text, level=Level.UNKNOWN)


def _branch_status(exam: Examination) -> Iterator[Finding]:
    """What lists that need a branch answer without one."""
    tried = [a for a in exam.access.values() if a.needs_branch is not None]
    statuses = sorted({access.status for access in tried if access.needs_branch} - {0})
    key = "rights.without_branch"
    if statuses:
        text = f"Lists that need a branch answer {' or '.join(map(str, statuses))} without one."
        yield Finding(key=key, text=text, value=statuses, level=Level.FINE)
    elif not exam.settings.branch_ids:
        text = "No list was seen that needs a branch in its path."
        yield Finding(key=key, text=text)


def findings(exam: Examination) -> list[Finding]:
    """A line for each stream, and what they come to."""
    return [
        *(_finding(exam, stream) for stream in STREAMS),
        *_summary(exam),
        *_branch_status(exam),
        *_other_action(exam),
    ]


def _summary(exam: Examination) -> Iterator[Finding]:
    """What the lines come to; what becomes of customers stands in theirs."""
    names: dict[Outcome, list[str]] = {outcome: [] for outcome in Outcome}
    for stream in STREAMS:
        outcome = exam.access[stream.name].reply.outcome
        if not stream.required or outcome in _UNCLEAR:
            names[outcome].append(stream.name)
    refused, absent = names[Outcome.REFUSED], names[Outcome.ABSENT]
    unclear = [name for outcome in sorted(_UNCLEAR) for name in names[outcome]]
    if refused and not (names[Outcome.GIVEN] or absent or exam.all_cards.is_given):
        yield Finding(
            key="rights.module",
            text="Nothing at all may be read.",
            level=Level.ASK,
            advice="Ask the administrator to let the user's role use the module v2api: "
            f"everything is refused ({_statuses(exam, refused)}).",
            effect=Effect.INCOMPLETE,
        )
        return
    if refused:
        yield Finding(
            key="rights.refused",
            text=f"Refused, so that these streams stay empty: {', '.join(refused)}.",
            level=Level.ASK,
            advice="Ask the administrator for the right to read what is refused "
            f"({_statuses(exam, refused)}); until then these streams stay empty: "
            f"{', '.join(refused)}.",
        )
    elif exam.all_cards.is_given and not unclear and not names[Outcome.NOWHERE]:
        yield Finding(
            key="rights.all",
            text="Nothing is refused.",
            level=Level.FINE,
            advice="The user may read every list that the account has.",
        )
    if absent:
        yield Finding(
            key="rights.absent",
            text=f"Not there, so that these streams stay empty: {', '.join(absent)}.",
            level=Level.ASK,
            advice="If the school uses them, ask the vendor why these lists are not there "
            f"({_statuses(exam, absent)}); their streams stay empty: {', '.join(absent)}.",
        )
    yield from _places(exam, names[Outcome.NOWHERE])
    if unclear:
        yield Finding(
            key="rights.unclear",
            text=f"Got no usable answer, or were not asked: {', '.join(unclear)}.",
            level=Level.UNKNOWN,
            advice=f"Whether these streams can be read: {', '.join(unclear)}.",
        )


def _places(exam: Examination, nowhere: list[str]) -> Iterator[Finding]:
    """Branches that are not known, or not there."""
    if nowhere:
        yield Finding(
            key="rights.branches_unknown",
            text="No branch is known, and these streams must name one in their path: "
            f"{', '.join(nowhere)}.",
            level=Level.SET,
            advice="Set branch_ids to the ids of the school's branches: the user cannot list "
            f"them, and without one {number_of(len(nowhere), 'stream')} stay empty.",
        )
    if exam.unseen_branches:
        ids = ", ".join(map(str, exam.unseen_branches))
        yield Finding(
            key="rights.branch_ids",
            text=f"The setting branch_ids names branches that the user does not see: {ids}.",
            value=exam.unseen_branches,
            level=Level.SET,
            advice=f"Correct branch_ids: the user sees no branch {ids}.",
            effect=Effect.INCOMPLETE,
        )


def _statuses(exam: Examination, names: list[str]) -> str:
    found = {exam.access[name].reply.status for name in names} - {0}
    return " or ".join(str(int(status)) for status in sorted(found))


_BRANCH = {None: "?", True: "yes", False: "no"}


def _finding(exam: Examination, stream: type[AlfaCRMStream]) -> Finding:
    access = exam.access[stream.name]
    reply = access.reply
    what, of, branch = str(reply.outcome), "", ""
    if reply.is_given:
        what, branch = reply.length, _BRANCH[access.needs_branch]
        of = "all" if access.branch is None else "branch"
        if issubclass(stream, ChildStream):
            of = "parent" if access.question else "none"
    path = stream.path(None, access.path.removeprefix(stream.path(access.branch, "")))
    level, advice, effect = _meaning(stream, reply)
    return Finding(
        key=f"rights.{stream.name}",
        text=f"{stream.name:<24}{what:>9}  {of:<8}{branch:<7}{path.removeprefix('/v2api/')}",
        value={"access": reply.outcome, "path": path, "needs_branch": access.needs_branch},
        counts={"rows": reply.rows},
        level=level,
        advice=advice,
        effect=effect,
    )


def _meaning(stream: type[AlfaCRMStream], reply: Reply) -> tuple[Level, str, Effect]:
    lost = Effect.INCOMPLETE if stream.selected_by_default else Effect.NONE
    if reply.is_given:
        return Level.FINE, "", Effect.NONE
    if reply.outcome in _UNCLEAR:
        return Level.UNKNOWN, "", Effect.UNKNOWN if lost != Effect.NONE else Effect.NONE
    if stream.required:
        why = f"{'refused' if reply.outcome == Outcome.REFUSED else 'not there'} ({reply.status})"
        advice = f"No sync starts without {stream.entity}, which is {why}."
        return Level.ASK, advice, Effect.INCOMPLETE
    if reply.outcome == Outcome.ABSENT:
        return Level.NOTE, "", Effect.NONE
    return Level.SET if reply.outcome == Outcome.NOWHERE else Level.ASK, "", lost
