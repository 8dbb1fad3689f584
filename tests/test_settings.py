"""An invalid setting is an error at the start, in one line with the setting and valid values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_alfacrm.config import Config
from tap_alfacrm.errors import ConfigError
from tap_alfacrm.sdk.environment import Environment
from tap_alfacrm.tap import TapAlfaCRM

if TYPE_CHECKING:
    from pathlib import Path

GOOD: dict[str, Any] = {"hostname": "demo.s20.online", "email": "a@example.org", "api_key": "k3y"}
SECRET = "5up3r-s3cret"


@pytest.mark.parametrize(
    ("hostname", "url"),
    [
        ("demo.s20.online", "https://demo.s20.online"),
        ("https://school.alfacrm.com/", "https://school.alfacrm.com"),
        ("HTTPS://School.alfacrm.pro", "https://school.alfacrm.pro"),
        ("  demo.s20.online/ ", "https://demo.s20.online"),
        ("demo.s20.online:8443", "https://demo.s20.online:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_hostname_in_any_shape(hostname: str, url: str) -> None:
    assert Config.from_config({**GOOD, "hostname": hostname}).base_url == url


WRONG: list[tuple[str, object, str]] = [
    ("hostname", "demo.s20.online/v2api", "path"),
    ("hostname", "demo.s20.online?x=1", "query"),
    ("hostname", "http://demo.s20.online", "loopback"),
    ("hostname", "http://10.0.0.1", "loopback"),
    ("hostname", "ftp://demo.s20.online", "https"),
    ("hostname", f"https://me:{SECRET}@demo.s20.online", "credentials"),
    ("hostname", "demo.s20.online:port", "port"),
    ("hostname", "demo s20.online", "white space"),
    ("hostname", "https://", "no host"),
    ("hostname", '"demo.s20.online"', "quotation marks"),
    ("hostname", "demo..s20.online", "no name of a host"),
    ("hostname", ".s20.online", "no name of a host"),
    ("hostname", "demo.s20.online.", "no name of a host"),
    ("hostname", "<demo>.s20.online", "no name of a host"),
    ("hostname", f"{'a' * 64}.s20.online", "no name of a host"),
    ("hostname", "[demo.s20.online]", "bracket"),
    ("hostname", "demo.s20.online:99999", "65535"),
    ("api_key", f"{SECRET} {SECRET}", "white space"),
    ("api_key", f"'{SECRET}'", "quotation marks"),
    ("email", "a@example.org b@example.org", "white space"),
    ("timezone", "'UTC'", "quotation marks"),
    ("start_date", "0001-01-01", "1900"),
    ("start_date", "9999-12-31T23:59:59-12:00", "future"),
    ("lookback_days", 1_000_000, "<= 36500"),
    ("branch_ids", [-1], ">= 0"),
    ("is_study", [-1], ">= 0"),
    ("is_study", [3], "<= 2"),
    ("is_study", [], "length >= 1"),
    ("page_size", 0, ">= 1"),
    ("requests_per_second", 0, "> 0"),
    ("token_ttl_seconds", 0, ">= 1"),
    ("request_timeout_seconds", -1, "> 0"),
    ("request_timeout_seconds", 1e308, "<= 86400"),
    ("lookback_days", -1, ">= 0"),
    ("max_in_flight", 0, ">= 1"),
    ("timezone", "Kyiv", "IANA"),
    ("timezone", "../etc/passwd", "IANA"),
    ("timezone", "+03:00", "IANA"),
    ("start_date", "yesterday", "2025-09-01"),
    ("app_key", "ключ", "ASCII"),
    ("user_agent", "a\nb", "ASCII"),
]


@pytest.mark.parametrize(("name", "value", "right"), WRONG)
def test_a_wrong_setting_is_named_with_what_is_right(name: str, value: object, right: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TapAlfaCRM(config={**GOOD, name: value})
    message = str(caught.value)
    assert message.startswith(f"Setting {name}")
    assert right in message
    assert "\n" not in message
    assert SECRET not in message


@pytest.mark.parametrize(
    ("name", "value"),
    [("api_key", [SECRET]), ("app_key", {"x": SECRET}), ("page_size", SECRET)],
)
def test_a_setting_of_the_wrong_type_is_not_told(name: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        TapAlfaCRM(config={**GOOD, name: value})
    message = str(caught.value)
    assert message.startswith(f"Setting {name} is wrong: it is not of type")
    assert SECRET not in message


def test_flattening_without_a_depth_is_told() -> None:
    with pytest.raises(ConfigError, match="flattening_max_depth"):
        TapAlfaCRM(config={"flattening_enabled": True}, validate_config=False)


SCHEMA = TapAlfaCRM.config_jsonschema


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an empty folder: the clone may contain a .env."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("branch_ids", "[1, 2]", [1, 2]),
        ("branch_ids", "1,2", [1, 2]),
        ("is_study", "0", [0]),
        ("include_archived", "FALSE", False),
        ("include_archived", "1", True),
        ("requests_per_second", "2.5", 2.5),
        ("page_size", "50", 50),
        ("timezone", "Europe/Kyiv", "Europe/Kyiv"),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_the_environment_gives_each_setting_its_type(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object
) -> None:
    monkeypatch.setenv(f"TAP_ALFACRM_{name.upper()}", text)
    assert Environment.read(SCHEMA, "TAP_ALFACRM_").variables == {name: value}


@pytest.mark.parametrize(("name", "text"), [("page_size", "many"), ("branch_ids", "a,b")])
@pytest.mark.usefixtures("elsewhere")
def test_the_environment_with_a_wrong_type(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(f"TAP_ALFACRM_{name.upper()}", text)
    with pytest.raises(ConfigError, match=f"Setting {name} is wrong"):
        TapAlfaCRM(config=dict(GOOD), parse_env_config=True)
