"""The one gate: each reason alone, their order, and that who is not open is refused for all."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute.core.apply.shared import cool_down
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.core.facts import asks_of
from ticketroute.core.gate import cost_of, rate_full, rate_lifts_at
from ticketroute.core.records import AgentRecord, Demand, Rare, Tried
from ticketroute.errors import NotEligibleError
from ticketroute.model.agent import Agent, ChannelLimit, Membership, RateLimit
from ticketroute.model.ids import AgentId, CalendarId, QueueId, TicketId
from ticketroute.model.queue import Defaults, Delivery, Queue
from ticketroute.model.reasons import Reason
from ticketroute.model.relaxation import Reach
from ticketroute.model.ticket import Ticket
from ticketroute.sla.calendar import Calendar

ANA, BEN, Q, R = AgentId("ana"), AgentId("ben"), QueueId("q"), QueueId("r")


NIGHTS = Calendar(hours={"thu": [("22:00", "06:00")]})  # instant 0 is a Thursday's midnight


class Nobody:
    def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
        return "free" in ticket.tags


def ticket(number: int, **facts: Any) -> Ticket:
    return Ticket(id=TicketId(f"t{number}"), **{"queue": Q} | facts)


def demand_of(desk: Dispatcher, wanted: Ticket) -> Demand:
    """Return what a ticket that is not on the desk would ask of the members of its queue."""
    return desk._state.demands.of(asks_of(wanted), wanted, desk._state.roster.queues[Q])


# What keeps ana from a mail that asks for german 5, one cause for each code, the first first.
CAUSES: dict[str, dict[str, Any]] = {
    "not_member": {"members": []},
    "offline": {"presence": "offline"},
    "away": {"presence": "away"},
    "off_shift": {"shift": NIGHTS},
    "channel_off": {"channels": {"chat": ChannelLimit()}},
    "wrap_up": {"wraps": True},
    "cooling_down": {"cools": True},
    "missing_skill": {"skills": {}},
    "skill_level": {"skills": {"german": 4}},
    "out_of_reach": {"reach": Reach(1, 49)},
    "channel_limit": {"channels": {"email": ChannelLimit(1, 0), "chat": ChannelLimit()}},
    "queue_limit": {"members": {ANA: Membership(limit=0)}},
    "agent_limit": {"weight": 6},
    "rate_limit": {"rate_limit": RateLimit(1, 1_000)},
    "declined": {"excluded": Reason.DECLINED},
    "missed": {"excluded": Reason.MISSED},
    "asked": {"excluded": Reason.ASKED},
    "reserved": {"reserved": BEN},
    "not_permitted": {"permits": Nobody()},
}


def desk_with(*causes: str) -> tuple[Dispatcher, Ticket]:
    facts: dict[str, Any] = {}
    for cause in reversed(causes):  # where two want the same fact, the first has it
        facts |= CAUSES[cause]
    desk = Dispatcher(permits=facts.get("permits"))
    channels = facts.get("channels", {"email": ChannelLimit(), "chat": ChannelLimit()})
    ana = Agent(
        id=ANA,
        capacity=5,
        skills=facts.get("skills", {"german": 5}),
        channels=channels,
        rate_limit=facts.get("rate_limit"),
    )
    desk.set_calendar(CalendarId("nights"), NIGHTS, at=0)
    desk.add_agent(ana, presence="available", at=0)
    desk.add_queue(Queue(id=R, members=[ANA], wrap_up=500), at=0)
    own = {"excluded", "reserved"} & facts.keys()  # what keeps her from this very ticket only
    queue = Queue(
        id=Q,
        members=facts.get("members", [ANA]),
        reach=facts.get("reach", Reach()),
        delivery=Delivery.PULL if own else Delivery.ASSIGN,
    )
    desk.add_queue(queue, at=0)
    weight = 5 if facts.get("wraps") else 1
    if "wraps" in facts or "rate_limit" in facts:
        other = ticket(0, queue=R, channel="chat", weight=weight, tags={"free"})
        desk.submit(other, at=0)
        assert desk.ticket(other.id).agent_id == ANA
        desk.resolve(other.id, at=0)
    desk.set_presence(ANA, facts.get("presence", "available"), at=1)
    if "shift" in facts:
        desk.change_agent(ANA, shift=CalendarId("nights"), at=1)
    wanted = ticket(1, skills={"german": 5}, weight=facts.get("weight", 1))
    if facts.get("cools"):
        cool_down(desk._state, desk._state.roster.agents[ANA], 1_000)
    desk.submit(wanted, at=1)
    record = desk._state.tickets[wanted.id]
    record.asks = record.asks._replace(reserved=facts.get("reserved"))
    if "excluded" in facts:
        record.tried = {ANA: Tried(facts["excluded"])}
    return desk, wanted


def reason_for(desk: Dispatcher, wanted: Ticket) -> str:
    with pytest.raises(NotEligibleError) as refused:
        desk.assign(wanted.id, ANA, at=1)
    return refused.value.reason


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_alone_gives_its_own_reason(cause: str) -> None:
    assert reason_for(*desk_with(cause)) == cause


@pytest.mark.parametrize(("first", "second"), list(pairwise(CAUSES)))
def test_of_two_causes_the_one_asked_first_is_the_reason(first: str, second: str) -> None:
    if CAUSES[first].keys() & CAUSES[second].keys():
        pytest.skip("one fact cannot be wrong in two ways")
    assert reason_for(*desk_with(first, second)) == first


def test_without_any_cause_the_gate_is_open() -> None:
    desk, wanted = desk_with()
    assert desk.ticket(wanted.id).agent_id == ANA


def test_the_codes_are_declared_in_the_order_of_asking() -> None:
    elsewhere = (
        Reason.BY_HAND_ONLY,  # a person's decision passes it: of hand-outs alone
        Reason.INTERRUPTED,  # they take other work of the agent, or of the queue
        Reason.ROOM_HELD,
    )
    declared = [reason.value for reason in Reason if reason not in elsewhere]
    assert declared == ["unknown_agent", *CAUSES]


@pytest.mark.parametrize(("limit", "gets"), [(0, 0), (1, 1), (2, 2), (None, 3)])
@pytest.mark.parametrize("kind", ["channel", "member", "queue", "defaults", "capacity", "rate"])
def test_a_limit_of_n_lets_exactly_n_through(kind: str, limit: int | None, gets: int) -> None:
    if kind in ("capacity", "rate") and limit == 0:
        pytest.skip("0 is no capacity, and no rate")
    channels = {"email": ChannelLimit(1, limit)} if kind == "channel" else {}
    rate = RateLimit(limit, 50) if kind == "rate" and limit else None
    capacity = limit if kind == "capacity" and limit else 3
    most = limit if kind == "defaults" and limit is not None else 1_000_000
    desk = Dispatcher(defaults=Defaults(queue_limit=most))
    desk.add_agent(
        Agent(id=ANA, capacity=capacity, channels=channels, rate_limit=rate),
        presence="available",
        at=0,
    )
    membership = Membership(limit=limit if kind == "member" else None)
    of_queue = limit if kind == "queue" else None
    desk.add_queue(Queue(id=Q, members={ANA: membership}, limit_per_agent=of_queue), at=0)
    for number in range(5):
        desk.submit(ticket(number), at=0)
    assert len(desk.agent(ANA).tickets) == gets
    desk.advance(at=49)
    assert len(desk.agent(ANA).tickets) == gets
    desk.advance(at=50)
    assert len(desk.agent(ANA).tickets) == (min(3, 2 * gets) if rate else gets)


@given(
    capacity=st.integers(1, 4),
    cost=st.integers(1, 3),
    weights=st.lists(st.integers(1, 4), max_size=6),
    limit=st.none() | st.integers(0, 3),
    rate=st.none() | st.builds(RateLimit, st.integers(1, 3), st.just(10)),
    presence=st.sampled_from(["available", "away", "offline"]),
)
def test_who_is_not_open_is_refused_whatever_is_asked(
    capacity: int,
    cost: int,
    weights: list[int],
    limit: int | None,
    rate: RateLimit | None,
    presence: str,
) -> None:
    desk = Dispatcher()
    channels = {"email": ChannelLimit(cost), "chat": ChannelLimit()}
    ana = Agent(id=ANA, capacity=capacity, channels=channels, rate_limit=rate)
    desk.add_agent(ana, presence="available", at=0)
    desk.add_queue(Queue(id=Q, members={ANA: Membership(limit=limit)}), at=0)
    for number, weight in enumerate(weights):
        desk.submit(ticket(number, weight=weight), at=0)
        assert desk.agent(ANA).load <= capacity
    desk.set_presence(ANA, presence, at=1)
    gate = desk._state.gate
    member = desk._state.roster.queues[Q].members[ANA]
    lightest = demand_of(desk, ticket(99, channel="chat"))
    refusal = gate.refusal(member, lightest)
    assert (refusal is None) == gate.is_open(member)
    assert cost_of(ana, demand_of(desk, ticket(99, weight=4))) == 4 * cost
    assert refusal is not None or gate.fits(member, lightest)


def test_asking_costs_no_look_at_the_tickets_held_where_nothing_needs_it() -> None:
    desk = Dispatcher()
    desk.add_agent(Agent(id=ANA, capacity=10_000), presence="available", at=0)
    desk.add_queue(Queue(id=Q, members=[ANA]), at=0)
    desk.submit_many([ticket(number) for number in range(1_000)], at=0)
    record = desk._state.roster.agents[ANA]

    class Unread(dict[TicketId, Any]):
        def values(self) -> Any:
            raise AssertionError("the gate looked at every ticket")

    record.slots = Unread(record.slots or {})
    queue = desk._state.roster.queues[Q]
    demand = demand_of(desk, ticket(5_000))
    assert desk._state.gate.refusal(queue.members[ANA], demand) is None
    assert desk._state.gate.is_open(queue.members[ANA])
    desk.submit(ticket(5_000), at=1)
    assert len(record.slots) == 1_001


# --- offers and the rate limit --------------------------------------------------------------------


@given(
    most=st.integers(1, 5),
    recent=st.lists(st.integers(0, 9), max_size=6).map(sorted),
    offers=st.integers(0, 4),
    own=st.integers(0, 4),
    at=st.integers(9, 30),
)
def test_recent_tickets_and_open_offers_share_one_rate(
    most: int, recent: list[int], offers: int, own: int, at: int
) -> None:
    ana = Agent(id=ANA, rate_limit=RateLimit(most, 10))
    asked: dict[TicketId, Any] = {TicketId(f"t{number}"): object() for number in range(offers)}
    rare = Rare(rate_limit=ana.rate_limit, recent=deque(recent), offers=asked)
    record = AgentRecord(ana, rare=rare)
    without: Any = list(asked.values())[:own]
    open_ones = offers - len(without)
    assert rate_full(record, without, None) == (len(recent) + open_ones >= most)
    left = [each for each in recent if each + 10 > at]
    assert rate_full(record, without, at) == (len(left) + open_ones >= most)
    lifts_at = rate_lifts_at(record)
    ends = {each + 10 for each in recent}
    free = [end for end in sorted(ends) if not rate_full(record, (), end)]
    full_now = rate_full(record, (), None)
    assert lifts_at == (free[0] if full_now and free else None)


def test_an_offer_takes_its_share_of_the_rate_until_it_ends_or_ages() -> None:
    desk = Dispatcher()
    desk.add_agent(Agent(id=ANA, rate_limit=RateLimit(2, 100)), presence="available", at=0)
    desk.add_queue(Queue(id=Q, members=[ANA], delivery=Delivery.OFFER), at=0)
    desk.submit_many([ticket(number) for number in range(4)], at=0)
    assert desk.agent(ANA).offered == ("t0", "t1")
    (verdict,) = desk.explain(TicketId("t2")).others
    assert (verdict.reason, verdict.eligible_from) == (Reason.RATE_LIMIT, None)
    desk.decline(TicketId("t0"), ANA, at=5)  # gives back her share: the next is asked
    assert desk.agent(ANA).offered == ("t1", "t2")
    desk.accept(TicketId("t1"), ANA, at=10)  # keeps it: what was offered is now taken
    assert desk.agent(ANA).offered == ("t2",)
    (verdict,) = desk.explain(TicketId("t3")).others
    assert (verdict.reason, verdict.eligible_from) == (Reason.RATE_LIMIT, 110)
    desk.advance(at=109)
    assert desk.agent(ANA).offered == ("t2",)
    desk.advance(at=110)
    assert desk.agent(ANA).offered == ("t2", "t3")
