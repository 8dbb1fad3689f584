"""Fields of rows that the schema does not have."""

from __future__ import annotations

from tap_alfacrm.formatting import may_be_column, show_field_name
from tap_alfacrm.records.scalars import json_type

MAX_REMEMBERED = 1_000
"""Fields that are remembered; a server may send another one in every row."""


class UnknownFields:
    """Remembers fields as they may be shown, in little memory.

    Attributes:
        columns: Fields that a new catalog has a column for, with the JSON type first seen.
        others: The same for fields that get no column, because their names look like data.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self.columns: dict[str, str] = {}
        self.others: dict[str, str] = {}

    def add(self, name: str, value: object) -> None:
        """Remember a field.

        Args:
            name: The key of a row.
            value: Its value.
        """
        fields = self.columns if may_be_column(name) else self.others
        if len(fields) < MAX_REMEMBERED:
            fields.setdefault(show_field_name(name), json_type(value))
