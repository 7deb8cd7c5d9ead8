"""The host's own rows beside the desk's tickets: what differs, and which commands would mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import field, frozen

from ticketroute.commands import (
    Abandon,
    ChangePriority,
    ChangeTicket,
    Command,
    Hold,
    Merge,
    Release,
    Reopen,
    Resolve,
    Resume,
    Submit,
    TicketChanges,
    Transfer,
)
from ticketroute.core.show.views import TicketView
from ticketroute.desk.views import Views
from ticketroute.errors import UnknownTicketError
from ticketroute.model.events import HoldStatus
from ticketroute.model.frozen import Word
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.ticket import Ticket
from ticketroute.model.words import word_of

_DONE, _PARKED, _WAITING, _OFFERED = (
    RoutingState.DONE,
    RoutingState.PARKED,
    RoutingState.WAITING,
    RoutingState.OFFERED,
)


class RowState(Word):
    """What a row of the host says about the work on a ticket."""

    OPEN = "open"
    ON_HOLD = "on_hold"
    DONE = "done"  #: resolved, closed or merged
    GONE = "gone"  #: the row was deleted


class Unassigned(Word):
    """What it means that a person took a ticket from its agent and named no other."""

    ROUTE = "route"  #: the hand-out finds an agent, who may be the same one
    AVOID = "avoid"  #: the hand-out finds another agent
    PARK = "park"  #: nobody has it until somebody takes it


AWAITS_TAKER: Final = HoldStatus.POSTPONED  # the status of a ticket that is nobody's on purpose


def _state(state: RowState | str) -> RowState:
    return word_of(RowState, state, "state")


@frozen(kw_only=True)
class HostTicket:
    """What the host's row says about a ticket.

    ``ticket`` is what the desk would be told at its arrival; ``arrived`` and ``attributes`` count
    at the arrival only. ``agent_id`` is the owner, ``merged_into`` the ticket that a merged one
    went up in.
    """

    ticket: Ticket
    agent_id: AgentId | None = None
    state: RowState = field(default=RowState.OPEN, converter=_state)
    merged_into: TicketId | None = None


@frozen(kw_only=True)
class Difference:
    """A ticket about which desk and row differ; ``what`` is for people.

    ``commands`` would bring the desk to the row's state. They are empty if no command can: a
    ticket that is closed for good on the desk, and open in its row.
    """

    ticket_id: TicketId
    what: str
    commands: tuple[Command, ...]


def diff(
    desk: Views,
    rows: Iterable[HostTicket],
    *,
    unassigned: Unassigned = Unassigned.ROUTE,
    complete: bool = False,
) -> Iterator[Difference]:
    """Yield where the desk and the host's rows differ, in the order of the rows.

    The row counts as right. With ``complete`` the rows are all there are, so that an open ticket
    of the desk without a row is gone. O(1) for each row, and O(tickets of the desk) if complete.

    >>> from ticketroute import Agent, Queue
    >>> from ticketroute.desk import Desk
    >>> desk = Desk()
    >>> _ = desk.add_agent(Agent(id="ana"))
    >>> _ = desk.add_queue(Queue(id="mail", members=["ana"]))
    >>> row = HostTicket(ticket=Ticket(id="t1", queue="mail"), agent_id="ana")
    >>> [found] = diff(desk, [row])
    >>> found.what
    'not on the desk'
    >>> for command in found.commands:
    ...     _ = desk.do(command)
    >>> desk.ticket("t1").agent_id, list(diff(desk, [row]))
    ('ana', [])
    """
    seen: set[TicketId] = set()
    for row in rows:
        seen.add(row.ticket.id)
        found = difference(_known(desk, row.ticket.id), row, unassigned)
        if found is not None:
            yield found
    if complete:
        for view in desk.tickets():
            if view.state is not _DONE and view.id not in seen:
                gone = HostTicket(ticket=view.ticket, state=RowState.GONE)
                found = difference(view, gone, unassigned)
                if found is not None:
                    yield found


def _known(desk: Views, ticket_id: TicketId) -> TicketView | None:
    try:
        return desk.ticket(ticket_id)
    except UnknownTicketError:
        return None


def difference(
    known: TicketView | None, row: HostTicket, unassigned: Unassigned
) -> Difference | None:
    """Return how a ticket of the desk and its row differ, or None. O(1)."""
    if known is None:
        return _arrival(row)
    if row.state in (RowState.DONE, RowState.GONE):
        return _ending(known, row)
    if known.status is Status.CLOSED:
        return Difference(ticket_id=known.id, what="closed for good on the desk", commands=())
    steps = list(_steps(known, row, unassigned))
    if not steps:
        return None
    what = ", ".join(dict.fromkeys(what for what, _ in steps))
    return Difference(ticket_id=known.id, what=what, commands=tuple(each for _, each in steps))


def _arrival(row: HostTicket) -> Difference | None:
    if row.state in (RowState.DONE, RowState.GONE):
        return None
    commands: list[Command] = [Submit(row.ticket, row.agent_id)]
    if row.state is RowState.ON_HOLD:
        commands.append(Hold(row.ticket.id))
    return Difference(ticket_id=row.ticket.id, what="not on the desk", commands=tuple(commands))


def _ending(known: TicketView, row: HostTicket) -> Difference | None:
    if known.state is _DONE:
        return None
    ticket_id = known.id
    commands: list[Command] = []
    if row.state is RowState.GONE:
        never_had = known.last_agent_id is None
        commands.append(Abandon(ticket_id) if never_had else Resolve(ticket_id))
        return Difference(ticket_id=ticket_id, what="its row is gone", commands=tuple(commands))
    if row.merged_into is not None:
        return Difference(
            ticket_id=ticket_id, what="merged", commands=(Merge(ticket_id, row.merged_into),)
        )
    if row.agent_id is not None and row.agent_id != known.agent_id:
        commands.append(Transfer(ticket_id, to_agent=row.agent_id, force=True))
    return Difference(ticket_id=ticket_id, what="done", commands=(*commands, Resolve(ticket_id)))


def _steps(
    known: TicketView, row: HostTicket, unassigned: Unassigned
) -> Iterator[tuple[str, Command]]:
    """Yield the commands, each with what differs, in an order in which each is allowed."""
    ticket_id, was_done = known.id, known.state is _DONE
    if was_done:
        yield "reopened", Reopen(ticket_id)
    changed = {
        name: getattr(row.ticket, name)
        for name in TicketChanges.__annotations__
        if getattr(row.ticket, name) != getattr(known.ticket, name)
    }
    if changed:
        yield f"changed {', '.join(changed)}", ChangeTicket(ticket_id, changed)
    if row.ticket.priority is not known.priority:
        yield "priority", ChangePriority(ticket_id, row.ticket.priority)
    parked, agent_id = known.state is _PARKED, None if was_done else known.agent_id
    status = known.status
    other_queue = row.ticket.queue is not None and row.ticket.queue != known.queue_id
    other_agent = row.agent_id is not None and (row.agent_id != agent_id or was_done)
    if other_queue or other_agent:
        parked = parked and row.agent_id is None  # who gets it works on it
        what = "queue" if other_queue else "owner"
        to_queue = row.ticket.queue if other_queue else None
        yield what, Transfer(ticket_id, to_queue, row.agent_id, force=True)
    elif row.agent_id is None and agent_id is not None:
        parked = unassigned is Unassigned.PARK
        status = Status.POSTPONED if parked else Status.OPEN
        yield "unassigned", _release(known, unassigned)
    yield from _holding(row, status, parked=parked)


def _release(known: TicketView, unassigned: Unassigned) -> Release:
    avoid = known.agent_id if unassigned is Unassigned.AVOID else None
    hold = AWAITS_TAKER if unassigned is Unassigned.PARK else None
    return Release(known.id, avoid=avoid, hold=hold)


def _holding(row: HostTicket, status: Status, *, parked: bool) -> Iterator[tuple[str, Command]]:
    """Yield what puts a ticket that is ``parked`` by then, with that status, on hold or off."""
    if row.state is RowState.ON_HOLD:
        if not parked or status is Status.POSTPONED:
            yield "on hold", Hold(row.ticket.id)
    elif parked and status is Status.PENDING:
        yield "resumed", Resume(row.ticket.id)
