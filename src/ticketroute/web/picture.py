"""One picture of a desk as plain values: what the board shows, and ``state.json`` holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ticketroute.core.show.explain import Explanation, Names
from ticketroute.core.show.views import AgentView
from ticketroute.desk.desk import Desk
from ticketroute.desk.watch import QueueNow, Watch
from ticketroute.errors import UnknownQueueError
from ticketroute.model.agent import Presence
from ticketroute.model.events import WaitReason
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant, instant_of, seconds
from ticketroute.model.lifecycle import RoutingState
from ticketroute.web.today import NOTHING, ROW

VERSION = 1  # of the format; a change that a reader could trip over makes it 2
NEXT = 8  # tickets shown of each line, and of each agent
DUES = 12
AGENTS = 100  # on one page
QUEUES = 100
LATE = seconds(5)  # a timer that fires so much after its time is worth a warning

WHY: Mapping[WaitReason, str] = {
    WaitReason.NO_MEMBERS: "nobody serves the queue",
    WaitReason.NOBODY_FITS: "nobody fits",
    WaitReason.NOBODY_LEFT: "all who fit were asked",
    WaitReason.NOBODY_AVAILABLE: "who fits is not there",
    WaitReason.NOBODY_FREE: "who fits is full",
    WaitReason.AWAITS_PULL: "to be taken by hand",
}  # for people

Figures = Mapping[QueueId, tuple[ROW, ROW | None]]


class Rows:
    """Agents as values for JSON; each is made again only when something happened to the agent."""

    def __init__(self, naming: Callable[[str], str]) -> None:
        self._naming = naming
        self._known: dict[AgentId, tuple[AgentView, dict[str, Any]]] = {}

    def page(self, watch: Watch, page: int) -> dict[str, Any]:
        """Return one page of agents, the first being 0."""
        return {
            "total": len(watch.agents),
            "page": page,
            "pages": max(1, -(-len(watch.agents) // AGENTS)),
            "shown": [self._row(view) for view in watch.agents_in_order(page * AGENTS, AGENTS)],
        }

    def _row(self, view: AgentView) -> dict[str, Any]:
        known = self._known.get(view.id)
        if known is not None and known[0] is view:
            return known[1]
        named = self._naming(view.id)
        row = _agent(view, view.agent.name or named if named == view.id else named)
        self._known[view.id] = (view, row)
        return row


def picture(
    desk: Desk,
    watch: Watch,
    figures: Figures,
    now: Instant,
    rows: Rows,
    naming: Callable[[str], str],
) -> dict[str, Any]:
    """Return what is going on, as values for JSON; ids and names, and nothing of requesters.

    O(waiting tickets log waiting tickets + queues), however many agents there are.
    """
    shown = list(watch.queues.values())
    if len(shown) > QUEUES:
        shown = sorted(shown, key=lambda queue: -queue.waiting)[:QUEUES]
    deadline = desk.next_deadline()
    due = None if deadline is None else instant_of(deadline)
    return {
        "version": VERSION,
        "timers_late_since": due if due is not None and due < now - LATE else None,
        "queues_total": len(watch.queues),
        "queues": [_queue(desk, watch, queue, figures, naming) for queue in shown],
        "clocks_late": watch.late(now),
        "clocks_open": sum(watch.clocks.values()),
        "due": [
            {
                "ticket": each.ticket_id,
                "queue": each.queue_id,
                "metric": each.metric.value,
                "due": each.due,
            }
            for each in watch.dues[:DUES]
        ],
        "agents": rows.page(watch, 0),
    }


def explained(explanation: Explanation, names: Names | None = None) -> dict[str, Any]:
    """Return why a ticket is where it is, as values for JSON and as text for people."""
    told = explanation.to_data(names)
    return {"version": VERSION, **told, "text": explanation.to_text(names)}


def _queue(
    desk: Desk, watch: Watch, queue: QueueNow, figures: Figures, naming: Callable[[str], str]
) -> dict[str, Any]:
    today, before = figures.get(queue.id, (NOTHING, None))
    reasons = sorted(watch.reasons(queue.id).items(), key=lambda each: (-each[1], each[0].value))
    ringing = queue.tickets[RoutingState.OFFERED]
    told = [f"{WHY[reason]} ({count})" for reason, count in reasons]
    if ringing:
        told.append(f"agents are asked ({ringing})")
    return {
        "id": queue.id,
        "name": naming(queue.id),
        "waiting": queue.waiting,
        "ringing": ringing,
        "oldest": queue.oldest,
        "reasons": {reason.value: count for reason, count in reasons},
        "why": ", ".join(told),
        "assigned": queue.tickets[RoutingState.ASSIGNED],
        "parked": queue.tickets[RoutingState.PARKED],
        "members": queue.agents.total(),
        "available": queue.there,
        "with_room": queue.with_room,
        "free": queue.free,
        "next": [_waiting(desk, watch, each) for each in _line(desk, watch, queue)],
        "today": today,
        "week_before": before,
    }


def _line(desk: Desk, watch: Watch, queue: QueueNow) -> Iterable[TicketId]:
    """Return the first tickets in the order of the line, and after them those that ring."""
    if not queue.line:
        return ()
    try:
        ids = list(desk.waiting(queue.id)[:NEXT])
    except UnknownQueueError:  # removed just now
        return ()
    for _, ticket_id in queue.line:
        if len(ids) >= NEXT:
            break
        if watch.tickets[ticket_id].state is RoutingState.OFFERED and ticket_id not in ids:
            ids.append(ticket_id)
    return [each for each in ids if each in watch.tickets]


def _waiting(desk: Desk, watch: Watch, ticket_id: TicketId) -> dict[str, Any]:
    view = watch.tickets[ticket_id]
    asked = list(view.offered_to)
    reason = None if asked else desk.wait_reason(ticket_id)
    return {
        "ticket": ticket_id,
        "priority": view.priority.name.lower(),
        "since": view.arrived if view.waiting_since is None else view.waiting_since,
        "reason": None if reason is None else reason.value,
        "ringing": asked,
        "why": WHY[reason] if reason is not None else f"{', '.join(asked)} asked",
    }


def _agent(view: AgentView, name: str) -> dict[str, Any]:
    held = (*view.tickets, *view.parked, *view.wrapping_up)
    return {
        "id": view.id,
        "name": name,
        "state": state_of(view),
        "reason": "" if view.presence is Presence.AVAILABLE else view.reason,
        "load": view.load,
        "capacity": view.capacity,
        "tickets": list(held[:NEXT]),
        "ringing": list(view.offered[:NEXT]),
        "more": max(0, len(held) - NEXT),
    }


def state_of(view: AgentView) -> str:
    """Return in a word what keeps an agent from tickets, or "free"."""
    if view.presence is not Presence.AVAILABLE:
        return str(view.presence.value)
    if not view.on_shift:
        return "off shift"
    if view.cooling_until is not None:
        return "cooling down"
    return "full" if view.load >= view.capacity else "busy" if view.load else "free"
