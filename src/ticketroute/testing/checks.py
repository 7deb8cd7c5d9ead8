"""Checks of every index and counter of a desk against plain facts."""

from __future__ import annotations

from collections import Counter

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.core.facts import excluded_by
from ticketroute.core.index import lines
from ticketroute.core.index.filed_lines import FiledHeads
from ticketroute.core.index.lone import all_heads
from ticketroute.core.index.timers import Timer, TimerKind
from ticketroute.core.records import Demand, Head, MemberRecord, QueueRecord
from ticketroute.model.events import WaitReason
from ticketroute.model.ids import AgentId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Delivery
from ticketroute.sla.clock import OPEN
from ticketroute.strategies.contract import Strategy
from ticketroute.testing.facts_of import facts_of
from ticketroute.testing.reference import choose, clocks, gate, hand_out
from ticketroute.testing.reference.facts import (
    Ask,
    Facts,
    Kind,
    QueueFacts,
    TicketFacts,
    draws,
    window_of,
)
from ticketroute.testing.told import told_in_full

EVERYBODY = 10_000


def check(desk: Dispatcher) -> None:
    """Compute every index and counter of a desk again, and fail at the first that is wrong.

    It reads the insides of the desk: the facts that it stores once, and everything that it derives
    from them. Call it at the end of a test. It costs several scans of the whole desk.

    Raises:
        AssertionError: if a figure is not what follows from the facts; the message names the
            figure, whose it is, what is kept, and what was computed.
    """
    facts = facts_of(desk)
    with told_in_full(__name__):
        check_against(desk, facts)
        check_explanations(desk, facts)


def check_against(desk: Dispatcher, plain: Facts) -> None:
    """Fail at the first figure of ``desk`` that does not follow from the facts in ``plain``."""
    state = desk._state
    assert not state.roster.gained
    assert not state.loose
    assert not desk._events
    assert desk.now == plain.now
    assert list(state.roster.agents) == list(plain.agents)
    assert list(state.roster.queues) == list(plain.queues)
    assert list(state.tickets) == list(plain.tickets)
    assert state.timers.all() == _timers_of(plain)
    assert desk.next_deadline() == min(_timers_of(plain).values(), default=None)
    assert len(state.timers._heap) <= 2 * len(_timers_of(plain)) + 65
    assert state.roster.windows.keys() == plain.watched.keys()
    assert state.assigned == plain.assignments
    for agent_id in plain.agents:
        _agent(desk, plain, agent_id)
    for queue_id, queue in plain.queues.items():
        _queue(desk, plain, state.roster.queues[queue_id], queue)
    heads = sum(len(list(all_heads(queue))) for queue in state.roster.queues.values())
    assert state.roster.lines.waiting == heads
    for ticket_id in plain.tickets:
        _ticket(desk, plain, ticket_id)


def _timers_of(plain: Facts) -> dict[Timer, int]:
    """Return the timers and their instants that follow from the facts."""
    return {
        Timer(TimerKind[due.kind.name], due.subject, due.detail): due.at
        for due in hand_out.due_of(plain)
    }


def _agent(desk: Dispatcher, plain: Facts, agent_id: AgentId) -> None:
    record, known = desk._state.roster.agents[agent_id], plain.agents[agent_id]
    slots, mine = gate.slots(plain, agent_id), plain.tickets.values()
    parked = [each for each in mine if each.agent == agent_id and not each.counts]
    assert record.terms == known.agent
    assert record.presence is known.presence
    assert record.rare.on_shift is known.on_shift
    assert record.rare.channels_off == known.off
    assert record.rare.rate_limit == gate.rate_limit(plain, agent_id)
    assert sorted(record.slots or ()) == sorted(ticket.id for ticket in slots)
    assert sorted(record.rare.parked) == sorted(ticket.id for ticket in parked)
    assert record.load == gate.load(plain, agent_id)
    assert record.count == len(gate.holdings(plain, agent_id))
    assert record.rare.offers.keys() == {offer.of.id for offer in gate.offers(plain, agent_id)}
    assert record.rare.tried.keys() == {
        ticket.id for ticket in plain.tickets.values() if agent_id in ticket.tried
    }
    assert record.rare.reserved.keys() == {
        ticket.id for ticket in plain.tickets.values() if ticket.reserved == agent_id
    }
    assert (record.rare.misses, record.rare.cooling_until) == (
        known.misses,
        known.dues.get(Kind.COOL_DOWN),
    )
    assert record.last_assigned == known.stamp
    assert record.idle_since == choose.idle_since(plain, agent_id)
    assert list(record.rare.recent or ()) == known.recent
    assert {member.queue.id for member in record.members} == {
        queue_id for queue_id, queue in plain.queues.items() if agent_id in queue.members
    }
    view = desk.agent(agent_id)
    assert (view.presence, view.capacity) == (known.presence, gate.capacity(plain, agent_id))
    assert (view.load, view.count) == (record.load, record.count)
    assert sorted((*view.tickets, *view.wrapping_up, *view.parked)) == sorted(
        ticket.id for ticket in (*slots, *parked)
    )
    assert len(set(view.queues)) == len(view.queues)


