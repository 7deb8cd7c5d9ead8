"""What tests of several packages share: settings, servers, and a check."""

import gc
import signal
from collections.abc import Callable
from typing import Any

import pytest
from servers import own_server, pgbouncer, postgres, server

from ticketroute.errors import InvalidValueError
from ticketroute.testing import profiles

__all__ = ["own_server", "pgbouncer", "postgres", "server"]  # fixtures
collect_ignore = ["seeded/seed_bugs.py"]  # for people to run; it imports what lies beside it

profiles.load()

# A shell starts what is in its background with SIGINT ignored, and children would inherit that:
# programs that a test interrupts would never end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later look for garbage, which it would make slow."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def keeps_bounds() -> Callable[[str, Callable[[Any], object], int, int], None]:
    """Return what holds a number against its bounds, which it takes, and what lies beyond them."""

    def check(thing: str, make: Callable[[Any], object], least: int, most: int) -> None:
        make(least)
        make(most)
        for number in (least - 1, most + 1):
            with pytest.raises(InvalidValueError) as caught:
                make(number)
            assert str(caught.value) == f"{thing} is {number}; it must be from {least} to {most}"
        for wrong in (True, float(least)):
            with pytest.raises(InvalidValueError) as caught:
                make(wrong)
            assert str(caught.value) == (
                f"{thing} is {wrong}; it must be a whole number from {least} to {most}"
            )

    return check
