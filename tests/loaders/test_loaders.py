"""Tables written by real loaders, compared with the account."""

from __future__ import annotations

import json
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml

from scripts import translations
from simulator import Account, Quirks, serve
from simulator.entities import ENTITIES
from tap_alfacrm.tap import STREAMS, TapAlfaCRM
from tests.catalogs import select
from tests.conftest import config_for
from tests.loaders.kit import (
    S3,
    Csv,
    DuckDb,
    Jsonl,
    Loader,
    Parquet,
    Postgres,
    Sqlite,
    Tables,
    command,
)
from tests.reliability.process import PROJECT, Tap
from tests.test_junk import crowded, junk_in
from tests.truth import of_table, truth, untrue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator import Server
    from tests.reliability.process import Ending
    from tests.truth import Table

LOADERS = ("csv", "jsonl", "postgres")
NOTE = 'Привіт 👋🏽, "Ганно"; як справи?\nДо зустрічі\t— 50 %'
SUMMER, WINTER = "2025-07-21 18:00:00", "2025-01-20 18:00:00"
ODD = {
    "custom_Вік дитини": "7",
    "custom_Вік_дитини": "8",
    "custom_first-name": "перше",
    "custom_first name": "друге",
    "1c_id": "1C-77",
    "custom_Comment": "велика літера",
    "custom_" + "дуже_довга_назва_поля_" * 4: "довге",
}
"""Fields whose names a database would reject or confuse."""


@pytest.fixture
def account() -> Account:
    account = Account.build(
        leads=7, clients=6, archived_leads=5, archived_clients=4, lessons=12, branches=2, pays=15
    )
    for card in account.customer_ids():
        account.update("customer", card, **ODD)
    first, second = sorted(row["id"] for row in account.rows("lesson"))[:2]
    account.update("lesson", first, time_from=SUMMER)
    account.update("lesson", second, time_from=WINTER)
    account.update("customer", min(account.customer_ids()), note=NOTE)
    return account


@pytest.fixture
def server(account: Account) -> Iterator[Server]:
    with serve(account) as server:
        yield server


@pytest.fixture
def catalog(server: Server) -> dict[str, Any]:
    """A catalog with every stream selected."""
    return discovered(server)


def discovered(server: Server, **config: Any) -> dict[str, Any]:
    """The catalog that the tap discovers with settings, with every stream selected."""
    return select(TapAlfaCRM(config=config_for(server, **config)).catalog_dict)


@pytest.fixture
def keys(catalog: dict[str, Any]) -> dict[str, list[str]]:
    """Keys of the streams of the API; `sync_audit` has no rows of the account."""
    return {
        entry["stream"]: entry["key_properties"]
        for entry in catalog["streams"]
        if entry["stream"] != "sync_audit"
    }


