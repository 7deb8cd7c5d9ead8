"""SLA attainment: the share of clocks that were met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from attrs import define, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model import events as ev
from ticketroute.model.checks import several
from ticketroute.model.ids import AgentId, PolicyId, QueueId, TicketId
from ticketroute.model.ticket import TicketPriority
from ticketroute.sla import events as sla
from ticketroute.sla.clock import ClockState
from ticketroute.sla.policy import Metric

NOBODY = "nobody"  # the agent of a clock whose ticket never had an agent


class Facet(Enum):
    """A fact by which figures are broken down."""

    METRIC = "metric"
    POLICY = "policy"
    QUEUE = "queue"
    PRIORITY = "priority"
    AGENT = "agent"  #: the ticket's last agent when the clock ended


@frozen(kw_only=True)
class Attainment:
    """The outcomes of some clocks, as counts; each cycle of a metric counts as one clock.

    ``overdue`` clocks are open and breached. ``open`` clocks can still be met. ``lapsed`` clocks
    ended in time without the reply or change they waited for, and ``cancelled`` ones because they
    had no target any more; neither counts as met or missed.
    """

    met: int = 0
    missed: int = 0
    overdue: int = 0
    open: int = 0
    lapsed: int = 0
    cancelled: int = 0

    @property
    def share(self) -> float | None:
        """The clocks met divided by the clocks decided, 0.0 to 1.0; None if none is decided.

        Source: Zendesk help, "SLA achievement rate": achieved divided by achieved and breached; a
        clock that is open and breached is decided already.
        """
        decided = self.met + self.missed + self.overdue
        return self.met / decided if decided else None


@define
class _Ticket:
    queue_id: QueueId
    priority: TicketPriority
    agent_id: AgentId | None = None


@define
class _Clock:
    metric: Metric
    policy_id: PolicyId
    state: str = "open"
    facts: tuple[str, str, str] = ("", "", "")  # queue, priority and agent as it ended


_Key = tuple[TicketId, Metric, int]


def attainment(
    events: Iterable[ev.Event], *, by: Sequence[Facet] = (Facet.METRIC,)
) -> dict[tuple[str, ...], Attainment]:
    """Return the outcomes of the clocks in a stream of events, broken down by facets.

    Args:
        events: all events of a desk in their order, or the first part of them.
        by: the facets of a key, in order; without any there is one figure with the key ``()``.

    Returns:
        Figures by key, in the order of the keys. An ended clock counts under the facts of its
        ticket when it ended, an open clock under those at the end of the stream. A clock that a
        reopened ticket resumed counts once, with its last outcome.

    Raises:
        InvalidValueError: if ``by`` contains a value that is not a facet.

    O(events) time, O(tickets + clocks) memory.
    """
    facets = several("by", by)
    for facet in facets:
        if not isinstance(facet, Facet):
            raise InvalidValueError("by", facet, f"facets: {', '.join(map(str, Facet))}")
    tickets: dict[TicketId, _Ticket] = {}
    clocks: dict[_Key, _Clock] = {}
    for event in events:
        _follow_ticket(tickets, event)
        if isinstance(event, sla.ClockEvent):
            _follow_clock(clocks, tickets, event)
    counts: dict[tuple[str, ...], Counter[str]] = {}
    for (ticket_id, _, _), clock in clocks.items():
        still_open = clock.state in ("open", "overdue")
        queue, priority, agent = _facts(tickets[ticket_id]) if still_open else clock.facts
        values: Mapping[Facet, str] = {
            Facet.METRIC: clock.metric.value,
            Facet.POLICY: clock.policy_id,
            Facet.QUEUE: queue,
            Facet.PRIORITY: priority,
            Facet.AGENT: agent,
        }
        key = tuple(values[facet] for facet in facets)
        counts.setdefault(key, Counter())[clock.state] += 1
    return {key: Attainment(**counts[key]) for key in sorted(counts)}


def _follow_ticket(tickets: dict[TicketId, _Ticket], event: ev.Event) -> None:
    match event:
        case ev.TicketSubmitted():
            tickets[event.ticket_id] = _Ticket(event.queue_id, event.ticket.priority)
        case ev.TicketTransferred():
            tickets[event.ticket_id].queue_id = event.to_queue
        case ev.TicketPriorityChanged() | ev.TicketRelaxed():
            tickets[event.ticket_id].priority = event.priority
        case ev.TicketAssigned():
            ticket = tickets[event.ticket_id]
            ticket.agent_id, ticket.queue_id = event.agent_id, event.queue_id


def _follow_clock(
    clocks: dict[_Key, _Clock], tickets: dict[TicketId, _Ticket], event: sla.ClockEvent
) -> None:
    key = (event.ticket_id, event.metric, event.cycle)
    match event:
        case sla.ClockStarted():
            clocks[key] = _Clock(event.metric, event.policy_id)
        case sla.ClockRetargeted():
            clocks[key].policy_id = event.policy_id
            if clocks[key].state == ClockState.CANCELLED.value:  # and it got a target again
                clocks[key].state = "open"
        case sla.ClockBreached():
            clocks[key].state = "overdue"
        case sla.ClockEnded():
            clocks[key].state = event.outcome.value
            _, priority, agent = _facts(tickets[event.ticket_id])
            clocks[key].facts = (event.queue_id, priority, agent)
        case sla.ClockResumed():
            clock = clocks[key]
            if clock.state == ClockState.MISSED.value:
                clock.state = "overdue"
            elif clock.state != "overdue":
                clock.state = "open"


def _facts(ticket: _Ticket) -> tuple[str, str, str]:
    return (ticket.queue_id, ticket.priority.name.lower(), ticket.agent_id or NOBODY)
