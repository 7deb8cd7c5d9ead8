"""Which function decides which command."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ticketroute import commands
from ticketroute.core.decide import (
    answers,
    arrivals,
    assignment,
    endings,
    queues,
    service_levels,
    staff,
    work,
)
from ticketroute.core.state import State
from ticketroute.model.events import Event
from ticketroute.model.instants import Instant

Decide = Callable[[State, Any, Instant, str | None], Iterable[Event | None]]


def nothing(_: State, __: commands.Advance, ___: Instant, ____: str | None) -> tuple[Event, ...]:
    """Decide nothing: what ``advance`` adds to the passing of time."""
    return ()


DECIDE: dict[type[commands.Command], Decide] = {
    commands.Advance: nothing,
    commands.Submit: arrivals.submit,
    commands.SubmitMany: arrivals.submit_many,
    commands.Accept: answers.accept,
    commands.Decline: answers.decline,
    commands.Assign: assignment.assign,
    commands.Take: assignment.take,
    commands.Transfer: assignment.transfer,
    commands.Release: assignment.release,
    commands.Reply: work.reply,
    commands.Hold: work.hold,
    commands.Resume: work.resume,
    commands.ChangePriority: work.change_priority,
    commands.ChangeTicket: work.change_ticket,
    commands.Resolve: endings.resolve,
    commands.EndWrapUp: endings.end_wrap_up,
    commands.Close: endings.close,
    commands.Reopen: endings.reopen,
    commands.Abandon: endings.abandon,
    commands.Merge: endings.merge,
    commands.Rate: endings.rate,
    commands.Forget: endings.forget,
    commands.AddAgent: staff.add_agent,
    commands.ChangeAgent: staff.change_agent,
    commands.RemoveAgent: staff.remove_agent,
    commands.SetPresence: staff.set_presence,
    commands.SwitchChannel: staff.switch_channel,
    commands.AddMember: staff.add_member,
    commands.ChangeMember: staff.change_member,
    commands.RemoveMember: staff.remove_member,
    commands.AddQueue: queues.add_queue,
    commands.ChangeQueue: queues.change_queue,
    commands.RemoveQueue: queues.remove_queue,
    commands.ChangeDefaults: staff.change_defaults,
    commands.SetCalendar: service_levels.set_calendar,
    commands.RefreshCalendars: service_levels.refresh_calendars,
    commands.RemoveCalendar: service_levels.remove_calendar,
    commands.SetPolicies: service_levels.set_policies,
}
