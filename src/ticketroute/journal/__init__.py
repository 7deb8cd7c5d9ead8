"""Journals, which keep the events of a desk: the port, and a journal in memory."""

from ticketroute.journal.contract import Entry as Entry
from ticketroute.journal.contract import Journal as Journal
from ticketroute.journal.contract import Position as Position
from ticketroute.journal.contract import Snapshot as Snapshot
from ticketroute.journal.contract import batch_of as batch_of
from ticketroute.journal.contract import check_position as check_position
from ticketroute.journal.memory import MemoryJournal as MemoryJournal

__all__ = [
    "Entry",
    "Journal",
    "MemoryJournal",
    "Position",
    "Snapshot",
    "batch_of",
    "check_position",
]
