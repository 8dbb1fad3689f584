"""Login, rate limit, retries, and errors in one line."""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
from email.utils import format_datetime
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
from pyrate_limiter import RateItem, StateBucket

from simulator import Account, Fault, Quirks, serve
from tap_alfacrm.client import retry
from tap_alfacrm.client.auth import Authenticator
from tap_alfacrm.client.client import Client
from tap_alfacrm.client.http import HttpClient, TokenRefusedError
from tap_alfacrm.client.rate_limit import RateLimiter
from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.client.stats import RequestStats
from tap_alfacrm.config import Config
from tap_alfacrm.errors import AlfaCRMError, CredentialsError, RequestError, UnavailableError
from tap_alfacrm.tap import TapAlfaCRM
from tests.conftest import config_for, set_retry_policy, shorten_waits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from simulator import Request, Server
    from tap_alfacrm.records.page import Page
    from tests.conftest import Output

    Sync = Callable[..., Output]

FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "status", "status": 429},
    "429 with Retry-After": {"kind": "status", "status": 429, "retry_after": "0"},
    "429 with a date to retry after": {
        "kind": "status",
        "status": 429,
        "retry_after": "Mon, 01 Jan 2024 00:00:00 GMT",
    },
    "429 with nonsense to retry after": {"kind": "status", "status": 429, "retry_after": "soon"},
    "429 to retry after a year that no calendar has": {
        "kind": "status",
        "status": 429,
        "retry_after": "Fri, 31 Dec 99999 23:59:59 GMT",
    },
    "408": {"kind": "status", "status": 408},
    "500": {"kind": "status", "status": 500},
    "502 with a page": {"kind": "html", "status": 502},
    "503 empty": {"kind": "empty", "status": 503},
    "200 with a page": {"kind": "html", "status": 200},
    "200 empty": {"kind": "empty", "status": 200},
    "truncated JSON": {"kind": "truncated"},
    "a reset before the body": {"kind": "reset"},
    "a reset in the body": {"kind": "reset_in_body"},
    "a stall": {"kind": "stall", "seconds": 5},
    "an expired token": {"kind": "expire_tokens"},
}


def patience(fault: dict[str, Any]) -> float:
    """Timeout of requests, in seconds; short only in tests without a response."""
    return 0.5 if fault["kind"] == "stall" else 60


@pytest.mark.parametrize(("at", "max_in_flight"), [(5, 1), (11, 8)])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_temporary_fault_loses_no_row(
    sync: Sync, account: Account, fault: dict[str, Any], at: int, max_in_flight: int
) -> None:
    with serve(account, faults=[Fault(**fault, at=at)]) as server:
        output = sync(
            server,
            streams=("customers",),
            page_size=20,
            request_timeout_seconds=patience(fault),
            max_in_flight=max_in_flight,
        )
    assert sorted(output.ids()) == sorted(account.customer_ids())
    assert output.verdict().startswith("customers: COMPLETE")


@pytest.mark.parametrize("max_in_flight", [1, 8])
def test_a_token_for_one_request_loses_no_row(
    sync: Sync, account: Account, max_in_flight: int
) -> None:
    last = ""

    def has_served(request: Request) -> bool:
        nonlocal last
        token = request.headers["x-alfacrm-token"]
        served, last = token == last, token
        return served

    faults = [Fault("expire_tokens", at=has_served, times=1_000)]
    with serve(account, faults=faults) as server:
        output = sync(server, streams=("customers",), page_size=20, max_in_flight=max_in_flight)
        assert len(server.logins) > 8
    assert sorted(output.ids()) == sorted(account.customer_ids())
    assert output.verdict().startswith("customers: COMPLETE")


@pytest.mark.parametrize("max_in_flight", [1, 8])
@pytest.mark.parametrize(("status", "cancels"), [(401, True), (403, False), (403, True)])
@pytest.mark.parametrize("at", [1, 12])
def test_an_expired_token_costs_one_login_and_no_row(
    sync: Sync, account: Account, at: int, status: int, *, cancels: bool, max_in_flight: int
) -> None:
    """Also if several requests are in flight and all of them are refused."""
    quirks = Quirks(
        bad_token_status=status, login_cancels_older_tokens=cancels, latency_seconds=0.01
    )
    with serve(account, quirks, faults=[Fault("expire_tokens", at=at)]) as server:
        output = sync(server, streams=("customers",), page_size=10, max_in_flight=max_in_flight)
        assert len(server.logins) == 2
        refused = [r for r in server.log if r.status in {401, 403}]
        assert {r.status for r in refused} == {status}
        assert len(refused) <= max_in_flight
    assert sorted(output.ids()) == sorted(account.customer_ids())


