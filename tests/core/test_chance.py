"""The one tap of random numbers: looked at as often as one likes, used up once."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ticketroute.core.index.chance import Chance


class Counter:
    """A source of 0.0, 0.001, 0.002 and so on, so that each number says which it is."""

    def __init__(self) -> None:
        self.drawn = 0

    def random(self) -> float:
        self.drawn += 1
        return (self.drawn - 1) / 1_000


class ChanceMachine(RuleBasedStateMachine):
    """Decisions made use the numbers in order, without gap and without repetition."""

    def __init__(self) -> None:
        super().__init__()
        self.source = Counter()
        self.chance = Chance(self.source)
        self.spent = self.looked = self.earlier = 0

    @rule()
    def rewind(self) -> None:
        self.chance.rewind()
        self.looked = self.earlier = 0

    @rule(share=st.integers(0, 5))
    def go_on(self, share: int) -> None:
        """Choose one more for the same decision, after what the choices before it used up."""
        self.earlier = min(share, self.earlier + self.looked)
        self.chance.rewind(self.earlier)
        self.looked = 0

    @rule(count=st.integers(1, 5))
    def look(self, count: int) -> None:
        seen = [self.chance.random() for _ in range(count)]
        start = self.spent + self.earlier + self.looked
        assert seen == [number / 1_000 for number in range(start, start + count)]
        self.looked += count

    @rule(share=st.integers(0, 5))
    def spend(self, share: int) -> None:
        """Use up what the decision used: all that was looked at, or less."""
        count = min(share, self.earlier + self.looked)
        self.chance.spend(count)
        self.spent += count
        self.looked = self.earlier = 0

    @invariant()
    def knows_what_was_used(self) -> None:
        start = self.spent + self.earlier
        numbers = range(start, start + self.looked)
        assert self.chance.used() == tuple(number / 1_000 for number in numbers)
        assert len(self.chance._ahead) == self.source.drawn - self.spent


TestChance = ChanceMachine.TestCase


def test_a_replay_spends_what_it_never_drew() -> None:
    chance = Chance(Counter())
    chance.spend(7)
    assert chance.random() == 0.0


def test_looking_again_and_again_draws_no_more() -> None:
    source = Counter()
    chance = Chance(source)
    for _ in range(1_000):
        chance.rewind()
        chance.random()
    assert source.drawn == 1
    assert len(chance._ahead) == 1


def test_several_choices_of_one_decision_use_the_numbers_one_after_the_other() -> None:
    """Planned at once, and then spent event by event: neither gap nor repetition."""
    source = Counter()
    chance = Chance(source)
    planned: list[tuple[float, ...]] = []
    for _ in range(2):  # once for the preview, once for the command
        planned.clear()
        for count in (1, 2, 0, 3):
            chance.rewind(sum(map(len, planned)))
            for _ in range(count):
                chance.random()
            planned.append(chance.used())
        assert planned == [(0.0,), (0.001, 0.002), (), (0.003, 0.004, 0.005)]
    for draws in planned:
        chance.spend(len(draws))
    assert chance.used() == ()
    assert chance.random() == 0.006
    assert source.drawn == 7
