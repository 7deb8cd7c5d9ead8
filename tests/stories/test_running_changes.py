"""A desk that is changed while it works: at once, and nobody idles for lack of a command."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

import pytest

from ticketroute import (
    Agent,
    Author,
    ChannelLimit,
    Defaults,
    Delivery,
    Dispatcher,
    Membership,
    OfferPolicy,
    Queue,
    RateLimit,
    Reach,
    Relaxation,
    RoutingState,
    Ticket,
    TicketPriority,
    seconds,
)
from ticketroute.errors import (
    AlreadyMemberError,
    NotMemberError,
    QueueNotEmptyError,
    UnknownStrategyError,
)
from ticketroute.model import AgentId, Lifo, QueueId, TicketId
from ticketroute.model.events import TicketAssigned, TicketTransferred

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO = (AgentId(name) for name in ("ana", "ben", "cleo"))
MAIL, SALES = QueueId("mail"), QueueId("sales")
T1, T2, T3, T4 = (TicketId(f"t{number}") for number in (1, 2, 3, 4))

Road = Callable[["Desk"], object]


def _ana(desk: Desk, **facts: object) -> None:
    desk.staff("ana", **facts)
    desk.open_queue("mail", "ana")


def _full(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.ask("t0", "mail", at=0)


def _empty_line(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail")


def _limited(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana", limit_per_agent=1)
    desk.ask("t0", "mail", at=0)


def _one_call(desk: Desk) -> None:
    desk.staff("ana", channels={"email": ChannelLimit(most=1)})
    desk.open_queue("mail", "ana")
    desk.ask("t0", "mail", at=0)


def _seldom(desk: Desk) -> None:
    desk.staff("ana", rate_limit=RateLimit(1, seconds(10)))
    desk.open_queue("mail", "ana")
    desk.ask("t0", "mail", at=0)


def _wrapping(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=seconds(10))
    desk.ask("t0", "mail", at=0)
    desk.resolve(TicketId("t0"), at=0)


def _away(desk: Desk) -> None:
    _ana(desk)
    desk.set_presence(ANA, "away", at=0)


def _channel_off(desk: Desk) -> None:
    _ana(desk)
    desk.switch_channel(ANA, "email", on=False, at=0)


def _pulling(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana", delivery=Delivery.PULL)


def _few_by_default(desk: Desk) -> None:
    desk.change_defaults(Defaults(capacity=1), at=0)
    _ana(desk)
    desk.ask("t0", "mail", at=0)


def _seldom_by_default(desk: Desk) -> None:
    desk.change_defaults(Defaults(rate_limit=RateLimit(1, seconds(10))), at=0)
    _ana(desk)
    desk.ask("t0", "mail", at=0)


T0 = TicketId("t0")

ROADS: dict[str, tuple[Road, Road]] = {
    "resolve": (_full, lambda d: d.resolve(T0, at=9)),
    "hold": (_full, lambda d: d.hold(T0, at=9)),
    "merge": (_full, lambda d: d.merge(T0, into=T1, at=9)),
    "capacity raised": (_full, lambda d: d.change_agent(ANA, capacity=2, at=9)),
    "default capacity raised": (
        _few_by_default,
        lambda d: d.change_defaults(Defaults(capacity=2), at=9),
    ),
    "default rate limit lifted": (
        _seldom_by_default,
        lambda d: d.change_defaults(Defaults(), at=9),
    ),
    "queue limit raised": (_limited, lambda d: d.change_queue(MAIL, limit_per_agent=2, at=9)),
    "own limit raised": (
        _limited,
        lambda d: d.change_member(MAIL, ANA, Membership(limit=2), at=9),
    ),
    "channel limit raised": (
        _one_call,
        lambda d: d.change_agent(ANA, channels={"email": ChannelLimit(most=2)}, at=9),
    ),
    "rate limit raised": (
        _seldom,
        lambda d: d.change_agent(ANA, rate_limit=RateLimit(2, seconds(10)), at=9),
    ),
    "rate limit over": (_seldom, lambda d: d.advance(at=10_000)),
    "wrap-up over": (_wrapping, lambda d: d.advance(at=10_000)),
    "wrap-up ended": (_wrapping, lambda d: d.end_wrap_up(T0, at=9)),
    "back": (_away, lambda d: d.set_presence(ANA, "available", at=9)),
    "channel on": (_channel_off, lambda d: d.switch_channel(ANA, "email", on=True, at=9)),
    "membership added": (_empty_line, lambda d: d.add_member(MAIL, ANA, at=9)),
    "members given": (_empty_line, lambda d: d.change_queue(MAIL, members=[ANA], at=9)),
    "PULL becomes ASSIGN": (
        _pulling,
        lambda d: d.change_queue(MAIL, delivery=Delivery.ASSIGN, at=9),
    ),
}


@pytest.mark.parametrize("road", ROADS)
def test_room_gained_by_any_road_is_filled_in_the_same_command(desk: Desk, road: str) -> None:
    prepare, gain = ROADS[road]
    prepare(desk)
    for number in (1, 2, 3):
        desk.ask(f"t{number}", "mail", at=1)
    assert [desk.who(f"t{number}") for number in (1, 2, 3)] == [None, None, None]
    gain(desk)
    assert "t1 to ana, freed" in desk.told


def test_a_skill_learnt_brings_the_tickets_that_waited_for_it(desk: Desk) -> None:
    desk.staff("ana", skills={"french": 2})
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1, skills={"french": 3})
    desk.ask("t2", "mail", at=2, skills={"french": 3, "law": 1})
    assert desk.told[-1] == "t2 waits: nobody_fits"
    desk.change_agent(ANA, skills={"french": 3}, at=3)
    assert desk.told == ["AgentChanged", "t1 to ana, freed"]
    desk.change_agent(ANA, skills={"french": 3, "law": 9}, at=4)
    assert desk.told == ["AgentChanged", "t2 to ana, freed"]


def test_a_channel_learnt_brings_its_tickets(desk: Desk) -> None:
    desk.staff("ana", channels=["chat"])
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.change_agent(ANA, channels=["chat", "email"], at=2)
    assert desk.who("t1") == "ana"


def test_a_queue_opened_with_members_takes_part_at_once(desk: Desk) -> None:
    _ana(desk, capacity=1)
    desk.add_queue(Queue(id=SALES, members=[ANA]), at=1)
    desk.ask("t1", "sales", at=2)
    assert desk.who("t1") == "ana"


def test_a_new_agent_gets_nothing_before_they_serve_a_queue(desk: Desk) -> None:
    desk.open_queue("mail")
    desk.ask("t1", "mail", at=1)
    desk.add_agent(Agent(id=ANA), presence="available", at=2)
    assert desk.told == ["AgentAdded"]
    desk.add_member(MAIL, ANA, at=3)
    assert desk.who("t1") == "ana"


def test_agents_are_offline_until_they_say_otherwise(desk: Desk) -> None:
    desk.add_agent(Agent(id=ANA), at=1)
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=2)
    assert desk.told[-1] == "t1 waits: nobody_available"


def test_a_strategy_swapped_live_decides_the_next_ticket(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=9)
    desk.open_queue("mail", "ana", "ben", strategy="average_load")
    for number in (1, 2):
        desk.ask(f"t{number}", "mail", at=number)
    desk.resolve(T2, at=3)  # ana 1, ben 0
    desk.change_queue(MAIL, strategy="max_load", at=4)
    desk.ask("t3", "mail", at=5)
    assert desk.who("t3") == "ana"
    desk.change_queue(MAIL, strategy="round_robin", at=6)
    for number in range(4, 8):
        desk.ask(f"t{number}", "mail", at=number + 3)
    assert [desk.who(f"t{number}") for number in range(4, 8)] == ["ana", "ben", "ana", "ben"]


def test_a_strategy_that_is_not_there_leaves_the_old_one_in_place(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", "ben", strategy="round_robin")
    desk.ask("t1", "mail", at=1)
    before = desk.snapshot()
    with pytest.raises(UnknownStrategyError, match="round_robin"):
        desk.change_queue(MAIL, strategy="round_robbin", members=[], at=2)
    assert desk.snapshot() == before
    desk.ask("t2", "mail", at=3)
    assert desk.who("t2") == "ben"


def test_a_strategy_swapped_while_some_are_full_knows_only_those_with_room(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    desk.change_queue(MAIL, strategy="longest_idle", at=2)
    desk.ask("t2", "mail", at=3)
    desk.ask("t3", "mail", at=4)
    assert (desk.who("t2"), desk.who("t3")) == ("ben", None)
    desk.change_queue(MAIL, strategy="fewest_taken", at=5)
    desk.resolve(T1, at=6)
    assert desk.who("t3") == "ana"


def test_a_line_takes_another_order_at_once(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    for number in range(1, 5):
        desk.ask(f"t{number}", "mail", at=number, skills={} if number % 2 else {"x": 1})
    assert desk.waiting(MAIL) == ("t2", "t3", "t4")
    desk.change_queue(MAIL, order=Lifo(), at=5)
    assert desk.waiting(MAIL) == ("t4", "t3", "t2")
    desk.resolve(T1, at=6)
    assert desk.who("t3") == "ana"


def test_a_capacity_made_smaller_takes_nothing_away_and_gives_nothing_until_below(
    desk: Desk,
) -> None:
    _ana(desk, capacity=3)
    for number in range(1, 5):
        desk.ask(f"t{number}", "mail", at=number)
    desk.change_agent(ANA, capacity=1, at=5)
    assert desk.load("ana") == 3
    desk.resolve(T1, at=6)
    desk.resolve(T2, at=7)
    assert desk.who("t4") is None
    desk.resolve(T3, at=8)
    assert desk.who("t4") == "ana"


def test_a_priority_of_an_agent_changed_in_a_queue_holds_there(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", "ben", strategy="priority")
    desk.open_queue("sales", "ana", "ben", strategy="priority")
    desk.change_member(MAIL, BEN, Membership(priority=1), at=1)
    desk.ask("t1", "mail", at=2)
    desk.ask("t2", "sales", at=3)
    assert (desk.who("t1"), desk.who("t2")) == ("ben", "ana")


def test_members_are_asked_in_the_order_of_a_new_list(desk: Desk) -> None:
    desk.staff("ana", "ben", "cleo")
    desk.open_queue("mail", "ana", "ben", "cleo", strategy="top_down")
    desk.change_queue(MAIL, members=["cleo", "ana", "ben"], at=1)
    assert desk.told == ["MembersOrdered"]
    desk.ask("t1", "mail", at=2)
    assert desk.who("t1") == "cleo"


def test_what_changes_nothing_is_no_event(desk: Desk) -> None:
    desk.staff("ana", capacity=2)
    desk.open_queue("mail", "ana")
    assert desk.change_agent(ANA, capacity=2, at=1) == ()
    assert desk.change_queue(MAIL, weight=100, at=1) == ()
    assert desk.change_queue(MAIL, members=["ana"], at=1) == ()
    assert desk.change_member(MAIL, ANA, Membership(), at=1) == ()
    assert desk.set_presence(ANA, "available", at=1) == ()
    assert desk.switch_channel(ANA, "chat", on=True, at=1) == ()
    assert desk.change_defaults(Defaults(), at=1) == ()


def test_a_membership_is_added_once_and_ended_once(desk: Desk) -> None:
    _ana(desk)
    with pytest.raises(AlreadyMemberError, match="change_member"):
        desk.add_member(MAIL, ANA, at=1)
    desk.remove_member(MAIL, ANA, at=2)
    with pytest.raises(NotMemberError, match="add_member"):
        desk.remove_member(MAIL, ANA, at=3)


def test_a_queue_with_open_tickets_is_removed_only_if_they_have_somewhere_to_go(
    desk: Desk,
) -> None:
    _ana(desk, capacity=1)
    desk.open_queue("sales", "ana")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.ask("t3", "sales", at=3, arrived=0)
    before = desk.snapshot()
    with pytest.raises(QueueNotEmptyError, match="move_to") as caught:
        desk.remove_queue(MAIL, at=4)
    assert caught.value.tickets == 2
    assert desk.snapshot() == before
    desk.remove_queue(MAIL, move_to=SALES, at=4)
    assert desk.who("t1") == "ana"
    assert desk.waiting(SALES) == ("t3", "t2")


def test_members_whose_terms_stay_do_not_hide_those_whose_terms_change(desk: Desk) -> None:
    desk.staff("ana", "ben", "cleo")
    desk.open_queue("mail", "ana", "ben")
    terms = {ANA: Membership(), BEN: Membership(limit=1), CLEO: Membership()}
    events = desk.change_queue(MAIL, members=terms, at=1)
    assert [type(event).__name__ for event in events] == ["MemberChanged", "MemberAdded"]


def test_a_queue_that_comes_to_ask_two_at_once_asks_another_at_once(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", "ben", delivery=Delivery.OFFER)
    desk.ask("t1", "mail", at=1)
    assert desk.ticket(T1).offered_to == (ANA,)
    desk.change_queue(MAIL, offer=OfferPolicy(parallel=2), at=2)
    assert desk.ticket(T1).offered_to == (ANA, BEN)


def test_a_ticket_on_hold_moves_with_its_agent_who_is_full(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.open_queue("sales", "ana")
    desk.ask("t1", "mail", at=1)
    desk.hold(T1, at=2)
    desk.ask("t2", "mail", at=3)
    desk.transfer(T1, to_queue=SALES, at=4)
    assert (desk.who("t1"), desk.state("t1")) == ("ana", RoutingState.PARKED)


def test_a_ticket_on_hold_leaves_an_agent_who_is_full_for_a_queue_where_it_counts(
    desk: Desk,
) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.open_queue("sales", "ana", parked_counts=True)
    desk.ask("t1", "mail", at=1)
    desk.hold(T1, at=2)
    desk.ask("t2", "mail", at=3)
    desk.transfer(T1, to_queue=SALES, at=4)
    assert (desk.who("t1"), desk.state("t1")) == (None, RoutingState.WAITING)
    assert desk.load("ana") == 1


def test_the_tickets_of_a_queue_that_goes_move_in_the_order_of_their_arrival(desk: Desk) -> None:
    desk.open_queue("mail")
    desk.open_queue("sales")
    for name, arrived in (("t1", 3), ("t2", 1), ("t3", 2)):
        desk.ask(name, "mail", arrived=arrived, at=5)
    desk.remove_queue(MAIL, move_to=SALES, at=6)
    moved = [event.ticket_id for event in desk.last if isinstance(event, TicketTransferred)]
    assert moved == ["t2", "t3", "t1"]


def test_defaults_hold_for_those_who_say_nothing(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(defaults=Defaults(capacity=1, queue_limit=2, channel_limit=3))
    desk.staff("ana")
    desk.staff("ben", capacity=9)
    desk.open_queue("mail", "ana")
    desk.open_queue("sales", "ben")
    desk.open_queue("other", "ben", limit_per_agent=9)
    for number in (1, 2):
        desk.ask(f"m{number}", "mail", at=number)
        desk.ask(f"s{number}", "sales", at=number)
    desk.ask("s3", "sales", at=3)
    desk.ask("o1", "other", at=3)
    desk.ask("o2", "other", at=3)
    assert (desk.load("ana"), desk.load("ben")) == (1, 3)
    assert {desk.who(name) for name in ("m2", "s3", "o2")} == {None}
    desk.change_defaults(Defaults(capacity=2, queue_limit=3, channel_limit=5), at=4)
    assert (desk.load("ana"), desk.load("ben")) == (2, 5)
    assert desk.defaults == Defaults(capacity=2, queue_limit=3, channel_limit=5)


def test_a_changed_grace_holds_for_departures_from_then_on(desk: Desk) -> None:
    _ana(desk)
    desk.ask("t1", "mail", at=1, channel="chat")
    desk.change_defaults(Defaults(grace=5), at=2)
    desk.set_presence(ANA, "offline", at=3)
    assert desk.next_deadline() == 8


def test_several_agents_who_gain_room_share_by_the_strategy(desk: Desk) -> None:
    names = [f"a{number:02}" for number in range(12)]
    desk.staff(*names, capacity=2)
    desk.open_queue("mail", *names, delivery=Delivery.PULL, strategy="average_load")
    for number in range(12):
        desk.ask(f"t{number}", "mail", at=number, priority=TicketPriority.NORMAL)
    desk.change_queue(MAIL, delivery=Delivery.ASSIGN, at=20)
    assert {desk.load(name) for name in names} == {1}
    assert [desk.who(f"t{number}") for number in range(12)] == names


def test_a_time_to_answer_set_later_holds_from_then_on_for_what_is_unanswered(desk: Desk) -> None:
    desk.staff("ana", "ben", "cleo", capacity=2)
    desk.open_queue("mail", "ana", "ben", "cleo", strategy="top_down")
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "mail", at=0)
    desk.reply(T2, Author.AGENT, agent_id=ANA, at=10)
    desk.change_queue(MAIL, respond_within=2_000, at=400)
    assert desk.next_deadline() == 2_400
    desk.change_queue(MAIL, respond_within=1_000, at=500)
    assert desk.next_deadline() == 1_500
    desk.advance(at=1_500)
    assert desk.told == ["t1 from ana, silent", "t1 to ben, routed"]
    assert desk.who("t2") == "ana"
    desk.change_queue(MAIL, respond_within=None, at=1_600)
    desk.advance(at=2_500)
    assert desk.told == ["t1 may ask ana again"]
    assert desk.next_deadline() is None


def test_a_queue_that_goes_withdraws_what_it_offers_for_another_and_nothing_else(
    desk: Desk,
) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("sales", "ben")
    desk.open_queue(
        "mail",
        "ana",
        delivery=Delivery.OFFER,
        offer=OfferPolicy(parallel=2, timeout=seconds(60)),
        relaxations=[Relaxation(after=1_000, add_queue=SALES)],
        reach=Reach(1, 60),
    )
    desk.change_queue(SALES, delivery=Delivery.OFFER, at=0)
    desk.ask("t1", "mail", at=0)
    desk.advance(at=1_000)
    assert desk.ticket(T1).offered_to == (ANA, BEN)
    desk.remove_queue(SALES, at=1_001)
    assert desk.ticket(T1).offered_to == (ANA,)
    assert desk.agent(BEN).offered == ()


def test_a_desk_replayed_goes_on_with_its_chance_and_its_permits(
    make_desk: Callable[..., Desk],
) -> None:
    class NotBen:
        def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
            return agent_id != BEN

    desk = make_desk(random=Random(7), permits=NotBen())  # noqa: S311  the same each time
    desk.staff("ana", "ben", "cleo", "dan", capacity=20)
    desk.open_queue("mail", "ana", "ben", "cleo", "dan", strategy="random")
    desk.ask("t0", "mail", at=0)
    chance = Random(7)  # noqa: S311
    drawn = [event.draws for event in desk.history if isinstance(event, TicketAssigned)]
    assert len(drawn) == 1
    assert all(drawn)
    for draws in drawn:
        assert [chance.random() for _ in draws] == list(draws)
    again = Dispatcher.replay(desk.history, random=chance, permits=NotBen())
    for number in range(1, 20):
        name = TicketId(f"t{number}")
        desk.ask(name, "mail", at=1)
        assert again.submit(Ticket(id=name, queue=MAIL), at=1) == desk.last
    assert desk.load("ben") == 0
    assert min(desk.load("ana"), desk.load("cleo"), desk.load("dan")) > 0
