"""Every index and counter of a desk, held against what plain facts say."""

from __future__ import annotations

from plain_desk import Ask, PlainDesk, PlainQueue, PlainTicket, window_of
from plain_strategies import draws, ordered

from ticketroute.core import lines
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.core.records import Demand, MemberRecord, QueueRecord
from ticketroute.core.timers import Timer, TimerKind
from ticketroute.model.ids import AgentId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.strategies.contract import Strategy

EVERYBODY = 10_000


def check(desk: Dispatcher, plain: PlainDesk) -> None:
    """Fail at the first figure of ``desk`` that is not what ``plain`` adds up to."""
    state = desk._state
    assert not state.roster.gained
    assert not desk._fresh
    assert not desk._events
    state.reach(max(desk.now, plain.now))
    plain.now = desk.now
    assert list(state.roster.agents) == list(plain.agents)
    assert list(state.roster.queues) == list(plain.queues)
    assert list(state.tickets) == list(plain.tickets)
    assert state.timers.all() == timers_of(plain)
    assert desk.next_deadline() == min(timers_of(plain).values(), default=None)
    assert len(state.timers._heap) <= 2 * len(timers_of(plain)) + 65
    assert state.roster.windows.keys() == plain.watched.keys()
    assert state.assigned == plain.assignments
    for agent_id in plain.agents:
        check_agent(desk, plain, agent_id)
    for queue_id, queue in plain.queues.items():
        check_queue(desk, plain, state.roster.queues[queue_id], queue)
    for ticket_id in plain.tickets:
        check_ticket(desk, plain, ticket_id)


def timers_of(plain: PlainDesk) -> dict[Timer, int]:
    """Return what is due when, as the facts imply it."""
    due = {
        Timer(TimerKind.WRAP_UP, ticket.agent, ticket.id): ticket.wrap_up_until
        for ticket in plain.tickets.values()
        if ticket.wrap_up_until is not None and ticket.agent is not None
    }
    for agent_id, known in plain.agents.items():
        if known.grace_until is not None:
            due[Timer(TimerKind.GRACE, agent_id)] = known.grace_until
        lifts_at = plain.rate_lifts_at(agent_id)
        if lifts_at is not None:
            due[Timer(TimerKind.RATE_LIMIT, agent_id)] = lifts_at
        if known.cooling_until is not None:
            due[Timer(TimerKind.COOL_DOWN, agent_id)] = known.cooling_until
    for ticket in plain.tickets.values():
        due |= timers_of_ticket(ticket)
    return due


def timers_of_ticket(ticket: PlainTicket) -> dict[Timer, int]:
    """Return what is due for a ticket that searches, is asked for, or is worked."""
    due: dict[Timer, int] = {}
    for who, offer in ticket.offers.items():
        due[Timer(TimerKind.OFFER, ticket.id, who)] = offer.until
    for who, tried in ticket.tried.items():
        if tried.retry_at is not None:
            due[Timer(TimerKind.RETRY, ticket.id, who)] = tried.retry_at
    for kind, at in (
        (TimerKind.RING, ticket.ring_at),
        (TimerKind.RESERVE, ticket.reserve_until),
        (TimerKind.RELAX, ticket.relax_at),
        (TimerKind.RESPOND, ticket.respond_by),
        (TimerKind.IDLE, ticket.idle_at),
    ):
        if at is not None:
            due[Timer(kind, ticket.id)] = at
    return due


def check_agent(desk: Dispatcher, plain: PlainDesk, agent_id: AgentId) -> None:
    record, known = desk._state.roster.agents[agent_id], plain.agents[agent_id]
    slots, parked = plain.slots(agent_id), plain.parked(agent_id)
    assert record.agent == known.agent
    assert record.presence is known.presence
    assert record.channels_off == known.off
    assert record.capacity == plain.capacity(agent_id)
    assert record.rate_limit == plain.rate_limit(agent_id)
    assert sorted(record.slots or ()) == sorted(ticket.id for ticket in slots)
    assert sorted(record.parked or ()) == sorted(ticket.id for ticket in parked)
    assert record.load == plain.load(agent_id)
    assert record.count == len(plain.holdings(agent_id))
    assert (record.offers or {}).keys() == {offer.id for offer in plain.offers(agent_id)}
    assert (record.tried or {}).keys() == {
        ticket.id for ticket in plain.tickets.values() if agent_id in ticket.tried
    }
    assert (record.reserved or {}).keys() == {
        ticket.id for ticket in plain.tickets.values() if ticket.reserved == agent_id
    }
    assert (record.misses, record.cooling_until) == (known.misses, known.cooling_until)
    assert record.last_assigned == known.stamp
    assert record.idle_since == idle_since(plain, agent_id)
    assert list(record.recent or ()) == known.recent
    assert {member.queue.id for member in record.members} == {
        queue_id for queue_id, queue in plain.queues.items() if agent_id in queue.members
    }
    view = desk.agent(agent_id)
    assert sorted((*view.tickets, *view.wrapping_up, *view.parked)) == sorted(
        ticket.id for ticket in (*slots, *parked)
    )
    assert len(set(view.queues)) == len(view.queues)


