"""The streams, by domain."""
