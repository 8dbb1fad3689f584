from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from simulator import Account


@pytest.fixture(scope="module")
def demo() -> Account:
    return Account.demo()


def test_the_demo_account_has_its_size(demo: Account) -> None:
    sizes = [
        len(demo.customer_ids(is_study, archived=archived))
        for archived in (False, True)
        for is_study in (0, 1)
    ]
    assert sizes == [2_159, 1_479, 10_000, 3_142]
    entities = ("lead-status", "lead-reject", "customer-reject", "pipeline", "branch")
    assert [len(demo.rows(entity)) for entity in entities] == [12, 12, 12, 2, 5]
    assert {row["is_active"] for row in demo.rows("branch")} == {0, 1}


def test_reject_reasons_are_as_mixed_as_in_real_accounts(demo: Account) -> None:
    archived = [row for row in demo.rows("customer") if demo.is_archived(row["id"])]
    neither = [
        row for row in archived if not row["lead_reject_id"] and not row["customer_reject_id"]
    ]
    assert len(neither) == 87
    assert any(row["customer_reject_id"] for row in archived if row["is_study"] == 0)
    active = [row for row in demo.rows("customer") if not demo.is_archived(row["id"])]
    assert sum(row["customer_reject_id"] is not None for row in active) == 4
    assert all(row["e_date"] == "2030-12-31" for row in active)
    assert all(row["e_date"] != "2030-12-31" for row in archived)


def test_nulls_are_as_frequent_as_in_real_accounts(demo: Account) -> None:
    active = [row for row in demo.rows("customer") if not demo.is_archived(row["id"])]

    def share(field: str) -> float:
        return sum(not row[field] for row in active) / len(active)

    assert share("teacher_ids") == pytest.approx(0.58, abs=0.05)
    assert share("color") == pytest.approx(0.9, abs=0.03)
    assert share("study_status_id") == pytest.approx(0.59, abs=0.03)
    assert share("dob") == pytest.approx(0.76, abs=0.04)
    assert share("created_at") == pytest.approx(0.05, abs=0.02)
    assert sum(row["balance_bonus"] is None for row in active) / len(active) == pytest.approx(
        0.39, abs=0.04
    )
    assert sum(row["balance"].startswith("-") for row in active) == 24
    assert any(len(row["branch_ids"]) == 2 for row in active)


def test_wall_clock_and_utc_differ_by_the_zone_of_the_account(demo: Account) -> None:
    hours = set()
    for row in demo.rows("customer"):
        if row["created_at"] is None:
            continue
        created = datetime.fromisoformat(row["created_at"]).replace(tzinfo=UTC)
        local = created.astimezone(ZoneInfo("Europe/Kyiv")).replace(tzinfo=None)
        assert row["b_date"] == local.isoformat(" ")
        hours.add((local - created.replace(tzinfo=None)).seconds // 3600)
    assert hours == {2, 3}


def test_a_seed_makes_the_same_account_again() -> None:
    one, again, other = Account.build(seed=5), Account.build(seed=5), Account.build(seed=6)
    assert one.rows("customer") == again.rows("customer")
    assert one.rows("customer") != other.rows("customer")
