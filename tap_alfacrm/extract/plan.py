"""What to read for one partition, as data that a stream hands to the reader."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_alfacrm.client.prefetch import PlannedList

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.records.page import Page

COUNT_PAGE_SIZE = 1
"""Page size of a request of which only the total is used."""


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One list of an entity.

    Attributes:
        filters: Filters in the request body.
        constants: Fields that follow from the request and are added to each row.
        variant: What may change during a run and follows from the request alone, such as
            archived or not. A row that is met again in another variant is emitted again.
    """

    filters: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    variant: Hashable = None


@dataclass(frozen=True, slots=True)
class Task:
    """Lists to read together: those of one branch, or those about one parent.

    Attributes:
        lists: Each list with its request, in the order in which rows may move between them.
        count_request: A request whose total counts the rows of all the lists, if there is one.
        branch: The branch that the requests name, None for all branches.
        partition: The partition, as a key; None where no count needs its ids.
        counted_partitions: Partitions whose rows `count_request` counts.
        id_scope: Ids are unique within this scope only; None: within the stream.
        is_count_sufficient: Whether the count is likely to make reading the lists unnecessary.
        single_page_likely: Whether each list is likely to have one page.
    """

    lists: Sequence[tuple[ListRequest, ListSpec]]
    count_request: ListRequest | None = None
    branch: int | None = None
    partition: Hashable | None = None
    counted_partitions: Sequence[Hashable] = ()
    id_scope: Hashable = None
    is_count_sufficient: bool = False
    single_page_likely: bool = False

    def planned_lists(self, page_size: int) -> Iterator[PlannedList]:
        """List what reading the task will request, for prefetching.

        Args:
            page_size: Rows per page.
        """
        for number, (request, _) in enumerate(() if self.is_count_sufficient else self.lists):
            yield PlannedList(
                request,
                page_size,
                depends_on_previous=number > 0 or self.partition == (),
                single_page_likely=self.single_page_likely,
            )
        if self.count_request is not None:
            yield PlannedList(
                self.count_request, COUNT_PAGE_SIZE, depends_on_previous=True, count_only=True
            )


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """Tasks that the account offers together or not at all.

    Attributes:
        tasks: The tasks, in order.
        max_refusals: Refusals before the first response that mean that all will be refused.
        label: What the requests are about, for the log. Empty where a group is one task.
        size: Number of tasks, None where progress is reported by page.
        upcoming: Lists to prefetch from now on; None keeps what is planned.
        incomplete_parents: Streams that name the tasks and of which rows may be unknown.
    """

    tasks: Iterable[Task]
    max_refusals: int = 1
    label: str = ""
    size: int | None = None
    upcoming: Iterable[PlannedList] | None = None
    incomplete_parents: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """One way to request the rows of a partition.

    Attributes:
        groups: Return the groups by name, in order, each when its turn comes, because that can
            take requests. One that is refused does not stop the others.
    """

    groups: Mapping[str, Callable[[], TaskGroup]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to read a partition.

    Attributes:
        routes: Alternatives; the first that exists in the account is used. May be computed
            lazily, because a later one can depend on further requests.
    """

    routes: Iterable[Route]


class ListPage(NamedTuple):
    """A page of a list.

    Attributes:
        page: The page.
        spec: The list.
        id_scope: As in `Task`.
    """

    page: Page
    spec: ListSpec
    id_scope: Hashable = None
