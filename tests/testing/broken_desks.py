"""Desks with one mistake each, which ``DispatcherContract`` has to find.

Some do the right thing and tell it wrong, as a wrapper does that forgot an event. The others do
another thing than they were asked, as if the core had the mistake: inside, an agent, a queue or a
ticket is another than their events say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from random import Random
from typing import Any

from attrs import evolve, frozen

from ticketroute import commands
from ticketroute.commands import Command
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.errors import InvalidValueError, TicketRouteError
from ticketroute.model import events as ev
from ticketroute.model.agent import Agent
from ticketroute.model.events import Event, Events
from ticketroute.model.line_order import Lifo
from ticketroute.model.offer import OfferPolicy
from ticketroute.model.queue import Queue
from ticketroute.model.relaxation import Reach
from ticketroute.model.ticket import Ticket, TicketPriority
from ticketroute.testing import History
from ticketroute.testing.history import Tape

Make = Callable[[History], Dispatcher]
CAPACITY = "test_no_agent_gets_more_than_their_capacity"
GATE = "test_no_ticket_goes_to_an_agent_whom_the_gate_refuses"
ORDER = "test_lines_strategies_and_ties_are_kept_in_order"
IDLE = "test_no_agent_is_idle_while_a_ticket_waits_that_they_could_have"
PLACE = "test_a_ticket_is_in_one_place_and_with_one_agent"
REFUSED = "test_a_refused_command_has_changed_nothing"
REPLAY = "test_a_replay_of_the_events_gives_the_same_desk"
SAME = "test_the_same_commands_give_the_same_events"


@frozen
class Mistake:
    """What is wrong with a desk, the test of the contract that finds it, and how to make one."""

    wrong: str  # as docs/reference/testing.md lists it
    found_by: str
    make: Make


BROKEN: list[Mistake] = []


def broken(wrong: str, by: str) -> Callable[[type[Broken]], type[Broken]]:
    def note(kind: type[Broken]) -> type[Broken]:
        BROKEN.append(Mistake(wrong, by, kind.on))
        return kind

    return note


class Broken(Dispatcher):
    """A dispatcher that may do another command than it was given, and tell other events."""

    @classmethod
    def on(cls, history: History) -> Dispatcher:
        return cls(defaults=history.defaults, random=Tape(history.seed), permits=history.permits)

    def asked(self, command: Command) -> Command:
        return command

    def told(self, event: Event) -> Iterable[Event]:
        return [event]

    def do(self, command: Command, *, at: int, by: str | None = None) -> Events:
        events = super().do(self.asked(command), at=at, by=by)
        return Events(each for event in events for each in self.told(event))


# --- told wrong ---------------------------------------------------------------------------------


def telling(wrong: str, by: str, kind: type[Event], *others: type[Event], **facts: Any) -> None:
    """Add a desk that leaves out events of some classes, or tells them with other facts."""

    class Telling(Broken):
        def told(self, event: Event) -> Iterable[Event]:
            if not isinstance(event, (kind, *others)):
                return [event]
            changed = {
                name: change(getattr(event, name)) if callable(change) else change
                for name, change in facts.items()
            }
            return [evolve(event, **changed)] if changed else []

    BROKEN.append(Mistake(wrong, by, Telling.on))


def more(number: int) -> int:
    return number + 1


telling("assigns to an agent who does not exist", GATE, ev.TicketAssigned, agent_id="ghost")
telling("forgets a merge", ORDER, ev.TicketMerged)
telling("forgets a release", PLACE, ev.TicketReleased)
telling("forgets that a ticket was resolved", PLACE, ev.TicketResolved)
telling("forgets a withdrawn offer", ORDER, ev.OfferWithdrawn)
telling("forgets an expired offer", IDLE, ev.OfferExpired)
telling("forgets a declined offer", REPLAY, ev.OfferDeclined)
telling("forgets that a ticket is on hold", ORDER, ev.TicketHeld)
telling("forgets a reopening", REPLAY, ev.TicketReopened)
telling("forgets that an agent left a queue", IDLE, ev.MemberRemoved, ev.AgentRemoved)
telling("counts a ticket at one unit too many", ORDER, ev.TicketAssigned, cost=more)
telling("lets an offer ring for a millisecond too long", ORDER, ev.TicketOffered, until=more)
telling("tells of a strategy's choice as if the agent was wished for", ORDER, ev.TicketAssigned,
        cause=ev.Cause.PREFERRED)  # fmt: skip


@broken("assigns a ticket twice", PLACE)
class Twice(Broken):
    def told(self, event: Event) -> Iterable[Event]:
        return [event, event] if isinstance(event, ev.TicketAssigned) else [event]


# --- done wrong ---------------------------------------------------------------------------------


class Inside(Broken):
    """A desk on which agents, queues and tickets are others than its events say."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(**facts)
        self.given: dict[str, Any] = {}

    def inner_agent(self, agent: Agent) -> Agent:
        return agent

    def inner_queue(self, queue: Queue) -> Queue:
        return queue

    def inner_ticket(self, ticket: Ticket) -> Ticket:
        return ticket

    def asked(self, command: Command) -> Command:
        match command:
            case commands.AddAgent():
                self.given.setdefault("a" + command.agent.id, command.agent)
                return evolve(command, agent=self.inner_agent(command.agent))
            case commands.AddQueue():
                self.given.setdefault("q" + command.queue.id, command.queue)
                return evolve(command, queue=self.inner_queue(command.queue))
            case commands.Submit():
                self.given.setdefault("t" + command.ticket.id, command.ticket)
                return evolve(command, ticket=self.inner_ticket(command.ticket))
            case commands.SubmitMany():
                for ticket in command.tickets:
                    self.given.setdefault("t" + ticket.id, ticket)
                return evolve(
                    command, tickets=[self.inner_ticket(each) for each in command.tickets]
                )
        return command

    def told(self, event: Event) -> Iterable[Event]:
        match event:
            case ev.AgentAdded():
                return [evolve(event, agent=self.given["a" + event.agent.id])]
            case ev.QueueAdded():
                return [evolve(event, queue=self.given["q" + event.queue.id])]
            case ev.TicketSubmitted():
                given = self.given["t" + event.ticket_id]
                return [evolve(event, ticket=evolve(given, attributes={}))]
        return [event]