def _queue(desk: Dispatcher, plain: Facts, record: QueueRecord, queue: QueueFacts) -> None:
    assert list(record.members) == list(queue.members)
    positions = [member.position for member in record.members.values()]
    assert positions == sorted(set(positions))
    assert all(position < record.next_position for position in positions)
    for member in record.members.values():
        _member(desk, plain, member, queue)
    index = _asked(desk, record.strategy)
    _index(plain, queue, {}, index, gate.members_with_room(plain, queue))
    for demand in record.index.indexed:
        _demand_index(desk, plain, demand, queue)
    _lines(desk, plain, record, queue)


def _member(desk: Dispatcher, plain: Facts, member: MemberRecord, queue: QueueFacts) -> None:
    agent_id = member.agent_id
    terms = queue.members[agent_id]
    record = desk._state.roster.agents[agent_id]
    assert member.record is record
    assert member in record.members
    assert member.held == sum(each.queue is queue for each in gate.holdings(plain, agent_id))
    assert member.limit == gate.limit(plain, agent_id, queue)
    assert bool(member.is_open) == (agent_id in gate.members_with_room(plain, queue))
    assert member.membership == terms
    assert (member.load, member.count) == (
        gate.load(plain, agent_id),
        len(gate.holdings(plain, agent_id)),
    )
    assert member.capacity == gate.capacity(plain, agent_id)
    assert member.priority == gate.tier(plain, queue, agent_id)
    assert member.weight == terms.weight
    assert member.skills == record.terms.skills
    assert member.last_assigned == plain.agents[agent_id].stamp
    assert member.idle_since == choose.idle_since(plain, agent_id)
    assert member.available_since == plain.agents[agent_id].available_since
    span = window_of(queue.queue.strategy)
    assert member.queue.strategy.window == span
    if span is not None:
        assert (member.taken, member.handle_time) == gate.figures(plain, span, agent_id)
    kept = [index for index in member.indexes or () if not index.dropped]
    assert {index.demand for index in kept} == {
        demand
        for demand in member.queue.index.indexed
        if gate.fits(plain, agent_id, _ask_of(demand, queue))
    }


def _ask_of(demand: Demand, queue: QueueFacts) -> Ask:
    asks = demand.asks
    return Ask(queue, asks.channel, asks.weight, dict(asks.skills or {}), demand.only, asks.reach)


def _asked(desk: Dispatcher, strategy: Strategy) -> list[AgentId]:
    """Return all members of an index in its order; the random source is put back afterwards."""
    chance = desk._state.chance
    chance.rewind()
    answer = strategy.select(most=EVERYBODY)
    chance.rewind()
    return list(answer)


def _index(
    plain: Facts,
    queue: QueueFacts,
    skills: dict[str, int],
    index: list[AgentId],
    inside: list[AgentId],
) -> None:
    """Check that an index holds exactly the members ``inside``, in the expected order."""
    if draws(queue.queue.strategy):
        assert sorted(index) == sorted(inside)
    else:
        assert index == choose.ordered(plain, queue, skills, inside)


# An index does not know of room that is held. It may be room of a ticket in wrap-up.
ROOM_HELD = {"room_held", "wrap_up"}