def idle_since(plain: PlainDesk, agent_id: AgentId) -> int:
    known = plain.agents[agent_id]
    return known.available_since if known.ended_at is None else known.ended_at


def check_queue(desk: Dispatcher, plain: PlainDesk, record: QueueRecord, queue: PlainQueue) -> None:
    assert list(record.members) == list(queue.members)
    positions = [member.position for member in record.members.values()]
    assert positions == sorted(set(positions))
    assert all(position < record.next_position for position in positions)
    for member in record.members.values():
        check_member(desk, plain, member, queue)
    index = asked(desk, record.strategy)
    check_index(plain, queue, {}, index, plain.members_with_room(queue))
    for demand in record.indexed:
        check_demand_index(desk, plain, demand, queue)
    check_lines(desk, plain, record, queue)


def check_member(
    desk: Dispatcher, plain: PlainDesk, member: MemberRecord, queue: PlainQueue
) -> None:
    agent_id = member.agent_id
    terms = queue.members[agent_id]
    record = desk._state.roster.agents[agent_id]
    assert member.record is record
    assert member in record.members
    assert member.held == plain.held(agent_id, queue)
    assert member.limit == plain.limit(agent_id, queue)
    assert member.is_open == plain.is_open(agent_id, queue)
    assert member.membership == terms
    assert (member.load, member.count) == (plain.load(agent_id), len(plain.holdings(agent_id)))
    assert member.capacity == plain.capacity(agent_id)
    assert member.priority == plain.tier(queue, agent_id)
    assert member.weight == terms.weight
    assert member.skills == record.agent.skills
    assert member.last_assigned == plain.agents[agent_id].stamp
    assert member.idle_since == idle_since(plain, agent_id)
    span = window_of(queue.queue.strategy)
    assert member.queue.strategy.window == span
    if span is not None:
        assert (member.taken, member.handle_time) == plain.figures(span, agent_id)
    kept = [index for index in member.indexes or () if not index.dropped]
    assert {index.demand for index in kept} == {
        demand
        for demand in member.queue.indexed
        if plain.fits(agent_id, ask_of(plain, demand, queue))
    }


def ask_of(plain: PlainDesk, demand: Demand, queue: PlainQueue) -> Ask:
    asks = demand.asks
    return Ask(queue, asks.channel, asks.weight, dict(asks.skills or {}), demand.only, asks.reach)


def asked(desk: Dispatcher, strategy: Strategy) -> list[AgentId]:
    """Return everybody in an index, in its order; what chance draws for it stays in line."""
    chance = desk._state.chance
    chance.rewind()
    answer = strategy.select(most=EVERYBODY)
    chance.rewind()
    return list(answer)


def check_index(
    plain: PlainDesk,
    queue: PlainQueue,
    skills: dict[str, int],
    index: list[AgentId],
    inside: list[AgentId],
) -> None:
    """An index holds exactly those ``inside``, in the obvious order."""
    if draws(queue.queue.strategy):
        assert sorted(index) == sorted(inside)
    else:
        assert index == ordered(plain, queue, skills, inside)


def check_demand_index(
    desk: Dispatcher, plain: PlainDesk, demand: Demand, queue: PlainQueue
) -> None:
    ask = ask_of(plain, demand, queue)
    index = demand.index
    assert index is not None
    assert not index.dropped
    fitting = [who for who in queue.members if plain.fits(who, ask)]
    assert index.fitting == len(fitting)
    assert index.available == sum(plain.is_there(who, ask) for who in fitting)
    answer = asked(desk, index.strategy)
    check_index(plain, queue, ask.skills, answer, plain.eligible(ask))


