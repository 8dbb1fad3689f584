from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Quirks
from simulator.rendering import has_junk

if TYPE_CHECKING:
    from tests.simulator.conftest import Start

EVERYTHING: dict[str, Any] = {"is_study": 2, "removed": 1}


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.build(leads=40, clients=40, archived_leads=40, archived_clients=40)


def served(start: Start, account: Account, **quirks: Any) -> dict[int, dict[str, Any]]:
    client = start(Quirks(**quirks), account=account)
    return {int(row["id"]): row for row in client.items(**EVERYTHING)}


def test_a_plain_account_serves_the_truth(start: Start, account: Account) -> None:
    truth = {row["id"]: row for row in account.rows("customer")}
    rows = served(start, account)
    assert rows == truth
    assert len([key for key in next(iter(rows.values())) if not key.startswith("custom_")]) == 36


def test_teachers_may_be_names(start: Start, account: Account) -> None:
    names = {row["id"]: row["name"] for row in account.rows("teacher")}
    plain, named = served(start, account), served(start, account, teacher_ids="names")
    for id_, row in plain.items():
        assert named[id_]["teacher_ids"] == [names[teacher] for teacher in row["teacher_ids"]]
    assert any(row["teacher_ids"] for row in plain.values())


def test_nothing_may_be_blank(start: Start, account: Account) -> None:
    plain, blank = served(start, account), served(start, account, empty_values="blank")
    for id_, row in plain.items():
        assert blank[id_] == {key: "" if value is None else value for key, value in row.items()}


def test_flags_may_be_booleans(start: Start, account: Account) -> None:
    rows = served(start, account, flags="booleans")
    assert {row["is_study"] for row in rows.values()} == {True, False}
    assert all(isinstance(row["is_study"], bool) for row in rows.values())


def test_numbers_may_be_text(start: Start, account: Account) -> None:
    rows = served(start, account, numbers_as_text=True)
    plain = account.rows("customer")[0]
    row = rows[plain["id"]]
    assert row["id"] == str(plain["id"])
    assert row["branch_ids"] == [str(branch) for branch in plain["branch_ids"]]
    assert not [key for key, value in row.items() if isinstance(value, int)]


def test_birthdays_have_two_shapes(start: Start, account: Account) -> None:
    plain, iso = served(start, account), served(start, account, dob_format="iso")
    dotted = {id_: row["dob"] for id_, row in plain.items() if row["dob"]}
    assert dotted
    for id_, dob in dotted.items():
        day, month, year = dob.split(".")
        assert iso[id_]["dob"] == f"{year}-{month}-{day}"


def test_an_old_version_lacks_the_newer_keys(start: Start, account: Account) -> None:
    rows = served(start, account, old_version=True, gender="one_two")
    lacking = {"pipeline_id", "customer_reject_id", "created_at", "updated_at"}
    truth = account.rows("customer")[0]
    assert set(rows[truth["id"]]) == set(truth) - lacking


@pytest.mark.parametrize(
    ("gender", "values"), [("one_two", {1, 2, None}), ("one_zero", {1, 0, None})]
)
def test_gender_is_told_in_two_ways(
    start: Start, account: Account, gender: str, values: set[int | None]
) -> None:
    rows = served(start, account, gender=gender)
    assert {row["gender"] for row in rows.values()} == values


def test_junk_hits_its_share_of_cards_and_no_others(start: Start, account: Account) -> None:
    plain, junk = served(start, account), served(start, account, junk_share=0.4)
    hit = {id_ for id_ in plain if junk[id_] != plain[id_]}
    assert hit == {id_ for id_ in plain if has_junk(id_, 0.4)}
    assert 0.2 < len(hit) / len(plain) < 0.6
    rows = [junk[id_] for id_ in hit]
    assert any(row["dob"] == "31.13.2010" for row in rows)
    assert any(row["e_date"] == "0000-00-00" for row in rows)
    assert any(row["balance"] == "abc" for row in rows)
    assert any("\0" in (row["note"] or "") for row in rows)


def test_unicode_is_unchanged_in_any_encoding(start: Start, account: Account) -> None:
    odd = served(start, account, unicode_oddities=True)
    escaped = start(Quirks(unicode_oddities=True, escaped_json=True), account=account)
    response = escaped.post("customer/index", {**EVERYTHING, "pageSize": 500})
    assert response.content.isascii()
    assert b"\\/" in response.content
    assert {row["id"]: row for row in response.json()["items"]} == odd
    names = " ".join(row["name"] for row in odd.values())
    assert "👨‍👩‍👧‍👦" in names
    assert "\u2028" in names


def test_new_keys_turn_up(start: Start, account: Account) -> None:
    rows = served(start, account, newer_field=True, late_custom_field=True)
    assert rows
    assert all("messenger_ids" in row for row in rows.values())
    late = {id_ for id_, row in rows.items() if "custom_refusal_comment" in row}
    assert late
    assert late < account.customer_ids(archived=True)


def test_the_quirks_leave_the_ids_alone(start: Start, account: Account) -> None:
    rows = served(
        start,
        account,
        teacher_ids="names",
        empty_values="blank",
        flags="booleans",
        numbers_as_text=True,
        dob_format="iso",
        junk_share=0.5,
        unicode_oddities=True,
        newer_field=True,
        late_custom_field=True,
    )
    assert set(rows) == account.customer_ids()


def test_every_value_has_its_shape(account: Account) -> None:
    moment, day = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", r"\d{4}-\d\d-\d\d"
    shapes = {
        "b_date": moment,
        "updated_at": moment,
        "next_lesson_date": moment,
        "e_date": day,
        "last_attend_date": day,
        "dob": r"\d\d\.\d\d\.\d{4}",
        "balance": r"-?\d+\.\d\d",
        "custom_contract_date": r"\d\d\.\d\d\.\d{4}",
        "custom_age": r"\d+",
    }
    for row in account.rows("customer"):
        for field, shape in shapes.items():
            assert row[field] is None or re.fullmatch(shape, row[field]), field
