"""Scenarios from TOML: what a study compares, in one file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from ticketroute import (
    Agent,
    Calendar,
    Defaults,
    Delivery,
    Metric,
    OfferPolicy,
    Policy,
    Queue,
    Target,
    TicketPriority,
    instant_of,
)
from ticketroute.errors import InvalidValueError
from ticketroute.model import AgentId, CalendarId, PolicyId, QueueId, StrategySpec
from ticketroute.simulation.arrivals import Arrivals, Batches, During, Poisson, Weekly
from ticketroute.simulation.laws import law_from
from ticketroute.simulation.scenario import (
    MONDAY,
    Answers,
    Holding,
    Kind,
    Misrouting,
    Reopening,
    Scenario,
    Worker,
)
from ticketroute.simulation.tables import Table
from ticketroute.simulation.units import whole_span

MOST_ALIKE = 100_000  # agents of one entry


@frozen(kw_only=True)
class Plan:
    """A study as a file describes it: scenarios by name, and how to compare them."""

    scenarios: Mapping[str, Scenario]
    baseline: str
    figure: str = "wait"
    replications: int = 10
    half_width: float | None = None
    most: int | None = None
    seed: str = "1"


@frozen(kw_only=True)
class Described:
    """A desk that another file describes: a study then only says which tickets come.

    Agents are on duty by the calendar that their shift names.
    """

    agents: tuple[Agent, ...]
    queues: tuple[Queue, ...]
    calendars: Mapping[CalendarId, Calendar]
    policies: tuple[Policy, ...]
    defaults: Defaults


Describes = Callable[[Path], Described]


def read_plan(path: str | Path, *, describes: Describes | None = None) -> Plan:
    """Read a study from a TOML file.

    ``describes`` reads the file that the key ``desk`` names, relative to the study's own folder.

    Raises:
        InvalidValueError: with the place in the file, the value and what is allowed.
        OSError: if the file cannot be read.
    """
    text = Path(path).read_bytes()
    try:
        written = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise InvalidValueError(str(path), str(fault), "a file of TOML 1.0 in UTF-8") from fault
    named = written.pop("desk", None)
    if named is None:
        return plan_from(written)
    if not isinstance(named, str) or describes is None:
        allowed = "the path of a configuration" if describes else "left out here"
        raise InvalidValueError("desk", named, allowed)
    return plan_from(written, desk=describes(Path(path).parent / named))


def read_staffed(
    path: str | Path, entry: str, strategy: str | None = None
) -> Callable[[int], Scenario]:
    """Return what makes the first scenario of a file with so many agents of one entry.

    Raises:
        InvalidValueError: if the file has no such entry of agents, or cannot be read as a study.
        OSError: if the file cannot be read.
    """
    plan = read_plan(path)
    written = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    names = [part.get("id") for part in written.get("agents", ())]
    if entry not in names:
        raise InvalidValueError("--agents", entry, f"one of {', '.join(map(str, names))}")

    def scenario_of(count: int) -> Scenario:
        agents = [
            {**part, "count": count} if part.get("id") == entry else part
            for part in written["agents"]
        ]
        found = next(iter(plan_from({**written, "agents": agents}).scenarios.values()))
        return found if strategy is None else found.with_strategy(strategy)

    first = next(iter(plan.scenarios.values()))
    if strategy is not None:
        first.with_strategy(strategy)
    return scenario_of


def plan_from(written: Mapping[str, Any], *, desk: Described | None = None) -> Plan:
    """Return the study that ``tomllib`` read, on its own desk or on one described elsewhere."""
    table = Table(written, "")
    scenario = _scenario(table, desk)
    compare = table.part("compare")
    specs = [
        _at(f"compare.strategies[{n}]", StrategySpec.of, each)
        for n, each in enumerate(compare.listed("strategies"))
    ]
    named: dict[str, Scenario] = {}
    if specs:
        named = {str(spec): scenario.with_strategy(spec) for spec in specs}
    else:
        named = {scenario.name: scenario}
    for part in compare.parts("what_if"):
        name = part.needed("name")
        if name in named:
            raise InvalidValueError(part.place("name"), name, "a name that no other scenario has")
        named[name] = _what_if(scenario, part)
        part.done()
    plan = Plan(
        scenarios=named,
        baseline=compare.get("baseline", next(iter(named))),
        figure=compare.get("figure", "wait"),
        replications=compare.get("replications", 10),
        half_width=compare.get("half_width"),
        most=compare.get("most"),
        seed=str(compare.get("seed", 1)),
    )
    compare.done()
    table.done()
    return plan


def _what_if(scenario: Scenario, part: Table) -> Scenario:
    strategy = part.get("strategy")
    if strategy is not None:
        scenario = scenario.with_strategy(_at(part.place("strategy"), StrategySpec.of, strategy))
    scenario = scenario.with_handling(part.get("handling", 1.0))
    gone = part.listed("without")
    known = {worker.agent.id for worker in scenario.workers}
    for each in gone:
        if each not in known:
            raise InvalidValueError(part.place("without"), each, "an agent of the scenario")
    added = [made for each in part.parts("agents") for made in _workers(each, scenario.calendars)]
    workers = [worker for worker in scenario.workers if worker.agent.id not in gone]
    workers += [worker for worker, _ in added]
    queues = [
        evolve(
            queue,
            members=[
                *(member for member in queue.members if member not in gone),
                *(worker.agent.id for worker, serves in added if _serves(queue.id, serves)),
            ],
        )
        if gone or added
        else queue
        for queue in scenario.queues
    ]
    with _placed(part.place("")):
        return evolve(scenario, workers=workers, queues=queues, name=part.get("name"))


def _serves(queue: str, serves: list[str] | None) -> bool:
    return serves is None or queue in serves


def _scenario(table: Table, desk: Described | None) -> Scenario:
    calendars = {} if desk is None else dict(desk.calendars)
    calendars |= {
        CalendarId(name): _at(f"calendars.{name}", Calendar.from_plain, plain)
        for name, plain in table.part("calendars").rest().items()
    }
    for key in () if desk is None else ("agents", "queues", "policies"):
        if key in table:
            raise InvalidValueError(key, "given", "left out: the file of the key desk has them")
    staffed = [made for part in table.parts("agents") for made in _workers(part, calendars)]
    workers = [worker for worker, _ in staffed]
    queues = [_queue(part, staffed) for part in table.parts("queues")]
    policies = [_policy(part) for part in table.parts("policies")]
    if desk is not None:
        workers = [_on_duty(agent, desk) for agent in desk.agents]
        queues, policies = list(desk.queues), list(desk.policies)
    kinds = [_kind(part, calendars) for part in table.parts("tickets")]
    start = table.get("start", MONDAY)
    with _placed("scenario"):
        return Scenario(
            name=table.get("name", "scenario"),
            queues=queues,
            workers=workers,
            kinds=kinds,
            defaults=Defaults() if desk is None else desk.defaults,
            policies=policies,
            calendars=calendars,
            length=table.needed("length"),
            start=instant_of(start) if isinstance(start, datetime) else start,
            warm_up=table.get("warm_up"),
            target=table.get("target", "20s"),
            drain=table.get("drain", "30d"),
        )


def _on_duty(agent: Agent, desk: Described) -> Worker:
    """Return an agent whose shift is when they are there, where a desk would take it from them."""
    hours = None if agent.shift is None else desk.calendars[agent.shift]
    return Worker(agent=evolve(agent, shift=None), hours=hours)


def _workers(
    part: Table, calendars: Mapping[CalendarId, Calendar]
) -> list[tuple[Worker, list[str] | None]]:
    """Return the agents of an entry, and the queues that they serve; None is all."""
    name, count = part.needed("id"), part.get("count", 1)
    if type(count) is not int or not 1 <= count <= MOST_ALIKE:
        raise InvalidValueError(part.place("count"), count, f"from 1 to {MOST_ALIKE}")
    serves = part.listed("queues") if "queues" in part else None
    hours = part.get("hours")
    calendar = None if hours is None else _calendar(part.place("hours"), hours, calendars)
    facts = part.picked("capacity", "priority", "skills", "channels", "name")
    ways = part.picked("pace", "pace_of", "one_at_a_time", "overtime", "looks_after")
    if "reports_after" in part:
        ways["reports_after"] = part.get("reports_after")
    if "answers" in part:
        answers = part.part("answers")
        with _placed(answers.place("")):
            ways["answers"] = Answers(**answers.picked("after", "declined", "ignored", "returns"))
        answers.done()
    part.done()
    with _placed(part.place("")):
        return [
            (Worker(agent=Agent(id=AgentId(each), **facts), hours=calendar, **ways), serves)
            for each in ([name] if count == 1 else [f"{name}-{n}" for n in range(1, count + 1)])
        ]


def _queue(part: Table, staffed: list[tuple[Worker, list[str] | None]]) -> Queue:
    name = part.needed("id")
    members = [worker.agent.id for worker, serves in staffed if _serves(name, serves)]
    facts = part.picked(
        "strategy", "weight", "limit_per_agent", "keep_agent", "resume", "parked_counts"
    )
    if "wrap_up" in part:
        facts["wrap_up"] = _at(part.place("wrap_up"), whole_span, part.get("wrap_up"))
    facts["delivery"] = part.choice("delivery", Delivery, Delivery.ASSIGN)
    if "offer" in part:
        offer = part.part("offer")
        spans = ("timeout", "retry_declined_after", "retry_missed_after")
        given = offer.picked("parallel", "refill", "max_misses", *spans)
        for each in spans:
            if each in given:
                given[each] = _at(offer.place(each), whole_span, given[each])
        with _placed(offer.place("")):
            facts["offer"] = OfferPolicy(**given)
        offer.done()
    part.done()
    with _placed(part.place("")):
        return Queue(id=QueueId(name), members=members, **facts)


def _kind(part: Table, calendars: Mapping[CalendarId, Calendar]) -> Kind:
    more: dict[str, Any] = part.picked("channel", "weight")
    for law in ("handling", "patience"):
        if law in part:
            more[law] = law_from(part.get(law), part.place(law))
    if "priorities" in part:
        shares = part.get("priorities")
        more["priorities"] = {
            _at(part.place("priorities"), _priority, name): share for name, share in shares.items()
        }
    if "skills" in part:
        more["skills"] = [
            (each.get("levels", {}), each.get("share", 1)) for each in part.parts("skills")
        ]
    if "misrouting" in part:
        wrong = part.part("misrouting")
        with _placed(wrong.place("")):
            more["misrouting"] = Misrouting(**wrong.picked("share", "to", "noticed"))
        wrong.done()
    if "reopening" in part:
        again = part.part("reopening")
        with _placed(again.place("")):
            more["reopening"] = Reopening(**again.picked("share", "after", "factor"))
        again.done()
    if "holding" in part:
        rests = part.part("holding")
        with _placed(rests.place("")):
            more["holding"] = Holding(**rests.picked("share", "span", "after"))
        rests.done()
    arrivals = _arrivals(part.part("arrivals"), calendars)
    name, queue = part.needed("name"), part.needed("queue")
    part.needed("handling")
    part.done()
    with _placed(part.place("")):
        return Kind(name=name, queue=QueueId(queue), arrivals=arrivals, **more)


def _arrivals(part: Table, calendars: Mapping[CalendarId, Calendar]) -> Arrivals:
    with _placed(part.place("")):
        sizes = part.listed("batches")
        if "weekly" in part:
            made: Arrivals = Weekly(
                part.get("weekly"), zone=part.get("zone", "UTC"), day_cv=part.get("day_cv", 0.0)
            )
        else:
            rate = part.needed("per_hour")
            cv = part.get("day_cv", 0.0)
            made = Weekly([rate] * 168, day_cv=cv) if cv else Poisson(rate)
        during = part.get("during")
        if during is not None:
            made = During(made, _calendar(part.place("during"), during, calendars))
        part.done()
        return Batches(made, sizes) if sizes else made


def _calendar(place: str, written: Any, calendars: Mapping[CalendarId, Calendar]) -> Calendar:
    """Return a calendar that is named or written out."""
    if not isinstance(written, str):
        made: Calendar = _at(place, Calendar.from_plain, written)
        return made
    if written not in calendars:
        known = ", ".join(calendars) or "none yet"
        raise InvalidValueError(place, written, f"a name of [calendars]: {known}")
    return calendars[CalendarId(written)]


def _policy(part: Table) -> Policy:
    within: dict[Metric, Target] = {}
    for name, spans in part.part("within").rest().items():
        place = part.place(f"within.{name}")
        metric = _at(place, Metric, name)
        listed = spans if isinstance(spans, Mapping) else dict.fromkeys(_PRIORITIES, spans)
        within[metric] = Target(
            within={
                _at(place, _priority, each): _at(place, whole_span, span)
                for each, span in listed.items()
            }
        )
    facts = part.picked("queues", "channels", "calendar")
    name = part.needed("id")
    part.done()
    with _placed(part.place("")):
        return Policy(id=PolicyId(name), targets=within, **facts)


_PRIORITIES = {each.name.lower(): each for each in TicketPriority}


def _priority(word: str) -> TicketPriority:
    if word not in _PRIORITIES:
        raise InvalidValueError("priority", word, f"one of {', '.join(_PRIORITIES)}")
    return _PRIORITIES[word]


def _at(place: str, read: Any, written: Any) -> Any:
    with _placed(place):
        return read(written)


@contextmanager
def _placed(place: str) -> Iterator[None]:
    """Name the place in the file in whatever is wrong."""
    try:
        yield
    except InvalidValueError as fault:
        if place and not str(fault.thing).startswith(place):
            thing = f"{place}: {fault.thing}"
            raise InvalidValueError(thing, fault.value, fault.allowed) from fault
        raise
    except (TypeError, ValueError) as fault:
        raise InvalidValueError(place, str(fault), "as the reference says") from fault
