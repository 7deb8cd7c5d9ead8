"""Rows of a host's model and tickets of a desk, in step in both directions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal
from weakref import WeakKeyDictionary

from attrs import evolve
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.db.models.signals import post_delete, post_init, post_save, pre_delete, pre_save
from django.utils import timezone
from django.utils.module_loading import import_string

from ticketroute.desk.rows import Difference, HostTicket, RowState, Unassigned, diff, difference
from ticketroute.desk.views import Views
from ticketroute.django.staff import staff_commands
from ticketroute.errors import (
    UnknownAgentError,
    UnknownClockError,
    UnknownQueueError,
    UnknownTicketError,
)
from ticketroute.events import ClockEvent, Event, TicketAssigned, TicketEvent, TicketSubmitted
from ticketroute.journal.contract import Entry
from ticketroute.model.agent import Agent
from ticketroute.model.instants import Instant, datetime_of, instant_of
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Queue
from ticketroute.model.ticket import Ticket
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.policy import Metric, Policy

if TYPE_CHECKING:
    from ticketroute.django.desks import Deciding, DjangoDesk

log = logging.getLogger("ticketroute.django")

LOADED: Final = "_ticketroute_loaded"  # on an instance: what its bound fields were when loaded


class Binding:
    """Keeps the rows of a model in step with the tickets of a desk; one subclass for each model.

    Every way of saving or deleting a row ends in a signal of the model, which brings the desk to
    what the row says. Whatever the desk decides is written to the rows in the same transaction.

    A subclass names its ``model`` and says how a row reads: ``ticket``, and where the model has
    them ``state``, ``merged_into``, ``agents`` and ``queues``.

    - ``owner_field`` is the field with the owner, a foreign key to the agents' model.
    - ``due_field`` is a field of datetimes for the due instant of ``due_metric``, or None. A date
      that somebody else set stays.
    - ``route_at`` is ``"save"`` or ``"late"``. Late decides a new row when one of
      ``done_signals`` is sent, and everything else right after the commit, in a transaction of its
      own: no lock is held while the host sends mail.
    - ``unassigned`` says what it means that a person took a ticket from its agent.
    - ``staff_models`` are models whose rows make agents and queues: a change of one is followed.
    - ``prefix`` stands before the primary key in ticket ids, for several models on one desk.
    """

    model: ClassVar[str]
    owner_field: ClassVar[str] = "assigned_to"
    due_field: ClassVar[str | None] = None
    due_metric: ClassVar[Metric] = Metric.RESOLUTION
    route_at: ClassVar[Literal["save", "late"]] = "save"
    unassigned: ClassVar[Unassigned | str] = Unassigned.ROUTE
    done_signals: ClassVar[Sequence[str]] = ()
    staff_models: ClassVar[Sequence[str]] = ()
    prefix: ClassVar[str] = ""

    def __init__(self, desk: DjangoDesk) -> None:
        self.desk = desk
        self._restore: Callable[[], None] = lambda: None
        self._pending: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
        self._uid = (
            f"ticketroute:{desk.settings.alias}:{type(self).__module__}:{type(self).__name__}"
        )

    # --- what a subclass says ---------------------------------------------------------------

    def ticket(self, row: Any) -> Ticket:
        """Return what the desk is to know of a row; its id has to be ``self.id_of(row.pk)``."""
        raise NotImplementedError

    def state(self, row: Any) -> RowState:
        """Return whether the ticket is open, on hold or done."""
        return RowState.OPEN

    def merged_into(self, row: Any) -> str | None:
        """Return the id of the ticket that this one was merged into, or None."""
        return None

    def agents(self) -> Iterable[Agent] | None:
        """Return all agents, or None if they are looked after elsewhere."""
        return None

    def queues(self) -> Iterable[Queue] | None:
        """Return all queues with their members, or None if they are looked after elsewhere."""
        return None

    def calendars(self) -> Mapping[str, Calendar]:
        """Return the calendars that queues, agents and policies name."""
        return {}

    def policies(self) -> Iterable[Policy] | None:
        """Return the policies in their order, or None if they are looked after elsewhere."""
        return None

    def agent_of(self, owner: Any) -> str:
        """Return the id of the agent for the owner's primary key."""
        return str(owner)

    def owner_of(self, agent_id: str) -> Any:
        """Return the owner's primary key for the id of an agent."""
        return self._field(self.owner_field).target_field.to_python(agent_id)

    def rows(self) -> Any:
        """Return the query set of all rows; for ``sync``, the open ones are enough."""
        return self.model_class._default_manager.using(self.desk.alias)

    def note(self, pk: Any, event: TicketAssigned) -> None:
        """Called in the transaction for each row whose owner the desk has just written."""

    def assigned(self, pk: Any, event: TicketAssigned, *, is_new: bool) -> None:
        """Called after the commit for each assignment; for mail.

        ``is_new`` is whether the ticket came in with the same transaction.
        """

    # --- ids --------------------------------------------------------------------------------

    @property
    def model_class(self) -> Any:
        """The model.

        Raises:
            ImproperlyConfigured: if there is none of this name.
        """
        name = getattr(self, "model", None)
        try:
            return apps.get_model(name or "")
        except (LookupError, ValueError) as unknown:
            raise ImproperlyConfigured(
                f"{type(self).__name__}.model is {name!r}; it must be 'app_label.Model' "
                "of an installed app"
            ) from unknown

    def id_of(self, pk: Any) -> str:
        """Return the id of a ticket for a row's primary key."""
        return f"{self.prefix}{pk}"

    def pk_of(self, ticket_id: str) -> Any:
        """Return the primary key of a ticket's row, or None if it is not of this binding."""
        if not ticket_id.startswith(self.prefix):
            return None
        try:
            return self.model_class._meta.pk.to_python(ticket_id[len(self.prefix) :])
        except Exception:  # noqa: BLE001  whatever a key's type says to what is none
            return None

    def read(self, row: Any) -> HostTicket:
        """Return a row as the desk compares it."""
        owner = getattr(row, self._attname(self.owner_field))
        ticket = self.ticket(row)
        return HostTicket(
            ticket=ticket,
            agent_id=None if owner is None else self.agent_of(owner),
            state=self.state(row),
            merged_into=self.merged_into(row),
        )

    def _field(self, name: str) -> Any:
        return self.model_class._meta.get_field(name)

    def _attname(self, name: str) -> str:
        return str(self._field(name).attname)

    @property
    def _merged(self) -> list[str]:
        names = [self.owner_field, *([self.due_field] if self.due_field else [])]
        return [self._attname(name) for name in names]

    # --- signals ----------------------------------------------------------------------------

    def connect(self) -> None:
        """Connect to the signals of the model, of the staff, and of the host's own ends."""
        model, uid = self.model_class, self._uid
        post_init.connect(self._on_init, sender=model, dispatch_uid=uid)
        self._follow_refreshes(model)
        pre_save.connect(self._on_pre_save, sender=model, dispatch_uid=uid)
        post_save.connect(self._on_post_save, sender=model, dispatch_uid=uid)
        pre_delete.connect(self._on_pre_delete, sender=model, dispatch_uid=uid)
        post_delete.connect(self._on_delete, sender=model, dispatch_uid=uid)
        for name in self.staff_models:
            for signal in (post_save, post_delete):
                sender = apps.get_model(name)
                signal.connect(self._on_staff, sender=sender, dispatch_uid=f"{uid}:{name}")
        for path in self.done_signals:
            import_string(path).connect(self._on_done, dispatch_uid=uid)

    def disconnect(self) -> None:
        """Leave the signals."""
        model, uid = self.model_class, self._uid
        self._restore()
        for signal in (post_init, pre_save, post_save, pre_delete, post_delete):
            signal.disconnect(sender=model, dispatch_uid=uid)
        for name in self.staff_models:
            for signal in (post_save, post_delete):
                signal.disconnect(sender=apps.get_model(name), dispatch_uid=f"{uid}:{name}")
        for path in self.done_signals:
            import_string(path).disconnect(dispatch_uid=uid)

    def _follow_refreshes(self, model: Any) -> None:
        """Note what ``refresh_from_db`` loads: Django sends its signal for another instance."""
        refresh = model.refresh_from_db

        @wraps(refresh)
        def refresh_from_db(instance: Any, *values: Any, **facts: Any) -> None:
            before = dict(instance.__dict__)
            refresh(instance, *values, **facts)
            loaded = getattr(instance, LOADED, {})
            have = instance.__dict__
            for name in self._merged:
                if name in have and (name not in before or have[name] != before[name]):
                    loaded[name] = have[name]

        model.refresh_from_db = refresh_from_db
        self._restore = lambda: setattr(model, "refresh_from_db", refresh)

    def _on_init(self, instance: Any, **_: Any) -> None:
        self._note_loaded(instance)

    def _note_loaded(self, instance: Any) -> None:
        have = instance.__dict__
        setattr(instance, LOADED, {name: have[name] for name in self._merged if name in have})

    def _on_pre_save(
        self, instance: Any, using: str, *, update_fields: Any = None, raw: bool = False, **_: Any
    ) -> None:
        if raw or instance.pk is None or instance._state.adding:
            return
        if using == self.desk.alias and self.route_at == "save" and self._differs(instance):
            self.desk.lock()  # before the row: whoever decides locks first the desk, then rows
        self.merge(instance, using=using, update_fields=update_fields)

    def _differs(self, instance: Any) -> bool:
        """Return whether an instance says something else than the desk, or whether that is open."""
        try:
            with self.desk.shown() as shown:
                return self._difference(shown, instance) is not None
        except (TypeError, ValueError, ArithmeticError):
            return True  # of values that only the database makes into those of their fields

    def merge(self, instance: Any, *, using: str, update_fields: Any = None) -> None:
        """Take from the row what this instance did not change since it was loaded.

        An instance that was loaded before the desk handed its ticket out would otherwise write
        the ticket back to nobody. One SELECT.
        """
        loaded = getattr(instance, LOADED, {})
        names = [
            name
            for name, value in loaded.items()
            if name in instance.__dict__ and instance.__dict__[name] == value
        ]
        if update_fields is not None:
            written = {self._attname(name) for name in update_fields}
            names = [name for name in names if name in written]
        if not names:
            return
        manager = self.model_class._base_manager.using(using)
        row = manager.filter(pk=instance.pk).values(*names).first()
        for name, value in (row or {}).items():
            if instance.__dict__[name] != value:
                setattr(instance, name, value)
                loaded[name] = value

    def _on_post_save(
        self, instance: Any, using: str, *, created: bool = False, raw: bool = False, **_: Any
    ) -> None:
        if raw or using != self.desk.alias:
            return
        self._note_loaded(instance)
        if self.route_at == "late":
            self._postpone(instance, created=created)
        else:
            self._decide({instance.pk: [instance]}, new=created)

    def _on_pre_delete(self, using: str, **_: Any) -> None:
        if using == self.desk.alias and connections[using].in_atomic_block:
            self.desk.lock()

    def _on_delete(self, instance: Any, using: str, **_: Any) -> None:
        if using != self.desk.alias:
            return
        for pending in self._pending_now():
            pending.pop(instance.pk, None)
        ticket = Ticket(id=self.id_of(instance.pk))
        gone = HostTicket(ticket=ticket, state=RowState.GONE)
        with self.desk.deciding() as deciding:
            found = difference(_known(deciding.shown, ticket.id), gone, self._unassigned)
            self._carry_out(deciding, found)

    def _on_done(self, **_: Any) -> None:
        """Decide new rows, which nobody else can have locked; changes come after the commit."""
        new, _changed = self._pending_now()
        self._decide_pending(new)

    def _on_staff(self, using: str | None = None, *, raw: bool = False, **_: Any) -> None:
        if not raw and using == self.desk.alias:
            transaction.on_commit(self.sync_staff, using=self.desk.alias, robust=True)

    # --- late -------------------------------------------------------------------------------

    def _pending_now(self) -> tuple[dict[Any, list[Any]], dict[Any, list[Any]]]:
        """Return the instances of new rows and of changed ones, by primary key."""
        found: tuple[dict[Any, list[Any]], dict[Any, list[Any]]]
        found = self._pending.setdefault(connections[self.desk.alias], ({}, {}))
        return found

    def _postpone(self, instance: Any, *, created: bool) -> None:
        new, changed = self._pending_now()
        # Each time: what a transaction registered goes with it, and what it left here does not.
        transaction.on_commit(self.decide_now, using=self.desk.alias, robust=True)
        pending = new if created or instance.pk in new else changed
        pending.setdefault(instance.pk, []).append(instance)

    def decide_now(self) -> None:
        """Bring the desk to all rows that were saved since, as they are now.

        After the commit, in a transaction of its own. A process that dies in between leaves rows
        for ``sync``.
        """
        for pending in self._pending_now():
            self._decide_pending(pending)

    def _decide_pending(self, pending: dict[Any, list[Any]]) -> None:
        waiting = dict(pending)
        pending.clear()
        if waiting:
            self._decide(waiting, new=True)

    # --- from rows to the desk --------------------------------------------------------------

    def _base(self) -> Any:
        """Return the query set of all rows, whatever the model's own manager leaves out."""
        return self.model_class._base_manager.using(self.desk.alias)

    def _decide(self, instances: Mapping[Any, list[Any]], *, new: bool) -> None:
        """Bring the desk to what rows say, and instances in the caller's hands to the rows.

        The rows are read again: what was saved may have come from a form as texts. Nothing is
        locked if there is nothing to do.
        """
        rows = self._base().filter(pk__in=list(instances))
        if not new:
            with self.desk.shown() as shown:
                if all(self._difference(shown, row) is None for row in rows):
                    return
        with self.desk.deciding() as deciding:
            for row in rows.all():
                self._take_in_staff(deciding, row)
                self._carry_out(deciding, self._difference(deciding.shown, row))
        for values in rows.values("pk", *self._merged):
            pk = values.pop("pk")
            for instance in instances[pk]:
                self._show(instance, values)

    def _show(self, instance: Any, values: Mapping[str, Any]) -> None:
        """Show an instance what the desk has written to its row."""
        for name, value in values.items():
            if name in instance.__dict__ and instance.__dict__[name] != value:
                setattr(instance, name, value)
        self._note_loaded(instance)

    @property
    def _unassigned(self) -> Unassigned:
        return Unassigned(self.unassigned)

    def _difference(self, shown: Views, row: Any) -> Difference | None:
        known = _known(shown, self.id_of(row.pk))
        return difference(known, self._with_due(shown, row), self._unassigned)

    def _with_due(self, shown: Views, row: Any) -> HostTicket:
        """Return a row as it is compared: the due date of a clock is not the host's own."""
        said = self.read(row)
        if self.due_field is None:
            return said
        value = getattr(row, self.due_field)
        due = None if value is None else instant_of(_aware(value))
        if due is not None and due == self._due(shown, said.ticket.id):
            due = None
        return evolve(said, ticket=evolve(said.ticket, due=due))

    def _carry_out(self, deciding: Deciding, found: Difference | None) -> bool:
        """Give the commands of a difference; one that is refused is logged and left to sync."""
        if found is None:
            return True
        for command in found.commands:
            order = deciding.give(command)
            if order.refused is not None:
                log.warning(
                    "ticket %s: %s could not be followed: %s",
                    found.ticket_id,
                    found.what,
                    order.refused,
                )
                return False
        return bool(found.commands)

    def _take_in_staff(self, deciding: Deciding, row: Any) -> None:
        """Take in agents and queues first if a row names one that the desk does not know."""
        said, shown = self.read(row), deciding.shown
        try:
            if said.ticket.queue is not None:
                shown.queue(said.ticket.queue)
            if said.agent_id is not None:
                shown.agent(said.agent_id)
        except (UnknownQueueError, UnknownAgentError):
            self._give_staff(deciding)

    def _give_staff(self, deciding: Deciding) -> int:
        agents, queues, changed = self.agents(), self.queues(), 0
        if agents is None or queues is None:
            return 0
        agreed = self.calendars(), self.policies()
        for command in list(staff_commands(deciding.shown, agents, queues, *agreed)):
            order = deciding.give(command)
            changed += bool(order.decided)
            if order.refused is not None:
                log.warning("%s was refused: %s", type(command).__name__, order.refused)
        return changed

    def sync_staff(self) -> int:
        """Bring agents, queues and agreements of the desk to those of the host.

        Return how many commands changed something.
        """
        with self.desk.deciding() as deciding:
            return self._give_staff(deciding)

    def differences(self, shown: Views) -> Iterator[Difference]:
        """Yield where the desk and the rows differ, both ways. O(rows + tickets)."""
        rows = [self._with_due(shown, row) for row in self.rows().iterator()]
        yield from diff(shown, rows, unassigned=self._unassigned)
        pks = {row.ticket.id for row in rows}
        for view in shown.tickets():
            mine = self.pk_of(view.id) is not None
            if mine and view.state is not RoutingState.DONE and view.id not in pks:
                gone = HostTicket(ticket=view.ticket, state=RowState.GONE)
                found = difference(view, gone, self._unassigned)
                if found is not None:
                    yield found

    def sync(self, *, fix: bool) -> tuple[list[Difference], list[Difference]]:
        """Return what differs, and what of it could not be mended; with ``fix`` mend it.

        The rows count as right, but for a ticket that is open and has an agent on the desk and
        none in its row, which is released.
        """
        if not fix:
            with self.desk.shown() as shown:
                return list(self.differences(shown)), []
        with self.desk.deciding() as deciding:
            self._give_staff(deciding)
            found = list(self.differences(deciding.shown))
            left = [each for each in found if not self._carry_out(deciding, each)]
        return found, left

    # --- from the desk to rows ----------------------------------------------------------------

    def follow(self, entries: Sequence[Entry], shown: Views) -> None:
        """Write to the rows what the desk decided, in its transaction. One UPDATE a ticket."""
        last: dict[str, TicketAssigned | None] = {}
        clocked: dict[str, None] = {}
        for entry in entries:
            event = entry.event
            if isinstance(event, ClockEvent):
                clocked[event.ticket_id] = None
            elif isinstance(event, TicketEvent):
                was = last.get(event.ticket_id)
                last[event.ticket_id] = event if isinstance(event, TicketAssigned) else was
        for ticket_id, assigned in last.items():
            self._write_owner(shown, ticket_id, assigned)
        if self.due_field is not None:
            for ticket_id in clocked:
                self._write_due(shown, ticket_id, self.due_field)

    def _write_owner(self, shown: Views, ticket_id: str, assigned: TicketAssigned | None) -> None:
        pk, view = self.pk_of(ticket_id), _known(shown, ticket_id)
        if pk is None or view is None or view.state is RoutingState.DONE:
            return
        owner = None if view.agent_id is None else self.owner_of(view.agent_id)
        field = self.owner_field
        rows = self._base().filter(pk=pk)
        differs = (
            rows.exclude(**{field: owner})
            if owner is not None
            else rows.exclude(**{f"{field}__isnull": True})
        )
        written = differs.update(**{field: owner})
        if written and assigned is not None and owner is not None:
            self.note(pk, assigned)

    def _write_due(self, shown: Views, ticket_id: str, field: str) -> None:
        pk, view = self.pk_of(ticket_id), _known(shown, ticket_id)
        if pk is None or view is None or view.ticket.due is not None:
            return  # somebody else has set the date
        due = self._due(shown, ticket_id)
        rows = self._base().filter(pk=pk)
        rows.update(**{field: None if due is None else _moment(due)})

    def _due(self, shown: Views, ticket_id: str) -> Instant | None:
        try:
            return shown.clock(ticket_id, self.due_metric).due
        except (UnknownClockError, UnknownTicketError):
            return None

    def committed(self, entries: Sequence[Entry]) -> None:
        """Tell the host of assignments, after the commit; a fault of its own is logged."""
        new: set[str] = set()
        for entry in entries:
            event: Event = entry.event
            if isinstance(event, TicketSubmitted):
                new.add(event.ticket_id)
            if isinstance(event, TicketAssigned):
                pk, is_new = self.pk_of(event.ticket_id), event.ticket_id in new
                if pk is not None:
                    try:
                        self.assigned(pk, event, is_new=is_new)
                    except Exception:  # the command is done, and others want to be told as well
                        log.exception("%s failed at event %s", type(self).__name__, entry.id)


def _known(shown: Views, ticket_id: str) -> Any:
    try:
        return shown.ticket(ticket_id)
    except UnknownTicketError:
        return None


def _moment(instant: Instant) -> datetime:
    """Return an instant as the project keeps datetimes."""
    moment = datetime_of(instant)
    return moment if settings.USE_TZ else timezone.make_naive(moment)


def _aware(moment: datetime) -> datetime:
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
