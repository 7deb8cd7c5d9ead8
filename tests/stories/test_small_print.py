"""What is easily overlooked: things that a desk does beside what it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

import pytest

from ticketroute import (
    Agent,
    Calendar,
    ChannelLimit,
    Defaults,
    Delivery,
    Dispatcher,
    Membership,
    Metric,
    OfferPolicy,
    Policy,
    RateLimit,
    Reach,
    RoutingState,
    Target,
    Ticket,
    TicketPriority,
    minutes,
    seconds,
)
from ticketroute.core.decide.service_levels import MOST_POLICIES
from ticketroute.core.index import by_age as ages
from ticketroute.errors import InvalidValueError, OfferGoneError
from ticketroute.events import WaitReason
from ticketroute.model import AgentId, CalendarId, PolicyId, QueueId, TicketId
from ticketroute.model import events as ev
from ticketroute.model.instants import LAST_INSTANT
from ticketroute.model.line_order import EarliestDeadline
from ticketroute.sla import ClockState

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN = AgentId("ana"), AgentId("ben")
MAIL = QueueId("mail")
T1, T2 = TicketId("t1"), TicketId("t2")
OFFICE = CalendarId("office")


def test_reopened_in_a_queue_that_is_pulled_from_a_ticket_is_its_agents_again(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", "ben", delivery=Delivery.PULL)
    desk.ask("t1", "mail", at=0)
    desk.take(T1, BEN, at=1)
    desk.resolve(T1, at=2)
    desk.reopen(T1, at=3)
    assert desk.who("t1") == "ben"


def test_what_the_host_notes_on_a_ticket_stays_with_the_host(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=0, attributes={"iban": "DE02"})
    assert desk.ticket(T1).ticket.attributes == {}
    (submitted, *_) = desk.last
    assert isinstance(submitted, ev.TicketSubmitted)
    assert submitted.ticket.attributes == {}


def test_a_clock_that_is_to_come_says_what_it_will_be(desk: Desk) -> None:
    desk.staff("ana")
    desk.set_calendar(OFFICE, Calendar(hours={"thu": [("00:00", "12:00")]}), at=0)
    desk.open_queue("mail", "ana", calendar=OFFICE)
    desk.promise(next_response=Target(within=minutes(30)))
    desk.ask("t1", "mail", at=5)
    clock = desk.clock(T1, Metric.NEXT_RESPONSE)
    assert (clock.state, clock.cycle, clock.at) == (ClockState.PENDING, 1, 5)
    assert (clock.policy_id, clock.calendar_id) == ("gold", OFFICE)
    assert (clock.within, clock.started, clock.due) == (minutes(30), None, None)


def test_an_explanation_of_a_clock_is_in_the_zone_that_holds_from_this_instant(desk: Desk) -> None:
    hours = {"thu": [("00:00", "12:00")]}
    desk.staff("ana")
    desk.set_calendar(OFFICE, Calendar(hours=hours), at=0)
    desk.open_queue("mail", "ana", calendar=OFFICE)
    desk.promise(resolution=minutes(30))
    desk.ask("t1", "mail", at=5)
    abroad = Calendar(zone="Asia/Tokyo", hours=hours)
    desk.set_calendar(OFFICE, abroad, effective_from=1_000, at=10)
    assert desk.explain_clock(T1, Metric.RESOLUTION).zone == "UTC"
    desk.advance(at=999)
    assert desk.explain_clock(T1, Metric.RESOLUTION).zone == "UTC"
    desk.advance(at=1_000)
    assert desk.explain_clock(T1, Metric.RESOLUTION).zone == "Asia/Tokyo"


def test_several_who_are_asked_by_chance_take_one_number_after_the_other(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(random=Random(3))  # noqa: S311  the same each time
    desk.staff("ana", "ben", "cleo", "dan", "eve", capacity=5)
    desk.open_queue(
        "mail",
        *("ana", "ben", "cleo", "dan", "eve"),
        strategy="random",
        delivery=Delivery.OFFER,
        offer=OfferPolicy(parallel=3, timeout=seconds(30)),
    )
    chance = Random(3)  # noqa: S311
    for number in range(4):
        desk.ask(f"t{number}", "mail", at=number)
        offers = [event for event in desk.last if isinstance(event, ev.TicketOffered)]
        drawn = [draw for offer in offers for draw in offer.draws]
        assert len({offer.agent_id for offer in offers}) == 3
        assert drawn == [chance.random() for _ in drawn]
        assert len(drawn) >= 3


def test_a_shift_changed_takes_offers_from_who_is_off_it(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.set_calendar(OFFICE, Calendar(hours={"fri": [("00:00", "12:00")]}), at=0)
    desk.open_queue("mail", "ana", "ben", delivery=Delivery.OFFER, strategy="top_down")
    desk.ask("t1", "mail", at=0)
    assert desk.ticket(T1).offered_to == (ANA,)
    desk.change_agent(ANA, priority=3, at=1)
    assert desk.ticket(T1).offered_to == (ANA,)
    desk.change_agent(ANA, shift=OFFICE, at=2)
    assert desk.ticket(T1).offered_to == (BEN,)


def test_what_is_due_at_the_end_of_time_comes_before_what_is_not_due() -> None:
    order = EarliestDeadline()
    due = order.place(priority=TicketPriority.NORMAL, arrived=0, ordinal=2, due=LAST_INSTANT)
    not_due = order.place(priority=TicketPriority.NORMAL, arrived=0, ordinal=1, due=None)
    assert due < not_due


def test_many_tickets_at_once_pass_over_those_that_are_there(desk: Desk) -> None:
    desk.staff("ana", capacity=5)
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=0)
    known = desk.ticket(T1).ticket
    desk.submit_many([known, Ticket(id=T2, queue=MAIL)], at=1)
    assert desk.state("t2") is RoutingState.ASSIGNED


def test_of_two_drawn_both_may_get_the_ticket_however_few_may(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(random=Random(5))  # noqa: S311  the same each time
    names = [f"a{number}" for number in range(12)]
    for name in names:
        skills = {"german": 3} if name in ("a3", "a7") else {}
        desk.staff(name, skills=skills, capacity=60)
    desk.open_queue("mail", *names, strategy="power_of_two")
    for number in range(40):
        desk.ask(f"t{number}", "mail", at=number, skills={"german": 1})
        assert abs(desk.load("a3") - desk.load("a7")) <= 1  # the less loaded of both, each time
        (*_, assigned) = desk.last
        assert isinstance(assigned, ev.TicketAssigned)
        assert len(assigned.draws) == 2  # for the pair, and for nobody who may not get it


def test_who_joins_by_a_new_list_of_members_joins_on_its_terms(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=5)
    desk.open_queue("mail", "ana")
    terms = {ANA: Membership(), BEN: Membership(limit=1, priority=7)}
    desk.change_queue(MAIL, members=terms, at=0)
    assert desk.queue(MAIL).members == terms
    desk.set_presence(ANA, "away", at=0)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=1)
    assert (desk.who("t1"), desk.who("t2")) == ("ben", None)


def test_who_is_added_with_a_presence_of_the_hosts_is_away_for_that_reason(desk: Desk) -> None:
    desk.add_agent(Agent(id=ANA), presence="training", at=0)
    assert desk.agent(ANA).reason == "training"
    (added,) = (event for event in desk.last if isinstance(event, ev.AgentAdded))
    assert added.reason == "training"


def test_a_replay_of_nothing_is_an_empty_desk_with_the_defaults_given() -> None:
    desk = Dispatcher.replay([], defaults=Defaults(capacity=3))
    desk.add_agent(Agent(id=ANA), at=0)
    assert desk.agent(ANA).capacity == 3


def test_handle_time_runs_from_the_assignment_and_not_from_the_beginning(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="least_handle_time")
    desk.ask("t1", "mail", at=1_000)
    desk.ask("t2", "mail", at=2_000)
    assert (desk.who("t1"), desk.who("t2")) == ("ana", "ben")
    desk.resolve(T1, at=3_000)  # two seconds, up to the third
    desk.resolve(T2, at=3_500)  # a second and a half, up to half past the third
    desk.ask("t3", "mail", at=4_000)
    assert desk.who("t3") == "ben"


@pytest.mark.parametrize(("reach", "reason"), [(Reach(5, 9), "free"), (Reach(6, 9), "fits")])
def test_who_stands_on_the_edge_of_a_reach_is_within_it(
    desk: Desk, reach: Reach, reason: str
) -> None:
    desk.staff("ana", capacity=1, priority=5)
    desk.open_queue("mail", "ana")
    desk.open_queue("chat", "ana", reach=reach)
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "chat", at=0)
    assert desk.ticket(T2).wait_reason is WaitReason(f"nobody_{reason}")


def test_what_an_agent_holds_on_one_channel_leaves_the_other_free(desk: Desk) -> None:
    desk.staff("ana", channels={"email": ChannelLimit(most=1), "chat": ChannelLimit(most=1)})
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=0, channel="chat")
    desk.ask("t2", "mail", at=0, channel="email")
    desk.ask("t3", "mail", at=0, channel="email")
    assert (desk.who("t1"), desk.who("t2"), desk.who("t3")) == ("ana", "ana", None)


def test_an_offer_declined_makes_room_in_the_rate(desk: Desk) -> None:
    desk.staff("ana", rate_limit=RateLimit(1, seconds(10)))
    desk.open_queue("mail", "ana", delivery=Delivery.OFFER)
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "mail", at=0)
    desk.decline(T1, ANA, at=5)
    assert desk.ticket(T2).offered_to == (ANA,)
    desk.accept(T2, ANA, at=6)
    desk.ask("t3", "mail", at=7)
    assert desk.state("t3") is RoutingState.WAITING
    assert desk.next_deadline() == 6 + seconds(10)


def test_the_same_calendar_from_the_same_instant_changes_nothing(desk: Desk) -> None:
    desk.set_calendar(OFFICE, Calendar(hours={"thu": [("00:00", "12:00")]}), at=0)
    later = Calendar(hours={"thu": [("00:00", "13:00")]})
    assert desk.set_calendar(OFFICE, later, effective_from=100, at=5) != ()
    assert desk.set_calendar(OFFICE, later, effective_from=100, at=6) == ()


def test_an_offer_that_ended_without_a_winner_names_none(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", delivery=Delivery.OFFER, strategy="top_down")
    desk.ask("t1", "mail", at=0)
    desk.accept(T1, ANA, at=1)
    desk.set_presence(ANA, "away", at=2)
    desk.release(T1, at=3)  # ana had it, and now it is put to ben
    assert desk.ticket(T1).offered_to == (BEN,)
    with pytest.raises(OfferGoneError) as caught:
        desk.accept(T1, ANA, at=4)
    assert caught.value.winner is None


def test_the_best_is_whose_level_is_nearest_to_what_each_ticket_asks(desk: Desk) -> None:
    desk.staff("ana", skills={"german": 5}, capacity=9)
    desk.staff("ben", skills={"german": 1}, capacity=9)
    desk.staff("cleo", skills={"german": 3, "x": 2}, capacity=9)
    desk.open_queue("mail", "ana", "ben", "cleo", strategy="best_match")
    desk.ask("t1", "mail", at=0, skills={"german": 1})
    desk.ask("t2", "mail", at=0, skills={"german": 1, "x": 1})
    found = {desk.who("t1"), desk.who("t2")}
    assert desk.who("t2") == "cleo"
    desk.ask("t3", "mail", at=0, skills={"german": 1})
    assert found == {desk.who("t3"), "cleo"}


def test_resolved_at_once_and_reopened_the_clock_of_its_resolution_goes_on(desk: Desk) -> None:
    desk.open_queue("mail")
    desk.promise(resolution=minutes(30))
    desk.ask("t1", "mail", at=0)
    desk.resolve(T1, at=1_000)  # the first that has happened to it: nobody had it
    desk.reopen(T1, at=5_000)
    assert desk.clock(T1, Metric.RESOLUTION).state is ClockState.RUNNING
    assert desk.clock(T1, Metric.RESOLUTION).due == minutes(30) + 4_000


def test_a_reason_without_a_cool_down_of_its_own_cools_as_a_decline_does(desk: Desk) -> None:
    desk.staff("ana")
    offer = OfferPolicy(cool_down={"declined": seconds(5), "lunch": seconds(60)})
    desk.open_queue("mail", "ana", delivery=Delivery.OFFER, offer=offer)
    desk.ask("t1", "mail", at=0)
    desk.decline(T1, ANA, reason="headache", at=1)
    desk.ask("t2", "mail", at=2)
    assert desk.ticket(T2).offered_to == ()
    desk.advance(at=1 + seconds(5))
    assert desk.ticket(T2).offered_to == (ANA,)


def test_an_assignment_that_counts_in_each_queue_counts_anew_where_nobody_has_it(
    desk: Desk,
) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.open_queue("chat")
    desk.promise(assignment=Target(within=minutes(5), per_queue=True))
    desk.ask("t1", "mail", at=0)
    assert desk.clock(T1, Metric.ASSIGNMENT).state is ClockState.MET
    desk.transfer(T1, to_queue=QueueId("chat"), at=7_000)
    clock = desk.clock(T1, Metric.ASSIGNMENT)
    assert (clock.state, clock.cycle, clock.started) == (ClockState.RUNNING, 2, 7_000)
    assert clock.due == 7_000 + minutes(5)


def test_the_policy_that_a_queue_names_holds_though_another_comes_first(desk: Desk) -> None:
    desk.staff("ana")
    target = {Metric.RESOLUTION: Target(within=minutes(5))}
    policies = [Policy(id=PolicyId(name), targets=target) for name in ("gold", "plain")]
    desk.set_policies(policies, at=0)
    desk.open_queue("mail", "ana", sla=PolicyId("plain"))
    desk.ask("t1", "mail", at=0)
    assert desk.clock(T1, Metric.RESOLUTION).policy_id == "plain"


def test_as_many_policies_as_there_may_be_are_taken(desk: Desk) -> None:
    policies = [Policy(id=PolicyId(f"p{number}"), targets={}) for number in range(MOST_POLICIES)]
    assert desk.set_policies(policies, at=0) != ()
    with pytest.raises(InvalidValueError, match="at most 1000"):
        desk.set_policies([*policies, Policy(id=PolicyId("one more"), targets={})], at=0)


def test_the_shortest_cool_down_at_the_beginning_of_time_is_one(desk: Desk) -> None:
    desk.staff("ana")
    offer = OfferPolicy(cool_down={"declined": 1})
    desk.open_queue("mail", "ana", delivery=Delivery.OFFER, offer=offer)
    desk.ask("t1", "mail", at=0)
    desk.decline(T1, ANA, at=0)
    desk.ask("t2", "mail", at=0)
    assert desk.ticket(T2).offered_to == ()
    desk.advance(at=1)
    assert desk.ticket(T2).offered_to == (ANA,)


def test_work_that_was_put_on_hold_is_handle_time_from_its_assignment(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="least_handle_time")
    desk.ask("t1", "mail", at=1_000)
    desk.ask("t2", "mail", at=1_000)
    assert (desk.who("t1"), desk.who("t2")) == ("ana", "ben")
    desk.hold(T1, at=2_000)  # a second, from the first to the second
    desk.resolve(T2, at=2_500)  # a second and a half, from the first to half past the second
    desk.resolve(T1, at=2_600)
    desk.ask("t3", "mail", at=3_000)
    assert desk.who("t3") == "ana"


def test_what_has_left_the_window_counts_no_longer_for_who_is_still_there(desk: Desk) -> None:
    desk.staff("ana", "ben", "cleo", capacity=9)
    desk.open_queue("mail", "ana", "ben", "cleo", strategy="fewest_taken(window=10000)")
    for number in range(5):
        desk.ask(f"t{number}", "mail", at=number)
    desk.remove_agent(AgentId("cleo"), at=6)
    desk.ask("t5", "mail", at=9_999)
    desk.ask("t6", "mail", at=10_001)  # of ana and ben each has the one left that came later
    assert desk.preview(Ticket(id=TicketId("t9"), queue=MAIL), at=10_005) != ()
    desk.advance(at=30_000)
    desk.ask("t7", "mail", at=30_000)
    desk.ask("t8", "mail", at=30_000)
    assert {desk.who("t7"), desk.who("t8")} == {"ana", "ben"}


def test_what_a_preview_drew_is_no_part_of_what_others_decide(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(random=Random(3))  # noqa: S311  the same each time
    desk.staff("ana", "ben", capacity=9, skills={"german": 3})
    desk.open_queue("lots", "ana", "ben", strategy="random")
    desk.open_queue("mail", "ana", "ben")
    desk.open_queue("best", "ana", "ben", strategy="best_match")
    drawn = Ticket(id=TicketId("drawn"), queue=QueueId("lots"))
    for name, queue in (("t1", "mail"), ("t2", "best")):
        (_, assigned) = desk.preview(drawn, at=0)
        assert isinstance(assigned, ev.TicketAssigned)
        assert assigned.draws
        desk.ask(name, queue, at=0, skills={"german": 1})
        (_, assigned) = desk.last
        assert isinstance(assigned, ev.TicketAssigned)
        assert assigned.draws == ()


class EachTheirOwn:
    """Permits each ticket to the agent whose name it begins with, and to the boss."""

    def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
        return agent_id == "boss" or ticket.id.startswith(agent_id)


def test_what_the_host_permits_for_one_ticket_says_nothing_of_another(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(permits=EachTheirOwn())
    desk.staff("boss", "ana", "ben", capacity=2)
    desk.open_queue("mail", "boss", "ana", "ben", strategy="top_down")
    everybody = (AgentId("boss"), ANA, BEN)
    for agent_id in everybody:
        desk.set_presence(agent_id, "away", at=0)
    for name in ("ana 1", "ana 2", "ben 1", "ben 2"):
        desk.ask(name, "mail", at=0)
    for agent_id in everybody:
        desk.set_presence(agent_id, "available", at=1)
    assert [desk.who(name) for name in ("ana 1", "ana 2", "ben 1", "ben 2")] == [
        *("boss", "boss", "ben", "ben")
    ]
    desk.resolve(TicketId("ben 1"), at=2)
    desk.release(TicketId("ana 1"), at=3)
    assert desk.who("ana 1") == "boss"
    desk.set_presence(AgentId("boss"), "away", at=4)
    desk.release(TicketId("ana 2"), at=5)
    assert desk.who("ana 2") == "ana"


def with_many_demands(desk: Desk) -> None:
    """Queue so many tickets for different skills that the queue's index by age answers."""
    for number in range(20):
        desk.ask(f"rare {number}", "mail", at=0, skills={f"rare {number}": 1})


