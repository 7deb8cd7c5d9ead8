"""The whole state as plain values: two desks of equal snapshots go on alike, but for chance."""

from __future__ import annotations

from typing import Any

from attrs import asdict

from ticketroute.core.gate import capacity_of
from ticketroute.core.index import lines
from ticketroute.core.records import AgentRecord, QueueRecord, TicketRecord
from ticketroute.core.state import State
from ticketroute.model.instants import Instant
from ticketroute.model.queue import Defaults
from ticketroute.sla.clock import Book


def snapshot(state: State, at: Instant) -> dict[str, Any]:
    """Return all that a desk knows, as of ``at``, at or after its last instant. O(n log n).

    Indexes are left out, for they follow from the rest; chance not yet used is no part of a state.
    The mappings and lists in it belong to the caller: what happens later does not show in them.
    """
    roster, defaults = state.roster, state.gate.defaults
    return {
        "opened": state.opened,
        "defaults": defaults,
        "submitted": state.submitted,
        "assigned": state.assigned,
        "forgotten": state.forgotten,
        "last_agent_of": dict(state.last_agent_of),
        "agents": {key: _agent(record, defaults, at) for key, record in roster.agents.items()},
        "queues": {key: _queue(record) for key, record in roster.queues.items()},
        "tickets": {key: _ticket(record) for key, record in state.tickets.items()},
        "calendars": dict(state.calendars),
        "agreements": state.agreements,
        "versions": dict(state.versions),
        "timers": state.timers.all(),
        "windows": {span: window.entries(at) for span, window in roster.windows.items()},
    }


def _agent(record: AgentRecord, defaults: Defaults, at: Instant) -> dict[str, Any]:
    rare = record.rare
    span = 0 if rare.rate_limit is None else rare.rate_limit.span
    return {
        "agent": record.terms,
        "capacity": capacity_of(record.terms, defaults),
        "rate_limit": rare.rate_limit,
        "presence": record.presence,
        "reason": rare.reason,
        "load": record.load,
        "count": record.count,
        "last_assigned": record.last_assigned,
        "idle_since": record.idle_since,
        "ended_at": record.ended_at,
        "queues": [member.queue.id for member in record.members],
        "slots": list(record.slots or ()),
        "parked": list(rare.parked),
        "offers": sorted(rare.offers),
        "tried": sorted(rare.tried),
        "reserved": sorted(rare.reserved),
        "misses": rare.misses,
        "cooling_until": rare.cooling_until,
        "channels_off": rare.channels_off,
        "recent": [
            each for each in rare.recent or () if each + span > at
        ],  # the others do not count
        "on_shift": rare.on_shift,
    }


def _queue(record: QueueRecord) -> dict[str, Any]:
    return {
        "queue": record.terms,
        "members": [
            (member.agent_id, member.membership, member.position, member.held, member.limit)
            for member in record.members.values()
        ],
        "turns": record.strategy.turns(),
        "line": [(lines.place_of(ticket, record), ticket.id) for ticket in lines.waiting(record)],
        "handed": list(record.handed),
        "next_position": record.next_position,
        "open_tickets": record.open_tickets,
    }


def _ticket(record: TicketRecord) -> dict[str, Any]:
    return {
        "ticket": record.terms,
        "queue": record.queue.id,
        "arrived": record.arrived,
        "ordinal": record.ordinal,
        "priority": record.priority,
        "state": record.state,
        "status": record.status,
        "version": record.version,
        "agent": record.agent and record.agent.id,
        "last_agent": record.last_agent_id,
        "came_from": record.past.came_from,
        "cost": record.cost,
        "since": record.since,
        "wrap_up_until": record.wrap_up_until,
        "asks": record.asks,
        "waiting_since": record.waiting_since,
        "relaxed": record.past.relaxed,
        "waited_for": record.past.waited_for,
        "added": [queue.id for queue in record.added],
        "offers": {key: offer.event for key, offer in (record.offers or {}).items()},
        "wanted": record.past.wanted,
        "tried": {key: (t.reason, t.lifted) for key, t in (record.tried or {}).items()},
        "asked": sorted(record.asked or ()),
        "hops": record.past.hops,
        "silent": record.past.silent,
        "wait_reason": record.wait_reason,
        "assignment": record.assignment,
        "assigned_at": record.assigned_at,
        "score": record.past.score,
        "merged_into": record.past.merged_into,
        "answered": record.past.answered,
        "due": record.due,
        "book": None if record.book is None else _book(record.book),
    }


def _book(book: Book) -> dict[str, Any]:
    return {
        "log": list(book.log),
        "queued": book.queued,
        "answered": book.answered,
        "handed": book.handed,
        "unanswered": book.unanswered,
        "contacts": dict(book.contacts),
        "escalated_from": book.escalated_from,
        "clocks": [asdict(clock, recurse=False) for clock in (*book.past, *book.clocks.values())],
    }
