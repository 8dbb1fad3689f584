"""The account's own fields: `custom_*` ones, ones newer than the schema files, their columns."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_alfacrm.client.kept import KeptResponses
from tap_alfacrm.client.request import ListRequest, PlannedList
from tap_alfacrm.errors import NoResponseError, RequestError, UnavailableError
from tap_alfacrm.formatting import may_be_column, number_of
from tap_alfacrm.records.keywords import FIELD, field_names
from tap_alfacrm.records.page import parse_page
from tap_alfacrm.records.scalars import json_type
from tap_alfacrm.schemas import standard_schema

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_alfacrm.client.prefetch import PrefetchClient
    from tap_alfacrm.config import Config
    from tap_alfacrm.records.page import Page, Parser
    from tap_alfacrm.streams.base import AlfaCRMStream

BRANCHES_PATH = "/v2api/branch/index"
MAX_REQUESTS = 42
"""Requests of a discovery: less than nine seconds at the allowed five a second."""
MAX_COLUMNS = 500
"""Columns of an account's own fields in one stream; PostgreSQL allows 1,600 in a table."""
MAX_FIELDS = 5_000
"""Fields of the rows of one list that are looked at."""
MAX_NAME_BYTES = 63
"""Bytes of a name that PostgreSQL keeps; it silently drops the rest."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OTHER = re.compile(r"[^a-z0-9]+")


class _Types:
    """JSON types of a field's values, and of the items of its arrays."""

    def __init__(self) -> None:
        self.values: set[str] = set()
        self.items: set[str] = set()

    def add(self, value: Any) -> None:  # noqa: ANN401 - JSON may be anything
        if value not in (None, ""):
            self.values.add(json_type(value))
        if isinstance(value, list):
            self.items |= {json_type(item) for item in value} - {"null"}


@dataclass
class _Sample:
    """What is known of the rows of one list.

    Attributes:
        stream: The stream.
        paths: Where its rows may be, the most likely path first.
        number: Number of the page to request next.
        total: Number of rows on all pages of the first path that has rows.
        types: Types of the values that were seen, by field.
        is_done: Whether no more pages are worth a request.
    """

    stream: type[AlfaCRMStream]
    paths: list[str]
    number: int = 0
    types: defaultdict[str, _Types] = field(default_factory=lambda: defaultdict(_Types))
    is_done: bool = False

    def request(self, page_size: int) -> ListRequest:
        return ListRequest(self.paths[0], self.stream.sample_list.filters).for_page(
            self.number, page_size
        )

    def add(self, page: Page) -> None:
        """Note the fields of a page, and which further page to sample."""
        for row in page.items:
            for name, value in row.items():
                if name in self.types or len(self.types) < MAX_FIELDS:
                    self.types[name].add(value)
        length = len(page.items)
        if not (length or self.number):
            del self.paths[0]
            self.is_done = not self.paths
        elif self.number or (page.total or 0) <= length:
            self.is_done = True
        else:  # at the other end are rows of another age
            self.number = ((page.total or 0) - 1) // length


