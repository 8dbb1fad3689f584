"""What a stream is: its entity, its schema and the plan to read it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL
from typing_extensions import override

from tap_alfacrm.extract.deduplication import Deduplicator
from tap_alfacrm.extract.plan import ListSpec
from tap_alfacrm.formatting import list_names
from tap_alfacrm.records.converter import Converter
from tap_alfacrm.records.keywords import with_keywords
from tap_alfacrm.records.layout import Completion
from tap_alfacrm.records.page import parse_page
from tap_alfacrm.records.typed_page import TypedPageParser
from tap_alfacrm.schemas import DATA, MONEY, standard_schema, with_money
from tap_alfacrm.sdk.page_stream import PageStream
from tap_alfacrm.sdk.spec import StreamSpec

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_alfacrm.extract.deduplication import FilterWitness
    from tap_alfacrm.extract.incremental import IncrementalFilter
    from tap_alfacrm.records.page import Parser
    from tap_alfacrm.streams.run import Run

    Schemas = Mapping[str, Any]
    """JSON Schemas by field name."""


class ListCount(NamedTuple):
    """A list of which the total alone is requested.

    Attributes:
        spec: The list.
        list_number: The list of the partition that it counts, None for all of them.
        partitions: Other partitions whose rows it counts as well.
    """

    spec: ListSpec
    list_number: int | None = None
    partitions: Sequence[Context | None] = ()


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
    incremental_filter: ClassVar[IncrementalFilter | None] = None
    """The filter that requests changed rows only."""
    is_append_only: ClassVar[bool] = False
    """Whether rows never change, so that a list which is as long as before may have no new ones."""
    counts_by_branch: ClassVar[bool] = False
    """Whether rows name their branches, so that the path without a branch can be checked."""
    counts_each_branch: ClassVar[bool] = False
    """Whether it is checked in branches, too, of which rows came."""
    moves_between_branches: ClassVar[bool] = False
    """Whether a row can move to another branch during a run, where the path names a branch."""
    sample_list: ClassVar[ListSpec] = ListSpec()
    """The list that contains every row of the entity."""
    is_incremental: ClassVar[bool] = True
    """Whether changed rows only are requested unless the catalog says otherwise."""
    possible_contexts: ClassVar[Sequence[Mapping[str, Any]]] = ()
    """Possible partitions."""
    former_contexts: ClassVar[Sequence[Mapping[str, Any]]] = ()
    """Partitions of earlier versions, whose earliest bookmark a state passes on."""

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
        spec = self.spec()
        self.replication_key = spec.replication_key
        if spec.replication_key and spec.replication_method == REPLICATION_FULL_TABLE:
            self.forced_replication_method = REPLICATION_FULL_TABLE

    @property
    def identity(self) -> Sequence[str]:
        """Columns by which the API identifies rows, whatever key the catalog has."""
        return type(self).primary_keys

    @classmethod
    def spec(cls) -> StreamSpec:
        """What no catalog or state can change."""
        key = None if cls.incremental_filter is None else cls.incremental_filter.key
        is_incremental = key is not None and cls.is_incremental
        method = REPLICATION_INCREMENTAL if is_incremental else REPLICATION_FULL_TABLE
        return StreamSpec(cls.primary_keys, key, method, cls.possible_contexts, cls.former_contexts)

    @property
    @override
    def partitions(self) -> list[dict[str, Any]] | None:
        """Those of the code, never those of a state, as in the SDK."""
        return [dict(context) for context in self.possible_contexts] or None

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

    def fallback_lists(self, context: Context | None) -> Sequence[ListSpec]:  # noqa: ARG002 - for subclasses
        """Lists of all rows that the counts of a partition count, read if these disagree."""
        return ()

    @property
    def contexts(self) -> Sequence[Context | None]:
        """The partitions; (None,) for a stream without."""
        return self.partitions or (None,)

    def counts(self, context: Context | None) -> Sequence[ListCount]:  # noqa: ARG002 - for subclasses
        """The lists of which the total alone is requested, to check a partition's lists."""
        return ()

    def counts_stream(self, context: Context | None) -> bool:
        """Whether the counts of a partition hold for all partitions of the stream."""
        return any(count.partitions for count in self.counts(context))

    def make_deduplicator(self) -> Deduplicator:
        """Return what passes each row once."""
        return Deduplicator()

    def make_witness(self) -> FilterWitness | None:
        """Return what checks on the rows that a filter is obeyed, where rows show it."""
        return None

    def check_filters(self, context: Context | None) -> list[str]:  # noqa: ARG002 - for subclasses
        """Check filters that the rows do not show; may send requests.

        Returns:
            Filters that have no effect.
        """
        return []

    def needs_ids_of(self, parent: str) -> bool:
        """Whether the stream needs a request for each row of another."""
        uses_branches = self.needs_branch or self.counts_by_branch
        return uses_branches and parent == "branches" and not self.run.config.branch_ids

    @cached_property
    def parser(self) -> Parser:
        """Parses the pages of this stream."""
        if self.identity[0] in self.effective_schema["properties"]:
            return TypedPageParser(self.converter.layout, self.identity[0])
        return parse_page

    @cached_property
    def converter(self) -> Converter:
        """Converts rows to records of the schema that the target receives."""
        schema = with_keywords(self.effective_schema, self.schema)
        return Converter(schema, self.run.config.zone, self.completions())

    @classmethod
    def completions(cls) -> Sequence[Completion]:
        """Columns that some accounts return in part."""
        return [Completion(name, f"{name}_v", _or_displayed) for name in cls.display_fallbacks]

    def log_findings(self) -> None:
        """Log unknown fields and invalid values."""
        unknown = self.converter.unknown_fields
        if unknown.columns:
            self.logger.warning(
                "%s: the rows have fields that the catalog does not have, which were left out: "
                "%s. Refresh the catalog to load them (--discover; Meltano: --refresh-catalog); "
                "fields that discovery does not find can be declared "
                "(docs/behaviour.md#custom-fields).",
                self.name,
                list_names(f"{name} ({type_})" for name, type_ in unknown.columns.items()),
            )
        if unknown.others:
            self.logger.warning(
                "%s: the rows have fields whose names look like data, which were left out: %s.",
                self.name,
                list_names(f"{name} ({type_})" for name, type_ in unknown.others.items()),
            )
        if self.converter.invalid_values:
            fields = list_names(
                f"{name} {count:,}" for name, count in self.converter.invalid_values.items()
            )
            self.logger.warning(
                "%s: values that their type cannot hold became null: %s.", self.name, fields
            )


def _or_displayed(value: object, displayed: object) -> object:
    return displayed if displayed and not value else value


def partition_key(context: Context | None) -> Hashable:
    """A partition's context as a key; the empty tuple for a stream without partitions."""
    return tuple(sorted((context or {}).items()))
