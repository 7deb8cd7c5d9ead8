"""A scenario: the desk, the people at it, and the tickets that come to it, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import Attribute, evolve, field, frozen

from ticketroute import Agent, Calendar, Defaults, Policy, Queue, TicketPriority
from ticketroute.errors import InvalidValueError
from ticketroute.model import AgentId, CalendarId, Instant, QueueId, StrategySpec
from ticketroute.model.checks import check_id, check_instant, check_text
from ticketroute.simulation.arrivals import Arrivals
from ticketroute.simulation.laws import Fixed, Law, law_from, number
from ticketroute.simulation.units import DAY, whole_span

MONDAY: Instant = 1_767_571_200_000  # 2026-01-05T00:00Z, a Monday: where a scenario starts


def _law(written: object) -> Law:
    return law_from(written)


def _maybe_law(written: object) -> Law | None:
    return None if written is None else law_from(written)


def _shares(shares: Any) -> tuple[tuple[Any, float], ...]:
    pairs = tuple(shares.items() if isinstance(shares, Mapping) else shares)
    total = 0.0
    for what, share in pairs:
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1e9:
            raise InvalidValueError(f"the share of {what!r}", share, "a number from 0")
        total += share
    if pairs and not total:
        raise InvalidValueError("the shares", 0, "above 0 in sum")
    return pairs


def chosen(shares: tuple[tuple[Any, float], ...], share: float) -> Any:
    """Return the item that a number from 0 to 1 falls on, when items lie in line by share."""
    left = share * sum(each for _, each in shares)
    for item, size in shares:
        if left < size:
            return item
        left -= size
    return shares[-1][0]


@frozen(kw_only=True)
class Misrouting:
    """Tickets that come to the wrong queue.

    ``share`` of the tickets of a kind belong to a queue of ``to``, which maps queues to shares.
    The agent notices after ``noticed`` of the handling time, and transfers the ticket. The
    handling then starts anew in the right queue.
    """

    share: float = field(validator=number(0, 1))
    to: tuple[tuple[QueueId, float], ...] = field(converter=_shares)
    noticed: float = field(default=0.25, validator=number(0, 1))


@frozen(kw_only=True)
class Reopening:
    """Resolved tickets that are work again.

    ``share`` of the resolved tickets are reopened ``after`` a span, a reopened one with the same
    chance again; the second handling takes ``factor`` times as long as a first one.
    """

    share: float = field(validator=number(0, 0.9))
    after: Law = field(default=Fixed("1d"), converter=_law)
    factor: float = field(default=0.5, validator=number(0, 100))


@frozen(kw_only=True)
class Holding:
    """Tickets whose work rests, because somebody else has to answer first.

    ``share`` of the tickets are put on hold once the part ``after`` of their handling is done, for
    ``span``. Then they go back to their agent or to their line, as the queue says; what is left of
    the handling is on hold with the same chance again.
    """

    share: float = field(validator=number(0, 0.9))
    span: Law = field(default=Fixed("1d"), converter=_law)
    after: float = field(default=0.5, validator=number(0, 0.99))


@frozen(kw_only=True)
class Kind:
    """Tickets of one kind: where they come in, how often, and what they take.

    ``name`` begins the id of each ticket. ``handling`` is the time that an agent of pace 1 works
    on one, ``patience`` how long the requester waits for an agent to get the ticket; None means
    for ever. ``priorities`` and ``skills`` map what a ticket may be to shares; of the skills, each
    item is a mapping of skill to least level.
    """

    name: str
    queue: QueueId
    arrivals: Arrivals
    handling: Law = field(converter=_law)
    patience: Law | None = field(default=None, converter=_maybe_law)
    channel: str = "email"
    priorities: tuple[tuple[TicketPriority, float], ...] = field(
        default=((TicketPriority.NORMAL, 1.0),), converter=_shares
    )
    skills: tuple[tuple[Mapping[str, int], float], ...] = field(default=(), converter=_shares)
    weight: int = 1
    misrouting: Misrouting | None = None
    reopening: Reopening | None = None
    holding: Holding | None = None

    def __attrs_post_init__(self) -> None:
        check_id("Kind.name", self.name)
        check_id(f"the queue of kind {self.name!r}", self.queue)


@frozen(kw_only=True)
class Answers:
    """How an agent answers the offers of a queue that offers.

    Of all offers, ``ignored`` get no answer and ``declined`` get a no; the others are accepted.
    An answer comes ``after`` a span; one that comes when the offer has ended is none. Who is set
    away for missed offers is back after ``returns``.
    """

    after: Law = field(default=Fixed(0), converter=_law)
    declined: float = field(default=0.0, validator=number(0, 1))
    ignored: float = field(default=0.0, validator=number(0, 1))
    returns: Law = field(default=Fixed("3min"), converter=_law)

    def __attrs_post_init__(self) -> None:
        if self.declined + self.ignored > 1:
            raise InvalidValueError(
                "Answers.declined", self.declined, f"at most {1 - self.ignored:g}, the rest"
            )


@frozen(kw_only=True)
class Worker:
    """An agent as they work.

    ``hours`` are the hours on duty; None means always. Gaps within a day are breaks.
    ``pace`` multiplies handling times: 0.8 is a fast agent. ``pace_of`` multiplies them further by
    the name of a skill that the ticket asks for, or of its queue.
    ``one_at_a_time``: tickets that the agent holds are worked one after the other, in the order of
    assignment; otherwise all of them at once.
    ``overtime``: work at the end of the hours is finished; otherwise it rests until they go on.
    ``answers`` is how they answer offers. ``looks_after`` is how long after a ticket they take the
    next one of a queue that is pulled. ``reports_after`` is how late the desk hears that a ticket
    is done: until then, it sees a load that is too high.
    """

    agent: Agent
    hours: Calendar | None = None
    pace: float = field(default=1.0, validator=number(0, 1_000, above=True))
    pace_of: Mapping[str, float] = field(factory=dict)
    one_at_a_time: bool = False
    overtime: bool = True
    answers: Answers = field(factory=Answers)
    looks_after: Law = field(default=Fixed(0), converter=_law)
    reports_after: Law | None = field(default=None, converter=_maybe_law)


def _queues(listed: Iterable[Queue]) -> tuple[Queue, ...]:
    return tuple(listed)


def _workers(listed: Iterable[Worker]) -> tuple[Worker, ...]:
    return tuple(listed)


def _kinds(listed: Iterable[Kind]) -> tuple[Kind, ...]:
    return tuple(listed)


def _policies(listed: Iterable[Policy]) -> tuple[Policy, ...]:
    return tuple(listed)


def _texts(listed: Iterable[str]) -> tuple[str, ...]:
    return tuple(listed)


def _maybe_span(span: float | str | None) -> int | None:
    return None if span is None else whole_span(span)


def _start(_: object, __: Attribute[Instant], start: object) -> None:
    check_instant("Scenario.start", start)


def _unique(thing: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidValueError(f"{thing} of the scenario", name, "there once")
        seen.add(name)


@frozen(kw_only=True)
class Scenario:
    """A desk, its people, and the tickets that come to it for ``length`` from ``start`` on.

    ``queues`` name their members; ``calendars`` and ``policies`` are those of the desk.
    ``target`` is the span within which a ticket is to be answered, for the service level.
    ``warm_up`` is the part at the start that figures leave out: a span, or None to find it by
    MSER-5 in every replication. A desk that opens and closes has none: there None means 0.
    ``drain`` is how long the desk goes on after the last arrival to end what is open.
    ``recorded`` maps a ticket's id to the agents who had it in the past, in order: those tickets
    go by hand to these agents, and no strategy is asked.

    Raises:
        InvalidValueError: if a part names a queue, an agent or a skill that is nowhere else.
    """

    name: str = "scenario"
    queues: tuple[Queue, ...] = field(converter=_queues)
    workers: tuple[Worker, ...] = field(converter=_workers)
    kinds: tuple[Kind, ...] = field(converter=_kinds)
    length: int = field(converter=whole_span)
    start: Instant = field(default=MONDAY, validator=_start)
    warm_up: int | None = field(default=None, converter=_maybe_span)
    drain: int = field(default=30 * DAY, converter=whole_span)
    target: int = field(default=20_000, converter=whole_span)
    calendars: Mapping[CalendarId, Calendar] = field(factory=dict)
    policies: tuple[Policy, ...] = field(default=(), converter=_policies)
    defaults: Defaults = field(factory=Defaults)
    recorded: Mapping[str, tuple[AgentId, ...]] = field(factory=dict, repr=False)
    assumptions: tuple[str, ...] = field(default=(), converter=_texts)

    def __attrs_post_init__(self) -> None:
        check_text("Scenario.name", self.name)
        _unique("queue", (queue.id for queue in self.queues))
        _unique("agent", (worker.agent.id for worker in self.workers))
        _unique("kind", (kind.name for kind in self.kinds))
        if self.length <= 0:
            raise InvalidValueError("Scenario.length", self.length, "a span above 0")
        if self.warm_up is not None and self.warm_up >= self.length:
            raise InvalidValueError(
                "Scenario.warm_up", self.warm_up, f"shorter than the length, {self.length} ms"
            )
        self._check_names()

    def _check_names(self) -> None:
        queues = {queue.id for queue in self.queues}
        agents = {worker.agent.id for worker in self.workers}
        for queue in self.queues:
            for member in queue.members:
                if member not in agents:
                    raise InvalidValueError(
                        f"a member of queue {queue.id!r}", member, _one_of("an agent", agents)
                    )
        for kind in self.kinds:
            targets = kind.misrouting.to if kind.misrouting else ()
            for named in (kind.queue, *(queue for queue, _ in targets)):
                if named not in queues:
                    raise InvalidValueError(
                        f"a queue of kind {kind.name!r}", named, _one_of("a queue", queues)
                    )
            self._check_skills(kind)

    def _check_skills(self, kind: Kind) -> None:
        queue = next(queue for queue in self.queues if queue.id == kind.queue)
        if queue.relaxations:
            return  # a step may drop the skill, or lead elsewhere
        for asked, share in kind.skills:
            if not share:
                continue
            able = [
                worker.agent
                for worker in self.workers
                if worker.agent.id in queue.members
                and all(worker.agent.skills.get(each, 0) >= level for each, level in asked.items())
            ]
            if not able:
                raise InvalidValueError(
                    f"skills of kind {kind.name!r}",
                    dict(asked),
                    f"what a member of queue {queue.id!r} has; give the skill to one of them",
                )

    @property
    def end(self) -> Instant:
        """The instant after which no ticket comes in."""
        return self.start + self.length

    @property
    def opens_and_closes(self) -> bool:
        """Whether anybody keeps hours, so that the desk has no steady state to warm up to."""
        return any(worker.hours is not None for worker in self.workers)

    def with_strategy(self, strategy: StrategySpec | str) -> Scenario:
        """Return the same scenario with another strategy in every queue."""
        spec = StrategySpec.of(strategy)
        return evolve(
            self,
            queues=tuple(evolve(queue, strategy=spec) for queue in self.queues),
            recorded={},
        )

    def with_handling(self, factor: float) -> Scenario:
        """Return the same scenario with every handling time multiplied."""
        return evolve(
            self, workers=tuple(evolve(each, pace=each.pace * factor) for each in self.workers)
        )


def _one_of(what: str, names: Iterable[str]) -> str:
    listed = sorted(names)
    more = ", ..." if len(listed) > 10 else ""
    return f"{what} of the scenario: {', '.join(listed[:10])}{more}"
