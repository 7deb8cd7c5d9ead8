"""A desk made from a configuration, and tickets that its rules go over first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve

from ticketroute.commands import ChangePriority, ChangeTicket, Command, Transfer
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.desk.config import Config
from ticketroute.desk.config_plan import plan
from ticketroute.model.events import Event
from ticketroute.model.ids import CalendarId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.ticket import Ticket
from ticketroute.rules import Moment, Outcome, Ruleset
from ticketroute.rules.draft import OpenHours


class DeskCalendars(Mapping[CalendarId, OpenHours]):
    """The calendars of a desk, asked for when a condition names one."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk

    def __getitem__(self, calendar_id: CalendarId) -> OpenHours:
        hours: OpenHours = self._desk.calendars()[calendar_id]
        return hours

    def __iter__(self) -> Iterator[CalendarId]:
        return iter(self._desk.calendars())

    def __len__(self) -> int:
        return len(self._desk.calendars())


def opened(
    config: Config,
    *,
    at: Instant,
    random: RandomSource | None = None,
    permits: Permits | None = None,
    by: str | None = None,
) -> tuple[Dispatcher, tuple[Event, ...]]:
    """Return a desk as the configuration describes it, and the events that made it so.

    Agents are offline until they say otherwise.

    Raises:
        ConfigurationError: if a command would be refused.
        NoRandomSourceError: if a strategy draws and ``random`` is not given.
    """
    desk = Dispatcher(random=random, permits=permits)
    return desk, plan(config, desk).run(desk, at=at, by=by)


def submit_by_rules(
    desk: Any,
    rules: Ruleset,
    ticket: Ticket,
    *,
    at: Instant,
    text: str | None = None,
    by: str | None = None,
) -> tuple[Outcome, tuple[Event, ...]]:
    """Put a ticket through rules and submit what they make of it.

    The event carries the result, so that a replay runs no rule. The text is kept nowhere.

    Raises:
        InvalidValueError, TicketRouteError: as the rules and ``submit`` raise them.
    """
    outcome = rules.apply(ticket, at=at, text=text, calendars=DeskCalendars(desk))
    return outcome, desk.submit(outcome.ticket, at=at, by=by)


def changes_by_rules(
    desk: Any, rules: Ruleset, ticket_id: TicketId, *, at: Instant, text: str | None = None
) -> tuple[Outcome, tuple[Command, ...]]:
    """Return what the rules for changes make of a ticket as it is, and the commands for that.

    ``desk`` answers as a dispatcher does. Nothing has happened yet.

    Raises:
        InvalidValueError, TicketRouteError: as the rules raise them; UnknownTicketError.
    """
    view = desk.ticket(ticket_id)
    present = evolve(view.ticket, queue=view.queue_id, priority=view.priority)
    outcome = rules.apply(
        present, at=at, text=text, calendars=DeskCalendars(desk), moment=Moment.CHANGED
    )
    wanted = outcome.ticket
    commands: list[Command] = []
    changes = {
        name: getattr(wanted, name)
        for name in ("tags", "skills", "prefer", "weight")
        if getattr(wanted, name) != getattr(present, name)
    }
    if changes:
        commands.append(ChangeTicket(ticket_id, changes))
    if wanted.priority is not present.priority:
        commands.append(ChangePriority(ticket_id, wanted.priority))
    if wanted.queue != present.queue:
        commands.append(Transfer(ticket_id, to_queue=wanted.queue))
    return outcome, tuple(commands)


def change_by_rules(
    desk: Any,
    rules: Ruleset,
    ticket_id: TicketId,
    *,
    at: Instant,
    text: str | None = None,
    by: str | None = None,
) -> tuple[Outcome, tuple[Event, ...]]:
    """Run the rules for changes over a ticket as it is, and do what they ask for.

    What the rules change starts no further round of rules.

    Raises:
        InvalidValueError, TicketRouteError: as the rules and the commands raise them.
    """
    outcome, commands = changes_by_rules(desk, rules, ticket_id, at=at, text=text)
    return outcome, tuple(e for command in commands for e in desk.do(command, at=at, by=by))
