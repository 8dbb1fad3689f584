from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Change
from simulator.tables import SPECS

if TYPE_CHECKING:
    from tests.simulator.conftest import Start


def row_of(account: Account, entity: str, id_: int) -> dict[str, Any]:
    return next(row for row in account.rows(entity) if row["id"] == id_)


@pytest.mark.parametrize("entity", [*SPECS, "customer"])
def test_rows_of_any_entity_come_and_go(entity: str) -> None:
    account = Account.build()
    known = {row["id"] for row in account.rows(entity)}
    version = account.version
    new = account.insert(entity)
    assert new == max(known) + 1
    assert not account.is_archived(new, entity)
    assert set(row_of(account, entity, new)) == set(account.rows(entity)[0])
    field = next(name for name in row_of(account, entity, new) if name != "id")
    account.update(entity, new, **{field: None})
    assert row_of(account, entity, new)[field] is None
    account.delete(entity, new)
    assert {row["id"] for row in account.rows(entity)} == known
    assert account.insert(entity) == new + 1
    assert account.version > version


def test_given_fields_are_kept() -> None:
    account = Account.build()
    lesson = account.insert("lesson", status=1, topic="Гами")
    row = row_of(account, "lesson", lesson)
    assert (row["status"], row["topic"]) == (1, "Гами")
    lead = account.insert("customer", is_study=0, name="Нова")
    assert lead in account.customer_ids(0, archived=False)


def test_a_deleted_id_is_not_given_again() -> None:
    account = Account.build()
    last = max(row["id"] for row in account.rows("pay"))
    account.delete("pay", last)
    assert account.insert("pay") == last + 1


@pytest.mark.parametrize("entity", ["lesson", "group", "pay", "customer-tariff", "regular-lesson"])
def test_a_change_moves_updated_at_unless_it_is_given(entity: str) -> None:
    account = Account.build()
    id_ = account.rows(entity)[0]["id"]
    latest = max(row["updated_at"] for row in account.rows(entity))
    account.update(entity, id_, note="!")
    assert row_of(account, entity, id_)["updated_at"] > latest
    account.update(entity, id_, updated_at="2020-01-01 00:00:00")
    assert row_of(account, entity, id_)["updated_at"] == "2020-01-01 00:00:00"


@pytest.mark.parametrize(
    ("entity", "ended", "goes_on"),
    [
        ("customer", {"e_date": "2025-11-01"}, {"e_date": "2030-12-31"}),
        ("teacher", {"e_date": "2025-11-01"}, {"e_date": "2030-12-31"}),
        ("group", {"e_date": "2025-11-01"}, {"e_date": "2026-11-01"}),
        ("cgi", {"e_date": "01.11.2025"}, {"e_date": "01.11.2026"}),
        (
            "customer-tariff",
            {"e_date": "01.11.2025", "is_archive": 1},
            {"e_date": "01.11.2026", "is_archive": 0},
        ),
        ("tariff", {"is_archive": 1}, {"is_archive": 0}),
        ("task", {"is_archive": 1}, {"is_archive": 0}),
        ("subject", {}, {}),
    ],
)
def test_rows_go_to_the_archive_and_come_back(
    entity: str, ended: dict[str, Any], goes_on: dict[str, Any]
) -> None:
    account = Account.build()
    id_ = account.rows(entity, archived=False)[0]["id"]
    account.archive(id_, entity)
    assert account.is_archived(id_, entity)
    row = row_of(account, entity, id_)
    assert {key: row[key] for key in ended} == ended
    account.restore(id_, entity)
    assert not account.is_archived(id_, entity)
    row = row_of(account, entity, id_)
    assert {key: row[key] for key in goes_on} == goes_on


def test_a_group_may_change_while_it_is_read(start: Start) -> None:
    account = Account.build(groups=10)
    group = account.rows("group", archived=False)[0]["id"]
    client = start(account=account, changes=[Change(2, lambda a: a.archive(group, "group"))])
    assert group in client.ids("group/index")
    assert group not in client.ids("group/index")
    assert group in client.ids("group/index", removed=2)
