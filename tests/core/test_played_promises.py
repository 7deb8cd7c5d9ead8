"""Weeks of tickets under promises that change, each command compared with the reference desk."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from ticketroute import (
    Agent,
    Author,
    Calendar,
    Delivery,
    Escalation,
    Metric,
    OfferPolicy,
    Policy,
    Queue,
    RoutingState,
    Target,
    Ticket,
    TicketPriority,
    minutes,
)
from ticketroute.commands import Command
from ticketroute.errors import TicketRouteError
from ticketroute.events import Event, HoldStatus
from ticketroute.model import AgentId, CalendarId, PolicyId, QueueId, TicketId
from ticketroute.model import events as ev
from ticketroute.model.events import Events
from ticketroute.sla import ChangeRule, ReopenRule
from ticketroute.sla import events as sla
from ticketroute.testing.beside import DeskBesideReference

AGENTS = [AgentId(name) for name in ("ana", "ben", "cleo")]
MAIL, CHAT = QueueId("mail"), QueueId("chat")
OFFICE, LATE = CalendarId("office"), CalendarId("late")
WEEK = ("mon", "tue", "wed", "thu", "fri")
COMMANDS = 200
STEPS = [0, 0, 1, minutes(1), minutes(1), minutes(30), minutes(120), minutes(600), minutes(3_000)]
METRICS = list(Metric)
PRIORITIES = list(TicketPriority)


class Told(DeskBesideReference):
    """A desk beside the reference desk, which notes what has happened on it."""

    def __init__(self, done: set[type[Event]]) -> None:
        super().__init__()
        self._done = done

    def do(self, command: Command, *, at: int, by: str | None = None) -> Events:
        events = super().do(command, at=at, by=by)
        self._done.update(map(type, events))
        return events


class Player:
    """Does what people do with tickets that are due, by chance."""

    def __init__(self, chance: Random, changes: ChangeRule, reopening: ReopenRule) -> None:
        self.chance, self.changes, self.reopening = chance, changes, reopening
        self.at, self.tickets = 0, 0
        self.done: set[type[Event]] = set()  # what has happened
        self.desk = Told(self.done)
        self.set_calendars()
        for name in AGENTS:
            agent = Agent(id=name, capacity=2, shift=chance.choice([None, OFFICE]))
            self.desk.add_agent(agent, presence="available", at=0)
        self.desk.add_queue(Queue(id=MAIL, members=AGENTS), at=0)
        offer = OfferPolicy(timeout=minutes(10_000))
        chat = Queue(
            id=CHAT, members=AGENTS[1:], delivery=Delivery.OFFER, calendar=LATE, offer=offer
        )
        self.desk.add_queue(chat, at=0)
        self.set_policies()

    def set_calendars(self) -> None:
        for name in (OFFICE, LATE):
            opens, closes = self.chance.choice([("08:00", "16:00"), ("09:00", "17:30")])
            hours = {day: [(opens, closes)] for day in self.chance.sample(WEEK, 4)}
            self.desk.set_calendar(name, Calendar(hours=hours), at=self.at, by="lead")

    def set_policies(self) -> None:
        names = [PolicyId(name) for name in ("gold", "plain")]
        self.desk.set_policies([self.policy(name) for name in names], at=self.at, by="lead")

    def policy(self, name: PolicyId) -> Policy:
        chance = self.chance
        metrics = chance.sample(METRICS, chance.randint(2, len(METRICS)))
        return Policy(
            id=name,
            targets={metric: self.target(metric) for metric in metrics},
            tags={"vip"} if name == "gold" else (),
            queues=chance.choice([(), (), (MAIL,)]),
            calendar=chance.choice([None, OFFICE, LATE]),
            changes=self.changes,
            reopening=self.reopening,
        )

    def target(self, metric: Metric) -> Target:
        chance = self.chance
        level = Escalation(
            offset=chance.choice([-minutes(5), 0, minutes(20)]),
            notify="lead",
            priority=chance.choice([None, TicketPriority.HIGH]),
        )
        contacts = chance.choice([{Author.AGENT}, {Author.AGENT, Author.REQUESTER}])
        return Target(
            within=minutes(chance.choice([10, 60, 60, 480])),
            calendar=chance.choice([None, OFFICE]),
            escalations=[level] if chance.random() < 0.5 else (),
            per_queue=metric in PER_QUEUE and chance.random() < 0.5,
            contacts=contacts,
        )

    def pick(self, *states: RoutingState) -> TicketId | None:
        ids = [ticket.id for ticket in self.desk.tickets() if ticket.state in states]
        return self.chance.choice(ids) if ids else None

    def play(self) -> None:
        self.at += self.chance.choice(STEPS)
        verbs: list[Callable[[], None]] = [self.submits, self.works, self.writes, self.changes_all]
        try:
            self.chance.choices(verbs, [3, 7, 6, 1])[0]()
        except TicketRouteError:
            self.desk.advance(at=self.at)

    def submits(self) -> None:
        open_ = [each for each in self.desk.tickets() if each.state is not RoutingState.DONE]
        if len(open_) > 7:
            return
        self.tickets += 1
        ticket = Ticket(
            id=TicketId(f"t{self.tickets}"),
            queue=self.chance.choice([MAIL, CHAT]),
            tags=self.chance.choice([(), {"vip"}]),
            priority=self.chance.choice(PRIORITIES),
        )
        self.desk.submit(ticket, at=self.at)

    def works(self) -> None:
        desk, at, chance = self.desk, self.at, self.chance
        theirs, parked = self.pick(RoutingState.ASSIGNED), self.pick(RoutingState.PARKED)
        offered, done = self.pick(RoutingState.OFFERED), self.pick(RoutingState.DONE)
        if parked is not None and chance.random() < 0.6:
            desk.resume(parked, at=at)
        elif offered is not None:
            desk.accept(offered, desk.ticket(offered).offered_to[0], at=at)
        elif done is not None and chance.random() < 0.3:
            verb = desk.close if chance.random() < 0.2 else desk.reopen
            verb(done, at=at)
        elif theirs is not None:
            match chance.randrange(6):
                case 0 | 1:
                    desk.resolve(theirs, at=at)
                case 2:
                    desk.hold(theirs, chance.choice(list(HoldStatus)), at=at)
                case 3:
                    desk.transfer(theirs, to_queue=chance.choice([MAIL, CHAT]), at=at)
                case 4:
                    desk.change_priority(theirs, chance.choice(PRIORITIES), at=at)
                case _:
                    desk.release(theirs, at=at)

    def writes(self) -> None:
        states = [RoutingState.WAITING, RoutingState.ASSIGNED, RoutingState.PARKED]
        ticket = self.pick(*states, *([RoutingState.DONE] if self.chance.random() < 0.2 else []))
        if ticket is not None:
            author = self.chance.choice([Author.AGENT, Author.AGENT, *Author])
            who = self.desk.ticket(ticket).agent_id if author is Author.AGENT else None
            self.desk.reply(ticket, author, agent_id=who, at=self.at)

    def changes_all(self) -> None:
        match self.chance.randrange(4):
            case 0:
                self.set_calendars()
            case 1:
                calendar = self.chance.choice([None, OFFICE, LATE])
                self.desk.change_queue(MAIL, calendar=calendar, at=self.at)
            case _:
                self.set_policies()


PER_QUEUE = (Metric.RESOLUTION, Metric.ASSIGNMENT, Metric.FIRST_RESPONSE)


@pytest.mark.parametrize("reopening", ReopenRule)
@pytest.mark.parametrize("changes", ChangeRule)
def test_weeks_of_promises_go_as_on_the_reference_desk(
    changes: ChangeRule, reopening: ReopenRule
) -> None:
    done: set[type[Event]] = set()
    for seed in range(3):
        chance = Random(f"{changes} {reopening} {seed}")  # noqa: S311  the same each time
        player = Player(chance, changes, reopening)
        for _ in range(COMMANDS):
            player.play()
        done |= player.done
    assert done >= {
        *(ev.TicketHeld, ev.TicketResumed, ev.TicketTransferred, ev.TicketPriorityChanged),
        *(ev.TicketReleased, ev.TicketResolved, ev.TicketReopened, ev.TicketReplied),
        *(sla.ClockStarted, sla.ClockPaused, sla.ClockResumed, sla.ClockEnded),
        *(sla.ClockBreached, sla.ClockRetargeted, sla.ClockEscalated),
    }
