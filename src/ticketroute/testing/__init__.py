"""The test kit: generators, a reference desk and contracts, for projects that use ticketroute.

It needs the extra ``testing``. Each name is imported at its first use, so that the pytest plug-in
costs nothing if no test uses the kit.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticketroute.testing.beside import DeskBesideReference as DeskBesideReference
    from ticketroute.testing.calls import Call as Call
    from ticketroute.testing.checks import check as check
    from ticketroute.testing.clock import FrozenClock as FrozenClock
    from ticketroute.testing.contract import StrategyContract as StrategyContract
    from ticketroute.testing.desk_contract import AsyncDeskContract as AsyncDeskContract
    from ticketroute.testing.desk_contract import DeskContract as DeskContract
    from ticketroute.testing.dispatcher_contract import DispatcherContract as DispatcherContract
    from ticketroute.testing.history import History as History
    from ticketroute.testing.history import histories as histories
    from ticketroute.testing.journal_contract import JournalContract as JournalContract
    from ticketroute.testing.judge import Judge as Judge
    from ticketroute.testing.machine import DeskMachine as DeskMachine
    from ticketroute.testing.promised import calendars as calendars
    from ticketroute.testing.promised import escalations as escalations
    from ticketroute.testing.promised import policies as policies
    from ticketroute.testing.promised import targets as targets
    from ticketroute.testing.reference.commands import ReferenceDesk as ReferenceDesk
    from ticketroute.testing.values import agents as agents
    from ticketroute.testing.values import defaults as defaults
    from ticketroute.testing.values import memberships as memberships
    from ticketroute.testing.values import offer_policies as offer_policies
    from ticketroute.testing.values import queues as queues
    from ticketroute.testing.values import relaxations as relaxations
    from ticketroute.testing.values import tickets as tickets
    from ticketroute.testing.watched import WatchedDesk as WatchedDesk
    from ticketroute.testing.world import World as World

_HOME = {
    "AsyncDeskContract": "desk_contract",
    "Call": "calls",
    "DeskBesideReference": "beside",
    "DeskContract": "desk_contract",
    "DeskMachine": "machine",
    "DispatcherContract": "dispatcher_contract",
    "FrozenClock": "clock",
    "History": "history",
    "JournalContract": "journal_contract",
    "Judge": "judge",
    "ReferenceDesk": "reference.commands",
    "StrategyContract": "contract",
    "WatchedDesk": "watched",
    "World": "world",
    "agents": "values",
    "policies": "promised",
    "escalations": "promised",
    "calendars": "promised",
    "targets": "promised",
    "check": "checks",
    "defaults": "values",
    "histories": "history",
    "memberships": "values",
    "offer_policies": "values",
    "queues": "values",
    "relaxations": "values",
    "tickets": "values",
}

__all__ = [  # noqa: PLE0604  all are strings, from the table above
    *_HOME
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
