"""What the rivals share: where to ask, and which lists there are."""

from __future__ import annotations

import sys

URL = sys.argv[1]
SIZE = int(sys.argv[2])
LOGIN = {"email": "demo@example.org", "api_key": "00000000-0000-4000-8000-000000000000"}
LISTS = [{"is_study": kind, "removed": removed} for kind in (0, 1) for removed in (0, 2)]
CUSTOMERS = f"{URL}/v2api/customer/index"
