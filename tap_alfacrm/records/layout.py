"""How rows lie in memory: as structs, which cost a third of what dicts cost.

A field of a struct has the type of the schema, which the decoder checks in C, until a value comes
that does not fit. From then on that field, and no other, is decoded as it comes. A struct becomes
the record in place, column by column.
"""

from __future__ import annotations

import functools
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import UNSET

from tap_alfacrm.records import steps
from tap_alfacrm.records.row import COMPILING, Row, Structs, attribute
from tap_alfacrm.records.scalars import clean
from tap_alfacrm.records.steps import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_alfacrm.records.column import Column
    from tap_alfacrm.records.steps import Step

MAX_EXTRAS = 100
"""Fields without a column that a struct has room for; a server may send any number."""


class Completion(NamedTuple):
    """A column that some accounts return in part, and that another field completes.

    Attributes:
        name: The column.
        source: The other field.
        complete: Takes both values and returns the whole one.
    """

    name: str
    source: str
    complete: Callable[[Any, Any], Any]


class Layout:
    """The structs of one schema, and the steps from them to records.

    Attributes:
        structs: The structs that fit the rows so far.
        object_types: All types of rows that can be converted.
    """

    structs: Structs

    def __init__(
        self,
        columns: Sequence[Column],
        aliases: Mapping[str, str],
        completions: Sequence[Completion],
        note_unknown: Callable[[str, object], None],
        convert_row: Callable[[dict[str, Any]], dict[str, Any]] | None,
    ) -> None:
        """Compile a layout in which every field is typed.

        Args:
            columns: The columns.
            aliases: Columns by the names that some accounts give to their fields.
            completions: Columns to complete.
            note_unknown: Receives fields that have no column, with a value.
            convert_row: Converts a single row with fields that have no column and are kept; None
                leaves these out.
        """
        self._columns, self._aliases, self._completions = columns, aliases, completions
        self._note_unknown, self._convert_row = note_unknown, convert_row
        names = {column.name for column in columns}
        self._extras = {column.field for column in columns if column.is_renamed} | aliases.keys()
        self._extras |= {source for _, source, _ in completions} - names
        self._takes_unknown = False
        self._steps: dict[type, list[Step]] = {}
        self.object_types: set[type] = {dict}
        self._compile()

    def learn(self, rows: Sequence[dict[str, Any]]) -> None:
        """Adapt to rows that the decoder refused.

        Args:
            rows: The rows as dicts.
        """
        with COMPILING:
            before = self._state
            for column in self._columns:
                column.is_typed = column.is_typed and column.fits(rows)
            names = dict.fromkeys(chain.from_iterable(rows))
            new = [x for x in names if x not in self.structs.attributes and _can_be_field(x)]
            if len(self._extras) + len(new) > MAX_EXTRAS and self._convert_row is None:
                self._takes_unknown = True
                new = []
            self._extras.update(new[: MAX_EXTRAS - len(self._extras)])
            if self._state != before:
                self._compile()

    @property
    def _state(self) -> tuple[object, ...]:
        """What the structs follow from."""
        columns = [(one.is_typed, one.inner and one.inner.structs) for one in self._columns]
        return columns, frozenset(self._extras), self._takes_unknown

    def convert(
        self, rows: Sequence[Any], constants: Mapping[str, Any] | None = None
    ) -> Sequence[Any]:
        """Convert rows to records, structs in place.

        Args:
            rows: Rows of one page, all structs or all dicts.
            constants: Fields to add to each.
        """
        if rows and rows[0].__class__ is dict:
            structs = self.structs  # those of other threads' pages may replace them meanwhile
            rows = [self._build(row, structs) for row in rows]
        records = [row for row in rows if row.__class__ is not dict]
        if records:
            row_type = type(records[0])
            for name, value in (constants or {}).items():
                if attribute(name) not in row_type.__struct_fields__:
                    self._note_unknown(name, value)
                    continue
                for row in records:
                    setattr(row, attribute(name), value)
            for step in self._steps[row_type]:
                step(records)
        return rows

    def _build(self, row: dict[str, Any], structs: Structs) -> Row | dict[str, Any]:
        """A row as a struct; as the record, where it has fields to keep that no struct has."""
        attributes = structs.attributes
        if row.keys() <= attributes.keys():
            return structs.dirty(**{attributes[name]: value for name, value in row.items()})
        if self._convert_row is not None:
            return self._convert_row(row)
        for name in row.keys() - attributes.keys():
            self._note_unknown(name, row[name])
        return structs.dirty(**{attributes[x]: row[x] for x in row.keys() & attributes.keys()})

    def _compile(self) -> None:
        extras = sorted(self._extras)
        names = {attribute(column.name): column.name for column in self._columns}
        names |= {attribute(name): name for name in extras}
        wire_names = {of: name if _can_be_field(name) else of for of, name in names.items()}
        row_types: list[type[Row]] = []
        for is_clean in (True, False):
            fields: list[tuple[str, Any, Any]] = [
                (
                    attribute(column.name),
                    column.type(is_clean=is_clean),
                    UNSET if column.is_renamed else None,
                )
                for column in self._columns
            ]
            fields += [(attribute(name), Any, UNSET) for name in extras]
            row_type: type[Row] = msgspec.defstruct(  # type: ignore[assignment]  # its base is Row
                "Row",
                fields,
                bases=(Row,),
                rename=wire_names.__getitem__,
                forbid_unknown_fields=not self._takes_unknown,
                kw_only=True,
                gc=False,
            )
            self._steps[row_type] = [*self._compile_steps(extras, is_clean=is_clean)]
            row_types.append(row_type)
        self.object_types.update(row_types)
        row_type, dirty_type = row_types
        self.structs = Structs(row_type, dirty_type, {name: of for of, name in names.items()})

    def _compile_steps(self, extras: Sequence[str], *, is_clean: bool) -> Iterator[Step]:
        """The way from the values that came to the record, in order."""
        renamed = {column.field: column.name for column in self._columns if column.is_renamed}
        own = {column.name for column in self._columns}
        for field, name in renamed.items():
            yield self._dropping(name)
            yield steps.moved_column(attribute(field), attribute(name), is_alias=False)
        for alias, name in self._aliases.items():
            yield steps.moved_column(attribute(alias), attribute(name), is_alias=True)
        for name, source, complete in self._completions:
            if name in own:
                yield steps.completed_column(attribute(name), attribute(source), complete)
        for column in self._columns:
            if step := column.step(is_clean=is_clean):
                yield step
        for name in extras:
            if name not in renamed and name not in self._aliases:
                yield self._dropping(name) if self._convert_row is None else _cleaning(name)

    def _dropping(self, name: str) -> Step:
        note = functools.partial(self._note_unknown, name)
        return steps.dropped_column(attribute(name), note)


def _cleaning(name: str) -> Step:
    return steps.text_column(Target(attribute(name), name, clean, Counter(), {}))


def _can_be_field(name: str) -> bool:
    """Whether a struct can have a field of this name."""
    return name.isprintable() and not {'"', "\\"} & {*name}
