"""How a ticket reaches an agent: assigned at once, or offered; to one, or to several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from ticketroute.core.facts import lifted, queues_of, rings_everyone, wants_more
from ticketroute.core.gate import cost_of
from ticketroute.core.index.choosing import Choice
from ticketroute.core.records import Demand, TicketRecord
from ticketroute.core.state import State
from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Delivery
from ticketroute.model.reasons import Reason
from ticketroute.model.ticket import CALL
from ticketroute.strategies.contract import NOBODY

Wish = tuple[AgentId | None, ev.Cause]  # whom to ask before the strategy, and why

_OFFER = Delivery.OFFER

BUSY = frozenset(
    {
        Reason.WRAP_UP,
        Reason.COOLING_DOWN,
        Reason.CHANNEL_LIMIT,
        Reason.QUEUE_LIMIT,
        Reason.INTERRUPTED,
        Reason.ROOM_HELD,
        Reason.AGENT_LIMIT,
        Reason.RATE_LIMIT,
    }
)  # there, and worth waiting for


def hand_over(
    state: State,
    ticket: TicketRecord,
    demand: Demand,
    choice: Choice,
    cause: ev.Cause,
    *,
    at: Instant,
) -> ev.TicketAssigned | ev.TicketOffered:
    """Return the event by which the ticket reaches the agent chosen, as the queue delivers."""
    queue = demand.queue.terms
    agent = state.roster.agents[choice.agent_id].terms
    strategy = queue.strategy if choice.chosen else None
    cost = cost_of(agent, demand) if agent.channels else demand.weight
    if queue.delivery is _OFFER:
        points = agent.contact_points if ticket.terms.channel == CALL else ()
        ring = sum(point.ring for point in points) if points else queue.offer.timeout
        return ev.offered(
            at=at,
            cause=cause,
            ticket_id=ticket.id,
            queue_id=demand.queue.id,
            agent_id=choice.agent_id,
            cost=cost,
            until=at + ring,
            contact_points=points,
            key=choice.key,
            runner_up=choice.runner_up,
            draws=choice.draws,
            strategy=strategy,
        )
    return ev.assigned(
        at=at,
        cause=cause,
        ticket_id=ticket.id,
        queue_id=demand.queue.id,
        agent_id=choice.agent_id,
        cost=cost,
        key=choice.key,
        runner_up=choice.runner_up,
        draws=choice.draws,
        strategy=strategy,
    )


def offers_for(
    state: State,
    ticket: TicketRecord,
    demand: Demand,
    cause: ev.Cause,
    *,
    found: Choice | None = None,
    at: Instant,
) -> list[ev.Event]:
    """Return the offers that fill up what the ticket wants, as far as there is anybody.

    Everyone whom it wishes for comes first, then whom the strategy asks. A ticket that rings
    everyone at once rings those it wishes for alone. ``found`` is whom the strategy asks first, if
    that is known.
    """
    events: list[ev.Event] = []
    asked: set[AgentId] = set()
    if ticket.offers or ticket.queue.rings_all:
        wanted = wants_more(ticket)
    else:  # fast: nobody is asked yet
        wanted = ticket.queue.terms.offer.parallel
    if has_wish(ticket):
        for choice, why in islice(wishes_left(state, ticket, demand), wanted):
            events.append(hand_over(state, ticket, demand, choice, why, at=at))
            asked.add(choice.agent_id)
        if asked:
            found = None
            if rings_everyone(ticket):
                return events
    freed = cause is ev.Cause.FREED
    if rings_everyone(ticket) and demand.queue.rings_all and not asked:
        choices = list(state.demands.choose_all(demand, ticket))
        if freed and len(choices) == 1:
            only = frozenset({choices[0].agent_id})
            if state.demands.choose(demand, besides=only) is None:
                choices = [Choice(choices[0].agent_id)]
    else:
        choices = _some(state, ticket, demand, wanted, asked, found, freed=freed)
    events += [hand_over(state, ticket, demand, choice, cause, at=at) for choice in choices]
    return events


def _some(
    state: State,
    ticket: TicketRecord,
    demand: Demand,
    wanted: int,
    asked: set[AgentId],
    found: Choice | None,
    *,
    freed: bool,
) -> list[Choice]:
    """Return whom the strategy asks, one after the other, besides those asked already."""
    choices: list[Choice] = []
    spent = 0
    while len(asked) < wanted:
        choice = found or state.demands.choose(
            demand,
            besides=frozenset(asked) if asked else NOBODY,
            last=lifted(ticket),
            spent=spent,
        )
        if choice is None:
            break
        asked.add(choice.agent_id)
        alone = freed and found is None and choice.runner_up is None
        if alone and state.demands.choose(demand, besides=frozenset(asked), spent=spent) is None:
            choice = Choice(choice.agent_id)
        found = None
        choices.append(choice)
        spent += len(choice.draws)
    return choices


def wishes_of(state: State, ticket: TicketRecord) -> tuple[Wish, ...]:
    """Return whom a ticket asks before the strategy.

    That is who had it, then whom it prefers, then who had its requester's last ticket where the
    queue keeps to them.
    """
    requester = ticket.terms.requester
    kept = None
    if ticket.queue.terms.keep_agent and requester is not None:
        kept = state.last_agent_of.get(requester)
    return (
        (ticket.past.came_from, ev.Cause.LAST_AGENT),
        (ticket.terms.prefer, ev.Cause.PREFERRED),
        (kept, ev.Cause.LAST_AGENT),
    )


def has_wish(ticket: TicketRecord) -> bool:
    """Return whether the ticket may wish for anybody at all."""
    return (
        ticket.past.came_from is not None
        or ticket.terms.prefer is not None
        or ticket.queue.terms.keep_agent
    )


def wishes_left(
    state: State, ticket: TicketRecord, demand: Demand
) -> Iterator[tuple[Choice, ev.Cause]]:
    """Yield each agent whom the ticket wishes for and who may get it now, once."""
    again, seen = lifted(ticket), set()  # who missed it comes after the untried, wished for or not
    for agent_id, cause in wishes_of(state, ticket):
        member = None if agent_id is None else demand.queue.members.get(agent_id)
        if member is None or agent_id in again or agent_id in seen:
            continue
        seen.add(agent_id)
        if state.gate.refusal(member, demand) is None:
            yield Choice(member.agent_id), cause


def wished(state: State, ticket: TicketRecord, demand: Demand) -> tuple[Choice, ev.Cause] | None:
    """Return the first agent whom the ticket wishes for and who may get it now."""
    return next(wishes_left(state, ticket, demand), None) if has_wish(ticket) else None


def preask_wishes(
    state: State, ticket: TicketRecord, besides: Iterable[AgentId | None] = ()
) -> None:
    """Ask the host's permits about everybody the ticket may wish for, before the first event."""
    named = [agent_id for agent_id, _ in wishes_of(state, ticket)]
    for agent_id in (*named, *besides):
        if agent_id is not None:
            state.gate.is_permitted(agent_id, ticket.terms)


