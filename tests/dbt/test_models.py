"""The models agree with the simulated account."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml

from scripts import dbt_sources
from tests.dbt.conftest import CLOCK_CHANGE
from tests.dbt.kit import MODELS, PACKAGE, TODAY, Rows, Step, Warehouse, run_steps

if TYPE_CHECKING:
    from pathlib import Path

    from simulator import Account

DESCRIBED = {
    model["name"]: model
    for file in sorted((PACKAGE / "models").rglob("*.yml"))
    for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", [])
}
MARTS = sorted(file.stem for file in (PACKAGE / "models" / "marts").glob("*.sql"))
OF_SUBSCRIPTIONS = {"live_subscriptions", "subscription_balance"}
"""Columns from a stream that is not loaded into PostgreSQL."""
COMPARED = [*MARTS, "alfacrm__lesson_customers", "int_alfacrm__lessons"]
"""Models that must be equal in both databases; the last one has every staged type."""
UNLIKE = {"extracted_at", "teacher_ids", "customer_ids", "group_ids", "streaming", "details"}
"""Columns that differ between loaders."""
MEASURES = {
    "alfacrm__conversion_cohorts": "cards",
    "alfacrm__lead_funnel": "lost_leads",
    "alfacrm__lead_stage_history": "is_logged",
    "alfacrm__manager_performance": "cards",
    "alfacrm__retention": "lessons_attended",
    "alfacrm__revenue": "income",
    "alfacrm__teacher_load": "lessons_conducted",
}
"""The measure that is totalled, for marts whose rows are not counted."""


def day(text: str) -> dt.date:
    """Parse a date in either format of the API."""
    return dt.date.fromisoformat("-".join(reversed(text.split("."))) if "." in text else text)


def test_generated_models_are_not_stale() -> None:
    for file, text in dbt_sources.files().items():
        assert file.read_text(encoding="utf-8") == text, f"{file}: python -m scripts.dbt_sources"
    names = {f"stg_alfacrm__{stream}" for stream in dbt_sources.STREAMS}
    assert {file.stem for file in dbt_sources.STAGING.glob("*.sql")} == names


def test_each_column_is_described(duckdb_models: Warehouse) -> None:
    found = duckdb_models.columns()
    assert set(DESCRIBED) == set(found) - {"alfacrm__customers_snapshot"}
    for model, entry in DESCRIBED.items():
        assert entry["description"]
        described = {column["name"]: column["description"] for column in entry["columns"]}
        assert all(described.values()), model
        if model == "int_alfacrm__lessons":  # has those of the staging model too
            assert described.keys() <= set(found[model])
        else:
            standard = {name for name in found[model] if not name.startswith("custom_")}
            assert {name for name in described if not name.startswith("custom_")} == standard, model


def test_both_databases_say_the_same(duckdb_models: Warehouse, postgres_models: Warehouse) -> None:
    columns_of = duckdb_models.columns()
    for model in COMPARED:
        columns = [name for name in columns_of[model] if name not in OF_SUBSCRIPTIONS | UNLIKE]
        ours, theirs = duckdb_models.rows(model, columns), postgres_models.rows(model, columns)
        # each is of a run of its own, with its own choice of streams
        ours, theirs = (
            [row for row in rows if "sync_incomplete" not in row] for rows in (ours, theirs)
        )
        assert ours == theirs, model
        assert ours, model


def test_custom_fields_pass_through(duckdb_models: Warehouse, school: Account) -> None:
    truth = {row["id"]: row["custom_age"] for row in school.rows("customer")}
    assert truth == dict(
        duckdb_models.ask("SELECT customer_id, custom_age FROM stg_alfacrm__customers")
    )


def test_each_card_has_its_state(duckdb_models: Warehouse, school: Account) -> None:
    states = {
        (0, False): "open lead",
        (0, True): "lost lead",
        (1, False): "client",
        (1, True): "former client",
    }
    truth = {
        id_: state
        for (is_study, archived), state in states.items()
        for id_ in school.customer_ids(is_study, archived=archived)
    }
    found = duckdb_models.ask("SELECT customer_id, customer_status FROM alfacrm__customers")
    assert dict(found) == truth


def test_each_lost_lead_has_its_reason(duckdb_models: Warehouse, school: Account) -> None:
    names = {row["id"]: row["name"] for row in school.rows("lead-reject")}
    truth = Counter(
        names[row["lead_reject_id"]]
        for row in school.rows("customer", archived=True)
        if not row["is_study"]
    )
    found = duckdb_models.ask("SELECT reason, count(*) FROM alfacrm__lead_losses GROUP BY reason")
    assert dict(found) == truth


def test_the_funnel_counts_open_and_lost_leads(duckdb_models: Warehouse, school: Account) -> None:
    truth: dict[int | None, list[int]] = defaultdict(lambda: [0, 0])
    for archived in (False, True):
        for row in school.rows("customer", archived=archived):
            if not row["is_study"]:
                truth[row["lead_status_id"]][archived] += 1
    found: dict[int | None, list[int]] = defaultdict(lambda: [0, 0])
    query = (
        "SELECT lead_status_id, open_leads, lost_leads FROM alfacrm__lead_funnel WHERE leads > 0"
    )
    for stage, still_open, lost in duckdb_models.ask(query):
        found[stage][0] += still_open
        found[stage][1] += lost
    assert found == truth


def test_a_card_went_through_its_stages(duckdb_models: Warehouse, school: Account) -> None:
    lead = min(school.customer_ids(0, archived=False))
    first, second, third = (row["name"] for row in school.rows("lead-status")[:3])
    found = duckdb_models.ask(
        "SELECT stage, days, is_logged, agrees_with_card, CAST(entered_at_local AS varchar) "
        f"FROM alfacrm__lead_stage_history WHERE customer_id = {lead} ORDER BY entered_at"
    )
    assert found == [
        (first, 2, False, None, "2025-10-01 12:00:00"),
        (second, 6, True, None, "2025-10-03 12:00:00"),
        (third, None, True, True, "2025-10-09 12:00:00"),
    ]


def test_revenue_is_exact(duckdb_models: Warehouse, school: Account) -> None:
    truth: dict[dt.date, list[Decimal]] = defaultdict(lambda: [Decimal()] * 4)
    place = {1: 0, 5: 1, 7: 2, 8: 3}
    for row in school.rows("pay"):
        month = day(row["document_date"]).replace(day=1)
        amounts = truth[month] = list(truth[month])
        amounts[place[row["pay_type_id"]]] += Decimal(row["income"])
    found = duckdb_models.ask(
        "SELECT revenue_month, sum(income), sum(refunds), sum(expenses), sum(salaries), "
        "sum(net_income) FROM alfacrm__revenue GROUP BY revenue_month"
    )
    assert {row[0]: list(row[1:5]) for row in found} == truth
    assert all(row[5] == row[1] - row[2] for row in found)
    [(corrections,)] = duckdb_models.ask("SELECT sum(corrections) FROM alfacrm__revenue")
    assert corrections == Decimal("-250.75")


def _pupils(school: Account) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [
        (lesson, pupil)
        for lesson in school.rows("lesson")
        if lesson["status"] == 3
        for pupil in lesson["details"]
    ]


def test_attendance_has_each_pupil_of_each_conducted_lesson(
    duckdb_models: Warehouse, school: Account
) -> None:
    truth = Counter(
        (lesson["id"], pupil["customer_id"], bool(pupil["is_attend"]), Decimal(pupil["commission"]))
        for lesson, pupil in _pupils(school)
    )
    found = duckdb_models.ask(
        "SELECT lesson_id, customer_id, is_attended, charge FROM alfacrm__attendance"
    )
    assert Counter(found) == truth


def test_grades_are_numbers_where_they_are(duckdb_models: Warehouse, school: Account) -> None:
    numbers = {"5": "5", "4,5": "4.5", "4": "4", "10": "10", "3,75": "3.75"}
    truth = Counter(
        Decimal(numbers[pupil["grade"]])
        for _, pupil in _pupils(school)
        if pupil["grade"] in numbers
    )
    found = duckdb_models.ask(
        "SELECT grade_value FROM alfacrm__attendance WHERE grade_value IS NOT NULL"
    )
    assert Counter(value for (value,) in found) == truth


def test_retention_begins_with_the_first_lesson(duckdb_models: Warehouse, school: Account) -> None:
    months = defaultdict(set)
    for lesson, pupil in _pupils(school):
        if pupil["is_attend"]:
            months[pupil["customer_id"]].add(day(lesson["date"]).replace(day=1))
    truth = Counter((min(seen), month) for seen in months.values() for month in seen)
    found = duckdb_models.ask(
        "SELECT cohort_month, lesson_month, active_pupils FROM alfacrm__retention "
        "WHERE active_pupils > 0"
    )
    assert {row[:2]: row[2] for row in found} == truth
    cohorts = Counter(min(seen) for seen in months.values())
    whole = duckdb_models.ask("SELECT DISTINCT cohort_month, cohort_pupils FROM alfacrm__retention")
    assert dict(whole) == cohorts


def test_debtors_owe_what_they_owe(duckdb_models: Warehouse, school: Account) -> None:
    truth = {
        row["id"]: (max(-Decimal(row["balance"]), Decimal()), max(-(row["paid_count"] or 0), 0))
        for row in school.rows("customer")
        if row["balance"].startswith("-") or (row["paid_count"] or 0) < 0
    }
    found = duckdb_models.ask("SELECT customer_id, debt, unpaid_lessons FROM alfacrm__debtors")
    assert {row[0]: row[1:] for row in found} == truth
    assert Decimal("1234567890.12") in {debt for debt, _ in truth.values()}


def test_a_lesson_across_a_clock_change(duckdb_models: Warehouse, school: Account) -> None:
    [lesson] = [row["id"] for row in school.rows("lesson") if row["date"] == CLOCK_CHANGE]
    found = duckdb_models.ask(
        "SELECT CAST(time_from AS varchar), CAST(time_from_local AS varchar), "
        "CAST(time_to AS varchar), CAST(time_to_local AS varchar), minutes "
        f"FROM int_alfacrm__lessons WHERE lesson_id = {lesson}"
    )
    assert found == [
        (
            f"{CLOCK_CHANGE} 00:30:01",
            f"{CLOCK_CHANGE} 02:30:01",
            f"{CLOCK_CHANGE} 01:29:59",
            f"{CLOCK_CHANGE} 04:29:59",
            60,
        )
    ]


def test_groups_count_the_members_of_today(duckdb_models: Warehouse, school: Account) -> None:
    members = defaultdict(set)
    for row in school.rows("cgi", archived=False):  # the API hides the others
        if day(row["b_date"]) <= TODAY <= day(row["e_date"]):
            members[row["group_id"]].add(row["customer_id"])
    truth = {row["id"]: (row["limit"], len(members[row["id"]])) for row in school.rows("group")}
    found = duckdb_models.ask("SELECT group_id, places, members FROM alfacrm__group_occupancy")
    assert {row[0]: row[1:] for row in found} == truth


def test_teachers_teach_what_they_teach(duckdb_models: Warehouse, school: Account) -> None:
    truth = Counter(
        teacher
        for lesson in school.rows("lesson")
        if lesson["status"] == 3
        for teacher in lesson["teacher_ids"] or [None]
    )
    found = duckdb_models.ask(
        "SELECT teacher_id, sum(lessons_conducted) FROM alfacrm__teacher_load "
        "GROUP BY teacher_id HAVING sum(lessons_conducted) > 0"
    )
    assert dict(found) == truth


def test_a_restored_card_with_a_reason_is_reported(
    duckdb_models: Warehouse, school: Account
) -> None:
    truth = [
        row["id"]
        for row in school.rows("customer", archived=False)
        if row["lead_reject_id"] or row["customer_reject_id"]
    ]
    found = duckdb_models.ask(
        "SELECT rows_failing, example_id FROM alfacrm__data_quality "
        "WHERE check_name = 'active_card_with_reason'"
    )
    assert found == [(len(truth), min(truth))]


def test_the_audit_is_checked_where_it_is_loaded(duckdb_models: Warehouse) -> None:
    found = {name for (name,) in duckdb_models.ask("SELECT check_name FROM alfacrm__data_quality")}
    assert ("sync_incomplete" in found) == ("sync_audit" in dbt_sources.STREAMS)


def _totals(folder: Path) -> dict[str, list[str]]:
    """The compiled tests of totals, by the mart that they are about."""
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    found: dict[str, list[str]] = defaultdict(list)
    for result in results:
        if any(name in result["unique_id"] for name in (".same_total_", "_is_whole")):
            code = result["compiled_code"]
            for mart in MARTS:
                if f'"{MODELS}"."{mart}"' in code:
                    found[mart].append(code)
    return found


@pytest.mark.parametrize("loses", [True, False])
def test_a_mart_that_loses_or_doubles_a_row_fails(
    duckdb_models: Warehouse, tmp_path: Path, *, loses: bool
) -> None:
    tests = _totals(duckdb_models.folder)
    assert set(tests) == set(MARTS) - {"alfacrm__data_quality"}
    with duckdb.connect(duckdb_models.copy(tmp_path).address) as connection:

        def failing(mart: str) -> Rows:
            return [row for test in tests[mart] for row in connection.execute(test).fetchall()]

        for mart in tests:
            table, measure = f"{MODELS}.{mart}", MEASURES.get(mart, "1")
            row = f"(SELECT rowid FROM {table} ORDER BY {measure} DESC LIMIT 1)"
            assert not failing(mart)
            connection.begin()
            if loses:
                connection.execute(f"DELETE FROM {table} WHERE rowid = {row}")
            else:
                connection.execute(f"INSERT INTO {table} SELECT * FROM {table} WHERE rowid = {row}")
            assert failing(mart), mart
            connection.rollback()


def test_the_snapshot_keeps_each_state_of_a_card(
    duckdb_models: Warehouse, school: Account, tmp_path: Path
) -> None:
    lead = max(school.customer_ids(0, archived=False))
    card = f"UPDATE main.customers SET is_archived = {{}} WHERE id = {lead}"
    statements = [
        card.format("true"),
        card.format("false"),
        f"DELETE FROM main.customers WHERE id = {lead}",
    ]
    warehouse = duckdb_models.copy(tmp_path)
    snapshot = warehouse.arguments("snapshot")
    run_steps([Step(snapshot, warehouse.environment, statement) for statement in statements])
    found = warehouse.ask(
        "SELECT is_archived, dbt_valid_to IS NULL, dbt_is_deleted FROM alfacrm__customers_snapshot "
        f"WHERE customer_id = {lead} ORDER BY dbt_valid_from"
    )
    assert found == [
        (False, False, "False"),
        (True, False, "False"),
        (False, False, "False"),
        (False, True, "True"),
    ]
