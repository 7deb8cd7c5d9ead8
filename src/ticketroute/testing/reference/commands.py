"""The commands of the reference desk: what each checks, and which events it makes.

Each yields events; each has happened before the next is asked for. At ``TIME_PASSES`` time passes
up to the instant of the command, and what came loose is handed out: what is checked before the
first of them is refused before time passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from attrs import evolve

from ticketroute import errors
from ticketroute.model import events as ev
from ticketroute.model.agent import Agent, Membership, Presence
from ticketroute.model.ids import AgentId, CalendarId, PolicyId, QueueId, TicketId
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults, Delivery, Queue, ResumeRule
from ticketroute.model.ticket import Ticket, TicketPriority
from ticketroute.sla import events as sla
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.policy import Policy
from ticketroute.testing.reference import choose, clocks, gate, hand_out
from ticketroute.testing.reference.apply import apply
from ticketroute.testing.reference.facts import (
    SEARCHING,
    Facts,
    Kind,
    OfferFacts,
    QueueFacts,
    TicketFacts,
    rings,
)

Steps = Iterator[ev.Event | None]
COMMAND = ev.Cause.COMMAND
TIME_PASSES = None
PLAIN = Membership()


class Said(NamedTuple):
    """When a command is given, by whom, and about which version of a ticket."""

    at: int
    by: str | None = None
    expected_version: int | None = None

    def told(self, **more: Any) -> dict[str, Any]:
        """Return what the events of the command say of it, and more."""
        return {"at": self.at, "by": self.by, **more}


# --- what refuses a command ---------------------------------------------------------------------


def known_agent(facts: Facts, agent_id: AgentId) -> AgentId:
    """Refuse an agent who is not on the desk."""
    if agent_id not in facts.agents:
        raise errors.UnknownAgentError(agent_id)
    return agent_id


def known_queue(facts: Facts, queue_id: QueueId) -> QueueFacts:
    """Return a queue of the desk."""
    if queue_id not in facts.queues:
        raise errors.UnknownQueueError(queue_id)
    return facts.queues[queue_id]


def known_ticket(facts: Facts, ticket_id: TicketId) -> TicketFacts:
    """Return a ticket of the desk."""
    if ticket_id not in facts.tickets:
        raise errors.UnknownTicketError(ticket_id)
    return facts.tickets[ticket_id]


def check_version(ticket: TicketFacts, said: Said) -> None:
    """Refuse a decision that something has overtaken."""
    expected = said.expected_version
    if expected is not None and expected < 0:
        raise errors.InvalidValueError("expected_version", expected, "0 or more")
    if expected is not None and expected != ticket.version:
        raise errors.ConflictError(ticket.id, expected, ticket.version)


def check_open(ticket: TicketFacts, said: Said) -> None:
    """Refuse a ticket that has changed, or that is done."""
    check_version(ticket, said)
    if ticket.state is RoutingState.DONE:
        raise errors.AlreadyDoneError(ticket.id)


def check_free(ticket: TicketFacts) -> None:
    """Refuse a ticket that somebody works, or that is done."""
    if ticket.state is RoutingState.ASSIGNED and ticket.agent is not None:
        raise errors.AlreadyAssignedError(ticket.id, ticket.agent)
    if ticket.state is RoutingState.DONE:
        raise errors.AlreadyDoneError(ticket.id)


def refuse_step(ticket: TicketFacts, step: type[ev.Event]) -> None:
    """Refuse what has no place in a ticket's life now."""
    raise errors.TransitionError(ticket.id, ticket.state.value, step.__name__)


def pass_gate(
    facts: Facts, ticket: TicketFacts, agent_id: AgentId, queue: QueueFacts, *, force: bool = False
) -> str | None:
    """Refuse an agent who may not have it, or return which reason force overrules."""
    reason = hand_out.why_not(facts, ticket, agent_id, queue)
    if reason is not None and not force:
        raise errors.NotEligibleError(agent_id, ticket.id, reason)
    return reason


def check_calendar(facts: Facts, calendar_id: CalendarId | None) -> None:
    """Refuse a calendar that nobody knows."""
    if calendar_id is not None and calendar_id not in facts.calendars:
        raise errors.UnknownCalendarError(calendar_id)


def check_members(facts: Facts, members: Mapping[AgentId, Membership]) -> None:
    """Refuse members who are not on the desk."""
    for agent_id in members:
        known_agent(facts, agent_id)


def check_terms(facts: Facts, queue: Queue) -> None:
    """Refuse a queue that rings and yet does not offer, or names what nobody knows."""
    if rings(queue.strategy) and queue.delivery is not Delivery.OFFER:
        raise errors.InvalidValueError("delivery", queue.delivery, "Delivery.OFFER, to ring all")
    check_calendar(facts, queue.calendar)
    if queue.sla is not None and queue.sla not in [each.policy.id for each in facts.agreements]:
        raise errors.UnknownPolicyError(queue.sla)


def resolved(queue: Queue) -> Queue:
    """Return a queue with its delivery: one that rings offers, any other assigns."""
    usual = Delivery.OFFER if rings(queue.strategy) else Delivery.ASSIGN
    return evolve(queue, delivery=queue.delivery or usual)


