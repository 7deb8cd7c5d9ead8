"""What can happen to calendars, shifts, policies and clocks, one frozen class each.

They are events like those of :mod:`ticketroute.model.events`, and live here because they carry
calendars and policies.
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

# --- what clocks go by ----------------------------------------------------------------------------


@frozen(kw_only=True)
class CalendarSet(Event):
    """A calendar counts from ``effective_from`` on; open clocks and shifts follow at once.

    ``calendar`` has what it takes from libraries written into it, with the releases. ``changes``
    is what newer releases change, where it was set for their sake.
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
    """Nothing goes by a calendar any more, and it is gone."""

    calendar_id: CalendarId


@frozen(kw_only=True)
class PoliciesSet(Event):
    """These policies hold from now on, the first that applies to a ticket first."""

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
    """Something that happened to one clock: a ticket's metric, in its ``cycle``, from 1."""

    metric: Metric
    cycle: int


@frozen(kw_only=True)
class ClockStarted(ClockEvent):
    """A clock counts from ``started`` on, which may lie before ``at``.

    ``within`` is the target as it counts, ``promised`` as the policy says it. ``due`` is None
    while the clock stands still, because of the status ``paused_by``.
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
    """A clock stands still while its ticket has ``status``; ``remaining`` of its target is left."""

    status: Status
    remaining: Span


@frozen(kw_only=True)
class ClockResumed(ClockEvent):
    """A clock goes on, after a pause or after its ticket was reopened."""

    due: Instant | None


@frozen(kw_only=True)
class ClockRetargeted(ClockEvent):
    """Another target, policy or calendar holds for a clock that is open.

    One that was cancelled is open again, as if it had never been.
    """

    policy_id: PolicyId
    version: int
    calendar_id: CalendarId | None
    promised: Span
    within: Span
    due: Instant | None


@frozen(kw_only=True)
class ClockEnded(ClockEvent):
    """A clock ended as ``outcome``, with ``elapsed`` of calendar time on it.

    ``queue_id`` is the queue it counted for: of a ticket that moved, the one it left.
    """

    outcome: ClockState
    queue_id: QueueId
    elapsed: Span


@frozen(kw_only=True)
class ClockWarned(ClockEvent):
    """``share`` percent of the target are used up.

    ``late_by`` is how long after its instant the desk was told the time; it says something of the
    host and nothing of the ticket, and makes no difference between two events.
    """

    share: int
    due: Instant | None
    late_by: Span = field(default=0, eq=False)


@frozen(kw_only=True)
class ClockBreached(ClockEvent):
    """The target was missed: more than ``within`` has counted. Recorded once, for ever.

    ``due`` is the last instant at which it was kept. ``late_by`` is as in a warning.
    """

    within: Span
    due: Instant | None
    late_by: Span = field(default=0, eq=False)


@frozen(kw_only=True)
class ClockEscalated(ClockEvent):
    """An escalation ``level``, from 0, of a policy's ``version`` is due: once for ever.

    What it does follows as events of its own. ``notify`` is the host's word for whom to tell.
    ``late_by`` is as in a warning.
    """

    level: int
    policy_id: PolicyId
    version: int
    notify: str
    due: Instant | None
    late_by: Span = field(default=0, eq=False)
