"""A desk made of what was saved of one: facts first, and every index anew from them."""

from __future__ import annotations

from collections import deque

from ticketroute.core.apply.shared import enter_lines, ring_in_line
from ticketroute.core.index.timers import Timer
from ticketroute.core.records import (
    ORDINARY,
    PACE,
    AgentRecord,
    Asks,
    HeldRoom,
    MemberRecord,
    OpenOffer,
    QueueIndex,
    QueueRecord,
    Rare,
    TicketRecord,
    Tried,
)
from ticketroute.core.show.saved import (
    BOOK_AS_IS,
    CLOCK_AS_IS,
    RARE_AS_IS,
    TICKET_AS_IS,
    Saved,
    SavedAgent,
    SavedBook,
    SavedClock,
    SavedDesk,
    SavedQueue,
    SavedTicket,
    copied,
)
from ticketroute.core.state import State, asks_in
from ticketroute.errors import InvalidValueError
from ticketroute.model.lifecycle import RoutingState
from ticketroute.sla.clock import Book, Clock
from ticketroute.strategies import registry


def restore(state: State, saved: Saved) -> None:
    """Fill an empty state. O(n log n).

    Raises:
        InvalidValueError: if a strategy has turns that it cannot take back.
    """
    desk = saved.desk
    state.gate.defaults = desk.defaults
    state.now, state.opened = desk.now, desk.opened
    state.submitted, state.assigned = desk.submitted, desk.assigned
    state.forgotten = desk.forgotten
    state.last_agent_of = dict(desk.last_agent_of)
    state.calendars = dict(desk.calendars)
    state.versions = {each.policy.id: each for each in desk.versions}
    state.agreements = tuple(state.versions[policy_id] for policy_id in desk.agreements)
    for agent in desk.agents:
        _restore_agent(state, agent)
    for queue in desk.queues:
        _restore_queue(state, queue)
    for span, entries in desk.windows:
        for at, agent_id, taken, handled in entries:
            state.roster.windows[span].note(at, agent_id, taken=taken, handled=handled)
    closed = [
        QueueRecord(
            queue,
            registry.create(queue.strategy, source=state.chance),
            QueueIndex(state.roster.lines),
        )
        for queue in desk.closed
    ]
    for each in saved.tickets:
        _restore_ticket(state, each, desk, closed)
    for agent in desk.agents:
        _restore_work(state, agent)
    _restore_members(state, desk)
    for each in saved.tickets:
        if each.in_line:
            enter = ring_in_line if each.rings_in_line else enter_lines
            enter(state, state.tickets[each.ticket.id])
    state.wanting = {ticket_id: state.tickets[ticket_id] for ticket_id in desk.wanting}
    state.held = {ticket_id: state.tickets[ticket_id] for ticket_id in desk.held}
    state.demands.rooms_held = len(state.held)
    for kind, subject, detail, due in desk.timers:
        state.timers.set(Timer(kind, subject, detail), due)
    state.roster.special = True  # settling finds out whether room is held or wanted
    state.settle()


def _restore_agent(state: State, saved: SavedAgent) -> None:
    record = AgentRecord(
        saved.agent,
        presence=saved.presence,
        last_assigned=saved.last_assigned,
        ended_at=saved.ended_at,
        available_since=saved.available_since,
    )
    rare = Rare(**copied(saved, RARE_AS_IS))
    if saved.recent is not None:
        rare.recent = deque(saved.recent)
    usual = all(getattr(rare, name) == getattr(ORDINARY, name) for name in RARE_AS_IS)
    others = saved.offers or saved.parked or saved.tried or saved.reserved or saved.room
    if not usual or others or rare.recent is not None:
        record.rare = rare
    state.roster.agents[record.id] = record


def _restore_queue(state: State, saved: SavedQueue) -> None:
    strategy = registry.create(saved.queue.strategy, source=state.chance)
    if saved.turns:
        resume = getattr(strategy, "resume", None)
        if resume is None:
            raise InvalidValueError(
                f"the turns of strategy {saved.queue.strategy}",
                saved.turns,
                "empty, as the strategy has no resume() that takes them back",
            )
        resume(saved.turns)
    state.roster.add_queue(saved.queue, saved.queue, strategy)
    record = state.roster.queues[saved.queue.id]
    record.open_tickets = saved.open_tickets
    record.handed = deque(saved.handed, maxlen=PACE + 1)


