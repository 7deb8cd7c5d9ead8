"""Every error that ticketroute raises on purpose.

A value that makes no sense is an :class:`InvalidValueError`, which is a ``ValueError``.
A valid request that the desk refuses is a :class:`TicketRouteError`: an :class:`UnknownError`,
which is a ``LookupError``, a :class:`DuplicateError`, a :class:`RefusedError`, or one by itself.
After any of these errors the desk is as it was before the call.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 80  # characters of a foreign value that a message repeats: a line of a terminal


def shown(value: object) -> str:
    """Return ``value`` for use in a message: its repr, cut when it is long."""
    if isinstance(value, str | bytes):
        text, length = repr(value[:SHOWN]), len(value)
    else:
        try:
            text = repr(value)
        except Exception:  # noqa: BLE001  a foreign repr may fail in any way, this message may not
            return f"something of type {type(value).__name__} that cannot be shown"
        length = len(text)
    return text if length <= SHOWN else f"{text[:SHOWN]}... ({length} characters)"


class InvalidValueError(ValueError):
    """A field has a value that it does not allow.

    ``thing`` names the field, ``value`` is the value given, ``allowed`` describes valid values.
    """

    def __init__(self, thing: str, value: object, allowed: str) -> None:
        super().__init__(thing, value, allowed)
        self.thing, self.value, self.allowed = thing, value, allowed

    def __str__(self) -> str:
        return f"{self.thing} is {shown(self.value)}; it must be {self.allowed}"


class TicketRouteError(Exception):
    """The base of every refusal. Nothing has changed when it is raised."""


class UnknownError(TicketRouteError, LookupError):
    """The base of refusals because of a name that the desk does not know."""


class DuplicateError(TicketRouteError):
    """The base of refusals because of an id that the desk has already."""


class RefusedError(TicketRouteError):
    """The base of refusals of a command that names what is there, but not as the command needs it.

    Such as a ticket that is done, an agent who may not have it, or an instant that has passed.
    """


class TimeBackwardsError(RefusedError):
    """A command has an earlier instant than the command before it."""

    def __init__(self, at: int, last: int) -> None:
        super().__init__(at, last)
        self.at, self.last = at, last

    def __str__(self) -> str:
        return (
            f"at={self.at} is {self.last - self.at} ms before the last instant {self.last}; "
            "give commands in the order of their instants, or repeat the last instant"
        )


class DeadlinePassedError(RefusedError):
    """A preview asks about an instant before which something falls due on the desk."""

    def __init__(self, at: int, due: int) -> None:
        super().__init__(at, due)
        self.at, self.due = at, due

    def __str__(self) -> str:
        return (
            f"something falls due at {self.due}, no later than at={self.at}; "
            "call advance(at=...) first, so that the preview starts from what it changes"
        )


class _UnknownIdError(UnknownError):
    thing = ""
    way_out = ""

    def __init__(self, id_: str) -> None:
        super().__init__(id_)
        self.id = id_

    def __str__(self) -> str:
        return f"no {self.thing} {shown(self.id)} on this desk; {self.way_out}"


class UnknownTicketError(_UnknownIdError):
    """A command names a ticket that was never submitted."""

    thing, way_out = "ticket", "submit it first, or check the id"


class UnknownAgentError(_UnknownIdError):
    """A command names an agent that the desk does not have."""

    thing, way_out = "agent", "add the agent first, or check the id"
    reason = "unknown_agent"  # the first code of the gate


class UnknownQueueError(_UnknownIdError):
    """A command names a queue that the desk does not have."""

    thing, way_out = "queue", "add the queue first, or check the id"


class UnknownCalendarError(_UnknownIdError):
    """A value names a calendar that the desk does not have."""

    thing, way_out = "calendar", "set it first with set_calendar, or check the id"


class UnknownPolicyError(_UnknownIdError):
    """A queue names a policy that the desk does not have."""

    thing, way_out = "policy", "set it first with set_policies, or check the id"


class UnknownClockError(UnknownError):
    """A caller asks about a clock that the ticket does not have."""

    def __init__(self, ticket_id: str, metric: str, cycle: int | None) -> None:
        super().__init__(ticket_id, metric, cycle)
        self.ticket_id, self.metric, self.cycle = ticket_id, metric, cycle

    def __str__(self) -> str:
        which = "" if self.cycle is None else f", cycle {self.cycle}"
        return (
            f"ticket {shown(self.ticket_id)} has no clock for {self.metric}{which}; "
            "clocks() lists the clocks it has, and its policy says which targets it gets"
        )


class UnroutedTicketError(TicketRouteError):
    """A ticket names no queue and the desk has no default queue."""

    def __init__(self, ticket_id: str) -> None:
        super().__init__(ticket_id)
        self.ticket_id = ticket_id

    def __str__(self) -> str:
        return (
            f"ticket {shown(self.ticket_id)} names no queue and the desk has no default; "
            "give the ticket a queue, or set Defaults(queue=...)"
        )


class UnknownStrategyError(UnknownError):
    """A queue names a strategy that is neither built in nor installed.

    ``known`` holds the valid names, the most similar to ``name`` first.
    """

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = get_close_matches(name[:SHOWN], names, n=len(names), cutoff=0.6)
        ordered = (*near, *(other for other in names if other not in near))
        super().__init__(name, ordered)
        self.name, self.known, self.nearest = name, ordered, near[0] if near else None

    def __str__(self) -> str:
        hint = f"did you mean {self.nearest!r}? " if self.nearest else ""
        return (
            f"no strategy {shown(self.name)}; {hint}valid names are: {', '.join(self.known)}; "
            "register one of your own with ticketroute.strategies.register(name, factory)"
        )


class NoRandomSourceError(TicketRouteError):
    """A queue's strategy draws random numbers, and the desk has no random source."""

    def __init__(self, queue_id: str, strategy: str) -> None:
        super().__init__(queue_id, strategy)
        self.queue_id, self.strategy = queue_id, strategy

    def __str__(self) -> str:
        return (
            f"queue {shown(self.queue_id)} uses strategy {self.strategy}, which draws random "
            "numbers, and this desk has no random source; pass one to Dispatcher and to replay: "
            "random=random.Random(seed)"
        )


