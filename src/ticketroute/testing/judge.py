"""Checks that an event may happen, against plain facts of the moment before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults, Delivery, ResumeRule
from ticketroute.sla.events import ClockEvent
from ticketroute.testing.reference.facts import Ask, QueueFacts, TicketFacts
from ticketroute.testing.reference.fold import Fold
from ticketroute.testing.reference.spec import draws, keeps_credits, rings_at_once, takes_turns
from ticketroute.testing.reference.strategies import ordered


def check_decision(desk: Fold, event: ev.Event, before: ev.Event | None) -> None:
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


def check_eligible(desk: Fold, event: ev.Event, _: ev.Event | None) -> None:
    """Fail if a ticket goes automatically to an agent whom the gate refuses."""
    if isinstance(event, ev.TicketAssigned):
        if event.cause in (ev.Cause.ACCEPTED, ev.Cause.MANUAL, ev.Cause.TRANSFERRED):
            return
        if event.cause is ev.Cause.TAKEN and desk.tickets[event.ticket_id].recalled:
            return
    elif not isinstance(event, ev.TicketOffered):
        return
    ask = desk.ask(desk.tickets[event.ticket_id], desk.queues[event.queue_id])
    reason = desk.reason(event.agent_id, ask)
    assert reason is None, f"{event.agent_id} may not get {event.ticket_id}: {reason}"


def _check_assigned(desk: Fold, event: ev.TicketAssigned, before: ev.Event | None) -> None:
    ticket, queue = desk.tickets[event.ticket_id], desk.queues[event.queue_id]
    if event.cause is ev.Cause.ACCEPTED:
        offer = ticket.offers[event.agent_id]
        assert (event.cost, queue) == (offer.cost, offer.queue)
        return
    ask = desk.ask(ticket, queue)
    reason = desk.reason(event.agent_id, ask)
    assert event.cost == desk.cost(desk.agents[event.agent_id].agent, ask)
    by_hand = event.cause in (ev.Cause.MANUAL, ev.Cause.TRANSFERRED)
    if ticket.recalled and (by_hand or event.cause is ev.Cause.TAKEN):
        return  # the gate decided before its offers were withdrawn
    assert queue in ticket.queues
    if by_hand:
        assert event.exceeded == reason
        return
    assert reason is None, f"{event.agent_id} may not get {event.ticket_id}: {reason}"
    assert event.exceeded is None
    assert desk.load(event.agent_id) + event.cost <= desk.capacity(event.agent_id)
    if event.cause is ev.Cause.TAKEN or desk.unsettled:
        return
    _check_choice(desk, event, ticket, queue, before)


def _check_offered(desk: Fold, event: ev.TicketOffered, before: ev.Event | None) -> None:
    ticket, queue = desk.tickets[event.ticket_id], desk.queues[event.queue_id]
    assert queue in ticket.queues
    assert queue.queue.delivery is Delivery.OFFER
    ask = desk.ask(ticket, queue)
    reason = desk.reason(event.agent_id, ask)
    assert reason is None, f"{event.agent_id} may not be offered {event.ticket_id}: {reason}"
    agent = desk.agents[event.agent_id].agent
    assert event.cost == desk.cost(agent, ask)
    assert desk.load(event.agent_id) + event.cost <= desk.capacity(event.agent_id)
    points = agent.contact_points if ticket.ticket.channel == "call" else ()
    assert event.contact_points == points
    rings = sum(point.ring for point in points) or queue.queue.offer.timeout
    assert event.until == event.at + rings
    if not desk.unsettled:
        _check_choice(desk, event, ticket, queue, before)


def _check_choice(
    desk: Fold,
    event: ev.TicketAssigned | ev.TicketOffered,
    ticket: TicketFacts,
    queue: QueueFacts,
    before: ev.Event | None,
) -> None:
    """Check a choice against the preferred agent, the strategy, and the order of lines."""
    ask = desk.ask(ticket, queue)
    wish = desk.wish(ticket, queue)
    alone = ticket.in_line and len(desk.eligible(ask)) == 1  # there was no choice between agents
    together = (
        isinstance(event, ev.TicketOffered)
        and isinstance(before, ev.TicketOffered)
        and (before.at, before.ticket_id) == (event.at, event.ticket_id)
    )  # planned at once: the first of them was held against the order of lines
    if event.cause in (ev.Cause.PREFERRED, ev.Cause.LAST_AGENT):
        assert wish == (event.agent_id, event.cause)
        assert event.runner_up is None
    else:
        assert (
            isinstance(before, ev.TicketOffered)
            or isinstance(event, ev.TicketOffered)
            or (wish is None or (alone and wish[0] == event.agent_id))
        )
        follows = together and before is not None and before.cause is ev.Cause.FREED
        causes = {ev.Cause.FREED if ticket.in_line else ev.Cause.ROUTED}
        assert event.cause in causes | ({ev.Cause.FREED} if follows else set())
        turns = takes_turns(queue.queue.strategy)
        moved = keeps_credits(queue.queue.strategy) or (turns and ticket.lifted)
        if together and moved:  # chosen before the first moved the turn past them
            assert event.agent_id in desk.eligible(ask)
        else:
            _check_winner(desk, event, ticket, ask)
    if not together and not isinstance(before, ev.TicketReopened):  # goes to the agent who had it
        _check_order_of_line(desk, ticket, queue)
    elif together:
        assert ticket.offers


def _check_order_of_line(desk: Fold, ticket: TicketFacts, queue: QueueFacts) -> None:
    """Fail if a ticket that goes first, in its queue or another, could have been served."""
    fronts = list(desk.fronts())
    assert (queue, ticket) in fronts, "a ticket before it in its line could have been served"
    first = min(desk.rank(each, where) for where, each in fronts)
    assert first == desk.rank(ticket, queue), f"{first} of another queue goes before {ticket.id}"


def _check_winner(
    desk: Fold,
    event: ev.TicketAssigned | ev.TicketOffered,
    ticket: TicketFacts,
    ask: Ask,
) -> None:
    willing = desk.eligible(ask)
    spec = ask.queue.queue.strategy
    if isinstance(event, ev.TicketOffered) and _rings(ask.queue):
        assert event.agent_id == ordered(desk, ask.queue, ask.skills, willing)[0]
        assert event.runner_up is None or ticket.reserved
        return
    willing = [who for who in willing if who not in ticket.lifted] or willing
    if draws(spec):
        assert event.agent_id in willing
        assert event.runner_up is None or event.runner_up in willing
        assert event.runner_up != event.agent_id
        assert (event.runner_up is None) == (len(willing) == 1)
        if spec.name == "priority":
            best = min(desk.tier(ask.queue, who) for who in willing)
            assert desk.tier(ask.queue, event.agent_id) == best
        return
    expected = ordered(desk, ask.queue, ask.skills, willing)
    assert [event.agent_id, event.runner_up] == [*expected, None][:2]
    assert event.draws == ()


def _rings(queue: QueueFacts) -> bool:
    """Return whether a queue rings all agents at once."""
    return rings_at_once(queue.queue.strategy) and queue.queue.offer.parallel == 1


def _check_whole_ring(desk: Fold, event: ev.Event, before: ev.Event | None) -> None:
    """Fail if a queue that rings all agents has left one out when something else happens."""
    if not isinstance(before, ev.TicketOffered) or before.cause not in ev.BY_STRATEGY:
        return
    queue, ticket = desk.queues[before.queue_id], desk.tickets[before.ticket_id]
    if not _rings(queue):
        return
    goes_on = isinstance(event, ev.TicketOffered) and event.ticket_id == before.ticket_id
    left = {desk.tier(queue, who) for who in desk.eligible(desk.ask(ticket, queue))}
    if queue.queue.strategy.name == "priority":
        left.intersection_update({desk.tier(queue, before.agent_id)})
    assert goes_on or not left


def _willing(desk: Fold, ticket: TicketFacts) -> list[AgentId]:
    """Return the agents who may get a ticket automatically through one of its queues."""
    handing = [each for each in ticket.queues if each.queue.delivery is not Delivery.PULL]
    return [who for each in handing for who in desk.eligible(desk.ask(ticket, each))]


def _check_queued(desk: Fold, event: ev.TicketQueued) -> None:
    ticket = desk.tickets[event.ticket_id]
    assert event.reason is not None
    assert not ticket.offers
    willing = _willing(desk, ticket)
    assert not willing, f"{event.ticket_id} waits although {willing} could have it"
    if ticket.queue.queue.delivery is Delivery.PULL:
        assert event.reason is ev.WaitReason.AWAITS_PULL
    else:
        assert event.reason.value == desk.nearest_reason(ticket)


def _check_short(desk: Fold, event: ev.OfferShort) -> None:
    ticket = desk.tickets[event.ticket_id]
    assert 0 < event.open == len(ticket.offers) < event.wanted
    assert event.wanted == event.open + ticket.wants
    willing = _willing(desk, ticket)
    assert not willing, f"{event.ticket_id} has too few offers although {willing} could get one"


def _check_ended(desk: Fold, event: ev.OfferDeclined | ev.OfferExpired) -> None:
    offer = desk.tickets[event.ticket_id].offers[event.agent_id]
    policy = offer.queue.queue.offer
    if isinstance(event, ev.OfferExpired):
        assert event.at == offer.until
        assert event.misses == desk.agents[event.agent_id].misses + 1
        cool, retry = policy.cool_down.get("missed"), policy.retry_missed_after
        assert event.retry_at == event.at + retry
    else:
        assert event.at < offer.until
        cool = policy.cool_down.get(event.reason, policy.cool_down.get("declined"))
        again = policy.retry_declined_after
        assert event.retry_at == (None if again is None else event.at + again)
    assert event.cool_until == (None if cool is None else event.at + cool)


def _check_after_miss(desk: Fold, missed: ev.OfferExpired, event: ev.Event) -> None:
    """Fail if an agent with too many misses in a row is not away before another event."""
    queues = desk.queues.values()
    if all(missed.misses >= each.queue.offer.max_misses for each in queues):
        assert isinstance(event, ev.PresenceChanged)
        assert (event.agent_id, event.cause) == (missed.agent_id, ev.Cause.MISSED)
    elif all(missed.misses < each.queue.offer.max_misses for each in queues):
        assert event.cause is not ev.Cause.MISSED


def _check_reserved(desk: Fold, event: ev.TicketReserved) -> None:
    ticket = desk.tickets[event.ticket_id]
    assert desk.waits_for(ticket) == event.agent_id
    assert event.until == event.at + ticket.queue.queue.affinity_wait
    for queue in ticket.queues:
        assert desk.wish(ticket, queue) is None or queue.queue.delivery is Delivery.PULL


def _check_resumed(desk: Fold, event: ev.TicketResumed) -> None:
    ticket = desk.tickets[event.ticket_id]
    ask = desk.ask(ticket, ticket.queue)
    sticky = ticket.queue.queue.resume.value == "sticky"
    reason = desk.reason(event.agent_id, ask, without=ticket.id)
    assert sticky or reason in (
        None,
        "rate_limit",
    )  # the limit is for new tickets, and this one was theirs


def check_capacity(desk: Fold, event: ev.Event, before: dict[AgentId, int]) -> None:
    """Fail if an automatic decision takes an agent above their capacity.

    Exceptions are force, a sticky return from hold, and a queue whose parked tickets begin to
    count.
    """
    if isinstance(event, ev.TicketAssigned) and event.exceeded is not None:
        return
    if isinstance(event, ev.TicketResumed):
        if desk.tickets[event.ticket_id].queue.queue.resume is ResumeRule.STICKY:
            return
    elif isinstance(event, ev.QueueChanged):
        return
    for agent_id in desk.agents:
        load = desk.load(agent_id)
        assert load <= max(desk.capacity(agent_id), before.get(agent_id, 0))


def check_rest(desk: Fold) -> None:
    """Fail if an agent with room could have a waiting ticket that a queue hands out."""
    for queue, ticket in desk.fronts():
        willing = desk.eligible(desk.ask(ticket, queue))
        raise AssertionError(f"{ticket.id} waits although {willing} could have it")
    for ticket in desk.tickets.values():
        state = ticket.state.value
        assert (state == "offered") == bool(ticket.offers)
        assert ticket.in_line or state != "waiting"
        assert not ticket.in_line or state in ("waiting", "offered")
        assert state in ("waiting", "offered") or not ticket.tried


Look = Callable[[Fold, ev.Event, ev.Event | None], None]


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
        self.facts = Fold(Defaults() if defaults is None else defaults, permits)
        self.last: ev.Event | None = None
        self.looks, self.capacity = tuple(looks), capacity

    def take_in(self, events: Iterable[ev.Event]) -> None:
        """Judge the events of one command."""
        facts = self.facts
        for event in events:
            facts.now = event.at
            for look in self.looks:
                look(facts, event, self.last)
            before = {who: facts.load(who) for who in facts.agents} if self.capacity else {}
            if isinstance(event, ev.OfferWithdrawn) and event.cause is ev.Cause.ANSWERED:
                facts.unsettled = True
            facts.apply(event)
            if self.capacity:
                check_capacity(facts, event, before)
            if not isinstance(event, ClockEvent):  # events of clocks are no decisions
                self.last = event
            if isinstance(event, ev.TicketAssigned) and event.cause is ev.Cause.ACCEPTED:
                facts.unsettled = False  # it gives no more room than was asked for
        facts.unsettled = False

    def check_rest(self) -> None:
        """Fail if an agent with room could have a waiting ticket that a queue hands out."""
        check_rest(self.facts)
