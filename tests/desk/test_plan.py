"""Applying a configuration to a running desk: it gets there, and nothing that waits is lost."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketroute import (
    Agent,
    Calendar,
    Defaults,
    Dispatcher,
    Escalation,
    Membership,
    Metric,
    Policy,
    Queue,
    Relaxation,
    RoutingState,
    Target,
    Ticket,
    TicketPriority,
    hours,
    minutes,
)
from ticketroute.desk.config import Config
from ticketroute.desk.config_plan import plan, settled
from ticketroute.desk.config_use import change_by_rules, opened, submit_by_rules
from ticketroute.errors import ConfigurationError, InvalidValueError, TicketRouteError
from ticketroute.model import events as ev
from ticketroute.rules import Ruleset
from ticketroute.testing import DeskBesideReference, check

EXAMPLE = Path(__file__).parents[2] / "examples" / "desk" / "desk.toml"
AGENTS, QUEUES = ("ana", "ben", "cem", "dora"), ("q1", "q2", "q3", "q4")
an_agent: Any = Agent  # ids of a test are plain texts
a_queue: Any = Queue
a_ticket: Any = Ticket
a_policy: Any = Policy
a_step: Any = Relaxation
a_level: Any = Escalation
some_defaults: Any = Defaults

CALENDARS = {
    "office": Calendar(hours={"thu": [("09:00", "17:00")]}),
    "longer": Calendar(hours={"thu": [("08:00", "20:00")], "fri": [("08:00", "20:00")]}),
}


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Generate desks of a few agents and queues, in which every name leads somewhere."""
    calendars = draw(
        st.dictionaries(
            st.sampled_from(["c1", "c2"]), st.sampled_from(list(CALENDARS.values())), max_size=2
        )
    )
    some_calendar = st.sampled_from([None, *calendars])
    agents = {
        name: an_agent(
            id=name,
            capacity=draw(st.integers(1, 3)),
            priority=draw(st.sampled_from([10, 50])),
            shift=draw(some_calendar),
        )
        for name in draw(st.lists(st.sampled_from(AGENTS), unique=True, min_size=1))
    }
    names = draw(st.lists(st.sampled_from(QUEUES), unique=True, min_size=1))
    promised = draw(st.lists(st.sampled_from(["gold", "silver"]), unique=True))
    queues = {}
    for place, name in enumerate(names):
        members = draw(st.lists(st.sampled_from(list(agents)), unique=True))
        leads = draw(st.sampled_from([None, *names[:place]]))
        queues[name] = a_queue(
            id=name,
            members={each: Membership(limit=draw(st.sampled_from([None, 1]))) for each in members},
            strategy=draw(st.sampled_from(["average_load", "round_robin", "top_down"])),
            relaxations=() if leads is None else (a_step(after=minutes(5), add_queue=leads),),
            calendar=draw(some_calendar),
            sla=draw(st.sampled_from([None, *promised])),
        )
    policies = tuple(
        a_policy(
            id=name,
            calendar=draw(some_calendar),
            targets={
                Metric.RESOLUTION: Target(
                    within=hours(draw(st.integers(1, 3))),
                    escalations=[a_level(move_to=draw(st.sampled_from([None, *queues])))],
                )
            },
        )
        for name in promised
    )
    made: Any = Config
    config: Config = made(
        defaults=some_defaults(
            capacity=draw(st.integers(1, 4)), queue=draw(st.sampled_from([None, *queues]))
        ),
        calendars=calendars,
        agents=agents,
        queues=queues,
        policies=policies,
    )
    return config


def with_moves(config: Config, before: Config) -> Config:
    """Return a configuration that names where the tickets of queues go that are gone."""
    target = next(iter(config.queues))
    gone = before.queues.keys() - config.queues.keys()
    return evolve(config, moved=dict.fromkeys(gone, target))


def work(desk: Any, chance: Random, at: int, steps: int) -> int:
    """Do this and that with tickets, and return the last instant."""
    for _ in range(steps):
        at += chance.choice([0, minutes(1), minutes(6), minutes(50)])
        try:
            something(desk, chance, at)
        except (TicketRouteError, InvalidValueError):
            desk.advance(at=at)
    return at


