"""Actions of rules: frozen values, each of which changes one thing of a ticket."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import an_id, check_ids, one_of, several, skill_levels, whole
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import AgentId, PolicyId, QueueId
from ticketroute.model.ticket import TicketPriority
from ticketroute.rules.draft import POLICY_TAG, Draft, policy_tag, with_level


class Action(ABC):
    """Something that a rule does; ``changes`` names the field of the ticket."""

    changes: ClassVar[str]

    @abstractmethod
    def act(self, draft: Draft) -> None:
        """Change the draft; doing it twice changes nothing more. O(what it carries)."""


@frozen
class SetQueue(Action):
    """Put the ticket into a queue."""

    changes: ClassVar[str] = "queue"
    queue: QueueId = field(validator=an_id)

    def act(self, draft: Draft) -> None:
        """Set the queue."""
        draft.queue = self.queue


@frozen
class SetPriority(Action):
    """Give the ticket a priority."""

    changes: ClassVar[str] = "priority"
    priority: TicketPriority = field(validator=one_of(TicketPriority))

    def act(self, draft: Draft) -> None:
        """Set the priority."""
        draft.priority = self.priority


@frozen
class RaisePriority(Action):
    """Make the ticket at least this urgent; one that is more urgent stays as it is."""

    changes: ClassVar[str] = "priority"
    priority: TicketPriority = field(validator=one_of(TicketPriority))

    def act(self, draft: Draft) -> None:
        """Set the more urgent of both priorities."""
        draft.priority = min(self.priority, draft.priority)


@frozen
class SetPolicy(Action):
    """Choose the policy of targets by its tag ``sla:<policy>``, in place of one chosen before.

    The policy lists that tag among its ``tags``; a configuration adds it by itself.
    """

    changes: ClassVar[str] = "tags"
    policy: PolicyId = field(validator=an_id)

    def __attrs_post_init__(self) -> None:
        check_ids("the tag of SetPolicy.policy", [policy_tag(self.policy)])

    def act(self, draft: Draft) -> None:
        """Set the tag of the policy and drop that of any other."""
        others = frozenset(tag for tag in draft.tags if tag.startswith(POLICY_TAG))
        draft.tags = (draft.tags - others) | {policy_tag(self.policy)}
        draft.policy = self.policy


def _skills(skills: Mapping[str, int] | Iterable[str]) -> Mapping[str, int]:
    if isinstance(skills, Mapping):
        return read_only(skills, "AskSkills.skills")
    return read_only(dict.fromkeys(several("AskSkills.skills", skills), 1))


@frozen
class AskSkills(Action):
    """Ask for skills at least at these levels, 1 to 10; a higher level asked before stays."""

    changes: ClassVar[str] = "skills"
    skills: Mapping[str, int] = field(converter=_skills, validator=skill_levels)

    def act(self, draft: Draft) -> None:
        """Raise the levels asked."""
        draft.skills = with_level(draft.skills, self.skills)


@frozen
class Prefer(Action):
    """Ask this agent first."""

    changes: ClassVar[str] = "prefer"
    agent: AgentId = field(validator=an_id)

    def act(self, draft: Draft) -> None:
        """Set the preferred agent."""
        draft.prefer = self.agent


def _tags(tags: Iterable[str]) -> frozenset[str]:
    return frozenset(several("the tags of an action", [tags] if isinstance(tags, str) else tags))


def _check_tags(instance: object, _: Attribute[Any], tags: frozenset[str]) -> None:
    if not tags:
        raise InvalidValueError(f"{type(instance).__name__}.tags", set(), "at least one tag")
    check_ids(f"a tag of {type(instance).__name__}", tags)


@frozen
class AddTags(Action):
    """Give the ticket tags."""

    changes: ClassVar[str] = "tags"
    tags: frozenset[str] = field(converter=_tags, validator=_check_tags)

    def act(self, draft: Draft) -> None:
        """Add the tags."""
        draft.tags |= self.tags


@frozen
class RemoveTags(Action):
    """Take tags from the ticket."""

    changes: ClassVar[str] = "tags"
    tags: frozenset[str] = field(converter=_tags, validator=_check_tags)

    def act(self, draft: Draft) -> None:
        """Remove the tags."""
        draft.tags -= self.tags


@frozen
class SetWeight(Action):
    """Set how much of an agent's capacity the ticket takes."""

    changes: ClassVar[str] = "weight"
    weight: int = field(validator=whole(1))

    def act(self, draft: Draft) -> None:
        """Set the weight."""
        draft.weight = self.weight
