"""Several processes on one desk: nobody gets too much, nothing is done twice, nothing is lost."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

import pytest

from ticketroute import Agent, Author, Delivery, OfferPolicy, Queue, Ticket
from ticketroute.desk import Desk
from ticketroute.events import (
    OfferExpired,
    TicketAssigned,
    TicketOffered,
    TicketReplied,
    TicketSubmitted,
)
from ticketroute.testing import check

KILLS = int(os.environ.get("DESK_KILLS", "8"))
"""How many processes a test kills; 1000 for a night."""
ROUNDS = int(os.environ.get("DESK_ROUNDS", "2"))
"""How often races are run; 50 for a night."""
TAKES = int(os.environ.get("DESK_TAKES", "4"))
"""Of how many tickets sixteen processes take each one; 200 for a night."""
TAKERS = 16


def opened(address: str, *agents: tuple[str, int], **facts: Any) -> Desk:
    desk = Desk.open(address, wait=30)
    for name, capacity in agents:
        desk.add_agent(Agent(id=name, capacity=capacity), presence="available")
    desk.add_queue(Queue(id="mail", members=[name for name, _ in agents], **facts))
    return desk


def judge(desk: Desk) -> list[Any]:
    """The memory is sound and is the fold of the journal; positions have no gap."""
    desk.refresh()
    entries = list(desk.events())
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    again = desk._memory.fresh()
    again.follow(entry.event for entry in entries)
    assert desk._memory.fold.dispatcher.same_state(again)
    check(desk._memory.fold.dispatcher)
    return entries


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_an_agent_of_three_gets_three_of_twenty_tickets_from_three_processes(
    address: str, workers: Any, round_: int
) -> None:
    with opened(address, ("ana", 3)) as desk:
        started = workers.start(
            *(("submits", address, f"p{n}", many) for n, many in enumerate(("7", "7", "6")))
        )
        assert sum(len(each.rest()) for each in started) == 20
        judge(desk)
        assert len(desk.agent("ana").tickets) == 3
        assert len(desk.waiting("mail")) == 17


def test_of_sixteen_processes_that_take_one_ticket_one_gets_it(address: str, workers: Any) -> None:
    agents = [(f"p{number}", TAKES) for number in range(TAKERS)]
    with opened(address, *agents, delivery=Delivery.PULL) as desk:
        desk.submit_many([Ticket(id=f"t{number}", queue="mail") for number in range(TAKES)])
        started = workers.start(*(("takes", address, name, str(TAKES)) for name, _ in agents))
        for number in range(TAKES):
            said = Counter(each.line() for each in started)
            assert said == {f"took t{number}": 1, f"refused t{number}": TAKERS - 1}
            for each in started:
                each.go()
        judge(desk)


def test_turns_are_fair(address: str, workers: Any) -> None:
    with opened(address, ("ana", 1)) as desk:
        started = workers.start(*(("submits", address, f"p{n}", "0") for n in range(3)))
        while desk.head < 250:
            sleep(0.05)
            desk.refresh()
        for each in started:
            each.process.kill()
        shares = [len(each.rest()) for each in started]
        assert min(shares) * 3 >= max(shares), shares
        judge(desk)


def test_without_fair_turns_the_lock_of_sqlite_alone_keeps_it_right(
    tmp_path: Path, workers: Any
) -> None:
    address = str(tmp_path / "desk.db")
    with opened(address, ("ana", 3)) as desk:
        commands = [("submits", address, f"p{number}", "15") for number in range(3)]
        started = workers.start(*commands, stop_at="no turns")
        assert [len(each.rest()) for each in started] == [15, 15, 15]
        judge(desk)


def test_killed_processes_lose_nothing_and_do_nothing_twice(address: str, workers: Any) -> None:
    random = Random(7)  # noqa: S311  when to kill whom
    with opened(address, ("ana", 3), ("ben", 3)) as desk:
        desk.add_agent(Agent(id="cleo", capacity=1_000), presence="available")
        ring = OfferPolicy(timeout=60)  # which nobody answers
        desk.add_queue(Queue(id="ring", members=["cleo"], delivery=Delivery.OFFER, offer=ring))
        said: list[tuple[str, str]] = []
        seen: dict[str, Any] = {}
        for round_ in range(max(1, KILLS // 2)):
            started = workers.start(*(("works", address, f"p{n}", str(round_)) for n in range(2)))
            for each in random.sample(started, 2):
                sleep(random.uniform(0.01, 0.25))
                each.process.kill()
            said += [word for each in started for word in each.rest()]
            with desk.consume("mailer", most=10_000) as news:
                seen |= {entry.id: entry.event for entry in news}
            if round_ % 5 == 4:
                desk.save_snapshot()  # from which the next processes start
        entries = judge(desk)
        there = {entry.id: entry.event for entry in entries}
        assert all(there[each] == event for each, event in seen.items())
        fired_once(entries)
        came = replies(entries)
        assert set(came.values()) <= {1}
        done = {what for verb, what in said if verb == "done"}
        tried = {what for verb, what in said if verb == "try"}
        assert done <= set(came)
        assert set(came) <= tried
        resolved = {what for verb, what in said if verb == "resolved"}
        assert all(str(desk.ticket(each).state) == "RoutingState.DONE" for each in resolved)
        for ticket_id in tried - done:  # in doubt: given again, each is there once
            desk.submit(Ticket(id=ticket_id, queue="mail"))
            desk.reply(ticket_id, Author.REQUESTER, by=ticket_id, key=ticket_id)
        assert replies(judge(desk)) == Counter(tried)


def fired_once(entries: list[Any]) -> None:
    """Each offer expired at most once: there is no more than one expiry for each offer so far."""
    open_offers: Counter[tuple[str, str]] = Counter()
    expired = 0
    for entry in entries:
        event = entry.event
        if isinstance(event, TicketOffered):
            open_offers[event.ticket_id, event.agent_id] += 1
        if isinstance(event, OfferExpired):
            open_offers[event.ticket_id, event.agent_id] -= 1
            assert open_offers[event.ticket_id, event.agent_id] == 0, entry
            expired += 1
    assert expired


def replies(entries: list[Any]) -> Counter[str | None]:
    return Counter(entry.event.by for entry in entries if isinstance(entry.event, TicketReplied))


@pytest.mark.parametrize("mark", ["before commit", "after commit", "before publish"])
def test_a_process_that_dies_at_a_mark_leaves_all_of_a_command_or_nothing(
    address: str, workers: Any, mark: str
) -> None:
    with opened(address, ("ana", 3)) as desk:
        told: list[str] = []
        desk.subscribe(lambda entry: told.append(type(entry.event).__name__))
        (worker,) = workers.start(("submits", address, "p", "9"), stop_at=mark)
        done = [what for _, what in worker.rest()]
        assert worker.process.returncode == -signal.SIGKILL
        assert done == ["p-0", "p-1"]
        entries = judge(desk)
        there = [e.event.ticket_id for e in entries if isinstance(e.event, TicketSubmitted)]
        assert there == [*done, "p-2"][: 2 if mark == "before commit" else 3]
        assert told.count("TicketSubmitted") == len(there)
        assigned = [e for e in entries if isinstance(e.event, TicketAssigned)]
        assert len(assigned) == len(there)
