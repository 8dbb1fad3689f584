"""The installed tap as a process, against an account in trouble: what then stands in the tables."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Fault, Quirks, serve
from tests.reliability.scenario import (
    FAULTS,
    STREAMS,
    Nth,
    Warehouse,
    keys,
    reference,
    small_account,
    tap_for,
)

if TYPE_CHECKING:
    from pathlib import Path

    from simulator import Request

Tables = dict[tuple[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The tables after a quiet night."""
    return reference(tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Requests for each entity in a quiet night."""
    with serve(small_account()) as server:
        tap_for(server, tmp_path_factory.mktemp("requests")).run()
        return {
            entity: sum(r.entity == entity for r in server.data_requests)
            for entity in STREAMS.values()
        }


@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("entity", STREAMS.values())
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_loses_and_doubles_nothing(
    wanted: Tables, requests: dict[str, int], tmp_path: Path, *, fault: str, entity: str, place: str
) -> None:
    n = {"first": 1, "middle": requests[entity] // 2, "last": requests[entity]}[place]
    kind = {**FAULTS[fault]}
    at: Any = 1 if kind.get("on") == "login" else Nth(entity, n)
    faults = [Fault(**{**kind, "at": at})]
    if kind.get("on") == "login":  # the login in question is the one that this request calls for
        faults.append(Fault("expire_tokens", at=Nth(entity, n)))
        faults[0] = Fault(**{**kind, "at": 2})
    warehouse = Warehouse()
    with serve(small_account(), faults=faults) as server:
        ending = tap_for(server, tmp_path).run()
        assert any(r.fault for r in server.log)
    warehouse.load(ending)
    assert ending.code == 0, ending.log[-1]
    assert warehouse.rows == wanted
    assert warehouse.doubled == 0


def test_a_token_revoked_at_every_request_loses_and_doubles_nothing(
    wanted: Tables, tmp_path: Path
) -> None:
    last = ""

    def has_served(request: Request) -> bool:
        nonlocal last
        token = request.headers["x-alfacrm-token"]
        served, last = token == last, token
        return served

    warehouse = Warehouse()
    faults = [Fault("expire_tokens", at=has_served, times=10**6)]
    with serve(small_account(), faults=faults) as server:
        warehouse.load(tap_for(server, tmp_path).run())
        assert len(server.logins) > len(server.data_requests) / 4
    assert warehouse.rows == wanted
    assert warehouse.doubled == 0


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
def test_what_the_api_says_of_its_lists_loses_and_doubles_nothing(
    wanted: Tables, tmp_path: Path, quirks: Quirks, max_in_flight: int
) -> None:
    warehouse = Warehouse()
    with serve(small_account(), quirks) as server:
        ending = tap_for(server, tmp_path, max_in_flight=max_in_flight).run()
    warehouse.load(ending)
    assert ending.code == 0, ending.log[-1]
    assert warehouse.rows == wanted
    assert warehouse.doubled == 0


def test_a_host_that_does_not_resolve_ends_in_one_line(tmp_path: Path) -> None:
    with serve(small_account()) as server:
        ending = tap_for(server, tmp_path, hostname="school.invalid").run()
        assert not server.log
    assert ending.code == 1
    assert "https://school.invalid/v2api/auth/login" in ending.log[-1]
    assert "does not resolve" in ending.log[-1]
    assert not any("Traceback" in line for line in ending.log)


@pytest.mark.parametrize("entity", STREAMS.values())
def test_a_server_that_is_gone_for_good_ends_in_one_line_and_the_next_run_goes_on(
    wanted: Tables, tmp_path: Path, entity: str
) -> None:
    gone = False

    def is_gone(request: Request) -> bool:
        nonlocal gone
        gone = gone or (request.entity == entity and request.page == 1) or request.n > 40
        return gone

    account, warehouse = small_account(), Warehouse()
    with serve(account, faults=[Fault("reset", at=is_gone, times=10**6)]) as server:
        ending = tap_for(server, tmp_path).run()
    warehouse.load(ending)
    assert ending.code == 1
    assert f"{server.url}/v2api/" in ending.log[-1]
    assert not any("Traceback" in line for line in ending.log)
    with serve(account) as server:
        warehouse.load(tap_for(server, tmp_path).run(warehouse.state))
    assert warehouse.rows == wanted


@pytest.mark.parametrize("number", range(50))
def test_a_run_that_is_killed_at_any_moment_is_made_good_by_the_next(
    wanted: Tables, tmp_path: Path, number: int
) -> None:
    stop = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)[number % 3]
    account, warehouse = small_account(), Warehouse()
    with serve(account, Quirks(latency_seconds=0.002)) as server:
        warehouse.load(tap_for(server, tmp_path).run(signal=stop, after=0.02 + number * 0.01))
        ending = tap_for(server, tmp_path).run(warehouse.state)
    warehouse.load(ending)
    assert ending.code == 0, ending.log[-1]
    assert warehouse.rows == wanted
    assert warehouse.rows.keys() == keys(account)
    assert warehouse.doubled == 0
