"""The SDK's own tests, against the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from simulator import Account, serve
from tap_alfacrm.tap import STREAMS, TapAlfaCRM
from tests.conftest import FIRST_LOAD, config_for

if TYPE_CHECKING:
    from collections.abc import Iterator

_running = serve(Account.build())
_server = _running.__enter__()


@pytest.fixture(scope="module", autouse=True)
def _stop() -> Iterator[None]:
    yield
    _running.__exit__(None, None, None)


_Standard: Any = get_tap_test_class(
    TapAlfaCRM,
    config=config_for(_server),
    suite_config=SuiteConfig(
        ignore_no_records_for_streams=[s.name for s in STREAMS if s.name not in FIRST_LOAD]
    ),
)


class TestStandard(_Standard):  # type: ignore[misc]  # the SDK makes the class
    """Everything that the SDK asks of a tap."""
