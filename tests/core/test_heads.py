"""The heads that an agent is held against: all that they may have, in order, and few besides."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.core.gate import Gate
from ticketroute.core.index import filed_lines as module
from ticketroute.core.index import lines
from ticketroute.core.index.filed_lines import FEW, LONG, FiledHeads, heads_for
from ticketroute.core.records import AgentRecord, Asks, Demand, MemberRecord, QueueRecord
from ticketroute.core.records import TicketRecord as Record
from ticketroute.model.agent import Agent, Membership, Presence
from ticketroute.model.events import TicketAssigned
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.queue import Defaults, Delivery, Queue
from ticketroute.model.reasons import Reason
from ticketroute.model.relaxation import Reach
from ticketroute.model.ticket import Ticket, TicketPriority
from ticketroute.strategies.average_load import AverageLoad

Q = QueueId("q")
GATE = Gate(Defaults())
NUMBERS = count()
skills = st.dictionaries(st.sampled_from("xyz"), st.integers(1, 3), max_size=3).map(read_only)
agent_ids = st.sampled_from([AgentId("ana"), AgentId("ben"), AgentId("cem")])
all_asks = st.builds(
    Asks,
    channel=st.sampled_from(["email", "chat"]),
    weight=st.integers(1, 3),
    skills=st.none() | skills,
    reach=st.sampled_from([None, Reach(1, 40)]),
    excluded=st.none() | st.dictionaries(agent_ids, st.just(Reason.DECLINED), max_size=2),
    reserved=st.none() | agent_ids,
)
agents = st.builds(
    Agent,
    id=agent_ids,
    skills=skills,
    capacity=st.integers(1, 3),
    priority=st.sampled_from([30, 50]),
    channels=st.sampled_from([["email", "chat"], ["chat"], []]),
)


def make_queue(*staff: Agent) -> QueueRecord:
    queue = QueueRecord(Queue(id=Q), AverageLoad())
    for agent in staff:
        record = AgentRecord(agent, presence=Presence.AVAILABLE)
        member = MemberRecord(
            agent_id=agent.id,
            record=record,
            queue=queue,
            membership=Membership(),
            capacity=agent.capacity or 1,
            limit=9,
        )
        record.first = member
        queue.members[agent.id] = member
    return queue


def stand(demand: Demand, priority: TicketPriority = TicketPriority.NORMAL) -> Record:
    number = next(NUMBERS)
    ticket = Record(
        id=TicketId(f"t{number}"),
        terms=Ticket(id=TicketId(f"t{number}"), queue=Q),
        queue=demand.queue,
        arrived=number,
        ordinal=number,
        priority=priority,
        asks=demand.asks,
    )
    lines.enter(ticket, [demand])
    return ticket


Step = tuple[int, TicketPriority] | int | set[AgentId]
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from(TicketPriority))
    | st.integers(0, 30)  # the how-manieth of those who wait leaves
    | st.sets(agent_ids, min_size=1),  # who are held against the line
    min_size=5,
    max_size=40,
)


@given(
    staff=st.lists(agents, min_size=1, max_size=3, unique_by=lambda agent: agent.id),
    asked=st.lists(all_asks, min_size=8, max_size=8),
    steps=steps,
)
def test_nothing_that_somebody_may_have_is_left_out_and_the_rest_keeps_its_order(
    staff: list[Agent], asked: list[Asks], steps: list[Step]
) -> None:
    queue = make_queue(*staff)
    demands = [Demand(queue, asks, None) for asks in asked]
    waiting: list[Record] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LONG", 1)
        patch.setattr(module, "FEW", 1)
        for step in steps:
            match step:
                case tuple((which, priority)):
                    waiting.append(stand(demands[which], priority))
                case int(which):
                    if waiting:
                        lines.leave(waiting.pop(which % len(waiting)))
                case set(ids):
                    members = queue.members.values()
                    hold_against(queue, [each for each in members if each.agent_id in ids])


def hold_against(queue: QueueRecord, members: list[MemberRecord]) -> None:
    found = list(heads_for(queue, [member.record for member in members], GATE))
    assert found == [head for head in queue.index.heads if head in found]
    for place, demand in queue.index.heads:
        fits = any(GATE.refusal(member, demand) is None for member in members)
        assert (place, demand) in found or not fits
    for _, demand in found[1:]:  # of the others, none of whose skills somebody has not one
        assert any(has_any(member.record.terms, demand) for member in members)


def has_any(agent: Agent, demand: Demand) -> bool:
    asked = demand.asks.skills
    return not asked or any(agent.skills.get(each, 0) >= level for each, level in asked.items())


# --- how many are looked at -----------------------------------------------------------------------


def looked_at(queue: QueueRecord, agent_id: str = "ana") -> int:
    """Count the heads that an agent is held against where no head fits."""
    return len(list(heads_for(queue, [queue.members[AgentId(agent_id)].record], GATE)))


def line_of(n: int, *staff: Agent, each: Callable[[int], Asks]) -> QueueRecord:
    queue = make_queue(*staff)
    for number in range(n):
        stand(Demand(queue, each(number), None))
    return queue


def asking(levels: dict[str, int], channel: str = "email") -> Asks:
    return Asks(channel, 1, read_only(levels))


ANA = Agent(id=AgentId("ana"), skills={"rare": 1, "french": 2}, channels=["email"])


@pytest.mark.parametrize(
    "each",
    [
        pytest.param(lambda number: asking({f"s{number}": 1}), id="a skill she lacks"),
        pytest.param(
            lambda number: asking({"french": 2, f"s{number}": 1}), id="beside one she has"
        ),
        pytest.param(lambda number: asking({"french": 3 + number % 8}), id="a level above hers"),
        pytest.param(
            lambda number: asking({"french": 1 + number % 2}, "chat"), id="another channel"
        ),
        pytest.param(lambda number: Asks("email", 1, None, reserved=AgentId("ben")), id="for ben"),
        pytest.param(lambda number: Asks("email", 1, None, Reach(1, 9)), id="out of her reach"),
        pytest.param(lambda number: Asks("email", 9, None), id="too heavy"),
    ],
)
def test_what_she_may_not_have_is_not_looked_at_once_the_line_is_filed(
    each: Callable[[int], Asks],
) -> None:
    queue = line_of(1_000, ANA, each=each)
    stand(Demand(queue, asking({"rare": 1}), None))
    last = next(reversed(queue.index.heads))

    assert looked_at(queue) <= LONG + 3
    assert looked_at(queue) <= FEW + 3
    assert list(heads_for(queue, [queue.members[ANA.id].record], GATE))[-1] == last


@pytest.mark.parametrize("order", [("ana", "ben"), ("ben", "ana")])
def test_of_several_agents_the_best_level_counts(order: tuple[str, str]) -> None:
    ben = Agent(id=AgentId("ben"), skills={"french": 5})
    queue = line_of(1_000, ANA, ben, each=lambda number: asking({f"s{number}": 1}))
    stand(Demand(queue, asking({"french": 4}), None))
    stand(Demand(queue, asking({"rare": 1}), None))
    stand(Demand(queue, asking({"french": 6}), None))
    agents = [queue.members[AgentId(each)].record for each in order]

    found = list(heads_for(queue, agents, GATE))
    assert found == [*queue.index.heads[:LONG], *queue.index.heads[1_000:1_002]]


def test_a_line_that_is_not_long_is_not_filed() -> None:
    queue = line_of(LONG, ANA, each=lambda number: asking({f"s{number}": 1}))

    assert looked_at(queue) == LONG
    assert queue.index.filed is None


def test_where_one_of_the_first_fits_the_line_is_not_filed() -> None:
    queue = line_of(1_000, ANA, each=lambda number: asking({"french": 1}))
    head, *_ = islice(heads_for(queue, [queue.members[ANA.id].record], GATE), LONG)

    assert head == queue.index.heads[0]
    assert queue.index.filed is None


def test_a_line_that_nobody_asks_is_filed_no_longer() -> None:
    """Each change of a filed head costs: as many as there are heads, and the file is dropped."""
    queue = line_of(200, ANA, each=lambda number: asking({f"s{number}": 1}))
    looked_at(queue)
    demand = queue.index.heads[0][1]
    for _ in range(99):  # each of them comes and goes
        lines.leave(stand(demand, TicketPriority.URGENT))
    assert looked_at(queue) == FEW
    for _ in range(100):
        lines.leave(stand(demand, TicketPriority.URGENT))
    assert looked_at(queue) == LONG  # and is filed once more


def test_what_is_emptied_is_not_kept() -> None:
    queue = make_queue(ANA)
    tickets = [stand(Demand(queue, asking({f"s{n}": 1}), None)) for n in range(100)]
    looked_at(queue)
    for ticket in tickets[:-1]:
        lines.leave(ticket)
    filed = queue.index.filed
    assert isinstance(filed, FiledHeads)
    ((kind, skill, level),) = filed._filed.values()
    assert kind.lists == {"s99": {1: [queue.index.heads[0]]}}
    assert (skill, level) == ("s99", 1)
    lines.leave(tickets[-1])
    assert not filed._kinds


@pytest.mark.parametrize("road", ["resolve", "take"])
def test_a_freed_agent_asks_the_gate_a_few_times_for_the_last_of_a_long_line(
    road: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Dispatcher()
    for name, has in (("ana", {"rare": 1}), ("ben", {"all": 1})):
        agent = Agent(id=AgentId(name), capacity=1, skills=has)
        desk.add_agent(agent, presence="available", at=0)
    delivery = Delivery.PULL if road == "take" else Delivery.ASSIGN
    desk.add_queue(Queue(id=Q, members=[AgentId("ana"), AgentId("ben")], delivery=delivery), at=0)
    for number in range(1_003):
        asked = {"rare": 1} if number == 0 or number > 1_000 else {"all": 1, f"s{number}": 1}
        desk.submit(Ticket(id=TicketId(f"t{number}"), queue=Q, skills=asked), at=number)
    if road == "take":
        desk.take(TicketId("t0"), ANA.id, at=2_000)
    asked_for, refusal = [], Gate.refusal

    def counted(gate: Gate, member: MemberRecord, demand: Demand, **facts: Any) -> Reason | None:
        asked_for.append(demand)
        return refusal(gate, member, demand, **facts)

    monkeypatch.setattr(Gate, "refusal", counted)
    seen = []
    for ended, got in (("t0", "t1001"), ("t1001", "t1002")):
        asked_for.clear()
        events = desk.resolve(TicketId(ended), at=3_000)
        if road == "take":
            events = desk.take(None, ANA.id, at=3_000)
        assert isinstance(events[-1], TicketAssigned)
        assert events[-1].ticket_id == got
        seen.append(len(asked_for))
    assert seen[0] <= LONG + 8
    assert seen[1] <= FEW + 8