def check_overflow(facts: Facts, queue: Queue) -> None:
    """Refuse relaxations to where nothing is, or in a circle."""
    ways = {each: leads_to(known.queue) for each, known in facts.queues.items()}
    ways[queue.id] = leads_to(queue)
    for target in ways[queue.id]:
        if target not in ways:
            raise errors.UnknownQueueError(target)
    reached = set(ways[queue.id])
    for _ in ways:  # as often as there are queues, so that nothing further can be reached
        reached |= {target for here in reached for target in ways.get(here, ())}
    if queue.id in reached:
        raise errors.OverflowCircleError((queue.id, queue.id))


def leads_to(queue: Queue) -> list[QueueId]:
    """Return where a queue's relaxations lead."""
    targets = [target for step in queue.relaxations for target in (step.add_queue, step.move_to)]
    return [target for target in targets if target is not None]


# --- queues -------------------------------------------------------------------------------------


def add_queue(facts: Facts, said: Said, queue: Queue) -> Steps:
    """Open a queue."""
    if queue.id in facts.queues:
        raise errors.DuplicateQueueError(queue.id)
    queue = resolved(queue)
    check_members(facts, queue.members)
    check_overflow(facts, queue)
    check_terms(facts, queue)
    yield TIME_PASSES
    yield ev.QueueAdded(**said.told(), queue=queue)


def change_queue(facts: Facts, said: Said, queue_id: QueueId, **changes: Any) -> Steps:
    """Change how a queue works."""
    queue = known_queue(facts, queue_id)
    changed = resolved(evolve(evolve(queue.queue, members={}), **changes))
    members = changed.members if "members" in changes else None
    changed = evolve(changed, members={})
    check_members(facts, members or {})
    if "relaxations" in changes:
        check_overflow(facts, changed)
    check_terms(facts, changed)
    yield TIME_PASSES
    if members is not None:
        yield from replace_members(facts, said, queue, members)
    before = evolve(queue.queue, members={})
    if changed != before:
        yield ev.QueueChanged(**said.told(), queue=changed)
        if (changed.calendar, changed.sla) != (before.calendar, before.sla):
            yield from promise_anew(facts, open_tickets(facts, queue), said.at)
        if changed.delivery is not before.delivery:
            for ticket in open_tickets(facts, queue):
                yield from hand_out.recall(ticket, COMMAND, said.at)


def replace_members(
    facts: Facts, said: Said, queue: QueueFacts, members: Mapping[AgentId, Membership]
) -> Steps:
    """Make exactly these serve a queue, in this order."""
    told = said.told(queue_id=queue.queue.id)
    for agent_id in list(queue.members):
        if agent_id not in members:
            yield from end_membership(facts, said, queue, agent_id)
    for agent_id, terms in members.items():
        kind = ev.MemberChanged if agent_id in queue.members else ev.MemberAdded
        if queue.members.get(agent_id) != terms:
            yield kind(**told, agent_id=agent_id, membership=terms)
    if tuple(members) != tuple(queue.members):
        yield ev.MembersOrdered(**told, order=tuple(members))


def remove_queue(
    facts: Facts, said: Said, queue_id: QueueId, *, move_to: QueueId | None = None
) -> Steps:
    """Close a queue; its tickets move to another."""
    queue = known_queue(facts, queue_id)
    target = None if move_to is None else known_queue(facts, move_to)
    if queue_id == facts.defaults.queue:
        raise errors.InvalidValueError("queue_id", queue_id, "another than the default queue")
    if target is queue:
        raise errors.InvalidValueError("move_to", move_to, "another queue than the one removed")
    targets = [each for agreed in facts.agreements for each in agreed.policy.targets.values()]
    if queue_id in [level.move_to for target_ in targets for level in target_.escalations]:
        raise errors.InUseError("queue", queue_id, "a policy")
    yield TIME_PASSES
    left, cause = open_tickets(facts, queue), ev.Cause.QUEUE_REMOVED
    for ticket in left:
        if target is None:
            raise errors.QueueNotEmptyError(queue_id, len(left))
        yield from hand_out.move(facts, ticket, target, ticket.arrived, cause, said.at, said.by)
    for ticket in [each for each in facts.tickets.values() if queue in each.added]:
        asked = [who for who, offer in ticket.offers.items() if offer.queue is queue]
        yield from hand_out.withdraw(ticket, asked, cause, said.at)
        told: dict[str, Any] = {"at": said.at, "cause": cause, "ticket_id": ticket.id}
        added = [each for each in ticket.added if each is not queue]
        yield hand_out.asks_otherwise(ticket, told, ticket.skills, added)
    yield ev.QueueRemoved(**said.told(), queue_id=queue_id)


def open_tickets(facts: Facts, queue: QueueFacts) -> list[TicketFacts]:
    """Return a queue's tickets that are not done, by first arrival."""
    mine = (each for each in facts.tickets.values() if each.queue is queue)
    return gate.by_arrival(each for each in mine if each.state is not RoutingState.DONE)


def add_member(
    facts: Facts,
    said: Said,
    queue_id: QueueId,
    agent_id: AgentId,
    membership: Membership = PLAIN,
) -> Steps:
    """Add an agent to those who serve a queue."""
    queue = known_queue(facts, queue_id)
    if known_agent(facts, agent_id) in queue.members:
        raise errors.AlreadyMemberError(queue_id, agent_id)
    yield TIME_PASSES
    terms: dict[str, Any] = {"queue_id": queue_id, "agent_id": agent_id, "membership": membership}
    yield ev.MemberAdded(**said.told(), **terms)


