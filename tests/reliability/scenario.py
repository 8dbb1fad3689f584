"""Fault scenarios: an account with faults, several runs, and the resulting tables."""

from __future__ import annotations

import random
import signal
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loaders.tables import make_tables
from simulator import Account, Change, Fault, Quirks, serve
from tap_alfacrm.tap import TapAlfaCRM
from tests.catalogs import select
from tests.conftest import config_for
from tests.loaders.kit import DuckDb
from tests.reliability.process import Ending, Tap, load_as_lines
from tests.truth import of_table, truth, untrue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from simulator import Request, Server
    from tests.truth import Table

STREAMS = {"customers": "customer", "lessons": "lesson", "customer_tariffs": "customer-tariff"}
"""A stream with partitions, an incremental one, and a child stream, with their entities."""
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "status", "status": 429},
    "429 with Retry-After": {"kind": "status", "status": 429, "retry_after": "0"},
    "500": {"kind": "status", "status": 500},
    "502 with HTML": {"kind": "html", "status": 502},
    "503 empty": {"kind": "empty", "status": 503},
    "200 with HTML": {"kind": "html", "status": 200},
    "truncated JSON": {"kind": "truncated"},
    "connection reset before the body": {"kind": "reset"},
    "connection reset inside the body": {"kind": "reset_in_body"},
    "stall longer than the timeout": {"kind": "stall", "seconds": 1_200},
    "token expired": {"kind": "expire_tokens"},
    "500 at the first two logins": {"kind": "status", "status": 500, "on": "login", "times": 2},
}
TIMEOUT = 2
"""Timeout of requests where a response stalls, in seconds."""
Row = tuple[str, Any]


def small_account() -> Account:
    """An account that takes about fifty requests."""
    return Account.build(
        leads=8,
        clients=5,
        archived_leads=6,
        archived_clients=3,
        branches=2,
        groups=4,
        lessons=23,
        customer_tariffs=16,
    )


@cache
def catalog() -> dict[str, Any]:
    """A catalog that selects the three streams."""
    return select(TapAlfaCRM(config={}, validate_config=False).catalog_dict, STREAMS)


def tap_for(server: Server, folder: Path, **config: Any) -> Tap:
    return Tap(folder, {"page_size": 4, **config_for(server), **config}, catalog())


def timeout(faults: Iterable[Fault]) -> dict[str, int]:
    """The setting for these faults: short only with a stall, since a busy machine is slow."""
    stalls = any(fault.kind == "stall" for fault in faults)
    return {"request_timeout_seconds": TIMEOUT} if stalls else {}


def keys(account: Account) -> set[Row]:
    """Stream and id of each row to load; child rows are deleted with their card."""
    cards = account.customer_ids()
    return {
        (stream, row["id"])
        for stream, entity in STREAMS.items()
        for row in account.rows(entity)
        if row.get("customer_id", row["id"]) in cards or entity != "customer-tariff"
    }


@dataclass
class Warehouse:
    """Tables of a target that upserts by key.

    Attributes:
        rows: The last record of each row.
        doubled: Records that were emitted twice in one run, unchanged.
        state: The last state that a target confirmed; its records are in the tables.
    """

    rows: dict[Row, dict[str, Any]] = field(default_factory=dict)
    doubled: int = 0
    state: dict[str, Any] | None = None

    def load(self, ending: Ending) -> None:
        """Load the output of a run."""
        seen: Counter[str] = Counter()
        for stream, record in ending.records:
            self.rows[stream, record["id"]] = record
            seen[f"{stream} {record}"] += 1
        self.doubled += sum(count - 1 for count in seen.values())
        self.state = ending.state or self.state