class _DuplicateIdError(DuplicateError):
    thing = ""
    way_out = ""

    def __init__(self, id_: str) -> None:
        super().__init__(id_)
        self.id = id_

    def __str__(self) -> str:
        return f"{self.thing} {shown(self.id)} is on this desk already; {self.way_out}"


class DuplicateTicketError(_DuplicateIdError):
    """A ticket is submitted with the id of another ticket.

    ``forgotten`` is whether the other one has left the desk, and only the journal knows it.
    """

    thing, way_out = "another ticket", "give the new ticket an id of its own"

    def __init__(self, id_: str, *, forgotten: bool = False) -> None:
        super().__init__(id_)
        self.forgotten = forgotten

    def __str__(self) -> str:
        if not self.forgotten:
            return super().__str__()
        return (
            f"ticket {shown(self.id)} is done, and this desk has forgotten it, but its journal "
            f"has not; {self.way_out}"
        )


class DuplicateAgentError(_DuplicateIdError):
    """An agent is added with the id of another agent."""

    thing, way_out = "agent", "change it with change_agent, or choose another id"


class DuplicateQueueError(_DuplicateIdError):
    """A queue is added with the id of another queue."""

    thing, way_out = "queue", "change it with change_queue, or choose another id"


class DuplicatePolicyError(_DuplicateIdError):
    """Two policies of one list have the same id."""

    thing, way_out = "policy", "give each policy an id of its own"

    def __str__(self) -> str:
        return f"{self.thing} {shown(self.id)} is there twice; {self.way_out}"


class InUseError(RefusedError):
    """Something cannot be removed because it is still used; ``user`` says in words by what."""

    def __init__(self, thing: str, id_: str, user: str) -> None:
        super().__init__(thing, id_, user)
        self.thing, self.id, self.user = thing, id_, user

    def __str__(self) -> str:
        return f"{self.thing} {shown(self.id)} is in use by {self.user}; change that first"


