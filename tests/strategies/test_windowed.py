import pytest

from ticketroute.errors import InvalidValueError
from ticketroute.model.instants import hours
from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.windowed import Windowed


class Taken(Windowed):
    def key(self, member: Member) -> Key:
        return (member.taken,)


def test_the_window_is_a_day_by_default() -> None:
    assert Taken().window == hours(24)


def test_siblings_and_fresh_copies_keep_the_window() -> None:
    strategy = Taken(window=5_000)
    assert strategy.window == strategy.sibling({}).window == strategy.fresh().window == 5_000


@pytest.mark.parametrize("window", [0, -1, 1.5, True, "day", None, 10**15])
def test_an_invalid_window_is_refused(window: object) -> None:
    with pytest.raises(InvalidValueError, match=r"window is .*; it must be"):
        Taken(window=window)  # type: ignore[arg-type]  # what a careless host may pass
