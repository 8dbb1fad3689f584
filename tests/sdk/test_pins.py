"""What the overrides in `tap_alfacrm/sdk/` rely on is what the SDK does.

Each line names a part of the SDK, the module that overrides it or relies on it, and what it looked
like in the versions with which the override was checked.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import re
import textwrap
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk import Stream, Tap, mapper, plugin_base
from singer_sdk.configuration import _dict_config
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.helpers import _flattening, _state

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Pin:
    """A part of the SDK.

    Attributes:
        part: The function.
        override: The module in `tap_alfacrm/sdk/`.
        upstream: Issue or pull request of meltano/sdk, None where no issue is open.
        unnecessary_from: The version from which the override is not needed, None for none yet.
        known: Fingerprints of the part, those of 0.54.9 and 0.55.0b7.
    """

    part: Callable[..., Any]
    override: str
    upstream: str | None
    unnecessary_from: str | None
    known: frozenset[str]


def pin(
    part: Any, override: str, upstream: str | None, *known: str, unnecessary_from: str | None = None
) -> Pin:
    return Pin(part, override, upstream, unnecessary_from, frozenset(known))


PINS = [
    pin(Tap._handle_termination, "termination", "2620", "4b0668bf8294"),
    pin(
        plugin_base.PluginBase._handle_termination,
        "termination",
        "3698",
        "253f3d7bb544",
        "b71b3c039e0c",
    ),
    pin(plugin_base.PluginBase._setup_signal_handlers, "termination", "2620", "ae0821de0f65"),
    pin(MsgSpecWriter.write_message, "output", "3674", "b53be48fc9fd"),
    pin(MsgSpecWriter.serialize_message, "output", "3674", "bd48b5541d6c"),
    pin(Stream._sync_records, "page_stream", "3674", "12b501fe43f0", "3247b032166d"),
    pin(Stream._generate_record_messages, "page_stream", "3674", "afd37e045e80", "44e4335f36b0"),
    pin(Stream._process_record, "page_stream", "3674", "88dc804cad37"),
    pin(Stream._write_starting_replication_value, "page_stream", "3674", "58295bffffd0"),
    pin(Stream._increment_stream_state, "page_stream", "3674", "e00f187407fc"),
    pin(Stream._finalize_state, "page_stream", "3674", "780bbb578b05"),
    pin(Stream._write_state_message, "page_stream", "3674", "5e2f85f7f038"),
    pin(_state.increment_state, "bookmarks", "3631", "ca54b67398c0", "322393810800"),
    pin(_state.finalize_state_progress_markers, "bookmarks", "3631", "bbd3a4e1cd39"),
    pin(Stream.sync, "activate_version", "2686", "4ee248b1b100"),
    pin(Stream._write_activate_version_message, "activate_version", "2686", "e175bf0df05e"),
    pin(
        mapper.PluginMapper.register_raw_streams_from_catalog,
        "stream_maps",
        "1942",
        "5f9d2e012126",
        "0a8fe469b49c",
        unnecessary_from="0.55",
    ),
    pin(
        mapper.PluginMapper.register_raw_stream_schema,
        "stream_maps",
        "3046",
        "b1c0459fb111",
        "ae09ba0b507d",
    ),
    pin(mapper.StreamMap.__init__, "flattening", "1400", "491e9b08186b", "008213106dec"),
    pin(mapper.StreamMap.flatten_record, "flattening", "1204", "1a9b2f606cd8"),
    pin(mapper.CustomStreamMap.transform, "flattening", "3416", "e853e3d94241"),
    pin(_flattening.flatten_record, "flattening", "1400", "4cd2f6721ab4", "bb957861b079"),
    pin(
        _dict_config.parse_environment_config, "environment", "2637", "548b3c68934e", "52ba51a2287f"
    ),
    pin(plugin_base.PluginBase.__init__, "environment", "390", "fd7151c29cdb", "7b5feeefa035"),
    pin(Stream.apply_catalog, "catalog", "2868", "35335b1a335a"),
    pin(inspect.getattr_static(Stream, "partitions").fget, "state", None, "9808baa1e037"),
    pin(Tap.load_state, "state", None, "6fbf4a0b2eb4"),
    pin(plugin_base._ConfigInput.from_cli_args, "command", None, "04ca6d9ced77"),
    pin(Tap.get_singer_command, "command", None, "73e525e6112c"),
    pin(Tap.cb_test, "command", None, "88d3734ce77d"),
    pin(Tap.invoke, "command", None, "56c431c2f7ba"),
    pin(plugin_base._plugin_log_level, "log_level", None, "e95d1a940e9b"),
    pin(
        mapper.CustomStreamMap._init_functions_and_schema,
        "map_names",
        None,
        "c88996ad0e70",
        "f6e9965606d5",
    ),
]


def fingerprint(part: Callable[..., Any]) -> str:
    """Tell one source from another, whatever its comments, docstring and spaces."""
    source = textwrap.dedent(inspect.getsource(part))
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    lines = source.splitlines()[function.lineno - 1 :]
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        start, end = first.lineno - function.lineno, (first.end_lineno or 0) - function.lineno
        del lines[start : end + 1]
    code = (re.sub(r"(^|\s)#.*", "", line) for line in lines)
    return hashlib.sha256(re.sub(r"\s", "", "".join(code)).encode()).hexdigest()[:12]


@pytest.mark.parametrize("one", PINS, ids=lambda one: f"{one.override}:{one.part.__qualname__}")
def test_the_sdk_still_does_what_an_override_relies_on(one: Pin) -> None:
    found = fingerprint(one.part)
    end = (
        f"needs no override from singer-sdk {one.unnecessary_from} on"
        if one.unnecessary_from
        else "has needed an override in every version of singer-sdk"
    )
    assert found in one.known, (
        f"singer-sdk {version('singer-sdk')} changes {one.part.__qualname__}, on which "
        f"tap_alfacrm/sdk/{one.override}.py relies (meltano/sdk #{one.upstream}; it {end}). "
        f"Compare the two, then add {found!r} here."
    )


@pytest.mark.parametrize("override", sorted({one.override for one in PINS}))
def test_an_override_names_its_issue_and_its_version(override: str) -> None:
    text = " ".join((importlib.import_module(f"tap_alfacrm.sdk.{override}").__doc__ or "").split())
    for one in PINS:
        if one.override == override:
            assert re.search(rf"\b{one.upstream or 'no issue is open'}\b", text), one.upstream
            assert f"singer-sdk {one.unnecessary_from or ''}" in text or "version" in text
