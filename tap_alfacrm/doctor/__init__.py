"""What one account does with its API, asked of the account itself (docs/doctor.md)."""
