from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Quirks, serve
from tests.simulator.conftest import Client

if TYPE_CHECKING:
    from tests.simulator.conftest import Start

LEADS, CLIENTS, ARCHIVED_LEADS, ARCHIVED_CLIENTS = 11, 13, 17, 19


@pytest.fixture
def client(start: Start) -> Client:
    return start(
        account=Account.build(
            leads=LEADS,
            clients=CLIENTS,
            archived_leads=ARCHIVED_LEADS,
            archived_clients=ARCHIVED_CLIENTS,
        )
    )


@pytest.mark.parametrize(
    ("body", "total"),
    [
        ({}, CLIENTS),
        ({"is_study": None, "removed": None}, CLIENTS),
        ({"is_study": 0}, LEADS),
        ({"is_study": 1}, CLIENTS),
        ({"is_study": 2}, LEADS + CLIENTS),
        ({"is_study": 7}, LEADS + CLIENTS),
        ({"is_study": -1}, 0),
        ({"is_study": 0, "removed": 1}, LEADS + ARCHIVED_LEADS),
        ({"is_study": 0, "removed": 2}, ARCHIVED_LEADS),
        ({"removed": 2}, ARCHIVED_CLIENTS),
        ({"is_study": 2, "removed": 1}, LEADS + CLIENTS + ARCHIVED_LEADS + ARCHIVED_CLIENTS),
        ({"lead_reject_id": 999, "archived": 1, "filters": {"id": 1}}, CLIENTS),
    ],
)
def test_which_cards_come_back(client: Client, body: dict[str, Any], total: int) -> None:
    assert client.envelope(**body)["total"] == total


def test_removed_may_be_ignored(start: Start) -> None:
    client = start(Quirks(removed="ignored"))
    assert set(client.ids(removed=2)) == client.server.account.customer_ids(1, archived=False)


def test_clients_come_by_name_latin_first(client: Client) -> None:
    account = client.server.account
    for id_, name in zip(
        sorted(account.customer_ids(1, archived=False)),
        ["яна", "Zoe", "Анна", "anna", "БОРИС"],
        strict=False,
    ):
        account.update_customer(id_, name=name)
    names = [item["name"] for item in client.items()]
    assert names == sorted(names, key=str.casefold)
    wanted = {"яна", "Zoe", "Анна", "anna", "БОРИС"}
    assert [name for name in names if name in wanted] == ["anna", "Zoe", "Анна", "БОРИС", "яна"]


def test_leads_come_newest_first_and_both_by_name(client: Client) -> None:
    dates = [item["b_date"] for item in client.items(is_study=0)]
    assert dates == sorted(dates, reverse=True)
    names = [item["name"] for item in client.items(is_study=2)]
    assert names == sorted(names, key=str.casefold)


def test_a_branch_in_the_path_shows_its_own_cards(client: Client) -> None:
    account = client.server.account
    both = min(account.customer_ids(1, archived=False))
    account.update_customer(both, branch_ids=[1, 2])
    by_branch = {
        branch: client.ids(f"{branch}/customer/index", is_study=2, removed=1)
        for branch in (1, 2, 3)
    }
    assert both in by_branch[1]
    assert both in by_branch[2]
    everything = client.ids(is_study=2, removed=1)
    assert {id_ for ids in by_branch.values() for id_ in ids} == set(everything)
    assert sorted(by_branch[1]) == sorted(client.ids(is_study=2, removed=1, branch_ids=[1]))
    elsewhere = next(iter(set(everything) - set(by_branch[1])))
    assert client.ids("1/customer/index", is_study=2, removed=1, id=elsewhere) == []


def test_cards_are_found_by_id(client: Client) -> None:
    first, second, *_ = client.ids()
    assert client.ids(id=first) == [first]
    assert client.ids(id=str(first)) == [first]
    assert set(client.ids(id=[first, second])) == {first, second}


@pytest.mark.parametrize(
    ("days", "utc", "local"),
    [
        ({"updated_at_from": "02.10.2025"}, {2, 3}, {1, 2, 3}),
        ({"updated_at_to": "01.10.2025"}, {0, 1}, {0}),
        ({"updated_at_from": "02.10.2025", "updated_at_to": "02.10.2025"}, {2}, {1, 2}),
        ({"updated_at_from": "2025-10-02"}, {0, 1, 2, 3}, {0, 1, 2, 3}),
        ({"updated_at_from": "32.13.2025"}, {0, 1, 2, 3}, {0, 1, 2, 3}),
    ],
)
def test_changes_are_filtered_by_whole_days(
    start: Start, days: dict[str, str], utc: set[int], local: set[int]
) -> None:
    account = Account.build(clients=4)
    moments = ["2025-10-01 12:00:00", "2025-10-01 22:30:00", "2025-10-02 20:59:59"]
    moments.append("2025-10-03 00:00:00")
    ids = sorted(account.customer_ids(1, archived=False))
    for id_, moment in zip(ids, moments, strict=True):
        account.update_customer(id_, updated_at=moment)
    for quirks, wanted in ((Quirks(), utc), (Quirks(filter_days="local"), local)):
        client = start(quirks, account=account)
        assert {ids.index(id_) for id_ in client.ids(**days)} == wanted


def test_other_filters_narrow_the_list(client: Client) -> None:
    item = client.items(is_study=0)[0]
    day = item["b_date"][:10]
    for body in (
        {"name": item["name"].upper()},
        {"date_from": day, "date_to": day},
        {"lead_status_id": item["lead_status_id"] or 0},
    ):
        found = client.items(is_study=0, **body)
        assert 0 <= len(found) < LEADS
    assert item["id"] in client.ids(is_study=0, date_from=day, date_to=day)
    assert client.ids(is_study=0, date_from="2099-01-01") == []


@pytest.mark.parametrize("entity", ["branch", "lead-status", "lead-reject", "customer-reject"])
def test_dictionaries_come_whole_under_every_branch(client: Client, entity: str) -> None:
    rows = client.items(f"{entity}/index")
    assert {row["id"] for row in rows} == {row["id"] for row in client.server.account.rows(entity)}
    assert client.items(f"0/{entity}/index") == client.items(f"2/{entity}/index") == rows
    assert [row["weight"] for row in rows] == sorted(row["weight"] for row in rows)
    flag = "is_active" if entity == "branch" else "is_enabled"
    some = client.items(f"{entity}/index", **{flag: 1})
    assert some == [row for row in rows if row[flag] == 1]


@pytest.mark.parametrize("quirks", [Quirks(), Quirks(unstable_ties=True)])
def test_a_server_may_make_its_tables_first(quirks: Quirks) -> None:
    paths = ["customer", "lesson", "group", "1/pay", "1/log", "1/cgi"]

    def lists(*, is_prepared: bool) -> list[Any]:
        account = Account.build(leads=11, clients=13)
        with serve(account, quirks, is_prepared=is_prepared) as server:
            client, made = Client(server), set(account.tables)
            client.log_in()
            found = [
                client.envelope(f"{path}/index?group_id=1", is_study=kind)
                for path in paths
                for kind in (0, 1, 2)
            ]
            client.session.close()
        assert (set(account.tables) == made) is is_prepared
        return found

    assert lists(is_prepared=True) == lists(is_prepared=False)
