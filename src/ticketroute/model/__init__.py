"""The model: frozen values, enums and protocols; nothing here changes over time."""

from ticketroute.model.agent import Agent, ChannelLimit, Membership, Presence, RateLimit
from ticketroute.model.ids import AgentId, CalendarId, PolicyId, QueueId, TicketId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.line_order import Aged, EarliestDeadline, Lifo, LineOrder, PriorityThenAge
from ticketroute.model.offer import ContactPoint, OfferPolicy
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults, Delivery, Departure, Queue, ResumeRule
from ticketroute.model.reasons import Reason
from ticketroute.model.relaxation import Reach, Relaxation
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.model.ticket import Channel, Ticket, TicketPriority

__all__ = [
    "Aged",
    "Agent",
    "AgentId",
    "CalendarId",
    "Channel",
    "ChannelLimit",
    "ContactPoint",
    "Defaults",
    "Delivery",
    "Departure",
    "EarliestDeadline",
    "Instant",
    "Lifo",
    "LineOrder",
    "Membership",
    "OfferPolicy",
    "Permits",
    "PolicyId",
    "Presence",
    "PriorityThenAge",
    "Queue",
    "QueueId",
    "RandomSource",
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
]
