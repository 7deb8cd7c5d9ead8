"""The one gate: whether an agent may get a ticket, and the first reason why not.

Every road asks here: submit, freed slot, manual assignment, take, transfer, reopen, resume.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from ticketroute.core.records import (
    CLOSED,
    OPEN,
    ORDINARY,
    WIDE_OPEN,
    AgentRecord,
    Demand,
    MemberRecord,
    OpenOffer,
    TicketRecord,
)
from ticketroute.model.agent import Agent, Presence
from ticketroute.model.checks import LARGEST
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults
from ticketroute.model.reasons import Reason
from ticketroute.model.ticket import Channel, Ticket
from ticketroute.sla.windows import Timetable
from ticketroute.sla.zones import HORIZON

Holding = TicketRecord | OpenOffer  # what takes up an agent's capacity

_AVAILABLE = Presence.AVAILABLE  # to ask a class of enums costs a call, in Python 3.11


class Gate:
    """Answers for one desk: under its defaults and the host's own permits."""

    def __init__(self, defaults: Defaults, permits: Permits | None = None) -> None:
        self.defaults = defaults
        self.permits = permits
        self.permitted: dict[tuple[AgentId, TicketId], bool] = {}  # answers of this command

    def refusal(  # noqa: C901  one gate is one list of checks, in their order
        self,
        member: MemberRecord,
        demand: Demand,
        without: Collection[Holding] = (),
        at: Instant | None = None,
        *,
        shift_opens: bool = False,
        by_hand: bool = False,
    ) -> Reason | None:
        """Return the first reason why this member may not get such a ticket, or None.

        Args:
            member: the agent as a member of the demand's queue.
            demand: what the ticket asks.
            without: tickets and offers that are to count as gone from the agent.
            at: an instant to come, at which old assignments have left the rate limit; default,
                now.
            shift_opens: whether their shift will be open then, though it is not now.
            by_hand: whether a person decides, so that members who take by hand only may get it.

        O(1), and O(tickets of the agent) where channels are limited or slots are in wrap-up.
        """
        reach = demand.reach or demand.queue.terms.reach
        in_reach = reach.least <= member.priority <= reach.greatest
        if (  # nearly everybody who is asked: nothing is limited but by capacity
            member.is_open == WIDE_OPEN
            and in_reach
            and member.load + demand.weight <= member.capacity
        ):
            lack = lacking(member.skills, demand) if demand.skills else None
            return lack if lack is not None or demand.is_common else self._left_out(member, demand)
        if not by_hand and not member.automatic:
            return Reason.BY_HAND_ONLY
        record = member.record
        if record.presence is not _AVAILABLE:
            return Reason.OFFLINE if record.presence is Presence.OFFLINE else Reason.AWAY
        if not record.rare.on_shift and not shift_opens:
            return Reason.OFF_SHIFT
        agent, asks = record.terms, demand.asks
        if agent.channels and asks.channel not in agent.channels:
            return Reason.CHANNEL_OFF
        if asks.channel in record.rare.channels_off:
            return Reason.CHANNEL_OFF
        full = self._full(member, demand, without)
        if full is not None and self._is_wrap_up(member, demand, without):
            return Reason.WRAP_UP
        if record.rare.cooling_until is not None and (at is None or at < record.rare.cooling_until):
            return Reason.COOLING_DOWN
        if asks.skills:
            lack = lacking(agent.skills, demand)
            if lack is not None:
                return lack
        if not in_reach:
            return Reason.OUT_OF_REACH
        if full is not None:
            return full
        if record.rare.rate_limit is not None and rate_full(record, without, at):
            return Reason.RATE_LIMIT
        return self._left_out(member, demand)

    def _left_out(self, member: MemberRecord, demand: Demand) -> Reason | None:
        """Return why this very ticket may not go to a member who may have others like it."""
        asks, agent_id = demand.asks, member.agent_id
        if demand.own is not None and asks.excluded is None:
            reason = answered(demand.own, agent_id)
            if reason is not None:
                return reason
        if asks.excluded:
            excluded = asks.excluded.get(agent_id)
            if excluded is not None:
                return excluded
        if asks.reserved is not None and asks.reserved != agent_id:
            return Reason.RESERVED
        if demand.only is not None and not self.is_permitted(agent_id, demand.only):
            return Reason.NOT_PERMITTED
        return None

    def is_permitted(self, agent_id: AgentId, ticket: Ticket) -> bool:
        """Return the answer of the host's permits, asked once for each question in a command."""
        if self.permits is None:
            return True
        question = (agent_id, ticket.id)
        answer = self.permitted.get(question)
        if answer is None:
            answer = self.permitted[question] = bool(self.permits.allows(agent_id, ticket))
        return answer

    def eligible_from(
        self,
        member: MemberRecord,
        demand_at: Callable[[Instant], Demand],
        *,
        ends: Iterable[Instant] = (),
        shift: Timetable | None = None,
        shift_at: Instant | None = None,
    ) -> Instant | None:
        """Return when a refused member becomes eligible by the passing of time alone, if ever.

        ``demand_at`` returns what the ticket asks at an instant, and ``ends`` are instants at which
        that changes. ``shift`` is their shift calendar, if they have one, ``shift_at`` when it
        changes next.
        """
        record = member.record
        wrapping = wrap_ups(record)
        instants = {slot.wrap_up_until for slot in wrapping if slot.wrap_up_until is not None}
        lifts_at = rate_lifts_at(record)
        opens_at = None if record.rare.on_shift else shift_at
        instants |= {
            each
            for each in (lifts_at, record.rare.cooling_until, opens_at, *ends)
            if each is not None
        }
        if shift is not None:  # what ends while they are off shift ends when the next one begins
            opens = {shift.next_open(each) for each in instants if each < HORIZON}
            instants = {each for each in opens if each is not None}
        for instant in sorted(instants):
            gone = [slot for slot in wrapping if (slot.wrap_up_until or 0) <= instant]
            reason = self.refusal(
                member,
                demand_at(instant),
                without=gone,
                at=instant,
                shift_opens=True,
            )
            if reason is None:
                return instant
        return None

    def is_open(self, member: MemberRecord) -> int:
        """Return how far the queue is open to this member, as far as no ticket is asked.

        Who finds it CLOSED is refused for every demand; only the others are in its index. O(1).
        """
        record, rare = member.record, member.record.rare
        if (
            record.presence is not _AVAILABLE
            or (record.load >= member.capacity and not rare.soft_channels)
            or not member.automatic
            or member.held >= member.limit
            or not (rare is ORDINARY or _may_have_more(member))
        ):
            return CLOSED
        if (
            record.terms.channels
            or rare.channels_off
            or rare.room is not None
            or self.defaults.channel_limit < LARGEST
        ):
            return OPEN
        return WIDE_OPEN

    def lets(self, member: MemberRecord, demand: Demand) -> bool:
        """Return whether an open member who fits a plain demand may get some ticket of it now.

        ``refusal`` of those two, less what was asked already, and without what depends on the very
        ticket: the host's permits, and room that is held. O(1), as for ``refusal``.
        """
        return (
            demand.asks.channel not in member.record.rare.channels_off
            and self._full(member, demand, (), any_room=True) is None
        )

    def is_there(self, member: MemberRecord, channel: Channel) -> bool:
        """Return whether this member is available on the channel, room or not."""
        record, rare = member.record, member.record.rare
        return record.presence is _AVAILABLE and rare.on_shift and channel not in rare.channels_off

    def fits(self, member: MemberRecord, demand: Demand) -> bool:
        """Return whether this member could ever get such a ticket, being there and having room."""
        record, asks = member.record, demand.asks
        agent = record.terms
        reach = asks.reach or demand.queue.terms.reach
        return (
            member.automatic
            and (not agent.channels or asks.channel in agent.channels)
            and (not asks.skills or lacking(agent.skills, demand) is None)
            and reach.least <= member.priority <= reach.greatest
            and cost_of(agent, demand) <= member.capacity
            and member.limit > 0
            and self._channel_limit(agent, asks.channel) > 0
        )

    def _full(
        self,
        member: MemberRecord,
        demand: Demand,
        without: Collection[Holding],
        *,
        any_room: bool = False,
    ) -> Reason | None:
        """Return which limit leaves no room; ``any_room`` counts room that is held as free."""
        record, asks = member.record, demand.asks
        held = member.held
        if without:
            held -= sum([slot.queue is demand.queue for slot in without])
        agent, most = record.terms, self.defaults.channel_limit
        cost = asks.weight
        if agent.channels:
            most = self._channel_limit(agent, asks.channel)
            cost = cost_of(agent, demand)
        if most < LARGEST and _on_channel(record, asks.channel, without) >= most:
            return Reason.CHANNEL_LIMIT
        if held >= member.limit:
            return Reason.QUEUE_LIMIT
        if record.rare is ORDINARY:  # fast: nearly everybody
            load = record.load
            if without:
                load -= sum([slot.cost for slot in without])
            return Reason.AGENT_LIMIT if load + cost > member.capacity else None
        return _lacks_units(member, demand, cost, without, any_room=any_room)

    def is_only_full(self, member: MemberRecord, demand: Demand) -> bool:
        """Return whether nothing but their capacity keeps a member from such a ticket."""
        record = member.record
        return (
            self.is_there(member, demand.asks.channel)
            and self.fits(member, demand)
            and record.rare.cooling_until is None
            and self._full(member, demand, ()) is Reason.AGENT_LIMIT
            and not rate_full(record, (), None)
            and self._left_out(member, demand) is None
        )

    def _is_wrap_up(
        self, member: MemberRecord, demand: Demand, without: Collection[Holding]
    ) -> bool:
        """Return whether a full member would have room but for the slots in wrap-up."""
        wrapping = [slot for slot in wrap_ups(member.record) if slot not in without]
        return bool(wrapping) and self._full(member, demand, [*without, *wrapping]) is None

    def _channel_limit(self, agent: Agent, channel: Channel) -> int:
        if agent.channels:
            limit = agent.channels[channel].most
            if limit is not None:
                return limit
        return self.defaults.channel_limit


