"""Intents: what a person or the host wants to do, relative to the state of the desk then.

"Resolve the third assigned ticket" is valid on any desk, also after Hypothesis has left out half
of what came before. That is why histories made of intents shrink well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count, islice
from typing import Any

from attrs import evolve, frozen

from ticketroute import commands
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model.agent import Agent, Membership, Presence
from ticketroute.model.ids import AgentId, CalendarId, QueueId, TicketId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Queue
from ticketroute.model.ticket import Ticket
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.policy import Policy
from ticketroute.testing import values
from ticketroute.testing.calls import Call, call
from ticketroute.testing.promised import moving_within

WAITING, OFFERED, ASSIGNED, PARKED, DONE = RoutingState
NOBODY = 30  # the pick that means an unknown id
NO_QUEUE = 29  # the pick of an arriving ticket that names no queue

Step = int | str  # milliseconds to pass, or "before" or "deadline" for the next deadline


class Sight:
    """A view of a desk from which intents pick agents, queues and tickets."""

    def __init__(self, desk: Dispatcher) -> None:
        self.desk = desk

    def at(self, step: Step) -> int:
        """Return the instant that is one step later."""
        if isinstance(step, int):
            return self.desk.now + step
        deadline = self.desk.next_deadline()
        if deadline is None:
            return self.desk.now
        return max(self.desk.now, deadline - (step == "before"))

    def ticket(self, pick: int, *states: RoutingState) -> TicketId:
        """Return a ticket, in one of the states if there is one, or an unknown id."""
        every = list(self.desk.tickets())
        known = [t.id for t in every if t.state in states] or [t.id for t in every]
        return TicketId("nobody's") if pick == NOBODY or not known else known[pick % len(known)]

    def agent(self, pick: int, *, but: str | None = None) -> AgentId:
        """Return an agent, if possible another than ``but``, or an unknown id."""
        every = [agent.id for agent in self.desk.agents()]
        known = [each for each in every if each != but] or every
        return AgentId("nobody") if pick == NOBODY or not known else known[pick % len(known)]

    def queue(self, pick: int, *, but: str | None = None) -> QueueId:
        """Return a queue, if possible another than ``but``, or an unknown id."""
        every = [queue.id for queue in self.desk.queues()]
        known = [each for each in every if each != but] or every
        return QueueId("nowhere") if pick == NOBODY or not known else known[pick % len(known)]

    def asked(self, ticket_id: TicketId, pick: int, *, anybody: bool) -> AgentId:
        """Return an agent with an open offer of a ticket, or any agent."""
        asked = [t.offered_to for t in self.desk.tickets() if t.id == ticket_id]
        if anybody or not asked or not asked[0]:
            return self.agent(pick)
        return asked[0][pick % len(asked[0])]

    def asks(self) -> bool:
        """Return whether any offer is open."""
        return any(ticket.offered_to for ticket in self.desk.tickets())

    def members(self, queue_id: QueueId) -> Mapping[AgentId, Membership]:
        """Return the members of a queue; none if the queue does not exist."""
        return next((queue.members for queue in self.desk.queues() if queue.id == queue_id), {})

    def version(self, ticket_id: TicketId, stale: int | None) -> dict[str, Any]:
        """Return the expected version of a decision that is ``stale`` versions behind."""
        versions = [t.version for t in self.desk.tickets() if t.id == ticket_id]
        return {} if stale is None or not versions else {"expected_version": versions[0] - stale}

    def new_ticket(self, facts: Mapping[str, Any], pick: int, at: int, number: int = 0) -> Ticket:
        """Return a ticket with the first free number as its id, after skipping ``number`` others.

        It may be the id of a ticket that was forgotten.
        """
        arrived = facts.get("arrived")
        facts = {**facts, "arrived": None if arrived is None else min(at, arrived)}
        queue = None if pick == NO_QUEUE else self.queue(pick)
        known = {ticket.id for ticket in self.desk.tickets()}
        free = (name for name in map(values.ticket_id, count()) if name not in known)
        return Ticket(id=next(islice(free, number, None)), queue=queue, **facts)


Calls = Iterator[Call]
_VERBS: dict[str, Callable[..., Calls]] = {}


def _verb(calls: Callable[..., Calls]) -> Callable[..., Calls]:
    _VERBS[calls.__name__.strip("_")] = calls
    return calls


@frozen
class Intent:
    """An intent: when to do what, and with which of the possible agents, queues and tickets."""

    verb: str
    step: Step
    facts: Mapping[str, Any]

    def calls(self, desk: Dispatcher) -> Calls:
        """Yield the commands of this intent on a desk; give each before taking the next."""
        sight = Sight(desk)
        yield from _VERBS[self.verb](sight, sight.at(self.step), **self.facts)


# --- agents and queues --------------------------------------------------------------------------


@_verb
def _add_agent(sight: Sight, at: int, who: AgentId, facts: dict[str, Any], serves: bool) -> Calls:
    presence = Presence.AVAILABLE if serves else Presence.OFFLINE
    queues = [queue.id for queue in sight.desk.queues()]
    yield call(commands.AddAgent, Agent(id=who, **facts), presence=presence, at=at)
    for queue_id in queues if serves else ():
        yield call(commands.AddMember, queue_id, who, at=at)


@_verb
def _change_agent(sight: Sight, at: int, pick: int, facts: dict[str, Any]) -> Calls:
    yield call(commands.ChangeAgent, sight.agent(pick), {**facts}, at=at)


@_verb
def _remove_agent(sight: Sight, at: int, pick: int) -> Calls:
    yield call(commands.RemoveAgent, sight.agent(pick), at=at)


@_verb
def _add_queue(
    sight: Sight,
    at: int,
    queue_id: QueueId,
    facts: dict[str, Any],
    members: list[AgentId],
    terms: Membership,
) -> Calls:
    known = {agent.id for agent in sight.desk.agents()}
    queue = Queue(id=queue_id, members={who: terms for who in members if who in known}, **facts)
    yield call(commands.AddQueue, queue, at=at)


@_verb
def _change_queue(sight: Sight, at: int, pick: int, facts: dict[str, Any]) -> Calls:
    yield call(commands.ChangeQueue, sight.queue(pick), {**facts}, at=at)


@_verb
def _change_members(
    sight: Sight, at: int, pick: int, members: list[AgentId], terms: Membership
) -> Calls:
    queue_id = sight.queue(pick)
    old = sight.members(queue_id)
    new = {who: old.get(who, terms) for who in members}
    yield call(commands.ChangeQueue, queue_id, {"members": new}, at=at)


@_verb
def _remove_queue(sight: Sight, at: int, pick: int, to_pick: int | None) -> Calls:
    move_to = None if to_pick is None else sight.queue(to_pick)
    yield call(commands.RemoveQueue, sight.queue(pick), move_to=move_to, at=at)


@_verb
def _membership(sight: Sight, at: int, pick: int, who: int, terms: Membership, ends: bool) -> Calls:
    queue_id, agent_id = sight.queue(pick), sight.agent(who)
    if agent_id not in sight.members(queue_id):
        yield call(commands.AddMember, queue_id, agent_id, terms, at=at)
    elif ends:
        yield call(commands.RemoveMember, queue_id, agent_id, at=at)
    else:
        yield call(commands.ChangeMember, queue_id, agent_id, terms, at=at)


@_verb
def _set_presence(sight: Sight, at: int, pick: int, presence: str) -> Calls:
    yield call(commands.SetPresence, sight.agent(pick), presence, at=at)


@_verb
def _switch_channel(sight: Sight, at: int, pick: int, channel: str, on: bool) -> Calls:
    yield call(commands.SwitchChannel, sight.agent(pick), channel, on=on, at=at)


@_verb
def _change_defaults(_: Sight, at: int, new: object) -> Calls:
    yield call(commands.ChangeDefaults, new, at=at)


# --- service levels -----------------------------------------------------------------------------


@_verb
def _set_calendar(
    _: Sight, at: int, calendar_id: CalendarId, calendar: Calendar, since: int | None
) -> Calls:
    facts: dict[str, Any] = {} if since is None else {"effective_from": max(0, at + since)}
    yield call(commands.SetCalendar, calendar_id, calendar, **facts, at=at)


@_verb
def _refresh_calendars(_: Sight, at: int, since: int | None) -> Calls:
    facts: dict[str, Any] = {} if since is None else {"effective_from": max(0, at + since)}
    yield call(commands.RefreshCalendars, **facts, at=at)


@_verb
def _remove_calendar(_: Sight, at: int, calendar_id: CalendarId) -> Calls:
    yield call(commands.RemoveCalendar, calendar_id, at=at)


@_verb
def _set_policies(sight: Sight, at: int, several: tuple[Policy, ...]) -> Calls:
    """Set policies whose levels move tickets to queues that mostly exist."""
    known = {queue.id for queue in sight.desk.queues()}
    yield call(commands.SetPolicies, tuple(moving_within(each, known) for each in several), at=at)


# --- arrivals -----------------------------------------------------------------------------------


@_verb
def _submit(sight: Sight, at: int, pick: int, facts: dict[str, Any], by: str | None) -> Calls:
    yield call(commands.Submit, sight.new_ticket(facts, pick, at), at=at, by=by)


@_verb
def _adopt(sight: Sight, at: int, pick: int, who: int, facts: dict[str, Any]) -> Calls:
    """Submit a ticket that an agent has already; at times it is one that the desk knows."""
    ticket = sight.new_ticket(facts, pick, at)
    if pick % 7 == 0:
        known = {each.id: each.ticket for each in sight.desk.tickets()}
        ticket = known.get(sight.ticket(pick), ticket)
    yield call(commands.Submit, ticket, assigned_to=sight.agent(who), at=at)


@_verb
def _submit_many(sight: Sight, at: int, several: list[tuple[int, dict[str, Any]]]) -> Calls:
    batch = [
        sight.new_ticket(facts, pick % NO_QUEUE, at, number)
        for number, (pick, facts) in enumerate(several)
    ]
    yield call(commands.SubmitMany, batch, at=at)


@_verb
def _submit_again(sight: Sight, at: int, pick: int, facts: dict[str, Any], at_front: bool) -> Calls:
    """Submit the same ticket, which gives no event, or another with its id, which is refused."""
    known = next((t.ticket for t in sight.desk.tickets() if t.id == sight.ticket(pick % 30)), None)
    if known is None:
        return
    other = sight.new_ticket(facts, 0, at)
    false = evolve(known, tags={"another"})
    yield call(commands.Submit, known, at=at)
    batch = [false, other] if at_front else [other, known, other, false]
    yield call(commands.SubmitMany, batch, at=at)


# --- decisions by hand --------------------------------------------------------------------------


@_verb
def _assign(sight: Sight, at: int, pick: int, who: int, force: bool, stale: int | None) -> Calls:
    ticket_id = sight.ticket(pick, WAITING, PARKED)
    facts = {"force": force, "at": at, **sight.version(ticket_id, stale)}
    yield call(commands.Assign, ticket_id, sight.agent(who), **facts)


@_verb
def _take(sight: Sight, at: int, who: int, pick: int, anything: bool) -> Calls:
    ticket_id = sight.ticket(pick) if anything else sight.ticket(pick, WAITING)
    yield call(commands.Take, ticket_id, sight.agent(who), at=at)


@_verb
def _take_next(sight: Sight, at: int, who: int) -> Calls:
    yield call(commands.Take, None, sight.agent(who), at=at)


@_verb
def _transfer(
    sight: Sight,
    at: int,
    pick: int,
    queue_pick: int | None,
    agent_pick: int | None,
    fresh: bool,
    force: bool,
    stale: int | None,
) -> Calls:
    ticket_id = sight.ticket(pick, WAITING, PARKED, ASSIGNED)
    now_at = [(t.queue_id, t.agent_id) for t in sight.desk.tickets() if t.id == ticket_id]
    queue_id, agent_id = now_at[0] if now_at else (None, None)
    yield call(
        commands.Transfer,
        ticket_id,
        to_queue=None if queue_pick is None else sight.queue(queue_pick, but=queue_id),
        to_agent=None if agent_pick is None else sight.agent(agent_pick, but=agent_id),
        fresh_place=fresh,
        force=force,
        at=at,
        **sight.version(ticket_id, stale),
    )


@_verb
def _release(
    sight: Sight, at: int, pick: int, stale: int | None, avoid: int | None, hold: object
) -> Calls:
    ticket_id = sight.ticket(pick, ASSIGNED, PARKED)
    facts: dict[str, Any] = {"hold": hold}
    facts["avoid"] = None if avoid is None else sight.agent(avoid)
    yield call(commands.Release, ticket_id, at=at, **facts, **sight.version(ticket_id, stale))


# --- offers: an agent answers after everything due by then has happened -------------------------


@_verb
def _accept(
    sight: Sight, at: int, pick: int, who: int, stale: int | None, *, anybody: bool
) -> Calls:
    ticket_id = sight.ticket(pick) if anybody else sight.ticket(pick, OFFERED)
    yield call(commands.Advance, at=at)
    if not anybody and not sight.asks():
        return
    agent_id = sight.asked(ticket_id, who, anybody=anybody)
    yield call(commands.Accept, ticket_id, agent_id, at=at, **sight.version(ticket_id, stale))


@_verb
def _decline(sight: Sight, at: int, pick: int, who: int, reason: str, *, anybody: bool) -> Calls:
    ticket_id = sight.ticket(pick) if anybody else sight.ticket(pick, OFFERED)
    yield call(commands.Advance, at=at)
    if not anybody and not sight.asks():
        return
    agent_id = sight.asked(ticket_id, who, anybody=anybody)
    yield call(commands.Decline, ticket_id, agent_id, reason=reason, at=at)


# --- work on tickets ----------------------------------------------------------------------------


@_verb
def _serve(sight: Sight, at: int, who: int) -> Calls:
    """Accept what the agent was offered, else resolve what they have, else take what waits."""
    yield call(commands.Advance, at=at)
    agent_id = sight.agent(who)
    agent = next((each for each in sight.desk.agents() if each.id == agent_id), None)
    if agent is not None and agent.offered:
        yield call(commands.Accept, agent.offered[0], agent_id, at=at)
    elif agent is not None and agent.tickets:
        yield call(commands.Resolve, agent.tickets[0], at=at)
    elif agent is not None and agent.load < agent.capacity:
        yield call(commands.Take, None, agent_id, at=at)


@_verb
def _reply(sight: Sight, at: int, pick: int, author: object, who: int | None, rests: bool) -> Calls:
    ticket_id = sight.ticket(pick, PARKED, DONE) if rests else sight.ticket(pick)
    agent_id = None if who is None else sight.agent(who)
    yield call(commands.Reply, ticket_id, author, agent_id=agent_id, at=at)


@_verb
def _hold(sight: Sight, at: int, pick: int, status: object, stale: int | None) -> Calls:
    ticket_id = sight.ticket(pick, ASSIGNED, ASSIGNED, WAITING, PARKED)
    yield call(commands.Hold, ticket_id, status, at=at, **sight.version(ticket_id, stale))


@_verb
def _resume(sight: Sight, at: int, pick: int, stale: int | None) -> Calls:
    ticket_id = sight.ticket(pick, PARKED)
    yield call(commands.Resume, ticket_id, at=at, **sight.version(ticket_id, stale))


@_verb
def _resolve(sight: Sight, at: int, pick: int, stale: int | None, anything: bool) -> Calls:
    ticket_id = sight.ticket(pick) if anything else sight.ticket(pick, ASSIGNED)
    yield call(commands.Resolve, ticket_id, at=at, **sight.version(ticket_id, stale))


@_verb
def _end_wrap_up(sight: Sight, at: int, pick: int) -> Calls:
    yield call(commands.EndWrapUp, sight.ticket(pick, DONE), at=at)


@_verb
def _close(sight: Sight, at: int, pick: int) -> Calls:
    yield call(commands.Close, sight.ticket(pick, DONE), at=at)


@_verb
def _reopen(sight: Sight, at: int, pick: int, stale: int | None) -> Calls:
    ticket_id = sight.ticket(pick, DONE)
    yield call(commands.Reopen, ticket_id, at=at, **sight.version(ticket_id, stale))


@_verb
def _abandon(sight: Sight, at: int, pick: int) -> Calls:
    yield call(commands.Abandon, sight.ticket(pick, WAITING, PARKED), at=at)


@_verb
def _merge(sight: Sight, at: int, pick: int, into_pick: int) -> Calls:
    into = sight.ticket(into_pick, WAITING, ASSIGNED, PARKED)
    yield call(commands.Merge, sight.ticket(pick), into=into, at=at)


@_verb
def _change_priority(sight: Sight, at: int, pick: int, priority: object) -> Calls:
    ticket_id = sight.ticket(pick, WAITING, ASSIGNED, PARKED)
    yield call(commands.ChangePriority, ticket_id, priority, at=at)


@_verb
def _change_ticket(sight: Sight, at: int, pick: int, changes: Any, release: bool) -> Calls:
    ticket_id = sight.ticket(pick, WAITING, OFFERED, ASSIGNED, PARKED)
    yield call(commands.ChangeTicket, ticket_id, changes, release=release, at=at)


@_verb
def _rate(sight: Sight, at: int, pick: int, score: int) -> Calls:
    yield call(commands.Rate, sight.ticket(pick), score, at=at)


@_verb
def _forget(_: Sight, at: int, ago: int) -> Calls:
    """Forget what was done some milliseconds ago or earlier."""
    yield call(commands.Forget, before=max(0, at - ago), at=at)


@_verb
def _advance(_: Sight, at: int) -> Calls:
    yield call(commands.Advance, at=at)
