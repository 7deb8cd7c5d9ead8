"""A made-up day on a desk that a configuration describes, rules included."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

from attrs import define, field

from ticketroute.cli.console import stream
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.desk.config import Config
from ticketroute.desk.config_plan import plan
from ticketroute.desk.config_use import submit_by_rules
from ticketroute.errors import TicketRouteError
from ticketroute.model.events import Author, Event, TicketAssigned, TicketOffered
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.instants import Instant, Span, hours, instant_of, minutes, seconds
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.ticket import CALL, CHAT, EMAIL, FORM, FORUM, LIVE_CHANNELS, Ticket
from ticketroute.rules import (
    AttributeIs,
    HasTag,
    Keywords,
    LanguageIs,
    RequesterIs,
    TierIs,
)
from ticketroute.sla.calendar import Calendar

DAY = (2026, 3, 2)  # a Monday
OPENS, CLOSES = 8, 18  # hours in which tickets come
PER_AGENT = 12  # tickets of a day for each agent: busy, and not hopeless
WORK: Span = minutes(15)  # the mean
PATIENCE: Span = minutes(6)  # the mean of a requester at the other end
PICKS_UP: Span = seconds(5)  # the mean
_CHANNELS = (EMAIL, CHAT, CALL, FORM, FORUM)
_SHARES = (40, 20, 20, 15, 5)  # of the channels, in percent

Action = Callable[[Instant], tuple[Event, ...]]


def zone_of(calendars: Iterable[Calendar]) -> str:
    """Return the zone that the most calendars have; UTC without any."""
    zones = sorted(calendar.zone for calendar in calendars)
    return max(zones, key=zones.count, default="UTC")


@define
class Trial:
    """Plays one day on the desk of a configuration; ``events()`` yields what happens.

    Tickets come at random; half name a queue, the others leave it to the rules, with facts and
    words of which the rules make something.
    """

    config: Config
    seed: int
    desk: Dispatcher = field(init=False)
    _happenings: list[tuple[Instant, int, Action]] = field(factory=list)
    _planned: int = 0

    def __attrs_post_init__(self) -> None:
        self.desk = Dispatcher(random=stream(self.seed, "strategies"))

    def play(self, until: Instant) -> None:
        """Play the day up to an instant; ``desk`` shows it then."""
        for _ in self.events(until):
            pass

    def events(self, until: Instant | None = None) -> Iterator[Event]:
        """Yield every event of the day, in order; up to ``until``, if that is given."""
        start = instant_of(datetime(*DAY, tzinfo=ZoneInfo(zone_of(self.config.calendars.values()))))
        yield from plan(self.config, self.desk).run(self.desk, at=start)
        for agent_id in self.config.agents:
            yield from self.desk.set_presence(agent_id, "available", at=start)
        self._plan_arrivals(start)
        closes = start + hours(24) if until is None else until
        while True:
            due = self.desk.next_deadline()
            at = self._happenings[0][0] if self._happenings else closes
            if min(at, closes if due is None else due) >= closes:
                break
            if due is not None and due <= at:
                yield from self._note(self.desk.advance(at=due))
            else:
                at, _, action = heapq.heappop(self._happenings)
                yield from self._note(action(at))
        if until is None:
            for agent_id in self.config.agents:
                yield from self.desk.set_presence(agent_id, "offline", at=closes)
        else:
            yield from self.desk.advance(at=max(closes, self.desk.now))

    def _plan(self, at: Instant, action: Action) -> None:
        self._planned += 1
        heapq.heappush(self._happenings, (at, self._planned, action))

    def _plan_arrivals(self, start: Instant) -> None:
        chance = stream(self.seed, "arrivals")
        count = max(20, PER_AGENT * len(self.config.agents))
        words = _Words(self.config)
        for number in range(1, count + 1):
            at = start + hours(OPENS) + int(chance.random() * hours(CLOSES - OPENS))
            ticket, text = words.a_ticket(TicketId(f"T{number:04}"), chance)
            self._plan(at, partial(self._arrives, ticket, text))
            if ticket.channel in LIVE_CHANNELS:
                patience = int(chance.expovariate(1) * PATIENCE)
                self._plan(at + patience, partial(self._gives_up, ticket.id))

    def _arrives(self, ticket: Ticket, text: str, at: Instant) -> tuple[Event, ...]:
        try:
            return submit_by_rules(self.desk, self.config.rules, ticket, at=at, text=text)[1]
        except TicketRouteError:  # no queue, and no rule and no default that names one
            return ()

    def _gives_up(self, ticket_id: TicketId, at: Instant) -> tuple[Event, ...]:
        try:
            state = self.desk.ticket(ticket_id).state
        except TicketRouteError:
            return ()
        waits = state in (RoutingState.WAITING, RoutingState.OFFERED)
        return self.desk.abandon(ticket_id, at=at) if waits else ()

    def _note(self, events: tuple[Event, ...]) -> tuple[Event, ...]:
        for event in events:
            if isinstance(event, TicketOffered):
                chance = stream(self.seed, f"{event.ticket_id} {event.agent_id} {event.at}")
                if chance.random() < 0.9:
                    after = 1 + int(chance.expovariate(1) * PICKS_UP)
                    answer = partial(self._accepts, event.ticket_id, event.agent_id)
                    self._plan(event.at + after, answer)
            elif isinstance(event, TicketAssigned):
                chance = stream(self.seed, f"work {event.ticket_id}")
                after = seconds(30) + int(chance.expovariate(1) * WORK)
                self._plan(event.at + after, partial(self._ends, event.ticket_id, event.agent_id))
        return events

    def _accepts(self, ticket_id: TicketId, agent_id: AgentId, at: Instant) -> tuple[Event, ...]:
        if agent_id not in self.desk.ticket(ticket_id).offered_to:
            return ()
        return self.desk.accept(ticket_id, agent_id, at=at)

    def _ends(self, ticket_id: TicketId, agent_id: AgentId, at: Instant) -> tuple[Event, ...]:
        view = self.desk.ticket(ticket_id)
        if view.agent_id != agent_id or view.state is not RoutingState.ASSIGNED:
            return ()
        events: list[Event] = [*self.desk.reply(ticket_id, Author.AGENT, agent_id=agent_id, at=at)]
        events += self.desk.resolve(ticket_id, at=at)
        chance = stream(self.seed, f"score {ticket_id}")
        if chance.random() < 0.3:
            score = chance.choice((100, 100, 80, 60, 20))
            events += self.desk.rate(ticket_id, score, at=at)
        return tuple(events)


class _Words:
    """Facts and words that the rules of a configuration know."""

    def __init__(self, config: Config) -> None:
        self.queues = list(config.queues)
        parts = [part for rule in config.rules for part in rule.when.parts()]
        self.keywords = sorted({w for p in parts if isinstance(p, Keywords) for w in p.values})
        self.tags = sorted({tag for p in parts if isinstance(p, HasTag) for tag in p.values})
        self.tiers = sorted({each for p in parts if isinstance(p, TierIs) for each in p.values})
        self.requesters = sorted(
            {each for p in parts if isinstance(p, RequesterIs) for each in p.values}
        )
        self.languages = sorted(
            {each for p in parts if isinstance(p, LanguageIs) for each in p.values}
        )
        self.attributes = [
            (p.name, value)
            for p in parts
            if isinstance(p, AttributeIs)
            for value in sorted(p.values)
        ]

    def a_ticket(self, ticket_id: TicketId, chance: Random) -> tuple[Ticket, str]:
        """Draw a ticket and its text."""
        attributes = {}
        if self.tiers and chance.random() < 0.2:
            attributes["tier"] = chance.choice(self.tiers)
        if self.languages and chance.random() < 0.3:
            attributes["language"] = chance.choice(self.languages)
        if self.attributes and chance.random() < 0.1:
            attributes |= [chance.choice(self.attributes)]
        text = "please help"
        if self.keywords and chance.random() < 0.5:
            text += f" with {chance.choice(self.keywords)}"
        named = self.queues and chance.random() < 0.5
        ticket = Ticket(
            id=ticket_id,
            queue=chance.choice(self.queues) if named else None,
            channel=chance.choices(_CHANNELS, _SHARES)[0],
            attributes=attributes,
            requester=chance.choice(self.requesters)
            if self.requesters and chance.random() < 0.05
            else None,
        )
        return ticket, text
