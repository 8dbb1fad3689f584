"""Every way in which one AlfaCRM account is known to differ from another."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the command reads the types
from dataclasses import dataclass, field
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
    token_uses: int | None = None
    """Number of the request that a token no longer opens; none: it opens any number."""
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
    """Zone in which whole days of moments are cut, as in `updated_at_from`."""
    ignored_filters: frozenset[str] = frozenset()
    """Filters without effect: `updated_at_from` in any list, `lesson.id` in one."""
    bare_messages: bool = False
    """Messages and calls answer only without `/index`; with it: 404."""

    # --- values ---
    teacher_ids: Literal["integers", "names"] = "integers"
    """Items of a card's and of a group's `teacher_ids`."""
    empty_values: Literal["null", "blank"] = "null"
    """Whether an unset field is null or an empty string."""
    flags: Literal["integers", "booleans"] = "integers"
    """Whether `is_*` fields are 0/1 or false/true."""
    numbers_as_text: bool = False
    """Integers, ids and flags among them, are served as text."""
    dob_format: Literal["dotted", "iso"] = "dotted"
    """Shape of `dob`: `DD.MM.YYYY` or `YYYY-MM-DD`."""
    planted: Mapping[str, Mapping[int, Mapping[str, str]]] = field(default_factory=dict)
    """What stands in the JSON in place of a value, by entity, id and field; be it no JSON."""
    junk_share: float = 0.0
    """Share of cards with a value its type cannot hold, or a NUL in a note."""
    unicode_oddities: bool = False
    """Names with joined emoji, separators, marks and decomposed letters."""
    escaped_json: bool = False
    r"""JSON with `\uXXXX` and `\/` escapes, as PHP writes it by default."""

    lesson_streaming: Literal["boolean", "mixed"] = "boolean"
    """Whether `streaming` of a lesson is false, or in some an array of links."""
    log_fields: Literal["lists", "blank", "json"] = "lists"
    """The log's `fields_*`: `[]` when empty, `""` when empty, or JSON in a text."""
    group_dates: Literal["iso", "dotted"] = "iso"
    """Shape of a group's `b_date` and `e_date`: `YYYY-MM-DD` or `DD.MM.YYYY`."""

    # --- fields ---
    lesson_details: Literal["always", "with_customer"] = "always"
    """Whether lessons have `details` only where `customer_id` is filtered by."""
    no_updated_at: frozenset[str] = frozenset()
    """Entities without `updated_at`, in the rows and as a filter."""
    no_customer_in_tariffs: bool = False
    """Rows of `customer-tariff` lack `customer_id`."""
    lesson_count_key: Literal["lessons_count", "lesson_count"] = "lessons_count"
    """Name of a tariff's number of lessons."""
    avatar_key: Literal["avatar_url", "avatarUrl"] = "avatar_url"
    """Name of a teacher's picture."""
    display_dates: Literal["plain", "both", "display_only"] = "plain"
    """Dates of `cgi`, `customer-tariff`: with twins `*_v`; or these alone, timetables too."""
    old_version: bool = False
    """Cards lack the fields that came after 2021."""
    gender: Literal["absent", "one_two", "one_zero"] = "absent"
    """Whether cards have `gender`, and what a woman is: 2 or 0."""
    newer_field: bool = False
    """Cards carry `messenger_ids`, a standard field nobody described yet."""
    late_custom_field: bool = False
    """Some archived cards carry `custom_refusal_comment`, no other card does."""
