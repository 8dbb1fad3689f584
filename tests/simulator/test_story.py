"""The demo account is believable: its numbers tell a story that is true of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, school

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Row = dict[str, Any]


@pytest.fixture(scope="module")
def demo() -> Account:
    return Account.demo()


def iso(day: str) -> str:
    return "-".join(reversed(day.split(".")))


def shares(
    rows: list[Row], of: Callable[[Row], Hashable], wanted: Callable[[Row], object]
) -> dict[Any, float]:
    every, found = Counter(map(of, rows)), Counter(of(row) for row in rows if wanted(row))
    return {key: found[key] / count for key, count in every.items() if count > 100}


def test_nothing_is_a_numbered_copy(demo: Account) -> None:
    for entity in ("lead-status", "lead-reject", "customer-reject", "lead-source", "study-status"):
        names = [row["name"] for row in demo.rows(entity)]
        assert len(set(names)) == len(names)
        assert not any(character.isdigit() for name in names for character in name)


def test_a_lead_goes_through_eight_stages_in_order(demo: Account) -> None:
    main, camp = (row["id"] for row in demo.rows("pipeline"))
    stages = sorted(demo.rows("lead-status"), key=lambda row: row["weight"])
    assert [row["name"] for row in stages if row["pipeline_id"] == main] == list(school.STAGES)
    assert len(school.STAGES) == 8
    assert {row["pipeline_id"] for row in stages[8:]} == {camp}


@pytest.mark.parametrize("field", ["lead_reject_id", "customer_reject_id", "lead_source_id"])
def test_a_few_reasons_and_sources_are_most(demo: Account, field: str) -> None:
    counts = Counter(row[field] for row in demo.rows("customer") if row[field]).most_common()
    assert len(counts) == 12
    assert sum(count for _, count in counts[:3]) > 0.45 * sum(count for _, count in counts)
    assert counts[0][1] > 10 * counts[-1][1]


def test_leads_come_in_september_and_the_school_grows(demo: Account) -> None:
    months = Counter(row["b_date"][:7] for row in demo.rows("customer"))
    by_year: dict[str, dict[str, int]] = defaultdict(dict)
    for month, count in months.items():
        by_year[month[:4]][month[5:]] = count
    for year, counts in by_year.items():
        assert max(counts, key=lambda month: counts[month]) == "09", year
        assert min(counts["06"], counts["07"]) < 0.6 * sum(counts.values()) / len(counts), year
    sums = [sum(by_year[year].values()) for year in sorted(by_year)]
    assert all(before < after for before, after in pairwise(sums))


def test_one_branch_is_weak(demo: Account) -> None:
    weak = demo.rows("branch")[school.WEAK_BRANCH]["id"]
    cards = demo.rows("customer")
    won = shares(cards, lambda row: row["branch_ids"][0], lambda row: row["is_study"])
    pupils = [pupil for row in demo.rows("lesson") for pupil in row["details"]]
    came = shares(pupils, lambda row: row["branch_id"], lambda row: row["is_attend"])
    for found, gap in ((won, 0.08), (came, 0.08)):
        assert min(found, key=lambda branch: found[branch]) == weak
        assert sorted(found.values())[1] - found[weak] > gap
    bad_time = demo.rows("lead-reject")[school.BAD_TIME]["id"]
    lost = [row for row in cards if row["lead_reject_id"]]
    late = shares(
        lost, lambda row: row["branch_ids"][0], lambda row: row["lead_reject_id"] == bad_time
    )
    assert max(late, key=lambda branch: late[branch]) == weak


def test_one_manager_is_strong(demo: Account) -> None:
    names = {row["id"]: row["name"] for row in demo.rows("user")}
    assert all(name.replace(" ", "").isalpha() for name in names.values())
    won = shares(
        [row for row in demo.rows("customer") if row["assigned_id"]],
        lambda row: row["assigned_id"],
        lambda row: row["is_study"],
    )
    *_, second, best = sorted(won.values())
    assert best > 1.5 * second


def test_lessons_are_those_of_the_timetable(demo: Account) -> None:
    timetable = {row["id"]: row for row in demo.rows("regular-lesson")}
    members = defaultdict(list)
    for row in demo.rows("cgi"):
        members[row["group_id"]].append(row)
    slots = set()
    lessons = [row for row in demo.rows("lesson") if row["regular_id"]]
    assert len(lessons) > 0.8 * len(demo.rows("lesson"))
    for lesson in lessons:
        regular = timetable[lesson["regular_id"]]
        day = lesson["date"]
        assert date.fromisoformat(day).isoweekday() in regular["days"]
        assert regular["b_date"] <= day <= regular["e_date"]
        assert lesson["time_from"][11:16] == regular["time_from_v"]
        assert lesson["teacher_ids"] == regular["teacher_ids"]
        assert lesson["subject_id"] in {regular["subject_id"], None}
        slots.add((regular["id"], day))
        if regular["related_class"] == "Customer":
            assert lesson["customer_ids"] == [regular["related_id"]]
            continue
        assert lesson["group_ids"] == [regular["related_id"]]
        there = [
            row["customer_id"]
            for row in members[regular["related_id"]]
            if iso(row["b_date"]) <= day <= iso(row["e_date"])
        ]
        assert set(lesson["customer_ids"]) == set(there)
    assert len(slots) == len(lessons)


def test_a_group_has_no_more_members_than_places(demo: Account) -> None:
    limits = {row["id"]: row["limit"] for row in demo.rows("group")}
    counts = Counter(row["group_id"] for row in demo.rows("cgi", archived=False))
    assert all(count <= (limits[group] or 7) for group, count in counts.items())


def test_payments_and_charges_fit_the_prices(demo: Account) -> None:
    tariffs = {row["id"]: row for row in demo.rows("tariff")}
    bought = {row["id"]: tariffs[row["tariff_id"]] for row in demo.rows("customer-tariff")}
    pays = [row for row in demo.rows("pay") if row["ctt_id"]]
    for pay in pays:
        price, count = (
            Decimal(bought[pay["ctt_id"]]["price"]),
            bought[pay["ctt_id"]]["lessons_count"],
        )
        parts = (
            {price, price / 2}
            if pay["pay_type_id"] == 1
            else {price / count * n for n in (1, 2, 3)}
        )
        assert Decimal(pay["income"]) in {part.quantize(Decimal("0.01")) for part in parts}
    assert len(pays) > 5_000
    charges = [
        pupil
        for row in demo.rows("lesson")
        for pupil in row["details"]
        if pupil["commission"] != "0.00"
    ]
    assert all(pupil["is_attend"] for pupil in charges)
    for pupil in charges:
        if (pupil["ctt_id"] or 0) > 0:
            tariff = bought[pupil["ctt_id"]]
            assert Decimal(pupil["commission"]) * tariff["lessons_count"] == Decimal(
                tariff["price"]
            )


def test_a_balance_is_as_many_lessons_as_are_left(demo: Account) -> None:
    clients = [row for row in demo.rows("customer") if row["is_study"]]
    for row in clients:
        balance, left = Decimal(row["balance"]), row["paid_count"]
        assert (balance > 0, balance < 0) == (left > 0, left < 0)
        if left:
            assert balance / left in school.LESSON_PRICES
