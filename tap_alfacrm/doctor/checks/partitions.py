"""Section "What is where": the partitions of `customers`, and what reading them costs."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from tap_alfacrm.doctor.check import Check
from tap_alfacrm.doctor.findings import Effect, ask, fine, note, unknown
from tap_alfacrm.doctor.probe import DOCUMENTED_KINDS, KINDS, STATES
from tap_alfacrm.doctor.sender import Outcome
from tap_alfacrm.doctor.value_formats import to_int
from tap_alfacrm.formatting import number_of
from tap_alfacrm.streams.archived import ACTIVE, ALL, ARCHIVED
from tap_alfacrm.streams.customers import BOTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.probe import Probe
    from tap_alfacrm.doctor.sender import Response

HEAD = f"{'is_study':>9}{'removed 0':>12}{'removed 1':>12}{'removed 2':>12}   what it is"
NAMES: dict[frozenset[int | None], str] = {
    frozenset({0}): "leads",
    frozenset({1}): "clients",
    frozenset({0, 1}): "both",
}
EXPECTED = ({"leads"}, {"clients"}, {"leads", "clients", "both"})
"""What 0, 1 and 2 may contain, where they have any cards."""
UNDETERMINED = {"not asked", "no answer"}
SECONDS_PER_MINUTE = 60


def check_partitions(probe: Probe) -> Iterator[Finding]:
    """Check what each partition contains, whether they add up, and what a sync costs."""
    contents = {kind: _describe(probe, kind) for kind in KINDS}
    yield from _merge_rows(_row(probe, kind, content) for kind, content in contents.items())
    yield _check_is_study(probe, [contents[kind] for kind in DOCUMENTED_KINDS])
    yield _check_removed(probe)
    yield _check_sum(probe)
    yield from _check_settings(probe)
    yield _calculate_cost(probe)


def _responses(probe: Probe, kind: int) -> Sequence[Response]:
    """The responses of a kind; those of the first of its like, where it was not tried itself."""
    while (kind, ACTIVE) not in probe.partitions:
        kind -= 1
    return [probe.partitions[kind, state] for state in STATES]


def _row(probe: Probe, kind: int, content: str) -> Finding:
    lengths = "".join(f"{response.length:>12}" for response in _responses(probe, kind))
    return note(
        f"where.is_study.{kind}",
        f"{kind:>9}{lengths}   {content}",
        None if content in UNDETERMINED else content,
        counts={
            f"removed {state}": probe.partitions[kind, state].total
            for state in STATES
            if (kind, state) in probe.partitions
        },
    )


def _describe(probe: Probe, kind: int) -> str:
    """Describe what an `is_study` contains, by the rows."""
    responses = _responses(probe, kind)
    if not all(response.is_received for response in responses):
        is_sent = all(response.outcome != Outcome.NOT_SENT for response in responses)
        return "no answer" if is_sent else "not asked"
    if not any(response.rows for response in responses):
        return "nothing"
    if kind in DOCUMENTED_KINDS:
        found = frozenset(
            to_int(r.get("is_study")) for response in responses for r in response.rows
        )
        return NAMES.get(found & {0, 1}, "cards of another kind")
    alike = [
        other
        for other in DOCUMENTED_KINDS
        if all(map(_is_alike, responses, _responses(probe, other)))
    ]
    if not alike:
        return "cards"
    if probe.partitions[kind, ALL].total is None:
        return f"begins like {' and '.join(map(str, alike))}"
    return f"the same as {alike[-1]}"


def _is_alike(one: Response, other: Response) -> bool:
    """Whether lists have one length, or where it is not given, the same first card."""
    is_same_card = one.total is not None or one.ids[:1] == other.ids[:1]
    return one.total == other.total and is_same_card


def _merge_rows(rows: Iterable[Finding]) -> Iterator[Finding]:
    """Show successive rows with the same lengths and content as one, from .. to."""
    for _, group in groupby(rows, key=lambda row: row.text[9:]):
        first, *others = group
        if others:
            start, end = (row.key.rpartition(".")[2] for row in (first, others[-1]))
            first = msgspec.structs.replace(first, text=f"{f'{start} to {end}':>9}{first.text[9:]}")
        yield first
        yield from (msgspec.structs.replace(other, text="") for other in others)


def _check_is_study(probe: Probe, contents: Sequence[str]) -> Finding:
    key = "where.is_study"
    leads, clients, both = (probe.partitions[kind, ALL] for kind in DOCUMENTED_KINDS)
    if UNDETERMINED & {*contents}:
        return _undetermined(key, "Whether is_study filters could not be determined.")
    if not both.ids:
        return note(key, "There are no cards to test is_study with.", "no cards")
    if leads.ids and leads.has_rows_of(clients) and clients.has_rows_of(both):
        if contents[BOTH] == "both":
            text = "is_study is ignored: 0, 1 and 2 give all cards, and each is loaded once."
            return note(key, text, "ignored")
        return ask(
            key,
            "is_study is ignored: 0, 1 and 2 give the same cards.",
            "ignored",
            advice="Ask the vendor why is_study has no effect: "
            f"only {contents[1]} are returned, the others cannot be read.",
            effect=Effect.INCOMPLETE,
        )
    if not all(
        content in {*expected, "nothing"}
        for content, expected in zip(contents, EXPECTED, strict=True)
    ):
        found = ", ".join(f"{kind} gives {content}" for kind, content in enumerate(contents))
        return ask(
            key,
            f"is_study is not what it is elsewhere: {found}.",
            contents,
            advice=f"Ask the vendor what is_study is in this account: {found}.",
            effect=Effect.UNKNOWN,
        )
    return fine(
        key,
        "is_study filters: 0 leads, 1 clients, 2 both. A row has 0 or 1, never 2.",
        "obeyed",
        advice="is_study is obeyed: 0 leads, 1 clients, 2 both.",
    )


def _check_removed(probe: Probe) -> Finding:
    key, cards = "where.removed", probe.partitions
    pairs = [(cards[kind, ACTIVE], cards[kind, ARCHIVED]) for kind in DOCUMENTED_KINDS]
    if not all(response.is_received for pair in pairs for response in pair):
        return _undetermined(key, "Whether removed filters could not be determined.")
    if any({*active.ids} & {*archived.ids} for active, archived in pairs):
        return ask(
            key,
            "removed is ignored: active cards are returned where archived ones are requested.",
            "ignored",
            advice="Ask the vendor how to read archived cards: removed has no effect.",
            effect=Effect.INCOMPLETE,
        )
    if not any(archived.ids for _, archived in pairs):
        return ask(
            key,
            "removed 2 returns no cards: nothing is archived, or the archive cannot be read.",
            "nothing archived",
            advice="If the school has archived anybody, ask for the right to the archive.",
        )
    archived, all_ = cards[BOTH, ARCHIVED].total, cards[BOTH, ALL].total
    share = f" ({100 * archived / all_:.0f} % of all cards)" if archived and all_ else ""
    return fine(
        key,
        f"removed filters: 0 active, 1 both, 2 archived{share}.",
        "obeyed",
        advice="removed is obeyed: the archive can be read.",
    )


def _check_sum(probe: Probe) -> Finding:
    key = "where.sums"
    whole = probe.partitions[BOTH, ALL].total
    parts = [probe.partitions[kind, state].total for kind in (0, 1) for state in (ACTIVE, ARCHIVED)]
    if whole is None or None in parts:
        text = "Without totals the partitions cannot be added up."
        return _undetermined(key, text, Effect.NONE)
    total = sum(filter(None, parts))
    if total == whole:
        return fine(key, f"The partitions add up: {number_of(whole, 'card')}.", "add up")
    text = f"The partitions have {total:,} cards in all, the list of all has {whole:,}."
    return ask(
        key,
        text,
        "differ",
        advice=f"{text} Run the doctor again; if they still differ, ask the vendor.",
        effect=Effect.UNKNOWN,
    )


def _check_settings(probe: Probe) -> Iterator[Finding]:
    """Check whether the settings leave customers out."""
    kinds = {*probe.config.is_study}
    narrowing = {
        "branch_ids": probe.config.branch_ids is not None,
        "is_study": not ({BOTH} <= kinds or {0, 1} <= kinds),
        "include_archived": not probe.config.include_archived,
    }
    names = [name for name, is_narrowing in narrowing.items() if is_narrowing]
    if names:
        text = f"The settings leave cards out of the sync: {', '.join(names)}."
        yield note("where.narrowed", text, names)


def _calculate_cost(probe: Probe) -> Finding:
    """Calculate how many requests the sync of `customers` takes."""
    key, config = "where.cost", probe.config
    compared = [probe.partitions[BOTH, state].total for state in STATES]
    ignores_removed = len(set(compared)) == 1
    states = (ACTIVE, ARCHIVED) if config.include_archived and not ignores_removed else (ACTIVE,)
    kinds = {kind for kind in config.is_study if kind != BOTH} or {BOTH}
    totals = [probe.partitions[kind, state].total for kind in sorted(kinds) for state in states]
    whole = probe.partitions[BOTH, ALL if config.include_archived else ACTIVE].total
    if whole is None or None in totals:
        text = "Without totals the duration of a sync is not known."
        return _undetermined(key, text, Effect.NONE)
    lengths, size = [total or 0 for total in totals], probe.page_size
    # a list that ends with a full page needs another, and one request counts all cards
    requests = sum(length // size + 1 for length in lengths) + 1
    if config.include_archived:  # the totals with each `removed`
        requests += 3 if compared[0] == compared[2] else 2
    if probe.streams["customers"].branch is None:  # the path without a branch is compared
        requests += len(probe.branch_ids)
    # where a filter is ignored, the same cards are in several lists
    cards = min(whole, sum(lengths))
    takes = f"{number_of(cards, 'card')} in {number_of(requests, 'request')}"
    text, advice = f"A sync loads {takes} of {size:,} rows", f"A sync loads {takes}."
    is_per_branch = probe.streams["customers"].branch is not None
    if is_per_branch and len(probe.branch_ids) > 1:
        requests *= len(probe.branch_ids)
        takes = f"about {number_of(requests, 'request')} for {len(probe.branch_ids)} branches"
        text = f"A sync reads branch by branch: {cards:,} cards in the first, {takes} in all"
        advice = f"A sync of cards takes {takes}."
    seconds = requests / config.requests_per_second
    minutes = seconds / SECONDS_PER_MINUTE
    duration = f"{minutes:.0f} min" if minutes >= 1 else f"{seconds:.0f} s"
    return fine(
        key,
        f"{text}: {duration} at {config.requests_per_second:g} a second.",
        counts={"cards": cards, "requests": requests},
        advice=advice,
    )


def _undetermined(key: str, text: str, effect: Effect = Effect.UNKNOWN) -> Finding:
    return unknown(key, text, advice=text, effect=effect)


PARTITIONS = Check("What is where", 0, check_partitions, HEAD)
