"""Rules and figures: what they add to a submit and to a replay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

from benchmarks import world
from benchmarks.histories import History, mixed
from benchmarks.replay import folded
from benchmarks.rounds import Effort, interleaved
from benchmarks.table import Row, compared
from ticketroute import Dispatcher, Ticket, TicketPriority
from ticketroute.events import Event
from ticketroute.reporting.ledger import Ledger
from ticketroute.rules import (
    Action,
    AddTags,
    AttributeCompares,
    AttributeIs,
    ChannelIs,
    Comparison,
    Condition,
    HasTag,
    Keywords,
    LanguageIs,
    Rule,
    Ruleset,
    SetPriority,
    TierIs,
)

RULES = 1_000
SUBMITS = 20.0  # at most so many submits: the promise about a thousand rules
ADDED = 0.1  # of a replay: the promise about figures
STARTED = 10_000  # events: in fewer, the first counters of each agent are a good part
AGENTS = 1_000
WORDS = 300  # of a text: a long letter

KINDS: tuple[Callable[[int], Condition], ...] = (
    lambda n: ChannelIs(f"channel-{n}"),
    lambda n: HasTag(f"tag-{n}") & ChannelIs("email"),
    lambda n: Keywords([f"word-{n}", f"two words {n}"]),
    lambda n: AttributeIs("plan", f"plan-{n}"),
    lambda n: TierIs("gold") & AttributeCompares("seats", Comparison.ABOVE, n),
    lambda n: ~ChannelIs("email") | LanguageIs(f"x{n}"),
)


def rules() -> Ruleset:
    """Return a thousand rules of six kinds; one of them holds for ``a_ticket``."""
    then: list[Action] = [AddTags("found"), SetPriority(TicketPriority.HIGH)]
    made = [
        Rule(name=f"rule-{n}", when=KINDS[n % len(KINDS)](n), then=then) for n in range(RULES - 1)
    ]
    return Ruleset([*made, Rule(name="last", when=AttributeIs("plan", "team"), then=then)])


def a_ticket(number: int) -> Ticket:
    """Return a ticket with facts of which rules make little."""
    facts = {"plan": "team", "seats": "3", "tier": "silver", "language": "en"}
    return Ticket(id=f"ticket-{number}", queue="queue", attributes=facts, tags={"other"})


class Repeated:
    """Does one thing as often as a round needs."""

    def __init__(self, do: Callable[[int], object], *, most: int = 10_000) -> None:
        self.most = most
        self._do = do
        self._count = self._done = 0

    def prepare(self, count: int) -> None:
        """Note how often."""
        self._count = count

    def run(self) -> None:
        """Do it."""
        for _ in range(self._count):
            self._done += 1
            self._do(self._done)


class Submits:
    """Submits tickets to a desk that has room for all of a round."""

    most = 1_000

    def __init__(self, desk: Dispatcher) -> None:
        self._desk = desk
        self._tickets: list[Ticket] = []
        self._made = 0

    def prepare(self, count: int) -> None:
        """Resolve the tickets of the round before, and make others."""
        for ticket in self._tickets:
            self._desk.resolve(ticket.id, at=0)
        first, self._made = self._made, self._made + count
        self._tickets = [
            Ticket(id=f"ticket-{number}", queue=world.QUEUE)
            for number in range(first, first + count)
        ]

    def run(self) -> None:
        """Submit them."""
        for ticket in self._tickets:
            self._desk.submit(ticket, at=0)


def rows(effort: Effort) -> Iterator[Row]:
    """Measure a thousand rules beside a submit, then figures beside a replay."""
    yield from _rules(effort)
    yield from _figures(effort)


def _rules(effort: Effort) -> Iterator[Row]:
    asked, chance = rules(), Random(world.SEED)
    text = " ".join(f"word{chance.randrange(5_000)}" for _ in range(WORDS))
    submits = Submits(world.desk_of(world.agents(AGENTS, skilled=False), strategy=effort.strategy))

    def ask(number: int) -> None:
        fired = asked.apply(a_ticket(number), at=0, text=text).fired
        assert len(fired) == 1

    spent = interleaved({"ask": Repeated(ask), "submit": submits}, effort)
    yield compared(
        f"desks: {RULES:,} rules on one ticket with a text of {WORDS} words",
        AGENTS,
        spent["ask"],
        "one submit",
        spent["submit"],
        at_most=SUBMITS,
    )


def _figures(effort: Effort) -> Iterator[Row]:
    for n in effort.lines[:2]:
        history = mixed(n, effort.strategy)
        events = history.events

        def count(_: int, events: Sequence[Event] = events) -> None:
            assert Ledger().see_all(events).report().total().offered

        def replay(_: int, history: History = history) -> Dispatcher:
            return folded(history)

        most = max(1, int(effort.seconds * 500_000 / len(events)))
        ways = {"count": Repeated(count, most=most), "replay": Repeated(replay, most=most)}
        spent = interleaved(ways, effort, count=most)
        each = [second / len(events) for second in spent["count"]]
        other = [second / len(events) for second in spent["replay"]]
        title = "desks: figures of a mixed history of n events in memory, for each event"
        promised = ADDED if n >= STARTED else None
        yield compared(title, n, each, "its replay", other, at_most=promised)
