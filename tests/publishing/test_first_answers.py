"""The example queries are correct, and have the same results in DuckDB and PostgreSQL."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median_low
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scripts import answers
from simulator import Account, serve
from tap_alfacrm.tap import TapAlfaCRM
from tests.conftest import config_for
from tests.loaders.kit import DuckDb, Postgres

KYIV = ZoneInfo("Europe/Kyiv")
SIZES = {
    "leads": 60,
    "clients": 40,
    "archived_leads": 80,
    "archived_clients": 20,
    "lessons": 120,
    "pays": 250,
}
Rows = list[tuple[Any, ...]]
Answers = dict[str, Rows]


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.build(**SIZES)


@pytest.fixture(scope="module")
def found(
    account: Account, postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Answers, Answers]:
    """Results of DuckDB and of PostgreSQL."""
    return _load(account, postgres, tmp_path_factory.mktemp("answers"))


def _load(account: Account, postgres: str, folder: Path) -> tuple[Answers, Answers]:
    for name in ("duckdb", "postgres"):
        (folder / name).mkdir()
    duck = DuckDb(folder / "duckdb")
    elephant = Postgres(folder / "postgres", postgres, f"answers_{len(account.rows('pay'))}")
    with serve(account) as server:
        config = config_for(server, timezone="Europe/Kyiv")
        catalog = answers.selection(TapAlfaCRM(config=config).catalog_dict)
        for loader in (duck, elephant):
            loader.load(config, catalog)
    queries = answers.queries()
    return (
        {name: answers.ask(Path(duck.target), query)[1] for name, query in queries.items()},
        {name: elephant.ask(query) for name, query in queries.items()},
    )


def _alike(rows: Rows) -> Rows:
    return [tuple(Decimal(str(v)) if isinstance(v, float) else v for v in row) for row in rows]


def _month(day: str) -> date:
    """The month of a day in the API's format."""
    if "." in day:
        day = "-".join(reversed(day.split(".")))
    return date.fromisoformat(day).replace(day=1)


def _day(text: str) -> date:
    return date.fromisoformat("-".join(reversed(text.split("."))))


def test_both_databases_answer_the_same(found: tuple[Answers, Answers]) -> None:
    duck, elephant = found
    assert set(duck) == {"funnel", "rejects", "waits", "attendance", "revenue"}
    for name, rows in duck.items():
        assert rows
        assert _alike(rows) == _alike(elephant[name]), name


def test_the_funnel_counts_open_and_lost_leads(
    found: tuple[Answers, Answers], account: Account
) -> None:
    staged = {
        archived: [
            row
            for row in account.rows("customer", archived=archived)
            if row["is_study"] == 0 and row["lead_status_id"]
        ]
        for archived in (False, True)
    }
    names = {row["id"]: row["name"] for row in account.rows("lead-status")}
    told = found[0]["funnel"]
    for archived, column in ((False, 2), (True, 3)):
        truth = Counter(names[row["lead_status_id"]] for row in staged[archived])
        assert {row[1]: row[column] for row in told if row[column]} == truth


def test_each_lost_lead_has_its_reason_and_source(
    found: tuple[Answers, Answers], account: Account
) -> None:
    reasons, sources = (
        {row["id"]: row["name"] for row in account.rows(entity)}
        for entity in ("lead-reject", "lead-source")
    )
    truth = Counter(
        (
            reasons.get(row["lead_reject_id"], "(no reason given)"),
            sources.get(row["lead_source_id"], "(no source given)"),
        )
        for row in account.rows("customer", archived=True)
        if row["is_study"] == 0
    )
    told = found[0]["rejects"]
    assert {row[:2]: row[2] for row in told} == truth
    of_reason: Counter[str] = Counter()
    for (reason, _), leads in truth.items():
        of_reason[reason] += leads
    order = [(of_reason[row[0]], row[2]) for row in told]
    assert [reason for reason, _ in order] == sorted(
        (of_reason[reason] for reason, _ in truth), reverse=True
    )
    for reason, _, leads, percent in told:
        assert abs(float(percent) - 100 * leads / of_reason[reason]) <= 0.0501


def test_the_wait_goes_to_the_first_payment(
    found: tuple[Answers, Answers], account: Account
) -> None:
    first: dict[int, date] = {}
    for row in account.rows("pay"):
        if row["pay_type_id"] == 1 and row["customer_id"] is not None:
            day = _day(row["document_date"])
            first[row["customer_id"]] = min(first.get(row["customer_id"], day), day)
    waits: dict[int, list[int]] = defaultdict(list)
    for row in account.rows("customer"):
        if row["id"] in first:
            begun = datetime.fromisoformat(row["b_date"]).replace(tzinfo=KYIV).astimezone(UTC)
            made = date.fromisoformat((row["created_at"] or str(begun))[:10])
            waits[made.year].append((first[row["id"]] - made).days)
    told = {row[0]: row[1:] for row in found[0]["waits"]}
    assert told == {
        year: (len(days), median_low(days), sorted(days)[math.ceil(0.8 * len(days)) - 1])
        for year, days in waits.items()
    }


def test_attendance_counts_each_pupil_of_each_lesson_that_took_place(
    found: tuple[Answers, Answers], account: Account
) -> None:
    expected: Counter[date] = Counter()
    came: Counter[date] = Counter()
    for lesson in account.rows("lesson"):
        if lesson["status"] == 3:
            month = _month(lesson["date"])
            expected[month] += len(lesson["details"])
            came[month] += sum(int(pupil["is_attend"]) for pupil in lesson["details"])
    told = found[0]["attendance"]
    assert {row[0]: (row[1], row[2]) for row in told} == {
        month: (count, came[month]) for month, count in expected.items() if count
    }
    for _, expected_there, there, percent in told:
        assert abs(float(percent) - 100 * there / expected_there) <= 0.05


def test_revenue_is_exact(found: tuple[Answers, Answers], account: Account) -> None:
    paid: dict[date, list[Decimal]] = defaultdict(lambda: [Decimal(), Decimal()])
    for row in account.rows("pay"):
        types = {1: 0, 5: 1}
        month = paid[_month(row["document_date"])]
        if row["pay_type_id"] in types:
            month[types[row["pay_type_id"]]] += Decimal(row["income"])
    assert {row[0]: [row[2], row[3]] for row in found[0]["revenue"]} == paid


@pytest.mark.recipes
def test_the_page_shows_what_the_demo_account_answers(tmp_path: Path) -> None:
    for file, text in answers.render(answers.load(tmp_path)).items():
        assert file.read_text(encoding="utf-8") == text, file.name


@pytest.mark.recipes
def test_both_databases_answer_the_same_on_the_demo_account(postgres: str, tmp_path: Path) -> None:
    duck, elephant = _load(Account.demo(), postgres, tmp_path)
    for name, rows in duck.items():
        assert _alike(rows) == _alike(elephant[name]), name