def _has_units(member: MemberRecord) -> bool:
    """Return whether some ticket of cost 1 would be within the member's capacity."""
    record, rare = member.record, member.record.rare
    if rare.firm < member.capacity and len(rare.soft_channels) < len(record.terms.channels):
        return True
    return not rare.firm and rare.soft < member.capacity


def _lacks_units(
    member: MemberRecord,
    demand: Demand,
    cost: int,
    without: Collection[Holding],
    *,
    any_room: bool,
) -> Reason | None:
    """Return why a ticket of this cost is beyond the member's capacity, or None.

    Work on interruptible channels keeps them from none that is not, and they get none of it beside
    other work.
    """
    record, rare, load = member.record, member.record.rare, member.record.load
    if rare.soft_channels:
        soft = {slot for slot in without if slot.terms.channel in rare.soft_channels}
        firm = rare.firm - sum([slot.cost for slot in without if slot not in soft])
        load = firm
        if demand.asks.channel in rare.soft_channels:
            if firm:
                return Reason.INTERRUPTED
            load = rare.soft - sum([slot.cost for slot in soft])
    else:
        load -= sum([slot.cost for slot in without])
    room = None if any_room else rare.room
    if room is not None and room.ticket is not demand.own:
        gone = {_ticket_of(slot).id for slot in without}
        taken = sum([units for ticket_id, units in room.taken.items() if ticket_id not in gone])
        asks = room.ticket.asks
        needed = asks.weight * _cost_on(record.terms, asks.channel)
        if taken + cost + needed > member.capacity:
            return Reason.ROOM_HELD
    return Reason.AGENT_LIMIT if load + cost > member.capacity else None


