"""The tables of JournalTables are the library's own, and Alembic sees no difference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ticketroute import Queue
from ticketroute.journal.faults import NotAJournalError
from ticketroute.sqlalchemy import JournalTables, open_desk

Engines = Callable[..., Any]

PLACES: list[dict[str, Any]] = [
    {},
    {"prefix": "desks_"},
    {"schema": "desks", "prefix": ""},
    {"schema": "a", "prefix": "b"},
]

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), l.collname, a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid), c.reloptions
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind = 'r'
    AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
ORDER BY c.relname, a.attnum
"""
KEYS = """
SELECT tablename, indexdef FROM pg_indexes
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY tablename, indexname
"""


def catalog(engine: sa.Engine) -> list[Any]:
    """Return what the database says of its tables."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            found = [*connection.exec_driver_sql(COLUMNS), *connection.exec_driver_sql(KEYS)]
            return [tuple(row) for row in found]
        listed = connection.exec_driver_sql("PRAGMA table_list").mappings().all()
        ours = sorted((each["name"], each["wr"]) for each in listed if each["schema"] == "main")
        told = []
        for name, without_rowid in ours:
            columns = connection.exec_driver_sql(f"PRAGMA table_info({name})").mappings().all()
            told += [
                (name, without_rowid, {**each, "type": each["type"].lower()}) for each in columns
            ]
        return told


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_create_all_makes_the_tables_that_a_desk_makes(
    url: str, request: pytest.FixtureRequest, engines: Engines, tmp_path: Any, place: dict[str, Any]
) -> None:
    one = engines(url)
    if url.startswith("sqlite") and "schema" in place:
        with pytest.raises(NotAJournalError, match="which has no schemas"):
            open_desk(one, tables=JournalTables(**place))
        return
    if url.startswith("sqlite"):
        other = engines(f"sqlite:///{tmp_path}/other.db")
    else:
        address = request.getfixturevalue("server").database()
        other = engines(address.replace("://", "+psycopg://"))
    tables = JournalTables(**place)
    if tables.schema is not None:
        with other.begin() as connection:
            connection.execute(sa.schema.CreateSchema(tables.schema))
    open_desk(one, tables=tables).close()
    tables.metadata.create_all(other)
    assert len(catalog(one)) > 30
    assert catalog(other) == catalog(one)
    with open_desk(other, tables=tables) as desk:
        desk.add_queue(Queue(id="mail"))
    with other.connect() as connection:
        assert connection.scalar(sa.select(tables["desk"].c.head)) == 2
        assert connection.scalar(sa.select(tables["schema_version"].c.version)) == 1


def test_alembic_proposes_nothing_for_the_tables_of_a_desk(url: str, engines: Engines) -> None:
    autogenerate = pytest.importorskip("alembic.autogenerate")
    migration = pytest.importorskip("alembic.migration")
    engine, metadata = engines(url), sa.MetaData()
    sa.Table("request", metadata, sa.Column("id", sa.Text, primary_key=True))
    open_desk(engine, tables=JournalTables(metadata=metadata)).close()
    metadata.tables["request"].create(engine)
    with engine.connect() as connection:
        options: dict[str, Any] = {"compare_type": True, "compare_server_default": True}
        context = migration.MigrationContext.configure(connection, opts=options)
        assert autogenerate.compare_metadata(context, metadata) == []
        strangers = sa.MetaData()
        found = autogenerate.compare_metadata(context, strangers)
        assert len(found) == len(metadata.tables)  # it would drop what it does not know
        options["include_name"] = documented("sqlalchemy", "include_name=", '"table"')
        context = migration.MigrationContext.configure(connection, opts=options)
        found = autogenerate.compare_metadata(context, strangers)
    assert [(what, table.name) for what, table in found] == [("remove_table", "request")]


@pytest.mark.external
def test_alembic_proposes_nothing_for_tables_in_a_schema(postgres: str, engines: Engines) -> None:
    autogenerate = pytest.importorskip("alembic.autogenerate")
    migration = pytest.importorskip("alembic.migration")
    engine, metadata = engines(postgres.replace("://", "+psycopg://")), sa.MetaData()
    tables = JournalTables(schema="ticketroute", prefix="", metadata=metadata)
    open_desk(engine, tables=tables).close()
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema("other"))
        connection.execute(sa.text("CREATE TABLE other.table_of_theirs (id int)"))
    options: dict[str, Any] = {"include_schemas": True}
    with engine.connect() as connection:
        context = migration.MigrationContext.configure(connection, opts=options)
        assert len(autogenerate.compare_metadata(context, metadata)) == 1  # would drop theirs
        options["include_name"] = documented("sqlalchemy", "include_name=", '"schema"')
        context = migration.MigrationContext.configure(connection, opts=options)
        assert autogenerate.compare_metadata(context, metadata) == []


def documented(page: str, option: str, with_words: str) -> Any:
    """Return the value of an option as a line of a how-to page has it."""
    text = (Path(__file__).parents[2] / "docs" / "how-to" / f"{page}.md").read_text()
    found = [each for each in text.splitlines() if each.startswith(option) and with_words in each]
    (line,) = found
    return eval(line.removeprefix(option).removesuffix(","))  # noqa: S307  of our own page


def test_the_tables_can_be_asked(url: str, engines: Engines) -> None:
    engine, tables = engines(url), JournalTables()
    with open_desk(engine, tables=tables) as desk, engine.connect() as connection:
        events = desk.add_queue(Queue(id="mail"))
        event = tables["event"]
        kinds = connection.scalars(sa.select(event.c.kind).order_by(event.c.position)).all()
        assert kinds == [type(each).__name__ for each in events]
    assert JournalTables.of("postgresql")["desk"].fullname == "ticketroute.desk"
    assert JournalTables.of("sqlite")["desk"].fullname == "ticketroute_desk"
    with pytest.raises(KeyError):
        tables["ticket"]
