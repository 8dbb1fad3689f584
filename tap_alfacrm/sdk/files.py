"""Reading the JSON files that a run is given, however they were saved."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tap_alfacrm.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DEPTH = 100
"""Levels of lists and objects: many more end Python itself, wherever they are looked through."""
STDIN = "-"


def read_json(path: str) -> Any:  # noqa: ANN401 - JSON may be anything
    """Read a file.

    Args:
        path: Where it is, `-` for standard input.

    Raises:
        InputError: With one line that names the file and says what to do.
    """
    try:
        data = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path that holds a NUL
        reason = getattr(error, "strerror", None) or "it is no path"
        msg = f"{path} cannot be read: {reason}."
        raise InputError(msg) from None
    text = decode(data, path)
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        msg = f"{path} is not JSON: {error}."
        raise InputError(msg) from None
    except RecursionError:
        value = None
        is_deep = True
    else:
        is_deep = _is_deep(value)
    if is_deep:
        msg = f"{path} cannot be read: it is nested deeper than {MAX_DEPTH} levels."
        raise InputError(msg)
    return value


def decode(data: bytes, path: str) -> str:
    """Decode a text: UTF-8, or the UTF-16 that PowerShell writes with `>`.

    Args:
        data: The content of a file.
        path: Where it is.

    Raises:
        InputError: It is in another encoding.
    """
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError:
        msg = f"{path} cannot be read: it is not UTF-8. Save it as UTF-8."
        raise InputError(msg) from None


def _is_deep(value: object) -> bool:
    level: Iterable[object] = (value,)
    for _ in range(MAX_DEPTH):
        level = [
            item
            for one in level
            if isinstance(one, dict | list)
            for item in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(level)
