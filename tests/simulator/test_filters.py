from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Quirks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Client, Start

Row = dict[str, Any]


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.build(lessons=200)


@pytest.fixture
def client(start: Start, account: Account) -> Client:
    return start(account=account)


def ids(rows: list[Row]) -> set[int]:
    return {row["id"] for row in rows}


def test_lessons_without_a_status_are_the_conducted_ones(client: Client, account: Account) -> None:
    by_status = {
        status: ids([row for row in account.rows("lesson") if row["status"] == status])
        for status in (1, 2, 3)
    }
    assert all(by_status.values())
    assert set(client.ids("lesson/index")) == by_status[3]
    for status, wanted in by_status.items():
        assert set(client.ids("lesson/index", status=status)) == wanted


@pytest.mark.parametrize("path", ["group", "teacher"])
def test_archived_groups_and_teachers_are_hidden(
    client: Client, account: Account, path: str
) -> None:
    active, archived = (ids(account.rows(path, archived=flag)) for flag in (False, True))
    assert active
    assert archived
    assert set(client.ids(f"{path}/index")) == active
    assert set(client.ids(f"{path}/index", removed=1)) == active | archived
    assert set(client.ids(f"{path}/index", removed=2)) == archived


def test_subjects_no_longer_taught_are_hidden(client: Client, account: Account) -> None:
    taught = ids(account.rows("subject", archived=False))
    assert set(client.ids("subject/index")) == set(client.ids("subject/index", active=1)) == taught
    assert set(client.ids("subject/index", active=False)) == ids(account.rows("subject")) > taught


def test_a_lesson_is_found_by_id_if_the_status_fits(client: Client, account: Account) -> None:
    planned = next(row["id"] for row in account.rows("lesson") if row["status"] == 1)
    assert client.ids("lesson/index", id=planned) == []
    assert client.ids("lesson/index", id=planned, status=1) == [planned]


def test_filters_may_be_ignored_in_one_list_or_in_all(start: Start, account: Account) -> None:
    client = start(
        Quirks(ignored_filters=frozenset({"lesson.id", "updated_at_from"})), account=account
    )
    everything = client.ids("lesson/index")
    assert client.ids("lesson/index", id=everything[0]) == everything
    assert client.ids("lesson/index", updated_at_from="01.01.2099") == everything
    group = client.ids("group/index")
    assert client.ids("group/index", updated_at_from="01.01.2099") == group
    assert client.ids("group/index", id=group[0]) == group[:1]


@pytest.mark.parametrize("path", ["lesson", "group", "pay"])
def test_changes_are_found_by_whole_days(start: Start, path: str) -> None:
    account = Account.build()
    moments = ["2026-02-01 21:59:59", "2026-02-01 23:59:59", "2026-02-02 00:00:00"]
    new = [account.insert(path, updated_at=moment) for moment in moments]
    client = start(account=account)
    everything = set(client.ids(f"0/{path}"))
    assert set(client.ids(f"0/{path}", updated_at_from="02.02.2026")) == {new[2]}
    day = {"updated_at_from": "01.02.2026", "updated_at_to": "01.02.2026"}
    assert set(client.ids(f"0/{path}", **day)) == set(new[:2])
    assert set(client.ids(f"0/{path}", updated_at_from="2026-02-02")) == everything
    local = start(Quirks(filter_days="local"), account=account)
    assert set(local.ids(f"0/{path}", updated_at_from="02.02.2026")) == {new[1], new[2]}


