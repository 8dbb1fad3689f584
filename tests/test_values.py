"""Values of records after a complete run of the tap."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import requests

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


def served(server: Server, entity: str = "customer") -> dict[int, dict[str, Any]]:
    """The rows of the API, read without the tap."""
    login = {"email": server.email, "api_key": server.api_key}
    token = requests.post(f"{server.url}/v2api/auth/login", json=login, timeout=60).json()["token"]
    rows = requests.post(
        f"{server.url}/v2api/{entity}/index",
        json={"is_study": 2, "removed": 1, "pageSize": 500},
        headers={"X-ALFACRM-TOKEN": token},
        timeout=60,
    ).json()["items"]
    return {int(row["id"]): row for row in rows}


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
            assert isinstance(record[name], Decimal)
            assert str(record[name]) == row[name]  # digit for digit
        if row["dob"]:
            assert record["dob"] == "-".join(reversed(row["dob"].split(".")))
        for name in ("branch_ids", "teacher_ids", "phone", "email", "is_study", "lead_status_id"):
            assert record[name] == row[name]
        for name in ("name", "note", "legal_name"):
            assert record[name] == row[name]
        for name, value in row.items():
            if name.startswith("custom_"):
                assert record[name] == value


@pytest.mark.parametrize(
    ("quirk", "fields"),
    [
        ({"teacher_ids": "names"}, ["teacher_ids"]),
        ({"unicode_oddities": True}, ["name", "note", "legal_name"]),
        ({"unicode_oddities": True, "escaped_json": True}, ["name", "note", "legal_name"]),
        ({"gender": "one_two"}, ["gender"]),
        ({"gender": "one_zero"}, ["gender"]),
        ({"newer_field": True}, ["messenger_ids"]),
        ({}, ["note", "phone", "email", "color"]),
    ],
    ids=str,
)
def test_valid_pages_are_unchanged(
    sync: Sync, account: Account, quirk: dict[str, Any], fields: list[str]
) -> None:
    with serve(account, Quirks(**quirk)) as server:
        truth = served(server)
        records = sync(server).final()
    for name in fields:
        values = [row[name] for row in truth.values()]
        assert any(values)
        given = [records[card][name] for card in truth]
        assert json.dumps(given) == json.dumps(values)


def test_the_account_has_notes_with_special_characters(account: Account) -> None:
    """Otherwise the test above would prove little."""
    texts = "".join(f"{row['note']}{row['name']}" for row in account.rows("customer"))
    for piece in ("\r\n", "\n\n", "🎉", "є", "ы"):
        assert piece in texts


def test_a_birthday_is_the_same_day_in_either_shape(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(dob_format="iso")) as server:
        truth = served(server)
        records = sync(server).final()
    birthdays = {card: row["dob"] for card, row in truth.items() if row["dob"]}
    assert len(birthdays) > 10
    assert {card: records[card]["dob"] for card in birthdays} == birthdays


@pytest.mark.parametrize(
    ("stream", "entity"),
    [
        ("branches", "branch"),
        ("lead_statuses", "lead-status"),
        ("lead_rejects", "lead-reject"),
        ("customer_rejects", "customer-reject"),
    ],
)
@pytest.mark.parametrize(
    "quirk",
    [{}, {"flags": "booleans"}, {"numbers_as_text": True}, {"empty_values": "blank"}],
    ids=str,
)
def test_dictionaries_hold_what_the_account_holds(
    sync: Sync, account: Account, quirk: dict[str, Any], stream: str, entity: str
) -> None:
    with serve(account, Quirks(**quirk)) as server:
        records = sync(server, streams=(stream,)).final(stream)
    for row in account.rows(entity):
        record = {name: records[row["id"]][name] for name in row}
        assert json.dumps(record) == json.dumps(row)  # 1 is not true
    assert len(records) == len(account.rows(entity)) > 0


def test_blanks_stay_in_texts_and_nowhere_else(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(empty_values="blank")) as server:
        truth = served(server)
        output = sync(server)
    properties = standard_schema("customers")["properties"]
    blanks = 0
    for card, record in output.final().items():
        for name in properties.keys() & truth[card].keys():
            if truth[card][name] == "":
                blanks += 1
                kind = properties[name]
                is_text = "string" in kind["type"] and "format" not in kind
                assert record[name] == ("" if is_text else None), name
    assert blanks > 500
    assert not any("became null" in line for line in output.warnings())


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

    def typed(output: Output) -> dict[int, str]:
        return {
            card: repr(  # 1 is not True
                {
                    name: value
                    for name, value in record.items()
                    if name not in texts and not name.startswith("custom_")
                }
            )
            for card, record in output.final().items()
        }

    assert typed(output) == typed(expected)


def test_junk_becomes_null_and_is_counted_by_field(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(junk_share=0.5)) as server:
        truth = served(server)
        output = sync(server)
    records = output.final()
    assert records.keys() == truth.keys()
    junk = {"dob": "31.13.2010", "e_date": "0000-00-00", "balance": "abc"}
    cards = {
        name: [card for card, row in truth.items() if row[name] == value]
        for name, value in junk.items()
    }
    told = ", ".join(f"{name} {len(cards[name])}" for name in sorted(junk))
    [line] = [line for line in output.warnings() if "became null" in line]
    assert line == f"customers: values that their type cannot hold became null: {told}."
    for name, found in cards.items():
        assert found
        for card, record in records.items():
            assert (record[name] is None) == (card in found or not truth[card][name])
    notes = {card: row["note"] for card, row in truth.items() if "\x00" in (row["note"] or "")}
    assert notes
    for card, note in notes.items():
        assert records[card]["note"] == note.replace("\x00", "")


def test_a_field_new_in_the_sync_is_logged_once(sync: Sync, account: Account) -> None:
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
    assert not any("catalog" in line for line in output.warnings())


def test_an_unset_zone_is_told(sync: Sync, server: Server) -> None:
    output = sync(server, timezone=None)
    assert any("timezone is unset" in line for line in output.warnings())
    assert not any("timezone" in line for line in sync(server).warnings())
