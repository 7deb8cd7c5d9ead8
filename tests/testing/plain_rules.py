"""What rules make of a ticket, in the plainest way there is: every rule is asked, in order.

Conditions are read here anew, from their fields alone: no method of theirs is called.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from attrs import evolve

from ticketroute.model.instants import Instant
from ticketroute.model.ticket import Ticket
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
from ticketroute.rules.draft import Calendars


def ruled(
    rules: Iterable[Rule],
    ticket: Ticket,
    *,
    at: Instant,
    text: str | None = None,
    calendars: Calendars | None = None,
    moment: Moment = Moment.SUBMITTED,
) -> tuple[Ticket, list[str]]:
    """Return the ticket as the rules leave it, and the names of those that acted. O(rules)."""
    acted = []
    for rule in rules:
        if moment in rule.on and holds(rule.when, ticket, at, text, calendars or {}):
            for action in rule.then:
                ticket = done(action, ticket)
            acted.append(rule.name)
            if rule.stop:
                break
    return ticket, acted


def holds(
    condition: Condition, ticket: Ticket, at: Instant, text: str | None, calendars: Calendars
) -> bool:
    """Return whether a condition holds for a ticket."""
    match condition:
        case Always():
            return True
        case AllOf():
            return all(holds(each, ticket, at, text, calendars) for each in condition.of)
        case AnyOf():
            return any(holds(each, ticket, at, text, calendars) for each in condition.of)
        case Not():
            return not holds(condition.of, ticket, at, text, calendars)
        case Within():
            return calendars[condition.calendar].is_open(at)
        case Keywords():
            return any(_found(word, text or "") for word in condition.values)
        case AttributeIs() | AttributeContains() | AttributeCompares():
            return condition.name in ticket.attributes and _attribute(
                condition, ticket.attributes[condition.name]
            )
        case _:
            return _fact(condition, ticket)


def _fact(condition: Any, ticket: Ticket) -> bool:
    match condition:
        case ChannelIs():
            return ticket.channel in condition.values
        case QueueIs():
            return ticket.queue in condition.values
        case PriorityIs():
            return ticket.priority in condition.values
        case HasTag():
            return any(tag in condition.values for tag in ticket.tags)
        case RequesterIs():
            return ticket.requester in condition.values
        case TierIs():
            return ticket.attributes.get("tier") in condition.values
        case LanguageIs():
            language = ticket.attributes.get("language", "").lower().replace("_", "-")
            return any(
                language == each or language.startswith(each + "-") for each in condition.values
            )
        case _:
            raise NotImplementedError(f"{type(condition).__name__} has no plain reading here")


def _attribute(condition: AttributeIs | AttributeContains | AttributeCompares, text: str) -> bool:
    if isinstance(condition, AttributeIs):
        return text in condition.values
    if isinstance(condition, AttributeContains):
        return condition.value.casefold() in text.casefold()
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    if not number.is_finite():
        return False
    return {
        Comparison.AT_LEAST: number >= condition.value,
        Comparison.ABOVE: number > condition.value,
        Comparison.AT_MOST: number <= condition.value,
        Comparison.BELOW: number < condition.value,
    }[condition.how]


def _found(keyword: str, text: str) -> bool:
    """Return whether a keyword of a script with blanks is in a text, as whole words in a row."""
    words, wanted = ([*re.findall(r"\w+", _folded(each))] for each in (text, keyword))
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words)))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def done(action: Action, ticket: Ticket) -> Ticket:  # noqa: C901  a case for each action
    """Return a ticket after one action."""
    match action:
        case SetQueue():
            return evolve(ticket, queue=action.queue)
        case SetPriority():
            return evolve(ticket, priority=action.priority)
        case RaisePriority():
            return evolve(ticket, priority=min(ticket.priority, action.priority))
        case AskSkills():
            skills = dict(ticket.skills)
            for skill, level in action.skills.items():
                skills[skill] = max(level, skills.get(skill, level))
            return evolve(ticket, skills=skills)
        case Prefer():
            return evolve(ticket, prefer=action.agent)
        case AddTags():
            return evolve(ticket, tags={*ticket.tags, *action.tags})
        case RemoveTags():
            return evolve(ticket, tags=[tag for tag in ticket.tags if tag not in action.tags])
        case SetWeight():
            return evolve(ticket, weight=action.weight)
        case SetPolicy():
            others = [tag for tag in ticket.tags if not tag.startswith("sla:")]
            return evolve(ticket, tags=[*others, f"sla:{action.policy}"])
        case _:
            raise NotImplementedError(f"{type(action).__name__} has no plain reading here")
