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
from ticketroute.testing import promised, values
from ticketroute.testing.calls import Call, call
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

    def script(self) -> str:
        """Return the history as source code, with the result of each command."""
        return "\n".join(map(str, self.run()))


def give(call: Call, desk: Any) -> Turn:
    """Give a command to a desk, and return it with its result."""
    try:
        return Turn(call, call.give(desk))
    except REFUSALS as refused:
        return Turn(call, refused=refused)


@st.composite
def openings(draw: st.DrawFn, world: World) -> tuple[Call, ...]:
    """Generate the start of a desk: agents who are there, and queues that they serve."""
    facts = st.fixed_dictionaries(world.agent_facts)
    hired = draw(st.lists(facts, min_size=2, max_size=world.most_agents))
    calls = []
    if world.promised:
        calls += [
            call(commands.SetCalendar, calendar_id, draw(promised.calendars()), at=0)
            for calendar_id in promised.CALENDARS
        ]
    calls += [
        call(commands.AddAgent, Agent(id=name, **each), presence=Presence.AVAILABLE, at=0)
        for name, each in zip(values.AGENTS, hired, strict=False)
    ]
    known = values.AGENTS[: len(hired)]
    opened = st.tuples(st.fixed_dictionaries(world.queue_facts), member_lists)
    drawn = draw(st.lists(opened, min_size=1, max_size=len(values.QUEUES)))
    ids = values.QUEUES[: len(drawn)]
    for queue_id, (each, members) in zip(ids, drawn, strict=True):
        serves = [member for member in members if member in known] or list(known)
        queue = Queue(id=queue_id, members=serves, **each)
        if rings(queue.strategy):  # which no other delivery will do for
            queue = evolve(queue, delivery=None)
        before = ids[: ids.index(queue_id)]
        if any(target not in before for target in _targets(queue)):  # nowhere, or in a circle
            queue = evolve(queue, relaxations=())
        calls.append(call(commands.AddQueue, queue, at=0))
    if world.promised:
        agreed = draw(promised.agreements(queues=st.sampled_from(ids)))
        calls.append(call(commands.SetPolicies, agreed, at=0))
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
        intents=tuple(draw(st.lists(within.anything, min_size=min_size, max_size=max_size))),
    )


def _targets(queue: Queue) -> list[object]:
    targets = [target for step in queue.relaxations for target in (step.add_queue, step.move_to)]
    return [target for target in targets if target is not None]
