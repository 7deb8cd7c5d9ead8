"""The migration operation that creates the journal's tables with the library's own statements."""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations.base import Operation, OperationCategory

from ticketroute.django.journal import statements_of
from ticketroute.journal.statements import Statements

TABLES = ("snapshot", "consumer", "forgotten", "command", "event", "desk", "schema_version")


class CreateJournal(Operation):
    """Create the tables as ``ticketroute journal schema --sql`` prints them, with a prefix."""

    reversible = True
    category = OperationCategory.SQL

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Change nothing: the models of the state are operations of their own."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Create the tables, unless the database is one that a desk cannot be kept in."""
        says = _says(schema_editor.connection)
        if says is not None:
            for statement in says.schema():
                schema_editor.execute(statement)
            schema_editor.execute(says.versioned().sql)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Drop the tables."""
        says = _says(schema_editor.connection)
        if says is not None:
            for name in TABLES:
                schema_editor.execute(f"DROP TABLE {says.table(name)}")

    def describe(self) -> str:
        """Return what ``sqlmigrate`` prints."""
        return "Create the tables of the journal"


def _says(connection: Any) -> Statements | None:
    return None if connection.vendor not in ("sqlite", "postgresql") else statements_of(connection)
