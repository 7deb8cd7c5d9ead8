"""Rules in their order, and what they make of a ticket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import check_instant, several
from ticketroute.model.instants import Instant
from ticketroute.model.ticket import Ticket
from ticketroute.rules.candidates import Candidates
from ticketroute.rules.draft import LONGEST_MESSAGE, NO_CALENDARS, Calendars, Draft
from ticketroute.rules.ruleset_values import (
    Change,
    Classification,
    Classifier,
    Fired,
    Moment,
    Outcome,
    Rule,
    Skipped,
)

MOST_RULES = 10_000


def _confidence(_: object, __: Attribute[float], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise InvalidValueError("Ruleset.least_confidence", value, "from 0.0 to 1.0")


def _rules(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    listed = tuple(several("Ruleset.rules", rules))
    if len(listed) > MOST_RULES:
        raise InvalidValueError("the number of rules", len(listed), f"at most {MOST_RULES}")
    seen: set[str] = set()
    for each in listed:
        if not isinstance(each, Rule):
            raise InvalidValueError("one of Ruleset.rules", each, "a Rule")
        if each.name in seen:
            raise InvalidValueError("the name of a rule", each.name, "used by one rule only")
        seen.add(each.name)
    return listed


@frozen
class Ruleset:
    """Rules in the order in which they are asked; each sees what those before it did.

    ``classifier`` is asked first, where there is a text; below ``least_confidence`` what it says is
    left out. Names of rules are unique.

    >>> from ticketroute import TicketPriority
    >>> from ticketroute.rules.actions import SetPriority
    >>> from ticketroute.rules.conditions import HasTag
    >>> vip = Rule(name="vip", when=HasTag("vip"), then=[SetPriority(TicketPriority.HIGH)])
    >>> print(Ruleset([vip]).apply(Ticket(id="t1", tags={"vip"}), at=0))
    vip: priority normal -> high
    """

    rules: tuple[Rule, ...] = field(default=(), converter=_rules)
    classifier: Classifier | None = None
    least_confidence: float = field(default=0.8, validator=_confidence)
    _at: Mapping[Moment, tuple[Rule, ...]] = field(init=False, eq=False, repr=False)
    _candidates: Mapping[Moment, Candidates] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        at = {each: tuple(r for r in self.rules if each in r.on) for each in Moment}
        object.__setattr__(self, "_at", at)
        any_tag = self.classifier is not None
        found = {each: Candidates(rules, any_tag=any_tag) for each, rules in at.items()}
        object.__setattr__(self, "_candidates", found)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def apply(
        self,
        ticket: Ticket,
        *,
        at: Instant,
        text: str | None = None,
        calendars: Calendars = NO_CALENDARS,
        moment: Moment = Moment.SUBMITTED,
        trace: bool = False,
    ) -> Outcome:
        """Return what the rules make of a ticket; nothing else changes, so a dry run is the same.

        Args:
            ticket: as it comes in or, after a change, as it stands.
            at: the instant that calendars are asked about.
            text: for keywords, patterns and the classifier; kept nowhere.
            calendars: those that conditions name, by id.
            moment: which rules run.
            trace: whether to note the rules that did not act as well, and why.

        Raises:
            InvalidValueError: if a value is outside what it allows, a condition names a calendar
                that was not handed over, or the text is longer than 1,000,000 characters.

        O(rules that could hold + text); with ``trace`` O(rules + text).
        """
        check_instant("at", at)
        if not isinstance(moment, Moment):
            raise InvalidValueError("moment", moment, "a Moment")
        if not isinstance(ticket, Ticket):
            raise InvalidValueError("ticket", ticket, "a Ticket")
        _check_message(text)
        draft = Draft(ticket=ticket, at=at, text=text, calendars=calendars)
        seen: list[Fired | Skipped] = []
        if self.classifier is not None and text and moment is Moment.SUBMITTED:
            said = self.classifier.classify(ticket, text)
            _note(seen, self._classified(draft, said), keep=trace)
        # fast: ADR 73; what is not a candidate would only be skipped, which a trace wants to see
        for rule in self._at[moment] if trace else self._candidates[moment].of(draft):
            if rule.when.holds(draft):
                seen.append(_fire(rule, draft))
                if rule.stop:
                    break
            elif trace:
                seen.append(Skipped(rule.name, rule.when.unmet(draft) or str(rule.when)))
        return Outcome(
            ticket=draft.result(),
            fired=tuple(each for each in seen if isinstance(each, Fired)),
            trace=tuple(seen) if trace else (),
            policy=draft.policy,
        )

    def _classified(self, draft: Draft, said: Classification) -> Fired | Skipped:
        if not isinstance(said, Classification):
            raise InvalidValueError("what the classifier returned", said, "a Classification")
        if said.confidence < self.least_confidence:
            return Skipped(
                "classifier", f"confidence {said.confidence:.2f} >= {self.least_confidence:.2f}"
            )
        before = draft.tags, draft.priority
        draft.tags |= said.tags
        draft.priority = said.priority or draft.priority
        after = draft.tags, draft.priority
        names = ("tags", "priority")
        changes = zip(names, before, after, strict=True)
        return Fired("classifier", tuple(Change(*each) for each in changes if each[1] != each[2]))


def _note(seen: list[Fired | Skipped], what: Fired | Skipped, *, keep: bool) -> None:
    if keep or isinstance(what, Fired):
        seen.append(what)


def _fire(rule: Rule, draft: Draft) -> Fired:
    changes = []
    for action in rule.then:
        before = getattr(draft, action.changes)
        action.act(draft)
        after = getattr(draft, action.changes)
        if before != after:
            changes.append(Change(action.changes, before, after))
    return Fired(rule.name, tuple(changes), rule.stop)


def _check_message(text: object) -> None:
    if text is None:
        return
    if not isinstance(text, str):
        raise InvalidValueError("text", text, "a string, or None")
    if len(text) > LONGEST_MESSAGE:
        raise InvalidValueError(
            "the length of text", len(text), f"at most {LONGEST_MESSAGE}: hand over its beginning"
        )
