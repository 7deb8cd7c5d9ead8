"""One heap of instants: exact, and no larger than what is set."""

from __future__ import annotations

from heapq import heappush

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ticketroute.core.index import timers as module
from ticketroute.core.index.timers import Timer, TimerKind, Timers

some_timers = st.builds(Timer, st.sampled_from(TimerKind), st.sampled_from("ab"))


class TimersMachine(RuleBasedStateMachine):
    """What is due is the earliest of what is set: the obvious dict says so."""

    def __init__(self) -> None:
        super().__init__()
        self.timers = Timers()
        self.plain: dict[Timer, int] = {}

    @rule(timer=some_timers, due=st.integers(0, 9))
    def set(self, timer: Timer, due: int) -> None:
        self.timers.set(timer, due)
        self.plain[timer] = due

    @rule(timer=some_timers, dues=st.lists(st.integers(0, 9), min_size=60, max_size=200))
    def move_often(self, timer: Timer, dues: list[int]) -> None:
        for due in dues:
            self.set(timer, due)

    @rule(timer=some_timers)
    def cancel(self, timer: Timer) -> None:
        self.timers.cancel(timer)
        self.plain.pop(timer, None)

    @rule(at=st.integers(0, 9), fires=st.lists(st.booleans()))
    def fire(self, at: int, fires: list[bool]) -> None:
        """Take all that is due up to an instant, an instant at a time; some of it does not fire."""
        while (due := self.timers.next_due()) is not None and due <= at:
            assert self.timers.next_due() == due  # asking fires nothing
            taken = self.timers.take(due)
            assert set(taken) == {each for each, then in self.plain.items() if then == due}
            assert self.timers.take(due) == []
            assert self.timers.all() == self.plain  # it stays set until it is cancelled
            kept = [timer for timer, fired in zip(taken, fires, strict=False) if not fired]
            for timer in taken:
                if timer not in kept:
                    self.cancel(timer)
            self.timers.put_back(kept)
            if kept:
                return

    @rule(at=st.integers(0, 9), timer=some_timers, due=st.integers(0, 9))
    def set_while_taken(self, at: int, timer: Timer, due: int) -> None:
        taken = self.timers.take(at)
        self.set(timer, due)
        self.timers.put_back(taken)

    @invariant()
    def is_exact_and_small(self) -> None:
        assert self.timers.next_due() == min(self.plain.values(), default=None)
        assert self.timers.all() == self.plain
        assert all((timer in self.timers) == (timer in self.plain) for timer in self.timers.all())
        assert len(self.timers._heap) <= 2 * len(self.plain) + 64


TestTimers = TimersMachine.TestCase


def test_the_kinds_are_declared_in_the_order_of_one_instant() -> None:
    """Room is made before work is taken away, and clocks strike when all is done."""
    assert [kind.name for kind in sorted(TimerKind)] == [
        "SHIFT",
        "WRAP_UP",
        "RATE_LIMIT",
        "COOL_DOWN",
        "RETRY",
        "OFFER",
        "RING",
        "RESERVE",
        "RELAX",
        "HOLD_ROOM",
        "RESPOND",
        "IDLE",
        "GRACE",
        "CLOCK",
    ]


def test_a_timer_is_due_at_exactly_its_instant() -> None:
    timers, grace = Timers(), Timer(TimerKind.GRACE, "ana")
    timers.set(grace, 5)
    assert timers.take(4) == []
    assert timers.take(5) == [grace]
    assert timers.due_of(grace) == 5


def test_endless_moving_of_a_few_leaves_no_rubbish_and_costs_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pushed = 0
    push = heappush

    def counted(heap: list[tuple[int, Timer]], entry: tuple[int, Timer]) -> None:
        nonlocal pushed
        pushed += 1
        push(heap, entry)

    monkeypatch.setattr(module, "heappush", counted)
    timers = Timers()
    names = [Timer(TimerKind.WRAP_UP, f"agent-{number}") for number in range(10)]
    largest = 0
    for step in range(20_000):
        timers.set(names[step % 10], (step * 7_919) % 10_007)
        if step % 3 == 0:
            timers.cancel(names[(step * 7) % 10])
        timers.next_due()
        largest = max(largest, len(timers._heap))
    assert largest <= 2 * 10 + 65
    assert pushed <= 2 * 20_000  # a bounded number of moves for each change, whatever came before
