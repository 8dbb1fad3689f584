"""The report as text, as JSON and compared with an earlier one."""
