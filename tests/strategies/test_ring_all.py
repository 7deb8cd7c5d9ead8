from collections.abc import Callable

import pytest

from ticketroute.errors import InvalidValueError
from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Member
from ticketroute.strategies.ring_all import RingAll

ANA, BEN, CLEO = (AgentId(name) for name in ("ana", "ben", "cleo"))


def test_all_agents_are_selected_in_the_order_of_ties(follows_key: Callable[..., None]) -> None:
    follows_key(RingAll, lambda _, __: (), at_a_time=None)


def test_an_excluded_agent_does_not_ring() -> None:
    strategy = RingAll()
    for name in (CLEO, BEN, ANA):
        strategy.join(Member(agent_id=name))
    assert strategy.select(excluding={BEN}) == (ANA, CLEO)
    assert strategy.select(excluding={ANA, BEN, CLEO}) == ()


def test_if_fewer_are_wanted_those_assigned_longest_ago_are_selected() -> None:
    strategy = RingAll()
    for name, last_assigned in ((ANA, 5), (BEN, 4), (CLEO, 4)):
        strategy.join(Member(agent_id=name, last_assigned=last_assigned))
    assert strategy.select(most=2) == (BEN, CLEO)
    assert strategy.select() == (BEN, CLEO, ANA)


def test_a_change_of_load_does_not_change_the_order() -> None:
    strategy = RingAll()
    ana = Member(agent_id=ANA)
    strategy.join(ana)
    ana.load = ana.count = 4
    strategy.changed(ana)
    assert len(strategy._heap) == 1


def test_the_ring_interval_is_kept_also_by_siblings() -> None:
    assert RingAll().step is None
    strategy = RingAll(step=15_000)
    assert strategy.step == strategy.sibling({}).step == 15_000


@pytest.mark.parametrize("step", [0, -1, 2.5, True, "soon"])
def test_an_invalid_ring_interval_is_refused(step: object) -> None:
    with pytest.raises(InvalidValueError, match=r"step is .*; it must be"):
        RingAll(step=step)  # type: ignore[arg-type]  # what a careless host may pass
