from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Quirks

if TYPE_CHECKING:
    from tests.simulator.conftest import Start

Row = dict[str, Any]


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.build()


def served(start: Start, account: Account, path: str, **quirks: Any) -> dict[int, Row]:
    client = start(Quirks(**quirks), account=account)
    return {int(row["id"]): row for row in client.items(f"0/{path}")}


def subscriptions(start: Start, account: Account, **quirks: Any) -> dict[int, Row]:
    customer = account.rows("customer-tariff", archived=False)[0]["customer_id"]
    return served(start, account, f"customer-tariff?customer_id={customer}", **quirks)


def dotted(day: str) -> str:
    return ".".join(reversed(day.split("-")))


def test_details_may_come_only_with_a_customer(start: Start, account: Account) -> None:
    rows = served(start, account, "lesson")
    assert rows
    assert all("details" in row for row in rows.values())
    client = start(Quirks(lesson_details="with_customer"), account=account)
    bare = client.items("lesson/index")
    assert bare
    assert not any("details" in row for row in bare)
    lesson = next(row for row in rows.values() if row["details"])
    mine = client.items("lesson/index", customer_id=lesson["customer_ids"][0])
    assert lesson in mine


def test_teachers_of_groups_may_be_names(start: Start, account: Account) -> None:
    names = {row["id"]: row["name"] for row in account.rows("teacher")}
    plain = served(start, account, "group")
    named = served(start, account, "group", teacher_ids="names")
    for id_, row in plain.items():
        assert named[id_]["teacher_ids"] == [names[teacher] for teacher in row["teacher_ids"]]
    assert any(row["teacher_ids"] for row in plain.values())
    lessons = served(start, account, "lesson", teacher_ids="names")
    assert lessons == served(start, account, "lesson")


def test_streaming_of_lessons_may_be_an_array(start: Start, account: Account) -> None:
    plain = served(start, account, "lesson")
    assert {row["streaming"] for row in plain.values()} == {False}
    mixed = [
        row["streaming"]
        for row in served(start, account, "lesson", lesson_streaming="mixed").values()
    ]
    assert False in mixed
    assert [] in mixed
    assert any(links and isinstance(links[0], str) for links in mixed if links is not False)


def test_fields_of_the_log_have_three_shapes(start: Start, account: Account) -> None:
    lists, blank, text = (
        served(start, account, "log", log_fields=shape) for shape in ("lists", "blank", "json")
    )
    seen = set()
    for id_, row in lists.items():
        for field in ("fields_old", "fields_new", "fields_rel"):
            value = row[field]
            seen.add(str(value) if not value else "object")
            assert blank[id_][field] == (value or "")
            assert text[id_][field] == (json.dumps(value) if value != "" else "")
    assert seen == {"[]", "", "object"}


def test_dates_of_groups_may_be_dotted(start: Start, account: Account) -> None:
    plain = served(start, account, "group")
    for id_, row in served(start, account, "group", group_dates="dotted").items():
        assert (row["b_date"], row["e_date"]) == (
            dotted(plain[id_]["b_date"]),
            dotted(plain[id_]["e_date"]),
        )


@pytest.mark.parametrize(
    ("path", "quirk", "names"),
    [
        ("tariff", "lesson_count_key", ("lessons_count", "lesson_count")),
        ("teacher", "avatar_key", ("avatar_url", "avatarUrl")),
    ],
)
def test_some_fields_have_two_names(
    start: Start, account: Account, path: str, quirk: str, names: tuple[str, str]
) -> None:
    old, new = names
    plain = served(start, account, path)
    for id_, row in served(start, account, path, **{quirk: new}).items():
        assert list(row) == [new if key == old else key for key in plain[id_]]
        assert row[new] == plain[id_][old]


def test_subscriptions_may_lack_their_customer(start: Start, account: Account) -> None:
    plain = subscriptions(start, account)
    lacking = subscriptions(start, account, no_customer_in_tariffs=True)
    assert lacking
    for id_, row in lacking.items():
        assert {"customer_id": plain[id_]["customer_id"], **row} == plain[id_]
        assert "customer_id" not in row


def test_an_old_list_has_no_updated_at_and_no_filter_by_it(start: Start, account: Account) -> None:
    client = start(Quirks(no_updated_at=frozenset({"lesson"})), account=account)
    rows = client.items("lesson/index", updated_at_from="01.01.2099")
    assert len(rows) == len(client.items("lesson/index")) > 0
    assert not any("updated_at" in row for row in rows)
    groups = client.items("group/index")
    assert groups
    assert all("updated_at" in row for row in groups)
    assert client.items("group/index", updated_at_from="01.01.2099") == []


def test_dates_may_have_twins_for_display(start: Start, account: Account) -> None:
    plain = subscriptions(start, account)
    both = subscriptions(start, account, display_dates="both")
    alone = subscriptions(start, account, display_dates="display_only")
    for id_, row in plain.items():
        twins = {"b_date_v": row["b_date"], "e_date_v": row["e_date"]}
        assert both[id_] == row | twins
        rest = {key: value for key, value in row.items() if key not in {"b_date", "e_date"}}
        assert alone[id_] == rest | twins
    timetable = served(start, account, "regular-lesson")
    for row in timetable.values():
        assert dotted(row["b_date"]) == row["b_date_v"]
        assert dotted(row["e_date"]) == row["e_date_v"]
    for row in served(start, account, "regular-lesson", display_dates="display_only").values():
        assert "b_date" not in row
        assert row["b_date_v"] == timetable[row["id"]]["b_date_v"]


def test_the_switches_of_values_reach_into_attendance(start: Start, account: Account) -> None:
    plain = served(start, account, "lesson")
    truth = next(row for row in plain.values() if row["details"])
    quirks = {"flags": "booleans", "numbers_as_text": True, "empty_values": "blank"}
    row = served(start, account, "lesson", **quirks)[truth["id"]]
    for detail, true in zip(row["details"], truth["details"], strict=True):
        assert detail["is_attend"] is bool(true["is_attend"])
        assert detail["customer_id"] == str(true["customer_id"])
        assert detail["reason_id"] == ("" if true["reason_id"] is None else str(true["reason_id"]))
    assert served(start, account, "lesson") == plain
