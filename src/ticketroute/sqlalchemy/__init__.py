"""Ticketroute on a host's engine of SQLAlchemy 2: its pool, its database, its migrations.

``open_desk`` and ``open_async_desk`` open a desk on an engine, and :class:`JournalTables` are its
tables for Alembic.
"""

from ticketroute.sqlalchemy.opening import open_async_desk as open_async_desk
from ticketroute.sqlalchemy.opening import open_desk as open_desk
from ticketroute.sqlalchemy.tables import JournalTables as JournalTables

__all__ = ["JournalTables", "open_async_desk", "open_desk"]
