"""Many tickets at once: the events of one after the other, for fewer steps."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ticketroute import Agent, Dispatcher, Queue, Ticket, seconds
from ticketroute.testing import check, values

AGENTS = 3


def a_desk(*, room: bool, **facts: Any) -> Dispatcher:
    desk = Dispatcher()
    for number in range(AGENTS):
        agent = Agent(id=f"a{number}", capacity=1_000 if room else 1, skills={"sql": 5})
        desk.add_agent(agent, presence="available", at=0)
    members = [f"a{number}" for number in range(AGENTS)]
    desk.add_queue(Queue(id="mail", members=members, **facts), at=0)
    for number in range(0 if room else AGENTS):
        desk.submit(Ticket(id=f"first{number}", queue="mail", requester="kim"), at=0)
    return desk


def tickets(count: int, **facts: Any) -> list[Ticket]:
    return [Ticket(id=f"t{number}", queue="mail", **facts) for number in range(count)]


def calls(work: Callable[[], object]) -> Counter[str]:
    """Return how often each Python function was called, by its name."""
    counted: Counter[str] = Counter()

    def note(frame: Any, event: str, _: object) -> None:
        if event == "call":
            counted[frame.f_code.co_qualname] += 1

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


def one_by_one(desk: Dispatcher, batch: list[Ticket]) -> None:
    for ticket in batch:
        desk.submit(ticket, at=1)


@pytest.mark.parametrize(("room", "most"), [(False, 0.7), (True, 0.96)])
def test_a_thousand_at_once_take_fewer_steps_than_one_by_one(*, room: bool, most: float) -> None:
    batch = tickets(1_000)
    single, many = a_desk(room=room), a_desk(room=room)
    alone = calls(lambda: one_by_one(single, batch)).total()
    together = calls(lambda: many.submit_many(batch, at=1)).total()
    assert together <= most * alone
    assert many.same_state(single)
    check(many)


@pytest.mark.parametrize("room", [True, False])
def test_a_run_of_equal_tickets_is_looked_up_once(*, room: bool) -> None:
    desk = a_desk(room=room)
    batch = [Ticket(id=f"t{n}", queue="mail", skills={"sql": 3}) for n in range(500)]
    counted = calls(lambda: desk.submit_many(batch, at=1))
    assert counted["FrozenMapping.__hash__"] <= 20  # to find a demand is to hash what it asks
    assert counted["Demands.of"] <= 2
    assert counted["Demands.wait_reason"] <= 2


KINDS: list[dict[str, Any]] = [
    {},
    {"delivery": "offer"},
    {"delivery": "pull"},
    {"strategy": "round_robin"},
    {"strategy": "ring_all"},
    {"strategy": "ring_all(step=5)"},
]


@settings(max_examples=120)
@given(
    batch=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "skills": st.sampled_from([{"sql": 3}, {"sql": 9}]),
                "prefer": st.sampled_from(["a1", "nobody"]),
                "priority": values.priorities,
                "weight": st.integers(1, 2),
                "requester": st.just("kim"),
                "attributes": st.just({"a": "b"}),
            },
        ),
        min_size=2,
        max_size=12,
    ),
    kind=st.sampled_from(KINDS),
    facts=st.fixed_dictionaries(
        {},
        optional={
            "keep_agent": st.booleans(),
            "hold_room_after": st.sampled_from([0, 1]),
            "affinity_wait": st.just(seconds(5)),
        },
    ),
    room=st.booleans(),
)
@example(
    batch=[{}, {}, {"prefer": "a1"}],  # it is kept for a1, while the others wait for anybody
    kind={},
    facts={"affinity_wait": seconds(5)},
    room=False,
)
def test_the_events_are_those_of_one_after_the_other(
    *, batch: list[dict[str, Any]], kind: dict[str, Any], facts: dict[str, Any], room: bool
) -> None:
    given_tickets = [
        Ticket(id=f"t{number}", queue="mail", **each) for number, each in enumerate(batch)
    ]
    single, many = (a_desk(room=room, **kind, **facts) for _ in range(2))
    told = [event for ticket in given_tickets for event in single.submit(ticket, at=1)]
    assert list(many.submit_many(given_tickets, at=1)) == told
    assert many.same_state(single)
