"""A desk beside the reference desk: whatever it does, the obvious desk has to do as well."""

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
    """Give a command to the reference desk as well; it has to do, or to refuse, the same.

    Events are compared field by field, and in their order; of a refusal only its kind is.
    """
    reference.luck = list(turn.events)
    referred = give(turn.call, reference)
    assert type(referred.refused) is type(turn.refused), (str(turn), str(referred))
    if turn.refused is None:
        compare(turn, referred.events)


def compare(turn: Turn, theirs: tuple[Event, ...]) -> None:
    """Check that the reference desk tells the same events."""
    for our, their in zip(turn.events, theirs, strict=False):
        assert our == their, str(turn.call)
        assert getattr(our, "late_by", 0) == getattr(their, "late_by", 0), str(turn.call)
    assert len(turn.events) == len(theirs), (str(turn.call), turn.events, theirs)


class DeskBesideReference(Dispatcher):
    """A dispatcher whose every command is given to the reference desk, too.

    Every story told on it says more than what it looks at: but for what chance decides, each field
    of each event is what looking at everything leads to, and so are the explanation of each ticket,
    every timer, counter and index. After a refusal only its kind is compared. A command that is
    refused for a value that is none, or for a strategy that cannot be had, is not passed on: the
    reference desk does not look at those. For a desk that checks itself as well, make a class of
    this and ``WatchedDesk``, in that order.
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
