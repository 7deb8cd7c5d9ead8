"""The life cycle tables of tickets and offers."""

from __future__ import annotations

import inspect

import pytest

from ticketroute import Author, RoutingState, Status
from ticketroute.events import HoldStatus
from ticketroute.model import events as ev
from ticketroute.model.lifecycle import CONVERSATION, OFFER, ROUTING, Move
from ticketroute.model.offer import OfferOutcome

WAITING, OFFERED, ASSIGNED, PARKED, DONE = RoutingState
STEPS = [
    each
    for _, each in inspect.getmembers(ev, inspect.isclass)
    if issubclass(each, ev.TicketEvent) and each is not ev.TicketEvent
]


def _reach(state: RoutingState) -> set[RoutingState]:
    reached, todo = {state}, [state]
    while todo:
        here = todo.pop()
        for (source, _), target in ROUTING.items():
            if source is here and target not in reached:
                reached.add(target)
                todo.append(target)
    return reached


def test_every_state_can_be_reached_from_the_first_and_left() -> None:
    for state in RoutingState:
        assert _reach(state) == set(RoutingState)


def test_every_ticket_event_but_the_first_has_a_transition() -> None:
    in_table = {step for _, step in ROUTING}
    assert in_table == set(STEPS) - {ev.TicketSubmitted}


def test_a_done_ticket_leaves_its_state_only_when_reopened() -> None:
    out = {
        step for (state, step), target in ROUTING.items() if state is DONE and target is not DONE
    }
    assert out == {ev.TicketReopened}
    assert ROUTING[DONE, ev.TicketReopened] is WAITING


def test_only_an_assignment_or_a_resumption_leads_to_assigned() -> None:
    into = {
        step
        for (state, step), target in ROUTING.items()
        if target is ASSIGNED and state is not ASSIGNED
    }
    assert into == {ev.TicketAssigned, ev.TicketResumed}


def test_an_assigned_ticket_cannot_be_assigned_to_another_agent() -> None:
    free = [state for state in RoutingState if (state, ev.TicketAssigned) in ROUTING]
    assert free == [WAITING, OFFERED]


def test_an_assigned_ticket_cannot_be_abandoned() -> None:
    assert (ASSIGNED, ev.TicketAbandoned) not in ROUTING


def test_a_score_and_a_reply_change_no_state() -> None:
    for step in (ev.TicketRated, ev.TicketReplied):
        for state in RoutingState:
            assert ROUTING[state, step] is state


def test_an_offer_ends_once_with_one_of_four_outcomes() -> None:
    assert {before for before, _ in OFFER} == {OfferOutcome.OPEN}
    assert set(OFFER.values()) == set(OfferOutcome) - {OfferOutcome.OPEN}
    assert len(OFFER) == len(set(OFFER.values()))


def test_every_event_that_ends_an_offer_is_a_transition_of_an_offered_ticket() -> None:
    for _, step in OFFER:
        assert (OFFERED, step) in ROUTING


def test_every_status_is_reached_from_new() -> None:
    reached, todo = {Status.NEW}, [Status.NEW]
    while todo:
        here = todo.pop()
        for (source, _), target in CONVERSATION.items():
            if source is here and target not in reached:
                reached.add(target)
                todo.append(target)
    assert reached == set(Status)


def test_closed_is_closed_for_good() -> None:
    assert not [move for status, move in CONVERSATION if status is Status.CLOSED]


def test_resolved_is_left_by_reopening_and_closing_alone() -> None:
    assert {move for status, move in CONVERSATION if status is Status.RESOLVED} == {
        ev.TicketReopened,
        ev.TicketClosed,
    }


@pytest.mark.parametrize("author", [Author.AUTOMATION, Author.NOTE])
def test_automatic_replies_and_notes_change_no_status(author: Move) -> None:
    assert author not in {move for _, move in CONVERSATION}


def test_no_status_changes_back_to_new() -> None:
    assert Status.NEW not in CONVERSATION.values()


def test_a_hold_sets_the_status_it_names() -> None:
    for (_, move), status in CONVERSATION.items():
        if isinstance(move, HoldStatus):
            assert status.value == move.value


def test_the_tables_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        ROUTING[DONE, ev.TicketAssigned] = ASSIGNED  # type: ignore[index]
    with pytest.raises(TypeError):
        CONVERSATION[Status.CLOSED, ev.TicketReopened] = Status.OPEN  # type: ignore[index]
    with pytest.raises(TypeError):
        OFFER[OfferOutcome.EXPIRED, ev.TicketAssigned] = OfferOutcome.ACCEPTED  # type: ignore[index]
