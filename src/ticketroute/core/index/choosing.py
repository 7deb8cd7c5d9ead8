"""Demands: tickets that ask the same, who fits them, and which index answers for them.

A queue's own index knows every member who may get *some* ticket. A demand asks it first and walks
past those who may not get *this* ticket. Where the walk is long, or nobody is found, the demand
gets an index of its own: over the members who fit it, told of every change of theirs, sharing the
turns of the queue's strategy. Where more than ``FEW_INDEXES`` are wanted and the strategy is a key,
one index by age takes over from all of them; elsewhere at most ``MOST_INDEXES`` per queue are kept,
and the least recently used go first. The line of a demand does not need one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from attrs import frozen

from ticketroute.core.facts import excluded_by
from ticketroute.core.gate import Gate
from ticketroute.core.index.by_age import Ages
from ticketroute.core.index.chance import Chance
from ticketroute.core.records import (
    AVAILABLE,
    IN_INDEX,
    Asks,
    ByAge,
    Demand,
    DemandIndex,
    MemberRecord,
    QueueRecord,
    TicketRecord,
)
from ticketroute.model.events import WaitReason
from ticketroute.model.frozen import EMPTY, maker
from ticketroute.model.ids import AgentId
from ticketroute.model.ticket import Ticket
from ticketroute.strategies.contract import NOBODY, Key, Strategy
from ticketroute.strategies.tiers import Tiered

WALKS = (2, 8, 32)  # how many of the queue's index are looked at before the demand gets its own
FEW_INDEXES = 16  # of demands, per queue; if more are wanted, one by age serves all, if it can
SHARES = 0.5  # of a queue's members whom its indexes may have in all, one by age costing no more
MOST_INDEXES = 256  # of demands, per queue, where it cannot
MOST_MISSES = 64  # in the index by age, before a demand gets its own all the same
MOST_IDLE_DEMANDS = 4_096  # kept without a waiting ticket, per queue: a few hundred bytes each


@frozen(weakref_slot=False)
class Choice:
    """Whom the strategy asks, what ordered them, and who would have been next."""

    agent_id: AgentId
    key: Key = ()
    runner_up: AgentId | None = None
    draws: tuple[float, ...] = ()
    chosen: bool = False  # by a strategy; an empty key does not tell


new_choice = maker(Choice)


class Demands:
    """Finds the demand of a ticket, and the agent for a demand."""

    def __init__(self, gate: Gate, chance: Chance) -> None:
        self._gate = gate
        self._chance = chance
        self.rooms_held = 0  # on the desk: while there are, no index says who has room for whom

    def of(self, asks: Asks, ticket: Ticket, queue: QueueRecord) -> Demand:
        """Return the demand that ``ticket`` shares with others of equal ``asks``. O(skills)."""
        only = ticket if self._gate.permits is not None else None
        key = (asks, None if only is None else only.id)
        demand = queue.index.demands.get(key)
        if demand is None:
            if len(queue.index.demands) >= max(MOST_IDLE_DEMANDS, queue.index.sweep_at):
                self._forget_idle(queue)
            plain = None
            if asks.excluded or asks.reserved is not None or only is not None:
                bare = Asks(asks.channel, asks.weight, asks.skills, asks.reach)
                plain = self._shared(bare, queue)
            demand = Demand(queue, asks, only, plain)
            queue.index.demands[key] = demand
        return demand

    def own(self, ticket: TicketRecord, queue: QueueRecord) -> Demand:
        """Return a demand of its own for a ticket that rings everyone: it follows the offers."""
        channel, weight, skills, reach, _, reserved = ticket.asks
        asks = Asks(channel, weight, skills, reach, None, reserved)
        bare = asks if reserved is None else asks._replace(reserved=None)
        only = ticket.terms if self._gate.permits is not None else None
        return Demand(queue, asks, only, self._shared(bare, queue), own=ticket)

    def _shared(self, bare: Asks, queue: QueueRecord) -> Demand:
        """Return the demand that all tickets of equal asks share, and that may have an index."""
        demand = queue.index.demands.get((bare, None))
        if demand is None:
            demand = queue.index.demands[bare, None] = Demand(queue, bare, None)
        return demand

    def choose(
        self,
        demand: Demand,
        besides: AbstractSet[AgentId] = NOBODY,
        last: AbstractSet[AgentId] = NOBODY,
        spent: int = 0,
    ) -> Choice | None:
        """Return whom the queue's strategy asks among the eligible, or None if there is nobody.

        Changes nothing that anybody can see: asked again, it answers the same.
        O(log n) while one of the first few with room may get it; otherwise as the module says.

        Args:
            demand: what the ticket asks.
            besides: agents who are not meant, though they may be eligible.
            last: agents who are asked only if there is nobody else.
            spent: random numbers that earlier choices of the same decision have used up.
        """
        queue, excluding = demand.queue, besides
        if demand.plain_one is not None:
            if demand.asks.reserved is not None:
                return self._reserved(demand, besides)
            excluding = excluded_from(demand) | besides
        if last:
            first = self.choose(demand, besides=besides | last, spent=spent)
            if first is not None:
                return first
        if queue.draws:
            self._chance.rewind(spent)
        plain = demand.plain_one or demand
        # Whether the demand has an index is an accident of what was asked before, and may not
        # decide what becomes of the numbers drawn: a strategy that draws always walks first.
        indexed = not queue.draws and (
            plain.index is not None
            or (demand.passed > len(queue.members) and self._ages(demand) is None)
        )
        if indexed or queue.samples or (queue.reads_demand and demand.skills):
            return self._ask(demand, self._own(plain), excluding)
        ages = queue.index.ages
        if ages is None or not ages.serves:
            ages = self._ages(demand) if ages or len(queue.index.indexed) >= FEW_INDEXES else None
        if ages is not None:
            return self._by_age(ages, demand, excluding)
        return self._walk(demand, excluding)

    def choose_all(self, demand: Demand, ticket: TicketRecord | None = None) -> tuple[Choice, ...]:
        """Return everyone whom a strategy that rings several at once asks. O(k log k) for k.

        ``ticket`` rings already: of tiers, only those at least as good as its best are asked.
        """
        if demand.asks.reserved is not None:
            only = self._reserved(demand, NOBODY)
            return () if only is None else (only,)
        excluding = excluded_from(demand)
        index = demand.plain.index
        strategy = demand.queue.strategy if index is None else index.strategy
        asked = strategy.select(excluding=excluding)
        members, refusal = demand.queue.members, self._gate.refusal
        fit = [agent_id for agent_id in asked if refusal(members[agent_id], demand) is None]
        if index is not None:
            self._own(demand.plain)  # notes that it was used
        elif 2 * len(fit) < len(asked):  # most do not fit: the next ticket passes them by
            strategy = self._own(demand.plain).strategy
            asked = strategy.select(excluding=excluding)
            fit = [agent_id for agent_id in asked if refusal(members[agent_id], demand) is None]
        while asked and not fit:  # a whole tier that the host does not permit
            excluding = excluding | set(asked)
            asked = strategy.select(excluding=excluding)
            fit = [agent_id for agent_id in asked if refusal(members[agent_id], demand) is None]
        if ticket is not None and ticket.offers and isinstance(strategy, Tiered):
            fit = _of_ringing_tier(strategy, fit, ticket, demand.queue)
        return tuple([Choice(agent_id, strategy.key_of(agent_id), chosen=True) for agent_id in fit])

    def wait_reason(self, demand: Demand) -> WaitReason:
        """Return in brief why nobody is eligible. O(k) for k excluded, once there is an index."""
        if not demand.queue.members:
            return WaitReason.NO_MEMBERS
        ages = self._ages(demand)
        if ages is not None and demand.plain.index is None:
            reason = self._wait_reason_by_age(ages, demand)
            if reason is not None:
                return reason
        index = self._own(demand.plain)
        fitting, available = index.fitting, index.available
        for agent_id in excluded_from(demand):
            member = demand.queue.members.get(agent_id)
            flags = None if member is None else (member.indexes or {}).get(index)
            if flags is not None:
                fitting -= 1
                available -= bool(flags & AVAILABLE)
        if not index.fitting:
            return WaitReason.NOBODY_FITS
        if not fitting:
            return WaitReason.NOBODY_LEFT
        return WaitReason.NOBODY_FREE if available else WaitReason.NOBODY_AVAILABLE

    def _wait_reason_by_age(self, ages: ByAge, demand: Demand) -> WaitReason | None:
        """Return why nobody is eligible, if a look at a few of those with the skills tells."""
        reason = WaitReason.NOBODY_FITS
        excluded, plain = excluded_from(demand), demand.plain
        looked: list[MemberRecord] = []
        for most in (1, MOST_MISSES + 1):
            looked = ages.having(demand.asks.skills or EMPTY, most)
            for member in looked[:MOST_MISSES]:
                if not self._gate.fits(member, plain):
                    continue
                if member.agent_id in excluded:
                    if reason is WaitReason.NOBODY_FITS:
                        reason = WaitReason.NOBODY_LEFT
                elif self._gate.is_there(member, demand.asks.channel):
                    return WaitReason.NOBODY_FREE
                else:
                    reason = WaitReason.NOBODY_AVAILABLE
        return None if len(looked) > MOST_MISSES else reason

    # --- told by the roster -----------------------------------------------------------------

    def refresh(self, member: MemberRecord, indexes: Iterable[DemandIndex]) -> None:
        """Put a member who fits into each of these indexes, or take them out, as there is room.

        Most of a member's indexes ask for the same room, and order members alike: both are found
        out once.
        """
        kept = member.indexes
        assert kept is not None
        entry = room = None
        lets = gone = False
        for index in indexes:
            if index.dropped:
                gone = True
                continue
            if index.room is None or index.room != room:
                room = index.room
                lets = bool(member.is_open) and self._gate.lets(member, index.demand)
            was_in = bool(kept[index] & IN_INDEX)
            if lets and index.ranked is not None:
                entry = entry or index.ranked.entry(member)
                index.ranked.put(entry)
            elif lets or was_in:
                _tell(index.strategy, member, was_in=was_in, lets=lets)
            if lets is not was_in:
                kept[index] ^= IN_INDEX
        if gone:
            member.indexes = _in_use(kept) or None

    def refit(self, member: MemberRecord) -> None:
        """Find which of the queue's demands a member fits who is in no index of theirs."""
        for demand in member.queue.index.indexed:
            self._admit(member, index_of(demand))
        if member.indexes is not None:
            self.refresh(member, member.indexes)

    def withdraw(self, member: MemberRecord) -> None:
        """Take a member out of every demand's index."""
        for index, flags in (member.indexes or {}).items():
            if not index.dropped:
                index.fitting -= 1
                index.available -= bool(flags & AVAILABLE)
                if flags & IN_INDEX:
                    index.strategy.leave(member.agent_id)
        member.indexes = None

    def drop_all(self, queue: QueueRecord) -> None:
        """Drop the indexes of all demands of a queue: its strategy is replaced."""
        while queue.index.indexed:
            self._drop_oldest(queue)
        queue.index.ages = None

    # --- looking ----------------------------------------------------------------------------

    def _reserved(self, demand: Demand, besides: AbstractSet[AgentId]) -> Choice | None:
        agent_id = demand.asks.reserved
        member = None if agent_id is None else demand.queue.members.get(agent_id)
        if member is None or member.agent_id in besides:
            return None
        return Choice(member.agent_id) if self._gate.refusal(member, demand) is None else None

    def _walk(self, demand: Demand, excluding: AbstractSet[AgentId]) -> Choice | None:
        """Look through the queue's own index for a winner and a runner-up.

        Chance has its say once: the winner is the first who fits in the first look that finds
        any, so that each look's draws are fair, whatever a longer look brings up.
        """
        queue, refusal = demand.queue, self._gate.refusal
        strategy, members = queue.strategy, queue.members
        winner: AgentId | None = None
        runner_up: AgentId | None = None
        draws: tuple[float, ...] = ()
        for most in WALKS:
            asked = strategy.select(excluding=excluding, most=most)
            for agent_id in asked:
                if agent_id == winner:
                    continue
                if refusal(members[agent_id], demand) is not None:
                    demand.passed += 1
                    continue
                if winner is not None:
                    key = strategy.key_of(winner)
                    return new_choice(winner, key, agent_id, draws, chosen=True)
                winner, draws = agent_id, self._chance.used() if queue.draws else ()
            if len(asked) < most:
                break
        else:
            ages = self._ages(demand)
            if ages is not None:
                return self._by_age(ages, demand, excluding)
            own = self._own(demand.plain)
            if winner is None:
                return self._ask(demand, own, excluding)
            second = self._ask(demand, own, excluding | {winner})
            runner_up = None if second is None else second.agent_id
        if winner is None:
            return None
        return Choice(winner, strategy.key_of(winner), runner_up, draws, chosen=True)

    def _ages(self, demand: Demand) -> ByAge | None:
        """Return the queue's index by age, once more demands want one than may have their own."""
        queue = demand.queue
        ages = queue.index.ages
        if ages is None or ages.stale:
            if queue.ranked is None:
                return None
            if ages is None and (demand.plain.index is not None or not self._many(queue)):
                return None
            self.drop_all(queue)
            ages = queue.index.ages = Ages(queue.ranked, queue.members.values())
            if ages.serves:
                queue.ranked.rest()
        return ages if ages.serves else None

    def _many(self, queue: QueueRecord) -> bool:
        """Return whether indexes of demands are so many or so broad that one by age costs less."""
        indexed = queue.index.indexed
        shares = sum([index_of(demand).fitting for demand in indexed])
        return len(indexed) >= FEW_INDEXES or shares > SHARES * len(queue.members)

    def _by_age(
        self, ages: ByAge, demand: Demand, excluding: AbstractSet[AgentId]
    ) -> Choice | None:
        """Look through those with room and the skills asked, of whom nearly all may get it."""
        skills, refusal = demand.skills or EMPTY, self._gate.refusal
        for most in (2 + len(excluding), 2 + len(excluding) + MOST_MISSES):
            asked = ages.free(skills, most)
            winner: AgentId | None = None
            for member in asked:
                agent_id = member.agent_id
                if agent_id in excluding or refusal(member, demand) is not None:
                    continue
                if winner is not None:
                    key = demand.queue.strategy.key_of(winner)
                    return new_choice(winner, key, agent_id, chosen=True)
                winner = agent_id
            if len(asked) < most:
                break
        else:  # it is not skills that keep them from it
            return self._ask(demand, self._own(demand.plain), excluding)
        if winner is None:
            return None
        return new_choice(winner, demand.queue.strategy.key_of(winner), chosen=True)

    def _ask(
        self, demand: Demand, index: DemandIndex, excluding: AbstractSet[AgentId]
    ) -> Choice | None:
        """Return whom the demand's index names first, passing those the host does not permit."""
        strategy, members = index.strategy, demand.queue.members
        most, seen = 2, 0
        checked = self.rooms_held or demand.only is not None
        winner: AgentId | None = None
        draws: tuple[float, ...] = ()
        while True:
            asked = strategy.select(excluding=excluding, most=most)
            for agent_id in asked[seen:]:
                if checked and self._gate.refusal(members[agent_id], demand) is not None:
                    continue
                if winner is None:
                    winner = agent_id
                    draws = self._chance.used() if demand.queue.draws else ()
                elif agent_id != winner:
                    key = strategy.key_of(winner)
                    return new_choice(winner, key, agent_id, draws, chosen=True)
            if len(asked) < most:
                break
            if not demand.queue.draws:
                seen = len(asked)
            most *= 4
        if winner is None:
            return None
        return new_choice(winner, strategy.key_of(winner), None, draws, chosen=True)

    # --- an index of one's own --------------------------------------------------------------

    def _own(self, demand: Demand) -> DemandIndex:
        """Return the demand's index, built if need be, and note that it was used."""
        if demand.index is None:
            return self._build(demand)
        indexed = demand.queue.index.indexed
        indexed.pop(demand, None)
        indexed[demand] = None
        return demand.index

    def _build(self, demand: Demand) -> DemandIndex:
        """Make an index of the members who fit. O(members of the queue)."""
        queue = demand.queue
        while len(queue.index.indexed) >= MOST_INDEXES:
            self._drop_oldest(queue)
        index = DemandIndex(
            demand,
            queue.strategy.sibling(demand.asks.skills or EMPTY),
            room=(demand.asks.channel, demand.asks.weight) if demand.only is None else None,
        )
        try:
            for member in queue.members.values():
                if self._admit(member, index):
                    self.refresh(member, (index,))
            demand.index = index
            queue.index.indexed[demand] = None
        except BaseException:  # a plug-in's or Ctrl-C: an index that is not whole is none
            _drop(demand, index)
            raise
        return index

    def _drop_oldest(self, queue: QueueRecord) -> None:
        demand = next(iter(queue.index.indexed))
        index = index_of(demand)
        try:
            _drop(demand, index)
        except BaseException:  # Ctrl-C between two of its lines
            _drop(demand, index)
            raise

    def _admit(self, member: MemberRecord, index: DemandIndex) -> bool:
        """Count a member among those who fit, if they do, and say so; ``refresh`` puts them in."""
        if not self._gate.fits(member, index.demand):
            return False
        there = self._gate.is_there(member, index.demand.asks.channel)
        index.fitting += 1
        index.available += there
        if member.indexes is None:
            member.indexes = {}
        elif len(member.indexes) >= 2 * MOST_INDEXES:  # of a member who never comes by
            member.indexes = _in_use(member.indexes)
        member.indexes[index] = AVAILABLE if there else 0
        return True

    def _forget_idle(self, queue: QueueRecord) -> None:
        kept = {
            key: demand
            for key, demand in queue.index.demands.items()
            if demand.waiting or demand.index is not None
        }
        kept |= {(demand.plain.asks, None): demand.plain for demand in kept.values()}
        queue.index.demands, queue.index.recent = kept, None
        queue.index.sweep_at = 2 * len(kept)  # where all are in use, not at every arrival


