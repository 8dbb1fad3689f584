"""The command that checks an account and whether a sync of it will be complete (docs/doctor.md)."""
