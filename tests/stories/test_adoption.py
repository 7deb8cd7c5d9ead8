"""Tickets that come with the agent who has them, and tickets that leave their agent for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticketroute import Agent, RateLimit, Status, Ticket
from ticketroute.errors import DuplicateTicketError, TransitionError, UnknownAgentError
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.model import events as ev

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO = (AgentId(name) for name in ("ana", "ben", "cleo"))
MAIL = QueueId("mail")
T1, T2, T3 = (TicketId(f"t{number}") for number in (1, 2, 3))


def _ticket(ticket_id: str, **facts: str) -> Ticket:
    return Ticket(id=TicketId(ticket_id), queue=MAIL, **facts)  # type: ignore[arg-type]


def test_an_adopted_ticket_is_its_agents_at_once_and_nothing_else_happens(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=3)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.submit(_ticket("t1"), assigned_to=BEN, at=1)
    assert desk.told == ["t1 submitted", "t1 to ben, adopted"]
    assert [type(event).__name__ for event in desk.last] == ["TicketSubmitted", "TicketAssigned"]
    assert desk.load("ben") == 1


@pytest.mark.parametrize("strategy", ["round_robin", "average_load", "weighted_round_robin"])
def test_an_adoption_moves_no_turn(desk: Desk, strategy: str) -> None:
    desk.staff("ana", "ben", "cleo", capacity=50)
    desk.open_queue("mail", "ana", "ben", "cleo", strategy=strategy)
    turns = desk.snapshot()["queues"]["mail"]["turns"]
    for number in range(20):
        desk.submit(_ticket(f"old-{number}"), assigned_to=ANA, at=1)
    after = desk.snapshot()
    assert after["queues"]["mail"]["turns"] == turns
    assert [agent["last_assigned"] for agent in after["agents"].values()] == [0, 0, 0]


def test_an_adoption_does_not_count_towards_a_rate_limit(desk: Desk) -> None:
    limit = RateLimit(tickets=1, span=1_000)
    desk.add_agent(Agent(id=ANA, capacity=9, rate_limit=limit), presence="available", at=0)
    desk.open_queue("mail", "ana")
    desk.submit(_ticket("t1"), assigned_to=ANA, at=1)
    desk.ask("t2", "mail", at=2)
    desk.ask("t3", "mail", at=3)
    assert (desk.who("t2"), desk.who("t3")) == ("ana", None)


def test_an_agent_adopts_more_than_they_have_room_for_and_the_event_says_so(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    for number, exceeded in ((1, None), (2, "agent_limit"), (3, "agent_limit")):
        desk.submit(_ticket(f"t{number}"), assigned_to=ANA, at=number)
        assigned = desk.last[-1]
        assert isinstance(assigned, ev.TicketAssigned)
        assert assigned.exceeded == exceeded
    desk.resolve(T1, at=4)
    assert desk.load("ana") == 2
    assert "forced, against: agent_limit" in str(desk.explain(T2))


def test_an_agent_of_no_queue_may_own_tickets(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana")
    desk.submit(_ticket("t1"), assigned_to=BEN, at=1)
    assigned = desk.last[-1]
    assert isinstance(assigned, ev.TicketAssigned)
    assert (assigned.agent_id, assigned.exceeded) == ("ben", "not_member")
    desk.resolve(T1, at=2)
    assert desk.load("ben") == 0


def test_an_adoption_is_refused_whole(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    with pytest.raises(UnknownAgentError):
        desk.submit(_ticket("t1"), assigned_to=AgentId("nobody"), at=1)
    desk.submit(_ticket("t1"), assigned_to=ANA, at=2)
    desk.submit(_ticket("t1"), assigned_to=ANA, at=3)
    assert desk.last == ()
    with pytest.raises(DuplicateTicketError):
        desk.submit(_ticket("t1", requester="r"), assigned_to=ANA, at=4)


def test_the_requesters_next_ticket_goes_to_who_adopted_the_last(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=5)
    desk.open_queue("mail", "ana", "ben", strategy="top_down", keep_agent=True)
    desk.submit(_ticket("t1", requester="r"), assigned_to=BEN, at=1)
    desk.submit(_ticket("t2", requester="r"), at=2)
    assert desk.who("t2") == "ben"


def test_a_released_ticket_passes_over_the_agent_to_be_avoided(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=5)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    desk.release(T1, at=2)
    assert desk.who("t1") == "ana"  # without avoid, the first of the list again
    desk.release(T1, avoid=ANA, at=3)
    assert desk.who("t1") == "ben"
    desk.release(T1, avoid=BEN, at=4)
    assert desk.told == ["t1 from ben, released", "t1 waits: nobody_left"]
    desk.assign(T1, ANA, force=True, at=5)
    assert desk.who("t1") == "ana"


def test_who_is_to_be_avoided_has_to_be_on_the_desk(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    with pytest.raises(UnknownAgentError):
        desk.release(T1, avoid=AgentId("nobody"), at=2)
    assert desk.who("t1") == "ana"


def test_a_ticket_released_on_hold_is_nobodys_until_somebody_takes_it(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    desk.release(T1, hold="postponed", at=2)
    assert (desk.who("t1"), desk.ticket(T1).status) == (None, Status.POSTPONED)
    desk.ask("t2", "mail", at=3)
    desk.resolve(T2, at=4)
    assert desk.who("t1") is None
    desk.take(T1, BEN, at=5)
    assert (desk.who("t1"), desk.ticket(T1).status) == ("ben", Status.OPEN)


def test_a_ticket_on_hold_with_an_agent_cannot_be_taken(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    desk.hold(T1, at=2)
    with pytest.raises(TransitionError):
        desk.take(T1, BEN, at=3)
