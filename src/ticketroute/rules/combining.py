"""What a condition is, and how conditions combine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from attrs import field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import one_of, several
from ticketroute.rules.draft import Draft

MOST_PARTS = 1_000  # of one condition, at any depth


class Condition(ABC):
    """What must hold for a rule to act.

    ``reads`` names the field of a ticket that an action may have changed before, or is empty.
    """

    reads: ClassVar[str] = ""

    @abstractmethod
    def holds(self, draft: Draft) -> bool:
        """Return whether it holds for a ticket at this point of the rules."""

    def unmet(self, draft: Draft) -> str | None:
        """Return the first part that does not hold, in words; None if the condition holds."""
        return None if self.holds(draft) else str(self)

    def parts(self) -> Iterator[Condition]:
        """Yield the simple conditions that it is made of."""
        yield self

    def __and__(self, other: Condition) -> Condition:
        """Return a condition that holds where both do."""
        if not isinstance(other, Condition):
            return NotImplemented
        return AllOf((*_inner(self, AllOf), *_inner(other, AllOf)))

    def __or__(self, other: Condition) -> Condition:
        """Return a condition that holds where either does."""
        if not isinstance(other, Condition):
            return NotImplemented
        return AnyOf((*_inner(self, AnyOf), *_inner(other, AnyOf)))

    def __invert__(self) -> Condition:
        """Return a condition that holds where this one does not."""
        return Not(self)


def _inner(condition: Condition, kind: type[AllOf | AnyOf]) -> tuple[Condition, ...]:
    return condition.of if isinstance(condition, kind) else (condition,)


def _conditions(written: Iterable[Condition]) -> tuple[Condition, ...]:
    listed = tuple(several("the parts of a condition", written))
    for each in listed:
        if not isinstance(each, Condition):
            raise InvalidValueError("a part of a condition", each, "a Condition")
    return listed


def _check_count(condition: Condition) -> None:
    count = sum(1 for _ in condition.parts())
    if not 1 <= count <= MOST_PARTS:
        raise InvalidValueError(
            "the number of parts of a condition", count, f"from 1 to {MOST_PARTS}"
        )


@frozen
class Always(Condition):
    """Holds for every ticket."""

    def holds(self, draft: Draft) -> bool:
        """Return True."""
        return True

    def __str__(self) -> str:
        return "always"


@frozen
class AllOf(Condition):
    """Holds where every one of its conditions does."""

    of: tuple[Condition, ...] = field(converter=_conditions)

    def __attrs_post_init__(self) -> None:
        _check_count(self)

    def holds(self, draft: Draft) -> bool:
        """Return whether all hold; stops at the first that does not."""
        for each in self.of:  # noqa: SIM110  a generator costs as much again as two conditions
            if not each.holds(draft):
                return False
        return True

    def unmet(self, draft: Draft) -> str | None:
        """Return the first part that does not hold."""
        return next((why for each in self.of if (why := each.unmet(draft)) is not None), None)

    def parts(self) -> Iterator[Condition]:
        """Yield the parts of its conditions."""
        for each in self.of:
            yield from each.parts()

    def __str__(self) -> str:
        return " and ".join(
            f"({each})" if isinstance(each, AnyOf) else str(each) for each in self.of
        )


@frozen
class AnyOf(Condition):
    """Holds where at least one of its conditions does."""

    of: tuple[Condition, ...] = field(converter=_conditions)

    def __attrs_post_init__(self) -> None:
        _check_count(self)

    def holds(self, draft: Draft) -> bool:
        """Return whether any holds; stops at the first that does."""
        for each in self.of:  # noqa: SIM110  as above
            if each.holds(draft):
                return True
        return False

    def parts(self) -> Iterator[Condition]:
        """Yield the parts of its conditions."""
        for each in self.of:
            yield from each.parts()

    def __str__(self) -> str:
        return " or ".join(str(each) for each in self.of)


@frozen
class Not(Condition):
    """Holds where its condition does not."""

    of: Condition = field(validator=one_of(Condition))

    def __attrs_post_init__(self) -> None:
        _check_count(self)

    def holds(self, draft: Draft) -> bool:
        """Return whether the condition inside does not hold."""
        return not self.of.holds(draft)

    def parts(self) -> Iterator[Condition]:
        """Yield the parts of the condition inside."""
        yield from self.of.parts()

    def __str__(self) -> str:
        return f"not ({self.of})"
