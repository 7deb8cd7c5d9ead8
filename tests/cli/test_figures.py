from __future__ import annotations

from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from ticketroute.cli import tables
from ticketroute.cli.figures import Figures
from ticketroute.cli.spans import Spans
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model.agent import Agent, Presence
from ticketroute.model.events import Event
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.offer import OfferPolicy
from ticketroute.model.queue import Defaults, Delivery, Queue
from ticketroute.model.ticket import Ticket

ANA, MAIL, CHAT = AgentId("ana"), QueueId("mail"), QueueId("chat")
T1, T2 = TicketId("t1"), TicketId("t2")


class Desk(Dispatcher):
    """A desk with one agent and one queue, whose events fill figures."""

    def __init__(self, *, wrap_up: int = 0, parked_counts: bool = False) -> None:
        super().__init__(defaults=Defaults(capacity=2))
        self.figures = Figures()
        self.see(self.add_agent(Agent(id=ANA), presence=Presence.AVAILABLE, at=0))
        queue = Queue(id=MAIL, members=[ANA], wrap_up=wrap_up, parked_counts=parked_counts)
        self.see(self.add_queue(queue, at=0))

    def see(self, events: tuple[Event, ...]) -> None:
        for event in events:
            self.figures.see(event)

    def come(self, ticket_id: TicketId, at: int) -> None:
        self.see(self.submit(Ticket(id=ticket_id, queue=MAIL), at=at))


def test_an_agent_is_busy_until_the_wrap_up_is_over() -> None:
    desk = Desk(wrap_up=1_000)
    desk.come(T1, 1_000)
    desk.see(desk.resolve(T1, at=3_000))
    desk.see(desk.advance(at=4_000))
    desk.figures.close(10_000)

    ana = desk.figures.agents[ANA]
    assert (ana.tickets, ana.most, ana.present, ana.busy) == (1, 1, 10_000, 3_000)
    assert ana.busy_share == 0.3
    assert desk.figures.capacity_of(ANA) == 2


def test_time_away_counts_neither_as_available_nor_as_busy() -> None:
    desk = Desk()
    desk.come(T1, 1_000)
    desk.see(desk.set_presence(ANA, Presence.AWAY, at=2_000))
    desk.see(desk.set_presence(ANA, Presence.AVAILABLE, at=7_000))
    desk.see(desk.resolve(T1, at=8_000))
    desk.figures.close(10_000)

    ana = desk.figures.agents[ANA]
    assert (ana.present, ana.busy) == (5_000, 2_000)


def test_a_ticket_on_hold_takes_room_only_where_the_queue_says_so() -> None:
    for parked_counts, busy in ((False, 2_000), (True, 5_000)):
        desk = Desk(parked_counts=parked_counts)
        desk.come(T1, 0)
        desk.see(desk.hold(T1, at=1_000))
        desk.see(desk.resume(T1, at=4_000))
        desk.see(desk.resolve(T1, at=5_000))
        desk.figures.close(10_000)
        assert desk.figures.agents[ANA].busy == busy
        assert desk.figures.agents[ANA].load == 0


def test_an_agent_who_was_never_available_has_no_busy_share() -> None:
    figures = Figures()
    for event in Dispatcher().add_agent(Agent(id=ANA), at=0):
        figures.see(event)
    figures.close(10_000)
    assert figures.agents[ANA].busy_share is None
    assert tables.share(None) == "-"


def test_waits_are_of_tickets_that_got_an_agent() -> None:
    desk = Desk()
    desk.come(T1, 0)
    desk.come(T2, 0)
    for number, at in enumerate((1_000, 2_000, 3_000)):
        desk.come(TicketId(f"later {number}"), at)
    desk.see(desk.abandon(TicketId("later 0"), at=4_000))
    desk.see(desk.resolve(T1, at=6_000))
    desk.figures.close(10_000)

    (waits,) = desk.figures.by_queue().values()
    assert (waits.tickets, waits.at_once, waits.later) == (5, 2, 1)
    assert (waits.abandoned, waits.waiting) == (1, 1)
    assert (waits.spans.median, waits.spans.longest) == (0, 4_000)


