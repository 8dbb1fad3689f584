"""Which parents a run requests (docs/behaviour.md#rows-asked-for-one-parent-at-a-time)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap64

from tap_alfacrm.formatting import format_utc

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Refresh:
    """A run of a stream that needs a request per parent; the last complete one is in the state.

    Attributes:
        started_at: Its start.
        days: The setting `child_refresh_days` of the run.
        highest_id: The highest id of the parents.
        count: The number of parents.
        newest_day: The day on which a parent last changed, by the clock of the account; no later
            than the start. Empty where no parent shows it.
    """

    started_at: dt.datetime
    days: int
    highest_id: int
    count: int
    newest_day: str

    @classmethod
    def of(cls, ids: BitMap64, newest_day: str, started_at: dt.datetime, days: int) -> Refresh:
        """Describe this run.

        Args:
            ids: The ids of all parents.
            newest_day: The day on which one of them last changed.
            started_at: The start of the run.
            days: The setting `child_refresh_days`.
        """
        highest_id = ids.max() if ids else -1
        newest_day = min(newest_day, started_at.date().isoformat())
        return cls(started_at, days, highest_id, len(ids), newest_day)

    @classmethod
    def from_state(cls, saved: Any) -> Refresh | None:  # noqa: ANN401 - a state may hold anything
        """Read a refresh from a state, None if it is unusable."""
        try:
            moment = dt.datetime.fromisoformat(saved["started_at"])
            days, highest_id, count = (int(saved[key]) for key in ("days", "highest_id", "count"))
            newest_day = str(saved["newest_day"])
        except (TypeError, ValueError, KeyError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return cls(moment, days, highest_id, count, newest_day)

    def to_state(self) -> dict[str, Any]:
        """What `from_state` reads."""
        return {
            "started_at": format_utc(self.started_at),
            "days": self.days,
            "highest_id": self.highest_id,
            "count": self.count,
            "newest_day": self.newest_day,
        }

    def lacks_parents(self, ids: BitMap64) -> bool:
        """Whether there are parents that are not new, and yet were not there in this run."""
        return ids.rank(max(self.highest_id, 0)) > self.count

    def select_due(
        self, last: Refresh | None, ids: BitMap64, changed_since: Callable[[str], BitMap64]
    ) -> BitMap64:
        """Choose the parents to request: new and changed ones, and those whose turn it is.

        A parent has its turn on each day whose number, modulo the setting, is that of its id. The
        turns of all days since the last complete run count, so that a night that was left out or
        failed loses none. All parents are requested where the setting changed, the last complete
        run is too long ago, or parents appeared that are not new, such as those of a branch that
        was hidden.

        Args:
            last: The last complete run, None if there is none.
            ids: The ids of all parents.
            changed_since: Returns the parents that changed on a day or later.
        """
        if last is None or last.days not in {1, self.days}:
            return ids
        today = self.started_at.date()
        days_ago = (today - last.started_at.date()).days
        if not 0 <= days_ago < self.days or last.lacks_parents(ids):
            return ids
        turns = {(today.toordinal() - ago) % self.days for ago in range(max(days_ago, 1))}
        due = BitMap64(one for one in ids if one > last.highest_id or one % self.days in turns)
        return due | ids & changed_since(last.newest_day)
