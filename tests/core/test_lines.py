"""Waiting lines: the heads of all demands in order, whatever comes, moves and goes."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import permutations

import pytest
from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ticketroute.core.index import lines
from ticketroute.core.records import Asks, Demand, LineEntry, QueueRecord, TicketRecord
from ticketroute.model.ids import QueueId, TicketId
from ticketroute.model.line_order import (
    Aged,
    EarliestDeadline,
    Lifo,
    LineOrder,
    Place,
    PriorityThenAge,
)
from ticketroute.model.queue import Queue
from ticketroute.model.ticket import Ticket, TicketPriority
from ticketroute.strategies.average_load import AverageLoad

ORDERS: list[LineOrder] = [PriorityThenAge(), EarliestDeadline(), Aged(per_level=2), Lifo()]
SLACK = 64  # entries of the left that a line may keep beside twice the waiting


def make_queue(order: LineOrder = ORDERS[0], name: str = "q") -> QueueRecord:
    return QueueRecord(Queue(id=QueueId(name), order=order), AverageLoad())


def make_demand(queue: QueueRecord, channel: str = "email") -> Demand:
    return Demand(queue, Asks(channel, 1, None), None)


def make_ticket(
    demand: Demand, number: int, *, priority: int = 3, arrived: int = 0, due: int | None = None
) -> TicketRecord:
    return TicketRecord(
        id=TicketId(f"t{number}"),
        terms=Ticket(id=TicketId(f"t{number}"), queue=QueueId("q"), due=due),
        queue=demand.queue,
        arrived=arrived,
        ordinal=number,
        priority=TicketPriority(priority),
        asks=demand.asks,
    )


def order_of(queue: QueueRecord, tickets: list[TicketRecord]) -> list[str]:
    """Sort the tickets as the order of the queue says."""
    return [t.id for t in sorted(tickets, key=lambda ticket: lines.place_of(ticket, queue))]


class LinesMachine(RuleBasedStateMachine):
    """The line is what sorting everybody who waits gives, demand by demand and altogether.

    Most tickets stand in one line; some stand in the line of another queue, of another order, too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.queues = [make_queue(), make_queue(Lifo(), "r")]
        self.demands = [
            [make_demand(queue, channel) for channel in ("email", "chat", "call")]
            for queue in self.queues
        ]
        self.lines_of: dict[TicketRecord, list[Demand]] = {}
        self.ended = 0

    def nth(self, pick: int) -> TicketRecord:
        waiting = list(self.lines_of)
        return waiting[pick % len(waiting)]

    def stand(self, ticket: TicketRecord, which: int, also: int | None) -> None:
        demands = [self.demands[0][which]]
        if also is not None:
            demands.append(self.demands[1][also])
        lines.enter(ticket, iter(demands))
        self.lines_of[ticket] = demands

    @rule(
        which=st.integers(0, 2),
        also=st.none() | st.integers(0, 2),
        priority=st.integers(1, 4),
        arrived=st.integers(0, 5),
        due=st.none() | st.integers(0, 5),
    )
    def enter(
        self, which: int, also: int | None, priority: int, arrived: int, due: int | None
    ) -> None:
        number = len(self.lines_of) + self.ended + 1
        demand = self.demands[0][which]
        ticket = make_ticket(demand, number, priority=priority, arrived=arrived, due=due)
        self.stand(ticket, which, also)

    @precondition(lambda self: self.lines_of)
    @rule(pick=st.integers(0, 100))
    def leave(self, pick: int) -> None:
        ticket = self.nth(pick)
        lines.leave(ticket)
        del self.lines_of[ticket]
        self.ended += 1
        assert ticket.entries == ()

    @precondition(lambda self: self.lines_of)
    @rule(pick=st.integers(0, 100), priorities=st.lists(st.integers(1, 4), max_size=90))
    def move_to_and_fro(self, pick: int, priorities: list[int]) -> None:
        ticket = self.nth(pick)
        for priority in priorities:
            ticket.priority = TicketPriority(priority)
            lines.move(ticket)

    @precondition(lambda self: self.lines_of)
    @rule(pick=st.integers(0, 100), which=st.integers(0, 2), also=st.none() | st.integers(0, 2))
    def leave_and_come_back(self, pick: int, which: int, also: int | None) -> None:
        """Into the line of another demand, too: what it left behind there stays dead."""
        ticket = self.nth(pick)
        lines.leave(ticket)
        self.stand(ticket, which, also)

    @rule(queue=st.integers(0, 1), order=st.sampled_from(ORDERS))
    def reorder(self, queue: int, order: LineOrder) -> None:
        record = self.queues[queue]
        record.terms = evolve(record.terms, order=order)
        lines.reorder(record)

    @invariant()
    def stands_in_order(self) -> None:
        for queue, demands in zip(self.queues, self.demands, strict=True):
            everyone = [
                ticket
                for ticket, stands in self.lines_of.items()
                if any(demand.queue is queue for demand in stands)
            ]
            assert [t.id for t in lines.waiting(queue)] == order_of(queue, everyone)
            heads = list(queue.index.heads)
            assert heads == sorted(heads, key=lambda head: head[0])
            for demand in demands:
                self.line_stands_in_order(demand, [place for place, of in heads if of is demand])

    def line_stands_in_order(self, demand: Demand, shown: list[Place]) -> None:
        mine = [ticket for ticket, stands in self.lines_of.items() if demand in stands]
        ids = order_of(demand.queue, mine)
        assert demand.waiting == len(mine)
        assert [ticket.id for ticket in lines.tickets_of(demand)] == ids
        assert len(demand.line) <= 2 * len(mine) + SLACK + 1
        assert demand.head == (shown[0] if shown else None)
        assert len(shown) == bool(mine)
        if mine:
            head = lines.head_of(demand)
            assert head.id == ids[0]
            assert shown == [lines.place_of(head, demand.queue)]

    @invariant()
    def knows_its_places(self) -> None:
        for ticket, stands in self.lines_of.items():
            assert [entry.demand for entry in ticket.entries] == stands
            for entry in ticket.entries:
                assert entry.ticket is ticket
                assert entry.place == lines.place_of(ticket, entry.demand.queue)
            ids = [each.id for each in lines.waiting(self.queues[0])]
            assert lines.ahead_of(ticket) == ids.index(ticket.id)


