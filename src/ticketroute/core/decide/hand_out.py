"""The hand-out: which tickets reach which agents now, and which wait.

While a searching ticket may get an agent, the first such ticket (of all queues, by queue weight,
ticket priority and arrival) goes to whom it wishes for, else to whom the strategy asks. Then the
rest of the loose tickets stand in line. Then tickets for which nobody is there take their next
step if it does not wait, and all of it is repeated until nothing happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush, merge
from itertools import count

from attrs import frozen

from ticketroute.core.decide import moves
from ticketroute.core.decide.delivery import (
    hand_over,
    has_wish,
    offers_for,
    reserve,
    wished,
)
from ticketroute.core.decide.due import relax
from ticketroute.core.decide.rooms import lost_rooms, rooms_to_hold
from ticketroute.core.facts import (
    lifted,
    next_relaxation,
    queues_of,
    refills,
    seeks,
    wanted_at_once,
)
from ticketroute.core.index import lines
from ticketroute.core.index.choosing import Choice
from ticketroute.core.index.filed_lines import heads_for
from ticketroute.core.index.lone import lone_heads
from ticketroute.core.records import UNEVENTFUL, AgentRecord, Demand, QueueRecord, TicketRecord
from ticketroute.core.state import State
from ticketroute.model import events as ev
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.line_order import Place
from ticketroute.model.queue import Delivery
from ticketroute.strategies.contract import NOBODY

_OFFER, _PULL = Delivery.OFFER, Delivery.PULL
_ROUTED, _FREED = ev.Cause.ROUTED, ev.Cause.FREED
_WAITING = RoutingState.WAITING

FEW = 8  # fast: agents with room who are asked one by one; of more, the index is asked


def hand_out(state: State, at: Instant, cause: ev.Cause) -> Iterable[ev.Event]:
    """Return the events of the hand-out at ``at``, each to be applied before the next.

    ``cause`` is why reservations end that have become pointless: a command, or time.
    """
    gained, loose = state.roster.gained, state.loose
    waits = gained and state.roster.lines.waiting and anything_waits(gained)
    if len(loose) == 1 and not waits and not state.roster.special:
        (ticket,) = loose.values()
        if _is_plain(ticket):
            return place(state, ticket, at=at)
    return _hand_out(state, at, cause)


def _hand_out(state: State, at: Instant, cause: ev.Cause) -> Iterator[ev.Event]:
    gained = dict(state.roster.gained)
    while True:
        yield from _end_reservations(state, gained.values(), at, cause)
        for event in lost_rooms(state, at, cause):
            yield event
            gained |= _agents(state, (event.agent_id,))
        yield from Giving(state, gained, at).events()
        for ticket in _unplaced(state):
            reserved = reserve(state, ticket, at=at)
            if reserved is not None:
                yield reserved
            yield _stand_in_line(state, ticket, at)
        if state.wanting:
            yield from rooms_to_hold(state, at)
        skipping = _with_nobody_there(state)
        if not skipping:
            return
        for ticket in skipping:
            yield from relax(state, ticket, at)
        gained |= state.roster.gained  # where room was held for one of them


def place(state: State, ticket: TicketRecord, *, at: Instant) -> tuple[ev.Event, ...]:
    """Decide about a ticket that is in no line, while nobody who waits may gain from it.

    O(log n), see ``Demands.choose``; for several offers, once for each.
    """
    demand = state.demand_of(ticket)
    delivery = ticket.queue.terms.delivery
    if delivery is _PULL:
        return (_queued(ticket, ev.WaitReason.AWAITS_PULL, at),)
    wish = None
    if has_wish(ticket):
        wish = wished(state, ticket, demand)
        reserved = None if wish else reserve(state, ticket, at=at)
        if reserved is not None:
            return (reserved, _queued(ticket, ev.WaitReason.NOBODY_FREE, at))
    # who waits already proves that nobody is eligible for the same demand
    if wish is None and demand.waiting:
        return (_queued(ticket, state.demands.wait_reason(demand), at),)
    if delivery is _OFFER:
        offers = offers_for(state, ticket, demand, _ROUTED, at=at)
        if not offers:
            return (_queued(ticket, state.demands.wait_reason(demand), at),)
        if _falls_short(ticket, len(offers)):
            offers.append(_short(ticket, len(offers), at))
        return tuple(offers)
    last = lifted(ticket) if ticket.tried else NOBODY
    choice, cause = wish or (state.demands.choose(demand, last=last), _ROUTED)
    if choice is None:
        return (_queued(ticket, state.demands.wait_reason(demand), at),)
    return (hand_over(state, ticket, demand, choice, cause, at=at),)


def _falls_short(ticket: TicketRecord, offers: int) -> bool:
    """Return whether a ticket with so many offers, its first ones, waits for more agents."""
    queue = ticket.queue
    if not queue.rings_all:  # fast: nearly all want one offer
        policy = queue.terms.offer
        return offers < policy.parallel and policy.refill
    if queue.ring_step is None:
        return False  # it stays in line while it rings
    return offers < wanted_at_once(ticket) and refills(ticket)


_Loose = tuple[Place, int, TicketRecord]  # the number keeps two entries of one ticket apart


@frozen(eq=False)
class _Candidate:
    rank: tuple[int, ...]  # between queues
    ticket: TicketRecord
    demand: Demand
    choice: Choice
    cause: ev.Cause


class Giving:
    """Gives tickets to agents, in the order of the lines, until no agent may get another.

    Two sorts of tickets come into question: those in a line, of which only an agent with room may
    get one (or they would not be there), and loose ones, which may go to anybody. Room only
    shrinks meanwhile, so a demand that found nobody once is not looked at again; where an offer is
    withdrawn or room is no longer held, all is looked at again.
    """

    def __init__(self, state: State, gained: dict[AgentId, AgentRecord], at: Instant) -> None:
        self._state = state
        self._at = at
        self._all_gained = gained
        self._look_again()

    def _look_again(self) -> None:
        self._gained = dict(self._all_gained)
        self._exhausted: set[Demand] = set()
        self._loose: dict[QueueRecord, list[_Loose]] = {}
        self._entered = count()
        self._queues: dict[QueueRecord, None] = {}
        for ticket in self._state.loose.values():
            self._let_seek(ticket)
        for agent in self._gained.values():
            self._queues.update(dict.fromkeys([member.queue for member in agent.members]))

    def events(self) -> Iterator[ev.Event]:
        """Yield one delivery after the other; each is to be applied before the next."""
        while True:
            self._gained = {who: each for who, each in self._gained.items() if self._has_room(each)}
            if not self._gained and not any(self._loose.values()):
                return
            best: _Candidate | None = None
            for queue in self._queues:
                front = self._front(queue)
                if front is not None and (best is None or front.rank < best.rank):
                    best = front
            if best is None:
                return
            yield from self._deliver(best)

    def _let_seek(self, ticket: TicketRecord) -> None:
        """Look for agents in all queues of a loose ticket."""
        if seeks(ticket):
            for queue in queues_of(ticket):
                self._queues[queue] = None
                entry = (lines.place_of(ticket, queue), next(self._entered), ticket)
                heappush(self._loose.setdefault(queue, []), entry)

    def _deliver(self, best: _Candidate) -> Iterator[ev.Event]:
        """Yield how the best ticket reaches its agent; before an assignment its offers end."""
        state, ticket, demand, at = self._state, best.ticket, best.demand, self._at
        if demand.queue.terms.delivery is not _OFFER:
            free = list(ticket.offers or ())
            yield from moves.withdraw(ticket, free, ev.Cause.ANSWERED, at=at)
            if ticket.past.room_of is not None:
                free.append(ticket.past.room_of)
            yield hand_over(state, ticket, demand, best.choice, best.cause, at=at)
            if free:  # they have room again
                self._all_gained |= _agents(state, free)
                self._look_again()
            return
        was_loose = ticket.id in state.loose
        found = best.choice if best.cause in ev.BY_STRATEGY else None
        cause = _FREED if ticket.entries else _ROUTED
        offers = offers_for(state, ticket, demand, cause, found=found, at=at)
        if not offers:  # whoever is willing is of a worse tier than those rung
            self._exhausted.add(demand)
            loose = self._loose.get(demand.queue)
            if loose and loose[0][2] is ticket:
                heappop(loose)
        yield from offers
        if ticket.id in state.loose and not was_loose:
            self._let_seek(ticket)  # it may want more than those with room

    def _front(self, queue: QueueRecord) -> _Candidate | None:
        """Return the first ticket of a queue that finds an agent, if one does."""
        loose, state = self._loose.get(queue, []), self._state
        while True:
            while loose and not (loose[0][2].id in state.loose and seeks(loose[0][2])):
                heappop(loose)
            for place, demand in self._in_question(queue):
                if loose and loose[0][0] < place:
                    break
                if demand in self._exhausted or (
                    demand.own is not None and demand.own.id in state.loose
                ):
                    continue
                ticket = lines.head_of(demand)
                found = wished(state, ticket, demand) or self._freed(ticket, demand)
                if found is not None:
                    return _Candidate(_rank(ticket, queue), ticket, demand, *found)
                self._exhausted.add(demand)
            if not loose:
                return None
            ticket = loose[0][2]
            if queue.terms.delivery is not _PULL:
                demand = state.demand_of(ticket, queue)
                found = self._routed(ticket, demand)
                if found is not None:
                    return _Candidate(_rank(ticket, queue), ticket, demand, *found)
            heappop(loose)

    def _in_question(self, queue: QueueRecord) -> Iterable[tuple[Place, Demand]]:
        """Return the heads of a queue's line that an agent with room may have."""
        if not self._gained or queue.terms.delivery is _PULL:
            return ()
        if len(self._gained) > FEW:
            gate = self._state.gate
            lone = lone_heads(queue, self._gained.values(), gate) if queue.index.lone else ()
            return merge(queue.index.heads, *lone) if lone else queue.index.heads
        return heads_for(queue, list(self._gained.values()), self._state.gate)

    def _routed(self, ticket: TicketRecord, demand: Demand) -> tuple[Choice, ev.Cause] | None:
        """Return whom a loose ticket goes to: whom it wishes for, else whom the strategy asks."""
        wish = wished(self._state, ticket, demand)
        if wish is not None:
            return wish
        may_wait = reserve(self._state, ticket, at=self._at) is not None
        if may_wait or demand in self._exhausted:
            return None
        if ticket.entries:  # it rings, and something about it changed
            choice, cause = state_choice(self._state, ticket, demand), _FREED
        else:
            choice, cause = self._state.demands.choose(demand, last=lifted(ticket)), _ROUTED
        if choice is None:
            self._exhausted.add(demand)
            return None
        return choice, cause

    def _freed(self, ticket: TicketRecord, demand: Demand) -> tuple[Choice, ev.Cause] | None:
        """Return who of those with room gets a ticket that waits.

        The strategy is asked, and shown, if two or more are willing.
        """
        if len(self._gained) > FEW:
            if demand.own is not None and self._gained.keys() <= (ticket.offers or EMPTY).keys():
                return None  # fast: it rings all of them; the index would walk past each
            choice = state_choice(self._state, ticket, demand)
            return None if choice is None else (choice, _FREED)
        members, refusal = demand.queue.members, self._state.gate.refusal
        willing = [
            agent_id
            for agent_id in self._gained
            if agent_id in members and refusal(members[agent_id], demand) is None
        ]
        if not willing:
            return None
        if len(willing) == 1:
            return Choice(willing[0]), _FREED
        choice = self._state.demands.choose(demand, last=lifted(ticket))
        return None if choice is None else (choice, _FREED)

    def _has_room(self, agent: AgentRecord) -> bool:
        return any(self._state.gate.is_open(member) for member in agent.members)


