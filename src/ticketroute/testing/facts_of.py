"""Plain facts read from a dispatcher: those it stores once, and none that it derives.

Only this module and ``checks`` know the insides of the core.
"""

from __future__ import annotations

from typing import Any

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.core.index.timers import Timer, TimerKind
from ticketroute.core.records import AgentRecord, QueueRecord, TicketRecord
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.clock import Book, Clock, Fired, MarkKind
from ticketroute.sla.versions import Versions
from ticketroute.testing.reference.calendar import Edition, Hours
from ticketroute.testing.reference.facts import (
    AgentFacts,
    Agreed,
    BookFacts,
    ClockFacts,
    Facts,
    Kind,
    OfferFacts,
    QueueFacts,
    TicketFacts,
    Tried,
    Turns,
    Work,
    has_tiers,
    keeps_credits,
    takes_turns,
)

DUES = (Kind.RING, Kind.RESERVE, Kind.RELAX, Kind.HOLD_ROOM, Kind.RESPOND, Kind.IDLE)


class ReadFacts(Facts):
    """Plain facts that were read from another desk at one instant."""

    def __init__(self, desk: Dispatcher) -> None:
        state = desk._state
        super().__init__(state.gate.defaults, state.gate.permits)
        self.state = state
        self.now, self.assignments = state.now, state.assigned
        self.last_agent_of = dict(state.last_agent_of)
        self.watched = {
            span: [Work(*entry) for entry in window.entries(state.now)]
            for span, window in state.roster.windows.items()
        }
        self.timers = state.timers.all()
        self.calendars = {
            calendar_id: [Edition(*each) for each in editions_of(versions)]
            for calendar_id, versions in state.calendars.items()
        }
        self.agreements = [Agreed(each.policy, each.version) for each in state.agreements]
        self.versions = {
            policy_id: Agreed(each.policy, each.version)
            for policy_id, each in state.versions.items()
        }
        for agent_id, agent in state.roster.agents.items():
            self.agents[agent_id] = self.read_agent(agent)
        known = {id(queue): self.read_queue(queue) for queue in state.roster.queues.values()}
        for queue in known.values():
            self.queues[queue.queue.id] = queue
        for ticket_id, record in state.tickets.items():
            self.tickets[ticket_id] = self.read_ticket(record, known)

    def at(self, kind: TimerKind, subject: str, detail: str = "") -> int | None:
        """Return when a timer is due, or None."""
        return self.timers.get(Timer(kind, subject, detail))

    def dues(self, subject: str, *kinds: Kind) -> dict[Kind, int]:
        """Return what is due of an agent or a ticket."""
        due = {kind: self.at(TimerKind[kind.name], subject) for kind in kinds}
        return {kind: at for kind, at in due.items() if at is not None}

    def read_agent(self, record: AgentRecord) -> AgentFacts:
        """Read an agent."""
        return AgentFacts(
            record.terms,
            record.presence,
            record.available_since,
            record.rare.reason,
            off=set(record.rare.channels_off),
            stamp=record.last_assigned,
            ended_at=record.ended_at,
            recent=list(record.rare.recent or ()),
            misses=record.rare.misses,
            missed_at=record.rare.missed_at,
            on_shift=record.rare.on_shift,
            dues=self.dues(record.id, Kind.GRACE, Kind.COOL_DOWN),
        )

    def read_queue(self, record: QueueRecord) -> QueueFacts:
        """Read a queue, its members and their turns."""
        return QueueFacts(
            record.terms,
            {agent_id: member.membership for agent_id, member in record.members.items()},
            turns_of(record),
            {agent_id: member.position for agent_id, member in record.members.items()},
            record.next_position,
        )

    def read_ticket(self, record: TicketRecord, known: dict[int, QueueFacts]) -> TicketFacts:
        """Read a ticket, its offers and its tries."""

        def queue_of(queue: QueueRecord) -> QueueFacts:
            if id(queue) not in known:  # removed, with tickets that were done
                known[id(queue)] = self.read_queue(queue)
            return known[id(queue)]

        asks, ticket_id = record.asks, record.id
        facts = TicketFacts(
            record.terms, queue_of(record.queue), record.arrived, record.ordinal, record.priority
        )
        facts.state, facts.status, facts.version = record.state, record.status, record.version
        facts.agent = None if record.agent is None else record.agent.id
        facts.last_agent, facts.came_from = record.last_agent_id, record.past.came_from
        facts.cost, facts.since = record.cost, record.since
        facts.done_at = record.done_at
        facts.wrap_up_until, facts.in_line = record.wrap_up_until, bool(record.entries)
        facts.skills, facts.reach, facts.reserved = (
            dict(asks.skills or {}),
            asks.reach,
            asks.reserved,
        )
        facts.added = [queue_of(queue) for queue in record.added]
        facts.waited_for, facts.waiting_since = record.past.waited_for, record.waiting_since
        facts.ever_answered = record.past.answered
        facts.book = None if record.book is None else read_book(record.book)
        facts.relaxed, facts.hops, facts.wanted = (
            record.past.relaxed,
            record.past.hops,
            record.past.wanted,
        )
        facts.silent, facts.asked = set(record.past.silent), set(record.asked or ())
        facts.room_wanted, facts.room_of = record.past.room_wanted, record.past.room_of
        facts.taken = 0 if record.agent is None else taken_since(record.agent, ticket_id)
        facts.dues = self.dues(ticket_id, *DUES)
        for who, tried in (record.tried or {}).items():
            retry_at = self.at(TimerKind.RETRY, ticket_id, who)
            facts.tried[who] = Tried(tried.reason.value, retry_at, tried.lifted)
        for who, offer in (record.offers or {}).items():
            facts.offers[who] = OfferFacts(
                facts, queue_of(offer.queue), offer.event, taken_since(offer.agent, ticket_id)
            )
        return facts


