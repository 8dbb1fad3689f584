from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Quirks
from simulator.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Client, Start

EVERYTHING: dict[str, dict[str, Any]] = {
    "customer": {"is_study": 2, "removed": 1},
    "teacher": {"removed": 1},
    "group": {"removed": 1},
    "subject": {"active": False},
    "lesson": {"status": [1, 2, 3]},
}
LISTS = sorted(path for path, entity in ENTITIES.items() if not entity.url_params)
BRANCH_NEEDED = {
    *("location", "lesson-type", "teacher/teacher-rate", "teacher/working-hour", "pay"),
    *("pay-account", "pay-item", "pay-item-category", "pay-type", "task", "log", "user"),
    *("sms-message", "mail-message", "phone-call", "streaming"),
}
UNNAMED = {
    *("log", "sms-message", "mail-message", "phone-call"),
    *("teacher/teacher-rate", "teacher/working-hour"),
}
"""Lists that differ between branches although their rows have no branch field."""


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.build()


@pytest.fixture
def client(start: Start, account: Account) -> Client:
    return start(account=account)


@pytest.mark.parametrize("path", LISTS)
def test_every_list_gives_all_its_rows(client: Client, account: Account, path: str) -> None:
    body = EVERYTHING.get(path, {})
    truth = {row["id"]: row for row in account.rows(path)}
    everywhere = client.items(f"0/{path}", **body)
    assert {row["id"]: row for row in everywhere} == truth
    assert len(everywhere) == len(truth)
    by_branch = [client.items(f"{branch}/{path}", **body) for branch in (1, 2, 3)]
    assert {row["id"] for rows in by_branch for row in rows} == set(truth)
    named = any({"branch_id", "branch_ids"} & row.keys() for row in truth.values())
    if not named and path not in UNNAMED:
        assert everywhere
        assert all(rows == everywhere for rows in by_branch)
    else:
        assert any(len(rows) < len(truth) for rows in by_branch)
    for branch, rows in enumerate(by_branch, start=1):
        for row in rows:
            assert branch in row.get("branch_ids", [row.get("branch_id", branch)])


@pytest.mark.parametrize("path", LISTS)
def test_some_lists_need_a_branch_in_the_path(client: Client, path: str) -> None:
    assert client.post(path).status_code == (404 if path in BRANCH_NEEDED else 200)


@pytest.mark.parametrize("path", ["task", "group", "teacher", "pay-item", "tariff"])
def test_a_row_of_two_branches_comes_under_both(
    client: Client, account: Account, path: str
) -> None:
    both = [row["id"] for row in account.rows(path) if {1, 2} <= set(row["branch_ids"])]
    body = EVERYTHING.get(path, {})
    if not both:
        both = [account.insert(path, branch_ids=[1, 2])]
    for branch in (1, 2):
        assert set(both) <= set(client.ids(f"{branch}/{path}", **body))


def test_an_action_has_no_index(client: Client) -> None:
    for path in ("teacher/working-hour", "teacher/teacher-rate"):
        assert client.post(f"1/{path}").status_code == 200
        assert client.post(f"1/{path}/index").status_code == 404


def test_messages_may_answer_without_index_only(start: Start, account: Account) -> None:
    bare = start(Quirks(bare_messages=True), account=account)
    either = start(account=account)
    for path in ("sms-message", "mail-message", "phone-call"):
        assert bare.post(f"1/{path}").status_code == 200
        assert bare.post(f"1/{path}/index").status_code == 404
        assert either.envelope(f"1/{path}/index") == either.envelope(f"1/{path}")
    assert bare.post("1/log/index").status_code == 200


def test_any_entity_may_be_refused(start: Start, account: Account) -> None:
    quirks = Quirks(forbidden=frozenset({"lesson"}), absent=frozenset({"teacher/working-hour"}))
    client = start(quirks, account=account)
    assert client.post("1/lesson/index").status_code == 403
    assert client.post("1/teacher/working-hour").status_code == 404
    assert client.post("1/teacher/index").status_code == 200


def lesson_order(row: dict[str, Any]) -> object:
    return row["date"], row["time_from"]


def pay_order(row: dict[str, Any]) -> object:
    return row["document_date"].split(".")[::-1], row["id"]


def id_order(row: dict[str, Any]) -> object:
    return row["id"]


@pytest.mark.parametrize(
    ("path", "order"),
    [("lesson", lesson_order), ("pay", pay_order), ("log", id_order), ("sms-message", id_order)],
)
def test_the_newest_come_first(
    client: Client, path: str, order: Callable[[dict[str, Any]], Any]
) -> None:
    rows = client.items(f"0/{path}/index")
    assert len(rows) > 10
    assert rows == sorted(rows, key=order, reverse=True)


@pytest.mark.parametrize("path", ["lesson", "pay", "log"])
def test_a_new_row_pushes_the_others_down(start: Start, path: str) -> None:
    client = start()
    before = client.ids(f"0/{path}", pageSize=3)
    new = client.server.account.insert(path)
    assert client.ids(f"0/{path}", pageSize=3) == [new, *before[:2]]
