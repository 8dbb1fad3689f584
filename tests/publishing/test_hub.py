"""A new Meltano project goes from `meltano add` to rows, with a Hub that has the tap."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from scripts.hub import HUB
from simulator import Account, serve
from tests.publishing.conftest import MELTANO, Distributions, clean_environment, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

API = "meltano/api/v1/plugins"
TARGET: dict[str, Any] = {
    "name": "target-jsonl",
    "namespace": "target_jsonl",
    "variant": "andyh1203",
    "label": "JSON Lines",
    "pip_url": "target-jsonl==0.1.4",
    "executable": "target-jsonl",
    "quality": "bronze",
    "settings": [
        {"name": "destination_path", "kind": "string", "value": "output"},
        {"name": "do_timestamp_file", "kind": "boolean", "value": False},
    ],
}


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _publish(root: Path, url: str, kind: str, definition: dict[str, Any]) -> None:
    name, variant = definition["name"], definition["variant"]
    folder = root / API / kind
    folder.mkdir(parents=True)
    page = f"{name}--{variant}"
    (folder / page).write_text(json.dumps(definition), encoding="utf-8")
    entry = {
        "default_variant": variant,
        "logo_url": f"{url}{definition.get('logo_url', '')}",
        "variants": {variant: {"ref": f"{url}/{API}/{kind}/{page}"}},
    }
    (folder / "index").write_text(json.dumps({name: entry}), encoding="utf-8")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    """The Hub as it will be once it has the definition."""
    root = tmp_path / "hub"
    root.mkdir()
    [ours] = HUB.rglob("extractors/tap-alfacrm/*.yml")
    with _serving(root) as url:
        _publish(root, url, "extractors", yaml.safe_load(ours.read_text(encoding="utf-8")))
        _publish(root, url, "loaders", TARGET)
        yield url


@pytest.fixture
def meltano(tmp_path: Path, hub: str, distributions: Distributions) -> Callable[..., str]:
    """Runs Meltano as a new user does; `tap-alfacrm` on PyPI is the wheel just built."""
    published = tmp_path / "published.txt"
    published.write_text(f"tap-alfacrm @ {distributions.wheel.as_uri()}\n", encoding="utf-8")
    environment = clean_environment(
        tmp_path,
        MELTANO_HUB_URL=hub,
        MELTANO_SEND_ANONYMOUS_USAGE_STATS="false",
        MELTANO_CLI_DISABLE_VERSION_CHECK="true",
        UV_CONSTRAINT=str(published),
    )

    def run_meltano(*arguments: str, cwd: Path) -> str:
        return run(MELTANO, *arguments, cwd=cwd, env=environment)

    return run_meltano


def test_from_meltano_add_to_rows(meltano: Callable[..., str], tmp_path: Path) -> None:
    account = Account.build(leads=30, clients=20, archived_leads=10)
    cards = account.rows("customer")
    meltano("init", "school", cwd=tmp_path)
    school = tmp_path / "school"
    meltano("add", "tap-alfacrm", cwd=school)
    meltano("add", "target-jsonl", cwd=school)
    with serve(account) as server:
        settings = {
            "TAP_ALFACRM_HOSTNAME": server.url,
            "TAP_ALFACRM_EMAIL": server.email,
            "TAP_ALFACRM_TIMEZONE": "Europe/Kyiv",
            "TAP_ALFACRM_REQUESTS_PER_SECOND": "1000",
        }
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (school / ".env").write_text("".join(lines), encoding="utf-8")
        meltano("config", "set", "tap-alfacrm", "api_key", server.api_key, cwd=school)
        assert "Plugin configuration is valid" in meltano(
            "config", "test", "tap-alfacrm", cwd=school
        )
        log = meltano("run", "tap-alfacrm", "target-jsonl", cwd=school)
        assert f"customers: COMPLETE. Rows received {len(cards)} " in log
        assert server.api_key not in log
    rows = (school / "output" / "customers.jsonl").read_text(encoding="utf-8").splitlines()
    ids = [json.loads(row)["id"] for row in rows]
    assert sorted(ids) == sorted(row["id"] for row in cards)
    assert server.api_key not in (school / "meltano.yml").read_text(encoding="utf-8")
    assert not (school / "output" / "communications.jsonl").exists()
