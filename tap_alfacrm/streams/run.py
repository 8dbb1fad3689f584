"""What the streams of one run share."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from tap_alfacrm.client.client import Client
from tap_alfacrm.client.prefetch import PrefetchClient
from tap_alfacrm.config import Config
from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.extract.results import PageLengths
from tap_alfacrm.schemas import FORMATS
from tap_alfacrm.streams.audit import Audit, Counts
from tap_alfacrm.streams.parent_ids import branches_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tap_alfacrm.client.request import ListRequest, PlannedList
    from tap_alfacrm.extract.completeness import Evidence, Word
    from tap_alfacrm.streams.parent_ids import ParentIds

BRANCH_SAMPLE_SIZE = 20
"""Customers to request to see whether a branch exists that the account does not list."""
MAX_UNLISTED_BRANCHES = 100
"""Such branches to check, with a request for each."""


class RunStream(Protocol):
    """What a run needs to know of a stream."""

    name: str

    @property
    def selected(self) -> bool:
        """Whether the stream is loaded."""

    @property
    def has_parent_ids(self) -> bool:
        """Whether the ids of all rows are known without a request."""

    def judge_parent_ids(self) -> Word:
        """Whether every row is among the ids, as far as that is proven."""

    def needs_ids_of(self, parent: str) -> bool:
        """Whether the stream needs a request for each row of another."""

    def read_parent_ids(self) -> ParentIds:
        """Return the ids of all rows; requests them unless this run has read them."""

    def read_parent_ids_again(self) -> tuple[ParentIds, Word]:
        """Request the ids of all rows, as they are now, and judge whether they are all."""

    def upcoming_lists(self) -> Iterator[PlannedList]:
        """List what the stream will request, as far as that is known before its turn."""

    def sample_request(self, branch: int) -> ListRequest:
        """Return the request for rows of a branch that may not exist."""


def utc_now() -> dt.datetime:
    """The moment, in UTC."""
    return dt.datetime.now(dt.UTC)


class Run:
    """One run of the tap: its config, its client and its streams.

    Attributes:
        page_lengths: Lengths of the pages received so far.
        audit: The verdicts of the run.
        hides_by_branch: Whether a path without a branch was found to hide rows of branches; None
            until a stream has counted every branch.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        logger: logging.Logger,
        streams: Callable[[], Mapping[str, RunStream]],
    ) -> None:
        """Create a run; nothing is checked or sent yet.

        Args:
            config: The tap's config.
            logger: The tap's logger.
            streams: Returns the streams by name, in the order in which they are loaded.
        """
        self._raw_config, self._logger, self._streams = config, logger, streams
        self.page_lengths = PageLengths()
        self.hides_by_branch: bool | None = None
        self._unlisted_branches: dict[int, bool] = {}
        self.started_at = utc_now()
        self.audit = Audit(self.started_at)

    @cached_property
    def config(self) -> Config:
        """The typed config.

        Raises:
            ConfigError: A setting is missing or wrong.
        """
        return Config.from_config(self._raw_config)

    @property
    def decimal_format(self) -> str:
        """The form of money, which also a catalog without an account has.

        Raises:
            ConfigError: A setting is wrong.
        """
        chosen = self._raw_config.get("decimal_format") or "number"
        return chosen if chosen in FORMATS else self.config.decimal_format

    @cached_property
    def client(self) -> PrefetchClient:
        """The client that all streams share."""
        client = Client(self.config, self._logger)
        client.retries_refusals = True
        return PrefetchClient(client, self.config.max_in_flight)

    def count_requests(self) -> Counts:
        """Return the requests sent so far."""
        stats = self.client.stats
        return Counts(stats.requests, sum(stats.failures.values()))

    def add_to_audit(self, stream: str, partition: str, evidence: Evidence, before: Counts) -> None:
        """Add the verdict on a stream or a partition to the audit.

        Args:
            stream: Name of the stream.
            partition: The partition, "" for the stream as a whole.
            evidence: What was read.
            before: Requests sent before it was read.
        """
        now = self.count_requests()
        counts = Counts(now.requests - before.requests, now.retries - before.retries)
        self.audit.add(stream, partition, evidence, counts)

    def needs_ids_of(self, parent: str) -> bool:
        """Whether a selected stream needs the ids of another stream's rows."""
        return any(
            stream.selected and stream.needs_ids_of(parent) for stream in self._streams().values()
        )

    def upcoming_lists(self, after: str) -> Iterator[PlannedList]:
        """List what the selected streams after another will request, in their order."""
        streams = list(self._streams().values())
        names = [stream.name for stream in streams]
        for stream in streams[names.index(after) + 1 :]:
            if stream.selected:
                yield from stream.upcoming_lists()

    @property
    def knows_branch_ids(self) -> bool:
        """Whether `read_branch_ids` needs no request."""
        return bool(self.config.branch_ids) or self.has_parent_ids("branches")

    def read_branch_ids(self, known: Iterable[int] = ()) -> tuple[int, ...]:
        """Return the branches to request in: those of the config, or all of the account.

        The account's list of branches may lack some that its rows name, such as closed ones.
        These are requested in too, if the account has customers in them.

        Args:
            known: Branches in which an earlier run found rows.

        Raises:
            UnavailableError: The API user sees no branch.
        """
        if self.config.branch_ids:
            return self.config.branch_ids
        branches = self.read_parent_ids("branches")
        named = set(known).union(
            *(
                stream.read_parent_ids().branches
                for stream in self._streams().values()
                if stream.has_parent_ids
            )
        )
        for branch in sorted(named.difference(branches))[:MAX_UNLISTED_BRANCHES]:
            self._check_unlisted_branch(branch)
        found = (*branches, *(one for one, exists in self._unlisted_branches.items() if exists))
        if not found:
            msg = "The API user sees no branch, and the path needs one."
            raise UnavailableError(msg, HTTPStatus.FORBIDDEN)
        return found

    def _check_unlisted_branch(self, branch: int) -> None:
        """Note whether the account returns customers of a branch, and only these."""
        if branch not in self._unlisted_branches:
            request = self._streams()["customers"].sample_request(branch)
            try:
                rows = self.client.fetch(request.for_page(0, BRANCH_SAMPLE_SIZE)).items
            except UnavailableError:
                rows = ()
            is_branch = bool(rows) and all(branch in branches_of(row) for row in rows)
            self._unlisted_branches[branch] = is_branch
            if is_branch:
                self._logger.info(
                    "branches: rows name branch %d, which the list of branches lacks; requesting "
                    "its rows too.",
                    branch,
                )

    def has_parent_ids(self, parent: str) -> bool:
        """Whether `read_parent_ids` needs no request."""
        return self._streams()[parent].has_parent_ids

    def read_parent_ids(self, parent: str) -> ParentIds:
        """Return the ids of all rows of a stream; requests them unless this run has read them."""
        return self._streams()[parent].read_parent_ids()

    def read_parent_ids_again(self, parent: str) -> tuple[ParentIds, Word]:
        """Request the ids of all rows of a stream, as they are now, with the verdict on them."""
        return self._streams()[parent].read_parent_ids_again()

    def judge_parent_ids(self, parent: str) -> Word:
        """Whether every row of a stream is among its ids, as far as that is proven."""
        return self._streams()[parent].judge_parent_ids()
