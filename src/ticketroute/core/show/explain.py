"""Why this agent, and why not that one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from ticketroute.core.facts import excluded_by, queues_of
from ticketroute.core.index.timers import Timer, TimerKind
from ticketroute.core.records import Demand, MemberRecord, TicketRecord
from ticketroute.core.state import State
from ticketroute.model.events import Cause, WaitReason
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import LAST_INSTANT, Instant, datetime_of
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.reasons import Reason
from ticketroute.strategies import registry

Names = Mapping[str, str] | Callable[[str], str]

_IN_WORDS = {
    Cause.ACCEPTED: "asked by {strategy}, and accepted",
    Cause.ROUTED: "asked first by {strategy}",
    Cause.FREED: "gained room when this ticket was the next they may have",
    Cause.PREFERRED: "the ticket prefers them",
    Cause.LAST_AGENT: "had the ticket before",
    Cause.MANUAL: "assigned by hand",
    Cause.TAKEN: "took it",
    Cause.TRANSFERRED: "transferred to them",
    Cause.ADOPTED: "had it before it came to the desk",
}


@frozen(kw_only=True)
class Verdict:
    """What the gate says now of one member and the ticket.

    ``reason`` None means eligible. ``eligible_from`` is the instant from which they will be, where
    time alone will do it. ``queue_id`` is the ticket's queue through which they were looked at.
    """

    agent_id: AgentId
    reason: Reason | None = None
    eligible_from: Instant | None = None
    queue_id: QueueId = ""


@frozen(kw_only=True)
class Explanation:
    """Why a ticket is where it is; ``str()`` of it is for people.

    ``winner`` has the ticket, or is None. ``cause``, ``key`` and ``runner_up`` are of the moment
    of the decision; ``key`` orders agents under ``strategy`` and ``key_names`` says what its
    numbers are. ``asked`` are agents with an open offer, and until when.
    ``queues`` are those it waits in, its own first. ``others`` are all other members of these
    queues, as the gate sees them now.
    """

    ticket_id: TicketId
    queue_id: QueueId
    state: RoutingState
    strategy: str
    wait_reason: WaitReason | None
    winner: AgentId | None
    decided_at: Instant | None
    cause: Cause | None
    key: tuple[int, ...]
    key_names: tuple[str, ...]
    runner_up: AgentId | None
    exceeded: str | None
    asked: tuple[tuple[AgentId, Instant], ...]
    others: tuple[Verdict, ...]
    queues: tuple[QueueId, ...] = ()

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self, names: Names | None = None) -> str:
        """Return the explanation for people, with the host's names in place of ids.

        ``names`` is a mapping from id to name, or a function of the id; an id that a mapping does
        not have stays as it is. Ids of agents and of queues are looked up alike.
        """
        name = naming(names)
        lines = [f"ticket {self.ticket_id} in queue {name(self.queue_id)}: {self.state.value}"]
        if self.winner is not None and self.cause is not None:
            lines.append(f"  {name(self.winner)}: {self.reason}{self._figures()}")
            if self.exceeded is not None:
                lines.append(f"  forced, against: {self.exceeded}")
            if self.cause is Cause.ROUTED:
                runner_up = self.runner_up
                after = "nobody else was eligible" if runner_up is None else name(runner_up)
                lines.append(f"  next in turn: {after}")
        elif self.wait_reason is not None:
            lines.append(f"  waits: {self.wait_reason.value}")
        for agent_id, until in self.asked:
            lines.append(f"  {name(agent_id)}: is asked until {_moment(until)}")
        for verdict in self.others:
            word = "eligible" if verdict.reason is None else verdict.reason.value
            since = (
                ""
                if verdict.eligible_from is None
                else f", eligible from {_moment(verdict.eligible_from)}"
            )
            lines.append(f"  {name(verdict.agent_id)}: {word}{since}")
        return "\n".join(lines)

    @property
    def reason(self) -> str | None:
        """Why the winner has it, in words; None if nobody has it."""
        if self.winner is None or self.cause is None:
            return None
        return _IN_WORDS.get(self.cause, self.cause.value).format(strategy=self.strategy)

    def to_data(self, names: Names | None = None) -> dict[str, Any]:
        """Return the explanation as plain data for JSON and templates.

        Instants are milliseconds since 1970. An agent or a queue is ``{"id": ..., "name": ...}``;
        ``names`` is as in ``to_text``.
        """
        name = naming(names)

        def named(each: str | None) -> dict[str, str] | None:
            return None if each is None else {"id": each, "name": name(each)}

        has_names = len(self.key_names) == len(self.key)
        return {
            "ticket": self.ticket_id,
            "queue": named(self.queue_id),
            "queues": [named(each) for each in self.queues],
            "state": self.state.value,
            "strategy": self.strategy,
            "waits": None if self.wait_reason is None else self.wait_reason.value,
            "winner": named(self.winner),
            "decided_at": self.decided_at,
            "cause": None if self.cause is None else self.cause.value,
            "reason": self.reason,
            "key": [
                {"name": each, "value": value}
                for each, value in (zip(self.key_names, self.key, strict=True) if has_names else ())
            ],
            "runner_up": named(self.runner_up),
            "exceeded": self.exceeded,
            "asked": [{**(named(who) or {}), "until": until} for who, until in self.asked],
            "others": [
                {
                    **(named(each.agent_id) or {}),
                    "queue": named(each.queue_id),
                    "reason": None if each.reason is None else each.reason.value,
                    "eligible_from": each.eligible_from,
                }
                for each in self.others
            ],
        }

    def _figures(self) -> str:
        names = self.key_names
        if not self.key or len(names) != len(self.key):
            return ""
        pairs = ", ".join(_figure(name, value) for name, value in zip(names, self.key, strict=True))
        return f" ({pairs})"


def naming(names: Names | None) -> Callable[[str], str]:
    """Return what gives the name of an id."""
    if names is None:
        return str
    if isinstance(names, Mapping):
        known = names
        return lambda each: known.get(each, each)
    return names


def _moment(instant: Instant) -> str:
    if instant > LAST_INSTANT:
        return "the end of time"
    return f"{datetime_of(instant):%Y-%m-%d %H:%M:%S} UTC"


def wait_reason(state: State, ticket: TicketRecord) -> WaitReason | None:
    """Return why a ticket waits now, which may differ from when it was queued."""
    if not ticket.entries or ticket.wait_reason in (None, WaitReason.AWAITS_PULL):
        return ticket.wait_reason
    return state.wait_reason(ticket)


def _figure(name: str, value: int) -> str:
    """Return a part of a key for people: what is named ``... since`` is an instant."""
    if name.endswith(" since") and value > 0:
        return f"{name} {_moment(value)}"
    return f"{name} {value}"


def explain(state: State, ticket: TicketRecord) -> Explanation:
    """Explain where a ticket is. O(members of its queue)."""
    queue = ticket.queue
    done = ticket.state is RoutingState.DONE  # an agent may still keep a slot for wrap-up
    winner = None if ticket.agent is None or done else ticket.agent.id
    decision = ticket.assignment if winner is not None else None
    strategy = queue.terms.strategy
    key_names: tuple[str, ...] = ()
    if decision is not None and decision.strategy is not None:
        strategy = decision.strategy
        key_names = registry.create(strategy, source=state.chance).key_names
    return Explanation(
        ticket_id=ticket.id,
        queue_id=queue.id,
        state=ticket.state,
        strategy=str(strategy),
        wait_reason=wait_reason(state, ticket),
        winner=winner,
        decided_at=None if decision is None else decision.at,
        cause=None if decision is None else decision.cause,
        key=() if decision is None else decision.key,
        key_names=key_names,
        runner_up=None if decision is None else decision.runner_up,
        exceeded=None if decision is None else decision.exceeded,
        asked=tuple(
            (agent_id, offer.event.until) for agent_id, offer in (ticket.offers or {}).items()
        ),
        others=() if done else _verdicts(state, ticket, winner),
        queues=tuple([each.id for each in queues_of(ticket)]),
    )


def _verdicts(state: State, ticket: TicketRecord, winner: AgentId | None) -> tuple[Verdict, ...]:
    """Return what keeps each other member of the ticket's queues from it: its own queue's first.

    An agent of several is shown in the first queue that admits them, else in the first.
    """
    verdicts: dict[AgentId, Verdict] = {}
    for queue in queues_of(ticket):
        demand = state.demand_of(ticket, queue)
        for agent_id, member in queue.members.items():
            if agent_id == winner or agent_id in (ticket.offers or ()):
                continue
            known = verdicts.get(agent_id)
            if known is not None and known.reason is None:
                continue
            reason = state.gate.refusal(member, demand)
            if known is None or reason is None:
                from_then = (
                    None if reason is None else _eligible_from(state, ticket, member, demand)
                )
                verdicts[agent_id] = Verdict(
                    agent_id=agent_id, reason=reason, eligible_from=from_then, queue_id=queue.id
                )
    return tuple(verdicts.values())


def _eligible_from(
    state: State, ticket: TicketRecord, member: MemberRecord, demand: Demand
) -> Instant | None:
    """Return when time alone will let the agent have the ticket, if ever."""
    agent_id, timers, asks = member.agent_id, state.timers, demand.asks
    retry_at = timers.due_of(Timer(TimerKind.RETRY, ticket.id, agent_id))
    reserved_until = None
    if asks.reserved is not None and asks.reserved != agent_id:
        reserved_until = timers.due_of(Timer(TimerKind.RESERVE, ticket.id))

    left_out = asks.excluded if demand.own is None else excluded_by(ticket, asked=True)

    def demand_at(instant: Instant) -> Demand:
        excluded, reserved = left_out, asks.reserved
        if excluded and retry_at is not None and instant >= retry_at:
            excluded = read_only({a: why for a, why in excluded.items() if a != agent_id})
        if reserved_until is not None and instant >= reserved_until:
            reserved = None
        if excluded is left_out and reserved == asks.reserved:
            return demand
        if demand.own is None:
            excluded = excluded or None
        asks_then = asks._replace(excluded=excluded, reserved=reserved)
        bare = not excluded and reserved is None and demand.only is None
        plain = None if bare else demand.plain
        return Demand(demand.queue, asks_then, demand.only, plain, own=demand.own)

    shift = member.record.terms.shift
    return state.gate.eligible_from(
        member,
        demand_at,
        ends=[each for each in (retry_at, reserved_until) if each is not None],
        shift=None if shift is None else state.hours(shift),
        shift_at=timers.due_of(Timer(TimerKind.SHIFT, agent_id)),
    )
