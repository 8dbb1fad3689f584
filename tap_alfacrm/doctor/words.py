"""Words for a person."""

from tap_alfacrm.formatting import show_field_name as field_name

__all__ = ["field_name"]