def inside(wrong: str, by: str, what: str, **facts: Any) -> None:
    """Add a desk whose agents, queues or tickets have other facts inside."""

    class Changed(Inside):
        def changed(self, value: Any) -> Any:
            return evolve(
                value,
                **{
                    name: change(getattr(value, name)) if callable(change) else change
                    for name, change in facts.items()
                },
            )

    setattr(Changed, f"inner_{what}", Changed.changed)
    BROKEN.append(Mistake(wrong, by, Changed.on))


def one_less(capacity: int | None) -> int | None:
    return capacity if capacity is None or capacity == 1 else capacity - 1


def without_retries(policy: OfferPolicy) -> OfferPolicy:
    return evolve(policy, retry_declined_after=None, retry_missed_after=None)


def one_at_a_time(policy: OfferPolicy) -> OfferPolicy:
    return evolve(policy, parallel=1)


inside("gives an agent more than their capacity", CAPACITY, "agent", capacity=9)
inside("loses a freed slot", IDLE, "agent", capacity=one_less)
inside("does not know of rate limits", GATE, "agent", rate_limit=None)
inside("lets every channel cost one unit", GATE, "agent", channels={})
inside("asks for no skills", GATE, "ticket", skills={})
inside("counts heavy tickets as light ones", GATE, "ticket", weight=1)
inside("does not know which agent a ticket prefers", ORDER, "ticket", prefer=None)
inside(
    "hands out without regard to a ticket's priority",
    ORDER,
    "ticket",
    priority=TicketPriority.NORMAL,
)
inside("hands out the last ticket first", ORDER, "queue", order=Lifo())
inside("ignores a queue's limit per agent", GATE, "queue", limit_per_agent=None)
inside("asks agents of every priority", GATE, "queue", reach=Reach())
inside("uses another strategy than the queue's", ORDER, "queue", strategy="max_load")
inside("asks one agent where several are to be asked", ORDER, "queue", offer=one_at_a_time)
inside("never asks again who missed or declined", ORDER, "queue", offer=without_retries)


@broken("does not ask the host for permits", GATE)
class WithoutPermits(Broken):
    @classmethod
    def on(cls, history: History) -> Dispatcher:
        return cls(defaults=history.defaults, random=Tape(history.seed))


@broken("decides a tie by the last to come", ORDER)
class LastOfTied(Broken):
    """Whoever came later was assigned longer ago, as far as this desk knows."""

    def told(self, event: Event) -> Iterable[Event]:
        if isinstance(event, ev.AgentAdded):
            record = self._state.roster.agents[event.agent.id]
            record.last_assigned = -len(self._state.roster.agents)
        return [event]


@broken("counts a withdrawn offer as missed", REPLAY)
class CountsWithdrawn(Broken):
    def told(self, event: Event) -> Iterable[Event]:
        if isinstance(event, ev.OfferWithdrawn):
            self._state.roster.agents[event.agent_id].rare.misses += 1
        return [event]


@broken("announces its next deadline a millisecond late", REPLAY)
class LateDeadline(Broken):
    def next_deadline(self) -> int | None:
        due = super().next_deadline()
        return None if due is None else due + 1


@broken("lets offers expire a millisecond late", IDLE)
class LateExpiry(Broken):
    def do(self, command: Command, *, at: int, by: str | None = None) -> Events:
        due = super().next_deadline()
        if isinstance(command, commands.Advance) and due == at > self.now:
            at -= 1
        return super().do(command, at=at, by=by)


@broken("draws chance of its own", SAME)
class OwnChance(Broken):
    runs = count()

    @classmethod
    def on(cls, history: History) -> Dispatcher:
        chance = Random(next(cls.runs))  # noqa: S311  the mistake
        return cls(defaults=history.defaults, random=chance, permits=history.permits)


@broken("releases a ticket although it refuses to transfer it", REFUSED)
class HalfDone(Broken):
    def do(self, command: Command, *, at: int, by: str | None = None) -> Events:
        try:
            return super().do(command, at=at, by=by)
        except (TicketRouteError, InvalidValueError):
            if isinstance(command, commands.Transfer) and at >= self.now:
                self.assigned_before(command, at)
            raise

    def assigned_before(self, command: commands.Transfer, at: int) -> None:
        for ticket in self.tickets():
            if ticket.id == command.ticket_id and ticket.agent_id is not None:
                super().do(commands.Release(command.ticket_id), at=at)


@broken("shows a ticket on hold as still in work", PLACE)
class StillInWork(Broken):
    def agents(self) -> Any:
        return [
            evolve(view, tickets=(*view.tickets, *view.parked), parked=view.parked)
            for view in super().agents()
        ]
