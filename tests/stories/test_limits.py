"""What an agent may hold: units, channels, queues, and how fast they may get it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.stories.conftest import brief
from ticketroute import (
    Agent,
    ChannelLimit,
    Defaults,
    Delivery,
    Membership,
    Queue,
    RateLimit,
    Ticket,
    seconds,
)
from ticketroute.model import AgentId, QueueId, Reason, TicketId
from ticketroute.testing import WatchedDesk

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN = AgentId("ana"), AgentId("ben")
MAIL, SALES = QueueId("mail"), QueueId("sales")
T1, T2, T3 = (TicketId(f"t{number}") for number in (1, 2, 3))


# --- units ----------------------------------------------------------------------------------------


def test_a_ticket_costs_its_weight_times_the_cost_of_its_channel(desk: Desk) -> None:
    desk.staff("ana", capacity=10, channels={"chat": ChannelLimit(cost=3), "email": ChannelLimit()})
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1, channel="chat", weight=2)
    assert (desk.load("ana"), desk.ticket(T1).cost) == (6, 6)
    desk.ask("t2", "mail", at=2, channel="email", weight=2)
    assert desk.load("ana") == 8
    desk.ask("t3", "mail", at=3, channel="chat")  # 3 do not fit into 2
    assert desk.who("t3") is None
    desk.ask("t4", "mail", at=4, channel="email", weight=2)
    assert desk.load("ana") == 10
    assert desk.agent(ANA).count == 3


def test_an_agent_without_channels_serves_each_at_cost_one(desk: Desk) -> None:
    desk.staff("ana", capacity=3)
    desk.open_queue("mail", "ana")
    for number, channel in enumerate(("chat", "pigeon", "call")):
        desk.ask(f"t{number}", "mail", at=number, channel=channel)
    assert desk.load("ana") == 3


def test_a_cost_changed_meanwhile_does_not_unbalance_the_load(desk: Desk) -> None:
    desk.staff("ana", capacity=9, channels={"chat": ChannelLimit(cost=3)})
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1, channel="chat")
    desk.change_agent(ANA, channels={"chat": ChannelLimit(cost=1)}, at=2)
    assert desk.load("ana") == 3
    desk.resolve(T1, at=3)
    assert desk.load("ana") == 0


# --- limits ---------------------------------------------------------------------------------------


def test_a_channel_takes_so_many_at_once(desk: Desk) -> None:
    desk.staff("ana", capacity=9, channels={"chat": ChannelLimit(most=2), "email": ChannelLimit()})
    desk.open_queue("mail", "ana")
    for number in (1, 2, 3):
        desk.ask(f"t{number}", "mail", at=number, channel="chat")
    desk.ask("t4", "mail", at=4)
    assert [desk.who(f"t{number}") for number in (1, 2, 3, 4)] == ["ana", "ana", None, "ana"]
    assert desk.explain(T3).others[0].reason is Reason.CHANNEL_LIMIT
    desk.resolve(TicketId("t4"), at=5)
    assert desk.who("t3") is None
    desk.hold(T1, at=6)
    assert desk.who("t3") == "ana"


def test_a_channel_limit_of_zero_means_never(desk: Desk) -> None:
    desk.staff("ana", channels={"chat": ChannelLimit(most=0), "email": ChannelLimit()})
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1, channel="chat")
    assert desk.told[-1] == "t1 waits: nobody_fits"


def test_a_queue_takes_so_many_of_each_agent_unless_their_membership_says_otherwise(
    desk: Desk,
) -> None:
    desk.staff("ana", "ben", capacity=9)
    desk.open_queue(
        "mail",
        members={ANA: Membership(), BEN: Membership(limit=3)},
        limit_per_agent=1,
        strategy="top_down",
    )
    desk.open_queue("sales", "ana")
    for number in range(1, 6):
        desk.ask(f"t{number}", "mail", at=number)
    assert (desk.load("ana"), desk.load("ben")) == (1, 3)
    assert {verdict.reason for verdict in desk.explain(TicketId("t5")).others} == {
        Reason.QUEUE_LIMIT
    }
    desk.ask("s1", "sales", at=6)
    assert desk.who("s1") == "ana"


def test_a_slot_in_wrap_up_counts_for_its_queue(desk: Desk) -> None:
    desk.staff("ana", capacity=9)
    desk.open_queue("mail", "ana", limit_per_agent=1, wrap_up=100)
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.ask("t2", "mail", at=3)
    assert desk.who("t2") is None
    desk.advance(at=102)
    assert desk.who("t2") == "ana"


# --- rate limit -----------------------------------------------------------------------------------


def test_a_rate_limit_is_free_at_exactly_its_end(desk: Desk) -> None:
    desk.staff("ana", capacity=9, rate_limit=RateLimit(2, seconds(10)))
    desk.open_queue("mail", "ana")
    for number in (1, 2, 3, 4, 5):
        desk.ask(f"t{number}", "mail", at=number * 1_000)
    assert desk.told[-1] == "t5 waits: nobody_free"
    assert desk.next_deadline() == 11_000
    assert desk.advance(at=10_999) == ()
    desk.advance(at=11_000)
    assert desk.told == ["RateLimitLifted", "t3 to ana, freed"]
    assert desk.next_deadline() == 12_000
    desk.advance(at=12_000)
    assert desk.told == ["RateLimitLifted", "t4 to ana, freed"]
    desk.advance(at=21_000)
    assert [event.at for event in desk.last] == [21_000, 21_000]
    assert desk.who("t5") == "ana"


def test_in_any_span_no_agent_gets_more_than_their_rate_limit(desk: Desk) -> None:
    desk.staff("ana", capacity=99, rate_limit=RateLimit(3, 100))
    desk.open_queue("mail", "ana")
    for number in range(20):
        desk.ask(f"t{number}", "mail", at=number * 7)
    while (due := desk.next_deadline()) is not None:
        desk.advance(at=due)
    got = sorted(event.at for event in desk.history if type(event).__name__ == "TicketAssigned")
    assert len(got) == 20
    assert all(later - earlier >= 100 for earlier, later in zip(got, got[3:], strict=False))


def test_a_rate_limit_goes_by_what_was_given_and_not_by_what_is_held(desk: Desk) -> None:
    desk.staff("ana", rate_limit=RateLimit(1, seconds(10)))
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.ask("t2", "mail", at=3)
    assert desk.who("t2") is None
    assert desk.explain(T2).others[0].reason is Reason.RATE_LIMIT
    assert desk.explain(T2).others[0].eligible_from == 10_001


def test_a_ticket_that_comes_back_from_hold_takes_nothing_of_the_rate_limit(desk: Desk) -> None:
    desk.staff("ana", rate_limit=RateLimit(2, seconds(10)))
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.hold(T1, at=2)
    desk.resume(T1, at=3)
    assert desk.told == ["t1 resumed by ana"]
    assert desk.next_deadline() is None
    desk.ask("t2", "mail", at=4)
    assert desk.who("t2") == "ana"
    assert desk.next_deadline() == 10_001


def test_a_default_rate_limit_holds_for_agents_without_one(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(defaults=Defaults(rate_limit=RateLimit(1, 100)))
    desk.staff("ana")
    desk.staff("ben", rate_limit=RateLimit(2, 100))
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    for number in range(4):
        desk.ask(f"t{number}", "mail", at=number)
    assert [desk.who(f"t{number}") for number in range(4)] == ["ana", "ben", "ben", None]


# --- skills ---------------------------------------------------------------------------------------


def test_a_ticket_never_falls_to_somebody_unfit(desk: Desk) -> None:
    desk.staff("ana", skills={"french": 4})
    desk.staff("ben", skills={"law": 10})
    desk.open_queue("mail", "ana", "ben")
    desk.ask("t1", "mail", at=1, skills={"french": 5})
    desk.ask("t2", "mail", at=2, skills={"french": 1, "law": 1})
    desk.ask("t3", "mail", at=3, skills={"french": 4})
    assert [desk.who(name) for name in ("t1", "t2", "t3")] == [None, None, "ana"]


def test_skills_choose_among_all_who_have_them_by_the_strategy(desk: Desk) -> None:
    names = [f"a{number:02}" for number in range(50)]
    for number, name in enumerate(names):
        desk.staff(name, capacity=2, skills={"french": 5} if number >= 47 else {})
    desk.open_queue("mail", *names, strategy="round_robin")
    for number in range(7):
        desk.ask(f"t{number}", "mail", at=number, skills={"french": 1})
    assert [desk.who(f"t{number}") for number in range(7)] == [
        "a47", "a48", "a49", "a47", "a48", "a49", None,
    ]  # fmt: skip


# --- the host's own word --------------------------------------------------------------------------


class NotTheirBoss:
    """Nobody gets a ticket of the requester they report to."""

    def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
        return ticket.requester != f"boss of {agent_id}"


def test_the_host_has_the_last_word(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(permits=NotTheirBoss())
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1, requester="boss of ana")
    desk.ask("t2", "mail", at=2, requester="boss of ben")
    assert (desk.who("t1"), desk.who("t2")) == ("ben", "ana")
    assert desk.explain(T1).others[0].reason is Reason.NOT_PERMITTED


def test_what_nobody_is_permitted_waits_and_holds_up_nobody(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(permits=NotTheirBoss())
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1, requester="boss of ana")
    desk.ask("t2", "mail", at=2)
    desk.ask("t3", "mail", at=3)
    desk.resolve(T2, at=4)
    assert (desk.who("t1"), desk.who("t3")) == (None, "ana")


class Moody:
    """A host whose predicate fails now and then."""

    fails = False

    def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
        if self.fails:
            raise LookupError(f"no directory to look up {agent_id}")
        return True


def test_a_preview_in_which_the_host_fails_changes_nothing(make_desk: Callable[..., Desk]) -> None:
    host = Moody()
    desk = make_desk(permits=host)
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", "ben", strategy="fewest_taken(window=100)")
    desk.ask("t1", "mail", at=10)
    before = desk.snapshot()
    host.fails = True
    with pytest.raises(LookupError):
        desk.preview(Ticket(id=T2, queue=MAIL), at=500)
    host.fails = False
    assert desk.snapshot() == before


def test_what_the_host_interrupts_the_next_command_returns_first_and_hands_out() -> None:
    host = Moody()
    desk = WatchedDesk(permits=host)  # the reference desk takes a command whole or not at all
    for agent_id in (ANA, BEN):
        desk.add_agent(Agent(id=agent_id, capacity=1), presence="available", at=0)
    desk.add_queue(Queue(id=MAIL, members=[ANA, BEN], strategy="top_down"), at=0)
    desk.submit(Ticket(id=T1, queue=MAIL), at=1)
    host.fails = True
    with pytest.raises(LookupError):
        desk.release(T1, at=2)
    with pytest.raises(LookupError):
        desk.advance(at=3)
    host.fails = False
    desk.submit(Ticket(id=T2, queue=MAIL), at=4)
    assert [(event.at, brief(event)) for event in desk.last] == [
        (2, "t1 from ana, released"),
        (2, "t1 to ana, routed"),
        (4, "t2 submitted"),
        (4, "t2 to ben, routed"),
    ]
    desk.check_replay()


def test_more_than_the_rate_may_be_forced_upon_who_is_asked_for_all_of_it(desk: Desk) -> None:
    desk.staff("ana", capacity=3, rate_limit=RateLimit(1, seconds(10)))
    desk.open_queue("mail", "ana", delivery=Delivery.OFFER)
    desk.ask("t1", "mail", at=0)
    assert desk.ticket(TicketId("t1")).offered_to == (ANA,)
    desk.ask("t2", "mail", at=1)
    desk.assign(TicketId("t2"), ANA, force=True, at=2)
    desk.ask("t3", "mail", at=3)
    (ana,) = desk.explain(TicketId("t3")).others
    assert (ana.reason, ana.eligible_from) == (Reason.RATE_LIMIT, None)  # the offer leaves no span
    desk.decline(TicketId("t1"), ANA, at=4)
    (ana,) = desk.explain(TicketId("t3")).others
    assert ana.eligible_from == 2 + seconds(10)
