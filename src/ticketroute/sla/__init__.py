"""Business calendars, service level policies and the clocks of tickets."""

from ticketroute.sla.calendar import ALWAYS, Calendar
from ticketroute.sla.clock import ClockState
from ticketroute.sla.explanation import ClockExplanation, ClockView
from ticketroute.sla.holiday import PublicHolidays
from ticketroute.sla.policy import ChangeRule, Escalation, Metric, Policy, ReopenRule, Target
from ticketroute.sla.versions import Versions

__all__ = [
    "ALWAYS",
    "Calendar",
    "ChangeRule",
    "ClockExplanation",
    "ClockState",
    "ClockView",
    "Escalation",
    "Metric",
    "Policy",
    "PublicHolidays",
    "ReopenRule",
    "Target",
    "Versions",
]
