"""The commands of the reference desk: what each checks, and which events it makes.

A command yields events; an event is applied before the next one is asked for. Before a command
begins, everything due before its instant has happened. At ``HAND_OUT`` loose tickets are handed
out and everything due at this instant happens, before the command continues.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from attrs import evolve, fields

from ticketroute import commands, errors
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults, Delivery, Queue, ResumeRule
from ticketroute.model.ticket import Ticket
from ticketroute.sla import events as sla
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.policy import Escalation, Metric, Policy
from ticketroute.sla.refresh import MovedDue, changes_of, newer_facts, refreshed, same_as_written
from ticketroute.testing.reference import choose, clocks, gate, hand_out
from ticketroute.testing.reference import facts as of
from ticketroute.testing.reference.apply import apply
from ticketroute.testing.reference.facts import Ask, Facts, QueueFacts, TicketFacts
from ticketroute.testing.reference.hand_out import told

Steps = Iterator[ev.Event | None]
WAITING, OFFERED, ASSIGNED, PARKED, DONE = RoutingState
COMMAND, AWAY = ev.Cause.COMMAND, ev.Cause.AWAY
HAND_OUT = None
CHANGEABLE = ("channel", "skills", "tags", "requester", "prefer", "weight", "due")
UNKNOWN = {
    "tickets": errors.UnknownTicketError,
    "queues": errors.UnknownQueueError,
    "agents": errors.UnknownAgentError,
    "calendars": errors.UnknownCalendarError,
}
NAMES = {
    "tickets": ("ticket_id", "into"),
    "queues": ("queue_id", "move_to", "to_queue"),
    "agents": ("agent_id", "to_agent", "avoid", "assigned_to"),
}
NOT_OF_DONE = (
    *(commands.Assign, commands.Take, commands.Transfer, commands.Release, commands.Hold),
    *(commands.Resume, commands.ChangePriority, commands.ChangeTicket, commands.Resolve),
    *(commands.Abandon, commands.Merge),
)


def said(facts: Facts, kind: type[ev.Event], c: commands.Command, **more: Any) -> ev.Event:
    """Return the event that says what the command said, field by field of the same name."""
    same = {each.name: getattr(c, each.name) for each in fields(kind) if hasattr(c, each.name)}
    return kind(**{**same, "at": facts.now, "by": facts.by, **more})


# --- what refuses a command ---------------------------------------------------------------------


def check_known(facts: Facts, things: str, *names: str | None) -> None:
    """Refuse names that the desk does not know."""
    for name in names:
        if name is not None and name not in getattr(facts, things):
            raise UNKNOWN[things](name)


def check_names(facts: Facts, c: commands.Command) -> None:
    """Refuse names the desk does not know, a stale version, and a ticket that is done already."""
    ticket = facts.tickets.get(getattr(c, "ticket_id", None) or "")
    version = getattr(c, "expected_version", None)
    for things, names in NAMES.items():
        for name in names:
            check_known(facts, things, getattr(c, name, None))
            if ticket is not None and version not in (None, ticket.version):
                raise errors.ConflictError(ticket.id, version or 0, ticket.version)
    into = facts.tickets.get(getattr(c, "into", None) or "")
    for each in (ticket, into) if isinstance(c, NOT_OF_DONE) else ():
        if each is not None and each.state is DONE:
            raise errors.AlreadyDoneError(each.id)


def check_nobody_has(ticket: TicketFacts, *states: RoutingState) -> None:
    """Refuse a ticket that an agent has, in one of these states."""
    if ticket.state in states and ticket.agent is not None:
        raise errors.AlreadyAssignedError(ticket.id, ticket.agent)


def check_step(ticket: TicketFacts, step: type[ev.Event], *allowed: RoutingState | Status) -> None:
    """Raise an error unless the ticket is in one of these states."""
    if ticket.state not in allowed and ticket.status not in allowed:
        raise errors.TransitionError(ticket.id, ticket.state.value, step.__name__)


def pass_gate(
    facts: Facts, ticket: TicketFacts, who: str, queue: QueueFacts, *, force: bool = False
) -> str | None:
    """Refuse an agent who may not have it, or return which reason force overrules."""
    reason = gate.by_hand(facts, ticket, who, queue)
    if reason is not None and not force:
        raise errors.NotEligibleError(who, ticket.id, reason)
    return reason


def check_queue(facts: Facts, queue: Queue, *, overflows: bool) -> None:
    """Refuse a queue that rings without offering, or names what is not there."""
    check_known(facts, "agents", *queue.members)
    if of.rings(queue.strategy) and queue.delivery is not Delivery.OFFER:
        raise errors.InvalidValueError("delivery", queue.delivery, "Delivery.OFFER, to ring all")
    if overflows:
        check_overflow(facts, queue)
    check_known(facts, "calendars", queue.calendar)
    if queue.sla is not None and queue.sla not in [each.policy.id for each in facts.agreements]:
        raise errors.UnknownPolicyError(queue.sla)


def check_overflow(facts: Facts, queue: Queue) -> None:
    """Refuse relaxations to where nothing is, or in a circle."""
    known = {each: known.queue for each, known in facts.queues.items()} | {queue.id: queue}
    ways = {
        each: {way for step in known[each].relaxations for way in (step.add_queue, step.move_to)}
        for each in known
    }
    reached = ways[queue.id] - {None}
    check_known(facts, "queues", *(reached - {queue.id}))
    for _ in known:  # as often as there are queues, so that nothing further can be reached
        reached |= {target for here in reached & known.keys() for target in ways[here or ""]}
    if queue.id in reached:
        raise errors.OverflowCircleError((queue.id, queue.id))


def check_policies(facts: Facts, policies: Sequence[Policy]) -> None:
    """Refuse policies of one name, that name what is not there, or without one a queue needs."""
    names = [policy.id for policy in policies]
    for policy in policies:
        if names.count(policy.id) > 1:
            raise errors.DuplicatePolicyError(policy.id)
        check_known(facts, "calendars", *calendars_of(policy))
        check_known(facts, "queues", *(level.move_to for level in levels_of(policy)))
    for queue in facts.queues.values():
        if queue.queue.sla is not None and queue.queue.sla not in names:
            raise errors.InUseError("policy", queue.queue.sla, "a queue")


# --- queues, members and agents -------------------------------------------------------------------


def resolved(queue: Queue) -> Queue:
    """Return a queue with its delivery: one that rings offers, any other assigns."""
    usual = Delivery.OFFER if of.rings(queue.strategy) else Delivery.ASSIGN
    return evolve(queue, delivery=queue.delivery or usual)


def decide(facts: Facts, c: commands.Command) -> Steps:
    """Yield what a command makes: one of these knows it, and the others are silent."""
    ticket = facts.tickets.get(getattr(c, "ticket_id", None) or "")
    yield from of_queues(facts, c)
    yield from of_agents(facts, c)
    yield from of_promises(facts, c)
    yield from of_arrivals(facts, c)
    if ticket is not None:
        yield from of_hand_out(facts, c, ticket)
        yield from of_work(facts, c, ticket)


def of_queues(facts: Facts, c: commands.Command) -> Steps:  # noqa: C901  a case each
    """Decide a command about queues and their members."""
    match c:
        case commands.AddQueue():
            if c.queue.id in facts.queues:
                raise errors.DuplicateQueueError(c.queue.id)
            queue = resolved(c.queue)
            check_queue(facts, queue, overflows=True)
            yield said(facts, ev.QueueAdded, c, queue=queue)
        case commands.ChangeQueue():
            yield from change_queue(facts, c, facts.queues[c.queue_id])
        case commands.RemoveQueue():
            yield from remove_queue(facts, c, facts.queues[c.queue_id])
        case commands.AddMember():
            if c.agent_id in facts.queues[c.queue_id].members:
                raise errors.AlreadyMemberError(c.queue_id, c.agent_id)
            yield said(facts, ev.MemberAdded, c)
        case commands.ChangeMember() | commands.RemoveMember():
            members = facts.queues[c.queue_id].members
            if c.agent_id not in members:
                raise errors.NotMemberError(c.queue_id, c.agent_id)
            if isinstance(c, commands.RemoveMember):
                yield from end_membership(facts, c, facts.queues[c.queue_id], c.agent_id)
            elif c.membership != members[c.agent_id]:
                yield said(facts, ev.MemberChanged, c)


def change_queue(facts: Facts, c: commands.ChangeQueue, queue: QueueFacts) -> Steps:
    """Change how a queue works, and who serves it in which order."""
    changed = resolved(evolve(evolve(queue.queue, members={}), **c.changes))
    check_queue(facts, changed, overflows="relaxations" in c.changes)
    if "members" in c.changes:
        for who in [each for each in queue.members if each not in changed.members]:
            yield from end_membership(facts, c, queue, who)
        for who, terms in changed.members.items():
            kind = ev.MemberChanged if who in queue.members else ev.MemberAdded
            if queue.members.get(who) != terms:
                yield said(facts, kind, c, agent_id=who, membership=terms)
        if tuple(changed.members) != tuple(queue.members):
            yield said(facts, ev.MembersOrdered, c, order=tuple(changed.members))
    before, changed = evolve(queue.queue, members={}), evolve(changed, members={})
    if changed == before:
        return
    yield said(facts, ev.QueueChanged, c, queue=changed)
    mine = gate.open_tickets(facts, queue=queue)
    if (changed.calendar, changed.sla) != (before.calendar, before.sla):
        yield from clocks.clocks_follow(facts, mine)
    for ticket in mine if changed.delivery is not before.delivery else ():
        yield from hand_out.recall(facts, ticket, COMMAND)


def remove_queue(facts: Facts, c: commands.RemoveQueue, queue: QueueFacts) -> Steps:
    """Close a queue; its tickets move to another."""
    if c.queue_id == facts.defaults.queue:
        raise errors.InvalidValueError("queue_id", c.queue_id, "another than the default queue")
    if c.move_to == c.queue_id:
        raise errors.InvalidValueError("move_to", c.move_to, "another queue than the one removed")
    levels = [level for each in facts.agreements for level in levels_of(each.policy)]
    if c.queue_id in [level.move_to for level in levels]:
        raise errors.InUseError("queue", c.queue_id, "a policy")
    left = gate.open_tickets(facts, queue=queue)
    if left and c.move_to is None:
        raise errors.QueueNotEmptyError(c.queue_id, len(left))
    cause = ev.Cause.QUEUE_REMOVED
    for ticket in left:
        yield from hand_out.move(facts, ticket, facts.queues[c.move_to or ""], cause)
    for ticket in [each for each in facts.tickets.values() if queue in each.added]:
        asked = [who for who, offer in ticket.offers.items() if offer.queue is queue]
        yield from hand_out.withdraw(facts, ticket, asked, cause)
        added = [each for each in ticket.added if each is not queue]
        yield hand_out.relaxed(facts, ticket, cause, added=added)
    yield said(facts, ev.QueueRemoved, c)


def end_membership(facts: Facts, c: commands.Command, queue: QueueFacts, who: str) -> Steps:
    """Part an agent and a queue, with all that ties them."""
    theirs = [each for each in gate.open_tickets(facts, agent=who) if each.queue is queue]
    yield from hand_out.part(facts, who, ev.Cause.MEMBERSHIP_ENDED, [queue])
    for ticket in theirs:
        yield from hand_out.let_go(facts, ticket, ev.Cause.MEMBERSHIP_ENDED)
    yield said(facts, ev.MemberRemoved, c, agent_id=who)


def of_agents(facts: Facts, c: commands.Command) -> Steps:  # noqa: C901  a case each
    """Decide a command about agents, or about what holds where they say nothing."""
    match c:
        case commands.AddAgent():
            if c.agent.id in facts.agents:
                raise errors.DuplicateAgentError(c.agent.id)
            check_known(facts, "calendars", c.agent.shift)
            yield said(facts, ev.AgentAdded, c, **presence_of(c.presence, ""))
        case commands.ChangeAgent():
            before = facts.agents[c.agent_id].agent
            changed = evolve(before, **c.changes)
            check_known(facts, "calendars", changed.shift)
            if changed != before:
                yield said(facts, ev.AgentChanged, c, agent=changed)
            if changed.shift != before.shift:
                yield from hand_out.part(facts, c.agent_id, AWAY)
        case commands.RemoveAgent():
            who, cause = c.agent_id, ev.Cause.AGENT_REMOVED
            yield from hand_out.part(facts, who, cause, gate.serves(facts, who))
            for ticket in gate.open_tickets(facts, agent=who):
                yield from hand_out.let_go(facts, ticket, cause)
            for slot in sorted(gate.slots(facts, who), key=lambda slot: slot.slot or 0):
                yield ev.WrapUpEnded(**told(facts, cause, slot, agent_id=who))
            yield said(facts, ev.AgentRemoved, c)
        case commands.SetPresence():
            known, says = facts.agents[c.agent_id], presence_of(c.presence, c.reason)
            if (known.presence, known.reason) != (says["presence"], says["reason"]):
                yield said(facts, ev.PresenceChanged, c, **says)
                yield from hand_out.part(facts, c.agent_id, AWAY)
        case commands.SwitchChannel():
            if c.on == (c.channel in facts.agents[c.agent_id].off):
                yield said(facts, ev.ChannelSwitched, c)
                yield from hand_out.part(facts, c.agent_id, AWAY)
        case commands.ChangeDefaults():
            check_known(facts, "queues", c.defaults.queue)
            if c.defaults != facts.defaults:
                yield said(facts, ev.DefaultsChanged, c)


def presence_of(word: Presence | str, reason: str) -> dict[str, Any]:
    """Return what an agent says; a word that nobody knows means away, and is the reason."""
    known = Presence.of(word)
    unknown = isinstance(word, str) and word != known.value
    return {"presence": known, "reason": reason or (word if unknown else "")}


# --- calendars and policies -----------------------------------------------------------------------


def of_promises(facts: Facts, c: commands.Command) -> Steps:  # noqa: C901  a case each
    """Decide a command about calendars and policies."""
    match c:
        case commands.SetCalendar():
            known = facts.calendars.get(c.calendar_id, [])
            since = facts.now if c.effective_from is None else c.effective_from
            same = known and same_as_written(known[-1].calendar, c.calendar)
            if not (same and known[-1].since <= since):
                counting = ([each for each in known if each.since <= since] or known[:1])[-1:]
                new = c.calendar.resolved()
                old = counting[0].calendar if counting else None
                changes = None if old is None else newer_facts(old, new, since=since)
                since = since if known else 0
                yield from set_editions(facts, c, c.calendar_id, [(since, new, changes)])
        case commands.RefreshCalendars():
            since = facts.now if c.effective_from is None else c.effective_from
            for calendar_id, editions in list(facts.calendars.items()):
                counting = [each for each in editions if each.since <= since][-1:]
                newer = []
                for edition in (*counting, *(each for each in editions if each.since > since)):
                    start, new = max(since, edition.since), refreshed(edition.calendar)
                    newer.append((start, new, changes_of(edition.calendar, new, since=start)))
                if any(changes for _, _, changes in newer):
                    yield from set_editions(facts, c, calendar_id, newer)
        case commands.RemoveCalendar():
            check_known(facts, "calendars", c.calendar_id)
            used = {agent.agent.shift for agent in facts.agents.values()}
            used |= {queue.queue.calendar for queue in facts.queues.values()}
            used |= {each for agreed in facts.agreements for each in calendars_of(agreed.policy)}
            used |= {clock.calendar_id for _, clock in clocks_of(facts)}
            if c.calendar_id in used:
                raise errors.InUseError("calendar", c.calendar_id, "something")
            yield said(facts, sla.CalendarRemoved, c)
        case commands.SetPolicies():
            check_policies(facts, c.policies)
            if c.policies != tuple(each.policy for each in facts.agreements):
                yield said(facts, sla.PoliciesSet, c)
                yield from clocks.clocks_follow(facts, facts.tickets.values())


def set_editions(
    facts: Facts, c: commands.Command, calendar_id: str, editions: list[tuple[int, Calendar, Any]]
) -> Steps:
    """Set editions of a calendar; tell which dues newer releases moved, and who is off shift."""
    before = dues_in(facts, calendar_id)
    for since, calendar, changes in editions:
        new = {"calendar": calendar, "effective_from": since, "changes": changes}
        yield said(facts, sla.CalendarSet, c, calendar_id=calendar_id, **new)
    after = dues_in(facts, calendar_id)
    moved = tuple(
        MovedDue(ticket_id=ticket, metric=metric, cycle=cycle, before=due, after=then)
        for (ticket, metric, cycle), due in before.items()
        if (then := after[ticket, metric, cycle]) != due
    )
    if moved and any(changes for _, _, changes in editions):
        yield said(facts, sla.DuesMoved, c, calendar_id=calendar_id, moved=moved)
    for who, agent in facts.agents.items():
        if agent.agent.shift == calendar_id:
            yield from hand_out.part(facts, who, AWAY)


def clocks_of(facts: Facts) -> Iterator[tuple[TicketFacts, of.ClockFacts]]:
    """Yield every clock there is, with its ticket."""
    for ticket in facts.tickets.values():
        for cycles in () if ticket.book is None else ticket.book.clocks.values():
            yield from ((ticket, clock) for clock in cycles)


def dues_in(facts: Facts, calendar_id: str) -> dict[tuple[str, Metric, int], int | None]:
    """Return when each running clock of a calendar is due."""
    return {
        (ticket.id, clock.metric, clock.cycle): clocks.clock_due(facts, ticket, clock)
        for ticket, clock in clocks_of(facts)
        if clock.calendar_id == calendar_id and clock.state is clocks.RUNNING
    }


def calendars_of(policy: Policy) -> list[str | None]:
    """Return which calendars a policy names."""
    return [policy.calendar, *(target.calendar for target in policy.targets.values())]


def levels_of(policy: Policy) -> list[Escalation]:
    """Return all levels of escalation of a policy."""
    return [level for target in policy.targets.values() for level in target.escalations]


# --- tickets come in, and to agents -------------------------------------------------------------


def of_arrivals(facts: Facts, c: commands.Command) -> Steps:
    """Decide a command about tickets that come, or go for good, or which an agent is to choose."""
    match c:
        case commands.Submit() | commands.SubmitMany():
            has = c.assigned_to if isinstance(c, commands.Submit) else None
            coming = [c.ticket] if isinstance(c, commands.Submit) else c.tickets
            for ticket in check_arrivals(facts, coming):
                arrived = facts.now if ticket.arrived is None else ticket.arrived
                new = {"ticket": ticket, "queue_id": queue_of(facts, ticket), "arrived": arrived}
                yield said(facts, ev.TicketSubmitted, c, ticket_id=ticket.id, **new)
                if has is not None:
                    mine = facts.tickets[ticket.id]
                    exceeded = gate.by_hand(facts, mine, has, mine.queue)
                    yield assigned(facts, mine, has, mine.queue, ev.Cause.ADOPTED, exceeded)
                yield HAND_OUT
        case commands.Take(ticket_id=None):
            facts.by = facts.by or c.agent_id
            found = best_for(facts, c.agent_id)
            if found is not None:
                yield assigned(facts, found[0], c.agent_id, found[1], ev.Cause.TAKEN)
            else:
                check_could_work(facts, c.agent_id)
        case commands.Forget():
            gone = of.forgettable(facts, c.before)
            if gone:
                yield said(facts, ev.TicketsForgotten, c, count=len(gone))


def check_arrivals(facts: Facts, tickets: Iterable[Ticket]) -> list[Ticket]:
    """Return those that are new, each once; refuse all if one of them cannot come in."""
    new: dict[str, Ticket] = {}
    for ticket in tickets:
        bare, known = evolve(ticket, attributes={}), facts.tickets.get(ticket.id)
        if bare != (new.setdefault(ticket.id, bare) if known is None else known.ticket):
            raise errors.DuplicateTicketError(ticket.id)
        if known is None and (ticket.arrived or 0) > facts.now:
            allowed = f"no later than at={facts.now}"
            raise errors.InvalidValueError("Ticket.arrived", ticket.arrived, allowed)
        if known is None:
            queue_of(facts, ticket)
    return [*new.values()]


def queue_of(facts: Facts, ticket: Ticket) -> str:
    """Return the queue that a ticket names, or the default one."""
    queue_id = ticket.queue or facts.defaults.queue
    if queue_id is None:
        raise errors.UnroutedTicketError(ticket.id)
    check_known(facts, "queues", queue_id)
    return queue_id


def assigned(
    facts: Facts,
    ticket: TicketFacts,
    who: str,
    queue: QueueFacts,
    cause: ev.Cause,
    exceeded: str | None = None,
) -> ev.Event:
    """Return the event by which a ticket goes to an agent whom somebody named."""
    cost = gate.cost(facts, who, gate.ask_of(facts, ticket, ticket.queue))
    agent = told(facts, cause, ticket, by=facts.by, agent_id=who, cost=cost, exceeded=exceeded)
    return ev.TicketAssigned(**agent, queue_id=queue.queue.id)


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
    reasons = {
        "not_member": not queues,
        str(known.presence.value): known.presence is not Presence.AVAILABLE,
        "off_shift": not known.on_shift,
        "": any(gate.is_open(facts, who, queue) for queue in queues),
        "wrap_up": full and any(slot.wrap_up_until is not None for slot in mine),
        "cooling_down": of.Kind.COOL_DOWN in known.dues,
        "agent_limit": full,
        "rate_limit": gate.rate_full(facts, who),
        "queue_limit": True,
    }
    reason = next(reason for reason, holds in reasons.items() if holds)
    if reason:
        raise errors.NotEligibleError(who, None, reason)


def of_hand_out(  # noqa: C901  one case for each command
    facts: Facts, c: commands.Command, ticket: TicketFacts
) -> Steps:
    """Decide a command by which a person gives, takes, answers or gives back a ticket."""
    match c:
        case commands.Assign():
            yield from give_by_hand(facts, ticket, c.agent_id, ev.Cause.MANUAL, force=c.force)
        case commands.Take():
            facts.by = facts.by or c.agent_id
            if (ticket.state, ticket.agent) != (ASSIGNED, c.agent_id):
                yield from give_by_hand(facts, ticket, c.agent_id, ev.Cause.TAKEN)
        case commands.Transfer():
            queue = ticket.queue if c.to_queue is None else facts.queues[c.to_queue]
            moves = queue is not ticket.queue or (c.fresh_place and ticket.state in of.SEARCHING)
            if c.to_agent is not None:
                yield from transfer_to(facts, c, ticket, c.to_agent, queue)
            elif moves:
                cause = ev.Cause.TRANSFERRED
                yield from hand_out.move(facts, ticket, queue, cause, fresh=c.fresh_place)
        case commands.Release():
            check_step(ticket, ev.TicketReleased, ASSIGNED, PARKED)
            retry, cause = ticket.queue.queue.offer.retry_declined_after, ev.Cause.RELEASED
            retry_at = None if c.avoid is None or retry is None else facts.now + retry
            of_agent = {"agent_id": ticket.agent, "avoided": c.avoid, "retry_at": retry_at}
            yield said(facts, ev.TicketReleased, c, cause=cause, **of_agent)
            if c.hold is not None:
                yield said(facts, ev.TicketHeld, c, cause=cause, status=c.hold)
        case commands.Accept():
            offer, facts.by = open_offer(ticket, c.agent_id), facts.by or c.agent_id
            others = [who for who in ticket.offers if who != c.agent_id]
            yield from hand_out.withdraw(facts, ticket, others, ev.Cause.ANSWERED)
            names = ("queue_id", "cost", "key", "runner_up", "strategy")
            same = {name: getattr(offer.event, name) for name in names}
            yield said(facts, ev.TicketAssigned, c, cause=ev.Cause.ACCEPTED, **same)
        case commands.Decline():
            offer, facts.by = open_offer(ticket, c.agent_id), facts.by or c.agent_id
            policy = offer.queue.queue.offer
            spans = {
                "retry_at": policy.retry_declined_after,
                "cool_until": policy.cool_down.get(c.reason, policy.cool_down.get("declined")),
            }
            ends = {name: facts.now + span for name, span in spans.items() if span is not None}
            yield said(facts, ev.OfferDeclined, c, **ends)


def give_by_hand(
    facts: Facts, ticket: TicketFacts, who: str, cause: ev.Cause, *, force: bool = False
) -> Steps:
    """Give an agent a ticket that nobody works, through the first of its queues that lets them."""
    check_nobody_has(ticket, ASSIGNED)
    if cause is ev.Cause.TAKEN and ticket.agent is not None:
        check_step(ticket, ev.TicketAssigned, WAITING, OFFERED)
    serves = [queue for queue in ticket.queues if who in queue.members]
    may = [each for each in serves if gate.by_hand(facts, ticket, who, each) is None]
    queue = [*may, *serves, ticket.queue][0]
    exceeded = pass_gate(facts, ticket, who, queue, force=force)
    yield from hand_out.recall(facts, ticket, cause)
    if ticket.state is PARKED:
        yield from hand_out.let_go(facts, ticket, cause)
    yield assigned(facts, ticket, who, queue, cause, exceeded)


def transfer_to(
    facts: Facts, c: commands.Transfer, ticket: TicketFacts, who: str, queue: QueueFacts
) -> Steps:
    """Move a ticket to an agent, in its queue or in another."""
    stays, moves = ticket.agent == who and ticket.state is ASSIGNED, queue is not ticket.queue
    cause = ev.Cause.TRANSFERRED
    if stays and not moves:
        return
    exceeded = pass_gate(facts, ticket, who, queue, force=c.force)
    yield from hand_out.recall(facts, ticket, cause)
    if not stays and ticket.agent is not None:
        yield from hand_out.let_go(facts, ticket, cause)
    if moves:
        yield hand_out.transferred(facts, ticket, queue, cause, fresh=c.fresh_place)
    if not stays and ticket.state is PARKED:
        yield from hand_out.let_go(facts, ticket, cause)
    if not stays:
        yield assigned(facts, ticket, who, ticket.queue, cause, exceeded)


def open_offer(ticket: TicketFacts, who: str) -> of.OfferFacts:
    """Return an open offer, or tell what became of it."""
    if who in ticket.offers:
        return ticket.offers[who]
    if who not in ticket.asked:
        raise errors.NotOfferedError(ticket.id, who)
    has = ticket.agent is not None or ticket.state is DONE
    raise errors.OfferGoneError(ticket.id, who, ticket.last_agent if has else None)


# --- a ticket at work, its end, and what comes after ----------------------------------------------


def of_work(  # noqa: C901  one case for each command
    facts: Facts, c: commands.Command, ticket: TicketFacts
) -> Steps:
    """Decide a command about the work on a ticket and its end."""
    match c:
        case commands.Reply():
            yield from reply(facts, c, ticket)
        case commands.Hold():
            if ticket.status.value != c.status.value:
                yield from hand_out.recall(facts, ticket, COMMAND)
                yield said(facts, ev.TicketHeld, c)
        case commands.Resume():
            check_step(ticket, ev.TicketResumed, PARKED)
            yield from go_on(facts, ticket, COMMAND)
        case commands.ChangePriority():
            if ticket.priority != c.priority:
                yield said(facts, ev.TicketPriorityChanged, c)
        case commands.ChangeTicket():
            yield from change_ticket(facts, c, ticket)
        case commands.Resolve():
            yield from hand_out.recall(facts, ticket, COMMAND)
            wrap_up = ticket.queue.queue.wrap_up if ticket.state is ASSIGNED else 0
            until = facts.now + wrap_up if wrap_up else None
            yield said(facts, ev.TicketResolved, c, agent_id=ticket.agent, wrap_up_until=until)
        case commands.EndWrapUp():
            yield from free_wrap_up(facts, ticket, COMMAND)
        case commands.Close():
            check_step(ticket, ev.TicketClosed, DONE)
            if ticket.status is not Status.CLOSED:
                yield said(facts, ev.TicketClosed, c)
        case commands.Reopen():
            check_reopenable(facts, ticket)
            yield from work_again(facts, ticket, COMMAND)
        case commands.Abandon():
            check_nobody_has(ticket, ASSIGNED, PARKED)
            yield from hand_out.recall(facts, ticket, COMMAND)
            yield said(facts, ev.TicketAbandoned, c)
        case commands.Merge():
            other, cause = facts.tickets[c.into], ev.Cause.MERGED
            yield from hand_out.recall(facts, ticket, cause)
            kept = {"arrived": min(ticket.arrived, other.arrived), "agent_id": ticket.agent}
            yield said(facts, ev.TicketMerged, c, cause=cause, **kept)
        case commands.Rate():
            yield said(facts, ev.TicketRated, c, agent_id=ticket.last_agent)


def reply(facts: Facts, c: commands.Reply, ticket: TicketFacts) -> Steps:
    """Note that somebody wrote."""
    was, from_requester = ticket.state, c.author is ev.Author.REQUESTER
    another = c.author is ev.Author.AGENT and c.agent_id not in (None, ticket.agent)
    if another and ticket.queue.queue.delivery is Delivery.PULL:
        check_nobody_has(ticket, WAITING, OFFERED, ASSIGNED, PARKED)
    if from_requester and was is DONE:
        check_reopenable(facts, ticket)
    yield said(facts, ev.TicketReplied, c)
    if from_requester and was is DONE:
        yield from work_again(facts, ticket, ev.Cause.REPLIED)
    elif from_requester and was is PARKED:
        yield from go_on(facts, ticket, ev.Cause.REPLIED)


def go_on(facts: Facts, ticket: TicketFacts, cause: ev.Cause) -> Steps:
    """Bring a ticket back from hold: to its agent if they may have it, else to its line."""
    who, queue = ticket.agent, ticket.queue
    why = "no_agent" if who is None else gate.by_hand(facts, ticket, who, queue)
    sticks = queue.queue.resume is ResumeRule.STICKY or why in (None, "rate_limit")
    if who is None or not sticks:
        yield from hand_out.let_go(facts, ticket, ev.Cause.RESUMED)
        return
    cost = gate.cost(facts, who, gate.ask_of(facts, ticket, queue))
    yield ev.TicketResumed(**told(facts, cause, ticket, by=facts.by, agent_id=who, cost=cost))


def change_ticket(facts: Facts, c: commands.ChangeTicket, ticket: TicketFacts) -> Steps:
    """Change what a ticket asks; offers that were made on other terms end."""
    new, who = evolve(ticket.ticket, **c.changes), ticket.agent
    listed = [name for name in CHANGEABLE if getattr(new, name) != getattr(ticket.ticket, name)]
    if not listed:
        return
    if {"channel", "skills", "weight"} & set(listed):
        yield from hand_out.recall(facts, ticket, COMMAND)
    ask = Ask(ticket.queue, new.channel, new.weight, {}, None)
    cost = None if who is None else gate.cost(facts, who, ask)
    yield said(facts, ev.TicketChanged, c, ticket=new, changed=tuple(listed), cost=cost)
    leaves = c.release and who is not None and ticket.state is ASSIGNED
    if leaves and gate.by_hand(facts, ticket, who or "", ticket.queue) is not None:
        yield from hand_out.let_go(facts, ticket, ev.Cause.RELEASED)


def free_wrap_up(facts: Facts, ticket: TicketFacts, cause: ev.Cause) -> Steps:
    """End a wrap-up before its time, if there is one."""
    if ticket.wrap_up_until is not None:
        yield ev.WrapUpEnded(**told(facts, cause, ticket, by=facts.by, agent_id=ticket.agent))


def check_reopenable(facts: Facts, ticket: TicketFacts) -> None:
    """Refuse what is not resolved, or whose queue is gone."""
    check_step(ticket, ev.TicketReopened, Status.RESOLVED)
    check_known(facts, "queues", ticket.queue.queue.id)


def work_again(facts: Facts, ticket: TicketFacts, cause: ev.Cause) -> Steps:
    """Make a resolved ticket work again, at once for whom it wishes for."""
    yield from free_wrap_up(facts, ticket, ev.Cause.REOPENED)
    yield ev.TicketReopened(**told(facts, cause, ticket, by=facts.by))
    for who, why in list(choose.wished(facts, ticket, ticket.queue).items())[:1]:
        ask = gate.ask_of(facts, ticket, ticket.queue)
        yield choose.hand_over(facts, ticket, ask, choose.Choice(who), why)


# --- the desk -----------------------------------------------------------------------------------


class ReferenceDesk:
    """A desk with the commands and the events of a ``Dispatcher``, and none of its indexes.

    Whatever a dispatcher keeps up to date, this adds up anew; whom a dispatcher finds in an index,
    this finds by looking at everybody. It shares the values and the events with the core, and no
    line that routes. What chance decides it reads off ``luck``: events that a desk with chance made
    of the same command. It knows neither ``preview`` nor ``explain``. The name of each command is
    a method.

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
        kind = getattr(commands, name.title().replace("_", ""), None)
        if isinstance(kind, type) and issubclass(kind, commands.Command):
            return partial(self.call, kind)
        raise AttributeError(name)

    def call(
        self, kind: Any, *values: Any, at: int, by: str | None = None, **named: Any
    ) -> tuple[ev.Event, ...]:
        """Do a command that is given as a method; names that are not its own are changes."""
        own = {each.name for each in fields(kind)}
        told = {name: value for name, value in named.items() if name in own}
        if "changes" in own:
            told["changes"] = {name: named[name] for name in named if name not in own}
        return self.do(kind(*values, **told), at=at, by=by)

    def next_deadline(self) -> int | None:
        """Return when time alone will change something."""
        return min((due.at for due in hand_out.due_of(self.facts)), default=None)

    def do(self, c: commands.Command, *, at: int, by: str | None = None) -> tuple[ev.Event, ...]:
        """Do a command: time first, then what it does, then the hand-out, and what is due then."""
        facts = self.facts
        if at < facts.now:
            raise errors.TimeBackwardsError(at, facts.now)
        facts.luck = self.luck
        self.settle(ev.Cause.TIME, at)
        passed, facts.now, facts.by = facts.now, at, by
        try:
            check_names(facts, c)
            for event in decide(facts, c):
                if event is not None:
                    self.happen([event])
                else:
                    self.settle(COMMAND, at)
                    facts.by = by
        except Exception:
            facts.now = passed  # to where time has done something
            raise
        self.settle(COMMAND, at)
        facts.now = at
        told, self.told = tuple(self.told), []
        return told

    def settle(self, cause: ev.Cause, at: int) -> None:
        """Hand out what came loose; then do what is due by then, one instant after the other."""
        facts, self.facts.by = self.facts, None
        self.hand_out(cause)
        while (due := hand_out.due_of(facts)) and due[0].at <= at:
            facts.now = due[0].at
            while (due := hand_out.due_of(facts)) and due[0].at <= facts.now:
                self.happen(hand_out.fire(facts, due[0], at))
            self.hand_out(ev.Cause.TIME)

    def hand_out(self, cause: ev.Cause) -> None:
        """Hand out, unless nothing has happened since the last time."""
        if self.facts.events != self.handed:
            self.happen(hand_out.hand_out(self.facts, cause))
            self.handed = self.facts.events

    def happen(self, events: Iterable[ev.Event]) -> None:
        """Apply events and what becomes of clocks after each, before the next is asked for."""
        for event in events:
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
