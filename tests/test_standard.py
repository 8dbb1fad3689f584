"""The SDK's tests, run against the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import get_tap_test_class

from simulator import Account, serve
from tap_alfacrm.tap import TapAlfaCRM
from tests.conftest import config_for

if TYPE_CHECKING:
    from collections.abc import Iterator

_running = serve(Account.build())
_server = _running.__enter__()


def _everything() -> dict[str, Any]:
    catalog: dict[str, Any] = TapAlfaCRM(config=config_for(_server)).catalog_dict
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            item["metadata"]["selected"] = True
    return catalog


@pytest.fixture(scope="session", autouse=True)
def _stop() -> Iterator[None]:
    # For the session: a worker that takes over tests of this module late needs the server again.
    yield
    _running.__exit__(None, None, None)


_Standard: Any = get_tap_test_class(
    TapAlfaCRM,
    config=config_for(_server),
    catalog=_everything(),
    parse_env_config=False,  # the clone may contain a .env
)


class TestStandard(_Standard):  # type: ignore[misc]  # the SDK makes the class
    """The SDK's standard tests of a tap."""
