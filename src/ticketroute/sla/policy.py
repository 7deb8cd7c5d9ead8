"""Policies: the targets of tickets, their calendars, and the warnings and escalations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import pairwise
from typing import Any, Final

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import (
    LONGEST_SPAN,
    a_flag,
    a_text,
    an_id,
    check_ids,
    check_whole,
    maybe,
    one_of,
    several,
    skill_levels,
    whole,
)
from ticketroute.model.events import Author
from ticketroute.model.frozen import EMPTY, FrozenMapping, read_only
from ticketroute.model.ids import CalendarId, PolicyId, QueueId
from ticketroute.model.instants import Span
from ticketroute.model.lifecycle import Status
from ticketroute.model.ticket import Channel, Ticket, TicketPriority

MOST_LEVELS = 100  # of escalation, for one target
SHARE_OF_ALL = 100  # percent


class Metric(Enum):
    """The time that a target limits.

    Source: Zendesk help, "Understanding which SLA metrics you can measure"; assignment follows
    LiveAgent's "first assignment" level and GLPI's "time to own".
    """

    FIRST_RESPONSE = "first_response"  #: arrival to the first agent's reply
    NEXT_RESPONSE = "next_response"  #: oldest unanswered message after that, to an agent's reply
    PERIODIC_UPDATE = "periodic_update"  #: each contact to an agent's next reply
    RESOLUTION = "resolution"  #: arrival to resolved
    ASSIGNMENT = "assignment"  #: arrival to the first agent
    AGENT_WORK = "agent_work"  #: the time it is the agent's turn
    REQUESTER_WAIT = "requester_wait"  #: the time the requester waits for the desk


_ON_HOLD = frozenset({Status.PENDING, Status.POSTPONED})
NEVER: frozenset[Status] = frozenset()

USUAL_PAUSES: Final[Mapping[Metric, frozenset[Status]]] = {
    Metric.FIRST_RESPONSE: NEVER,
    Metric.NEXT_RESPONSE: NEVER,
    Metric.PERIODIC_UPDATE: NEVER,
    Metric.RESOLUTION: _ON_HOLD,
    Metric.ASSIGNMENT: NEVER,
    Metric.AGENT_WORK: _ON_HOLD | {Status.ANSWERED},
    Metric.REQUESTER_WAIT: frozenset({Status.ANSWERED, Status.PENDING}),
}
"""The statuses in which a clock pauses if its target names none."""

ENDED = frozenset({Status.RESOLVED, Status.CLOSED})  # no clock runs in these statuses


class ChangeRule(Enum):
    """What happens to a running clock that gets another target."""

    RETROACTIVE = "retroactive"  #: it keeps its start and pauses and counts to the new target
    FROM_NOW = "from_now"  #: it gets the whole new target, counted from the change
    KEEP_STRICTEST = "keep_strictest"  #: it keeps its start and gets the shorter target


class ReopenRule(Enum):
    """What happens to a clock that had ended when its ticket is reopened."""

    RESUME = "resume"  #: it runs on; the time in between does not count
    NEW_CYCLE = "new_cycle"  #: a new clock starts


def _levels(levels: Mapping[str, int]) -> Mapping[str, int]:
    return read_only(levels, "Escalation.lower")


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(several("Escalation.drop", names))


def _check_names(_: object, __: Attribute[frozenset[str]], names: frozenset[str]) -> None:
    check_ids("a skill in Escalation.drop", names)


@frozen(kw_only=True)
class Escalation:
    """One level of escalation, at ``offset`` milliseconds of calendar time from the target.

    A negative ``offset`` is before the target; from zero on the level acts once the target is
    breached. ``notify`` is the host's word for whom to notify; it is in the event, and the host
    sends the notice. ``priority`` raises the ticket if it is less urgent. ``move_to`` moves it to
    that queue. ``lower`` and ``drop`` relax its required skills while it waits. ``reassign`` takes
    it from its agent, who does not get it again for a while, and gives it to another agent.
    """

    offset: Span = field(default=0, validator=whole(-LONGEST_SPAN, LONGEST_SPAN))
    notify: str = field(default="", validator=a_text)
    priority: TicketPriority | None = field(default=None, validator=maybe(one_of(TicketPriority)))
    move_to: QueueId | None = field(default=None, validator=maybe(an_id))
    lower: Mapping[str, int] = field(default=EMPTY, converter=_levels, validator=skill_levels)
    drop: frozenset[str] = field(default=frozenset(), converter=_names, validator=_check_names)
    reassign: bool = field(default=False, validator=a_flag)


def _spans(within: Mapping[TicketPriority, Span] | Span) -> FrozenMapping[TicketPriority, Span]:
    if isinstance(within, Mapping):
        return read_only(within, "Target.within")
    return read_only(dict.fromkeys(TicketPriority, within))


def _check_spans(_: object, __: Attribute[Any], within: Mapping[object, object]) -> None:
    if not within:
        raise InvalidValueError("Target.within", {}, "a span, or a span for some priorities")
    for priority, length in within.items():
        if not isinstance(priority, TicketPriority):
            raise InvalidValueError("a priority in Target.within", priority, "a TicketPriority")
        check_whole(f"Target.within[{priority.name}]", length, 1, LONGEST_SPAN)


def _statuses(pauses: Iterable[Status] | None) -> frozenset[Status] | None:
    return None if pauses is None else frozenset(several("Target.pauses", pauses))


def _check_statuses(
    _: object, __: Attribute[frozenset[Status] | None], pauses: frozenset[object] | None
) -> None:
    for status in sorted(pauses or (), key=str):
        if not isinstance(status, Status) or status in ENDED:
            raise InvalidValueError(
                "a status in Target.pauses", status, "a Status in which the ticket is not done"
            )


def _shares(warnings: Iterable[int]) -> tuple[int, ...]:
    shares = several("Target.warnings", warnings)
    for share in shares:
        check_whole("a share in Target.warnings", share, 1, SHARE_OF_ALL)
    return tuple(sorted(set(shares)))


def _in_order(levels: Iterable[Escalation]) -> tuple[Escalation, ...]:
    ordered = tuple(several("Target.escalations", levels))
    if len(ordered) > MOST_LEVELS:
        raise InvalidValueError(
            "the number of levels in Target.escalations", len(ordered), f"at most {MOST_LEVELS}"
        )
    for level in ordered:
        if not isinstance(level, Escalation):
            raise InvalidValueError("a level in Target.escalations", level, "an Escalation")
    if any(later.offset < sooner.offset for sooner, later in pairwise(ordered)):
        raise InvalidValueError(
            "Target.escalations", [level.offset for level in ordered], "in order of their offsets"
        )
    return ordered


def _contacts(authors: Iterable[Author]) -> frozenset[Author]:
    return frozenset(several("Target.contacts", authors))


def _check_contacts(
    _: object, __: Attribute[frozenset[Author]], authors: frozenset[object]
) -> None:
    if not authors or not authors <= {Author.AGENT, Author.REQUESTER}:
        raise InvalidValueError(
            "Target.contacts", sorted(map(str, authors)), "Author.AGENT, Author.REQUESTER or both"
        )


@frozen(kw_only=True, cache_hash=True)
class Target:
    """How much calendar time a metric may take, with its warnings and escalations.

    ``within`` maps ticket priorities to spans in milliseconds, above 0; a single span is for all.
    A priority that is left out has no target.
    ``calendar`` names the desk's calendar in which it counts; None means the policy's calendar,
    else the queue's, else around the clock.
    ``pauses`` are the statuses in which its clock pauses; None means ``USUAL_PAUSES``.
    ``warnings`` are shares of the target, in whole percents from 1 to 100.
    ``escalations`` are levels in the order of their offsets; none may be before the start.
    ``contacts`` are the authors from whose messages a periodic update counts.
    ``per_queue`` starts a new clock in each queue that the ticket enters, as an agreement
    between departments does.
    ``before_first_reply`` also starts a next response from the requester's first message after
    the opening one while no agent has replied yet. Other metrics ignore it.
    """

    within: Mapping[TicketPriority, Span] = field(converter=_spans, validator=_check_spans)
    calendar: CalendarId | None = field(default=None, validator=maybe(an_id))
    pauses: frozenset[Status] | None = field(
        default=None, converter=_statuses, validator=_check_statuses
    )
    warnings: tuple[int, ...] = field(default=(), converter=_shares)
    escalations: tuple[Escalation, ...] = field(default=(), converter=_in_order)
    contacts: frozenset[Author] = field(
        default=frozenset({Author.AGENT}), converter=_contacts, validator=_check_contacts
    )
    per_queue: bool = field(default=False, validator=a_flag)
    before_first_reply: bool = field(default=False, validator=a_flag)

    def __attrs_post_init__(self) -> None:
        shortest = min(self.within.values())
        if self.escalations and -self.escalations[0].offset > shortest:
            raise InvalidValueError(
                "Escalation.offset",
                self.escalations[0].offset,
                f"at least {-shortest}, which is the start of the shortest target",
            )


def _targets(targets: Mapping[Metric, Target]) -> FrozenMapping[Metric, Target]:
    return read_only(targets, "Policy.targets")


def _check_targets(_: object, __: Attribute[Any], targets: Mapping[object, object]) -> None:
    for metric, target in targets.items():
        if not isinstance(metric, Metric):
            raise InvalidValueError("a metric in Policy.targets", metric, "a Metric")
        if not isinstance(target, Target):
            raise InvalidValueError(f"Policy.targets[{metric.value}]", target, "a Target")


def _queues(names: Iterable[str]) -> frozenset[str]:
    return frozenset(several("Policy.queues", names))


def _channels(names: Iterable[str]) -> frozenset[str]:
    return frozenset(several("Policy.channels", names))


def _tags(names: Iterable[str]) -> frozenset[str]:
    return frozenset(several("Policy.tags", names))


def _check_ids(_: object, attribute: Attribute[Any], names: frozenset[str]) -> None:
    check_ids(f"one of Policy.{attribute.name}", names)


@frozen(kw_only=True)
class Policy:
    """The targets of some tickets.

    It applies to tickets of ``queues`` that came over ``channels`` and have any of ``tags``; an
    empty condition is true for every ticket. A ticket has the first of the desk's policies that
    applies to it.
    ``targets`` maps metrics to targets. ``calendar`` is for targets that name none.
    ``changes`` sets what happens to a running clock that gets another target, ``reopening`` what
    happens to ended clocks when the ticket is reopened.

    >>> Policy(id=PolicyId("gold"), targets={Metric.RESOLUTION: Target(within=8 * 3_600_000)}).id
    'gold'
    """

    id: PolicyId = field(validator=an_id)
    targets: Mapping[Metric, Target] = field(converter=_targets, validator=_check_targets)
    queues: frozenset[QueueId] = field(default=frozenset(), converter=_queues, validator=_check_ids)
    channels: frozenset[Channel] = field(
        default=frozenset(), converter=_channels, validator=_check_ids
    )
    tags: frozenset[str] = field(default=frozenset(), converter=_tags, validator=_check_ids)
    calendar: CalendarId | None = field(default=None, validator=maybe(an_id))
    changes: ChangeRule = field(default=ChangeRule.RETROACTIVE, validator=one_of(ChangeRule))
    reopening: ReopenRule = field(default=ReopenRule.RESUME, validator=one_of(ReopenRule))

    def applies_to(self, ticket: Ticket, queue_id: QueueId) -> bool:
        """Return whether this policy applies to a ticket in a queue. O(tags)."""
        return (
            (not self.queues or queue_id in self.queues)
            and (not self.channels or ticket.channel in self.channels)
            and (not self.tags or not self.tags.isdisjoint(ticket.tags))
        )

    def leads_to(self) -> frozenset[QueueId]:
        """Return the queues that its escalation levels move tickets to. O(levels)."""
        levels = (level for target in self.targets.values() for level in target.escalations)
        return frozenset(level.move_to for level in levels if level.move_to is not None)
