"""What is due when: found by looking at every fact that names an instant."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from ticketroute.testing.reference.facts import TicketFacts
from ticketroute.testing.reference.fold import Fold


class Kind(IntEnum):
    """What falls due; of one instant, the smaller goes first: room before work."""

    SHIFT = 0  # at the instant it ends, nobody gets anything any more
    WRAP_UP = 1
    RATE_LIMIT = 2
    COOL_DOWN = 3
    RETRY = 4
    OFFER = 5
    RING = 6
    RESERVE = 7
    RELAX = 8
    RESPOND = 9
    IDLE = 10
    GRACE = 11
    CLOCK = 12


class Due(NamedTuple):
    """Something due at an instant: sorted, the first goes first."""

    at: int
    kind: Kind
    subject: str
    detail: str = ""


def due_of(desk: Fold) -> list[Due]:
    """Return all that is due, the first first."""
    due = [
        Due(ticket.wrap_up_until, Kind.WRAP_UP, ticket.agent, ticket.id)
        for ticket in desk.tickets.values()
        if ticket.wrap_up_until is not None and ticket.agent is not None
    ]
    for agent_id, known in desk.agents.items():
        for kind, at in (
            (Kind.SHIFT, desk.shift_changes_at(agent_id)),
            (Kind.GRACE, known.grace_until),
            (Kind.RATE_LIMIT, desk.rate_lifts_at(agent_id)),
            (Kind.COOL_DOWN, known.cooling_until),
        ):
            if at is not None:
                due.append(Due(at, kind, agent_id))
    for ticket in desk.tickets.values():
        due.extend(due_of_ticket(ticket))
        for clock in () if ticket.book is None else ticket.book.latest:
            at = None if ticket.book is None else desk.mark_due(ticket.book, clock)
            if at is not None:
                due.append(Due(at, Kind.CLOCK, ticket.id, clock.metric.value))
    return sorted(due)


def due_of_ticket(ticket: TicketFacts) -> list[Due]:
    """Return what is due for a ticket that searches, is asked for, or is worked."""
    due = [Due(offer.until, Kind.OFFER, ticket.id, who) for who, offer in ticket.offers.items()]
    due.extend(
        Due(tried.retry_at, Kind.RETRY, ticket.id, who)
        for who, tried in ticket.tried.items()
        if tried.retry_at is not None
    )
    due.extend(
        Due(at, kind, ticket.id)
        for kind, at in (
            (Kind.RING, ticket.ring_at),
            (Kind.RESERVE, ticket.reserve_until),
            (Kind.RELAX, ticket.relax_at),
            (Kind.RESPOND, ticket.respond_by),
            (Kind.IDLE, ticket.idle_at),
        )
        if at is not None
    )
    return due
