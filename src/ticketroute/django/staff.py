"""Agents and queues of the host beside those of the desk: which commands bring them in step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from ticketroute.commands import (
    AddAgent,
    AddQueue,
    ChangeAgent,
    ChangeQueue,
    Command,
    RemoveAgent,
    RemoveQueue,
    SetCalendar,
    SetPolicies,
)
from ticketroute.desk.views import Views
from ticketroute.model.agent import Agent
from ticketroute.model.queue import Queue
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.policy import Policy


def staff_commands(
    shown: Views,
    agents: Iterable[Agent],
    queues: Iterable[Queue],
    calendars: Mapping[str, Calendar],
    policies: Iterable[Policy] | None,
) -> Iterator[Command]:
    """Yield what brings the desk to the host's agents, queues and agreements, in a working order.

    Agents and queues that the host no longer has are removed; calendars are not. A calendar that
    is the same as before is a command without an event. O(agents + queues).
    """
    for calendar_id, calendar in calendars.items():
        yield SetCalendar(calendar_id, calendar)
    if policies is not None and (promised := tuple(policies)) != shown.policies():
        yield SetPolicies(promised)
    wanted_agents = {each.id: each for each in agents}
    wanted_queues = {each.id: each for each in queues}
    known_agents = {each.id: each.agent for each in shown.agents()}
    known_queues = {each.id: each for each in shown.queues()}
    yield from _added(known_agents, wanted_agents, AddAgent, ChangeAgent)
    yield from _added(known_queues, wanted_queues, AddQueue, ChangeQueue)
    for agent_id in [each for each in known_agents if each not in wanted_agents]:
        yield RemoveAgent(agent_id)
    move_to = next(iter(wanted_queues), None)
    for queue_id in [each for each in known_queues if each not in wanted_queues]:
        yield RemoveQueue(queue_id, move_to=move_to)


def _added(
    known: Mapping[str, Any],
    wanted: Mapping[str, Any],
    add: Callable[[Any], Command],
    change: Callable[[str, Mapping[str, Any]], Command],
) -> Iterator[Command]:
    for name, value in wanted.items():
        if name not in known:
            yield add(value)
        elif changes := _changes(known[name], value):
            yield change(name, changes)


def _changes(known: Any, wanted: Any) -> dict[str, Any]:
    names = [each.name for each in attrs.fields(type(known)) if each.name != "id"]
    return {
        name: getattr(wanted, name)
        for name in names
        if getattr(wanted, name) != getattr(known, name)
    }
