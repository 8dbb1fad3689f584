"""The verdict of the doctor is not a clean one where a sync is not complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator import Fault, Quirks, serve
from tap_alfacrm.doctor.report.text import VERDICTS, render_report
from tap_alfacrm.doctor.runner import BUDGET
from tap_alfacrm.extract.completeness import RULES, Evidence, judge
from tests.test_misbehaviour import CASES, UNPROVEN_ON_FIRST_LOAD, build

if TYPE_CHECKING:
    from simulator import Account
    from simulator.requests_log import Request
    from tests.doctor.conftest import Examine

CLEAN = VERDICTS[0][0]
UNTOLD: dict[str, tuple[str, dict[str, Any]]] = {
    "a list in a branch of which no row is requested": (
        "refused",
        {"resource": "task", "branch": 2},
    ),
    "a page in the middle of a list": ("empty", {"resource": "lesson", "page": 1}),
    "rows that are gone since the last sync": ("list_collapses", {"resource": "pay"}),
    "what begins after the examination": ("refused", {"resource": "pay", "after": 200}),
    "rows of which the account shows none": ("filter_dead", {"filters": ["status"], "values": [1]}),
}
"""What one examination of at most 120 requests does not see (docs/doctor.md#limitations)."""
IN_ONE_LIST: dict[str, tuple[str, dict[str, Any], str, str]] = {
    # the misbehaviour, the stream and the fact by which it is judged
    "a total that is too small": ("total_too_small", {"resource": "pay"}, "pays", "surplus"),
    "a total that is too large": ("total_too_large", {"resource": "group"}, "groups", "missing"),
    "a total of the page": ("total_of_page", {"resource": "pay"}, "pays", "surplus"),
    "a total that wobbles": ("total_wobbles", {"resource": "lesson"}, "lessons", "unstable"),
    "a capped total": ("total_capped", {"resource": "lesson", "cap": 10}, "lessons", "surplus"),
    "joined rows": ("total_joined", {"resource": "group", "rows": "once"}, "groups", "missing"),
    "a capped offset": ("offset_capped", {"resource": "lesson", "cap": 10}, "lessons", "missing"),
    "an ignored page": ("page_ignored", {"resource": "pay"}, "pays", "unconfirmed_ends"),
    "an empty page 1": ("empty", {"resource": "customer", "page": 1}, "customers", "missing"),
    "no rows": ("empty", {"resource": "pay", "total": "right"}, "pays", "missing"),
    "half the rows": ("list_collapses", {"resource": "pay", "total": "right"}, "pays", "missing"),
    "a refused branch": ("refused", {"resource": "pay", "branch": 3}, "pays", "refusals"),
    "a refused first branch": ("refused", {"resource": "log", "branch": 1}, "logs", "refusals"),
    "no ids": ("odd_ids", {"kind": "missing", "resource": "log"}, "logs", "rows_without_id"),
    "removed ignored": (
        "filter_ignored", {"filters": ["removed"], "resource": "group"},
        "groups", "unreliable_filters",
    ),
    "a dead list of all": (
        "filter_dead", {"filters": ["removed"], "values": [1], "resource": "group"},
        "groups", "surplus",
    ),
    "leads in place of clients": (
        "filter_replaced", {"filters": ["is_study"], "values": {1: 0}},
        "customers", "unreliable_filters",
    ),
}  # fmt: skip


def test_a_healthy_account_has_a_clean_verdict(diagnose: Examine) -> None:
    with serve(build()) as server:
        report = diagnose(server, page_size=7)
    assert report.exit_code == 0
    assert CLEAN in render_report(report)


@pytest.mark.parametrize("case", sorted(UNPROVEN_ON_FIRST_LOAD))
def test_no_clean_verdict_where_a_sync_is_not_complete(diagnose: Examine, case: str) -> None:
    name, parameters = CASES[case]
    with serve(build()) as server:
        server.misbehave(name, **parameters)
        report = diagnose(server, page_size=7)
    assert report.exit_code in {1, 2}
    assert CLEAN not in render_report(report)
    assert report.requests <= BUDGET


@pytest.mark.parametrize("case", UNTOLD)
def test_what_the_documentation_says_is_not_seen(diagnose: Examine, case: str) -> None:
    name, parameters = UNTOLD[case]
    with serve(build()) as server:
        server.misbehave(name, **parameters)
        assert diagnose(server, page_size=7).exit_code == 0


@pytest.mark.parametrize("case", IN_ONE_LIST)
def test_the_stream_is_named_and_judged_as_in_a_sync(diagnose: Examine, case: str) -> None:
    name, parameters, stream, fact = IN_ONE_LIST[case]
    with serve(build()) as server:
        server.misbehave(name, **parameters)
        report = diagnose(server, page_size=7)
    finding = report.findings()[f"verdict.{fact}"]
    assert stream in finding.value
    (rule,) = (rule for rule in RULES if rule.fact == fact)
    assert f": {rule.word.value}, " in finding.text
    assert rule.reason.rpartition("}")[2] in finding.text
    assert report.exit_code == (1 if rule.word.value == "INCOMPLETE" else 2)


def test_each_point_has_its_line(diagnose: Examine) -> None:
    with serve(build()) as server:
        found = diagnose(server, page_size=7).findings()
    points = (
        *("empty", "memory", "refusals", "bookmarks", "totals", "movement", "filters"),
        *("branches", "children", "incremental"),
    )
    assert all(found[f"complete.{point}"].text for point in points)
    assert found["paging.order"].value == "stable"


@pytest.mark.parametrize(
    ("back_end", "point", "words"),
    [
        (("empty", {"resource": "lesson", "times": 1}), "empty", "1 had rows the second time"),
        (("branches_limited", {"branches": [1]}), "branches", "hides customers"),
        (("total_wobbles", {"resource": "pay"}), "movement", "pays"),
    ],
)
def test_what_a_sync_copes_with_has_a_line_too(
    school: Account, diagnose: Examine, back_end: tuple[str, dict[str, Any]], point: str, words: str
) -> None:
    with serve(school) as server:
        server.misbehave(back_end[0], **back_end[1])
        found = diagnose(server, page_size=7).findings()
    assert words in found[f"complete.{point}"].text


@pytest.mark.parametrize(
    ("back_end", "words"), [("children_by_branch", "differ by branch"), (None, "the same")]
)
def test_subscriptions_are_compared_between_branches(
    diagnose: Examine, back_end: str | None, words: str
) -> None:
    account = build()
    for card in account.customer_ids():
        account.update_customer(card, branch_ids=[1, 2])
    with serve(account) as server:
        if back_end is not None:
            server.misbehave(back_end)
        found = diagnose(server).findings()
    assert words in found["complete.children"].text


def test_another_branch_is_requested_by_the_path_that_answers(
    school: Account, diagnose: Examine
) -> None:
    def is_bare(request: Request) -> bool:
        return request.entity in {"sms-message", "mail-message", "phone-call"} and not (
            request.path.endswith("/index")
        )

    faults = [Fault("status", at=is_bare, times=1_000, status=404)]
    with serve(school, Quirks(absent=frozenset({"pay", "log"})), faults=faults) as server:
        found = diagnose(server).findings()
    assert found["complete.refusals"].text.startswith("2 lists requested in a second branch")


def test_the_verdict_stands_first(diagnose: Examine) -> None:
    with serve(build()) as server:
        server.misbehave("total_too_small", resource="pay")
        text = render_report(diagnose(server, page_size=7))
    assert judge(Evidence(surplus=1)).reasons[0] in " ".join(text.partition("2. ")[0].split())
