"""What may be changed by name is what the value has: the typed face forgets no field."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest
from attrs import fields

from ticketroute import Agent, Queue, Ticket, commands

FIXED = {"id", "queue", "priority", "attributes", "arrived"}  # by other commands, or never


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        (commands.AgentChanges, Agent),
        (commands.QueueChanges, Queue),
        (commands.TicketChanges, Ticket),
    ],
)
def test_every_field_can_be_changed_by_its_name(changes: type[Any], value: type[Any]) -> None:
    named = set(get_type_hints(changes))
    whole = {field.name for field in fields(value)}
    assert named <= whole
    assert whole - named <= (FIXED - {"priority"} if value is Agent else FIXED)
