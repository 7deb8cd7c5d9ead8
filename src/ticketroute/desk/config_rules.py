"""Rules as a configuration writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ticketroute.desk.config_kinds import (
    Kind,
    Later,
    ListOf,
    OneOf,
    Place,
    Table,
    Via,
)
from ticketroute.desk.config_tables import (
    A_FLAG,
    A_PRIORITY,
    A_TEXT,
    AN_ID,
    FROM_ONE,
    SKILLS,
)
from ticketroute.rules import (
    Action,
    AddTags,
    AllOf,
    Always,
    AnyOf,
    AskSkills,
    AttributeCompares,
    AttributeContains,
    AttributeIs,
    ChannelIs,
    Comparison,
    Condition,
    HasTag,
    Keywords,
    LanguageIs,
    Moment,
    Not,
    Pattern,
    Prefer,
    PriorityIs,
    QueueIs,
    RaisePriority,
    RemoveTags,
    RequesterIs,
    Rule,
    SetPolicy,
    SetPriority,
    SetQueue,
    SetWeight,
    TierIs,
    Within,
)

DEEPEST = 20  # conditions within conditions
_NAMES = ListOf(AN_ID, least=1, alone=True)
_TEXTS = ListOf(A_TEXT, least=1, alone=True)


class _Number(Kind):
    """A whole number, or a decimal one as text: TOML's own fractions are not exact."""

    def read(self, value: object, place: Place) -> Any:
        """Return the number as it is written."""
        if isinstance(value, bool) or not isinstance(value, int | str):
            return place.bad(value, "a whole number, or a decimal one as text: '9.50'")
        return value

    def schema(self) -> dict[str, Any]:
        """Return the schema of either form."""
        return {"type": ["integer", "string"]}


def _all_of(several: list[Condition]) -> Condition:
    return several[0] if len(several) == 1 else AllOf(several)


def _any_of(several: list[Condition]) -> Condition:
    return several[0] if len(several) == 1 else AnyOf(several)


def _attribute(name: str, **tests: Any) -> Condition:
    made: list[Condition] = []
    for test, value in tests.items():
        if test == "equals":
            made.append(AttributeIs(name, value))
        elif test == "contains":
            made.append(AttributeContains(name, value))
        else:
            made.append(AttributeCompares(name, Comparison(test), value))
    return _all_of(made) if made else Always()


_ATTRIBUTE = Table(
    _attribute,
    {
        "name": AN_ID,
        "equals": _TEXTS,
        "contains": A_TEXT,
        **dict.fromkeys((each.value for each in Comparison), _Number()),
    },
    {"name"},
)


def _inner() -> Kind:
    return CONDITION


_CONDITION = Later(_inner, "condition")
_SEVERAL = ListOf(_CONDITION, least=1)
_WORDS: Mapping[str, tuple[Kind, Callable[[Any], Condition]]] = {
    "channel": (_NAMES, ChannelIs),
    "queue": (_NAMES, QueueIs),
    "priority": (ListOf(A_PRIORITY, least=1, alone=True), PriorityIs),
    "tag": (_NAMES, HasTag),
    "tags": (_NAMES, lambda tags: _all_of([HasTag(each) for each in tags])),
    "requester": (_NAMES, RequesterIs),
    "tier": (_NAMES, TierIs),
    "language": (_NAMES, LanguageIs),
    "attribute": (ListOf(_ATTRIBUTE, least=1, alone=True), _all_of),
    "open": (AN_ID, Within),
    "closed": (AN_ID, lambda calendar: ~Within(calendar)),
    "keywords": (_NAMES, Keywords),
    "pattern": (A_TEXT, Pattern),
    "all": (_SEVERAL, _all_of),
    "any": (_SEVERAL, _any_of),
    "not": (_CONDITION, Not),
}


class _Condition(Kind):
    """A table of tests, all of which have to hold."""

    _table = Table(
        lambda **tests: _all_of(list(tests.values())) if tests else Always(),
        {word: Via(kind, make) for word, (kind, make) in _WORDS.items()},
    )

    def read(self, value: object, place: Place) -> Any:
        """Return the condition."""
        if sum(place.path.count(f".{word}") for word in ("all", "any", "not")) > DEEPEST:
            return place.bad("...", f"at most {DEEPEST} conditions deep")
        return self._table.read(value, place)

    def schema(self) -> dict[str, Any]:
        """Return the schema of a condition."""
        return self._table.schema()


CONDITION = _Condition()

_ACTIONS: Mapping[str, tuple[Kind, Callable[[Any], Action]]] = {
    "queue": (AN_ID, SetQueue),
    "priority": (A_PRIORITY, SetPriority),
    "raise_priority": (A_PRIORITY, RaisePriority),
    "sla": (AN_ID, SetPolicy),
    "skills": (SKILLS, AskSkills),
    "prefer": (AN_ID, Prefer),
    "add_tags": (ListOf(AN_ID, least=1, alone=True), AddTags),
    "remove_tags": (ListOf(AN_ID, least=1, alone=True), RemoveTags),
    "weight": (FROM_ONE, SetWeight),
}


def _rule(**facts: Any) -> Rule:
    then = list(facts.pop("then", {}).values())
    return Rule(then=then, **facts)


RULE = Table(
    _rule,
    {
        "name": AN_ID,
        "when": CONDITION,
        "then": Table(
            lambda **actions: actions,
            {word: Via(kind, make) for word, (kind, make) in _ACTIONS.items()},
        ),
        "stop": A_FLAG,
        "on": ListOf(OneOf.enum(Moment), least=1, alone=True),
    },
    {"name"},
)
