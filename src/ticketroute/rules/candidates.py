"""Which rules could hold for a ticket: a look-up in place of asking each of thousands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ticketroute.model.ticket import Ticket
from ticketroute.rules.combining import AllOf, AnyOf, Condition
from ticketroute.rules.conditions import (
    AttributeIs,
    ChannelIs,
    Keywords,
    LanguageIs,
    RequesterIs,
    TierIs,
    language_of,
    ranges_of,
)
from ticketroute.rules.draft import TIER, Draft
from ticketroute.rules.ruleset_values import Rule

Key = tuple[str, str, str]  # the kind of a fact, its name and its value

_CHANNEL, _REQUESTER, _ATTRIBUTE, _LANGUAGE, _WORD = (
    "channel", "requester", "attribute", "language", "word",
)  # fmt: skip


class Candidates:
    """Rules by a fact without which they cannot hold, and that no action changes."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._any: list[int] = []  # rules that need no such fact
        self._by_key: dict[Key, list[int]] = {}
        for number, rule in enumerate(self._rules):
            needed = _needed(rule.when)
            if needed is None:
                self._any.append(number)
            for key in needed or ():
                self._by_key.setdefault(key, []).append(number)
        self._words = frozenset(value for kind, _, value in self._by_key if kind == _WORD)

    def of(self, draft: Draft) -> Iterable[Rule]:
        """Return the rules that could hold, in their order.

        O(facts + text + c log c) for c candidates.
        """
        if not self._by_key:
            return self._rules
        found = set(self._any)
        for key in _facts(draft.ticket):
            found.update(self._by_key.get(key, ()))
        if self._words and draft.text:
            for word in self._words & draft.words.found:
                found.update(self._by_key[_WORD, "", word])
        return map(self._rules.__getitem__, sorted(found))


def _facts(ticket: Ticket) -> Iterator[Key]:
    yield _CHANNEL, "", ticket.channel
    if ticket.requester is not None:
        yield _REQUESTER, "", ticket.requester
    for name, value in ticket.attributes.items():
        yield _ATTRIBUTE, name, value
    for each in ranges_of(language_of(ticket.attributes)):
        yield _LANGUAGE, "", each


def _needed(condition: Condition) -> set[Key] | None:  # noqa: C901  a table of kinds
    """Return facts of which a ticket has at least one if the condition holds; None: unknown."""
    match condition:
        case ChannelIs():
            return {(_CHANNEL, "", each) for each in condition.values}
        case RequesterIs():
            return {(_REQUESTER, "", each) for each in condition.values}
        case TierIs():
            return {(_ATTRIBUTE, TIER, each) for each in condition.values}
        case AttributeIs():
            return {(_ATTRIBUTE, condition.name, each) for each in condition.values}
        case LanguageIs():
            return {(_LANGUAGE, "", each) for each in condition.values}
        case Keywords():
            first = condition.first_words()
            return None if first is None else {(_WORD, "", each) for each in first}
        case AllOf():
            known = [each for each in map(_needed, condition.of) if each is not None]
            return min(known, key=len, default=None)
        case AnyOf():
            together: set[Key] = set()
            for each in map(_needed, condition.of):
                if each is None:
                    return None
                together |= each
            return together
        case _:
            return None
