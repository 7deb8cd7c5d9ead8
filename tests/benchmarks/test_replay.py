"""A history that is replayed has what it says, and a replay that led elsewhere is no figure."""

from __future__ import annotations

import pytest

from benchmarks import histories, replay
from benchmarks.rounds import Effort

TINY = Effort(sizes=(20,), lines=(200, 400), timers=(20,), items=(20,), rounds=1, seconds=1e-4)


def test_a_mixed_history_has_some_of_every_sort() -> None:
    history = histories.mixed(replay.VARIED, "average_load")

    replay.check(history, replay.folded(history), varied=True)


@pytest.mark.parametrize("make", [histories.plain, histories.mixed])
@pytest.mark.parametrize("strategy", ["average_load", "random"])
def test_the_same_n_gives_the_same_history(make: histories.Make, strategy: str) -> None:
    once, again = make(500, strategy), make(500, strategy)

    assert len(once.events) >= 500
    assert once.events == again.events
    assert replay.decided(once).same_state(once.desk)


def lost(n: int, strategy: str) -> histories.History:
    history = histories.plain(n, strategy)
    history.events.pop()
    return history


def altered(n: int, strategy: str) -> histories.History:
    history = histories.plain(n, strategy)
    history.commands.pop()
    return history


@pytest.mark.parametrize("make", [lost, altered])
def test_a_way_that_leads_elsewhere_is_not_measured(
    make: histories.Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "HISTORIES", {"a history": make})

    with pytest.raises(AssertionError, match="led elsewhere"):
        list(replay.rows(TINY))


def test_a_history_without_what_it_says_is_not_measured() -> None:
    history = histories.plain(200, "average_load")

    with pytest.raises(AssertionError, match="nothing of"):
        replay.check(history, history.desk, varied=True)