class Loaded(Warehouse):
    """Tables of DuckDB over target-jsonl, which also received incomplete last lines."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        folder.mkdir()
        self._loader = DuckDb(folder)

    def take(self, tap: Tap, ending: Ending) -> None:
        """Load the output of a run."""
        self.load(ending)
        code = load_as_lines(tap.output, self._loader.config_file)
        written = tap.output.read_bytes()
        assert (code == 0) == (written[-1:] in {b"", b"\n"})

    def tables(self) -> dict[str, Table]:
        """The contents of the tables."""
        chosen = [entry for entry in catalog()["streams"] if entry["stream"] in STREAMS]
        make_tables(self._loader.folder, Path(self._loader.target), {"streams": chosen})
        tables = self._loader.tables({stream: ["id"] for stream in STREAMS})
        return {stream: of_table(rows, {}, ["id"]) for stream, rows in tables.items()}


def held(account: Account) -> dict[str, Table]:
    """Rows of the three streams in the account; the catalog has no custom fields."""
    found = truth(account)
    return {
        stream: {
            key: {name: value for name, value in row.items() if not name.startswith("custom_")}
            for key, row in found[stream].items()
        }
        for stream in STREAMS
    }


class Nth:
    """Selects the nth request for an entity."""

    def __init__(self, entity: str, n: int) -> None:
        self._entity, self._n, self._seen = entity, n, 0

    def __call__(self, request: Request) -> bool:
        self._seen += request.entity == self._entity
        return request.entity == self._entity and self._seen == self._n


@dataclass
class Result:
    """Result of one scenario.

    Attributes:
        lost: Rows that existed all the time and are in no table.
        wrong: Rows that did not change and differ from the account.
        doubled: Records that were emitted twice in one run, unchanged.
        runs: Processes started.
        killed: Number of these that were terminated by a signal.
        failed: Number of these that ended with exit code 1.
        faults: Faults configured in the server.
        moves: Rows inserted, deleted, archived, restored or converted during a run.
    """

    lost: list[Row] = field(default_factory=list)
    wrong: list[Row] = field(default_factory=list)
    doubled: int = 0
    runs: int = 0
    killed: int = 0
    failed: int = 0
    faults: int = 0
    moves: int = 0


def reference(folder: Path) -> dict[Row, dict[str, Any]]:
    """The tables after a run without faults."""
    account = small_account()
    with serve(account) as server:
        ending = tap_for(server, folder).run()
    warehouse = Warehouse()
    warehouse.load(ending)
    assert ending.code == 0, ending.log[-1]
    assert warehouse.rows.keys() == keys(account)
    tables: dict[str, Table] = {stream: {} for stream in STREAMS}
    for (stream, id_), record in warehouse.rows.items():
        tables[stream] |= of_table({id_: record}, {}, ["id"])
    assert untrue(tables, held(account)) == []
    return warehouse.rows


def _quirks(rng: random.Random) -> Quirks:
    return Quirks(
        total=rng.choice(["present", "present", "present", "missing", "text"]),
        past_the_end=rng.choice(["empty", "repeat_last"]),
        max_page_size=rng.choice([500, 4, 3]),
        login_cancels_older_tokens=rng.random() < 0.2,
        bad_token_status=rng.choice([401, 403]),
        latency_seconds=rng.choice([0.0, 0.0, 0.003]),
    )


def _faults(rng: random.Random) -> list[Fault]:
    faults = []
    for _ in range(rng.choice([0, 1, 2, 4])):
        found: dict[str, Any] = {**rng.choice(list(FAULTS.values()))}
        on_login = found.get("on") == "login"
        faults.append(Fault(**{**found, "at": 1 if on_login else rng.randint(1, 45)}))
    if rng.random() < 0.1:
        last = rng.randint(1, 45)

        def is_gone(request: Request) -> bool:
            return request.n > last

        faults.append(Fault("reset", at=is_gone, times=10**6))
    return faults


def _changes(rng: random.Random, moved: set[int]) -> list[Change]:
    """Changes of rows during a run."""

    def move(do: Callable[[Account, int], object]) -> Callable[[Account], None]:
        def change(account: Account) -> None:
            card = rng.choice(sorted(account.customer_ids()))
            moved.add(card)
            do(account, card)

        return change

    kinds: Sequence[Callable[[Account], object]] = (
        lambda account: account.insert_customer(rng.choice([0, 1])),
        move(lambda account, card: account.delete_customer(card)),
        move(lambda account, card: account.archive(card)),
        move(lambda account, card: account.restore(card)),
        move(lambda account, card: account.convert(card)),
    )
    # at most one: two could cancel each other out in the total unless the server sends a date
    return [Change(rng.randint(1, 25), rng.choice(kinds)) for _ in range(rng.choice([0, 0, 1]))]


def play(seed: int, wanted: dict[Row, dict[str, Any]], folder: Path) -> Result:
    """Run one scenario; a seed always gives the same scenario, apart from timing."""
    rng = random.Random(seed)
    account = small_account()
    before = keys(account)
    moved: set[int] = set()
    faults, changes = _faults(rng), _changes(rng, moved)
    result = Result(faults=len(faults), moves=len(changes))
    warehouse = Warehouse()
    config = {"max_in_flight": rng.choice([1, 2, 8]), "page_size": rng.choice([1, 4, 500])}
    config |= timeout(faults)

    def run(server: Server, stop: int = 0, after: float = 0.0) -> Ending:
        tap = tap_for(server, folder, **config)
        ending = tap.run(warehouse.state, signal=stop, after=after)
        warehouse.load(ending)
        result.runs += 1
        result.killed += ending.code < 0 or ending.code > signal.NSIG
        result.failed += ending.code == 1
        return ending

    with serve(account, _quirks(rng), faults, changes) as server:
        if rng.random() < 0.4:
            stop = rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
            run(server, stop, rng.uniform(0.02, 0.5))
        run(server)
    with serve(account) as server:  # the final run without faults
        ending = run(server)
    assert ending.code == 0, (seed, ending.log[-3:])
    stayed = before & keys(account)
    result.doubled = warehouse.doubled
    result.lost = sorted(stayed - warehouse.rows.keys())
    result.wrong = sorted(
        row
        for row in stayed & warehouse.rows.keys()
        if row[1] not in moved and warehouse.rows[row] != wanted[row]
    )
    return result
