"""JSON Schema files, one for each stream."""
