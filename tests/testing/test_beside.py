"""A desk is compared with the reference desk: each field of each event, and each refusal."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from attrs import evolve

from ticketroute import (
    Agent,
    Dispatcher,
    Escalation,
    Membership,
    Metric,
    Policy,
    Queue,
    Target,
    Ticket,
    commands,
)
from ticketroute.commands import Command, Resolve
from ticketroute.errors import (
    InvalidValueError,
    NotEligibleError,
    TicketRouteError,
    UnknownStrategyError,
)
from ticketroute.events import TicketAssigned
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.model.events import Events
from ticketroute.testing import DeskBesideReference, WatchedDesk

ANA, MAIL, T1, T2 = AgentId("ana"), QueueId("mail"), TicketId("t1"), TicketId("t2")


def told_by(resolve: Callable[..., Events]) -> DeskBesideReference:
    """Return a desk with an assigned and a waiting ticket, which resolves tickets by a function."""

    class Careless(Dispatcher):
        def do(self, command: Command, *, at: int, by: str | None = None) -> Events:
            do = super().do
            return (resolve if isinstance(command, Resolve) else _usually)(
                do, command, at=at, by=by
            )

    class Desk(DeskBesideReference, Careless):
        """Compares what the careless desk does."""

    desk = Desk()
    desk.add_agent(Agent(id=ANA, capacity=1), presence="available", at=0)
    desk.add_queue(Queue(id=MAIL, members=[ANA]), at=0)
    for ticket_id in (T1, T2):
        desk.submit(Ticket(id=ticket_id, queue=MAIL), at=0)
    return desk


def _usually(do: Callable[..., Events], command: Command, **when: Any) -> Events:
    return do(command, **when)


def nobody_did_it(do: Callable[..., Events], command: Command, **when: Any) -> Events:
    return Events(evolve(each, by=None) for each in do(command, **when))


def nothing_happened(do: Callable[..., Events], command: Command, **when: Any) -> Events:
    do(command, **when)
    return Events()


def may_not(_: Callable[..., Events], command: Command, **__: Any) -> Events:
    raise NotEligibleError("ana", getattr(command, "ticket_id", None), "away")


@pytest.mark.parametrize("careless", [nobody_did_it, nothing_happened, may_not])
def test_a_difference_from_the_reference_desk_fails(careless: Callable[..., Events]) -> None:
    desk = told_by(careless)
    with pytest.raises(AssertionError, match=r"desk\.resolve\(ticket_id='t1', .*at=5, by='ana'\)"):
        desk.resolve(T1, at=5, by="ana")


def test_equal_events_and_equal_refusals_pass() -> None:
    desk = told_by(_usually)
    desk.set_presence(ANA, "away", at=3)
    with pytest.raises(NotEligibleError):
        desk.assign(T2, ANA, at=4)
    desk.resolve(T1, at=5, by="ana")
    assert desk.reference.now == desk.now == 5


def test_an_invalid_value_is_refused_without_asking_the_reference_desk() -> None:
    desk = told_by(_usually)
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


DONE, NO = TicketId("done"), "no"  # which is the name of nothing
WRONG_TWICE = [
    commands.Merge(T1, into=TicketId(NO), expected_version=9),
    commands.Merge(DONE, into=TicketId(NO)),
    commands.Merge(T1, into=DONE),
    commands.Transfer(T1, QueueId(NO), AgentId(NO)),
    commands.Transfer(T1, QueueId(NO), expected_version=9),
    commands.Transfer(DONE, QueueId(NO)),
    commands.Assign(T1, AgentId(NO), expected_version=9),
    commands.Release(DONE, avoid=AgentId(NO), expected_version=9),
    commands.Release(DONE, avoid=AgentId(NO)),
    commands.Take(DONE, AgentId(NO)),
    commands.Submit(Ticket(id=T2, queue=QueueId(NO)), assigned_to=AgentId(NO)),
    commands.ChangeQueue(MAIL, {"members": [NO], "sla": NO}),
    commands.RemoveQueue(QueueId(NO), move_to=QueueId(NO)),
    commands.ChangeMember(MAIL, AgentId(NO), Membership()),
]


@pytest.mark.parametrize("command", WRONG_TWICE, ids=lambda command: type(command).__name__)
def test_of_two_things_that_are_wrong_both_desks_refuse_the_same(command: Command) -> None:
    desk = DeskBesideReference()
    desk.add_agent(Agent(id=ANA), presence="available", at=0)
    desk.add_queue(Queue(id=MAIL, members=[ANA]), at=0)
    for name in (T1, DONE):
        desk.submit(Ticket(id=name, queue=MAIL), at=0)
    desk.resolve(DONE, at=0)
    with pytest.raises(TicketRouteError):
        desk.do(command, at=1)


def test_a_draw_of_a_later_hand_out_at_the_same_instant_is_not_taken_for_the_one_before() -> None:
    """The wish is looked at among all; the draw came after the ticket was taken from its agent."""
    desk = DeskBesideReference(random=Random(5))  # noqa: S311  a seed, for the same draws each time
    for name in ("a", "b"):
        desk.add_agent(Agent(id=AgentId(name), capacity=2), presence="available", at=0)
    desk.add_queue(Queue(id=MAIL, strategy="random", members=["a", "b"]), at=0)
    level = Escalation(offset=-2, reassign=True)
    target = Target(within=2, escalations=[level])
    desk.set_policies([Policy(id="p", targets={Metric.FIRST_RESPONSE: target})], at=0)
    told = desk.submit(Ticket(id=T1, queue=MAIL, prefer=AgentId("a"), arrived=0), at=1)
    given = [(each.agent_id, each.cause.value) for each in told.of(TicketAssigned)]
    assert given == [("a", "preferred"), ("b", "routed")]
