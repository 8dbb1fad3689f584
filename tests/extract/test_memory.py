"""What earlier runs proved, against what this run finds."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tap_alfacrm.extract.completeness import Word
from tap_alfacrm.extract.memory import Memory


def remembering(**proof: Any) -> Memory:
    return Memory({"proof": proof})


def saved(memory: Memory, word: Word) -> dict[str, Any]:
    """What a memory writes into a state."""
    memory.save(word)
    proof: dict[str, Any] = memory._state.get("proof", {})
    return proof


@pytest.mark.parametrize(
    ("before", "now", "complaint"),
    [
        (40, 35, False),
        (40, 34, True),  # more than five, and more than a tenth
        (100, 90, False),
        (100, 89, True),
        (2, 0, True),
        (0, 0, False),
        (10, 300, False),
    ],
)
def test_a_count_may_fall_by_five_rows_or_a_tenth_but_not_to_nothing(
    before: int, now: int, *, complaint: bool
) -> None:
    memory = remembering(counts={"branch 1": {"": before}})
    expected = [f"branch 1: {before:,} rows, now {now:,}"] if complaint else []
    assert memory.compare({"branch 1": {"": now}}) == expected


def test_a_list_that_is_empty_is_missed_whatever_the_others_have() -> None:
    memory = remembering(counts={"branch 1 is_study=0": {"is_study=0": 3, "removed=2": 1_500}})
    found = {"branch 1 is_study=0": {"is_study=0": 900, "removed=2": 0}}
    expected = ["branch 1 is_study=0 removed=2: 1,500 rows, now 0"]
    assert memory.compare(found) == expected
    assert remembering(counts={"": {"": 7}}).compare({"": {}}) == ["all: 7 rows, now 0"]


def test_the_lists_of_a_task_are_added_up() -> None:
    memory = remembering(counts={"": {"removed=0": 50, "removed=2": 50}})
    assert memory.compare({"": {"removed=0": 48, "removed=2": 41}}) == ["all: 100 rows, now 89"]
    assert memory.compare({"": {"removed=0": 90, "removed=2": 1}}) == []


def test_a_task_that_is_not_known_is_no_complaint() -> None:
    memory = remembering(counts={"branch 1": {"": 9}})
    assert memory.compare({"branch 2": {"": 0}}) == []


def test_a_collapse_is_accepted_when_the_next_run_finds_the_same() -> None:
    memory = remembering(counts={"": {"": 90}, "branch 2": {"": 3}})
    assert memory.compare({"": {"": 20}, "branch 2": {"": 4}}) == ["all: 90 rows, now 20"]
    proof = saved(memory, Word.UNPROVEN)
    assert proof == {"counts": {"": {"": 90}, "branch 2": {"": 3}}, "doubted": {"": {"": 20}}}

    second = Memory({"proof": proof})
    assert second.compare({"": {"": 21}}) == []
    assert saved(second, Word.COMPLETE) == {"counts": {"": {"": 21}, "branch 2": {"": 3}}}


@pytest.mark.parametrize("now", [40, 5])
def test_a_collapse_to_another_number_is_doubted_again(now: int) -> None:
    memory = remembering(counts={"": {"": 90}}, doubted={"": {"": 20}})
    assert memory.compare({"": {"": now}}) == [f"all: 90 rows, now {now}"]
    assert saved(memory, Word.UNPROVEN)["doubted"] == {"": {"": now}}


def test_an_incomplete_run_changes_nothing() -> None:
    proof = {"counts": {"": {"": 90}}, "doubted": {"": {"": 20}}, "branches": {"branch 1": "x"}}
    memory = Memory({"proof": proof})
    memory.compare({"": {"": 50}})
    assert saved(memory, Word.INCOMPLETE) == proof


def test_nothing_known_is_nothing_saved() -> None:
    state: dict[str, Any] = {}
    memory = Memory(state)
    assert memory.is_empty
    memory.save(Word.COMPLETE)
    assert state == {}


def test_everything_that_is_saved_is_known_again() -> None:
    memory = Memory({})
    memory.branches["branch 2"] = "2025-03-01T10:00:00Z"
    memory.hides_by_branch = True
    memory.visible_branches = {3, 1}
    memory.paths = {"/b", "/a"}
    memory.compare({"branch 2": {"removed=0": 5}})
    proof = saved(memory, Word.COMPLETE)
    assert proof["visible_branches"] == [1, 3]
    assert proof["paths"] == ["/a", "/b"]
    again = Memory({"proof": proof})
    assert not again.is_empty
    assert again.branches == memory.branches
    assert again.hides_by_branch
    assert (again.visible_branches, again.paths) == ({1, 3}, {"/a", "/b"})
    assert again.count("branch 2", "removed=0") == 5
    assert again.count("branch 2", "removed=2") is None
    assert again.count("branch 3", "removed=0") is None
    assert saved(again, Word.COMPLETE) == proof


def test_anything_unusable_in_a_state_is_unknown() -> None:
    unusable: list[Any] = [None, [], "x", 1]
    for proof in unusable:
        assert Memory({"proof": proof}).is_empty
    memory = remembering(
        counts={"a": {"x": 1, "y": "2"}, "b": 3},
        doubted=[4],
        branches={"branch 1": 5, "branch 2": "2025-01-01"},
        hides_by_branch="yes",
        visible_branches=["1", 2, None],
        paths=[1, "/a"],
    )
    assert (memory.count("a", "x"), memory.count("a", "y"), memory.count("b", "x")) == (
        1,
        None,
        None,
    )
    assert memory.branches == {"branch 2": "2025-01-01"}
    assert memory.hides_by_branch is False
    assert (memory.visible_branches, memory.paths) == ({2}, {"/a"})
    other = remembering(branches=[1], visible_branches={"1": 2}, paths="/a")
    assert (other.branches, other.visible_branches, other.paths) == ({}, set(), set())


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-03-01T10:00:00Z", dt.datetime(2025, 3, 1, 10, tzinfo=dt.UTC)),
        ("2025-03-01T10:00:00", dt.datetime(2025, 3, 1, 10, tzinfo=dt.UTC)),
        ("2025-03-01T10:00:00+02:00", dt.datetime(2025, 3, 1, 8, tzinfo=dt.UTC)),
        ("yesterday", None),
    ],
)
def test_a_bookmark_of_a_branch_is_a_moment_in_utc(text: str, moment: dt.datetime | None) -> None:
    memory = remembering(branches={"branch 1": text})
    assert memory.bookmark("branch 1") == moment
    assert memory.bookmark("branch 2") is None


def test_a_branch_that_is_not_visible_any_more_is_missed() -> None:
    counts = {
        "branch 1": {"": 4},
        "branch 2": {"removed=0": 4, "removed=2": 0},
        "branch 3": {"": 0},
        "branch 4 is_study=1": {"": 8},
        "is_study=1": {"": 8},
    }
    memory = remembering(counts=counts)
    assert memory.compare_branches([1], "") == ["branch 2 removed=0: 4 rows, now 0"]
    assert memory.compare_branches([1, 2], "") == []
    assert memory.compare_branches([1], "is_study=1") == ["branch 4 is_study=1: 8 rows, now 0"]
    assert memory.compare_branches([4], "is_study=1") == []
    assert memory.compare_branches([1], "is_study=0") == []
