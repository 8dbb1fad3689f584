"""From which day each partition and branch of a stream is requested."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from typing_extensions import override

from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.incremental import (
    DeadFilterError,
    FilterWindow,
    Windows,
    Witness,
)
from tap_alfacrm.extract.memory import BRANCH_PREFIX
from tap_alfacrm.formatting import format_utc
from tap_alfacrm.streams.planned import PlannedStream, task_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_sdk.helpers.types import Context

    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.extract.memory import Memory
    from tap_alfacrm.extract.plan import ListSpec, Route
    from tap_alfacrm.records.page import Page


MAX_WITNESSES = 100
"""Rows that are requested without the filter to check it."""


class BookmarkedStream(PlannedStream):
    """A stream that requests changed rows only, where it can be shown that this loses none."""

    @property
    def lookback_days(self) -> int:
        """Days before its bookmark from which the stream requests changes."""
        return self.run.config.lookback_days

    def bookmark(self, context: Context | None) -> dt.datetime | None:
        """The point from which a partition is read, None for all of it."""
        return self.get_starting_timestamp(context)

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> str | None:
        """The start of the run, which no bookmark passes, in the form of the records."""
        start = super().get_replication_key_signpost(context)
        return format_utc(start) if isinstance(start, dt.datetime) else None

    def open_windows(self, context: Context | None, memory: Memory) -> Windows:
        """Return the windows of a partition.

        Each branch that is requested by itself has a bookmark of its own: the newest row that was
        loaded from it. A branch without one is loaded whole, because it was refused, new or empty
        until now. So is everything when the user sees a branch that the last run did not.

        Args:
            context: The partition.
            memory: What earlier runs found.
        """
        filter_ = self.incremental_filter
        if filter_ is None or self.replication_method != REPLICATION_INCREMENTAL:
            return Windows()
        start = self.bookmark(context)
        has_bookmark = "replication_key_value" in self.get_context_state(context)
        earliest = self.run.config.start
        knows_branches = has_bookmark and not memory.is_empty
        sees_new_branches = knows_branches and self._sees_new_branches(memory)

        def open_window(branch: int | None) -> FilterWindow:
            own = start
            if knows_branches and start is not None:
                if branch is None:
                    own = earliest if sees_new_branches else start
                else:
                    saved = memory.bookmark(task_name(branch, context))
                    own = earliest if saved is None else min(saved, start)
            task = task_name(branch, context)
            if own is None or self.fits_on_a_page(task, memory):
                return FilterWindow(filter_)
            is_bookmark = has_bookmark and own != earliest
            return FilterWindow(
                filter_,
                filter_.first_day(own, self.lookback_days),
                format_utc(own) if is_bookmark else "",
                format_utc(start) if is_bookmark and start is not None else "",
                memory.counts(task),
            )

        return Windows(open_window)

    def fits_on_a_page(self, task: str, memory: Memory) -> bool:  # noqa: ARG002 - for subclasses
        """Whether the list of a task is requested in full, because it is shorter than a page."""
        return False

    def remember_branches(self, memory: Memory, newest: Mapping[str, str]) -> None:
        """Move the bookmarks of the branches; for a stream that is COMPLETE.

        Args:
            memory: Receives them.
            newest: The newest replication key by task.
        """
        signpost = self.get_replication_key_signpost() or ""
        for name, value in newest.items():
            if name.startswith(BRANCH_PREFIX):
                known = memory.branches.get(name, "")
                memory.branches[name] = max(known, min(value, signpost))
        if self.incremental_filter is not None and self.run.knows_branch_ids:
            memory.visible_branches = set(self.visible_branches())

    @override
    def _route(
        self,
        branches: Sequence[int | None],
        action: str,
        context: Context | None,
        windows: Windows,
        *,
        prefetch: bool,
    ) -> Route:
        self._request_witnesses(branches, action, context, windows)
        return super()._route(branches, action, context, windows, prefetch=prefetch)

    def _request_witnesses(
        self, branches: Sequence[int | None], action: str, context: Context | None, windows: Windows
    ) -> None:
        """Request the first rows of lists without the filter, before the windows.

        A window may then have newer rows than these, but lacks none of them.
        """
        specs, client = self.lists(context), self.run.client
        requests = [
            (windows.for_branch(branch), spec, request)
            for branch in branches
            if windows.for_branch(branch).filters
            for spec in specs
            if client.has_answered(request := self.request(branch, action, spec, FilterWindow()))
        ]
        page_size = min(self.run.config.page_size, MAX_WITNESSES)
        client.plan_counts((request for *_, request in requests), page_size)
        for window, spec, request in requests:
            try:
                page = client.fetch_first_rows(request, page_size)
            except UnavailableError:
                continue
            self.run.page_lengths.add(request.resource, len(page.items))
            window.witnesses[spec.name] = self._witness(page, spec, window)
            known = window.witnesses.values()
            window.is_unchanged = (
                self.is_append_only
                and len(known) == len(specs)
                and all(map(window.begins_with_bookmark, known))
            )

    def _witness(self, page: Page, spec: ListSpec, window: FilterWindow) -> Witness:
        records = self.converter.convert(page.items, spec.constants)
        return Witness(page.ids, records, page.total, window.known_counts.get(spec.name))

    def check_window(
        self, context: Context | None, branch: int | None, window: FilterWindow
    ) -> dict[str, int]:
        """Compare a window with the first rows of its lists without the filter.

        Returns:
            The total of each list; empty where the API does not give all of them.

        Raises:
            DeadFilterError: The filter hides rows.
        """
        lists = self.lists(context)
        witnesses = [self._find_witness(branch, spec, window) for spec in lists]
        if window.hides_rows(witnesses, self.get_replication_key_signpost(context) or ""):
            raise DeadFilterError
        named = zip(lists, witnesses, strict=True)
        totals = {spec.name: one.total for spec, one in named if one.total is not None}
        return totals if len(totals) == len(lists) else {}

    def _find_witness(self, branch: int | None, spec: ListSpec, window: FilterWindow) -> Witness:
        """Return the first rows of a list; a whole page where the bookmark is not in the window.

        They are requested again where the window has new rows: one that was created since they were
        requested would conceal one that the filter hides.
        """
        known, page_size = window.witnesses.get(spec.name), self.run.config.page_size
        is_enough = known is not None and (known.is_whole or not window.lacks_bookmark)
        if known is not None and is_enough and not window.created:
            return known
        if not window.lacks_bookmark:
            page_size = min(page_size, MAX_WITNESSES)

        def fetch(request: ListRequest) -> Page:
            return self.run.client.fetch(request.for_page(0, page_size))

        page = self.fetch_outside_plan(branch, spec, fetch)
        if page is None:
            raise DeadFilterError
        return self._witness(page, spec, window)

    def fetch_outside_plan(
        self, branch: int | None, spec: ListSpec, fetch: Callable[[ListRequest], Page]
    ) -> Page | None:
        """Fetch the first page of a list outside the plan.

        Args:
            branch: The branch, None for a path without one where the account has that.
            spec: The list.
            fetch: Fetches the page, or raises where the account refuses it.

        Returns:
            The page, None where the account refuses it.
        """
        branches: Sequence[int | None] = (branch,)
        if branch is None:
            branches = self.run.config.branch_ids or (None, *self.visible_branches())
            branches = branches[:2]
        for one in branches:
            for action in self.actions:
                request = self.request(one, action, spec, FilterWindow())
                try:
                    return fetch(request)
                except UnavailableError:
                    continue
        return None

    def visible_branches(self) -> Sequence[int]:
        """The branches that this run sees; none where the account refuses the list of them."""
        try:
            return self.run.read_branch_ids()
        except UnavailableError:
            return ()

    def _sees_new_branches(self, memory: Memory) -> bool:
        return bool(memory.visible_branches) and not memory.visible_branches.issuperset(
            self.visible_branches()
        )
