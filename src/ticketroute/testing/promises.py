"""The contract of every desk as property tests, ready to import.

Each test runs histories that Hypothesis draws and shrinks to the commands that matter. The tests
see a desk only from outside: its events and its answers.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve
from hypothesis import given, note
from hypothesis import strategies as st

from ticketroute.commands import AddAgent
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.testing import values
from ticketroute.testing.history import History, Turn, give, histories
from ticketroute.testing.judge import Judge, Look, check_decision, check_eligible
from ticketroute.testing.world import World


class DeskPromises:
    """Tests for the contract of every desk: subclass it, and define the desks to test.

    ``world`` defines what may be on them. ``strategy`` is the strategy of all queues; None means
    any of the built-in ones. Set ``takes_turns = True`` if the order in which agents came matters.

    >>> class TestOurDesks(DeskPromises):
    ...     strategy = "longest_idle"
    """

    strategy: ClassVar[str | None] = None
    world: ClassVar[World] = World()
    takes_turns: ClassVar[bool] = False
    most_commands: ClassVar[int] = 30

    def histories(self) -> st.SearchStrategy[History]:
        """Return the histories on which the tests run."""
        world = self.world
        if self.strategy is not None:
            queues = world.queues | {"strategy": st.just(self.strategy)}
            world = World(world.agents, queues, world.tickets, world.permits, world.most_agents)
        return histories(world, max_size=self.most_commands)

    def desk(self, history: History) -> Dispatcher:
        """Return the desk on which a history runs."""
        return history.desk()

    # --- at every event ---------------------------------------------------------------------

    def test_no_agent_gets_more_than_their_capacity(self) -> None:
        """The exceptions are force and a sticky return from hold."""
        self.judge_with()

    def test_no_ticket_goes_to_an_agent_whom_the_gate_refuses(self) -> None:
        """An agent who automatically gets an offer or a ticket is eligible at that moment."""
        self.judge_with(check_eligible)

    def test_lines_strategies_and_ties_are_kept_in_order(self) -> None:
        """The first ticket goes first, to the first agent; ties are decided as documented."""
        self.judge_with(check_decision)

    def judge_with(self, *looks: Look) -> None:
        """Check every event of drawn histories against the facts of the moment before it."""

        @given(self.histories())
        def check(history: History) -> None:
            judge = Judge(history.defaults, history.permits, looks=looks, capacity=not looks)
            for turn in turns_of(history, self.desk(history)):
                judge.take_in(turn.events)

        check()

    # --- after every command ----------------------------------------------------------------

    def test_no_agent_is_idle_while_a_ticket_waits_that_they_could_have(self) -> None:
        """No agent with room is left idle."""

        @given(self.histories())
        def check(history: History) -> None:
            desk = self.desk(history)
            judge = Judge(history.defaults, history.permits, looks=(), capacity=False)
            for turn in turns_of(history, desk):
                judge.take_in(turn.events)
                if turn.refused is None:
                    judge.check_rest()

        check()

    def test_a_ticket_is_in_one_place_and_with_one_agent(self) -> None:
        """It has one routing state and is not assigned twice."""

        @given(self.histories())
        def check(history: History) -> None:
            desk = self.desk(history)
            has: dict[TicketId, AgentId] = {}
            for turn in turns_of(history, desk):
                for event in turn.events:
                    one_assignment(has, event)
                one_place(desk)

        check()

    def test_a_refused_command_has_changed_nothing(self) -> None:
        """The exception is what was due before the command."""

        @given(self.histories())
        def check(history: History) -> None:
            desk = self.desk(history)
            for call in history.calls(desk):
                before, due = desk.snapshot(), desk.next_deadline()
                turn = give(call, desk)
                if turn.refused is not None and desk.next_deadline() == due:
                    note(str(turn))
                    assert desk.snapshot() == before

        check()

    # --- of a whole history -----------------------------------------------------------------

    def test_a_replay_of_the_events_gives_the_same_desk(self) -> None:
        """A replay makes no decision again."""

        @given(self.histories())
        def check(history: History) -> None:
            desk = self.desk(history)
            events = [event for turn in turns_of(history, desk) for event in turn.events]
            events.extend(desk.advance(at=desk.now))
            again = Dispatcher.replay(events, defaults=history.defaults, permits=history.permits)
            assert again.same_state(desk)
            assert again.next_deadline() == desk.next_deadline()

        check()

    def test_the_same_commands_give_the_same_events(self) -> None:
        """The events depend only on the commands."""

        @given(self.histories())
        def check(history: History) -> None:
            once = [turn.events for turn in turns_of(history, self.desk(history))]
            assert once == [turn.events for turn in turns_of(history, self.desk(history))]

        check()

    def test_no_decision_depends_on_the_order_in_which_agents_were_added(self) -> None:
        """The same desk, built in another order, makes the same decisions."""
        if self.takes_turns:
            return  # it takes turns, so the first to come has the first seat

        @given(self.histories(), st.permutations(values.AGENTS))
        def check(history: History, order: list[AgentId]) -> None:
            hired = [call for call in history.opening if call.kind is AddAgent]
            others = [call for call in history.opening if call.kind is not AddAgent]
            intents = tuple(each for each in history.intents if each.verb in NAMES_NO_AGENT)
            told = []
            for first in (hired, sorted(hired, key=lambda call: order.index(call.values[0].id))):
                same = evolve(history, opening=(*first, *others), intents=intents)
                turns = turns_of(same, self.desk(same))
                told.append([turn.events for turn in turns[len(hired) :]])
            assert told[0] == told[1]

        check()


NAMES_NO_AGENT = frozenset(
    {"submit", "submit_many", "resolve", "advance", "hold", "resume", "reopen", "abandon", "close"}
)


def turns_of(history: History, desk: Dispatcher) -> list[Turn]:
    """Run a history on a desk, and give Hypothesis its script to show with a failure."""
    turns = []
    for call in history.calls(desk):
        turn = give(call, desk)
        note(str(turn))
        turns.append(turn)
    return turns


def one_assignment(has: dict[TicketId, AgentId], event: ev.Event) -> None:
    """Note which agent has which ticket; fail if an agent gets a ticket that another has."""
    match event:
        case ev.TicketAssigned():
            assert event.ticket_id not in has, f"{has[event.ticket_id]} has {event.ticket_id}"
            has[event.ticket_id] = event.agent_id
        case ev.TicketReleased() | ev.TicketResolved() | ev.TicketMerged():
            has.pop(event.ticket_id, None)


def one_place(desk: Dispatcher) -> None:
    """Fail unless every ticket is in one place, according to every view."""
    places: dict[TicketId, list[tuple[str, AgentId]]] = {}
    for agent in desk.agents():
        for place in ("tickets", "parked", "wrapping_up", "offered"):
            for ticket_id in getattr(agent, place):
                places.setdefault(ticket_id, []).append((place, agent.id))
    for ticket in desk.tickets():
        found = places.pop(ticket.id, [])
        match ticket.state:
            case RoutingState.WAITING:
                assert found == []
            case RoutingState.OFFERED:
                assert sorted(found) == sorted(("offered", who) for who in ticket.offered_to)
            case RoutingState.ASSIGNED:
                assert found == [("tickets", ticket.agent_id)]
            case RoutingState.PARKED:
                assert found == ([] if ticket.agent_id is None else [("parked", ticket.agent_id)])
            case RoutingState.DONE:
                assert found in ([], [("wrapping_up", ticket.last_agent_id)])
    assert not places, "an agent has a ticket that is not on the desk"
