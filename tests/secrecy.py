"""Checks of every run in the tests: no secrets or personal data in logs, errors and state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

PERSONAL = frozenset(
    {"name", "legal_name", "payer_name", "customer_name", "phone", "email", "addr", "note", "text"}
)
"""Fields with personal data."""
PEOPLE = frozenset(
    {"customers", "users", "teachers", "pays", "tasks", "sms_messages", "mail_messages"}
)
SHORTEST = 6
"""Length below which a text can occur in a log by chance."""


def check(
    secrets: Iterable[str | None],
    email: str,
    *,
    log: str,
    output: str,
    messages: Iterable[dict[str, Any]],
) -> None:
    """Check a run.

    Args:
        secrets: Keys and tokens, which must not occur anywhere.
        email: The user name, which must not occur outside rows.
        log: Log of all levels, and the error.
        output: Everything written to stdout.
        messages: The same, as messages.
    """
    messages = list(messages)
    states = json.dumps([m for m in messages if m["type"] == "STATE"])
    for secret in filter(None, secrets):
        assert secret not in log
        assert secret not in output
    assert email not in log + states
    for text in _personal(messages):
        assert text not in log, "a personal datum stands in the log"


def _personal(messages: Iterable[dict[str, Any]]) -> set[str]:
    found: set[str] = set()
    for message in messages:
        if message["type"] == "RECORD" and message["stream"] in PEOPLE:
            record = message["record"]
            for name in PERSONAL & record.keys():
                values = record[name] if isinstance(record[name], list) else [record[name]]
                found.update(v for v in values if isinstance(v, str) and len(v) >= SHORTEST)
    return found