@pytest.fixture
def loader(request: pytest.FixtureRequest, tmp_path: Path) -> Loader:
    if request.param == "postgres":
        uri = request.getfixturevalue("postgres")
        schema = f"s{abs(hash(tmp_path))}"
        return Postgres(tmp_path, uri, schema, hard_delete=True, activate_version=True)
    if request.param == "duckdb":
        return DuckDb(tmp_path)
    if request.param == "csv":
        return Csv(tmp_path)
    loader = Jsonl(tmp_path)
    bucket = S3(tmp_path, request.getfixturevalue("s3"))
    loader.built = [DuckDb(tmp_path), Sqlite(tmp_path), Parquet(tmp_path), bucket]
    return loader


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The URL of a simulated S3."""
    python = PROJECT / ".tools" / "loaders" / "moto" / "bin" / "python"
    with subprocess.Popen(
        [python, Path(__file__).with_name("s3_server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdin
        yield process.stdout.readline().strip()
        process.stdin.close()


def expected(loader: Loader, ending: Ending, keys: dict[str, list[str]]) -> Tables:
    """The expected tables for the records of a run."""
    tables: Tables = {stream: {} for stream in keys}
    for stream, record in ending.records:
        if stream not in tables:
            continue
        row = {name: loader.shown(value) for name, value in record.items()}
        tables[stream][tuple(row[name] for name in keys[stream])] = row
    return tables


def differences(tables: Tables, others: Tables) -> list[tuple[Any, ...]]:
    """Stream, key, column and both values of each difference between two sets of tables."""
    return [
        (stream, key, name, ours.get(name), theirs.get(name))
        for stream in tables.keys() | others.keys()
        for key in tables.get(stream, {}).keys() | others.get(stream, {}).keys()
        for ours, theirs in [(tables[stream].get(key, {}), others[stream].get(key, {}))]
        for name in ours.keys() | theirs.keys()
        if ours.get(name) != theirs.get(name) or (name in ours) != (name in theirs)
    ]


def as_truth(catalog: dict[str, Any], tables: Tables) -> dict[str, Table]:
    """The tables in the form of the account's own rows."""
    return {
        entry["stream"]: of_table(
            tables[entry["stream"]],
            {name: p.get("title", name) for name, p in entry["schema"]["properties"].items()},
            entry["key_properties"],
        )
        for entry in catalog["streams"]
        if entry["stream"] in tables
    }


def change_everything(account: Account) -> None:
    """Insert and update one row in each list; archive, restore and delete others."""
    for stream in STREAMS:
        path = stream.entity + stream.actions[0].replace("/index", "")
        if path == "branch" or ENTITIES[path].single:
            continue
        row = account.rows(path, archived=False if ENTITIES[path].hides_finished else None)[-1]
        text = next((n for n in ("note", "comment", "name", "title", "code") if n in row), None)
        if text and (not stream.incremental_filter or "updated_at" in row):
            account.update(path, row["id"], **{text: NOTE})
        account.insert(path)
    active = sorted(account.customer_ids(archived=False))
    archived = sorted(account.customer_ids(archived=True))
    account.update("customer", active[0], name="Нове ім'я", balance="1234567890123.45")
    account.archive(active[1])
    account.restore(archived[0])
    account.delete_customer(active[2])
    account.update("pay", account.rows("pay")[0]["id"], income="0.10")
    for path in ("lesson", "lead-source", "customer-tariff"):
        account.delete(path, account.rows(path)[1]["id"])


@pytest.mark.parametrize("loader", LOADERS, indirect=True)
def test_tables_hold_what_the_account_holds(
    loader: Loader,
    server: Server,
    account: Account,
    catalog: dict[str, Any],
    keys: dict[str, list[str]],
) -> None:
    """After the first load, after one without changes, and after one with many changes."""
    config = {**config_for(server), "detect_deletions": True}
    views = [loader, *loader.built]
    ending, state = loader.load(config, catalog)
    first = [view.tables(keys) for view in views]
    before = truth(account)
    assert all(before.values())
    for view, tables in zip(views, first, strict=True):
        assert differences(tables, expected(view, ending, keys)) == [], view
        assert untrue(as_truth(catalog, tables), before) == [], view
        check_by_hand(tables, account)
    if isinstance(loader, Postgres):
        check_sql_of_postgres(loader, account)

    again, state = loader.load(config, catalog, state)
    if loader.keeps:
        assert [view.tables(keys) for view in views] == first
    else:
        assert differences(loader.tables(keys), expected(loader, again, keys)) == []

    change_everything(account)
    after = truth(account)
    last, _ = loader.load(config, catalog, state)
    for view in views:
        check_changes(view, as_truth(catalog, view.tables(keys)), before, after)
    if not loader.keeps:
        assert differences(loader.tables(keys), expected(loader, last, keys)) == []


