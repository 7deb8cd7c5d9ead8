"""The life cycle of a ticket as two tables, and the life cycle of an offer as one.

``ROUTING`` maps a ticket's state and an event to its next state; an event that the table does not
list for a state cannot happen in it. ``CONVERSATION`` does the same for the status that people
see, but a pair that it does not list leaves the status unchanged. ``OFFER`` maps an offer's
outcome so far and an event to its next outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ticketroute.model.events import (
    Author,
    HoldStatus,
    OfferDeclined,
    OfferExpired,
    OfferShort,
    OfferWithdrawn,
    ReserveEnded,
    RetryAllowed,
    RingWidened,
    RoomHeld,
    RoomReleased,
    RoomWanted,
    TicketAbandoned,
    TicketAssigned,
    TicketChanged,
    TicketClosed,
    TicketEscalated,
    TicketEvent,
    TicketHeld,
    TicketMerged,
    TicketOffered,
    TicketPriorityChanged,
    TicketQueued,
    TicketRated,
    TicketRelaxed,
    TicketReleased,
    TicketReopened,
    TicketReplied,
    TicketReserved,
    TicketResolved,
    TicketResumed,
    TicketTransferred,
)
from ticketroute.model.frozen import Word
from ticketroute.model.offer import OfferOutcome


class RoutingState(Word):
    """The state of a ticket in routing: exactly one at any time."""

    WAITING = "waiting"  #: for an agent
    OFFERED = "offered"  #: to at least one agent, who has not answered yet
    ASSIGNED = "assigned"  #: to an agent who works it
    PARKED = "parked"  #: on hold, with or without an agent
    DONE = "done"


class Status(Word):
    """The status of a conversation, in the words people see."""

    NEW = "new"  #: no agent has had it
    OPEN = "open"  #: an agent's turn
    ANSWERED = "answered"  #: the requester's turn
    PENDING = "pending"  #: on hold, waiting for a person
    POSTPONED = "postponed"  #: on hold, for a time
    RESOLVED = "resolved"
    CLOSED = "closed"  #: cannot be reopened


_WAITING, _OFFERED, _ASSIGNED, _PARKED, _DONE = RoutingState

ROUTING: Final[Mapping[tuple[RoutingState, type[TicketEvent]], RoutingState]] = MappingProxyType(
    {
        (_WAITING, TicketQueued): _WAITING,
        (_WAITING, TicketAssigned): _ASSIGNED,
        (_WAITING, TicketTransferred): _WAITING,
        (_WAITING, TicketReplied): _WAITING,
        (_WAITING, TicketHeld): _PARKED,
        (_WAITING, TicketResolved): _DONE,
        (_WAITING, TicketAbandoned): _DONE,
        (_WAITING, TicketMerged): _DONE,
        (_WAITING, TicketPriorityChanged): _WAITING,
        (_ASSIGNED, TicketReleased): _WAITING,
        (_ASSIGNED, TicketTransferred): _ASSIGNED,
        (_ASSIGNED, TicketReplied): _ASSIGNED,
        (_ASSIGNED, TicketHeld): _PARKED,
        (_ASSIGNED, TicketResolved): _DONE,
        (_ASSIGNED, TicketMerged): _DONE,
        (_ASSIGNED, TicketPriorityChanged): _ASSIGNED,
        (_PARKED, TicketReleased): _WAITING,
        (_PARKED, TicketResumed): _ASSIGNED,
        (_PARKED, TicketTransferred): _PARKED,
        (_PARKED, TicketReplied): _PARKED,
        (_PARKED, TicketHeld): _PARKED,
        (_PARKED, TicketResolved): _DONE,
        (_PARKED, TicketAbandoned): _DONE,
        (_PARKED, TicketMerged): _DONE,
        (_PARKED, TicketPriorityChanged): _PARKED,
        (_DONE, TicketReopened): _WAITING,
        (_DONE, TicketClosed): _DONE,
        (_DONE, TicketReplied): _DONE,
        (_DONE, TicketRated): _DONE,
        (_WAITING, TicketRated): _WAITING,
        **{(state, TicketChanged): state for state in (_WAITING, _OFFERED, _ASSIGNED, _PARKED)},
        (_WAITING, TicketOffered): _OFFERED,
        (_WAITING, RetryAllowed): _WAITING,
        (_WAITING, RingWidened): _WAITING,
        (_ASSIGNED, RetryAllowed): _ASSIGNED,
        (_PARKED, RetryAllowed): _PARKED,
        **{
            (state, event): state
            for state in (_WAITING, _OFFERED)
            for event in (RoomWanted, RoomHeld, RoomReleased)
        },
        (_WAITING, TicketReserved): _WAITING,
        (_WAITING, ReserveEnded): _WAITING,
        (_WAITING, TicketRelaxed): _WAITING,
        (_OFFERED, TicketOffered): _OFFERED,
        (_OFFERED, OfferShort): _OFFERED,
        (_OFFERED, OfferDeclined): _OFFERED,
        (_OFFERED, OfferExpired): _OFFERED,
        (_OFFERED, OfferWithdrawn): _OFFERED,
        (_OFFERED, RetryAllowed): _OFFERED,
        (_OFFERED, RingWidened): _OFFERED,
        (_OFFERED, TicketRelaxed): _OFFERED,
        (_OFFERED, TicketQueued): _WAITING,
        (_OFFERED, TicketReleased): _WAITING,
        (_OFFERED, TicketAssigned): _ASSIGNED,
        (_OFFERED, TicketReplied): _OFFERED,
        (_OFFERED, TicketPriorityChanged): _OFFERED,
        (_OFFERED, TicketRated): _OFFERED,
        (_ASSIGNED, TicketEscalated): _ASSIGNED,
        (_ASSIGNED, TicketRated): _ASSIGNED,
        (_PARKED, TicketRated): _PARKED,
    }
)

OFFER: Final[Mapping[tuple[OfferOutcome, type[TicketEvent]], OfferOutcome]] = MappingProxyType(
    {
        (OfferOutcome.OPEN, TicketAssigned): OfferOutcome.ACCEPTED,
        (OfferOutcome.OPEN, OfferDeclined): OfferOutcome.DECLINED,
        (OfferOutcome.OPEN, OfferExpired): OfferOutcome.EXPIRED,
        (OfferOutcome.OPEN, OfferWithdrawn): OfferOutcome.WITHDRAWN,
    }
)

# What changes a status: the class of an event, or, where the class is not enough, who wrote the
# message or why the ticket is on hold.
Move = type[TicketEvent] | Author | HoldStatus

CONVERSATION: Final[Mapping[tuple[Status, Move], Status]] = MappingProxyType(
    {
        (Status.NEW, TicketAssigned): Status.OPEN,
        (Status.NEW, Author.AGENT): Status.ANSWERED,
        (Status.OPEN, Author.AGENT): Status.ANSWERED,
        (Status.ANSWERED, Author.REQUESTER): Status.OPEN,
        **{
            (status, hold): Status(hold.value)
            for status in (
                Status.NEW,
                Status.OPEN,
                Status.ANSWERED,
                Status.PENDING,
                Status.POSTPONED,
            )
            for hold in HoldStatus
        },
        **{
            (hold, event): Status.OPEN
            for hold in (Status.PENDING, Status.POSTPONED)
            for event in (TicketResumed, TicketReleased)
        },
        **{
            (status, TicketResolved): Status.RESOLVED
            for status in Status
            if status not in (Status.RESOLVED, Status.CLOSED)
        },
        **{
            (status, event): Status.CLOSED
            for status in Status
            if status not in (Status.RESOLVED, Status.CLOSED)
            for event in (TicketAbandoned, TicketMerged)
        },
        (Status.RESOLVED, TicketClosed): Status.CLOSED,
        (Status.RESOLVED, TicketReopened): Status.OPEN,
    }
)
