"""How each stream of an account can be read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

from typing_extensions import override

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.doctor.sender import Outcome, Response, Sender
from tap_alfacrm.doctor.value_formats import to_int, to_ints
from tap_alfacrm.records.page import get_row_id
from tap_alfacrm.streams.child import ChildStream
from tap_alfacrm.streams.dictionaries import BranchesStream
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from tap_alfacrm.client.client import Client
    from tap_alfacrm.config import Config
    from tap_alfacrm.streams.base import AlfaCRMStream
    from tap_alfacrm.tap import TapAlfaCRM

UNCLEAR = {Outcome.FAILED, Outcome.NOT_SENT}
REFUSALS = {Outcome.REFUSED, Outcome.ABSENT}
CONDUCTED = {"status": 3}
PARENTS_TO_TRY = 2
PLAIN_STREAMS = [stream for stream in STREAMS if not issubclass(stream, ChildStream)]
CHILD_STREAMS = [stream for stream in STREAMS if issubclass(stream, ChildStream)]


@dataclass(frozen=True, slots=True)
class StreamAccess:
    """How a stream can be read.

    Attributes:
        path: Path that was readable, or that was tried last.
        response: Its first page.
        branch: Branch in the path, None for all.
        needs_branch: Whether the path must name a branch, None if not tried.
        request: The request for that page; None for a stream of which no parent is known.
        status: Status of the path without a branch, where it needs one.
        refused: Branches that were refused before the one that answered.
    """

    path: str
    response: Response
    branch: int | None = None
    needs_branch: bool | None = None
    request: ListRequest | None = None
    status: int = 0
    refused: Sequence[int] = ()

    def action(self, stream: type[AlfaCRMStream]) -> str:
        """The end of the path, which differs between accounts."""
        return self.path.removeprefix(stream.path(self.branch, ""))


def largest_list(stream: type[AlfaCRMStream]) -> Mapping[str, Any]:
    """The filters of the list that has most rows of a stream."""
    return CONDUCTED if stream.name == "lessons" else stream.sample_list.filters


class StreamAccessProbe(Sender):
    """Requests the first page of each stream.

    Attributes:
        tap: The tap, for its streams.
    """

    @override
    def __init__(
        self, tap: TapAlfaCRM, client: Client, config: Config, on_response: Callable[[int], None]
    ) -> None:
        super().__init__(client, config, on_response)
        self.tap = tap

    @cached_property
    def branches(self) -> Response:
        """The first page of the branches of the account."""
        return self.confirm(self.page_of(ListRequest(BranchesStream.path(None))), "branches")

    @cached_property
    def branch_ids(self) -> list[int]:
        """Ids of the branches to read."""
        return [*(self.config.branch_ids or self.branches.ids)]

    @cached_property
    def streams(self) -> dict[str, StreamAccess]:
        """How each stream can be read, with its first page."""
        found: dict[str, StreamAccess] = {}
        first_choices = [
            self.stream_request(stream, self._default_branch(stream)) for stream in PLAIN_STREAMS
        ]
        with self.prefetch(first_choices):
            for stream in PLAIN_STREAMS:
                found[stream.name] = self._read_stream(stream)
        for child in CHILD_STREAMS:
            found[child.name] = self._read_child(child, found)
        return found

    def stream_request(
        self, stream: type[AlfaCRMStream], branch: int | None, action: str | None = None
    ) -> ListRequest:
        """Return the request for the first page of the largest list of a stream."""
        return self.page_of(ListRequest(stream.path(branch, action), largest_list(stream)))

    def _default_branch(self, stream: type[AlfaCRMStream]) -> int | None:
        if self.config.branch_ids:
            return self.config.branch_ids[0]
        return self.branch_ids[0] if stream.needs_branch and self.branch_ids else None

    def _read_stream(self, stream: type[AlfaCRMStream]) -> StreamAccess:
        """Try the path that the tap tries first, then the others, in two branches at most."""
        default = self._default_branch(stream)
        if stream.needs_branch and default is None:
            return self._without_branch(stream)
        tried: list[StreamAccess] = []
        for branch in dict.fromkeys((default, *self.branch_ids[:2])):
            for action in stream.actions:
                request = self.stream_request(stream, branch, action)
                response = self.confirm(request, f"the rows of {stream.name}")
                needs_branch = None if default is not None else branch is not None
                status = tried[-1].response.status if tried else 0
                refused = [one.branch for one in tried if one.branch not in {None, branch}]
                tried.append(
                    StreamAccess(
                        *(request.path, response, branch, needs_branch, request, status),
                        refused=[*dict.fromkeys(filter(None, refused))],
                    )
                )
                if response.outcome not in REFUSALS:
                    return tried[-1]
            if default is None and tried[-1].response.outcome == Outcome.REFUSED:
                break
        return replace(tried[0], needs_branch=None)

    def _without_branch(self, stream: type[AlfaCRMStream]) -> StreamAccess:
        is_unclear = self.branches.outcome in UNCLEAR
        response = self.branches if is_unclear else Response(Outcome.NO_BRANCH)
        return StreamAccess(stream.path(None), response)

    def _read_child(
        self, child: type[ChildStream], streams: Mapping[str, StreamAccess]
    ) -> StreamAccess:
        """Request the rows of one parent, or of a few until one has rows."""
        parent = child.parents[0]
        branch = self.branch_ids[0] if self.branch_ids else None
        access = StreamAccess(child.path(branch), streams[parent.stream].response, branch)
        if not access.response.is_received:
            return access
        if branch is None:
            return self._without_branch(child)
        stream = cast("ChildStream", self.tap.streams[child.name])
        refused: list[int] = []
        empty = 0
        for identifier, homes in self._parents(parent.stream, streams):
            candidates = homes if parent.every_branch and homes else self.branch_ids
            branch = next((one for one in candidates if one not in refused), None)
            if branch is None:
                continue
            request = ListRequest(
                child.path(branch),
                child.variants[0],
                {**parent.fixed, **stream.params(), parent.param: identifier},
                stream.parser_for(identifier),
                child.is_single,
            )
            if not child.is_single:
                request = self.page_of(request)
            response = self.send(request, f"the rows of {child.name}")
            access = StreamAccess(
                request.path, response, branch, request=request, refused=tuple(refused)
            )
            if response.outcome in REFUSALS:
                refused.append(branch)
            else:
                empty += 1
            if response.rows or PARENTS_TO_TRY in {empty, len(refused)}:
                break
        return access

    @staticmethod
    def _parents(
        parent: str, streams: Mapping[str, StreamAccess]
    ) -> Iterator[tuple[int, list[int]]]:
        """Parents with their branches, the most likely to have rows first."""
        ids: list[int | None] = []
        if parent == "customers":
            pays = streams["pays"].response.rows
            ids = [to_int(pay.get("customer_id")) or None for pay in pays if pay.get("ctt_id")]
        homes = {
            get_row_id(row): to_ints(row.get("branch_ids")) for row in streams[parent].response.rows
        }
        for identifier in dict.fromkeys((*ids, *homes)):
            if identifier is not None:
                yield identifier, homes.get(identifier, [])
