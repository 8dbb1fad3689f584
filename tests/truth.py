"""Rows of an account, read without the tap, in a form that can be compared with any table.

This code uses no schema: values on both sides are normalized by their format. It detects values
that the tap itself converted wrongly, which a comparison of tables with records cannot.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from simulator.entities import ENTITIES
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator import Account

KYIV = ZoneInfo("Europe/Kyiv")
UTC = frozenset({"created_at", "updated_at"})
"""The only date-times of the API that are not in the school's local time."""
ARCHIVED = frozenset({"customer", "customer-tariff", "group", "teacher"})
"""Entities whose rows are archived according to the list that returns them."""
OF_CARDS = {"customer-tariff": "customer_id", "communication": "related_id"}
"""Entities that are requested per card, and the field with the card's id."""
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
DOTTED = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})")
CLOCK = re.compile(r"\d\d:\d\d")
INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(Z|\+00:00)?")
Table = dict[tuple[int, ...], dict[str, Any]]


def folded(value: Any, name: str = "", *, raw: bool = False) -> Any:
    """Normalize a value for the comparison; empty values become None.

    Args:
        value: A value of a table, or of a row of the API.
        name: Its field.
        raw: Whether it is a value of the API, whose date-times have no zone.
    """
    if isinstance(value, str):
        return _of_text(value, name, raw=raw)
    if isinstance(value, (bool, int, float, Decimal)):
        return Decimal(str(int(value) if isinstance(value, bool) else value)).normalize() + 0
    if isinstance(value, list):
        items = [folded(item, name, raw=raw) for item in value]
        return [item for item in items if item is not None] or None
    if isinstance(value, dict):
        pairs = {key: folded(item, key, raw=raw) for key, item in value.items()}
        return {key: item for key, item in pairs.items() if item is not None} or None
    return value


def _of_text(text: str, name: str, *, raw: bool) -> Any:
    if text.lower() in {"true", "false"}:
        return Decimal(text.lower() == "true")
    if text[:1] in {"[", "{"}:
        return folded(json.loads(text, parse_float=Decimal), name, raw=raw)
    if NUMBER.fullmatch(text):
        return Decimal(text).normalize() + 0
    if found := DOTTED.fullmatch(text):
        return "-".join(reversed(found.groups()))
    if CLOCK.fullmatch(text):
        return f"{text}:00"
    if (found := INSTANT.fullmatch(text)) and (raw or found[3]):
        moment = dt.datetime.fromisoformat(f"{found[1]}T{found[2]}")
        zone = KYIV if raw and name not in UTC else dt.UTC
        return f"{moment.replace(tzinfo=zone).astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    return text or None


def truth(account: Account) -> dict[str, Table]:
    """All rows of all streams of an account, by key, without the fields that are empty."""
    return {
        stream: {key: folded(row, raw=True) for key, row in rows.items()}
        for stream, rows in rows_by_key(account).items()
    }


def rows_by_key(account: Account) -> dict[str, Table]:
    """All rows of all streams of an account, as the API sends them, by key."""
    cards = sorted(account.customer_ids())
    tables: dict[str, Table] = {}
    for stream in STREAMS:
        path = stream.entity + stream.actions[0].replace("/index", "")
        if single := ENTITIES[path].single:
            everything = {"date1": "01.01.2000", "date2": "01.01.2100"}
            rows = []
            for card in cards:
                query = {"id": str(card), "customer_id": str(card), **everything}
                answer, _ = single(account.tables, query)
                found = answer if isinstance(answer, list) else [answer]
                rows += [{**row, "customer_id": card} for row in found]
        else:
            rows = account.rows(path, archived=False if ENTITIES[path].hides_finished else None)
        if path in ARCHIVED:
            rows = [{**row, "is_archived": account.is_archived(row["id"], path)} for row in rows]
        if path == "lesson":  # false stands for no list
            rows = [{**row, "streaming": row["streaming"] or None} for row in rows]
        if path in OF_CARDS:  # child rows are deleted with their card
            rows = [
                row
                for row in rows
                if row.get("class", "Customer") != "Customer" or row[OF_CARDS[path]] in cards
            ]
        tables[stream.name] = {tuple(row[key] for key in stream.primary_keys): row for row in rows}
    return tables


def of_table(
    rows: Mapping[Any, Mapping[str, Any]], columns: Mapping[str, str], keys: list[str]
) -> Table:
    """Normalize a loaded table.

    Args:
        rows: Its rows.
        columns: The API's name of each field, by column.
        keys: Names of the key's columns.
    """
    return {
        tuple(int(row[key]) for key in keys): folded(
            {columns.get(name, name): value for name, value in row.items()}
        )
        for row in rows.values()
    }


def untrue(tables: Mapping[str, Table], others: Mapping[str, Table]) -> list[tuple[Any, ...]]:
    """Stream, key, field and both values of each difference between tables."""
    return [
        (stream, key, name, ours.get(name), theirs.get(name))
        for stream in tables.keys() | others.keys()
        for mine, yours in [(tables.get(stream, {}), others.get(stream, {}))]
        for key in mine.keys() | yours.keys()
        for ours, theirs in [(mine.get(key) or {}, yours.get(key) or {})]
        for name in ours.keys() | theirs.keys()
        if ours.get(name) != theirs.get(name)
    ]
