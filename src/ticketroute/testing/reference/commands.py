"""The commands of the reference desk: what each checks, and which events it makes.

Each yields events; an event is applied before the command yields the next one. Before a command
begins, everything due before its instant has happened. At ``HAND_OUT`` loose tickets are handed
out and everything due at this instant happens, before the command continues.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial, wraps
from typing import Any, NamedTuple

from attrs import evolve, fields

from ticketroute import errors
from ticketroute.commands import Command
from ticketroute.model import events as ev
from ticketroute.model.agent import Agent, Membership, Presence
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults, Delivery, Queue, ResumeRule
from ticketroute.model.ticket import Ticket, TicketPriority
from ticketroute.sla import events as sla
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.policy import Metric, Policy
from ticketroute.sla.refresh import MovedDue, changes_of, newer_facts, refreshed, same_as_written
from ticketroute.testing.reference import choose, clocks, gate, hand_out
from ticketroute.testing.reference import facts as of
from ticketroute.testing.reference.apply import apply
from ticketroute.testing.reference.facts import Ask, Facts, Kind, QueueFacts, TicketFacts

Steps = Iterator[ev.Event | None]
WAITING, OFFERED, ASSIGNED, PARKED, DONE = RoutingState
COMMAND = ev.Cause.COMMAND
HAND_OUT = None
PLAIN = Membership()
CHANGEABLE = ("channel", "skills", "tags", "requester", "prefer", "weight", "due")
COMMANDS: dict[str, Callable[..., Steps]] = {}


class Said(NamedTuple):
    """When a command is given, by whom, and about which version of a ticket."""

    at: int
    by: str | None = None
    expected_version: int | None = None

    def told(self, **more: Any) -> dict[str, Any]:
        """Return what the events of the command say of it, and more."""
        return {"at": self.at, "by": self.by} | more


def command(decide: Callable[..., Steps]) -> Callable[..., Steps]:
    """Register a command under its name."""
    COMMANDS[decide.__name__] = decide
    return decide


def about_a_ticket(decide: Callable[..., Steps]) -> Callable[..., Steps]:
    """Register a command about a ticket; a stale version is refused before anything else."""

    @command
    @wraps(decide)
    def run(facts: Facts, said: Said, ticket_id: str, *values: Any, **named: Any) -> Steps:
        ticket = known_ticket(facts, ticket_id)
        if said.expected_version not in (None, ticket.version):
            raise errors.ConflictError(ticket.id, said.expected_version or 0, ticket.version)
        yield from decide(facts, said, ticket, *values, **named)

    return run


# --- what refuses a command ---------------------------------------------------------------------


def known_agent(facts: Facts, who: str) -> str:
    """Return an agent of the desk."""
    if who not in facts.agents:
        raise errors.UnknownAgentError(who)
    return who


def known_queue(facts: Facts, queue_id: str) -> QueueFacts:
    """Return a queue of the desk."""
    if queue_id not in facts.queues:
        raise errors.UnknownQueueError(queue_id)
    return facts.queues[queue_id]


def known_ticket(facts: Facts, ticket_id: str) -> TicketFacts:
    """Return a ticket of the desk."""
    if ticket_id not in facts.tickets:
        raise errors.UnknownTicketError(ticket_id)
    return facts.tickets[ticket_id]


def served(facts: Facts, queue_id: str, who: str) -> QueueFacts:
    """Return a queue, of which the agent has to be a member."""
    queue = known_queue(facts, queue_id)
    if known_agent(facts, who) not in queue.members:
        raise errors.NotMemberError(queue_id, who)
    return queue


def check_not_done(ticket: TicketFacts) -> None:
    """Refuse a ticket that is done."""
    if ticket.state is DONE:
        raise errors.AlreadyDoneError(ticket.id)


def check_nobody_has(ticket: TicketFacts, *states: RoutingState) -> None:
    """Refuse a ticket that an agent has, in one of these states."""
    if ticket.state in states and ticket.agent is not None:
        raise errors.AlreadyAssignedError(ticket.id, ticket.agent)


def check_step(ticket: TicketFacts, step: type[ev.Event], *states: RoutingState) -> None:
    """Raise an error unless the ticket is in one of these states."""
    if ticket.state not in states:
        raise errors.TransitionError(ticket.id, ticket.state.value, step.__name__)


def pass_gate(
    facts: Facts, ticket: TicketFacts, who: str, queue: QueueFacts, *, force: bool = False
) -> str | None:
    """Refuse an agent who may not have it, or return which reason force overrules."""
    reason = gate.by_hand(facts, ticket, who, queue)
    if reason is not None and not force:
        raise errors.NotEligibleError(who, ticket.id, reason)
    return reason


def check_calendar(facts: Facts, calendar_id: str | None) -> None:
    """Refuse a calendar that nobody knows."""
    if calendar_id is not None and calendar_id not in facts.calendars:
        raise errors.UnknownCalendarError(calendar_id)


def check_queue(facts: Facts, queue: Queue, *, overflows: bool) -> None:
    """Refuse a queue that rings without offering, or names what is not there."""
    for who in queue.members:
        known_agent(facts, who)
    if of.rings(queue.strategy) and queue.delivery is not Delivery.OFFER:
        raise errors.InvalidValueError("delivery", queue.delivery, "Delivery.OFFER, to ring all")
    if overflows:
        check_overflow(facts, queue)
    check_calendar(facts, queue.calendar)
    if queue.sla is not None and queue.sla not in [each.policy.id for each in facts.agreements]:
        raise errors.UnknownPolicyError(queue.sla)


def check_overflow(facts: Facts, queue: Queue) -> None:
    """Refuse relaxations to where nothing is, or in a circle."""
    queues = {**{each: known.queue for each, known in facts.queues.items()}, queue.id: queue}
    steps = {each: [*known.relaxations] for each, known in queues.items()}
    ways = {
        each: {w for s in on for w in (s.add_queue, s.move_to) if w} for each, on in steps.items()
    }
    for target in sorted(ways[queue.id] - ways.keys()):
        raise errors.UnknownQueueError(target)
    reached = set(ways[queue.id])
    for _ in ways:  # as often as there are queues, so that nothing further can be reached
        reached |= {target for here in reached for target in ways.get(here, ())}
    if queue.id in reached:
        raise errors.OverflowCircleError((queue.id, queue.id))


# --- queues -------------------------------------------------------------------------------------


def resolved(queue: Queue) -> Queue:
    """Return a queue with its delivery: one that rings offers, any other assigns."""
    usual = Delivery.OFFER if of.rings(queue.strategy) else Delivery.ASSIGN
    return evolve(queue, delivery=queue.delivery or usual)


@command
def add_queue(facts: Facts, said: Said, queue: Queue) -> Steps:
    """Open a queue."""
    if queue.id in facts.queues:
        raise errors.DuplicateQueueError(queue.id)
    queue = resolved(queue)
    check_queue(facts, queue, overflows=True)
    yield ev.QueueAdded(**said.told(queue=queue))


@command
def change_queue(facts: Facts, said: Said, queue_id: str, **changes: Any) -> Steps:
    """Change how a queue works."""
    queue = known_queue(facts, queue_id)
    changed = resolved(evolve(evolve(queue.queue, members={}), **changes))
    check_queue(facts, changed, overflows="relaxations" in changes)
    if "members" in changes:
        yield from replace_members(facts, said, queue, changed.members)
    before, changed = evolve(queue.queue, members={}), evolve(changed, members={})
    if changed == before:
        return
    yield ev.QueueChanged(**said.told(queue=changed))
    mine = gate.open_tickets(each for each in facts.tickets.values() if each.queue is queue)
    if (changed.calendar, changed.sla) != (before.calendar, before.sla):
        yield from promise_anew(facts, mine)
    for ticket in mine if changed.delivery is not before.delivery else ():
        yield from hand_out.recall(facts, ticket, COMMAND)


def replace_members(
    facts: Facts, said: Said, queue: QueueFacts, members: Mapping[str, Membership]
) -> Steps:
    """Make exactly these serve a queue, in this order."""
    for who in [each for each in queue.members if each not in members]:
        yield from end_membership(facts, said, queue, who)
    told = said.told(queue_id=queue.queue.id)
    for who, terms in members.items():
        kind = ev.MemberChanged if who in queue.members else ev.MemberAdded
        if queue.members.get(who) != terms:
            yield kind(**told, agent_id=who, membership=terms)
    if tuple(members) != tuple(queue.members):
        yield ev.MembersOrdered(**told, order=tuple(members))


@command
def remove_queue(facts: Facts, said: Said, queue_id: str, *, move_to: str | None = None) -> Steps:
    """Close a queue; its tickets move to another."""
    queue = known_queue(facts, queue_id)
    target = None if move_to is None else known_queue(facts, move_to)
    if queue_id == facts.defaults.queue:
        raise errors.InvalidValueError("queue_id", queue_id, "another than the default queue")
    if target is queue:
        raise errors.InvalidValueError("move_to", move_to, "another queue than the one removed")
    targets = [each for agreed in facts.agreements for each in agreed.policy.targets.values()]
    if queue_id in [level.move_to for each in targets for level in each.escalations]:
        raise errors.InUseError("queue", queue_id, "a policy")
    left = gate.open_tickets(each for each in facts.tickets.values() if each.queue is queue)
    for ticket in left:
        if target is None:
            raise errors.QueueNotEmptyError(queue_id, len(left))
        yield from hand_out.move(facts, ticket, target, ev.Cause.QUEUE_REMOVED, said.by)
    for ticket in [each for each in facts.tickets.values() if queue in each.added]:
        asked = [who for who, offer in ticket.offers.items() if offer.queue is queue]
        yield from hand_out.withdraw(facts, ticket, asked, ev.Cause.QUEUE_REMOVED)
        same = (ticket.relaxed, ticket.skills, ticket.reach, ticket.priority)
        added = [each for each in ticket.added if each is not queue]
        yield hand_out.relaxed(facts, ticket, ev.Cause.QUEUE_REMOVED, *same, added)
    yield ev.QueueRemoved(**said.told(queue_id=queue_id))


@command
def add_member(
    facts: Facts, said: Said, queue_id: str, agent_id: str, membership: Membership = PLAIN
) -> Steps:
    """Add an agent to those who serve a queue."""
    queue = known_queue(facts, queue_id)
    if known_agent(facts, agent_id) in queue.members:
        raise errors.AlreadyMemberError(queue_id, agent_id)
    of_member = {"queue_id": queue_id, "agent_id": agent_id}
    yield ev.MemberAdded(**said.told(**of_member, membership=membership))


@command
def change_member(
    facts: Facts, said: Said, queue_id: str, agent_id: str, membership: Membership
) -> Steps:
    """Change the terms of a membership."""
    queue = served(facts, queue_id, agent_id)
    if membership != queue.members[agent_id]:
        of_member = {"queue_id": queue_id, "agent_id": agent_id}
        yield ev.MemberChanged(**said.told(**of_member, membership=membership))


@command
def remove_member(facts: Facts, said: Said, queue_id: str, agent_id: str) -> Steps:
    """End a membership."""
    queue = served(facts, queue_id, agent_id)
    yield from end_membership(facts, said, queue, agent_id)


def end_membership(facts: Facts, said: Said, queue: QueueFacts, who: str) -> Steps:
    """Part an agent and a queue, with all that ties them."""
    theirs = [each for each in gate.held_by(facts, who) if each.queue is queue]
    yield from hand_out.part(facts, who, ev.Cause.MEMBERSHIP_ENDED, [queue])
    for ticket in theirs:
        yield from hand_out.let_go(facts, ticket, ev.Cause.MEMBERSHIP_ENDED, said.by)
    yield ev.MemberRemoved(**said.told(queue_id=queue.queue.id, agent_id=who))


# --- agents, defaults, agreements ---------------------------------------------------------------


@command
def change_defaults(facts: Facts, said: Said, defaults: Defaults) -> Steps:
    """Change the defaults."""
    if defaults.queue is not None:
        known_queue(facts, defaults.queue)
    if defaults != facts.defaults:
        yield ev.DefaultsChanged(**said.told(defaults=defaults))


@command
def add_agent(
    facts: Facts, said: Said, agent: Agent, *, presence: Presence | str = Presence.OFFLINE
) -> Steps:
    """Take in an agent."""
    if agent.id in facts.agents:
        raise errors.DuplicateAgentError(agent.id)
    check_calendar(facts, agent.shift)
    known, reason = said_of(presence, "")
    yield ev.AgentAdded(**said.told(agent=agent, presence=known, reason=reason))


def said_of(presence: Presence | str, reason: str) -> tuple[Presence, str]:
    """Return what an agent says; a word that nobody knows means away, and is the reason."""
    known = Presence.of(presence)
    if isinstance(presence, str) and presence != known.value and not reason:
        reason = presence
    return known, reason


@command
def change_agent(facts: Facts, said: Said, agent_id: str, **changes: Any) -> Steps:
    """Change the facts of an agent."""
    before = facts.agents[known_agent(facts, agent_id)].agent
    changed = evolve(before, **changes)
    check_calendar(facts, changed.shift)
    if changed != before:
        yield ev.AgentChanged(**said.told(agent=changed))
    if changed.shift != before.shift:
        yield from hand_out.part(facts, agent_id, ev.Cause.AWAY)


@command
def remove_agent(facts: Facts, said: Said, agent_id: str) -> Steps:
    """Remove an agent for good."""
    known_agent(facts, agent_id)
    cause = ev.Cause.AGENT_REMOVED
    yield from hand_out.part(facts, agent_id, cause, gate.serves(facts, agent_id))
    for ticket in gate.held_by(facts, agent_id):
        yield from hand_out.let_go(facts, ticket, cause, said.by)
    for slot in sorted(gate.slots(facts, agent_id), key=lambda slot: slot.slot or 0):
        yield ev.WrapUpEnded(**hand_out.told(facts, cause, slot, agent_id=agent_id))
    yield ev.AgentRemoved(**said.told(agent_id=agent_id))


@command
def set_presence(
    facts: Facts, said: Said, agent_id: str, presence: Presence | str, *, reason: str = ""
) -> Steps:
    """Note what an agent says of themselves."""
    known = facts.agents[known_agent(facts, agent_id)]
    says, reason = said_of(presence, reason)
    if (known.presence, known.reason) != (says, reason):
        yield ev.PresenceChanged(**said.told(agent_id=agent_id, presence=says, reason=reason))
        yield from hand_out.part(facts, agent_id, ev.Cause.AWAY)


@command
def switch_channel(facts: Facts, said: Said, agent_id: str, channel: str, *, on: bool) -> Steps:
    """Turn a channel on or off."""
    known = facts.agents[known_agent(facts, agent_id)]
    if on == (channel in known.off):
        yield ev.ChannelSwitched(**said.told(agent_id=agent_id, channel=channel, on=on))
        yield from hand_out.part(facts, agent_id, ev.Cause.AWAY)


@command
def set_calendar(
    facts: Facts,
    said: Said,
    calendar_id: str,
    calendar: Calendar,
    *,
    effective_from: int | None = None,
) -> Steps:
    """Set a calendar that counts from an instant on."""
    since, known = effective_from, facts.calendars.get(calendar_id, [])
    since = said.at if since is None else since
    same = known and same_as_written(known[-1].calendar, calendar)
    if same and known[-1].since <= since:
        return
    told, before = said.told(calendar_id=calendar_id), dues_in(facts, calendar_id)
    counting = ([each for each in known if each.since <= since] or known[:1])[-1:]
    new = calendar.resolved()
    changes = newer_facts(counting[0].calendar, new, since=since) if counting else None
    yield sla.CalendarSet(
        **told, calendar=new, effective_from=since if known else 0, changes=changes
    )
    if changes:
        yield from _moved(facts, told, before)
    for who, agent in facts.agents.items():
        if agent.agent.shift == calendar_id:
            yield from hand_out.part(facts, who, ev.Cause.AWAY)


def _moved(facts: Facts, told: Any, before: Any) -> Steps:
    """Tell which open clocks of the calendar are due at another instant than before."""
    after = dues_in(facts, told["calendar_id"])
    moved = tuple(
        MovedDue(ticket_id=ticket, metric=metric, cycle=cycle, before=due, after=then)
        for (ticket, metric, cycle), due in before.items()
        if (then := after[ticket, metric, cycle]) != due
    )
    if moved:
        yield sla.DuesMoved(**told, moved=moved)


@command
def refresh_calendars(facts: Facts, said: Said, *, effective_from: int | None = None) -> Steps:
    """Take the dates and zones of the installed releases."""
    since = said.at if effective_from is None else effective_from
    for calendar_id, editions in list(facts.calendars.items()):
        counting = [each for each in editions if each.since <= since][-1:]
        newer = [
            (max(since, each.since), each.calendar, refreshed(each.calendar))
            for each in (*counting, *(each for each in editions if each.since > since))
        ]
        changes = [changes_of(old, new, since=start) for start, old, new in newer]
        if not any(changes):
            continue
        told, before = said.told(calendar_id=calendar_id), dues_in(facts, calendar_id)
        for (start, _, new), differs in zip(newer, changes, strict=True):
            yield sla.CalendarSet(**told, calendar=new, effective_from=start, changes=differs)
        yield from _moved(facts, told, before)
        for who, agent in facts.agents.items():
            if agent.agent.shift == calendar_id:
                yield from hand_out.part(facts, who, ev.Cause.AWAY)


def dues_in(facts: Facts, calendar_id: str) -> dict[tuple[str, Metric, int], int | None]:
    """Return when each running clock of a calendar is due."""
    return {
        (ticket.id, clock.metric, clock.cycle): clocks.clock_due(facts, ticket, clock)
        for ticket in facts.tickets.values()
        if ticket.book is not None
        for cycles in ticket.book.clocks.values()
        for clock in cycles
        if clock.calendar_id == calendar_id and clock.state is clocks.RUNNING
    }


@command
def remove_calendar(facts: Facts, said: Said, calendar_id: str) -> Steps:
    """Remove a calendar that nothing uses."""
    check_calendar(facts, calendar_id)
    books = [each.book for each in facts.tickets.values() if each.book is not None]
    used = {agent.agent.shift for agent in facts.agents.values()}
    used |= {queue.queue.calendar for queue in facts.queues.values()}
    used |= {each for agreed in facts.agreements for each in calendars_of(agreed.policy)}
    used |= {each.calendar_id for book in books for of in book.clocks.values() for each in of}
    if calendar_id in used:
        raise errors.InUseError("calendar", calendar_id, "something")
    yield sla.CalendarRemoved(**said.told(calendar_id=calendar_id))


def calendars_of(policy: Policy) -> list[str | None]:
    """Return which calendars a policy names."""
    return [policy.calendar, *(target.calendar for target in policy.targets.values())]


@command
def set_policies(facts: Facts, said: Said, policies: Iterable[Policy]) -> Steps:
    """Set the policies that hold."""
    listed = tuple(policies)
    names = [policy.id for policy in listed]
    for policy in listed:
        if names.count(policy.id) > 1:
            raise errors.DuplicatePolicyError(policy.id)
        for calendar_id in calendars_of(policy):
            check_calendar(facts, calendar_id)
        for level in [each for target in policy.targets.values() for each in target.escalations]:
            if level.move_to is not None:
                known_queue(facts, level.move_to)
    for queue in facts.queues.values():
        if queue.queue.sla is not None and queue.queue.sla not in names:
            raise errors.InUseError("policy", queue.queue.sla, "a queue")
    if listed != tuple(each.policy for each in facts.agreements):
        yield sla.PoliciesSet(**said.told(policies=listed))
        yield from promise_anew(facts, facts.tickets.values())


def promise_anew(facts: Facts, tickets: Iterable[TicketFacts]) -> Steps:
    """Change the clocks of tickets to what is promised by now."""
    for ticket in list(tickets):
        yield from clocks.clocks_follow(facts, ticket)


# --- tickets come in, and to agents -------------------------------------------------------------


@command
def submit(facts: Facts, said: Said, ticket: Ticket, assigned_to: str | None = None) -> Steps:
    """Take a ticket in, with the agent who has it if it has one."""
    if assigned_to is None:
        yield from submit_many(facts, said, [ticket])
        return
    known_agent(facts, assigned_to)
    is_new = ticket.id not in facts.tickets
    coming_in = submit_many(facts, said, [ticket])
    if is_new:
        yield next(coming_in)
        record = facts.tickets[ticket.id]
        exceeded = gate.by_hand(facts, record, assigned_to, record.queue)
        cause = ev.Cause.ADOPTED
        yield assigned(facts, said, record, assigned_to, record.queue, cause, exceeded)
    yield from coming_in


@command
def submit_many(facts: Facts, said: Said, tickets: Iterable[Ticket]) -> Steps:
    """Take several in, one after the other, or none of them."""
    new: dict[str, Ticket] = {}
    for ticket in tickets:
        bare, known = evolve(ticket, attributes={}), facts.tickets.get(ticket.id)
        if bare != (new.setdefault(ticket.id, bare) if known is None else known.ticket):
            raise errors.DuplicateTicketError(ticket.id)
        if known is None and ticket.arrived is not None and ticket.arrived > said.at:
            allowed = f"no later than at={said.at}"
            raise errors.InvalidValueError("Ticket.arrived", ticket.arrived, allowed)
        if known is None:
            queue_of(facts, ticket)
    for ticket in new.values():
        arrived = said.at if ticket.arrived is None else ticket.arrived
        told = said.told(ticket_id=ticket.id, ticket=ticket, arrived=arrived)
        yield ev.TicketSubmitted(**told, queue_id=queue_of(facts, ticket))
        yield HAND_OUT


def queue_of(facts: Facts, ticket: Ticket) -> str:
    """Return the queue that a ticket names, or the default one."""
    queue_id = ticket.queue or facts.defaults.queue
    if queue_id is None:
        raise errors.UnroutedTicketError(ticket.id)
    return known_queue(facts, queue_id).queue.id


@about_a_ticket
def assign(
    facts: Facts, said: Said, ticket: TicketFacts, agent_id: str, *, force: bool = False
) -> Steps:
    """Give a ticket to an agent whom a person chose."""
    known_agent(facts, agent_id)
    check_nobody_has(ticket, ASSIGNED)
    check_not_done(ticket)
    queue = queue_for(facts, ticket, agent_id)
    exceeded = pass_gate(facts, ticket, agent_id, queue, force=force)
    yield from hand_out.recall(facts, ticket, ev.Cause.MANUAL)
    if ticket.state is PARKED:
        yield from hand_out.let_go(facts, ticket, ev.Cause.MANUAL, said.by)
    yield assigned(facts, said, ticket, agent_id, queue, ev.Cause.MANUAL, exceeded)


def queue_for(facts: Facts, ticket: TicketFacts, who: str) -> QueueFacts:
    """Return through which of its queues an agent gets a ticket by hand."""
    serves = [queue for queue in ticket.queues if who in queue.members]
    may = [each for each in serves if gate.by_hand(facts, ticket, who, each) is None]
    return [*may, *serves, ticket.queue][0]


def assigned(
    facts: Facts,
    said: Said,
    ticket: TicketFacts,
    who: str,
    queue: QueueFacts,
    cause: ev.Cause,
    exceeded: str | None = None,
) -> ev.Event:
    """Return the event by which a ticket goes to an agent whom somebody named."""
    cost = gate.cost(facts, who, gate.ask_of(facts, ticket, ticket.queue))
    told = said.told(cause=cause, ticket_id=ticket.id, agent_id=who, cost=cost)
    return ev.TicketAssigned(**told, queue_id=queue.queue.id, exceeded=exceeded)


@command
def take(facts: Facts, said: Said, ticket_id: str | None, agent_id: str) -> Steps:
    """Give an agent the ticket they ask for, or the best they may have."""
    said = said._replace(by=said.by or agent_id)
    if ticket_id is not None:
        yield from take_this(facts, said, ticket_id, agent_id)
        return
    found = best_for(facts, known_agent(facts, agent_id))
    if found is not None:
        yield assigned(facts, said, found[0], agent_id, found[1], ev.Cause.TAKEN)
    else:
        check_could_work(facts, agent_id)


@about_a_ticket
def take_this(facts: Facts, said: Said, ticket: TicketFacts, agent_id: str) -> Steps:
    """Give an agent the ticket they ask for."""
    known_agent(facts, agent_id)
    if ticket.state is ASSIGNED and ticket.agent == agent_id:
        return
    check_nobody_has(ticket, ASSIGNED)
    check_not_done(ticket)
    rests = ticket.state is PARKED and ticket.agent is None
    if not rests:
        check_step(ticket, ev.TicketAssigned, WAITING, OFFERED)
    queue = queue_for(facts, ticket, agent_id)
    pass_gate(facts, ticket, agent_id, queue)
    yield from hand_out.recall(facts, ticket, ev.Cause.TAKEN)
    if rests:
        yield from hand_out.let_go(facts, ticket, ev.Cause.TAKEN, said.by)
    yield assigned(facts, said, ticket, agent_id, queue, ev.Cause.TAKEN)


def best_for(facts: Facts, who: str) -> tuple[TicketFacts, QueueFacts] | None:
    """Return the best waiting ticket that an agent may have, and through which queue."""
    firsts: list[tuple[TicketFacts, QueueFacts]] = []
    for queue in gate.serves(facts, who):
        for ticket in [t for t in choose.line(facts, queue) if t.state is WAITING]:
            ask = gate.ask_of(facts, ticket, queue, by_hand=True)
            if gate.reason(facts, who, ask) is None:
                firsts.append((ticket, queue))
                break
    return min(firsts, key=lambda found: choose.rank(*found), default=None)


def check_could_work(facts: Facts, who: str) -> None:
    """Refuse an agent who may get no ticket at all."""
    known, queues, mine = facts.agents[who], gate.serves(facts, who), gate.slots(facts, who)
    full = gate.load(facts, who) >= gate.capacity(facts, who)
    away = known.presence is not Presence.AVAILABLE
    reasons = {
        "not_member": not queues,
        str(known.presence.value): away,
        "off_shift": not known.on_shift,
        "": any(gate.is_open(facts, who, queue) for queue in queues),
        "wrap_up": full and any(slot.wrap_up_until is not None for slot in mine),
        "cooling_down": known.cooling_until is not None,
        "agent_limit": full,
        "rate_limit": gate.rate_full(facts, who),
        "queue_limit": True,
    }
    reason = next(reason for reason, holds in reasons.items() if holds)
    if reason:
        raise errors.NotEligibleError(who, None, reason)


@about_a_ticket
def transfer(
    facts: Facts,
    said: Said,
    ticket: TicketFacts,
    to_queue: str | None = None,
    to_agent: str | None = None,
    *,
    fresh_place: bool = False,
    force: bool = False,
) -> Steps:
    """Move a ticket to a queue, to an agent, or to an agent in a queue."""
    queue = ticket.queue if to_queue is None else known_queue(facts, to_queue)
    if to_agent is not None:
        known_agent(facts, to_agent)
    check_not_done(ticket)
    arrived, cause = said.at if fresh_place else ticket.arrived, ev.Cause.TRANSFERRED
    if to_agent is None:
        if queue is not ticket.queue or (fresh_place and ticket.state in of.SEARCHING):
            yield from hand_out.move(facts, ticket, queue, cause, said.by, arrived)
        return
    stays = ticket.agent == to_agent and ticket.state is ASSIGNED
    if stays and queue is ticket.queue:
        return
    exceeded = pass_gate(facts, ticket, to_agent, queue, force=force)
    yield from hand_out.recall(facts, ticket, cause)
    if not stays and ticket.agent is not None:
        yield from hand_out.let_go(facts, ticket, cause, said.by)
    if queue is not ticket.queue:
        yield hand_out.transferred(facts, ticket, queue, cause, said.by, arrived)
    if not stays:
        if ticket.state is PARKED:
            yield from hand_out.let_go(facts, ticket, cause, said.by)
        yield assigned(facts, said, ticket, to_agent, ticket.queue, cause, exceeded)


@about_a_ticket
def release(
    facts: Facts,
    said: Said,
    ticket: TicketFacts,
    *,
    avoid: str | None = None,
    hold: ev.HoldStatus | None = None,
) -> Steps:
    """Give a ticket back to its line, or let it rest without an agent."""
    if avoid is not None:
        known_agent(facts, avoid)
    check_not_done(ticket)
    check_step(ticket, ev.TicketReleased, ASSIGNED, PARKED)
    told = said.told(cause=ev.Cause.RELEASED, ticket_id=ticket.id)
    retry = ticket.queue.queue.offer.retry_declined_after
    retry_at = None if avoid is None or retry is None else said.at + retry
    yield ev.TicketReleased(**told, agent_id=ticket.agent, avoided=avoid, retry_at=retry_at)
    if hold is not None:
        yield ev.TicketHeld(**told, status=hold)


@about_a_ticket
def accept(facts: Facts, said: Said, ticket: TicketFacts, agent_id: str) -> Steps:
    """Give a ticket to an agent who was offered it."""
    offer = open_offer(facts, ticket, agent_id)
    others = [who for who in ticket.offers if who != agent_id]
    yield from hand_out.withdraw(facts, ticket, others, ev.Cause.ANSWERED)
    names = ("queue_id", "agent_id", "cost", "key", "runner_up", "strategy")
    same = {name: getattr(offer.event, name) for name in names}
    by = said.by or agent_id
    yield ev.TicketAssigned(**hand_out.told(facts, ev.Cause.ACCEPTED, ticket, by=by, **same))


@about_a_ticket
def decline(
    facts: Facts, said: Said, ticket: TicketFacts, agent_id: str, reason: str = "declined"
) -> Steps:
    """Note that an agent says no."""
    policy = open_offer(facts, ticket, agent_id).queue.queue.offer
    cool = policy.cool_down.get(reason, policy.cool_down.get("declined"))
    retry = policy.retry_declined_after
    yield ev.OfferDeclined(
        **said.told(by=said.by or agent_id, ticket_id=ticket.id, agent_id=agent_id, reason=reason),
        retry_at=None if retry is None else said.at + retry,
        cool_until=None if cool is None else said.at + cool,
    )


def open_offer(facts: Facts, ticket: TicketFacts, who: str) -> of.OfferFacts:
    """Return an open offer, or tell what became of it."""
    if known_agent(facts, who) in ticket.offers:
        return ticket.offers[who]
    if who not in ticket.asked:
        raise errors.NotOfferedError(ticket.id, who)
    has = ticket.agent is not None or ticket.state is DONE
    raise errors.OfferGoneError(ticket.id, who, ticket.last_agent if has else None)


# --- a ticket at work, its end, and what comes after ----------------------------------------------


@about_a_ticket
def reply(
    facts: Facts,
    said: Said,
    ticket: TicketFacts,
    author: ev.Author,
    agent_id: str | None = None,
) -> Steps:
    """Note that somebody wrote."""
    if agent_id is not None:
        known_agent(facts, agent_id)
    was, from_requester = ticket.state, author is ev.Author.REQUESTER
    another = author is ev.Author.AGENT and agent_id not in (None, ticket.agent)
    if another and ticket.queue.queue.delivery is Delivery.PULL:
        check_nobody_has(ticket, WAITING, OFFERED, ASSIGNED, PARKED)
    if from_requester and was is DONE:
        check_reopenable(facts, ticket)
    yield ev.TicketReplied(**said.told(ticket_id=ticket.id, author=author, agent_id=agent_id))
    if from_requester and was is DONE:
        yield from work_again(facts, said, ticket, ev.Cause.REPLIED)
    elif from_requester and was is PARKED:
        yield from go_on(facts, said, ticket, ev.Cause.REPLIED)


@about_a_ticket
def hold(
    facts: Facts,
    said: Said,
    ticket: TicketFacts,
    status: ev.HoldStatus = ev.HoldStatus.PENDING,
) -> Steps:
    """Put a ticket on hold."""
    check_not_done(ticket)
    if ticket.status.value != status.value:
        yield from hand_out.recall(facts, ticket, COMMAND)
        yield ev.TicketHeld(**said.told(ticket_id=ticket.id, status=status))


@about_a_ticket
def resume(facts: Facts, said: Said, ticket: TicketFacts) -> Steps:
    """Take a ticket from hold."""
    check_not_done(ticket)
    check_step(ticket, ev.TicketResumed, PARKED)
    yield from go_on(facts, said, ticket, COMMAND)


def go_on(facts: Facts, said: Said, ticket: TicketFacts, cause: ev.Cause) -> Steps:
    """Bring a ticket back from hold: to its agent if they may have it, else to its line."""
    who, queue = ticket.agent, ticket.queue
    why = "no_agent" if who is None else gate.by_hand(facts, ticket, who, queue)
    sticks = queue.queue.resume is ResumeRule.STICKY or why in (None, "rate_limit")
    if who is None or not sticks:
        yield from hand_out.let_go(facts, ticket, ev.Cause.RESUMED, said.by)
        return
    cost = gate.cost(facts, who, gate.ask_of(facts, ticket, queue))
    yield ev.TicketResumed(
        **hand_out.told(facts, cause, ticket, by=said.by, agent_id=who, cost=cost)
    )


@about_a_ticket
def change_priority(_: Facts, said: Said, ticket: TicketFacts, priority: TicketPriority) -> Steps:
    """Make a ticket more or less urgent."""
    check_not_done(ticket)
    if ticket.priority != priority:
        yield ev.TicketPriorityChanged(**said.told(ticket_id=ticket.id, priority=priority))


@about_a_ticket
def change_ticket(
    facts: Facts, said: Said, ticket: TicketFacts, *, release: bool = False, **changes: Any
) -> Steps:
    """Change what a ticket asks; offers that were made on other terms end."""
    check_not_done(ticket)
    new, who = evolve(ticket.ticket, **changes), ticket.agent
    listed = [name for name in CHANGEABLE if getattr(new, name) != getattr(ticket.ticket, name)]
    if not listed:
        return
    if {"channel", "skills", "weight"} & set(listed):
        yield from hand_out.recall(facts, ticket, COMMAND)
    ask = Ask(ticket.queue, new.channel, new.weight, {}, None)
    cost = None if who is None else gate.cost(facts, who, ask)
    told = said.told(ticket_id=ticket.id, ticket=new, changed=tuple(listed))
    yield ev.TicketChanged(**told, cost=cost)
    leaves = release and who is not None and ticket.state is ASSIGNED
    if leaves and gate.by_hand(facts, ticket, who or "", ticket.queue) is not None:
        yield from hand_out.let_go(facts, ticket, ev.Cause.RELEASED, said.by)


@about_a_ticket
def resolve(facts: Facts, said: Said, ticket: TicketFacts) -> Steps:
    """Finish a ticket."""
    check_not_done(ticket)
    yield from hand_out.recall(facts, ticket, COMMAND)
    wrap_up = ticket.queue.queue.wrap_up if ticket.state is ASSIGNED else 0
    told = said.told(ticket_id=ticket.id, agent_id=ticket.agent)
    yield ev.TicketResolved(**told, wrap_up_until=said.at + wrap_up if wrap_up else None)


@about_a_ticket
def end_wrap_up(_: Facts, said: Said, ticket: TicketFacts) -> Steps:
    """Free a slot before its time."""
    yield from free_wrap_up(ticket, said, COMMAND)


def free_wrap_up(ticket: TicketFacts, said: Said, cause: ev.Cause) -> Steps:
    """End a wrap-up before its time, if there is one."""
    if ticket.wrap_up_until is not None and ticket.agent is not None:
        told = said.told(cause=cause, ticket_id=ticket.id)
        yield ev.WrapUpEnded(**told, agent_id=ticket.agent)


@about_a_ticket
def close(_: Facts, said: Said, ticket: TicketFacts) -> Steps:
    """Close a resolved ticket for good."""
    check_step(ticket, ev.TicketClosed, DONE)
    if ticket.status is not Status.CLOSED:
        yield ev.TicketClosed(**said.told(ticket_id=ticket.id))


@about_a_ticket
def reopen(facts: Facts, said: Said, ticket: TicketFacts) -> Steps:
    """Make a resolved ticket work again."""
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
    yield ev.TicketReopened(**said.told(cause=cause, ticket_id=ticket.id))
    for who, why in list(choose.wished(facts, ticket, ticket.queue).items())[:1]:
        ask = gate.ask_of(facts, ticket, ticket.queue)
        yield choose.hand_over(facts, ticket, ask, choose.Choice(who), why)


@about_a_ticket
def abandon(facts: Facts, said: Said, ticket: TicketFacts) -> Steps:
    """Note that the requester gave up."""
    check_nobody_has(ticket, ASSIGNED, PARKED)
    check_not_done(ticket)
    yield from hand_out.recall(facts, ticket, COMMAND)
    yield ev.TicketAbandoned(**said.told(ticket_id=ticket.id))


@about_a_ticket
def merge(facts: Facts, said: Said, ticket: TicketFacts, into: str) -> Steps:
    """Merge a ticket into another; the one that remains keeps the earlier arrival."""
    other = known_ticket(facts, into)
    check_not_done(ticket)
    check_not_done(other)
    yield from hand_out.recall(facts, ticket, ev.Cause.MERGED)
    told = said.told(cause=ev.Cause.MERGED, ticket_id=ticket.id, into=other.id)
    arrived = min(ticket.arrived, other.arrived)
    yield ev.TicketMerged(**told, arrived=arrived, agent_id=ticket.agent)


@about_a_ticket
def rate(_: Facts, said: Said, ticket: TicketFacts, score: int) -> Steps:
    """Note how satisfied the requester is."""
    yield ev.TicketRated(**said.told(ticket_id=ticket.id, agent_id=ticket.last_agent, score=score))


@command
def forget(facts: Facts, said: Said, before: int) -> Steps:
    """Drop the tickets that were done before an instant."""
    gone = of.forgettable(facts, before)
    if gone:
        yield ev.TicketsForgotten(**said.told(before=before, count=len(gone)))


@command
def advance(_: Facts, __: Said) -> Steps:
    """Pass time, and nothing else."""
    yield from ()


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
        self.handed = 0  # number of the last event when the last hand-out ended

    @property
    def now(self) -> int:
        """The last instant that the desk knows of."""
        return self.facts.now

    def __getattr__(self, name: str) -> Any:
        """Return a command as a method."""
        if name not in COMMANDS:
            raise AttributeError(name)
        return partial(self.run, COMMANDS[name])

    def do(self, command: Command, *, at: int, by: str | None = None) -> tuple[ev.Event, ...]:
        """Do a command that was made as a value."""
        taken = {field.name: getattr(command, field.name) for field in fields(type(command))}
        taken |= taken.pop("changes", {})
        name = re.sub(r"(?<=.)(?=[A-Z])", "_", type(command).__name__).lower()
        return self.run(COMMANDS[name], **taken, at=at, by=by)

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
        facts = self.facts
        if at < facts.now:
            raise errors.TimeBackwardsError(at, facts.now)
        facts.luck = self.luck
        self.settle(ev.Cause.TIME, at)
        passed, facts.now = facts.now, at
        try:
            for event in command(facts, Said(at, by, expected_version), *values, **named):
                if event is not None:
                    self.happen(event)
                else:
                    self.settle(COMMAND, at)
        except Exception:
            facts.now = passed  # to where time has done something
            raise
        self.settle(COMMAND, at)
        facts.now = at
        told, self.told = tuple(self.told), []
        return told

    def settle(self, cause: ev.Cause, at: int) -> None:
        """Hand out what came loose; then do what is due by then, one instant after the other."""
        self.hand_out(cause)
        while (due := hand_out.due_of(self.facts)) and due[0].at <= at:
            self.pass_instant(due[0].at, at)

    def pass_instant(self, now: int, until: int) -> None:
        """Do all that is due at one instant, the first first, then hand out once."""
        away: dict[str, None] = {}  # agents who missed too many offers in a row
        facts = self.facts
        facts.now = now
        while (due := [each for each in hand_out.due_of(facts)[:1] if each.at <= now]) or away:
            if away and not (due and due[0].kind is Kind.OFFER):
                for who in away:
                    self.happen_all(hand_out.give_up(facts, who))
                away = {}
                continue
            first = due[0]
            offer = (
                facts.tickets[first.subject].offers[first.detail]
                if first.kind is Kind.OFFER
                else None
            )
            self.happen_all(hand_out.fire(facts, first, until))
            if offer is not None and hand_out.missed_too_many(facts, first.detail, offer.queue):
                away[first.detail] = None
        self.hand_out(ev.Cause.TIME)

    def hand_out(self, cause: ev.Cause) -> None:
        """Hand out, unless nothing has happened since the last time."""
        if self.facts.events != self.handed:
            self.happen_all(hand_out.hand_out(self.facts, cause))
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
