"""A dispatcher that writes down what happens on it, and checks itself after every command."""

from __future__ import annotations

from ticketroute.commands import Command
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model.events import Event, Events
from ticketroute.model.instants import Instant
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults
from ticketroute.testing.checks import check
from ticketroute.testing.history import REFUSALS
from ticketroute.testing.judge import Judge


class WatchedDesk(Dispatcher):
    """A dispatcher that keeps its ``history`` and holds it against every promise as it grows.

    Every event is judged when it happens; after every command nobody may be idle who could work,
    and every index and counter is added up anew; a command refused has to have changed nothing.
    ``last`` are the events of the last command. O(everything) for each command: for tests.

    >>> from ticketroute import Agent
    >>> desk = WatchedDesk()
    >>> _ = desk.add_agent(Agent(id="ana"), at=0)
    >>> [type(event).__name__ for event in desk.history]
    ['DeskOpened', 'AgentAdded']
    """

    def __init__(
        self,
        *,
        defaults: Defaults | None = None,
        random: RandomSource | None = None,
        permits: Permits | None = None,
    ) -> None:
        super().__init__(defaults=defaults, random=random, permits=permits)
        self.history: list[Event] = []
        self.last: tuple[Event, ...] = ()
        self.host_permits = permits
        self.judge = Judge(defaults, permits)

    def check_replay(self) -> None:
        """Check that the events alone lead to the same desk, turns and timers included."""
        self.advance(at=self.now)  # what time did before a refused command is not told yet
        again = Dispatcher.replay(self.history, permits=self.host_permits)
        assert again.same_state(self)
        assert self.same_state(again)
        assert again.next_deadline() == self.next_deadline()

    def take_in(self, events: tuple[Event, ...]) -> None:
        """Note the events of a command and check what holds after every one."""
        self.last = events
        self.history.extend(events)
        self.judge.take_in(events)
        self.judge.check_rest()
        check(self)

    def do(self, command: Command, *, at: Instant, by: str | None = None) -> Events:
        """Do a command and check what holds after every one."""
        before, due = self.snapshot(), self.next_deadline()
        try:
            events = super().do(command, at=at, by=by)
        except REFUSALS:
            if self.next_deadline() == due:  # else time did something before the refusal
                assert self.snapshot() == before
            raise
        self.take_in(events)
        return events
