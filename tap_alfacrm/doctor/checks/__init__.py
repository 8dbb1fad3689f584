"""One check for each section of the report."""
