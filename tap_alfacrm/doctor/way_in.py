"""Host, TLS, login, tokens, clock."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import msgspec

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.doctor.findings import Effect, Finding, Level
from tap_alfacrm.errors import AlfaCRMError, CredentialsError
from tap_alfacrm.formatting import number_of
from tap_alfacrm.streams.dictionaries import BranchesStream, CompaniesStream

if TYPE_CHECKING:
    from tap_alfacrm.doctor.examination import Examination

MADE_UP_TOKEN = "0" * 32
CLOCK_SECONDS = 60
TOO_MANY = "status 429"


def enter(exam: Examination) -> Finding | None:
    """Log in, and find out how refusals look.

    Returns:
        Why there is no way in, if there is none.
    """
    try:
        exam.session.log_in()
    except CredentialsError:
        return _closed(f"the login was refused with status {exam.session.stats.refusals[-1][1]}")
    except AlfaCRMError:
        reasons = exam.session.stats.failures
        return _unreachable(next(iter(reasons), "the login answered what no login answers"))
    return None


def _closed(what: str) -> Finding:
    return Finding(
        key="way_in.login",
        text=f"The host answers, but {what}.",
        value=what,
        level=Level.SET,
        advice=f"{what[0].upper()}{what[1:]}: check email and api_key; app_key, where the account "
        "wants X-APP-KEY; and that the user's role may use the module v2api.",
        effect=Effect.UNKNOWN,
    )


def _unreachable(reason: str) -> Finding:
    return Finding(
        key="way_in.host",
        text=f"The host gave no usable answer to the login: {reason}.",
        value=reason,
        level=Level.SET,
        advice=f"No way in: {reason}."
        + ("" if "hostname" in reason else " Check the setting hostname."),
        effect=Effect.UNKNOWN,
    )


def try_tokens(exam: Examination) -> list[Finding]:
    """See what a token that is worthless gets, and whether a new login ends an older token."""
    traffic = exam.session.stats
    before, expired = len(traffic.refusals), traffic.expired_tokens
    twin = exam.session.with_credentials(exam.settings, MADE_UP_TOKEN)
    # questions that the section on rights asks anyway
    branches, companies = (
        exam.probe.page(ListRequest(stream.path(None)))
        for stream in (BranchesStream, CompaniesStream)
    )
    exam.probe.ask(branches, "branches", via=twin)
    refused = traffic.refusals[before:]
    findings = []
    if refused:
        status = refused[0][1]
        text = f"A worthless token is answered with {status}; the tap logs in again."
        findings.append(Finding(key="way_in.bad_token", text=text, value=status, level=Level.FINE))
    exam.probe.ask(companies, "companies", via=exam.session)
    # of a list that is refused for want of a right, the fresh token is refused as well
    cancels = traffic.expired_tokens > expired + 1
    traffic.expired_tokens = expired
    return [*findings, _second_login(cancels=cancels)]


def _second_login(*, cancels: bool) -> Finding:
    key = "way_in.second_login"
    if not cancels:
        text = "A new login leaves older tokens alone."
        return Finding(key=key, text=text, value=False, level=Level.FINE)
    return Finding(
        key=key,
        text="A new login ends the life of the tokens given before it.",
        value=True,
        level=Level.SET,
        advice="Give the tap an API user that no other program uses: their logins end each other.",
    )


def _untested(key: str, text: str) -> Finding:
    return Finding(key=key, text=f"{text}.", level=Level.UNKNOWN)


def try_app_key(exam: Examination) -> list[Finding]:
    """See whether the account wants the application key that is set."""
    if not exam.settings.app_key:
        return []
    before = len(exam.session.stats.refusals)
    twin = exam.session.with_credentials(msgspec.structs.replace(exam.settings, app_key=None))
    try:
        twin.log_in()
    except CredentialsError:
        text = "Without X-APP-KEY the login is refused: app_key is needed."
        return [Finding(key="way_in.app_key", text=text, value="needed", level=Level.FINE)]
    except AlfaCRMError:
        return [_untested("way_in.app_key", "A login without X-APP-KEY was not tried to the end")]
    finally:
        del exam.session.stats.refusals[before:]
    text = "app_key is set, and the login works without it as well."
    return [Finding(key="way_in.app_key", text=text, value="not needed")]


def told(exam: Examination, seconds: float) -> list[Finding]:
    """What the whole examination has shown of the way in.

    Args:
        exam: The examination, all questions asked.
        seconds: How long it took.

    Returns:
        The findings.
    """
    secure = exam.settings.base_url.startswith("https:")
    tls = "the certificate is verified" if secure else "plain http on this very machine"
    return [
        Finding(
            key="way_in.host",
            text="The host name resolves and the host answers.",
            value="answers",
            level=Level.FINE,
            advice="The host answers and the login works.",
        ),
        Finding(key="way_in.tls", text=f"TLS: {tls}.", value=secure, level=Level.FINE),
        Finding(key="way_in.login", text="The login works.", value="works", level=Level.FINE),
        _token(exam, seconds),
        _clock(exam),
        _pace(exam),
        _troubles(exam),
    ]


def _token(exam: Examination, seconds: float) -> Finding:
    lost = exam.session.stats.expired_tokens
    renewed = exam.settings.token_ttl_seconds
    if lost:
        return Finding(
            key="way_in.token_life",
            text=f"Tokens stopped working {number_of(lost, 'time')} within {seconds:.0f} s.",
            value="short",
            counts={"lost": lost},
            level=Level.SET,
            advice="Tokens die early: see whether another program logs in as the same user, and "
            "set token_ttl_seconds to less than their life.",
        )
    text = (
        f"The token lived through these {seconds:.0f} s. Accounts drop it after 900 or 3600; "
        f"the tap renews it after {renewed}."
    )
    return Finding(key="way_in.token_life", text=text, value="long enough", level=Level.FINE)


def _clock(exam: Examination) -> Finding:
    ahead = exam.probe.wire.clock
    if ahead is None:
        text = "The answers carry no Date, so the server's clock is not known."
        return Finding(key="way_in.clock", text=text, value="unknown")
    apart = abs(ahead) > CLOCK_SECONDS
    side = "ahead of" if ahead > 0 else "behind"
    return Finding(
        key="way_in.clock",
        text=f"The server's clock is {abs(ahead):.0f} s {side} this machine's."
        if apart
        else f"The server's clock and this machine's agree within {CLOCK_SECONDS} s.",
        value="apart" if apart else "agrees",
        level=Level.SET if apart else Level.FINE,
        advice="Set this machine's clock: it and the server's are apart." if apart else "",
    )


def _pace(exam: Examination) -> Finding:
    took = statistics.median(exam.session.stats.response_seconds)
    return Finding(
        key="way_in.pace",
        text=f"An answer takes {took:.2f} s (median).",
        counts={"milliseconds": round(took * 1000)},
    )


def _troubles(exam: Examination) -> Finding:
    traffic = exam.session.stats
    failures = dict(sorted(traffic.failures.items()))
    if not failures:
        text = "Every request was answered at the first try."
        return Finding(key="way_in.troubles", text=text, value=[], level=Level.FINE)
    times = "; ".join(f"{reason}, {number_of(count, 'time')}" for reason, count in failures.items())
    text = f"Tries that got no usable response: {times}."
    advice = "Ask why requests fail, with the reasons under Way in."
    level = Level.ASK
    if any(reason.startswith("status 3") for reason in failures):
        text += " A status of 3xx is a redirect: check the setting hostname."
    if TOO_MANY in failures:
        told = ", ".join(sorted(traffic.retry_after))
        text += f" With 429 the API says Retry-After {told}." if told else ""
        text += "" if told else " With 429 the API does not say how long to wait."
    if failures.keys() == {TOO_MANY}:
        level = Level.SET
        advice = "Lower requests_per_second, or see what else uses the account's allowance."
    return Finding(
        key="way_in.troubles",
        text=text,
        value=[*failures],
        counts=traffic.failures,
        level=level,
        advice=advice,
    )
