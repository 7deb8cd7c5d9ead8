"""A watch that followed every event knows what one that looks for the first time would read."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute import Agent, Queue, Ticket
from ticketroute.desk import Desk, watch
from ticketroute.desk.watch import Watch
from ticketroute.errors import InvalidValueError, TicketRouteError
from ticketroute.model.events import WaitReason
from ticketroute.model.relaxation import Relaxation
from ticketroute.testing import FrozenClock
from ticketroute.testing.history import History, Tape, histories
from ticketroute.testing.world import World


def plain(seen: Watch) -> dict[str, Any]:
    """Return all that a watch knows, so that two can be compared."""
    return {
        "queues": {
            queue.id: (
                +queue.tickets,
                +queue.agents,
                (queue.off_shift, queue.there, queue.with_room),
                (queue.capacity, queue.load, queue.free),
                list(queue.line),
                seen.reasons(queue.id),
            )
            for queue in seen.queues.values()
        },
        "tickets": seen.tickets,
        "agents": seen.agents,
        "order": [agent.id for agent in seen.agents_in_order(0, 1_000)],
        "dues": list(seen.dues),
        "clocks": +seen.clocks,
    }


def fresh(desk: Desk) -> dict[str, Any]:
    new = Watch(desk)
    new.look()
    new.close()
    return plain(new)


# Most drawn histories are short, and short ones give no ticket to anybody.
HISTORIES = st.one_of(
    histories(min_size=20, max_size=40),
    histories(World(service_levels=True), min_size=20, max_size=40),
)


@given(history=HISTORIES, every=st.integers(1, 4))
def test_following_the_events_comes_to_what_a_first_look_reads(
    history: History, every: int
) -> None:
    clock = FrozenClock()
    desk = Desk(
        clock=clock,
        defaults=history.defaults,
        random=Tape(history.seed),
        permits=history.permits,
    )
    following = Watch(desk)
    for number, call in enumerate(history.calls(desk._dispatcher)):
        clock.now = call.at
        with suppress(TicketRouteError, InvalidValueError):
            desk.do(call.kind(*call.values, **call.facts), by=call.by)
        if number % every == 0:
            following.look()
            assert plain(following) == fresh(desk)


@given(history=HISTORIES)
def test_the_open_clocks_are_those_of_the_desk(history: History) -> None:
    clock = FrozenClock()
    desk = Desk(clock=clock, defaults=history.defaults, random=Tape(history.seed))
    for call in history.calls(desk._dispatcher):
        clock.now = call.at
        with suppress(TicketRouteError, InvalidValueError):
            desk.do(call.kind(*call.values, **call.facts), by=call.by)
    seen = Watch(desk)
    seen.look()
    known = desk.time_left()
    assert sum(seen.clocks.values()) == len(known)
    assert Counter(due.due for due in seen.dues) == Counter(
        each.due for each in known if each.due is not None
    )


def small(desk: Desk) -> Watch:
    desk.add_agent(Agent(id="ana", capacity=2), presence="available")
    desk.add_queue(Queue(id="mail", members=["ana"]))
    seen = Watch(desk)
    seen.look()
    return seen


def test_a_quiet_watch_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    seen = small(desk)
    for name in ("ticket", "agent", "tickets", "agents", "queues"):
        monkeypatch.setattr(desk, name, None)
    seen.look()
    assert seen.queues["mail"].with_room == 1


def test_one_command_makes_a_look_read_one_ticket_and_one_agent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    seen = small(desk)
    for number in range(50):
        desk.add_agent(Agent(id=f"other-{number}"))
    seen.look()
    read: list[str] = []
    agent = desk.agent

    def noted(name: str) -> Any:
        read.append(name)
        return agent(name)

    monkeypatch.setattr(desk, "agent", noted)
    desk.submit(Ticket(id="t1", queue="mail"))
    seen.look()
    assert read == ["ana"]
    assert seen.queues["mail"].free == 1


def test_too_many_changes_between_looks_make_the_next_look_read_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "MOST_NOTED", 5)
    desk = Desk()
    seen = small(desk)
    for number in range(10):
        desk.submit(Ticket(id=f"t{number}", queue="mail"))
    assert len(seen._noted) <= 5
    seen.look()
    assert plain(seen) == fresh(desk)
    assert seen.queues["mail"].waiting == 8


def test_a_watch_does_not_keep_what_a_host_gives_up(tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415

    path = tmp_path / "desk.db"
    with Desk.open(path) as desk:
        seen = small(desk)
        host = sqlite3.connect(path, isolation_level=None)
        host.execute("BEGIN IMMEDIATE")
        with desk.inside(host) as inside:
            inside.submit(Ticket(id="t1", queue="mail"))
            seen._noted.append(("t1", None))  # as if an event of it had been told
            seen.look()
            assert "t1" in seen.tickets
        host.execute("ROLLBACK")
        host.close()
        desk.refresh()
        seen.look()
        assert plain(seen) == fresh(desk)
        assert seen.queues["mail"].free == 2


def test_a_watch_follows_what_other_processes_do(address: str) -> None:
    with Desk.open(address) as here, Desk.open(address) as there:
        seen = small(here)
        there.submit(Ticket(id="t1", queue="mail"))
        there.submit(Ticket(id="t2", queue="mail"))
        there.submit(Ticket(id="t3", queue="mail"))
        here.refresh()
        seen.look()
        assert plain(seen) == fresh(here)
        assert seen.reasons("mail") == {WaitReason.NOBODY_FREE: 1}


def test_an_agent_is_read_again_when_their_ticket_goes_on_hold() -> None:
    desk = Desk()
    seen = small(desk)
    desk.submit(Ticket(id="t1", queue="mail"))
    seen.look()
    desk.hold("t1")
    seen.look()
    assert seen.agents["ana"].parked == ("t1",)
    assert plain(seen) == fresh(desk)


def test_a_reason_follows_agents_of_the_other_queues_that_a_ticket_waits_in() -> None:
    clock = FrozenClock()
    desk = Desk(clock=clock)
    desk.add_agent(Agent(id="ana", capacity=1), presence="away")
    desk.add_queue(Queue(id="second", members=["ana"]))
    desk.add_queue(Queue(id="first", relaxations=[Relaxation(after=10, add_queue="second")]))
    desk.submit(Ticket(id="t1", queue="first"))
    clock.now = 20
    desk.advance()
    seen = Watch(desk)
    seen.look()
    assert seen.reasons("first") == {WaitReason.NOBODY_AVAILABLE: 1}
    desk.submit(Ticket(id="t2", queue="second"))
    desk.assign("t2", "ana", force=True)
    desk.set_presence("ana", "available")
    seen.look()
    assert seen.reasons("first") == {WaitReason.NOBODY_FREE: 1}
