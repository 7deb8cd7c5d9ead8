"""A state machine that gives any commands to a desk and to the reference desk.

Every command is also given to a twin, which is a desk replayed from the events so far. All three
must return the same events or refuse alike. Every event is checked against the contract at the
moment it happens, and after every command every index and counter is computed again.
"""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ticketroute import commands
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.errors import TimeBackwardsError
from ticketroute.model import events as ev
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults
from ticketroute.sla import events as sla
from ticketroute.testing import values
from ticketroute.testing.beside import compare, refer
from ticketroute.testing.calls import Call, call
from ticketroute.testing.checks import check_against, check_explanations
from ticketroute.testing.history import REFUSALS, Tape, Turn, give, openings
from ticketroute.testing.intents import Intent, Sight, Step
from ticketroute.testing.judge import Judge
from ticketroute.testing.reference.commands import ReferenceDesk
from ticketroute.testing.world import World, steps

MOST_TICKETS, MOST_WAITING = 24, 5
OF_ITSELF = (ev.Cause.TIME, ev.Cause.ESCALATED)  # causes of events that time brings


def of_world(name: str) -> st.SearchStrategy[Any]:
    """Draw from a generator of the world of the running machine."""
    drawn: st.SearchStrategy[Any] = st.runner().flatmap(
        lambda machine: getattr(machine.world, name)
    )
    return drawn


HOW = st.fixed_dictionaries(  # a desk is opened
    {
        "seed": st.integers(0, 3),
        "permits": st.runner().flatmap(lambda machine: st.sampled_from(machine.world.permits)),
        "defaults": values.defaults(),
        "opening": st.runner().flatmap(lambda machine: openings(machine.world)),
        "bare": st.sampled_from([False] * 9 + [True]),
    }
)


