"""Decides who gets a support ticket, in which order, and by when.

These are the names that most programs need; others are in the public modules of this package.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model.agent import Agent, ChannelLimit, Membership, Presence, RateLimit
from ticketroute.model.events import Author
from ticketroute.model.instants import datetime_of, hours, instant_of, minutes, seconds
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.offer import OfferPolicy
from ticketroute.model.queue import Defaults, Delivery, Queue
from ticketroute.model.relaxation import Reach, Relaxation
from ticketroute.model.ticket import Ticket, TicketPriority
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.holiday import PublicHolidays
from ticketroute.sla.policy import Escalation, Metric, Policy, Target

__version__ = "0.1.0"

__all__ = [  # noqa: RUF022  grouped as the documentation groups them
    # the desk
    "Dispatcher",
    "Defaults",
    # agents
    "Agent",
    "ChannelLimit",
    "Membership",
    "Presence",
    "RateLimit",
    # queues
    "Queue",
    "Delivery",
    "OfferPolicy",
    "Reach",
    "Relaxation",
    # tickets
    "Ticket",
    "TicketPriority",
    "RoutingState",
    "Status",
    "Author",
    # service levels
    "Calendar",
    "PublicHolidays",
    "Policy",
    "Target",
    "Metric",
    "Escalation",
    # time
    "seconds",
    "minutes",
    "hours",
    "instant_of",
    "datetime_of",
]

if not TYPE_CHECKING:  # notebooks find the rest of the model here; typed code imports it from there

    def __getattr__(name: str) -> Any:
        for part in ("model", "events", "sla"):
            module = import_module(f"ticketroute.{part}")
            if name != part and name in module.__all__:
                return getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
