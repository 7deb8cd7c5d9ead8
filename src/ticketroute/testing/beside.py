"""A desk that is compared with the reference desk after every command."""

from __future__ import annotations

from itertools import zip_longest

from ticketroute.commands import Command
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.errors import InvalidValueError, NoRandomSourceError, UnknownStrategyError
from ticketroute.model.events import Event, Events
from ticketroute.model.instants import Instant
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults
from ticketroute.strategies.registry import BrokenStrategyError
from ticketroute.testing.calls import call_of, written
from ticketroute.testing.checks import check_against, check_explanations
from ticketroute.testing.history import REFUSALS, Turn, give
from ticketroute.testing.reference.commands import ReferenceDesk

NOT_LOOKED_AT = (InvalidValueError, UnknownStrategyError, BrokenStrategyError, NoRandomSourceError)


def refer(reference: ReferenceDesk, turn: Turn) -> None:
    """Give a command to the reference desk as well, and check that it does or refuses the same.

    Events are compared in order and field by field; of a refusal only the class is compared.
    """
    reference.luck = list(turn.events)
    referred = give(turn.call, reference)
    assert type(referred.refused) is type(turn.refused), (str(turn), str(referred))
    if turn.refused is None:
        compare(turn, referred.events)


def compare(turn: Turn, theirs: tuple[Event, ...]) -> None:
    """Check that the reference desk returned the same events."""
    for our, their in zip_longest(turn.events, theirs):
        same = our == their and getattr(our, "late_by", 0) == getattr(their, "late_by", 0)
        if not same:
            raise AssertionError(
                f"{turn.call}\n  this desk:      {written(our)}\n  reference desk: {written(their)}"
            )


class DeskBesideReference(Dispatcher):
    """A dispatcher that gives each command to the reference desk as well and compares the results.

    A test that uses it checks more than its own asserts. Except for random draws, each field of
    each event has to equal what the reference desk computes by a scan of all facts, and so have
    the explanation of each ticket and every timer, counter and index. After a refusal only the
    class of the error is compared. A command refused for an invalid value or an unknown strategy
    is not passed on, because the reference desk does not check these. For a desk that checks
    itself as well, make a class of this and ``WatchedDesk``, in that order.
    """

    def __init__(
        self,
        *,
        defaults: Defaults | None = None,
        random: RandomSource | None = None,
        permits: Permits | None = None,
    ) -> None:
        super().__init__(defaults=defaults, random=random, permits=permits)
        self.reference = ReferenceDesk(defaults or Defaults(), permits)

    def do(self, command: Command, *, at: Instant, by: str | None = None) -> Events:
        """Do a command on both desks and compare them."""
        call = call_of(command, at, by)
        try:
            events = super().do(command, at=at, by=by)
        except NOT_LOOKED_AT:
            raise
        except REFUSALS as refused:
            refer(self.reference, Turn(call, refused=refused))
            raise
        refer(self.reference, Turn(call, events))
        check_against(self, self.reference.facts)
        check_explanations(self, self.reference.facts)
        return events
