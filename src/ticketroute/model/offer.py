"""Offers: how a queue offers a ticket to agents, and what follows from each answer."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Attribute, field, frozen

from ticketroute.model.checks import (
    LONGEST_SPAN,
    a_flag,
    an_id,
    check_id,
    check_whole,
    maybe,
    span,
    whole,
)
from ticketroute.model.frozen import EMPTY, Word, read_only
from ticketroute.model.instants import Span, seconds

MISSED, DECLINED = "missed", "declined"  # the reasons for a cool-down that every queue has
MOST_PARALLEL = 1_000
MOST_MISSES = 1_000


class OfferOutcome(Word):
    """The outcome of an offer of one ticket to one agent."""

    OPEN = "open"  #: not answered yet
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"  #: not answered in time, which is a miss
    WITHDRAWN = "withdrawn"  #: by the desk, which is not a miss


@frozen
class ContactPoint:
    """A device at which an agent can be called, and how long it rings, in milliseconds."""

    name: str = field(validator=an_id)
    ring: Span = field(validator=span(1))


def _cool_downs(cool_down: Mapping[str, Span]) -> Mapping[str, Span]:
    return read_only(cool_down, "OfferPolicy.cool_down")


def _check_cool_downs(
    _: object, __: Attribute[Mapping[str, Span]], cool_down: Mapping[str, Span]
) -> None:
    for reason, length in cool_down.items():
        check_id("a reason in OfferPolicy.cool_down", reason)
        check_whole(f"OfferPolicy.cool_down[{reason!r}]", length, 1, LONGEST_SPAN)


@frozen(kw_only=True)
class OfferPolicy:
    """How a queue with delivery ``OFFER`` offers its tickets to agents.

    ``timeout`` is how long an offer is open, in milliseconds; it expires at exactly that instant.
    ``parallel`` is how many offers of a ticket are open at once. With ``refill`` each offer that
    ends without acceptance is replaced at once; without, the next ones are made when all have
    ended.
    ``retry_declined_after`` is how long after declining a ticket an agent may be offered it again,
    in milliseconds; None means only after their presence is set again.
    ``retry_missed_after`` is the same after an offer that expired; agents who have not been
    offered the ticket go first. None means 60 s, or 5 s if the strategy rings all at once.
    After ``max_misses`` misses in a row the agent is set away with the reason ``missed_offers``.
    ``cool_down`` maps a reason (``missed``, ``declined`` or one of the host's own) to how long
    afterwards the agent gets no ticket at all, in milliseconds.

    >>> OfferPolicy(timeout=20_000, cool_down={"busy": 60_000}).max_misses
    3
    """

    timeout: Span = field(default=seconds(30), validator=span(1))
    parallel: int = field(default=1, validator=whole(1, MOST_PARALLEL))
    refill: bool = field(default=True, validator=a_flag)
    retry_declined_after: Span | None = field(default=None, validator=maybe(span(1)))
    retry_missed_after: Span | None = field(default=None, validator=maybe(span(1)))
    max_misses: int = field(default=3, validator=whole(1, MOST_MISSES))
    cool_down: Mapping[str, Span] = field(
        default=EMPTY, converter=_cool_downs, validator=_check_cool_downs
    )