def check_changes(
    loader: Loader, found: dict[str, Table], before: dict[str, Table], after: dict[str, Table]
) -> None:
    """The tables have every change, and deleted rows only where the loader keeps them."""
    incremental = {stream.name for stream in STREAMS if stream.incremental_filter} - {"customers"}
    gone = {stream: before[stream].keys() - after[stream].keys() for stream in before}
    assert {len(gone[name]) for name in ("customers", "lessons", "lead_sources")} == {1}
    assert len(gone["customer_tariffs"]) >= 1
    wanted = dict(after)
    for stream, table in found.items():
        if not loader.removes or stream in incremental:
            for key in gone[stream]:
                table.pop(key, None)
        if not loader.keeps and stream in incremental:
            wanted[stream] = {key: after[stream][key] for key in table}
    assert untrue(found, wanted) == [], loader


def check_by_hand(tables: Tables, account: Account) -> None:
    """Typical values of the tables."""
    income = sum(Decimal(row["income"]) for row in account.rows("pay"))
    assert sum(Decimal(row["income"] or 0) for row in tables["pays"].values()) == income
    assert {row["note"] for row in tables["customers"].values()} >= {NOTE}
    starts = {str(row["time_from"])[:16].replace(" ", "T") for row in tables["lessons"].values()}
    assert starts >= {"2025-07-21T15:00", "2025-01-20T16:00"}
    for row in tables["customers"].values():
        assert set(ODD.values()) <= {value for value in row.values() if isinstance(value, str)}


@pytest.mark.parametrize("loader", ["postgres"], indirect=True)
def test_postgres_accepts_any_value_in_any_field(
    loader: Postgres, keys: dict[str, list[str]], catalog: dict[str, Any]
) -> None:
    account = crowded()
    account.update("customer", max(account.customer_ids()), note="щ" * 5_000_000)
    with serve(account, Quirks(planted=junk_in(account))) as server:
        ending, _ = loader.load(config_for(server), catalog)
    tables = loader.tables(keys)
    assert differences(tables, expected(loader, ending, keys)) == []
    wanted = truth(account)
    assert {name: table.keys() for name, table in as_truth(catalog, tables).items()} == {
        name: table.keys() for name, table in wanted.items()
    }


def check_sql_of_postgres(loader: Postgres, account: Account) -> None:
    """Money, date-times and lists in SQL."""
    assert loader.ask("SELECT sum(income) FROM pays") == [
        (sum(Decimal(row["income"]) for row in account.rows("pay")),)
    ]
    hours = loader.ask("SELECT DISTINCT to_char(time_from, 'YYYY-MM HH24') FROM lessons")
    assert {("2025-07 15",), ("2025-01 16",)} <= set(hours)
    types = loader.ask(
        "SELECT column_name, udt_name FROM information_schema.columns "
        "WHERE table_name = 'customers' AND table_schema = current_schema()"
    )
    assert set(types) >= {
        ("id", "int8"),
        ("balance", "numeric"),
        ("branch_ids", "_int8"),
        ("phone", "_text"),
        ("teacher_ids", "_text"),
        ("is_archived", "bool"),
        ("dob", "date"),
        ("updated_at", "timestamp"),
    }
    [(phones,)] = loader.ask("SELECT count(*) FROM customers WHERE cardinality(phone) > 0")
    assert phones == sum(bool(row["phone"]) for row in account.rows("customer"))


