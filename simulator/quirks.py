"""Known differences between AlfaCRM accounts."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the command reads the types
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Quirks:
    """Switches of a simulated account.

    The defaults describe a typical current account.
    """

    # --- authentication ---
    bad_token_status: int = 401
    """Status for a missing, wrong or expired token: 401 or 403."""
    bad_login_status: int = 401
    """Status for refused credentials: 401 or 403."""
    token_ttl_seconds: float = 3600
    """Lifetime of a token: 900 in older documentation, 3600 in newer."""
    token_uses: int | None = None
    """Number of the request for which a token is no longer valid; none: no limit."""
    login_cancels_older_tokens: bool = False
    """A new login invalidates older tokens."""
    requires_app_key: str | None = None
    """Required value of `X-APP-KEY` in every request."""

    # --- rate limit and latency ---
    rate_limit: int | None = None
    """Requests permitted in any window of a second; none: no limit."""
    rate_window_seconds: float = 1.0
    """Length of the sliding window of the rate limit."""
    retry_after: str | None = None
    """Value of `Retry-After` with status 429; none: no such header."""
    latency_seconds: float = 0.0
    """Latency of every response."""

    # --- pagination ---
    default_page_size: int = 50
    """Rows per page if no size is requested: 20 or 50."""
    max_page_size: int = 500
    """Page size cap: 50, 200 or 500."""
    page_size_honoured: bool = True
    """Body `pageSize` and URL `per-page` work; otherwise both are ignored."""
    total: Literal["present", "missing", "text", "wrong"] = "present"
    """The envelope's total; `text` makes count and page strings as well."""
    total_error: int = 7
    """Number added to the total if it is `wrong`."""
    past_the_end: Literal["empty", "repeat_last"] = "empty"
    """A page after the last one is empty, or repeats the last one."""
    unstable_ties: bool = False
    """Rows with equal sort keys change their order between requests."""

    # --- rights, paths and filters ---
    forbidden: frozenset[str] = frozenset()
    """Entities that the user may not read: 403."""
    absent: frozenset[str] = frozenset()
    """Entities that the account does not have: 404."""
    needs_branch: frozenset[str] = frozenset()
    """Entities that require a branch in the path."""
    needs_branch_status: int = 404
    """Status if that branch is missing: 404 or 400."""
    removed: Literal["honoured", "ignored"] = "honoured"
    """Whether the filter `removed` works; ignored: active rows only."""
    filter_days: Literal["utc", "local"] = "utc"
    """Time zone of the days in filters of date-times, such as `updated_at_from`."""
    ignored_filters: frozenset[str] = frozenset()
    """Ignored filters: `updated_at_from` in any list, `lesson.id` in one."""
    bare_messages: bool = False
    """Messages and calls work only without `/index`; with it: 404."""

    # --- values ---
    teacher_ids: Literal["integers", "names"] = "integers"
    """Items of `teacher_ids` in cards and groups."""
    empty_values: Literal["null", "blank"] = "null"
    """Whether an unset field is null or an empty string."""
    flags: Literal["integers", "booleans"] = "integers"
    """Whether `is_*` fields are 0/1 or false/true."""
    numbers_as_text: bool = False
    """Integers, including ids and flags, are strings."""
    dob_format: Literal["dotted", "iso"] = "dotted"
    """Format of `dob`: `DD.MM.YYYY` or `YYYY-MM-DD`."""
    planted: Mapping[str, Mapping[int, Mapping[str, str]]] = field(default_factory=dict)
    """Raw text in place of a JSON value, by entity, id and field; need not be valid JSON."""
    junk_share: float = 0.0
    """Share of cards with a value that its type cannot hold, or a NUL in a note."""
    unicode_oddities: bool = False
    """Names with joined emoji, separators, marks and decomposed letters."""
    escaped_json: bool = False
    r"""JSON with `\uXXXX` and `\/` escapes, the default of PHP."""

    lesson_streaming: Literal["boolean", "mixed"] = "boolean"
    """Whether `streaming` of a lesson is false, or an array of links in some."""
    log_fields: Literal["lists", "blank", "json"] = "lists"
    """The log's `fields_*`: `[]` if empty, `""` if empty, or JSON in a string."""
    group_dates: Literal["iso", "dotted"] = "iso"
    """Format of a group's `b_date` and `e_date`: `YYYY-MM-DD` or `DD.MM.YYYY`."""

    # --- fields ---
    lesson_details: Literal["always", "with_customer"] = "always"
    """Whether lessons have `details` only if the request filters by `customer_id`."""
    no_updated_at: frozenset[str] = frozenset()
    """Entities without `updated_at`, in the rows and as a filter."""
    no_customer_in_tariffs: bool = False
    """Rows of `customer-tariff` lack `customer_id`."""
    lesson_count_key: Literal["lessons_count", "lesson_count"] = "lessons_count"
    """Name of the field for a tariff's number of lessons."""
    avatar_key: Literal["avatar_url", "avatarUrl"] = "avatar_url"
    """Name of the field for a teacher's picture."""
    display_dates: Literal["plain", "both", "display_only"] = "plain"
    """Dates of `cgi`, `customer-tariff`: also as `*_v`; or only so, in timetables too."""
    old_version: bool = False
    """Cards lack the fields added after 2021."""
    gender: Literal["absent", "one_two", "one_zero"] = "absent"
    """Whether cards have `gender`, and the code of female: 2 or 0."""
    newer_field: bool = False
    """Cards have `messenger_ids`, a standard field unknown to the schemas."""
    late_custom_field: bool = False
    """Only some archived cards have `custom_refusal_comment`."""
