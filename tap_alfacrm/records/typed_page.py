"""Pages whose rows are decoded to structs."""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from tap_alfacrm.records.page import LARGE_BYTES, Page, newest_created_at, parse_page
from tap_alfacrm.records.row import COMPILING, attribute
from tap_alfacrm.records.scalars import non_negative_int

if TYPE_CHECKING:
    from tap_alfacrm.records.layout import Layout
    from tap_alfacrm.records.row import Row

_NUL = b"\\u0000"
"""A character that no database stores, as JSON spells it."""


class TypedPageParser:
    """Parses pages of one stream."""

    def __init__(self, layout: Layout, key: str) -> None:
        """Create a parser.

        Args:
            layout: The structs of the rows, which adapt to each page that they do not fit.
            key: The primary key.
        """
        self._layout, self._key = layout, attribute(key)
        self._decoders: dict[type[Row], msgspec.json.Decoder[Any]] = {}

    def __call__(self, content: bytes, requested_at: str | None = None) -> Page:
        """Parse a page.

        Args:
            content: Body of a response.
            requested_at: The server's clock at the request.

        Returns:
            The page. Its rows are structs; dicts, where the structs had to adapt or the body is
            not quite JSON or very large.

        Raises:
            MalformedResponseError: The body is not a page.
        """
        if len(content) < LARGE_BYTES:
            row_type = self._layout.structs.of(is_clean=_NUL not in content)
            try:
                page = self._decoder(row_type).decode(content)
            except (msgspec.DecodeError, RecursionError):
                pass
            else:
                if page.items:  # an empty list may be a failure
                    return self._page(page, requested_at)
        plain = parse_page(content, requested_at)
        if isinstance(plain.items, list):
            self._layout.learn(plain.items)
        return plain

    def _decoder(self, row_type: type[Row]) -> msgspec.json.Decoder[Any]:
        with COMPILING:
            if row_type not in self._decoders:
                page = msgspec.defstruct("Page", [("items", list[row_type]), ("total", Any, None)])  # type: ignore[valid-type]  # the struct is made at run time
                self._decoders[row_type] = msgspec.json.Decoder(page, float_hook=Decimal)
            return self._decoders[row_type]

    def _page(self, page: Any, requested_at: str | None) -> Page:  # noqa: ANN401 - the struct is made at run time
        rows = page.items
        ids = list(map(non_negative_int, map(attrgetter(self._key), rows)))
        return Page(rows, ids, non_negative_int(page.total), requested_at, newest_created_at(rows))
