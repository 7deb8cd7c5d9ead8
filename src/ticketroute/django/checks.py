"""System checks: what keeps a desk from working rightly in this project, each with its way out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  Django's
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router
from django.db.utils import DatabaseError
from django.utils.connection import ConnectionDoesNotExist

from ticketroute.django.conf import DeskSettings, desk_settings
from ticketroute.django.desks import desks
from ticketroute.django.journal import PREFIX

LATE: Final = "late"
SMTP: Final = "django.core.mail.backends.smtp.EmailBackend"


@register()
def check_settings(**_: Any) -> list[CheckMessage]:
    """Check the setting, the databases it names, and the bindings; no database is asked."""
    try:
        given = desk_settings()
    except (ImproperlyConfigured, ImportError, TypeError, ValueError) as wrong:
        return [Error(str(wrong), hint="See the reference page of Django.", id="ticketroute.E004")]
    return [message for one in given.values() for message in _check_desk(one)]


def _check_desk(one: DeskSettings) -> Iterator[CheckMessage]:
    if one.database not in connections:
        yield Error(
            f"the desk {one.alias!r} is kept in the database {one.database!r}, which DATABASES "
            "does not have",
            hint="Set DATABASE to an alias of DATABASES, or leave it out for 'default'.",
            id="ticketroute.E005",
        )
        return
    connection = connections[one.database]
    if connection.vendor not in ("sqlite", "postgresql"):
        yield Error(
            f"the database {one.database!r} is {connection.vendor}, which a desk cannot be kept in",
            hint="Use an alias of PostgreSQL or SQLite.",
            id="ticketroute.E006",
        )
    yield from _check_sqlite(one, connection)
    try:
        bindings = desks[one.alias].bindings
        for binding in bindings:
            yield from _check_binding(one, connection, binding)
    except (ImproperlyConfigured, ImportError) as wrong:
        yield Error(
            f"a binding of the desk {one.alias!r} cannot be used: {wrong}",
            hint="BINDINGS lists dotted paths of subclasses of ticketroute.django.Binding.",
            id="ticketroute.E004",
        )


def _check_sqlite(one: DeskSettings, connection: Any) -> Iterator[CheckMessage]:
    options = connection.settings_dict.get("OPTIONS") or {}
    if connection.vendor == "sqlite" and str(options.get("transaction_mode")).upper() not in (
        "IMMEDIATE",
        "EXCLUSIVE",
    ):
        yield Error(
            f"transactions of the SQLite database {one.database!r} begin without the lock that "
            "they need later, and die with 'database is locked' when two write at once",
            hint="Add 'OPTIONS': {'transaction_mode': 'IMMEDIATE'} to "
            f"DATABASES[{one.database!r}].",
            id="ticketroute.E002",
        )


def _check_binding(one: DeskSettings, connection: Any, binding: Any) -> Iterator[CheckMessage]:
    model, name = binding.model_class, type(binding).__name__
    written = router.db_for_write(model)
    if written != one.database:
        yield Error(
            f"{name} binds {model._meta.label}, which is written to the database {written!r}, "
            f"and the journal is in {one.database!r}: no transaction covers both",
            hint=f"Set TICKETROUTE[{one.alias!r}]['DATABASE'] to {written!r}.",
            id="ticketroute.E003",
        )
    if not connection.settings_dict.get("ATOMIC_REQUESTS"):
        yield Error(
            f"{name} needs a row and its decision to be committed together, and "
            f"DATABASES[{one.database!r}] commits each statement on its own",
            hint=f"Set 'ATOMIC_REQUESTS': True in DATABASES[{one.database!r}].",
            id="ticketroute.E001",
        )
    mails = settings.is_overridden("EMAIL_HOST") or settings.is_overridden("EMAIL_BACKEND")
    if binding.route_at != LATE and settings.EMAIL_BACKEND == SMTP and mails:
        yield Warning(
            f"{name} decides when a row is saved, and mail that is sent by SMTP later in the same "
            "request keeps the desk locked meanwhile",
            hint="Set route_at = 'late' in the binding, or use an EMAIL_BACKEND that queues mail.",
            id="ticketroute.W003",
        )


@register(Tags.database)
def check_journal(databases: Iterable[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Check tables and deadlines; asks those databases that the command names."""
    named = set(databases or ())
    try:
        given = [one for one in desk_settings().values() if one.database in named]
    except (ImproperlyConfigured, ImportError, TypeError, ValueError):
        return []  # told by the other check
    found: list[CheckMessage] = []
    for one in given:
        try:
            found += _check_tables(one)
        except (DatabaseError, ConnectionDoesNotExist) as fault:
            found.append(
                Warning(
                    f"the journal of the desk {one.alias!r} cannot be read: {fault}",
                    hint="See whether the database runs and may be read.",
                    id="ticketroute.W004",
                )
            )
    return found


def _check_tables(one: DeskSettings) -> Iterator[CheckMessage]:
    connection = connections[one.database]
    if f"{PREFIX}desk" not in connection.introspection.table_names():
        if "migrate" in sys.argv[:2]:
            return  # which is about to create them
        flag = "" if one.database == "default" else f" --database {one.database}"
        yield Warning(
            f"the database {one.database!r} has no tables for the desk {one.alias!r}",
            hint=f"Run 'manage.py migrate ticketroute{flag}'.",
            id="ticketroute.W001",
        )
        return
    late = overdue_seconds(one)
    if late is not None and late > one.overdue:
        yield Warning(
            f"what was due on the desk {one.alias!r} {late:.0f} seconds ago has not been done",
            hint="Run 'manage.py ticketroute run' as a service, or 'manage.py ticketroute "
            "advance' from cron.",
            id="ticketroute.W002",
        )


def overdue_seconds(one: DeskSettings, *, now: float | None = None) -> float | None:
    """Return for how long a deadline of a desk has gone undone, in seconds, or None."""
    with connections[one.database].cursor() as cursor:
        cursor.execute(
            "SELECT next_due FROM ticketroute_desk WHERE desk = %s AND next_due IS NOT NULL",
            [one.name],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    present = time.time() if now is None else now  # noqa: TID251  a check is about this very moment
    return present - float(row[0]) / 1_000
