"""The stream `sync_audit`, and the setting `require_complete`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Quirks, serve
from tap_alfacrm.errors import NotCompleteError
from tap_alfacrm.streams.audit import UNAVAILABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator import Server
    from tests.conftest import Output

    Sync = Callable[..., Output]

STREAMS = ("customers", "lessons", "pays", "sync_audit")


def by_stream(output: Output) -> dict[tuple[str, str], dict[str, Any]]:
    records = output.records("sync_audit")
    found = {(record["stream"], record["partition"]): record for record in records}
    assert len(found) == len(records)
    return found


def test_each_stream_and_partition_has_a_record(
    sync: Sync, account: Account, server: Server
) -> None:
    output = sync(server, streams=STREAMS)
    audit = by_stream(output)
    assert list(audit) == [
        ("customers", "is_study=0"),
        ("customers", "is_study=1"),
        ("customers", "is_study=2"),
        ("customers", ""),
        ("lessons", ""),
        ("pays", ""),
    ]
    assert {record["verdict"] for record in audit.values()} == {"COMPLETE"}
    assert {record["reason"] for record in audit.values()} == {""}
    customers, pays = audit["customers", ""], audit["pays", ""]
    assert customers["api_total"] == customers["emitted"] == len(output.records("customers")) == 160
    assert customers["branch_count"] == 0
    assert pays["branch_count"] == len(account.rows("branch"))
    assert pays["emitted"] == len(output.records("pays"))
    assert customers["duplicates"] == customers["rows_received"] - 160
    assert customers["requests"] > 4
    assert customers["retries"] == 0
    assert len({record["run_id"] for record in audit.values()}) == 1
    last = [m["stream"] for m in output.messages if m["type"] == "RECORD"][-1]
    assert last == "sync_audit"


def test_another_run_has_another_id(sync: Sync, server: Server) -> None:
    runs = [sync(server, streams=("pays", "sync_audit")) for _ in range(2)]
    ids = {record["run_id"] for run in runs for record in run.records("sync_audit")}
    assert len(ids) == 2


def test_the_record_says_what_the_log_says(sync: Sync, account: Account) -> None:
    quirks = Quirks(total="wrong", total_error=1, forbidden=frozenset({"lesson"}))
    with serve(account, quirks) as server:
        output = sync(server, streams=STREAMS)
    audit = by_stream(output)
    customers = audit["customers", ""]
    words = f"customers: {customers['verdict']}, {customers['reason']}. "
    assert output.verdict("customers").startswith(words)
    assert customers["verdict"] == "INCOMPLETE"
    assert audit["lessons", ""]["verdict"] == UNAVAILABLE
    assert audit["lessons", ""]["emitted"] == 0


@pytest.mark.parametrize("selects_audit", [True, False])
def test_a_run_that_has_to_be_complete_ends_after_all_rows(
    sync: Sync, account: Account, *, selects_audit: bool
) -> None:
    streams = ("customers", "pays", *(["sync_audit"] if selects_audit else []))
    with serve(account, Quirks(total="wrong", total_error=1)) as server:
        lenient = sync(server, streams=streams)
        strict = sync(server, streams=streams, require_complete=True, fails=NotCompleteError)
    assert isinstance(strict.error, NotCompleteError)
    assert strict.error.exit_code == 3
    assert "customers (INCOMPLETE)" in str(strict.error)
    assert "pays (INCOMPLETE)" in str(strict.error)
    for stream in ("customers", "pays"):
        assert strict.records(stream) == lenient.records(stream) != []
    assert strict.state.keys() == lenient.state.keys()


def test_a_complete_run_ends_as_always(sync: Sync, server: Server) -> None:
    output = sync(server, streams=STREAMS, require_complete=True)
    assert output.error is None
