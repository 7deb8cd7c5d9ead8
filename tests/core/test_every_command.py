"""What every command takes: a version that is overtaken, who did it, and values on a bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ticketroute import (
    Agent,
    Author,
    Calendar,
    Defaults,
    Membership,
    Metric,
    Policy,
    Queue,
    Target,
    Ticket,
    TicketPriority,
)
from ticketroute import errors as err
from ticketroute.model import AgentId, PolicyId, QueueId, TicketId

NIGHT = Calendar(hours={"fri": [("00:00", "12:00")]})
NEW = Ticket(id=TicketId("new"), queue=QueueId("mail"))


def policy(name: str = "gold", **facts: Any) -> Policy:
    """Return a policy with one target, of which ``hours`` and ``levels`` say more."""
    target = Target(
        within=60_000, calendar=facts.pop("hours", None), escalations=facts.pop("levels", ())
    )
    return Policy(id=PolicyId(name), targets={Metric.RESOLUTION: target}, **facts)


def agent(name: str, **facts: Any) -> Agent:
    return Agent(id=AgentId(name), **({"capacity": 1} | facts))


def queue(name: str, *members: str, **facts: Any) -> Queue:
    return Queue(id=QueueId(name), **({"members": members} | facts))


def ticket(name: str, queue: str | None = "mail", **facts: Any) -> Ticket:
    return Ticket(id=TicketId(name), queue=None if queue is None else QueueId(queue), **facts)


VERSIONED: dict[str, Callable[..., object]] = {
    "accept": lambda desk, **facts: desk.accept("p1", "dan", **facts),
    "assign": lambda desk, **facts: desk.assign("m2", "ana", force=True, **facts),
    "take": lambda desk, **facts: desk.take("o2", "lou", **facts),
    "transfer": lambda desk, **facts: desk.transfer("m2", to_queue="back", **facts),
    "release": lambda desk, **facts: desk.release("m1", **facts),
    "hold": lambda desk, **facts: desk.hold("m1", **facts),
    "resume": lambda desk, **facts: desk.resume("m3", **facts),
    "change_priority": lambda desk, **facts: desk.change_priority(
        "m1", TicketPriority.LOW, **facts
    ),
    "resolve": lambda desk, **facts: desk.resolve("m1", **facts),
    "reopen": lambda desk, **facts: desk.reopen("m4", **facts),
    "merge": lambda desk, **facts: desk.merge("m1", into="m2", **facts),
}
BY_SOMEBODY: dict[str, Callable[..., object]] = {
    **{name: call for name, call in VERSIONED.items() if name not in ("accept", "take")},
    "change_defaults": lambda desk, **facts: desk.change_defaults(Defaults(), **facts),
    "add_queue": lambda desk, **facts: desk.add_queue(queue("new"), **facts),
    "change_queue": lambda desk, **facts: desk.change_queue("mail", weight=7, **facts),
    "remove_queue": lambda desk, **facts: desk.remove_queue("back", **facts),
    "add_agent": lambda desk, **facts: desk.add_agent(agent("new"), **facts),
    "move members": lambda desk, **facts: desk.change_queue(
        "mail", members={"dan": Membership(), "ben": Membership(limit=9)}, **facts
    ),
    "order members": lambda desk, **facts: desk.change_queue(
        "mail", members=["ben", "ana"], **facts
    ),
    "move tickets": lambda desk, **facts: desk.remove_queue("mail", move_to="back", **facts),
    "move to an agent": lambda desk, **facts: desk.transfer(
        "m1", to_queue="phone", to_agent="dan", **facts
    ),
    "wake from hold": lambda desk, **facts: desk.reply("m3", Author.REQUESTER, **facts),
    "wake from wrap-up": lambda desk, **facts: desk.reply("w1", Author.REQUESTER, **facts),
    "take from hold": lambda desk, **facts: desk.assign("m3", "ana", force=True, **facts),
    "change_agent": lambda desk, **facts: desk.change_agent("ana", capacity=7, **facts),
    "remove_agent": lambda desk, **facts: desk.remove_agent("ana", **facts),
    "set_presence": lambda desk, **facts: desk.set_presence("ana", "away", **facts),
    "switch_channel": lambda desk, **facts: desk.switch_channel("ana", "chat", on=False, **facts),
    "add_member": lambda desk, **facts: desk.add_member("back", "ana", **facts),
    "change_member": lambda desk, **facts: desk.change_member(
        "mail", "ana", Membership(limit=9), **facts
    ),
    "remove_member": lambda desk, **facts: desk.remove_member("mail", "ana", **facts),
    "set_calendar": lambda desk, **facts: desk.set_calendar("spare", NIGHT, **facts),
    "refresh_calendars": lambda desk, **facts: desk.refresh_calendars(**facts),
    "remove_calendar": lambda desk, **facts: desk.remove_calendar("spare", **facts),
    "set_policies": lambda desk, **facts: desk.set_policies([policy()], **facts),
    "submit": lambda desk, **facts: desk.submit(NEW, **facts),
    "submit_many": lambda desk, **facts: desk.submit_many([NEW], **facts),
    "preview": lambda desk, **facts: desk.preview(NEW, **facts),
    "reply": lambda desk, **facts: desk.reply("m1", Author.AGENT, **facts),
    "end_wrap_up": lambda desk, **facts: desk.end_wrap_up("w1", **facts),
    "close": lambda desk, **facts: desk.close("m4", **facts),
    "abandon": lambda desk, **facts: desk.abandon("m2", **facts),
    "rate": lambda desk, **facts: desk.rate("m1", 5, **facts),
    "forget": lambda desk, **facts: desk.forget(before=10, **facts),
}

# The events of each that say who did it, in their order.
SIGNED = {
    "assign": "TicketAssigned",
    "transfer": "TicketTransferred",
    "release": "TicketReleased",
    "hold": "TicketHeld",
    "resume": "TicketReleased",
    "change_priority": "TicketPriorityChanged",
    "resolve": "TicketResolved",
    "reopen": "TicketReopened",
    "merge": "TicketMerged",
    "change_defaults": "DefaultsChanged",
    "add_queue": "QueueAdded",
    "change_queue": "QueueChanged",
    "remove_queue": "QueueRemoved",
    "add_agent": "AgentAdded",
    "move members": (
        "TicketReleased TicketReleased MemberRemoved MemberAdded MemberChanged MembersOrdered"
    ),
    "order members": "MembersOrdered",
    "move tickets": (
        "TicketReleased TicketTransferred TicketReleased "
        "TicketTransferred TicketTransferred QueueRemoved"
    ),
    "move to an agent": "TicketReleased TicketTransferred TicketAssigned",
    "wake from hold": "TicketReplied TicketReleased",
    "wake from wrap-up": "TicketReplied WrapUpEnded TicketReopened",
    "take from hold": "TicketReleased TicketAssigned",
    "change_agent": "AgentChanged",
    "remove_agent": "TicketReleased TicketReleased AgentRemoved",
    "set_presence": "PresenceChanged",
    "switch_channel": "ChannelSwitched",
    "add_member": "MemberAdded",
    "change_member": "MemberChanged",
    "remove_member": "TicketReleased TicketReleased MemberRemoved",
    "set_calendar": "CalendarSet",
    "refresh_calendars": "",
    "remove_calendar": "CalendarRemoved",
    "set_policies": "PoliciesSet",
    "submit": "TicketSubmitted",
    "submit_many": "TicketSubmitted",
    "preview": "TicketSubmitted",
    "reply": "TicketReplied",
    "end_wrap_up": "WrapUpEnded",
    "close": "TicketClosed",
    "abandon": "TicketAbandoned",
    "rate": "TicketRated",
    "forget": "TicketsForgotten",
}


@pytest.mark.parametrize("name", VERSIONED)
def test_a_decision_on_an_older_state_is_refused_by_every_command_that_takes_one(
    busy_desk: Any, name: str
) -> None:
    command = VERSIONED[name]
    before = busy_desk.snapshot()
    version = 0
    for expected in (0, 99, 1_000_000):
        with pytest.raises(err.ConflictError) as conflict:
            command(busy_desk, at=10, expected_version=expected)
        ticket_id, version = conflict.value.ticket_id, conflict.value.actual
        assert conflict.value.expected == expected
        assert str(conflict.value) == (
            f"ticket '{ticket_id}' is at version {version}, not {expected}; "
            "read the ticket again and decide again"
        )
    for expected in (-1, 1_000_001):
        with pytest.raises(err.InvalidValueError) as wrong:
            command(busy_desk, at=10, expected_version=expected)
        assert str(wrong.value) == (f"expected_version is {expected}; it must be from 0 to 1000000")
    assert busy_desk.snapshot() == before
    assert command(busy_desk, at=10, expected_version=version)


@pytest.mark.parametrize("name", BY_SOMEBODY)
def test_who_did_it_is_an_id_for_every_command_and_stands_in_its_events(
    busy_desk: Any, name: str
) -> None:
    command = BY_SOMEBODY[name]
    before = busy_desk.snapshot()
    for wrong, allowed in ((5, "a string"), ("", "1 to 200 characters long")):
        with pytest.raises(err.InvalidValueError) as caught:
            command(busy_desk, at=10, by=wrong)
        assert str(caught.value) == f"by is {wrong!r}; it must be {allowed}"
    assert busy_desk.snapshot() == before
    events: Any = command(busy_desk, at=10, by="the boss")
    signed = [type(event).__name__ for event in events if event.by == "the boss"]
    assert " ".join(signed) == SIGNED[name]


def test_what_an_agent_does_bears_their_name(busy_desk: Any) -> None:
    (accepted, *_) = busy_desk.accept("p1", "dan", at=10)
    (taken, *_) = busy_desk.take("o2", "lou", at=10)
    (noted, *_) = busy_desk.reply("m1", Author.AGENT, agent_id="ana", at=10)
    assert (accepted.by, taken.by) == ("dan", "lou")
    assert (accepted.agent_id, taken.agent_id, noted.agent_id) == ("dan", "lou", "ana")


def test_what_lies_on_a_bound_is_taken(busy_desk: Any) -> None:
    assert busy_desk.rate("m1", 0, at=10)
    assert busy_desk.rate("m1", 100, at=10)
    assert busy_desk.preview(NEW, at=1_009)
    assert busy_desk.submit(ticket("now", arrived=10), at=10)
    many = [policy(), *(policy(f"p{number}") for number in range(999))]
    assert busy_desk.set_policies(many, at=10)
    assert busy_desk.set_presence("ana", "away", reason="x" * 1_000, at=10)
