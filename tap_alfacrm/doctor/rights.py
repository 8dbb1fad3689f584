"""Which entities the user may read, where, and how many rows they have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_alfacrm.doctor.examination import ALL_CARDS, Access
from tap_alfacrm.doctor.model import Effect, Finding, Level
from tap_alfacrm.doctor.probe import Outcome, Reply, number
from tap_alfacrm.once import row_id
from tap_alfacrm.session import Question
from tap_alfacrm.streams.children import ChildStream
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
HEAD = f"{'stream':<24}{'rows':>9}  {'branch':<10}path"

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
    reply = exam.probe.ask(exam.probe.page(Question("/v2api/branch/index")), "branches")
    exam.branches = list(exam.settings.branch_ids or reply.ids)


def _usual_branch(exam: Examination, stream: type[AlfaCRMStream]) -> int | None:
    if exam.settings.branch_ids:
        return exam.settings.branch_ids[0]
    return exam.branches[0] if stream.needs_branch and exam.branches else None


def _filters(stream: type[AlfaCRMStream]) -> Mapping[str, Any]:
    return {"customers": ALL_CARDS, "lessons": CONDUCTED}.get(
        stream.name, stream.everything.filters
    )


def _question(
    exam: Examination, stream: type[AlfaCRMStream], branch: int | None, action: str | None = None
) -> Question:
    return exam.probe.page(Question(stream.path(branch, action), _filters(stream)))


def _look(exam: Examination, stream: type[AlfaCRMStream]) -> Access:
    """Ask where the tap would, and then where it would try next."""
    usual = _usual_branch(exam, stream)
    if stream.needs_branch and usual is None:
        seen = exam.access["branches"].reply
        missing = Reply(Outcome.REFUSED) if seen.is_given else seen
        return Access(stream.path(None), missing)
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


def _look_at_child(exam: Examination, child: type[ChildStream]) -> Access:
    parent = child.parents[0]
    stream = exam.tap.stream(child.name)
    branch = exam.branches[0] if exam.branches else None
    access = Access(child.path(branch), exam.access[parent.stream].reply, branch)
    if not access.reply.is_given:
        return access
    for identifier, home in _candidates(exam, parent.stream, every=parent.every_branch):
        question = Question(
            child.path(home or branch),
            child.variants[0],
            {**parent.fixed, **_params(stream), parent.param: identifier},
        )
        if child.is_single:
            question = replace(question, reader=_reader(stream, identifier), is_single=True)
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
    return stream.reader_of(identifier) if isinstance(stream, ChildStream) else None


def _candidates(exam: Examination, parent: str, *, every: bool) -> Iterator[tuple[int, int | None]]:
    """Parents that most likely have rows: customers with a subscription first."""
    rows = [*exam.access[parent].reply.items]
    ids: list[int] = []
    if parent == "customers" and "pays" in exam.access:
        pays = exam.access["pays"].reply.items
        payers = (number(pay.get("customer_id")) for pay in pays if pay.get("ctt_id"))
        ids = [payer for payer in payers if payer]
    ids += [identifier for row in rows if (identifier := row_id(row)) is not None]
    homes = {row_id(row): row.get("branch_ids") for row in rows}
    for identifier in [*dict.fromkeys(ids)][:CANDIDATES]:
        branches = homes.get(identifier)
        home = number(branches[0]) if every and isinstance(branches, list) and branches else None
        yield identifier, home


def try_without_branch(exam: Examination) -> None:
    """Ask the lists that the tap asks branch by branch without a branch."""
    for stream in _PLAIN:
        access = exam.access[stream.name]
        if not stream.needs_branch or not access.reply.is_given or exam.settings.branch_ids:
            continue
        action = access.path.removeprefix(stream.path(access.branch, ""))
        question = exam.probe.page(Question(stream.path(None, action), _filters(stream)), size=1)
        reply = exam.probe.ask(question, f"{stream.name} without a branch")
        if reply.outcome in {Outcome.GIVEN, Outcome.ABSENT}:
            access.needs_branch = not reply.is_given
            access.status = reply.status


def _other_action(exam: Examination) -> list[Finding]:
    """Ask messages by the path that the tap did not need."""
    stream = SmsMessagesStream
    access = exam.access[stream.name]
    action = access.path.removeprefix(stream.path(access.branch, ""))
    if not access.reply.is_given or action != stream.actions[0]:
        return []
    question = _question(exam, stream, access.branch, stream.actions[1])
    reply = exam.probe.ask(question, "messages with /index")
    if reply.outcome not in {Outcome.GIVEN, Outcome.ABSENT}:
        return []
    how = "with and without" if reply.is_given else "only without"
    text = f"Messages answer {how} /index."
    return [Finding(key="rights.bare_messages", text=text, value=how, level=Level.FINE)]


def _branch_status(exam: Examination) -> list[Finding]:
    """What lists that need a branch answer without one."""
    statuses = sorted({a.status for a in exam.access.values() if a.needs_branch and a.status})
    if not statuses:
        return []
    text = f"Lists that need a branch answer {' or '.join(map(str, statuses))} without one."
    return [Finding(key="rights.without_branch", text=text, value=statuses, level=Level.FINE)]


def findings(exam: Examination) -> list[Finding]:
    """A line for each stream."""
    lines = [_finding(exam, stream) for stream in STREAMS]
    others = [*_branch_status(exam), *_other_action(exam)]
    denied = [f for f in lines if f.value["access"] == Outcome.REFUSED]
    if lines and len(denied) == len(lines):
        lines.append(
            Finding(
                key="rights.module",
                text="Nothing at all may be read.",
                value="refused",
                level=Level.ASK,
                advice="Ask the administrator to let the user's role use the module v2api.",
                effect=Effect.INCOMPLETE,
            )
        )
    elif not denied:
        lines.append(
            Finding(
                key="rights.all",
                text="Nothing is refused.",
                value=True,
                level=Level.FINE,
                advice="The user may read every list that the account has.",
            )
        )
    return [*lines, *others]


_BRANCH = {None: "untried", True: "needed", False: "optional"}


def _finding(exam: Examination, stream: type[AlfaCRMStream]) -> Finding:
    access = exam.access[stream.name]
    reply = access.reply
    is_child = issubclass(stream, ChildStream)
    given = reply.is_given
    branch = _BRANCH[access.needs_branch] if given else "-"
    rows = f"{reply.rows:,}" if reply.rows is not None else "?"
    what = rows if given else str(reply.outcome)
    path = stream.path(None, access.path.removeprefix(stream.path(access.branch, "")))
    note = ""
    if is_child and given:
        note = "  (of one parent)" if access.question else "  (no parent to ask about)"
    elif given and access.branch is not None:
        note = "  (in one branch)"
    level, advice, effect = _meaning(stream, reply)
    return Finding(
        key=f"rights.{stream.name}",
        text=f"{stream.name:<24}{what:>9}  {branch:<10}{path}{note}",
        value={"access": reply.outcome, "path": path, "branch": branch},
        counts={"rows": reply.rows},
        level=level,
        advice=advice,
        effect=effect,
    )


def _meaning(stream: type[AlfaCRMStream], reply: Reply) -> tuple[Level, str, Effect]:
    name = stream.name
    wanted = stream.selected_by_default
    if reply.is_given:
        return Level.FINE, "", Effect.NONE
    if reply.outcome == Outcome.REFUSED:
        leaves = "no sync starts without it" if stream.required else f"{name} stays empty"
        advice = f"Ask the administrator for the right to {stream.entity} (403): {leaves}."
        return Level.ASK, advice, Effect.INCOMPLETE if wanted else Effect.NONE
    if reply.outcome == Outcome.ABSENT:
        if stream.required:
            advice = f"Ask the vendor why {stream.entity} is not there: no sync starts without it."
            return Level.ASK, advice, Effect.INCOMPLETE
        return Level.NOTE, "", Effect.NONE
    advice = f"Whether {name} can be read was not found out."
    return Level.UNKNOWN, advice, Effect.UNKNOWN if wanted else Effect.NONE
