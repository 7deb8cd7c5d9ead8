"""Commands about who serves what: defaults, agents, presence, memberships."""

from __future__ import annotations

from collections.abc import Iterator

from ticketroute.commands import (
    AddAgent,
    AddMember,
    ChangeAgent,
    ChangeDefaults,
    ChangeMember,
    RemoveAgent,
    RemoveMember,
    SetPresence,
    SwitchChannel,
)
from ticketroute.core.decide import moves
from ticketroute.core.decide.checks import (
    changed_value,
    check_calendar,
    known_agent,
    known_member,
    known_queue,
)
from ticketroute.core.facts import held_by
from ticketroute.core.state import State
from ticketroute.errors import AlreadyMemberError, DuplicateAgentError
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.checks import check_text
from ticketroute.model.instants import Instant


def change_defaults(
    state: State, command: ChangeDefaults, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Change what holds where agents and queues say nothing."""
    defaults = command.defaults
    if defaults.queue is not None:
        known_queue(state, defaults.queue)
    if defaults != state.gate.defaults:
        yield ev.DefaultsChanged(at=at, by=by, defaults=defaults)


# --- agents -----------------------------------------------------------------------------------


def add_agent(state: State, command: AddAgent, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Take in an agent."""
    agent = command.agent
    if agent.id in state.roster.agents:
        raise DuplicateAgentError(agent.id)
    check_calendar(state, agent.shift)
    presence, reason = _said(command.presence, "")
    yield ev.AgentAdded(at=at, by=by, agent=agent, presence=presence, reason=reason)


def change_agent(
    state: State, command: ChangeAgent, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Change an agent's capacity, channels, skills or other fields."""
    agent = known_agent(state, command.agent_id)
    changed = changed_value("Agent", agent.terms, command.changes)
    check_calendar(state, changed.shift)
    if changed != agent.terms:
        reshifts = changed.shift != agent.terms.shift
        yield ev.AgentChanged(at=at, by=by, agent=changed)
        if reshifts:
            yield from moves.withdraw_from(state, agent, at=at)


def remove_agent(
    state: State, command: RemoveAgent, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Remove an agent from the desk; their tickets go to others."""
    agent, cause = known_agent(state, command.agent_id), ev.Cause.AGENT_REMOVED
    yield from moves.part_with(agent, [member.queue for member in agent.members], cause, at=at)
    yield from moves.release_all(held_by(agent), cause, at=at, by=by)
    for slot in list((agent.slots or {}).values()):
        yield ev.WrapUpEnded(at=at, cause=cause, agent_id=agent.id, ticket_id=slot.id)
    yield ev.AgentRemoved(at=at, by=by, agent_id=agent.id)


def set_presence(
    state: State, command: SetPresence, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Register whether an agent is available, away or offline."""
    agent = known_agent(state, command.agent_id)
    presence, reason = _said(command.presence, command.reason)
    if (agent.presence, agent.rare.reason) != (presence, reason):
        yield ev.PresenceChanged(at=at, by=by, agent_id=agent.id, presence=presence, reason=reason)
        yield from moves.withdraw_from(state, agent, at=at)


def switch_channel(
    state: State, command: SwitchChannel, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Turn one channel on or off for an agent."""
    agent = known_agent(state, command.agent_id)
    if command.on == (command.channel in agent.rare.channels_off):
        yield ev.ChannelSwitched(
            at=at, by=by, agent_id=agent.id, channel=command.channel, on=command.on
        )
        yield from moves.withdraw_from(state, agent, at=at)


# --- memberships ------------------------------------------------------------------------------


def add_member(state: State, command: AddMember, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Make an agent a member of a queue, last in its list."""
    queue, agent = known_queue(state, command.queue_id), known_agent(state, command.agent_id)
    if agent.id in queue.members:
        raise AlreadyMemberError(queue.id, agent.id)
    yield ev.MemberAdded(
        at=at, by=by, queue_id=queue.id, agent_id=agent.id, membership=command.membership
    )


def change_member(
    state: State, command: ChangeMember, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Change the terms on which an agent serves a queue."""
    member = known_member(state, command.queue_id, command.agent_id)
    if command.membership != member.membership:
        yield ev.MemberChanged(
            at=at,
            by=by,
            queue_id=command.queue_id,
            agent_id=command.agent_id,
            membership=command.membership,
        )


def remove_member(
    state: State, command: RemoveMember, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """End an agent's membership of a queue; their tickets of it go to others."""
    member = known_member(state, command.queue_id, command.agent_id)
    yield from moves.end_membership(member, held_by(member.record), at=at, by=by)


def _said(presence: Presence | str, reason: str) -> tuple[Presence, str]:
    """Return the presence that a word means; an unknown word means away and becomes the reason."""
    known = Presence.of(presence)
    if isinstance(presence, str) and presence != known.value and not reason:
        reason = presence
    check_text("reason", reason)
    return known, reason