def _demand_index(desk: Dispatcher, plain: Facts, demand: Demand, queue: QueueFacts) -> None:
    ask = _ask_of(demand, queue)
    index = demand.index
    assert index is not None
    assert not index.dropped
    fitting = [who for who in queue.members if gate.fits(plain, who, ask)]
    assert index.fitting == len(fitting)
    assert index.available == sum(gate.is_there(plain, who, queue, ask.channel) for who in fitting)
    answer = _asked(desk, index.strategy)
    inside = [who for who in queue.members if set(gate.reasons(plain, who, ask)) <= ROOM_HELD]
    _index(plain, queue, ask.skills, answer, inside)


def _lines(desk: Dispatcher, plain: Facts, record: QueueRecord, queue: QueueFacts) -> None:
    expected = [ticket.id for ticket in choose.line(plain, queue)]
    assert list(desk.waiting(record.id)) == expected
    heads = list(all_heads(record))
    assert record.index.waiting == len(heads)
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
            _demand(demand, gate.ask_of(plain, plain.tickets[ticket.id], queue))
            seen.append(ticket.id)
    assert sorted(seen) == sorted(expected)
    if record.index.filed is not None:
        assert isinstance(record.index.filed, FiledHeads)
        _filed(record.index.filed, list(record.index.heads))
    for shared, group in record.index.lone.items():
        lone = [demand.own for _, demand in group.heads]
        assert all(demand.plain is shared for _, demand in group.heads)
        out = Counter(who for each in lone if each for who in excluded_by(each, asked=True) or ())
        assert lone
        assert group.left_out == out
    for key, demand in record.index.demands.items():
        assert key == (demand.asks, demand.only and demand.only.id)
        assert (demand.head is None) == (demand.waiting == 0)
        assert (demand.index is not None) == (demand in record.index.indexed)
    recent = record.index.recent
    assert recent is None or record.index.demands.get((recent.asks, None)) is recent
    assert record.open_tickets == sum(
        ticket.queue is queue and ticket.state is not RoutingState.DONE
        for ticket in plain.tickets.values()
    )


def _filed(filed: FiledHeads, heads: list[Head]) -> None:
    """Check that each first ticket is filed once, under a required skill and its level."""
    found: list[Head] = []
    for asks, kind in filed._kinds.items():
        assert kind.lists
        assert kind.bare.asks == asks
        for skill, levels in kind.lists.items():
            assert levels
            for level, listed in levels.items():
                assert listed
                found += listed
                for _, demand in listed:
                    assert demand.asks._replace(skills=None, excluded=None) == asks
                    assert (demand.asks.skills or {"": 0})[skill] == level
    assert sorted(found, key=lambda head: head[0]) == heads
    assert filed._filed.keys() == {demand for _, demand in heads}


def _demand(demand: Demand, ask: Ask) -> None:
    """Check that a ticket is in the line of its present requirement."""
    asks = demand.asks
    assert dict(asks.skills or {}) == ask.skills
    assert (asks.channel, asks.weight, asks.reach) == (ask.channel, ask.weight, ask.reach)
    ringing = demand.own
    excluded = asks.excluded if ringing is None else excluded_by(ringing, asked=True)
    assert {who: why.value for who, why in (excluded or {}).items()} == ask.excluded
    assert asks.reserved == ask.reserved


def _ticket(desk: Dispatcher, plain: Facts, ticket_id: str) -> None:
    ticket = plain.tickets[ticket_id]
    record = desk._state.tickets[ticket.id]
    assert record.state is ticket.state
    assert record.status is ticket.status
    assert record.past.answered == ticket.ever_answered
    assert record.due == clocks.due_at(plain, ticket)
    _clocks(desk, plain, ticket)
    assert record.version == ticket.version
    assert record.done_at == ticket.done_at
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
    view = desk.ticket(ticket.id)
    has_agent = None if ticket.state is RoutingState.DONE else ticket.agent
    assert view.offered_to == tuple(ticket.offers)
    assert (view.agent_id, view.last_agent_id) == (has_agent, ticket.last_agent)
    assert view.cost == (0 if has_agent is None else ticket.cost)
    assert (view.state, view.status, view.priority) == (
        ticket.state,
        ticket.status,
        ticket.priority,
    )
    assert (view.queue_id, view.arrived) == (ticket.queue.queue.id, ticket.arrived)
    assert (view.version, view.wait_reason) == (ticket.version, record.wait_reason)
    assert (record.asked or set()) == ticket.asked
    assert {
        who: (tried.reason.value, tried.lifted) for who, tried in (record.tried or {}).items()
    } == {who: (tried.reason, tried.lifted) for who, tried in ticket.tried.items()}
    assert [queue.id for queue in record.added] == [queue.queue.id for queue in ticket.added]
    assert set(record.past.silent) == ticket.silent
    assert (record.past.wanted, record.past.hops) == (ticket.wanted, ticket.hops)
    assert (record.waiting_since, record.past.relaxed) == (ticket.waiting_since, ticket.relaxed)