def change_member(
    facts: Facts, said: Said, queue_id: QueueId, agent_id: AgentId, membership: Membership
) -> Steps:
    """Change the terms of a membership."""
    queue = served(facts, queue_id, agent_id)
    yield TIME_PASSES
    if membership != queue.members[agent_id]:
        terms: dict[str, Any] = {
            "queue_id": queue_id,
            "agent_id": agent_id,
            "membership": membership,
        }
        yield ev.MemberChanged(**said.told(), **terms)


def remove_member(facts: Facts, said: Said, queue_id: QueueId, agent_id: AgentId) -> Steps:
    """End a membership."""
    queue = served(facts, queue_id, agent_id)
    yield TIME_PASSES
    yield from end_membership(facts, said, queue, agent_id)


def served(facts: Facts, queue_id: QueueId, agent_id: AgentId) -> QueueFacts:
    """Return a queue, of which the agent has to be a member."""
    queue = known_queue(facts, queue_id)
    if known_agent(facts, agent_id) not in queue.members:
        raise errors.NotMemberError(queue_id, agent_id)
    return queue


def end_membership(facts: Facts, said: Said, queue: QueueFacts, agent_id: AgentId) -> Steps:
    """Part an agent and a queue, with all that ties them."""
    theirs = [each for each in gate.held_by(facts, agent_id) if each.queue is queue]
    cause = ev.Cause.MEMBERSHIP_ENDED
    yield from hand_out.part(facts, agent_id, [queue], cause, said.at)
    for ticket in theirs:
        yield from hand_out.let_go(ticket, cause, said.at, said.by)
    yield ev.MemberRemoved(**said.told(), queue_id=queue.queue.id, agent_id=agent_id)


# --- agents, defaults, agreements ---------------------------------------------------------------


def change_defaults(facts: Facts, said: Said, defaults: Defaults) -> Steps:
    """Change the defaults."""
    yield TIME_PASSES
    if defaults.queue is not None:
        known_queue(facts, defaults.queue)
    if defaults != facts.defaults:
        yield ev.DefaultsChanged(**said.told(), defaults=defaults)


def add_agent(
    facts: Facts, said: Said, agent: Agent, *, presence: Presence | str = Presence.OFFLINE
) -> Steps:
    """Take in an agent."""
    if agent.id in facts.agents:
        raise errors.DuplicateAgentError(agent.id)
    check_calendar(facts, agent.shift)
    known, reason = said_of(presence, "")
    yield TIME_PASSES
    yield ev.AgentAdded(**said.told(), agent=agent, presence=known, reason=reason)


def said_of(presence: Presence | str, reason: str) -> tuple[Presence, str]:
    """Return what an agent says; a word that nobody knows means away, and is the reason."""
    known = Presence.of(presence)
    if isinstance(presence, str) and presence != known.value and not reason:
        reason = presence
    return known, reason


def change_agent(facts: Facts, said: Said, agent_id: AgentId, **changes: Any) -> Steps:
    """Change the facts of an agent."""
    known = facts.agents[known_agent(facts, agent_id)]
    before, changed = known.agent, evolve(known.agent, **changes)
    check_calendar(facts, changed.shift)
    yield TIME_PASSES
    if changed != before:
        yield ev.AgentChanged(**said.told(), agent=changed)
        if changed.shift != before.shift:
            yield from hand_out.withdraw_from(facts, agent_id, said.at)


def remove_agent(facts: Facts, said: Said, agent_id: AgentId) -> Steps:
    """Remove an agent for good."""
    known_agent(facts, agent_id)
    yield TIME_PASSES
    cause = ev.Cause.AGENT_REMOVED
    yield from hand_out.part(facts, agent_id, gate.serves(facts, agent_id), cause, said.at)
    for ticket in gate.held_by(facts, agent_id):
        yield from hand_out.let_go(ticket, cause, said.at, said.by)
    told: dict[str, Any] = {"at": said.at, "cause": cause, "agent_id": agent_id}
    for slot in sorted(gate.slots(facts, agent_id), key=lambda slot: slot.slot or 0):
        yield ev.WrapUpEnded(**told, ticket_id=slot.id)
    yield ev.AgentRemoved(**said.told(), agent_id=agent_id)


def set_presence(
    facts: Facts, said: Said, agent_id: AgentId, presence: Presence | str, *, reason: str = ""
) -> Steps:
    """Note what an agent says of themselves."""
    known = facts.agents[known_agent(facts, agent_id)]
    says, reason = said_of(presence, reason)
    yield TIME_PASSES
    if (known.presence, known.reason) != (says, reason):
        told = said.told(agent_id=agent_id)
        yield ev.PresenceChanged(**told, presence=says, reason=reason)
        yield from hand_out.withdraw_from(facts, agent_id, said.at)


def switch_channel(facts: Facts, said: Said, agent_id: AgentId, channel: str, *, on: bool) -> Steps:
    """Turn a channel on or off."""
    known = facts.agents[known_agent(facts, agent_id)]
    yield TIME_PASSES
    if on == (channel in known.off):
        yield ev.ChannelSwitched(**said.told(), agent_id=agent_id, channel=channel, on=on)
        yield from hand_out.withdraw_from(facts, agent_id, said.at)


