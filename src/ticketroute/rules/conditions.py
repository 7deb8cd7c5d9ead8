"""Conditions of rules: frozen values that combine with ``&``, ``|`` and ``~``."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, ClassVar

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import (
    a_flag,
    a_text,
    an_id,
    check_id,
    check_ids,
    check_text,
    one_of,
    several,
)
from ticketroute.model.ids import CalendarId, QueueId
from ticketroute.model.ticket import Channel, TicketPriority
from ticketroute.rules.combining import Condition
from ticketroute.rules.draft import TIER, Draft
from ticketroute.rules.patterns import Compiled, compiled, found_in
from ticketroute.rules.words import Keyword

_LONGEST_NUMBER = 40  # characters of an attribute that is compared as a number


# --- facts of the ticket --------------------------------------------------------------------------


def _names(values: Iterable[str]) -> frozenset[Any]:
    return frozenset(
        several("the values of a condition", [values] if isinstance(values, str) else values)
    )


def _check_names(instance: object, _: Attribute[Any], values: frozenset[object]) -> None:
    kind = type(instance).__name__
    if not values:
        raise InvalidValueError(f"{kind}.values", set(), "at least one value")
    check_ids(f"a value of {kind}", values)


def _listed(values: Iterable[object]) -> str:
    return ", ".join(sorted(str(each) for each in values))


@frozen
class ChannelIs(Condition):
    """Holds for tickets that came over one of these channels; one may be given as plain text."""

    values: frozenset[Channel] = field(converter=_names, validator=_check_names)

    def holds(self, draft: Draft) -> bool:
        """Return whether the ticket came over one of the channels. O(1)."""
        return draft.channel in self.values

    def __str__(self) -> str:
        return f"channel is {_listed(self.values)}"


@frozen
class QueueIs(Condition):
    """Holds for tickets of one of these queues, as the ticket or a rule before says."""

    reads: ClassVar[str] = "queue"
    values: frozenset[QueueId] = field(converter=_names, validator=_check_names)

    def holds(self, draft: Draft) -> bool:
        """Return whether the ticket's queue is one of them. O(1)."""
        return draft.queue in self.values

    def __str__(self) -> str:
        return f"queue is {_listed(self.values)}"


def _priorities(values: TicketPriority | Iterable[TicketPriority]) -> frozenset[Any]:
    listed = [values] if isinstance(values, int | str) else values
    return frozenset(several("PriorityIs.values", listed))


def _check_priorities(_: object, __: Attribute[Any], values: frozenset[object]) -> None:
    if not values or not all(isinstance(each, TicketPriority) for each in values):
        raise InvalidValueError(
            "PriorityIs.values", sorted(map(str, values)), "TicketPriority, one or several"
        )


@frozen
class PriorityIs(Condition):
    """Holds for tickets of one of these priorities, as the ticket or a rule before says."""

    reads: ClassVar[str] = "priority"
    values: frozenset[TicketPriority] = field(converter=_priorities, validator=_check_priorities)

    def holds(self, draft: Draft) -> bool:
        """Return whether the ticket's priority is one of them. O(1)."""
        return draft.priority in self.values

    def __str__(self) -> str:
        return f"priority is {', '.join(each.name.lower() for each in sorted(self.values))}"


@frozen
class HasTag(Condition):
    """Holds for tickets that have any of these tags; combine several with ``&`` to ask for all."""

    reads: ClassVar[str] = "tags"
    values: frozenset[str] = field(converter=_names, validator=_check_names)

    def holds(self, draft: Draft) -> bool:
        """Return whether the ticket has any of the tags. O(tags)."""
        return not self.values.isdisjoint(draft.tags)

    def __str__(self) -> str:
        return f"tag is {_listed(self.values)}"


@frozen
class RequesterIs(Condition):
    """Holds for tickets of one of these requesters."""

    values: frozenset[str] = field(converter=_names, validator=_check_names)

    def holds(self, draft: Draft) -> bool:
        """Return whether the requester is one of them. O(1)."""
        return draft.requester in self.values

    def __str__(self) -> str:
        return f"requester is {_listed(self.values)}"


@frozen
class TierIs(Condition):
    """Holds for tickets whose attribute ``tier`` is one of these: what the requester pays for."""

    values: frozenset[str] = field(converter=_names, validator=_check_names)

    def holds(self, draft: Draft) -> bool:
        """Return whether the tier is one of them. O(1)."""
        return draft.attributes.get(TIER) in self.values

    def __str__(self) -> str:
        return f"tier is {_listed(self.values)}"


def _languages(values: Iterable[str]) -> frozenset[str]:
    return frozenset(
        each.lower().replace("_", "-") if isinstance(each, str) else each for each in _names(values)
    )


@frozen
class LanguageIs(Condition):
    """Holds for tickets whose attribute ``language`` is one of these, or a region of one.

    ``"de"`` holds for ``de-AT``; ``"de-at"`` holds for that alone. Letter case does not count.
    """

    values: frozenset[str] = field(converter=_languages, validator=_check_names)

    def holds(self, draft: Draft) -> bool:
        """Return whether the language is one of them. O(parts of the language tag)."""
        return not self.values.isdisjoint(draft.languages)

    def __str__(self) -> str:
        return f"language is {_listed(self.values)}"


# --- attributes -----------------------------------------------------------------------------------


