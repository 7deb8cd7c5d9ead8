"""The contract of every desk as property tests, ready to import.

Each test runs histories that Hypothesis draws. The tests see a desk only from outside: its events
and its answers. A history that fails is made shorter here and not by Hypothesis, because leaving
out intents needs no new draws: seconds instead of minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ticketroute.commands import AddAgent
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.testing.calls import Call
from ticketroute.testing.history import History, Turn, give, histories
from ticketroute.testing.judge import Judge, Look, check_decision, check_eligible
from ticketroute.testing.shorter import shorter
from ticketroute.testing.world import World

Held = Callable[[History], None]  # passes, or raises what is wrong


class DispatcherContract:
    """Tests for the contract of every desk: subclass it, and define the desks to test.

    ``world`` defines what may be on them. ``strategy`` is the strategy of all queues; None means
    any of the built-in ones. Set ``takes_turns = True`` if the order in which agents came matters.
    The number of examples is that of the Hypothesis profile in force. A failure names what is
    wrong, and its notes are the commands that lead to it.

    >>> class TestOurDesks(DispatcherContract):
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
            world = evolve(world, queues=queues)
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

        def check(history: History) -> None:
            judge = Judge(history.defaults, history.permits, looks=looks, capacity=not looks)
            for turn in turns_of(history, self.desk(history)):
                judge.take_in(turn.events)

        self.check_all(check)

    # --- after every command ----------------------------------------------------------------

    def test_no_agent_is_idle_while_a_ticket_waits_that_they_could_have(self) -> None:
        """No agent with room is left idle, and nothing that is due by now is left undone."""

        def check(history: History) -> None:
            desk = self.desk(history)
            judge = Judge(history.defaults, history.permits, looks=(), capacity=False)
            for turn in turns_of(history, desk):
                judge.take_in(turn.events)
                if turn.refused is None:
                    judge.facts.now = turn.call.at
                    judge.check_rest()
                    judge.check_nothing_overdue()

        self.check_all(check)

    def test_a_ticket_is_in_one_place_and_with_one_agent(self) -> None:
        """It has one routing state and is not assigned twice."""

        def check(history: History) -> None:
            desk = self.desk(history)
            has: dict[TicketId, AgentId] = {}
            for turn in turns_of(history, desk):
                for event in turn.events:
                    one_assignment(has, event)
                one_place(desk)

        self.check_all(check)

    def test_a_refused_command_has_changed_nothing(self) -> None:
        """The exception is what was due before the command."""

        def check(history: History) -> None:
            desk = self.desk(history)
            for call in history.calls(desk):
                before, due = desk.snapshot(), desk.next_deadline()
                turn = give(call, desk)
                if turn.refused is not None and desk.next_deadline() == due:
                    assert desk.snapshot() == before, f"{call} was refused, and changed the desk"

        self.check_all(check)

    # --- of a whole history -----------------------------------------------------------------

    def test_a_replay_of_the_events_gives_the_same_desk(self) -> None:
        """A replay makes no decision again."""

        def check(history: History) -> None:
            desk = self.desk(history)
            events = [event for turn in turns_of(history, desk) for event in turn.events]
            events.extend(desk.advance(at=desk.now))
            again = replay(events, history)
            assert again.same_state(desk), "a replay of the events gives another desk"
            assert again.next_deadline() == desk.next_deadline()

        self.check_all(check)

    def test_the_same_commands_give_the_same_events(self) -> None:
        """The events depend only on the commands."""

        def check(history: History) -> None:
            once = [turn.events for turn in turns_of(history, self.desk(history))]
            assert once == [turn.events for turn in turns_of(history, self.desk(history))]

        self.check_all(check)

    def test_no_decision_depends_on_the_order_in_which_agents_were_added(self) -> None:
        """The same desk, built in another order, makes the same decisions."""
        if self.takes_turns:
            return  # it takes turns, so the first to come has the first seat

        def check(history: History) -> None:
            hired = [call for call in history.opening if call.kind is AddAgent]
            others = [call for call in history.opening if call.kind is not AddAgent]
            intents = tuple(each for each in history.intents if each.verb in NAMES_NO_AGENT)
            told = []
            for first in (hired, hired[::-1], sorted(hired, key=_name_of)):
                same = evolve(history, opening=(*first, *others), intents=intents)
                turns = turns_of(same, self.desk(same))
                told.append([turn.events for turn in turns[len(hired) :]])
            assert told[0] == told[1], "added in the opposite order, the agents get other tickets"
            assert told[0] == told[2], "added in the order of names, the agents get other tickets"

        self.check_all(check)

    def check_all(self, check: Held) -> None:
        """Run a check on drawn histories; fail with the shortest that was found to fail."""
        failed: list[History] = []

        @settings(
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            deadline=None,
        )
        @given(self.histories())
        def run(history: History) -> None:
            try:
                check(history)
            except Exception:
                failed.append(history)
                raise

        try:
            run()
        except Exception as failure:
            if not failed:
                raise
            kind = type(failure)
        else:
            return
        history = shorter(failed[-1], lambda each: _fails(check, each, kind))
        try:
            check(history)
        except kind as failure:
            failure.add_note(f"The history that fails:\n{self.script(history)}")
            raise
        raise AssertionError(f"fails at times and passes at times:\n{self.script(history)}")

    def script(self, history: History) -> str:
        """Return a history as source code, with what the tested desk does at each command."""
        return history.script(self.desk(history))


def _fails(check: Held, history: History, kind: type[Exception]) -> bool:
    try:
        check(history)
    except kind:
        return True
    except Exception:  # noqa: BLE001  another failure is not the one that is shown
        return False
    return False


def _name_of(call: Call) -> AgentId:
    """Return the id of the agent who is added."""
    name: AgentId = call.values[0].id
    return name


NAMES_NO_AGENT = frozenset(
    {"submit", "submit_many", "resolve", "advance", "hold", "resume", "reopen", "abandon", "close"}
)


def turns_of(history: History, desk: Dispatcher) -> list[Turn]:
    """Run a history on a desk, and return its commands and their results."""
    return [give(call, desk) for call in history.calls(desk)]


def replay(events: list[ev.Event], history: History) -> Dispatcher:
    """Return a desk replayed from events; fail if they do not follow from one another."""
    try:
        return Dispatcher.replay(events, defaults=history.defaults, permits=history.permits)
    except Exception as failure:
        told = f"{type(failure).__name__}: {failure}"
        raise AssertionError(f"the events cannot be replayed ({told})") from failure


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
