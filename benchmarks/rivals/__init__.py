"""Other programs that read all cards; each takes the base URL and the page size."""
