"""Decides who gets a support ticket, in which order, and by when."""

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model.agent import Agent, ChannelLimit, Membership, Presence, RateLimit
from ticketroute.model.events import Author, Cause, Event, HoldStatus, WaitReason
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import (
    Instant,
    Span,
    datetime_of,
    hours,
    instant_of,
    minutes,
    seconds,
)
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.line_order import Aged, EarliestDeadline, Lifo, PriorityThenAge
from ticketroute.model.offer import ContactPoint, OfferPolicy
from ticketroute.model.queue import Defaults, Delivery, Departure, Queue, ResumeRule
from ticketroute.model.reasons import Reason
from ticketroute.model.relaxation import Reach, Relaxation
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.model.ticket import Channel, Ticket, TicketPriority

__version__ = "0.1.0"

__all__ = [
    "Aged",
    "Agent",
    "AgentId",
    "Author",
    "Cause",
    "Channel",
    "ChannelLimit",
    "ContactPoint",
    "Defaults",
    "Delivery",
    "Departure",
    "Dispatcher",
    "EarliestDeadline",
    "Event",
    "HoldStatus",
    "Instant",
    "Lifo",
    "Membership",
    "OfferPolicy",
    "Presence",
    "PriorityThenAge",
    "Queue",
    "QueueId",
    "RateLimit",
    "Reach",
    "Reason",
    "Relaxation",
    "ResumeRule",
    "RoutingState",
    "Span",
    "Status",
    "StrategySpec",
    "Ticket",
    "TicketId",
    "TicketPriority",
    "WaitReason",
    "datetime_of",
    "hours",
    "instant_of",
    "minutes",
    "seconds",
]
