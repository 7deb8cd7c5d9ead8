"""What a host can catch: one base for each way in which a command is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ticketroute import Agent, Dispatcher, Queue, Ticket
from ticketroute.errors import DuplicateError, RefusedError, TicketRouteError, UnknownError


@pytest.fixture
def desk() -> Dispatcher:
    desk = Dispatcher()
    desk.add_agent(Agent(id="ana"), presence="available", at=0)
    desk.add_queue(Queue(id="mail", members=["ana"]), at=0)
    desk.submit(Ticket(id="t", queue="mail"), at=1)
    return desk


@pytest.mark.parametrize(
    ("command", "base"),
    [
        (lambda desk: desk.resolve("nope", at=2), UnknownError),
        (lambda desk: desk.set_presence("nope", "away", at=2), UnknownError),
        (lambda desk: desk.waiting("nope"), UnknownError),
        (lambda desk: desk.change_queue("mail", strategy="nope", at=2), UnknownError),
        (lambda desk: desk.add_agent(Agent(id="ana"), at=2), DuplicateError),
        (lambda desk: desk.add_queue(Queue(id="mail"), at=2), DuplicateError),
        (lambda desk: desk.submit(Ticket(id="t", queue="mail", weight=2), at=2), DuplicateError),
        (lambda desk: desk.accept("t", "ana", at=2), RefusedError),
        (lambda desk: desk.resolve("t", expected_version=99, at=2), RefusedError),
        (lambda desk: desk.advance(at=0), RefusedError),
        (lambda desk: desk.remove_queue("mail", at=2), RefusedError),
    ],
)
def test_a_refusal_is_of_the_base_that_says_why(
    desk: Dispatcher, command: Callable[[Dispatcher], object], base: type[Exception]
) -> None:
    with pytest.raises(base) as raised:
        command(desk)
    assert isinstance(raised.value, TicketRouteError)
    assert isinstance(raised.value, LookupError) is (base is UnknownError)
    others = {UnknownError, DuplicateError, RefusedError} - {base}
    assert not isinstance(raised.value, tuple(others))
    assert "; " in str(raised.value)
