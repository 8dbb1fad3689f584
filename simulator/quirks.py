"""Every way in which one AlfaCRM account is known to differ from another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Quirks:
    """The switches of a simulated account.

    The defaults describe the most plausible account of today.
    """

    # --- authentication ---
    bad_token_status: int = 401
    """Status for a missing, wrong or expired token: 401 or 403."""
    bad_login_status: int = 401
    """Status for refused credentials: 401 or 403."""
    token_ttl_seconds: float = 3600
    """Life of a token: 900 in the older documentation, 3600 in the newer."""
    login_cancels_older_tokens: bool = False
    """A new login makes the tokens given before it worthless."""
    requires_app_key: str | None = None
    """Value that `X-APP-KEY` must have on login and on every call."""

    # --- traffic ---
    rate_limit: int | None = None
    """Requests let through in any window of a second; none: no limit."""
    rate_window_seconds: float = 1.0
    """Length of the sliding window of the rate limit."""
    retry_after: str | None = None
    """Value of `Retry-After` on the limiter's 429; none: no such header."""
    latency_seconds: float = 0.0
    """Time every answer takes."""

    # --- paging ---
    default_page_size: int = 50
    """Rows on a page when no size is asked for: 20 or 50."""
    max_page_size: int = 500
    """Largest page size granted: 50, 200 or 500."""
    page_size_honoured: bool = True
    """Body `pageSize` and URL `per-page` work; otherwise both are ignored."""
    total: Literal["present", "missing", "text", "wrong"] = "present"
    """The envelope's total; `text` makes count and page text as well."""
    total_error: int = 7
    """What is added to the total while it is `wrong`."""
    past_the_end: Literal["empty", "repeat_last"] = "empty"
    """A page after the last one is empty, or the last one once more."""
    unstable_ties: bool = False
    """Rows that sort alike change places from request to request."""

    # --- rights and routes ---
    forbidden: frozenset[str] = frozenset()
    """Entities this user may not read: 403."""
    absent: frozenset[str] = frozenset()
    """Entities this account does not have: 404."""
    needs_branch: frozenset[str] = frozenset()
    """Entities that answer only with a branch in the path."""
    needs_branch_status: int = 404
    """Status when that branch is missing: 404 or 400."""
    removed: Literal["honoured", "ignored"] = "honoured"
    """Whether the filter `removed` works; ignored: active rows only."""
    filter_days: Literal["utc", "local"] = "utc"
    """Zone in which the days of `updated_at_*`, `created_at_*` are cut."""

    # --- values ---
    teacher_ids: Literal["integers", "names"] = "integers"
    """Items of a card's `teacher_ids`."""
    empty_values: Literal["null", "blank"] = "null"
    """Whether an unset field is null or an empty string."""
    flags: Literal["integers", "booleans"] = "integers"
    """Whether `is_*` fields are 0/1 or false/true."""
    numbers_as_text: bool = False
    """Integers, ids and flags among them, are served as text."""
    dob_format: Literal["dotted", "iso"] = "dotted"
    """Shape of `dob`: `DD.MM.YYYY` or `YYYY-MM-DD`."""
    junk_share: float = 0.0
    """Share of cards with a value its type cannot hold, or a NUL in a note."""
    unicode_oddities: bool = False
    """Names with joined emoji, separators, marks and decomposed letters."""
    escaped_json: bool = False
    r"""JSON with `\uXXXX` and `\/` escapes, as PHP writes it by default."""

    # --- fields ---
    old_version: bool = False
    """Cards lack the fields that came after 2021."""
    gender: Literal["absent", "one_two", "one_zero"] = "absent"
    """Whether cards have `gender`, and what a woman is: 2 or 0."""
    newer_field: bool = False
    """Cards carry `messenger_ids`, a standard field nobody described yet."""
    late_custom_field: bool = False
    """Some archived cards carry `custom_refusal_comment`, no other card does."""
