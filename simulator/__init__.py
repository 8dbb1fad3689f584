"""A simulated AlfaCRM over HTTP, for the demo and the tests."""

from __future__ import annotations

from simulator.account import Account
from simulator.faults import Change, Fault
from simulator.misbehaviours import MISBEHAVIOURS
from simulator.quirks import Quirks
from simulator.requests_log import Request
from simulator.server import Server, serve

__all__ = [
    "MISBEHAVIOURS",
    "Account",
    "Change",
    "Fault",
    "Quirks",
    "Request",
    "Server",
    "serve",
]