@pytest.mark.parametrize(("status", "times"), [(401, 1), (401, 2), (403, 1)])
def test_a_first_request_that_is_refused_costs_logins_and_no_row(
    sync: Sync, account: Account, status: int, times: int
) -> None:
    with serve(account, faults=[Fault("status", at=1, status=status, times=times)]) as server:
        output = sync(server, max_in_flight=1)
        assert len(server.logins) == 1 + times
    assert sorted(output.ids()) == sorted(account.customer_ids())
    assert output.verdict().startswith("customers: COMPLETE")


@pytest.mark.parametrize("status", [500, 502, 429])
def test_a_failed_login_is_retried(sync: Sync, account: Account, status: int) -> None:
    with serve(
        account, faults=[Fault("status", at=1, on="login", status=status, times=2)]
    ) as server:
        output = sync(server)
        assert len(server.logins) == 3
    assert len(output.ids()) == 160


def test_one_login_serves_the_whole_run(sync: Sync, server: Server) -> None:
    sync(server)
    assert len(server.logins) == 1
    assert server.logins[0].body.keys() == {"email", "api_key"}
    assert server.log[0].is_login  # no request is sent before it


def test_no_login_before_the_first_request(server: Server) -> None:
    standard = TapAlfaCRM(config={}, validate_config=False).catalog_dict
    tap = TapAlfaCRM(config=config_for(server), catalog=standard)
    assert "customers" in tap.streams
    assert not server.log


def test_a_token_is_renewed_before_it_is_refused(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(latency_seconds=0.1, token_ttl_seconds=10)) as server:
        output = sync(
            server, streams=("customers",), token_ttl_seconds=1, page_size=10, max_in_flight=1
        )
        assert len(server.logins) > 1
        assert not any(r.status in {401, 403} for r in server.log)
    assert len(output.ids()) == 160


@pytest.mark.parametrize("status", [401, 403])
def test_a_cancelled_token_does_not_make_a_list_forbidden(account: Account, status: int) -> None:
    """The other login belongs to a forbidden list that is requested at the same time."""
    quirks = Quirks(
        bad_token_status=status,
        login_cancels_older_tokens=True,
        forbidden=frozenset({"room"}),
    )

    def ask_for_rooms() -> None:
        with pytest.raises(UnavailableError):
            ask("room")

    rooms = threading.Thread(target=ask_for_rooms)

    def is_the_second_try(request: Request) -> bool:
        if request.n != 2:
            return False
        rooms.start()
        return True

    def has_cancelled() -> bool:
        return [login.status for login in server.logins].count(200) > 2

    faults = [
        Fault("expire_tokens", at=1),
        Fault("stall", at=is_the_second_try, seconds=0, until=has_cancelled),
    ]
    with serve(account, quirks, faults=faults) as server:
        settings = Config.from_config(config_for(server))
        session = Client(settings, logging.getLogger("tap-alfacrm"))

        def ask(entity: str) -> Page:
            return session.fetch(ListRequest(f"/v2api/{entity}/index").for_page(0, 50))

        assert len(ask("lead-status").items) == len(account.rows("lead-status"))
        rooms.join()
        assert len(server.logins) > 3


def test_a_login_under_way_is_waited_for_before_a_right_counts_as_missing(
    account: Account,
) -> None:
    found: list[bool] = []
    with serve(account) as server:
        config, stats = Config.from_config(config_for(server)), RequestStats()
        http = HttpClient(config, logging.getLogger("tap-alfacrm"), stats)
        auth = Authenticator(config, http, stats, token="cancelled")
        refusal = TokenRefusedError(403)
        check = threading.Thread(
            target=lambda: found.append(auth.lacks_permission(refusal, "cancelled"))
        )
        with auth.exclusive_login() as log_in:
            check.start()
            check.join(0.2)  # what does not wait answers too early
            log_in()
        check.join()
    assert found == [False]


