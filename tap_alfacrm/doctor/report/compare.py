"""What changed in an account between two reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap_alfacrm.doctor.findings import Level
from tap_alfacrm.doctor.report.text import wrap
from tap_alfacrm.formatting import number_of

if TYPE_CHECKING:
    from typing import Any

    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.report.model import Report


class Change(msgspec.Struct, frozen=True):
    """A finding that has changed.

    Attributes:
        key: Its name.
        text: The line of the report.
        before: Its earlier value, None if there was none.
        after: Its value now, None if there is none.
    """

    key: str
    text: str
    before: Any = None
    after: Any = None


class Comparison(msgspec.Struct, frozen=True):
    """The differences between two reports.

    Attributes:
        since: When the earlier one was made.
        changes: What changed.
        exit_code: That of the newer one.
    """

    since: str
    changes: list[Change]
    exit_code: int


def compare(before: Report, after: Report) -> Comparison:
    """Compare a report with an earlier one.

    Numbers of rows and times do not count, nor what either report could not determine, nor
    sections that one of them does not have.

    Args:
        before: The earlier report.
        after: The newer one.
    """
    titles = {s.title for s in before.sections} & {s.title for s in after.sections}
    old, new = (
        {f.key: f for s in report.sections if s.title in titles for f in s.findings}
        for report in (before, after)
    )
    changes = []
    for key in dict.fromkeys([*old, *new]):
        if _is_undetermined(old.get(key)) or _is_undetermined(new.get(key)):
            continue
        was, is_ = _drop_undetermined(_value(old.get(key)), _value(new.get(key)))
        if was != is_:
            changes.append(Change(key, f"{key}: {_describe(was, is_)}", was, is_))
    return Comparison(before.made_at, changes, after.exit_code)


def _is_undetermined(finding: Finding | None) -> bool:
    return finding is not None and (finding.level == Level.UNKNOWN or finding.value is None)


def _drop_undetermined(was: Any, is_: Any) -> tuple[Any, Any]:  # noqa: ANN401 - JSON
    """Drop the parts that either report could not determine."""
    if isinstance(was, dict) and isinstance(is_, dict):
        missing = {name for value in (was, is_) for name in value if value[name] is None}
        was, is_ = (
            {name: part for name, part in value.items() if name not in missing}
            for value in (was, is_)
        )
    return was, is_


def _value(finding: Finding | None) -> Any:  # noqa: ANN401 - JSON
    """The value as JSON has it, so that a new report is like one read from a file."""
    return None if finding is None else msgspec.to_builtins(finding.value, str_keys=True)


def _describe(was: Any, is_: Any) -> str:  # noqa: ANN401 - JSON
    """Describe a difference; of lists and objects only what differs."""
    if isinstance(was, list) and isinstance(is_, list):
        added = ", ".join(_show(item) for item in is_ if item not in was)
        removed = ", ".join(_show(item) for item in was if item not in is_)
        parts = [f"new: {added}"] if added else []
        parts += [f"gone: {removed}"] if removed else []
        return "; ".join(parts) or "in another order"
    if isinstance(was, dict) and isinstance(is_, dict):
        return "; ".join(
            f"{name} {_describe(was.get(name), is_.get(name))}"
            for name in sorted({*was, *is_})
            if was.get(name) != is_.get(name)
        )
    return f"was {_show(was)}, is {_show(is_)}"


def _show(value: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return ", ".join(map(_show, value)) or "nothing"
    if value is None or value == "":
        return "nothing"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def render_comparison(comparison: Comparison) -> str:
    """Render a comparison as text."""
    since = f"since {comparison.since}"
    if not comparison.changes:
        return f"Nothing changed {since}."
    lines = [f"{number_of(len(comparison.changes), 'change')} {since}:"]
    for change in comparison.changes:
        lines += wrap(f"  - {change.text}", indent=4)
    return "\n".join(lines)
