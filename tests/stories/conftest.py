"""The kit's desk, which checks itself after every command, with words for stories."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from inspect import isawaitable
from itertools import count
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from ticketroute import Agent, Metric, Policy, Queue, RoutingState, Target, Ticket
from ticketroute import desk as kept
from ticketroute.commands import Command
from ticketroute.errors import DuplicateTicketError
from ticketroute.events import Event, Events
from ticketroute.model import AgentId, Instant, PolicyId, QueueId, Span, TicketId
from ticketroute.model import events as ev
from ticketroute.sla import events as sla
from ticketroute.testing import WatchedDesk
from ticketroute.testing.beside import DeskBesideReference
from ticketroute.testing.history import REFUSALS

KINDS = ("memory", "sqlite", "postgres", "async sqlite", "async postgres")
"""The kinds of kept desk. Each story is told to one of them, and with DESK_STORIES=all to all."""
NAMES = count(1)


class ForgottenIdError(Exception):
    """A kept desk refuses an id that its journal has, although the desk has forgotten it."""


class KeptBeside:
    """A kept desk that is given the commands of a story as well, at the same instants."""

    def __init__(self, kind: str, address: str, given: dict[str, Any]) -> None:
        self.kind, self.now = kind, 0
        facts = {"clock": lambda: self.now, **given}
        self._loop = asyncio.new_event_loop() if "async" in kind else None
        opening: Any = kept.Desk
        if address:
            opens = kept.AsyncDesk.open if self._loop else kept.Desk.open
            facts |= {"durability": "normal", "create": True, "name": f"story-{next(NAMES)}"}
            self.desk = self._wait(opens(address, **facts))
        else:
            self.desk = opening(**facts)

    def _wait(self, answer: Any) -> Any:
        if self._loop is not None and isawaitable(answer):
            return self._loop.run_until_complete(answer)
        return answer

    def do(self, command: Command, at: Instant, by: str | None) -> type[Exception] | None:
        """Do a command; return what refused it."""
        self.now = at
        try:
            self._wait(self.desk.do(command, by=by))
        except DuplicateTicketError as refused:
            return ForgottenIdError if refused.forgotten else DuplicateTicketError
        except REFUSALS as refused:
            return type(refused)
        return None

    def check(self, story: Desk) -> None:
        """Check that the same happened here, and that the desk is what it led to."""
        events = [entry.event for entry in self._entries()]
        assert events == story.history, f"a desk on {self.kind} has other events"
        assert self.desk._memory.fold.dispatcher.same_state(story)

    def _entries(self) -> list[Any]:
        if self._loop is None:
            return list(self.desk.events())

        async def listed() -> list[Any]:
            return [entry async for entry in self.desk.events()]

        return self._loop.run_until_complete(listed())

    def close(self) -> None:
        self._wait(self.desk.close())
        if self._loop is not None:
            self._loop.close()


class Desk(DeskBesideReference, WatchedDesk):
    """A desk that checks itself, with words that make stories short."""

    kept: tuple[KeptBeside, ...] = ()

    def do(self, command: Command, *, at: Instant, by: str | None = None) -> Events:
        """Do a command here, and on the kept desks beside, which do or refuse the same."""
        beside = self.kept if type(at) is int and at >= self.now else ()
        refused: type[Exception] | None = None
        try:
            return super().do(command, at=at, by=by)
        except REFUSALS as fault:
            refused = type(fault)
            raise
        except BaseException:  # of the host's own code: a kept desk then does nothing
            self.kept = beside = ()
            raise
        finally:
            for each in beside:
                there = each.do(command, at, by)
                if there is ForgottenIdError:
                    self.kept = ()
                else:
                    assert there is refused, f"a desk on {each.kind} did otherwise"

    # --- words for stories ------------------------------------------------------------------

    def staff(self, *names: str, **facts: Any) -> None:
        """Add agents who are available from instant 0."""
        for name in names:
            self.add_agent(Agent(id=AgentId(name), **facts), presence="available", at=self.now)

    def open_queue(self, name: str, *members: str, **facts: Any) -> None:
        """Open a queue with plain members."""
        ids = [AgentId(member) for member in members]
        facts.setdefault("members", ids)
        self.add_queue(Queue(id=QueueId(name), **facts), at=self.now)

    def promise(self, *, name: str = "gold", **promised: Any) -> None:
        """Set one policy: targets or spans by the names of metrics, and the policy's facts."""
        self.set_policies([agreed(name, **promised)], at=self.now)

    def ask(self, name: str, queue: str, *, at: Instant, **facts: Any) -> None:
        """Submit a ticket."""
        self.submit(Ticket(id=TicketId(name), queue=QueueId(queue), **facts), at=at)

    def who(self, name: str) -> str | None:
        """Return the agent who has the ticket."""
        return self.ticket(TicketId(name)).agent_id

    def state(self, name: str) -> RoutingState:
        """Return where the ticket is."""
        return self.ticket(TicketId(name)).state

    def load(self, name: str) -> int:
        """Return the units of capacity that the agent's work takes."""
        return self.agent(AgentId(name)).load

    @property
    def told(self) -> list[str]:
        """What the last command led to, in few words."""
        return [brief(event) for event in self.last]


def agreed(name: str, **promised: Any) -> Policy:
    """Return a policy: targets or spans by the names of metrics, and the policy's facts."""
    metrics = [metric for metric in Metric if metric.value in promised]
    targets = {metric: target_of(promised.pop(metric.value)) for metric in metrics}
    return Policy(id=PolicyId(name), targets=targets, **promised)


def target_of(promised: Target | Span) -> Target:
    """Return a target; a span stands for a plain one."""
    return promised if isinstance(promised, Target) else Target(within=promised)


