"""Waiting lines: the tickets of a queue, one heap a demand, and the heads of all in order.

A ticket may stand in the lines of several queues at once; it leaves them all together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from ticketroute.core.index.lone import all_heads, show
from ticketroute.core.records import Demand, LineEntry, QueueRecord, TicketRecord
from ticketroute.model.line_order import Place

_SPARE = 64  # entries of the left that are never worth a sweep


def place_of(ticket: TicketRecord, queue: QueueRecord) -> Place:
    """Return where the ticket belongs in the line of a queue. O(1)."""
    return queue.terms.order.place(
        priority=ticket.priority,
        arrived=ticket.arrived,
        due=ticket.due,
        ordinal=ticket.ordinal,
    )


def enter(ticket: TicketRecord, demands: Iterable[Demand]) -> None:
    """Put a ticket in the line of each demand, its own queue's first. O(log n) for each."""
    ticket.entries = tuple([LineEntry(ticket, demand) for demand in demands])
    for entry in ticket.entries:
        _put(entry)


def leave(ticket: TicketRecord) -> None:
    """Take a ticket out of the lines it is in. O(log n) for each, amortised."""
    for entry in ticket.entries:
        _take(entry)
    ticket.entries = ()


def move(ticket: TicketRecord) -> None:
    """Put a waiting ticket where its changed facts belong. O(log n) for each line it moves in."""
    for entry in ticket.entries:
        if entry.place != place_of(ticket, entry.demand.queue):
            _take(entry)
            _put(entry)


def reorder(queue: QueueRecord) -> None:
    """Put every line of a queue in the order that the queue has now. O(n log n)."""
    for _, demand in list(all_heads(queue)):
        for ticket in tickets_of(demand):
            move(ticket)


def head_of(demand: Demand) -> TicketRecord:
    """Return the first ticket of a demand's line, which is not empty. O(1)."""
    return demand.line[0][1].ticket


def tickets_of(demand: Demand) -> list[TicketRecord]:
    """Return the waiting tickets of a demand in their order. O(n log n)."""
    return [entry.ticket for _, entry in sorted(_living(demand), key=_by_place)]


def ahead_of(ticket: TicketRecord) -> int:
    """Return how many tickets go before one in the line of its own queue. O(n)."""
    mine = place_of(ticket, ticket.queue)
    return sum(
        place < mine for _, demand in all_heads(ticket.queue) for place, _ in _living(demand)
    )


def waiting(queue: QueueRecord) -> Iterator[TicketRecord]:
    """Yield the tickets in the line of a queue in their order. O(n log n)."""
    everyone = [place for _, demand in all_heads(queue) for place in _living(demand)]
    for _, entry in sorted(everyone, key=_by_place):
        yield entry.ticket


def _by_place(entry: tuple[Place, LineEntry]) -> Place:
    return entry[0]


def _living(demand: Demand) -> list[tuple[Place, LineEntry]]:
    return [(place, entry) for place, entry in demand.line if entry.place is place]


def _put(entry: LineEntry) -> None:
    demand = entry.demand
    entry.place = place_of(entry.ticket, demand.queue)
    heappush(demand.line, (entry.place, entry))
    demand.waiting += 1
    _show_head(demand)


def _take(entry: LineEntry) -> None:
    demand = entry.demand
    entry.place = None
    demand.waiting -= 1
    if len(demand.line) > 2 * demand.waiting + _SPARE:
        demand.line = _living(demand)
        heapify(demand.line)
    _show_head(demand)


def _show_head(demand: Demand) -> None:
    """Bring the queue's list of heads up to date with the first living ticket of the demand."""
    line = demand.line
    while line and line[0][1].place is not line[0][0]:
        heappop(line)
    head = line[0][0] if line else None
    if head == demand.head:
        return
    queue = demand.queue
    if demand.own is not None:
        show(demand, head)
    else:
        if demand.head is not None:
            queue.index.heads.remove((demand.head, demand))
        if head is not None:
            queue.index.heads.add((head, demand))
        if queue.index.filed is not None:
            queue.index.filed.change(demand, head)
    more = (head is not None) - (demand.head is not None)
    queue.index.waiting += more
    queue.index.lines.waiting += more
    demand.head = head