def _clocks(desk: Dispatcher, plain: Facts, ticket: TicketFacts) -> None:
    """Check that every clock has counted what follows from the statuses and the calendar."""
    views = desk.clocks(ticket.id)
    known = {} if ticket.book is None else ticket.book.clocks
    assert {view.metric for view in views} == known.keys()
    assert ticket.state is not RoutingState.DONE or not any(view.state in OPEN for view in views)
    for view in views:
        clock, book = known[view.metric][view.cycle - 1], ticket.book
        assert book is not None
        assert (view.state, view.policy_id) == (clock.state, clock.policy_id)
        assert (view.version, view.within) == (clock.version, clock.within)
        assert view.calendar_id == clock.calendar_id
        assert view.elapsed == clocks.elapsed(
            ticket, clock, clocks.hours_of(plain, clock), desk.now
        )
        assert view.due == clocks.clock_due(plain, ticket, clock)
        assert view.breached == clock.breached


def _agents_explained(desk: Dispatcher, plain: Facts) -> None:
    """Check that what keeps an agent from a line is counted as each ticket by itself says."""
    for agent_id in plain.agents:
        told = desk.explain_agent(agent_id)
        for each in told.queues:
            queue = plain.queues[each.queue_id]
            pulls = queue.queue.delivery is Delivery.PULL
            free = "awaits_pull" if pulls else "asked_later"
            line = choose.line(plain, queue)
            words = Counter(
                "asked"
                if agent_id in ticket.offers
                else gate.reason(plain, agent_id, gate.ask_of(plain, ticket, queue, by_hand=pulls))
                or free
                for ticket in line
            )
            assert each.reasons == words
            assert each.waiting == len(line)
        assert str(told)


def check_explanations(desk: Dispatcher, plain: Facts) -> None:
    """Check that every verdict names the first reason, and the instant at which it ends."""
    _agents_explained(desk, plain)
    for ticket in plain.tickets.values():
        if ticket.queue not in plain.queues.values():
            continue
        explanation = desk.explain(ticket.id)
        verdicts = explanation.others
        assert explanation.asked == tuple((who, o.event.until) for who, o in ticket.offers.items())
        assert str(explanation)
        done = ticket.state is RoutingState.DONE
        assert explanation.winner == (None if done else ticket.agent)
        if explanation.wait_reason not in (None, WaitReason.AWAITS_PULL):
            assert explanation.wait_reason is gate.nearest_reason(plain, ticket)
        if explanation.decided_at is None:
            assert explanation.strategy == str(ticket.queue.queue.strategy)
        taken = {ticket.agent, *ticket.offers}
        everyone = [who for queue in ticket.queues for who in queue.members if who not in taken]
        others = [] if done else list(dict.fromkeys(everyone))
        assert [verdict.agent_id for verdict in verdicts] == others
        for verdict in verdicts:
            who = verdict.agent_id
            serves = [queue for queue in ticket.queues if who in queue.members]
            asks = [gate.ask_of(plain, ticket, queue) for queue in serves]
            admits = (
                each for each in asks if gate.reason(plain, who, each, without=ticket.id) is None
            )
            ask = next(admits, asks[0])
            assert verdict.queue_id == ask.queue.queue.id
            reason = gate.reason(plain, who, ask, without=ticket.id)
            assert (None if verdict.reason is None else verdict.reason.value) == reason
            later = None if reason is None else gate.eligible_from(plain, who, ask, ticket.id)
            assert verdict.eligible_from == later
