"""What to read for one partition, as data that a stream hands to the reader."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_alfacrm.client.request import COUNT_PAGE_SIZE, PlannedList

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.extract.completeness import Evidence, Word
    from tap_alfacrm.extract.empties import EmptyParents
    from tap_alfacrm.records.page import Page


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

    @property
    def name(self) -> str:
        """Name of the list in the memory of the stream: its filters."""
        return " ".join(f"{key}={value}" for key, value in self.filters.items())


@dataclass(frozen=True, slots=True)
class Count:
    """A request whose total counts the rows of lists.

    Attributes:
        request: The request.
        list_number: The list of the task that it counts, None for all of them.
        partitions: Other partitions whose rows it counts as well.
    """

    request: ListRequest
    list_number: int | None = None
    partitions: Sequence[Hashable] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """Lists to read together: those of one branch, or those about one parent.

    Attributes:
        lists: Each list with its request, in the order in which rows may move between them.
        fallback_lists: Lists that hold all rows that the counts count, to be read instead where
            counts and lists disagree; empty where the lists themselves are read again.
        counts: Requests that count the lists after they were read.
        branch: The branch that the requests name, None for all branches.
        partition: The partition, as a key; None where no count needs its ids.
        name: Name of the task in the memory of the stream.
        id_scope: Ids are unique within this scope only; None: within the stream.
        follows_previous: Whether rows can move to its lists from those of the task before.
        single_page_likely: Whether each list is likely to have one page.
        is_windowed: Whether a filter excludes rows, so that an earlier count says nothing.
        may_leave_out_counts: Whether the counts depend on the rows; see `Rotation`.
        is_unchanged: Whether no row has changed, so that there is nothing to request.
        parent: In a series, the list and the id of the parent that the task requests.
    """

    lists: Sequence[tuple[ListRequest, ListSpec]]
    fallback_lists: Sequence[tuple[ListRequest, ListSpec]] = ()
    counts: Sequence[Count] = ()
    branch: int | None = None
    partition: Hashable | None = None
    name: str = ""
    id_scope: Hashable = None
    follows_previous: bool = False
    single_page_likely: bool = False
    is_windowed: bool = False
    may_leave_out_counts: bool = False
    is_unchanged: bool = False
    parent: tuple[str, int] = ("", 0)

    def planned_lists(self, page_size: int) -> Iterator[PlannedList]:
        """List what reading the task will request, for prefetching.

        Args:
            page_size: Rows per page.
        """
        for number, (request, _) in enumerate(self.lists):
            yield PlannedList(
                request,
                page_size,
                depends_on_previous=number > 0 or self.follows_previous,
                single_page_likely=self.single_page_likely,
            )
        for count in () if self.may_leave_out_counts else self.counts:
            yield PlannedList(
                count.request, COUNT_PAGE_SIZE, depends_on_previous=True, count_only=True
            )


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """Tasks that the account offers together or not at all.

    Attributes:
        make_tasks: Returns the tasks, in order; may be called again.
        max_refusals: Refusals before the first response that mean that all will be refused.
        label: What the requests are about, for the log. Empty where a group is one task.
        size: Number of tasks, None where progress is reported by page.
        upcoming: Lists to prefetch from now on; None keeps what is planned.
        parents: The verdict on the streams that name the tasks, by their name.
        empty_parents: Parents without rows, whose empty responses need no second request.
        known_until: The highest id that they may have.
        requested: Number of rows of the parent that the tasks request, and of all its rows.
        requested_filled: The same, by list, without the parents that are proven empty.
        find_moved: Returns tasks for the parents that moved to another branch since the others
            were read; called where responses stay empty that need not be.
    """

    make_tasks: Callable[[], Iterable[Task]]
    max_refusals: int = 1
    label: str = ""
    size: int | None = None
    upcoming: Iterable[PlannedList] | None = None
    parents: Mapping[str, Word] = field(default_factory=dict)
    empty_parents: EmptyParents | None = None
    known_until: int = -1
    requested: tuple[int, int] = (0, 0)
    requested_filled: tuple[int, int] = (0, 0)
    find_moved: Callable[[], Iterable[Task]] | None = None

    @property
    def is_series(self) -> bool:
        """Whether the group is a long series of short requests."""
        return self.size is not None

    def note_rows(self, task: Task) -> None:
        """Note that the parent of a task has rows."""
        if self.empty_parents is not None:
            self.empty_parents.note_rows(*task.parent)

    def is_proven_empty(self, task: Task) -> bool:
        """Whether an earlier run proved that the parent of a task has no rows."""
        is_known = task.parent[1] <= self.known_until
        return (
            self.empty_parents is not None and is_known and self.empty_parents.proves(*task.parent)
        )


@dataclass(frozen=True, slots=True)
class Route:
    """One way to request the rows of a partition.

    Attributes:
        groups: Return the groups by name, in order, each when its turn comes, because that can
            take requests. One that is refused does not stop the others.
        has_closing_counts: Whether rows move between the groups, so that they are counted once more
            after the last group.
        counts_single_pages: Whether lists of one page are counted then, too.
        make_supplement: Returns, after the groups were read, how to read what they hide; takes the
            evidence, to which it adds.
    """

    groups: Mapping[str, Callable[[], TaskGroup]]
    has_closing_counts: bool = False
    counts_single_pages: bool = True
    make_supplement: Callable[[Evidence], Route | None] = lambda _: None


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
        branch: The branch that the request named, None for all branches.
    """

    page: Page
    spec: ListSpec
    id_scope: Hashable = None
    branch: int | None = None
