"""A desk is compared with the reference desk: each field of each event, and each refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from ticketroute import Agent, AgentId, Dispatcher, Event, Queue, QueueId, Ticket, TicketId
from ticketroute.errors import InvalidValueError, NotEligibleError, UnknownStrategyError
from ticketroute.testing import DeskBesideReference, WatchedDesk

ANA, MAIL, T1, T2 = AgentId("ana"), QueueId("mail"), TicketId("t1"), TicketId("t2")
Events = tuple[Event, ...]


def told_by(resolve: Callable[..., Events]) -> DeskBesideReference:
    """Return a desk with an assigned and a waiting ticket, whose ``resolve`` is replaced."""
    careless: type[Any] = type("Careless", (Dispatcher,), {"resolve": resolve})
    kind = type("Desk", (DeskBesideReference, careless), {})
    desk: DeskBesideReference = kind()
    desk.add_agent(Agent(id=ANA, capacity=1), presence="available", at=0)
    desk.add_queue(Queue(id=MAIL, members=[ANA]), at=0)
    for ticket_id in (T1, T2):
        desk.submit(Ticket(id=ticket_id, queue=MAIL), at=0)
    return desk


def nobody_did_it(desk: Dispatcher, ticket_id: TicketId, **facts: Any) -> Events:
    return tuple(evolve(each, by=None) for each in Dispatcher.resolve(desk, ticket_id, **facts))


def nothing_happened(desk: Dispatcher, ticket_id: TicketId, **facts: Any) -> Events:
    Dispatcher.resolve(desk, ticket_id, **facts)
    return ()


def may_not(_: Dispatcher, ticket_id: TicketId, **__: Any) -> Events:
    raise NotEligibleError("ana", ticket_id, "away")


@pytest.mark.parametrize("careless", [nobody_did_it, nothing_happened, may_not])
def test_a_difference_from_the_reference_desk_fails(careless: Callable[..., Events]) -> None:
    desk = told_by(careless)
    with pytest.raises(AssertionError, match=r"desk\.resolve\('t1', at=5, by='ana'\)"):
        desk.resolve(T1, at=5, by="ana")


def test_equal_events_and_equal_refusals_pass() -> None:
    desk = told_by(Dispatcher.resolve)
    desk.set_presence(ANA, "away", at=3)
    with pytest.raises(NotEligibleError):
        desk.assign(T2, ANA, at=4)
    desk.resolve(T1, at=5, by="ana")
    assert desk.reference.now == desk.now == 5


def test_an_invalid_value_is_refused_without_asking_the_reference_desk() -> None:
    desk = told_by(Dispatcher.resolve)
    with pytest.raises(InvalidValueError):
        desk.advance(at=-1)
    with pytest.raises(UnknownStrategyError):
        desk.change_queue(MAIL, strategy="nobodys", at=1)
    desk.resolve(T1, at=5)


def test_a_compared_desk_may_check_itself_as_well() -> None:
    class Desk(DeskBesideReference, WatchedDesk):
        """Both."""

    desk = Desk()
    desk.add_agent(Agent(id=ANA), at=0)
    assert desk.last == tuple(desk.history)
    assert desk.reference.now == 0
