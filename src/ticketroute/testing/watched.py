"""A dispatcher that keeps its events and checks itself after every command."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model.events import Event
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults
from ticketroute.testing.checks import check
from ticketroute.testing.history import REFUSALS
from ticketroute.testing.judge import Judge

COMMANDS = (
    "advance",
    "change_defaults",
    "set_calendar",
    "remove_calendar",
    "set_policies",
    "add_queue",
    "change_queue",
    "remove_queue",
    "add_agent",
    "change_agent",
    "remove_agent",
    "set_presence",
    "switch_channel",
    "add_member",
    "change_member",
    "remove_member",
    "submit",
    "submit_many",
    "accept",
    "decline",
    "assign",
    "take",
    "transfer",
    "release",
    "reply",
    "hold",
    "resume",
    "change_priority",
    "resolve",
    "end_wrap_up",
    "close",
    "reopen",
    "abandon",
    "merge",
    "rate",
)


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
        self.advance(at=self.now)  # what time did before a refused command is not told yet
        again = Dispatcher.replay(self.history, permits=self.host_permits)
        assert again.same_state(self)
        assert self.same_state(again)
        assert again.next_deadline() == self.next_deadline()

    def take_in(self, events: tuple[Event, ...]) -> tuple[Event, ...]:
        """Note the events of a command, and check the desk."""
        self.last = events
        self.history.extend(events)
        self.judge.take_in(events)
        self.judge.check_rest()
        check(self)
        return events


def _watched(command: Callable[..., tuple[Event, ...]]) -> Callable[..., tuple[Event, ...]]:
    @wraps(command)
    def run(desk: WatchedDesk, *args: Any, **kwargs: Any) -> tuple[Event, ...]:
        before, due = desk.snapshot(), desk.next_deadline()
        try:
            events = command(desk, *args, **kwargs)
        except REFUSALS:
            if desk.next_deadline() == due:  # else time did something before the refusal
                assert desk.snapshot() == before
            raise
        return desk.take_in(events)

    return run


for _name in COMMANDS:
    setattr(WatchedDesk, _name, _watched(getattr(Dispatcher, _name)))