def _agents(state: State, agent_ids: Iterable[AgentId]) -> dict[AgentId, AgentRecord]:
    agents = state.roster.agents
    return {agent_id: agents[agent_id] for agent_id in agent_ids if agent_id in agents}


def state_choice(state: State, ticket: TicketRecord, demand: Demand) -> Choice | None:
    """Return whom the strategy asks if two or more are willing, the only one, or None."""
    choice = state.demands.choose(demand, last=lifted(ticket))
    if choice is None or choice.runner_up is not None:
        return choice
    other = state.demands.choose(demand, besides={choice.agent_id})
    return Choice(choice.agent_id) if other is None else choice


# --- who waits --------------------------------------------------------------------------------


def _unplaced(state: State) -> list[TicketRecord]:
    """Return the loose tickets that are to stand in line now, in their order.

    Queues go in the order in which the loose tickets name them, the tickets of a queue by place; a
    ticket of several queues goes with the last of them.
    """
    loose = [ticket for ticket in state.loose.values() if seeks(ticket) and not ticket.entries]
    if len(loose) < 2:
        return loose
    order = {queue: None for ticket in loose for queue in queues_of(ticket)}
    number = {queue: each for each, queue in enumerate(order)}

    def turn(ticket: TicketRecord) -> tuple[int, Place]:
        last = max(queues_of(ticket), key=number.__getitem__)
        return number[last], lines.place_of(ticket, last)

    return sorted(loose, key=turn)