def taken_since(record: AgentRecord, ticket_id: str) -> int:
    """Return 1 if an agent took a ticket since they hold room for another, else 0."""
    room = record.rare.room
    return 0 if room is None else int(ticket_id in room.taken)


def editions_of(versions: Versions) -> list[tuple[int, Calendar]]:
    """Return the editions of a calendar, with the instant from which each is in force."""
    return [(edition.effective_from, edition.calendar) for edition in versions.editions]


def read_book(book: Book) -> BookFacts:
    """Read the clocks of a ticket, and the facts from which they are computed."""
    facts = BookFacts(
        list(book.log),
        book.queued,
        book.answered,
        book.handed,
        book.unanswered,
        dict(book.contacts),
    )
    for metric in book.clocks:
        facts.clocks[metric] = [read_clock(clock) for clock in book.cycles(metric)]
    return facts


def read_clock(clock: Clock) -> ClockFacts:
    """Read one clock."""
    kept = clock.kept
    return ClockFacts(
        clock.metric,
        clock.cycle,
        clock.policy_id,
        clock.version,
        clock.target,
        clock.calendar_id,
        clock.promised,
        clock.within,
        clock.started,
        clock.state,
        clock.ended,
        None if kept is None else Hours([Edition(*each) for each in editions_of(kept)]),
        clock.breached,
        {name_of(fired) for fired in clock.fired},
        clock.left_behind,
    )


def name_of(fired: Fired) -> tuple[object, ...]:
    """Return the name under which the reference desk remembers a mark."""
    if fired.kind is MarkKind.BREACH:
        return ("breach",)
    kind = "warning" if fired.kind is MarkKind.WARNING else "level"
    return (kind, fired.number, fired.policy_id, fired.version)


def facts_of(desk: Dispatcher) -> ReadFacts:
    """Return the plain facts of a desk, from which every figure can be computed again."""
    return ReadFacts(desk)


def turns_of(record: QueueRecord) -> dict[int, Turns]:
    """Return the seats and the turn, or the credits, by tier; 0 is the tier if there are none."""
    spec = record.terms.strategy
    if not (takes_turns(spec) or keeps_credits(spec)):
        return {}
    kept: tuple[Any, ...] = record.strategy.turns()
    tiers = kept if has_tiers(spec) else ((0, kept),)
    if keeps_credits(spec):
        return {tier: Turns(owed=dict(owed)) for tier, owed in tiers}
    return {
        tier: Turns({who: seat for seat, who in at}, given, last)
        for tier, (last, given, at) in tiers
    }