def set_calendar(
    facts: Facts,
    said: Said,
    calendar_id: CalendarId,
    calendar: Calendar,
    *,
    effective_from: int | None = None,
) -> Steps:
    """Set a calendar that counts from an instant on."""
    yield TIME_PASSES
    since = said.at if effective_from is None else effective_from
    known = facts.calendars.get(calendar_id, [])
    if known and known[-1].calendar == calendar and known[-1].since <= since:
        return
    told = said.told(calendar_id=calendar_id, calendar=calendar)
    yield sla.CalendarSet(**told, effective_from=since if known else 0)
    for agent_id, agent in facts.agents.items():
        if agent.agent.shift == calendar_id:
            yield from hand_out.withdraw_from(facts, agent_id, said.at)


def remove_calendar(facts: Facts, said: Said, calendar_id: CalendarId) -> Steps:
    """Remove a calendar that nothing uses."""
    check_calendar(facts, calendar_id)
    yield TIME_PASSES
    used = {agent.agent.shift for agent in facts.agents.values()}
    used |= {queue.queue.calendar for queue in facts.queues.values()}
    for agreed in facts.agreements:
        used.update(calendars_of(agreed.policy))
    for ticket in facts.tickets.values():
        for cycles in () if ticket.book is None else ticket.book.clocks.values():
            used |= {clock.calendar_id for clock in cycles}
    if calendar_id in used:
        raise errors.InUseError("calendar", calendar_id, "something")
    yield sla.CalendarRemoved(**said.told(), calendar_id=calendar_id)


def calendars_of(policy: Policy) -> list[CalendarId | None]:
    """Return which calendars a policy names."""
    return [policy.calendar, *(target.calendar for target in policy.targets.values())]


def set_policies(facts: Facts, said: Said, policies: Iterable[Policy]) -> Steps:
    """Set the policies that hold."""
    listed = tuple(policies)
    names: list[PolicyId | None] = [policy.id for policy in listed]
    for policy in listed:
        if names.count(policy.id) > 1:
            raise errors.DuplicatePolicyError(policy.id)
        for calendar_id in calendars_of(policy):
            check_calendar(facts, calendar_id)
        for level in [each for t in policy.targets.values() for each in t.escalations]:
            if level.move_to is not None:
                known_queue(facts, level.move_to)
    for queue in facts.queues.values():
        if queue.queue.sla is not None and queue.queue.sla not in names:
            raise errors.InUseError("policy", queue.queue.sla, "a queue")
    yield TIME_PASSES
    if listed != tuple(each.policy for each in facts.agreements):
        yield sla.PoliciesSet(**said.told(), policies=listed)
        yield from promise_anew(facts, facts.tickets.values(), said.at)


def promise_anew(facts: Facts, tickets: Iterable[TicketFacts], at: int) -> Steps:
    """Change the clocks of tickets to what is promised by now."""
    for ticket in list(tickets):
        yield from clocks.clocks_follow(facts, ticket, at)


# --- tickets come in, and to agents -------------------------------------------------------------


def submit(facts: Facts, said: Said, ticket: Ticket) -> Steps:
    """Take a ticket in."""
    yield from submit_many(facts, said, [ticket])


def submit_many(facts: Facts, said: Said, tickets: Iterable[Ticket]) -> Steps:
    """Take several in, one after the other, or none of them."""
    bare: dict[TicketId, Ticket] = {}
    for ticket in tickets:
        kept = evolve(ticket, attributes={})
        if ticket.id in facts.tickets:
            known = facts.tickets[ticket.id].ticket
        else:
            known = bare.setdefault(ticket.id, kept)
        if known != kept:
            raise errors.DuplicateTicketError(ticket.id)
        if ticket.id in facts.tickets:
            continue
        if ticket.arrived is not None and ticket.arrived > said.at:
            allowed = f"no later than at={said.at}"
            raise errors.InvalidValueError("Ticket.arrived", ticket.arrived, allowed)
        queue_of(facts, ticket)
    yield TIME_PASSES
    for ticket in bare.values():
        arrived = said.at if ticket.arrived is None else ticket.arrived
        told = said.told(ticket_id=ticket.id, ticket=ticket, arrived=arrived)
        yield ev.TicketSubmitted(**told, queue_id=queue_of(facts, ticket))
        yield TIME_PASSES


def queue_of(facts: Facts, ticket: Ticket) -> QueueId:
    """Return the queue that a ticket names, or the default one."""
    queue_id = ticket.queue or facts.defaults.queue
    if queue_id is None:
        raise errors.UnroutedTicketError(ticket.id)
    return known_queue(facts, queue_id).queue.id


def assign(
    facts: Facts, said: Said, ticket_id: TicketId, agent_id: AgentId, *, force: bool = False
) -> Steps:
    """Give a ticket to an agent whom a person chose."""
    ticket, cause = known_ticket(facts, ticket_id), ev.Cause.MANUAL
    yield TIME_PASSES
    check_version(ticket, said)
    known_agent(facts, agent_id)
    check_free(ticket)
    queue = queue_for(facts, ticket, agent_id)
    exceeded = pass_gate(facts, ticket, agent_id, queue, force=force)
    yield from hand_out.recall(ticket, cause, said.at)
    if ticket.state is RoutingState.PARKED:
        yield from hand_out.let_go(ticket, cause, said.at, said.by)
    yield assigned(facts, said, ticket, agent_id, queue, cause, exceeded)


def queue_for(facts: Facts, ticket: TicketFacts, agent_id: AgentId) -> QueueFacts:
    """Return through which of its queues an agent gets a ticket by hand."""
    serves = [queue for queue in ticket.queues if agent_id in queue.members]
    may = [each for each in serves if hand_out.why_not(facts, ticket, agent_id, each) is None]
    return [*may, *serves, ticket.queue][0]