class DeskMachine(RuleBasedStateMachine):
    """Gives any commands in any order at any instants.

    Subclass it for your own world, and put ``TestMine = MyMachine.TestCase`` in your tests.
    """

    world: ClassVar[World] = World()

    def __init__(self) -> None:
        super().__init__()
        self.events: list[ev.Event] = []
        self.spent = 0
        self.seed = 0
        self.permits: Permits | None = None
        self.defaults = Defaults()
        self.begin()

    def begin(self) -> None:
        """Set up empty desks; called again once the machine has drawn their settings."""
        self.desk = Dispatcher(defaults=self.defaults, random=Tape(self.seed), permits=self.permits)
        self.reference = ReferenceDesk(self.defaults, self.permits)
        self.judge = Judge(self.defaults, self.permits)

    @initialize(how=HOW)
    def open(self, *, how: dict[str, Any]) -> None:
        """Open the desks, mostly with agents, queues and tickets."""
        self.seed, self.permits, self.defaults = how["seed"], how["permits"], how["defaults"]
        self.begin()
        for opened in () if how["bare"] else how["opening"]:
            self.give(opened)

    # --- commands ---------------------------------------------------------------------------

    def twin(self) -> Dispatcher:
        """Return a desk replayed from the events so far, with its random source at our place."""
        return Dispatcher.replay(
            self.events,
            defaults=self.defaults,
            random=Tape(self.seed, self.spent),
            permits=self.permits,
        )

    def intend(self, intent: Intent) -> list[Turn]:
        """Give the commands of an intent."""
        return [self.give(call) for call in intent.calls(self.desk)]

    def give(self, call: Call) -> Turn:
        """Give a command to all desks, and check that they do or refuse the same."""
        is_plain = call.kind is commands.Submit and "assigned_to" not in call.facts
        planned = self.preview(call) if is_plain else None
        twin = self.twin()
        assert twin.same_state(self.desk)
        twin.advance(at=self.desk.now)  # time that passed without an event is in no event
        before, now, due = self.desk.snapshot(), self.desk.now, self.desk.next_deadline()
        turn = give(call, self.desk)
        if turn.refused is None:
            assert call.give(twin) == turn.events
            self.refer(turn)
            self.take_in(turn.events)
        else:
            self.refused(call, turn, twin, before, now, due)
        if planned is not None:
            assert turn.refused is None
            done = [event for event in turn.events if not isinstance(event, sla.ClockEvent)]
            assert tuple(done[: len(planned)]) == planned
            assert all(event.cause in OF_ITSELF for event in done[len(planned) :][:1])
        return turn

    def refused(
        self,
        call: Call,
        turn: Turn,
        twin: Dispatcher,
        before: object,
        now: int,
        due: int | None,
    ) -> None:
        """Check that a refused command has changed nothing except what was due before it."""
        again = give(call, twin)
        assert type(again.refused) is type(turn.refused)
        assert str(again.refused) == str(turn.refused)
        assert self.desk.now == now or due is not None
        if due == self.desk.next_deadline():
            assert self.desk.snapshot() == before
            assert self.desk.now == now
        late = self.desk.advance(at=self.desk.now)
        assert twin.advance(at=twin.now) == late
        assert (due == self.desk.next_deadline()) <= (late == ())
        self.refer(evolve(turn, events=late))
        self.take_in(late)

    def refer(self, turn: Turn) -> None:
        """Give a command to the reference desk, and check that it answers as the desk did."""
        refer(self.reference, turn)
        if turn.refused is not None:
            compare(turn, self.reference.advance(at=self.desk.now))

    def preview(self, call: Call) -> tuple[ev.Event, ...] | None:
        """Return the events of a preview, which changes nothing; None if it is refused."""
        before = self.desk.snapshot()
        try:
            planned = self.desk.preview(*call.values, **call.facts, at=call.at, by=call.by)
        except REFUSALS:
            planned = None
        assert self.desk.snapshot() == before
        return planned

    def take_in(self, events: tuple[ev.Event, ...]) -> None:
        """Check events against the contract, and note them."""
        self.judge.take_in(events)
        for event in events:
            self.events.append(event)
            if isinstance(event, ev.TicketAssigned | ev.TicketOffered):
                self.spent += len(event.draws)

    def has_space(self) -> bool:
        """Return whether more tickets may come: an overfull desk shows nothing new."""
        states = [ticket.state for ticket in self.desk.tickets()]
        return states.count(RoutingState.WAITING) < MOST_WAITING and len(states) < MOST_TICKETS

    def has_tickets(self) -> bool:
        """Return whether there is an open ticket."""
        return any(True for _ in self.desk.tickets())

    def asks(self) -> bool:
        """Return whether any offer is open."""
        return any(ticket.offered_to for ticket in self.desk.tickets())

    def upheaval(self) -> bool:
        """Return whether it is time for a change of the whole desk, which is rare."""
        return len(self.events) % 4 == 0

    # --- what is drawn ----------------------------------------------------------------------
    # There are few rules, each with many forms: Hypothesis leaves out rules at random, and a desk
    # without tickets or agents cannot fail.

    @precondition(has_space)
    @rule(what=of_world("arrivals"))
    def arrives(self, what: Intent) -> None:
        """Submit tickets."""
        self.intend(what)

    @precondition(has_tickets)
    @rule(what=of_world("work"))
    def works(self, what: Intent) -> None:
        """Work on a ticket."""
        self.intend(what)

    @precondition(has_tickets)
    @rule(what=of_world("endings"))
    def ends(self, what: Intent) -> None:
        """End or reopen a ticket."""
        self.intend(what)

    @precondition(has_tickets)
    @rule(step=steps, pick=st.integers(0, 29))
    def finishes(self, step: Step, pick: int) -> None:
        """Resolve a ticket."""
        facts = {"pick": pick, "stale": None, "anything": False}
        self.intend(Intent("resolve", step, facts))

    @precondition(asks)
    @rule(what=of_world("answers"))
    def answers(self, what: Intent) -> None:
        """Answer an offer, open or not."""
        turn = self.intend(what)[-1]
        if turn.call.kind is commands.Accept and turn.refused is None:
            ticket_id, agent_id = turn.call.values
            assert self.desk.ticket(ticket_id).agent_id == agent_id
            assert all(ticket_id not in agent.offered for agent in self.desk.agents())

    @precondition(asks)
    @rule(step=steps, pick=st.integers(0, 29), who=st.integers(0, 29), yes=st.booleans())
    def answers_what_is_open(self, step: Step, pick: int, who: int, *, yes: bool) -> None:
        """Answer an open offer, which fails only if the offer has just ended."""
        facts: dict[str, Any] = {"pick": pick, "who": who, "anybody": False}
        facts |= {"stale": None} if yes else {"reason": "declined"}
        self.intend(Intent("accept" if yes else "decline", step, facts))

    @precondition(has_tickets)
    @rule(what=of_world("moves"))
    def moves(self, what: Intent) -> None:
        """Assign, transfer or release a ticket by hand."""
        self.intend(what)

    @rule(what=of_world("staffing"))
    def staffs(self, what: Intent) -> None:
        """Add, remove or change an agent."""
        self.intend(what)

    @precondition(upheaval)
    @rule(what=of_world("upheavals"))
    def upheaves(self, what: Intent) -> None:
        """Change queues, defaults or service levels."""
        self.intend(what)

    # --- time -------------------------------------------------------------------------------

    @rule(step=steps)
    def advance(self, step: Step) -> None:
        """Pass time."""
        at = Sight(self.desk).at(step)
        assert self.give(call(commands.Advance, at=at)).refused is None
        assert self.desk.now == at

    @rule(jump=st.integers(1, 40), splits=st.lists(st.integers(0, 40), max_size=5))
    def sleep_through_deadlines(self, jump: int, splits: list[int]) -> None:
        """Check that one long sleep gives the events of many short ones."""
        watchful, start = self.twin(), self.desk.now
        watchful.advance(at=start)
        seen: list[ev.Event] = []
        for split in sorted(splits):
            if split < jump:
                seen.extend(watchful.advance(at=start + split))
        seen.extend(watchful.advance(at=start + jump))
        slept = self.give(call(commands.Advance, at=start + jump))
        assert slept.events == tuple(seen)
        assert watchful.same_state(self.desk)

    @precondition(lambda self: self.desk.now > 0 and self.upheaval())
    @rule()
    def go_back_in_time(self) -> None:
        """Check that time cannot go back."""
        turn = self.give(call(commands.Advance, at=self.desk.now - 1))
        assert isinstance(turn.refused, TimeBackwardsError)

    # --- what holds after every command -----------------------------------------------------

    @invariant()
    def adds_up(self) -> None:
        """Check that every index and counter follows from the facts."""
        check_against(self.desk, self.reference.facts)

    @invariant()
    def leaves_no_work_undone(self) -> None:
        """Check that no agent with room could have a waiting ticket."""
        self.judge.check_rest()

    @invariant()
    def explains_everybody(self) -> None:
        """Check that every verdict names the first reason."""
        check_explanations(self.desk, self.reference.facts)
