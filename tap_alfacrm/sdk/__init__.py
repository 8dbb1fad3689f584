"""Overrides and extensions of the Singer SDK, one per file."""
