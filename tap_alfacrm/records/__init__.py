"""From the bytes of a response to typed records; no I/O."""
