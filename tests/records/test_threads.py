"""Pages that several threads parse at once, as prefetching does."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from simulator import Account

ROUNDS = """
import sys, threading
from zoneinfo import ZoneInfo
from tap_alfacrm.records.converter import Converter
from tap_alfacrm.records.typed_page import TypedPageParser
from tap_alfacrm.schemas import standard_schema

sys.setswitchinterval(1e-6)
stream, content = sys.argv[1], sys.stdin.buffer.read()
for _ in range(40):
    parse = TypedPageParser(Converter(standard_schema(stream), ZoneInfo("UTC")).layout, "id")
    start = threading.Barrier(8)
    threads = [threading.Thread(target=lambda: (start.wait(), parse(content))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def _odd(row: dict[str, Any]) -> dict[str, Any]:
    details = [{**one, "id": str(one["id"])} for one in row.get("details") or ()]
    return {**row, "id": str(row["id"]), "details": details}


@pytest.mark.parametrize("is_odd", [False, True])
@pytest.mark.parametrize(("stream", "entity"), [("customers", "customer"), ("lessons", "lesson")])
def test_the_first_pages_of_a_stream_can_be_parsed_at_once(
    stream: str, entity: str, *, is_odd: bool
) -> None:
    account = Account.build(leads=2, clients=2, lessons=4)
    rows = [_odd(row) if is_odd else row for row in account.rows(entity)]
    ended = subprocess.run(
        [sys.executable, "-c", ROUNDS, stream],
        input=json.dumps({"items": rows, "total": len(rows)}).encode(),
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