def something(desk: Any, chance: Random, at: int) -> None:
    open_ones = [view.id for view in desk.tickets() if view.state is not RoutingState.DONE]
    kind = chance.random()
    if kind < 0.5 or not open_ones:
        name = f"t{sum(1 for _ in desk.tickets())}"
        desk.submit(a_ticket(id=name, queue=chance.choice(list(desk.queues())).id), at=at)
    elif kind < 0.7:
        desk.resolve(chance.choice(open_ones), at=at)
    elif kind < 0.8:
        desk.hold(chance.choice(open_ones), at=at)
    else:
        desk.set_presence(chance.choice(list(desk.agents())).id, "available", at=at)


def shape(desk: Any, config: Config) -> Config:
    """Return a desk as a configuration would say it."""
    return Config(
        defaults=desk.defaults,
        calendars={
            name: known.editions[-1].calendar
            for name, known in desk.calendars().items()
            if name in config.calendars
        },
        agents={view.id: view.agent for view in desk.agents()},
        queues={queue.id: queue for queue in desk.queues()},
        policies=desk.policies(),
        moved=config.moved,
    )


def as_kept(config: Config) -> Config:
    """Return a configuration with what a desk works out by itself."""
    queues = {name: settled(queue) for name, queue in config.queues.items()}
    return evolve(config, queues=queues)


@settings(max_examples=60, deadline=None)
@given(configs(), configs(), st.integers(0, 1_000))
def test_a_desk_becomes_what_the_configuration_says_and_loses_nothing(
    first: Config, second: Config, seed: int
) -> None:
    chance = Random(seed)  # noqa: S311  a test has to be repeatable
    desk, past = opened(first, at=0)
    assert shape(desk, first) == as_kept(first)
    at = work(desk, chance, 0, 25)
    second = with_moves(second, first)
    before = {view.id: view for view in desk.tickets()}
    made = plan(second, desk)
    same = {view.id: view for view in desk.tickets()}
    assert same == before, "planning changes nothing"
    made.run(desk, at=at)

    got = shape(desk, second)
    assert got == as_kept(second)
    for name, queue in second.queues.items():
        assert list(got.queues[name].members) == list(queue.members)
    after = {view.id: view for view in desk.tickets()}
    assert after.keys() == before.keys()
    for ticket_id, view in before.items():
        was_done = view.state is RoutingState.DONE
        assert (after[ticket_id].state is RoutingState.DONE) == was_done
        assert after[ticket_id].arrived == view.arrived
        if not was_done:
            assert after[ticket_id].queue_id in second.queues
    check(desk)

    assert plan(second, desk).run(desk, at=at) == ()
    at = work(desk, chance, at, 15)
    check(desk)
    assert past


@settings(max_examples=30, deadline=None)
@given(configs(), configs(), st.integers(0, 1_000))
def test_a_replay_of_the_events_gives_the_same_desk(
    first: Config, second: Config, seed: int
) -> None:
    desk, events = opened(first, at=0)
    at = hours(1)
    events += desk.submit(a_ticket(id="t1", queue=next(iter(first.queues))), at=at)
    events += plan(with_moves(second, first), desk).run(desk, at=at)
    assert seed >= 0
    assert Dispatcher.replay(events).same_state(desk)


def test_a_queue_that_goes_with_tickets_has_to_name_where_they_go() -> None:
    first = Config.of("queues = { mail = {}, sales = {} }")
    second = Config.of("queues = { sales = {} }")
    desk, _ = opened(first, at=0)
    desk.submit(a_ticket(id="t1", queue="mail"), at=0)
    snapshot = desk.snapshot()
    with pytest.raises(
        ConfigurationError, match=r"moved\.mail is None; it must be a queue for the 1"
    ):
        plan(second, desk)
    assert desk.snapshot() == snapshot
    third = Config.of("queues = { sales = {} }\nmoved = { mail = 'sales' }")
    made = plan(third, desk)
    assert str(made) == "remove queue 'mail', its tickets go to 'sales'"
    made.run(desk, at=0)
    assert desk.ticket(desk.tickets()[0].id).queue_id == "sales"


def test_an_empty_queue_goes_without_a_word() -> None:
    desk, _ = opened(Config.of("queues = { mail = {}, sales = {} }"), at=0)
    desk.submit(a_ticket(id="t1", queue="mail"), at=0)
    desk.resolve(desk.tickets()[0].id, at=0)
    plan(Config.of("queues = { sales = {} }"), desk).run(desk, at=0)
    assert [queue.id for queue in desk.queues()] == ["sales"]


