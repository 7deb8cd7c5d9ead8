"""A board of a desk that is kept in either database, while another process works on it."""

from __future__ import annotations

import json

from ticketroute import Agent, Queue, Ticket
from ticketroute.desk import Desk
from ticketroute.web import Source


def test_a_board_follows_a_kept_desk(address: str) -> None:
    with Desk.open(address) as here, Desk.open(address) as there:
        there.add_agent(Agent(id="ana", capacity=1), presence="available")
        there.add_queue(Queue(id="mail", members=["ana"]))
        source = Source(here, every=0)
        for number in range(3):
            there.submit(Ticket(id=f"t{number}", queue="mail"))
            (mail,) = json.loads(source.state().body)["queues"]
            assert (mail["assigned"], mail["waiting"]) == (1, number)
            assert mail["today"]["came"] == number + 1
        assert b"agent_limit" in (source.explanation("t2") or b"")
