"""What a state may hold: what cannot be used is left out here, and the SDK is given the rest.

Takes the place of `Tap.load_state` and of the default of `Stream.partitions`, which reads the
partitions of a state as those that there are, so that a foreign one makes the rest vanish. No
version of singer-sdk makes this unnecessary yet; no issue is open.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec

from tap_alfacrm.errors import InputError
from tap_alfacrm.formatting import format_utc
from tap_alfacrm.sdk.spec import enumerate_some

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from tap_alfacrm.sdk.spec import StreamSpec

EARLIEST_YEAR = 1900
TOLERANCE = dt.timedelta(days=1)
"""How far clocks may be apart."""


class _Bookmark(msgspec.Struct):
    replication_key: str | None = None
    replication_key_value: str | None = None


class _Partition(_Bookmark, kw_only=True):
    context: dict[str, Any]


class _Stream(_Bookmark):
    partitions: list[_Partition] = []
    proof: dict[str, Any] = {}


def usable_state(
    state: object, specs: Mapping[str, StreamSpec], logger: logging.Logger
) -> dict[str, Any]:
    """Check a state and leave out what cannot be used.

    Args:
        state: What was given with `--state`.
        specs: The streams by name.
        logger: Receives a warning for what is ignored.

    Returns:
        The state for the SDK.

    Raises:
        InputError: With one line that says where the state is wrong.
    """
    given = _unwrapped(state)
    unknown = [name for name in given if name not in specs]
    if unknown:
        logger.warning(
            "The state has bookmarks of streams that do not exist, which are ignored: %s.",
            enumerate_some(unknown),
        )
    bookmarks = {
        name: _Marks(name, stream, specs[name], logger).usable()
        for name, stream in given.items()
        if name in specs
    }
    return {"bookmarks": bookmarks} if bookmarks else {}


def _unwrapped(state: object) -> dict[str, Any]:
    """The bookmarks of a state, also of one inside a message or of Meltano's."""
    for _ in range(3):
        if not isinstance(state, dict):
            raise _wrong(why="it is no object")
        if state.get("type") == "STATE" and "value" in state:
            state = state["value"]
        elif "singer_state" in state:
            state = state["singer_state"]
        else:
            break
    if not isinstance(state, dict):
        raise _wrong(why="it is no object")
    if state and "bookmarks" not in state:
        raise _wrong(why="it has no bookmarks")
    bookmarks = state.get("bookmarks", {})
    if not isinstance(bookmarks, dict):
        raise _wrong(why="its bookmarks are no object by stream")
    return bookmarks


def _wrong(*, why: str) -> InputError:
    return InputError(f"The state cannot be read: {why}. Correct it, or start without one.")


class _Marks:
    """The bookmarks of one stream."""

    def __init__(self, name: str, raw: object, spec: StreamSpec, logger: logging.Logger) -> None:
        try:
            self._given = msgspec.convert(raw, _Stream)
        except msgspec.ValidationError as error:
            raise _wrong(why=f"the bookmark of {name}: {error}") from None
        self._name, self._spec, self._logger = name, spec, logger

    def usable(self) -> dict[str, Any]:
        """What the SDK can use of them."""
        contexts = {_key(context): context for context in self._spec.contexts}
        former: dict[bytes, dict[str, Any] | None]
        former = {_key(context): None for context in self._spec.former_contexts}
        found: dict[bytes, list[dict[str, Any]]] = {}
        foreign = 0
        for partition in self._given.partitions:
            key = _key(partition.context)
            if key in former:
                former[key] = self._mark(partition)
            elif key in contexts:
                found.setdefault(key, []).append(self._mark(partition))
            else:
                foreign += 1
        if foreign:
            self._warn("names %s of another version or tap, ignored.", _partitions(foreign))
        if any(len(marks) > 1 for marks in found.values()):
            self._warn("names a partition twice; the earlier bookmark counts.")
        partitions = [
            {"context": dict(contexts[key])} | min(marks, key=_moment_of)
            for key, marks in found.items()
        ]
        own = self._mark(self._given)
        if former and all(former.values()):
            own = min(filter(None, former.values()), key=_moment_of)
        parts = {"partitions": partitions, "proof": self._given.proof}
        return own | {name: part for name, part in parts.items() if part}

    def _warn(self, message: str, *args: object) -> None:
        self._logger.warning(f"The state of %s {message}", self._name, *args)  # noqa: G004 - a constant of this module

    def _mark(self, given: _Bookmark) -> dict[str, Any]:
        text, key = given.replication_key_value, self._spec.replication_key
        if text is None:
            return {}
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            raise _wrong(why=f"the bookmark of {self._name} is not a date-time") from None
        if key is None or given.replication_key not in {None, key}:
            self._warn("is by another column, so everything is loaded.")
            return {}
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        if moment.year < EARLIEST_YEAR or moment > dt.datetime.now(dt.UTC) + TOLERANCE:
            when = "long past" if moment.year < EARLIEST_YEAR else "future"
            self._warn("has a bookmark in the %s, which is ignored: everything is loaded.", when)
            return {}
        value = format_utc(moment)
        return {"replication_key": key, "replication_key_value": value}


def _key(context: Mapping[str, Any]) -> bytes:
    """Tell contexts apart, also 1 from true."""
    return msgspec.json.encode(context, order="sorted")


def _moment_of(mark: dict[str, Any]) -> str:
    value: str = mark.get("replication_key_value", "")
    return value


def _partitions(count: int) -> str:
    return "a partition" if count == 1 else f"{count:,} partitions"
