"""Who is next by weight, by the time they have been ready, or among the equally skilled."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from ticketroute import Delivery, Membership, minutes
from ticketroute.model import AgentId, QueueId, TicketId

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO, JOE, MARY = (AgentId(name) for name in ("ana", "ben", "cleo", "joe", "mary"))
MAIL = QueueId("mail")
SHARES = {ANA: Membership(weight=2), BEN: Membership(weight=2), CLEO: Membership(weight=1)}


def _resolved_at_once(desk: Desk, count: int, start: int = 0, **facts: object) -> list[AgentId]:
    """Submit tickets each of which is resolved before the next one; return who had them."""
    had: list[AgentId] = []
    for number in range(start, start + count):
        desk.ask(f"t{number}", "mail", at=number, **facts)
        who = desk.ticket(TicketId(f"t{number}")).agent_id
        assert who is not None
        had.append(who)
        desk.resolve(TicketId(f"t{number}"), at=number)
    return had


def test_ten_tickets_at_weights_two_two_one_give_four_four_two_and_never_three_in_a_row(
    desk: Desk,
) -> None:
    desk.staff("ana", "ben", "cleo", capacity=1)
    desk.open_queue("mail", strategy="weighted_round_robin", members=SHARES)
    had = _resolved_at_once(desk, 10)
    assert Counter(had) == {ANA: 4, BEN: 4, CLEO: 2}
    assert max(len(list(run)) for _, run in groupby(had)) < 3


def test_an_agent_back_from_a_break_gets_their_share_and_no_flood(desk: Desk) -> None:
    desk.staff("ana", "ben", "cleo", capacity=1)
    desk.open_queue("mail", strategy="weighted_round_robin", members=SHARES)
    _resolved_at_once(desk, 7)
    desk.set_presence(ANA, "away", at=7)
    assert Counter(_resolved_at_once(desk, 30, start=7)) == {BEN: 20, CLEO: 10}
    desk.set_presence(ANA, "available", at=37)
    assert Counter(_resolved_at_once(desk, 10, start=37)) == {ANA: 4, BEN: 4, CLEO: 2}


def test_tickets_that_ask_for_a_skill_count_towards_the_share_of_all(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.staff("cleo", capacity=1, skills={"x": 1})
    desk.open_queue("mail", "ana", "ben", "cleo", strategy="weighted_round_robin")
    assert _resolved_at_once(desk, 2, skills={"x": 1}) == [CLEO, CLEO]
    assert Counter(_resolved_at_once(desk, 4, start=2)) == {ANA: 2, BEN: 2}


def test_a_share_counts_offers_whether_they_are_accepted_or_not(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=5)
    desk.open_queue("mail", "ana", "ben", strategy="weighted_round_robin", delivery=Delivery.OFFER)
    desk.ask("t1", "mail", at=1)
    desk.decline(TicketId("t1"), ANA, at=2)
    desk.ask("t2", "mail", at=3)
    assert desk.ticket(TicketId("t1")).offered_to == (BEN,)
    assert desk.ticket(TicketId("t2")).offered_to == (ANA,)


def test_what_each_agent_is_owed_is_in_the_snapshot(desk: Desk) -> None:
    desk.staff("ana", "ben", "cleo", capacity=5)
    desk.open_queue("mail", strategy="weighted_round_robin", members=SHARES)
    desk.ask("t1", "mail", at=1)
    ticket = 10**12
    assert desk.snapshot()["queues"][MAIL]["turns"] == (
        (ANA, -3 * ticket // 5),
        (BEN, 2 * ticket // 5),
        (CLEO, ticket // 5),
    )


def _joe_ready_for_ten_and_mary_for_five_minutes(desk: Desk, strategy: str) -> None:
    desk.staff("joe", "mary", capacity=1)
    desk.open_queue("mail", "joe", "mary", strategy=strategy)
    desk.ask("first", "mail", at=0)
    desk.ask("second", "mail", at=0)
    assert (desk.who("first"), desk.who("second")) == (JOE, MARY)
    desk.resolve(TicketId("second"), at=minutes(35))
    desk.set_presence(MARY, "away", at=minutes(40))
    desk.resolve(TicketId("first"), at=minutes(50))
    desk.set_presence(MARY, "available", at=minutes(55))
    desk.ask("next", "mail", at=minutes(60))


def test_the_longest_available_agent_is_the_one_whose_ready_time_no_break_interrupted(
    desk: Desk,
) -> None:
    _joe_ready_for_ten_and_mary_for_five_minutes(desk, "longest_available")
    assert desk.who("next") == JOE
    assert "available since 1970-01-01 00:50:00 UTC" in str(desk.explain(TicketId("next")))


def test_the_longest_idle_agent_is_the_one_whose_last_ticket_ended_first_whatever_breaks(
    desk: Desk,
) -> None:
    _joe_ready_for_ten_and_mary_for_five_minutes(desk, "longest_idle")
    assert desk.who("next") == MARY


def test_among_agents_of_equal_skill_the_named_strategy_decides(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=9, skills={"x": 3})
    desk.staff("cleo", capacity=9, skills={"x": 2})
    desk.open_queue("mail", "ana", "ben", "cleo", strategy="best_match(then=average_load)")
    desk.ask("plain", "mail", at=0)
    for number in range(1, 5):
        desk.ask(f"t{number}", "mail", at=number, skills={"x": 1})
    assert [desk.who("plain")] + [desk.who(f"t{number}") for number in range(1, 5)] == [
        ANA,
        BEN,
        ANA,
        BEN,
        ANA,
    ]
    assert "asked first by best_match(then=average_load) (minus surplus, summed -2, " in str(
        desk.explain(TicketId("t4"))
    )
