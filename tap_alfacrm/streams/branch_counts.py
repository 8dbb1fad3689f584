"""Whether the path without a branch hides rows of branches."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.incremental import FilterWindow
from tap_alfacrm.formatting import list_of
from tap_alfacrm.streams.bookmarks import BookmarkedStream
from tap_alfacrm.streams.parent_ids import ParentIds

if TYPE_CHECKING:
    from singer_sdk.helpers.types import Context

    from tap_alfacrm.extract.completeness import Evidence
    from tap_alfacrm.extract.incremental import Windows
    from tap_alfacrm.extract.memory import Memory
    from tap_alfacrm.extract.plan import Route


class BranchCountedStream(BookmarkedStream):
    """A stream that counts its rows in each branch, where they name their branches."""

    @cached_property
    def _collects_parent_ids(self) -> bool:
        return self.counts_by_branch or self._parent_ids.with_days

    @cached_property
    def _parent_ids(self) -> ParentIds:
        return ParentIds(with_days=self.is_parent and self.run.needs_ids_of(self.name))

    @override
    def _hidden_branches_route(
        self,
        action: str,
        context: Context | None,
        windows: Windows,
        memory: Memory,
        evidence: Evidence,
    ) -> Route | None:
        """Return how to read the branches of which the path without a branch hides rows.

        Branches with rows are not counted once a stream has counted all and found none hidden.
        """
        if not (self.counts_by_branch and context == self.contexts[-1]) or windows.is_partial:
            return None
        ids, visible = self._parent_ids, self.visible_branches()
        if not self.counts_each_branch and self.run.hides_by_branch is False:
            visible = [branch for branch in visible if not ids.count_in_branch(branch)]
        checksums = {branch: ids.checksum_of_branch(branch) for branch in visible}
        specs = [one.spec for one in self.counts(context)] or self.lists(context)
        due = memory.rotation.select_due(checksums)
        if len(due) < len(checksums):
            evidence.uncounted.append(f"{len(due):,} of {len(checksums):,} branches")
        requests = {
            branch: [self.request(branch, action, spec, FilterWindow()) for spec in specs]
            for branch in visible
            if branch in due
        }
        self.run.client.plan_counts(one for lists in requests.values() for one in lists)
        hidden, is_counted = [], bool(checksums)  # where none is due, all agreed lately
        for branch, lists in requests.items():
            try:
                totals = [self.run.client.fetch_first_rows(request).total for request in lists]
            except UnavailableError:
                totals = [None]
            is_counted = is_counted and None not in totals
            if sum(filter(None, totals)) > ids.count_in_branch(branch):
                hidden.append(branch)
            elif None not in totals:
                memory.rotation.note_counted({branch: checksums[branch]})
        memory.hides_by_branch = bool(hidden)
        if hidden or is_counted:
            self.run.hides_by_branch = bool(hidden or self.run.hides_by_branch)
        if not hidden:
            return None
        self.logger.warning(
            "%s: the path without a branch hides rows of %s; reading by branch.",
            self.name,
            list_of(f"branch {branch}" for branch in hidden),
        )
        return self._route(hidden, action, context, windows, prefetch=False)
