"""Room that was gained, and tickets that came loose: the best pair of them, again and again."""

from __future__ import annotations

from typing import NamedTuple

from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Delivery
from ticketroute.testing.reference.choosing import Choice, Choosing
from ticketroute.testing.reference.facts import Ask, QueueFacts, TicketFacts


class Candidate(NamedTuple):
    """A ticket that finds somebody."""

    rank: tuple[int, ...]
    ticket: TicketFacts
    ask: Ask
    choice: Choice
    cause: ev.Cause


class Handout:
    """One hand-out, from the moment a command is done until nobody may get any more.

    ``hopes`` are tickets that just came loose and the queues in which they may still find
    somebody. ``nobody_for`` is what found nobody: while room only shrinks it is not asked again.
    """

    def __init__(
        self, desk: Choosing, gained: list[AgentId], fresh: list[TicketFacts], *, many: int, at: int
    ) -> None:
        self.desk, self.at, self.many = desk, at, many
        self.gained = gained
        self.planned: list[ev.Event] = []
        self.nobody_for: list[Ask] = []
        self.hopes: dict[TicketId, list[QueueFacts]] = {}
        self.queues: list[QueueFacts] = []
        for ticket in fresh:
            if seeks(ticket):
                self.let_seek(ticket)
        for agent_id in gained:
            self.note_queues(desk.agents[agent_id].serves)

    def note_queues(self, queues: list[QueueFacts]) -> None:
        """Look at these queues too, after those that are looked at already."""
        self.queues += [queue for queue in queues if queue not in self.queues]

    def let_seek(self, ticket: TicketFacts) -> None:
        """Let a ticket look for somebody in all its queues."""
        self.note_queues(ticket.queues)
        self.hopes[ticket.id] = list(ticket.queues)

    def next(self) -> ev.Event | None:
        """Return what happens next; it has to be applied before the next question."""
        while not self.planned:
            self.gained = [who for who in self.gained if self.has_room(who)]
            if not self.gained and not any(self.hopes.values()):
                return None
            found = [front for queue in self.queues if (front := self.front(queue)) is not None]
            if self.planned:
                break
            if not found:
                return None
            self.deliver(min(found, key=lambda candidate: candidate.rank))
        return self.planned.pop(0)

    def has_room(self, agent_id: AgentId) -> bool:
        """Say whether an agent who gained room has any left."""
        return any(
            self.desk.is_open(agent_id, queue) for queue in self.desk.agents[agent_id].serves
        )

    def front(self, queue: QueueFacts) -> Candidate | None:
        """Return the first ticket of a queue that finds somebody.

        The tickets that came loose and find nobody before it are planned to stand in line, one at
        a time: what that leads to may change who is the first.
        """
        while True:
            loose = self.loose(queue)
            waiting = self.first_waiting(queue, loose)
            if waiting is not None or self.planned or not loose:
                return waiting
            ticket = loose[0]
            ask = self.desk.ask(ticket, queue)
            if queue.queue.delivery is not Delivery.PULL:
                found = self.find(ticket, ask)
                if found is not None:
                    return Candidate(self.desk.rank(ticket, queue), ticket, ask, *found)
                if self.desk.waits_for(ticket) is not None:
                    self.planned.append(self.desk.reserved_for(ticket, self.at))
                    return None
            self.hopes[ticket.id].remove(queue)
            if not self.hopes[ticket.id]:
                self.planned.append(self.desk.stand_in_line(ticket, self.at))
                return None

    def loose(self, queue: QueueFacts) -> list[TicketFacts]:
        """Return the tickets that came loose and still look for somebody here, in order."""
        tickets = [self.desk.tickets[ticket_id] for ticket_id in self.hopes]
        here = [each for each in tickets if queue in self.hopes[each.id] and seeks(each)]
        return sorted(here, key=lambda ticket: self.desk.place(ticket, queue))

    def first_waiting(self, queue: QueueFacts, loose: list[TicketFacts]) -> Candidate | None:
        """Return the first ticket in line that one of those who gained room may have."""
        if not self.gained or queue.queue.delivery is Delivery.PULL:
            return None
        for ticket in self.desk.line(queue):
            if loose and self.desk.place(loose[0], queue) < self.desk.place(ticket, queue):
                return None
            ask = self.desk.ask(ticket, queue)
            if ask in self.nobody_for:
                continue
            found = self.among_gained(ticket, ask)
            if found is not None:
                return Candidate(self.desk.rank(ticket, queue), ticket, ask, *found)
            self.nobody_for.append(ask)
        return None

    def among_gained(self, ticket: TicketFacts, ask: Ask) -> tuple[Choice, ev.Cause] | None:
        """Return whom a ticket in line goes to, and why."""
        desk = self.desk
        if ask.queue.queue.delivery is Delivery.OFFER and ticket.offers and not ticket.wants:
            return None
        if len(self.gained) > self.many:
            choice = desk.choose(ticket, ask)
        else:
            willing = [who for who in self.gained if desk.reason(who, ask) is None]
            if len(willing) > 1:
                choice = desk.choose(ticket, ask)
            else:
                choice = Choice(willing[0]) if willing else None
        if choice is None:
            return None
        wish = desk.wish(ticket, ask.queue) if len(self.gained) > 1 else None
        return (choice, ev.Cause.FREED) if wish is None else (Choice(wish[0]), wish[1])

    def find(self, ticket: TicketFacts, ask: Ask) -> tuple[Choice, ev.Cause] | None:
        """Return whom a ticket that came loose goes to, and why."""
        wish = self.desk.wish(ticket, ask.queue)
        if wish is not None:
            return Choice(wish[0]), wish[1]
        if self.desk.waits_for(ticket) is not None or ask in self.nobody_for:
            return None
        choice = self.desk.choose(ticket, ask)
        if choice is None:
            self.nobody_for.append(ask)
            return None
        return choice, ev.Cause.ROUTED

    def deliver(self, best: Candidate) -> None:
        """Plan how the ticket reaches its agent; before it is assigned, its offers end."""
        desk, ticket = self.desk, best.ticket
        if best.ask.queue.queue.delivery is not Delivery.OFFER:
            self.planned.extend(
                ev.OfferWithdrawn(
                    at=self.at, cause=ev.Cause.ANSWERED, ticket_id=ticket.id, agent_id=who
                )
                for who in ticket.offers
            )
        else:
            if ticket.in_line and desk.refills(ticket):
                self.let_seek(ticket)  # it may want more than those who gained room
            if best.cause in ev.BY_STRATEGY:
                self.planned.extend(desk.plan_offers(ticket, best.ask, best.cause, self.at))
                if not self.planned:
                    self.nobody_for.append(best.ask)
                return
        self.planned.append(desk.hand_over(ticket, best.ask, best.choice, best.cause, self.at))


def seeks(ticket: TicketFacts) -> bool:
    """Say whether a ticket that came loose still looks for somebody."""
    if ticket.in_line:
        return False
    return ticket.state is RoutingState.WAITING or bool(ticket.wants)
