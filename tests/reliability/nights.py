"""Random nights: rows move, the back end misbehaves, runs are killed, and healthy runs follow."""

from __future__ import annotations

import random
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import override

from simulator import Account, movement, serve
from tap_alfacrm.extract.memory import MAX_LOST_ROWS
from tap_alfacrm.tap import STREAMS as ALL_STREAMS
from tap_alfacrm.tap import TapAlfaCRM
from tests.catalogs import select
from tests.conftest import config_for
from tests.reliability.process import Ending, Tap
from tests.test_misbehaviour import BLIND, CASES, FIRST, NIGHT
from tests.truth import of_table, truth, untrue

if TYPE_CHECKING:
    from pathlib import Path

    from simulator import Server
    from tests.loaders.kit import Tables
    from tests.reliability.target import LivePostgres
    from tests.truth import Table

STREAMS = {
    "branches": "branch",
    "customers": "customer",
    "groups": "group",
    "group_memberships": "cgi",
    "teachers": "teacher",
    "lessons": "lesson",
    "pays": "pay",
}
"""Streams whose rows move, and a child stream, with their entities."""
MOVING = tuple(movement.MOVES)
KEYS = {one.name: list(one.primary_keys) for one in ALL_STREAMS if one.name in STREAMS}
INCREMENTAL = ("lessons", "pays")
SUITABLE = [
    case
    for case, (_, parameters) in CASES.items()
    if parameters.get("resource") in {None, *STREAMS.values()}
]
"""Misbehaviours that affect one of the streams."""
MAX_HEALTHY_RUNS = 3
"""Healthy runs in which what is held back by one night has to be accepted."""

Ids = dict[str, set[tuple[int, ...]]]


def build() -> Account:
    """An account of some hundred requests, with several pages in most lists."""
    return Account.build(
        leads=14, clients=11, archived_leads=9, archived_clients=6, branches=3, groups=8,
        lessons=26, pays=24, teachers=6,
    )  # fmt: skip


@cache
def catalog() -> dict[str, Any]:
    """A catalog that selects the streams."""
    return select(TapAlfaCRM(config={}, validate_config=False).catalog_dict, STREAMS)


@cache
def _fields() -> dict[str, dict[str, str]]:
    """The API's name of each column, by stream."""
    return {
        entry["stream"]: {
            name: property_.get("title", name)
            for name, property_ in entry["schema"]["properties"].items()
        }
        for entry in catalog()["streams"]
    }


def held(account: Account) -> dict[str, Table]:
    """Rows of the streams in the account; the catalog has no custom fields."""
    found = truth(account)
    return {
        stream: {
            key: {name: value for name, value in row.items() if not name.startswith("custom_")}
            for key, row in found[stream].items()
        }
        for stream in STREAMS
    }


class Target(Protocol):
    """A target with `hard_delete` that upserts by key.

    Attributes:
        state: The last state that it confirmed.
    """

    state: dict[str, Any] | None

    def load(self, ending: Ending) -> bool:
        """Load a run; return whether everything was loaded."""

    def ids(self) -> Ids:
        """The keys in each table."""

    def rows(self) -> dict[str, Table]:
        """The tables."""


class Lines(Target):
    """Tables made of the tap's output."""

    def __init__(self) -> None:
        self.state: dict[str, Any] | None = None
        self._tables: Tables = {s: {} for s in STREAMS}

    @override
    def load(self, ending: Ending) -> bool:
        sent: Ids = {stream: set() for stream in STREAMS}
        for message in ending.messages:
            stream = message.get("stream", "")
            if message["type"] == "RECORD":
                key = tuple(message["record"][name] for name in KEYS[stream])
                self._tables[stream][key] = message["record"]
                sent[stream].add(key)
            elif message["type"] == "ACTIVATE_VERSION":
                for key in self._tables[stream].keys() - sent[stream]:
                    del self._tables[stream][key]
        self.state = ending.state or self.state
        return True

    @override
    def ids(self) -> Ids:
        return {stream: set(table) for stream, table in self._tables.items()}

    @override
    def rows(self) -> dict[str, Table]:
        return _normalized(self._tables)


