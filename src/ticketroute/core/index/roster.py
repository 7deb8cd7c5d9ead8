"""Agents, what they hold, and their queues: every change here reaches every index at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from ticketroute.core.gate import Gate, capacity_of
from ticketroute.core.index.choosing import Demands
from ticketroute.core.index.sliding import Entry, Window
from ticketroute.core.records import (
    CLOSED,
    ORDINARY,
    WIDE_OPEN,
    AgentRecord,
    Lines,
    MemberRecord,
    OpenOffer,
    QueueIndex,
    QueueRecord,
    Rare,
    TicketRecord,
)
from ticketroute.model.agent import Agent, Membership, Presence
from ticketroute.model.checks import LARGEST
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId, QueueId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.queue import Defaults, Queue
from ticketroute.model.ticket import Channel
from ticketroute.strategies.contract import Key, Strategy

_AVAILABLE = Presence.AVAILABLE


class Roster:
    """Who is on the desk, and the indexes that know it.

    ``gained`` collects the agents to whom something happened since it was last emptied, ``thinned``
    the queues whose members may have become fewer, where a step is taken once nobody is there.
    """

    def __init__(self, gate: Gate, demands: Demands) -> None:
        self._gate = gate
        self._demands = demands
        self.agents: dict[AgentId, AgentRecord] = {}
        self.queues: dict[QueueId, QueueRecord] = {}
        self.lines = Lines()
        self.windows: dict[Span, Window] = {}
        self.gained: dict[AgentId, AgentRecord] = {}
        self.thinned: dict[QueueId, QueueRecord] = {}
        self.torn = False  # a strategy was not told how things are after a look ahead
        self.special = False  # a hand-out has more to look at than room and loose tickets

    # --- agents -----------------------------------------------------------------------------

    def add_agent(self, agent: Agent, presence: Presence, reason: str, at: Instant) -> None:
        """Take in an agent who serves no queue yet."""
        defaults = self._gate.defaults
        rate_limit = agent.rate_limit or defaults.rate_limit
        record = AgentRecord(agent, presence=presence, available_since=at)
        if rate_limit is not None or reason:
            record.rare = Rare(rate_limit=rate_limit, reason=reason)
        _sort_work(record)
        self.agents[agent.id] = record

    def change_agent(self, record: AgentRecord, agent: Agent, at: Instant) -> None:
        """Give an agent other facts. O(queues x demands with an index)."""
        defaults = self._gate.defaults
        record.terms = agent
        rate_limit = agent.rate_limit or defaults.rate_limit
        if rate_limit != record.rare.rate_limit:
            record.own.rate_limit = rate_limit
        _sort_work(record)
        self.trim_rate(record, at)
        for member in record.members:
            self._describe(member)
        self.refit(record)

    def remove_agent(self, record: AgentRecord) -> None:
        """Drop an agent who holds nothing any more."""
        while record.first is not None:
            self.end_membership(record.first)
        for queue in self.queues.values():
            queue.strategy.forget(record.id)
        for window in self.windows.values():
            window.forget(record.id)
        del self.agents[record.id]
        self.gained.pop(record.id, None)

    def set_presence(
        self, record: AgentRecord, presence: Presence, reason: str, at: Instant
    ) -> None:
        """Note what the agent says. O(queues x demands with an index)."""
        if presence is Presence.AVAILABLE and record.presence is not presence:
            record.available_since = at
        record.presence = presence
        if record.rare.reason != reason:
            record.own.reason = reason
        self.refit(record)

    def switch_channel(self, record: AgentRecord, channel: Channel, *, on: bool) -> None:
        """Turn a channel on or off for an agent."""
        own = record.own
        own.channels_off = own.channels_off - {channel} if on else own.channels_off | {channel}
        self.refit(record)

    # --- queues and memberships -------------------------------------------------------------

    def drawing(self) -> QueueRecord | None:
        """Return a queue whose strategy draws, if there is one. O(queues)."""
        for queue in self.queues.values():
            if queue.draws:
                return queue
        return None

    def add_queue(self, queue: Queue, bare: Queue, strategy: Strategy) -> None:
        """Open a queue; ``bare`` is it without its members. O(members log members)."""
        record = QueueRecord(bare, strategy, QueueIndex(self.lines))
        self.queues[queue.id] = record
        self._watch_window(strategy)
        for agent_id, membership in queue.members.items():
            self.add_member(record, agent_id, membership)

    def change_queue(self, record: QueueRecord, queue: Queue, strategy: Strategy | None) -> None:
        """Change how a queue works, with a new strategy if one is given. O(members log)."""
        record.adopt(queue, strategy or record.strategy)
        if strategy is not None:
            self._demands.drop_all(record)
            self._watch_window(strategy)
            for member in record.members.values():
                member.is_open = CLOSED
        for member in record.members.values():
            self._describe(member)
            self.refit_member(member)

    def remove_queue(self, record: QueueRecord) -> None:
        """Close a queue that holds no open tickets."""
        for member in list(record.members.values()):
            self.end_membership(member)
        del self.queues[record.id]
        self.thinned.pop(record.id, None)
        self._drop_windows()

    def add_member(
        self, queue: QueueRecord, agent_id: AgentId, membership: Membership
    ) -> MemberRecord:
        """Add an agent to a queue, last in its list."""
        record = self.agents[agent_id]
        member = MemberRecord(
            agent_id=agent_id,
            record=record,
            queue=queue,
            membership=membership,
            limit=0,
            position=queue.next_position,
            count=record.count,
            held=sum(holding.queue is queue for holding in holdings(record)),
        )
        queue.next_position += 1
        queue.members[agent_id] = member
        *_, last = (None, *record.members)
        if last is None:
            record.first = member
        else:
            last.next = member
        self._describe(member)
        self.refit_member(member)
        return member

    def change_member(self, member: MemberRecord, membership: Membership) -> None:
        """Change the terms on which an agent serves a queue."""
        member.membership = membership
        self._describe(member)
        self.refit_member(member)

    def end_membership(self, member: MemberRecord) -> None:
        """Take an agent out of a queue; the seat of a rotation stays theirs."""
        self._demands.withdraw(member)
        if member.is_open:
            member.queue.strategy.leave(member.agent_id)
            member.is_open = CLOSED
        if member.queue.index.ages is not None:
            member.queue.index.ages.drop(member)
        del member.queue.members[member.agent_id]
        if member.queue.skips:
            self.thinned[member.queue.id] = member.queue
            self.special = True
        record = member.record
        if record.first is member:
            record.first = member.next
        for other in record.members:
            if other.next is member:
                other.next = member.next

    def order_members(self, queue: QueueRecord, order: Iterable[AgentId]) -> None:
        """Give the list of members another order. O(members log members)."""
        queue.members = {agent_id: queue.members[agent_id] for agent_id in order}
        for position, member in enumerate(queue.members.values()):
            member.position = position
            self.refit_member(member)
        queue.next_position = len(queue.members)

    # --- load -------------------------------------------------------------------------------

    def take_slot(
        self, record: AgentRecord, ticket: TicketRecord, *, came_since_room: bool = True
    ) -> None:
        """Count a ticket towards its agent's load. O(queues of the agent x log n).

        ``came_since_room`` False: the agent had it before room was held, with which it does not
        count.
        """
        if record.slots is None:
            record.slots = {}
        record.slots[ticket.id] = ticket
        if record.rare is ORDINARY:
            record.load += ticket.cost
        else:
            _add_load(record, ticket, ticket.cost)
            if not came_since_room and record.rare.room is not None:
                record.rare.room.taken.pop(ticket.id, None)
        self._tell(record.first, ticket.queue, 1)

    def free_slot(self, record: AgentRecord, ticket: TicketRecord) -> None:
        """Stop counting a ticket. O(queues of the agent x log n)."""
        assert record.slots is not None
        del record.slots[ticket.id]
        if not record.slots:
            record.slots = None  # an empty table is 184 bytes, and most agents may be idle
        if record.rare is ORDINARY:
            record.load += -ticket.cost
        else:
            _add_load(record, ticket, -ticket.cost)
        self.gained[record.id] = record
        self._tell(record.first, ticket.queue, -1)

    def reserve(self, offer: OpenOffer) -> None:
        """Reserve for an offer what its acceptance will take up. O(queues of the agent x log n)."""
        record = offer.agent
        own = record.own
        if own.offers is EMPTY:
            own.offers = {}
        own.offers[offer.record.id] = offer
        _add_load(record, offer.record, offer.event.cost)
        self._tell(record.first, offer.queue, 1)

    def unreserve(self, offer: OpenOffer) -> None:
        """Free what an offer took up. O(queues of the agent x log n)."""
        record = offer.agent
        del record.rare.offers[offer.record.id]
        _add_load(record, offer.record, -offer.event.cost)
        self.gained[record.id] = record
        self._tell(record.first, offer.queue, -1)

    def move_slot(self, record: AgentRecord, ticket: TicketRecord, old: QueueRecord) -> None:
        """Count a slot for the queue its ticket is in now, instead of the ``old`` one."""
        for member in record.members:
            member.held += (member.queue is ticket.queue) - (member.queue is old)
        self.gained[record.id] = record
        self.reindex(record)

    def note_taken(self, record: AgentRecord, at: Instant) -> None:
        """Note that an agent was given a ticket: before the slot is taken, which tells the rest."""
        if record.rare.rate_limit is not None:
            own = record.own
            if own.recent is None:
                own.recent = deque()
            own.recent.append(at)
            self.trim_rate(record, at)
        for window in self.windows.values():
            window.note(at, record.id, taken=1)

    def note_handled(self, record: AgentRecord, span: Span, at: Instant) -> None:
        """Note a stretch of work that ended: before the slot is freed, which tells the rest."""
        for window in self.windows.values():
            window.note(at, record.id, handled=span)

    def reach(self, at: Instant) -> None:
        """Pass time: what has left a sliding window no longer counts. O(1), amortised."""
        for window in self.windows.values():
            self._reindex_those_in(window.expire(at))

    @contextmanager
    def seen_at(self, at: Instant) -> Iterator[None]:
        """Show the windows as they will be at a later instant, and put them back after."""
        gone: list[tuple[Window, list[Entry]]] = []
        try:
            for window in self.windows.values():
                gone.append((window, window.expire(at)))
                self._reindex_those_in(gone[-1][1])
            yield
        finally:
            self.torn = bool(gone)  # until everything is back
            for window, entries in gone:
                window.restore(entries)
                self._reindex_those_in(entries)
            self.torn = False

    def trim_rate(self, record: AgentRecord, at: Instant) -> None:
        """Drop assignments that have left the span of the agent's rate limit."""
        rare = record.rare
        if rare.recent is None:
            return
        if rare.rate_limit is None:
            record.own.recent = None
        else:
            while rare.recent and rare.recent[0] + rare.rate_limit.span <= at:
                rare.recent.popleft()

    # --- indexes ----------------------------------------------------------------------------

    def reindex(self, record: AgentRecord) -> None:
        """Tell every index of the agent's present load and figures."""
        self._tell(record.first)

    def _reindex_those_in(self, entries: Iterable[Entry]) -> None:
        for _, agent_id, _, _ in entries:
            if agent_id in self.agents:
                self.reindex(self.agents[agent_id])

    def refit(self, record: AgentRecord) -> None:
        """Tell every index of an agent of whom more than the load changed."""
        for member in record.members:
            self.refit_member(member)

    def refit_member(self, member: MemberRecord) -> None:
        """Tell the indexes of one queue of a member of whom more than the load changed."""
        self._demands.withdraw(member)
        self._tell(member, alone=True)
        self._demands.refit(member)
        self.gained[member.agent_id] = member.record
        if member.queue.skips:
            self.thinned[member.queue.id] = member.queue
            self.special = True

    def describe_all(self, defaults: Defaults, at: Instant) -> None:
        """Change the defaults for everybody. O(agents x queues of each)."""
        self._gate.defaults = defaults
        for record in self.agents.values():
            self.change_agent(record, record.terms, at)

    def _tell(  # noqa: C901  one pass over what every ticket changes
        self,
        member: MemberRecord | None,
        queue: QueueRecord | None = None,
        step: int = 0,
        *,
        alone: bool = False,
    ) -> None:
        """Put members where they belong in every index, with ``step`` more tickets of a queue.

        It goes along the chain from the given one on, unless that one is told of ``alone``.
        What changes with every ticket is copied to where the strategy sees it first.
        """
        while member is not None:
            record, own = member.record, member.queue
            if own is queue:
                member.held += step
            strategy = own.strategy
            member.count += step
            member.load = record.load
            member.last_assigned = record.last_assigned
            ended_at = record.ended_at
            member.available_since = since = record.available_since
            member.idle_since = since if ended_at is None else ended_at
            if self.windows and strategy.window is not None:
                figures = self.windows[strategy.window].figures(member.agent_id)
                member.taken, member.handle_time = figures
            key: Key | None = None
            if member.simple and record.rare is ORDINARY:  # fast: what ``is_open`` says of them
                has_room = record.load < member.capacity and member.held < member.limit
                is_open = WIDE_OPEN if has_room and record.presence is _AVAILABLE else CLOSED
            else:
                is_open = self._gate.is_open(member)
            if is_open:
                if own.ranked is not None:
                    entry = own.ranked.entry(member)
                    own.ranked.put(entry)
                    key = entry[:-2]
                elif member.is_open:
                    strategy.changed(member)
                else:
                    strategy.join(member)
            elif member.is_open:
                strategy.leave(member.agent_id)
            member.is_open = is_open
            if own.index.ages is not None:
                own.index.ages.put(member, key)
            if member.indexes is not None:
                self._demands.refresh(member, member.indexes)
            member = None if alone else member.next

    def _describe(self, member: MemberRecord) -> None:
        """Copy what changes with configuration to where the strategy and the gate see it."""
        record, terms, defaults = member.record, member.membership, self._gate.defaults
        member.capacity = capacity_of(record.terms, defaults)
        member.priority = terms.priority or record.terms.priority
        member.weight, member.automatic = terms.weight, terms.automatic
        member.skills = record.terms.skills
        limits = (terms.limit, member.queue.terms.limit_per_agent, defaults.queue_limit)
        member.limit = next(limit for limit in limits if limit is not None)
        unlimited = not record.terms.channels and defaults.channel_limit >= LARGEST
        member.simple = terms.automatic and unlimited

    def _watch_window(self, strategy: Strategy) -> None:
        span = strategy.window
        if span is not None and span not in self.windows:
            self.windows[span] = Window(span)
        self._drop_windows()

    def _drop_windows(self) -> None:
        wanted = {queue.strategy.window for queue in self.queues.values()}
        for span in [span for span in self.windows if span not in wanted]:
            del self.windows[span]


