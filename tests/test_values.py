"""What the rows hold when they have gone through the whole tap."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from simulator import Account, Quirks, serve
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.tap import TapAlfaCRM
from tests.conftest import config_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator import Server
    from tests.conftest import Output

    Sync = Callable[..., Output]

KYIV = ZoneInfo("Europe/Kyiv")


def by_id(account: Account) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in account.rows("customer")}


def utc(text: str | None, zone: dt.tzinfo) -> str | None:
    if not text:
        return None
    moment = dt.datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    "quirk", [{}, {"escaped_json": True}, {"late_custom_field": True}], ids=str
)
def test_every_value_is_right(sync: Sync, account: Account, quirk: dict[str, Any]) -> None:
    with serve(account, Quirks(**quirk)) as server:
        records = sync(server).final()
    truth = by_id(account)
    assert records.keys() == truth.keys()
    for card, record in records.items():
        row = truth[card]
        for name in ("b_date", "next_lesson_date", "paid_till", "paid_lesson_date"):
            assert record[name] == utc(row[name], KYIV)
        for name in ("created_at", "updated_at"):
            assert record[name] == utc(row[name], dt.UTC)
        for name in ("balance", "balance_base"):
            assert record[name] == Decimal(row[name])
        if row["dob"]:
            assert record["dob"] == "-".join(reversed(row["dob"].split(".")))
        for name in ("branch_ids", "teacher_ids", "phone", "email", "is_study", "lead_status_id"):
            assert record[name] == row[name]
        for name in ("name", "note", "legal_name"):
            assert record[name] == row[name]
        for name, value in row.items():
            if name.startswith("custom_"):
                assert record[name] == value


def test_teachers_by_name_load_as_names(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(teacher_ids="names")) as server:
        records = sync(server).records("customers")
    teachers = [teacher for record in records for teacher in record["teacher_ids"]]
    assert teachers
    assert all(isinstance(teacher, str) for teacher in teachers)


def test_an_older_account_has_nulls_for_the_newer_fields(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(old_version=True)) as server:
        output = sync(server)
    for record in output.records("customers"):
        for name in ("pipeline_id", "customer_reject_id", "created_at", "updated_at"):
            assert record[name] is None
        assert set(record) == set(standard_schema("customers")["properties"]) | {
            name for name in record if name.startswith("custom_")
        }


@pytest.mark.parametrize(
    "quirk", [{"empty_values": "blank"}, {"flags": "booleans"}, {"numbers_as_text": True}], ids=str
)
def test_the_other_way_to_say_the_same_gives_the_same_rows(
    sync: Sync, account: Account, quirk: dict[str, Any]
) -> None:
    with serve(account) as server:
        expected = sync(server)
    with serve(account, Quirks(**quirk)) as server:
        output = sync(server)
    texts = {"teacher_ids", "note", "barcode", "name", "legal_name", "color"}

    def typed(output: Output) -> dict[int, dict[str, Any]]:
        return {
            card: {
                name: value
                for name, value in record.items()
                if name not in texts and not name.startswith("custom_")
            }
            for card, record in output.final().items()
        }

    assert typed(output) == typed(expected)


def test_junk_becomes_null_and_is_counted_by_field(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(junk_share=0.5)) as server:
        output = sync(server)
    assert sorted(output.ids()) == sorted(account.customer_ids())
    [line] = [line for line in output.warnings() if "cannot hold became null" in line]
    nulls = sum(record["balance"] is None for record in output.records("customers"))
    assert nulls > 0
    assert f"balance {nulls}" in line
    assert not any("\x00" in (record["note"] or "") for record in output.records("customers"))


def test_a_field_first_met_during_the_sync_is_told_once(sync: Sync, account: Account) -> None:
    with serve(account) as server:
        catalog = TapAlfaCRM(config=config_for(server)).catalog_dict
    with serve(account, Quirks(late_custom_field=True)) as server:
        output = sync(server, catalog=catalog, page_size=10)
    [line] = [line for line in output.warnings() if "custom_refusal_comment" in line]
    assert "--refresh-catalog" in line
    assert sorted(output.ids()) == sorted(account.customer_ids())
    assert "custom_refusal_comment" not in output.records("customers")[0]


def test_a_field_newer_than_the_schema_is_loaded(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(newer_field=True)) as server:
        output = sync(server)
    assert "messenger_ids" in output.records("customers")[0]
    assert not any("catalogue" in line for line in output.warnings())


def test_an_unset_zone_is_told(sync: Sync, server: Server) -> None:
    output = sync(server, timezone=None)
    assert any("timezone is unset" in line for line in output.warnings())
    assert not any("timezone" in line for line in sync(server).warnings())
