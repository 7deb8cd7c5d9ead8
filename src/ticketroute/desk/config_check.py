"""What a configuration allows and what can nevertheless never work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from ticketroute.desk.config import Config
from ticketroute.desk.config_kinds import Place, Problems, length_of
from ticketroute.errors import BeyondHorizonError
from ticketroute.model.agent import Agent
from ticketroute.model.ids import CalendarId, QueueId
from ticketroute.model.instants import Instant
from ticketroute.model.queue import Queue
from ticketroute.model.relaxation import Reach
from ticketroute.rules import AskSkills, Rule, SetPolicy, SetQueue, SetWeight, unreachable
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.policy import Policy


@frozen
class Advice:
    """Something that can never work, or is seldom meant: where it stands, and why."""

    file: str
    path: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {self.path}: {self.why}"


def check(config: Config, *, at: Instant | None = None) -> tuple[Advice, ...]:
    """Return what can never work in a configuration; nothing to say: empty.

    ``at`` is the instant from which targets are tried in their calendars, default 1970: with the
    present one, a calendar that ended last year is found as well.

    O(rules^2 + queues x members).
    """
    return tuple(_Check(config, 0 if at is None else at).everything())


class _Check:
    def __init__(self, config: Config, at: Instant) -> None:
        self.config, self.at = config, at

    def everything(self) -> Iterator[Advice]:
        for name, calendar in self.config.calendars.items():
            yield from self._calendar(name, calendar)
        for agent in self.config.agents.values():
            yield from self._agent(agent)
        for queue in self.config.queues.values():
            yield from self._queue(queue)
        yield from self._policies()
        for rule in self.config.rules:
            yield from self._rule(rule)
        for rule, why in unreachable(self.config.rules.rules):
            yield self._advice("rules", rule.name, "", f"rule {rule.name!r} can never act: {why}")

    def _advice(self, section: str, name: str, key: str, why: str) -> Advice:
        place = self.config.places.get((section, name), Place(Problems(), "", f"{section}.{name}"))
        place = place.at(key) if key else place
        return Advice(place.file, place.path, why)

    # --- calendars --------------------------------------------------------------------------

    def _calendar(self, name: CalendarId, calendar: Calendar) -> Iterator[Advice]:
        for line in calendar.check():
            yield self._advice("calendars", name, "", line)

    # --- who serves what --------------------------------------------------------------------

    def _capacity(self, agent: Agent) -> int:
        return agent.capacity or self.config.defaults.capacity

    def _agent(self, agent: Agent) -> Iterator[Advice]:
        for channel, limit in agent.channels.items():
            if limit.cost > self._capacity(agent):
                yield self._advice(
                    "agents", agent.id, "channels",
                    f"a ticket of channel {channel!r} costs {limit.cost} and agent {agent.id!r} "
                    f"has room for {self._capacity(agent)}: they never get one",
                )  # fmt: skip
        if not any(agent.id in queue.members for queue in self.config.queues.values()):
            yield self._advice("agents", agent.id, "", f"agent {agent.id!r} serves no queue")

    def _queue(self, queue: Queue) -> Iterator[Advice]:
        if not queue.members and not queue.relaxations:
            yield self._advice("queues", queue.id, "members", "nobody serves this queue")
        tiers = self._tiers(queue.id)
        if tiers and not _anybody(tiers, queue.reach):
            yield self._advice("queues", queue.id, "reach", _nobody_in(queue.reach, tiers))
        for number, step in enumerate(queue.relaxations):
            there = {*tiers, *(self._tiers(step.add_queue) if step.add_queue else ())}
            there = self._tiers(step.move_to) if step.move_to else there
            if step.reach is not None and there and not _anybody(there, step.reach):
                key = f"relaxations[{number}].reach"
                yield self._advice(
                    "queues", queue.id, "", f"{key}: {_nobody_in(step.reach, there)}"
                )

    def _tiers(self, queue_id: QueueId) -> set[int]:
        """Return the agent priorities of a queue's members, as the queue sees them."""
        queue = self.config.queues[queue_id]
        return {
            membership.priority or self.config.agents[agent_id].priority
            for agent_id, membership in queue.members.items()
        }

    # --- promises ---------------------------------------------------------------------------

    def _policies(self) -> Iterator[Advice]:
        chosen = {action.policy for action in self._actions() if isinstance(action, SetPolicy)}
        before: list[Policy] = []
        for policy in self.config.policies:
            hidden = next((each for each in before if _covers(each, policy)), None)
            named = any(queue.sla == policy.id for queue in self.config.queues.values())
            if hidden is not None and not named:
                yield self._advice(
                    "policies", policy.id, "",
                    f"policy {policy.id!r} never applies: {hidden.id!r} before it applies to every "
                    "ticket that it would" + ("; move it up" if policy.id in chosen else ""),
                )  # fmt: skip
            before.append(policy)
            yield from self._targets(policy)

    def _targets(self, policy: Policy) -> Iterator[Advice]:
        for metric, target in policy.targets.items():
            name = target.calendar or policy.calendar
            if name is None:
                continue
            longest = max(target.within.values())
            timetable = self.config.calendars[name].timetable
            try:
                timetable.add(self.at, longest)
            except BeyondHorizonError:
                yield self._advice(
                    "policies", policy.id, f"targets.{metric.value}".partition(".")[0],
                    f"{metric.value}: calendar {name!r} closes for good before "
                    f"{length_of(longest)} of open time has passed",
                )  # fmt: skip

    # --- rules ------------------------------------------------------------------------------

    def _actions(self) -> Iterator[object]:
        return (action for rule in self.config.rules for action in rule.then)

    def _rule(self, rule: Rule) -> Iterator[Advice]:
        queue_id = next((each.queue for each in rule.then if isinstance(each, SetQueue)), None)
        agents = self._serving(queue_id)
        whom = "nobody" if queue_id is None else f"no member of queue {queue_id!r}"
        for action in rule.then:
            if isinstance(action, AskSkills):
                for skill, level in action.skills.items():
                    most = max((agent.skills.get(skill, 0) for agent in agents), default=0)
                    if most < level:
                        has = f"more than level {most} of" if most else "the"
                        why = f"{whom} has {has} skill {skill!r}, and {level} is asked"
                        yield self._advice("rules", rule.name, "then", why)
            elif isinstance(action, SetWeight):
                room = max(map(self._capacity, agents), default=0)
                if action.weight > room:
                    why = f"weight {action.weight} is more than the room of anybody: {room}"
                    yield self._advice("rules", rule.name, "then", why)

    def _serving(self, queue_id: QueueId | None) -> list[Agent]:
        if queue_id is None:
            return list(self.config.agents.values())
        members: set[str] = set()
        ahead, seen = [queue_id], {queue_id}
        while ahead:  # and where it overflows to
            queue = self.config.queues[ahead.pop()]
            members |= queue.members.keys()
            for step in queue.relaxations:
                for target in (step.add_queue, step.move_to):
                    if target is not None and target not in seen:
                        seen.add(target)
                        ahead.append(target)
        return [agent for agent in self.config.agents.values() if agent.id in members]


def _anybody(tiers: Iterable[int], reach: Reach) -> bool:
    return any(reach.least <= tier <= reach.greatest for tier in tiers)


def _nobody_in(reach: Reach, tiers: Iterable[int]) -> str:
    there = ", ".join(map(str, sorted(tiers)))
    return (
        f"nobody has an agent priority from {reach.least} to {reach.greatest}; members have {there}"
    )


def _covers(wide: Policy, narrow: Policy) -> bool:
    """Return whether ``wide`` applies to every ticket to which ``narrow`` does."""
    pairs = (
        (wide.queues, narrow.queues),
        (wide.channels, narrow.channels),
        (wide.tags, narrow.tags),
    )
    return all(not outer or (bool(inner) and inner <= outer) for outer, inner in pairs)