class NotMemberError(RefusedError):
    """A membership to change or to end does not exist."""

    def __init__(self, queue_id: str, agent_id: str) -> None:
        super().__init__(queue_id, agent_id)
        self.queue_id, self.agent_id = queue_id, agent_id

    def __str__(self) -> str:
        return (
            f"agent {shown(self.agent_id)} is not a member of queue {shown(self.queue_id)}; "
            "add the membership first with add_member"
        )


class AlreadyMemberError(RefusedError):
    """A membership to add exists already."""

    def __init__(self, queue_id: str, agent_id: str) -> None:
        super().__init__(queue_id, agent_id)
        self.queue_id, self.agent_id = queue_id, agent_id

    def __str__(self) -> str:
        return (
            f"agent {shown(self.agent_id)} is a member of queue {shown(self.queue_id)} already; "
            "change the membership with change_member"
        )


class QueueNotEmptyError(RefusedError):
    """A queue to remove still has tickets in it."""

    def __init__(self, queue_id: str, tickets: int) -> None:
        super().__init__(queue_id, tickets)
        self.queue_id, self.tickets = queue_id, tickets

    def __str__(self) -> str:
        return (
            f"queue {shown(self.queue_id)} is not empty: {self.tickets} of its tickets are not "
            "done; move them with move_to=, or end them first"
        )


class NotEligibleError(RefusedError):
    """The agent may not get this ticket; ``reason`` is the code of the first rule against it."""

    def __init__(self, agent_id: str, ticket_id: str | None, reason: str) -> None:
        super().__init__(agent_id, ticket_id, reason)
        self.agent_id, self.ticket_id, self.reason = agent_id, ticket_id, reason

    def __str__(self) -> str:
        what = "a ticket" if self.ticket_id is None else f"ticket {shown(self.ticket_id)}"
        return (
            f"agent {shown(self.agent_id)} may not get {what} now: {self.reason}; "
            "remove the cause, choose another agent, or let a supervisor use assign(force=True)"
        )


class AlreadyAssignedError(RefusedError):
    """The ticket is assigned already, to the agent ``agent_id``."""

    def __init__(self, ticket_id: str, agent_id: str) -> None:
        super().__init__(ticket_id, agent_id)
        self.ticket_id, self.agent_id = ticket_id, agent_id

    def __str__(self) -> str:
        return (
            f"ticket {shown(self.ticket_id)} is assigned to agent {shown(self.agent_id)}; "
            "transfer it to give it to another agent"
        )


class OfferGoneError(RefusedError):
    """An answer comes for an offer that has ended; agent ``winner`` has the ticket, or None."""

    def __init__(self, ticket_id: str, agent_id: str, winner: str | None) -> None:
        super().__init__(ticket_id, agent_id, winner)
        self.ticket_id, self.agent_id, self.winner = ticket_id, agent_id, winner

    def __str__(self) -> str:
        if self.winner is None:
            what = "no agent has it yet"
        else:
            what = f"agent {shown(self.winner)} has it"
        return (
            f"the offer of ticket {shown(self.ticket_id)} to agent {shown(self.agent_id)} has "
            f"ended: {what}; answer an offer while it is open, or take the ticket if it waits"
        )


class NotOfferedError(RefusedError):
    """An agent answers an offer that they never got."""

    def __init__(self, ticket_id: str, agent_id: str) -> None:
        super().__init__(ticket_id, agent_id)
        self.ticket_id, self.agent_id = ticket_id, agent_id

    def __str__(self) -> str:
        return (
            f"ticket {shown(self.ticket_id)} was never offered to agent {shown(self.agent_id)}; "
            "only an agent with an open offer can accept or decline"
        )


