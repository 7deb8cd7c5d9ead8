"""A desk that is compared with the reference desk after every command."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.errors import InvalidValueError, NoRandomSourceError, UnknownStrategyError
from ticketroute.model.events import Event
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults
from ticketroute.strategies.registry import BrokenStrategyError
from ticketroute.testing.calls import Call
from ticketroute.testing.checks import check_against, check_explanations
from ticketroute.testing.history import Turn, give
from ticketroute.testing.reference.commands import ReferenceDesk
from ticketroute.testing.watched import COMMANDS

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
    """Check that the reference desk returns the same events."""
    for our, their in zip(turn.events, theirs, strict=False):
        assert our == their, str(turn.call)
        assert getattr(our, "late_by", 0) == getattr(their, "late_by", 0), str(turn.call)
    assert len(turn.events) == len(theirs), (str(turn.call), turn.events, theirs)


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


def _referred(name: str) -> Callable[..., tuple[Event, ...]]:
    @wraps(getattr(Dispatcher, name))
    def run(desk: DeskBesideReference, *args: Any, **kwargs: Any) -> tuple[Event, ...]:
        call = Call(name, args, kwargs)
        command = getattr(super(DeskBesideReference, desk), name)
        try:
            events: tuple[Event, ...] = command(*args, **kwargs)
        except NOT_LOOKED_AT:
            raise
        except Exception as refused:
            refer(desk.reference, Turn(call, refused=refused))
            raise
        refer(desk.reference, Turn(call, events))
        check_against(desk, desk.reference.facts)
        check_explanations(desk, desk.reference.facts)
        return events

    return run


for _name in COMMANDS:
    setattr(DeskBesideReference, _name, _referred(_name))