def test_the_plan_tells_each_change_before_it_happens() -> None:
    desk, _ = opened(
        Config.of("agents = { ana = {}, ben = {} }\nqueues.mail.members = ['ana']"), at=0
    )
    made = plan(
        Config.of("""
            agents = { ana = { capacity = 3 }, cem = {} }
            calendars.office = { zone = "UTC", hours = { mon = [["09:00", "17:00"]] } }
            [defaults]
            capacity = 2
            [queues.mail]
            members = ["cem", "ana"]
            weight = 9
        """),
        desk,
    )
    assert str(made).splitlines() == [
        "add calendar 'office'",
        "change agent 'ana': capacity",
        "add agent 'cem'",
        "change queue 'mail': members, weight",
        "change the defaults",
        "remove agent 'ben'; what they work on goes to others",
    ]
    assert str(plan(Config.of("agents = {ana={}, ben={}}\nqueues.mail.members=['ana']"), desk)) == (
        "nothing to change"
    )


def test_a_desk_is_built_by_the_commands_of_a_plan_from_nothing() -> None:
    config = Config.load(EXAMPLE)
    desk, _ = opened(config, at=0)
    again = Dispatcher()
    for command in plan(config, Dispatcher()).commands:
        again.do(command, at=0)
    assert again.same_state(desk)


def test_overflow_can_turn_round() -> None:
    first = "queues.a = {}\nqueues.b.relaxations = [{ after = '1m', add_queue = 'a' }]"
    second = "queues.a.relaxations = [{ after = '1m', add_queue = 'b' }]\nqueues.b = {}"
    desk, _ = opened(Config.of(first), at=0)
    plan(Config.of(second), desk).run(desk, at=0)
    assert shape(desk, Config()).queues == as_kept(Config.of(second)).queues


def test_a_policy_gives_way_to_another_while_a_queue_names_it() -> None:
    text = "queues.q.sla = '{0}'\npolicies = [{{ id = '{0}', targets.resolution.within = '1h' }}]"
    desk, _ = opened(Config.of(text.format("old")), at=0)
    made = plan(Config.of(text.format("new")), desk)
    assert str(made).splitlines() == [
        "set the policies",
        "change queue 'q': sla",
        "remove policies that no queue names any more",
    ]
    made.run(desk, at=0)
    assert [policy.id for policy in desk.policies()] == ["new"]


def test_the_order_of_members_alone_is_a_change() -> None:
    text = "agents = {{ ana = {{}}, ben = {{}} }}\nqueues.q.members = {}"
    desk, _ = opened(Config.of(text.format(["ana", "ben"])), at=0)
    made = plan(Config.of(text.format(["ben", "ana"])), desk)
    assert str(made) == "change queue 'q': members"
    made.run(desk, at=0)
    assert list(next(iter(desk.queues())).members) == ["ben", "ana"]


def test_a_calendar_that_a_clock_used_stays() -> None:
    office = "calendars.office = { zone='UTC', hours={ thu=[['00:00','24:00']] } }\nqueues.q = {}\n"
    promised = "policies = [{ id='p', calendar='office', targets.resolution.within='1h' }]"
    desk, _ = opened(Config.of(office + promised), at=0)
    desk.submit(a_ticket(id="t1", queue="q"), at=0)
    bare = Config.of("queues.q = {}")
    plan(bare, desk).run(desk, at=0)
    assert list(desk.calendars()) == ["office"]
    assert plan(bare, desk).steps == ()


def test_a_plan_that_a_strategy_refuses_changes_nothing() -> None:
    desk, _ = opened(Config.of("queues.q = {}"), at=0)
    made = plan(Config.of("agents.ana = {}\nqueues.q.strategy = 'random'"), desk)
    with pytest.raises(TicketRouteError, match="random"):
        made.run(desk, at=0)


# --- rules on a desk --------------------------------------------------------------------------


def test_the_example_routes_a_ticket_by_its_rules() -> None:
    config = Config.load(EXAMPLE)
    desk, _ = opened(config, at=0)
    facts: Any = {"tier": "gold", "language": "es-MX"}
    outcome, events = submit_by_rules(
        desk, config.rules, a_ticket(id="t1", attributes=facts), at=0, text="Money back, please"
    )
    assert [each.rule for each in outcome.fired] == [
        "tier gold", "spanish", "refund", "premium at its own department",
    ]  # fmt: skip
    (submitted,) = [event for event in events if isinstance(event, ev.TicketSubmitted)]
    assert submitted.queue_id == "vip"
    assert submitted.ticket.priority is TicketPriority.HIGH
    assert [clock.policy_id for clock in desk.clocks(submitted.ticket_id)] == ["gold", "gold"]
    assert "Money" not in repr(events)


