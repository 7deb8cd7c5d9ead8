"""The tables of a journal as those of SQLAlchemy, for ``create_all`` and Alembic."""

from __future__ import annotations

import re
from typing import Any, Final

import sqlalchemy as sa
from attrs import field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.journal.faults import NotAJournalError
from ticketroute.journal.statements import (
    FILL,
    TABLES,
    WITHOUT_ROWID,
    Column,
    PostgresStatements,
    SqliteStatements,
    Statements,
)

NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,39}")
NAME_IS: Final = "up to 40 lower-case letters, digits and _, and no digit first"
SCHEMA: Final = "ticketroute"
PREFIX: Final = "ticketroute_"
KNOWS_WITH: Final = not sa.__version__.startswith("2.0.")  # storage parameters of a table

_TYPES: Final[dict[str, sa.types.TypeEngine[Any]]] = {
    "name": sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
    "text": sa.Text(),
    "big": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
    "int": sa.Integer(),
    "bytes": sa.LargeBinary(),
}


def _checked(_: object, attribute: Any, value: object) -> None:
    if not isinstance(value, str) or not (NAME.fullmatch(value) or value == ""):
        raise InvalidValueError(attribute.name, value, NAME_IS)


def _checked_schema(_: object, attribute: Any, value: object) -> None:
    if value is not None and not (isinstance(value, str) and NAME.fullmatch(value)):
        raise InvalidValueError(attribute.name, value, NAME_IS + ", or None")


@frozen(kw_only=True, eq=False)
class JournalTables:
    """The names of a journal's tables, and the tables themselves.

    ``prefix`` comes before each name; with a ``schema``, for PostgreSQL alone, the tables are in
    it. ``metadata`` is what they join: the host's own, so that its migrations make them, or by
    default one of their own. Names are up to 40 lower-case letters, digits and ``_``.

    >>> tables = JournalTables()
    >>> sorted(tables.metadata.tables)[:3]
    ['ticketroute_archived', 'ticketroute_command', 'ticketroute_consumer']
    >>> [column.name for column in tables["event"].primary_key]
    ['desk', 'position']
    """

    schema: str | None = field(default=None, validator=_checked_schema)
    prefix: str = field(default=PREFIX, validator=_checked)
    metadata: sa.MetaData = field(factory=sa.MetaData)

    def __attrs_post_init__(self) -> None:
        for name, shape in TABLES.items():
            facts: dict[str, Any] = {"sqlite_with_rowid": False} if name in WITHOUT_ROWID else {}
            if name in FILL and KNOWS_WITH:
                facts["postgresql_with"] = {"fillfactor": FILL[name]}
            table = sa.Table(
                f"{self.prefix}{name}",
                self.metadata,
                *(_column(each) for each in shape.columns),
                *([sa.PrimaryKeyConstraint(*shape.key)] if shape.key else []),
                schema=self.schema,
                **facts,
            )
            if name in FILL and not KNOWS_WITH:
                fill: Any = sa.DDL(  # type: ignore[no-untyped-call]  # of SQLAlchemy 2.1 itself
                    f"ALTER TABLE %(fullname)s SET (fillfactor = {FILL[name]})"
                )
                sa.event.listen(table, "after_create", fill.execute_if(dialect="postgresql"))

    @classmethod
    def of(cls, database: str) -> JournalTables:
        """Return where ``Desk.open`` keeps a desk: ``database`` is "postgresql" or "sqlite".

        On PostgreSQL a schema of its own, ``ticketroute``; on SQLite names with ``ticketroute_``.
        """
        return cls(schema=SCHEMA, prefix="") if database == "postgresql" else cls()

    def __getitem__(self, name: str) -> sa.Table:
        """Return a table by its name without prefix: "desk", "event", "command" and so on."""
        full = f"{self.prefix}{name}"
        return self.metadata.tables[full if self.schema is None else f"{self.schema}.{full}"]

    def statements(self, database: str, where: str) -> Statements:
        """Return the statements on these tables, for one of SQLAlchemy's names of databases.

        Raises:
            NotAJournalError: for a database that no desk can be kept in.
        """
        if database == "postgresql":
            return PostgresStatements(self.schema, self.prefix)
        if database != "sqlite":
            raise NotAJournalError(
                where,
                f"is of {database}, which a desk cannot be kept in",
                "use PostgreSQL or SQLite",
            )
        if self.schema is not None:
            raise NotAJournalError(
                where, "is of SQLite, which has no schemas", "use JournalTables() without schema="
            )
        return SqliteStatements(self.prefix)


def _column(column: Column) -> sa.Column[Any]:
    default = None if column.default is None else sa.text(str(column.default))
    kind = _TYPES[column.type]
    return sa.Column(column.name, kind, nullable=column.null, server_default=default)
