"""Words for a person."""

from __future__ import annotations

import re

from tap_alfacrm.formatting import number_of

_FIELD = re.compile(r"(?!.*\d{5})[\w.-]{1,64}")
"""What a name of a field looks like; what does not may be a value in the wrong place."""


def field_name(name: str) -> str:
    """The name of a field as it may be shown to anybody."""
    return name if _FIELD.fullmatch(name) else f"(a name of {number_of(len(name), 'character')})"
