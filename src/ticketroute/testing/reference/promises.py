"""Who is on their shift, what is promised, and when it falls due: worked out at every question."""

from __future__ import annotations

from ticketroute.model.agent import Presence
from ticketroute.model.ids import AgentId, CalendarId
from ticketroute.sla.clock import ClockState
from ticketroute.testing.reference.calendar import END, Hours
from ticketroute.testing.reference.clocks import Agreed, BookFacts, ClockFacts
from ticketroute.testing.reference.facts import TicketFacts
from ticketroute.testing.reference.holdings import Holdings

AROUND_THE_CLOCK = Hours([])


class Promises(Holdings):
    """Questions about time that somebody agreed on."""

    # --- shifts -----------------------------------------------------------------------------

    def hours(self, calendar_id: CalendarId | None) -> Hours:
        """Return when a calendar is open; None stands for around the clock."""
        return AROUND_THE_CLOCK if calendar_id is None else Hours(self.calendars[calendar_id])

    def works_at(self, agent_id: AgentId, at: int) -> bool:
        """Say whether an agent's shift calendar is open."""
        shift = self.agents[agent_id].agent.shift
        return shift is None or self.hours(shift).is_open(at)

    def shift_changes_at(self, agent_id: AgentId) -> int | None:
        """Return when an agent's shift begins or ends next."""
        known = self.agents[agent_id]
        shift = known.agent.shift
        if shift is None or self.now >= END:
            return None
        hours = self.hours(shift)
        return hours.next_closed(self.now) if known.on_shift else hours.next_open(self.now)

    def is_gone(self, agent_id: AgentId) -> bool:
        """Say whether an agent is offline or off their shift."""
        known = self.agents[agent_id]
        return known.presence is Presence.OFFLINE or not known.on_shift

    # --- clocks -----------------------------------------------------------------------------

    def agreed(self, ticket: TicketFacts) -> Agreed | None:
        """Return the policy of a ticket: the one its queue names, else the first that applies."""
        queue = ticket.queue.queue
        for each in self.agreements:
            if each.policy.id == queue.sla:
                return each
            if queue.sla is None and applies(each, ticket):
                return each
        return None

    def hours_of(self, clock: ClockFacts) -> Hours:
        """Return the hours in which a clock counts, or did when it ended."""
        return self.hours(clock.calendar_id) if clock.kept is None else clock.kept

    def clock_due(self, book: BookFacts, clock: ClockFacts) -> int | None:
        """Return when a clock that runs has used up its target."""
        if clock.state is not ClockState.RUNNING:
            return None
        return book.reaches(clock, self.hours_of(clock), clock.within)

    def mark_due(self, book: BookFacts, clock: ClockFacts) -> int | None:
        """Return when a clock that runs comes by its next mark."""
        mark = clock.next_mark()
        if clock.state is not ClockState.RUNNING or mark is None:
            return None
        at = book.reaches(clock, self.hours_of(clock), mark.after)
        return None if at is None else max(at, self.now)

    def due(self, ticket: TicketFacts) -> int | None:
        """Return when a ticket is due: by its host's word, or by its clocks that run."""
        dues = [ticket.ticket.due]
        if ticket.book is not None:
            dues += [self.clock_due(ticket.book, clock) for clock in ticket.book.latest]
        return min((due for due in dues if due is not None), default=None)


def applies(agreed: Agreed, ticket: TicketFacts) -> bool:
    """Say whether a policy is meant for a ticket, by its conditions."""
    policy, bare = agreed.policy, ticket.ticket
    return (
        (not policy.queues or ticket.queue.queue.id in policy.queues)
        and (not policy.channels or bare.channel in policy.channels)
        and (not policy.tags or any(tag in policy.tags for tag in bare.tags))
    )