def _ticket_of(slot: Holding) -> TicketRecord:
    return slot.record if isinstance(slot, OpenOffer) else slot


def _cost_on(agent: Agent, channel: Channel) -> int:
    """Return what a ticket of weight 1 on a channel costs an agent."""
    limit = agent.channels.get(channel)
    return 1 if limit is None else limit.cost


def capacity_of(agent: Agent, defaults: Defaults) -> int:
    """Return the most units of work the agent holds at once: their own number, or the desk's."""
    return agent.capacity or defaults.capacity


def cost_of(agent: Agent, demand: Demand) -> int:
    """Return what such a ticket takes of the agent's capacity: its weight times the channel's cost.

    A channel that the agent does not serve (forced upon them) costs the weight alone.
    """
    return demand.weight * _cost_on(agent, demand.asks.channel)


def lacking(have: Mapping[str, int], demand: Demand) -> Reason | None:
    """Return which reason an agent's skills give against the demand, if any: missing first."""
    low = False
    for skill, level in (demand.skills or EMPTY).items():
        own = have.get(skill)
        if own is None:
            return Reason.MISSING_SKILL
        if own < level:
            low = True
    return Reason.SKILL_LEVEL if low else None


def answered(ticket: TicketRecord, agent_id: AgentId) -> Reason | None:
    """Return why an agent is not asked for a ticket now: they are already, or have answered."""
    if ticket.offers and agent_id in ticket.offers:
        return Reason.ASKED
    tried = None if ticket.tried is None else ticket.tried.get(agent_id)
    return None if tried is None or tried.lifted else tried.reason