def test_one_who_does_not_fit_does_not_hide_another_who_does(desk: Desk) -> None:
    desk.staff("ana", channels=["chat"], skills={"german": 3})
    desk.staff("ben", channels=["email"], skills={"german": 3}, capacity=1)
    desk.open_queue("mail", "ana", "ben")
    with_many_demands(desk)
    desk.ask("t1", "mail", at=1, channel="email", skills={"german": 1})
    desk.ask("t2", "mail", at=2, channel="email", skills={"german": 2})
    assert (desk.who("t1"), desk.ticket(T2).wait_reason) == ("ben", WaitReason.NOBODY_FREE)
    assert "t2 waits: nobody_free" in desk.told


def test_loads_of_too_many_sorts_are_told_apart_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ages, "MOST_KEYS", 2)
    names = ("ana", "ben", "cleo", "dan", "eve")
    desk.staff(*names, capacity=40, skills={"german": 3})
    desk.open_queue("mail", *names)
    with_many_demands(desk)
    for number in range(60):
        desk.ask(f"t{number}", "mail", at=1 + number, skills={"german": 1 + number % 3})
        if number % 3 == 0:
            desk.resolve(TicketId(f"t{number * 2 // 3}"), at=1 + number)
    assert sum(desk.load(name) for name in names) == 40


