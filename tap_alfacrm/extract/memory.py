"""What earlier runs proved, kept in the state to judge this one (docs/behaviour.md#memory)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from tap_alfacrm.extract.completeness import Word
from tap_alfacrm.extract.empties import EmptyParents
from tap_alfacrm.extract.refresh import Refresh
from tap_alfacrm.extract.rotation import Rotation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_alfacrm.extract.completeness import Counts

MAX_LOST_ROWS = 5
MAX_LOST_SHARE = 0.1
"""A count may fall by so many rows, or by this share of them, whichever is more."""
MAX_LOST_SHARE_OF_PART = 0.5
"""The same for a count that was estimated from a part of the parents."""


class Memory:
    """The part of a stream's state that is about completeness.

    It holds one number for each list, the newest replication key and the last count for each
    branch, the last requests of each parent, and the paths that have answered. A count that
    collapses is not taken over until a second run finds the same, because an API that fails
    quietly looks like one whose rows were deleted.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        """Read the memory of a stream.

        Args:
            state: The state of the stream; anything unusable in it counts as unknown.
        """
        self._state = state
        saved = state.get("proof")
        saved = saved if isinstance(saved, dict) else {}
        self.is_empty = not saved
        self._counts = _counts(saved.get("counts"))
        self._doubted = _counts(saved.get("doubted"))
        self._found: Counts = {}
        self._new_doubts: Counts = {}
        bookmarks = saved.get("branches")
        self.branches: dict[str, str] = {
            branch: value
            for branch, value in (bookmarks.items() if isinstance(bookmarks, dict) else ())
            if isinstance(value, str)
        }
        self.hides_by_branch = saved.get("hides_by_branch") is True
        visible = saved.get("visible_branches")
        self.visible_branches: set[int] = {
            branch
            for branch in (visible if isinstance(visible, list) else ())
            if isinstance(branch, int)
        }
        refreshes = saved.get("refreshes")
        self.refreshes: dict[str, Refresh] = {
            parent: refresh
            for parent, value in (refreshes.items() if isinstance(refreshes, dict) else ())
            if (refresh := Refresh.from_state(value))
        }
        self.new_refreshes: dict[str, Refresh] = {}
        self.empty_parents = EmptyParents(saved.get("empty_parents"))
        self.rotation = Rotation(saved.get("counted"))
        paths = saved.get("paths")
        self.paths: set[str] = {
            path for path in (paths if isinstance(paths, list) else ()) if isinstance(path, str)
        }

    def count(self, task: str, name: str) -> int | None:
        """Number of rows that an earlier run proved a list to have, None if there is none."""
        return self.counts(task).get(name)

    def counts(self, task: str) -> dict[str, int]:
        """Number of rows that an earlier run proved each list of a task to have."""
        return self._counts.get(task, {})

    def bookmark(self, task: str) -> dt.datetime | None:
        """The newest replication key that was loaded from a branch, None if there is none."""
        try:
            moment = dt.datetime.fromisoformat(self.branches.get(task, ""))
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)

    @property
    def branches_with_rows(self) -> set[int]:
        """The branches in which an earlier run found rows."""
        return {
            int(number)
            for task, lists in self._counts.items()
            if task.startswith(BRANCH_PREFIX) and any(lists.values())
            if (number := task.split(" ")[1]).isdecimal()
        }

    def compare(self, counts: Counts, share: float = 1) -> list[str]:
        """Compare what this run found with what earlier runs did.

        Args:
            counts: Distinct rows of the lists that were read in full.
            share: Share of the parents that were requested, of those not proven empty. The rows of
                the others are estimated, and the estimate is used only where it is much lower than
                the known count.

        Returns:
            The lists that are much shorter than before, with both numbers.
        """
        if share < 1:
            counts = self._estimate(counts, share)
        complaints = []
        for task, found in counts.items():
            self._found[task] = found
            complaint = self._compare(task, found)
            if complaint:
                self._new_doubts[task] = found
                complaints.append(complaint)
        return complaints

    def compare_branches(self, visible: Iterable[int], partition: str) -> list[str]:
        """Look for branches that had rows and are not visible any more.

        Args:
            visible: Ids of the branches that this run sees.
            partition: Name of the partition, "" for a stream without.

        Returns:
            The tasks of branches that are gone, with their former count.
        """
        present = {" ".join([branch_task(one), partition]).strip() for one in visible}
        tasks = [
            task
            for task, lists in self._counts.items()
            if task.startswith(BRANCH_PREFIX)
            and task.split(" ", 2)[2:] == ([partition] if partition else [])
            and task not in present
            and any(lists.values())
        ]
        return self.compare({task: dict.fromkeys(self._counts[task], 0) for task in tasks})

    def save(self, word: Word) -> None:
        """Write the memory into the state, at the end of the stream.

        Args:
            word: The verdict on the stream. COMPLETE takes the counts over, UNPROVEN keeps them as
                doubts for the next run, INCOMPLETE leaves the memory as it was.
        """
        if word is Word.COMPLETE:
            self._counts |= self._found
            self._doubted = {}
            self.refreshes |= self.new_refreshes
            self.empty_parents.accept()
            self.rotation.accept()
        elif word is Word.UNPROVEN:
            self._doubted |= self._new_doubts
        saved = {
            "counts": self._counts,
            "doubted": self._doubted,
            "branches": self.branches,
            "visible_branches": sorted(self.visible_branches),
            "hides_by_branch": self.hides_by_branch,
            "refreshes": {name: refresh.to_state() for name, refresh in self.refreshes.items()},
            "empty_parents": self.empty_parents.to_state(),
            "counted": self.rotation.to_state(),
            "paths": sorted(self.paths),
        }
        proof = {name: value for name, value in saved.items() if value}
        if proof:
            self._state["proof"] = proof

    def _estimate(self, counts: Counts, share: float) -> Counts:
        estimates = {}
        for task, found in counts.items():
            known = sum(self._counts.get(task, {}).values())
            lost = known * share - sum(found.values())
            if lost > max(MAX_LOST_ROWS, known * share * MAX_LOST_SHARE_OF_PART):
                estimates[task] = {name: round(count / share) for name, count in found.items()}
        return estimates

    def _compare(self, task: str, found: dict[str, int]) -> str | None:
        known = self._counts.get(task)
        if known is None or not _is_collapse(known, found):
            return None
        doubted = self._doubted.get(task)
        if doubted is not None and not (
            _is_collapse(doubted, found) or _is_collapse(found, doubted)
        ):
            return None
        emptied = [name for name in known if known[name] and not found.get(name)]
        name = emptied[0] if emptied else None
        before = sum(known.values()) if name is None else known[name]
        now = sum(found.values()) if name is None else 0
        words = " ".join(filter(None, [task, name])).split(" ")
        label = " ".join(dict.fromkeys(words)) or "all"
        return f"{label}: {before:,} rows, now {now:,}"


BRANCH_PREFIX = "branch "
"""Start of the names of tasks that read one branch."""


def branch_task(branch: int) -> str:
    """Name of the task that reads one branch."""
    return f"{BRANCH_PREFIX}{branch}"


def _is_collapse(known: dict[str, int], found: dict[str, int]) -> bool:
    """Whether a list is empty that was not, or all lists together lost more than usual."""
    if any(count and not found.get(name) for name, count in known.items()):
        return True
    before, now = sum(known.values()), sum(found.values())
    return before - now > max(MAX_LOST_ROWS, before * MAX_LOST_SHARE)


def _counts(saved: Any) -> Counts:  # noqa: ANN401 - a state may hold anything
    if not isinstance(saved, dict):
        return {}
    return {
        task: {name: count for name, count in lists.items() if isinstance(count, int)}
        for task, lists in saved.items()
        if isinstance(lists, dict)
    }
