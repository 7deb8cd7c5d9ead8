"""Eight ways in which the first free agent is not the one: how far an answer is from a scan.

Half of the agents are at work. One operation submits a ticket and resolves it again, whether an
agent got it or nobody could; with decliners, five agents say no before the sixth accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

from attrs import define, evolve, frozen

from benchmarks import world
from benchmarks.rounds import Contender, Effort, interleaved
from benchmarks.table import Row, compared, size_word
from ticketroute import Agent, Delivery, Dispatcher, OfferPolicy, Presence, Queue, Ticket
from ticketroute.model import AgentId, TicketId
from ticketroute.model.events import TicketOffered

SCAN = 1 / 200  # of what a masked scan takes, at most
SMALL, LARGE = 1_000, 100_000
GROWTH = 10.0  # between these two, at most
DECLINERS = 5
WARM = 300  # tickets before the clock runs: the first of a demand may have to build an index

Asked = Mapping[str, int]
Skills = Callable[[int, Random], Asked]  # of the how-manieth agent, by chance if it likes


@frozen(kw_only=True)
class Scenario:
    """Who has which skills, who is full from the start, and what tickets ask."""

    name: str
    skills: Skills
    asked: Sequence[Asked]
    weights: Sequence[float] | None = None  # of what is asked; default, all alike
    full: Callable[[Asked], bool] = lambda _: False  # for skills that keep an agent busy
    decliners: int = 0


def _some(_: int, chance: Random) -> Asked:
    names = chance.sample(world.SKILLS, chance.randint(4, 8))
    return {name: chance.randint(1, 10) for name in names}


def _wide(_number: int, _: Random) -> Asked:
    return {f"wide-{skill}": 10 for skill in range(8)}


def _one_rare(number: int, chance: Random) -> Asked:
    return {"rare": 1} if number == 0 else _some(number, chance)


def _halves(number: int, _: Random) -> Asked:
    return {"left" if number % 2 else "right": 5}


def _one_in_a_hundred(number: int, _: Random) -> Asked:
    return {} if number % 100 else {"busy": 5}


def _all_but_a_few(number: int, _: Random) -> Asked:
    return {"most": 10 if number % 20 else 1}


def _random_demands(count: int) -> list[Asked]:
    chance = Random(world.SEED)
    found: dict[tuple[tuple[str, int], ...], Asked] = {}
    while len(found) < count:
        names = chance.sample(world.SKILLS, chance.randint(1, 3))
        asked = {name: chance.randint(1, 10) for name in names}
        found[tuple(sorted(asked.items()))] = asked
    return list(found.values())


def _wide_demands() -> list[Asked]:
    """Return all 255 ways of asking for some of eight skills, which everybody has."""
    return [
        {f"wide-{skill}": 1 for skill in range(8) if number >> skill & 1}
        for number in range(1, 256)
    ]


def scenarios() -> list[Scenario]:
    """Return the eight."""
    return [
        Scenario(name="4,096 random demands", skills=_some, asked=_random_demands(4_096)),
        Scenario(
            name="a rare skill, its holder busy",
            skills=_one_rare,
            asked=[{"rare": 1}],
            full=lambda skills: "rare" in skills,
        ),
        Scenario(
            name="two halves, nobody has both",
            skills=_halves,
            asked=[{"left": 1, "right": 1}],
        ),
        Scenario(
            name="who fits is busy, the rest idle",
            skills=_one_in_a_hundred,
            asked=[{"busy": level} for level in range(1, 6)],
            full=lambda skills: "busy" in skills,
        ),
        Scenario(name="255 demands that all fit", skills=_wide, asked=_wide_demands()),
        Scenario(name="five decliners", skills=_some, asked=world.demands(), decliners=DECLINERS),
        Scenario(
            name="few misses",
            skills=_all_but_a_few,
            asked=[{"most": 5}],
        ),
        Scenario(
            name="60 demands, skewed",
            skills=_some,
            asked=world.demands(),
            weights=[1 / (rank + 1) for rank in range(world.DEMANDS)],
        ),
    ]


class Crowd:
    """The agents of a scenario, and its tickets: seeded, so the same for everyone compared."""

    def __init__(self, scenario: Scenario, n: int) -> None:
        chance = Random(world.SEED)
        self.scenario = scenario
        self.agents = [
            Agent(
                id=AgentId(f"agent-{number:07}"),
                capacity=number % 3 + 1,
                skills=scenario.skills(number, chance),
            )
            for number in range(n)
        ]
        self.busy = [
            agent.id
            for agent in self.agents
            for _ in range(
                world.capacity_of(agent) if scenario.full(agent.skills) else chance.randint(0, 1)
            )
        ]

    def tickets(self) -> Iterator[Ticket]:
        """Yield tickets without end."""
        chance, number = Random(world.SEED), 0
        while True:
            for asked in chance.choices(self.scenario.asked, self.scenario.weights, k=1_000):
                number += 1
                yield Ticket(id=TicketId(f"ticket-{number}"), queue=world.QUEUE, skills=asked)


class FilterDesk:
    """Ticketroute itself."""

    most = 1_000_000

    def __init__(self, crowd: Crowd, *, strategy: str) -> None:
        self._desk = desk = Dispatcher(random=Random(world.SEED))
        self._decliners = crowd.scenario.decliners
        self._tickets = crowd.tickets()
        self._todo: list[Ticket] = []
        for agent in crowd.agents:
            desk.add_agent(agent, presence=Presence.AVAILABLE, at=0)
        members = [agent.id for agent in crowd.agents]
        delivery = Delivery.OFFER if self._decliners else Delivery.ASSIGN
        offer = OfferPolicy(max_misses=1_000)
        desk.add_queue(
            Queue(
                id=world.QUEUE,
                strategy=strategy,
                members=members,
                delivery=Delivery.PULL,
                offer=offer,
            ),
            at=0,
        )
        for number, agent_id in enumerate(crowd.busy):
            ticket_id = TicketId(f"busy-{number}")
            desk.submit(Ticket(id=ticket_id, queue=world.QUEUE), at=0)
            desk.assign(ticket_id, agent_id, at=0)
        desk.change_queue(world.QUEUE, delivery=delivery, at=0)

    def prepare(self, count: int) -> None:
        """Make ready ``count`` tickets."""
        self._todo = [next(self._tickets) for _ in range(count)]

    def run(self) -> None:
        """Submit, let some decline, resolve."""
        for ticket in self._todo:
            self.decide(ticket)
            self.release(ticket)

    def release(self, ticket: Ticket) -> None:
        """Mark the ticket as done."""
        self._desk.resolve(ticket.id, at=0)

    def decide(self, ticket: Ticket) -> AgentId | None:
        """Return who gets the ticket, if anybody does."""
        desk = self._desk
        if not self._decliners:
            assigned = world.assignment_in(desk.submit(ticket, at=0))
            return None if assigned is None else assigned.agent_id
        last = desk.submit(ticket, at=0)[-1]
        for _ in range(self._decliners):
            if isinstance(last, TicketOffered):
                last = desk.decline(ticket.id, last.agent_id, at=0)[-1]
        if not isinstance(last, TicketOffered):
            return None  # in a small crowd, fewer than six have the skills
        desk.accept(ticket.id, last.agent_id, at=0)
        return last.agent_id


@define(eq=False)
class _Seat:
    id: AgentId
    capacity: int
    mask: int
    load: int = 0
    stamp: int = 0


class MaskedScan:
    """A loop over everybody that tests skills as bits of a number and takes the least loaded."""

    most = 1_000_000

    def __init__(self, crowd: Crowd) -> None:
        self._decliners = crowd.scenario.decliners
        self._tickets = crowd.tickets()
        self._todo: list[Ticket] = []
        self._bits: dict[tuple[str, int], int] = {}
        self._stamp = 0
        self._seats = [
            _Seat(agent.id, world.capacity_of(agent), self._mask(agent.skills, upwards=True))
            for agent in crowd.agents
        ]
        seat_of = {seat.id: seat for seat in self._seats}
        for agent_id in crowd.busy:
            self._take(seat_of[agent_id])

    def prepare(self, count: int) -> None:
        """Make ready ``count`` tickets."""
        self._todo = [next(self._tickets) for _ in range(count)]

    def run(self) -> None:
        """Decide, and release at once."""
        for ticket in self._todo:
            seat = self._decide(ticket)
            if seat is not None:
                seat.load -= 1

    def decide(self, ticket: Ticket) -> AgentId | None:
        """Return who gets the ticket, and release them again."""
        seat = self._decide(ticket)
        if seat is None:
            return None
        seat.load -= 1
        return seat.id

    def _decide(self, ticket: Ticket) -> _Seat | None:
        asked = self._mask(ticket.skills, upwards=False)
        declined: set[AgentId] = set()
        while True:
            best: _Seat | None = None
            least: tuple[int, int, AgentId] | None = None
            for seat in self._seats:
                if seat.load < seat.capacity and seat.mask & asked == asked:
                    key = (seat.load, seat.stamp, seat.id)
                    if (least is None or key < least) and seat.id not in declined:
                        best, least = seat, key
            if best is None or len(declined) == self._decliners:
                if best is not None:
                    self._take(best)
                return best
            declined.add(best.id)

    def _take(self, seat: _Seat) -> None:
        self._stamp += 1
        seat.load += 1
        seat.stamp = self._stamp

    def _mask(self, skills: Asked, *, upwards: bool) -> int:
        mask = 0
        for skill, level in skills.items():
            for each in range(1, level + 1) if upwards else (level,):
                mask |= 1 << self._bits.setdefault((skill, each), len(self._bits))
        return mask


def rows(effort: Effort) -> Iterator[Row]:
    """Measure one scenario after the other, at each size."""
    for scenario in scenarios():
        title = f"filters: {scenario.name}"
        desks: dict[int, FilterDesk] = {}
        for n in [size for size in effort.sizes if size <= LARGE]:
            crowd = Crowd(scenario, n)
            desks[n] = FilterDesk(crowd, strategy=effort.strategy)
            desks[n].prepare(WARM)
            desks[n].run()
            contenders: dict[str, Contender] = {
                "ticketroute": desks[n],
                "masked scan": MaskedScan(crowd),
            }
            if n == LARGE and SMALL in desks:
                contenders[f"itself at {size_word(SMALL)}"] = desks[SMALL]
            # who is compared with a scan may be as slow as one, and is to be measured all the same
            seconds = interleaved(contenders, evolve(effort, patience=10 * effort.patience))
            for name in list(contenders)[1:]:
                most = SCAN if name == "masked scan" else GROWTH
                yield compared(
                    title,
                    n,
                    seconds["ticketroute"],
                    name,
                    seconds.get(name),
                    at_most=most if n == LARGE else None,
                )
