"""A ticket while rules go over it: what conditions read and what actions change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from attrs import define, evolve, field

from ticketroute.errors import InvalidValueError
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId, CalendarId, PolicyId, QueueId
from ticketroute.model.instants import Instant
from ticketroute.model.ticket import Channel, Ticket, TicketPriority
from ticketroute.rules.words import Words

LONGEST_MESSAGE = 1_000_000  # characters: far beyond any letter, and read in a few milliseconds
TIER, LANGUAGE = "tier", "language"  # the attributes that conditions of these names read
POLICY_TAG = "sla:"  # before the id of a policy: the tag by which a rule chooses it


class OpenHours(Protocol):
    """When somebody works, as a desk's calendars and their timetables answer it."""

    def is_open(self, at: Instant) -> bool:
        """Return whether ``at`` lies in a window."""
        ...


Calendars = Mapping[CalendarId, OpenHours]


def policy_tag(policy_id: PolicyId) -> str:
    """Return the tag that a rule gives a ticket to choose its policy.

    >>> policy_tag(PolicyId("gold"))
    'sla:gold'
    """
    return POLICY_TAG + policy_id


@define(kw_only=True)
class Draft:
    """What is known of a ticket at this point of the rules.

    The fields that actions change start as the ticket has them, so that a rule sees what the rules
    before it did. ``text`` is read here and kept nowhere else.
    """

    ticket: Ticket
    at: Instant
    text: str | None = None
    calendars: Calendars = field(factory=dict)
    channel: Channel = field(init=False)
    attributes: Mapping[str, str] = field(init=False)
    requester: str | None = field(init=False)
    queue: QueueId | None = field(init=False)
    priority: TicketPriority = field(init=False)
    tags: frozenset[str] = field(init=False)
    skills: Mapping[str, int] = field(init=False)
    prefer: AgentId | None = field(init=False)
    weight: int = field(init=False)
    policy: PolicyId | None = field(init=False, default=None)
    _words: Words | None = field(init=False, default=None)
    _languages: tuple[str, ...] | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        ticket = self.ticket
        self.channel, self.attributes = ticket.channel, ticket.attributes
        self.requester, self.queue = ticket.requester, ticket.queue
        self.priority, self.tags, self.skills = ticket.priority, ticket.tags, ticket.skills
        self.prefer, self.weight = ticket.prefer, ticket.weight

    @property
    def words(self) -> Words:
        """The words of the text, split when a condition first asks for them. O(text) once."""
        if self._words is None:
            self._words = Words.of(self.text or "")
        return self._words

    @property
    def languages(self) -> tuple[str, ...]:
        """The language of the ticket in lower case and each wider one: ``de-at``, ``de``."""
        if self._languages is None:
            language = self.attributes.get(LANGUAGE, "").lower().replace("_", "-")
            parts = language.split("-") if language else []
            self._languages = tuple("-".join(parts[:n]) for n in range(len(parts), 0, -1))
        return self._languages

    def is_open(self, calendar_id: CalendarId) -> bool:
        """Return whether a calendar is open at the instant of the ticket.

        Raises:
            InvalidValueError: if nobody handed over a calendar of that name.
        """
        hours = self.calendars.get(calendar_id)
        if hours is None:
            known = ", ".join(map(repr, sorted(self.calendars))) or "none"
            raise InvalidValueError(
                "the calendar of a rule", calendar_id, f"one that is handed over: {known}"
            )
        return hours.is_open(self.at)

    def result(self) -> Ticket:
        """Return the ticket as the rules leave it."""
        ticket = self.ticket
        changed = {
            name: getattr(self, name)
            for name in ("queue", "priority", "tags", "skills", "prefer", "weight")
            if getattr(self, name) != getattr(ticket, name)
        }
        return evolve(ticket, **changed) if changed else ticket


def with_level(skills: Mapping[str, int], more: Mapping[str, int]) -> Mapping[str, int]:
    """Return skills raised to at least the levels of ``more``."""
    return {**skills, **{name: max(level, skills.get(name, 0)) for name, level in more.items()}}


NO_CALENDARS: Calendars = EMPTY
