"""Parents that have no rows, as far as an earlier run proved it (docs/behaviour.md#memory)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

BUCKETS = 2**13
"""Parents whose ids are the same modulo this share a bit, so that the state does not grow."""


class EmptyParents:
    """For each list, a bit for each bucket of parents: whether one of them had rows.

    A parent in a bucket without rows is proven empty, unless it is new. One that shares its bucket
    with a parent that had rows is not, and takes a second request where its response is empty.
    """

    def __init__(self, saved: Any = None) -> None:  # noqa: ANN401 - a state may hold anything
        """Read them from a state.

        Args:
            saved: The bits by list; anything unusable counts as unknown.
        """
        lists = saved.items() if isinstance(saved, dict) else ()
        self._known = {name: bits for name, text in lists if (bits := _decode(text))}
        self._found: dict[str, int] = {}
        self._whole: set[str] = set()

    def begin(self, name: str, *, is_whole: bool) -> None:
        """Begin a list; of all parents, or of some, whose bits are added to the known ones."""
        self._found[name] = 0
        if is_whole:
            self._whole.add(name)

    def proves(self, name: str, parent: int) -> bool:
        """Whether an earlier run proved that a parent that it knew has no rows in a list."""
        bits = self._known.get(name)
        return bits is not None and not bits >> parent % BUCKETS & 1

    def count_filled(self, name: str, parents: Iterable[int]) -> int:
        """Number of parents that are not proven to have no rows in a list."""
        return sum(not self.proves(name, parent) for parent in parents)

    def note_rows(self, name: str, parent: int) -> None:
        """Note that a parent has rows."""
        self._found[name] |= 1 << parent % BUCKETS

    def accept(self) -> None:
        """Take over what this run found; for a stream that is COMPLETE."""
        for name, bits in self._found.items():
            if name in self._whole:
                self._known[name] = bits | _MARK
            elif name in self._known:
                self._known[name] |= bits

    def to_state(self) -> dict[str, str]:
        """What the constructor reads; of the same length for any number of parents."""
        length = BUCKETS // 8 + 1
        return {
            name: base64.b85encode(bits.to_bytes(length, "big")).decode()
            for name, bits in self._known.items()
        }


_MARK = 1 << BUCKETS
"""A bit after all others, set in every known list, so that one without rows differs from 0."""


def _decode(text: Any) -> int:  # noqa: ANN401 - a state may hold anything
    try:
        bits = int.from_bytes(base64.b85decode(text), "big")
    except (TypeError, ValueError):
        return 0
    return bits if bits >> BUCKETS == 1 else 0