def _drop(demand: Demand, index: DemandIndex) -> None:
    index.dropped = True
    demand.index = None
    demand.queue.index.indexed.pop(demand, None)


def _tell(strategy: Strategy, member: MemberRecord, *, was_in: bool, lets: bool) -> None:
    if not lets:
        strategy.leave(member.agent_id)
    elif was_in:
        strategy.changed(member)
    else:
        strategy.join(member)


def _in_use(indexes: Mapping[DemandIndex, int]) -> dict[DemandIndex, int]:
    return {index: flags for index, flags in indexes.items() if not index.dropped}


def index_of(demand: Demand) -> DemandIndex:
    """Return the index of a demand that has one."""
    assert demand.index is not None
    return demand.index


def _of_ringing_tier(
    strategy: Tiered, fit: list[AgentId], ticket: TicketRecord, queue: QueueRecord
) -> list[AgentId]:
    """Leave out agents of a worse tier than the best that rings already in the queue."""
    rung = [a for a, offer in (ticket.offers or {}).items() if offer.queue is queue]
    tiers = [strategy.tier_of(queue.members[a]) for a in rung if a in queue.members]
    best = min(tiers, default=None)
    if best is None:
        return fit
    return [a for a in fit if strategy.tier_of(queue.members[a]) <= best]


def excluded_from(demand: Demand) -> AbstractSet[AgentId]:
    """Return the agents who may not have the tickets of a demand. O(1), O(k) for a ring of k."""
    if demand.own is not None:
        return (excluded_by(demand.own, asked=True) or EMPTY).keys()
    return (demand.asks.excluded or EMPTY).keys()