def test_what_chance_looked_at_is_told_though_one_alone_may_have_the_ticket(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(random=Random(3))  # noqa: S311  the same each time
    names = ("ana", "ben", "cleo", "dan", "eve")
    for name in names:
        desk.staff(name, capacity=9, skills={"german": 3} if name == "ben" else {})
    desk.open_queue("mail", *names, strategy="random")
    chance = Random(3)  # noqa: S311
    for number in range(6):
        desk.ask(f"t{number}", "mail", at=number, skills={"german": 1})
        (*_, assigned) = desk.last
        assert isinstance(assigned, ev.TicketAssigned)
        assert (assigned.agent_id, assigned.runner_up) == (BEN, None)
        assert assigned.draws
        assert list(assigned.draws) == [chance.random() for _ in assigned.draws]


def test_who_joins_late_is_found_by_the_index_that_goes_by_age(desk: Desk) -> None:
    desk.staff("ana", capacity=9, skills={"german": 3})
    desk.open_queue("mail", "ana")
    with_many_demands(desk)
    for number in range(3):
        desk.ask(f"t{number}", "mail", at=1, skills={"german": 1})
    desk.resolve(TicketId("t0"), at=2)
    for number in range(20):  # or the first look would be for one of them
        desk.abandon(TicketId(f"rare {number}"), at=2)
    desk.staff("ben", capacity=9, skills={"german": 3})
    desk.add_member(MAIL, BEN, at=3)
    for number in range(3, 6):
        desk.ask(f"t{number}", "mail", at=4, skills={"german": 1})
    assert [desk.who(f"t{number}") for number in range(3, 6)] == ["ben", "ben", "ana"]
