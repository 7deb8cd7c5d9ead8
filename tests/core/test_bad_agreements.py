"""Bad calendars, policies, targets and levels: a clear error each, and an unchanged desk."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ticketroute import (
    Agent,
    Author,
    Calendar,
    Dispatcher,
    Escalation,
    Metric,
    Policy,
    Queue,
    Status,
    Target,
    Ticket,
    TicketPriority,
)
from ticketroute import errors as err
from ticketroute.model import AgentId, CalendarId, PolicyId, QueueId, TicketId
from ticketroute.model.checks import LONGEST_SPAN
from ticketroute.model.instants import LAST_INSTANT
from ticketroute.sla.zones import HORIZON
from ticketroute.testing.beside import DeskBesideReference

LONG = "x" * 1_000_000
NAN = float("nan")
ANA, MAIL, T1 = AgentId("ana"), QueueId("mail"), TicketId("t1")
OFFICE, SHIFT, SPARE = (CalendarId(name) for name in ("office", "shift", "spare"))
GOLD, NONE = PolicyId("gold"), PolicyId("none")
HOURS = Calendar(hours={"thu": [("00:00", "12:00")]})
WRONG_SPANS = [0, -1, True, 1.0, NAN, float("inf"), "1", None, LONGEST_SPAN + 1, 10**30, []]
WRONG_IDS = ["", " ", " a", "a\nb", "\ud800", LONG, 5, True, NAN, b"ana", ["ana"]]
WRONG_INSTANTS = [
    -1,
    True,
    1.0,
    NAN,
    "0",
    LAST_INSTANT + 1,
    10**30,
    datetime(2026, 1, 1, tzinfo=UTC),
]


def _named(value: object) -> str:
    """Return a short name of a value for the name of a test; also of one too long to print."""
    if isinstance(value, int) and not -(10**40) < value < 10**40:
        return "huge"
    return f"{type(value).__name__} {value!r}"[:24] if not callable(value) else ""


def _is_clear(fault: Exception, *words: object) -> None:
    """Check that the message can be read: it names things, is short, and tells the way out."""
    text = str(fault)
    assert 20 < len(text) < 600
    assert ";" in text  # what is wrong; what to do
    for word in words:
        assert str(word) in text
    copy = pickle.loads(pickle.dumps(fault))  # noqa: S301  our own bytes
    assert (type(copy), str(copy)) == (type(fault), text)


def _any(make: Callable[..., object], **facts: Any) -> object:
    """Make a value of facts that its types do not allow."""
    return make(**facts)


def _target(**facts: Any) -> Target:
    return Target(**({"within": 60_000} | facts))


def _policy(**facts: Any) -> Policy:
    return Policy(**({"id": GOLD, "targets": {Metric.RESOLUTION: _target()}} | facts))


def _desk() -> Dispatcher:
    desk = DeskBesideReference()
    desk.set_calendar(OFFICE, HOURS, at=0)
    desk.set_calendar(SHIFT, HOURS, at=0)
    desk.set_calendar(SPARE, HOURS, at=0)
    desk.add_agent(Agent(id=ANA, shift=SHIFT), presence="available", at=0)
    desk.set_policies([_policy(calendar=OFFICE)], at=0)
    desk.add_queue(Queue(id=MAIL, members=[ANA], calendar=OFFICE, sla=GOLD), at=0)
    desk.submit(Ticket(id=T1, queue=MAIL), at=10)
    return desk


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", WRONG_SPANS, ids=_named)
@pytest.mark.parametrize(
    ("make", "thing"),
    [
        (lambda bad: Target(within=bad), "Target.within"),
        (lambda bad: Target(within={TicketPriority.HIGH: bad}), "Target.within[HIGH]"),
    ],
)
def test_a_target_is_a_span_above_nothing(
    make: Callable[[Any], object], thing: str, value: object
) -> None:
    with pytest.raises(err.InvalidValueError) as caught:
        make(value)
    assert thing in caught.value.thing
    _is_clear(caught.value, thing)


@pytest.mark.parametrize("value", WRONG_IDS, ids=_named)
@pytest.mark.parametrize(
    ("make", "thing"),
    [
        (lambda bad: Policy(id=bad, targets={}), "Policy.id"),
        (lambda bad: _policy(calendar=bad), "Policy.calendar"),
        (lambda bad: _policy(queues=[bad]), "Policy.queues"),
        (lambda bad: _policy(channels=[bad]), "Policy.channels"),
        (lambda bad: _policy(tags=[bad]), "Policy.tags"),
        (lambda bad: _target(calendar=bad), "Target.calendar"),
        (lambda bad: Escalation(move_to=bad), "Escalation.move_to"),
        (lambda bad: Escalation(drop=[bad]), "Escalation.drop"),
        (lambda bad: Agent(id=ANA, shift=bad), "Agent.shift"),
        (lambda bad: Queue(id=MAIL, calendar=bad), "Queue.calendar"),
        (lambda bad: Queue(id=MAIL, sla=bad), "Queue.sla"),
    ],
)
def test_what_is_no_id_is_refused_when_the_value_is_made(
    make: Callable[[Any], object], thing: str, value: object
) -> None:
    with pytest.raises(err.InvalidValueError) as caught:
        make(value)
    assert thing in caught.value.thing
    _is_clear(caught.value, thing)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Target(within={}), ["Target.within", "a span"]),
        (lambda: _any(Target, within={"high": 5}), ["'high'", "TicketPriority"]),
        (lambda: _any(Target, within={True: 5}), ["True", "TicketPriority"]),
        (lambda: _any(Target, within=timedelta(hours=1)), ["Target.within", "whole number"]),
        (lambda: _target(warnings=[0]), ["a share in Target.warnings is 0", "from 1 to 100"]),
        (lambda: _target(warnings=[101]), ["is 101", "from 1 to 100"]),
        (lambda: _target(warnings=[-5]), ["is -5", "from 1 to 100"]),
        (lambda: _target(warnings=[0.5]), ["is 0.5", "whole number"]),
        (lambda: _target(warnings=[True]), ["is True", "whole number"]),
        (lambda: _target(warnings=["50"]), ["is '50'", "whole number"]),
        (lambda: _target(warnings=50), ["Target.warnings", "a list"]),
        (lambda: _target(warnings=[10**30]), ["from 1 to 100"]),
        (lambda: _target(pauses=[Status.RESOLVED]), ["Target.pauses", "RESOLVED", "not done"]),
        (lambda: _target(pauses=[Status.CLOSED]), ["Target.pauses", "CLOSED", "not done"]),
        (lambda: _target(pauses=["pending"]), ["Target.pauses", "'pending'", "a Status"]),
        (lambda: _target(pauses="pending"), ["Target.pauses", "a list"]),
        (lambda: _target(pauses=5), ["Target.pauses", "a list"]),
        (lambda: _target(escalations=[5]), ["Target.escalations", "an Escalation"]),
        (lambda: _target(escalations=Escalation()), ["Target.escalations", "a list"]),
        (
            lambda: _target(escalations=[Escalation(offset=5), Escalation(offset=4)]),
            ["[5, 4]", "in order of their offsets"],
        ),
        (
            lambda: _target(escalations=[Escalation()] * 101),
            ["levels in Target.escalations is 101", "at most 100"],
        ),
        (
            lambda: _target(escalations=[Escalation(offset=-60_001)]),
            ["Escalation.offset is -60001", "at least -60000", "the start of the shortest target"],
        ),
        (
            lambda: Target(
                within={TicketPriority.LOW: 90_000, TicketPriority.HIGH: 5_000},
                escalations=[Escalation(offset=-5_001)],
            ),
            ["-5001", "at least -5000", "the shortest target"],
        ),
        (lambda: _target(contacts=[]), ["Target.contacts", "Author.AGENT"]),
        (lambda: _target(contacts=[Author.NOTE]), ["Target.contacts", "NOTE"]),
        (lambda: _target(contacts=["agent", 5]), ["Target.contacts", "Author.AGENT"]),
        (lambda: _target(contacts="agent"), ["Target.contacts", "a list"]),
        (lambda: _target(per_queue=1), ["Target.per_queue", "True or False"]),
        (lambda: Escalation(offset=LONGEST_SPAN + 1), ["Escalation.offset"]),
        (lambda: Escalation(offset=True), ["Escalation.offset", "whole number"]),
        (lambda: _any(Escalation, offset=-1.5), ["Escalation.offset", "whole number"]),
        (lambda: _any(Escalation, offset=NAN), ["Escalation.offset", "whole number"]),
        (lambda: Escalation(notify=LONG), ["Escalation.notify", "at most 1000 characters"]),
        (lambda: _any(Escalation, notify=None), ["Escalation.notify", "a string"]),
        (lambda: _any(Escalation, priority="high"), ["Escalation.priority", "TicketPriority"]),
        (lambda: _any(Escalation, priority=1), ["Escalation.priority", "TicketPriority"]),
        (lambda: Escalation(lower={"sql": 11}), ["Escalation.lower['sql']", "1 to 10"]),
        (lambda: _any(Escalation, lower=["sql"]), ["Escalation.lower"]),
        (lambda: Escalation(drop="sql"), ["Escalation.drop", "a list"]),
        (lambda: _any(Escalation, reassign="yes"), ["Escalation.reassign", "True or False"]),
        (lambda: _policy(targets=[5]), ["Policy.targets"]),
        (lambda: _policy(targets=None), ["Policy.targets"]),
        (lambda: _policy(targets={"resolution": _target()}), ["'resolution'", "a Metric"]),
        (lambda: _policy(targets={Metric.RESOLUTION: 5}), ["Policy.targets[resolution]"]),
        (lambda: _policy(changes="from_now"), ["Policy.changes", "FROM_NOW"]),
        (lambda: _policy(reopening=None), ["Policy.reopening", "RESUME"]),
        (lambda: _policy(queues="mail"), ["Policy.queues", "a list"]),
        (lambda: _policy(tags=5), ["Policy.tags", "a list"]),
    ],
)
def test_what_makes_no_sense_is_refused_when_the_value_is_made(
    make: Callable[[], object], words: list[str]
) -> None:
    with pytest.raises(err.InvalidValueError) as caught:
        make()
    _is_clear(caught.value, *words)


def test_the_least_and_the_most_are_allowed() -> None:
    levels = [Escalation(offset=-1), Escalation(offset=LONGEST_SPAN, notify="x" * 1_000)]
    target = Target(within=1, warnings=[1, 100, 100], pauses=[], escalations=levels)
    assert target.warnings == (1, 100)
    assert target.escalations == tuple(levels)
    assert Target(within=LONGEST_SPAN).within[TicketPriority.LOW] == LONGEST_SPAN
    assert _policy(targets={}).targets == {}


# --- commands -------------------------------------------------------------------------------------

Refused = Callable[[Dispatcher], object]

REFUSED: list[tuple[str, Refused, type[Exception], list[str]]] = [
    (
        "two policies of one id",
        lambda desk: desk.set_policies([_policy(), _policy(tags=["vip"])], at=20),
        err.DuplicatePolicyError,
        ["policy 'gold'", "an id of its own"],
    ),
    (
        "a policy's calendar",
        lambda desk: desk.set_policies([_policy(calendar="nine")], at=20),
        err.UnknownCalendarError,
        ["no calendar 'nine'", "set_calendar"],
    ),
    (
        "a target's calendar",
        lambda desk: desk.set_policies(
            [_policy(targets={Metric.RESOLUTION: _target(calendar="nine")})], at=20
        ),
        err.UnknownCalendarError,
        ["no calendar 'nine'"],
    ),
    (
        "a level's queue",
        lambda desk: desk.set_policies(
            [
                _policy(
                    targets={
                        Metric.RESOLUTION: _target(
                            escalations=[Escalation(move_to=QueueId("nine"))]
                        )
                    }
                )
            ],
            at=20,
        ),
        err.UnknownQueueError,
        ["no queue 'nine'", "add the queue"],
    ),
    (
        "no policies but a text",
        lambda desk: desk.set_policies("gold", at=20),  # type: ignore[arg-type]
        err.InvalidValueError,
        ["policies", "a list"],
    ),
    (
        "no policies but one",
        lambda desk: desk.set_policies(_policy(), at=20),  # type: ignore[arg-type]
        err.InvalidValueError,
        ["policies", "a list"],
    ),
    (
        "a policy that is none",
        lambda desk: desk.set_policies([_policy(), "silver"], at=20),  # type: ignore[list-item]
        err.InvalidValueError,
        ["one of policies is 'silver'", "Policy"],
    ),
    (
        "too many policies",
        lambda desk: desk.set_policies(
            [_policy(id=f"p{number}") for number in range(1_001)], at=20
        ),
        err.InvalidValueError,
        ["policies is 1001", "at most 1000"],
    ),
    (
        "a policy that a queue names",
        lambda desk: desk.set_policies([], at=20),
        err.InUseError,
        ["policy 'gold'", "queue 'mail'", "change that first"],
    ),
    (
        "a queue's policy",
        lambda desk: desk.change_queue(MAIL, sla=NONE, at=20),
        err.UnknownPolicyError,
        ["no policy 'none'", "set_policies"],
    ),
    (
        "a new queue's policy",
        lambda desk: desk.add_queue(Queue(id=QueueId("help"), sla=NONE), at=20),
        err.UnknownPolicyError,
        ["no policy 'none'"],
    ),
    (
        "a queue's calendar",
        lambda desk: desk.change_queue(MAIL, calendar="nine", at=20),
        err.UnknownCalendarError,
        ["no calendar 'nine'"],
    ),
    (
        "a new queue's calendar",
        lambda desk: desk.add_queue(Queue(id=QueueId("help"), calendar=CalendarId("nine")), at=20),
        err.UnknownCalendarError,
        ["no calendar 'nine'"],
    ),
    (
        "an agent's shift",
        lambda desk: desk.change_agent(ANA, shift="nine", at=20),
        err.UnknownCalendarError,
        ["no calendar 'nine'"],
    ),
    (
        "a new agent's shift",
        lambda desk: desk.add_agent(Agent(id=AgentId("ben"), shift=CalendarId("nine")), at=20),
        err.UnknownCalendarError,
        ["no calendar 'nine'"],
    ),
    (
        "a calendar that a shift goes by",
        lambda desk: desk.remove_calendar(SHIFT, at=20),
        err.InUseError,
        ["calendar 'shift'", "the shift of agent 'ana'"],
    ),
    (
        "a calendar that a queue goes by",
        lambda desk: desk.remove_calendar(OFFICE, at=20),
        err.InUseError,
        ["calendar 'office'", "queue 'mail'"],
    ),
    (
        "a calendar that is not there",
        lambda desk: desk.remove_calendar(CalendarId("nine"), at=20),
        err.UnknownCalendarError,
        ["no calendar 'nine'"],
    ),
    (
        "no calendar",
        lambda desk: desk.set_calendar(SPARE, {"hours": {}}, at=20),  # type: ignore[arg-type]
        err.InvalidValueError,
        ["calendar", "of type Calendar"],
    ),
    (
        "no clock of this metric",
        lambda desk: desk.clock(T1, Metric.FIRST_RESPONSE),
        err.UnknownClockError,
        ["ticket 't1'", "first_response", "clocks()"],
    ),
    (
        "no such cycle",
        lambda desk: desk.explain_clock(T1, Metric.RESOLUTION, 7),
        err.UnknownClockError,
        ["ticket 't1'", "resolution, cycle 7"],
    ),
    (
        "a metric by its name",
        lambda desk: desk.clock(T1, "resolution"),  # type: ignore[arg-type]
        err.InvalidValueError,
        ["metric is 'resolution'", "a Metric"],
    ),
    (
        "time left by the name of a metric",
        lambda desk: desk.time_left(metric="resolution"),  # type: ignore[arg-type]
        err.InvalidValueError,
        ["metric is 'resolution'", "a Metric"],
    ),
    (
        "the calendar of nothing",
        lambda desk: desk.calendar(None),  # type: ignore[arg-type]
        err.InvalidValueError,
        ["calendar_id is None", "a string"],
    ),
    (
        "no calendar at all",
        lambda desk: desk.remove_calendar(None, at=20),  # type: ignore[arg-type]
        err.InvalidValueError,
        ["calendar_id is None", "a string"],
    ),
    (
        "clocks of no ticket",
        lambda desk: desk.clocks(TicketId("t9")),
        err.UnknownTicketError,
        ["no ticket 't9'"],
    ),
    (
        "time left in no queue",
        lambda desk: desk.time_left(QueueId("nine")),
        err.UnknownQueueError,
        ["no queue 'nine'"],
    ),
    (
        "time that goes back",
        lambda desk: desk.set_calendar(SPARE, HOURS & HOURS, at=9),
        err.TimeBackwardsError,
        ["at=9"],
    ),
    (
        "nobody's word",
        lambda desk: desk.set_policies([], at=20, by=""),
        err.InvalidValueError,
        ["by is ''", "1 to 200 characters long"],
    ),
]


@pytest.mark.parametrize(
    ("refused", "kind", "words"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    refused: Refused, kind: type[Exception], words: list[str]
) -> None:
    desk = _desk()
    before = desk.snapshot()
    with pytest.raises(kind) as caught:
        refused(desk)
    _is_clear(caught.value, *words)
    assert desk.snapshot() == before
    assert desk.advance(at=desk.now) == ()
    assert desk.same_state(_desk())


@pytest.mark.parametrize("value", WRONG_IDS, ids=_named)
@pytest.mark.parametrize(
    "command",
    [
        lambda desk, bad: desk.set_calendar(bad, HOURS, at=20),
        lambda desk, bad: desk.remove_calendar(bad, at=20),
        lambda desk, bad: desk.calendar(bad),
        lambda desk, bad: desk.set_policies([_policy(tags=["vip"])], at=20, by=bad),
    ],
)
def test_what_is_no_id_changes_nothing(
    command: Callable[[Dispatcher, Any], object], value: object
) -> None:
    desk = _desk()
    before = desk.snapshot()
    with pytest.raises((err.InvalidValueError, err.UnknownCalendarError)) as caught:
        command(desk, value)
    _is_clear(caught.value)
    assert desk.snapshot() == before


@pytest.mark.parametrize("value", WRONG_INSTANTS, ids=_named)
@pytest.mark.parametrize(
    ("command", "thing"),
    [
        (lambda desk, bad: desk.set_calendar(SPARE, HOURS & HOURS, at=bad), "at"),
        (
            lambda desk, bad: desk.set_calendar(SPARE, HOURS & HOURS, effective_from=bad, at=20),
            "effective_from",
        ),
        (lambda desk, bad: desk.set_policies([_policy(tags=["vip"])], at=bad), "at"),
        (lambda desk, bad: desk.remove_calendar(SPARE, at=bad), "at"),
    ],
)
def test_what_is_no_instant_changes_nothing(
    command: Callable[[Dispatcher, Any], object], thing: str, value: object
) -> None:
    desk = _desk()
    before = desk.snapshot()
    with pytest.raises(err.InvalidValueError) as caught:
        command(desk, value)
    assert caught.value.thing == thing
    _is_clear(caught.value)
    assert desk.snapshot() == before


def test_far_beyond_the_horizon_nothing_falls_due_and_nothing_fails() -> None:
    desk = _desk()
    far = LAST_INSTANT - 1_000
    assert far > HORIZON
    desk.resolve(T1, at=20)
    desk.change_agent(ANA, shift=None, at=20)
    desk.set_policies([_policy(targets={Metric.RESOLUTION: Target(within=1)})], at=far)
    desk.submit(Ticket(id=TicketId("t2"), queue=MAIL), at=far)
    clock = desk.clock(TicketId("t2"), Metric.RESOLUTION)
    assert (clock.elapsed, clock.due) == (0, None)
    assert desk.explain_clock(TicketId("t2"), Metric.RESOLUTION).parts == ()
    desk.change_agent(ANA, shift=SHIFT, at=far)
    desk.set_calendar(OFFICE, HOURS & HOURS, at=far)
    desk.hold(TicketId("t2"), at=far + 1)
    desk.resolve(TicketId("t2"), at=far + 2)
    assert desk.clock(TicketId("t2"), Metric.RESOLUTION).elapsed == 0


def test_a_span_that_leads_beyond_the_horizon_is_never_due() -> None:
    desk = _desk()
    near = HORIZON - 5_000
    desk.change_agent(ANA, shift=None, at=20)
    desk.set_policies([_policy(targets={Metric.RESOLUTION: Target(within=60_000)})], at=near)
    desk.submit(Ticket(id=TicketId("t2"), queue=MAIL), at=near)
    assert desk.clock(TicketId("t2"), Metric.RESOLUTION).due is None
    desk.advance(at=HORIZON + 1_000_000)
    assert desk.clock(TicketId("t2"), Metric.RESOLUTION).elapsed <= 5_000
