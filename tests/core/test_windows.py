"""Sliding windows: what was noted at t counts until just before t + span."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ticketroute.core.index.sliding import Window
from ticketroute.model.ids import AgentId

SPAN = 10
agents = st.sampled_from("abc").map(AgentId)


class WindowMachine(RuleBasedStateMachine):
    """Figures are the sum over all notes of the last span."""

    def __init__(self) -> None:
        super().__init__()
        self.window = Window(SPAN)
        self.notes: list[tuple[int, AgentId, int, int]] = []
        self.now = 0

    @rule(who=agents, taken=st.integers(0, 1), handled=st.integers(0, 5))
    def note(self, who: AgentId, taken: int, handled: int) -> None:
        self.window.note(self.now, who, taken=taken, handled=handled)
        self.notes.append((self.now, who, taken, handled))

    @rule(ahead=st.integers(0, 12))
    def reach(self, ahead: int) -> None:
        before = self.counting()
        self.now += ahead
        gone = self.window.expire(self.now)
        assert gone == before[: len(before) - len(self.counting())]

    @rule(ahead=st.integers(0, 12))
    def look_ahead(self, ahead: int) -> None:
        """What a preview lets go of can be taken back."""
        gone = self.window.expire(self.now + ahead)
        self.window.restore(gone)

    @rule(who=agents)
    def forget(self, who: AgentId) -> None:
        self.window.forget(who)
        self.notes = [note for note in self.notes if note[1] != who]

    def counting(self, ahead: int = 0) -> list[tuple[int, AgentId, int, int]]:
        return [note for note in self.notes if note[0] + SPAN > self.now + ahead]

    @invariant()
    def adds_up(self) -> None:
        for who in "abc":
            mine = [note for note in self.counting() if note[1] == who]
            sums = (sum(note[2] for note in mine), sum(note[3] for note in mine))
            assert self.window.figures(AgentId(who)) == sums
        assert self.window.entries(self.now) == tuple(self.counting())
        assert self.window.entries(self.now + 4) == tuple(self.counting(4))
        assert len(self.window._entries) == len(self.counting())


TestWindow = WindowMachine.TestCase


def test_a_note_counts_until_just_before_its_span_is_over() -> None:
    window = Window(SPAN)
    window.note(5, AgentId("ana"), taken=1, handled=3)
    assert window.expire(14) == []
    assert window.figures(AgentId("ana")) == (1, 3)
    assert window.expire(15) == [(5, "ana", 1, 3)]
    assert window.figures(AgentId("ana")) == (0, 0)


def test_endless_work_of_many_agents_keeps_only_what_counts() -> None:
    window = Window(SPAN)
    for at in range(5_000):
        window.expire(at)
        window.note(at, AgentId(f"agent-{at}"), taken=1)
    assert len(window._entries) == SPAN
    assert len(window._sums) == SPAN


def test_letting_go_costs_one_step_for_each_entry_and_none_when_nothing_is_due() -> None:
    window = Window(1_000_000)
    for at in range(1_000):
        window.note(at, AgentId("ana"), taken=1)
    entries = window._entries

    class Counting:
        looks = 0

        def __getitem__(self, place: int) -> object:
            self.looks += 1
            return entries[place]

        def __len__(self) -> int:
            return len(entries)

    counting = Counting()
    window._entries = counting  # type: ignore[assignment]
    for at in range(1_000, 2_000):
        assert window.expire(at) == []
    assert counting.looks == 1_000
