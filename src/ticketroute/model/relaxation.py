"""Relaxations: how the search for an agent widens while a ticket waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.agent import HIGHEST_PRIORITY, LOWEST_PRIORITY
from ticketroute.model.checks import (
    a_flag,
    an_id,
    check_ids,
    maybe,
    one_of,
    several,
    skill_levels,
    span,
    whole,
)
from ticketroute.model.frozen import EMPTY, read_only
from ticketroute.model.ids import QueueId
from ticketroute.model.instants import Span
from ticketroute.model.ticket import TicketPriority
from ticketroute.model.words import word_of

MOST_STEPS = 100  # of one queue


@frozen
class Reach:
    """The agent priorities that may get a ticket: from ``least``, chosen first, to ``greatest``."""

    least: int = field(default=HIGHEST_PRIORITY, validator=whole(HIGHEST_PRIORITY, LOWEST_PRIORITY))
    greatest: int = field(
        default=LOWEST_PRIORITY, validator=whole(HIGHEST_PRIORITY, LOWEST_PRIORITY)
    )

    def __attrs_post_init__(self) -> None:
        if self.least > self.greatest:
            raise InvalidValueError(
                "Reach", (self.least, self.greatest), "least first, greatest second"
            )


def _priority(priority: TicketPriority | str | None) -> TicketPriority | None:
    return None if priority is None else word_of(TicketPriority, priority, "Relaxation.priority")


def _levels(levels: Mapping[str, int]) -> Mapping[str, int]:
    return read_only(levels, "Relaxation.lower")


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(several("Relaxation.drop", names))


def _check_names(_: object, __: Attribute[frozenset[str]], names: frozenset[str]) -> None:
    check_ids("a skill in Relaxation.drop", names)


@frozen(kw_only=True)
class Relaxation:
    """What changes for a ticket that has waited ``after`` milliseconds.

    ``lower`` maps skills to the level required from then on, if the ticket requires a higher one;
    ``drop`` names skills no longer required. ``reach`` replaces the agent priorities that may get
    it. ``add_queue`` makes the ticket wait in that queue as well, ``move_to`` in that queue
    instead. ``priority`` raises the ticket if it is less urgent.
    ``skip_wait`` applies the relaxation at once if no agent who is there could get the ticket
    without it. The ticket keeps its age and its position.
    """

    after: Span = field(validator=span(0))
    lower: Mapping[str, int] = field(default=EMPTY, converter=_levels, validator=skill_levels)
    drop: frozenset[str] = field(default=frozenset(), converter=_names, validator=_check_names)
    reach: Reach | None = field(default=None, validator=maybe(one_of(Reach)))
    add_queue: QueueId | None = field(default=None, validator=maybe(an_id))
    move_to: QueueId | None = field(default=None, validator=maybe(an_id))
    priority: TicketPriority | None = field(default=None, converter=_priority)
    skip_wait: bool = field(default=False, validator=a_flag)

    def __attrs_post_init__(self) -> None:
        if self.add_queue is not None and self.move_to is not None:
            raise InvalidValueError(
                "Relaxation", (self.add_queue, self.move_to), "given add_queue or move_to, not both"
            )


def schedule(steps: Iterable[Relaxation]) -> tuple[Relaxation, ...]:
    """Return relaxations as a tuple, in the order of their waits.

    Raises:
        InvalidValueError: if one is not a Relaxation or does not come later than the one before
            it, or if there are more than 100.
    """
    ordered = tuple(several("Queue.relaxations", steps))
    if len(ordered) > MOST_STEPS:
        raise InvalidValueError(
            "the number of relaxations in Queue.relaxations", len(ordered), f"at most {MOST_STEPS}"
        )
    for step in ordered:
        if not isinstance(step, Relaxation):
            raise InvalidValueError("an item of Queue.relaxations", step, "a Relaxation")
    for earlier, later in pairwise(ordered):
        if later.after <= earlier.after:
            raise InvalidValueError(
                "Queue.relaxations",
                [step.after for step in ordered],
                "in order: each relaxation after a longer wait than the one before it",
            )
    return ordered


def asked_less(
    asked: Mapping[str, int], *, lower: Mapping[str, int], drop: frozenset[str]
) -> dict[str, int]:
    """Return the required skills without those to drop, and at no more than the lower levels."""
    return {
        skill: min(level, lower.get(skill, level))
        for skill, level in asked.items()
        if skill not in drop
    }