@frozen
class AttributeIs(Condition):
    """Holds where an attribute equals one of these texts, letter for letter."""

    name: str = field(validator=an_id)
    values: frozenset[str] = field(converter=_names)

    def __attrs_post_init__(self) -> None:
        if not self.values:
            raise InvalidValueError("AttributeIs.values", set(), "at least one value")
        for each in sorted(self.values, key=str):
            check_text("a value of AttributeIs", each)

    def holds(self, draft: Draft) -> bool:
        """Return whether the attribute is one of them. O(1)."""
        return draft.attributes.get(self.name) in self.values

    def __str__(self) -> str:
        return f"{self.name} is {_listed(self.values)}"


@frozen
class AttributeContains(Condition):
    """Holds where an attribute contains a text; letter case does not count."""

    name: str = field(validator=an_id)
    value: str = field(validator=a_text)

    def __attrs_post_init__(self) -> None:
        if not self.value:
            raise InvalidValueError("AttributeContains.value", "", "at least one character")

    def holds(self, draft: Draft) -> bool:
        """Return whether the attribute contains the text. O(attribute)."""
        return self.value.casefold() in draft.attributes.get(self.name, "").casefold()

    def __str__(self) -> str:
        return f"{self.name} contains {self.value!r}"


class Comparison(Enum):
    """How an attribute is compared with a number."""

    AT_LEAST = "at_least"
    ABOVE = "above"
    AT_MOST = "at_most"
    BELOW = "below"


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _bound(value: object) -> Any:
    number = _number(value)
    return value if number is None else number


def _check_bound(_: object, __: Attribute[Any], value: object) -> None:
    if not isinstance(value, Decimal):
        raise InvalidValueError(
            "AttributeCompares.value", value, "a whole number, or a decimal one as text: '9.50'"
        )


@frozen
class AttributeCompares(Condition):
    """Holds where an attribute is a decimal number that compares so, digit for digit.

    An attribute that is missing or no number compares with nothing, and the condition fails.
    """

    name: str = field(validator=an_id)
    how: Comparison = field(validator=one_of(Comparison))
    value: Decimal = field(converter=_bound, validator=_check_bound)

    def holds(self, draft: Draft) -> bool:
        """Return whether the attribute compares so."""
        number = _number(draft.attributes.get(self.name, ""))
        if number is None:
            return False
        if self.how is Comparison.AT_LEAST:
            return number >= self.value
        if self.how is Comparison.ABOVE:
            return number > self.value
        if self.how is Comparison.AT_MOST:
            return number <= self.value
        return number < self.value

    def __str__(self) -> str:
        return f"{self.name} is {self.how.value.replace('_', ' ')} {self.value}"


# --- time and text --------------------------------------------------------------------------------


@frozen
class Within(Condition):
    """Holds while a calendar of the desk is open; ``~Within(...)`` is outside business hours."""

    calendar: CalendarId = field(validator=an_id)

    def holds(self, draft: Draft) -> bool:
        """Return whether the calendar is open at the ticket's instant. O(log windows)."""
        return draft.is_open(self.calendar)

    def __str__(self) -> str:
        return f"calendar {self.calendar} is open"


def _keywords(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(several("Keywords.values", [values] if isinstance(values, str) else values))


@frozen
class Keywords(Condition):
    """Holds where the text has any of these words, or words in a row.

    Letter case does not count, and a word is found as a whole: "bill" is not in "billing". In
    scripts that put no blanks between words it is found anywhere. Without a text it fails.
    """

    values: tuple[str, ...] = field(converter=_keywords)
    _looked_up: tuple[Keyword, ...] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.values:
            raise InvalidValueError("Keywords.values", (), "at least one keyword")
        for each in self.values:
            check_id("a keyword", each)
        looked_up = tuple(map(Keyword.of, self.values))
        for each, keyword in zip(self.values, looked_up, strict=True):
            if not keyword.words:
                raise InvalidValueError("a keyword", each, "letters or digits")
        object.__setattr__(self, "_looked_up", looked_up)

    def holds(self, draft: Draft) -> bool:
        """Return whether the text has any keyword. O(keywords) for single words."""
        if not draft.text:
            return False
        return any(map(draft.words.has, self._looked_up))

    def first_words(self) -> frozenset[str] | None:
        """Return words of which a text has one if this holds; None if it may have none."""
        if any(each.inside for each in self._looked_up):
            return None
        return frozenset(each.words[0] for each in self._looked_up)

    def __str__(self) -> str:
        return f"the text has {', '.join(map(repr, self.values))}"


@frozen
class Pattern(Condition):
    """Holds where a pattern in the syntax of RE2 is found anywhere in the text.

    It needs the extra ``patterns``. Without a text it fails. O(text), whatever the pattern.
    """

    source: str
    ignore_case: bool = field(default=True, validator=a_flag)
    _compiled: Compiled = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        ready = compiled("Pattern.source", self.source, ignore_case=self.ignore_case)
        object.__setattr__(self, "_compiled", ready)

    def __reduce__(self) -> tuple[type[Pattern], tuple[str, bool]]:
        return Pattern, (self.source, self.ignore_case)

    def holds(self, draft: Draft) -> bool:
        """Return whether the pattern is in the text."""
        return bool(draft.text) and found_in(self._compiled, draft.text or "")

    def __str__(self) -> str:
        return f"the text matches {self.source!r}"