class Database(Target):
    """Tables of PostgreSQL, filled through a live pipe."""

    def __init__(self, pipe: LivePostgres) -> None:
        self.pipe = pipe
        self.state: dict[str, Any] | None = None

    @override
    def load(self, ending: Ending) -> bool:
        was_killed = self.pipe.code == -signal.SIGKILL
        is_cut = ending.code != 0  # the last line may be cut
        assert self.pipe.code == 0 or was_killed or is_cut, self.pipe.log[-2000:]
        self.state = self.pipe.state
        return self.pipe.code == 0

    @override
    def ids(self) -> Ids:
        return self.pipe.ids(KEYS)

    @override
    def rows(self) -> dict[str, Table]:
        return _normalized(self.pipe.tables(KEYS))


def _normalized(tables: Tables) -> dict[str, Table]:
    return {
        stream: of_table(table, _fields()[stream], KEYS[stream]) for stream, table in tables.items()
    }


@dataclass
class Result:
    """Result of one scenario.

    Attributes:
        runs: Runs of the tap.
        killed: Runs in which the tap or the target was terminated by a signal.
        failed: Runs that ended with exit code 1.
        misbehaving: Runs during which the back end misbehaved.
        moved: Runs during which rows moved.
        moves: Rows that moved during a run.
        short: Runs of a stream that missed a row and were not COMPLETE.
        hidden: The same under COMPLETE, where the back end hides rows from every request.
        cancelled: The same under COMPLETE, where several changes during the run can cancel out.
        broken: The same under COMPLETE without such a reason: a broken promise.
        lost: Rows that no table has in the end.
        wrong: Rows or values that differ from the account in the end.
        doubled: Records that were emitted twice in one run, unchanged.
    """

    runs: int = 0
    killed: int = 0
    failed: int = 0
    misbehaving: int = 0
    moved: int = 0
    moves: int = 0
    short: int = 0
    hidden: int = 0
    cancelled: int = 0
    broken: list[str] = field(default_factory=list)
    lost: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    wrong: list[tuple[Any, ...]] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    @property
    def failures(self) -> dict[str, list[Any]]:
        """What contradicts the promise."""
        names = ("broken", "lost", "wrong", "doubled")
        return {name: value for name in names if (value := getattr(self, name))}


@dataclass
class _Disturbance:
    """What happens during a run.

    Attributes:
        case: The misbehaviour, None for none.
        moves: Rows that move, at most.
        kill: What is terminated.
        after: Seconds until then.
    """

    case: str | None = None
    moves: int = 0
    kill: str = ""
    after: float = 0.0