TestLines = LinesMachine.TestCase


def test_endless_coming_and_going_behind_a_head_that_stays_leaves_no_rubbish() -> None:
    queue = make_queue()
    demand = make_demand(queue)
    lines.enter(make_ticket(demand, 0, priority=1), [demand])
    largest = 0
    for number in range(1, 10_000):
        ticket = make_ticket(demand, number)
        lines.enter(ticket, [demand])
        lines.leave(ticket)
        largest = max(largest, len(demand.line))
    assert largest <= 2 * 2 + SLACK + 1
    assert [ticket.id for ticket in lines.waiting(queue)] == ["t0"]


def test_the_list_of_heads_is_touched_only_when_a_head_changes() -> None:
    queue = make_queue()
    demand = make_demand(queue)
    lines.enter(make_ticket(demand, 0, priority=1), [demand])
    touched = 0

    class Heads:
        def add(self, _: object) -> None:
            nonlocal touched
            touched += 1

        remove = add

    queue.index.heads = Heads()  # type: ignore[assignment]
    behind = [make_ticket(demand, number) for number in range(1, 1_000)]
    for ticket in behind:
        lines.enter(ticket, [demand])
    for ticket in behind:
        lines.leave(ticket)
    assert touched == 0


# --- in several lines at once ---------------------------------------------------------------------


def test_a_ticket_leaves_all_its_lines_together() -> None:
    mail, sales = make_demand(make_queue()), make_demand(make_queue(Lifo(), "r"))
    first, second = make_ticket(mail, 1), make_ticket(mail, 2)
    lines.enter(first, [mail, sales])
    lines.enter(second, [mail, sales])
    assert [ticket.id for ticket in lines.waiting(mail.queue)] == ["t1", "t2"]
    assert [ticket.id for ticket in lines.waiting(sales.queue)] == ["t2", "t1"]
    lines.leave(second)
    for demand in (mail, sales):
        assert [ticket.id for ticket in lines.waiting(demand.queue)] == ["t1"]
        assert demand.waiting == 1
        assert lines.head_of(demand) is first
    lines.leave(first)
    for demand in (mail, sales):
        assert (demand.waiting, demand.head, list(demand.queue.index.heads)) == (0, None, [])


def test_a_ticket_that_is_in_no_line_leaves_and_moves_without_a_trace() -> None:
    demand = make_demand(make_queue())
    ticket = make_ticket(demand, 1)
    lines.leave(ticket)
    lines.move(ticket)
    assert (ticket.entries, demand.line, demand.waiting) == ((), [], 0)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_of_entries_in_one_place_neither_goes_before_the_other(order: tuple[int, ...]) -> None:
    """What a ticket left behind, and where it stands now, in one heap: no order of them fails."""
    demand = make_demand(make_queue())
    ticket, other = make_ticket(demand, 1), make_ticket(demand, 2)
    twins = [(lines.place_of(ticket, demand.queue), LineEntry(ticket, demand)) for _ in range(3)]
    behind = (lines.place_of(other, demand.queue), LineEntry(other, demand))
    for (place, one), (same, two) in permutations(twins, 2):
        assert place == same
        assert not (place, one) < (same, two)
        assert one != two
    entries = [*twins, behind]
    for heap in ([entries[number] for number in order], []):
        if heap:
            heapify(heap)
        else:
            for number in order:
                heappush(heap, entries[number])
        assert [heappop(heap)[1].ticket.id for _ in range(4)] == ["t1", "t1", "t1", "t2"]


def test_a_head_that_leaves_and_comes_back_to_its_place_is_the_head_again() -> None:
    """Again and again, in two lines: its dead entries, all of one place, never hide the living."""
    mail, sales = make_demand(make_queue()), make_demand(make_queue(name="r"))
    head, behind = make_ticket(mail, 1), make_ticket(mail, 2)
    lines.enter(behind, [mail, sales])
    lines.enter(head, [mail, sales])
    for step in range(1_000):
        if step % 2:
            lines.move(head)
        else:
            lines.leave(head)
            assert lines.head_of(mail) is lines.head_of(sales) is behind
            lines.enter(head, [mail, sales])
        for demand in (mail, sales):
            assert lines.head_of(demand) is head
            assert demand.waiting == 2
            assert len(demand.line) <= 2 * 2 + SLACK + 1
            assert lines.tickets_of(demand) == [head, behind]
