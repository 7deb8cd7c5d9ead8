r"""Reading logs of help desks: exports with one row for each ticket, and event logs.

:func:`read_log` is the door; the command line and the simulator use the same one.

>>> from pathlib import Path
>>> from tempfile import TemporaryDirectory
>>> with TemporaryDirectory() as folder:
...     path = Path(folder) / "tickets.csv"
...     _ = path.write_text("id,opened,group,owner\n7,2026-03-02T09:00Z,mail,ana\n")
...     with read_log(str(path)) as log:
...         [logged] = log
>>> logged.ticket.id, logged.queue, logged.ended, logged.named
('7', 'mail', None, (('ana', 'mail'),))
>>> log.understood.columns["agent"]
('owner',)
"""

from __future__ import annotations

from ticketroute.logs.changes import changes as changes
from ticketroute.logs.columns import chosen_columns as chosen_columns
from ticketroute.logs.faults import LogError as LogError
from ticketroute.logs.faults import RowError as RowError
from ticketroute.logs.fields import AGENT_FIELDS as AGENT_FIELDS
from ticketroute.logs.fields import EVENT_FIELDS as EVENT_FIELDS
from ticketroute.logs.fields import TICKET_FIELDS as TICKET_FIELDS
from ticketroute.logs.fields import Field as Field
from ticketroute.logs.gathered import Logged as Logged
from ticketroute.logs.gathered import StepTaken as StepTaken
from ticketroute.logs.layouts import LAYOUT_NAMES as LAYOUT_NAMES
from ticketroute.logs.priorities import chosen_priorities as chosen_priorities
from ticketroute.logs.reading import Log as Log
from ticketroute.logs.reading import Options as Options
from ticketroute.logs.reading import read_log as read_log
from ticketroute.logs.steps import Step as Step
from ticketroute.logs.steps import chosen_steps as chosen_steps
from ticketroute.logs.understood import Understood as Understood

__all__ = [
    "AGENT_FIELDS",
    "EVENT_FIELDS",
    "LAYOUT_NAMES",
    "TICKET_FIELDS",
    "Field",
    "Log",
    "LogError",
    "Logged",
    "Options",
    "RowError",
    "Step",
    "StepTaken",
    "Understood",
    "changes",
    "chosen_columns",
    "chosen_priorities",
    "chosen_steps",
    "read_log",
]
