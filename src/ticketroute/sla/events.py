"""The events of calendars, shifts, policies and clocks, one frozen class each.

They are events like those of :mod:`ticketroute.model.events`. They are in this module because
they carry calendars and policies.
"""

from __future__ import annotations

from attrs import field, frozen

from ticketroute.model.events import Event, TicketEvent
from ticketroute.model.ids import AgentId, CalendarId, PolicyId, QueueId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.lifecycle import Status
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.clock import ClockState
from ticketroute.sla.policy import Metric, Policy
from ticketroute.sla.refresh import CalendarChanges, MovedDue

# --- calendars and policies -----------------------------------------------------------------------


@frozen(kw_only=True)
class CalendarSet(Event):
    """A calendar is in force from ``effective_from``; open clocks and shifts follow at once.

    ``calendar`` holds the dates and zone changes that it takes from libraries, with the releases.
    ``changes`` are the differences that newer releases made, if the calendar was set by a refresh.
    """

    calendar_id: CalendarId
    calendar: Calendar
    effective_from: Instant
    changes: CalendarChanges | None = None


@frozen(kw_only=True)
class DuesMoved(Event):
    """Newer dates or zone data have moved when open clocks of a calendar fall due.

    It says so and changes nothing: the dues moved with the calendar, the event before.
    """

    calendar_id: CalendarId
    moved: tuple[MovedDue, ...]


@frozen(kw_only=True)
class CalendarRemoved(Event):
    """A calendar that nothing uses any more was removed."""

    calendar_id: CalendarId


@frozen(kw_only=True)
class PoliciesSet(Event):
    """These policies are in force from now on; a ticket has the first that applies to it."""

    policies: tuple[Policy, ...]


# --- shifts ---------------------------------------------------------------------------------------


@frozen(kw_only=True)
class ShiftStarted(Event):
    """An agent's shift calendar opened."""

    agent_id: AgentId


@frozen(kw_only=True)
class ShiftEnded(Event):
    """An agent's shift calendar closed; from this instant on they get no ticket."""

    agent_id: AgentId


# --- clocks ---------------------------------------------------------------------------------------


@frozen(kw_only=True)
class ClockEvent(TicketEvent):
    """The base of events of one clock: a ticket's metric in its ``cycle``, counted from 1."""

    metric: Metric
    cycle: int


@frozen(kw_only=True)
class ClockStarted(ClockEvent):
    """A clock counts from ``started``, which may be before ``at``.

    ``within`` is the target in force, ``promised`` the target in the policy. ``due`` is None while
    the clock pauses because of the status ``paused_by``.
    """

    policy_id: PolicyId
    version: int
    calendar_id: CalendarId | None
    promised: Span
    within: Span
    started: Instant
    due: Instant | None
    paused_by: Status | None = None


@frozen(kw_only=True)
class ClockPaused(ClockEvent):
    """A clock pauses while its ticket has ``status``; ``remaining`` of its target is left."""

    status: Status
    remaining: Span


@frozen(kw_only=True)
class ClockResumed(ClockEvent):
    """A clock runs again, after a pause or after its ticket was reopened."""

    due: Instant | None


@frozen(kw_only=True)
class ClockRetargeted(ClockEvent):
    """An open clock got another target, policy or calendar.

    A cancelled clock is open again, as if it had never been cancelled.
    """

    policy_id: PolicyId
    version: int
    calendar_id: CalendarId | None
    promised: Span
    within: Span
    due: Instant | None


@frozen(kw_only=True)
class ClockEnded(ClockEvent):
    """A clock ended with an ``outcome``, after ``elapsed`` of calendar time.

    ``queue_id`` is the queue for which it counted; if the ticket moved, the queue it left.
    """

    outcome: ClockState
    queue_id: QueueId
    elapsed: Span


@frozen(kw_only=True)
class ClockWarned(ClockEvent):
    """``share`` percent of the target are used up.

    ``late_by`` is how long after its instant the desk was called. It depends on the host and not
    on the ticket, and two events that differ only in it are equal.
    """

    share: int
    due: Instant | None
    late_by: Span = field(default=0, eq=False)


@frozen(kw_only=True)
class ClockBreached(ClockEvent):
    """The target was missed, because more than ``within`` has counted. It is recorded only once.

    ``due`` is the last instant at which it was still met. ``late_by`` is as in a warning.
    """

    within: Span
    due: Instant | None
    late_by: Span = field(default=0, eq=False)


@frozen(kw_only=True)
class ClockEscalated(ClockEvent):
    """An escalation ``level``, from 0, of a policy's ``version`` is due. It is recorded only once.

    Its actions follow as events of their own. ``notify`` is the host's word for whom to notify.
    ``late_by`` is as in a warning.
    """

    level: int
    policy_id: PolicyId
    version: int
    notify: str
    due: Instant | None
    late_by: Span = field(default=0, eq=False)
