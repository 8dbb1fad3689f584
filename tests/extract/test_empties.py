"""Parents without rows in the state: read back as they were, in the same number of characters."""

from __future__ import annotations

from typing import Any

import pytest

from tap_alfacrm.extract.empties import BUCKETS, EmptyParents


def run(earlier: EmptyParents, filled: list[int], *, is_whole: bool = True) -> EmptyParents:
    """The memory after a run in which some parents had rows."""
    memory = EmptyParents(earlier.to_state())
    memory.begin("groups", is_whole=is_whole)
    for parent in filled:
        memory.note_rows("groups", parent)
    memory.accept()
    return EmptyParents(memory.to_state())


@pytest.mark.parametrize("filled", [[], [0], [7, 8, BUCKETS - 1], list(range(0, BUCKETS, 3))])
def test_only_parents_without_rows_are_proven_empty(filled: list[int]) -> None:
    memory = run(EmptyParents(), filled)
    assert [one for one in range(BUCKETS) if not memory.proves("groups", one)] == filled
    assert len(str(memory.to_state())) == len(str(run(EmptyParents(), [5]).to_state()))


def test_a_shared_bit_proves_neither_parent_empty() -> None:
    memory = run(EmptyParents(), [3])
    assert not memory.proves("groups", 3 + BUCKETS)
    assert memory.proves("groups", 4 + BUCKETS)


def test_a_part_adds_to_what_is_known_and_a_whole_run_replaces_it() -> None:
    memory = run(run(EmptyParents(), [3]), [4], is_whole=False)
    assert [memory.proves("groups", one) for one in (3, 4, 5)] == [False, False, True]
    memory = run(memory, [4])
    assert [memory.proves("groups", one) for one in (3, 4, 5)] == [True, False, True]
    assert not run(EmptyParents(), [], is_whole=False).proves("groups", 5)


@pytest.mark.parametrize(
    "saved", [None, 3, [], {"groups": 3}, {"groups": "?"}, {"groups": "00000"}]
)
def test_an_unusable_state_proves_nothing(saved: Any) -> None:
    assert not EmptyParents(saved).proves("groups", 0)
