"""Which rules can never act: what a check of a configuration wants to know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ticketroute.rules.combining import AllOf, Always, AnyOf, Condition, Not
from ticketroute.rules.conditions import (
    AttributeIs,
    ChannelIs,
    LanguageIs,
    PriorityIs,
    QueueIs,
    RequesterIs,
    TierIs,
)
from ticketroute.rules.ruleset_values import Rule

# Conditions on a fact of which a ticket has one value: two with nothing in common never both hold.
_ONE_OF = (ChannelIs, QueueIs, PriorityIs, RequesterIs, TierIs, AttributeIs)


def unreachable(rules: Sequence[Rule]) -> Iterator[tuple[Rule, str]]:
    """Yield each rule that can never act, with the reason in words.

    It finds a condition that contradicts itself, and a rule behind one that stops on everything
    that this rule would hold for. What it does not find may still be unreachable. O(rules^2).
    """
    for number, rule in enumerate(rules):
        if _contradicts(rule.when):
            yield rule, f"its condition contradicts itself: {rule.when}"
            continue
        for before, earlier in enumerate(rules[:number]):
            if not earlier.stop or not rule.on <= earlier.on:
                continue
            moved = {act.changes for each in rules[before:number] for act in each.then}
            if implies(rule.when, earlier.when) and not _reads(earlier.when) & moved:
                yield rule, f"rule {earlier.name!r} before it stops on every ticket it holds for"
                break


def implies(narrow: Condition, wide: Condition) -> bool:
    """Return whether ``wide`` surely holds wherever ``narrow`` does; False where unsure."""
    if narrow == wide or isinstance(wide, Always):
        return True
    if isinstance(narrow, AnyOf):
        return all(implies(each, wide) for each in narrow.of)
    if isinstance(wide, AllOf):
        return all(implies(narrow, each) for each in wide.of)
    if isinstance(wide, AnyOf):
        return any(implies(narrow, each) for each in wide.of)
    if isinstance(narrow, AllOf):
        return any(implies(each, wide) for each in narrow.of)
    if isinstance(narrow, Not) and isinstance(wide, Not):
        return implies(wide.of, narrow.of)
    if type(narrow) is type(wide) and isinstance(narrow, (*_ONE_OF, LanguageIs)):
        return _subject(narrow) == _subject(wide) and _values(narrow) <= _values(wide)
    return False


def _contradicts(condition: Condition) -> bool:
    if isinstance(condition, AnyOf):
        return all(map(_contradicts, condition.of))
    if not isinstance(condition, AllOf):
        return isinstance(condition, Not) and isinstance(condition.of, Always)
    if any(map(_contradicts, condition.of)):
        return True
    return any(
        _exclude(one, other)
        for number, one in enumerate(condition.of)
        for other in condition.of[number + 1 :]
    )


def _exclude(one: Condition, other: Condition) -> bool:
    if isinstance(other, Not) and implies(one, other.of):
        return True
    if isinstance(one, Not) and implies(other, one.of):
        return True
    if type(one) is not type(other) or not isinstance(one, _ONE_OF):
        return False
    return _subject(one) == _subject(other) and not _values(one) & _values(other)


def _values(condition: Condition) -> frozenset[object]:
    values: frozenset[object] = getattr(condition, "values", frozenset())
    return values


def _subject(condition: Condition) -> object:
    return getattr(condition, "name", None)


def _reads(condition: Condition) -> set[str]:
    return {part.reads for part in condition.parts() if part.reads}
