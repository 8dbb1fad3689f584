"""The account's own fields: `custom_*` ones, ones newer than the schema files, their columns."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.formatting import may_be_column
from tap_alfacrm.records.converter import FIELD, field_names
from tap_alfacrm.records.page import get_row_id
from tap_alfacrm.records.scalars import json_type
from tap_alfacrm.schemas import standard_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_alfacrm.client.prefetch import PrefetchClient
    from tap_alfacrm.config import Config
    from tap_alfacrm.records.page import Row
    from tap_alfacrm.streams.base import AlfaCRMStream

MAX_NAME_BYTES = 63
"""Bytes of a name that PostgreSQL keeps; it silently drops the rest."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OTHER = re.compile(r"[^a-z0-9]+")


class Discovery:
    """Requests samples of an account's rows and describes its own fields."""

    def __init__(self, client: PrefetchClient, config: Config) -> None:
        """Create a discovery; nothing is sent yet.

        Args:
            client: Sends the requests.
            config: Page size and branches.
        """
        self._client = client
        self._page_size = config.page_size
        self._branch = config.branch_ids[0] if config.branch_ids else None

    def properties(self, stream: type[AlfaCRMStream]) -> dict[str, Any]:
        """Request one page and describe the fields that the schema file does not have.

        Args:
            stream: The stream to describe.

        Returns:
            JSON Schema by field name (docs/behaviour.md#custom-fields).

        Raises:
            UnavailableError: The role has no right to a required entity.
        """
        try:
            rows = self._sample(stream)
        except UnavailableError:
            if stream.required:
                raise
            return {}
        standard = standard_schema(stream.name)["properties"]
        known = field_names(standard)
        types: defaultdict[str, set[str]] = defaultdict(set)
        for row in rows:
            for name, value in row.items():
                if name not in known and may_be_column(name):
                    types[name].add(json_type(value) if value != "" else "null")
        columns = column_names(sorted(types), standard)
        return {
            column: _describe(name, types[name] - {"null"})
            | ({FIELD: name} if name != column else {})
            for name, column in columns.items()
        }

    def _sample(self, stream: type[AlfaCRMStream]) -> Sequence[Row]:
        filters = stream.sample_list.filters
        try:
            return self._fetch_rows(ListRequest(stream.path(self._branch), filters))
        except UnavailableError as error:
            if not stream.required or self._branch or error.status == HTTPStatus.FORBIDDEN:
                raise
        # some accounts need the branch in every path
        branches = self._fetch_rows(ListRequest("/v2api/branch/index"))
        self._branch = next(map(get_row_id, branches), None)
        return self._fetch_rows(ListRequest(stream.path(self._branch), filters))

    def _fetch_rows(self, request: ListRequest) -> Sequence[Row]:
        return self._client.fetch(request.for_page(0, self._page_size)).items


def _describe(name: str, types: set[str]) -> dict[str, Any]:
    kind = (
        "Custom field of this account"
        if name.startswith("custom_")
        else "Field newer than this tap"
    )
    schema: dict[str, Any] = {"description": f"{kind}; its type was seen in a sample of its rows."}
    if types == {"array"}:
        return schema | {
            "type": ["array", "null"],
            "items": {"type": ["string", "null"]},
        }
    if types <= {"integer", "number"} and types:
        return schema | {"type": ["integer" if types == {"integer"} else "number", "null"]}
    if types in ({"boolean"}, {"object"}):
        return schema | {"type": [*types, "null"]}
    return schema | {"type": ["string", "null"]}


def column_names(fields: Iterable[str], taken: Iterable[str]) -> Mapping[str, str]:
    """Name a column for each field (docs/loaders.md#names).

    A field keeps its name where that is plain. Any other is written in ASCII, followed by six
    digits that depend on the field's name alone: no two fields share a column, and a column
    keeps its name whatever fields come later.

    Args:
        fields: Names of fields.
        taken: Names of columns that there are already.

    Returns:
        The name of the column, by field.
    """
    fields = tuple(fields)
    alike = Counter(name.lower() for name in (*fields, *taken))
    return {
        field: field
        if _PLAIN.fullmatch(field)
        and len(field) <= MAX_NAME_BYTES
        and (alike[field.lower()] == 1 or field.islower())
        else _plain(field)
        for field in fields
    }


def _plain(field: str) -> str:
    from anyascii import anyascii  # noqa: PLC0415 - few accounts need its tables

    digits = hashlib.sha256(field.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    words = _OTHER.sub("_", anyascii(field).lower()).strip("_") or "field"
    start = f"f_{words}" if words[0].isdigit() else words
    return f"{start[: MAX_NAME_BYTES - len(digits) - 1]}_{digits}"
