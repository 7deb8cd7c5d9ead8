"""The host's rows beside the desk: what differs, and that the commands bring the desk there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ticketroute import Agent, Queue, Ticket
from ticketroute.commands import Submit
from ticketroute.desk import Desk, HostTicket, RowState, Unassigned, diff
from ticketroute.errors import UnknownTicketError
from ticketroute.events import TicketAssigned, TicketReleased

AGENTS, QUEUES = ("ana", "ben"), ("mail", "sales")


def make_desk() -> Desk:
    desk = Desk(clock=lambda: 1_000)
    for name in AGENTS:
        desk.add_agent(Agent(id=name, capacity=2), presence="available")
    for name in QUEUES:
        desk.add_queue(Queue(id=name, members=list(AGENTS)))
    return desk


def row(ticket_id: str = "t1", **facts: Any) -> HostTicket:
    said = {name: facts.pop(name) for name in ("agent_id", "state", "merged_into") if name in facts}
    return HostTicket(ticket=Ticket(id=ticket_id, **{"queue": "mail", **facts}), **said)


def bring(desk: Desk, rows: list[HostTicket], **how: Any) -> None:
    for found in diff(desk, rows, **how):
        for command in found.commands:
            desk.do(command)


rows_of_one = st.lists(
    st.builds(
        row,
        agent_id=st.sampled_from([None, *AGENTS]),
        state=st.sampled_from([RowState.OPEN, RowState.ON_HOLD, RowState.DONE]),
        queue=st.sampled_from(QUEUES),
        priority=st.sampled_from(["urgent", "normal"]),
        tags=st.sampled_from([(), ("vip",)]),
    ),
    min_size=1,
    max_size=8,
)


@example(
    [row(agent_id="ana", state=RowState.ON_HOLD, queue=queue) for queue in QUEUES],
    Unassigned.ROUTE,
)
@example(
    [
        row(agent_id="ana", state=RowState.ON_HOLD),
        row(agent_id="ana", state=RowState.OPEN, queue="sales"),
    ],
    Unassigned.ROUTE,
)
@given(rows_of_one, st.sampled_from(Unassigned))
def test_a_desk_is_brought_to_any_row_from_any_other(
    rows: list[HostTicket], unassigned: Unassigned
) -> None:
    desk = make_desk()
    for each in rows:
        bring(desk, [each], unassigned=unassigned)
        try:
            view = desk.ticket("t1")
        except UnknownTicketError:
            assert each.state is RowState.DONE
            continue
        assert (view.state.value == "done") == (each.state is RowState.DONE)
        if each.state is RowState.DONE:
            continue
        assert (view.queue_id, view.priority) == (each.ticket.queue, each.ticket.priority)
        assert view.ticket.tags == each.ticket.tags
        assert (view.status.value == "pending") == (each.state is RowState.ON_HOLD)
        if each.agent_id is not None:
            assert view.agent_id == each.agent_id
        # What the desk decides by itself goes to the row; then there is nothing left to do.
        written = row(
            agent_id=view.agent_id,
            state=each.state,
            queue=view.queue_id,
            priority=view.priority,
            tags=view.ticket.tags,
        )
        assert list(diff(desk, [written], unassigned=unassigned)) == []


def test_open_tickets_with_owners_are_taken_over_as_they_are() -> None:
    desk = make_desk()
    rows = [row(f"t{number}", agent_id=AGENTS[number % 2]) for number in range(500)]
    found = list(diff(desk, rows))
    assert [each.what for each in found] == ["not on the desk"] * 500
    bring(desk, rows)
    events = [entry.event for entry in desk.events()]
    assigned = [event for event in events if isinstance(event, TicketAssigned)]
    assert len(assigned) == 500
    assert not any(isinstance(event, TicketReleased) for event in events)
    assert sum(event.exceeded == "agent_limit" for event in assigned) == 496
    assert list(diff(desk, rows)) == []


@pytest.mark.parametrize(
    ("unassigned", "owner", "status"),
    [("route", "ana", "open"), ("avoid", "ben", "open"), ("park", None, "postponed")],
)
def test_what_it_means_that_a_person_unassigned_a_ticket(
    unassigned: str, owner: str | None, status: str
) -> None:
    desk = make_desk()
    desk.change_queue("mail", strategy="top_down")
    desk.submit(Ticket(id="t1", queue="mail"))
    bring(desk, [row()], unassigned=Unassigned(unassigned))
    assert (desk.ticket("t1").agent_id, desk.ticket("t1").status.value) == (owner, status)
    if owner is None:
        assert list(diff(desk, [row()], unassigned=Unassigned.PARK)) == []
        bring(desk, [row(agent_id="ben")], unassigned=Unassigned.PARK)
        assert desk.ticket("t1").agent_id == "ben"


def test_open_tickets_without_a_row_are_gone_if_the_rows_are_complete() -> None:
    desk = make_desk()
    for name in ("t1", "t2", "t3", "t4", "t5"):
        desk.submit(Ticket(id=name, queue="mail"))
    assert desk.ticket("t5").state.value == "waiting"
    rows = [row("t1", agent_id=desk.ticket("t1").agent_id)]
    assert list(diff(desk, rows)) == []
    found = list(diff(desk, rows, complete=True))
    assert [each.ticket_id for each in found] == ["t2", "t3", "t4", "t5"]
    kinds = [type(command).__name__ for each in found for command in each.commands]
    assert kinds == ["Resolve", "Resolve", "Resolve", "Abandon"]


def test_a_merged_row_is_merged_and_a_closed_ticket_cannot_be_opened() -> None:
    desk = make_desk()
    for name in ("t1", "t2"):
        desk.submit(Ticket(id=name, queue="mail"))
    bring(desk, [row(state="done", merged_into="t2")])
    assert desk.ticket("t1").merged_into == "t2"
    (found,) = diff(desk, [row(agent_id="ana")])
    assert (found.what, found.commands) == ("closed for good on the desk", ())


def test_a_row_of_a_done_ticket_the_desk_never_saw_is_no_difference() -> None:
    assert list(diff(make_desk(), [row(state="done"), row("t2", state="gone")])) == []


def test_commands_of_a_difference_are_values() -> None:
    (found,) = diff(make_desk(), [row(agent_id="ana")])
    assert found.commands == (Submit(Ticket(id="t1", queue="mail"), "ana"),)
