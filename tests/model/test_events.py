"""Events are values: frozen, equal by content, and they survive a pickle."""

from __future__ import annotations

import inspect
import pickle
from copy import deepcopy
from typing import Any

import attrs
import pytest
from attrs import evolve, fields
from attrs.exceptions import FrozenInstanceError

from ticketroute import (
    Agent,
    Author,
    Defaults,
    Membership,
    Presence,
    Queue,
    Reach,
    Ticket,
    TicketPriority,
)
from ticketroute.events import Cause, HoldStatus, WaitReason
from ticketroute.model import AgentId, ContactPoint, QueueId, TicketId
from ticketroute.model import events as ev
from ticketroute.model.frozen import maker, read_only

ANA, MAIL, T1, T2 = AgentId("ana"), QueueId("mail"), TicketId("t1"), TicketId("t2")
QUEUE = Queue(id=MAIL, members=[ANA])
AGENT = Agent(id=ANA, skills={"x": 1})
FACTS: dict[type[ev.Event], dict[str, Any]] = {
    ev.DeskOpened: {"defaults": Defaults()},
    ev.DefaultsChanged: {"defaults": Defaults(capacity=1)},
    ev.QueueAdded: {"queue": QUEUE},
    ev.QueueChanged: {"queue": QUEUE},
    ev.QueueRemoved: {"queue_id": MAIL},
    ev.AgentAdded: {"agent": AGENT},
    ev.AgentChanged: {"agent": AGENT},
    ev.AgentRemoved: {"agent_id": ANA},
    ev.MemberAdded: {"queue_id": MAIL, "agent_id": ANA},
    ev.MemberChanged: {"queue_id": MAIL, "agent_id": ANA, "membership": Membership(weight=2)},
    ev.MemberRemoved: {"queue_id": MAIL, "agent_id": ANA},
    ev.MembersOrdered: {"queue_id": MAIL, "order": (ANA,)},
    ev.PresenceChanged: {"agent_id": ANA, "presence": Presence.AWAY, "reason": "lunch"},
    ev.ChannelSwitched: {"agent_id": ANA, "channel": "chat", "on": False},
    ev.GraceEnded: {"agent_id": ANA},
    ev.RateLimitLifted: {"agent_id": ANA},
    ev.TicketSubmitted: {
        "ticket_id": T1,
        "ticket": Ticket(id=T1, skills={"x": 1}, tags=frozenset({"a"})),
        "queue_id": MAIL,
        "arrived": 5,
    },
    ev.TicketQueued: {"ticket_id": T1, "queue_id": MAIL, "reason": WaitReason.NO_MEMBERS},
    ev.TicketAssigned: {
        "ticket_id": T1,
        "queue_id": MAIL,
        "agent_id": ANA,
        "cost": 1,
        "key": (1, 2),
        "draws": (0.5,),
    },
    ev.TicketOffered: {
        "ticket_id": T1,
        "queue_id": MAIL,
        "agent_id": ANA,
        "cost": 2,
        "until": 9,
        "contact_points": (ContactPoint("mobile", 1), ContactPoint("desk", 1)),
        "key": (1, 2),
        "runner_up": AgentId("ben"),
        "draws": (0.5,),
        "strategy": QUEUE.strategy,
    },
    ev.OfferShort: {"ticket_id": T1, "open": 1, "wanted": 3},
    ev.OfferDeclined: {
        "ticket_id": T1,
        "agent_id": ANA,
        "reason": "busy",
        "retry_at": 8,
        "cool_until": 9,
    },
    ev.OfferExpired: {"ticket_id": T1, "agent_id": ANA, "misses": 1, "retry_at": 8},
    ev.OfferWithdrawn: {"ticket_id": T1, "agent_id": ANA},
    ev.RetryAllowed: {"ticket_id": T1, "agent_id": ANA},
    ev.RingWidened: {"ticket_id": T1, "wanted": 2},
    ev.CoolDownEnded: {"agent_id": ANA},
    ev.TicketReserved: {"ticket_id": T1, "agent_id": ANA, "until": 9},
    ev.ReserveEnded: {"ticket_id": T1},
    ev.TicketRelaxed: {
        "ticket_id": T1,
        "step": 1,
        "skills": read_only({"x": 1}),
        "reach": Reach(1, 20),
        "priority": TicketPriority.HIGH,
        "added": (QueueId("sales"),),
    },
    ev.RoomWanted: {"ticket_id": T1},
    ev.RoomHeld: {"ticket_id": T1, "agent_id": ANA},
    ev.RoomReleased: {"ticket_id": T1, "agent_id": ANA},
    ev.TicketEscalated: {"ticket_id": T1, "hops": 3},
    ev.TicketReleased: {"ticket_id": T1, "agent_id": ANA},
    ev.TicketTransferred: {
        "ticket_id": T1,
        "from_queue": MAIL,
        "to_queue": QueueId("sales"),
        "arrived": 1,
    },
    ev.TicketReplied: {"ticket_id": T1, "author": Author.AGENT, "agent_id": ANA},
    ev.TicketHeld: {"ticket_id": T1, "status": HoldStatus.PENDING},
    ev.TicketResumed: {"ticket_id": T1, "agent_id": ANA, "cost": 1},
    ev.TicketResolved: {"ticket_id": T1, "agent_id": ANA, "wrap_up_until": 9},
    ev.WrapUpEnded: {"agent_id": ANA, "ticket_id": T1},
    ev.TicketClosed: {"ticket_id": T1},
    ev.TicketReopened: {"ticket_id": T1},
    ev.TicketAbandoned: {"ticket_id": T1},
    ev.TicketMerged: {"ticket_id": T1, "into": T2, "arrived": 1},
    ev.TicketPriorityChanged: {"ticket_id": T1, "priority": TicketPriority.LOW},
    ev.TicketChanged: {
        "ticket_id": T1,
        "ticket": Ticket(id=T1, skills={"x": 2}),
        "changed": ("skills",),
        "cost": 2,
    },
    ev.TicketRated: {"ticket_id": T1, "score": 100},
    ev.TicketsForgotten: {"before": 7, "count": 2},
    ev.RequesterErased: {"alias": "erased-7", "ticket_ids": (T1,)},
}
EVENTS = [kind(at=7, by="eve", **facts) for kind, facts in FACTS.items()]
events = pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)


