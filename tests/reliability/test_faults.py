"""The installed tap as a process, with faults of the account: the resulting tables."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from simulator import Account, Change, Fault, Quirks, serve
from tests.reliability.scenario import (
    FAULTS,
    STREAMS,
    Loaded,
    Nth,
    held,
    small_account,
    tap_for,
    timeout,
)
from tests.truth import untrue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulator import Request
    from tests.reliability.process import Tap
    from tests.truth import Table

KILLS = 50
PLACES = ("first", "middle", "last")


@pytest.fixture(scope="module")
def wanted() -> dict[str, Table]:
    """Rows of the account."""
    return held(small_account())


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> list[Request]:
    """Data requests of a run without faults, one at a time."""
    with serve(small_account()) as server:
        tap_for(server, tmp_path_factory.mktemp("quiet"), max_in_flight=1).run()
        return server.data_requests


def of_entity(quiet: list[Request], entity: str) -> list[int]:
    """Numbers of the requests for an entity."""
    return [request.n for request in quiet if request.entity == entity]


def chosen(numbers: Sequence[int], place: str) -> int:
    return numbers[{"first": 0, "middle": len(numbers) // 2, "last": -1}[place]]


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return Loaded(tmp_path / "tables")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("entity", STREAMS.values())
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_loses_and_duplicates_nothing(
    wanted: dict[str, Table],
    quiet: list[Request],
    loaded: Loaded,
    tmp_path: Path,
    *,
    fault: str,
    entity: str,
    place: str,
) -> None:
    n = chosen(range(1, len(of_entity(quiet, entity)) + 1), place)
    kind = {**FAULTS[fault]}
    faults = [Fault(**{**kind, "at": Nth(entity, n)})]
    if kind.get("on") == "login":  # the login that this request causes
        faults = [Fault(**{**kind, "at": 2}), Fault("expire_tokens", at=Nth(entity, n))]
    with serve(small_account(), faults=faults) as server:
        tap = tap_for(server, tmp_path, **timeout(faults))
        ending = tap.run()
        assert any(r.fault for r in server.log)
    loaded.take(tap, ending)
    assert ending.code == 0, ending.log[-1]
    assert untrue(loaded.tables(), wanted) == []
    assert loaded.doubled == 0


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("entity", STREAMS.values())
@pytest.mark.parametrize("what", ["inserted", "deleted"])
def test_a_row_that_moves_others_loses_and_duplicates_nothing(
    quiet: list[Request], loaded: Loaded, tmp_path: Path, *, what: str, entity: str, place: str
) -> None:
    account = small_account()
    before = held(account)
    [stream] = [name for name in STREAMS if STREAMS[name] == entity]
    first = min(key for (key,) in before[stream])

    def do(account: Account) -> None:
        if what == "inserted":
            account.insert(entity)
        else:
            account.delete(entity, first)

    changes = [Change(chosen(of_entity(quiet, entity), place), do)]
    with serve(account, changes=changes) as server:
        tap = tap_for(server, tmp_path, max_in_flight=1)
        ending = tap.run()
    loaded.take(tap, ending)
    assert ending.code == 0, ending.log[-1]
    after, tables = held(account), loaded.tables()
    assert after != before
    for name in STREAMS:
        stayed = before[name].keys() & after[name].keys()
        assert stayed <= tables[name].keys() <= before[name].keys() | after[name].keys()
        found = {key: tables[name][key] for key in stayed}
        assert untrue({name: found}, {name: {key: after[name][key] for key in stayed}}) == []
    assert loaded.doubled == 0


def test_a_token_revoked_at_every_request_loses_and_duplicates_nothing(
    wanted: dict[str, Table], loaded: Loaded, tmp_path: Path
) -> None:
    last = ""

    def has_served(request: Request) -> bool:
        nonlocal last
        token = request.headers["x-alfacrm-token"]
        served, last = token == last, token
        return served

    faults = [Fault("expire_tokens", at=has_served, times=10**6)]
    with serve(small_account(), faults=faults) as server:
        tap = tap_for(server, tmp_path)
        loaded.take(tap, tap.run())
        assert len(server.logins) > len(server.data_requests) / 4
    assert untrue(loaded.tables(), wanted) == []
    assert loaded.doubled == 0


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(past_the_end="repeat_last"),
        Quirks(total="missing"),
        Quirks(total="text"),
        Quirks(total="wrong", total_error=9),
        Quirks(total="wrong", total_error=-9),
    ],
    ids=["repeated last page", "no total", "total as text", "total too large", "total too small"],
)
@pytest.mark.parametrize("max_in_flight", [1, 8])
def test_wrong_totals_lose_and_duplicate_nothing(
    wanted: dict[str, Table], loaded: Loaded, tmp_path: Path, quirks: Quirks, max_in_flight: int
) -> None:
    with serve(small_account(), quirks) as server:
        tap = tap_for(server, tmp_path, max_in_flight=max_in_flight)
        ending = tap.run()
    loaded.take(tap, ending)
    assert ending.code == 0, ending.log[-1]
    assert untrue(loaded.tables(), wanted) == []
    assert loaded.doubled == 0


def test_a_host_that_does_not_resolve_ends_in_one_line(tmp_path: Path) -> None:
    with serve(small_account()) as server:
        ending = tap_for(server, tmp_path, hostname="school.invalid").run()
        assert not server.log
    assert ending.code == 1
    assert "https://school.invalid/v2api/auth/login" in ending.log[-1]
    assert "does not resolve" in ending.log[-1]
    assert not any("Traceback" in line for line in ending.log)


@pytest.mark.parametrize("entity", STREAMS.values())
def test_an_unavailable_server_ends_in_one_line_and_the_next_run_continues(
    wanted: dict[str, Table], loaded: Loaded, tmp_path: Path, entity: str
) -> None:
    gone = False

    def is_gone(request: Request) -> bool:
        nonlocal gone
        gone = gone or (request.entity == entity and request.page == 1) or request.n > 40
        return gone

    account = small_account()
    with serve(account, faults=[Fault("reset", at=is_gone, times=10**6)]) as server:
        tap = tap_for(server, tmp_path)
        ending = tap.run()
    loaded.take(tap, ending)
    assert ending.code == 1
    assert f"{server.url}/v2api/" in ending.log[-1]
    assert not any("Traceback" in line for line in ending.log)
    with serve(account) as server:
        tap = tap_for(server, tmp_path)
        loaded.take(tap, tap.run(loaded.state))
    assert untrue(loaded.tables(), wanted) == []


@pytest.mark.parametrize("number", range(KILLS))
def test_the_run_after_a_killed_one_completes_the_tables(
    wanted: dict[str, Table], quiet: list[Request], loaded: Loaded, tmp_path: Path, number: int
) -> None:
    stop = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)[number % 3]
    moment = random.Random(number).uniform(0, 0.005)
    taps: list[Tap] = []

    def kill(_: Account) -> None:
        time.sleep(moment)  # the server does not respond meanwhile
        taps[0].kill(stop)

    at = 1 + number * (len(quiet) - 1) // KILLS
    account = small_account()
    with serve(account, Quirks(latency_seconds=0.002), changes=[Change(at, kill)]) as server:
        taps.append(tap_for(server, tmp_path))
        killed = taps[0].run()
    loaded.take(taps[0], killed)
    with serve(account) as server:
        tap = tap_for(server, tmp_path)
        ending = tap.run(loaded.state)
    loaded.take(tap, ending)
    assert killed.code == (-stop if stop == signal.SIGKILL else 128 + stop)
    assert ending.code == 0, ending.log[-1]
    assert untrue(loaded.tables(), wanted) == []
    assert loaded.doubled == 0
