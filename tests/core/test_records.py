"""What agents share, and the chain of their memberships."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from copy import deepcopy

import pytest
from attrs.exceptions import FrozenInstanceError

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.core.records import ORDINARY
from ticketroute.model.agent import Agent
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.queue import Delivery, Queue
from ticketroute.model.ticket import Ticket

ANA, BEN = AgentId("ana"), AgentId("ben")


def test_what_agents_share_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        ORDINARY.misses = 1


def test_an_agent_who_gives_a_reason_gives_it_for_nobody_else() -> None:
    desk = Dispatcher()
    for agent_id in (ANA, BEN):
        desk.add_agent(Agent(id=agent_id), presence="available", at=0)
    desk.set_presence(ANA, "away", reason="lunch", at=1)
    assert [agent.reason for agent in desk.agents()] == ["lunch", ""]
    assert desk._state.roster.agents[BEN].rare is ORDINARY


@pytest.mark.parametrize("left", ["abc", "bc", "ac", "ab", "c", "a", ""])
def test_an_agent_serves_the_queues_they_did_not_leave_in_the_order_they_came(left: str) -> None:
    desk = Dispatcher()
    desk.add_agent(Agent(id=ANA), at=0)
    for name in "abc":
        desk.add_queue(Queue(id=QueueId(name), members=[ANA]), at=0)
    for name in "abc":
        if name not in left:
            desk.remove_member(QueueId(name), ANA, at=1)
    assert "".join(desk.agent(ANA).queues) == left
    desk.add_queue(Queue(id=QueueId("d"), members=[ANA]), at=2)
    assert "".join(desk.agent(ANA).queues) == left + "d"


@pytest.mark.parametrize("copied", [deepcopy, lambda desk: pickle.loads(pickle.dumps(desk))])  # noqa: S301  our own
def test_a_copied_desk_shares_what_the_first_one_does_and_goes_on_by_itself(
    copied: Callable[[Dispatcher], Dispatcher],
) -> None:
    desk = Dispatcher()
    for agent_id in (ANA, BEN):
        desk.add_agent(Agent(id=agent_id), presence="available", at=0)
    mail = Queue(id=QueueId("mail"), members=[ANA, BEN], delivery=Delivery.OFFER)
    desk.add_queue(mail, at=0)
    other = copied(desk)
    ticket = Ticket(id=TicketId("t1"), queue=mail.id)
    assert other.submit(ticket, at=1) == desk.submit(ticket, at=1)
    assert other.decline(ticket.id, ANA, at=2) == desk.decline(ticket.id, ANA, at=2)
    assert other.same_state(desk)
    assert other._state.roster.agents[BEN].rare is not ORDINARY
