"""An examination of a simulated account, and what it found."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account
from tap_alfacrm.doctor import runner
from tap_alfacrm.doctor.runner import create_probe, run_checks
from tests.conftest import config_for, shorten_waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulator import Server
    from tap_alfacrm.doctor.probe import Probe
    from tap_alfacrm.doctor.report.model import Report

    Examine = Callable[..., Report]
    OpenProbe = Callable[..., Probe]


@pytest.fixture(scope="package", autouse=True)
def patience() -> Iterator[None]:
    """Limits of time that a busy machine does not reach."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runner, "MINUTES", 30)
        patched.setattr(runner, "MAX_TIMEOUT", 600.0)
        yield


@pytest.fixture(scope="session")
def school() -> Account:
    """As small as shows every behaviour: long enough for pages of 50, with equal lesson times."""
    return Account.build(
        leads=45,
        clients=70,
        archived_leads=120,
        archived_clients=60,
        lessons=600,
        customer_tariffs=600,
    )


@pytest.fixture(autouse=True)
def log_level() -> Iterator[None]:
    """The command silences the tap's log for its process, which here goes on."""
    logger = logging.getLogger("tap-alfacrm")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture
def open_probe(monkeypatch: pytest.MonkeyPatch) -> OpenProbe:
    """Creates a probe; retries do not wait."""
    shorten_waits(monkeypatch)

    def create(server: Server, **config: Any) -> Probe:
        if server.app_key:
            config = {"app_key": server.app_key, **config}
        return create_probe(config_for(server, **config), lambda _: None)

    return create


@pytest.fixture
def diagnose(open_probe: OpenProbe) -> Examine:
    """Runs all checks; retries do not wait."""

    def run(server: Server, **config: Any) -> Report:
        return run_checks(open_probe(server, **config), lambda _: None)

    return run
