"""The commands about defaults, agents, presence and memberships."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from ticketroute.errors import AlreadyMemberError, DuplicateAgentError, NotMemberError
from ticketroute.model import events as ev
from ticketroute.model.agent import Agent, Membership, Presence
from ticketroute.model.ids import AgentId, QueueId
from ticketroute.model.queue import Defaults
from ticketroute.testing.reference.agreements import Events
from ticketroute.testing.reference.facts import QueueFacts
from ticketroute.testing.reference.handling import Handling

PLAIN = Membership()


class Staffing(Handling):
    """Who serves what, and who is there."""

    def change_defaults(self, defaults: Defaults, *, at: int, by: str | None = None) -> Events:
        """Let other defaults hold."""
        self.begin(at)
        if defaults.queue is not None:
            self.known_queue(defaults.queue)
        if defaults != self.defaults:
            self.record(ev.DefaultsChanged(at=at, by=by, defaults=defaults))
        return self.finish(at)

    def add_agent(
        self,
        agent: Agent,
        *,
        presence: Presence | str = Presence.OFFLINE,
        at: int,
        by: str | None = None,
    ) -> Events:
        """Take in an agent."""
        if agent.id in self.agents:
            raise DuplicateAgentError(agent.id)
        self.check_calendar(agent.shift)
        known, reason = said(presence, "")
        self.begin(at)
        self.record(ev.AgentAdded(at=at, by=by, agent=agent, presence=known, reason=reason))
        return self.finish(at)

    def change_agent(
        self, agent_id: AgentId, *, at: int, by: str | None = None, **changes: Any
    ) -> Events:
        """Give an agent other facts."""
        known = self.agents[self.known_agent(agent_id)]
        changed = evolve(known.agent, **changes)
        self.check_calendar(changed.shift)
        self.begin(at)
        if changed != known.agent:
            shift = known.agent.shift
            self.record(ev.AgentChanged(at=at, by=by, agent=changed))
            if changed.shift != shift:
                self.withdraw_from(agent_id, at)
        return self.finish(at)

    def remove_agent(self, agent_id: AgentId, *, at: int, by: str | None = None) -> Events:
        """Let an agent go for good."""
        known = self.agents[self.known_agent(agent_id)]
        self.begin(at)
        cause = ev.Cause.AGENT_REMOVED
        self.part_with(agent_id, list(known.serves), cause, at)
        self.release_all(self.held_by(agent_id), cause, at, by)
        for slot in sorted(self.slots(agent_id), key=lambda slot: slot.slot or 0):
            self.record(ev.WrapUpEnded(at=at, cause=cause, agent_id=agent_id, ticket_id=slot.id))
        self.look_again(agent_id)
        self.record(ev.AgentRemoved(at=at, by=by, agent_id=agent_id))
        return self.finish(at)

    def look_again(self, agent_id: AgentId) -> None:
        """Let tickets seek anew that this agent has declined or missed."""
        tried = [ticket for ticket in self.tickets.values() if agent_id in ticket.tried]
        self.fresh.extend(sorted(tried, key=lambda ticket: ticket.tried[agent_id].number))

    def set_presence(
        self,
        agent_id: AgentId,
        presence: Presence | str,
        *,
        reason: str = "",
        at: int,
        by: str | None = None,
    ) -> Events:
        """Note what an agent says of themselves."""
        known = self.agents[self.known_agent(agent_id)]
        says, reason = said(presence, reason)
        self.begin(at)
        if (known.presence, known.reason) != (says, reason):
            fresh, self.fresh = self.fresh, []
            self.look_again(agent_id)
            tried, self.fresh = self.fresh, fresh
            self.record(
                ev.PresenceChanged(at=at, by=by, agent_id=agent_id, presence=says, reason=reason)
            )
            self.withdraw_from(agent_id, at)
            self.fresh.extend(tried)
        return self.finish(at)

    def switch_channel(
        self, agent_id: AgentId, channel: str, *, on: bool, at: int, by: str | None = None
    ) -> Events:
        """Turn a channel on or off."""
        known = self.agents[self.known_agent(agent_id)]
        self.begin(at)
        if on == (channel in known.off):
            self.record(ev.ChannelSwitched(at=at, by=by, agent_id=agent_id, channel=channel, on=on))
            self.withdraw_from(agent_id, at)
        return self.finish(at)

    # --- memberships ------------------------------------------------------------------------

    def add_member(
        self,
        queue_id: QueueId,
        agent_id: AgentId,
        membership: Membership = PLAIN,
        *,
        at: int,
        by: str | None = None,
    ) -> Events:
        """Let an agent serve a queue."""
        queue = self.known_queue(queue_id)
        if self.known_agent(agent_id) in queue.members:
            raise AlreadyMemberError(queue_id, agent_id)
        self.begin(at)
        self.record(
            ev.MemberAdded(
                at=at, by=by, queue_id=queue_id, agent_id=agent_id, membership=membership
            )
        )
        return self.finish(at)

    def change_member(
        self,
        queue_id: QueueId,
        agent_id: AgentId,
        membership: Membership,
        *,
        at: int,
        by: str | None = None,
    ) -> Events:
        """Change the terms of a membership."""
        queue = self.served(queue_id, agent_id)
        self.begin(at)
        if membership != queue.members[agent_id]:
            self.record(
                ev.MemberChanged(
                    at=at, by=by, queue_id=queue_id, agent_id=agent_id, membership=membership
                )
            )
        return self.finish(at)

    def remove_member(
        self, queue_id: QueueId, agent_id: AgentId, *, at: int, by: str | None = None
    ) -> Events:
        """Let an agent no longer serve a queue."""
        queue = self.served(queue_id, agent_id)
        self.begin(at)
        self.end_membership(queue, agent_id, at, by)
        return self.finish(at)

    def served(self, queue_id: QueueId, agent_id: AgentId) -> QueueFacts:
        """Return a queue, of which the agent has to be a member."""
        queue = self.known_queue(queue_id)
        if self.known_agent(agent_id) not in queue.members:
            raise NotMemberError(queue_id, agent_id)
        return queue

    def end_membership(self, queue: QueueFacts, agent_id: AgentId, at: int, by: str | None) -> None:
        """Part an agent and a queue, with all that ties them."""
        theirs = [ticket for ticket in self.held_by(agent_id) if ticket.queue is queue]
        cause = ev.Cause.MEMBERSHIP_ENDED
        self.part_with(agent_id, [queue], cause, at)
        self.release_all(theirs, cause, at, by)
        self.record(ev.MemberRemoved(at=at, by=by, queue_id=queue.queue.id, agent_id=agent_id))

    def part_with(
        self, agent_id: AgentId, queues: list[QueueFacts], cause: ev.Cause, at: int
    ) -> None:
        """End an agent's offers of queues, and the waiting for them there."""
        self.forgo(agent_id, lambda queue, _: queue in queues, cause, at)


def said(presence: Presence | str, reason: str) -> tuple[Presence, str]:
    """Return what an agent says; a word that nobody knows means away, and is the reason."""
    known = Presence.of(presence)
    if isinstance(presence, str) and presence != known.value and not reason:
        reason = presence
    return known, reason
