"""Golden output: messages and requests of the tap for a range of accounts.

`UPDATE_GOLDEN=1 pytest tests/golden -n 0` accepts a change; the diff of golden.json then shows it.
Recorded for each account: records by stream (number and digest), the order of messages, the state,
the verdicts with their figures but not their wording, and the requests in their order. With eight
requests in flight the output must be the same; the order of requests then depends on timing and is
not compared, and changes of rows are omitted, because they would occur at another point.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Change, Fault, Quirks, serve
from tap_alfacrm.tap import STREAMS, TapAlfaCRM
from tests.catalogs import root_of, select
from tests.conftest import config_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator import Server
    from tests.conftest import Output

    Sync = Callable[..., Output]

FILE = Path(__file__).with_name("golden.json")
ALL = tuple(stream.name for stream in STREAMS)
PLAIN: dict[str, Any] = {"page_size": 7}
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "large pages": {"config": {"page_size": 500}},
    "page size ignored": {"quirks": {"page_size_honoured": False, "default_page_size": 20}},
    "no total": {"quirks": {"total": "missing"}},
    "total as text": {"quirks": {"total": "text"}},
    "total too large": {"quirks": {"total": "wrong", "total_error": 3}},
    "total too small": {"quirks": {"total": "wrong", "total_error": -2}},
    "last page repeated": {"quirks": {"past_the_end": "repeat_last", "total": "missing"}},
    "branch in every path": {
        "quirks": {"needs_branch": frozenset({"customer", "group", "lesson", "lead-status"})}
    },
    "chosen branches": {"config": {"branch_ids": [1, 2]}},
    "removed ignored": {"quirks": {"removed": "ignored"}},
    "odd values": {
        "quirks": {
            "teacher_ids": "names",
            "empty_values": "blank",
            "flags": "booleans",
            "numbers_as_text": True,
            "dob_format": "iso",
            "junk_share": 0.5,
            "unicode_oddities": True,
            "escaped_json": True,
            "display_dates": "display_only",
            "log_fields": "json",
            "late_custom_field": True,
            "newer_field": True,
        }
    },
    "bare messages": {"quirks": {"bare_messages": True}},
    "rights and routes": {
        "quirks": {
            "forbidden": frozenset({"pay", "lead-reject"}),
            "absent": frozenset({"discount", "communication"}),
        }
    },
    "tokens that serve nine requests": {"quirks": {"token_uses": 9}},
    "faults": {
        "faults": [
            Fault("status", at=5, status=500),
            Fault("status", at=9, status=429, retry_after="0", times=2),
            Fault("html", at=14, status=200),
            Fault("truncated", at=19),
            Fault("reset_in_body", at=24),
        ]
    },
    "cards deleted and inserted": {
        "streams": ("customers",),
        "changes": [
            Change(4, lambda a: a.delete_customer(max(a.customer_ids(0, archived=False)))),
            Change(6, lambda a: a.insert_customer(0)),
        ],
    },
    "cards archived and converted": {
        "streams": ("customers",),
        "changes": [
            Change(4, lambda a: a.archive(max(a.customer_ids(0, archived=False)))),
            Change(8, lambda a: a.convert(min(a.customer_ids(1, archived=False)))),
        ],
    },
    "without the archive": {"config": {"include_archived": False}},
    "one kind of cards": {"config": {"is_study": [1]}},
    "deletions": {"config": {"detect_deletions": True}},
    "maps and flattening": {
        "config": {
            "stream_maps": {"customers": {"phone": "__NULL__", "name": "md5(name)"}},
            "flattening_enabled": True,
            "flattening_max_depth": 1,
        }
    },
}


def _digest(values: object) -> str:
    text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _account() -> Account:
    return Account.build(
        leads=10, clients=8, archived_leads=8, archived_clients=2, branches=2, groups=9,
        lessons=24, customer_tariffs=14, pays=17, teachers=8, tasks=9, logs=10,
    )  # fmt: skip


def _verdicts(output: Output) -> list[str]:
    found = []
    for line in output.lines():
        match = re.match(r"([\w= ]+): (COMPLETE|INCOMPLETE)(.*)", line)
        if match:
            numbers = re.findall(r"\d[\d,]*", match[3])
            found.append(" ".join([match[1], match[2], *(n.rstrip(",") for n in numbers)]))
    return found


def _written(output: Output) -> dict[str, Any]:
    messages = [m for m in output.messages if m["type"] != "ACTIVATE_VERSION"]
    versions = [m["stream"] for m in output.messages if m["type"] == "ACTIVATE_VERSION"]
    streams = dict.fromkeys(m["stream"] for m in messages if "stream" in m)
    # depends on the clock: bookmarks of newer rows contain the start of the run
    state = re.sub(r"20(2[6-9]|[3-9]\d)-\d\d-\d\dT[\d:]+Z", "<now>", json.dumps(output.state))
    return {
        "records": {
            name: f"{len(output.records(name))} {_digest(output.records(name))}"
            for name in streams
        },
        "messages": _digest([key for key, _ in groupby(m["type"] for m in messages)
                             if key != "STATE"]),
        "versions": versions,
        "state": _digest(state),
        "verdicts": _verdicts(output),
    }  # fmt: skip


def _requests(server: Server) -> str:
    asked = [
        [r.path, {k: v for k, v in r.query.items() if not k.startswith("date")}, r.body, r.status]
        for r in server.data_requests
    ]
    return f"{len(asked)} {_digest(asked)}"


RUNS = [
    pytest.param(name, in_flight, id=f"{name}-{in_flight}")
    for name in [*CASES, "a night"]
    for in_flight in ((1,) if "changes" in CASES.get(name, {}) else (1, 8))
]


def _run(sync: Sync, case: dict[str, Any], in_flight: int) -> dict[str, Any]:
    account = _account()
    config = {**PLAIN, **case.get("config", {}), "max_in_flight": in_flight}
    streams = case.get("streams", ALL)
    quirks = Quirks(**case.get("quirks", {}))
    with serve(account, quirks, case.get("faults", ()), case.get("changes", ())) as server:
        found = _written(sync(server, streams=streams, **config))
        if in_flight == 1:
            found["requests"] = _requests(server)
    return found


def _night(sync: Sync, in_flight: int) -> dict[str, Any]:
    """A first load, some changes, and a second run with its state and catalog."""
    account = _account()
    with serve(account) as server:
        tap = TapAlfaCRM(config=config_for(server, max_in_flight=in_flight))
        catalog = select(tap.catalog_dict, ALL)
        for entry in catalog["streams"]:
            if entry["stream"] == "customers":
                root_of(entry)["replication-method"] = "INCREMENTAL"
        config = {**PLAIN, "max_in_flight": in_flight}
        first = sync(server, catalog=catalog, **config)
        account.update_customer(min(account.customer_ids()), name="Нове Ім'я")
        account.insert("pay")
        second = sync(server, catalog=catalog, state=first.state, **config)
        found = {"first": _written(first), "second": _written(second)}
        if in_flight == 1:
            found["requests"] = {"all": _requests(server)}
    return found


@pytest.mark.parametrize(("name", "in_flight"), RUNS)
def test_output_and_requests_match_golden(sync: Sync, name: str, in_flight: int) -> None:
    found = _night(sync, in_flight) if name == "a night" else _run(sync, CASES[name], in_flight)
    golden = json.loads(FILE.read_text(encoding="utf-8"))
    if os.environ.get("UPDATE_GOLDEN") and in_flight == 1:
        golden[name] = found
        text = json.dumps(golden, indent=1, sort_keys=True, ensure_ascii=False)
        FILE.write_text(f"{text}\n", encoding="utf-8")
    expected = golden[name]
    if in_flight > 1:
        expected = {key: value for key, value in expected.items() if key != "requests"}
    assert found == expected