def holdings(record: AgentRecord) -> Iterator[TicketRecord | OpenOffer]:
    """Yield what takes up an agent's capacity: work, wrap-up and open offers."""
    yield from (record.slots or {}).values()
    yield from record.rare.offers.values()


def came_since_room(record: AgentRecord, ticket: TicketRecord) -> bool:
    """Return whether an agent came to have a ticket while room was held for another."""
    room = record.rare.room
    return room is None or ticket.id in room.taken


def _add_load(record: AgentRecord, ticket: TicketRecord, units: int) -> None:
    """Add to an agent's load; interruptible work does not count beside other work."""
    rare = record.rare
    if rare.room is not None and ticket is not rare.room.ticket:
        if units > 0:
            rare.room.taken[ticket.id] = units
        else:
            rare.room.taken.pop(ticket.id, None)
    if not rare.soft_channels:
        record.load += units
    elif ticket.terms.channel in rare.soft_channels:
        rare.soft += units
        record.load = rare.firm or rare.soft
    else:
        rare.firm += units
        record.load = rare.firm or rare.soft


def _sort_work(record: AgentRecord) -> None:
    """Note which channels are interruptible by now, and how much work is on them."""
    channels = record.terms.channels
    soft = frozenset([name for name, limit in channels.items() if limit.interruptible])
    if not soft and not record.rare.soft_channels:
        return
    own, held = record.own, list(holdings(record))
    own.soft_channels = soft
    own.soft = sum([each.cost for each in held if each.terms.channel in soft])
    own.firm = sum([each.cost for each in held]) - own.soft
    record.load = own.firm or own.soft


def memberships(queue: QueueRecord) -> Mapping[AgentId, Membership]:
    """Return who serves a queue and on which terms, in the order of its list."""
    return {agent_id: member.membership for agent_id, member in queue.members.items()}
