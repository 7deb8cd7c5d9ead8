"""Scenarios from a log of one's own: what arrivals, people, hours and handling times were like.

A log of tickets says when a ticket came and when it was resolved, and names who had it. It does
not say how long somebody worked on it. Everything that is fitted is a guess with a stated rule,
and the fit is measured by running the log as it was recorded.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from zoneinfo import ZoneInfo

import numpy as np
from attrs import evolve, field, frozen

from ticketroute import Agent, Calendar, Delivery, Metric, Policy, Queue, Target, TicketPriority
from ticketroute.errors import InvalidValueError
from ticketroute.model import AgentId, Instant, PolicyId, QueueId, ResumeRule
from ticketroute.model.instants import datetime_of
from ticketroute.simulation.arrivals import WEEKDAYS, Recorded, Resampled
from ticketroute.simulation.laws import Observed
from ticketroute.simulation.scenario import (
    Holding,
    Kind,
    Misrouting,
    Reopening,
    Scenario,
    Worker,
)
from ticketroute.simulation.units import DAY, HOUR, spoken

CUT = 0.95  # quantile at which handling times are cut: beyond, tickets rested and nobody worked
ENOUGH = 20  # tickets of an agent, or of a queue, from which its own figures are fitted
PACES = (0.5, 2.0)  # between which an agent's pace is believed
SEEN = 2  # endings on a weekday that make it one of an agent's days
RECORDED = "as recorded"


@frozen(kw_only=True)
class Past:
    """A ticket of the past.

    ``queue`` is where it came in, ``agents`` who had it, in order, each with the queue in which
    they did; ``met`` whether its service level was met, None if that was not said.
    The rest is what only a log of events tells: ``since`` is when the last agent got it, ``holds``
    are its spans on hold, ``over`` those from an ending to the reopening after it, in order.
    """

    id: str
    queue: QueueId
    arrived: Instant
    ended: Instant | None = None
    agents: tuple[tuple[AgentId, QueueId], ...] = ()
    priority: TicketPriority = TicketPriority.NORMAL
    channel: str = "email"
    met: bool | None = None
    since: Instant | None = None
    holds: tuple[tuple[Instant, Instant], ...] = ()
    over: tuple[tuple[Instant, Instant], ...] = ()


@frozen(kw_only=True)
class Fitted:
    """A scenario of a log, with the log's own decisions as a baseline.

    ``recorded`` gives every ticket to who had it in the log. ``scenario`` is the same desk, for a
    strategy to decide. ``targets`` are thresholds for the time to resolve, fitted to what the log
    says was met, with the share of tickets that they tell right.
    """

    recorded: Scenario
    scenario: Scenario
    past: tuple[Past, ...] = field(repr=False)
    targets: Mapping[TicketPriority, tuple[int, float]] = field(factory=dict)


def fit(
    past: Iterable[Past],
    *,
    zone: str = "UTC",
    capacity: int = 1,
    factor: float = 1.0,
    targets: Mapping[TicketPriority, int] | None = None,
    resample: bool = False,
    holds_count: bool = False,
    name: str = "log",
) -> Fitted:
    """Fit a scenario to tickets of the past.

    Args:
        past: tickets in any order.
        zone: on whose wall clock agents keep hours.
        capacity: how many tickets an agent holds at once; they work on one of them.
        factor: multiplies all handling times, which are the weakest guess.
        targets: spans to resolve by priority; None fits them where the log says what was met.
        resample: draw whole days of arrivals anew in every replication, instead of the log's own.
        holds_count: tickets on hold use their agent's capacity.
        name: of the scenario.

    Raises:
        InvalidValueError: if there are no tickets, or no ticket names an agent.

    O(tickets log tickets).
    """
    tickets = tuple(sorted(past, key=lambda each: (each.arrived, each.id)))
    if not tickets:
        raise InvalidValueError("the number of tickets in the log", 0, "1 or more")
    if not any(ticket.agents for ticket in tickets):
        raise InvalidValueError(
            "the agents in the log", (), "named for some tickets: name their column"
        )
    hours = _hours(tickets, zone)
    spans = _spans(tickets, hours)
    kinds, names = _kinds(tickets, spans, resample=resample)
    workers = _workers(tickets, spans, hours, capacity=capacity, factor=factor)
    members = _members(tickets)
    fitted = (
        _targets(tickets) if targets is None else {p: (s, math.nan) for p, s in targets.items()}
    )
    start = tickets[0].arrived // DAY * DAY
    scenario = Scenario(
        name=name,
        queues=[
            Queue(id=queue, members=found, parked_counts=holds_count)
            for queue, found in members.items()
        ],
        workers=workers,
        kinds=kinds,
        policies=_policies({p: span for p, (span, _) in fitted.items()}),
        start=start,
        length=tickets[-1].arrived + 1 - start,
        warm_up=0,
        drain=90 * DAY,
        target=HOUR,
        assumptions=(
            *_assumptions(tickets, spans, fitted, zone, capacity, factor, resample=resample),
            *_rest_assumptions(kinds, holds_count=holds_count),
        ),
    )
    recorded = evolve(
        scenario,
        name=RECORDED,
        queues=[
            evolve(queue, delivery=Delivery.PULL, resume=ResumeRule.STICKY)
            for queue in scenario.queues
        ],
        recorded={
            names[ticket.id]: in_turn(ticket) for ticket in tickets if ticket.agents
        },
    )  # fmt: skip
    return Fitted(recorded=recorded, scenario=scenario, past=tickets, targets=fitted)


def in_turn(ticket: Past) -> tuple[AgentId, ...]:
    """Return the agents who had a ticket, in order, none twice in a row."""
    turns: list[AgentId] = []
    for agent, _ in ticket.agents:
        if not turns or turns[-1] != agent:
            turns.append(agent)
    return tuple(turns)


# --- people ---------------------------------------------------------------------------------------


def _hours(tickets: Sequence[Past], zone: str) -> dict[AgentId, Calendar]:
    """Return each agent's hours: on each weekday from their earliest to their latest ending."""
    where = ZoneInfo(zone)
    seen: dict[AgentId, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    everybody: dict[str, list[int]] = defaultdict(list)
    for ticket in tickets:
        if ticket.ended is None or not ticket.agents:
            continue
        local = datetime_of(ticket.ended).astimezone(where)
        day = WEEKDAYS[local.weekday()]
        seen[ticket.agents[-1][0]][day].append(local.hour)
        everybody[day].append(local.hour)
    usual = _windows(everybody, SEEN) or {day: [("00:00", "24:00")] for day in WEEKDAYS}
    named = {agent for ticket in tickets for agent, _ in ticket.agents}
    return {
        agent: Calendar(zone=zone, hours=_windows(seen[agent], SEEN) or usual)
        for agent in sorted(named)
    }


def _windows(days: Mapping[str, list[int]], least: int) -> dict[str, list[tuple[str, str]]]:
    found = {}
    for day in WEEKDAYS:
        hours = sorted(days.get(day, ()))
        if len(hours) >= least:
            # The outer twentieth is overtime, not hours.
            first = hours[len(hours) // 20]
            last = hours[-1 - len(hours) // 20]
            found[day] = [(f"{first:02}:00", f"{last + 1:02}:00")]
    return found


def _members(tickets: Sequence[Past]) -> dict[QueueId, tuple[AgentId, ...]]:
    found: dict[QueueId, dict[AgentId, None]] = {}
    for ticket in tickets:
        found.setdefault(ticket.queue, {})
        for agent, queue in ticket.agents:
            found.setdefault(queue, {})[agent] = None
    for ticket in tickets:
        if not found[ticket.queue]:  # nobody is named there: who took its tickets serves it
            found[ticket.queue].update((agent, None) for agent, _ in ticket.agents)
    everyone = dict.fromkeys(agent for agents in found.values() for agent in agents)
    return {queue: tuple(agents) or tuple(everyone) for queue, agents in found.items()}


def _workers(
    tickets: Sequence[Past],
    spans: Mapping[str, float],
    hours: Mapping[AgentId, Calendar],
    *,
    capacity: int,
    factor: float,
) -> list[Worker]:
    of_queue: dict[QueueId, list[float]] = defaultdict(list)
    own: dict[AgentId, list[tuple[float, QueueId]]] = defaultdict(list)
    for ticket in tickets:
        if ticket.id in spans:
            of_queue[ticket.queue].append(spans[ticket.id])
            own[ticket.agents[-1][0]].append((spans[ticket.id], ticket.queue))
    usual = {queue: fmean(found) for queue, found in of_queue.items()}
    workers = []
    for agent, calendar in hours.items():
        worked = own[agent]
        expected = math.fsum(usual[queue] for _, queue in worked)
        pace = 1.0
        if len(worked) >= ENOUGH and expected:
            pace = math.fsum(span for span, _ in worked) / expected
        workers.append(
            Worker(
                agent=Agent(id=agent, capacity=capacity),
                hours=calendar,
                pace=min(max(pace, PACES[0]), PACES[1]) * factor,
                one_at_a_time=True,
                overtime=False,
            )
        )
    return workers


# --- tickets --------------------------------------------------------------------------------------


def _spans(tickets: Sequence[Past], hours: Mapping[AgentId, Calendar]) -> dict[str, float]:
    """Return a guess of how long somebody worked on each ticket, by its id.

    It is the agent's time on duty from when they got it, or from the agent's ending before, to the
    (first) ending, without the time on hold: as if they did one after the other, in the order of
    endings. Spans are cut at CUT.
    """
    by_agent: dict[AgentId, list[tuple[Instant, Instant, Past]]] = defaultdict(list)
    for ticket in tickets:
        ended = ticket.over[0][0] if ticket.over else ticket.ended
        if ended is not None and ticket.agents:
            since = ticket.arrived if ticket.since is None else min(ticket.since, ended)
            by_agent[ticket.agents[-1][0]].append((ended, since, ticket))
    found: dict[str, float] = {}
    for agent, done in by_agent.items():
        done.sort(key=lambda each: (each[0], each[2].arrived))
        table, before = hours[agent].timetable, 0
        for ended, since, ticket in done:
            first = max(before, since)
            rested = sum(
                table.elapsed(max(first, begun), min(ended, gone_on))
                for begun, gone_on in ticket.holds
                if max(first, begun) < min(ended, gone_on)
            )
            found[ticket.id] = float(table.elapsed(first, ended) - rested)
            before = ended
    if not found:
        raise InvalidValueError("the endings in the log", (), "there for some tickets with agents")
    most = float(np.quantile(list(found.values()), CUT))
    return {each: min(span, most) for each, span in found.items()}


def _kinds(
    tickets: Sequence[Past], spans: Mapping[str, float], *, resample: bool
) -> tuple[list[Kind], dict[str, str]]:
    """Return a kind for each queue and priority, and the simulated id of each ticket."""
    groups: dict[tuple[QueueId, TicketPriority, str], list[Past]] = defaultdict(list)
    of_queue: dict[QueueId, list[float]] = defaultdict(list)
    moves: dict[QueueId, Counter[QueueId]] = defaultdict(Counter)
    worked: Counter[QueueId] = Counter()
    for ticket in tickets:
        groups[ticket.queue, ticket.priority, ticket.channel].append(ticket)
        if ticket.id in spans:
            of_queue[ticket.queue].append(spans[ticket.id])
        if ticket.agents:
            worked[ticket.queue] += 1
            last = ticket.agents[-1][1]
            if last != ticket.queue:
                moves[ticket.queue][last] += 1
    everything = list(spans.values())
    holding, reopening = _holding(tickets), _reopening(tickets)
    kinds: list[Kind] = []
    names: dict[str, str] = {}
    for (queue, priority, channel), found in sorted(groups.items()):
        own = of_queue[queue] if len(of_queue[queue]) >= ENOUGH else everything
        wrong = moves[queue]
        kind = f"{queue}/{priority.name.lower()}/{channel}"
        times = [ticket.arrived for ticket in found]
        kinds.append(
            Kind(
                name=kind,
                queue=queue,
                channel=channel,
                arrivals=Resampled(times) if resample else Recorded(times),
                handling=Observed(own),
                priorities={priority: 1.0},
                misrouting=Misrouting(share=wrong.total() / worked[queue], to=sorted(wrong.items()))
                if wrong
                else None,
                holding=holding.get(queue),
                reopening=reopening.get(queue),
            )
        )
        names.update((ticket.id, f"{kind}-{n}") for n, ticket in enumerate(found, start=1))
    return kinds, names


def _holding(tickets: Sequence[Past]) -> dict[QueueId, Holding]:
    """Return how tickets rest, by the queue in which they came: as often and as long as they did.

    A ticket that is put on hold again with the same chance p is held p / (1 - p) times in the mean.
    """
    spans: dict[QueueId, list[float]] = defaultdict(list)
    count: Counter[QueueId] = Counter()
    for ticket in tickets:
        if ticket.agents:
            count[ticket.queue] += 1
            spans[ticket.queue].extend(end - start for start, end in ticket.holds)
    return {
        queue: Holding(
            share=min(len(found) / (count[queue] + len(found)), 0.9), span=Observed(found)
        )
        for queue, found in spans.items()
        if found
    }


def _reopening(tickets: Sequence[Past]) -> dict[QueueId, Reopening]:
    """Return the share of endings that are undone, by the queue in which tickets came."""
    after: dict[QueueId, list[float]] = defaultdict(list)
    endings: Counter[QueueId] = Counter()
    for ticket in tickets:
        if ticket.agents:
            endings[ticket.queue] += len(ticket.over) + (ticket.ended is not None)
            after[ticket.queue].extend(end - start for start, end in ticket.over)
    return {
        queue: Reopening(share=min(len(found) / endings[queue], 0.9), after=Observed(found))
        for queue, found in after.items()
        if found
    }


def _targets(tickets: Sequence[Past]) -> dict[TicketPriority, tuple[int, float]]:
    """Return the thresholds that tell best which tickets met their service level, by priority."""
    told: dict[TicketPriority, list[tuple[int, bool]]] = defaultdict(list)
    for ticket in tickets:
        if ticket.met is not None and ticket.ended is not None:
            told[ticket.priority].append((ticket.ended - ticket.arrived, ticket.met))
    found = {priority: _threshold(pairs) for priority, pairs in sorted(told.items())}
    return {priority: each for priority, each in found.items() if each[0]}


def _met(tickets: Sequence[Past]) -> dict[TicketPriority, tuple[int, int]]:
    """Return of each priority how many tickets met their service level, of how many that tell."""
    met: Counter[TicketPriority] = Counter()
    told: Counter[TicketPriority] = Counter()
    for ticket in tickets:
        if ticket.met is not None:
            told[ticket.priority] += 1
            met[ticket.priority] += ticket.met
    return {priority: (met[priority], count) for priority, count in told.items()}


def _threshold(pairs: list[tuple[int, bool]]) -> tuple[int, float]:
    """Return the span that tells best, and the share it tells right; 0 if none tells anything."""
    pairs.sort()
    right = sum(not met for _, met in pairs)
    best, threshold = right, 0
    for place, (span, met) in enumerate(pairs):
        right += 1 if met else -1
        last_of_its_span = place + 1 == len(pairs) or pairs[place + 1][0] != span
        if right > best and span and last_of_its_span:
            best, threshold = right, span
    return threshold, best / len(pairs)


def _policies(targets: Mapping[TicketPriority, int]) -> list[Policy]:
    if not targets:
        return []
    return [Policy(id=PolicyId("log"), targets={Metric.RESOLUTION: Target(within=targets)})]


def _rest_assumptions(kinds: Sequence[Kind], *, holds_count: bool) -> tuple[str, ...]:
    """Return what is assumed about holds and reopenings, nothing where the log has none."""
    lines = []
    if any(kind.holding for kind in kinds):
        use = "uses" if holds_count else "uses none of"
        lines.append(
            "holds: as often as in the ticket's queue and for a span drawn from its spans, after "
            f"half of the handling that is left; a ticket on hold {use} its agent's capacity"
        )
    again = next((kind.reopening for kind in kinds if kind.reopening), None)
    if again is not None:
        lines.append(
            "reopenings: as often as in the ticket's queue and after a span drawn from its spans; "
            f"the second handling takes {again.factor:g} of a first one"
        )
    return tuple(lines)


def _assumptions(
    tickets: Sequence[Past],
    spans: Mapping[str, float],
    targets: Mapping[TicketPriority, tuple[int, float]],
    zone: str,
    capacity: int,
    factor: float,
    *,
    resample: bool,
) -> tuple[str, ...]:
    agents = {agent for ticket in tickets for agent, _ in ticket.agents}
    without = sum(not ticket.agents for ticket in tickets)
    counts = (
        f"{len(tickets):,} tickets from {datetime_of(tickets[0].arrived):%Y-%m-%d} to "
        f"{datetime_of(tickets[-1].arrived):%Y-%m-%d}, {len(agents):,} agents; {without:,} tickets "
        "name no agent, and a strategy's desk works them all the same"
    )
    events = any(ticket.since is not None for ticket in tickets)
    got = "when they got the ticket" if events else "the arrival"
    rests = ", without the time on hold" if any(ticket.holds for ticket in tickets) else ""
    handling = (
        f"handling time (the log has none): an agent's time on duty from {got}, or from "
        f"their ending before, to the ending{rests}, cut at the {100 * CUT:.0f} % quantile; mean "
        f"{spoken(fmean(spans.values()))}, drawn from its queue, times {factor:g}; an agent's own "
        f"pace from {ENOUGH} tickets on, between {PACES[0]:g} and {PACES[1]:g}"
    )
    misrouting = (
        "mis-routing: the share of a queue's tickets whose last agent had them in another queue, "
        "noticed after a quarter of the handling time"
    )
    arrivals = (
        "whole days drawn anew in every replication"
        if resample
        else "at the recorded instants, the same in every replication"
    )
    lines = [
        counts,
        f"arrivals: {arrivals}",
        "an agent serves the queues in which the log names them",
        f"hours: on each weekday, an agent's first to last usual ending, on the clock of {zone}",
        handling,
        f"agents hold {capacity} at a time, work on one, and rest outside their hours",
        misrouting,
    ]
    for priority, (met, told) in sorted(_met(tickets).items()):
        lines.append(
            f"service level in the log, {priority.name.lower()}: met by {100 * met / told:.1f} % "
            f"of {told:,} tickets"
        )
    for priority, (span, share) in targets.items():
        found = "" if math.isnan(share) else f", fitted: tells {100 * share:.0f} % of the log right"
        lines.append(f"service level, {priority.name.lower()}: resolved in {spoken(span)}{found}")
    return tuple(lines)
