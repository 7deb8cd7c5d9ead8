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

    @rule(at=st.integers(0, 9))
    def ask(self, at: int) -> None:
        ripe = sorted((due, timer) for timer, due in self.plain.items() if due <= at)
        assert self.timers.due(at) == (ripe[0] if ripe else None)
        assert self.timers.due(at) == (ripe[0] if ripe else None)  # asking fires nothing

    @rule(at=st.integers(0, 9))
    def fire_all(self, at: int) -> None:
        fired = []
        while (first := self.timers.due(at)) is not None:
            fired.append(first)
            self.timers.cancel(first[1])
        expected = sorted((due, timer) for timer, due in self.plain.items() if due <= at)
        assert fired == expected
        for _, timer in fired:
            del self.plain[timer]

    @invariant()
    def is_exact_and_small(self) -> None:
        assert self.timers.next_due() == min(self.plain.values(), default=None)
        assert self.timers.all() == self.plain
        assert all((timer in self.timers) == (timer in self.plain) for timer in self.timers.all())
        assert len(self.timers._heap) <= 2 * len(self.plain) + 64


TestTimers = TimersMachine.TestCase


def test_at_one_instant_room_is_made_before_work_is_taken_away() -> None:
    timers = Timers()
    for kind in (TimerKind.GRACE, TimerKind.RATE_LIMIT, TimerKind.WRAP_UP):
        timers.set(Timer(kind, "ana"), 5)
    order = []
    while (first := timers.due(5)) is not None:
        order.append(first[1].kind)
        timers.cancel(first[1])
    assert order == [TimerKind.WRAP_UP, TimerKind.RATE_LIMIT, TimerKind.GRACE]


def test_a_timer_is_due_at_exactly_its_instant() -> None:
    timers = Timers()
    timers.set(Timer(TimerKind.GRACE, "ana"), 5)
    assert timers.due(4) is None
    assert timers.due(5) == (5, Timer(TimerKind.GRACE, "ana"))


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
