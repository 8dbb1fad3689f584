"""Section "Way in": host, TLS, login, tokens and clock."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import msgspec

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.doctor.check import Check
from tap_alfacrm.doctor.findings import Effect, ask, configure, fine, note, unknown
from tap_alfacrm.errors import AlfaCRMError, CredentialsError
from tap_alfacrm.formatting import number_of
from tap_alfacrm.streams.dictionaries import BranchesStream, CompaniesStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.probe import Probe

NAME = "Way in"
WRONG_TOKEN = "0" * 32
MAX_CLOCK_OFFSET = 60
"""Difference of the clocks, in seconds, that does not matter."""
RATE_LIMITED = "status 429"


def log_in(probe: Probe) -> Finding | None:
    """Log in.

    Returns:
        Why the login failed, None if it succeeded.
    """
    stats = probe.client.stats
    try:
        probe.client.log_in()
    except CredentialsError:
        reason = f"the login was refused with status {stats.refusals[-1][1]}"
        return configure(
            "way_in.login",
            f"The host answers, but {reason}.",
            reason,
            advice=f"{reason[0].upper()}{reason[1:]}: check email and api_key; app_key, where the "
            "account requires X-APP-KEY; and that the user's role may use the module v2api.",
            effect=Effect.UNKNOWN,
        )
    except AlfaCRMError:
        reason = next(iter(stats.failures), "the response to the login has no token")
        check_host = "" if "hostname" in reason else " Check the setting hostname."
        return configure(
            "way_in.host",
            f"The host returned no usable response to the login: {reason}.",
            reason,
            advice=f"The login failed: {reason}.{check_host}",
            effect=Effect.UNKNOWN,
        )
    return None


def check_tokens(probe: Probe) -> Iterator[Finding]:
    """Check the response to a wrong token, what a new login does to older tokens, and the key."""
    stats = probe.client.stats
    refusals, expired = len(stats.refusals), stats.expired_tokens
    # both lists are needed anyway
    branches, companies = (
        probe.page_of(ListRequest(stream.path(None)))
        for stream in (BranchesStream, CompaniesStream)
    )
    other = probe.client.with_credentials(probe.config, WRONG_TOKEN)
    probe.send(branches, "branches", other)
    if len(stats.refusals) > refusals:
        status = stats.refusals[refusals][1]
        text = f"A wrong token gets status {status}; the tap then logs in again."
        yield fine("way_in.bad_token", text, status)
    probe.send(companies, "companies", probe.client)
    # a list to which the user has no right is refused with a new token too
    is_cancelled = stats.expired_tokens > expired + 1
    stats.expired_tokens = expired
    key = "way_in.second_login"
    if is_cancelled:
        yield configure(
            key,
            "A new login invalidates older tokens.",
            value=True,
            advice="Give the tap an API user that no other program uses: each login of one "
            "invalidates the token of the other.",
        )
    else:
        yield fine(key, "A new login does not affect older tokens.", value=False)
    if probe.config.app_key:
        yield _check_app_key(probe)


def _check_app_key(probe: Probe) -> Finding:
    key = "way_in.app_key"
    config = msgspec.structs.replace(probe.config, app_key=None)
    refusals = len(probe.client.stats.refusals)
    try:
        probe.client.with_credentials(config).log_in()
    except CredentialsError:
        return fine(key, "Without X-APP-KEY the login is refused: app_key is needed.", "needed")
    except AlfaCRMError:
        return unknown(key, "Whether the login works without X-APP-KEY could not be determined.")
    finally:
        del probe.client.stats.refusals[refusals:]
    return note(key, "app_key is set, and the login works without it as well.", "not needed")


def check_connection(probe: Probe) -> Iterator[Finding]:
    """Check the connection by the responses to all requests so far."""
    is_secure = probe.config.base_url.startswith("https:")
    tls = "the certificate is verified" if is_secure else "plain http on this machine"
    yield fine(
        "way_in.host",
        "The host name resolves and the host answers.",
        "answers",
        advice="The host answers and the login works.",
    )
    yield fine("way_in.tls", f"TLS: {tls}.", is_secure)
    yield fine("way_in.login", "The login works.", "works")
    yield _check_token_life(probe)
    yield _check_clock(probe.clock_offset)
    median = statistics.median(probe.client.stats.response_seconds)
    yield note(
        "way_in.pace",
        f"A response takes {median:.2f} s (median).",
        counts={"milliseconds": round(median * 1000)},
    )
    yield _check_failures(probe)


def _check_token_life(probe: Probe) -> Finding:
    key, expired = "way_in.token_life", probe.client.stats.expired_tokens
    if expired:
        times = number_of(expired, "time")
        return configure(
            key,
            f"Tokens stopped working {times} within {probe.seconds:.0f} s.",
            "short",
            counts={"lost": expired},
            advice="Tokens expire early: check whether another program logs in as the same user, "
            "and set token_ttl_seconds to less than their lifetime.",
        )
    return fine(
        key,
        f"The token was valid for these {probe.seconds:.0f} s. Tokens expire after 900 or 3600 s; "
        f"the tap renews them after {probe.config.token_ttl_seconds} s.",
        "long enough",
    )


def _check_clock(offset: float | None) -> Finding:
    key = "way_in.clock"
    if offset is None:
        text = "The responses have no Date header, so the server's clock is not known."
        return note(key, text, "unknown")
    if abs(offset) <= MAX_CLOCK_OFFSET:
        text = f"The server's clock and this machine's agree within {MAX_CLOCK_OFFSET} s."
        return fine(key, text, "agrees")
    side = "ahead of" if offset > 0 else "behind"
    return configure(
        key,
        f"The server's clock is {abs(offset):.0f} s {side} this machine's.",
        "apart",
        advice="Set this machine's clock: it differs from the server's.",
    )


def _check_failures(probe: Probe) -> Finding:
    key, stats = "way_in.troubles", probe.client.stats
    failures = dict(sorted(stats.failures.items()))
    if not failures:
        return fine(key, "Every request succeeded at the first try.", [])
    times = "; ".join(f"{reason}, {number_of(count, 'time')}" for reason, count in failures.items())
    text = f"Tries that got no usable response: {times}."
    if any(reason.startswith("status 3") for reason in failures):
        text += " A status of 3xx is a redirect: check the setting hostname."
    if RATE_LIMITED in failures:
        waits = ", ".join(sorted(stats.retry_after))
        text += f" The 429 responses have {f'Retry-After {waits}' if waits else 'no Retry-After'}."
    if failures.keys() == {RATE_LIMITED}:
        advice = "Lower requests_per_second, or see what else uses the account's allowance."
        return configure(key, text, [*failures], counts=stats.failures, advice=advice)
    advice = "Ask why requests fail, with the reasons under Way in."
    return ask(key, text, [*failures], counts=stats.failures, advice=advice)


CONNECTION = Check(NAME, 0, check_connection)
TOKENS = Check(NAME, 7, check_tokens)
