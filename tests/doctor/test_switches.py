"""Turn a behaviour of the simulator on, and the doctor names it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Quirks, serve
from simulator.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Output
    from tests.doctor.conftest import Examine

Switches = dict[str, Any]

TOGETHER: Switches = {
    "avatar_key": "avatarUrl",
    "display_dates": "both",
    "escaped_json": True,
    "flags": "booleans",
    "gender": "one_two",
    "group_dates": "dotted",
    "junk_share": 0.3,
    "late_custom_field": True,
    "lesson_count_key": "lesson_count",
    "lesson_streaming": "mixed",
    "log_fields": "json",
    "newer_field": True,
    "no_customer_in_tariffs": True,
    "teacher_ids": "names",
    "unicode_oddities": True,
}
"""Switches that have nothing to do with each other: one examination sees them all."""
APART: Switches = {
    "dob_format": "iso",
    "display_dates": "display_only",
    "default_page_size": 20,
    "gender": "one_zero",
    "lesson_details": "with_customer",
    "log_fields": "blank",
    "no_updated_at": frozenset({"lesson"}),
    "past_the_end": "repeat_last",
    "total": "text",
}
FILTERS: Switches = {
    "ignored_filters": frozenset(
        {"updated_at_from", "date_from", "branch_ids", "customer_reject_id", "lead_status_id"}
        | {"lesson.status", "dead"}
    )
}
ROUTES: Switches = {
    "absent": frozenset({"room"}),
    "filter_days": "local",
    "needs_branch": frozenset({"group"}),
    "needs_branch_status": 400,
}
LOGIN: Switches = {
    "bad_token_status": 403,
    "login_cancels_older_tokens": True,
    "requires_app_key": "key-of-the-app",
}

CASES: list[tuple[Switches, str, str]] = [
    # what is turned on, the finding, and what its line says
    (LOGIN, "way_in.bad_token", "gets status 403"),
    ({"token_uses": 40}, "way_in.token_life", "stopped working"),
    (LOGIN, "way_in.second_login", "invalidates older"),
    (LOGIN, "way_in.app_key", "app_key is needed"),
    (
        {"rate_limit": 1, "rate_window_seconds": 0.05, "retry_after": "0"},
        "way_in.troubles",
        "status 429",
    ),
    (
        {"rate_limit": 1, "rate_window_seconds": 0.05, "retry_after": "0"},
        "way_in.troubles",
        "Retry-After 0",
    ),
    (
        {"rate_limit": 1, "rate_window_seconds": 0.05},
        "way_in.troubles",
        "have no Retry-After",
    ),
    (APART, "paging.default_size", "a page has 20 rows"),
    ({"max_page_size": 50}, "paging.page_size", "honoured up to 50."),
    ({"page_size_honoured": False}, "paging.page_size", "ignored: every page has 50 rows"),
    ({"total": "missing"}, "paging.total", "total is missing"),
    ({"total": "missing"}, "where.is_study.3", "begins like 2"),
    ({"total": "missing"}, "where.is_study.0", "165+"),
    ({"total": "wrong", "total_error": -10_000}, "paging.total", "total is missing"),
    (APART, "paging.total", "as a text"),
    (
        {"total": "wrong", "total_error": -1},
        "verdict.surplus",
        "UNPROVEN, the API returned",
    ),
    (APART, "paging.past_the_end", "repeats the last one"),
    ({"unstable_ties": True}, "paging.order", "Rows change places"),
    ({"forbidden": frozenset({"pay"})}, "rights.pays", "refused"),
    (ROUTES, "rights.rooms", "absent"),
    (ROUTES, "rights.groups", "branch  yes"),
    ({"needs_branch": frozenset({"customer"})}, "rights.customers", "branch  yes"),
    (ROUTES, "rights.absent", "stay empty: rooms"),
    ({"forbidden": frozenset({"pay"})}, "rights.refused", "stay empty: pays"),
    (ROUTES, "rights.without_branch", "return 400 without one"),
    ({"removed": "ignored"}, "where.removed", "removed is ignored"),
    (ROUTES, "filters.day_cut", "are in local time"),
    ({"ignored_filters": frozenset({"is_study"})}, "where.is_study", "is_study is ignored"),
    *(
        (
            FILTERS,
            f"filters.{stream}.updated_at_from",
            "ignored",
        )
        for stream in ("customers", "lessons", "pays")
    ),
    *(
        (FILTERS, f"filters.{stream}.date_from", "ignored")
        for stream in ("logs", "sms_messages", "mail_messages", "phone_calls")
    ),
    *(
        (FILTERS, f"filters.customers.{name}", "ignored")
        for name in ("branch_ids", "customer_reject_id", "lead_status_id")
    ),
    (FILTERS, "filters.lessons.status", "ignored"),
    (FILTERS, "filters.customer_tariffs.dead", "ignored"),
    ({"bare_messages": True}, "rights.bare_messages", "only without /index"),
    (TOGETHER, "values.teacher_ids", "are names"),
    ({"empty_values": "blank"}, "values.unset", "is empty text"),
    (TOGETHER, "values.flags", "false and true"),
    ({"numbers_as_text": True}, "values.numbers", "Ids are texts"),
    (APART, "values.dates.YYYY-MM-DD", "customers.dob"),
    (TOGETHER, "values.unfit", "customers.balance"),
    (TOGETHER, "values.texts.nul", "customers.note"),
    (TOGETHER, "values.texts.letters", "customers.name"),
    (TOGETHER, "values.json", "written with escapes"),
    (TOGETHER, "values.lessons.streaming", "list of text"),
    (APART, "values.logs.fields", "are empty text, object"),
    (TOGETHER, "values.logs.fields", "JSON in a text"),
    (TOGETHER, "values.dates.DD.MM.YYYY", "groups.b_date"),
    (APART, "values.lessons.details", "where one customer is asked"),
    (APART, "values.lessons.replication_key", "no updated_at"),
    (TOGETHER, "values.customer_tariffs.missing", "customer_id"),
    (TOGETHER, "values.tariffs.lessons_count", "lesson_count in place"),
    (TOGETHER, "values.teachers.avatar_url", "avatarUrl in place"),
    (TOGETHER, "values.group_memberships.b_date", "both b_date and b_date_v"),
    (APART, "values.customer_tariffs.b_date", "b_date_v in place"),
    ({"old_version": True}, "values.customers.missing", "customer_reject_id"),
    (TOGETHER, "values.gender", "gender: 1, 2."),
    (APART, "values.gender", "gender: 0, 1."),
    (TOGETHER, "values.unknown", "customers: messenger_ids"),
    (TOGETHER, "values.customers.archived_only", "custom_refusal_comment"),
]
ELSEWHERE = {
    "bad_login_status": "seen only when the login is refused: test_a_refused_login_is_named",
    "latency_seconds": "a figure, not a sentence: test_slow_answers_are_counted",
    "token_ttl_seconds": "a token that dies is a token that dies: token_uses",
    "planted": "any JSON anywhere: what a schema cannot hold is reported as for junk_share",
}
INCOMPLETE = {
    "where.removed",
    "where.is_study",
    "rights.pays",
    "filters.lessons.status",
}
"""Findings of the cases above with which a sync cannot be complete."""


def test_every_switch_is_turned_on() -> None:
    turned = {name for switches, *_ in CASES for name in switches}
    assert turned | {*ELSEWHERE} == {field.name for field in dataclasses.fields(Quirks)}


_CACHE: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("switches", "key", "words"), CASES, ids=[f"{case[1]}-{case[2]}" for case in CASES]
)
def test_the_doctor_names_what_is_turned_on(
    school: Account, diagnose: Examine, switches: Switches, key: str, words: str
) -> None:
    name = str(sorted(switches.items()))
    if name not in _CACHE:
        with serve(school, Quirks(**switches)) as server:
            _CACHE[name] = diagnose(server), len(server.log)
    report, requests = _CACHE[name]
    assert words in report.findings()[key].text
    assert requests <= 120
    assert report.exit_code == 1 or key not in INCOMPLETE


def test_nothing_is_reported_that_is_not_turned_on(school: Account, diagnose: Examine) -> None:
    with serve(school) as server:
        report = diagnose(server)
    found = report.findings()
    for _, key, words in CASES:
        assert key not in found or words not in found[key].text, key
    assert found["values.zone"].value == "fits"
    assert report.exit_code == 0
    assert report.ask == []
    assert report.left_out == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_is_named(school: Account, diagnose: Examine, status: int) -> None:
    with serve(school, Quirks(bad_login_status=status)) as server:
        report = diagnose(server, api_key="wrong")
        assert len(server.log) == 1
    assert f"refused with status {status}" in report.findings()["way_in.login"].text
    assert report.exit_code == 2


def test_slow_answers_are_counted(school: Account, diagnose: Examine) -> None:
    with serve(school, Quirks(latency_seconds=0.03)) as server:
        report = diagnose(server)
    assert (report.findings()["way_in.pace"].counts["milliseconds"] or 0) >= 30


def test_the_time_zone_is_found(school: Account, diagnose: Examine) -> None:
    with serve(school) as server:
        report = diagnose(server, timezone=None)
        wrong = diagnose(server, timezone="Europe/Warsaw")
    assert report.findings()["values.offset"].value == {"winter": 120, "summer": 180}
    assert "TAP_ALFACRM_TIMEZONE=Europe/Kyiv" in report.set
    assert wrong.findings()["values.zone"].value == "does not fit"


@pytest.mark.parametrize("dated", ["Wed, 01 Jan 2020 00:00:00 GMT"], indirect=True)
@pytest.mark.usefixtures("dated")
def test_a_clock_that_is_wrong_is_named(school: Account, diagnose: Examine) -> None:
    with serve(school) as server:
        report = diagnose(server)
    assert "behind this machine's" in report.findings()["way_in.clock"].text


def test_refused_customers_end_in_a_short_report(school: Account, diagnose: Examine) -> None:
    with serve(school, Quirks(forbidden=frozenset({"customer"}))) as server:
        report = diagnose(server)
    assert report.exit_code == 1
    assert any("No sync starts without customer" in line for line in report.ask)


def test_a_user_without_the_module_is_reported(school: Account, diagnose: Examine) -> None:
    with serve(school, Quirks(forbidden=frozenset(ENTITIES))) as server:
        report = diagnose(server)
    assert any("module v2api" in line for line in report.ask)
    assert report.exit_code == 1


def test_an_account_without_a_card_is_examined(diagnose: Examine) -> None:
    nothing = dict.fromkeys(
        ("leads", "clients", "archived_leads", "archived_clients", "lessons", "pays", "logs"), 0
    )
    with serve(Account.build(**nothing, groups=0, messages=0, tasks=0)) as server:
        report = diagnose(server)
    found = report.findings()
    assert found["where.is_study"].value == "no cards"
    assert found["paging.order"].text.startswith("There are too few rows")
    assert "0  none" in found["rights.customer_calendars"].text
    for key in ("archived", "updated_at_from", "lead_reject_id"):
        assert "not tried: " in found[f"filters.customers.{key}"].text
    assert "not tried: " in found["filters.lessons.status"].text
    assert report.exit_code == 0


@pytest.mark.parametrize(
    "quirks",
    [Quirks(), Quirks(removed="ignored"), Quirks(ignored_filters=frozenset({"is_study"}))],
    ids=["plain", "removed ignored", "is_study ignored"],
)
def test_the_cost_of_a_sync_is_what_it_costs(
    school: Account, diagnose: Examine, sync: Callable[..., Output], quirks: Quirks
) -> None:
    with serve(school, quirks) as server:
        counts = diagnose(server).findings()["where.cost"].counts
        before = len(server.data_requests)
        output = sync(server, streams=("customers",))
        requests = [r for r in server.data_requests[before:] if r.entity == "customer"]
    discovery, *reading = requests
    assert discovery.body["pageSize"] == 500
    assert counts["requests"]
    assert counts["cards"] == len(output.records("customers"))
    # the end of a list that may have been cut at its first page is checked, and a first page that
    # does not show whether `removed` works is requested again
    assert counts["requests"] <= len(reading) <= counts["requests"] + 5


def test_a_list_that_is_counted_too_long_has_no_ceiling(school: Account, diagnose: Examine) -> None:
    with serve(school, Quirks(total="wrong")) as server:
        report = diagnose(server)
    assert report.findings()["paging.page_size"].value == "no ceiling met"


def test_customers_of_each_branch_are_counted(school: Account, diagnose: Examine) -> None:
    with serve(school, Quirks(needs_branch=frozenset({"customer"}))) as server:
        found = diagnose(server).findings()
    counts = found["duplicates.branches"].counts
    assert counts["by branch"] == sum(len(row["branch_ids"]) for row in school.rows("customer"))
    assert "branch by branch" in found["where.cost"].text


@pytest.mark.parametrize(
    "quirks",
    [Quirks(absent=frozenset({"branch"})), Quirks(forbidden=frozenset({"branch"}))],
    ids=["absent", "forbidden"],
)
def test_branches_that_cannot_be_listed_are_to_be_set(
    school: Account, diagnose: Examine, quirks: Quirks
) -> None:
    with serve(school, quirks) as server:
        report = diagnose(server)
    assert "no branch" in report.findings()["rights.pays"].text
    assert any("Set branch_ids" in line for line in report.set)
    assert "The user may read every list that the account has." not in report.fine
    assert report.exit_code == 1


def test_a_branch_that_is_not_there_is_reported(school: Account, diagnose: Examine) -> None:
    with serve(school) as server:
        report = diagnose(server, branch_ids=[1, 99])
    assert "Correct branch_ids: the user sees no branch 99." in report.set
    assert report.exit_code == 1


def test_what_the_settings_leave_out_is_reported(school: Account, diagnose: Examine) -> None:
    with serve(school) as server:
        report = diagnose(server, branch_ids=[1], is_study=[1], include_archived=False)
        branches = {request.branch for request in server.data_requests if request.entity == "pay"}
    assert branches == {1}
    assert report.findings()["where.narrowed"].value == [
        *("branch_ids", "is_study", "include_archived")
    ]


def test_cards_that_come_twice_are_counted(school: Account, diagnose: Examine) -> None:
    several = sum(len(row["branch_ids"]) > 1 for row in school.rows("customer"))
    with serve(school) as server:
        counts = diagnose(server).findings()["duplicates.branches"].counts
    assert counts["several"] == several > 0
    assert counts["account"] == len(school.customer_ids())


def test_the_partitions_are_those_of_the_account(school: Account, diagnose: Examine) -> None:
    with serve(school) as server:
        found = diagnose(server).findings()
    for kind, is_study in ((0, 0), (1, 1), (2, None), (3, None)):
        assert found[f"where.is_study.{kind}"].counts == {
            "removed 0": len(school.customer_ids(is_study, archived=False)),
            "removed 1": len(school.customer_ids(is_study)),
            "removed 2": len(school.customer_ids(is_study, archived=True)),
        }
    assert found["where.is_study.7"].value == "the same as 2"
    assert found["where.is_study.7"].counts == {"removed 1": len(school.customer_ids())}
    assert found["where.is_study.-1"].counts["removed 1"] == 0
