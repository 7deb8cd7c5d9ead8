"""Words for the members of an enum, accepted wherever the enum is."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TypeVar

from ticketroute.errors import InvalidValueError

E = TypeVar("E", bound=Enum)


def spelling(member: Enum) -> str:
    """Return the word for a member: its value, or its name in lower case where that is a number.

    >>> from ticketroute.model.queue import Delivery
    >>> spelling(Delivery.OFFER)
    'offer'
    """
    return member.name.lower() if isinstance(member, IntEnum) else str(member.value)


def word_of(kind: type[E], value: E | str, thing: str) -> E:
    """Return the member of ``kind`` that ``value`` is or names. O(members) for a word.

    Raises:
        InvalidValueError: if it is neither; the error names ``thing`` and lists the words.

    >>> from ticketroute.model.queue import Delivery
    >>> word_of(Delivery, "offer", "delivery")
    <Delivery.OFFER: 'offer'>
    """
    if isinstance(value, kind):
        return value
    if isinstance(value, str):
        for member in kind:
            if spelling(member) == value:
                return member
    listed = ", ".join(repr(spelling(member)) for member in kind)
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    raise InvalidValueError(thing, value, f"{article} {kind.__name__}, or one of {listed}")
