"""What rules are made of, and what is noted of what they did."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from attrs import field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import a_flag, an_id, one_of, several
from ticketroute.model.frozen import Word
from ticketroute.model.ids import PolicyId
from ticketroute.model.ticket import Ticket, TicketPriority
from ticketroute.rules.actions import Action, SetPolicy
from ticketroute.rules.combining import Always, Condition


class Moment(Word):
    """When a rule runs."""

    SUBMITTED = "submitted"  #: before the ticket comes in
    CHANGED = "changed"  #: after somebody changed the ticket


def _actions(then: Iterable[Action]) -> tuple[Action, ...]:
    listed = tuple(several("Rule.then", [then] if isinstance(then, Action) else then))
    for each in listed:
        if not isinstance(each, Action):
            raise InvalidValueError("one of Rule.then", each, "an Action")
    return listed


def _moments(on: Moment | Iterable[Moment]) -> frozenset[Moment]:
    listed = frozenset(several("Rule.on", [on] if isinstance(on, Moment) else on))
    if not listed or not all(isinstance(each, Moment) for each in listed):
        raise InvalidValueError("Rule.on", sorted(map(str, listed)), "one Moment, or both")
    return listed


@frozen(kw_only=True)
class Rule:
    """What happens to tickets for which a condition holds.

    ``when`` is the condition, ``then`` the actions in their order. With ``stop`` no later rule is
    asked. ``on`` says when the rule runs; one that runs on a change cannot choose an SLA policy,
    because clocks that run keep the one they started with.
    """

    name: str = field(validator=an_id)
    when: Condition = field(default=Always(), validator=one_of(Condition))
    then: tuple[Action, ...] = field(default=(), converter=_actions)
    stop: bool = field(default=False, validator=a_flag)
    on: frozenset[Moment] = field(default=frozenset({Moment.SUBMITTED}), converter=_moments)

    def __attrs_post_init__(self) -> None:
        if not self.then and not self.stop:
            raise InvalidValueError(
                f"rule {self.name!r}", "without an effect", "given actions in then, or stop=True"
            )
        if Moment.CHANGED in self.on and any(isinstance(each, SetPolicy) for each in self.then):
            raise InvalidValueError(
                f"rule {self.name!r}",
                "choosing an SLA policy on a change",
                "without one where it runs on a change; run it on 'submitted'",
            )


@frozen
class Change:
    """One field of a ticket, before an action and after it."""

    field: str
    before: Any
    after: Any


@frozen
class Fired:
    """A rule whose condition held, and what it changed: nothing, if all was so before."""

    rule: str
    changes: tuple[Change, ...]
    stopped: bool = False

    def __str__(self) -> str:
        told = ", ".join(
            f"{each.field} {_told(each.before)} -> {_told(each.after)}" for each in self.changes
        )
        ending = "; no later rule is asked" if self.stopped else ""
        return f"{self.rule}: {told or 'nothing changed'}{ending}"


@frozen
class Skipped:
    """A rule that did not act, and the first part of its condition that did not hold."""

    rule: str
    because: str

    def __str__(self) -> str:
        return f"{self.rule}: skipped, not so: {self.because}"


def _told(value: object) -> str:
    if isinstance(value, TicketPriority):
        return value.name.lower()
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(str, value))) + "}"
    return "none" if value is None else str(value)


@frozen(kw_only=True)
class Outcome:
    """What rules made of a ticket: hand ``ticket`` to the desk.

    ``fired`` are the rules that held, in their order. ``trace`` has the others as well, where it
    was asked for. ``policy`` is the policy that a rule chose.
    """

    ticket: Ticket
    fired: tuple[Fired, ...] = ()
    trace: tuple[Fired | Skipped, ...] = ()
    policy: PolicyId | None = None

    def __str__(self) -> str:
        return "\n".join(map(str, self.trace or self.fired)) or "no rule held"


def _labels(tags: Iterable[str]) -> frozenset[str]:
    return frozenset(several("Classification.tags", tags))


@frozen(kw_only=True)
class Classification:
    """What a classifier says of a ticket, with its confidence from 0.0 to 1.0."""

    tags: frozenset[str] = field(default=frozenset(), converter=_labels)
    priority: TicketPriority | None = None
    confidence: float = 0.0

    def __attrs_post_init__(self) -> None:
        if not 0.0 <= self.confidence <= 1.0:  # also refuses nan
            raise InvalidValueError("Classification.confidence", self.confidence, "from 0.0 to 1.0")


class Classifier(Protocol):
    """A model of the host's that reads a text and proposes tags and a priority."""

    def classify(self, ticket: Ticket, text: str) -> Classification:
        """Return what the text is about; called once a ticket, before the rules."""
        ...
