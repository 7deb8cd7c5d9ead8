"""One ticket in and one out, with some load on the agents: how the cost grows with them."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import world
from benchmarks.rounds import Contender, Effort, interleaved
from benchmarks.table import Row, compared, size_word
from benchmarks.yardsticks import BareHeap, LinearScan, Sqlite
from ticketroute import Agent, Ticket
from ticketroute.model import AgentId, TicketId

# At most so many times bare: the promises, as docs/explanation/cost.md states them.
PLAIN = {1_000: 15.0, 10_000: 15.0, 100_000: 15.0}
SKILLED = {1_000: 25.0, 100_000: 45.0}
GROWTH = 2.5
PEERS: dict[str, type[LinearScan | Sqlite]] = {
    "linear scan": LinearScan,
    "sqlite in memory": Sqlite,
}
SMALL, LARGE = 1_000, 1_000_000  # between which growth is promised


class DeskCycle:
    """Submits one ticket and resolves another; half as many tickets as agents are at work."""

    most = 1_000_000

    def __init__(self, everyone: list[Agent], work: world.Work, *, strategy: str) -> None:
        self._work = work
        self._desk = world.desk_of(everyone, strategy=strategy)
        self._at = 0
        self._todo: list[tuple[Ticket, int]] = []
        self.placed: list[tuple[Ticket, AgentId]] = []
        for ticket in work.tickets(max(1, len(everyone) // 2)):
            assigned = world.assignment_in(self._desk.submit(ticket, at=0))
            assert assigned is not None, "nobody had room: this would measure waiting lines"
            self.placed.append((ticket, assigned.agent_id))
        self._open: list[TicketId] = [ticket.id for ticket, _ in self.placed]

    def prepare(self, count: int) -> None:
        """Make ready ``count`` operations."""
        places = self._work.places(count, len(self._open))
        self._todo = list(zip(self._work.tickets(count), places, strict=True))

    def shorten(self, count: int) -> None:
        """Leave out all but the first ``count`` operations of those made ready."""
        del self._todo[count:]

    def run(self) -> None:
        """Submit and resolve in turn, each a millisecond later."""
        submit, resolve, open_ids, at = self._desk.submit, self._desk.resolve, self._open, self._at
        for ticket, place in self._todo:
            at += 1
            submit(ticket, at=at)
            resolve(open_ids[place], at=at)
            open_ids[place] = ticket.id
        self._at = at


def rows(effort: Effort) -> Iterator[Row]:
    """Measure without skills, then with sixty demands."""
    yield from _rows(effort, skilled=False)
    yield from _rows(effort, skilled=True)


def _rows(effort: Effort, *, skilled: bool) -> Iterator[Row]:
    asking = f"{world.DEMANDS} demands" if skilled else "everyone fits"
    title = f"cycle: submit + resolve, {effort.strategy}, {asking}"
    promises = SKILLED if skilled else PLAIN
    small = _desk(SMALL, effort, skilled=skilled)
    for n in effort.sizes:
        everyone = world.agents(n, skilled=skilled)
        desk = _desk(n, effort, skilled=skilled, everyone=everyone)
        contenders: dict[str, Contender] = {
            "ticketroute": desk,
            "bare": BareHeap(n),
            **{
                name: peer(everyone, desk.placed, world.Work(skilled=skilled, first=n))
                for name, peer in PEERS.items()
            },
        }
        grown = n > SMALL and n == max(effort.sizes)
        if grown:
            contenders[f"itself at {size_word(SMALL)}"] = small
        seconds = interleaved(contenders, effort)
        subject = seconds["ticketroute"]
        for name in list(contenders)[1:]:
            at_most = promises.get(n) if name == "bare" else None
            if contenders[name] is small and n == LARGE and not skilled:
                at_most = GROWTH
            yield compared(title, n, subject, name, seconds.get(name), at_most=at_most)


def _desk(
    n: int, effort: Effort, *, skilled: bool, everyone: list[Agent] | None = None
) -> DeskCycle:
    return DeskCycle(
        world.agents(n, skilled=skilled) if everyone is None else everyone,
        world.Work(skilled=skilled),
        strategy=effort.strategy,
    )
