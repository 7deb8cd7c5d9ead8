"""Checks that an event may happen, against plain facts of the moment before it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults, Delivery, ResumeRule
from ticketroute.sla.events import ClockEvent
from ticketroute.testing.reference import choose, gate
from ticketroute.testing.reference.apply import apply
from ticketroute.testing.reference.facts import (
    Ask,
    Facts,
    QueueFacts,
    TicketFacts,
    draws,
    has_tiers,
    keeps_credits,
    retry_after,
    takes_turns,
)
from ticketroute.testing.reference.hand_out import Found, due_of, first_of

BY_PEOPLE = (ev.Cause.ACCEPTED, ev.Cause.MANUAL, ev.Cause.TRANSFERRED, ev.Cause.ADOPTED)


def check_decision(desk: Facts, event: ev.Event, before: ev.Event | None) -> None:
    """Fail unless the contract allows ``event``, which came after ``before``."""
    _check_whole_ring(desk, event, before)
    if isinstance(before, ev.OfferExpired):
        _check_after_miss(desk, before, event)
    if isinstance(event, ev.TicketAssigned):
        _check_assigned(desk, event, before)
    elif isinstance(event, ev.TicketOffered):
        _check_offered(desk, event, before)
    elif isinstance(event, ev.TicketQueued):
        _check_queued(desk, event)
    elif isinstance(event, ev.OfferShort):
        _check_short(desk, event)
    elif isinstance(event, ev.TicketResumed):
        _check_resumed(desk, event)
    elif isinstance(event, ev.OfferDeclined | ev.OfferExpired):
        _check_ended(desk, event)
    elif isinstance(event, ev.TicketReserved):
        _check_reserved(desk, event)


def check_eligible(desk: Facts, event: ev.Event, _: ev.Event | None) -> None:
    """Fail if a ticket goes automatically to an agent whom the gate refuses."""
    if isinstance(event, ev.TicketAssigned):
        if event.cause in BY_PEOPLE:
            return
        if event.cause is ev.Cause.TAKEN and desk.tickets[event.ticket_id].recalled:
            return
    elif not isinstance(event, ev.TicketOffered):
        return
    ticket, queue = desk.tickets[event.ticket_id], desk.queues[event.queue_id]
    ask = gate.ask_of(desk, ticket, queue, by_hand=event.cause is ev.Cause.TAKEN)
    reason = gate.reason(desk, event.agent_id, ask)
    assert reason is None, f"{event.agent_id} may not get {event.ticket_id}: {reason}"


def _check_assigned(desk: Facts, event: ev.TicketAssigned, before: ev.Event | None) -> None:
    ticket, queue = desk.tickets[event.ticket_id], desk.queues[event.queue_id]
    if event.cause is ev.Cause.ACCEPTED:
        offer = ticket.offers[event.agent_id]
        assert (event.cost, queue) == (offer.cost, offer.queue)
        return
    by_hand = event.cause in (ev.Cause.MANUAL, ev.Cause.TRANSFERRED, ev.Cause.ADOPTED)
    taken = event.cause is ev.Cause.TAKEN
    ask = gate.ask_of(desk, ticket, queue, by_hand=by_hand or taken)
    reason = gate.reason(desk, event.agent_id, ask)
    assert event.cost == gate.cost(desk, event.agent_id, ask)
    if ticket.recalled and (by_hand or taken):
        return  # the gate looked at it as it was before the command
    assert queue in ticket.queues
    if by_hand:
        assert event.exceeded == reason
        return
    assert reason is None, f"{event.agent_id} may not get {event.ticket_id}: {reason}"
    assert event.exceeded is None
    if taken or desk.unsettled:
        return
    _check_choice(desk, event, ticket, queue, before)


def _check_offered(desk: Facts, event: ev.TicketOffered, before: ev.Event | None) -> None:
    ticket, queue = desk.tickets[event.ticket_id], desk.queues[event.queue_id]
    assert queue in ticket.queues
    assert queue.queue.delivery is Delivery.OFFER
    ask = gate.ask_of(desk, ticket, queue)
    reason = gate.reason(desk, event.agent_id, ask)
    assert reason is None, f"{event.agent_id} may not be offered {event.ticket_id}: {reason}"
    agent = desk.agents[event.agent_id].agent
    assert event.cost == gate.cost(desk, event.agent_id, ask)
    points = agent.contact_points if ticket.ticket.channel == "call" else ()
    assert event.contact_points == points
    rings = sum(point.ring for point in points) or queue.queue.offer.timeout
    assert event.until == event.at + rings
    if not desk.unsettled:
        _check_choice(desk, event, ticket, queue, before)


def _check_choice(
    desk: Facts,
    event: ev.TicketAssigned | ev.TicketOffered,
    ticket: TicketFacts,
    queue: QueueFacts,
    before: ev.Event | None,
) -> None:
    """Check a choice against the agents the ticket has a wish for, the strategy, and the lines."""
    ask = gate.ask_of(desk, ticket, queue)
    wish = next(iter(choose.wished(desk, ticket, queue).items()), None)
    together = (
        isinstance(event, ev.TicketOffered)
        and isinstance(before, ev.TicketOffered)
        and (before.at, before.ticket_id) == (event.at, event.ticket_id)
    )  # planned at once: the first of them was held against the order of lines
    if event.cause in (ev.Cause.PREFERRED, ev.Cause.LAST_AGENT):
        assert wish == (event.agent_id, event.cause)
        assert event.runner_up is None
    else:
        assert together or wish is None
        causes = {ev.Cause.FREED if ticket.in_line else ev.Cause.ROUTED}
        assert event.cause in (ev.BY_STRATEGY if together else causes)
        turns = takes_turns(queue.queue.strategy)
        moved = keeps_credits(queue.queue.strategy) or (turns and ticket.lifted)
        if together and moved:  # chosen before the first moved the turn past them
            assert event.agent_id in gate.eligible(desk, ask)
        else:
            _check_winner(desk, event, ticket, ask)
    if not together and not isinstance(before, ev.TicketReopened):  # goes to the agent who had it
        _check_order_of_line(desk, ticket, queue)
    elif together:
        assert ticket.offers


def _fronts(desk: Facts) -> list[Found]:
    """Return the first ticket of each queue that hands out, if an agent may have it."""
    queues = [queue for queue in desk.queues.values() if queue.queue.delivery is not Delivery.PULL]
    found = [first_of(desk, queue) for queue in queues]
    return [each for each in found if each is not None]


def _check_order_of_line(desk: Facts, ticket: TicketFacts, queue: QueueFacts) -> None:
    """Fail if a ticket that goes first, in its queue or another, could have been served."""
    fronts = _fronts(desk)
    here = [each.ticket for each in fronts if each.ask.queue is queue]
    assert here == [ticket], "a ticket before it in its line could have been served"
    first = min(each.rank for each in fronts)
    assert first == choose.rank(ticket, queue), f"{first} of another queue goes before {ticket.id}"


def _check_winner(
    desk: Facts,
    event: ev.TicketAssigned | ev.TicketOffered,
    ticket: TicketFacts,
    ask: Ask,
) -> None:
    willing = gate.eligible(desk, ask)
    spec = ask.queue.queue.strategy
    if isinstance(event, ev.TicketOffered) and ticket.rings_everyone:
        assert event.agent_id == choose.ordered(desk, ask.queue, ask.skills, willing)[0]
        assert event.runner_up is None
        return
    if event.cause is ev.Cause.FREED and (len(willing) == 1 or ask.reserved is not None):
        assert (event.strategy, event.key, event.draws) == (None, (), ())
        assert (event.agent_id, event.runner_up) == (willing[0], None)
        return
    assert event.strategy == spec
    willing = [who for who in willing if who not in ticket.lifted] or willing
    if draws(spec):
        assert event.agent_id in willing
        assert event.runner_up is None or event.runner_up in willing
        assert event.runner_up != event.agent_id
        assert (event.runner_up is None) == (len(willing) == 1)
        if has_tiers(spec):
            best = min(gate.tier(desk, ask.queue, who) for who in willing)
            assert gate.tier(desk, ask.queue, event.agent_id) == best
        return
    expected = choose.ordered(desk, ask.queue, ask.skills, willing)
    assert [event.agent_id, event.runner_up] == [*expected, None][:2]
    assert event.draws == ()


def _check_whole_ring(desk: Facts, event: ev.Event, before: ev.Event | None) -> None:
    """Fail if a ticket that rings all agents has left one out when something else happens."""
    if not isinstance(before, ev.TicketOffered) or before.cause not in ev.BY_STRATEGY:
        return
    queue, ticket = desk.queues[before.queue_id], desk.tickets[before.ticket_id]
    goes_on = isinstance(event, ev.TicketOffered) and event.ticket_id == before.ticket_id
    if ticket.rings_everyone and not goes_on:
        assert not choose.choose_all(desk, ticket, gate.ask_of(desk, ticket, queue))


def _willing(desk: Facts, ticket: TicketFacts) -> list[AgentId]:
    """Return the agents who may get a ticket automatically through one of its queues."""
    handing = [each for each in ticket.queues if each.queue.delivery is not Delivery.PULL]
    return [who for each in handing for who in gate.eligible(desk, gate.ask_of(desk, ticket, each))]


def _check_queued(desk: Facts, event: ev.TicketQueued) -> None:
    ticket = desk.tickets[event.ticket_id]
    assert event.reason is not None
    assert not ticket.offers
    willing = _willing(desk, ticket)
    assert not willing, f"{event.ticket_id} waits although {willing} could have it"
    if ticket.queue.queue.delivery is Delivery.PULL:
        assert event.reason is ev.WaitReason.AWAITS_PULL
    else:
        assert event.reason is gate.nearest_reason(desk, ticket)


def _check_short(desk: Facts, event: ev.OfferShort) -> None:
    ticket = desk.tickets[event.ticket_id]
    assert 0 < event.open == len(ticket.offers) < event.wanted
    assert event.wanted == event.open + ticket.wants
    assert not ticket.rings_everyone
    willing = _willing(desk, ticket)
    assert not willing, f"{event.ticket_id} has too few offers although {willing} could get one"


def _check_ended(desk: Facts, event: ev.OfferDeclined | ev.OfferExpired) -> None:
    offer, known = desk.tickets[event.ticket_id].offers[event.agent_id], desk.agents[event.agent_id]
    policy, until = offer.queue.queue.offer, offer.event.until
    if isinstance(event, ev.OfferExpired):
        assert event.at == until
        is_new = known.missed_at is None or offer.event.at >= known.missed_at
        assert event.misses == known.misses + is_new
        cool = policy.cool_down.get("missed")
        assert event.retry_at == event.at + retry_after(offer.queue.queue)
    else:
        assert event.at < until
        cool = policy.cool_down.get(event.reason, policy.cool_down.get("declined"))
        again = policy.retry_declined_after
        assert event.retry_at == (None if again is None else event.at + again)
    assert event.cool_until == (None if cool is None else event.at + cool)


def _check_after_miss(desk: Facts, missed: ev.OfferExpired, event: ev.Event) -> None:
    """Fail if an agent with too many misses is not away after all offers of the instant expired."""
    queues = desk.queues.values()
    if isinstance(event, ev.OfferExpired) and event.at == missed.at:
        return
    if all(missed.misses >= each.queue.offer.max_misses for each in queues):
        assert isinstance(event, ev.PresenceChanged)
        assert (event.at, event.cause) == (missed.at, ev.Cause.MISSED)


def _check_reserved(desk: Facts, event: ev.TicketReserved) -> None:
    ticket = desk.tickets[event.ticket_id]
    assert choose.waits_for(desk, ticket) == event.agent_id
    assert event.until == event.at + ticket.queue.queue.affinity_wait
    for queue in ticket.queues:
        assert not choose.wished(desk, ticket, queue) or queue.queue.delivery is Delivery.PULL


def _check_resumed(desk: Facts, event: ev.TicketResumed) -> None:
    ticket = desk.tickets[event.ticket_id]
    ask = gate.ask_of(desk, ticket, ticket.queue)
    sticky = ticket.queue.queue.resume.value == "sticky"
    reason = gate.reason(desk, event.agent_id, ask, without=ticket.id)
    assert sticky or reason in (None, "rate_limit")  # the limit is for new tickets


def check_capacity(desk: Facts, event: ev.Event, before: dict[AgentId, tuple[int, int]]) -> None:
    """Fail if an automatic decision takes an agent above their capacity.

    What may: force, a sticky return from hold, a queue whose tickets on hold begin to count, and
    changes of what a ticket weighs or which channels may be interrupted.
    """
    if isinstance(event, ev.TicketAssigned) and event.exceeded is not None:
        return
    if isinstance(event, ev.TicketResumed):
        if desk.tickets[event.ticket_id].queue.queue.resume is ResumeRule.STICKY:
            return
    elif isinstance(event, ev.QueueChanged | ev.AgentChanged | ev.TicketChanged):
        return
    for agent_id in desk.agents:
        most, then = gate.capacity(desk, agent_id), before.get(agent_id, (0, 0))
        for now, was in zip(_units(desk, agent_id), then, strict=True):
            assert now <= max(most, was)


def _units(desk: Facts, agent_id: AgentId) -> tuple[int, int]:
    """Return the units of an agent's firm work and of their interruptible work."""
    agent, mine = desk.agents[agent_id].agent, gate.holdings(desk, agent_id)
    return gate.units(agent, mine, soft=False), gate.units(agent, mine, soft=True)