@pytest.mark.parametrize("status", [401, 403])
def test_repeatedly_cancelled_tokens_leave_no_list_empty(
    sync: Sync, account: Account, status: int
) -> None:
    def is_hit(request: Request) -> bool:
        return request.entity == "lead-status"

    cancelled = Fault("expire_tokens", at=is_hit, times=3)
    with serve(account, Quirks(bad_token_status=status), faults=[cancelled]) as server:
        output = sync(server)
        assert len(server.logins) > 3
    assert output.verdict("lead_statuses").startswith("lead_statuses: COMPLETE")


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_end_in_one_line(sync: Sync, account: Account, status: int) -> None:
    with serve(account, Quirks(bad_login_status=status)) as server:
        output = sync(server, api_key="not-the-key", fails=CredentialsError)
        assert len(server.log) == 1
    message = str(output.error)
    assert server.url in message
    assert str(status) in message
    assert "v2api" in message
    assert "not-the-key" not in message
    assert "\n" not in message


def answering(content: dict[str, Any]) -> Callable[[], Iterable[bytes]]:
    """A response with status 200."""
    body = json.dumps(content).encode()
    return lambda: [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    ]


LOGIN_FAULTS: dict[str, tuple[dict[str, Any], str, int]] = {
    "a redirect": ({"kind": "redirect"}, "redirect", 1),
    "404": ({"kind": "status", "status": 404}, "Check the setting hostname", 1),
    "400": ({"kind": "status", "status": 400}, "refused the login", 1),
    "422": ({"kind": "status", "status": 422}, "refused the login", 1),
    "500": ({"kind": "status", "status": 500}, "status 500", 3),
    "429": ({"kind": "status", "status": 429}, "status 429", 3),
    "a page": ({"kind": "html", "status": 200}, "not JSON", 3),
    "no token": ({"kind": "wire", "wire": answering({"success": True})}, "no token", 3),
    "a token that is none": ({"kind": "wire", "wire": answering({"token": 5})}, "no token", 3),
    "an unprintable token": (
        {"kind": "wire", "wire": answering({"token": "a\nb"})},
        "no token",
        3,
    ),
    "half a token": ({"kind": "truncated"}, "not JSON", 3),
    "a reset": ({"kind": "reset"}, "connection", 3),
}


@pytest.mark.parametrize(("fault", "why", "logins"), LOGIN_FAULTS.values(), ids=LOGIN_FAULTS)
def test_an_impossible_login_ends_with_its_reason(
    sync: Sync, account: Account, fault: dict[str, Any], why: str, logins: int
) -> None:
    with serve(account, faults=[Fault(**fault, on="login", times=99)]) as server:
        output = sync(server, fails=AlfaCRMError)
        assert len(server.logins) == logins
        assert not server.data_requests
    message = str(output.error)
    assert why in message
    assert server.url in message
    assert server.api_key not in "\n".join([message, *output.lines(logging.DEBUG)])
    assert "\n" not in message


@pytest.mark.parametrize("app_key", [None, "wr0ng-app-key"])
def test_an_application_key_that_is_missing_or_wrong_is_told(
    sync: Sync, account: Account, app_key: str | None
) -> None:
    with serve(account, Quirks(requires_app_key="an-app-key")) as server:
        output = sync(server, app_key=app_key, fails=CredentialsError)
        assert len(server.log) == 1
    assert "refused the login" in str(output.error)
    assert "wr0ng-app-key" not in "\n".join([str(output.error), *output.lines(logging.DEBUG)])


@pytest.mark.parametrize("status", [401, 403])
def test_refused_customers_are_an_error(sync: Sync, account: Account, status: int) -> None:
    quirks = Quirks(forbidden=frozenset({"customer"}), bad_token_status=status)
    with serve(account, quirks) as server:
        output = sync(server, fails=UnavailableError)
    assert "/v2api/customer/index" in str(output.error)
    assert "no right" in str(output.error)


REJECTS = frozenset({"lead-reject"})


@pytest.mark.parametrize(
    ("quirks", "logins"),
    [
        (Quirks(forbidden=REJECTS), 2),
        (Quirks(forbidden=REJECTS, login_cancels_older_tokens=True), 2),
        (Quirks(absent=REJECTS), 1),
    ],
    ids=["forbidden", "forbidden, and a login cancels tokens", "absent"],
)
def test_a_refused_dictionary_is_one_warning_and_no_rows(
    sync: Sync, account: Account, quirks: Quirks, logins: int
) -> None:
    with serve(account, quirks) as server:
        output = sync(server)
        assert len(server.logins) == logins
    assert len([line for line in output.warnings() if "lead_rejects stays empty" in line]) == 1
    assert not output.records("lead_rejects")
    assert len(output.ids()) == 160