def test_this_file_covers_every_event_class() -> None:
    kinds = {
        kind
        for _, kind in inspect.getmembers(ev, inspect.isclass)
        if issubclass(kind, ev.Event) and kind not in (ev.Event, ev.TicketEvent)
    }
    assert kinds == FACTS.keys()


@events
def test_an_event_cannot_be_changed(event: ev.Event) -> None:
    for attribute in fields(type(event)):
        with pytest.raises(FrozenInstanceError):
            setattr(event, attribute.name, None)


@events
def test_an_event_is_equal_by_content_and_kind(event: ev.Event) -> None:
    same = deepcopy(event)
    assert (same, hash(same)) == (event, hash(event))
    assert [other for other in EVENTS if other == event] == [event]
    assert evolve(event, at=8) != event
    assert evolve(event, cause=Cause.TIME) != event
    assert len({event, same, evolve(event, at=8)}) == 2


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
def test_a_maker_returns_the_same_value_as_the_class(kind: type[ev.Event]) -> None:
    made, called = maker(kind)(at=7, **FACTS[kind]), kind(at=7, **FACTS[kind])
    assert type(made) is kind
    assert (made, hash(made), repr(made)) == (called, hash(called), repr(called))
    assert pickle.loads(pickle.dumps(made)) == deepcopy(made) == called  # noqa: S301
    assert evolve(made, at=8) == evolve(called, at=8)
    for attribute in fields(kind):
        with pytest.raises(FrozenInstanceError):
            setattr(made, attribute.name, None)
    with pytest.raises(TypeError):
        maker(kind)(7)
    with pytest.raises(TypeError):
        maker(kind)()


@events
def test_an_event_survives_a_pickle(event: ev.Event) -> None:
    again = pickle.loads(pickle.dumps(event))  # noqa: S301  our own bytes
    assert (again, hash(again), repr(again)) == (event, hash(event), repr(event))


@events
def test_an_event_refuses_positional_arguments(event: ev.Event) -> None:
    with pytest.raises(TypeError):
        type(event)(7)  # type: ignore[call-arg]


@events
def test_an_event_carries_its_instant_its_cause_and_its_actor(event: ev.Event) -> None:
    assert (event.at, event.cause, event.by) == (7, Cause.COMMAND, "eve")


@pytest.mark.parametrize("told", [{"converter": int}, {"validator": attrs.validators.ge(0)}])
def test_a_maker_is_refused_for_a_class_that_converts_or_checks_fields(
    told: dict[str, Any],
) -> None:
    kind = attrs.make_class("Point", {"x": attrs.field(**told)}, frozen=True, weakref_slot=False)
    with pytest.raises(AssertionError):
        maker(kind)
