"""Names in a configuration that lead somewhere, and those that do not."""

from __future__ import annotations

from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from random import Random
from typing import TYPE_CHECKING, Any

from ticketroute.desk.config_kinds import Place, Problems
from ticketroute.errors import InvalidValueError, TicketRouteError, UnknownStrategyError
from ticketroute.model.ids import QueueId
from ticketroute.model.queue import Delivery, Queue
from ticketroute.rules import Action, Prefer, QueueIs, Rule, SetPolicy, SetQueue, Within
from ticketroute.rules.draft import policy_tag
from ticketroute.strategies import registry

if TYPE_CHECKING:
    from ticketroute.desk.config import Config


def check_links(config: Config, problems: Problems) -> None:
    """Note every name that leads nowhere, strategies that cannot be made, and circles.

    A thing that is named and was itself refused counts as there: one mistake is one problem.
    """
    _Links(config, problems).check()


def overflow_of(queue: Queue) -> tuple[QueueId, ...]:
    """Return the queues that a queue's relaxations lead to, each once."""
    named = (target for step in queue.relaxations for target in (step.add_queue, step.move_to))
    return tuple(dict.fromkeys(target for target in named if target is not None))


def rings(queue: Queue) -> bool:
    """Return whether a queue's strategy rings everyone; raises if it cannot be made."""
    strategy = registry.create(queue.strategy, source=Random(0))  # noqa: S311  nothing is drawn
    return bool(getattr(strategy, "rings_all", False))


class _Links:
    def __init__(self, config: Config, problems: Problems) -> None:
        self.config, self.problems = config, problems
        self.known: dict[str, set[str]] = {}
        for section, name in config.places:
            self.known.setdefault(section, set()).add(name)
        # One that could not be read has no name, and any name may be its.
        self.nameless = any(name.endswith("]") for name in self.known.get("policies", ()))

    def check(self) -> None:
        defaults = self._place("defaults", "")
        self._named(defaults.at("queue"), self.config.defaults.queue, "queues")
        self._agents()
        self._queues()
        self._policies()
        for rule in self.config.rules:
            self._rule(rule, self._place("rules", rule.name))
        self._moved()

    def _place(self, section: str, name: str) -> Place:
        fallback = Place(self.problems, self.config.files[0] if self.config.files else "", section)
        return self.config.places.get((section, name), fallback)

    def _named(self, place: Place, name: str | None, section: str) -> None:
        if section == "policies" and self.nameless:
            return
        known: Collection[str] = self.known.get(section, ())
        if name is not None and name not in known:
            kinds = {"queues": "queue", "agents": "agent", "calendars": "calendar"}
            kind = kinds.get(section, "policy")
            place.bad(name, f"a {kind} of this configuration".replace("a agent", "an agent"), known)

    def _agents(self) -> None:
        for agent in self.config.agents.values():
            self._named(self._place("agents", agent.id).at("shift"), agent.shift, "calendars")

    def _queues(self) -> None:
        self._circle()
        for queue in self.config.queues.values():
            place = self._place("queues", queue.id)
            for agent_id in queue.members:
                self._named(place.at("members"), agent_id, "agents")
            self._named(place.at("calendar"), queue.calendar, "calendars")
            self._named(place.at("sla"), queue.sla, "policies")
            for number, step in enumerate(queue.relaxations):
                at = place.at("relaxations").at(number)
                self._named(at.at("add_queue"), step.add_queue, "queues")
                self._named(at.at("move_to"), step.move_to, "queues")
            try:
                if rings(queue) and queue.delivery not in (None, Delivery.OFFER):
                    word = "left out, or 'offer': the strategy rings agents"
                    place.at("delivery").bad(queue.delivery.value, word)
            except InvalidValueError as fault:
                place.at("strategy").bad(fault.value, f"{fault.allowed} ({fault.thing})")
            except UnknownStrategyError as fault:
                allowed = f"one of {', '.join(fault.known)}"
                place.at("strategy").bad(fault.name, allowed, fault.known)
            except TicketRouteError as fault:
                place.at("strategy").bad(str(queue.strategy), f"a strategy that works: {fault}")

    def _circle(self) -> None:
        ways = {each.id: overflow_of(each) for each in self.config.queues.values()}
        try:
            TopologicalSorter(ways).prepare()
        except CycleError as fault:
            circle = list(reversed(fault.args[1]))
            place = self._place("queues", circle[0]).at("relaxations")
            place.bad(" -> ".join(circle), "a way that comes to an end: overflow goes in a circle")

    def _policies(self) -> None:
        for policy in self.config.policies:
            place = self._place("policies", policy.id)
            self._named(place.at("calendar"), policy.calendar, "calendars")
            for queue_id in sorted(policy.queues):
                self._named(place.at("queues"), queue_id, "queues")
            for metric, target in policy.targets.items():
                at = place.at("targets").at(metric.value)
                self._named(at.at("calendar"), target.calendar, "calendars")
                for number, level in enumerate(target.escalations):
                    level_place = at.at("escalations").at(number).at("move_to")
                    self._named(level_place, level.move_to, "queues")

    def _rule(self, rule: Rule, place: Place) -> None:
        for part in rule.when.parts():
            if isinstance(part, QueueIs):
                for queue_id in sorted(part.values):
                    self._named(place.at("when").at("queue"), queue_id, "queues")
            elif isinstance(part, Within):
                self._named(place.at("when").at("open"), part.calendar, "calendars")
        for action in rule.then:
            self._action(action, place.at("then"))

    def _action(self, action: Action, place: Place) -> None:
        if isinstance(action, SetQueue):
            self._named(place.at("queue"), action.queue, "queues")
        elif isinstance(action, Prefer):
            self._named(place.at("prefer"), action.agent, "agents")
        elif isinstance(action, SetPolicy):
            self._named(place.at("sla"), action.policy, "policies")
            self._chosen(action, place.at("sla"))

    def _chosen(self, action: SetPolicy, place: Place) -> None:
        policies: Any = {policy.id: policy for policy in self.config.policies}
        policy = policies.get(action.policy)
        tag = policy_tag(action.policy)
        if policy is not None and tag not in policy.tags:
            place.bad(
                action.policy,
                "a policy without conditions, or one with tags: this one asks for queues or "
                f"channels, so write tags = ['{tag}'] into it if a rule may choose it",
            )

    def _moved(self) -> None:
        place = self._place("moved", "")
        for before, after in self.config.moved.items():
            if before in self.config.queues:
                place.at(before).bad(after, "left out: that queue is still there")
            self._named(place.at(before), after, "queues")
