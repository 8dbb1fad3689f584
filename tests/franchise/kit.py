"""A Meltano project, simulated accounts, and the file that lists them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from simulator import Account, Quirks, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator import Server

PROJECT = Path(__file__).parents[2]
RECIPES = PROJECT / "docs" / "recipes"
MELTANO = PROJECT / ".tools" / "meltano" / "bin" / "meltano"
DEAD, SLOW, WRONG = "dead", "slow", "wrong_key"


@dataclass(frozen=True)
class Franchise:
    """Schools that are being served.

    Attributes:
        folder: The Meltano project.
        environment: What a worker has.
        accounts: The accounts that can be loaded, by school.
        servers: Their servers, and that of the school with a wrong key.
    """

    folder: Path
    environment: dict[str, str]
    accounts: dict[str, Account]
    servers: dict[str, Server]

    def customers(self, school: str) -> list[int]:
        """Ids of the cards that were loaded."""
        path = self.folder / school / "customers.jsonl"
        if not path.exists():
            return []
        return sorted(json.loads(line)["id"] for line in path.read_text("utf-8").splitlines())

    def audit(self, school: str) -> set[str]:
        """The verdicts in the school's own `sync_audit`."""
        path = self.folder / school / "sync_audit.jsonl"
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return {row["verdict"] for row in rows}

    def check(self) -> None:
        """Each school that can be loaded has its rows, its audit and its state, and no others."""
        for school, account in self.accounts.items():
            assert self.customers(school) == sorted(account.customer_ids()), school
            assert self.audit(school) == {"COMPLETE"}, school
        assert not self.customers(DEAD)
        assert not self.customers(WRONG)
        states = {path.parent.name for path in (self.folder / "states").rglob("state.json")}
        suffixes = {name.rpartition(":")[2] for name in states}
        assert set(self.accounts) <= suffixes


@contextmanager
def franchise(folder: Path, count: int) -> Iterator[Franchise]:
    """Serve so many schools: one dead, one slow, one with a wrong key, the others well.

    Args:
        folder: An empty folder, for the Meltano project.
        count: Number of schools.
    """
    with ExitStack() as stack:
        accounts = {SLOW: Account.build(leads=8, seed=99)}
        accounts |= {
            f"school_{number}": Account.build(leads=3 + number, seed=number)
            for number in range(count - 3)
        }
        servers = {
            name: stack.enter_context(
                serve(account, Quirks(latency_seconds=1.0 if name == SLOW else 0.0))
            )
            for name, account in {**accounts, WRONG: Account.build(leads=2)}.items()
        }
        schools, keys = [], {}
        for name in [*servers, DEAD]:
            server = servers.get(name)
            variable = f"KEY_{name.upper()}"
            keys[variable] = server.api_key if server and name != WRONG else "wrong"
            schools.append(
                {
                    "name": name,
                    "hostname": server.url if server else f"http://127.0.0.1:{_closed_port()}",
                    "email": server.email if server else "export@dead.example",
                    "api_key": variable,
                    "timezone": "Europe/Kyiv",
                }
            )
        (folder / "meltano.yml").write_text(yaml.safe_dump(_project(folder)), encoding="utf-8")
        listed = {
            "loader": "target-jsonl",
            "destination": "destination_path",
            "schools": schools,
        }
        (folder / "schools.yml").write_text(yaml.safe_dump(listed), encoding="utf-8")
        for name in [*servers, DEAD]:
            (folder / name).mkdir()
        for file in ("schools.py", "schools_dagster.py", "schools_airflow.py", "dagster.yaml"):
            shutil.copy(RECIPES / file, folder)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TAP_")},
            **keys,
            "MELTANO": str(MELTANO),
            "MELTANO_PROJECT_ROOT": str(folder),
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
            "MELTANO_STATE_BACKEND_URI": f"file://{folder}/states",
            "XDG_STATE_HOME": str(folder / "home"),
            "NO_COLOR": "1",
        }
        yield Franchise(folder, environment, accounts, servers)


def _project(folder: Path) -> dict[str, Any]:
    tap = {
        "name": "tap-alfacrm",
        "namespace": "tap_alfacrm",
        "executable": str(Path(sys.executable).with_name("tap-alfacrm")),
        "capabilities": ["catalog", "discover", "state"],
        "select": ["branches.*", "customers.*", "pays.*", "sync_audit.*"],
        "settings": [
            {"name": "hostname"},
            {"name": "email"},
            {"name": "api_key", "sensitive": True},
            {"name": "timezone"},
        ],
    }
    loader = {
        "name": "target-jsonl",
        "namespace": "target_jsonl",
        "executable": str(PROJECT / ".tools/loaders/target-jsonl/bin/target-jsonl"),
        "settings": [
            {"name": "destination_path", "value": str(folder)},
            {"name": "do_timestamp_file", "kind": "boolean", "value": False},
        ],
    }
    return {
        "project_id": "schools",
        "default_environment": "prod",
        "environments": [{"name": "prod"}],
        "plugins": {"extractors": [tap], "loaders": [loader]},
    }


def _closed_port() -> int:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port: int = closed.getsockname()[1]
        return port
