from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from simulator import Account, Quirks

if TYPE_CHECKING:
    from tests.simulator.conftest import Client, Start


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.build()


@pytest.fixture
def client(start: Start, account: Account) -> Client:
    return start(account=account)


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("cgi/index", "group_id"),
        ("cgi/customer", "customer_id"),
        ("customer-tariff/index", "customer_id"),
        ("communication/index", "class, related_id"),
        ("communication/index?class=Task", "related_id"),
        ("bonus/balance-bonus", "customer_id"),
        ("calendar/customer?id=1", "date1, date2"),
    ],
)
def test_a_parameter_missing_in_the_url_is_400_in_russian(
    client: Client, path: str, missing: str
) -> None:
    body = {"group_id": 1, "customer_id": 1, "class": "Task", "related_id": 1}
    response = client.post(f"1/{path}", body)
    assert response.status_code == 400
    assert response.json()["message"] == f"Отсутствуют обязательные параметры: {missing}"
    assert response.json()["type"] == "yii\\web\\BadRequestHttpException"


def test_members_are_asked_for_by_group_or_by_customer(client: Client, account: Account) -> None:
    members = account.rows("cgi", archived=False)
    assert len(members) < len(account.rows("cgi"))
    for parent in ("group_id", "customer_id"):
        found = []
        for id_ in {row[parent] for row in account.rows("cgi")}:
            found += client.items(f"0/cgi/index?{parent}={id_}", removed=1, dead=True)
        assert sorted(row["id"] for row in found) == sorted(row["id"] for row in members)
    customer = members[0]["customer_id"]
    by_action = client.items(f"0/cgi/customer?customer_id={customer}")
    assert by_action == client.items(f"0/cgi/index?customer_id={customer}")
    assert client.ids("0/cgi/index?group_id=1") == []


def test_members_come_under_the_branches_of_their_group(client: Client, account: Account) -> None:
    member = account.rows("cgi", archived=False)[0]
    group = next(row for row in account.rows("group") if row["id"] == member["group_id"])
    for branch in (1, 2, 3):
        found = client.ids(f"{branch}/cgi/index?group_id={group['id']}")
        assert (member["id"] in found) == (branch in group["branch_ids"])


def test_subscriptions_are_living_or_dead_and_the_same_under_every_branch(
    client: Client, account: Account
) -> None:
    rows = account.rows("customer-tariff")
    customers = {row["customer_id"] for row in rows}
    living, dead = set[int](), set[int]()
    for customer in customers:
        path = f"customer-tariff/index?customer_id={customer}"
        mine = client.items(f"1/{path}")
        assert mine == client.items(f"2/{path}", customer_id=max(customers))
        assert {row["customer_id"] for row in mine} <= {customer}
        living |= {row["id"] for row in mine}
        dead |= set(client.ids(f"1/{path}", dead=True))
    assert living == {row["id"] for row in account.rows("customer-tariff", archived=False)}
    assert dead == {row["id"] for row in account.rows("customer-tariff", archived=True)}
    assert {row["is_archive"] for row in rows if row["id"] in dead} == {1}


def test_comments_are_asked_for_by_class_and_id(client: Client, account: Account) -> None:
    rows = account.rows("communication")
    found = set()
    for kind, id_ in {(row["class"], row["related_id"]) for row in rows}:
        mine = client.items(f"0/communication/index?class={kind}&related_id={id_}")
        assert {(row["class"], row["related_id"]) for row in mine} == {(kind, id_)}
        found |= {row["id"] for row in mine}
    assert found == {row["id"] for row in rows}


def test_a_bonus_is_one_object(start: Start, account: Account) -> None:
    id_ = account.rows("customer")[0]["id"]
    account.update("customer", id_, balance_bonus=70)
    client = start(account=account)
    response = client.post(f"1/bonus/balance-bonus?customer_id={id_}")
    assert response.json() == {"balance_bonus": 70}
    assert client.server.data_requests[-1].ids == [id_]
    assert client.post("1/bonus/balance-bonus?customer_id=1").status_code == 404
    text = start(Quirks(numbers_as_text=True), account=account)
    path = f"1/bonus/balance-bonus?customer_id={id_}"
    assert text.post(path).json() == {"balance_bonus": "70"}


def test_a_calendar_is_a_bare_array_of_lessons_of_any_status(
    client: Client, account: Account
) -> None:
    lessons = account.rows("lesson")
    customer = lessons[0]["customer_ids"][0]
    mine = [row for row in lessons if customer in row["customer_ids"]]
    query = f"1/calendar/customer?id={customer}&date1=01.01.2018&date2=31.12.2030"
    found = client.post(query).json()
    assert {row["id"] for row in found} == {row["id"] for row in mine}
    assert set(found[0]) == {"id", "type", "status", "start", "duration"}
    assert {row["duration"] for row in found} == {60}
    day = f"{date.fromisoformat(mine[0]['date']):%d.%m.%Y}"
    query = f"1/calendar/customer?id={customer}&date1={day}&date2={day}"
    found = client.post(query).json()
    assert {row["start"][:10] for row in found} == {mine[0]["date"]}
    assert client.post(query.replace(day, mine[0]["date"])).json() == []
