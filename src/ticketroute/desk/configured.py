"""What a configuration is to a kept desk: its rules, a plan of what would change, the change."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import timedelta
from typing import Any, TypedDict

from ticketroute.commands import Advance, Submit
from ticketroute.desk.addresses import Clock
from ticketroute.desk.config import Config
from ticketroute.desk.config_plan import Plan, plan
from ticketroute.desk.config_use import DeskCalendars, changes_by_rules
from ticketroute.desk.order import Order
from ticketroute.desk.views import Views
from ticketroute.journal.codec import digest_of
from ticketroute.journal.sqlite import Durability
from ticketroute.model.events import Event, Events
from ticketroute.model.ids import TicketId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults
from ticketroute.model.ticket import Ticket
from ticketroute.rules import Outcome, Ruleset

ConfigSource = Config | str | os.PathLike[str]


class DeskOptions(TypedDict, total=False):
    """The options of ``Desk.open`` that say nothing of where the desk is kept."""

    clock: Clock | None
    defaults: Defaults | None
    random: RandomSource | None
    permits: Permits | None
    retain: timedelta | Span | None


class OpenOptions(TypedDict, total=False):
    """The options of ``Desk.open`` beside those that a configuration holds."""

    create: bool | None
    wait: float
    durability: Durability
    listen: bool | str
    retain: timedelta | Span | None
    clock: Clock | None
    random: RandomSource | None
    permits: Permits | None


def config_of(source: ConfigSource) -> Config:
    """Return a configuration, read from its file unless it is one already.

    Raises:
        ConfigurationError: with all that is wrong.
    """
    return source if isinstance(source, Config) else Config.load(os.fspath(source))


class _Ruled(Views):
    """The rules of a desk: those of the configuration that this object applied last."""

    rules: Ruleset = Ruleset()
    _order: Callable[..., Order]

    def _present(self) -> Instant:
        raise NotImplementedError

    def try_rules(self, ticket: Ticket, *, text: str | None = None, trace: bool = False) -> Outcome:
        """Return what the rules would make of a ticket now; nothing else happens.

        ``text`` is for keywords and patterns and is kept nowhere. With ``trace`` the outcome also
        lists the rules that did not act, and why.

        Raises:
            InvalidValueError: if a value is outside what it allows, or a rule names a calendar that
                the desk does not have.
        """
        return self.rules.apply(
            ticket, at=self._at(), text=text, calendars=DeskCalendars(self), trace=trace
        )

    def _at(self) -> Instant:
        return max(self._present(), self._dispatcher.now)

    def _ruled(self, ticket: Ticket, text: str | None, key: str | None, by: str | None) -> Order:
        """Return the order to submit what the rules make of a ticket.

        The key stands for the ticket as it came: a retry may meet other rules, or another hour.
        """
        order = self._order(Submit(self.try_rules(ticket, text=text).ticket), key, by)
        if key is not None:
            order.digest = digest_of(Submit(ticket))
        return order

    def _planned(self, config: Config) -> Plan:
        with self._memory.lock:
            return plan(config, self._dispatcher)


class Configured(_Ruled):
    """A desk for threads that can be described by a configuration."""

    together: Callable[[], AbstractContextManager[Any]]
    refresh: Callable[[], None]
    _settled: Callable[[Order], Events]

    def plan(self, config: ConfigSource) -> Plan:
        """Return what ``apply`` would do now: ``str(plan)`` tells each change. Changes nothing.

        Raises:
            ConfigurationError: as ``apply``.
        """
        wanted = config_of(config)
        self.refresh()
        return self._planned(wanted)

    def apply(self, config: ConfigSource, *, by: str | None = None) -> Events:
        """Make the desk the one that a configuration describes, in one transaction.

        The difference becomes ordinary commands, decided on the state that is locked, so commands
        of other processes come before or after all of them. What is so already gives no event.
        Tickets keep their queue; one that is gone has to be empty, or ``[moved]`` names where its
        tickets go. ``rules`` are those of the configuration from the commit on.

        Args:
            config: the path of a TOML file, or a configuration that was read.
            by: who does it, for the events.

        Raises:
            ConfigurationError: with all that is wrong in the file, or cannot be done on this desk.
                Nothing has changed.
            JournalError: if it could not be kept; nothing has changed.

        Cost: the desk is locked for some 50 microseconds for each agent, queue and member.
        """
        wanted, events = config_of(config), list[Event]()
        with self.together() as several:
            made = self._planned(wanted)
            if made.steps:
                events += several.do(Advance())  # what is due may fill a queue that goes
                made = self._planned(wanted)
            events += made.give(lambda command: several.do(command, by=by))
        self.rules = wanted.rules
        return Events(events)

    def submit_by_rules(
        self,
        ticket: Ticket,
        *,
        text: str | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> Events:
        """Run the rules over a ticket and submit what they make of it.

        The event carries the result, so that no replay runs a rule. ``text`` is kept nowhere. A
        retry under the same ``key`` returns what the first try did, whatever the rules say by now.

        Raises:
            InvalidValueError: as ``try_rules``.
            TicketRouteError: as ``submit``.
        """
        return self._settled(self._ruled(ticket, text, key, by))

    def change_by_rules(
        self, ticket_id: TicketId, *, text: str | None = None, by: str | None = None
    ) -> Events:
        """Run the rules for changes over a ticket as it is, and do what they ask for.

        One transaction. What the rules change starts no further round of rules.
        """
        with self.together() as several:
            events = list(several.do(Advance()))
            commands = changes_by_rules(self, self.rules, ticket_id, at=self._at(), text=text)[1]
            for command in commands:
                events += several.do(command, by=by)
        return Events(events)


class AsyncConfigured(_Ruled):
    """A desk for asyncio that can be described by a configuration."""

    together: Callable[[], AbstractAsyncContextManager[Any]]
    refresh: Callable[[], Any]
    _settled: Callable[[Order], Any]

    async def plan(self, config: ConfigSource) -> Plan:
        """Return what ``apply`` would do now, as ``Desk.plan`` does."""
        wanted = config_of(config)
        await self.refresh()
        return self._planned(wanted)

    async def apply(self, config: ConfigSource, *, by: str | None = None) -> Events:
        """Make the desk the one that a configuration describes, as ``Desk.apply`` does.

        The event loop waits while the plan is made: some 50 microseconds for each agent, queue and
        member.
        """
        wanted, events = config_of(config), list[Event]()
        async with self.together() as several:
            made = self._planned(wanted)
            if made.steps:
                events += await several.do(Advance())
                made = self._planned(wanted)
            for command in made.commands:
                events += await several.do(command, by=by)
        self.rules = wanted.rules
        return Events(events)

    async def submit_by_rules(
        self,
        ticket: Ticket,
        *,
        text: str | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> Events:
        """Run the rules over a ticket and submit the result, as ``Desk.submit_by_rules`` does."""
        found: Events = await self._settled(self._ruled(ticket, text, key, by))
        return found

    async def change_by_rules(
        self, ticket_id: TicketId, *, text: str | None = None, by: str | None = None
    ) -> Events:
        """Run the rules for changes over a ticket, as ``Desk.change_by_rules`` does."""
        async with self.together() as several:
            events = list(await several.do(Advance()))
            commands = changes_by_rules(self, self.rules, ticket_id, at=self._at(), text=text)[1]
            for command in commands:
                events += await several.do(command, by=by)
        return Events(events)