@pytest.mark.parametrize("loader", ["duckdb"], indirect=True)
def test_duckdb_has_the_types_of_the_catalog(
    loader: DuckDb, server: Server, account: Account, catalog: dict[str, Any]
) -> None:
    loader.load(config_for(server), catalog)
    with duckdb.connect(loader.target) as connection:
        found = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
        )
        types = {(table, name): type_ for table, name, type_ in found.fetchall()}
        hours = connection.execute("SELECT DISTINCT strftime(time_from, '%Y-%m %H') FROM lessons")
        assert {("2025-07 15",), ("2025-01 16",)} <= set(hours.fetchall())
        [income] = connection.execute("SELECT sum(income) FROM pays").fetchall()
    assert income == (sum(Decimal(row["income"]) for row in account.rows("pay")),)
    for entry in catalog["streams"]:
        type_ = "VARCHAR" if entry["stream"] == "sync_audit" else "BIGINT"
        for key in entry["key_properties"]:
            assert types[entry["stream"], key] == type_, (entry["stream"], key)
    customers = {name: type_ for (table, name), type_ in types.items() if table == "customers"}
    assert (
        customers.items()
        >= {
            "balance": "DECIMAL(38,9)",
            "branch_ids": "BIGINT[]",
            "phone": "VARCHAR[]",
            "teacher_ids": "JSON[]",
            "is_archived": "BOOLEAN",
            "dob": "DATE",
            "updated_at": "TIMESTAMP",
        }.items()
    )


@pytest.mark.skipif(
    not Path(command("target-bigquery")).exists(), reason="it runs on Python 3.11 and older"
)
def test_bigquery_takes_every_column_and_every_value(
    tmp_path: Path, server: Server, account: Account
) -> None:
    """Its schema translator, offline: types, names, and values that a load job accepts."""
    settings = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
    [environment] = [e for e in settings["environments"] if e["name"] == "bigquery"]
    [extractor] = environment["config"]["plugins"]["extractors"]
    catalog = discovered(server, **extractor["config"])
    tap = Tap(tmp_path, {**config_for(server), **extractor["config"]}, catalog)
    ending = tap.run()
    assert ending.code == 0, ending.log[-1]
    python = Path(command("target-bigquery")).with_name("python")
    done = subprocess.run(
        [str(python), str(Path(__file__).with_name("bigquery_check.py"))],
        input=(tmp_path / "output").read_bytes(),
        capture_output=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["problems"] == []
    assert set(found["types"]) == {entry["stream"] for entry in catalog["streams"]}
    assert sum(found["records"].values()) == len(ending.records)
    floats = [
        f"{stream}.{name}"
        for stream, types in found["types"].items()
        for name, type_ in types.items()
        if "FLOAT" in type_
    ]
    assert floats == []
    sums = {
        stream: sum(Decimal(r[name] or 0) for s, r in ending.records if s == stream)
        for stream, name in (("pays", "income"), ("customers", "balance"))
    }
    assert sums["pays"] == sum(Decimal(row["income"]) for row in account.rows("pay"))
    assert sums["customers"] == sum(Decimal(row["balance"]) for row in account.rows("customer"))


def test_the_page_says_what_the_translators_make_of_every_column() -> None:
    """`python -m scripts.translations` writes the table."""
    for now, page in zip(translations.table(), translations.written(), strict=True):
        assert [cell if new != "?" else "?" for cell, new in zip(page, now, strict=True)] == now


def test_snowflake_stores_no_money_as_binary_fractions() -> None:
    types = translations.translations("snowflake")
    amounts = [
        name
        for name, schema in translations.columns({}).items()
        if translations.kind(schema) == "money"
    ]
    assert "pays.income" in amounts
    assert {types[name] for name in amounts} == {"DECIMAL(38, 9)"}
    assert not [name for name, type_ in types.items() if "FLOAT" in type_]


def test_a_loader_that_loses_a_row_would_be_seen(
    tmp_path: Path,
    server: Server,
    account: Account,
    catalog: dict[str, Any],
    keys: dict[str, list[str]],
) -> None:
    """The comparison must fail if a line is removed from a file."""
    loader = Jsonl(tmp_path)
    ending, _ = loader.load(config_for(server), catalog)
    lines = loader.file("pays").read_text(encoding="utf-8").splitlines(keepends=True)
    loader.file("pays").write_text("".join(lines[1:]), encoding="utf-8")
    tables = loader.tables(keys)
    assert differences(tables, expected(loader, ending, keys))
    assert {place[0] for place in untrue(as_truth(catalog, tables), truth(account))} == {"pays"}
    shutil.rmtree(tmp_path)
