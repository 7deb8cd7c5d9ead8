"""A desk beside the reference desk: whatever it does, the obvious desk has to do as well."""

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
    """Give a command to the reference desk as well; it has to do, or to refuse, the same.

    Events are compared field by field, and in their order; of a refusal only its kind is.
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
    """A dispatcher whose every command is given to the reference desk, too.

    Every story told on it checks more than it looks at: but for what chance decides, each field of
    each event is what looking at everything leads to, and so are the explanation of each ticket,
    every timer, counter and index. After a refusal only its kind is compared. A command that is
    refused for a value that is not allowed, or for a strategy that cannot be had, is not passed on:
    the reference desk does not look at those. For a desk that checks itself as well, make a class
    of this and ``WatchedDesk``, in that order.
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