def test_the_application_key_goes_with_every_call(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(requires_app_key="an-app-key")) as server:
        output = sync(server, app_key="an-app-key")
        assert {r.headers["x-app-key"] for r in server.log} == {"an-app-key"}
    assert len(output.ids()) == 160


def test_no_application_key_is_sent_unless_it_is_set(sync: Sync, server: Server) -> None:
    sync(server, user_agent="school-etl/1.0")
    assert not any("x-app-key" in r.headers for r in server.log)
    assert {r.headers["user-agent"] for r in server.log} == {"school-etl/1.0"}


def test_a_redirect_is_not_followed(sync: Sync, account: Account) -> None:
    with (
        serve(account) as elsewhere,
        serve(
            account,
            faults=[Fault("redirect", at=3, location=f"{elsewhere.url}/v2api/customer/index")],
        ) as server,
    ):
        output = sync(server, fails=RequestError)
        assert not elsewhere.log
    assert "redirect" in str(output.error)
    assert "hostname" in str(output.error)


UNMENDABLE: dict[str, tuple[dict[str, Any], str, int]] = {
    "500": ({"kind": "status", "status": 500}, "status 500", 3),
    "502 with a page": ({"kind": "html", "status": 502}, "status 502", 3),
    "503 empty": ({"kind": "empty", "status": 503}, "status 503", 3),
    "429": ({"kind": "status", "status": 429}, "status 429", 3),
    "408": ({"kind": "status", "status": 408}, "status 408", 3),
    "200 with a page": ({"kind": "html", "status": 200}, "not JSON", 3),
    "truncated JSON": ({"kind": "truncated"}, "not JSON", 3),
    "a reset before the body": ({"kind": "reset"}, "connection", 3),
    "a reset in the body": ({"kind": "reset_in_body"}, "could not be read", 3),
    "a stall": ({"kind": "stall", "seconds": 5}, "timeout", 3),
    "422": ({"kind": "status", "status": 422}, "responded with status 422", 1),
}


@pytest.mark.parametrize(("fault", "why", "tries"), UNMENDABLE.values(), ids=UNMENDABLE)
def test_a_permanent_error_names_the_request_without_personal_data(
    sync: Sync,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    *,
    fault: dict[str, Any],
    why: str,
    tries: int,
) -> None:
    set_retry_policy(monkeypatch, max_tries=3)
    with serve(account, faults=[Fault(**fault, at=4, times=99)]) as server:
        output = sync(
            server,
            streams=("branches", "customers"),
            page_size=10,
            request_timeout_seconds=patience(fault),
            max_in_flight=1,
            fails=RequestError,
        )
        failed = [r for r in server.data_requests if r.fault]
    assert len(failed) == tries
    assert len({(r.path, str(r.body)) for r in failed}) == 1
    message = str(output.error)
    assert f"{server.url}{failed[0].path}" in message
    assert f"page {failed[0].page}" in message
    assert why in message
    assert "\n" not in message
    shown = message.partition(" got no usable response")[0]
    retries = [line for line in output.lines() if line.startswith(shown) and "retrying in" in line]
    assert len(retries) == tries - 1
    told = "\n".join([message, *output.lines(logging.DEBUG)])
    assert not [row["name"] for row in account.rows("customer") if row["name"] in told]
    assert not [
        phone for row in account.rows("customer") for phone in row["phone"] if phone in told
    ]
    assert not [r for r in server.data_requests if r.headers["x-alfacrm-token"] in told]


