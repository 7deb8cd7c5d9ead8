"""The commands of a desk as typed methods, written once for every kind of desk.

They are the methods of :class:`~ticketroute.Dispatcher` with ``key=`` and without ``at=``, which a
desk takes from its clock. ``close()`` closes a desk, so that closing a ticket is
``close_ticket()``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime
from typing import Generic, TypeVar, Unpack

from ticketroute.commands import (
    Abandon,
    Accept,
    AddAgent,
    AddMember,
    AddQueue,
    AgentChanges,
    Assign,
    ChangeAgent,
    ChangeDefaults,
    ChangeMember,
    ChangePriority,
    ChangeQueue,
    ChangeTicket,
    Close,
    Command,
    Decline,
    EndWrapUp,
    Forget,
    Hold,
    Merge,
    QueueChanges,
    Rate,
    RefreshCalendars,
    Release,
    RemoveAgent,
    RemoveCalendar,
    RemoveMember,
    RemoveQueue,
    Reopen,
    Reply,
    Resolve,
    Resume,
    SetCalendar,
    SetPolicies,
    SetPresence,
    Submit,
    SubmitMany,
    SwitchChannel,
    Take,
    TicketChanges,
    Transfer,
)
from ticketroute.model.agent import Agent, Membership, Presence
from ticketroute.model.events import Author, HoldStatus
from ticketroute.model.ids import AgentId, CalendarId, QueueId, TicketId
from ticketroute.model.instants import Instant, as_instant
from ticketroute.model.offer import DECLINED
from ticketroute.model.queue import Defaults, Queue
from ticketroute.model.ticket import Channel, Ticket, TicketPriority
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.policy import Policy

R_co = TypeVar("R_co", covariant=True)

PLAIN = Membership()


class Commands(ABC, Generic[R_co]):
    """Everything that a desk can be told to do; each method returns what ``do`` returns."""

    @abstractmethod
    def do(self, command: Command, /, *, key: str | None = None, by: str | None = None) -> R_co:
        """Do a command."""

    def submit(
        self,
        ticket: Ticket,
        *,
        assigned_to: AgentId | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Take in a ticket; ``assigned_to`` names the agent who has it already."""
        return self.do(Submit(ticket=ticket, assigned_to=assigned_to), key=key, by=by)

    def submit_many(
        self, tickets: Iterable[Ticket], *, key: str | None = None, by: str | None = None
    ) -> R_co:
        """Take in several tickets, in the order given, or none of them."""
        return self.do(SubmitMany(tickets=tickets), key=key, by=by)

    def accept(
        self,
        ticket_id: TicketId,
        agent_id: AgentId,
        *,
        expected_version: int | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Give an agent the ticket that they were offered."""
        return self.do(
            Accept(ticket_id=ticket_id, agent_id=agent_id, expected_version=expected_version),
            key=key,
            by=by,
        )

    def decline(
        self,
        ticket_id: TicketId,
        agent_id: AgentId,
        *,
        reason: str = DECLINED,
        expected_version: int | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """End an agent's offer, with the host's own word for the reason."""
        return self.do(
            Decline(
                ticket_id=ticket_id,
                agent_id=agent_id,
                reason=reason,
                expected_version=expected_version,
            ),
            key=key,
            by=by,
        )

    def assign(
        self,
        ticket_id: TicketId,
        agent_id: AgentId,
        *,
        force: bool = False,
        expected_version: int | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Give a ticket that nobody works to the agent named."""
        return self.do(
            Assign(
                ticket_id=ticket_id,
                agent_id=agent_id,
                force=force,
                expected_version=expected_version,
            ),
            key=key,
            by=by,
        )

    def take(
        self,
        ticket_id: TicketId | None,
        agent_id: AgentId,
        *,
        expected_version: int | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Give an agent the ticket that they ask for; by default the most important one."""
        return self.do(
            Take(ticket_id=ticket_id, agent_id=agent_id, expected_version=expected_version),
            key=key,
            by=by,
        )

    def transfer(
        self,
        ticket_id: TicketId,
        *,
        to_queue: QueueId | None = None,
        to_agent: AgentId | None = None,
        fresh_place: bool = False,
        force: bool = False,
        expected_version: int | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Move a ticket to a queue, to an agent, or to an agent in a queue."""
        return self.do(
            Transfer(
                ticket_id=ticket_id,
                to_queue=to_queue,
                to_agent=to_agent,
                fresh_place=fresh_place,
                force=force,
                expected_version=expected_version,
            ),
            key=key,
            by=by,
        )

    def release(
        self,
        ticket_id: TicketId,
        *,
        expected_version: int | None = None,
        avoid: AgentId | None = None,
        hold: HoldStatus | str | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Take a ticket from its agent and route it again, or leave it with nobody."""
        return self.do(
            Release(ticket_id=ticket_id, expected_version=expected_version, avoid=avoid, hold=hold),
            key=key,
            by=by,
        )

    def reply(
        self,
        ticket_id: TicketId,
        author: Author | str,
        *,
        agent_id: AgentId | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Note that somebody wrote."""
        return self.do(Reply(ticket_id=ticket_id, author=author, agent_id=agent_id), key=key, by=by)

    def hold(
        self,
        ticket_id: TicketId,
        status: HoldStatus | str = HoldStatus.PENDING,
        *,
        expected_version: int | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Stop work on a ticket for a while."""
        return self.do(
            Hold(ticket_id=ticket_id, status=status, expected_version=expected_version),
            key=key,
            by=by,
        )

    def resume(
        self,
        ticket_id: TicketId,
        *,
        expected_version: int | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Go on with a ticket that is on hold."""
        return self.do(
            Resume(ticket_id=ticket_id, expected_version=expected_version), key=key, by=by
        )

    def change_priority(
        self,
        ticket_id: TicketId,
        priority: TicketPriority | str,
        *,
        expected_version: int | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Make a ticket more or less urgent."""
        return self.do(
            ChangePriority(
                ticket_id=ticket_id, priority=priority, expected_version=expected_version
            ),
            key=key,
            by=by,
        )

    def change_ticket(
        self,
        ticket_id: TicketId,
        *,
        release: bool = False,
        expected_version: int | None = None,
        key: str | None = None,
        by: str | None = None,
        **changes: Unpack[TicketChanges],
    ) -> R_co:
        """Change what a ticket asks: skills, channel, weight, tags, requester, preferred agent."""
        return self.do(
            ChangeTicket(
                ticket_id=ticket_id,
                changes=changes,
                release=release,
                expected_version=expected_version,
            ),
            key=key,
            by=by,
        )

    def resolve(
        self,
        ticket_id: TicketId,
        *,
        expected_version: int | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Finish a ticket."""
        return self.do(
            Resolve(ticket_id=ticket_id, expected_version=expected_version), key=key, by=by
        )

    def end_wrap_up(
        self, ticket_id: TicketId, *, key: str | None = None, by: str | None = None
    ) -> R_co:
        """Free the slot that an agent keeps after a resolved ticket, before its time."""
        return self.do(EndWrapUp(ticket_id=ticket_id), key=key, by=by)

    def close_ticket(
        self, ticket_id: TicketId, *, key: str | None = None, by: str | None = None
    ) -> R_co:
        """Close a resolved ticket for good."""
        return self.do(Close(ticket_id=ticket_id), key=key, by=by)

    def reopen(
        self,
        ticket_id: TicketId,
        *,
        expected_version: int | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Make a resolved ticket work again."""
        return self.do(
            Reopen(ticket_id=ticket_id, expected_version=expected_version), key=key, by=by
        )

    def abandon(
        self, ticket_id: TicketId, *, key: str | None = None, by: str | None = None
    ) -> R_co:
        """Note that the requester gave up before an agent had the ticket."""
        return self.do(Abandon(ticket_id=ticket_id), key=key, by=by)

    def merge(
        self,
        ticket_id: TicketId,
        *,
        into: TicketId,
        expected_version: int | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Merge a ticket into another; the one that remains keeps the earlier arrival."""
        return self.do(
            Merge(ticket_id=ticket_id, into=into, expected_version=expected_version), key=key, by=by
        )

    def rate(
        self, ticket_id: TicketId, score: int, *, key: str | None = None, by: str | None = None
    ) -> R_co:
        """Note how satisfied the requester is, from 0 to 100."""
        return self.do(Rate(ticket_id=ticket_id, score=score), key=key, by=by)

    def forget(
        self, *, before: Instant | datetime, key: str | None = None, by: str | None = None
    ) -> R_co:
        """Drop the tickets that were done before an instant or an aware datetime."""
        return self.do(Forget(before=as_instant(before)), key=key, by=by)

    def add_agent(
        self,
        agent: Agent,
        *,
        presence: Presence | str = Presence.OFFLINE,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Take in an agent, offline unless named otherwise."""
        return self.do(AddAgent(agent=agent, presence=presence), key=key, by=by)

    def change_agent(
        self,
        agent_id: AgentId,
        *,
        key: str | None = None,
        by: str | None = None,
        **changes: Unpack[AgentChanges],
    ) -> R_co:
        """Change an agent's capacity, channels, skills or other fields."""
        return self.do(ChangeAgent(agent_id=agent_id, changes=changes), key=key, by=by)

    def remove_agent(
        self, agent_id: AgentId, *, key: str | None = None, by: str | None = None
    ) -> R_co:
        """Remove an agent from the desk; their tickets go to others."""
        return self.do(RemoveAgent(agent_id=agent_id), key=key, by=by)

    def set_presence(
        self,
        agent_id: AgentId,
        presence: Presence | str,
        *,
        reason: str = "",
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Register whether an agent is available, away or offline."""
        return self.do(
            SetPresence(agent_id=agent_id, presence=presence, reason=reason), key=key, by=by
        )

    def switch_channel(
        self,
        agent_id: AgentId,
        channel: Channel,
        *,
        on: bool,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Turn one of an agent's channels on or off."""
        return self.do(SwitchChannel(agent_id=agent_id, channel=channel, on=on), key=key, by=by)

    def add_member(
        self,
        queue_id: QueueId,
        agent_id: AgentId,
        membership: Membership = PLAIN,
        *,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Make an agent a member of a queue, last in its list."""
        return self.do(
            AddMember(queue_id=queue_id, agent_id=agent_id, membership=membership), key=key, by=by
        )

    def change_member(
        self,
        queue_id: QueueId,
        agent_id: AgentId,
        membership: Membership,
        *,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Change the terms on which an agent serves a queue."""
        return self.do(
            ChangeMember(queue_id=queue_id, agent_id=agent_id, membership=membership),
            key=key,
            by=by,
        )

    def remove_member(
        self, queue_id: QueueId, agent_id: AgentId, *, key: str | None = None, by: str | None = None
    ) -> R_co:
        """End an agent's membership of a queue; their tickets of it go to others."""
        return self.do(RemoveMember(queue_id=queue_id, agent_id=agent_id), key=key, by=by)

    def add_queue(self, queue: Queue, *, key: str | None = None, by: str | None = None) -> R_co:
        """Open a queue."""
        return self.do(AddQueue(queue=queue), key=key, by=by)

    def change_queue(
        self,
        queue_id: QueueId,
        *,
        key: str | None = None,
        by: str | None = None,
        **changes: Unpack[QueueChanges],
    ) -> R_co:
        """Change a queue's strategy, members or other fields."""
        return self.do(ChangeQueue(queue_id=queue_id, changes=changes), key=key, by=by)

    def remove_queue(
        self,
        queue_id: QueueId,
        *,
        move_to: QueueId | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Close a queue and move its tickets that are not done to another."""
        return self.do(RemoveQueue(queue_id=queue_id, move_to=move_to), key=key, by=by)

    def change_defaults(
        self, defaults: Defaults, *, key: str | None = None, by: str | None = None
    ) -> R_co:
        """Change what holds where agents and queues say nothing."""
        return self.do(ChangeDefaults(defaults=defaults), key=key, by=by)

    def set_calendar(
        self,
        calendar_id: CalendarId,
        calendar: Calendar,
        *,
        effective_from: Instant | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Count in a calendar under this name from an instant on."""
        return self.do(
            SetCalendar(calendar_id=calendar_id, calendar=calendar, effective_from=effective_from),
            key=key,
            by=by,
        )

    def refresh_calendars(
        self,
        *,
        effective_from: Instant | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> R_co:
        """Take the dates and zone data of the installed releases from an instant on."""
        return self.do(RefreshCalendars(effective_from=effective_from), key=key, by=by)

    def remove_calendar(
        self, calendar_id: CalendarId, *, key: str | None = None, by: str | None = None
    ) -> R_co:
        """Remove a calendar that nothing uses."""
        return self.do(RemoveCalendar(calendar_id=calendar_id), key=key, by=by)

    def set_policies(
        self, policies: Iterable[Policy], *, key: str | None = None, by: str | None = None
    ) -> R_co:
        """Replace the policies; of several that apply to a ticket, the first counts."""
        return self.do(SetPolicies(policies=policies), key=key, by=by)