def wrap_ups(record: AgentRecord) -> list[TicketRecord]:
    """Return the done tickets whose slots the agent still keeps. O(tickets of the agent)."""
    if not record.slots:
        return []
    return [slot for slot in record.slots.values() if slot.wrap_up_until is not None]


def rate_lifts_at(record: AgentRecord) -> Instant | None:
    """Return when time alone lets the agent have another ticket; None if it does or never will.

    Open offers count and leave no span by themselves. ``recent`` is to be up to date. O(1).
    """
    rate, recent = record.rare.rate_limit, record.rare.recent
    if rate is None or not recent:
        return None
    too_many = len(recent) + len(record.rare.offers) - rate.tickets
    return recent[too_many] + rate.span if 0 <= too_many < len(recent) else None


def rate_full(record: AgentRecord, without: Collection[Holding], at: Instant | None) -> bool:
    """Return whether the rate limit is used up by recent assignments and open offers.

    O(offers), and O(recent) for an instant ``at`` to come.
    """
    rate, recent = record.rare.rate_limit, record.rare.recent or ()
    if rate is None:
        return False
    used = len(recent) if at is None else sum(each + rate.span > at for each in recent)
    if record.rare.offers:
        used += sum(offer not in without for offer in record.rare.offers.values())
    return used >= rate.tickets


def _may_have_more(member: MemberRecord) -> bool:
    """Return whether shift, cool-down, rate limit and interruptible work admit another ticket."""
    record, rare = member.record, member.record.rare
    if rare.soft_channels and not _has_units(member):
        return False
    return (
        rare.on_shift
        and rare.cooling_until is None
        and (rare.rate_limit is None or not rate_full(record, (), None))
    )


def _on_channel(record: AgentRecord, channel: Channel, without: Collection[Holding]) -> int:
    holdings: list[Holding] = [
        *(record.slots or {}).values(),
        *record.rare.offers.values(),
    ]
    return sum(holding.terms.channel == channel and holding not in without for holding in holdings)
