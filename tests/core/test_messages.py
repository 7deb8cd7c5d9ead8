"""Every message of a desk that refuses to be set up so, word for word."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

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
    Target,
)
from ticketroute import errors as err
from ticketroute.model import AgentId, PolicyId, QueueId
from ticketroute.model.instants import LAST_INSTANT

# The ways out that several share.
INSTANT = "it must be an instant in whole milliseconds UTC; instant_of() converts a datetime"
YEARS = "it must be an instant from 0 to 253402300799999 milliseconds"
SET_CALENDAR = "set it first with set_calendar, or check the id"
SEVERAL = "it must be several values, such as a list"
NO_SOURCE = (
    "which draws random numbers, and this desk has no random source; pass one to Dispatcher and "
    "to replay: random=random.Random(seed)"
)
ADD_MEMBER = "add the membership first with add_member"
LONG = "x" * 79  # what a message repeats of a long text
HOURS = Calendar(hours={"thu": [("00:00", "12:00")]})
NIGHT = Calendar(hours={"fri": [("00:00", "12:00")]})


def policy(name: str = "gold", **facts: Any) -> Policy:
    """Return a policy with one target, of which ``hours`` and ``levels`` say more."""
    target = Target(
        within=60_000, calendar=facts.pop("hours", None), escalations=facts.pop("levels", ())
    )
    return Policy(id=PolicyId(name), targets={Metric.RESOLUTION: target}, **facts)


def moving(queue_id: str) -> Policy:
    return policy("moving", levels=[Escalation(offset=1, move_to=QueueId(queue_id))])


def agent(name: str, **facts: Any) -> Agent:
    return Agent(id=AgentId(name), **({"capacity": 1} | facts))


def queue(name: str, *members: str, **facts: Any) -> Queue:
    return Queue(id=QueueId(name), **({"members": members} | facts))


def overflow(to: str) -> list[Relaxation]:
    return [Relaxation(after=50_000, add_queue=QueueId(to))]


def nonsense(value: object) -> Any:
    return value


def without_a_source() -> Any:
    """Return a desk replayed without a random source, though a queue of it draws."""
    desk = Dispatcher(random=Random(1))  # noqa: S311  of a test
    return Dispatcher.replay(desk.add_queue(queue("lots", strategy="random"), at=0))


REFUSED: dict[type[Exception], list[tuple[str, Callable[[Any], object]]]] = {
    err.InvalidValueError: [
        ("defaults is 5; it must be of type Defaults", lambda _: Dispatcher(defaults=nonsense(5))),
        (f"at is 'noon'; {INSTANT}", lambda desk: desk.advance(at="noon")),
        (f"at is -1; {YEARS}", lambda desk: desk.advance(at=-1)),
        (f"at is 253402300800000; {YEARS}", lambda desk: desk.advance(at=LAST_INSTANT + 1)),
        ("agent_id is 5; it must be a string", lambda desk: desk.agent(5)),
        ("queue_id is 5; it must be a string", lambda desk: desk.queue(5)),
        ("calendar_id is 5; it must be a string", lambda desk: desk.set_calendar(5, HOURS, at=10)),
        (
            "calendar is 'office'; it must be of type Calendar",
            lambda desk: desk.set_calendar("spare", "office", at=10),
        ),
        (
            f"effective_from is 'noon'; {INSTANT}",
            lambda desk: desk.set_calendar("spare", NIGHT, effective_from="noon", at=10),
        ),
        (
            "calendar_id is ''; it must be 1 to 200 characters long",
            lambda desk: desk.remove_calendar("", at=10),
        ),
        ("calendar_id is None; it must be a string", lambda desk: desk.calendar(None)),
        (f"policies is 'gold'; {SEVERAL}", lambda desk: desk.set_policies("gold", at=10)),
        (
            "one of policies is 'silver'; it must be of type Policy",
            lambda desk: desk.set_policies([policy(), "silver"], at=10),
        ),
        (
            "the number of policies is 1001; it must be at most 1000",
            lambda desk: desk.set_policies(
                [policy(f"p{number}") for number in range(1_001)], at=10
            ),
        ),
        ("queue is 'mail'; it must be of type Queue", lambda desk: desk.add_queue("mail", at=10)),
        (
            (
                "a field of Queue is 'id'; it must be one of strategy, members, delivery, order, "
                "weight, wrap_up, limit_per_agent, departure, resume, parked_counts, offer, "
                "reach, relaxations, hold_room_after, keep_agent, affinity_wait, respond_within, "
                "max_hops, idle_after, calendar, sla, name"
            ),
            lambda desk: desk.change_queue("mail", id="post", at=10),
        ),
        (
            (
                "queue_id is 'default'; it must be another queue than the desk's default; choose "
                "another default with change_defaults"
            ),
            lambda desk: desk.remove_queue("default", at=10),
        ),
        (
            "move_to is 'mail'; it must be another queue than the one removed",
            lambda desk: desk.remove_queue("mail", move_to="mail", at=10),
        ),
        ("defaults is 5; it must be of type Defaults", lambda desk: desk.change_defaults(5, at=10)),
        ("agent is 'zoe'; it must be of type Agent", lambda desk: desk.add_agent("zoe", at=10)),
        (
            "presence is 5; it must be a Presence, or a word for one",
            lambda desk: desk.add_agent(agent("zoe"), presence=5, at=10),
        ),
        (
            f"reason is '{LONG}... (1001 characters); it must be at most 1000 characters long",
            lambda desk: desk.add_agent(agent("zoe"), presence="x" * 1_001, at=10),
        ),
        (
            (
                "a field of Agent is 'skill'; it must be one of capacity, priority, channels, "
                "skills, rate_limit, name, contact_points, shift"
            ),
            lambda desk: desk.change_agent("ana", skill={"sql": 1}, at=10),
        ),
        (
            "reason is 5; it must be a string",
            lambda desk: desk.set_presence("ana", "away", reason=5, at=10),
        ),
        (
            "channel is 5; it must be a string",
            lambda desk: desk.switch_channel("ana", 5, on=False, at=10),
        ),
        (
            "on is 1; it must be True or False",
            lambda desk: desk.switch_channel("ana", "chat", on=1, at=10),
        ),
        (
            "membership is 5; it must be of type Membership",
            lambda desk: desk.add_member("phone", "ana", 5, at=10),
        ),
        (
            "membership is 5; it must be of type Membership",
            lambda desk: desk.change_member("mail", "ana", 5, at=10),
        ),
    ],
    err.TimeBackwardsError: [
        (
            (
                "at=9 is 1 ms before the last instant 10; give commands in the order of their "
                "instants, or repeat the last instant"
            ),
            lambda desk: desk.advance(at=9),
        ),
    ],
    err.NoRandomSourceError: [
        (
            f"queue 'lots' uses strategy random, {NO_SOURCE}",
            lambda _: without_a_source().advance(at=10),
        ),
        (
            f"queue 'new' uses strategy random, {NO_SOURCE}",
            lambda desk: desk.add_queue(queue("new", strategy="random"), at=10),
        ),
        (
            f"queue 'mail' uses strategy priority(then=random), {NO_SOURCE}",
            lambda desk: desk.change_queue("mail", strategy="priority(then=random)", at=10),
        ),
    ],
    err.UnknownAgentError: [
        (
            "no agent 'nobody' on this desk; add the agent first, or check the id",
            lambda desk: desk.agent("nobody"),
        ),
        (
            "no agent 'zoe' on this desk; add the agent first, or check the id",
            lambda desk: desk.add_queue(queue("new", "ana", "zoe"), at=10),
        ),
        (
            "no agent 'zac' on this desk; add the agent first, or check the id",
            lambda desk: desk.change_queue("mail", members=["ana", "zac"], at=10),
        ),
    ],
    err.UnknownQueueError: [
        (
            "no queue 'nowhere' on this desk; add the queue first, or check the id",
            lambda desk: desk.queue("nowhere"),
        ),
        (
            "no queue 'there' on this desk; add the queue first, or check the id",
            lambda desk: desk.set_policies([policy(), moving("there")], at=10),
        ),
        (
            "no queue 'away' on this desk; add the queue first, or check the id",
            lambda desk: desk.add_queue(queue("new", relaxations=overflow("away")), at=10),
        ),
        (
            "no queue 'gone' on this desk; add the queue first, or check the id",
            lambda desk: desk.change_queue("back", relaxations=overflow("gone"), at=10),
        ),
        (
            "no queue 'void' on this desk; add the queue first, or check the id",
            lambda desk: desk.change_defaults(Defaults(queue=QueueId("void")), at=10),
        ),
    ],
    err.UnknownCalendarError: [
        (
            f"no calendar 'nine' on this desk; {SET_CALENDAR}",
            lambda desk: desk.remove_calendar("nine", at=10),
        ),
        (f"no calendar 'ten' on this desk; {SET_CALENDAR}", lambda desk: desk.calendar("ten")),
        (
            f"no calendar 'none' on this desk; {SET_CALENDAR}",
            lambda desk: desk.set_policies([policy(calendar="none")], at=10),
        ),
        (
            f"no calendar 'noon' on this desk; {SET_CALENDAR}",
            lambda desk: desk.set_policies([policy(hours="noon")], at=10),
        ),
        (
            f"no calendar 'n1' on this desk; {SET_CALENDAR}",
            lambda desk: desk.add_queue(queue("new", calendar="n1"), at=10),
        ),
        (
            f"no calendar 'n2' on this desk; {SET_CALENDAR}",
            lambda desk: desk.change_queue("mail", calendar="n2", at=10),
        ),
        (
            f"no calendar 'n5' on this desk; {SET_CALENDAR}",
            lambda desk: desk.add_agent(agent("zoe", shift="n5"), at=10),
        ),
        (
            f"no calendar 'n6' on this desk; {SET_CALENDAR}",
            lambda desk: desk.change_agent("ana", shift="n6", at=10),
        ),
    ],
    err.InUseError: [
        (
            "calendar 'shift' is in use by the shift of agent 'ana'; change that first",
            lambda desk: desk.remove_calendar("shift", at=10),
        ),
        (
            "calendar 'office' is in use by queue 'mail'; change that first",
            lambda desk: desk.remove_calendar("office", at=10),
        ),
        (
            "calendar 'always' is in use by policy 'gold'; change that first",
            lambda desk: desk.remove_calendar("always", at=10),
        ),
        (
            "calendar 'lunch' is in use by policy 'gold'; change that first",
            lambda desk: desk.remove_calendar("lunch", at=10),
        ),
        (
            "calendar 'old' is in use by a clock of ticket 'm5'; change that first",
            lambda desk: desk.remove_calendar("old", at=10),
        ),
        (
            "policy 'gold' is in use by queue 'mail'; change that first",
            lambda desk: desk.set_policies([], at=10),
        ),
        (
            "queue 'moved' is in use by policy 'moving'; change that first",
            lambda desk: desk.remove_queue("moved", at=10),
        ),
    ],
    err.DuplicatePolicyError: [
        (
            "policy 'gold' is there twice; give each policy an id of its own",
            lambda desk: desk.set_policies([policy(), policy()], at=10),
        ),
    ],
    err.DuplicateQueueError: [
        (
            (
                "queue 'mail' is on this desk already; "
                "change it with change_queue, or choose another id"
            ),
            lambda desk: desk.add_queue(queue("mail"), at=10),
        ),
    ],
    err.UnknownStrategyError: [
        (
            (
                "no strategy 'round_robbin'; did you mean 'round_robin'? valid names are: "
                "round_robin, weighted_round_robin, average_load, best_match, fewest_taken, "
                "headroom, least_handle_time, load_ratio, longest_available, longest_idle, "
                "max_load, power_of_two, priority, random, ring_all, top_down, weighted_random; "
                "register one of your own with ticketroute.strategies.register(name, factory)"
            ),
            lambda desk: desk.add_queue(queue("new", strategy="round_robbin"), at=10),
        ),
    ],
    err.OverflowCircleError: [
        (
            (
                "relaxations move tickets in a circle: 'back' -> 'sales' -> 'back'; take move_to "
                "or add_queue out of the relaxations of one of them"
            ),
            lambda desk: desk.change_queue("back", relaxations=overflow("sales"), at=10),
        ),
        (
            (
                "relaxations move tickets in a circle: 'back' -> 'back'; take move_to or add_queue "
                "out of the relaxations of one of them"
            ),
            lambda desk: desk.change_queue("back", relaxations=overflow("back"), at=10),
        ),
    ],
    err.UnknownPolicyError: [
        (
            "no policy 'n3' on this desk; set it first with set_policies, or check the id",
            lambda desk: desk.add_queue(queue("new", sla="n3"), at=10),
        ),
        (
            "no policy 'n4' on this desk; set it first with set_policies, or check the id",
            lambda desk: desk.change_queue("mail", sla="n4", at=10),
        ),
    ],
    err.QueueNotEmptyError: [
        (
            (
                "queue 'mail' is not empty: 3 of its tickets are not done; move them with "
                "move_to=, or end them first"
            ),
            lambda desk: desk.remove_queue("mail", at=10),
        ),
    ],
    err.DuplicateAgentError: [
        (
            (
                "agent 'ana' is on this desk already; "
                "change it with change_agent, or choose another id"
            ),
            lambda desk: desk.add_agent(agent("ana"), at=10),
        ),
    ],
    err.AlreadyMemberError: [
        (
            (
                "agent 'ana' is a member of queue 'mail' already; change the membership with "
                "change_member"
            ),
            lambda desk: desk.add_member("mail", "ana", at=10),
        ),
    ],
    err.NotMemberError: [
        (
            f"agent 'ana' is not a member of queue 'phone'; {ADD_MEMBER}",
            lambda desk: desk.change_member("phone", "ana", Membership(), at=10),
        ),
        (
            f"agent 'ben' is not a member of queue 'phone'; {ADD_MEMBER}",
            lambda desk: desk.remove_member("phone", "ben", at=10),
        ),
    ],
}


@pytest.mark.parametrize(
    ("kind", "text", "refused"),
    [(kind, *row) for kind, rows in REFUSED.items() for row in rows],
    ids=lambda each: each[:40] if isinstance(each, str) else "",
)
def test_what_is_refused_is_refused_in_so_many_words_and_changes_nothing(
    says: Callable[..., None], kind: type[Exception], text: str, refused: Callable[[Any], object]
) -> None:
    says(kind, text, refused)
