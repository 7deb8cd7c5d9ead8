"""A kept desk under any commands: two processes, hosts that commit or give up, snapshots, restarts.

Whatever happens, each desk is the fold of the journal, and an event that was told is in it.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ticketroute import Agent, Author, Delivery, OfferPolicy, Queue, Ticket, seconds
from ticketroute.desk import Desk
from ticketroute.errors import TicketRouteError
from ticketroute.journal import Entry
from ticketroute.testing import check

TICKETS = [f"t{number}" for number in range(8)]
which = st.integers(0, 1)
ticket_ids = st.sampled_from(TICKETS)
keys = st.sampled_from([None, None, "k1", "k2"])
commands = st.sampled_from(["submit", "resolve", "reply", "accept", "decline", "reopen", "release"])


class KeptMachine(RuleBasedStateMachine):
    """Two desks on one SQLite file, as two processes have them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = f"{self.folder.name}/desk.db"
        self.now = 1_790_000_000_000
        self.told: list[dict[int, Entry]] = [{}, {}]
        self.desks = [self.opened(0), self.opened(1)]
        first = self.desks[0]
        for name in ("ana", "ben"):
            first.add_agent(Agent(id=name, capacity=2), presence="available")
        offer = OfferPolicy(timeout=seconds(10))
        first.add_queue(Queue(id="mail", members=["ana", "ben"], strategy="round_robin"))
        first.add_queue(
            Queue(id="chat", members=["ana", "ben"], delivery=Delivery.OFFER, offer=offer)
        )

    def opened(self, number: int) -> Desk:
        desk = Desk.open(self.path, clock=lambda: self.now, durability="normal")
        desk.subscribe(lambda entry: self.tell(number, entry))
        return desk

    def tell(self, number: int, entry: Entry) -> None:
        """Each desk tells an event once, and in order."""
        told = self.told[number]
        assert entry.position not in told
        assert entry.position == max(told, default=entry.position - 1) + 1
        told[entry.position] = entry

    def give(self, desk: Any, verb: str, ticket_id: str, key: str | None) -> None:
        """Give a command, which may be refused."""
        queue = "chat" if int(ticket_id[1:]) % 2 else "mail"
        given: dict[str, tuple[Any, ...]] = {
            "submit": (Ticket(id=ticket_id, queue=queue),),
            "reply": (ticket_id, Author.REQUESTER),
            "accept": (ticket_id, "ana"),
            "decline": (ticket_id, "ana"),
        }
        try:
            getattr(desk, verb)(*given.get(verb, (ticket_id,)), key=key)
        except TicketRouteError:
            return

    @rule(number=which, verb=commands, ticket_id=ticket_ids, key=keys)
    def command(self, number: int, verb: str, ticket_id: str, key: str | None) -> None:
        self.give(self.desks[number], verb, ticket_id, key)

    @rule(number=which, several=st.lists(st.tuples(commands, ticket_ids), max_size=3))
    def together(self, number: int, several: list[tuple[str, str]]) -> None:
        with self.desks[number].together() as desk:
            for verb, ticket_id in several:
                self.give(desk, verb, ticket_id, None)

    @rule(
        number=which,
        several=st.lists(st.tuples(commands, ticket_ids), max_size=3),
        commits=st.booleans(),
    )
    def inside(self, number: int, several: list[tuple[str, str]], *, commits: bool) -> None:
        """A host commits, or gives up, in which case nobody is told."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for verb, ticket_id in several:
                with self.desks[number].inside(connection) as desk:
                    self.give(desk, verb, ticket_id, None)
            connection.execute("COMMIT" if commits else "ROLLBACK")

    @rule(number=which)
    def save_snapshot(self, number: int) -> None:
        self.desks[number].save_snapshot()

    @rule(number=which)
    def restart(self, number: int) -> None:
        """A process ends and another one opens the desk."""
        self.desks[number].close()
        self.told[number] = {}
        self.desks[number] = self.opened(number)

    @rule(number=which)
    def fork(self, number: int) -> None:
        """What a child process begins with."""
        self.desks[number].after_fork()

    @rule(number=which, ahead=st.integers(0, 20))
    def advance(self, number: int, ahead: int) -> None:
        self.now += seconds(ahead)
        self.desks[number].advance()

    @invariant()
    def every_desk_is_the_fold_of_the_journal(self) -> None:
        entries = list(self.desks[0].events())
        assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
        again = self.desks[0]._memory.fresh()
        again.follow(entry.event for entry in entries)
        for desk, told in zip(self.desks, self.told, strict=True):
            desk.refresh()
            dispatcher = desk._memory.fold.dispatcher
            assert dispatcher.same_state(again)
            check(dispatcher)
            for entry in entries[-len(told) :] if told else ():
                assert told[entry.position] == entry
                assert told[entry.position].token == entry.token

    def teardown(self) -> None:
        for desk in self.desks:
            desk.close()
        self.folder.cleanup()


TestKept = KeptMachine.TestCase
TestKept.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