def assigned(
    facts: Facts,
    said: Said,
    ticket: TicketFacts,
    agent_id: AgentId,
    queue: QueueFacts,
    cause: ev.Cause,
    exceeded: str | None = None,
) -> ev.Event:
    """Return the event by which a ticket goes to an agent whom somebody named."""
    told = said.told(cause=cause, ticket_id=ticket.id, agent_id=agent_id)
    told |= {"queue_id": queue.queue.id, "cost": cost_for(facts, ticket, agent_id)}
    return ev.TicketAssigned(**told, exceeded=exceeded)


def cost_for(facts: Facts, ticket: TicketFacts, agent_id: AgentId) -> int:
    """Return what a ticket takes of an agent's capacity."""
    ask = gate.ask_of(facts, ticket, ticket.queue)
    return gate.cost(facts.agents[agent_id].agent, ask)


def take(facts: Facts, said: Said, agent_id: AgentId, ticket_id: TicketId | None = None) -> Steps:
    """Give an agent the ticket they ask for, or the best they may have."""
    ticket = None if ticket_id is None else known_ticket(facts, ticket_id)
    yield TIME_PASSES
    if ticket is not None:
        check_version(ticket, said)
    known_agent(facts, agent_id)
    if ticket is None:
        found = best_for(facts, agent_id)
        if found is None:
            check_could_work(facts, agent_id)
            return
        ticket, queue = found
    elif ticket.state is RoutingState.ASSIGNED and ticket.agent == agent_id:
        return
    else:
        check_free(ticket)
        if ticket.state is RoutingState.PARKED:
            refuse_step(ticket, ev.TicketAssigned)
        queue = queue_for(facts, ticket, agent_id)
        pass_gate(facts, ticket, agent_id, queue)
        yield from hand_out.recall(ticket, ev.Cause.TAKEN, said.at)
    by_themselves = said._replace(by=agent_id)
    yield assigned(facts, by_themselves, ticket, agent_id, queue, ev.Cause.TAKEN)


def best_for(facts: Facts, agent_id: AgentId) -> tuple[TicketFacts, QueueFacts] | None:
    """Return the best waiting ticket that an agent may have, and through which queue."""
    firsts: list[tuple[TicketFacts, QueueFacts]] = []
    for queue in gate.serves(facts, agent_id):
        line = [t for t in choose.line(facts, queue) if t.state is RoutingState.WAITING]
        asks = [gate.ask_of(facts, ticket, queue, by_hand=True) for ticket in line]
        pairs = zip(line, asks, strict=True)
        may = [ticket for ticket, ask in pairs if gate.reason(facts, agent_id, ask) is None]
        firsts.extend((ticket, queue) for ticket in may[:1])
    return min(firsts, key=lambda found: choose.rank(*found), default=None)


def check_could_work(facts: Facts, agent_id: AgentId) -> None:
    """Refuse an agent who may get no ticket at all."""
    known, serves = facts.agents[agent_id], gate.serves(facts, agent_id)
    wraps_up = any(slot.wrap_up_until is not None for slot in gate.slots(facts, agent_id))
    full = gate.load(facts, agent_id) >= gate.capacity(facts, agent_id)
    if not serves:
        reason = "not_member"
    elif known.presence is not Presence.AVAILABLE:
        reason = str(known.presence.value)
    elif not known.on_shift:
        reason = "off_shift"
    elif any(gate.is_open(facts, agent_id, queue) for queue in serves):
        return
    elif full and wraps_up:
        reason = "wrap_up"
    elif known.cooling_until is not None:
        reason = "cooling_down"
    elif full:
        reason = "agent_limit"
    else:
        reason = "rate_limit" if gate.rate_full(facts, agent_id) else "queue_limit"
    raise errors.NotEligibleError(agent_id, None, reason)


def transfer(
    facts: Facts,
    said: Said,
    ticket_id: TicketId,
    *,
    to_queue: QueueId | None = None,
    to_agent: AgentId | None = None,
    fresh_place: bool = False,
    force: bool = False,
) -> Steps:
    """Move a ticket to a queue, to an agent, or to an agent in a queue."""
    if to_queue is None and to_agent is None:
        raise errors.InvalidValueError("to_queue or to_agent", None, "given: one of them, or both")
    ticket, cause = known_ticket(facts, ticket_id), ev.Cause.TRANSFERRED
    yield TIME_PASSES
    check_version(ticket, said)
    queue = ticket.queue if to_queue is None else known_queue(facts, to_queue)
    agent_id = None if to_agent is None else known_agent(facts, to_agent)
    check_open(ticket, said)
    arrived = said.at if fresh_place else ticket.arrived
    if agent_id is None:
        if queue is not ticket.queue or (fresh_place and ticket.state in SEARCHING):
            yield from hand_out.move(facts, ticket, queue, arrived, cause, said.at, said.by)
        return
    stays = ticket.agent == agent_id and ticket.state is RoutingState.ASSIGNED
    if stays and queue is ticket.queue:
        return
    exceeded = pass_gate(facts, ticket, agent_id, queue, force=force)
    yield from hand_out.recall(ticket, cause, said.at)
    if not stays and ticket.agent is not None:
        yield from hand_out.let_go(ticket, cause, said.at, said.by)
    if queue is not ticket.queue:
        yield hand_out.transferred(ticket, queue, arrived, cause, said.at, said.by)
    if not stays:
        if ticket.state is RoutingState.PARKED:
            yield from hand_out.let_go(ticket, cause, said.at, said.by)
        yield assigned(facts, said, ticket, agent_id, ticket.queue, cause, exceeded)


