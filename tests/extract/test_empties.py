"""Parents without rows in the state: read back as they were, and no more than fit."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tap_alfacrm.extract.empties import MAX_LENGTH, EmptyParents


def proven(parents: list[int]) -> EmptyParents:
    found = EmptyParents()
    for parent in parents:
        found.note("customers", parent, is_empty=True)
    found.accept()
    return found


@pytest.mark.parametrize("parents", [[0], [7, 8, 9], [1_000_000], list(range(0, 9_000, 3))])
def test_parents_are_read_back(parents: list[int]) -> None:
    state = proven(parents).to_state()
    again = EmptyParents(state)
    assert [one for one in range(max(parents) + 2) if again.proves("customers", one)] == parents
    assert again.to_state() == state


def test_of_many_parents_the_newest_are_kept() -> None:
    parents = sorted(random.Random(1).sample(range(200_000), 80_000))
    state = proven(parents).to_state()
    assert MAX_LENGTH / 2 < len(state["customers"]) <= MAX_LENGTH
    again = EmptyParents(state)
    kept = [one for one in range(200_000) if again.proves("customers", one)]
    assert kept == parents[-len(kept) :]
    assert len(kept) > 5_000


def test_the_cards_of_a_school_fit() -> None:
    cards = random.Random(1).sample(range(31_000), 17_000)
    parents = sorted(cards[:13_000])
    again = EmptyParents(proven(parents).to_state())
    assert all(again.proves("customers", one) for one in parents)


@pytest.mark.parametrize(
    "saved", [None, 3, [], {"customers": 3}, {"customers": "?"}, {"customers": "00000"}]
)
def test_an_unusable_state_proves_nothing(saved: Any) -> None:
    assert not EmptyParents(saved).proves("customers", 0)
