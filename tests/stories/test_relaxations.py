"""Relaxations: what a ticket asks less, or elsewhere, the longer it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ticketroute import (
    Delivery,
    Dispatcher,
    Escalation,
    Membership,
    OfferPolicy,
    Reach,
    Relaxation,
    RoutingState,
    Target,
    Ticket,
    TicketPriority,
    minutes,
    seconds,
)
from ticketroute.errors import (
    InvalidValueError,
    NotEligibleError,
    OverflowCircleError,
    UnknownQueueError,
)
from ticketroute.events import WaitReason
from ticketroute.model import AgentId, QueueId, Reason, TicketId
from ticketroute.model import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stories.conftest import Desk

ANA, BEN, CEM = AgentId("ana"), AgentId("ben"), AgentId("cem")
MAIL, CHAT, NIGHT = QueueId("mail"), QueueId("chat"), QueueId("night")
T1, T2, T3 = (TicketId(f"t{number}") for number in (1, 2, 3))
LOW, NORMAL, HIGH = TicketPriority.LOW, TicketPriority.NORMAL, TicketPriority.HIGH


def after(span: int, **changes: Any) -> Relaxation:
    return Relaxation(after=seconds(span), **changes)


def asked(desk: Desk) -> list[tuple[int, str]]:
    """Return who was asked in which second, so far."""
    return [
        (event.at // seconds(1), event.agent_id)
        for event in desk.history
        if isinstance(event, ev.TicketOffered)
    ]


def relaxed(desk: Desk) -> list[tuple[int, int]]:
    """Return which step was taken in which second, so far."""
    return [
        (event.at // seconds(1), event.step)
        for event in desk.history
        if isinstance(event, ev.TicketRelaxed)
    ]


def ring(desk: Desk, name: str, *, answer_within: int, most: int, **facts: Any) -> None:
    """Open a queue of calls that nobody answers, with agents of the priorities of ``members``."""
    desk.open_queue(
        name,
        delivery=Delivery.OFFER,
        strategy="priority",
        offer=OfferPolicy(timeout=seconds(answer_within), parallel=most, max_misses=1_000),
        **facts,
    )


def ranked(**priorities: int) -> dict[AgentId, Membership]:
    return {AgentId(name): Membership(priority=given) for name, given in priorities.items()}


# --- what other products call it ------------------------------------------------------------------


def test_asterisk_penalty_rules(desk: Desk) -> None:
    """``penaltychange => 30,+3`` and ``60,10,5`` for penalties 0, 6, 9 in a window of 0 to 5."""
    desk.staff("p0", "p6", "p9")
    ring(
        desk,
        "support",
        answer_within=20,
        most=3,
        members=ranked(p0=1, p6=7, p9=10),
        reach=Reach(1, 6),
        relaxations=[after(30, reach=Reach(1, 9)), after(60, reach=Reach(6, 11))],
    )
    desk.ask("t1", "support", at=0)
    desk.advance(at=seconds(59))
    assert asked(desk) == [(0, "p0"), (30, "p6")]
    verdicts = {each.agent_id: each.reason for each in desk.explain(T1).others}
    assert verdicts == {"p0": Reason.MISSED, "p6": Reason.MISSED, "p9": Reason.OUT_OF_REACH}

    desk.advance(at=minutes(3))
    assert asked(desk)[2:] == [(60, "p9"), (110, "p6"), (140, "p9")]  # p0 never again
    reason = {each.agent_id: each.reason for each in desk.explain(T1).others}[AgentId("p0")]
    assert reason is Reason.OUT_OF_REACH


LEVELS = {"level0": 1, "level1": 2, "level2": 3}


@pytest.mark.parametrize(
    ("steps", "there", "expected"),
    [
        pytest.param(
            [after(30, reach=Reach(1, 2)), after(60, reach=Reach(1, 3))],
            ("level0", "level1", "level2"),
            [(0, "level0"), (30, "level1"), (60, "level2")],
            id="wait-second=30, multiply-level",
        ),
        pytest.param(
            [after(30, reach=Reach(1, 3))],
            ("level0", "level1", "level2"),
            [(0, "level0"), (30, "level1"), (30, "level2")],
            id="wait-second=30, multiply-level=false",
        ),
        pytest.param(
            [after(30, reach=Reach(1, 2)), after(60, reach=Reach(1, 3))],
            ("level1", "level2"),
            [(30, "level1"), (60, "level2")],
            id="nobody at level 0",
        ),
        pytest.param(
            [
                after(30, reach=Reach(1, 2), skip_wait=True),
                after(60, reach=Reach(1, 3), skip_wait=True),
            ],
            ("level1", "level2"),
            [(0, "level1"), (60, "level2")],
            id="nobody at level 0, no-agent-no-wait",
        ),
        pytest.param(
            [
                after(30, reach=Reach(1, 2), skip_wait=True),
                after(60, reach=Reach(1, 3), skip_wait=True),
            ],
            ("level2",),
            [(0, "level2")],
            id="nobody at levels 0 and 1, no-agent-no-wait",
        ),
    ],
)
def test_freeswitch_tiers(
    desk: Desk, steps: list[Relaxation], there: tuple[str, ...], expected: list[tuple[int, str]]
) -> None:
    desk.staff(*LEVELS)
    for name in LEVELS:
        if name not in there:
            desk.set_presence(AgentId(name), "offline", at=0)
    ring(
        desk,
        "support",
        answer_within=90,
        most=3,
        members=ranked(**LEVELS),
        reach=Reach(1, 1),
        relaxations=steps,
    )
    desk.ask("t1", "support", at=0)
    desk.advance(at=seconds(89))
    assert asked(desk) == expected


def test_freeswitch_without_tier_rules_asks_all_tiers_in_order_and_at_once(desk: Desk) -> None:
    desk.staff(*LEVELS)
    ring(desk, "support", answer_within=90, most=3, members=ranked(**LEVELS))
    desk.ask("t1", "support", at=0)
    assert asked(desk) == [(0, "level0"), (0, "level1"), (0, "level2")]


def test_azure_a_worker_selector_that_expires(desk: Desk) -> None:
    desk.staff("ana", skills={"french": 8})
    desk.staff("ben")
    ring(
        desk,
        "xbox",
        answer_within=60,
        most=2,
        members=[ANA, BEN],
        relaxations=[after(45, drop=["french"])],
    )
    desk.ask("t1", "xbox", at=0, skills={"french": 5})
    assert desk.explain(T1).others[0].reason is Reason.MISSING_SKILL
    desk.advance(at=seconds(59))
    assert asked(desk) == [(0, "ana"), (45, "ben")]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ((ANA, BEN, CEM), [(0, "ana"), (10, "ben"), (20, "cem")]),
        ((ANA, CEM), [(0, "ana"), (10, "cem")]),  # nobody there in q2: skipped
        ((CEM,), [(0, "cem")]),
    ],
)
def test_twilio_targets_with_timeouts_that_add_up(
    desk: Desk, there: tuple[AgentId, ...], expected: list[tuple[int, str]]
) -> None:
    """Targets q1 and q2 with ``timeout: 10`` and ``skip_if: workers.available == 0``, then q3."""
    desk.staff("ana", "ben", "cem")
    for agent_id in {ANA, BEN, CEM} - set(there):
        desk.set_presence(agent_id, "offline", at=0)
    leads_to: dict[str, list[Relaxation]] = {
        "q3": [],
        "q2": [after(10, move_to=QueueId("q3"), skip_wait=True)],
        "q1": [after(10, move_to=QueueId("q2"), skip_wait=True)],
    }
    for (name, steps), agent_id in zip(leads_to.items(), (CEM, BEN, ANA), strict=True):
        ring(desk, name, answer_within=60, most=1, members=[agent_id], relaxations=steps)
    desk.ask("t1", "q1", at=0)
    desk.advance(at=seconds(59))
    assert asked(desk) == expected
    assert desk.ticket(T1).queue_id == "q3"
    assert desk.ticket(T1).offered_to == ("cem",)
    assert desk.ticket(T1).arrived == 0


def test_genesys_bullseye_rings_that_remove_skills(desk: Desk) -> None:
    """Remove skill a after 30 s and b after another 30 s; ring n takes in the rings inside it."""
    desk.staff("both", skills={"a": 1, "b": 1})
    desk.staff("only_b", skills={"b": 1})
    desk.staff("neither")
    ring(
        desk,
        "sales",
        answer_within=90,
        most=3,
        members=ranked(both=1, only_b=2, neither=3),
        reach=Reach(1, 1),
        relaxations=[
            after(30, reach=Reach(1, 2), drop=["a"]),
            after(60, reach=Reach(1, 3), drop=["b"]),
        ],
    )
    desk.ask("t1", "sales", at=0, skills={"a": 1, "b": 1})
    desk.advance(at=seconds(89))
    assert asked(desk) == [(0, "both"), (30, "only_b"), (60, "neither")]
    assert [event.skills for event in desk.history if isinstance(event, ev.TicketRelaxed)] == [
        {"b": 1},
        {},
    ]


# --- what a schedule has to be --------------------------------------------------------------------


@pytest.mark.parametrize("spans", [(60, 30), (30, 30), (10, 30, 20)])
def test_steps_out_of_order_or_at_one_instant_are_refused(desk: Desk, spans: list[int]) -> None:
    steps = [after(span, drop=["french"]) for span in spans]
    with pytest.raises(InvalidValueError, match="each relaxation after a longer wait"):
        desk.open_queue("mail", relaxations=steps)
    desk.open_queue("mail")
    with pytest.raises(InvalidValueError, match="each relaxation after a longer wait"):
        desk.change_queue(MAIL, relaxations=steps, at=1)
    assert desk.queue(MAIL).relaxations == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"after": -1},
        {"after": 1.5},
        {"after": True},
        {"after": 1, "reach": (1, 2)},
        {"after": 1, "priority": 2},
        {"after": 1, "lower": {"french": 0}},
        {"after": 1, "lower": {"french": 11}},
        {"after": 1, "drop": [""]},
        {"after": 1, "skip_wait": 1},
        {"after": 1, "move_to": ""},
        {"after": 1, "move_to": "night", "add_queue": "chat"},
    ],
)
def test_a_step_of_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        Relaxation(**wrong)


def test_a_reach_of_nobody_is_refused() -> None:
    for least, greatest in ((7, 6), (0, 5), (1, 101)):
        with pytest.raises(InvalidValueError):
            Reach(least, greatest)


def test_a_schedule_is_of_steps_and_of_at_most_a_hundred(desk: Desk) -> None:
    desk.open_queue("mail", relaxations=[after(span) for span in range(100)])
    with pytest.raises(InvalidValueError, match="at most 100"):
        desk.open_queue("chat", relaxations=[after(span) for span in range(101)])
    with pytest.raises(InvalidValueError, match="must be a Relaxation"):
        desk.open_queue("chat", relaxations=[30])


# --- where a schedule leads -----------------------------------------------------------------------


@pytest.mark.parametrize("way", ["add_queue", "move_to"])
def test_a_queue_that_overflows_into_itself_is_refused(desk: Desk, way: str) -> None:
    into_itself = [after(1, **{way: MAIL})]
    with pytest.raises(OverflowCircleError, match="'mail' -> 'mail'"):
        desk.open_queue("mail", relaxations=into_itself)
    assert list(desk.queues()) == []
    desk.open_queue("mail")
    with pytest.raises(OverflowCircleError):
        desk.change_queue(MAIL, relaxations=into_itself, at=1)
    assert desk.queue(MAIL).relaxations == ()


@pytest.mark.parametrize("way", ["add_queue", "move_to"])
def test_circles_of_two_and_three_queues_are_refused(desk: Desk, way: str) -> None:
    desk.open_queue("night")
    desk.open_queue("chat", relaxations=[after(1, **{way: NIGHT})])
    desk.open_queue("mail", relaxations=[after(1, **{way: CHAT})])
    with pytest.raises(OverflowCircleError) as two:
        desk.change_queue(NIGHT, relaxations=[after(9, add_queue=CHAT)], at=1)
    assert two.value.circle == ("night", "chat", "night")
    with pytest.raises(OverflowCircleError) as three:
        desk.change_queue(NIGHT, relaxations=[after(8), after(9, move_to=MAIL)], at=1)
    assert three.value.circle == ("night", "mail", "chat", "night")
    assert desk.queue(NIGHT).relaxations == ()
    desk.change_queue(MAIL, relaxations=[], at=2)
    desk.change_queue(NIGHT, relaxations=[after(9, move_to=MAIL)], at=2)  # no circle any more


def test_circles_are_refused_also_where_a_queue_comes_back_that_had_gone(desk: Desk) -> None:
    desk.open_queue("night")
    desk.open_queue("chat", relaxations=[after(1, add_queue=NIGHT)])
    desk.open_queue("mail", relaxations=[after(1, move_to=CHAT)])
    desk.remove_queue(NIGHT, at=1)
    for back, circle in ((CHAT, ("night", "chat", "night")), (MAIL, None)):
        with pytest.raises(OverflowCircleError) as refused:
            desk.open_queue("night", relaxations=[after(9, add_queue=back)])
        assert refused.value.circle == (circle or ("night", "mail", "chat", "night"))
    assert [queue.id for queue in desk.queues()] == ["chat", "mail"]


def test_two_ways_to_one_queue_are_no_circle(desk: Desk) -> None:
    desk.open_queue("night")
    desk.open_queue("chat", relaxations=[after(1, add_queue=NIGHT)])
    desk.open_queue("mail", relaxations=[after(1, add_queue=CHAT), after(2, add_queue=NIGHT)])
    assert len(desk.queue(MAIL).relaxations) == 2


@pytest.mark.parametrize("way", ["add_queue", "move_to"])
def test_overflow_into_a_queue_that_is_not_there_is_refused(desk: Desk, way: str) -> None:
    steps = [after(1, **{way: NIGHT})]
    with pytest.raises(UnknownQueueError, match="night"):
        desk.open_queue("mail", relaxations=steps)
    desk.open_queue("mail")
    with pytest.raises(UnknownQueueError, match="night"):
        desk.change_queue(MAIL, relaxations=steps, at=1)
    assert desk.queue(MAIL).relaxations == ()


# --- what a step does -----------------------------------------------------------------------------


def test_a_step_is_taken_at_exactly_its_instant(desk: Desk) -> None:
    desk.staff("ana", priority=20)
    desk.open_queue(
        "mail", "ana", reach=Reach(1, 10), relaxations=[Relaxation(after=500, reach=Reach())]
    )
    desk.ask("t1", "mail", at=1_000)
    assert desk.told == ["t1 submitted", "t1 waits: nobody_fits"]
    assert desk.next_deadline() == 1_500
    desk.advance(at=1_499)
    assert desk.who("t1") is None
    desk.advance(at=2_000)
    assert [type(event).__name__ for event in desk.last] == ["TicketRelaxed", "TicketAssigned"]
    assert {event.at for event in desk.last} == {1_500}
    assert desk.next_deadline() is None


def test_a_step_due_at_once_is_taken_in_the_same_command(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana", relaxations=[Relaxation(after=0, drop=["french"])])
    desk.ask("t1", "mail", at=5, skills={"french": 5})
    assert desk.who("t1") == "ana"
    assert relaxed(desk) == [(0, 1)]


def test_a_ticket_that_is_out_of_reach_waits_for_its_step(desk: Desk) -> None:
    desk.staff("ana", priority=20)
    desk.open_queue("mail", "ana", reach=Reach(1, 10), relaxations=[after(60, reach=Reach(15, 25))])
    desk.ask("t1", "mail", at=0)
    (verdict,) = desk.explain(T1).others
    assert verdict.reason is Reason.OUT_OF_REACH
    desk.advance(at=seconds(60))
    assert desk.who("t1") == "ana"


def test_the_priority_in_the_queue_counts_for_its_reach(desk: Desk) -> None:
    desk.staff("ana", "ben", priority=1)
    desk.open_queue("mail", members=ranked(ana=20, ben=5), reach=Reach(10, 30), strategy="priority")
    desk.ask("t1", "mail", at=1)
    assert desk.who("t1") == "ana"
    desk.change_member(MAIL, BEN, Membership(priority=10), at=2)
    desk.ask("t2", "mail", at=3)
    assert desk.who("t2") == "ben"


def test_a_later_reach_replaces_the_one_before(desk: Desk) -> None:
    desk.staff("ana", priority=1)
    desk.open_queue(
        "mail",
        "ana",
        reach=Reach(5, 9),
        relaxations=[after(10, reach=Reach(6, 9)), after(20), after(30, reach=Reach(1, 2))],
    )
    desk.ask("t1", "mail", at=0)
    desk.advance(at=seconds(29))
    assert desk.who("t1") is None
    desk.advance(at=seconds(30))
    assert desk.who("t1") == "ana"


def test_levels_are_lowered_step_by_step_and_never_raised(desk: Desk) -> None:
    desk.staff("ana", skills={"french": 3})
    desk.open_queue(
        "mail",
        "ana",
        relaxations=[
            after(10, lower={"french": 6, "spanish": 9}),
            after(20, lower={"french": 9}),
            after(30, lower={"french": 3}),
        ],
    )
    desk.ask("t1", "mail", at=0, skills={"french": 8})
    desk.advance(at=seconds(30))
    taken = [event.skills for event in desk.history if isinstance(event, ev.TicketRelaxed)]
    assert taken == [{"french": 6}, {"french": 6}, {"french": 3}]
    assert (desk.who("t1"), desk.last[-1].at) == ("ana", seconds(30))


@pytest.mark.parametrize("way", ["a step", "a level", "a queue that goes"])
def test_the_skills_left_are_in_the_order_of_the_ticket_on_a_replayed_desk_as_well(
    desk: Desk, way: str
) -> None:
    """Equal asks are kept once, in the order of the first; a replay meets others first."""
    desk.staff("ana", skills={"a": 2, "b": 2}, capacity=1)
    desk.open_queue("night")
    spills = after(1, add_queue=NIGHT)
    steps = {"a step": [after(5, lower={"a": 1})], "a queue that goes": [spills]}.get(way, [])
    desk.open_queue("mail", "ana", relaxations=steps)
    if way == "a level":
        level = Escalation(offset=-seconds(1), lower={"a": 1})
        desk.promise(assignment=Target(within=seconds(6), escalations=(level,)))
    desk.ask("t1", "mail", at=0, skills={"a": 2, "b": 1})
    desk.ask("t2", "mail", at=0, skills={"b": 1, "a": 2})
    if way == "a queue that goes":
        desk.advance(at=seconds(2))
    twin = Dispatcher.replay(desk.history)
    if way == "a queue that goes":
        ours = desk.remove_queue(NIGHT, at=seconds(5))
        theirs = twin.remove_queue(NIGHT, at=seconds(5))
    else:
        ours, theirs = desk.advance(at=seconds(5)), twin.advance(at=seconds(5))
    assert repr(ours) == repr(theirs)
    relaxed_to = next(event for event in ours if isinstance(event, ev.TicketRelaxed))
    assert list(relaxed_to.skills) == ["b", "a"]


def test_a_skill_dropped_leaves_the_others(desk: Desk) -> None:
    desk.staff("ana", skills={"french": 3})
    desk.staff("ben")
    desk.open_queue("mail", "ben", "ana", relaxations=[after(10, drop=["legal"])])
    desk.ask("t1", "mail", at=0, skills={"french": 3, "legal": 1})
    desk.advance(at=seconds(10))
    assert desk.who("t1") == "ana"


def test_priority_is_raised_and_never_lowered(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", relaxations=[after(60, priority=NORMAL)])
    desk.ask("busy", "mail", at=0)
    desk.ask("t1", "mail", at=seconds(1), priority=LOW)
    desk.ask("t2", "mail", at=seconds(2), priority=HIGH)
    desk.ask("t3", "mail", at=seconds(30), priority=NORMAL)
    assert desk.waiting(MAIL) == ("t2", "t3", "t1")
    desk.advance(at=seconds(62))
    assert [desk.ticket(each).priority for each in (T1, T2, T3)] == [NORMAL, HIGH, NORMAL]
    assert desk.waiting(MAIL) == ("t2", "t1", "t3")


def test_age_and_place_are_kept(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.staff("ben", capacity=1, priority=60)
    desk.open_queue(
        "mail", "ana", "ben", reach=Reach(1, 50), relaxations=[after(60, reach=Reach())]
    )
    desk.ask("busy", "mail", at=0)
    desk.ask("t1", "mail", at=seconds(1))
    desk.ask("t2", "mail", at=seconds(30))
    assert desk.waiting(MAIL) == ("t1", "t2")
    before = desk.ticket(T1).arrived, desk.position(T1), desk.position(T2)
    desk.set_presence(BEN, "away", at=seconds(50))
    desk.advance(at=seconds(61))  # t1 may go to more agents now, and is still ahead of t2
    assert (desk.ticket(T1).arrived, desk.position(T1), desk.position(T2)) == before
    desk.ask("t3", "mail", at=seconds(62), arrived=seconds(0))
    assert desk.waiting(MAIL) == ("t3", "t1", "t2")
    desk.resolve(TicketId("busy"), at=seconds(63))
    assert desk.who("t3") == "ana"
    desk.set_presence(BEN, "available", at=seconds(64))
    assert desk.who("t1") == "ben"


# --- a ticket in several queues -------------------------------------------------------------------


def overflowing(desk: Desk, **facts: Any) -> None:
    """A busy mail desk whose tickets wait at the night desk as well after a minute."""
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("night", "ben", **facts)
    desk.open_queue("mail", "ana", relaxations=[after(60, add_queue=NIGHT)])
    desk.ask("a", "mail", at=0)
    desk.ask("b", "night", at=0)
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "night", at=seconds(1))
    desk.advance(at=seconds(60))
    assert desk.waiting(MAIL) == ("t1",)


def test_in_two_queues_it_keeps_its_place_by_age_in_both(desk: Desk) -> None:
    overflowing(desk)
    assert desk.waiting(NIGHT) == ("t1", "t2")
    assert desk.ticket(T1).queue_id == "mail"


@pytest.mark.parametrize(("freed", "agent", "queue"), [("a", "ana", "mail"), ("b", "ben", "night")])
def test_from_two_queues_it_is_assigned_once_and_leaves_both_lines(
    desk: Desk, freed: str, agent: str, queue: str
) -> None:
    overflowing(desk)
    desk.resolve(TicketId(freed), at=seconds(61))
    assert desk.who("t1") == agent
    assert desk.ticket(T1).queue_id == queue
    assert desk.waiting(MAIL) == ()
    assert "t1" not in desk.waiting(NIGHT)
    given = [
        event
        for event in desk.history
        if isinstance(event, ev.TicketAssigned) and event.ticket_id == "t1"
    ]
    assert len(given) == 1
    desk.resolve(TicketId("b" if freed == "a" else "a"), at=seconds(62))
    assert desk.who("t1") == agent


def test_agents_of_both_queues_gain_room_in_one_command_and_it_goes_to_one(desk: Desk) -> None:
    overflowing(desk)
    desk.set_presence(ANA, "away", at=seconds(61))
    desk.set_presence(BEN, "away", at=seconds(61))
    desk.resolve(TicketId("a"), at=seconds(62))
    desk.resolve(TicketId("b"), at=seconds(62))
    desk.add_member(MAIL, BEN, at=seconds(63))
    desk.set_presence(BEN, "available", at=seconds(64))
    assert desk.who("t1") == "ben"
    assert desk.who("t2") is None
    assert desk.waiting(MAIL) == ()


@pytest.mark.parametrize("road", ["take", "assign"])
def test_an_agent_of_the_other_queue_may_have_it_by_name(desk: Desk, road: str) -> None:
    overflowing(desk, delivery=Delivery.PULL)
    assert desk.waiting(NIGHT) == ("b", "t1", "t2")
    if road == "take":
        desk.take(T1, BEN, at=seconds(61))
    else:
        desk.assign(T1, BEN, at=seconds(61))
    assert (desk.who("t1"), desk.ticket(T1).queue_id) == ("ben", "night")
    assert desk.waiting(MAIL) == ()
    with pytest.raises(NotEligibleError, match="agent_limit"):  # and not: not_member
        desk.take(T2, BEN, at=seconds(62))


def test_it_may_take_a_step_that_finds_somebody_at_once(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.staff("ben")
    desk.open_queue("night", "ben")
    desk.open_queue("mail", "ana", relaxations=[after(60, add_queue=NIGHT)])
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "mail", at=0)
    desk.advance(at=seconds(60))
    assert (desk.who("t2"), desk.ticket(T2).queue_id) == ("ben", "night")
    assert desk.waiting(NIGHT) == ()


def test_offers_of_an_overflowed_ticket_come_from_both_and_one_acceptance_ends_all(
    desk: Desk,
) -> None:
    desk.staff("ana", "ben")
    policy = OfferPolicy(timeout=seconds(90), parallel=2)
    desk.open_queue("night", "ben", delivery=Delivery.OFFER, offer=policy)
    desk.open_queue(
        "mail",
        "ana",
        delivery=Delivery.OFFER,
        offer=policy,
        relaxations=[after(60, add_queue=NIGHT)],
    )
    desk.ask("t1", "mail", at=0)
    desk.advance(at=seconds(61))
    assert asked(desk) == [(0, "ana"), (60, "ben")]
    desk.accept(T1, BEN, at=seconds(62))
    assert (desk.who("t1"), desk.ticket(T1).queue_id) == ("ben", "night")
    assert desk.load("ana") == 0
    assert desk.waiting(MAIL) == desk.waiting(NIGHT) == ()


def test_a_queue_that_goes_takes_its_overflow_along(desk: Desk) -> None:
    overflowing(desk)
    desk.remove_queue(NIGHT, move_to=MAIL, at=seconds(61))
    assert desk.waiting(MAIL) == ("b", "t1", "t2")  # b has lost ben, who is no member of mail
    desk.resolve(TicketId("a"), at=seconds(62))
    assert (desk.who("b"), desk.who("t1")) == ("ana", None)
    desk.ask("t3", "mail", at=seconds(63))
    desk.advance(at=seconds(123))  # the step leads nowhere now
    assert desk.waiting(MAIL) == ("t1", "t2", "t3")
    desk.change_queue(MAIL, wrap_up=1, at=seconds(124))  # and keeps nobody from other changes
    with pytest.raises(UnknownQueueError, match="night"):
        desk.change_queue(MAIL, relaxations=[after(9, add_queue=NIGHT)], at=seconds(124))


def test_moved_it_waits_elsewhere_with_its_age_and_asks_all_it_asked(desk: Desk) -> None:
    desk.staff("ana", "ben", skills={"french": 2})
    desk.open_queue("night", "ben", relaxations=[after(30, drop=["french"])])
    desk.open_queue(
        "mail",
        "ana",
        relaxations=[after(10, lower={"french": 3}), after(60, move_to=NIGHT), after(70)],
    )
    desk.ask("t1", "mail", at=seconds(5), skills={"french": 9})
    desk.advance(at=seconds(65))
    assert desk.told[-3:] == ["t1 relaxed", "t1 mail -> night", "t1 waits: nobody_fits"]
    assert (desk.waiting(MAIL), desk.waiting(NIGHT)) == ((), ("t1",))
    assert desk.ticket(T1).arrived == seconds(5)
    assert desk.next_deadline() == seconds(95)  # the night's schedule, from its beginning
    desk.advance(at=seconds(95))
    assert desk.who("t1") == "ben"


def test_moved_while_it_is_offered_the_offers_are_withdrawn(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("night", "ben", delivery=Delivery.OFFER)
    desk.open_queue("mail", "ana", delivery=Delivery.OFFER, relaxations=[after(10, move_to=NIGHT)])
    desk.ask("t1", "mail", at=0)
    desk.advance(at=seconds(10))
    assert desk.ticket(T1).offered_to == ("ben",)
    assert (desk.load("ana"), desk.load("ben")) == (0, 1)
    assert not [each for each in desk.history if isinstance(each, ev.OfferExpired)]


# --- skipping -------------------------------------------------------------------------------------


def test_a_step_is_not_skipped_while_somebody_is_there_and_busy(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.staff("ben", priority=60)
    desk.open_queue(
        "mail",
        "ana",
        "ben",
        reach=Reach(1, 50),
        relaxations=[after(60, reach=Reach(), skip_wait=True)],
    )
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "mail", at=0)
    assert desk.told == ["t2 submitted", "t2 waits: nobody_free"]
    desk.advance(at=seconds(59))
    assert desk.who("t2") is None
    desk.advance(at=seconds(60))
    assert desk.who("t2") == "ben"


def test_steps_in_a_row_are_skipped_until_somebody_is_there(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue(
        "mail",
        "ana",
        reach=Reach(1, 1),
        relaxations=[
            after(10, reach=Reach(2, 2), skip_wait=True),
            after(20, reach=Reach(3, 3), skip_wait=True),
            after(30, reach=Reach(4, 50), skip_wait=False),
        ],
    )
    desk.ask("t1", "mail", at=0)
    assert relaxed(desk) == [(0, 1), (0, 2)]
    desk.advance(at=seconds(30))
    assert relaxed(desk)[2:] == [(30, 3)]
    assert desk.who("t1") == "ana"


def test_a_step_is_not_skipped_while_somebody_is_there_in_a_queue_it_overflowed_to(
    desk: Desk,
) -> None:
    desk.staff("ben", capacity=1)
    desk.staff("cem")
    desk.open_queue("chat", "cem")
    desk.open_queue("night", "ben")
    desk.open_queue(
        "mail",
        relaxations=[
            after(10, add_queue=NIGHT, skip_wait=True),
            after(20, add_queue=CHAT, skip_wait=True),
        ],
    )
    desk.ask("busy", "night", at=0)
    desk.ask("t1", "mail", at=0)
    assert relaxed(desk) == [(0, 1)]
    assert desk.ticket(T1).wait_reason is WaitReason.NOBODY_FREE
    assert desk.explain(T1).wait_reason is WaitReason.NOBODY_FREE
    desk.advance(at=seconds(20))
    assert desk.who("t1") == "cem"


# --- a schedule runs once, and anew ---------------------------------------------------------------


def test_a_released_ticket_starts_its_schedule_anew(desk: Desk) -> None:
    desk.staff("ana", skills={"french": 9})
    desk.staff("ben")
    desk.open_queue("mail", "ana", "ben", relaxations=[after(60, drop=["french"])])
    desk.set_presence(ANA, "away", at=0)
    desk.ask("t1", "mail", at=0, skills={"french": 5})
    desk.advance(at=seconds(60))
    assert desk.who("t1") == "ben"
    assert desk.next_deadline() is None
    desk.release(T1, at=seconds(100))
    assert desk.told == ["t1 from ben, released", "t1 waits: nobody_available"]
    assert desk.next_deadline() == seconds(160)
    desk.advance(at=seconds(160))
    assert desk.who("t1") == "ben"
    assert relaxed(desk) == [(60, 1), (160, 1)]


def test_a_reopened_ticket_starts_its_schedule_anew(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana", relaxations=[after(60, drop=["french"])])
    desk.ask("t1", "mail", at=0, skills={"french": 5})
    desk.advance(at=seconds(60))
    desk.resolve(T1, at=seconds(70))
    desk.reopen(T1, at=seconds(100))
    assert desk.state("t1") is RoutingState.WAITING
    desk.advance(at=seconds(160))
    assert desk.who("t1") == "ana"


def test_an_expired_offer_does_not_start_the_schedule_anew(desk: Desk) -> None:
    desk.staff("ana")
    ring(desk, "mail", answer_within=20, most=1, members=[ANA], relaxations=[after(60), after(90)])
    desk.ask("t1", "mail", at=0)
    desk.advance(at=seconds(100))
    assert relaxed(desk) == [(60, 1), (90, 2)]


def test_a_ticket_on_hold_takes_no_step(desk: Desk) -> None:
    desk.staff("ana", skills={"french": 1})
    desk.open_queue("mail", "ana", relaxations=[after(60, drop=["french"])])
    desk.ask("t1", "mail", at=0, skills={"french": 5})
    desk.hold(T1, at=seconds(10))
    assert desk.next_deadline() is None
    desk.resume(T1, at=seconds(100))
    assert desk.next_deadline() == seconds(160)


@pytest.mark.parametrize("end", ["resolve", "abandon"])
def test_a_ticket_that_is_done_takes_no_step(desk: Desk, end: str) -> None:
    desk.open_queue("mail", relaxations=[after(60, priority=HIGH)])
    desk.ask("t1", "mail", at=0)
    getattr(desk, end)(T1, at=seconds(1))
    assert desk.next_deadline() is None


def test_transferred_by_hand_it_starts_the_schedule_of_its_new_queue(desk: Desk) -> None:
    desk.open_queue("mail", relaxations=[after(60)])
    desk.open_queue("chat", relaxations=[after(20)])
    desk.ask("t1", "mail", at=0)
    desk.transfer(T1, to_queue=CHAT, at=seconds(30))
    assert desk.next_deadline() == seconds(50)


# --- a running queue changes ----------------------------------------------------------------------


def test_a_schedule_changed_holds_for_those_who_wait_already(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana", relaxations=[after(60, drop=["french"])])
    desk.ask("t1", "mail", at=0, skills={"french": 5})
    desk.change_queue(MAIL, relaxations=[after(20, drop=["french"])], at=seconds(10))
    assert desk.next_deadline() == seconds(20)
    desk.advance(at=seconds(20))
    assert desk.who("t1") == "ana"


def test_a_step_that_the_change_makes_overdue_is_taken_at_once(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=0, skills={"french": 5})
    assert desk.next_deadline() is None
    desk.change_queue(MAIL, relaxations=[after(20, drop=["french"])], at=seconds(30))
    assert desk.who("t1") == "ana"
    assert relaxed(desk) == [(30, 1)]


def test_a_schedule_taken_away_ends_what_was_to_come(desk: Desk) -> None:
    desk.open_queue("mail", relaxations=[after(60, priority=HIGH)])
    desk.ask("t1", "mail", at=0)
    desk.change_queue(MAIL, relaxations=[], at=seconds(30))
    assert desk.next_deadline() is None


def test_a_changed_reach_of_the_queue_holds_at_once(desk: Desk) -> None:
    desk.staff("ana", priority=20)
    desk.open_queue("mail", "ana", reach=Reach(1, 10))
    desk.ask("t1", "mail", at=0)
    assert desk.who("t1") is None
    desk.change_queue(MAIL, reach=Reach(1, 20), at=1)
    assert desk.who("t1") == "ana"


# --- looking ahead --------------------------------------------------------------------------------


def test_steps_leave_one_order_for_everybody(make_desk: Callable[..., Desk]) -> None:
    """Time that passes in one go does the same as in many small ones."""
    histories = []
    for pauses in ([100], range(1, 101)):
        desk = make_desk()
        overflowing_schedule(desk)
        for second in pauses:
            desk.advance(at=seconds(second))
        histories.append(desk.history)
    assert histories[0] == histories[1]


def overflowing_schedule(desk: Desk) -> None:
    desk.staff("ana", "ben", "cem", capacity=2)
    ring(desk, "night", answer_within=15, most=1, members=[BEN, CEM])
    ring(
        desk,
        "mail",
        answer_within=15,
        most=2,
        members=ranked(ana=1, ben=30),
        reach=Reach(1, 10),
        relaxations=[
            after(10, reach=Reach(1, 50)),
            after(30, add_queue=NIGHT),
            after(60, priority=HIGH, drop=["french"]),
        ],
    )
    desk.submit_many(
        [
            Ticket(
                id=TicketId(f"t{number}"), queue=MAIL, skills={"french": 1} if number % 2 else {}
            )
            for number in range(6)
        ],
        at=0,
    )
