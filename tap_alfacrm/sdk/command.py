"""The files that the command line names, read with messages of one line.

Overrides `Tap.cb_config` and the types of the options `--state` and `--catalog`, with which the SDK
reads UTF-8 alone, and ends in a traceback on a folder or on deep nesting, and `Tap.cb_test`, which
selects every stream and logs an error for each. No version of singer-sdk makes this unnecessary
yet; no issue is open.
"""

from __future__ import annotations

import io
from typing import Any

import click
import msgspec
from singer_sdk import Tap
from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.tap_base import CliTestOptionValue
from typing_extensions import override

from tap_alfacrm.sdk.files import read_json
from tap_alfacrm.sdk.output import STDOUT
from tap_alfacrm.sdk.settings import ENVIRONMENT, read_config_files


class JsonFile(click.ParamType):  # type: ignore[type-arg]  # generic in new versions only
    """A file of JSON, for the SDK to parse."""

    name = "filename"

    @override
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> io.BytesIO:
        content = read_json(value)
        if content is None:  # for the SDK that is no catalog, which selects everything
            content = {} if param is not None and param.name == "state" else []
        return io.BytesIO(msgspec.json.encode(content))


class CommandTap(Tap):
    """A tap whose command reads files in one way, and writes in one."""

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        return _ConfigInput(config=read_config_files(value), parse_env=ENVIRONMENT in value)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        for param in command.params:
            if param.name in {"state", "catalog"}:
                param.type = JsonFile()
            if param.name == "catalog":
                param.is_eager = True  # a test has to know what is selected
        return command

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        if value == CliTestOptionValue.Disabled.value:
            return
        config, catalog = ctx.params["config"], ctx.params.get("catalog")
        tap = cls(
            config=config.config,
            catalog=None if catalog is None else msgspec.json.decode(catalog.read()),
            parse_env_config=config.parse_env,
        )
        selected = [stream for stream in tap.streams.values() if stream.selected]
        if value == CliTestOptionValue.Schema.value:
            for stream in selected:
                stream._write_schema_message()  # noqa: SLF001 - as the SDK does for all
        else:
            tap.run_sync_dry_run(streams=selected)
        ctx.exit()

    @override
    def run_discovery(self) -> str:
        text = self.catalog_json_text
        STDOUT.write(f"{text}\n".encode(), is_message=False)
        return text