def check_rest(desk: Facts) -> None:
    """Fail if an agent with room could have a waiting ticket that a queue hands out."""
    for found in _fronts(desk):
        willing = gate.eligible(desk, found.ask)
        raise AssertionError(f"{found.ticket.id} waits although {willing} could have it")
    for ticket in desk.tickets.values():
        state = ticket.state.value
        assert (state == "offered") == bool(ticket.offers)
        assert ticket.in_line or state != "waiting"
        assert not ticket.in_line or state in ("waiting", "offered")
        assert ticket.in_line or not ticket.wants
        assert state != "done" or not ticket.tried
        assert state in ("waiting", "offered") or ticket.room_of is None


Look = Callable[[Facts, ev.Event, ev.Event | None], None]


class Judge:
    """Follows the events of a desk, and checks each against the contract.

    It needs only the events, so that it can judge any desk, including a replayed one.
    ``looks`` are called for every event before it is applied; ``capacity`` is checked afterwards.
    """

    def __init__(
        self,
        defaults: Defaults | None = None,
        permits: Permits | None = None,
        *,
        looks: Iterable[Look] = (check_decision,),
        capacity: bool = True,
    ) -> None:
        self.facts = Facts(Defaults() if defaults is None else defaults, permits)
        self.last: ev.Event | None = None
        self.looks, self.capacity = tuple(looks), capacity

    def take_in(self, events: Iterable[ev.Event]) -> None:
        """Judge the events of one command."""
        facts = self.facts
        for event in events:
            facts.now = event.at
            self.check_names(event)
            for look in self.looks:
                look(facts, event, self.last)
            before = {who: _units(facts, who) for who in facts.agents} if self.capacity else {}
            if isinstance(event, ev.OfferWithdrawn) and event.cause is ev.Cause.ANSWERED:
                facts.unsettled = True
            apply(facts, event)
            if self.capacity:
                check_capacity(facts, event, before)
            if not isinstance(event, ClockEvent):  # events of clocks are no decisions
                self.last = event
            if isinstance(event, ev.TicketAssigned) and event.cause is ev.Cause.ACCEPTED:
                facts.unsettled = False  # it gives no more room than was asked for
        facts.unsettled = False
        facts.loose.clear()

    def check_names(self, event: ev.Event) -> None:
        """Fail if an event is about an agent, a queue or a ticket that is not on the desk."""
        adds = (ev.AgentAdded, ev.QueueAdded, ev.TicketSubmitted)
        facts = self.facts
        places: tuple[tuple[str, Container[object]], ...] = (
            ("agent", facts.agents),
            ("queue", facts.queues),
            ("ticket", facts.tickets),
        )
        for thing, known in places:
            name = getattr(event, f"{thing}_id", None)
            if name is not None and name not in known and not isinstance(event, adds):
                what = type(event).__name__
                raise AssertionError(f"{what} names {thing} {name!r}, which is not on the desk")

    def check_rest(self) -> None:
        """Fail if an agent with room could have a waiting ticket that a queue hands out."""
        check_rest(self.facts)

    def check_nothing_overdue(self) -> None:
        """Fail if something that was due by now has not happened."""
        for due in due_of(self.facts)[:1]:
            late = f"{due.kind.name} of {due.subject} was due at {due.at}"
            assert due.at > self.facts.now, f"{late}, and at {self.facts.now} it had not happened"
