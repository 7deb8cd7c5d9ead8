"""What has to happen for a running desk to become the one that a configuration describes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from random import Random
from typing import Any, Protocol

from attrs import evolve, fields, frozen

from ticketroute.commands import (
    AddAgent,
    AddQueue,
    ChangeAgent,
    ChangeDefaults,
    ChangeQueue,
    Command,
    RemoveAgent,
    RemoveCalendar,
    RemoveQueue,
    SetCalendar,
    SetPolicies,
)
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.desk.config import Config
from ticketroute.desk.config_kinds import Place, Problems
from ticketroute.desk.config_links import overflow_of, rings
from ticketroute.errors import InvalidValueError, TicketRouteError
from ticketroute.model.agent import Agent
from ticketroute.model.events import Event
from ticketroute.model.ids import CalendarId, QueueId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Delivery, Queue
from ticketroute.sla.refresh import same_as_written


class Running(Protocol):
    """A desk as far as a plan reads it: a dispatcher, or what embeds one."""

    @property
    def defaults(self) -> Any:
        """What holds where agents and queues say nothing."""
        ...

    def agents(self) -> Iterable[Any]:
        """Yield every agent."""
        ...

    def queues(self) -> Iterable[Queue]:
        """Yield every queue."""
        ...

    def tickets(self) -> Iterable[Any]:
        """Yield every ticket."""
        ...

    def policies(self) -> tuple[Any, ...]:
        """Return the policies in their order."""
        ...

    def calendars(self) -> Mapping[CalendarId, Any]:
        """Return every calendar with its versions."""
        ...

    def clocks(self, ticket_id: TicketId, /) -> Iterable[Any]:
        """Return every clock of a ticket."""
        ...


Give = Callable[[Command], Iterable[Event]]  # does a command and returns its events


@frozen
class Step:
    """One command, and what it changes in words."""

    command: Command
    told: str = ""

    def __str__(self) -> str:
        return self.told


@frozen
class Plan:
    """The commands that lead from a desk to a configuration, in their order; often none."""

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps)) or "nothing to change"

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands alone, to queue, to log or to send."""
        return tuple(step.command for step in self.steps)

    def give(self, do: Give) -> tuple[Event, ...]:
        """Hand every command to ``do`` and return the events.

        The plan was tried on an empty desk of the same shape when it was made, so no command is
        refused unless the desk has changed. ``Desk.apply`` makes the plan and gives its commands in
        one transaction.
        """
        return tuple(event for command in self.commands for event in do(command))

    def run(self, desk: Dispatcher, *, at: Instant, by: str | None = None) -> tuple[Event, ...]:
        """Give all commands to a dispatcher at one instant, and return the events."""
        return self.give(lambda command: desk.do(command, at=at, by=by))


def plan(config: Config, desk: Running) -> Plan:
    """Return what makes a desk the one of the configuration; changes nothing.

    Tickets stay where they are. A queue that is gone from the configuration closes: where
    ``[moved]`` names another, its tickets go there. A calendar that is gone is removed unless a
    clock of a ticket used it.

    Raises:
        ConfigurationError: if a queue that is gone still has tickets and nobody said where they
            go, or a command would be refused.

    O(agents + queues + members), and O(tickets) where a queue or a calendar is gone.
    """
    problems = Problems()
    found = _Difference(config, desk, problems)
    steps = tuple(found.steps())
    if not problems.found:
        _rehearse(steps, desk, found, problems)
    problems.check()
    return Plan(steps)


