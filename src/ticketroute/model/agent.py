"""Agents, their skills, limits and memberships, and whether they are present."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import (
    LARGEST,
    a_flag,
    a_text,
    an_id,
    check_id,
    maybe,
    one_of,
    several,
    skill_levels,
    span,
    whole,
)
from ticketroute.model.frozen import EMPTY, FrozenMapping, read_only
from ticketroute.model.ids import AgentId, CalendarId
from ticketroute.model.instants import Span
from ticketroute.model.offer import ContactPoint
from ticketroute.model.ticket import Channel

HIGHEST_PRIORITY, LOWEST_PRIORITY = 1, 100  # of an agent: 1 is asked first
USUAL_PRIORITY = 50
HEAVIEST_WEIGHT = 100  # of a membership, for a draw in proportion: whole percents


class Presence(Enum):
    """Whether an agent is there to work; only an AVAILABLE agent gets tickets."""

    AVAILABLE = "available"
    AWAY = "away"
    OFFLINE = "offline"

    @classmethod
    def of(cls, word: Presence | str) -> Presence:
        """Return the presence that ``word`` names; an unknown word is AWAY, never AVAILABLE.

        Raises:
            InvalidValueError: if the word differs from a known one only by case or spaces.

        >>> Presence.of("lunch")
        <Presence.AWAY: 'away'>
        """
        if isinstance(word, Presence):
            return word
        if not isinstance(word, str):
            raise InvalidValueError("presence", word, "a Presence, or a word for one")
        known = _PRESENCE_BY_WORD.get(word)
        if known is not None:
            return known
        nearest = _PRESENCE_BY_WORD.get(word.strip().lower())
        if nearest is not None:
            raise InvalidValueError("presence", word, f"written {nearest.value!r}")
        return cls.AWAY


_PRESENCE_BY_WORD = {presence.value: presence for presence in Presence}


@frozen
class ChannelLimit:
    """What a ticket of one channel costs an agent, and how many of these they hold at once.

    ``cost`` is in units of capacity. ``most`` is a number of tickets; 0 means the agent gets none
    of this channel, None means the desk's default. Work on an ``interruptible`` channel takes no
    room from tickets of channels that are not.
    """

    cost: int = field(default=1, validator=whole(1))
    most: int | None = field(default=None, validator=maybe(whole(0)))
    interruptible: bool = field(default=False, validator=a_flag)


@frozen
class RateLimit:
    """An agent gets at most ``tickets`` new tickets within any ``span`` milliseconds."""

    tickets: int = field(validator=whole(1))
    span: Span = field(validator=span(1))


@frozen(kw_only=True)
class Membership:
    """The terms on which an agent serves a queue.

    ``priority`` replaces the agent's own in this queue. ``limit`` is the most tickets of this
    queue that the agent holds at once; 0 means they get none, None means the queue's limit.
    ``weight`` is the agent's share in a weighted draw, 1 to 100. With ``automatic`` False the
    agent gets this queue's tickets only by hand: taken, assigned or transferred.
    """

    priority: int | None = field(
        default=None, validator=maybe(whole(HIGHEST_PRIORITY, LOWEST_PRIORITY))
    )
    limit: int | None = field(default=None, validator=maybe(whole(0)))
    weight: int = field(default=1, validator=whole(1, HEAVIEST_WEIGHT))
    automatic: bool = field(default=True, validator=a_flag)


_PLAIN = ChannelLimit()


def _channels(
    channels: Mapping[Channel, ChannelLimit] | Iterable[Channel],
) -> FrozenMapping[Channel, ChannelLimit]:
    if isinstance(channels, Mapping):
        return read_only(channels, "Agent.channels")
    return read_only(dict.fromkeys(several("Agent.channels", channels), _PLAIN))


def _skills(skills: Mapping[str, int]) -> Mapping[str, int]:
    return read_only(skills, "Agent.skills")


def _check_channels(
    _: object, __: Attribute[Mapping[Channel, ChannelLimit]], channels: Mapping[str, object]
) -> None:
    for channel, limit in channels.items():
        check_id("a channel in Agent.channels", channel)
        if not isinstance(limit, ChannelLimit):
            raise InvalidValueError(f"Agent.channels[{channel!r}]", limit, "a ChannelLimit")


def _contact_points(points: Iterable[ContactPoint]) -> tuple[ContactPoint, ...]:
    return tuple(several("Agent.contact_points", points))


def _check_contact_points(
    _: object, __: Attribute[tuple[ContactPoint, ...]], points: tuple[object, ...]
) -> None:
    for point in points:
        if not isinstance(point, ContactPoint):
            raise InvalidValueError("a device in Agent.contact_points", point, "a ContactPoint")


@frozen(kw_only=True)
class Agent:
    """A person or program that works on tickets.

    ``capacity`` is the most units of work held at once; None means the desk's default.
    ``priority`` is from 1, chosen first, to 100, chosen last.
    ``channels`` maps a channel to its cost and limit. A list of names gives each channel the cost
    1; without any, the agent serves every channel at cost 1.
    ``skills`` maps a skill to a level from 1 to 10.
    ``rate_limit`` bounds how many new tickets the agent gets within a span, for instance after a
    break; None means the desk's default.
    ``contact_points`` are the devices at which a call rings, one after the other, each for its own
    time; without any, a call rings for the queue's timeout.
    ``shift`` names one of the desk's calendars; the agent gets no ticket while it is closed. None
    means the agent may get tickets at any time.

    >>> Agent(id=AgentId("ana"), capacity=3).priority
    50
    """

    id: AgentId = field(validator=an_id)
    capacity: int | None = field(default=None, validator=maybe(whole(1, LARGEST)))
    priority: int = field(
        default=USUAL_PRIORITY, validator=whole(HIGHEST_PRIORITY, LOWEST_PRIORITY)
    )
    channels: Mapping[Channel, ChannelLimit] = field(
        default=EMPTY, converter=_channels, validator=_check_channels
    )
    skills: Mapping[str, int] = field(default=EMPTY, converter=_skills, validator=skill_levels)
    rate_limit: RateLimit | None = field(default=None, validator=maybe(one_of(RateLimit)))
    name: str = field(default="", validator=a_text)
    contact_points: tuple[ContactPoint, ...] = field(
        default=(), converter=_contact_points, validator=_check_contact_points
    )
    shift: CalendarId | None = field(default=None, validator=maybe(an_id))
