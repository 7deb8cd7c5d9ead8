"""The journal on a connection of Django's: the library's own statements, tables with a prefix."""

from __future__ import annotations

from typing import Any, Final

from django.db import connections, transaction

from ticketroute.desk.hosts import in_our_words, run_in_django
from ticketroute.journal.faults import HostTransactionError, NotAJournalError
from ticketroute.journal.statements import (
    Answer,
    PostgresStatements,
    SqliteStatements,
    Statement,
    Statements,
    Trip,
)

PREFIX: Final = "ticketroute_"
MIGRATE: Final = "run 'manage.py migrate ticketroute', with --database if it is not the default"


class _InDjango(Statements):
    """Transactions are begun and ended by Django."""

    def begin(self, wait: float) -> list[Statement]:
        """Return nothing: ``transaction.atomic`` begins it."""
        return []

    def commit(self) -> Statement:
        """Return a statement that does nothing: ``transaction.atomic`` ends it."""
        return Statement("SELECT 1")


class DjangoSqlite(_InDjango, SqliteStatements):
    """For SQLite."""


class DjangoPostgres(_InDjango, PostgresStatements):
    """For PostgreSQL, without a schema of its own: Django flushes only what is in its path."""


SPOKEN: Final[dict[str, Statements]] = {
    "sqlite": DjangoSqlite(PREFIX),
    "postgresql": DjangoPostgres(None, PREFIX),
}


def statements_of(connection: Any) -> Statements:
    """Return the statements for a connection of Django.

    Raises:
        NotAJournalError: if it is to another kind of database.
    """
    says = SPOKEN.get(connection.vendor)
    if says is None:
        raise NotAJournalError(
            f"Django's database {connection.alias!r}",
            f"is of {connection.vendor}, which a desk cannot be kept in",
            "use PostgreSQL or SQLite for the alias in TICKETROUTE[...]['DATABASE']",
        )
    return says


class AliasLine:
    """Runs trips on the connection that the present thread has to an alias."""

    def __init__(self, alias: str, wait: float) -> None:
        self.alias, self.wait = alias, wait
        self.where = f"Django's database {alias!r}"
        self.statements = statements_of(connections[alias])
        self._atomic: Any = None

    def run(self, trip: Trip) -> Answer:
        """Run the statements of a trip, one by one."""
        if trip.gives_up:
            self._leave(given_up=True)
            return []
        if trip.begins:
            self._atomic = transaction.atomic(using=self.alias)
            self._atomic.__enter__()
        try:
            answer = [run_in_django(connections[self.alias], each) for each in trip.statements]
        except Exception as fault:
            self._leave(given_up=True)
            raise self._said(fault) from fault
        if trip.ends:
            self._leave(given_up=False)
        return answer

    def _leave(self, *, given_up: bool) -> None:
        atomic, self._atomic = self._atomic, None
        if atomic is not None:
            if given_up:
                transaction.set_rollback(True, using=self.alias)
            atomic.__exit__(None, None, None)

    def _said(self, fault: Exception) -> Exception:
        said = in_our_words(fault, self.where, self.wait)
        if isinstance(said, HostTransactionError) and "no desk" in str(said):
            return NotAJournalError(self.where, "has no tables of ticketroute", MIGRATE)
        return said

    @classmethod
    def to(cls, address: str, wait: float) -> AliasLine:
        """Return the line to an address such as ``django://default``."""
        return cls(address.partition("://")[2], wait)

    def close(self) -> None:
        """Leave the connection to Django."""

    def forget(self) -> None:
        """Leave the connection to Django."""