def grant_wish(
    state: State, ticket: TicketRecord, *, at: Instant
) -> ev.TicketAssigned | ev.TicketOffered | None:
    """Give the ticket to the first agent it wishes for who may get it, if there is one."""
    demand = state.demand_of(ticket)
    wish = wished(state, ticket, demand)
    if wish is None:
        return None
    return hand_over(state, ticket, demand, *wish, at=at)


def reserve(state: State, ticket: TicketRecord, *, at: Instant) -> ev.TicketReserved | None:
    """Return the reservation for the first agent it wishes for who is there and only has no room.

    Once in a search, and only where the queue has an ``affinity_wait``; not where all its queues
    leave it to agents to take.
    """
    queue = ticket.queue.terms
    if (
        not queue.affinity_wait
        or ticket.past.waited_for
        or ticket.state is not RoutingState.WAITING
        or all(each.terms.delivery is Delivery.PULL for each in queues_of(ticket))
    ):
        return None
    demand = state.demand_of(ticket)
    for agent_id, _ in wishes_of(state, ticket):
        member = None if agent_id is None else ticket.queue.members.get(agent_id)
        if (
            member is not None
            and member.agent_id not in (ticket.tried or ())
            and state.gate.refusal(member, demand) in BUSY
            and state.gate.fits(member, demand)
        ):
            return ev.TicketReserved(
                at=at,
                cause=ev.Cause.PREFERRED,
                ticket_id=ticket.id,
                agent_id=member.agent_id,
                until=at + queue.affinity_wait,
            )
    return None
