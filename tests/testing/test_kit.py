"""The kit itself: its names, its fixtures, and the mistakes it finds."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

import ticketroute.testing as kit
from ticketroute import Agent, Delivery, Dispatcher, Queue, Ticket, commands
from ticketroute.errors import NotEligibleError
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.model import events as ev
from ticketroute.testing import FrozenClock, History, Judge, WatchedDesk, check, histories
from ticketroute.testing.calls import call

ANA, BEN, Q, T = AgentId("ana"), AgentId("ben"), QueueId("q"), TicketId("t")


def test_every_name_of_the_kit_exists_and_has_a_type() -> None:
    assert all(getattr(kit, name).__name__ == name for name in kit.__all__)
    tree = ast.parse(Path(str(kit.__file__)).read_text(encoding="utf-8"))
    typed = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("ticketroute.testing.")
        for alias in node.names
    }
    assert typed == {name: f"ticketroute.testing.{home}" for name, home in kit._HOME.items()}
    with pytest.raises(AttributeError, match="nothing"):
        _ = kit.nothing


def test_the_plug_in_imports_neither_the_kit_nor_hypothesis() -> None:
    program = (
        "import sys, ticketroute.testing.plugin as _;"
        "kit = ('hypothesis', 'ticketroute.testing.checks');"
        "print([name for name in kit if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "[]\n"


def test_the_fixtures_are_a_desk_that_checks_itself_and_a_frozen_clock(
    desk: WatchedDesk, frozen_clock: FrozenClock
) -> None:
    assert frozen_clock() == frozen_clock() == 0
    desk.add_agent(Agent(id=ANA, capacity=1), presence="available", at=frozen_clock())
    desk.add_queue(
        Queue(id=Q, members=[ANA], delivery=Delivery.OFFER, strategy="random"),
        at=frozen_clock(),
    )
    desk.submit(Ticket(id=T, queue=Q), at=frozen_clock.pass_by(5))
    assert frozen_clock.reach_deadline(desk) == 30_005
    (expired, *_) = desk.advance(at=frozen_clock())
    assert isinstance(expired, ev.OfferExpired)
    with pytest.raises(NotEligibleError):
        desk.take(T, ANA, at=30_006)
    with pytest.raises(ValueError, match="cannot go back"):
        frozen_clock.reach(5)
    assert len(desk.history) == 1 + 1 + 1 + 2 + 2


@given(histories(max_size=20))
def test_a_history_run_twice_gives_the_same_events_and_a_correct_desk(history: History) -> None:
    desk = history.desk()
    turns = history.run(desk)
    assert [turn.events for turn in history.run()] == [turn.events for turn in turns]
    assert history.script().count("\n") == len(turns)
    desk.advance(at=desk.now)
    check(desk)


def test_a_command_is_shown_as_source_code() -> None:
    queue = Queue(id=Q, members=[ANA], strategy="ring_all(step=2)")
    assert str(call(commands.AddQueue, queue, at=3)) == (
        "desk.add_queue(Queue(id='q', strategy='ring_all(step=2)', "
        "members={'ana': Membership()}), at=3)"
    )


def opened() -> Dispatcher:
    desk = Dispatcher()
    for name in (ANA, BEN):
        desk.add_agent(Agent(id=name, capacity=1), presence="available", at=0)
    desk.add_queue(Queue(id=Q, members=[ANA, BEN]), at=0)
    tickets = [Ticket(id=TicketId(f"t{number}"), queue=Q) for number in range(3)]
    desk.submit_many(tickets, at=1)
    return desk


def _count(desk: Dispatcher) -> None:
    desk._state.roster.agents[ANA].load += 1


def _index(desk: Dispatcher) -> None:
    queue = desk._state.roster.queues[Q]
    queue.strategy.join(queue.members[ANA])


def _line(desk: Dispatcher) -> None:
    desk._state.tickets[TicketId("t2")].arrived = 0


def _timer(desk: Dispatcher) -> None:
    desk._state.tickets[TicketId("t1")].wrap_up_until = 99


@pytest.mark.parametrize("spoil", [_count, _index, _line, _timer])
def test_check_finds_a_wrong_index_or_counter(spoil: Any) -> None:
    desk = opened()
    check(desk)
    spoil(desk)
    with pytest.raises(AssertionError):
        check(desk)


def test_check_names_the_figure_whose_it_is_and_both_values() -> None:
    program = (
        "from ticketroute import Agent, Dispatcher\n"
        "from ticketroute.testing import check\n"
        "desk = Dispatcher()\n"
        "desk.add_agent(Agent(id='ana', capacity=1), at=0)\n"
        "desk._state.roster.agents['ana'].load += 1\n"
        "check(desk)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert answer.stderr.splitlines()[-1] == (
        "AssertionError: agent_id 'ana', record 'ana': record.load is kept as 1; "
        "computed again it is 0"
    )


def test_a_judge_finds_a_ticket_given_to_the_wrong_agent() -> None:
    desk, judge = Dispatcher(), Judge()
    judge.take_in(desk.add_agent(Agent(id=ANA, capacity=1), presence="away", at=0))
    judge.take_in(desk.add_queue(Queue(id=Q, members=[ANA]), at=0))
    submitted, *_ = desk.submit(Ticket(id=T, queue=Q), at=1)
    judge.take_in([submitted])
    with pytest.raises(AssertionError, match="may not get"):
        judge.take_in(
            [
                ev.TicketAssigned(
                    at=1,
                    cause=ev.Cause.ROUTED,
                    ticket_id=T,
                    queue_id=Q,
                    agent_id=ANA,
                    cost=1,
                )
            ]
        )


def test_programs_that_tests_start_can_be_interrupted_also_in_a_shells_background() -> None:
    program = (
        "import runpy, signal, subprocess, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})  # as pytest does\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does\n"
        f"runpy.run_path({str(Path(__file__).parents[1] / 'conftest.py')!r})\n"
        "ask = 'import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)'\n"
        "subprocess.run([sys.executable, '-c', ask], check=True)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "False\n"