def test_lessons_are_found_by_iso_dates_and_dotted_ones_find_none(
    client: Client, account: Account
) -> None:
    conducted = [row for row in account.rows("lesson") if row["status"] == 3]
    day = sorted(row["date"] for row in conducted)[len(conducted) // 2]
    wanted = ids([row for row in conducted if row["date"] >= day])
    assert 0 < len(wanted) < len(conducted)
    assert set(client.ids("lesson/index", date_from=day)) == wanted
    assert client.ids("lesson/index", date_from=day, date_to="2000-01-01") == []
    dotted = ".".join(reversed(day.split("-")))
    assert client.ids("lesson/index", date_from=dotted) == []


def test_payments_are_found_by_dates_in_three_shapes(client: Client, account: Account) -> None:
    rows = {row["id"]: row["document_date"].split(".")[::-1] for row in account.rows("pay")}
    year, month, day = sorted(rows.values())[len(rows) // 2]
    later = {id_ for id_, found in rows.items() if found >= [year, month, day]}
    same = {id_ for id_, found in rows.items() if found == [year, month, day]}
    assert 0 < len(later) < len(rows)
    for shape in (f"{year}.{month}.{day}", f"{year}-{month}-{day}", f"{day}.{month}.{year}"):
        assert set(client.ids("0/pay/index", date_from=shape)) == later
        assert set(client.ids("0/pay/index", date_from=shape, date_to=shape)) == same
    for body in ({"document_date_from": "2099-01-01"}, {"date_from": "45.99.2025"}):
        assert set(client.ids("0/pay/index", **body)) == set(rows)


def test_the_log_is_cut_by_days_in_a_zone_of_its_own(start: Start) -> None:
    account = Account.build()
    moments = ["2026-07-01 23:30:00", "2026-07-02 00:30:00", "2026-07-02 03:30:00"]
    new = [account.insert("log", date_time=moment) for moment in moments]
    local, utc = start(Quirks(filter_days="local"), account=account), start(account=account)
    assert set(local.ids("0/log/index", date_from="02.07.2026")) == set(new[1:])
    assert set(utc.ids("0/log/index", date_from="02.07.2026")) == set(new[2:])
    assert len(local.ids("0/log/index", date_from="2026-07-02")) == len(account.rows("log"))
    assert new[0] in local.ids("0/log/index", date_to="01.07.2026")
    assert new[1] not in local.ids("0/log/index", date_to="01.07.2026")
    assert new[1] in utc.ids("0/log/index", date_to="01.07.2026")


@pytest.mark.parametrize(
    ("path", "field"),
    [("sms-message", "added"), ("mail-message", "sent_date"), ("phone-call", "call_date")],
)
def test_messages_are_found_by_iso_dates(
    client: Client, account: Account, path: str, field: str
) -> None:
    rows = [row for row in account.rows(path) if row[field]]
    day = sorted(row[field] for row in rows)[len(rows) // 2][:10]
    wanted = ids([row for row in rows if row[field][:10] >= day])
    assert 0 < len(wanted) < len(rows)
    assert set(client.ids(f"0/{path}", date_from=day)) == wanted
    dotted = ".".join(reversed(day.split("-")))
    assert set(client.ids(f"0/{path}", date_from=dotted)) == ids(account.rows(path))


def is_open(row: Row) -> bool:
    return row["due_date"] is None


def taught_by(row: Row) -> bool:
    return 202 in row["teacher_ids"]


@pytest.mark.parametrize(
    ("path", "body", "wanted"),
    [
        ("task", {"due_date_is_null": True}, is_open),
        ("task", {"is_done": 1}, lambda row: row["is_done"] == 1),
        ("regular-lesson", {"related_class": "Group"}, lambda row: row["related_class"] == "Group"),
        ("regular-lesson", {"teacher_id": 202}, taught_by),
        ("log", {"entity": "Lesson"}, lambda row: row["entity"] == "Lesson"),
        ("pay", {"sum_from": 4000}, lambda row: float(row["income"]) >= 4000),
        ("pay", {"sum_to": "4000"}, lambda row: float(row["income"]) <= 4000),
        ("tariff", {"lessons_count": [4, 8]}, lambda row: row["lessons_count"] in {4, 8}),
    ],
)
def test_other_filters_keep_what_they_say(
    client: Client, account: Account, path: str, body: Row, wanted: Callable[[Row], bool]
) -> None:
    rows = account.rows(path)
    kept = ids([row for row in rows if wanted(row)])
    assert 0 < len(kept) < len(rows)
    assert set(client.ids(f"0/{path}", **body)) == kept
    assert set(client.ids(f"0/{path}", **dict.fromkeys(body, "?"))) <= ids(rows)
