"""Checks of the setting `stream_maps`, before the SDK reads it.

The SDK ends in a traceback on some shapes, and says nothing where a map, a column or a source does
not exist, so that a misspelt name lets a value through that was to be hidden. No version of
singer-sdk makes this unnecessary yet; no issue is open.
"""

from __future__ import annotations

import ast
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from tap_alfacrm.errors import ConfigError

if TYPE_CHECKING:
    import logging
    from collections.abc import Collection, Iterable, Mapping

NULL = (None, "__NULL__")
HASHES = {"md5", "sha256"}


class _Options(msgspec.Struct, rename=lambda name: f"__{name}__"):
    filter: str | UnsetType | None = UNSET
    source: str | UnsetType = UNSET
    alias: str | UnsetType = UNSET
    key_properties: list[str] | UnsetType | None = UNSET
    else_: str | UnsetType | None = msgspec.field(default=UNSET, name="__else__")


_OPTIONS = frozenset(_Options.__struct_encode_fields__)


def check_shapes(maps: object) -> None:
    """Make sure that maps are maps.

    Args:
        maps: The setting; what is no object is left to the SDK.

    Raises:
        ConfigError: With one line that says which is wrong.
    """
    if not isinstance(maps, dict):
        return
    for name, given in maps.items():
        if name.startswith("__"):
            if name != "__else__" or given not in NULL:
                raise _wrong(why=f"{name} is no option, or not with this value")
        elif isinstance(given, dict):
            _check_map(name, given)
        elif given not in NULL:
            raise _wrong(why=f"the map of {name} is no object and not __NULL__")


def _check_map(name: str, given: dict[str, Any]) -> None:
    try:
        options = msgspec.convert(given, _Options)
    except msgspec.ValidationError as error:
        raise _wrong(why=f"the map of {name}: {error}") from None
    if options.else_ not in {*NULL, UNSET}:
        raise _wrong(why=f"the map of {name}: __else__ can be __NULL__ only")
    for key, value in given.items():
        if key.startswith("__") and key not in _OPTIONS:
            raise _wrong(why=f"the map of {name}: {key} is no option")
        is_list = key == "__key_properties__"
        is_text = value is None or (isinstance(value, str) and value.strip())
        if not key or not (is_list or is_text):
            raise _wrong(why=f"the map of {name}: {key or 'a column without a name'} is no text")


def check_names(
    maps: Mapping[str, Any],
    columns: Mapping[str, Collection[str]],
    names: Collection[str],
    logger: logging.Logger,
) -> None:
    """Check that maps name existing streams and columns.

    Args:
        maps: The setting, of the right shape.
        columns: Columns of the selected streams, by stream.
        names: All streams, selected or not.
        logger: Receives a warning for names that hide nothing.

    Raises:
        ConfigError: A map that hides a value names no existing stream or column.
    """
    for name, given in maps.items():
        if name == "__else__":
            continue
        source = given.get("__source__", name) if isinstance(given, dict) else name
        if not _matching(source, names):
            hides = not isinstance(given, dict) or any(
                key in {"__filter__", "__else__"} or value in NULL or _hashed(value)
                for key, value in given.items()
                if key != "__key_properties__"
            )
            _tell(f"there is no stream {source}", logger, is_error=hides)
        elif isinstance(given, dict) and (matching := _matching(source, columns)):
            _check_columns(source, given, set().union(*(columns[one] for one in matching)), logger)


def _check_columns(
    source: str, given: Mapping[str, Any], columns: Collection[str], logger: logging.Logger
) -> None:
    for key, value in given.items():
        if key.startswith("__") or key in columns:
            continue
        if value in NULL:
            _tell(f"{source} has no column {key}", logger, is_error=True)
        hashed = _hashed(value) & set(columns)
        if "__else__" not in given and (clear := sorted(hashed - given.keys())):
            why = (
                f"{source} has no column {key}, and {clear[0]} would stay readable beside its hash "
                f'(to keep both on purpose, map "{clear[0]}": "{clear[0]}" too)'
            )
            _tell(why, logger, is_error=True)


def _matching(pattern: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if fnmatch(name, pattern)]


def _hashed(expression: Any) -> set[str]:  # noqa: ANN401 - the value of an option too
    """Names of which an expression takes a hash."""
    try:
        tree = ast.parse(expression) if isinstance(expression, str) else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    calls = (node for node in ast.walk(tree or ast.Module([], [])) if isinstance(node, ast.Call))
    return {
        found.id
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in HASHES
        for argument in call.args
        for found in ast.walk(argument)
        if isinstance(found, ast.Name)
    }


def _tell(why: str, logger: logging.Logger, *, is_error: bool) -> None:
    if is_error:
        raise _wrong(why=why)
    logger.warning("Setting stream_maps: %s.", why)


def _wrong(*, why: str) -> ConfigError:
    return ConfigError(name="stream_maps", why=why)