def release(facts: Facts, said: Said, ticket_id: TicketId) -> Steps:
    """Give a ticket back to its line."""
    ticket = known_ticket(facts, ticket_id)
    yield TIME_PASSES
    check_open(ticket, said)
    if ticket.state in SEARCHING:
        refuse_step(ticket, ev.TicketReleased)
    yield from hand_out.let_go(ticket, ev.Cause.RELEASED, said.at, said.by)


def accept(facts: Facts, said: Said, ticket_id: TicketId, agent_id: AgentId) -> Steps:
    """Give a ticket to an agent who was offered it."""
    ticket = known_ticket(facts, ticket_id)
    yield TIME_PASSES
    check_version(ticket, said)
    offer = open_offer(facts, ticket, agent_id)
    others = [who for who in ticket.offers if who != agent_id]
    yield from hand_out.withdraw(ticket, others, ev.Cause.ANSWERED, said.at)
    told: dict[str, Any] = {"at": said.at, "cause": ev.Cause.ACCEPTED, "by": agent_id}
    told |= {"ticket_id": ticket_id, "queue_id": offer.queue.queue.id, "agent_id": agent_id}
    told |= {"cost": offer.cost, "key": offer.event.key, "runner_up": offer.event.runner_up}
    yield ev.TicketAssigned(**told, strategy=offer.event.strategy)


def decline(
    facts: Facts, said: Said, ticket_id: TicketId, agent_id: AgentId, *, reason: str = "declined"
) -> Steps:
    """Note that an agent says no."""
    ticket = known_ticket(facts, ticket_id)
    known_agent(facts, agent_id)
    yield TIME_PASSES
    policy = open_offer(facts, ticket, agent_id).queue.queue.offer
    cool = policy.cool_down.get(reason, policy.cool_down.get("declined"))
    retry = policy.retry_declined_after
    yield ev.OfferDeclined(
        at=said.at,
        by=agent_id,
        ticket_id=ticket_id,
        agent_id=agent_id,
        reason=reason,
        retry_at=None if retry is None else said.at + retry,
        cool_until=None if cool is None else said.at + cool,
    )


def open_offer(facts: Facts, ticket: TicketFacts, agent_id: AgentId) -> OfferFacts:
    """Return an open offer, or tell what became of it."""
    known_agent(facts, agent_id)
    if agent_id in ticket.offers:
        return ticket.offers[agent_id]
    if agent_id not in ticket.asked:
        raise errors.NotOfferedError(ticket.id, agent_id)
    has = ticket.agent is not None or ticket.state is RoutingState.DONE
    raise errors.OfferGoneError(ticket.id, agent_id, ticket.last_agent if has else None)


# --- a ticket at work, its end, and what comes after ----------------------------------------------


def reply(
    facts: Facts,
    said: Said,
    ticket_id: TicketId,
    author: ev.Author,
    *,
    agent_id: AgentId | None = None,
) -> Steps:
    """Note that somebody wrote."""
    ticket = known_ticket(facts, ticket_id)
    if agent_id is not None:
        known_agent(facts, agent_id)
    yield TIME_PASSES
    was, has = ticket.state, ticket.agent
    pulled = ticket.queue.queue.delivery is Delivery.PULL and was is not RoutingState.DONE
    if (
        author is ev.Author.AGENT
        and agent_id is not None
        and pulled
        and has not in (None, agent_id)
    ):
        assert has is not None
        raise errors.AlreadyAssignedError(ticket.id, has)
    from_requester = author is ev.Author.REQUESTER
    if from_requester and was is RoutingState.DONE:
        check_reopenable(facts, ticket)
    yield ev.TicketReplied(**said.told(), ticket_id=ticket_id, author=author, agent_id=agent_id)
    if from_requester and was is RoutingState.DONE:
        yield from work_again(facts, said, ticket, ev.Cause.REPLIED)
    elif from_requester and was is RoutingState.PARKED:
        yield from go_on(facts, said, ticket, ev.Cause.REPLIED)


def hold(
    facts: Facts,
    said: Said,
    ticket_id: TicketId,
    status: ev.HoldStatus = ev.HoldStatus.PENDING,
) -> Steps:
    """Put a ticket on hold."""
    ticket = known_ticket(facts, ticket_id)
    yield TIME_PASSES
    check_open(ticket, said)
    if ticket.status.value != status.value:
        yield from hand_out.recall(ticket, COMMAND, said.at)
        yield ev.TicketHeld(**said.told(), ticket_id=ticket_id, status=status)


def resume(facts: Facts, said: Said, ticket_id: TicketId) -> Steps:
    """Take a ticket from hold."""
    ticket = known_ticket(facts, ticket_id)
    yield TIME_PASSES
    check_open(ticket, said)
    if ticket.state is not RoutingState.PARKED:
        refuse_step(ticket, ev.TicketResumed)
    yield from go_on(facts, said, ticket, COMMAND)


def go_on(facts: Facts, said: Said, ticket: TicketFacts, cause: ev.Cause) -> Steps:
    """Bring a ticket back from hold: to its agent if they may have it, else to its line."""
    agent_id, told = ticket.agent, said.told(cause=cause, ticket_id=ticket.id)
    sticky = ticket.queue.queue.resume is ResumeRule.STICKY
    if agent_id is not None and (
        sticky or hand_out.why_not(facts, ticket, agent_id, ticket.queue) in (None, "rate_limit")
    ):
        cost = cost_for(facts, ticket, agent_id)
        yield ev.TicketResumed(**told, agent_id=agent_id, cost=cost)
    else:
        yield from hand_out.let_go(ticket, ev.Cause.RESUMED, said.at, said.by)


