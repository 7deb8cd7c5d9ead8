"""Whole histories of a desk as data: drawn, run on any desk, and shown as a script."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from attrs import evolve, frozen
from hypothesis import strategies as st

from ticketroute import commands
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.errors import InvalidValueError, TicketRouteError
from ticketroute.model.agent import Agent, Presence
from ticketroute.model.events import Event
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults, Queue
from ticketroute.model.ticket import Ticket
from ticketroute.testing import promised, values
from ticketroute.testing.calls import Call, call, written
from ticketroute.testing.intents import Intent
from ticketroute.testing.reference.facts import rings
from ticketroute.testing.world import World, member_lists

REFUSALS = (TicketRouteError, InvalidValueError)


class Tape:
    """A random source with the same numbers for the same seed, which can be moved to any place."""

    def __init__(self, seed: int, start: int = 0) -> None:
        self._source = Random(seed)  # noqa: S311  a test must be repeatable
        for _ in range(start):
            self._source.random()

    def random(self) -> float:
        """Return the next number."""
        return self._source.random()


@frozen
class Turn:
    """A command and its result: its events, or the error that refused it."""

    call: Call
    events: tuple[Event, ...] = ()
    refused: Exception | None = None

    def __str__(self) -> str:
        if self.refused is not None:
            return f"{self.call}  # {type(self.refused).__name__}: {self.refused}"
        told = ", ".join(type(event).__name__ for event in self.events)
        return f"{self.call}  # {told or 'nothing'}"


@frozen(kw_only=True)
class History:
    """What a host does with a desk: how it opens the desk, and what happens then.

    What happens is stored as intents, relative to the state of the desk, so that a history with
    any of them left out is valid as well.
    """

    defaults: Defaults = Defaults()
    seed: int = 0
    permits: Permits | None = None
    opening: tuple[Call, ...] = ()
    intents: tuple[Intent, ...] = ()

    def desk(self) -> Dispatcher:
        """Return an empty desk with the random source and permits of this history."""
        return Dispatcher(defaults=self.defaults, random=Tape(self.seed), permits=self.permits)

    def calls(self, desk: Dispatcher) -> Iterator[Call]:
        """Yield the commands; give each to ``desk`` before taking the next."""
        yield from self.opening
        for intent in self.intents:
            yield from intent.calls(desk)

    def run(self, desk: Dispatcher | None = None) -> tuple[Turn, ...]:
        """Give every command to a desk, by default a new one; return the commands and results."""
        if desk is None:
            desk = self.desk()
        return tuple(give(call, desk) for call in self.calls(desk))

    def script(self, desk: Dispatcher | None = None) -> str:
        """Return the history as source code, with the result of each command.

        ``desk`` is the desk to run it on, by default a new one. If the desk fails with an error
        that is no refusal, the error ends the script.
        """
        desk = self.desk() if desk is None else desk
        lines = [f"desk = Dispatcher({self._settings()})"]
        calls = self.calls(desk)
        try:
            for call in calls:
                lines.append(str(call))
                lines[-1] = str(give(call, desk))
        except Exception as failure:  # noqa: BLE001  whatever it is, it is shown
            lines[-1] += f"  # {type(failure).__name__}: {failure}"
        return "\n".join(lines)

    def _settings(self) -> str:
        told = {
            "defaults": None if self.defaults == Defaults() else written(self.defaults),
            "random": f"Tape({self.seed})",
            "permits": None if self.permits is None else written(self.permits),
        }
        return ", ".join(f"{name}={value}" for name, value in told.items() if value is not None)


def give(call: Call, desk: Any) -> Turn:
    """Give a command to a desk, and return it with its result."""
    try:
        return Turn(call, call.give(desk))
    except REFUSALS as refused:
        return Turn(call, refused=refused)


ABLE = {"priority": 1, "skills": {"x": 3, "y": 3}}  # whoever comes first gets most of what comes
orders = st.sampled_from(values.ARRIVALS)


@st.composite
def openings(draw: st.DrawFn, world: World) -> tuple[Call, ...]:
    """Generate the start of a desk: agents who are there, queues that they serve, and tickets."""
    hired = draw(st.lists(world.agent, min_size=2, max_size=world.most_agents))
    hired[0] |= {name: able for name, able in ABLE.items() if name not in world.agents}
    names = [name for name in draw(orders) if name in values.AGENTS[: len(hired)]]
    calls = []
    if world.service_levels:
        calls += [
            call(commands.SetCalendar, calendar_id, draw(promised.calendars()), at=0)
            for calendar_id in promised.CALENDARS
        ]
    calls += [
        call(commands.AddAgent, Agent(id=name, **each), presence=Presence.AVAILABLE, at=0)
        for name, each in zip(names, hired, strict=True)
    ]
    opened = st.tuples(world.queue, member_lists)
    drawn = draw(st.lists(opened, min_size=1, max_size=len(values.QUEUES)))
    ids = values.QUEUES[: len(drawn)]
    for queue_id, (each, members) in zip(ids, drawn, strict=True):
        serves = [member for member in members if member in names] or names
        if queue_id == ids[0] and names[0] not in serves:
            serves.append(names[0])
        queue = Queue(id=queue_id, members=serves, **each)
        if rings(queue.strategy):  # no other delivery fits it
            queue = evolve(queue, delivery=None)
        before = ids[: ids.index(queue_id)]
        if any(target not in before for target in _targets(queue)):  # nowhere, or in a circle
            queue = evolve(queue, relaxations=())
        calls.append(call(commands.AddQueue, queue, at=0))
    if world.service_levels:
        agreed = draw(promised.agreements(queues=st.sampled_from(ids)))
        calls.append(call(commands.SetPolicies, agreed, at=0))
    arriving = st.tuples(st.sampled_from(ids), world.ticket_facts)
    first = [
        Ticket(id=values.ticket_id(number), queue=queue_id, **{**facts, "arrived": None})
        for number, (queue_id, facts) in enumerate(draw(st.lists(arriving, min_size=1, max_size=4)))
    ]
    calls.append(call(commands.SubmitMany, first, at=0))
    return tuple(calls)


@st.composite
def histories(
    draw: st.DrawFn,
    world: World | None = None,
    *,
    min_size: int = 0,
    max_size: int = 40,
) -> History:
    """Generate whole histories of ``min_size`` to ``max_size`` intents in a world.

    Most have more than half of ``max_size``. A desk opens with agents who are there, with queues
    that they serve, and with tickets.

    >>> from hypothesis import given
    >>> @given(histories())
    ... def test_time_does_not_go_back(history: History) -> None:
    ...     turns = history.run()
    ...     assert all(a.call.at <= b.call.at for a, b in zip(turns, turns[1:]))
    """
    within = World() if world is None else world
    return History(
        defaults=draw(values.defaults().map(lambda each: evolve(each, queue=None))),
        seed=draw(st.integers(0, 3)),
        permits=draw(st.sampled_from(within.permits)),
        opening=draw(openings(within)),
        intents=draw(_days(within, min_size, max_size)),
    )


@st.composite
def _days(draw: st.DrawFn, world: World, least: int, most: int) -> tuple[Intent, ...]:
    """Generate intents one by one: lists of Hypothesis have five elements or so on average."""
    found: list[Intent] = []
    while len(found) < most:
        intent = draw(world.anything if len(found) < least else world.anything_more)
        if intent is None:
            break
        found.append(intent)
    return tuple(found)


def _targets(queue: Queue) -> list[object]:
    targets = [target for step in queue.relaxations for target in (step.add_queue, step.move_to)]
    return [target for target in targets if target is not None]