def _restore_ticket(
    state: State, saved: SavedTicket, desk: SavedDesk, closed: list[QueueRecord]
) -> None:
    roster, known = state.roster, saved.ticket
    queue = roster.queues[saved.queue] if saved.closed is None else closed[saved.closed]
    asks = saved.asks
    record = TicketRecord(
        terms=saved.ticket,
        **copied(saved, TICKET_AS_IS),
        id=known.id,
        queue=queue,
        asks=asks_in(queue, known) if asks is None else Asks(**copied(asks, Asks._fields)),
        agent=None if saved.agent is None else roster.agents[saved.agent],
        added=tuple(roster.queues[queue_id] for queue_id in saved.added),
        asked=set(saved.asked) or None,
        book=None if saved.book is None else _restored_book(saved.book, desk),
    )
    state.tickets[record.id] = record
    if record.state is not RoutingState.DONE:
        state.open[record.id] = record
    if saved.offers:
        record.offers = {
            event.agent_id: OpenOffer(
                record, roster.agents[event.agent_id], roster.queues[event.queue_id], event
            )
            for event in saved.offers
        }
    if saved.tried:
        record.tried = {each.agent_id: Tried(each.reason, each.lifted) for each in saved.tried}


def _restored_book(saved: SavedBook, desk: SavedDesk) -> Book:
    return Book(
        **copied(saved, BOOK_AS_IS),
        log=list(saved.log),
        contacts=dict(saved.contacts),
        past=[_restored_clock(clock, desk) for clock in saved.past],
        clocks={clock.metric: _restored_clock(clock, desk) for clock in saved.clocks},
    )


def _restored_clock(saved: SavedClock, desk: SavedDesk) -> Clock:
    return Clock(
        **copied(saved, CLOCK_AS_IS),
        target=desk.targets[saved.target],
        kept=None if saved.kept is None else desk.kept[saved.kept],
        fired=frozenset(saved.fired),
    )


def _restore_work(state: State, saved: SavedAgent) -> None:
    """Give an agent what takes up their capacity, and what else knows them."""
    record, tickets = state.roster.agents[saved.agent.id], state.tickets
    if saved.slots:
        record.slots = {ticket_id: tickets[ticket_id] for ticket_id in saved.slots}
        record.load = sum(ticket.cost for ticket in record.slots.values())
    rare = record.rare
    if saved.offers:
        found = [(ticket_id, tickets[ticket_id].offers or {}) for ticket_id in saved.offers]
        rare.offers = {ticket_id: offers[record.id] for ticket_id, offers in found}
        record.load += sum(offer.cost for offer in rare.offers.values())
    if saved.room is not None:
        rare.room = HeldRoom(tickets[saved.room], dict(saved.taken))
    for name in ("parked", "tried", "reserved"):
        ids = getattr(saved, name)
        if ids:
            setattr(rare, name, {ticket_id: tickets[ticket_id] for ticket_id in ids})


def _restore_members(state: State, desk: SavedDesk) -> None:
    """Put agents in their queues: in the order of each list, and as each agent joined."""
    roster = state.roster
    for saved in desk.queues:
        queue = roster.queues[saved.queue.id]
        for each in saved.members:
            queue.next_position = each.position
            roster.add_member(queue, each.agent_id, each.membership)
        queue.next_position = saved.next_position
    for agent in desk.agents:
        members = [roster.queues[queue_id].members[agent.agent.id] for queue_id in agent.queues]
        _chain(roster.agents[agent.agent.id], members)
        if any(limit.interruptible for limit in agent.agent.channels.values()):
            record = roster.agents[agent.agent.id]
            roster.change_agent(record, record.terms, state.now)  # sorts work by what interrupts it


def _chain(record: AgentRecord, members: list[MemberRecord]) -> None:
    record.first = members[0] if members else None
    for number, member in enumerate(members):
        member.next = members[number + 1] if number + 1 < len(members) else None
