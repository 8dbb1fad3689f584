"""What changed in an account between two reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap_alfacrm.doctor.model import Level
from tap_alfacrm.doctor.render import wrapped
from tap_alfacrm.formatting import number_of

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

    Numbers of rows and times do not count, nor what either report could not find out, nor
    sections that one of them does not have.

    Args:
        before: The earlier report.
        after: The newer one.

    Returns:
        What changed.
    """
    titles = {s.title for s in before.sections} & {s.title for s in after.sections}
    old, new = (
        {
            f.key: f
            for section in report.sections
            if section.title in titles
            for f in section.findings
        }
        for report in (before, after)
    )
    changes = []
    for key in [*old, *(key for key in new if key not in old)]:
        one, other = old.get(key), new.get(key)
        if _is_untold(one) or _is_untold(other):
            continue
        was, is_ = _told(_value(one), _value(other))
        if was != is_:
            changes.append(Change(key, f"{key}: {_difference(was, is_)}", was, is_))
    return Comparison(before.made_at, changes, after.exit_code)


def _is_untold(finding: Finding | None) -> bool:
    """Whether it was looked for and not found out."""
    return finding is not None and (finding.level == Level.UNKNOWN or finding.value is None)


def _told(was: Any, is_: Any) -> tuple[Any, Any]:  # noqa: ANN401 - JSON
    """Without the parts that either report could not find out."""
    if isinstance(was, dict) and isinstance(is_, dict):
        untold = {name for value in (was, is_) for name in value if value[name] is None}
        was, is_ = (
            {name: part for name, part in value.items() if name not in untold}
            for value in (was, is_)
        )
    return was, is_


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
    lines = [f"{number_of(len(comparison.changes), 'change')} {since}:"]
    for change in comparison.changes:
        lines += wrapped(f"  - {change.text}", hanging=4)
    return "\n".join(lines)
