"""Rows in memory."""

from __future__ import annotations

import functools
import keyword
import threading
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import UNSET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMPILING = threading.RLock()
"""Held while msgspec works out the types of structs.

A thread that meets a struct which another one is working out would decode with what is half done,
which ends the process with SIGSEGV.
"""


class Row(msgspec.Struct):
    """A row: first as the API returned it, then as the record."""

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - a row may hold anything
        """The value of a field, as of a dict."""
        value = getattr(self, attribute(name), default)
        return default if value is UNSET else value


@functools.lru_cache(maxsize=10_000)
def attribute(name: str) -> str:
    """The attribute that holds a field."""
    plain = name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
    if plain and name != "get" and not name.startswith("_"):
        return name
    return f"_{name.encode('utf-8', 'surrogatepass').hex()}"


def values_of(rows: Sequence[Any], name: str) -> list[Any]:
    """The values of a field of rows, None where a row has none.

    Args:
        rows: Rows of one page, all structs or all dicts.
        name: The field.
    """
    if not rows or not isinstance(rows[0], Row):
        return [row.get(name) for row in rows]
    if not hasattr(rows[0], attribute(name)):
        return [None] * len(rows)
    values = map(attrgetter(attribute(name)), rows)
    return [None if value is UNSET else value for value in values]


class Structs(NamedTuple):
    """The structs of a layout.

    Attributes:
        clean: Of rows whose texts a database stores as they are.
        dirty: Of rows whose texts may have characters that no database stores.
        attributes: Their attributes by field.
    """

    clean: type[Row]
    dirty: type[Row]
    attributes: Mapping[str, str]

    def of(self, *, is_clean: bool) -> type[Row]:
        """One of the two."""
        return self.clean if is_clean else self.dirty
