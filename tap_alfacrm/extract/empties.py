"""Parents that have no rows, as far as an earlier run proved it (docs/behaviour.md#memory)."""

from __future__ import annotations

import base64
import zlib
from typing import Any

from pyroaring import BitMap64

MAX_LENGTH = 5_000
"""Characters of the state that the parents of one list may take. Any part of them is sound, because
a parent that is not among them is requested twice."""
MAX_BYTES = 2**20
"""Decompressed bytes of a state that are read."""


class EmptyParents:
    """The ids of the parents of whose list a run proved that it is empty.

    The state keeps them as bits, from the id 0 on, compressed: less than 5 kB for 17,000
    parents, the ids of which are scattered over twice that range.
    """

    def __init__(self, saved: Any = None) -> None:  # noqa: ANN401 - a state may hold anything
        """Read them from a state.

        Args:
            saved: The compressed bits by list; anything unusable counts as unknown.
        """
        lists = saved.items() if isinstance(saved, dict) else ()
        self._proven = {name: ids for name, text in lists if (ids := _decode(text))}
        self._empty: dict[str, BitMap64] = {}
        self._filled: dict[str, BitMap64] = {}

    def proves(self, name: str, parent: int) -> bool:
        """Whether an earlier run proved that a parent has no rows in a list."""
        return parent in self._proven.get(name, ())

    def note(self, name: str, parent: int, *, is_empty: bool) -> None:
        """Note what this run found."""
        found = self._empty if is_empty else self._filled
        found.setdefault(name, BitMap64()).add(parent)

    def accept(self) -> None:
        """Take over what this run found; for a stream that is COMPLETE."""
        for name in self._empty.keys() | self._filled.keys():
            known = self._proven.get(name, BitMap64()) | self._empty.get(name, BitMap64())
            self._proven[name] = known - self._filled.get(name, BitMap64())

    def to_state(self) -> dict[str, str]:
        """What the constructor reads; of long lists as many of the highest ids as fit."""
        return {name: _encode(ids) for name, ids in self._proven.items() if ids}


def _encode(ids: BitMap64) -> str:
    while True:
        bits = bytearray(ids.max() // 8 + 1 if ids else 0)
        for one in ids:
            bits[one // 8] |= 1 << one % 8
        text = base64.b85encode(zlib.compress(bits, 9)).decode()
        if len(text) <= MAX_LENGTH:
            return text
        ids = BitMap64(ids[len(ids) // 4 :])


def _decode(text: Any) -> BitMap64:  # noqa: ANN401 - a state may hold anything
    try:
        bits = zlib.decompressobj().decompress(base64.b85decode(text), MAX_BYTES)
    except (TypeError, ValueError, zlib.error):
        return BitMap64()
    return BitMap64(
        8 * number + place
        for number, byte in enumerate(bits)
        if byte
        for place in range(8)
        if byte >> place & 1
    )
