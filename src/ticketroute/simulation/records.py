"""What happened to each ticket of a run, column by column: about 60 bytes a ticket."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from enum import IntEnum
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from ticketroute.model import Instant

NEVER: Instant = -1  # an instant that did not come
AT_ONCE = 50_000  # rows that are looked at or written at a time
NOBODY = -1  # the number of an agent who is none


class Outcome(IntEnum):
    """How a ticket stood at the end of a run."""

    OPEN = 0  #: not resolved
    RESOLVED = 1
    ABANDONED = 2  #: the requester gave up before an agent had it


INSTANTS = ("arrived", "assigned", "started", "ended")
COLUMNS = (
    "kind",
    "queue",
    "priority",
    *INSTANTS,
    "agent",
    "outcome",
    "handovers",
    "reopened",
    "handled",
)


class Records:
    """One row for each ticket, in the order of arrival.

    ``arrived``, ``assigned`` (first, to an agent), ``started`` (work on it, the first time) and
    ``ended`` (resolved for the last time, or abandoned) are instants, -1 for never. ``handled`` is
    the time worked on it, in milliseconds, over all agents. ``agent`` is who had it last.
    ``handovers`` counts the agents after the first.
    """

    def __init__(self, kinds: list[str], queues: list[str], agents: list[str]) -> None:
        self.kinds, self.queues, self.agents = kinds, queues, agents
        self.kind, self.priority, self.outcome = array("H"), array("b"), array("b")
        self.queue = array("H")
        self.arrived, self.assigned, self.started, self.ended = (array("q") for _ in INSTANTS)
        self.handled = array("q")
        self.agent = array("i")
        self.handovers, self.reopened = array("H"), array("H")

    def __len__(self) -> int:
        return len(self.arrived)

    def add(self, kind: int, queue: int, priority: int, at: Instant) -> int:
        """Add a ticket that comes in, and return its row."""
        self.kind.append(kind)
        self.queue.append(queue)
        self.priority.append(priority)
        self.arrived.append(at)
        for column in (self.assigned, self.started, self.ended):
            column.append(NEVER)
        self.handled.append(0)
        self.agent.append(NOBODY)
        self.outcome.append(Outcome.OPEN)
        self.handovers.append(0)
        self.reopened.append(0)
        return len(self.arrived) - 1

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one mapping for each ticket, names in place of numbers, None for never."""
        for row in range(len(self)):
            yield {
                "kind": self.kinds[self.kind[row]],
                "queue": self.queues[self.queue[row]],
                "priority": self.priority[row],
                **{name: _maybe(getattr(self, name)[row]) for name in INSTANTS},
                "agent": None if self.agent[row] == NOBODY else self.agents[self.agent[row]],
                "outcome": Outcome(self.outcome[row]).name.lower(),
                "handovers": self.handovers[row],
                "reopened": self.reopened[row],
                "handled": self.handled[row],
            }

    def to_csv(self, path: str | Path) -> None:
        """Write the rows to a CSV file, one after the other; OSError if that cannot be done."""
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows())

    def to_parquet(self, path: str | Path) -> None:
        """Write the rows to a Parquet file, AT_ONCE at a time.

        Raises:
            ModuleNotFoundError: without pyarrow.
            OSError: if the file cannot be written.
        """
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
        kinds = dict.fromkeys(COLUMNS, arrow.int64())
        kinds |= dict.fromkeys(("kind", "queue", "agent", "outcome"), arrow.string())
        schema = arrow.schema(list(kinds.items()))
        rows = self.rows()
        with parquet.ParquetWriter(str(path), schema) as writer:
            while listed := list(islice(rows, AT_ONCE)):
                writer.write_table(arrow.Table.from_pylist(listed, schema=schema))

    def columns(self) -> dict[str, list[Any]]:
        """Return the table as one list for each column, for data frames."""
        columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        for row in self.rows():
            for name, value in row.items():
                columns[name].append(value)
        return columns

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame; ModuleNotFoundError without pandas."""
        pandas: Any = import_module("pandas")  # only where it is asked for
        return pandas.DataFrame(self.columns())

    def to_arrow(self) -> Any:
        """Return a pyarrow Table; ModuleNotFoundError without pyarrow."""
        arrow: Any = import_module("pyarrow")  # only where it is asked for
        return arrow.table(self.columns())


def _maybe(at: Instant) -> Instant | None:
    return None if at == NEVER else at
