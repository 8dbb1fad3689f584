"""What a stream is: its entity, its schema and the plan to read it."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL
from typing_extensions import override

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.extract.incremental import FilterWindow
from tap_alfacrm.extract.plan import ListSpec, Plan, Route, Task, TaskGroup
from tap_alfacrm.records.converter import Converter, with_keywords
from tap_alfacrm.records.page import parse_page
from tap_alfacrm.records.typed_page import TypedPageParser, TypedRow
from tap_alfacrm.schemas import DATA, MONEY, standard_schema, with_money
from tap_alfacrm.sdk.page_stream import PageStream

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog

    from tap_alfacrm.client.prefetch import PlannedList
    from tap_alfacrm.extract.deduplication import VariantPolicy
    from tap_alfacrm.extract.incremental import IncrementalFilter
    from tap_alfacrm.records.page import Parser, Row
    from tap_alfacrm.streams.run import Run

    Schemas = Mapping[str, Any]
    """JSON Schemas by field name."""


class EntityStream(PageStream):
    """The declaration of an entity.

    A subclass names the stream and its entity and, where the rows are not one plain list,
    declares which lists they consist of and which single list counts them all.
    """

    primary_keys: Sequence[str] = ("id",)
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # the converter does this

    name: str
    entity: ClassVar[str]
    """Entity in the path, such as `lead-status`."""
    actions: ClassVar[Sequence[str]] = ("/index",)
    """Actions in the path, with their slash: the usual one, then what some accounts need."""
    needs_branch: ClassVar[bool] = False
    """Whether the path must name a branch."""
    required: ClassVar[bool] = False
    """Whether the run fails where the role has no right to the entity."""
    has_custom_fields: ClassVar[bool] = True
    """Whether discovery looks for fields that accounts add to the entity."""
    is_parent: ClassVar[bool] = False
    """Whether other streams need a request for each row."""
    display_fallbacks: ClassVar[Sequence[str]] = ()
    """Dates that some accounts return in their display form alone, as `*_v`."""
    is_typed: ClassVar[bool] = True
    """Whether pages may be decoded as structs, which `post_process` does not receive."""
    incremental_filter: ClassVar[IncrementalFilter | None] = None
    """The filter that requests changed rows only."""
    sample_list: ClassVar[ListSpec] = ListSpec()
    """The list that contains every row of the entity."""

    def __init__(self, tap: Tap, run: Run, account_properties: Schemas | None = None) -> None:
        """Create the stream.

        Args:
            tap: The tap, for the SDK.
            run: What the streams of the run share.
            account_properties: Schemas of the fields that only this account has.
        """
        self.run = run
        self._account_properties = account_properties or {}
        super().__init__(tap)
        if self.incremental_filter is not None:
            self.replication_key = self.incremental_filter.key

    @cached_property
    @override
    def schema(self) -> dict[str, Any]:
        """The schema file and the account's own fields."""
        standard = standard_schema(self.name)
        announced = standard.keys() - {DATA, MONEY}
        return {
            **{key: value for key, value in standard.items() if key in announced},
            "properties": {
                **with_money(standard, self.run.decimal_format),
                **self._account_properties,
            },
        }

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        super().apply_catalog(catalog)
        can_be_incremental = self.incremental_filter is not None and self.replication_key
        if self.replication_method == REPLICATION_INCREMENTAL and not can_be_incremental:
            self.logger.warning(
                "%s: incremental replication is not supported; loading the full table.", self.name
            )
            self.forced_replication_method = REPLICATION_FULL_TABLE

    @classmethod
    def path(cls, branch: int | None, action: str | None = None) -> str:
        """Path of the entity, in one branch or (None) in all."""
        prefix = "" if branch is None else f"{branch}/"
        return f"/v2api/{prefix}{cls.entity}{cls.actions[0] if action is None else action}"

    def lists(self, context: Context | None) -> Sequence[ListSpec]:
        """The lists of a partition, in the order in which they are read."""
        if context:
            return (ListSpec(context, variant=partition_key(context)),)
        return (self.sample_list,)

    def count_list(self, context: Context | None) -> ListSpec | None:  # noqa: ARG002
        """The single list whose total counts all rows of a partition's lists, if any."""
        return None

    def counted_partitions(self, context: Context | None) -> Sequence[Context | None]:
        """The partitions whose rows `count_list` counts."""
        return (context,)

    def counts_stream(self, context: Context | None) -> bool:
        """Whether the count of a partition holds for all partitions of the stream."""
        return len(self.counted_partitions(context)) > 1

    def variant_policy(self) -> VariantPolicy | None:
        """How to tell which list a row belongs to, where lists overlap."""
        return None

    def plan(self, context: Context | None, window: FilterWindow, *, prefetch: bool) -> Plan:
        """Plan how to read a partition.

        Args:
            context: The partition.
            window: The rows to request.
            prefetch: Whether to prefetch this partition and what comes after it.
        """
        return Plan(self._routes(context, window, prefetch=prefetch))

    def _routes(
        self, context: Context | None, window: FilterWindow, *, prefetch: bool
    ) -> Iterator[Route]:
        """Each action of the path, without a branch where possible, else in each branch."""
        if not (self.needs_branch or self.run.config.branch_ids):
            for action in self.actions:
                yield self._route((None,), action, context, window, prefetch=prefetch)
            if self.name == "branches":
                return
        # some accounts need the branch in every path
        branches = self.run.read_branch_ids()
        for action in self.actions:
            yield self._route(branches, action, context, window, prefetch=prefetch)

    def _route(
        self,
        branches: Sequence[int | None],
        action: str,
        context: Context | None,
        window: FilterWindow,
        *,
        prefetch: bool,
    ) -> Route:
        def upcoming() -> Iterator[PlannedList]:
            contexts = (context,) if window.filters else self.partitions or (context,)
            yield from self._planned_lists(branches, action, contexts, window)
            yield from self.run.upcoming_lists(after=self.name)

        uses_listed_branches = branches != (None,) and not self.run.config.branch_ids
        all_known = not uses_listed_branches or self.run.has_complete_parent_ids("branches")
        return Route(
            {
                f"branch {branch}": partial(
                    TaskGroup,
                    [self._task(branch, action, context, window)],
                    upcoming=upcoming() if prefetch and number == 0 else None,
                    incomplete_parents=() if all_known else ("branches",),
                )
                for number, branch in enumerate(branches)
            }
        )

    def _task(
        self, branch: int | None, action: str, context: Context | None, window: FilterWindow
    ) -> Task:
        def request(spec: ListSpec) -> ListRequest:
            filters = {**spec.filters, **window.filters}
            return ListRequest(self.path(branch, action), filters, parser=self.parser)

        count_list = self.count_list(context)
        counted = self.counted_partitions(context)
        return Task(
            lists=[(request(spec), spec) for spec in self.lists(context)],
            count_request=None if count_list is None else request(count_list),
            branch=branch,
            partition=partition_key(context),
            counted_partitions=[partition_key(one) for one in counted],
            is_count_sufficient=self.counts_stream(context),
            single_page_likely=not (self.incremental_filter or context or count_list),
        )

    def _planned_lists(
        self,
        branches: Sequence[int | None],
        action: str,
        contexts: Sequence[Any],
        window: FilterWindow,
    ) -> Iterator[PlannedList]:
        for context in contexts:
            for branch in branches:
                task = self._task(branch, action, context, window)
                yield from task.planned_lists(self.run.config.page_size)

    def upcoming_lists(self) -> Iterator[PlannedList]:
        """List what the stream will request, as far as that is known before its turn."""
        is_windowed = self.incremental_filter and self.replication_method != REPLICATION_FULL_TABLE
        branches: Sequence[int | None] = self.run.config.branch_ids or (None,)
        if self.needs_branch:
            branches = self.run.read_branch_ids() if self.run.knows_branch_ids else ()
        if not is_windowed and branches:
            contexts = self.partitions or (None,)
            yield from self._planned_lists(branches, self.actions[0], contexts, FilterWindow())

    def needs_ids_of(self, parent: str) -> bool:
        """Whether the stream needs a request for each row of another."""
        return self.needs_branch and parent == "branches" and not self.run.config.branch_ids

    @cached_property
    def parser(self) -> Parser:
        """Parses the pages of this stream."""
        if self.is_typed and self.can_write_pages and not self.converter.renames_columns:
            return TypedPageParser(self.effective_schema, self.primary_keys[0])
        return parse_page

    @cached_property
    def converter(self) -> Converter:
        """Converts rows to records of the schema that the target receives."""
        schema = with_keywords(self.effective_schema, self.schema)
        return Converter(schema, self.run.config.zone)

    @override
    def post_process(self, row: Row, context: Context | None = None) -> Row:
        """Complete fields of a plain row from others."""
        fallbacks = {
            name: row[f"{name}_v"]
            for name in self.display_fallbacks
            if not row.get(name) and row.get(f"{name}_v")
        }
        return {**row, **fallbacks} if fallbacks else row

    def _post_process_all(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Post-process plain rows; typed rows need none."""
        if rows and isinstance(rows[0], TypedRow):
            return rows
        return [self.post_process(row) for row in rows]


def partition_key(context: Context | None) -> Hashable:
    """A partition's context as a key; the empty tuple for a stream without partitions."""
    return tuple(sorted((context or {}).items()))