def _stand_in_line(state: State, ticket: TicketRecord, at: Instant) -> ev.Event:
    open_offers = len(ticket.offers or ())
    if open_offers:
        return _short(ticket, open_offers, at)
    if ticket.queue.terms.delivery is _PULL:
        reason = ev.WaitReason.AWAITS_PULL
    else:
        reason = state.wait_reason(ticket)
    return _queued(ticket, reason, at)


def _with_nobody_there(state: State) -> list[TicketRecord]:
    """Return the tickets in line that take their next step at once, as they were submitted.

    O(tickets in line) for queues with such steps whose members became fewer, else O(just queued).
    """
    looked_at = dict(state.queued)
    for queue in state.roster.thinned.values():
        looked_at |= {ticket.id: ticket for ticket in lines.waiting(queue)}
    skipping = [ticket for ticket in looked_at.values() if _skips(state, ticket)]
    return sorted(skipping, key=lambda ticket: ticket.ordinal)


def _skips(state: State, ticket: TicketRecord) -> bool:
    step = next_relaxation(ticket)
    return (
        step is not None
        and step.skip_wait
        and ticket.state is _WAITING
        and ticket.queue.terms.delivery is not _PULL
        and state.wait_reason(ticket) in ev.NOBODY_THERE
    )


def _end_reservations(
    state: State, gained: Iterable[AgentRecord], at: Instant, cause: ev.Cause
) -> Iterator[ev.Event]:
    """End reservations for agents who can no longer get the ticket."""
    reserved = {ticket.id: ticket for agent in gained for ticket in agent.rare.reserved.values()}
    reserved |= {
        ticket.id: ticket for ticket in state.loose.values() if ticket.asks.reserved is not None
    }
    for ticket in reserved.values():
        agent_id = ticket.asks.reserved
        member = None if agent_id is None else ticket.queue.members.get(agent_id)
        demand = state.demand_of(ticket)
        if (
            member is None
            or not state.gate.is_there(member, demand.asks.channel)
            or not state.gate.fits(member, demand)
        ):
            yield ev.ReserveEnded(at=at, cause=cause, ticket_id=ticket.id)


