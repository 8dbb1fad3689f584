"""Serve a simulated account until the process is stopped."""

from __future__ import annotations

import argparse
import dataclasses
import signal
from pathlib import Path

import msgspec

from simulator.account import Account
from simulator.quirks import Quirks
from simulator.server import serve
from simulator.tables.kit import Sizes

_DEMO = Quirks(rate_limit=5, latency_seconds=0.05)
_SIZES = [field.name for field in dataclasses.fields(Sizes)]


def parse_quirks(settings: list[str]) -> Quirks:
    """Parse `name=value` options and apply them to the quirks of the demo account.

    Raises:
        ValueError: If a name or a value is not one of a quirk.
    """
    values: dict[str, object] = msgspec.to_builtins(_DEMO)
    for setting in settings:
        name, sign, value = setting.partition("=")
        if not sign or name not in values:
            message = f"no such switch: {setting!r}"
            raise ValueError(message)
        is_set = isinstance(getattr(_DEMO, name), frozenset)
        unset = None if value in {"none", "null"} else value
        values[name] = value.split(",") if is_set else unset
    return msgspec.convert(values, Quirks, strict=False)


def main(arguments: list[str] | None = None) -> None:
    """Start the server, print its URL, and wait for a signal."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--port-file", type=Path, help="file to write the port number to")
    parser.add_argument("--demo", action="store_true", help="the demo account (the default)")
    parser.add_argument("--seed", type=int, default=1)
    for size in _SIZES:
        parser.add_argument(f"--{size.replace('_', '-')}", type=int)
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a switch of the account"
    )
    options = parser.parse_args(arguments)
    sizes = {size: value for size in _SIZES if (value := getattr(options, size)) is not None}
    if options.demo and sizes:
        parser.error("--demo has its own sizes")
    try:
        quirks = parse_quirks(options.set)
    except ValueError as problem:
        parser.error(str(problem))
    account = (
        Account.build(seed=options.seed, **sizes) if sizes else Account.demo(seed=options.seed)
    )
    # Blocked before any thread starts, so that only sigwait receives them.
    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with serve(account, quirks, port=options.port, is_prepared=True) as server:
        if options.port_file:
            options.port_file.write_text(server.url.rpartition(":")[2])
        key = f" app_key={server.app_key}" if server.app_key else ""
        print(f"{server.url} email={server.email} api_key={server.api_key}{key}", flush=True)  # noqa: T201 - the output of the command
        signal.sigwait(stop)


if __name__ == "__main__":
    main()
