"""A dispatcher that keeps its events and checks itself after every command."""

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
    """A dispatcher that keeps its ``history`` and checks it against the contract.

    Every event is checked when it happens. After every command no agent with room may be left
    without a ticket that they could have, and every index and counter is computed again. A refused
    command must have changed nothing. ``last`` holds the events of the last command. Each command
    costs scans of the whole desk, so use it for tests only.

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
        """Check that a replay of the events gives the same desk, with its turns and timers."""
        self.advance(at=self.now)  # events before a refused command come with the next
        again = Dispatcher.replay(self.history, permits=self.host_permits)
        assert again.same_state(self)
        assert self.same_state(again)
        assert again.next_deadline() == self.next_deadline()

    def take_in(self, events: tuple[Event, ...]) -> None:
        """Note the events of a command, and check the desk."""
        self.last = events
        self.history.extend(events)
        self.judge.take_in(events)
        self.judge.check_rest()
        check(self)

    def do(self, command: Command, *, at: Instant, by: str | None = None) -> Events:
        """Do a command, and check the desk."""
        before, due = self.snapshot(), self.next_deadline()
        try:
            events = super().do(command, at=at, by=by)
        except REFUSALS:
            if self.next_deadline() == due:  # otherwise time caused events before the refusal
                assert self.snapshot() == before
            raise
        self.take_in(events)
        return events