def change_priority(
    facts: Facts, said: Said, ticket_id: TicketId, priority: TicketPriority
) -> Steps:
    """Make a ticket more or less urgent."""
    ticket = known_ticket(facts, ticket_id)
    yield TIME_PASSES
    check_open(ticket, said)
    if ticket.priority != priority:
        yield ev.TicketPriorityChanged(**said.told(), ticket_id=ticket_id, priority=priority)


def resolve(facts: Facts, said: Said, ticket_id: TicketId) -> Steps:
    """Finish a ticket."""
    ticket = known_ticket(facts, ticket_id)
    yield TIME_PASSES
    check_open(ticket, said)
    yield from hand_out.recall(ticket, COMMAND, said.at)
    wrap_up = ticket.queue.queue.wrap_up if ticket.state is RoutingState.ASSIGNED else 0
    until = said.at + wrap_up if wrap_up else None
    told = said.told(ticket_id=ticket_id, agent_id=ticket.agent)
    yield ev.TicketResolved(**told, wrap_up_until=until)


def end_wrap_up(facts: Facts, said: Said, ticket_id: TicketId) -> Steps:
    """Free a slot before its time."""
    ticket = known_ticket(facts, ticket_id)
    yield TIME_PASSES
    yield from free_wrap_up(ticket, said, COMMAND)


def free_wrap_up(ticket: TicketFacts, said: Said, cause: ev.Cause) -> Steps:
    """End a wrap-up before its time, if there is one."""
    if ticket.wrap_up_until is not None and ticket.agent is not None:
        told = said.told(cause=cause, agent_id=ticket.agent)
        yield ev.WrapUpEnded(**told, ticket_id=ticket.id)


def close(facts: Facts, said: Said, ticket_id: TicketId) -> Steps:
    """Close a resolved ticket for good."""
    ticket = known_ticket(facts, ticket_id)
    yield TIME_PASSES
    if ticket.state is not RoutingState.DONE:
        refuse_step(ticket, ev.TicketClosed)
    if ticket.status is not Status.CLOSED:
        yield ev.TicketClosed(**said.told(), ticket_id=ticket_id)


def reopen(facts: Facts, said: Said, ticket_id: TicketId) -> Steps:
    """Make a resolved ticket work again."""
    ticket = known_ticket(facts, ticket_id)
    yield TIME_PASSES
    check_version(ticket, said)
    check_reopenable(facts, ticket)
    yield from work_again(facts, said, ticket, COMMAND)


def check_reopenable(facts: Facts, ticket: TicketFacts) -> None:
    """Refuse what is not resolved, or whose queue is gone."""
    if ticket.status is not Status.RESOLVED:
        step = ev.TicketReopened.__name__
        raise errors.TransitionError(ticket.id, ticket.status.value, step)
    known_queue(facts, ticket.queue.queue.id)


def work_again(facts: Facts, said: Said, ticket: TicketFacts, cause: ev.Cause) -> Steps:
    """Make a resolved ticket work again, at once for whom it wishes for."""
    yield from free_wrap_up(ticket, said, ev.Cause.REOPENED)
    yield ev.TicketReopened(**said.told(), cause=cause, ticket_id=ticket.id)
    wish = choose.wish(facts, ticket, ticket.queue)
    if wish is not None:
        ask, choice = gate.ask_of(facts, ticket, ticket.queue), choose.Choice(wish[0])
        yield choose.hand_over(facts, ticket, ask, choice, wish[1], said.at)


def abandon(facts: Facts, said: Said, ticket_id: TicketId) -> Steps:
    """Note that the requester gave up."""
    ticket = known_ticket(facts, ticket_id)
    yield TIME_PASSES
    if ticket.agent is not None and ticket.state is not RoutingState.DONE:
        raise errors.AlreadyAssignedError(ticket_id, ticket.agent)
    check_open(ticket, said)
    yield from hand_out.recall(ticket, COMMAND, said.at)
    yield ev.TicketAbandoned(**said.told(), ticket_id=ticket_id)


def merge(facts: Facts, said: Said, ticket_id: TicketId, *, into: TicketId) -> Steps:
    """Merge a ticket into another; the one that remains keeps the earlier arrival."""
    ticket, other = known_ticket(facts, ticket_id), known_ticket(facts, into)
    if ticket is other:
        raise errors.InvalidValueError("into", into, "another ticket than the one merged")
    yield TIME_PASSES
    check_open(ticket, said)
    check_open(other, Said(said.at))
    yield from hand_out.recall(ticket, ev.Cause.MERGED, said.at)
    arrived = min(ticket.arrived, other.arrived)
    told = said.told(cause=ev.Cause.MERGED, ticket_id=ticket_id, into=into)
    yield ev.TicketMerged(**told, arrived=arrived, agent_id=ticket.agent)


def rate(facts: Facts, said: Said, ticket_id: TicketId, score: int) -> Steps:
    """Note how satisfied the requester is."""
    if not 0 <= score <= 100:
        raise errors.InvalidValueError("score", score, "from 0 to 100")
    ticket = known_ticket(facts, ticket_id)
    yield TIME_PASSES
    told = said.told(ticket_id=ticket_id, agent_id=ticket.last_agent)
    yield ev.TicketRated(**told, score=score)


