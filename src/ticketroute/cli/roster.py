"""Who serves which queue: read from a file of agents, or derived from a log."""

from __future__ import annotations

from attrs import frozen

from ticketroute.errors import InvalidValueError
from ticketroute.logs import Log, LogError, RowError, cells
from ticketroute.logs.columns import Columns
from ticketroute.logs.sheets import Row, Sheet
from ticketroute.logs.words import Blanks
from ticketroute.model.agent import USUAL_PRIORITY, Agent
from ticketroute.model.ids import AgentId, QueueId


@frozen
class Roster:
    """The agents, and the queues with their members; every queue of the log is there."""

    agents: tuple[Agent, ...]
    members: dict[QueueId, tuple[AgentId, ...]]
    origin: str  # for people: where it is from


def derived_roster(log: Log, *, capacity: int) -> Roster:
    """Make a roster of the agents that a log names.

    An agent serves the queues in which the log names them, and has the skills of the tickets on
    which it does, at the highest level asked for.
    """
    return Roster(
        agents=tuple(
            Agent(id=agent_id, capacity=capacity, skills=has)
            for agent_id, has in log.skills.items()
        ),
        members=log.members,
        origin="derived from the log",
    )


def read_roster(
    sheet: Sheet, columns: Columns, *, log: Log, capacity: int, blanks: Blanks
) -> Roster:
    """Read the agents of a file, one a row; an agent who names no queue serves every queue.

    Raises:
        LogError: at the first row that cannot be used, with its number.
    """
    seen: dict[AgentId, int] = {}
    agents: list[Agent] = []
    serves: dict[AgentId, tuple[str, ...]] = {}
    reader = _Rows(sheet, columns, blanks)
    for row in sheet.rows:
        try:
            agent = reader.agent(row, capacity=capacity)
        except InvalidValueError as fault:
            raise RowError(sheet.name, row.number, str(fault)) from fault
        earlier = seen.setdefault(agent.id, row.number)
        if earlier != row.number:
            raise RowError(
                sheet.name,
                row.number,
                f"agent {agent.id!r} is in row {earlier} already; "
                "write all queues of an agent into one cell, such as `mail; chat`",
            )
        agents.append(agent)
        serves[agent.id] = cells.several(reader.first(row, "queues")[1])
    if not agents:
        raise LogError(f"{sheet.name} has a header and no rows; there is nobody to route to")
    queues = dict.fromkeys(
        (*log.queues, *(QueueId(name) for names in serves.values() for name in names))
    )
    return Roster(
        agents=tuple(agents),
        members={
            queue: tuple(agent.id for agent in agents if queue in (serves[agent.id] or queues))
            for queue in queues
        },
        origin=f"from {sheet.name}",
    )


@frozen
class _Rows:
    sheet: Sheet
    columns: Columns
    blanks: Blanks

    def first(self, row: Row, name: str) -> tuple[str, str]:
        """Return column and cell of the first column of a field that is not empty here."""
        places = self.columns.places_of(name)
        for place in places:
            cell = self.blanks.filled(row.cells[place])
            if cell:
                return self.sheet.header[place], cell
        return (self.sheet.header[places[0]] if places else ""), ""

    def agent(self, row: Row, *, capacity: int) -> Agent:
        column, skills = self.first(row, "skills")
        return Agent(
            id=AgentId(self.first(row, "id")[1]),
            skills=cells.skills(f"column {column!r}", skills),
            channels=cells.several(self.first(row, "channels")[1]),
            capacity=self._number(row, "capacity", default=capacity),
            priority=self._number(row, "priority", default=USUAL_PRIORITY),
        )

    def _number(self, row: Row, name: str, *, default: int) -> int:
        column, cell = self.first(row, name)
        return cells.whole_number(f"column {column!r}", cell) if cell else default