def test_a_rule_asks_the_calendar_of_the_desk() -> None:
    config = Config.load(EXAMPLE)
    for at, queue in ((hours(3), "network"), (hours(12), "technical")):  # 04:00 and 13:00 in Berlin
        desk, _ = opened(config, at=0)
        outcome, _ = submit_by_rules(desk, config.rules, a_ticket(id="c", channel="call"), at=at)
        assert (outcome.ticket.queue or "technical") == queue


def test_rules_run_on_a_change_where_they_say_so() -> None:
    config = Config.load(EXAMPLE)
    desk: Any
    desk, _ = opened(config, at=0)
    desk.submit(a_ticket(id="t1", queue="technical"), at=0)
    assert change_by_rules(desk, config.rules, desk.tickets()[0].id, at=0)[1] == ()
    desk.change_priority("t1", TicketPriority.URGENT, at=0)
    outcome, events = change_by_rules(desk, config.rules, desk.tickets()[0].id, at=0)
    assert str(outcome) == "what turns urgent moves to operations: queue technical -> network"
    assert any(isinstance(event, ev.TicketTransferred) for event in events)
    assert desk.ticket("t1").queue_id == "network"


def test_a_rule_for_changes_may_change_what_a_ticket_asks() -> None:
    text = """
        agents.ana = {}
        queues.q.members = ["ana"]
        [[rules]]
        name = "urgent"
        on = "changed"
        when = { priority = "urgent" }
        then = { skills = { law = 2 }, add_tags = "hot", weight = 3, prefer = "ana" }
    """
    config = Config.of(text)
    desk: Any
    desk, _ = opened(config, at=0)
    desk.submit(a_ticket(id="t1", queue="q"), at=0)
    desk.change_priority("t1", TicketPriority.URGENT, at=0)
    outcome, events = change_by_rules(desk, config.rules, desk.tickets()[0].id, at=0)
    assert type(events[0]) is ev.TicketChanged
    got = desk.ticket("t1").ticket
    assert (got.skills, got.tags, got.weight, got.prefer) == ({"law": 2}, {"hot"}, 3, "ana")
    assert outcome.ticket.skills == {"law": 2}
    assert change_by_rules(desk, config.rules, desk.tickets()[0].id, at=0)[1] == ()


def test_a_calendar_with_public_holidays_is_not_told_as_a_change_again() -> None:
    text = """
        [calendars.office]
        zone = "Europe/Berlin"
        hours = { mon = [["09:00", "17:00"]] }
        holidays = ["12-24", { country = "DE", subdivision = "BY" }]
    """
    desk, _ = opened(Config.of(text), at=0)
    assert plan(Config.of(text), desk).steps == ()
    other = Config.of(text.replace("12-24", "12-31"))
    assert str(plan(other, desk)) == "change calendar 'office'"


def test_a_calendar_that_nothing_uses_is_removed_and_told() -> None:
    text = "calendars.office = { zone='UTC', hours={ thu=[['00:00','24:00']] } }"
    desk, _ = opened(Config.of(text), at=0)
    made = plan(Config.of("queues = {}"), desk)
    assert str(made) == "remove calendar 'office'"
    made.run(desk, at=0)
    assert desk.calendars() == {}


def test_a_rule_that_names_a_calendar_the_desk_lacks_is_refused_and_nothing_changes() -> None:
    config = Config.load(EXAMPLE)
    desk: Any = Dispatcher()
    desk.add_queue(a_queue(id="q"), at=0)
    before = desk.snapshot()
    with pytest.raises(InvalidValueError, match="the calendar of a rule is 'support'"):
        submit_by_rules(desk, config.rules, a_ticket(id="t1", queue="q", channel="call"), at=0)
    assert desk.snapshot() == before
    assert submit_by_rules(desk, Ruleset(), a_ticket(id="t1", queue="q"), at=0)[0].fired == ()


@settings(max_examples=15, deadline=None)
@given(configs(), configs(), st.integers(0, 1_000))
def test_the_reference_desk_agrees_with_every_command_of_a_plan(
    first: Config, second: Config, seed: int
) -> None:
    """The desk beside the reference compares the events of each command by itself."""
    desk = DeskBesideReference()
    plan(first, desk).run(desk, at=0)
    at = work(desk, Random(seed), 0, 12)  # noqa: S311  a test has to be repeatable
    plan(with_moves(second, first), desk).run(desk, at=at)
    assert shape(desk, second).queues == as_kept(second).queues