class _Difference:
    def __init__(self, config: Config, desk: Running, problems: Problems) -> None:
        self.config, self.desk, self.problems = config, desk, problems
        self.agents = {view.agent.id: view.agent for view in desk.agents()}
        self.queues = {queue.id: queue for queue in desk.queues()}
        self.policies = desk.policies()
        self.calendars = {
            name: versions.editions[-1].calendar for name, versions in desk.calendars().items()
        }

    def steps(self) -> Iterator[Step]:
        """Yield commands in an order in which each finds what it names."""
        yield from self._calendars()
        yield from self._agents()
        yield from self._new_queues()
        yield from self._policies()
        yield from self._changed_queues()
        yield from self._last_policies()
        if self.config.defaults != self.desk.defaults:
            yield Step(ChangeDefaults(self.config.defaults), "change the defaults")
        yield from self._gone()

    def _calendars(self) -> Iterator[Step]:
        for name, calendar in self.config.calendars.items():
            known = self.calendars.get(name)
            if known is None or not same_as_written(known, calendar):
                verb = "add" if known is None else "change"
                yield Step(SetCalendar(name, calendar), f"{verb} calendar {name!r}")

    def _agents(self) -> Iterator[Step]:
        for name, agent in self.config.agents.items():
            known = self.agents.get(name)
            if known is None:
                yield Step(AddAgent(agent), f"add agent {name!r}")
            elif known != agent:
                changes = _changes(known, agent)
                told = f"change agent {name!r}: {', '.join(sorted(changes))}"
                yield Step(ChangeAgent(name, changes), told)

    def _new_queues(self) -> Iterator[Step]:
        """Add queues, those that others overflow into first."""
        policies = {policy.id for policy in self.policies}
        there = set(self.queues)
        for name in targets_first(self.config.queues):
            if name in self.queues:
                continue
            queue = settled(self.config.queues[name])
            ahead = not set(overflow_of(queue)) <= there or self._turns()
            first = evolve(
                queue,
                relaxations=() if ahead else queue.relaxations,
                sla=queue.sla if queue.sla in policies else None,
            )
            there.add(name)
            self.queues[name] = first
            yield Step(AddQueue(first), f"add queue {name!r}")

    def _turns(self) -> bool:
        """Return whether old ways of overflow and new ones together make a circle."""
        together: dict[QueueId, set[QueueId]] = {}
        for queue in (*self.queues.values(), *self.config.queues.values()):
            together.setdefault(queue.id, set()).update(overflow_of(queue))
        try:
            TopologicalSorter(together).prepare()
        except ValueError:
            return True
        return False

    def _policies(self) -> Iterator[Step]:
        """Set the new policies, and behind them old ones that a queue still names."""
        wanted = {policy.id for policy in self.config.policies}
        named = {queue.sla for queue in self.queues.values()} - wanted
        kept = tuple(policy for policy in self.policies if policy.id in named)
        first = (*self.config.policies, *kept)
        if first != self.policies:
            yield Step(SetPolicies(first), "set the policies")
        self.policies = first

    def _last_policies(self) -> Iterator[Step]:
        if self.config.policies != self.policies:
            told = "remove policies that no queue names any more"
            yield Step(SetPolicies(self.config.policies), told)

    def _changed_queues(self) -> Iterator[Step]:
        if self._turns():
            for name, known in self.queues.items():
                wanted = self.config.queues.get(name)
                if known.relaxations and (
                    wanted is None or wanted.relaxations != known.relaxations
                ):
                    self.queues[name] = evolve(known, relaxations=())
                    told = f"stop the overflow of queue {name!r} for the moment"
                    yield Step(ChangeQueue(name, {"relaxations": ()}), told)
        gone = self.queues.keys() - self.config.queues.keys()
        for name in sorted(gone):
            if self.queues[name].sla is not None:
                told = f"free queue {name!r} of its policy"
                yield Step(ChangeQueue(name, {"sla": None}), told)
        for name, wished in self.config.queues.items():
            queue, known = settled(wished), self.queues[name]
            changes = _changes(known, queue)
            if tuple(known.members) != tuple(queue.members):
                changes["members"] = queue.members  # their order is what top_down goes by
            if changes:
                told = f"change queue {name!r}: {', '.join(sorted(changes))}"
                yield Step(ChangeQueue(name, changes), told)

    def _gone(self) -> Iterator[Step]:
        place = self.config.places.get(("moved", ""))
        if place is None:
            file = self.config.files[0] if self.config.files else "configuration"
            place = Place(self.problems, file, "moved")
        place = evolve(place, problems=self.problems)
        for name in sorted(self.queues.keys() - self.config.queues.keys()):
            target = self.config.moved.get(name)
            count = 0 if target is not None else self._open_in(name)
            if count:
                place.at(name).bad(
                    None, f"a queue for the {count} open tickets of {name!r}, which is to go"
                )
            told = f"remove queue {name!r}" + (f", its tickets go to {target!r}" if target else "")
            yield Step(RemoveQueue(name, target), told)
        for agent_id in sorted(self.agents.keys() - self.config.agents.keys()):
            told = f"remove agent {agent_id!r}; what they work on goes to others"
            yield Step(RemoveAgent(agent_id), told)
        unused = self.calendars.keys() - self.config.calendars.keys()
        for calendar_id in sorted(unused - self._used_by_clocks() if unused else ()):
            yield Step(RemoveCalendar(calendar_id), f"remove calendar {calendar_id!r}")

    def _used_by_clocks(self) -> set[CalendarId | None]:
        return {
            clock.calendar_id for view in self.desk.tickets() for clock in self.desk.clocks(view.id)
        }

    def _open_in(self, queue_id: QueueId) -> int:
        return sum(
            view.queue_id == queue_id and view.state is not RoutingState.DONE
            for view in self.desk.tickets()
        )


def settled(queue: Queue) -> Queue:
    """Return a queue as a desk keeps it: with a delivery, which follows from the strategy."""
    if queue.delivery is not None:
        return queue
    return evolve(queue, delivery=Delivery.OFFER if rings(queue) else Delivery.ASSIGN)


def _changes(before: Agent | Queue, after: Agent | Queue) -> dict[str, Any]:
    return {
        each.name: getattr(after, each.name)
        for each in fields(type(after))
        if getattr(before, each.name) != getattr(after, each.name)
    }


def targets_first(queues: Mapping[QueueId, Queue]) -> list[QueueId]:
    """Return the names of queues, those that others overflow into first."""
    order = TopologicalSorter({name: overflow_of(queue) for name, queue in queues.items()})
    return list(order.static_order())


def _rehearse(
    steps: tuple[Step, ...], desk: Running, found: _Difference, problems: Problems
) -> None:
    """Run the steps on an empty desk of the same shape, so that none is refused halfway."""
    empty = Dispatcher(defaults=evolve(desk.defaults, queue=None), random=Random(0))  # noqa: S311
    shape = _Shape(desk, found)
    for step in (*shape.steps(), *steps):
        try:
            empty.do(step.command, at=0)
        except (TicketRouteError, InvalidValueError) as fault:
            Place(problems, "plan", str(step)).bad(fault.args, str(fault))
            return


@frozen
class _Shape:
    """The steps that build a desk like another, without its tickets."""

    desk: Running
    found: _Difference

    def steps(self) -> Iterator[Step]:
        for name, calendar in self.found.calendars.items():
            yield Step(SetCalendar(name, calendar))
        for view in self.desk.agents():
            yield Step(AddAgent(view.agent))
        queues = list(self.desk.queues())
        for queue in queues:
            yield Step(AddQueue(evolve(queue, relaxations=(), sla=None)))
        yield Step(SetPolicies(self.desk.policies()))
        there = {queue.id for queue in queues}
        for queue in queues:
            leads = set(overflow_of(queue)) <= there  # else to one that was removed since
            changes = {"relaxations": queue.relaxations if leads else (), "sla": queue.sla}
            yield Step(ChangeQueue(queue.id, changes))
        yield Step(ChangeDefaults(self.desk.defaults))
