"""Who gets a ticket, and by which event: everybody is looked at, and the eligible are sorted."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults, Delivery
from ticketroute.model.ticket import CALL
from ticketroute.testing.reference.facts import Ask, TicketFacts
from ticketroute.testing.reference.fold import Fold
from ticketroute.testing.reference.spec import draws, rings_at_once, step_of
from ticketroute.testing.reference.strategies import key_shown, ordered

Handed = ev.TicketAssigned | ev.TicketOffered


class Choice(NamedTuple):
    """Whom a ticket goes to, by which key, before whom, and by which numbers drawn."""

    agent_id: AgentId
    key: tuple[int, ...] = ()
    runner_up: AgentId | None = None
    draws: tuple[float, ...] = ()


class Choosing(Fold):
    """Decides about one ticket at a time.

    What chance decides is not drawn a second time: ``luck`` are events that a desk with chance
    made of the same command. Whom they name has to be somebody who could have been drawn.
    """

    def __init__(self, defaults: Defaults, permits: Permits | None = None) -> None:
        super().__init__(defaults, permits)
        self.luck: list[ev.Event] = []

    def choose(
        self, ticket: TicketFacts, ask: Ask, besides: Collection[AgentId] = ()
    ) -> Choice | None:
        """Return whom the queue's strategy asks; who missed it before is asked last."""
        willing = [who for who in self.eligible(ask) if who not in besides]
        if ask.reserved is not None:
            return Choice(willing[0]) if willing else None
        willing = [who for who in willing if who not in ticket.lifted] or willing
        if not willing:
            return None
        if draws(ask.queue.queue.strategy):
            return self._drawn(ticket, ask, willing)
        first, *others = ordered(self, ask.queue, ask.skills, willing)
        return Choice(first, self.key(first, ask), others[0] if others else None)

    def key(self, agent_id: AgentId, ask: Ask) -> tuple[int, ...]:
        """Return what the event says of why this agent."""
        return key_shown(self, ask.queue, agent_id, ask.skills)

    def choose_all(self, ask: Ask) -> list[Choice]:
        """Return everybody who is rung at once; of tiers, the best that has anybody."""
        willing = self.eligible(ask)
        if ask.reserved is not None:
            return [Choice(who) for who in willing]
        if ask.queue.queue.strategy.name == "priority":
            best = min((self.tier(ask.queue, who) for who in willing), default=0)
            willing = [who for who in willing if self.tier(ask.queue, who) == best]
        in_order = ordered(self, ask.queue, ask.skills, willing)
        return [Choice(who, self.key(who, ask)) for who in in_order]

    def _drawn(self, ticket: TicketFacts, ask: Ask, willing: list[AgentId]) -> Choice:
        """Read off the other desk's events whom chance fell on, and whether it could have."""
        if ask.queue.queue.strategy.name == "priority":
            best = min(self.tier(ask.queue, who) for who in willing)
            first = [who for who in willing if self.tier(ask.queue, who) == best]
        else:
            first = willing
        for event in self.luck:
            if (
                isinstance(event, ev.TicketAssigned | ev.TicketOffered)
                and (event.ticket_id, event.queue_id) == (ticket.id, ask.queue.queue.id)
                and event.cause in ev.BY_STRATEGY
                and event.agent_id in first
            ):
                fair = event.runner_up in willing and event.runner_up != event.agent_id
                assert fair or (len(willing) == 1 and event.runner_up is None), event
                key = self.key(event.agent_id, ask)
                return Choice(event.agent_id, key, event.runner_up, event.draws)
        return Choice(min(first))  # this ticket is not the next after all, or the desks differ

    # --- what the choice leads to -----------------------------------------------------------

    def hand_over(
        self, ticket: TicketFacts, ask: Ask, choice: Choice, cause: ev.Cause, at: int
    ) -> Handed:
        """Return the event by which the ticket reaches whom it goes to."""
        queue, agent = ask.queue.queue, self.agents[choice.agent_id].agent
        by_strategy = bool(choice.key) or cause is ev.Cause.ROUTED
        if queue.delivery is not Delivery.OFFER:
            return ev.TicketAssigned(
                at=at,
                cause=cause,
                ticket_id=ticket.id,
                queue_id=queue.id,
                agent_id=agent.id,
                cost=self.cost(agent, ask),
                key=choice.key,
                runner_up=choice.runner_up,
                draws=choice.draws,
                strategy=queue.strategy if by_strategy else None,
            )
        points = agent.contact_points if ticket.ticket.channel == CALL else ()
        rings_for = sum(point.ring for point in points) if points else queue.offer.timeout
        return ev.TicketOffered(
            at=at,
            cause=cause,
            ticket_id=ticket.id,
            queue_id=queue.id,
            agent_id=agent.id,
            cost=self.cost(agent, ask),
            until=at + rings_for,
            contact_points=points,
            key=choice.key,
            runner_up=choice.runner_up,
            draws=choice.draws,
            strategy=queue.strategy if by_strategy else None,
        )

    def plan_offers(
        self,
        ticket: TicketFacts,
        ask: Ask,
        cause: ev.Cause,
        at: int,
        besides: Collection[AgentId] = (),
    ) -> list[Handed]:
        """Return as many offers as the queue wants, all of them chosen before the first is made."""
        queue = ask.queue.queue
        at_once = rings_at_once(queue.strategy) and queue.offer.parallel == 1
        if at_once and not ticket.offers and not besides:
            choices = self.choose_all(ask)
        else:
            choices = []
            while len(choices) < ticket.wants - len(besides):
                asked = [*besides, *(choice.agent_id for choice in choices)]
                choice = self.choose(ticket, ask, asked)
                if choice is None:
                    break
                choices.append(choice)
        return [self.hand_over(ticket, ask, choice, cause, at) for choice in choices]

    def wanted_at_once(self, ticket: TicketFacts) -> int:
        """Return how many offers of a ticket are to stand at once."""
        queue = ticket.queue.queue
        return queue.offer.parallel if step_of(queue.strategy) is None else max(1, ticket.wanted)

    def refills(self, ticket: TicketFacts) -> bool:
        """Say whether an offer that ended is replaced while others are open."""
        queue = ticket.queue.queue
        return queue.offer.refill and not rings_at_once(queue.strategy)

    # --- a ticket that just came in ---------------------------------------------------------

    def place_new(self, ticket: TicketFacts, at: int) -> list[ev.Event]:
        """Return what becomes of a ticket that came in while nobody has gained room."""
        queue = ticket.queue
        if queue.queue.delivery is Delivery.PULL:
            return [self.queued(ticket, "awaits_pull", at)]
        ask = self.ask(ticket, queue)
        wish = self.wish(ticket, queue)
        placed: list[Handed] = []
        if wish is not None:
            placed.append(self.hand_over(ticket, ask, Choice(wish[0]), wish[1], at))
        elif self.waits_for(ticket) is not None:
            return [self.reserved_for(ticket, at), self.queued(ticket, "nobody_free", at)]
        if queue.queue.delivery is Delivery.OFFER:
            asked = [event.agent_id for event in placed]
            placed.extend(self.plan_offers(ticket, ask, ev.Cause.ROUTED, at, asked))
        elif not placed:
            choice = self.choose(ticket, ask)
            if choice is not None:
                placed.append(self.hand_over(ticket, ask, choice, ev.Cause.ROUTED, at))
        if not placed:
            return [self.queued(ticket, self.wait_reason(ask), at)]
        wanted = self.wanted_at_once(ticket)
        offers = queue.queue.delivery is Delivery.OFFER
        if offers and self.refills(ticket) and len(placed) < wanted:
            return [*placed, short(ticket, len(placed), wanted, at)]
        return list(placed)

    def reserved_for(self, ticket: TicketFacts, at: int) -> ev.Event:
        """Return the event by which a ticket waits for the agent it wishes for."""
        agent_id = self.waits_for(ticket)
        assert agent_id is not None
        return ev.TicketReserved(
            at=at,
            cause=ev.Cause.PREFERRED,
            ticket_id=ticket.id,
            agent_id=agent_id,
            until=at + ticket.queue.queue.affinity_wait,
        )

    def stand_in_line(self, ticket: TicketFacts, at: int) -> ev.Event:
        """Return the event by which a ticket that found nobody, or too few, waits for more."""
        if ticket.offers:
            return short(ticket, len(ticket.offers), ticket.wants + len(ticket.offers), at)
        if ticket.queue.queue.delivery is Delivery.PULL:
            return self.queued(ticket, "awaits_pull", at)
        return self.queued(ticket, self.nearest_reason(ticket), at)

    def queued(self, ticket: TicketFacts, reason: str, at: int) -> ev.Event:
        """Return the event by which a ticket waits in its line."""
        return ev.TicketQueued(
            at=at,
            cause=ev.Cause.ROUTED,
            ticket_id=ticket.id,
            queue_id=ticket.queue.queue.id,
            reason=ev.WaitReason(reason),
        )


def short(ticket: TicketFacts, asked: int, wanted: int, at: int) -> ev.Event:
    """Return the event that says that fewer are asked than the queue wants."""
    return ev.OfferShort(
        at=at, cause=ev.Cause.ROUTED, ticket_id=ticket.id, open=asked, wanted=wanted
    )