def check_lines(desk: Dispatcher, plain: PlainDesk, record: QueueRecord, queue: PlainQueue) -> None:
    expected = [ticket.id for ticket in plain.line(queue)]
    assert list(desk.waiting(record.id)) == expected
    heads = list(record.heads)
    assert [place for place, _ in heads] == sorted(place for place, _ in heads)
    assert len({demand for _, demand in heads}) == len(heads)
    seen: list[str] = []
    for place, demand in heads:
        line = [entry for entry in demand.line if entry[1].place is entry[0]]
        assert demand.queue is record
        assert demand.head == place == min(entry[0] for entry in line)
        assert lines.place_of(lines.head_of(demand), record) == place
        assert demand.waiting == len(line)
        assert len(demand.line) <= 2 * demand.waiting + 65
        for own, entry in line:
            ticket = entry.ticket
            assert entry in ticket.entries
            assert entry.demand is demand
            assert own == lines.place_of(ticket, record)
            check_demand(demand, plain.ask(plain.tickets[ticket.id], queue))
            seen.append(ticket.id)
    assert sorted(seen) == sorted(expected)
    for key, demand in record.demands.items():
        assert key == (demand.asks, demand.only and demand.only.id)
        assert (demand.head is None) == (demand.waiting == 0)
        assert (demand.index is not None) == (demand in record.indexed)
    assert record.open_tickets == sum(
        ticket.queue is queue and ticket.state is not RoutingState.DONE
        for ticket in plain.tickets.values()
    )


def check_demand(demand: Demand, ask: Ask) -> None:
    """A ticket stands in the line of what it asks by now."""
    asks = demand.asks
    assert dict(asks.skills or {}) == ask.skills
    assert (asks.channel, asks.weight, asks.reach) == (ask.channel, ask.weight, ask.reach)
    assert {who: why.value for who, why in (asks.excluded or {}).items()} == ask.excluded
    assert asks.reserved == ask.reserved


def check_ticket(desk: Dispatcher, plain: PlainDesk, ticket_id: str) -> None:
    ticket = plain.tickets[ticket_id]  # type: ignore[index]  # ids are strings
    record = desk._state.tickets[ticket.id]
    assert record.state is ticket.state
    assert record.version == ticket.version
    assert (record.arrived, record.priority) == (ticket.arrived, ticket.priority)
    assert (None if record.agent is None else record.agent.id) == ticket.agent
    assert record.queue is desk._state.roster.queues.get(record.queue.id) or not any(
        ticket.queue is queue for queue in plain.queues.values()
    )
    if ticket.agent is not None:
        assert record.cost == ticket.cost
        assert record.since == ticket.since
    assert record.wrap_up_until == ticket.wrap_up_until
    assert bool(record.entries) == ticket.in_line
    assert (record.wait_reason is not None) == (ticket.state is RoutingState.WAITING)
    assert list(record.offers or ()) == list(ticket.offers)
    assert desk.ticket(ticket.id).offered_to == tuple(ticket.offers)
    assert (record.asked or set()) == ticket.asked
    assert {
        who: (tried.reason.value, tried.lifted) for who, tried in (record.tried or {}).items()
    } == {who: (tried.reason, tried.lifted) for who, tried in ticket.tried.items()}
    assert [queue.id for queue in record.added] == [queue.queue.id for queue in ticket.added]
    assert set(record.silent) == ticket.silent
    assert (record.wanted, record.hops) == (ticket.wanted, ticket.hops)
    assert (record.waiting_since, record.relaxed) == (ticket.waiting_since, ticket.relaxed)


def check_explanations(desk: Dispatcher, plain: PlainDesk) -> None:
    """Every verdict names the first reason, and the instant from which time alone removes it."""
    for ticket in plain.tickets.values():
        if ticket.queue not in plain.queues.values():
            continue
        ask = plain.ask(ticket, ticket.queue)
        explanation = desk.explain(ticket.id)
        verdicts = explanation.others
        assert explanation.asked == tuple((who, o.until) for who, o in ticket.offers.items())
        assert str(explanation)
        taken = {ticket.agent, *ticket.offers}
        others = [who for who in ticket.queue.members if who not in taken]
        asked = [] if ticket.state is RoutingState.DONE else others
        assert [verdict.agent_id for verdict in verdicts] == asked
        for verdict in verdicts:
            who = verdict.agent_id
            reason = plain.reason(who, ask, without=ticket.id)
            assert (None if verdict.reason is None else verdict.reason.value) == reason
            if reason is not None:
                expected = plain.eligible_from(who, ask, ticket.id)
                assert verdict.eligible_from == expected
