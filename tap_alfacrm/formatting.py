"""Text for logs, errors and reports."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_LISTED = 5
"""Items of a list that a sentence names."""
MOST_NAMES = 50
"""Names of fields that a log line or a report lists."""
MAX_CUSTOM_NAME = 255
"""Characters of a custom field's name that can be the name of a column."""
_FIELD_NAME = re.compile(r"(?!.*\d{5})(\d{1,2}_?)?[a-z_][A-Za-z0-9_.-]{0,60}")
"""Names that fields of the API have. Others may be a value in the wrong place, or escape codes."""
_PERSONAL = re.compile(r"@|\d{5}|(?:\d\D{0,2}){7}", re.ASCII)
"""What an e-mail address or a phone number has and the name of a custom field has not."""


def format_utc(moment: dt.datetime) -> str:
    """A moment in UTC as records and bookmarks contain it: `YYYY-MM-DDTHH:MM:SSZ`."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def number_of(count: int, noun: str) -> str:
    """A number with its noun, such as `1 page` or `1,204 rows`."""
    plural = f"{noun}es" if noun.endswith(("ch", "sh", "s", "x")) else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def list_of(items: Iterable[str]) -> str:
    """Distinct items in a sentence: `a, b and c`, or the first few and how many more."""
    shown = list(dict.fromkeys(items))
    if len(shown) > MOST_LISTED:
        shown = [*shown[:MOST_LISTED], f"{len(shown) - MOST_LISTED:,} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def show_field_name(name: str) -> str:
    """A name of a field that the server sent, fit for a log, a report and a terminal.

    Args:
        name: The key of a row.

    Returns:
        The name, of 64 characters at most and on one line; only its length where it does not look
        like a name of a field, because it may be a person's datum.
    """
    if _FIELD_NAME.fullmatch(name) and not _PERSONAL.search(name):
        return name
    return f"(a name of {number_of(len(name), 'character')})"


def may_be_column(name: str) -> bool:
    """Whether a column may be made of a field that the server sent.

    The name of a custom field is the school's own and may be in any language; another one that does
    not look like a name of the API may be a person's datum, and would stand in every catalog.

    Args:
        name: The key of a row.
    """
    is_custom = name.startswith("custom_") and len(name) <= MAX_CUSTOM_NAME
    return not _PERSONAL.search(name) and (is_custom or _FIELD_NAME.fullmatch(name) is not None)


def list_names(names: Iterable[str]) -> str:
    """Names in a log line: the first of them, and how many more there are."""
    names = sorted(names)
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")
