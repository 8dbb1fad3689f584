"""Fixtures that run the tap against the simulator over HTTP."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from typing_extensions import override

from simulator import Account, serve
from simulator.access import API_KEY
from simulator.app import Api, build_app
from tap_alfacrm.client import prefetch, retry
from tap_alfacrm.tap import STREAMS, TapAlfaCRM
from tests import secrecy
from tests.postgres import running_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from simulator import Server

UNMEASURED = {"test_misbehaviour.py", "loaders", "publishing", "reliability", "simulator"}
"""Tests that are 50 % slower with coverage and cover no additional lines."""

settings.register_profile(
    "tap",
    deadline=None,  # a busy machine must not fail the tests
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,  # random examples locally, fixed ones in CI
)
settings.load_profile("tap")

Config = dict[str, Any]
SAMPLES = ("customers", "teachers", "groups")
"""Lists that a run in a test samples, a page each: few, because tests count requests."""
FIRST_LOAD = ("branches", "customers", "customer_rejects", "lead_rejects", "lead_statuses")


def pytest_xdist_auto_num_workers() -> int:
    """Two workers per core, because tests spend about half of their time waiting."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        is_measured = not config.getoption("no_cov", default=False)  # pytest-cov fails on both
        if is_measured and UNMEASURED.intersection(item.path.parts):
            item.add_marker("no_cover")


@dataclass
class Output:
    """Output of a run.

    Attributes:
        messages: Singer messages, in order.
        log: Records of the log, in order.
        error: What ended the run.
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    log: list[logging.LogRecord] = field(default_factory=list)
    error: BaseException | None = None

    def records(self, stream: str) -> list[dict[str, Any]]:
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    def ids(self, stream: str = "customers") -> list[int]:
        return [record["id"] for record in self.records(stream)]

    def final(self, stream: str = "customers") -> dict[int, dict[str, Any]]:
        """Rows of a target that upserts, at the end of the run."""
        return {record["id"]: record for record in self.records(stream)}

    @property
    def state(self) -> dict[str, Any]:
        return next(m["value"] for m in reversed(self.messages) if m["type"] == "STATE")

    def lines(self, level: int = logging.INFO) -> list[str]:
        return [record.getMessage() for record in self.log if record.levelno >= level]

    def warnings(self) -> list[str]:
        return self.lines(logging.WARNING)

    def verdict(self, label: str = "customers") -> str:
        """The verdict line of a stream or a partition."""
        return self.line(*(f"{label}: {word}" for word in ("COMPLETE", "INCOMPLETE", "UNPROVEN")))

    def line(self, *starts: str) -> str:
        """The only line that starts with one of these texts."""
        found = [line for line in self.lines() if line.startswith(starts)]
        assert len(found) == 1, found
        return found[0]


class _Keep(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__(logging.DEBUG)
        self._records = records

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


def config_for(server: Server, **config: Any) -> Config:
    return {
        "hostname": server.url,
        "email": server.email,
        "api_key": server.api_key,
        "requests_per_second": 1_000,
        "timezone": "Europe/Kyiv",
        **config,
    }


def set_retry_policy(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Change fields of the retry policy."""
    policy = dataclasses.replace(retry.DEFAULT_RETRY_POLICY, **changes)
    monkeypatch.setattr(retry, "DEFAULT_RETRY_POLICY", policy)


def shorten_waits(monkeypatch: pytest.MonkeyPatch, seconds: float = 0.001) -> None:
    """Shorten the first wait before a retry."""
    set_retry_policy(monkeypatch, first_wait=seconds, empty_wait=seconds)


Sync = "Callable[..., Output]"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail any test whose output contains the key."""
    report = yield
    for name, text in report.sections:
        if API_KEY in text:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: the key stands in {name} ({call.when})"
    return report


@pytest.fixture(autouse=True)
def _has_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    """The latency of the simulator never counts as low, so that pages are requested ahead."""
    monkeypatch.setattr(prefetch, "LOW_LATENCY_SECONDS", 0.0)


@pytest.fixture
def sync(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Output]:
    """Runs the tap in this process, without waits before retries."""
    shorten_waits(monkeypatch)

    def run(
        server: Server,
        *,
        streams: tuple[str, ...] = FIRST_LOAD,
        state: dict[str, Any] | None = None,
        catalog: dict[str, Any] | None = None,
        methods: dict[str, str] | None = None,
        fails: type[BaseException] | tuple[type[BaseException], ...] = (),
        samples: tuple[str, ...] = SAMPLES,
        **config: Any,
    ) -> Output:
        output = Output()
        monkeypatch.setattr("tap_alfacrm.discovery.MAX_REQUESTS", len(samples))
        for declared in STREAMS:
            monkeypatch.setattr(declared, "has_custom_fields", declared.name in samples)
        keep = _Keep(output.log)
        logger = logging.getLogger("tap-alfacrm")
        logger.addHandler(keep)
        level, logger.level = logger.level, logging.DEBUG
        try:
            tap = TapAlfaCRM(config=config_for(server, **config), state=state, catalog=catalog)
            for name, stream in tap.streams.items():
                if catalog is None:
                    stream.selected = name in streams
                if methods and name in methods:
                    stream.forced_replication_method = methods[name]
            tap.sync_all()
        except fails as error:
            output.error = error
        finally:
            logger.removeHandler(keep)
            logger.level = level
            text = capsys.readouterr().out
            output.messages += [
                json.loads(line, parse_float=Decimal) for line in text.split("\n") if line
            ]
            tokens = {r.headers.get("x-alfacrm-token") for r in server.log}
            secrecy.check(
                {server.api_key, server.app_key, *tokens},
                server.email,
                log="\n".join([*output.lines(logging.NOTSET), str(output.error)]),
                output=text,
                messages=output.messages,
            )
        return output

    return run


@pytest.fixture
def account() -> Account:
    """An account with 160 cards."""
    return Account.build(leads=45, clients=35, archived_leads=50, archived_clients=30)


@pytest.fixture
def server(account: Account) -> Iterator[Server]:
    """The account without quirks."""
    with serve(account) as running:
        yield running


@pytest.fixture
def dated(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulators with this `Date` header in their responses, or None."""

    def build_with_date(api: Api) -> ASGIApp:
        app = build_app(api)

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_with_date(message: Message) -> None:
                if message["type"] == "http.response.start":
                    date = (b"date", request.param.encode())
                    message = {**message, "headers": [*message["headers"], date]}
                await send(message)

            await app(scope, receive, send_with_date)

        return answer

    if request.param is not None:
        monkeypatch.setattr("simulator.server.build_app", build_with_date)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server for this test run."""
    with running_postgres(tmp_path_factory.mktemp("pg")) as uri:
        yield uri
