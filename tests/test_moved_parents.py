"""Parents that change their branch between their own list and the requests for their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, serve
from tests.truth import truth

if TYPE_CHECKING:
    from simulator import Server
    from tests.test_misbehaviour import Sync

STREAMS = ("groups", "group_memberships")


def build() -> Account:
    return Account.build(clients=30, branches=3, groups=12)


def move_groups(server: Server, seed: int) -> None:
    server.misbehave(
        "rows_move",
        entity="group",
        resource="cgi",
        kind="change_branch",
        times=1,
        count=6,
        seed=seed,
    )


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("is_first", [True, False])
def test_memberships_of_a_group_that_moves_meanwhile_are_loaded(
    sync: Sync, *, is_first: bool, seed: int
) -> None:
    account = build()
    with serve(account) as server:
        state = None if is_first else sync(server, streams=STREAMS).state
        before = truth(account)
        move_groups(server, seed)
        output = sync(server, streams=STREAMS, state=state, max_in_flight=1)
        healthy = sync(server, streams=STREAMS, state=output.state)
    moved = [key for key, row in before["groups"].items() if row != truth(account)["groups"][key]]
    assert moved
    for one in (output, healthy):
        loaded = {(row["id"],) for row in one.records("group_memberships")}
        assert loaded == before["group_memberships"].keys()
        assert one.verdict("group_memberships").startswith("group_memberships: COMPLETE. ")


@pytest.mark.parametrize(
    ("misbehaviour", "verdict"),
    [
        ({"name": "total_too_small"}, "UNPROVEN, it is not proven that every row of groups"),
        (
            {"name": "refused", "status": 404},
            "INCOMPLETE, not every row of groups is known, and each needs a request",
        ),
    ],
)
def test_groups_that_cannot_be_read_again_leave_a_doubt(
    sync: Sync, misbehaviour: dict[str, Any], verdict: str
) -> None:
    account = build()
    with serve(account) as server:
        state = sync(server, streams=STREAMS).state
        before = len(server.data_requests)
        state = sync(server, streams=STREAMS, state=state).state
        healthy = [r for r in server.data_requests[before:] if r.entity == "group"]
        move_groups(server, 1)
        server.misbehave(**misbehaviour, resource="group", after=len(healthy))
        output = sync(server, streams=STREAMS, state=state, max_in_flight=1)
    assert output.verdict("groups").startswith("groups: COMPLETE. ")
    assert output.verdict("group_memberships").startswith(f"group_memberships: {verdict}")


def test_groups_that_move_whenever_they_are_read_leave_a_doubt(sync: Sync) -> None:
    account = build()
    with serve(account) as server:
        server.misbehave("rows_move", entity="group", resource="group", kind="change_branch")
        output = sync(server, streams=("customers", *STREAMS), max_in_flight=1)
        server.behave()
        healthy = sync(server, streams=("customers", *STREAMS), state=output.state)
    words = "group_memberships: UNPROVEN, it is not proven that every row of groups is known. "
    assert output.verdict("group_memberships").startswith(words)
    loaded = {(row["id"],) for row in healthy.records("group_memberships")}
    assert loaded == truth(account)["group_memberships"].keys()


def test_memberships_of_a_group_that_moves_back_are_loaded(sync: Sync) -> None:
    account = build()
    with serve(account) as server:
        move_groups(server, 1)
        server.misbehave(
            "rows_move",
            entity="group",
            resource="group",
            kind="change_branch",
            after=6,  # while the groups are read again
            times=1,
            count=9,
        )
        output = sync(server, streams=STREAMS, max_in_flight=1)
        counts = [r for r in server.data_requests if r.entity == "group" and r.body["removed"] == 1]
    assert len(counts) > 3  # the groups were read more than twice, after the discovery
    loaded = {(row["id"],) for row in output.records("group_memberships")}
    assert loaded == truth(account)["group_memberships"].keys()
    assert output.verdict("group_memberships").startswith("group_memberships: COMPLETE. ")


def test_nothing_is_requested_again_where_no_list_is_empty_that_had_rows(sync: Sync) -> None:
    account = build()
    with serve(account) as server:
        first = sync(server, streams=STREAMS)
        sent = len(server.data_requests)
        sync(server, streams=STREAMS, state=first.state)
        groups = [r for r in server.data_requests[sent:] if r.entity == "group"]
    assert sum(r.body["pageSize"] > 1 for r in groups) == len({r.body["removed"] for r in groups})
