"""Done tickets leave the desk when the host says so, and what they led to stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticketroute import Agent, Calendar, Dispatcher, Metric, Policy, Presence, Queue, Target, Ticket
from ticketroute import events as ev
from ticketroute.errors import InUseError, InvalidValueError, UnknownTicketError
from ticketroute.model import AgentId, PolicyId, QueueId, TicketId

if TYPE_CHECKING:
    from tests.stories.conftest import Desk


def forgotten(desk: Desk) -> list[tuple[int, int]]:
    """Return before which instant the last command forgot tickets, and how many."""
    return [(e.before, e.count) for e in desk.last if isinstance(e, ev.TicketsForgotten)]


def known(desk: Dispatcher) -> list[str]:
    return [ticket.id for ticket in desk.tickets()]


@pytest.fixture
def mail(desk: Desk) -> Desk:
    desk.staff("ana", capacity=2)
    desk.open_queue("mail", "ana")
    return desk


def test_every_kind_of_done_ticket_is_forgotten_and_open_ones_stay(mail: Desk) -> None:
    for name in ("resolved", "closed", "left", "merged", "held", "waits"):
        mail.ask(name, "mail", at=1)
    mail.resolve("resolved", at=2)
    mail.resolve("closed", at=2)
    mail.close("closed", at=3)
    mail.hold("left", at=3)
    mail.merge("merged", into="waits", at=3)
    mail.hold("held", at=3)
    mail.release("left", at=3)
    mail.set_presence("ana", "offline", at=3)
    mail.hold("left", at=3)
    mail.release("left", at=3)
    mail.abandon("left", at=4)

    mail.forget(before=5, at=9, by="night shift")

    assert forgotten(mail) == [(5, 4)]
    assert mail.last[-1].by == "night shift"
    assert known(mail) == ["held", "waits"]
    with pytest.raises(UnknownTicketError):
        mail.reopen("resolved", at=9)


def test_the_instant_itself_is_not_before(mail: Desk) -> None:
    mail.ask("t1", "mail", at=1)
    mail.resolve("t1", at=5)

    assert mail.forget(before=5, at=9) == ()
    mail.forget(before=6, at=9)

    assert forgotten(mail) == [(6, 1)]
    assert mail.forget(before=6, at=9) == ()


def test_an_instant_still_to_come_forgets_all_that_is_done(mail: Desk) -> None:
    mail.ask("t1", "mail", at=1)
    mail.ask("t2", "mail", at=1)
    mail.resolve("t1", at=5)
    mail.forget(before=1_000, at=5)

    assert known(mail) == ["t2"]
    mail.resolve("t2", at=6)
    assert known(mail) == ["t2"]


@pytest.mark.parametrize("wrong", [-1, 1.5, "now", None, True])
def test_what_is_no_instant_is_refused(mail: Desk, wrong: object) -> None:
    with pytest.raises(InvalidValueError, match="before"):
        mail.forget(before=wrong, at=9)  # type: ignore[arg-type]


def test_a_ticket_in_wrap_up_stays_until_it_ends(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=10)
    desk.ask("t1", "mail", at=1)
    desk.resolve("t1", at=2)

    assert desk.forget(before=9, at=9) == ()
    assert desk.agent(AgentId("ana")).wrapping_up == ("t1",)
    desk.forget(before=9, at=12)  # what is due comes first: the wrap-up has just ended

    assert forgotten(desk) == [(9, 1)]
    assert known(desk) == []


def test_a_reopened_ticket_is_done_from_its_last_end_on(mail: Desk) -> None:
    mail.ask("t1", "mail", at=1)
    mail.resolve("t1", at=2)
    mail.reopen("t1", at=3)

    assert mail.forget(before=9, at=9) == ()
    mail.resolve("t1", at=10)
    assert mail.forget(before=10, at=12) == ()


def test_a_forgotten_id_is_a_new_ticket(mail: Desk) -> None:
    mail.ask("t1", "mail", at=1, priority="high", skills={})
    mail.reply("t1", "agent", at=2)
    mail.resolve("t1", at=2)
    mail.rate("t1", 90, at=2)
    mail.ask("t2", "mail", at=3)
    mail.forget(before=3, at=3)
    mail.ask("t1", "mail", at=4, priority="low")

    again = mail.ticket(TicketId("t1"))
    assert (again.arrived, again.score, again.version, again.last_agent_id) == (4, None, 1, "ana")
    assert known(mail) == ["t2", "t1"]  # in the order of submission


def test_the_agent_of_a_requester_is_remembered(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=9)
    desk.open_queue("mail", "ana", "ben", keep_agent=True)
    desk.ask("t1", "mail", at=1, requester="kim", prefer=AgentId("ben"))
    desk.resolve("t1", at=2)
    desk.forget(before=3, at=3)
    desk.ask("t2", "mail", at=4, requester="kim")

    assert desk.told == ["t2 submitted", "t2 to ben, last_agent"]


def test_what_a_ticket_was_merged_into_may_be_forgotten_with_it(mail: Desk) -> None:
    for name in ("t1", "t2", "t3"):
        mail.ask(name, "mail", at=1)
    mail.merge("t1", into="t2", at=2)
    mail.resolve("t2", at=4)
    mail.forget(before=3, at=5)
    assert known(mail) == ["t2", "t3"]
    mail.forget(before=5, at=5)
    assert known(mail) == ["t3"]


def test_figures_that_strategies_look_back_on_stay(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=9)
    desk.open_queue("mail", "ana", "ben", strategy="fewest_taken(window=1000)")
    desk.ask("t1", "mail", at=1)
    desk.resolve("t1", at=2)
    desk.forget(before=3, at=3)
    desk.ask("t2", "mail", at=4)

    assert desk.who("t2") == "ben"


def test_a_calendar_is_no_longer_used_by_a_clock_that_is_forgotten(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.set_calendar("days", Calendar(hours={"mon": [("09:00", "17:00")]}), at=0)
    target = Target(within=60_000, calendar="days")
    desk.set_policies([Policy(id=PolicyId("gold"), targets={Metric.RESOLUTION: target})], at=0)
    desk.ask("t1", "mail", at=1)
    desk.resolve("t1", at=2)
    desk.set_policies([], at=3)

    with pytest.raises(InUseError, match="a clock of ticket 't1'"):
        desk.remove_calendar("days", at=4)
    desk.forget(before=3, at=4)
    desk.remove_calendar("days", at=4)

    assert desk.time_left() == ()


def test_permits_look_at_the_ticket_that_is_there() -> None:
    class NotSoon:
        """Permits no ticket that is due."""

        def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
            return ticket.due is None

    desk = Dispatcher(permits=NotSoon())
    desk.add_agent(Agent(id=AgentId("ana")), presence=Presence.AVAILABLE, at=0)
    desk.add_queue(Queue(id=QueueId("mail"), members=[AgentId("ana")]), at=0)
    desk.submit(Ticket(id=TicketId("t1"), queue=QueueId("mail")), at=1)
    desk.resolve("t1", at=2)
    desk.forget(before=3, at=3)
    desk.submit(Ticket(id=TicketId("t1"), queue=QueueId("mail"), due=9), at=4)

    assert desk.ticket(TicketId("t1")).agent_id is None
    assert [verdict.reason for verdict in desk.explain(TicketId("t1")).others] != [None]
