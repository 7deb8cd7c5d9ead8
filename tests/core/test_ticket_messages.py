"""Every message of a desk that refuses a command about a ticket, word for word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ticketroute import Author, Dispatcher, Metric, Ticket
from ticketroute import errors as err
from ticketroute.model import QueueId, TicketId

# The ways out that several share.
INSTANT = "it must be an instant in whole milliseconds UTC; instant_of() converts a datetime"
SEVERAL = "it must be several values, such as a list"
NO_STEP = "is not possible in this state, see the page on the life cycle for what is"
NO_CLOCK = "clocks() lists the clocks it has, and its policy says which targets it gets"
NOT_NOW = "remove the cause, choose another agent, or let a supervisor use assign(force=True)"
NOT_ASKED = "only an agent with an open offer can accept or decline"
ENDED = "answer an offer while it is open, or take the ticket if it waits"
NEW = Ticket(id=TicketId("new"), queue=QueueId("mail"))


def ticket(name: str, queue: str | None = "mail", **facts: Any) -> Ticket:
    return Ticket(id=TicketId(name), queue=None if queue is None else QueueId(queue), **facts)


REFUSED: dict[type[Exception], list[tuple[str, Callable[[Any], object]]]] = {
    err.InvalidValueError: [
        ("by is 5; it must be a string", lambda desk: desk.resolve("m1", at=10, by=5)),
        (
            "by is ''; it must be 1 to 200 characters long",
            lambda desk: desk.preview(NEW, at=10, by=""),
        ),
        ("ticket_id is 5; it must be a string", lambda desk: desk.ticket(5)),
        (
            "reason is 5; it must be a string",
            lambda desk: desk.decline("p1", "dan", reason=5, at=10),
        ),
        (
            "metric is 'resolution'; it must be a Metric",
            lambda desk: desk.clock("m1", "resolution"),
        ),
        ("metric is 5; it must be a Metric", lambda desk: desk.explain_clock("m1", 5)),
        ("metric is 'work'; it must be a Metric", lambda desk: desk.time_left(metric="work")),
        (
            (
                "author is 'agents'; it must be an Author, or one of 'agent', 'requester', "
                "'automation', 'note'"
            ),
            lambda desk: desk.reply("m1", "agents", at=10),
        ),
        (
            "status is 'pended'; it must be a HoldStatus, or one of 'pending', 'postponed'",
            lambda desk: desk.hold("m1", "pended", at=10),
        ),
        (
            (
                "priority is 1; it must be a TicketPriority, or one of 'urgent', 'high', "
                "'normal', 'low'"
            ),
            lambda desk: desk.change_priority("m1", 1, at=10),
        ),
        (
            "score is 1.5; it must be a whole number from 0 to 100",
            lambda desk: desk.rate("m1", 1.5, at=10),
        ),
        ("score is -1; it must be from 0 to 100", lambda desk: desk.rate("m1", -1, at=10)),
        ("score is 101; it must be from 0 to 100", lambda desk: desk.rate("m1", 101, at=10)),
        (
            "into is 'm1'; it must be another ticket than the one merged",
            lambda desk: desk.merge("m1", into="m1", at=10),
        ),
        (f"at is 'noon'; {INSTANT}", lambda desk: desk.submit(NEW, at="noon")),
        ("ticket is 'm9'; it must be a Ticket", lambda desk: desk.submit("m9", at=10)),
        (f"tickets is 'm9'; {SEVERAL}", lambda desk: desk.submit_many("m9", at=10)),
        (
            "Ticket.arrived is 11; it must be no later than at=10",
            lambda desk: desk.submit(ticket("new", arrived=11), at=10),
        ),
        (
            "force is 1; it must be True or False",
            lambda desk: desk.assign("m2", "dan", force=1, at=10),
        ),
        (
            "force is 'yes'; it must be True or False",
            lambda desk: desk.transfer("m2", to_agent="dan", force="yes", at=10),
        ),
        (
            "fresh_place is 1; it must be True or False",
            lambda desk: desk.transfer("m2", to_queue="phone", fresh_place=1, at=10),
        ),
        (
            (
                "to_queue or to_agent is None; it must be given: transfer needs to_queue, "
                "to_agent or both"
            ),
            lambda desk: desk.transfer("m2", at=10),
        ),
        (
            "expected_version is -1; it must be from 0 to 1000000",
            lambda desk: desk.resolve("m1", expected_version=-1, at=10),
        ),
        (
            "expected_version is '1'; it must be a whole number from 0 to 1000000",
            lambda desk: desk.resolve("m1", expected_version="1", at=10),
        ),
    ],
    err.UnknownTicketError: [
        (
            "no ticket 'nothing' on this desk; submit it first, or check the id",
            lambda desk: desk.ticket("nothing"),
        ),
    ],
    err.NotOfferedError: [
        (
            f"ticket 'p1' was never offered to agent 'fay'; {NOT_ASKED}",
            lambda desk: desk.accept("p1", "fay", at=10),
        ),
        (
            f"ticket 'm2' was never offered to agent 'ana'; {NOT_ASKED}",
            lambda desk: desk.decline("m2", "ana", at=10),
        ),
    ],
    err.OfferGoneError: [
        (
            f"the offer of ticket 'p2' to agent 'dan' has ended: no agent has it yet; {ENDED}",
            lambda desk: desk.accept("p2", "dan", at=10),
        ),
        (
            f"the offer of ticket 'p3' to agent 'dan' has ended: agent 'dan' has it; {ENDED}",
            lambda desk: desk.accept("p3", "dan", at=10),
        ),
    ],
    err.UnknownClockError: [
        (
            f"ticket 'm1' has no clock for assignment; {NO_CLOCK}",
            lambda desk: desk.clock("m1", Metric.ASSIGNMENT),
        ),
        (
            f"ticket 'm1' has no clock for resolution, cycle 2; {NO_CLOCK}",
            lambda desk: desk.clock("m1", Metric.RESOLUTION, 2),
        ),
        (
            f"ticket 'm1' has no clock for first_response; {NO_CLOCK}",
            lambda desk: desk.explain_clock("m1", Metric.FIRST_RESPONSE),
        ),
        (
            f"ticket 'm1' has no clock for resolution, cycle 3; {NO_CLOCK}",
            lambda desk: desk.explain_clock("m1", Metric.RESOLUTION, 3),
        ),
    ],
    err.AlreadyAssignedError: [
        (
            "ticket 'o1' is assigned to agent 'fay'; transfer it to give it to another agent",
            lambda desk: desk.reply("o1", Author.AGENT, agent_id="ben", at=10),
        ),
        (
            "ticket 'm1' is assigned to agent 'ana'; transfer it to give it to another agent",
            lambda desk: desk.abandon("m1", at=10),
        ),
        (
            "ticket 'm1' is assigned to agent 'ana'; transfer it to give it to another agent",
            lambda desk: desk.assign("m1", "ben", at=10),
        ),
    ],
    err.TransitionError: [
        (
            f"ticket 'm5' is closed; TicketReopened {NO_STEP}",
            lambda desk: desk.reply("m5", Author.REQUESTER, at=10),
        ),
        (
            f"ticket 'm1' is assigned; TicketResumed {NO_STEP}",
            lambda desk: desk.resume("m1", at=10),
        ),
        (f"ticket 'm1' is assigned; TicketClosed {NO_STEP}", lambda desk: desk.close("m1", at=10)),
        (f"ticket 'm1' is open; TicketReopened {NO_STEP}", lambda desk: desk.reopen("m1", at=10)),
        (f"ticket 'm5' is closed; TicketReopened {NO_STEP}", lambda desk: desk.reopen("m5", at=10)),
        (
            f"ticket 'm3' is parked; TicketAssigned {NO_STEP}",
            lambda desk: desk.take("m3", "ana", at=10),
        ),
        (
            f"ticket 'p1' is offered; TicketReleased {NO_STEP}",
            lambda desk: desk.release("p1", at=10),
        ),
        (
            f"ticket 'm2' is waiting; TicketReleased {NO_STEP}",
            lambda desk: desk.release("m2", at=10),
        ),
    ],
    err.AlreadyDoneError: [
        (
            "ticket 'm4' is done; reopen it before changing it",
            lambda desk: desk.merge("m1", into="m4", at=10),
        ),
        (
            "ticket 'm5' is done; reopen it before changing it",
            lambda desk: desk.merge("m5", into="m1", at=10),
        ),
    ],
    err.DuplicateTicketError: [
        (
            "another ticket 'new' is on this desk already; give the new ticket an id of its own",
            lambda desk: desk.submit_many([NEW, ticket("new", "phone")], at=10),
        ),
        (
            "another ticket 'm1' is on this desk already; give the new ticket an id of its own",
            lambda desk: desk.submit(ticket("m1", "phone"), at=10),
        ),
    ],
    err.UnroutedTicketError: [
        (
            (
                "ticket 'new' names no queue and the desk has no default; give the ticket a "
                "queue, or set Defaults(queue=...)"
            ),
            lambda _: Dispatcher().submit(ticket("new", None), at=10),
        ),
    ],
    err.UnknownQueueError: [
        (
            "no queue 'limbo' on this desk; add the queue first, or check the id",
            lambda desk: desk.submit(ticket("new", "limbo"), at=10),
        ),
    ],
    err.DeadlinePassedError: [
        (
            (
                "something falls due at 1010, no later than at=1010; call advance(at=...) first, "
                "so that the preview starts from what it changes"
            ),
            lambda desk: desk.preview(NEW, at=1_010),
        ),
    ],
    err.NotEligibleError: [
        (
            f"agent 'ben' may not get ticket 'm2' now: offline; {NOT_NOW}",
            lambda desk: desk.assign("m2", "ben", at=10),
        ),
        (
            f"agent 'dan' may not get ticket 'm2' now: not_member; {NOT_NOW}",
            lambda desk: desk.assign("m2", "dan", at=10),
        ),
        (
            f"agent 'fay' may not get ticket 'm2' now: not_member; {NOT_NOW}",
            lambda desk: desk.take("m2", "fay", at=10),
        ),
        (
            f"agent 'cleo' may not get a ticket now: not_member; {NOT_NOW}",
            lambda desk: desk.take(None, "cleo", at=10),
        ),
        (
            f"agent 'ben' may not get a ticket now: offline; {NOT_NOW}",
            lambda desk: desk.take(None, "ben", at=10),
        ),
        (
            f"agent 'eve' may not get a ticket now: off_shift; {NOT_NOW}",
            lambda desk: desk.take(None, "eve", at=10),
        ),
        (
            f"agent 'gil' may not get a ticket now: wrap_up; {NOT_NOW}",
            lambda desk: desk.take(None, "gil", at=10),
        ),
        (
            f"agent 'hal' may not get a ticket now: cooling_down; {NOT_NOW}",
            lambda desk: desk.take(None, "hal", at=10),
        ),
        (
            f"agent 'ida' may not get a ticket now: agent_limit; {NOT_NOW}",
            lambda desk: desk.take(None, "ida", at=10),
        ),
        (
            f"agent 'jan' may not get a ticket now: rate_limit; {NOT_NOW}",
            lambda desk: desk.take(None, "jan", at=10),
        ),
        (
            f"agent 'kim' may not get a ticket now: queue_limit; {NOT_NOW}",
            lambda desk: desk.take(None, "kim", at=10),
        ),
    ],
    err.ConflictError: [
        (
            "ticket 'm1' is at version 1, not 99; read the ticket again and decide again",
            lambda desk: desk.resolve("m1", expected_version=99, at=10),
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
