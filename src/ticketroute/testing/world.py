"""The world of a history: generators for agents, queues, tickets and what happens to them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any

from attrs import define, field
from hypothesis import strategies as st

from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId
from ticketroute.model.ports import Permits
from ticketroute.model.ticket import Ticket
from ticketroute.testing import promised, values
from ticketroute.testing.intents import Intent
from ticketroute.testing.values import AGENT_FACTS, QUEUE_FACTS, TICKET_FACTS, Facts

Intents = st.SearchStrategy[Intent]

picks = st.integers(0, 30)  # which of the possible ones, by number; 30 means an unknown id
maybe_picks = st.none() | picks
flags = st.booleans()
rarely = st.sampled_from([False] * 5 + [True])
force = st.sampled_from([False, False, True])
stale = st.sampled_from([None] * 6 + [0, 0, 1])  # how many versions expected_version is behind
steps = st.sampled_from([0, 0, 0, 1, 2, 4, 8, "before", "deadline"])
says = st.sampled_from(["available"] * 3 + ["away", "offline", "offline", "lunch"])
authors = st.sampled_from([*ev.Author, ev.Author.REQUESTER, ev.Author.REQUESTER])
SHIFTS = st.sampled_from([None, None, None, *promised.CALENDARS])
SLAS = st.sampled_from([None, None, *promised.POLICIES])
member_lists = st.lists(values.agent_ids, unique=True, max_size=5)


class OneOfThree:
    """A host that refuses about a third of all tickets for each agent."""

    def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
        """Return whether the host allows it, computed from the ids."""
        return sum(map(ord, agent_id + ticket.id)) % 3 != 0

    def __repr__(self) -> str:
        return "OneOfThree()"


def _intents(verb: str, **facts: st.SearchStrategy[Any]) -> Intents:
    return st.builds(Intent, st.just(verb), steps, st.fixed_dictionaries(facts))


@st.composite
def some_of(draw: st.DrawFn, facts: Facts, *, always: AbstractSet[str]) -> dict[str, Any]:
    """Generate the fields that are always there, and about a quarter of the others."""
    among = st.integers(0, 2 ** len(facts) - 1)
    chosen = draw(among) & draw(among)
    return {
        name: draw(generator)
        for number, (name, generator) in enumerate(facts.items())
        if name in always or chosen >> number & 1
    }


@define(slots=False, eq=False)
class World:
    """Generators of what happens on a desk; the fields define what may be on it.

    ``agents``, ``queues`` and ``tickets`` map fields of the model's values to generators and
    replace the usual ones. ``service_levels`` is whether there are calendars, shifts and policies.
    ``permits`` are hosts with rules of their own; None means no rule.

    >>> from hypothesis import strategies as st
    >>> calls_only = World(tickets={"channel": st.just("call")})
    """

    agents: Facts = field(factory=dict)
    queues: Facts = field(factory=dict)
    tickets: Facts = field(factory=dict)
    permits: tuple[Permits | None, ...] = (None, None, OneOfThree())
    most_agents: int = 5
    service_levels: bool = False

    @cached_property
    def agent_facts(self) -> Facts:
        """The generators of an agent's fields."""
        shifts: Facts = {"shift": SHIFTS} if self.service_levels else {}
        return AGENT_FACTS | shifts | self.agents

    @cached_property
    def agent(self) -> st.SearchStrategy[dict[str, Any]]:
        """Generate an agent's capacity, and some other fields."""
        return some_of(self.agent_facts, always={"capacity", "shift", *self.agents})

    @cached_property
    def queue(self) -> st.SearchStrategy[dict[str, Any]]:
        """Generate how a queue hands out, and some of its other fields."""
        return some_of(self.queue_facts, always={"strategy", "delivery", "offer", *self.queues})

    @cached_property
    def queue_facts(self) -> Facts:
        """The generators of a queue's fields."""
        return QUEUE_FACTS | self.queues

    @cached_property
    def ticket_facts(self) -> st.SearchStrategy[dict[str, Any]]:
        """The generators of some of a ticket's fields; the others keep their defaults."""
        others = {name: each for name, each in TICKET_FACTS.items() if name not in self.tickets}
        return st.fixed_dictionaries(self.tickets, optional=others)

    @cached_property
    def ticket_changes(self) -> st.SearchStrategy[dict[str, Any]]:
        """Some fields that a ticket on the desk may get anew."""
        names = ("channel", "skills", "requester", "prefer", "weight", "due")
        facts = TICKET_FACTS | self.tickets
        tags: Facts = {"tags": st.sampled_from([(), ("vip",)])}
        return st.fixed_dictionaries({}, optional={name: facts[name] for name in names} | tags)

    # --- what happens -----------------------------------------------------------------------

    @cached_property
    def arrivals(self) -> Intents:
        """Generate arrivals of one ticket or several."""
        batch = st.lists(st.tuples(picks, self.ticket_facts), min_size=1, max_size=4)
        by = st.sampled_from([None, "sue"])
        return st.one_of(
            _intents("submit", pick=picks, facts=self.ticket_facts, by=by),
            _intents("submit_many", several=batch),
            _intents("adopt", pick=picks, who=picks, facts=self.ticket_facts),
        )

    @cached_property
    def moves(self) -> Intents:
        """Generate assignments, transfers and releases by hand."""
        facts: Facts = {"pick": picks, "fresh": flags, "force": flags, "stale": stale}
        nowhere = st.none()
        return values.often(
            (3, _intents("transfer", queue_pick=picks, agent_pick=nowhere, **facts)),
            (3, _intents("transfer", queue_pick=nowhere, agent_pick=picks, **facts)),
            (1, _intents("transfer", queue_pick=maybe_picks, agent_pick=maybe_picks, **facts)),
            (2, _intents("assign", pick=picks, who=picks, force=force, stale=stale)),
            (1, _intents("take", who=picks, pick=picks, anything=flags)),
            (1, _intents("take_next", who=picks)),
            (
                1,
                _intents(
                    "release",
                    pick=picks,
                    stale=stale,
                    avoid=st.none() | maybe_picks,
                    hold=st.none() | st.sampled_from(ev.HoldStatus),
                ),
            ),
        )

    @cached_property
    def answers(self) -> Intents:
        """Generate answers to offers."""
        reasons = st.sampled_from(["declined", "busy", "lunch"])
        return st.one_of(
            _intents("accept", pick=picks, who=picks, anybody=rarely, stale=stale),
            _intents("decline", pick=picks, who=picks, anybody=rarely, reason=reasons),
        )

    @cached_property
    def work(self) -> Intents:
        """Generate work on tickets."""
        statuses, scores = st.sampled_from(ev.HoldStatus), st.sampled_from([0, 100, 101])
        return values.often(
            (5, _intents("hold", pick=picks, status=statuses, stale=stale)),
            (2, _intents("reply", pick=picks, author=authors, who=maybe_picks, rests=flags)),
            (2, _intents("resume", pick=picks, stale=stale)),
            (1, _intents("change_priority", pick=picks, priority=values.priorities)),
            (2, _intents("change_ticket", pick=picks, changes=self.ticket_changes, release=flags)),
            (1, _intents("rate", pick=picks, score=scores)),
            (1, _intents("submit_again", pick=picks, facts=self.ticket_facts, at_front=flags)),
        )

    @cached_property
    def endings(self) -> Intents:
        """Generate ends and reopenings of tickets."""
        return st.one_of(
            _intents("resolve", pick=picks, stale=stale, anything=flags),
            _intents("end_wrap_up", pick=picks),
            _intents("close", pick=picks),
            _intents("reopen", pick=picks, stale=stale),
            _intents("abandon", pick=picks),
            _intents("merge", pick=picks, into_pick=picks),
            _intents("forget", ago=st.integers(-1, 20)),
        )

    @cached_property
    def staffing(self) -> Intents:
        """Generate changes of agents and their terms."""
        on = st.sampled_from([True, True, False])
        some_agent = st.fixed_dictionaries({}, optional=self.agent_facts)
        some_queue = st.fixed_dictionaries({}, optional=self.queue_facts)
        strategy = st.fixed_dictionaries({"strategy": self.queue_facts["strategy"]})
        terms = values.memberships()
        return st.one_of(
            *([self.agreements] if self.service_levels else []),
            _intents("set_presence", pick=picks, presence=says),
            _intents("switch_channel", pick=picks, channel=values.channels, on=on),
            _intents("change_agent", pick=picks, facts=some_agent),
            _intents("change_queue", pick=picks, facts=some_queue),
            _intents("change_queue", pick=picks, facts=strategy),
            _intents("membership", pick=picks, who=picks, terms=terms, ends=flags),
        )

    @cached_property
    def agreements(self) -> Intents:
        """Generate changes of policies and calendars."""
        since = st.none() | st.integers(-12, 12)
        facts = {"calendar": promised.maybe_calendar_ids, "sla": SLAS}
        given = st.fixed_dictionaries({}, optional=facts)
        return st.one_of(
            _intents(
                "set_calendar",
                calendar_id=promised.calendar_ids,
                calendar=promised.calendars(),
                since=since,
            ),
            _intents("set_policies", several=promised.agreements(queues=values.queue_ids)),
            _intents("change_queue", pick=picks, facts=given),
            _intents("change_agent", pick=picks, facts=st.fixed_dictionaries({"shift": SHIFTS})),
            _intents("remove_calendar", calendar_id=promised.calendar_ids),
            _intents("refresh_calendars", since=since),
        )

    @cached_property
    def upheavals(self) -> Intents:
        """Generate changes of the whole desk."""
        serves, terms = st.sampled_from([True, True, False]), values.memberships()
        return st.one_of(
            _intents("add_agent", who=values.agent_ids, facts=self.agent, serves=serves),
            _intents("remove_agent", pick=picks),
            _intents(
                "add_queue",
                queue_id=values.queue_ids,
                facts=self.queue,
                members=member_lists,
                terms=terms,
            ),
            _intents("change_members", pick=picks, members=member_lists, terms=terms),
            _intents("remove_queue", pick=picks, to_pick=maybe_picks),
            _intents("change_defaults", new=values.defaults()),
        )

    @cached_property
    def service(self) -> Intents:
        """Generate work as usual: an agent answers an offer, resolves a ticket, or takes one."""
        return _intents("serve", who=picks)

    @cached_property
    def time(self) -> Intents:
        """Generate passing time."""
        return _intents("advance")

    @cached_property
    def anything(self) -> Intents:
        """Generate any of these; those that keep a desk busy are more frequent."""
        agreements = [(2, self.agreements)] if self.service_levels else []
        return values.often(
            (8, self.service),
            (6, self.arrivals),
            (3, self.answers),
            (7, self.moves),
            (5, self.work),
            (2, self.time),
            (2, self.endings),
            (2, self.staffing),
            (1, self.upheavals),
            *agreements,
        )

    @cached_property
    def anything_more(self) -> st.SearchStrategy[Intent | None]:
        """Generate any of these, or rarely None, with which a history ends.

        None is far from 0, so that also the simplest history, of which Hypothesis makes many
        others, is a long one; and far from the end, because Hypothesis draws ends more often.
        """
        return values.often((470, self.anything), (1, st.none()), (233, self.anything))
