"""A small school with cases that break reports, loaded and built once."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, serve
from tap_alfacrm.tap import TapAlfaCRM
from tests.catalogs import select
from tests.conftest import config_for
from tests.dbt.kit import Warehouse
from tests.loaders.kit import DuckDb, Postgres

if TYPE_CHECKING:
    from simulator import Server

CLOCK_CHANGE = "2025-03-30"


def _busy(account: Account) -> None:
    """Make corrections, a restored card, moves between stages, a lesson across a clock change."""
    incomes = [row["id"] for row in account.rows("pay") if row["pay_type_id"] == 1]
    account.update("pay", incomes[0], income="0.10")
    account.update("pay", incomes[1], income="-250.75")
    archived = sorted(account.customer_ids(0, archived=True))
    account.restore(archived[0])
    reason = account.rows("lead-reject")[0]["id"]
    account.update("customer", archived[0], lead_reject_id=reason)
    lead = min(account.customer_ids(0, archived=False))
    first, second, third = (row["id"] for row in account.rows("lead-status")[:3])
    for day, old, new in ((3, first, second), (9, second, third)):
        account.insert(
            "log",
            entity="Customer",
            entity_id=lead,
            event=2,
            user_id=account.rows("user")[0]["id"],
            fields_old={"lead_status_id": str(old)},
            fields_new={"lead_status_id": str(new)},
            date_time=f"2025-10-{day:02d} 12:00:00",
        )
    account.update("customer", lead, lead_status_id=third, created_at="2025-10-01 09:00:00")
    lesson = next(row for row in account.rows("lesson") if row["status"] == 3)
    account.update(
        "lesson",
        lesson["id"],
        date=CLOCK_CHANGE,
        time_from=f"{CLOCK_CHANGE} 02:30:01",
        time_to=f"{CLOCK_CHANGE} 04:29:59",
    )
    client = next(
        row
        for row in account.rows("customer", archived=False)
        if row["is_study"] == 1 and not row["balance"].startswith("-")
    )
    account.update("customer", client["id"], balance="-1234567890.12", paid_count=-2)


@pytest.fixture(scope="session")
def school() -> Account:
    account = Account.build(
        leads=25,
        clients=20,
        archived_leads=30,
        archived_clients=12,
        branches=2,
        teachers=5,
        groups=5,
        lessons=70,
        pays=110,
        customer_tariffs=20,
        communications=8,
        logs=30,
        messages=4,
    )
    _busy(account)
    return account


def _catalog(server: Server, *, whole: bool) -> dict[str, Any]:
    found: dict[str, Any] = TapAlfaCRM(config=config_for(server)).catalog_dict
    return select(found) if whole else found


@pytest.fixture(scope="session")
def duckdb_models(school: Account, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """DuckDB with every stream, for all workers of this run."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / "dbt-duckdb"
    warehouse = Warehouse(folder, "duckdb", str(folder / "school.duckdb"), "main")
    with (base / "dbt-duckdb.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "built").exists():
            folder.mkdir()
            with serve(school) as server:
                DuckDb(folder).load(config_for(server), _catalog(server, whole=True))
            warehouse.dbt("build")
            (folder / "built").touch()
    return warehouse


@pytest.fixture(scope="session")
def postgres_models(
    school: Account, postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """PostgreSQL with the streams that are selected by default."""
    folder = tmp_path_factory.mktemp("dbt-postgres")
    loader = Postgres(folder, postgres, "alfacrm_raw")
    with serve(school) as server:
        loader.load(config_for(server), _catalog(server, whole=False))
    warehouse = Warehouse(folder, "postgres", postgres, "alfacrm_raw")
    warehouse.dbt("build")
    return warehouse
