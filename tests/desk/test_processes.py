"""Several processes on one desk: nobody gets too much, nothing is done twice, nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

import pytest

from ticketroute import Agent, Author, Delivery, Queue, Ticket
from ticketroute.desk import Desk
from ticketroute.events import TicketAssigned, TicketReplied, TicketSubmitted
from ticketroute.testing import check

KILLS = int(os.environ.get("DESK_KILLS", "8"))
"""How many processes a test kills; 1000 for a night."""
ROUNDS = int(os.environ.get("DESK_ROUNDS", "2"))
"""How often races are run; 50 for a night."""
WORKER = Path(__file__).with_name("worker.py")


def start(what: str, address: str, *given: str, stop_at: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WORKER), what, address, *given],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "STOP_AT": stop_at},
    )


def go(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Wait until all have opened the desk, and let them begin at once."""
    for each in processes:
        assert each.stdout is not None
        assert each.stdout.readline() == "open\n"
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()


def heard(process: subprocess.Popen[str]) -> list[tuple[str, str]]:
    """Return what a process said until its end."""
    assert process.stdout is not None
    assert process.stdin is not None
    lines = process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    process.stdin.close()
    return [(line.split()[0], line.split()[1]) for line in lines if len(line.split()) == 2]


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
    address: str, round_: int
) -> None:
    with opened(address, ("ana", 3)) as desk:
        processes = [start("submits", address, f"p{number}", "7") for number in range(3)]
        go(processes)
        done = [word for each in processes for word in heard(each)]
        assert len(done) == 21
        judge(desk)
        assert len(desk.agent("ana").tickets) == 3
        assert len(desk.waiting("mail")) == 18


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_many_who_take_one_ticket_one_gets_it(address: str, round_: int) -> None:
    takers, tickets = 4, 10
    agents = [(f"p{number}", tickets) for number in range(takers)]
    with opened(address, *agents, delivery=Delivery.PULL) as desk:
        desk.submit_many([Ticket(id=f"t{number}", queue="mail") for number in range(tickets)])
        processes = [start("takes", address, name, str(tickets)) for name, _ in agents]
        go(processes)
        said = [word for each in processes for word in heard(each)]
        took = [what for verb, what in said if verb == "took"]
        assert sorted(took) == sorted(f"t{number}" for number in range(tickets))
        assert Counter(verb for verb, _ in said)["refused"] == tickets * (takers - 1)
        judge(desk)


def test_turns_are_fair(address: str) -> None:
    with opened(address, ("ana", 1)) as desk:
        processes = [start("submits", address, f"p{number}", "0") for number in range(3)]
        go(processes)
        while desk.head < 250:
            sleep(0.05)
            desk.refresh()
        for each in processes:
            each.kill()
        shares = [len(heard(each)) for each in processes]
        assert min(shares) * 3 >= max(shares), shares
        judge(desk)


def test_without_fair_turns_the_lock_of_sqlite_alone_keeps_it_right(tmp_path: Path) -> None:
    address = str(tmp_path / "desk.db")
    with opened(address, ("ana", 3)) as desk:
        processes = [
            start("submits", address, f"p{number}", "15", stop_at="no turns") for number in range(3)
        ]
        go(processes)
        assert [len(heard(each)) for each in processes] == [15, 15, 15]
        judge(desk)


def test_killed_processes_lose_nothing_and_do_nothing_twice(address: str) -> None:
    random = Random(7)  # noqa: S311  when to kill whom
    with opened(address, ("ana", 3), ("ben", 3)) as desk:
        said: list[tuple[str, str]] = []
        for round_ in range(max(1, KILLS // 2)):
            processes = [start("works", address, f"p{n}", str(round_)) for n in range(2)]
            go(processes)
            for each in random.sample(processes, 2):
                sleep(random.uniform(0.01, 0.25))
                each.kill()
            said += [word for each in processes for word in heard(each)]
        entries = judge(desk)
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


def replies(entries: list[Any]) -> Counter[str | None]:
    return Counter(entry.event.by for entry in entries if isinstance(entry.event, TicketReplied))


@pytest.mark.parametrize("mark", ["before commit", "after commit", "before publish"])
def test_a_process_that_dies_at_a_mark_leaves_all_of_a_command_or_nothing(
    address: str, mark: str
) -> None:
    with opened(address, ("ana", 3)) as desk:
        told: list[str] = []
        desk.subscribe(lambda entry: told.append(type(entry.event).__name__))
        process = start("submits", address, "p", "9", stop_at=mark)
        go([process])
        done = [what for _, what in heard(process)]
        assert process.returncode == -signal.SIGKILL
        assert done == ["p-0", "p-1"]
        entries = judge(desk)
        there = [e.event.ticket_id for e in entries if isinstance(e.event, TicketSubmitted)]
        assert there == [*done, "p-2"][: 2 if mark == "before commit" else 3]
        assert told.count("TicketSubmitted") == len(there)
        assigned = [e for e in entries if isinstance(e.event, TicketAssigned)]
        assert len(assigned) == len(there)
