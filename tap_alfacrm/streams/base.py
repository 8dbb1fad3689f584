"""Joins session, sweep and converter to the SDK: page, rows, once, right types, record."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import SchemaDirectory, Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from typing_extensions import override

from tap_alfacrm import schemas
from tap_alfacrm.convert import CLOCK, Converter
from tap_alfacrm.errors import UnavailableError
from tap_alfacrm.once import Once, row_id
from tap_alfacrm.report import Progress, Proof
from tap_alfacrm.session import Question
from tap_alfacrm.sweep import MAX_SWEEPS, Found, Seen, sweep

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Context, Record

    from tap_alfacrm.tap import TapAlfaCRM

SCHEMAS = SchemaDirectory(schemas)


@dataclass(frozen=True, slots=True)
class List:
    """One list to read to its end.

    Attributes:
        filters: What the body asks for.
        stamp: Fields that the request tells and the rows do not; added to each row.
    """

    filters: Mapping[str, Any] = field(default_factory=dict)
    stamp: Mapping[str, Any] = field(default_factory=dict)


class AlfaCRMStream(Stream):
    """Rows of one entity, each once (docs/behaviour.md#completeness).

    A subclass says its name, its entity, and, where it is not one plain list, which lists it
    consists of and which single list counts them all.
    """

    primary_keys = ("id",)
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # the converter has done it

    name: str
    entity: ClassVar[str]
    """Entity in the path, such as `lead-status`."""
    required: ClassVar[bool] = False
    """Whether a role without a right to the entity fails the run."""
    has_custom_fields: ClassVar[bool] = False
    """Whether accounts can add `custom_*` fields to the entity."""
    everything: ClassVar[List] = List()
    """The list that holds every row of the entity."""

    def __init__(self, tap: TapAlfaCRM, account_properties: dict[str, Any] | None = None) -> None:
        """Make the stream.

        Args:
            tap: The tap, with the session and the settings of the run.
            account_properties: Schema of the fields that only this account has, by name.
        """
        self._alfacrm = tap
        self._account_properties = account_properties or {}
        super().__init__(tap)
        self._once = Once()
        self._seen: defaultdict[tuple[int | None, Hashable], Seen] = defaultdict(Seen)
        self._parts: list[Proof] = []
        self._progress = Progress(self.logger)

    @cached_property
    @override
    def schema(self) -> dict[str, Any]:
        """The schema file and the account's own fields."""
        standard = standard_schema(self.name)
        return {
            **standard,
            "properties": {**standard["properties"], **self._account_properties},
        }

    @cached_property
    def converter(self) -> Converter:
        """Makes rows fit the schema that is announced to the target."""
        clocks = self.schema["properties"]
        properties = {
            name: {**announced, CLOCK: clocks.get(name, {}).get(CLOCK)}
            for name, announced in self.effective_schema["properties"].items()
        }
        return Converter({"properties": properties}, self._alfacrm.settings.zone)

    def lists(self, context: Context | None) -> Sequence[List]:  # noqa: ARG002
        """The lists that make up a partition, to be read in this order."""
        return (self.everything,)

    def whole(self, context: Context | None) -> List | None:  # noqa: ARG002
        """The single list that counts all rows of the partition's lists, if it is of use."""
        return None

    def accounted(self, branch: int | None, context: Context | None) -> int:
        """Rows seen in this run that belong to the list `whole`."""
        seen = self._seen[branch, _key(context)]
        return len(seen.ids) + seen.keyless

    def verdict(self, parts: Sequence[Proof]) -> Proof:
        """The proof of the whole stream from those of its partitions, in their order."""
        return Proof.of(parts)

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Read one partition.

        Args:
            context: The partition, None for a stream without.

        Yields:
            Records that fit the schema, each id once in a run.

        Raises:
            UnavailableError: The role has no right to a required entity.
        """
        label = self.name + "".join(f" {key}={value}" for key, value in (context or {}).items())
        branches = []
        try:
            for branch in self._alfacrm.settings.branch_ids or (None,):
                proof = yield from self._read(branch, context)
                branches.append(proof)
        except UnavailableError as error:
            if self.required:
                raise
            self.logger.warning("%s The stream %s stays empty.", error, self.name)
            return
        proof = Proof.of(branches)
        self._parts.append(proof)
        if context is not None:
            proof.log(self.logger, label)
        if len(self._parts) == max(1, len(self.partitions or ())):
            self._report()

    def _read(self, branch: int | None, context: Context | None) -> Generator[Record, None, Proof]:
        """Read the lists of a partition, again until the list that counts them all agrees."""
        proof = Proof()
        whole = self.whole(context)
        before = None
        for attempt in range(MAX_SWEEPS + 1):
            if whole is not None and (accounted := self.accounted(branch, context)):
                total = self._ask_total(branch, whole)
                if proof.is_settled_by(total, accounted) and (attempt or self._is_settled):
                    return proof
                if attempt == MAX_SWEEPS or (attempt and before == (total, accounted)):
                    return proof
                before = total, accounted
            proof.begin()
            for list_ in self.lists(context):
                yield from self._read_list(branch, context, list_, proof)
            if whole is None:
                break
        return proof

    @property
    def _is_settled(self) -> bool:
        return not any(part.unsettled for part in self._parts)

    def _read_list(
        self, branch: int | None, context: Context | None, list_: List, proof: Proof
    ) -> Iterator[Record]:
        found = Found()
        session, page_size = self._alfacrm.session, self._alfacrm.settings.page_size
        question = self.question(list_, branch)
        state = tuple(list_.stamp.values())
        for rows in sweep(session, question, page_size, found, self._progress):
            for row in rows:
                identifier = row_id(row)
                if identifier is not None and self._once.admit(identifier, state):
                    proof.emitted += 1
                    yield self.converter({**row, **list_.stamp})
        self._seen[branch, _key(context)].add(found)
        proof.add(found)

    def _ask_total(self, branch: int | None, whole: List) -> int | None:
        return self._alfacrm.session.ask(self.question(whole, branch).at(page=0, pageSize=1)).total

    @classmethod
    def question(cls, list_: List, branch: int | None) -> Question:
        """What to ask for a list, in one branch or (None) in all."""
        return Question(
            f"/v2api/{'' if branch is None else f'{branch}/'}{cls.entity}/index",
            list_.filters,
        )

    def _report(self) -> None:
        """Write the stream's last lines: unknown keys, unfit values, the verdict."""
        if self.converter.unknown:
            fields = ", ".join(
                f"{name} ({type_})" for name, type_ in sorted(self.converter.unknown.items())
            )
            self.logger.warning(
                "%s: the rows have fields that the catalogue does not, which were left out: %s. "
                "Refresh the catalogue to load them (--discover; Meltano: --refresh-catalog).",
                self.name,
                fields,
            )
        if self.converter.unfit:
            fields = ", ".join(
                f"{name} {count:,}" for name, count in sorted(self.converter.unfit.items())
            )
            self.logger.warning(
                "%s: values that their type cannot hold became null: %s.",
                self.name,
                fields,
            )
        self.verdict(self._parts).log(self.logger, self.name)


def standard_schema(name: str) -> dict[str, Any]:
    """The schema file of a stream."""
    return SCHEMAS.get_schema(name)


def _key(context: Context | None) -> Hashable:
    return tuple(sorted((context or {}).items()))
