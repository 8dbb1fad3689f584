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
from simulator.access import API_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator import Server

PROJECT = Path(__file__).parents[2]
RECIPES = PROJECT / "docs" / "recipes"
MELTANO = PROJECT / ".tools" / "meltano" / "bin" / "meltano"
DEAD, SLOW, WRONG = "dead", "slow", "wrong_key"
WRONG_KEY = "5ec2e7ed-0000-4000-8000-000000000000"
RECIPE = ("schools.py", "schools_dagster.py", "schools_airflow.py", "dagster.yaml")


@dataclass(frozen=True)
class Franchise:
    """Schools that are being served.

    Attributes:
        folder: The Meltano project.
        environment: What a worker has.
        accounts: The accounts that can be loaded, by school.
        servers: Their servers, and that of the school with a wrong key.
        has_dead: Whether there is a school without a server.
    """

    folder: Path
    environment: dict[str, str]
    accounts: dict[str, Account]
    servers: dict[str, Server]
    has_dead: bool

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
        for path in self.folder.rglob("*"):
            if path.is_file():
                written = path.read_bytes()
                assert API_KEY.encode() not in written, path
                assert WRONG_KEY.encode() not in written, path
        states = {path.parent.name for path in (self.folder / "states").rglob("state.json")}
        suffixes = {name.rpartition(":")[2] for name in states}
        assert set(self.accounts) <= suffixes


@contextmanager
def franchise(folder: Path, count: int, *, has_bad: bool = True) -> Iterator[Franchise]:
    """Serve so many schools.

    Args:
        folder: An empty folder, for the Meltano project.
        count: Number of schools.
        has_bad: Whether one of them is dead, one slow, and one has a wrong key.
    """
    with ExitStack() as stack:
        bad = (SLOW, WRONG, DEAD) if has_bad else ()
        accounts = {
            f"school_{number}": Account.build(leads=3 + number, seed=number)
            for number in range(count - len(bad))
        }
        refusing = {}
        if has_bad:
            accounts[SLOW] = Account.build(leads=8, seed=99)
            refusing[WRONG] = Account.build(leads=2)
        servers = {
            name: stack.enter_context(
                serve(account, Quirks(latency_seconds=1.0 if name == SLOW else 0.0))
            )
            for name, account in {**accounts, **refusing}.items()
        }
        schools, keys = [], {}
        names = [*servers, DEAD] if has_bad else [*servers]
        for name in names:
            server = servers.get(name)
            variable = f"KEY_{name.upper()}"
            keys[variable] = server.api_key if server and name != WRONG else WRONG_KEY
            schools.append(
                {
                    "name": name,
                    "hostname": server.url if server else f"http://127.0.0.1:{free_port()}",
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
        for name in [*names, "dags"]:
            (folder / name).mkdir()
        for file in RECIPE:
            text = (RECIPES / file).read_text(encoding="utf-8")
            text = text.replace("RETRY_SECONDS = 600", "RETRY_SECONDS = 1")
            (folder / file).write_text(text, encoding="utf-8")
        for file in ("schools.py", "schools_airflow.py"):
            shutil.copy(folder / file, folder / "dags")
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
        yield Franchise(folder, environment, accounts, servers, has_dead=has_bad)


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


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port: int = closed.getsockname()[1]
        return port
