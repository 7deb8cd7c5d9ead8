"""Why this agent, and why not that one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from ticketroute import (
    ChannelLimit,
    Delivery,
    Membership,
    OfferPolicy,
    RateLimit,
    RoutingState,
    Ticket,
    seconds,
)
from ticketroute.core.show.explain import Explanation
from ticketroute.events import Cause, WaitReason
from ticketroute.model import AgentId, QueueId, Reason, TicketId
from ticketroute.model.instants import LAST_INSTANT
from ticketroute.sla.zones import HORIZON

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO = (AgentId(name) for name in ("ana", "ben", "cleo"))
MAIL = QueueId("mail")
T1, T2, T3 = (TicketId(f"t{number}") for number in (1, 2, 3))


def _verdicts(desk: Desk, ticket_id: TicketId) -> dict[str, Reason | None]:
    return {verdict.agent_id: verdict.reason for verdict in desk.explain(ticket_id).others}


def test_the_winner_has_a_key_and_a_runner_up(desk: Desk) -> None:
    desk.staff("ana", "ben", "cleo", capacity=5)
    desk.open_queue("mail", "ana", "ben", "cleo", strategy="average_load")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    explanation = desk.explain(T2)
    assert (explanation.winner, explanation.runner_up) == ("ben", "cleo")
    assert explanation.cause is Cause.ROUTED
    assert explanation.decided_at == 2
    assert dict(zip(explanation.key_names, explanation.key, strict=True)) == {"tickets": 0}
    assert str(explanation) == (
        "ticket t2 in queue mail: assigned\n"
        "  ben: asked first by average_load (tickets 0)\n"
        "  next in turn: cleo\n"
        "  ana: eligible\n"
        "  cleo: eligible"
    )


def test_an_explanation_says_since_when_the_winner_was_idle_and_until_when_others_are_out(
    desk: Desk,
) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", strategy="longest_idle", wrap_up=seconds(90))
    desk.ask("t1", "mail", at=5_000)
    desk.resolve(T1, at=60_000)
    desk.ask("t2", "mail", at=61_000)
    assert str(desk.explain(T2)) == (
        "ticket t2 in queue mail: waiting\n"
        "  waits: nobody_free\n"
        "  ana: wrap_up, eligible from 1970-01-01 00:02:30 UTC"
    )
    desk.advance(at=150_000)
    desk.resolve(T2, at=160_000)
    desk.ask("t3", "mail", at=300_000)
    assert str(desk.explain(T3)) == (
        "ticket t3 in queue mail: assigned\n"
        "  ana: asked first by longest_idle (idle since 1970-01-01 00:04:10 UTC)\n"
        "  next in turn: nobody else was eligible"
    )


def test_nothing_is_said_to_happen_after_the_last_instant(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana", delivery=Delivery.OFFER, offer=OfferPolicy(timeout=10))
    desk.ask("t1", "mail", at=LAST_INSTANT - 10)
    assert "ana: is asked until 9999-12-31 23:59:59 UTC" in str(desk.explain(T1))
    desk.decline(T1, ANA, at=LAST_INSTANT - 1)
    desk.staff("ben")
    desk.add_member(MAIL, BEN, at=LAST_INSTANT - 1)
    assert "ben: is asked until the end of time" in str(desk.explain(T1))


def test_the_only_one_eligible_has_no_runner_up(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    assert desk.explain(T1).runner_up == "ben"
    desk.ask("t2", "mail", at=2)
    assert desk.explain(T2).runner_up is None
    assert "nobody else was eligible" in str(desk.explain(T2))


class NeverLast:
    def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
        return agent_id != "11 not permitted"


def test_every_other_member_has_the_first_reason_in_the_order_of_the_gate(
    make_desk: Callable[..., Desk],
) -> None:
    """Each agent fails one check and all that come after it."""
    desk = make_desk(permits=NeverLast())
    desk.open_queue("other", limit_per_agent=99)
    desk.open_queue("mail", limit_per_agent=99)
    fit = {"french": 5, "law": 5}
    rare = RateLimit(1, 10_000)
    chats = {"chat": ChannelLimit(most=2), "email": ChannelLimit()}
    # name, skills, channels, capacity, rate limit, own limit
    table = [
        ("01 offline", {}, {"chat": ChannelLimit(most=1)}, 1, rare, 1),
        ("02 away", {}, {"chat": ChannelLimit(most=1)}, 1, rare, 1),
        ("03 channel off", {}, {"chat": ChannelLimit(most=1)}, 1, rare, 1),
        ("04 wrap up", {}, {"chat": ChannelLimit(most=9)}, 1, rare, 99),
        ("05 missing skill", {"law": 1}, {"chat": ChannelLimit(most=1)}, 1, rare, 1),
        ("06 skill level", {"law": 1, "french": 9}, {"chat": ChannelLimit(most=1)}, 1,
         rare, 1),
        ("07 channel limit", fit, {"chat": ChannelLimit(most=1)}, 1, rare, 1),
        ("08 queue limit", fit, chats, 1, rare, 1),
        ("09 agent limit", fit, chats, 1, rare, 2),
        ("10 rate limit", fit, chats, 2, rare, 2),
        ("11 not permitted", fit, chats, 2, RateLimit(2, 10_000), 2),
        ("12 eligible", fit, chats, 2, RateLimit(2, 10_000), 2),
    ]  # fmt: skip
    for name, skills, channels, capacity, rate, limit in table:
        desk.staff(name, skills=skills, channels=channels, capacity=capacity, rate_limit=rate)
        desk.add_member(MAIL, AgentId(name), Membership(limit=limit), at=1)
        # one chat each, so that capacity 1, limit 1, chat limit 1 and rate 1 are used up
        given = TicketId(f"given {name}")
        desk.ask(given, "mail", at=1, channel="chat", skills={"none": 10})
        desk.assign(given, AgentId(name), force=True, at=1)
    desk.set_presence(AgentId("01 offline"), "offline", at=2)
    desk.set_presence(AgentId("02 away"), "away", at=2)
    desk.switch_channel(AgentId("03 channel off"), "chat", on=False, at=2)
    desk.change_queue(MAIL, wrap_up=seconds(60), at=2)
    desk.resolve(TicketId("given 04 wrap up"), at=2)
    desk.ask("t1", "mail", at=3, channel="chat", skills={"french": 5, "law": 5})

    assert desk.who("t1") == "12 eligible"
    verdicts = _verdicts(desk, T1)
    assert {name: reason and reason.value for name, reason in verdicts.items()} == {
        name: name[3:].replace(" ", "_") for name, *_ in table[:-1]
    }


def test_a_member_nobody_needs_is_eligible_without_a_reason(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    (ben,) = desk.explain(T1).others
    assert (ben.reason, ben.eligible_from) == (None, None)
    assert "ben: eligible" in str(desk.explain(T1))


def test_who_is_in_wrap_up_is_eligible_from_its_end(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=seconds(30))
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=1_000)
    desk.ask("t2", "mail", at=2_000)
    (ana,) = desk.explain(T2).others
    assert (ana.reason, ana.eligible_from) == (Reason.WRAP_UP, 31_000)
    assert "ana: wrap_up, eligible from 1970-01-01 00:00:31 UTC" in str(desk.explain(T2))
    desk.advance(at=31_000)
    assert desk.who("t2") == "ana"


def test_who_has_two_slots_in_wrap_up_is_eligible_from_the_one_that_makes_room(desk: Desk) -> None:
    desk.staff("ana", capacity=3)
    desk.open_queue("mail", "ana", wrap_up=100)
    for number in (1, 2, 3):
        desk.ask(f"t{number}", "mail", at=number)
    for number in (1, 2, 3):
        desk.resolve(TicketId(f"t{number}"), at=number * 10)
    desk.ask("big", "mail", at=50, weight=2)
    (ana,) = desk.explain(TicketId("big")).others
    assert (ana.reason, ana.eligible_from) == (Reason.WRAP_UP, 120)
    desk.advance(at=119)
    assert desk.who("big") is None
    desk.advance(at=120)
    assert desk.who("big") == "ana"


def test_wrap_up_and_rate_limit_together_end_with_the_later(desk: Desk) -> None:
    desk.staff("ana", capacity=1, rate_limit=RateLimit(1, 1_000))
    desk.open_queue("mail", "ana", wrap_up=100)
    desk.ask("t1", "mail", at=10)
    desk.resolve(T1, at=20)
    desk.ask("t2", "mail", at=30)
    (ana,) = desk.explain(T2).others
    assert (ana.reason, ana.eligible_from) == (Reason.WRAP_UP, 1_010)
    desk.advance(at=1_009)
    assert desk.who("t2") is None
    desk.advance(at=1_010)
    assert desk.who("t2") == "ana"


def test_who_lacks_a_skill_is_not_eligible_by_waiting(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=100)
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.ask("t2", "mail", at=3, skills={"french": 1})
    (ana,) = desk.explain(T2).others
    assert ana.eligible_from is None


def test_a_waiting_ticket_is_explained_by_what_keeps_each_from_it(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.staff("cleo", channels=["chat"])
    desk.open_queue("mail", "ana", "ben", "cleo")
    desk.ask("t1", "mail", at=1)
    desk.set_presence(BEN, "away", reason="lunch", at=2)
    desk.ask("t2", "mail", at=3)
    explanation = desk.explain(T2)
    assert explanation.state is RoutingState.WAITING
    assert explanation.wait_reason is WaitReason.NOBODY_FREE
    assert (explanation.winner, explanation.key, explanation.decided_at) == (None, (), None)
    assert _verdicts(desk, T2) == {
        "ana": Reason.AGENT_LIMIT,
        "ben": Reason.AWAY,
        "cleo": Reason.CHANNEL_OFF,
    }
    assert "waits: nobody_free" in str(explanation)


def test_the_reason_why_a_ticket_waits_is_that_of_now(desk: Desk) -> None:
    desk.staff("ana", channels=["chat"])
    desk.open_queue("mail")
    desk.ask("t1", "mail", at=1)
    assert desk.explain(T1).wait_reason is WaitReason.NO_MEMBERS
    desk.add_member(MAIL, ANA, at=2)
    assert desk.explain(T1).wait_reason is WaitReason.NOBODY_FITS


def test_the_key_of_a_decision_stays_when_the_figures_have_moved_on(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=5)
    desk.open_queue("mail", "ana", "ben", strategy="average_load")
    desk.ask("t1", "mail", at=1)
    key = desk.explain(T1).key
    for number in range(2, 8):
        desk.ask(f"t{number}", "mail", at=number)
    assert desk.explain(T1).key == key


def test_the_key_is_named_after_the_strategy_that_made_it(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=5)
    desk.open_queue("mail", "ana", "ben", strategy="average_load")
    desk.ask("t1", "mail", at=1)
    before = desk.explain(T1)
    desk.change_queue(MAIL, strategy="longest_idle", at=2)
    after = desk.explain(T1)
    assert (after.strategy, after.key_names) == (before.strategy, before.key_names)


def test_manual_taken_preferred_and_forced_assignments_are_named(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben")
    desk.ask("t1", "mail", at=1, prefer=BEN)
    assert "ben: the ticket prefers them" in str(desk.explain(T1))
    desk.ask("t2", "mail", at=2)
    desk.ask("t3", "mail", at=3)
    desk.assign(T3, BEN, force=True, at=4)
    explanation = desk.explain(T3)
    assert (explanation.cause, explanation.exceeded) == (Cause.MANUAL, "agent_limit")
    assert "forced, against: agent_limit" in str(explanation)


def test_a_done_ticket_has_no_winner_and_names_who_could_have_it_now(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    explanation = desk.explain(T1)
    assert (explanation.winner, explanation.state) == (None, RoutingState.DONE)
    assert str(explanation).startswith("ticket t1 in queue mail: done")


def test_explaining_changes_nothing(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", wrap_up=50)
    for number in (1, 2, 3):
        desk.ask(f"t{number}", "mail", at=number, skills={} if number < 3 else {"x": 1})
    desk.resolve(T1, at=4)
    before = desk.snapshot()
    for ticket in list(desk.tickets()):
        str(desk.explain(ticket.id))
    assert desk.snapshot() == before


def test_who_may_have_it_now_is_not_said_to_be_eligible_from_later(desk: Desk) -> None:
    desk.staff("ana", capacity=2)
    desk.open_queue("mail", "ana", wrap_up=seconds(30))
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.change_queue(MAIL, delivery=Delivery.PULL, at=3)
    desk.ask("t2", "mail", at=4)
    (ana,) = desk.explain(T2).others
    assert (ana.reason, ana.eligible_from) == (None, None)


def test_what_awaits_an_agent_to_pull_it_waits_for_that_whoever_is_there(desk: Desk) -> None:
    desk.open_queue("mail", delivery=Delivery.PULL)
    desk.ask("t1", "mail", at=0)
    assert desk.explain(T1).wait_reason is WaitReason.AWAITS_PULL
    assert "waits: awaits_pull" in str(desk.explain(T1))


def test_what_is_asked_of_too_few_does_not_wait(desk: Desk) -> None:
    desk.staff("ana")
    offer = OfferPolicy(parallel=2, refill=True)
    desk.open_queue("mail", "ana", delivery=Delivery.OFFER, offer=offer)
    desk.ask("t1", "mail", at=0)
    assert desk.told[-1] == "t1 asks 1 of 2"
    assert desk.explain(T1).wait_reason is None


def test_what_came_back_from_its_agent_has_no_decision_any_more(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=seconds(30))
    desk.ask("t1", "mail", at=7)
    desk.set_presence(ANA, "away", at=8)
    desk.release(T1, at=9)
    explanation = desk.explain(T1)
    assert (explanation.decided_at, explanation.cause, explanation.key) == (None, None, ())
    desk.set_presence(ANA, "available", at=10)
    desk.resolve(T1, at=11)  # its slot is kept for the wrap-up, and it is done
    explanation = desk.explain(T1)
    assert (explanation.winner, explanation.decided_at, explanation.cause) == (None, None, None)


def explained(key: tuple[int, ...], key_names: tuple[str, ...]) -> Explanation:
    return Explanation(
        ticket_id=T1,
        queue_id=MAIL,
        state=RoutingState.ASSIGNED,
        strategy="of_the_house",
        wait_reason=None,
        winner=ANA,
        decided_at=0,
        cause=Cause.FREED,
        key=key,
        key_names=key_names,
        runner_up=None,
        exceeded=None,
        asked=(),
        others=(),
    )


@pytest.mark.parametrize(
    ("names", "key", "figures"),
    [
        (("load", "idle since"), (3, 5_000), " (load 3, idle since 1970-01-01 00:00:05 UTC)"),
        (("load", "idle since"), (3, 1), " (load 3, idle since 1970-01-01 00:00:00 UTC)"),
        (("load", "idle since"), (0, 0), " (load 0, idle since 0)"),  # never since the desk began
        ((), (), ""),
        (("load",), (), ""),
        (("load",), (1, 2), ""),  # a strategy of others that does not name all its figures
    ],
)
def test_figures_are_told_by_their_names_where_each_has_one(
    names: tuple[str, ...], key: tuple[int, ...], figures: str
) -> None:
    told = str(explained(key, names))
    first, winner = told.splitlines()
    assert first == "ticket t1 in queue mail: assigned"
    assert winner == f"  ana: gained room when this ticket was the next they may have{figures}"


def test_what_ends_where_no_calendar_reaches_ends_all_the_same(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=seconds(30))
    desk.ask("t1", "mail", at=HORIZON)
    desk.resolve(T1, at=HORIZON + 1)
    desk.ask("t2", "mail", at=HORIZON + 2)
    (ana,) = desk.explain(T2).others
    assert ana.eligible_from == HORIZON + 1 + seconds(30)


def test_who_missed_a_ticket_that_holds_room_shows_when_they_are_asked_again(desk: Desk) -> None:
    desk.staff("ana", capacity=2)
    policy = OfferPolicy(timeout=seconds(30), retry_missed_after=seconds(40))
    desk.open_queue(
        "mail", "ana", delivery=Delivery.OFFER, offer=policy, hold_room_after=0, strategy="ring_all"
    )
    desk.ask("t1", "mail", at=0)
    desk.accept(T1, ANA, at=0)
    desk.ask("t2", "mail", at=0, weight=2)
    assert desk.agent(ANA).room_held_for == T2
    desk.resolve(T1, at=seconds(10))
    assert desk.ticket(T2).offered_to == (ANA,)
    desk.advance(at=seconds(40))
    (verdict,) = desk.explain(T2).others
    assert (verdict.reason, verdict.eligible_from) == (Reason.MISSED, seconds(80))
    desk.advance(at=seconds(80))
    assert desk.ticket(T2).offered_to == (ANA,)


def test_an_explanation_has_the_names_of_the_host(desk: Desk) -> None:
    desk.staff("1", "2", capacity=1)
    desk.open_queue("q7", "1", "2", strategy="top_down")
    desk.ask("t1", "q7", at=1)
    desk.ask("t2", "q7", at=2)
    names = {"1": "Ana <b>", "2": "Ben", "q7": "Returns"}
    told = desk.explain(TicketId("t1")).to_text(names)
    assert told.splitlines()[:3] == [
        "ticket t1 in queue Returns: assigned",
        "  Ana <b>: asked first by top_down (position 0)",
        "  next in turn: Ben",
    ]
    assert "  Ben: agent_limit" in told
    assert desk.explain(TicketId("t1")).to_text(names.get) == told  # type: ignore[arg-type]
    assert str(desk.explain(TicketId("t1"))) == desk.explain(TicketId("t1")).to_text()


def test_an_explanation_is_plain_data(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.ask("t3", "mail", at=3)
    data = desk.explain(TicketId("t1")).to_data({"ana": "Ana"})
    assert json.loads(json.dumps(data)) == data
    assert data["winner"] == {"id": "ana", "name": "Ana"}
    assert (data["cause"], data["runner_up"]) == ("routed", {"id": "ben", "name": "ben"})
    assert [(each["id"], each["reason"]) for each in data["others"]] == [("ben", "agent_limit")]
    assert desk.explain(TicketId("t3")).to_data()["waits"] == "nobody_free"


def test_an_agent_with_room_who_gets_nothing_is_told_why_by_queue(desk: Desk) -> None:
    desk.staff("ana", skills={"fr": 2})
    desk.open_queue("calls", "ana")
    desk.open_queue("mail", "ana")
    desk.open_queue("forms", "ana", delivery=Delivery.PULL)
    for number, level in enumerate((5, 5, 1)):
        desk.ask(f"t{number}", "calls", skills={"de" if level == 1 else "fr": level}, at=number)
    desk.ask("t9", "forms", at=3)
    told = desk.explain_agent(AgentId("ana"))
    assert [dict(each.reasons) for each in told.queues] == [
        {"skill_level": 2, "missing_skill": 1},
        {},
        {"awaits_pull": 1},
    ]
    assert told.to_text({"ana": "Ana B."}).splitlines() == [
        "agent Ana B.: 0 of 5 units taken",
        "  queue calls: 2 skill_level, 1 missing_skill",
        "  queue mail: nothing waits",
        "  queue forms: 1 awaits_pull",
    ]
