"""Commands about who serves what: defaults, queues, agents, memberships, presence."""

from __future__ import annotations

from typing import Any

from ticketroute.core.records import MemberRecord
from ticketroute.core.steps import Steps, changed_value, check_kind
from ticketroute.errors import (
    AlreadyMemberError,
    DuplicateAgentError,
    NotMemberError,
)
from ticketroute.model import events as ev
from ticketroute.model.agent import Agent, Membership, Presence
from ticketroute.model.checks import check_flag, check_id, check_text
from ticketroute.model.ids import AgentId, QueueId
from ticketroute.model.instants import Instant
from ticketroute.model.queue import Defaults
from ticketroute.model.ticket import Channel

PLAIN = Membership()


class Staffing(Steps):
    """What a supervisor does: every change takes effect at once, and no ticket is lost."""

    def change_defaults(
        self, defaults: Defaults, *, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Let other defaults hold from now on. O(agents), for it touches them all.

        Raises:
            UnknownQueueError: if the default queue is not on the desk.
        """
        check_kind("defaults", defaults, Defaults)
        self._begin(at, by)
        if defaults.queue is not None:
            self._queue(defaults.queue)
        if defaults != self._state.gate.defaults:
            self._record(ev.DefaultsChanged(at=at, by=by, defaults=defaults))
        return self._finish(at)

    # --- agents -----------------------------------------------------------------------------

    def add_agent(
        self,
        agent: Agent,
        *,
        presence: Presence | str = Presence.OFFLINE,
        at: Instant,
        by: str | None = None,
    ) -> tuple[ev.Event, ...]:
        """Take in an agent, offline unless said otherwise. O(1).

        Raises:
            DuplicateAgentError: if the id is taken.
            UnknownCalendarError: if the shift names no calendar of the desk.
        """
        check_kind("agent", agent, Agent)
        if agent.id in self._state.roster.agents:
            raise DuplicateAgentError(agent.id)
        self._check_calendar(agent.shift)
        known, reason = _said(presence, "")
        self._begin(at, by)
        self._record(ev.AgentAdded(at=at, by=by, agent=agent, presence=known, reason=reason))
        return self._finish(at)

    def change_agent(
        self, agent_id: AgentId, *, at: Instant, by: str | None = None, **changes: Any
    ) -> tuple[ev.Event, ...]:
        """Give an agent other facts: ``changes`` are fields of ``Agent`` with new values.

        What they hold stays, also beyond a capacity made smaller.

        Raises:
            UnknownAgentError: if the agent is not on the desk.
            UnknownCalendarError: if the shift names no calendar of the desk.
            InvalidValueError: if a value is outside what its field allows.
        """
        record = self._agent(agent_id)
        changed = changed_value("Agent", record.agent, changes)
        self._check_calendar(changed.shift)
        self._begin(at, by)
        if changed != record.agent:
            reshifts = changed.shift != record.agent.shift
            self._record(ev.AgentChanged(at=at, by=by, agent=changed))
            if reshifts:
                self._withdraw_from(record, at=at)
        return self._finish(at)

    def remove_agent(
        self, agent_id: AgentId, *, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Let an agent go for good; tickets they work or have on hold go to others.

        Raises:
            UnknownAgentError: if the agent is not on the desk.
        """
        self._agent(agent_id)
        self._begin(at, by)
        record = self._agent(agent_id)
        cause = ev.Cause.AGENT_REMOVED
        self._part_with(record, (member.queue for member in record.members), cause, at=at)
        self._release(self._held_by(record), cause=cause, at=at, by=by)
        for slot in list((record.slots or {}).values()):
            self._record(ev.WrapUpEnded(at=at, cause=cause, agent_id=agent_id, ticket_id=slot.id))
        self._fresh.extend(record.rare.tried.values())  # in line without them from now on
        self._record(ev.AgentRemoved(at=at, by=by, agent_id=agent_id))
        return self._finish(at)

    def set_presence(
        self,
        agent_id: AgentId,
        presence: Presence | str,
        *,
        reason: str = "",
        at: Instant,
        by: str | None = None,
    ) -> tuple[ev.Event, ...]:
        """Note that an agent is available, away or offline, with the host's own word for it.

        A word that ticketroute does not know means away, and is kept as the reason.
        Said twice, it is no event.

        Raises:
            UnknownAgentError: if the agent is not on the desk.
        """
        record = self._agent(agent_id)
        known, reason = _said(presence, reason)
        self._begin(at, by)
        if (record.presence, record.rare.reason) != (known, reason):
            tried = list(record.rare.tried.values())
            self._record(
                ev.PresenceChanged(at=at, by=by, agent_id=agent_id, presence=known, reason=reason)
            )
            self._withdraw_from(record, at=at)
            self._fresh.extend(tried)  # who comes back may be asked again
        return self._finish(at)

    def switch_channel(
        self, agent_id: AgentId, channel: Channel, *, on: bool, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Turn one channel on or off for an agent; tickets they hold are not touched.

        Raises:
            UnknownAgentError: if the agent is not on the desk.
        """
        record = self._agent(agent_id)
        check_id("channel", channel)
        check_flag("on", on)
        self._begin(at, by)
        if on == (channel in record.rare.channels_off):
            self._record(
                ev.ChannelSwitched(at=at, by=by, agent_id=agent_id, channel=channel, on=on)
            )
            self._withdraw_from(record, at=at)
        return self._finish(at)

    # --- memberships ------------------------------------------------------------------------

    def add_member(
        self,
        queue_id: QueueId,
        agent_id: AgentId,
        membership: Membership = PLAIN,
        *,
        at: Instant,
        by: str | None = None,
    ) -> tuple[ev.Event, ...]:
        """Let an agent serve a queue, last in the list of its members.

        Raises:
            UnknownQueueError: if the queue is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
            AlreadyMemberError: if the agent is a member already.
        """
        queue = self._queue(queue_id)
        self._agent(agent_id)
        check_kind("membership", membership, Membership)
        if agent_id in queue.members:
            raise AlreadyMemberError(queue_id, agent_id)
        self._begin(at, by)
        self._record(
            ev.MemberAdded(
                at=at, by=by, queue_id=queue_id, agent_id=agent_id, membership=membership
            )
        )
        return self._finish(at)

    def change_member(
        self,
        queue_id: QueueId,
        agent_id: AgentId,
        membership: Membership,
        *,
        at: Instant,
        by: str | None = None,
    ) -> tuple[ev.Event, ...]:
        """Change the terms on which an agent serves a queue.

        Raises:
            UnknownQueueError: if the queue is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
            NotMemberError: if the agent is no member.
        """
        member = self._member(queue_id, agent_id)
        check_kind("membership", membership, Membership)
        self._begin(at, by)
        if membership != member.membership:
            self._record(
                ev.MemberChanged(
                    at=at, by=by, queue_id=queue_id, agent_id=agent_id, membership=membership
                )
            )
        return self._finish(at)

    def remove_member(
        self, queue_id: QueueId, agent_id: AgentId, *, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Let an agent no longer serve a queue; their tickets of it go to others.

        Raises:
            UnknownQueueError: if the queue is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
            NotMemberError: if the agent is no member.
        """
        member = self._member(queue_id, agent_id)
        self._begin(at, by)
        self._end_membership(member, at=at, by=by)
        return self._finish(at)

    # --- steps ------------------------------------------------------------------------------

    def _member(self, queue_id: QueueId, agent_id: AgentId) -> MemberRecord:
        queue = self._queue(queue_id)
        self._agent(agent_id)
        member = queue.members.get(agent_id)
        if member is None:
            raise NotMemberError(queue_id, agent_id)
        return member


def _said(presence: Presence | str, reason: str) -> tuple[Presence, str]:
    """Return what an agent says of themselves; a word that nobody knows becomes the reason."""
    known = Presence.of(presence)
    if isinstance(presence, str) and presence != known.value and not reason:
        reason = presence
    check_text("reason", reason)
    return known, reason
