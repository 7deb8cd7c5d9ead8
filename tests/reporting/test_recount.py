"""The figures of a report equal those that plain Python counts from the raw events.

The recount shares no code with the library: it lists all events of a ticket, and looks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketroute import (
    Agent,
    Delivery,
    Dispatcher,
    Metric,
    OfferPolicy,
    Policy,
    Queue,
    RoutingState,
    Target,
    Ticket,
    TicketPriority,
    hours,
    instant_of,
    minutes,
)
from ticketroute.errors import InvalidValueError, TicketRouteError
from ticketroute.model import PolicyId
from ticketroute.model import events as ev
from ticketroute.reporting.attainment import Facet as AttainmentFacet
from ticketroute.reporting.attainment import attainment
from ticketroute.reporting.figures import Facet
from ticketroute.reporting.ledger import Ledger
from ticketroute.sla import events as sla
from ticketroute.testing import World, histories

TARGET, SHORT = minutes(10), minutes(2)
an_agent: Any = Agent  # ids of a test are plain texts
a_queue: Any = Queue
a_ticket: Any = Ticket


# --- the recount ----------------------------------------------------------------------------------


def local_day(at: int, zone: str) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone)).date().isoformat()


def next_day(at: int, end: int, zone: str) -> int:
    """Return the first instant after ``at`` with another date, by halving; or ``end``."""
    step = hours(1)
    day, low = local_day(at, zone), at
    while low + step < end and local_day(low + step, zone) == day:
        low += step
    high = min(low + step, end)
    if local_day(high, zone) == day:
        return end
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if local_day(middle, zone) == day else (low, middle)
    return high


class Recount:
    """Everything by hand: ``tickets`` by (queue, channel, priority, day), agents by (id, day)."""

    def __init__(self, events: Iterable[ev.Event], zone: str) -> None:
        self.zone = zone
        self.counts: dict[tuple[str, str, str, str], Counter[str]] = defaultdict(Counter)
        self.spans: dict[tuple[str, str, str, str], dict[str, list[int]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self.agents: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        listed = list(events)
        by_ticket: dict[str, list[Any]] = defaultdict(list)
        for event in listed:
            if isinstance(event, ev.TicketMerged):
                by_ticket[event.into].append(event)
            ticket_id = getattr(event, "ticket_id", None)
            if ticket_id is not None:
                by_ticket[ticket_id].append(event)
        self.work: list[tuple[str, int, int | None]] = []
        for ticket_id, happened in by_ticket.items():
            self.one_ticket(ticket_id, happened)
        self.time_of_agents(listed)

    def one_ticket(self, ticket_id: str, happened: list[Any]) -> None:  # noqa: C901  one by one
        first = happened[0]
        assert isinstance(first, ev.TicketSubmitted)
        queue, channel, priority = first.queue_id, first.ticket.channel, first.ticket.priority
        arrived = first.arrived
        answered = responded = resolved = False
        agent = last_agent = working = wrapping = None
        worked = 0

        def key() -> tuple[str, str, str, str]:
            return queue, channel, priority.name.lower(), local_day(arrived, self.zone)

        offered_as = key()
        for event in happened:
            at = event.at
            if isinstance(event, ev.TicketTransferred):
                self.counts[key()]["transfers"] += 1
                queue = event.to_queue
            if isinstance(event, ev.TicketAssigned):
                queue = event.queue_id
            if isinstance(event, ev.TicketPriorityChanged | ev.TicketRelaxed):
                priority = event.priority
            if isinstance(event, ev.TicketMerged) and event.into == ticket_id:
                arrived = min(arrived, event.arrived)
                if not answered:
                    offered_as = key()
                continue
            if not answered:
                offered_as = key()
            counts, spans = self.counts[key()], self.spans[key()]

            def ends_turn(at: int) -> None:
                nonlocal agent, working, worked
                if agent is None:
                    return
                if working is not None:
                    self.work.append((agent, working, at))
                    worked += at - working
                self.spans[key()]["handle"].append(worked)
                agent, working, worked = None, None, 0

            match event:
                case ev.TicketAssigned():
                    if not answered:
                        answered = True
                        counts["answered"] += 1
                        counts["in_target"] += at - arrived <= TARGET
                        spans["wait"].append(at - arrived)
                    else:
                        counts["reassigned"] += last_agent != event.agent_id
                    agent, last_agent, working = event.agent_id, event.agent_id, at
                    self.agents[agent, local_day(at, self.zone)]["assigned"] += 1
                case ev.TicketOffered():
                    counts["offers"] += 1
                case ev.OfferDeclined():
                    counts["declined"] += 1
                case ev.OfferExpired():
                    counts["missed"] += 1
                case ev.TicketReleased():
                    ends_turn(at)
                case ev.TicketHeld() if working is not None and agent is not None:
                    self.work.append((agent, working, at))
                    worked += at - working
                    working = None
                case ev.TicketResumed() if working is None:
                    working = at
                case ev.TicketReplied(author=ev.Author.AGENT) if not responded:
                    responded = True
                    spans["first_response"].append(at - arrived)
                case ev.TicketResolved():
                    counts["resolved"] += 1
                    if not resolved:
                        resolved = True
                        spans["resolution"].append(at - arrived)
                    if event.wrap_up_until is not None and agent is not None:
                        if working is None:
                            working = at
                        wrapping = at
                    else:
                        ends_turn(at)
                case ev.WrapUpEnded():
                    assert wrapping is not None
                    counts["wrap_up"] += at - wrapping
                    wrapping = None
                    ends_turn(at)
                case ev.TicketReopened():
                    counts["reopened"] += 1
                case ev.TicketAbandoned():
                    if answered:
                        counts["gave_up_later"] += 1
                    else:
                        counts["abandoned"] += 1
                        counts["short"] += at - arrived < SHORT
                        counts["left_in_target"] += at - arrived <= TARGET
                        spans["patience"].append(at - arrived)
                    ends_turn(at)
                case ev.TicketMerged():
                    counts["merged"] += 1
                    ends_turn(at)
                case ev.TicketRated():
                    counts["ratings"] += 1
                    counts["scores"] += event.score
        self.counts[offered_as]["offered"] += 1
        if agent is not None and working is not None:
            self.work.append((agent, working, None))

    def time_of_agents(self, events: list[Any]) -> None:  # noqa: C901  one by one
        if not events:
            return
        end = events[-1].at
        changes: dict[str, list[tuple[int, int, str, Any]]] = defaultdict(list)
        shift_of: dict[str, str | None] = {}
        calendars: dict[str, Any] = {}
        removed: dict[str, list[int]] = defaultdict(list)
        for number, event in enumerate(events):
            match event:
                case ev.AgentAdded():
                    shift_of[event.agent.id] = event.agent.shift
                    changes[event.agent.id].append(
                        (event.at, number, "presence", event.presence.value)
                    )
                    is_on = self.open(calendars, event.agent.shift, event.at)
                    changes[event.agent.id].append((event.at, number, "shift", is_on))
                case ev.AgentChanged() if event.agent.shift != shift_of[event.agent.id]:
                    shift_of[event.agent.id] = event.agent.shift
                    is_on = self.open(calendars, event.agent.shift, event.at)
                    changes[event.agent.id].append((event.at, number, "shift", is_on))
                case sla.CalendarSet():
                    calendars.setdefault(event.calendar_id, []).append(
                        (event.effective_from, event.calendar)
                    )
                    for name, shift in shift_of.items():
                        if shift == event.calendar_id:
                            is_on = self.open(calendars, shift, event.at)
                            changes[name].append((event.at, number, "shift", is_on))
                case sla.ShiftStarted() | sla.ShiftEnded():
                    is_on = isinstance(event, sla.ShiftStarted)
                    changes[event.agent_id].append((event.at, number, "shift", is_on))
                case ev.PresenceChanged():
                    changes[event.agent_id].append(
                        (event.at, number, "presence", event.presence.value)
                    )
                case ev.AgentRemoved():
                    changes[event.agent_id].append((event.at, number, "presence", "offline"))
                    shift_of.pop(event.agent_id)
                    removed[event.agent_id].append(event.at)
        for agent, start, stop in self.work:
            changes[agent].append((start, -1, "work", 1))
            if stop is not None:
                changes[agent].append((stop, -1, "work", -1))
        for agent, listed in changes.items():
            presence, on_shift, work = "offline", True, 0
            listed.sort(key=lambda change: (change[0], change[1]))
            for place, (at, _, what, value) in enumerate(listed):
                if what == "presence":
                    presence = value
                elif what == "shift":
                    on_shift = value
                else:
                    work += value
                upto = listed[place + 1][0] if place + 1 < len(listed) else end
                while at < upto:
                    cut = next_day(at, upto, self.zone)
                    day = self.agents[agent, local_day(at, self.zone)]
                    day["busy"] += (cut - at) * (work > 0)
                    day["signed_in"] += (cut - at) * (presence != "offline")
                    is_ready = work > 0 or (presence == "available" and on_shift)
                    day["ready"] += (cut - at) * is_ready
                    at = cut

    def open(self, calendars: dict[str, Any], shift: str | None, at: int) -> bool:
        if shift not in calendars:
            return True
        known: list[Any] = []
        for number, (since, calendar) in enumerate(calendars[shift]):
            since = since if number else 0
            known = [*(each for each in known if each[0] < since), (since, calendar)]
        _, calendar = [each for each in known if each[0] <= at][-1]
        return bool(calendar.is_open(datetime.fromtimestamp(at / 1000, UTC)))


TICKET_COUNTS = (
    "offered", "answered", "abandoned", "short", "in_target", "left_in_target", "gave_up_later",
    "offers", "declined", "missed", "transfers", "reassigned", "resolved", "reopened", "merged",
    "ratings", "scores", "wrap_up",
)  # fmt: skip
SPANS = ("wait", "patience", "first_response", "resolution", "handle")


def nearest_rank(values: list[int], percent: int) -> int | None:
    ordered = sorted(values)
    for value in ordered:
        if 100 * sum(each <= value for each in ordered) >= percent * len(ordered):
            return value
    return None


def told_apart(events: Iterable[ev.Event]) -> Iterator[ev.Event]:
    """Yield the events with ids of their own for tickets that come again when forgotten."""
    number: Counter[str] = Counter()
    for event in events:
        if isinstance(event, ev.TicketEvent):
            number[event.ticket_id] += isinstance(event, ev.TicketSubmitted)
            if number[event.ticket_id] > 1:
                event = evolve(event, ticket_id=f"{event.ticket_id}#{number[event.ticket_id]}")
        yield event


def check_against_recount(events: list[ev.Event], zone: str) -> None:
    again = Recount(list(told_apart(events)), zone)
    report = Ledger(zone=zone, target=TARGET, short=SHORT).see_all(events).report()
    found = report.by(Facet.QUEUE, Facet.CHANNEL, Facet.PRIORITY, Facet.PERIOD)
    keys: set[Any] = {*found, *again.counts}
    for key in keys:
        figures, counts = found.get(key), again.counts.get(key, Counter())
        for name in TICKET_COUNTS:
            assert (getattr(figures, name) if figures else 0) == counts[name], (key, name)
        for name in SPANS:
            spans = again.spans[key][name]
            if figures is None:
                assert not spans
                continue
            distribution = getattr(figures, name)
            assert (distribution.count, distribution.total) == (len(spans), sum(spans)), name
            for percent in (1, 50, 90, 100):
                assert distribution.percentile(percent) == nearest_rank(spans, percent)
    agents = report.agent(period=True)
    everybody: set[Any] = {*agents, *again.agents}
    for agent in everybody:
        for name in ("busy", "signed_in", "ready", "assigned"):
            got = getattr(agents[agent], name) if agent in agents else 0
            assert got == again.agents.get(agent, Counter())[name], (agent, name)


# --- a weekend in which the clocks change ---------------------------------------------------------

ZONES = {
    "Europe/Berlin": datetime(2026, 3, 28, 6, tzinfo=UTC),  # a Sunday of 23 hours
    "America/New_York": datetime(2026, 10, 31, 6, tzinfo=UTC),  # a Sunday of 25 hours
    "Asia/Beirut": datetime(2026, 3, 27, 12, tzinfo=UTC),  # a day without its midnight
    "Australia/Lord_Howe": datetime(2026, 4, 4, 2, tzinfo=UTC),  # half an hour only
}


def a_weekend(seed: int, zone: str, *, steps: int = 150) -> list[ev.Event]:
    """Return what happens to a small desk whose host does this and that, by chance."""
    chance = Random(seed)  # noqa: S311  a test has to be repeatable
    at = instant_of(ZONES[zone])
    desk = Dispatcher()
    events: list[ev.Event] = []
    agents = ["ana", "ben", "cleo"]
    for name in agents:
        events += desk.add_agent(an_agent(id=name, capacity=2), presence="available", at=at)
    events += desk.add_queue(
        a_queue(id="calls", members=agents[:2], delivery=Delivery.OFFER, wrap_up=minutes(3),
                offer=OfferPolicy(timeout=minutes(20))), at=at
    )  # fmt: skip
    events += desk.add_queue(a_queue(id="mail", members=agents, wrap_up=minutes(2)), at=at)
    gold = Policy(
        id=PolicyId("gold"),
        targets={
            Metric.FIRST_RESPONSE: Target(within=hours(1)),
            Metric.RESOLUTION: Target(within=hours(4)),
        },
    )
    events += desk.set_policies([gold], at=at)
    tickets: list[str] = []
    for number in range(steps):
        at += chance.choice([0, 0, 1, minutes(1), minutes(7), minutes(50), hours(2)])
        events += desk.advance(at=at)
        kind = chance.random()
        try:
            if kind < 0.3 or not tickets:
                tickets.append(f"t{number}")
                events += desk.submit(
                    a_ticket(
                        id=tickets[-1],
                        queue=chance.choice(["calls", "mail"]),
                        channel=chance.choice(["call", "email"]),
                        priority=chance.choice(list(TicketPriority)),
                        arrived=at - chance.choice([0, 0, minutes(90)]),
                    ),
                    at=at,
                )
                continue
            ringing = [each for each in tickets if desk.ticket(cast("Any", each)).offered_to]
            pick = chance.choice(ringing if ringing and kind < 0.6 else tickets[-12:])
            events += something(chance, desk, pick, agents, tickets, at)
        except (TicketRouteError, InvalidValueError):
            events += desk.advance(at=at)
    return events


def something(
    chance: Random, desk: Any, ticket: Any, agents: list[str], tickets: list[str], at: int
) -> tuple[ev.Event, ...]:
    view = desk.ticket(ticket)
    asked = view.offered_to
    agent: Any = chance.choice(asked or agents)
    does: Any = chance.choice(
        [
            lambda: desk.accept(ticket, agent, at=at),
            lambda: desk.accept(ticket, agent, at=at),
            lambda: desk.decline(ticket, agent, at=at),
            lambda: desk.reply(
                ticket, author=chance.choice(list(ev.Author)), agent_id=agent, at=at
            ),
            lambda: desk.hold(ticket, at=at),
            lambda: desk.resume(ticket, at=at),
            lambda: desk.resolve(ticket, at=at),
            lambda: desk.resolve(ticket, at=at),
            lambda: desk.reopen(ticket, at=at),
            lambda: desk.abandon(ticket, at=at),
            lambda: desk.release(ticket, at=at),
            lambda: desk.transfer(ticket, to_queue=chance.choice(["calls", "mail"]), at=at),
            lambda: desk.change_priority(ticket, chance.choice(list(TicketPriority)), at=at),
            lambda: desk.merge(ticket, into=chance.choice(tickets), at=at),
            lambda: desk.rate(ticket, chance.choice([0, 60, 100]), at=at),
            lambda: desk.set_presence(
                agent, chance.choice(["available", "away", "offline"]), at=at
            ),
            lambda: desk.set_presence(agent, "available", at=at),
        ]
    )
    if asked and chance.random() < 0.5:
        does = chance.choice(
            [lambda: desk.accept(ticket, agent, at=at), lambda: desk.decline(ticket, agent, at=at)]
        )
    elif view.state is RoutingState.PARKED and chance.random() < 0.5:
        does = lambda: desk.resume(ticket, at=at)  # noqa: E731  one of many
    elif view.agent_id is not None and chance.random() < 0.3:
        does = lambda: desk.hold(ticket, at=at)  # noqa: E731
    result: tuple[ev.Event, ...] = does()
    return result


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=12)
@given(seed=st.integers(0, 10_000))
def test_the_report_of_a_weekend_equals_a_recount(zone: str, seed: int) -> None:
    check_against_recount(a_weekend(seed, zone), zone)


@settings(max_examples=40)
@given(histories(World(service_levels=True)))
def test_the_report_of_any_history_equals_a_recount(history: Any) -> None:
    check_against_recount([event for turn in history.run() for event in turn.events], "UTC")


def test_a_ticket_that_is_forgotten_and_comes_again_counts_as_two() -> None:
    desk = Dispatcher()
    told = [*desk.add_agent(Agent(id="a"), presence="available", at=0)]
    told += desk.add_queue(Queue(id="q", members=["a"]), at=0)
    for at in (1_000, 61_000):
        told += desk.submit(Ticket(id="t", queue="q"), at=at)
        told += desk.resolve("t", at=at + 9_000)
        told += desk.forget(before=at + 10_000, at=at + 10_000)
    check_against_recount(told, "UTC")
    (figures,) = Ledger(zone="UTC").see_all(told).report().by(Facet.QUEUE).values()
    assert (figures.offered, figures.resolved) == (2, 2)


def test_the_weekends_hold_what_the_figures_are_about() -> None:
    """A recount of nothing equals anything: of each kind of event there are some."""
    events = [event for seed in range(20) for event in a_weekend(seed, "Europe/Berlin")]
    kinds = Counter(type(event) for event in events)
    for kind in (
        ev.TicketAssigned, ev.OfferDeclined, ev.OfferExpired, ev.TicketReleased, ev.TicketHeld,
        ev.TicketResumed, ev.TicketTransferred, ev.TicketReopened, ev.TicketAbandoned,
        ev.TicketMerged, ev.TicketRated, ev.WrapUpEnded, sla.ClockBreached, sla.ClockEnded,
        sla.ClockResumed,
    ):  # fmt: skip
        assert kinds[kind] >= 5, kind


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), zone=st.sampled_from(list(ZONES)))
def test_attainment_equals_that_of_all_events(seed: int, zone: str) -> None:
    """The slow function keeps every clock to the end; the ledger takes back and counts again."""
    events = a_weekend(seed, zone)
    report = Ledger(zone=zone).see_all(events).report()
    whole = attainment(events, by=[AttainmentFacet.QUEUE, AttainmentFacet.METRIC])
    for queue in ("calls", "mail"):
        for metric in (Metric.FIRST_RESPONSE, Metric.RESOLUTION):
            slow = whole.get((queue, metric.value))
            figures = report.by(Facet.QUEUE).get((queue,))
            if slow is None or figures is None:
                continue
            quick = figures.attainment(metric)
            assert (quick.met, quick.missed) == (slow.met, slow.missed)
            assert (quick.lapsed, quick.cancelled) == (slow.lapsed, slow.cancelled)
        overdue = sum(each.overdue for each in whole.values())
        assert report.total().attainment().overdue == overdue


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_a_report_in_between_changes_nothing_later(seed: int) -> None:
    events = a_weekend(seed, "Europe/Berlin")
    asked, plain = Ledger(zone="Europe/Berlin"), Ledger(zone="Europe/Berlin")
    for event in events:
        asked.see(event)
        asked.report()
    plain.see_all(events)
    days = (Facet.QUEUE, Facet.PERIOD)
    for key, figures in plain.report().by(*days).items():
        other = asked.report().by(*days)[key]
        assert [getattr(other, name) for name in TICKET_COUNTS] == [
            getattr(figures, name) for name in TICKET_COUNTS
        ]
    for agent, one in plain.report().agent(period=True).items():
        other_agent = asked.report().agent(period=True)[agent]
        assert (one.busy, one.ready, one.signed_in) == (
            other_agent.busy, other_agent.ready, other_agent.signed_in,
        )  # fmt: skip


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_a_stretch_of_time_is_counted_by_itself(seed: int) -> None:
    zone = "Europe/Berlin"
    events = a_weekend(seed, zone)
    sunday = instant_of(datetime(2026, 3, 28, 23, tzinfo=UTC))
    whole = Ledger(zone=zone).see_all(events).report()
    only = Ledger(zone=zone, since=sunday, until=sunday + hours(23)).see_all(events).report()
    assert {key[0] for key in only.by(Facet.PERIOD)} <= {"2026-03-29"}
    for key, figures in only.by(Facet.QUEUE, Facet.PERIOD).items():
        assert figures.offered == whole.by(Facet.QUEUE, Facet.PERIOD)[key].offered
    for agent, one in only.agent(period=True).items():
        assert agent[1] == "2026-03-29"
        assert (one.busy, one.ready) == (
            whole.agent(period=True)[agent].busy, whole.agent(period=True)[agent].ready,
        )  # fmt: skip


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), share=st.floats(0, 1))
def test_what_came_before_an_instant_and_after_it_adds_up(seed: int, share: float) -> None:
    """Also in the middle of a day: agents are at work before and after."""
    zone = "Europe/Berlin"
    events = a_weekend(seed, zone, steps=80)
    first, last = events[0].at, events[-1].at
    cut = first + int((last - first) * share)
    bounds: tuple[dict[str, Any], ...] = ({}, {"until": cut}, {"since": cut})
    whole, before, after = (Ledger(zone=zone, **each).see_all(events).report() for each in bounds)
    for name in ("busy", "ready", "signed_in", "assigned", "resolved", "offers"):
        parts = [getattr(each.staff(), name) for each in (before, after)]
        assert sum(parts) == getattr(whole.staff(), name), name
    for name in TICKET_COUNTS:
        parts = [getattr(each.total(), name) for each in (before, after)]
        assert sum(parts) == getattr(whole.total(), name), name


def test_only_the_time_within_the_bounds_counts() -> None:
    desk: Any = Dispatcher()
    events = [*desk.add_agent(an_agent(id="ana"), presence="available", at=0)]
    events += desk.add_queue(a_queue(id="mail", members=["ana"]), at=0)
    events += desk.submit(a_ticket(id="t1", queue="mail"), at=hours(1))
    events += desk.resolve("t1", at=hours(6))
    events += desk.set_presence("ana", "offline", at=hours(8))
    ana = Ledger(since=hours(2), until=hours(7)).see_all(events).report().agent()["ana",]
    assert (ana.signed_in, ana.busy, ana.assigned, ana.resolved) == (hours(5), hours(4), 0, 1)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_the_backlog_is_that_of_a_desk_replayed_to_the_end_of_each_day(seed: int) -> None:
    zone = "Europe/Berlin"
    events = a_weekend(seed, zone, steps=60)
    shown = Ledger(zone=zone).see_all(events).report().backlog_by_period()
    for (queue, day), (opened, waiting) in shown.items():
        past = [event for event in events if local_day(event.at, zone) <= day]
        desk = Dispatcher.replay(past)
        there = [each for each in desk.tickets() if each.queue_id == queue]
        there = [each for each in there if each.state.value != "done"]
        assert opened == len(there)
        assert waiting == sum(each.agent_id is None for each in there)
