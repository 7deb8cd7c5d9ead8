"""Who serves which queue: read from a file of agents, or derived from a log."""

from __future__ import annotations

from attrs import frozen

from ticketroute.cli import cells
from ticketroute.cli.columns import Columns
from ticketroute.cli.faults import InputError, RowError
from ticketroute.cli.history import History
from ticketroute.cli.reading import Row, Sheet
from ticketroute.errors import InvalidValueError
from ticketroute.model.agent import USUAL_PRIORITY, Agent
from ticketroute.model.ids import AgentId, QueueId


@frozen
class Roster:
    """The agents, and the queues with their members; every queue of the log is there."""

    agents: tuple[Agent, ...]
    members: dict[QueueId, tuple[AgentId, ...]]
    origin: str  # for people: where it is from


def derived_roster(history: History, *, capacity: int) -> Roster:
    """Make a roster of the agents that a log names.

    An agent serves the queues in which the log names them, and has the skills of the tickets on
    which it does, at the highest level asked for.
    """
    skills: dict[AgentId, dict[str, int]] = {}
    members: dict[QueueId, dict[AgentId, None]] = {queue: {} for queue in history.queues}
    for logged in history.tickets:
        for agent_id, queue in logged.named:
            members[queue][agent_id] = None
            has = skills.setdefault(agent_id, {})
            for skill, level in logged.ticket.skills.items():
                has[skill] = max(level, has.get(skill, level))
    return Roster(
        agents=tuple(
            Agent(id=agent_id, capacity=capacity, skills=has) for agent_id, has in skills.items()
        ),
        members={queue: tuple(found) for queue, found in members.items()},
        origin="derived from the log",
    )


def read_roster(sheet: Sheet, columns: Columns, *, history: History, capacity: int) -> Roster:
    """Read the agents of a file, one a row; who names no queue serves every queue.

    Raises:
        InputError: at the first row that cannot be used, with its number.
    """
    seen: dict[AgentId, int] = {}
    agents: list[Agent] = []
    serves: dict[AgentId, tuple[str, ...]] = {}
    for row in sheet.rows:
        try:
            agent = _agent(row, columns, capacity=capacity)
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
        serves[agent.id] = cells.several(columns.first(row, "queues")[1])
    if not agents:
        raise InputError(f"{sheet.name} has a header and no rows; there is nobody to route to")
    queues = dict.fromkeys(
        (*history.queues, *(QueueId(name) for names in serves.values() for name in names))
    )
    return Roster(
        agents=tuple(agents),
        members={
            queue: tuple(agent.id for agent in agents if queue in (serves[agent.id] or queues))
            for queue in queues
        },
        origin=f"from {sheet.name}",
    )


def _agent(row: Row, columns: Columns, *, capacity: int) -> Agent:
    column, skills = columns.first(row, "skills")
    return Agent(
        id=AgentId(columns.first(row, "id")[1]),
        skills=cells.skills(f"column {column!r}", skills),
        channels=cells.several(columns.first(row, "channels")[1]),
        capacity=_number(row, columns, "capacity", default=capacity),
        priority=_number(row, columns, "priority", default=USUAL_PRIORITY),
    )


def _number(row: Row, columns: Columns, name: str, *, default: int) -> int:
    column, cell = columns.first(row, name)
    return cells.whole_number(f"column {column!r}", cell) if cell else default
