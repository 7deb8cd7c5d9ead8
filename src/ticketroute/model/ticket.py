"""Tickets, with the facts that routing needs and without their text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from attrs import Attribute, field, frozen

from ticketroute.model.checks import (
    an_id,
    an_instant,
    check_id,
    check_ids,
    check_text,
    maybe,
    several,
    skill_levels,
    whole,
)
from ticketroute.model.frozen import EMPTY, read_only
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.words import word_of

Channel = str  # the way a ticket came in: one of the words below, or the host's own

EMAIL: Channel = "email"
CHAT: Channel = "chat"
CALL: Channel = "call"
SOCIAL: Channel = "social"
FORM: Channel = "form"
FORUM: Channel = "forum"
LIVE_CHANNELS = frozenset({CHAT, CALL})  # the requester waits at the other end

NO_TAGS: frozenset[str] = frozenset()


class TicketPriority(IntEnum):
    """A ticket's priority in its line: the smaller number goes first."""

    URGENT = 1
    HIGH = 2
    NORMAL = 3
    LOW = 4


def _priority(priority: TicketPriority | str) -> TicketPriority:
    return word_of(TicketPriority, priority, "Ticket.priority")


def _skills(skills: Mapping[str, int]) -> Mapping[str, int]:
    return read_only(skills, "Ticket.skills")


def _attributes(attributes: Mapping[str, str]) -> Mapping[str, str]:
    return read_only(attributes, "Ticket.attributes")


def _tags(tags: Iterable[str]) -> frozenset[str]:
    return frozenset(several("Ticket.tags", tags)) or NO_TAGS


def _check_tags(_: object, __: Attribute[frozenset[str]], tags: frozenset[str]) -> None:
    check_ids("a tag in Ticket.tags", tags)


def _check_attributes(
    _: object, __: Attribute[Mapping[str, str]], attributes: Mapping[str, str]
) -> None:
    for name, value in attributes.items():
        check_id("a name in Ticket.attributes", name)
        check_text(f"Ticket.attributes[{name!r}]", value)


@frozen(kw_only=True)
class Ticket:
    """A request for help, as far as routing is concerned.

    ``queue`` may be left out if the desk has a default queue.
    ``skills`` maps each required skill to the lowest level that is enough, 1 to 10.
    ``attributes`` are texts for rules to read; the desk does not keep them.
    ``prefer`` is the agent to choose first; if they may not get the ticket, the strategy chooses.
    ``weight`` multiplies the ticket's cost in units of capacity.
    ``arrived`` is the instant at which the requester came, which sets the position in the line;
    the default is the instant of submission.
    ``due`` is a deadline that the host sets, for lines ordered by deadline.

    >>> Ticket(id=TicketId("t1"), queue=QueueId("mail")).priority
    <TicketPriority.NORMAL: 3>
    """

    id: TicketId = field(validator=an_id)
    queue: QueueId | None = field(default=None, validator=maybe(an_id))
    channel: Channel = field(default=EMAIL, validator=an_id)
    priority: TicketPriority = field(default=TicketPriority.NORMAL, converter=_priority)
    skills: Mapping[str, int] = field(default=EMPTY, converter=_skills, validator=skill_levels)
    tags: frozenset[str] = field(default=NO_TAGS, converter=_tags, validator=_check_tags)
    attributes: Mapping[str, str] = field(
        default=EMPTY, converter=_attributes, validator=_check_attributes
    )
    requester: str | None = field(default=None, validator=maybe(an_id))
    prefer: AgentId | None = field(default=None, validator=maybe(an_id))
    weight: int = field(default=1, validator=whole(1))
    arrived: Instant | None = field(default=None, validator=maybe(an_instant))
    due: Instant | None = field(default=None, validator=maybe(an_instant))
