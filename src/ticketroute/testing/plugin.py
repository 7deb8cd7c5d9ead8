"""The pytest plug-in, which pytest finds by its entry point if this package is installed.

It imports the kit only when a test uses a fixture, so that the package works without the extra
``testing``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ticketroute.testing.clock import FrozenClock
    from ticketroute.testing.watched import WatchedDesk

# The kit's asserts show their values, like those of a test.
pytest.register_assert_rewrite(
    "ticketroute.testing.checks",
    "ticketroute.testing.contract",
    "ticketroute.testing.journal_contract",
    "ticketroute.testing.desk_contract",
    "ticketroute.testing.dispatcher_contract",
    "ticketroute.testing.judge",
    "ticketroute.testing.machine",
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
    """Return a clock that is at 0 until the test moves it."""
    from ticketroute.testing.clock import FrozenClock  # noqa: PLC0415  see above

    return FrozenClock()
