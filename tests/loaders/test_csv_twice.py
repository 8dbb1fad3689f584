"""The CSV environments load everything in each run, because target-csv replaces its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from simulator import Account, serve
from tap_alfacrm.tap import TapAlfaCRM
from tests.catalogs import root_of, select
from tests.conftest import config_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Output

    Sync = Callable[..., Output]

PROJECT = Path(__file__).parents[2]


def rules(environment: str) -> dict[str, dict[str, str]]:
    """The metadata rules of the tap in an environment of meltano.yml."""
    settings = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
    [found] = [one for one in settings["environments"] if one["name"] == environment]
    [tap] = found["config"]["plugins"]["extractors"]
    metadata: dict[str, dict[str, str]] = tap["metadata"]
    return metadata


@pytest.mark.parametrize("environment", ["dev", "demo", "pseudonymised"])
def test_a_second_run_writes_every_row_again(sync: Sync, environment: str) -> None:
    assert rules(environment).keys() == {"*"}
    account = Account.build()
    streams = {"pays", "lessons", "logs", "sms_messages", "customers"}
    with serve(account) as server:
        catalog = select(TapAlfaCRM(config=config_for(server)).catalog_dict, streams)
        for entry in catalog["streams"]:
            root_of(entry).update(rules(environment)["*"])
        first = sync(server, catalog=catalog)
        account.insert("pay")
        second = sync(server, catalog=catalog, state=first.state)
    for stream in streams:
        new = 1 if stream == "pays" else 0
        assert len(second.records(stream)) == len(first.records(stream)) + new > 0