class Discovery:
    """Requests samples of an account's rows and describes its own fields."""

    def __init__(self, client: PrefetchClient, config: Config, logger: logging.Logger) -> None:
        """Create a discovery; nothing is sent yet.

        Args:
            client: Sends the requests, and keeps the responses for a sync in this process.
            config: Page size and branches.
            logger: Receives a warning for each list that cannot be sampled.
        """
        self._client, self._logger = client, logger
        self._page_size = config.page_size
        self._configured_branches = config.branch_ids
        self._branches: Sequence[int] = config.branch_ids or ()
        self._kept = KeptResponses()
        self._sent = 0

    def properties(self, streams: Iterable[type[AlfaCRMStream]]) -> dict[str, dict[str, Any]]:
        """Request a page or two of each list and describe the fields that no schema file has.

        Args:
            streams: The streams to describe.

        Returns:
            JSON Schemas by field name, by stream (docs/behaviour.md#custom-fields).

        Raises:
            UnavailableError: The role has no right to a required entity.
            RequestError: A required entity got no usable response.
        """
        samples = {stream.name: _Sample(stream, [BRANCHES_PATH]) for stream in streams}
        required = [sample for sample in samples.values() if sample.stream.required]
        others = [sample for sample in samples.values() if not sample.stream.required]
        self._set_paths(required)
        self._request(required)  # alone: refused credentials and a missing right end it at once
        if any(sample.stream.needs_branch for sample in others) and not self._branches:
            self._list_branches(samples.get("branches"))
        self._set_paths(others)
        while batch := [sample for sample in samples.values() if not sample.is_done]:
            room = MAX_REQUESTS - self._sent
            if room <= 0:
                break
            batch.sort(
                key=lambda sample: sample.number > 0
            )  # all lists before a second page of one
            self._request(batch[:room])
        self._client.reuse(self._kept)
        return {name: self._describe(sample) for name, sample in samples.items()}

    def _set_paths(self, samples: Iterable[_Sample]) -> None:
        for sample in samples:
            sample.paths = list(self._paths(sample.stream))
            sample.is_done = sample.is_done or not sample.paths

    def _paths(self, stream: type[AlfaCRMStream]) -> Iterator[str]:
        branches: Sequence[int | None] = self._branches
        if not (stream.needs_branch or self._configured_branches):
            branches = (None, *branches)
        for branch in branches:
            for action in stream.actions:
                yield stream.path(branch, action)

    def _list_branches(self, sample: _Sample | None = None) -> None:
        """Learn the branches, without which most lists cannot be requested."""
        request = ListRequest(BRANCHES_PATH).for_page(0, self._page_size)
        [page] = self._fetch([request])
        if isinstance(page, RequestError):
            self._logger.warning("%s Lists of a branch are not sampled.", page)
            return
        self._branches = [identifier for identifier in page.ids if identifier is not None]
        if sample is not None:
            sample.add(page)

    def _request(self, batch: Sequence[_Sample]) -> None:
        """Request the next page of each sample, several at a time."""
        requests = [sample.request(self._page_size) for sample in batch]
        for sample, page in zip(batch, self._fetch(requests), strict=True):
            if isinstance(page, UnavailableError):
                self._refuse(sample, page)
            elif isinstance(page, RequestError):
                if sample.stream.required:
                    raise page
                self._logger.warning("%s Its custom fields are not in this catalog.", page)
                sample.is_done = True
            else:
                sample.add(page)

    def _refuse(self, sample: _Sample, error: UnavailableError) -> None:
        """Try another path; some accounts need the branch in every path."""
        if error.status == HTTPStatus.FORBIDDEN:
            sample.paths = []
        else:
            del sample.paths[0]
            if not (sample.paths or self._branches):
                self._list_branches()
                sample.paths = list(self._paths(sample.stream))[len(sample.stream.actions) :]
        sample.is_done = not sample.paths
        if sample.is_done and sample.stream.required:
            raise error

    def _fetch(self, requests: Sequence[ListRequest]) -> Iterator[Page | RequestError]:
        """Fetch pages, several at a time, in their order."""
        singles = [
            replace(request, is_single=True, parser=self._keeping(request)) for request in requests
        ]
        self._client.plan(
            PlannedList(single, self._page_size, single_page_likely=True) for single in singles
        )
        for single in singles:
            self._sent += 1
            try:
                with self._client.open_list(single, self._page_size) as fetch_page:
                    page: Page | RequestError = fetch_page(0)
            except (NoResponseError, UnavailableError) as error:
                page = error
            yield page

    def _keeping(self, request: ListRequest) -> Parser:
        def parse(content: bytes, requested_at: str | None) -> Page:
            page = parse_page(content, requested_at)
            self._kept.add(request, content, requested_at)
            return page

        return parse

    def _describe(self, sample: _Sample) -> dict[str, Any]:
        standard = standard_schema(sample.stream.name)["properties"]
        known = field_names(standard)
        own = sorted(name for name in sample.types if name not in known and may_be_column(name))
        own.sort(key=lambda name: not name.startswith("custom_"))
        if len(own) > MAX_COLUMNS:
            self._logger.warning(
                "%s: the account has %s of its own; the first %d become columns.",
                sample.stream.name,
                number_of(len(own), "field"),
                MAX_COLUMNS,
            )
        columns = column_names(sorted(own[:MAX_COLUMNS]), standard)
        return {
            column: _schema_of(name, sample.types[name]) | ({FIELD: name} if name != column else {})
            for name, column in columns.items()
        }


def _schema_of(name: str, types: _Types) -> dict[str, Any]:
    is_custom = name.startswith("custom_")
    kind = "Custom field of this account" if is_custom else "Field newer than this tap"
    schema: dict[str, Any] = {"description": f"{kind}; its type was seen in a sample of its rows."}
    if types.values == {"array"}:
        item = _common_type(types.items)
        return schema | {"type": ["array", "null"], "items": {"type": [item, "null"]}}
    if is_custom:  # whatever comes later, text holds it
        return schema | {"type": ["string", "null"]}
    if types.values == {"object"}:
        return schema | {"type": ["object", "null"]}
    return schema | {"type": [_common_type(types.values), "null"]}


def _common_type(types: set[str]) -> str:
    """The type that holds all scalars of some types; text where they do not agree."""
    if types and types <= {"integer", "number"}:
        return "integer" if types == {"integer"} else "number"
    return "boolean" if types == {"boolean"} else "string"


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
