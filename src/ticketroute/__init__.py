"""Decides who gets a support ticket, in which order, and by when."""

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model.agent import Agent, ChannelLimit, Membership, Presence, RateLimit
from ticketroute.model.events import Author, Cause, Event, HoldStatus, WaitReason
from ticketroute.model.ids import AgentId, CalendarId, PolicyId, QueueId, TicketId
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
from ticketroute.sla.calendar import ALWAYS, Calendar
from ticketroute.sla.clock import ClockState
from ticketroute.sla.explanation import ClockExplanation, ClockView
from ticketroute.sla.holiday import PublicHolidays
from ticketroute.sla.policy import (
    ChangeRule,
    Escalation,
    Metric,
    Policy,
    ReopenRule,
    Target,
)
from ticketroute.sla.versions import Versions

__version__ = "0.1.0"

__all__ = [
    "ALWAYS",
    "Aged",
    "Agent",
    "AgentId",
    "Author",
    "Calendar",
    "CalendarId",
    "Cause",
    "ChangeRule",
    "Channel",
    "ChannelLimit",
    "ClockExplanation",
    "ClockState",
    "ClockView",
    "ContactPoint",
    "Defaults",
    "Delivery",
    "Departure",
    "Dispatcher",
    "EarliestDeadline",
    "Escalation",
    "Event",
    "HoldStatus",
    "Instant",
    "Lifo",
    "Membership",
    "Metric",
    "OfferPolicy",
    "Policy",
    "PolicyId",
    "Presence",
    "PriorityThenAge",
    "PublicHolidays",
    "Queue",
    "QueueId",
    "RateLimit",
    "Reach",
    "Reason",
    "Relaxation",
    "ReopenRule",
    "ResumeRule",
    "RoutingState",
    "Span",
    "Status",
    "StrategySpec",
    "Target",
    "Ticket",
    "TicketId",
    "TicketPriority",
    "Versions",
    "WaitReason",
    "datetime_of",
    "hours",
    "instant_of",
    "minutes",
    "seconds",
]