def brief_of_clock(event: sla.ClockEvent) -> str:
    """Return what happened to a clock in few words."""
    cycle = "" if event.cycle == 1 else f" {event.cycle}"
    which = f"{event.ticket_id} {event.metric.value}{cycle}"
    match event:
        case sla.ClockStarted():
            return f"{which} starts, due {event.due}"
        case sla.ClockPaused():
            return f"{which} pauses, {event.remaining} left"
        case sla.ClockResumed():
            return f"{which} goes on, due {event.due}"
        case sla.ClockRetargeted():
            return f"{which} within {event.within}, due {event.due}"
        case sla.ClockEnded():
            return f"{which} {event.outcome.value}, {event.elapsed}"
        case sla.ClockWarned():
            return f"{which} at {event.share} %"
        case sla.ClockEscalated():
            return f"{which} level {event.level}: {event.notify}"
        case _:
            return f"{which} {type(event).__name__.removeprefix('Clock').lower()}"


def brief(event: Event) -> str:  # noqa: C901  one line for each sort of event
    """Return an event in few words."""
    match event:
        case ev.TicketSubmitted():
            return f"{event.ticket_id} submitted"
        case ev.TicketQueued():
            reason = "" if event.reason is None else f": {event.reason.value}"
            return f"{event.ticket_id} waits{reason}"
        case ev.TicketAssigned():
            forced = "" if event.exceeded is None else f" over {event.exceeded}"
            return f"{event.ticket_id} to {event.agent_id}, {event.cause.value}{forced}"
        case ev.TicketReleased():
            return f"{event.ticket_id} from {event.agent_id}, {event.cause.value}"
        case ev.TicketTransferred():
            return f"{event.ticket_id} {event.from_queue} -> {event.to_queue}"
        case ev.TicketResumed():
            return f"{event.ticket_id} resumed by {event.agent_id}"
        case ev.WrapUpEnded():
            return f"{event.agent_id} wrapped up {event.ticket_id}"
        case ev.TicketMerged():
            return f"{event.ticket_id} merged into {event.into}"
        case ev.TicketHeld():
            return f"{event.ticket_id} {event.status.value}"
        case ev.TicketOffered():
            return f"{event.ticket_id} asks {event.agent_id}, {event.cause.value}"
        case ev.OfferShort():
            return f"{event.ticket_id} asks {event.open} of {event.wanted}"
        case ev.OfferDeclined():
            return f"{event.ticket_id} declined by {event.agent_id}, {event.reason}"
        case ev.OfferExpired():
            return f"{event.ticket_id} missed by {event.agent_id}, {event.misses}"
        case ev.OfferWithdrawn():
            return f"{event.ticket_id} no longer asks {event.agent_id}, {event.cause.value}"
        case ev.RetryAllowed():
            return f"{event.ticket_id} may ask {event.agent_id} again"
        case ev.RingWidened():
            return f"{event.ticket_id} rings {event.wanted}"
        case ev.TicketReserved():
            return f"{event.ticket_id} waits for {event.agent_id}"
        case ev.ReserveEnded():
            return f"{event.ticket_id} waits for nobody, {event.cause.value}"
        case ev.TicketEscalated():
            return f"{event.ticket_id} escalated after {event.hops}"
        case ev.CoolDownEnded():
            return f"{event.agent_id} cooled down"
        case sla.ClockEvent():
            return brief_of_clock(event)
        case sla.ShiftStarted():
            return f"{event.agent_id} on shift"
        case sla.ShiftEnded():
            return f"{event.agent_id} off shift"
        case ev.TicketEvent():
            return f"{event.ticket_id} {type(event).__name__.removeprefix('Ticket').lower()}"
        case ev.PresenceChanged():
            reason = f": {event.reason}" if event.cause is ev.Cause.MISSED else ""
            return f"{event.agent_id} {event.presence.value}{reason}"
        case _:
            return type(event).__name__


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the SQLite file of all stories."""
    return tmp_path_factory.mktemp("stories")


@pytest.fixture
def make_kept(request: pytest.FixtureRequest, place: Path) -> Callable[..., tuple[KeptBeside, ...]]:
    """Make the kept desks that a story is told to; none if the story draws its own numbers."""

    def address(kind: str) -> str:
        if "postgres" in kind:
            running = request.getfixturevalue("server")
            running.stories = getattr(running, "stories", None) or running.database()
            return str(running.stories)
        return "" if kind == "memory" else str(place / "desk.db")

    def make(**given: Any) -> tuple[KeptBeside, ...]:
        which = crc32(request.node.nodeid.encode()) % len(KINDS)
        everywhere = os.environ.get("DESK_STORIES") == "all"
        if given.get("random") is not None:
            return ()
        kinds = KINDS if everywhere else KINDS[which : which + 1]
        return tuple(KeptBeside(kind, address(kind), given) for kind in kinds)

    return make


@pytest.fixture
def make_desk(
    make_kept: Callable[..., tuple[KeptBeside, ...]],
) -> Iterator[Callable[..., Desk]]:
    """Make desks with defaults, chance or permits; all are replayed when the story is over."""
    made: list[tuple[Desk, tuple[KeptBeside, ...]]] = []

    def make(**given: Any) -> Desk:
        desk = Desk(**given)
        desk.kept = make_kept(**given)
        made.append((desk, desk.kept))
        return desk

    yield make
    for desk, beside in made:
        desk.check_replay()
        for each in desk.kept:
            each.check(desk)
        for each in beside:
            each.close()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """A desk like any other, replayed when the story is over."""
    return make_desk()