def advance(_: Facts, __: Said) -> Steps:
    """Pass time, and nothing else."""
    yield TIME_PASSES


COMMANDS: dict[str, Callable[..., Steps]] = {
    each.__name__: each
    for each in (
        *(advance, change_defaults, set_calendar, remove_calendar, set_policies),
        *(add_queue, change_queue, remove_queue, add_member, change_member, remove_member),
        *(add_agent, change_agent, remove_agent, set_presence, switch_channel),
        *(submit, submit_many, assign, take, transfer, release, accept, decline),
        *(reply, hold, resume, change_priority, resolve, end_wrap_up, close, reopen),
        *(abandon, merge, rate),
    )
}


# --- the desk -----------------------------------------------------------------------------------


class ReferenceDesk:
    """A desk with the commands and the events of a ``Dispatcher``, and none of its indexes.

    Whatever a dispatcher keeps up to date, this adds up anew; whom a dispatcher finds in an index,
    this finds by looking at everybody. It shares the values and the events with the core, and no
    line that routes. What chance decides it reads off ``luck``: events that a desk with chance made
    of the same command. It does not refuse values of a wrong type, and knows neither ``preview``
    nor ``explain``. Each name in ``COMMANDS`` is a method.

    Cost: O(everything) for every question.

    >>> from ticketroute import Agent, Defaults, Queue, Ticket
    >>> desk = ReferenceDesk(Defaults())
    >>> _ = desk.add_agent(Agent(id="ana"), presence="available", at=0)
    >>> _ = desk.add_queue(Queue(id="mail", members=["ana"]), at=0)
    >>> [type(event).__name__ for event in desk.submit(Ticket(id="t1", queue="mail"), at=5)]
    ['TicketSubmitted', 'TicketAssigned']
    """

    def __init__(self, defaults: Defaults, permits: Permits | None = None) -> None:
        self.facts = Facts(defaults, permits)
        self.luck: list[ev.Event] = []
        self.told: list[ev.Event] = []
        self.handed = 0  # number of the last event before the last hand-out ended

    @property
    def now(self) -> int:
        """The last instant that the desk knows of."""
        return self.facts.now

    def __getattr__(self, name: str) -> Any:
        """Return a command as a method."""
        if name not in COMMANDS:
            raise AttributeError(name)
        return partial(self.run, COMMANDS[name])

    def next_deadline(self) -> int | None:
        """Return when time alone will change something."""
        return min((due.at for due in hand_out.due_of(self.facts)), default=None)

    def run(
        self,
        command: Callable[..., Steps],
        *values: Any,
        at: int,
        by: str | None = None,
        expected_version: int | None = None,
        **named: Any,
    ) -> tuple[ev.Event, ...]:
        """Run a command: time first, then what it does, then the hand-out, and what is due then."""
        facts, cause = self.facts, ev.Cause.TIME
        facts.luck = self.luck
        for event in command(facts, Said(at, by, expected_version), *values, **named):
            if event is not None:
                self.happen(event)
                cause = COMMAND
                continue
            if at < facts.now:
                raise errors.TimeBackwardsError(at, facts.now)
            self.settle(cause, at)
        self.settle(cause, at)
        facts.now = at
        told, self.told = tuple(self.told), []
        return told

    def settle(self, cause: ev.Cause, at: int) -> None:
        """Hand out what came loose; then do what is due by then, one instant after the other."""
        if self.facts.events != self.handed:
            self.hand_out(cause, at)
        while (due := hand_out.due_of(self.facts)) and due[0].at <= at:
            self.pass_instant(due[0].at, at)

    def pass_instant(self, now: int, until: int) -> None:
        """Do all that is due at one instant, the first first, then hand out once."""
        away: dict[AgentId, None] = {}  # agents who missed too many offers in a row
        while (due := hand_out.due_of(self.facts)[0:1]) or away:
            if away and not (due and due[0].at <= now and due[0].kind is Kind.OFFER):
                for agent_id in away:
                    self.happen_all(hand_out.give_up(self.facts, agent_id, now))
                away = {}
                continue
            if not due or due[0].at > now:
                break
            offer = hand_out.offer_of(self.facts, due[0])
            self.happen_all(hand_out.fire(self.facts, due[0], until))
            if offer is not None and hand_out.misses_too_many(self.facts, offer):
                away[offer.event.agent_id] = None
        self.hand_out(ev.Cause.TIME, now)

    def hand_out(self, cause: ev.Cause, at: int) -> None:
        """Hand out, and note that nothing has happened since."""
        self.happen_all(hand_out.hand_out(self.facts, cause, at))
        self.handed = self.facts.events

    def happen_all(self, events: Iterable[ev.Event]) -> None:
        """Apply events, each before the next is asked for."""
        for event in events:
            self.happen(event)

    def happen(self, event: ev.Event) -> None:
        """Apply an event, and what becomes of clocks after it."""
        if not self.facts.events:
            self.apply(ev.DeskOpened(at=event.at, defaults=self.facts.defaults))
        self.apply(event)
        for followed in clocks.clocks_after(self.facts, event):
            self.apply(followed)

    def apply(self, event: ev.Event) -> None:
        """Apply one event, and keep it for the answer."""
        apply(self.facts, event)
        self.told.append(event)
        self.luck = self.facts.luck = [each for each in self.luck if each != event]
