"""Deciding: which agent a ticket goes to, and which ticket an agent who gained room gets.

Everything here reads the state and returns the next events; nothing here changes anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count

from attrs import frozen

from ticketroute.core import lines
from ticketroute.core.delivery import (
    hand_over,
    has_wish,
    lifted,
    plan_offers,
    refills,
    reserve,
    wanted_at_once,
    wants_more,
    wished,
)
from ticketroute.core.demands import Choice
from ticketroute.core.heads import heads_for
from ticketroute.core.records import AgentRecord, Demand, QueueRecord, TicketRecord
from ticketroute.core.state import State
from ticketroute.model import events as ev
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.line_order import Place
from ticketroute.model.queue import Delivery
from ticketroute.strategies.contract import NOBODY

_OFFER, _PULL, _ROUTED = Delivery.OFFER, Delivery.PULL, ev.Cause.ROUTED
_WAITING = RoutingState.WAITING

FEW = 8  # agents who gained room and are asked one by one; more of them, and the index is asked


def place(state: State, ticket: TicketRecord, *, at: Instant) -> tuple[ev.Event, ...]:
    """Decide about a ticket that is in no line, while nobody who waits may gain from it.

    O(log n), see ``Demands.choose``; for several offers, once for each.
    """
    demand = state.demand_of(ticket)
    delivery = ticket.queue.queue.delivery
    if delivery is _PULL:
        return (_queued(ticket, ev.WaitReason.AWAITS_PULL, at),)
    placed: tuple[ev.TicketAssigned | ev.TicketOffered, ...] = ()
    if has_wish(ticket):
        wish = wished(state, ticket, demand)
        if wish is not None:
            placed = (hand_over(state, ticket, demand, *wish, at=at),)
        else:
            reserved = reserve(state, ticket, at=at)
            if reserved is not None:
                return (reserved, _queued(ticket, ev.WaitReason.NOBODY_FREE, at))
    # who waits already proves that nobody is eligible for the same demand
    if delivery is _OFFER and not demand.waiting:
        asked = {event.agent_id for event in placed} if placed else NOBODY
        placed += plan_offers(state, ticket, demand, _ROUTED, besides=asked, at=at)
    elif not placed and not demand.waiting:
        choice = state.demands.choose(demand)
        if choice is not None:
            return (hand_over(state, ticket, demand, choice, _ROUTED, at=at),)
    if not placed:
        return (_queued(ticket, state.demands.wait_reason(demand), at),)
    if delivery is _OFFER and len(placed) < wanted_at_once(ticket) and refills(ticket):
        return (*placed, _short(ticket, len(placed), wanted_at_once(ticket), at))
    return placed


_Fresh = tuple[Place, int, TicketRecord]  # the number keeps two entries of one ticket apart


@frozen(eq=False)
class _Candidate:
    rank: tuple[int, int, int, int]  # between queues: weight, ticket priority, arrival, ordinal
    ticket: TicketRecord
    demand: Demand
    choice: Choice
    cause: ev.Cause


class Handout:
    """Hands out tickets, in the order of lines and queues, until nobody may get any more.

    Two sorts of tickets come into question: those in a line, of which only an agent who gained
    room may get one (or they would not be there), and ``fresh`` ones that have just come loose
    from their agent or queue and may go to anybody. During a handout room only shrinks, so a
    demand that found nobody once is not looked at again.
    """

    def __init__(
        self,
        state: State,
        gained: Iterable[AgentRecord],
        fresh: Iterable[TicketRecord],
        *,
        at: Instant,
    ) -> None:
        self._state = state
        self._at = at
        self._gained = list(gained)
        self._planned: deque[ev.Event] = deque()
        self._exhausted: set[Demand] = set()
        self._fresh: dict[QueueRecord, list[_Fresh]] = {}
        self._entered = count()
        self._hopes: dict[TicketRecord, int] = {}  # queues in which a fresh ticket may find someone
        self._queues: dict[QueueRecord, None] = {}
        for ticket in dict.fromkeys(fresh):
            if _seeks(ticket):  # else placed by the command, or before the host's permits failed
                self._let_seek(ticket)
        for record in self._gained:
            self._queues.update(dict.fromkeys(member.queue for member in record.members))

    def next(self) -> ev.Event | None:
        """Return what happens next; the caller applies it before asking again."""
        while not self._planned:
            self._gained = [record for record in self._gained if self._has_room(record)]
            if not self._gained and not any(self._fresh.values()):
                return None
            best: _Candidate | None = None
            for queue in self._queues:
                front = self._front(queue)
                if front is not None and (best is None or front.rank < best.rank):
                    best = front
            if best is None and not self._planned:
                return None
            if best is not None and not self._planned:
                self._deliver(best)
                if not self._planned:
                    self._exhausted.add(best.demand)
        return self._planned.popleft()

    def _let_seek(self, ticket: TicketRecord) -> None:
        """Let a ticket look for agents in all its queues, as a fresh one."""
        for queue in (ticket.queue, *ticket.added):
            self._queues[queue] = None
            entry = (lines.place_of(ticket, queue), next(self._entered), ticket)
            heappush(self._fresh.setdefault(queue, []), entry)
        self._hopes[ticket] = 1 + len(ticket.added)

    def _deliver(self, best: _Candidate) -> None:
        """Plan how the best ticket reaches its agent; its open offers end before it is assigned."""
        state, ticket, demand = self._state, best.ticket, best.demand
        if demand.queue.queue.delivery is _OFFER:
            if ticket.entries and refills(ticket):
                self._let_seek(ticket)  # it may want more than those who gained room
            if best.cause in ev.BY_STRATEGY:
                found = best.choice if best.cause is _ROUTED else None
                self._planned.extend(
                    plan_offers(state, ticket, demand, best.cause, found=found, at=self._at)
                )
                return
        else:
            self._planned.extend(
                ev.withdrawn(
                    at=self._at, cause=ev.Cause.ANSWERED, ticket_id=ticket.id, agent_id=agent_id
                )
                for agent_id in ticket.offers or ()
            )
        self._planned.append(hand_over(state, ticket, demand, best.choice, best.cause, at=self._at))

    def _front(self, queue: QueueRecord) -> _Candidate | None:
        """Return the first ticket of a queue that finds an agent, if one does."""
        while True:
            before = len(self._fresh.get(queue, ()))
            front = self._first(queue)
            if front is not None or self._planned or len(self._fresh.get(queue, ())) == before:
                return front

    def _first(self, queue: QueueRecord) -> _Candidate | None:
        """Return the first ticket of a queue if it finds an agent, or the first before a fresh one.

        Fresh tickets that come before it and find nobody are planned to stand in line.
        """
        fresh = self._fresh.get(queue, [])
        while fresh and not _seeks(fresh[0][2]):
            heappop(fresh)
        for place, demand in self._in_question(queue):
            if fresh and fresh[0][0] < place:
                break
            if demand in self._exhausted:
                continue
            choice = self._among_gained(demand)
            if choice is not None:
                ticket, cause = lines.head_of(demand), ev.Cause.FREED
                if len(self._gained) > 1:
                    choice, cause = wished(self._state, ticket, demand) or (choice, cause)
                return _Candidate(_rank(ticket, queue), ticket, demand, choice, cause)
            self._exhausted.add(demand)
        return None if self._planned else self._front_of_fresh(queue, fresh)

    def _in_question(self, queue: QueueRecord) -> Iterable[tuple[Place, Demand]]:
        """Return the heads of a queue's line that someone who gained room may have."""
        if not self._gained or queue.queue.delivery is _PULL:
            return ()
        if len(self._gained) > FEW:
            return queue.heads
        return heads_for(queue, self._gained, self._state.gate)

    def _front_of_fresh(self, queue: QueueRecord, fresh: list[_Fresh]) -> _Candidate | None:
        """Return the first fresh ticket of a queue if it finds an agent; else plan its rest."""
        if not fresh:
            return None
        ticket = fresh[0][2]
        demand = self._state.demand_of(ticket, queue)
        if queue.queue.delivery is not _PULL:
            found = self._find(ticket, demand)
            if found is not None:
                return _Candidate(_rank(ticket, queue), ticket, demand, *found)
            reserved = reserve(self._state, ticket, at=self._at)
            if reserved is not None:
                self._planned.append(reserved)
                return None
        heappop(fresh)
        self._hopes[ticket] -= 1
        if self._hopes[ticket] <= 0:
            self._planned.append(self._stand_in_line(ticket))
        return None

    def _find(self, ticket: TicketRecord, demand: Demand) -> tuple[Choice, ev.Cause] | None:
        """Return whom a fresh ticket goes to: whom it wishes for, else whom the strategy asks."""
        wish = wished(self._state, ticket, demand)
        if wish is not None:
            return wish
        may_wait = bool(reserve(self._state, ticket, at=self._at))
        if may_wait or demand in self._exhausted:
            return None
        choice = self._state.demands.choose(demand, last=lifted(ticket))
        if choice is None:
            self._exhausted.add(demand)
            return None
        return choice, ev.Cause.ROUTED

    def _stand_in_line(self, ticket: TicketRecord) -> ev.Event:
        open_offers = len(ticket.offers or ())
        if open_offers:
            return _short(ticket, open_offers, wants_more(ticket) + open_offers, self._at)
        if ticket.queue.queue.delivery is _PULL:
            reason = ev.WaitReason.AWAITS_PULL
        else:
            reason = self._state.wait_reason(ticket)
        return _queued(ticket, reason, self._at)

    def _has_room(self, record: AgentRecord) -> bool:
        return any(self._state.gate.is_open(member) for member in record.members)

    def _among_gained(self, demand: Demand) -> Choice | None:
        """Choose among those who gained room; nobody else may get a ticket that waits."""
        ticket = lines.head_of(demand)
        last = lifted(ticket)
        if len(self._gained) > FEW:
            return self._state.demands.choose(demand, last=last)
        members = demand.queue.members
        willing = [
            record.id
            for record in self._gained
            if record.id in members and self._state.gate.refusal(members[record.id], demand) is None
        ]
        if len(willing) > 1:
            return self._state.demands.choose(demand, last=last)
        return Choice(willing[0]) if willing else None


