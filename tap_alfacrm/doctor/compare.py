"""What changed in an account between two reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap_alfacrm.doctor.model import Level

if TYPE_CHECKING:
    from typing import Any

    from tap_alfacrm.doctor.model import Finding, Report


class Change(msgspec.Struct, frozen=True):
    """One finding that is no longer what it was.

    Attributes:
        key: Its name.
        text: The line for a person.
        before: What was found then, None if nothing.
        after: What is found now, None if nothing.
    """

    key: str
    text: str
    before: Any = None
    after: Any = None


class Comparison(msgspec.Struct, frozen=True):
    """Two reports held against each other.

    Attributes:
        since: When the earlier one was made.
        changes: What changed.
        exit_code: That of the newer one.
    """

    since: str
    changes: list[Change]
    exit_code: int


def compare(before: Report, after: Report) -> Comparison:
    """Hold a report against an earlier one.

    Numbers of rows, times and what either report could not find out do not count.

    Args:
        before: The earlier report.
        after: The newer one.

    Returns:
        What changed.
    """
    old, new = before.findings(), after.findings()
    changes = []
    for key in [*old, *(key for key in new if key not in old)]:
        one, other = old.get(key), new.get(key)
        if _is_untold(one) or _is_untold(other):
            continue
        was, is_ = _value(one), _value(other)
        if was != is_:
            changes.append(Change(key, f"{key}: {_difference(was, is_)}", was, is_))
    return Comparison(before.made_at, changes, after.exit_code)


def _is_untold(finding: Finding | None) -> bool:
    return finding is not None and finding.level == Level.UNKNOWN


def _value(finding: Finding | None) -> Any:  # noqa: ANN401 - JSON
    """As JSON has it, so that a report of now is like one read from a file."""
    return None if finding is None else msgspec.to_builtins(finding.value, str_keys=True)


def _difference(was: Any, is_: Any) -> str:  # noqa: ANN401 - JSON
    """Only what is new and what is gone, where there is much that stays."""
    if isinstance(was, list) and isinstance(is_, list):
        return _gained_and_lost(was, is_)
    if isinstance(was, dict) and isinstance(is_, dict):
        parts = [
            f"{name} {_difference(was.get(name), is_.get(name))}"
            for name in sorted({*was, *is_})
            if was.get(name) != is_.get(name)
        ]
        return "; ".join(parts)
    return f"was {_shown(was)}, is {_shown(is_)}"


def _gained_and_lost(was: list[Any], is_: list[Any]) -> str:
    gained = [_shown(item) for item in is_ if item not in was]
    lost = [_shown(item) for item in was if item not in is_]
    words = [f"new: {', '.join(gained)}"] if gained else []
    words += [f"gone: {', '.join(lost)}"] if lost else []
    return "; ".join(words) or "in another order"


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON
    if value is None or value == "":
        return "nothing"
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value) or "nothing"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def as_text(comparison: Comparison) -> str:
    """The comparison for a person."""
    since = f"since {comparison.since}"
    if not comparison.changes:
        return f"Nothing changed {since}."
    lines = [f"{len(comparison.changes)} changes {since}:"]
    lines += [f"  - {change.text}" for change in comparison.changes]
    return "\n".join(lines)