def in_half_an_hour() -> str:
    return format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=30), usegmt=True)


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [(lambda: "7", 7, 7), (in_half_an_hour, 1500, 1800), (lambda: "86400", 3600, 3600)],
    ids=["seconds", "a date", "a day, which is too long"],
)
def test_retry_after_is_obeyed(
    sync: Sync,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    *,
    retry_after: Callable[[], str],
    least: float,
    most: float,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("backoff._sync.time.sleep", waits.append)
    fault = Fault("status", at=2, status=429, retry_after=retry_after(), times=2)
    with serve(account, faults=[fault]) as server:
        sync(server, streams=("customers",), max_in_flight=1)
    long = [wait for wait in waits if wait >= 1]
    assert len(long) == 2
    assert least <= min(long) <= max(long) <= most


def test_waits_grow_and_differ() -> None:
    waits = retry.backoff_waits(retry.DEFAULT_RETRY_POLICY)
    next(waits)
    failure = retry.RetryableError("status 500")
    seconds = [waits.send(failure) for _ in range(9)]
    for number, wait in enumerate(seconds):
        assert min(2**number, 60) / 2 <= wait <= min(2**number, 60)


def test_the_first_waits_for_the_rate_limit_are_no_warnings(account: Account, sync: Sync) -> None:
    faults = [Fault("status", at=3, times=3, status=429)]
    with serve(account, faults=faults) as server:
        output = sync(server, streams=("branches", "pays"), max_in_flight=1)
    waits = [line for line in output.lines() if "status 429; retrying in" in line]
    assert len(waits) == 3
    assert [line for line in output.warnings() if "retrying in" in line] == waits[2:]


def test_a_wrong_host_fails_within_seconds(sync: Sync, server: Server) -> None:
    output = sync(server, hostname="https://no-such-school.invalid", fails=RequestError)
    assert "no-such-school.invalid" in str(output.error)
    assert len([line for line in output.warnings() if "retrying in" in line]) == 2


@pytest.fixture
def let_go(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Times at which the limiter released each request; on a busy machine they arrive later."""
    moments: list[int] = []
    put = StateBucket.put

    def noting(bucket: StateBucket, item: RateItem) -> bool | Awaitable[bool]:
        admitted = put(bucket, item)
        if admitted:
            moments.append(item.timestamp)
        return admitted

    monkeypatch.setattr(StateBucket, "put", noting)
    return moments


@pytest.mark.parametrize("max_in_flight", [1, 8])
def test_never_more_requests_than_allowed(
    sync: Sync, let_go: list[int], max_in_flight: int
) -> None:
    account = Account.build(leads=90, clients=0, archived_leads=0, archived_clients=0)
    with serve(account, Quirks(latency_seconds=0.02)) as server:
        output = sync(
            server,
            streams=("customers",),
            page_size=3,
            requests_per_second=20,
            max_in_flight=max_in_flight,
        )
        assert len(let_go) == len(server.log) > 30
    assert len(output.ids()) == 90
    assert all(late - early >= 1000 for early, late in zip(let_go, let_go[20:], strict=False))


@pytest.mark.parametrize("rate", [0.4, 2.5, 1000, 2000.5])
def test_any_rate_is_kept_and_nearly_used(monkeypatch: pytest.MonkeyPatch, rate: float) -> None:
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds * 1000

    monkeypatch.setattr("pyrate_limiter.limiter.sleep", sleep)
    monkeypatch.setattr(StateBucket, "now", lambda _: int(clock[0]))
    limiter, moments = RateLimiter(rate), []
    for _ in range(5000):
        limiter.wait()
        moments.append(clock[0])
    allowed = max(1, int(rate))
    span = 1000 * allowed / rate
    assert all(
        late - early >= span for early, late in zip(moments, moments[allowed:], strict=False)
    )
    assert len(moments) / moments[-1] > 0.6 * rate / 1000


def test_a_late_request_delays_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, late = [0.0], cycle([0, 150, 20])

    def sleep(seconds: float) -> None:
        clock[0] += seconds * 1000 + next(late)

    monkeypatch.setattr("pyrate_limiter.limiter.sleep", sleep)
    monkeypatch.setattr(StateBucket, "now", lambda _: int(clock[0]))
    pace, moments = RateLimiter(5), []
    for _ in range(60):
        pace.wait()
        moments.append(clock[0])
    assert all(after - before >= 1000 for before, after in zip(moments, moments[5:], strict=False))


def test_logins_and_retries_count_and_all_streams_share_the_limit(
    sync: Sync, account: Account, let_go: list[int]
) -> None:
    faults = [Fault("expire_tokens", at=5), Fault("status", at=8, status=500, times=3)]
    with serve(account, faults=faults) as server:
        sync(server, requests_per_second=10, page_size=20)
        assert len(server.logins) == 2
        assert {r.entity for r in server.data_requests} >= {"customer", "branch", "lead-status"}
        assert len(let_go) == len(server.log) > 20
    assert all(late - early >= 1000 for early, late in zip(let_go, let_go[10:], strict=False))


def test_a_lower_rate_limit_loses_no_row(
    sync: Sync, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten_waits(monkeypatch, 0.2)
    with serve(account, Quirks(rate_limit=1, rate_window_seconds=0.1)) as server:
        output = sync(server, streams=("customers",), page_size=10)
        assert any(r.status == 429 for r in server.log)
    assert sorted(output.ids()) == sorted(account.customer_ids())
    assert output.verdict().startswith("customers: COMPLETE")
