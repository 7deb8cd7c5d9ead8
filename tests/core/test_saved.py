"""A desk that is saved, written as JSON and restored goes on as if nothing had happened."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, rule

from ticketroute import Agent, Dispatcher, Queue, Ticket
from ticketroute.core.records import AgentRecord, QueueRecord, Rare, TicketRecord
from ticketroute.core.show.saved import SavedAgent, SavedBook, SavedClock, SavedQueue, SavedTicket
from ticketroute.errors import InvalidValueError
from ticketroute.events import Event
from ticketroute.journal.snapshots import parts_of, read_parts
from ticketroute.model import StrategySpec
from ticketroute.sla.clock import Book, Clock
from ticketroute.strategies import registry
from ticketroute.strategies.round_robin import RoundRobin
from ticketroute.testing import DeskMachine
from ticketroute.testing.history import Tape, Turn


class RestoredMachine(DeskMachine):
    """Every later command goes to the restored desk and to one that is replayed from the events.

    Whether a desk decides rightly is for other machines; here two desks have to be alike.
    """

    def refer(self, turn: Turn) -> None:
        """Leave out the reference desk."""

    def take_in(self, events: tuple[Event, ...]) -> None:
        """Note the events, and how many random numbers they took."""
        self.events += events
        self.spent += sum(len(getattr(event, "draws", ())) for event in events)

    @invariant()
    def adds_up(self) -> None:
        """Leave out the indexes: they show in what later commands do."""

    @invariant()
    def explains_everybody(self) -> None:
        """Leave out the explanations."""

    @invariant()
    def leaves_no_work_undone(self) -> None:
        """Part of being like the replayed desk."""

    @rule()
    def restore(self) -> None:
        """Put a restored desk in the place of the one at work."""
        found = read_parts(list(parts_of(self.desk.save(), 7)))
        assert found is not None
        again = Dispatcher.restore(
            found[0], random=Tape(self.seed, self.spent), permits=self.permits
        )
        assert again.same_state(self.desk)
        assert again._state.open.keys() == self.desk._state.open.keys()
        self.desk = again


TestRestored = RestoredMachine.TestCase
TestRestored.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("name", registry.names())
def test_whose_turn_it_is_outlasts_a_restart(name: str) -> None:
    desk = Dispatcher(random=Tape(0))
    for agent in "abcd":
        desk.add_agent(Agent(id=agent, capacity=9), presence="available", at=0)
    desk.add_queue(
        Queue(id="mail", strategy=StrategySpec.of(name), members=["c", "a", "d", "b"]), at=0
    )
    drawn = 0
    for number in range(7):
        events = desk.submit(Ticket(id=f"t{number}", queue="mail"), at=number)
        drawn += sum(len(getattr(event, "draws", ())) for event in events)
    again = Dispatcher.restore(desk.save(), random=Tape(0, drawn))
    for number in range(7, 20):
        ticket = Ticket(id=f"t{number}", queue="mail")
        assert again.submit(ticket, at=number) == desk.submit(ticket, at=number)


def test_a_strategy_that_cannot_take_its_turns_back_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Dispatcher()
    desk.add_agent(Agent(id="ana"), presence="available", at=0)
    desk.add_queue(Queue(id="mail", strategy=StrategySpec("round_robin"), members=["ana"]), at=0)
    saved = desk.save()
    monkeypatch.delattr(RoundRobin, "resume")
    with pytest.raises(InvalidValueError, match=r"the turns of strategy round_robin"):
        Dispatcher.restore(saved)


INDEXES_AND_TERMS = (
    "id strategy index ranked draws has_turns samples reads_demand rings_all ring_step timed "
    "scheduled skips retry_missed_after"
)


@pytest.mark.parametrize(
    ("record", "saved", "made_anew"),
    [
        (TicketRecord, SavedTicket, {"id", "entries"}),
        (AgentRecord, SavedAgent, {"id", "load", "first", "rare"}),
        (Rare, SavedAgent, {"soft", "firm", "soft_channels"}),
        (
            QueueRecord,
            SavedQueue,
            {INDEXES_AND_TERMS},
        ),
        (Book, SavedBook, set()),
        (Clock, SavedClock, set()),
    ],
)
def test_a_new_fact_of_a_record_is_saved_or_said_to_follow_from_others(
    record: type, saved: type, made_anew: set[str]
) -> None:
    left = {name for each in made_anew for name in each.split()}
    kept = {each.name for each in attrs.fields(saved)}
    kept |= {"terms"} if kept & {"ticket", "agent", "queue"} else set()
    assert {each.name for each in attrs.fields(record)} - left <= kept
