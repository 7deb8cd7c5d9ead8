"""A desk beside the reference desk: each field of each event is compared, and each refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from ticketroute import Agent, AgentId, Dispatcher, Event, Queue, QueueId, Ticket, TicketId
from ticketroute.commands import Command, Resolve
from ticketroute.errors import InvalidValueError, NotEligibleError, UnknownStrategyError
from ticketroute.testing import DeskBesideReference, WatchedDesk

ANA, MAIL, T1, T2 = AgentId("ana"), QueueId("mail"), TicketId("t1"), TicketId("t2")
Done = tuple[Event, ...]


def told_by(resolve: Callable[..., Done]) -> DeskBesideReference:
    """Return a desk with a ticket at work and another that waits, which resolves in its own way."""

    class Careless(Dispatcher):
        def do(self, command: Command, **facts: Any) -> Any:
            does = resolve if isinstance(command, Resolve) else Dispatcher.do
            return does(self, command, **facts)

    desk: DeskBesideReference = type("Desk", (DeskBesideReference, Careless), {})()
    desk.add_agent(Agent(id=ANA, capacity=1), presence="available", at=0)
    desk.add_queue(Queue(id=MAIL, members=[ANA]), at=0)
    for ticket_id in (T1, T2):
        desk.submit(Ticket(id=ticket_id, queue=MAIL), at=0)
    return desk


def nobody_did_it(desk: Dispatcher, command: Resolve, **facts: Any) -> Done:
    return tuple(evolve(each, by=None) for each in Dispatcher.do(desk, command, **facts))


def nothing_happened(desk: Dispatcher, command: Resolve, **facts: Any) -> Done:
    Dispatcher.do(desk, command, **facts)
    return ()


def may_not(_: Dispatcher, command: Resolve, **__: Any) -> Done:
    raise NotEligibleError("ana", command.ticket_id, "away")


@pytest.mark.parametrize("careless", [nobody_did_it, nothing_happened, may_not])
def test_what_the_reference_desk_does_otherwise_fails(careless: Callable[..., Done]) -> None:
    desk = told_by(careless)
    with pytest.raises(AssertionError, match=r"desk\.resolve\(.*'t1', .*at=5, by='ana'\)"):
        desk.resolve(T1, at=5, by="ana")


def test_what_it_does_likewise_passes_refusals_too() -> None:
    desk = told_by(Dispatcher.do)
    desk.set_presence(ANA, "away", at=3)
    with pytest.raises(NotEligibleError):
        desk.assign(T2, ANA, at=4)
    desk.resolve(T1, at=5, by="ana")
    assert desk.reference.now == desk.now == 5


def test_values_that_are_none_are_the_cores_own_to_refuse() -> None:
    desk = told_by(Dispatcher.do)
    with pytest.raises(InvalidValueError):
        desk.advance(at=-1)
    with pytest.raises(UnknownStrategyError):
        desk.change_queue(MAIL, strategy="nobodys", at=1)
    desk.resolve(T1, at=5)


def test_a_desk_may_check_itself_as_well() -> None:
    class Desk(DeskBesideReference, WatchedDesk):
        """Both."""

    desk = Desk()
    desk.add_agent(Agent(id=ANA), at=0)
    assert desk.last == tuple(desk.history)
    assert desk.reference.now == 0
