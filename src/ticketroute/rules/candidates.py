"""Which rules could hold for a ticket: a look-up in place of asking each of thousands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ticketroute.rules.actions import AddTags, SetPolicy
from ticketroute.rules.combining import AllOf, AnyOf, Condition
from ticketroute.rules.conditions import (
    AttributeIs,
    ChannelIs,
    HasTag,
    Keywords,
    LanguageIs,
    RequesterIs,
    TierIs,
)
from ticketroute.rules.draft import TIER, Draft, policy_tag
from ticketroute.rules.ruleset_values import Rule

Key = tuple[str, str, str]  # the kind of a fact, its name and its value

_CHANNEL, _REQUESTER, _ATTRIBUTE, _LANGUAGE, _TAG, _WORD = (
    "channel", "requester", "attribute", "language", "tag", "word",
)  # fmt: skip


class Candidates:
    """Rules by a fact without which they cannot hold, and that no action brings about.

    ``any_tag`` is whether tags may come from elsewhere than actions: from a classifier.
    """

    def __init__(self, rules: Sequence[Rule], *, any_tag: bool = False) -> None:
        self._rules = tuple(rules)
        given = None if any_tag else _given_tags(self._rules)
        self._any: list[int] = []  # rules that need no such fact
        self._by_key: dict[Key, list[int]] = {}
        for number, rule in enumerate(self._rules):
            needed = _needed(rule.when, given)
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
        for key in _facts(draft):
            found.update(self._by_key.get(key, ()))
        if self._words and draft.text:
            for word in self._words & draft.words.found:
                found.update(self._by_key[_WORD, "", word])
        return map(self._rules.__getitem__, sorted(found))


def _facts(draft: Draft) -> Iterator[Key]:
    ticket = draft.ticket
    yield _CHANNEL, "", ticket.channel
    if ticket.requester is not None:
        yield _REQUESTER, "", ticket.requester
    for name, value in ticket.attributes.items():
        yield _ATTRIBUTE, name, value
    for tag in ticket.tags:
        yield _TAG, "", tag
    for each in draft.languages:
        yield _LANGUAGE, "", each


def _given_tags(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the tags that actions of the rules give to tickets."""
    given: set[str] = set()
    for action in (action for rule in rules for action in rule.then):
        if isinstance(action, AddTags):
            given |= action.tags
        elif isinstance(action, SetPolicy):
            given.add(policy_tag(action.policy))
    return frozenset(given)


def _needed(  # noqa: C901  a table of kinds
    condition: Condition, given: frozenset[str] | None
) -> set[Key] | None:
    """Return facts of which a ticket has at least one if the condition holds; None: unknown.

    ``given`` are tags that a ticket may come by on the way; None: any.
    """
    match condition:
        case HasTag() if given is not None and given.isdisjoint(condition.values):
            return {(_TAG, "", each) for each in condition.values}
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
            needed = (_needed(each, given) for each in condition.of)
            known = [each for each in needed if each is not None]
            return min(known, key=len, default=None)
        case AnyOf():
            together: set[Key] = set()
            for part in condition.of:
                each = _needed(part, given)
                if each is None:
                    return None
                together |= each
            return together
        case _:
            return None
