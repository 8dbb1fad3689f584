"""Section "Values": the time zone of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_alfacrm.doctor.check import Check
from tap_alfacrm.doctor.findings import ask, configure, fine, note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.probe import Probe

MAX_SHOWN = 8
"""Time zones that the report names."""


def check_timezone(probe: Probe) -> Iterator[Finding]:
    """Compare the setting with the time zones that fit the creation times of customers."""
    times = probe.creation_times
    if not times.pairs:
        finding = note if probe.config.timezone else configure
        yield finding(
            "values.zone",
            "The cards do not show the time zone: none has both created_at and b_date.",
            "unknown",
            advice=""
            if probe.config.timezone
            else "Set timezone to the zone of the school, such as Europe/Kyiv.",
        )
        return
    offsets = {"winter": times.winter, "summer": times.summer}
    shown = [f"{o / 60:g} h in {season}" for season, o in offsets.items() if o is not None]
    ahead = " and ".join(shown) or "as much as in the zones below"
    yield fine(
        "values.offset",
        f"created_at is in UTC, b_date in local time, which is ahead by {ahead}.",
        offsets,
        counts={"cards": len(times.pairs)},
    )
    yield _check_setting(probe)


def _check_setting(probe: Probe) -> Finding:
    key, zones, chosen = "values.zone", probe.timezones, probe.config.timezone
    if not zones:
        advice = "Ask the vendor which time zone the account has."
        return ask(key, "No IANA zone fits created_at and b_date of the cards.", [], advice=advice)
    if chosen in zones:
        text = f"The setting timezone, {chosen}, fits; so do {len(zones) - 1} others."
        return fine(key, text, "fits", advice=f"timezone {chosen} fits the cards.")
    others = len(zones) - MAX_SHOWN
    shown = ", ".join(zones[:MAX_SHOWN]) + (f" and {others} more" if others > 0 else "")
    problem = f"the setting timezone, {chosen}, does not" if chosen else "timezone is not set"
    return configure(
        key,
        f"IANA zones that fit: {shown}; {problem}.",
        "does not fit" if chosen else "unset",
        advice=f"TAP_ALFACRM_TIMEZONE={zones[0]}",
    )


TIMEZONE = Check("Values", 0, check_timezone)
