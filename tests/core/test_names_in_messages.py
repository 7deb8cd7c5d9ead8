"""What is refused is named as whoever calls knows it: the parameter, or the field of the value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ticketroute import Agent, Calendar, Dispatcher, Queue, Relaxation, Ticket
from ticketroute.errors import InvalidValueError
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.model.checks import LONGEST_ID, LONGEST_TEXT, check_id, check_text, several
from ticketroute.model.strategy_spec import StrategySpec

OFFICE = Calendar(hours={"mon": [("09:00", "17:00")]})
NAMED: dict[str, Callable[[Any], object]] = {
    "calendar_id is": lambda desk: desk.set_calendar("", OFFICE, at=1),
    "calendar is": lambda desk: desk.set_calendar("office", "nine to five", at=1),
    "one of policies is": lambda desk: desk.set_policies(["gold"], at=1),
    "queue is": lambda desk: desk.add_queue("mail", at=1),
    "agent is": lambda desk: desk.add_agent("ana", at=1),
    "defaults is": lambda desk: desk.change_defaults({}, at=1),
    "ticket is": lambda desk: desk.submit("t1", at=1),
    "reason is": lambda desk: desk.decline("t1", "ana", reason="", at=1),
    "a tag in Ticket.tags is": lambda _: Ticket(id=TicketId("t"), queue=QueueId("q"), tags=[""]),
    "StrategySpec.name is": lambda _: StrategySpec(""),
    "Relaxation.lower": lambda _: Relaxation(after=1, lower=5),  # type: ignore[arg-type]
    "a skill in Relaxation.drop is": lambda _: Relaxation(after=1, drop={""}),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_message_begins_with_the_name_of_what_is_wrong(name: str) -> None:
    desk = Dispatcher()
    desk.add_agent(Agent(id=AgentId("ana")), at=0)
    desk.add_queue(Queue(id=QueueId("mail")), at=0)
    with pytest.raises(InvalidValueError) as caught:
        NAMED[name](desk)
    assert str(caught.value).startswith(name)


def test_check_id_and_check_text_let_pass_what_is_as_long_as_may_be() -> None:
    check_id("an id", "x" * LONGEST_ID)
    check_text("a text", "x" * LONGEST_TEXT)
    with pytest.raises(InvalidValueError):
        check_id("an id", "x" * (LONGEST_ID + 1))
    with pytest.raises(InvalidValueError):
        check_text("a text", "x" * (LONGEST_TEXT + 1))


def test_several_values_are_hashable() -> None:
    with pytest.raises(InvalidValueError, match="several values, such as a list"):
        several("tags", [["a", "b"]])
