"""What the steps of an event log change, each said once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ticketroute.logs import Logged, Step, StepTaken, changes
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.ticket import Ticket

MAIL, CHAT = QueueId("mail"), QueueId("chat")
ANA, BEN = AgentId("ana"), AgentId("ben")


def logged(*steps: StepTaken, arrived: int = 0, ended: int | None = None) -> Logged:
    return Logged(Ticket(id=TicketId("t"), queue=MAIL), MAIL, arrived, ended, steps=steps)


def said(ticket: Logged) -> list[tuple[int, str, str | None]]:
    return [(each.at, each.step.value, each.queue or each.agent) for each in changes(ticket)]


def test_each_step_is_said_once() -> None:
    ticket = logged(
        StepTaken(0, Step.ARRIVE, MAIL, None),
        StepTaken(1, Step.ASSIGN, MAIL, ANA),
        StepTaken(2, Step.HOLD, None, ANA),
        StepTaken(3, Step.HOLD, MAIL, ANA),
        StepTaken(4, Step.RESUME, None, None),
        StepTaken(5, Step.TRANSFER, CHAT, BEN),
        StepTaken(6, Step.RESOLVE, CHAT, BEN),
        StepTaken(7, Step.RESOLVE, CHAT, BEN),
        ended=6,
    )

    assert said(ticket) == [
        (1, "assign", "ana"), (2, "hold", None), (4, "resume", None),
        (5, "transfer", "chat"), (5, "assign", "ben"),
    ]  # fmt: skip


def test_work_on_a_ticket_on_hold_resumes_it_in_its_new_queue() -> None:
    ticket = logged(
        StepTaken(1, Step.HOLD, MAIL, ANA), StepTaken(2, Step.TRANSFER, CHAT, None), ended=9
    )

    assert said(ticket)[-2:] == [(2, "transfer", "chat"), (2, "resume", None)]


def test_an_ending_before_the_last_one_is_undone() -> None:
    ticket = logged(
        StepTaken(1, Step.HOLD, MAIL, None),
        StepTaken(2, Step.RESOLVE, MAIL, None),
        StepTaken(3, Step.RESOLVE, MAIL, None),
        StepTaken(5, Step.ASSIGN, MAIL, None),
        StepTaken(8, Step.RESOLVE, MAIL, None),
        ended=8,
    )

    assert said(ticket) == [(1, "hold", None), (2, "resolve", None), (5, "reopen", None)]


def test_steps_before_the_arrival_come_at_the_arrival_and_those_after_the_end_not_at_all() -> None:
    ticket = logged(
        StepTaken(1, Step.TRANSFER, CHAT, None),
        StepTaken(7, Step.TRANSFER, MAIL, None),
        arrived=4,
        ended=7,
    )

    assert said(ticket) == [(4, "transfer", "chat")]


STEPS = st.builds(
    StepTaken,
    st.integers(0, 20),
    st.sampled_from([step for step in Step if step is not Step.IGNORE]),
    st.none() | st.sampled_from([MAIL, CHAT]),
    st.none() | st.sampled_from([ANA, BEN]),
)


@given(st.lists(STEPS, max_size=12), st.none() | st.integers(0, 20), st.integers(0, 20))
def test_changes_are_possible_in_their_order(
    taken: list[StepTaken], ended: int | None, arrived: int
) -> None:
    taken.sort(key=lambda each: each.at)
    found = list(changes(logged(*taken, arrived=arrived, ended=ended)))

    assert [each.at for each in found] == sorted(each.at for each in found)
    assert all(arrived <= each.at for each in found)
    assert ended is None or all(each.at < max(ended, arrived + 1) for each in found)
    queue, held, over = MAIL, False, False
    for each in found:
        match each.step:
            case Step.TRANSFER:
                assert each.queue not in (None, queue)
                assert each.queue is not None
                queue = each.queue
            case Step.HOLD | Step.RESUME:
                assert held is not (each.step is Step.HOLD)
                held = not held
            case Step.RESOLVE | Step.REOPEN:
                assert over is not (each.step is Step.RESOLVE)
                over, held = not over, False
        assert not over or each.step is Step.RESOLVE
    assert not over