# --- parts ------------------------------------------------------------------------------------


def next_for(state: State, agent: AgentRecord) -> tuple[TicketRecord, QueueRecord] | None:
    """Return the best waiting ticket this agent may have, and the queue through which, or None.

    O(queues of the agent x heads that are checked), see ``heads_for``.
    """
    best: tuple[tuple[int, ...], TicketRecord, QueueRecord] | None = None
    for member in agent.members:
        for _, demand in heads_for(member.queue, (agent,), state.gate):
            ticket = lines.head_of(demand)
            if (
                ticket.state is _WAITING
                and state.gate.refusal(member, demand, by_hand=True) is None
            ):
                rank = _rank(ticket, member.queue)
                if best is None or rank < best[0]:
                    best = (rank, ticket, member.queue)
                break
    return None if best is None else best[1:]


def anything_waits(gained: Mapping[AgentId, AgentRecord]) -> bool:
    """Return whether there is a line from which any of these agents might get a ticket."""
    for agent in gained.values():
        member = agent.first
        while member is not None:
            if member.queue.index.waiting:
                return True
            member = member.next
    return False


def _is_plain(ticket: TicketRecord) -> bool:
    """Return whether ``place`` decides about a loose ticket as a hand-out does."""
    queue = ticket.queue
    if queue.skips or queue.ring_step is not None:
        return False
    if not ticket.version:  # fast: it has just been submitted
        return True
    return ticket.past is UNEVENTFUL and not (
        ticket.offers or ticket.added or ticket.entries or ticket.asks.reserved is not None
    )


def _rank(ticket: TicketRecord, queue: QueueRecord) -> tuple[int, ...]:
    """Return the order between queues; a ticket in several goes through its own one first."""
    turn = queues_of(ticket).index(queue) if ticket.added else 0
    return (-queue.terms.weight, ticket.priority, ticket.arrived, ticket.ordinal, turn)


def _short(ticket: TicketRecord, open_offers: int, at: Instant) -> ev.OfferShort:
    wanted = wanted_at_once(ticket)
    return ev.OfferShort(at=at, cause=_ROUTED, ticket_id=ticket.id, open=open_offers, wanted=wanted)


def _queued(ticket: TicketRecord, reason: ev.WaitReason, at: Instant) -> ev.TicketQueued:
    return ev.queued(
        at=at,
        cause=_ROUTED,
        ticket_id=ticket.id,
        queue_id=ticket.queue.id,
        reason=reason,
    )