class Scenario:
    """Nights on one server, by seed; apart from timing, a seed always gives the same ones."""

    def __init__(self, seed: int, folder: Path, pipe: LivePostgres | None = None) -> None:
        self._rng = random.Random(seed)
        self._folder, self._pipe = folder, pipe
        self._account = build()
        self._target: Target = Database(pipe) if pipe else Lines()
        self._is_first = True
        self._config = {
            "page_size": self._rng.choice([4, 7, 500]),
            "max_in_flight": self._rng.choice([1, 4]),
            "detect_deletions": True,
        }
        self.result = Result()

    def play(self) -> Result:
        """Run all nights and compare the tables with the account."""
        rng = self._rng
        with serve(self._account) as server:
            if rng.random() < 0.7:
                self._run(server, _Disturbance())
            for _ in range(2):
                self._move(rng.randrange(6))
                self._run(server, self._disturbance())
                for _ in range(MAX_HEALTHY_RUNS):
                    self._move(rng.randrange(3))
                    if self._run(server, _Disturbance()):
                        break
                else:
                    self.result.broken.append("healthy runs that are not complete")
        self._compare()
        return self.result

    def _disturbance(self) -> _Disturbance:
        rng = self._rng
        return _Disturbance(
            rng.choice(SUITABLE) if rng.random() < 0.6 else None,
            rng.choice([0, 1, 1, 2, 5]),
            rng.choice(["", "", "", "tap", "target" if self._pipe else "tap"]),
            rng.uniform(0.05, 1.5),
        )

    def _move(self, count: int) -> None:
        """Move rows between two runs."""
        for _ in range(count):
            with suppress(movement.NothingToMoveError):
                movement.move(self._account, self._rng.choice(MOVING), self._rng)

    def _run(self, server: Server, disturbance: _Disturbance) -> bool:
        """Run the tap; returns whether it was complete."""
        rng, before, known = self._rng, held(self._account), self._target.ids()
        if disturbance.case is not None:
            name, parameters = CASES[disturbance.case]
            server.misbehave(name, **parameters)
        moves = [
            server.misbehave(
                "rows_move",
                entity=rng.choice(MOVING),
                resource=rng.choice([*STREAMS.values(), None]),
                after=rng.randrange(12),
                times=1,
                seed=rng.randrange(10**6),
            )
            for _ in range(disturbance.moves)
        ]
        tap = Tap(self._folder, {**config_for(server), **self._config}, catalog())
        stop = rng.choice([signal.SIGKILL, signal.SIGTERM]) if disturbance.kill == "tap" else 0
        if self._pipe:
            self._pipe.kill_after = disturbance.after if disturbance.kill == "target" else None
        ending = tap.run(self._target.state, signal=stop, after=disturbance.after, into=self._pipe)
        server.behave()
        is_loaded = self._target.load(ending)
        hits = sum(bool(one.moved) for one in moves)
        result = self.result
        result.runs += 1
        result.killed += ending.code < 0 or ending.code > signal.NSIG or not is_loaded
        result.failed += ending.code == 1
        result.misbehaving += disturbance.case is not None
        result.moved += hits > 0
        result.moves += hits
        records = Counter(f"{stream} {record}" for stream, record in ending.records)
        result.doubled += [record for record, count in records.items() if count > 1]
        lost = self._lost(before, known, ending, is_loaded=is_loaded)
        self._judge(disturbance, hits, ending, lost)
        self._is_first = False
        words = [_verdict(ending, stream) for stream in STREAMS]
        return ending.code == 0 and is_loaded and all(": COMPLETE" in word for word in words)

    def _lost(
        self, before: dict[str, Table], known: Ids, ending: Ending, *, is_loaded: bool
    ) -> Ids:
        """Rows that existed during the whole run and were not loaded, or were deleted."""
        after, loaded = held(self._account), self._target.ids()
        sent: Ids = {stream: set() for stream in STREAMS}
        for stream, record in ending.records:
            sent[stream].add(tuple(record[name] for name in KEYS[stream]))
        lost: Ids = {}
        for stream in STREAMS:
            there = before[stream].keys() & after[stream].keys()
            missed = there & (known[stream] - loaded[stream])
            if is_loaded:  # else the pipe was closed early, and not all that was sent is known
                missed |= there - (loaded if stream in INCREMENTAL else sent)[stream]
            if missed:
                lost[stream] = missed
        return lost

    def _judge(self, disturbance: _Disturbance, moves: int, ending: Ending, lost: Ids) -> None:
        """Compare the rows that were lost with the verdicts."""
        versions = {m["stream"] for m in ending.messages if m["type"] == "ACTIVATE_VERSION"}
        case, result = disturbance.case, self.result
        blind = BLIND.get((case or "", FIRST if self._is_first else NIGHT), set())
        hides_few = (case or "", NIGHT) in BLIND and not self._is_first
        for stream, ids in lost.items():
            verdict = _verdict(ending, stream)
            if ": COMPLETE" not in verdict and stream not in versions:
                result.short += 1
            elif stream in blind or (hides_few and len(ids) <= MAX_LOST_ROWS):
                result.hidden += 1
            elif moves > 1:
                result.cancelled += 1
            else:
                result.broken.append(f"{case}, {moves} moves: {sorted(ids)} of {verdict}")

    def _compare(self) -> None:
        """Compare the tables with the account, after the last healthy run."""
        found, wanted = self._target.rows(), held(self._account)
        for stream in STREAMS:
            missing = wanted[stream].keys() - found[stream].keys()
            self.result.lost += [(stream, key) for key in missing]
            if stream in INCREMENTAL:  # which cannot see deletions
                found[stream] = {k: row for k, row in found[stream].items() if k in wanted[stream]}
            for key in missing:
                del wanted[stream][key]
        self.result.wrong += untrue(found, wanted)


def _verdict(ending: Ending, stream: str) -> str:
    starts = tuple(f"{stream}: {word}" for word in ("COMPLETE", "INCOMPLETE", "UNPROVEN"))
    lines = [line for line in ending.log if any(start in line for start in starts)]
    return lines[-1] if lines else f"{stream}: no verdict"