def spans_of(*lengths: int) -> Spans:
    spans = Spans()
    for length in lengths:
        spans.add(length)
    return spans


def test_the_ninetieth_is_the_nearest_rank() -> None:
    assert spans_of(*range(1, 11)).ninetieth == 9
    assert spans_of(*range(1, 12)).ninetieth == 10
    assert spans_of(7).ninetieth == 7
    assert Spans().ninetieth is None


@given(lengths=st.lists(st.integers(0, 10**9), min_size=1), cut=st.integers(0, 50))
def test_figures_of_spans_are_those_of_the_sorted_list(lengths: list[int], cut: int) -> None:
    spans = spans_of(*lengths[:cut])
    spans.merge(spans_of(*lengths[cut:]))
    ordered = sorted(lengths)

    assert len(spans) == len(lengths)
    assert spans.median == median(lengths)
    assert spans.ninetieth == ordered[-(-len(ordered) * 9 // 10) - 1]
    assert spans.longest == ordered[-1]
    assert spans.zero == lengths.count(0)
    assert spans.within(ordered[0]) == ordered.count(ordered[0])


def test_many_different_spans_are_kept_as_the_tables_show_them() -> None:
    lengths = [1_000 * number + 1 for number in range(30_000)]
    spans = Spans()
    for length in lengths:
        spans.add(length, 2)

    assert len(spans) == 60_000
    assert spans.longest == lengths[-1]
    assert tables.span(spans.ninetieth) == tables.span(lengths[26_999])
    assert tables.span(spans.median) == tables.span(median(lengths))
    assert len(spans._counts) < 5_000


def test_the_first_answer_counts_however_often_a_ticket_comes_back() -> None:
    desk = Desk()
    desk.come(T1, 0)
    desk.see(desk.resolve(T1, at=1_000))
    desk.see(desk.reopen(T1, at=5_000))
    desk.figures.close(10_000)

    waits = desk.figures.all_waits()
    assert (waits.tickets, waits.answered, waits.spans.longest) == (1, 1, 0)
    assert desk.figures.agents[ANA].tickets == 2


def test_spans_are_written_in_their_two_largest_units() -> None:
    written = [tables.span(each) for each in (500, 61_000, 3_599_999, 90_000_000)]
    assert written == ["500ms", "1m01s", "59m59s", "1d01h"]


def test_offers_are_counted_by_what_came_of_them() -> None:
    desk = Desk()
    ring = Queue(id=CHAT, members=[ANA], delivery=Delivery.OFFER, offer=OfferPolicy(timeout=10_000))
    desk.see(desk.add_queue(ring, at=0))
    accepted, declined, missed, gave_up = (
        Ticket(id=TicketId(name), queue=CHAT) for name in ("c1", "c2", "c3", "c4")
    )
    desk.see(desk.submit(accepted, at=0))
    desk.see(desk.accept(accepted.id, ANA, at=3_000))
    desk.see(desk.submit(declined, at=10_000))
    desk.see(desk.decline(declined.id, ANA, at=11_000))
    desk.see(desk.submit(missed, at=20_000))
    desk.see(desk.advance(at=30_000))
    desk.see(desk.submit(gave_up, at=40_000))
    desk.see(desk.abandon(gave_up.id, at=41_000))
    desk.figures.close(50_000)

    offers = desk.figures.offers[CHAT]
    assert list(desk.figures.offers) == [CHAT]
    counts = (offers.made, offers.accepted, offers.declined, offers.missed, offers.withdrawn)
    assert counts == (4, 1, 1, 1, 1)
    assert offers.median_ring == 3_000
    assert desk.figures.agents[ANA].tickets == 1
