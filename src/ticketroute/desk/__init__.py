"""A desk that is kept: what a host embeds, for threads and for asyncio."""

from ticketroute.desk.async_desk import AsyncDesk as AsyncDesk
from ticketroute.desk.async_desk import AsyncInside as AsyncInside
from ticketroute.desk.desk import Desk as Desk
from ticketroute.desk.desk import Inside as Inside
from ticketroute.desk.desk import Together as Together
from ticketroute.desk.reading import ReadOnlyDesk as ReadOnlyDesk
from ticketroute.desk.reading import due_desks as due_desks
from ticketroute.desk.rows import Difference as Difference
from ticketroute.desk.rows import HostTicket as HostTicket
from ticketroute.desk.rows import RowState as RowState
from ticketroute.desk.rows import Unassigned as Unassigned
from ticketroute.desk.rows import diff as diff
from ticketroute.desk.workers import run_due as run_due

__all__ = [
    "AsyncDesk",
    "AsyncInside",
    "Desk",
    "Difference",
    "HostTicket",
    "Inside",
    "ReadOnlyDesk",
    "RowState",
    "Together",
    "Unassigned",
    "diff",
    "due_desks",
    "run_due",
]
