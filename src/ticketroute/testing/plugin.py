"""The pytest plug-in: found by its entry point wherever this package and pytest are installed.

It imports nothing of the kit before a test asks for a fixture, so that whoever has the package
without the extra ``testing`` notices nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ticketroute.testing.clock import FrozenClock
    from ticketroute.testing.watched import WatchedDesk

# The kit's asserts are to show values, as those of a test do.
pytest.register_assert_rewrite(
    "ticketroute.testing.checks",
    "ticketroute.testing.contract",
    "ticketroute.testing.journal_contract",
    "ticketroute.testing.judge",
    "ticketroute.testing.machine",
    "ticketroute.testing.promises",
    "ticketroute.testing.reference",
    "ticketroute.testing.watched",
)


@pytest.fixture
def desk() -> Iterator[WatchedDesk]:
    """Return a desk that checks itself after every command, and is replayed after the test."""
    from ticketroute.testing.history import Tape  # noqa: PLC0415  see above
    from ticketroute.testing.watched import WatchedDesk  # noqa: PLC0415

    watched = WatchedDesk(random=Tape(0))
    yield watched
    watched.check_replay()


@pytest.fixture
def frozen_clock() -> FrozenClock:
    """Return a clock that stands at 0 until the test moves it."""
    from ticketroute.testing.clock import FrozenClock  # noqa: PLC0415  see above

    return FrozenClock()