class OverflowCircleError(TicketRouteError):
    """Queues overflow into each other in a circle, so that a ticket would move for ever."""

    def __init__(self, circle: Iterable[str]) -> None:
        self.circle = tuple(circle)
        super().__init__(self.circle)

    def __str__(self) -> str:
        way = " -> ".join(shown(queue_id) for queue_id in self.circle)
        return (
            f"relaxations move tickets in a circle: {way}; "
            "take move_to or add_queue out of the relaxations of one of them"
        )


class BeyondHorizonError(TicketRouteError):
    """A calendar is asked about a time outside of 1970 to the end of 2200.

    ``span`` is the open time in milliseconds to count from ``start``, backwards if negative. It
    is None if ``start`` itself is outside.
    """

    def __init__(self, calendar: str, start: int, span: int | None = None) -> None:
        super().__init__(calendar, start, span)
        self.calendar, self.start, self.span = calendar, start, span

    def __str__(self) -> str:
        asked = f"start={self.start}"
        if self.span is not None:
            way = "back from" if self.span < 0 else "from"
            asked = f"{abs(self.span)} ms of open time {way} {asked}"
        return (
            f"calendar {shown(self.calendar)} covers 1970 to the end of 2200, and {asked} is "
            "outside; give a time within, or a calendar that opens again"
        )


class AlreadyDoneError(RefusedError):
    """The ticket is done: resolved, abandoned or merged."""

    def __init__(self, ticket_id: str) -> None:
        super().__init__(ticket_id)
        self.ticket_id = ticket_id

    def __str__(self) -> str:
        return f"ticket {shown(self.ticket_id)} is done; reopen it before changing it"


class TransitionError(RefusedError):
    """The life cycle has no such transition from the state that the ticket is in."""

    def __init__(self, ticket_id: str, state: str, step: str) -> None:
        super().__init__(ticket_id, state, step)
        self.ticket_id, self.state, self.step = ticket_id, state, step

    def __str__(self) -> str:
        return (
            f"ticket {shown(self.ticket_id)} is {self.state}; {self.step} is not possible in this "
            "state, see the page on the life cycle for what is"
        )


class ConflictError(RefusedError):
    """A person decided on an older version of the ticket than the desk has."""

    def __init__(self, ticket_id: str, expected: int, actual: int) -> None:
        super().__init__(ticket_id, expected, actual)
        self.ticket_id, self.expected, self.actual = ticket_id, expected, actual

    def __str__(self) -> str:
        return (
            f"ticket {shown(self.ticket_id)} is at version {self.actual}, not {self.expected}; "
            "read the ticket again and decide again"
        )


class JournalConflictError(TicketRouteError):
    """A writer appends at a position that is no longer the end of the journal."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(expected, actual)
        self.expected, self.actual = expected, actual

    def __str__(self) -> str:
        return (
            f"the journal is at {self.actual}, not {self.expected}; "
            "read the events added since, decide again, and append at its new head"
        )


class ConfigurationError(TicketRouteError):
    """A configuration cannot be used; ``problems`` are all that is wrong with it, in its order.

    Each problem says where it is, what is written there and what is allowed. ``more`` is how many
    others were found beyond the first hundred.
    """

    def __init__(self, problems: Iterable[object], more: int = 0) -> None:
        self.problems, self.more = tuple(problems), more
        super().__init__(self.problems, more)

    def __str__(self) -> str:
        count = len(self.problems) + self.more
        what = "1 problem" if count == 1 else f"{count} problems"
        told = f", of which these are the first {len(self.problems)}" if self.more else ""
        return "\n".join([f"the configuration has {what}{told}:", *map(str, self.problems)])


class CalledFromInsideError(TicketRouteError):
    """The host's own code called the desk while the desk was in the middle of a command."""

    def __str__(self) -> str:
        return (
            "the desk is in the middle of a command; code that it calls (permits, a random source, "
            "a strategy) may not call it: return first, and give the command afterwards"
        )


class BrokenDeskError(TicketRouteError):
    """A command failed half-way, so the desk in memory can no longer be trusted."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return (
            f"the desk broke at {self.what}; build it again with "
            "Dispatcher.replay(the events that were returned)"
        )