def next_for(state: State, record: AgentRecord) -> tuple[TicketRecord, QueueRecord] | None:
    """Return the best waiting ticket this agent may have, and the queue through which, or None.

    O(queues of the agent x heads that they are held against), see ``heads_for``.
    """
    best: tuple[tuple[int, int, int, int], TicketRecord, QueueRecord] | None = None
    for member in record.members:
        for _, demand in heads_for(member.queue, (record,), state.gate):
            ticket = lines.head_of(demand)
            if ticket.state is _WAITING and state.gate.refusal(member, demand) is None:
                rank = _rank(ticket, member.queue)
                if best is None or rank < best[0]:
                    best = (rank, ticket, member.queue)
                break
    return None if best is None else best[1:]


def is_as_new(ticket: TicketRecord) -> bool:
    """Say whether ``place`` decides about a fresh ticket as a handout does, while nobody waits.

    It is offered in one queue, wishes for nobody, and no offer of it is open.
    """
    return (
        ticket.queue.queue.delivery is _OFFER
        and not (ticket.offers or ticket.added or has_wish(ticket))
        and _seeks(ticket)
    )


def _seeks(ticket: TicketRecord) -> bool:
    """Say whether a fresh ticket still looks for agents."""
    if ticket.entries:
        return False
    return ticket.state is _WAITING or bool(wants_more(ticket))


def _rank(ticket: TicketRecord, queue: QueueRecord) -> tuple[int, int, int, int]:
    return (-queue.queue.weight, ticket.priority, ticket.arrived, ticket.ordinal)


def _short(ticket: TicketRecord, open_offers: int, wanted: int, at: Instant) -> ev.OfferShort:
    return ev.OfferShort(
        at=at, cause=ev.Cause.ROUTED, ticket_id=ticket.id, open=open_offers, wanted=wanted
    )


def _queued(ticket: TicketRecord, reason: ev.WaitReason, at: Instant) -> ev.TicketQueued:
    return ev.queued(
        at=at,
        cause=ev.Cause.ROUTED,
        ticket_id=ticket.id,
        queue_id=ticket.queue.id,
        reason=reason,
    )
