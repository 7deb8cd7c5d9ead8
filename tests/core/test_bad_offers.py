"""Bad input about offers: a clear error each, and an unchanged desk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from ticketroute import Agent, Delivery, Dispatcher, OfferPolicy, Queue, Reach, Relaxation, Ticket
from ticketroute import errors as err
from ticketroute.model import AgentId, ContactPoint, QueueId, StrategySpec, TicketId
from ticketroute.testing.beside import DeskBesideReference

ANA, BEN, GHOST = AgentId("ana"), AgentId("ben"), AgentId("ghost")
PHONE, SALES, BACK = QueueId("phone"), QueueId("sales"), QueueId("back")
T1, T2, T9 = TicketId("t1"), TicketId("t2"), TicketId("t9")
TEN_YEARS = 3_660 * 86_400_000
WRONG_SPANS = [0, -1, True, 1.0, float("nan"), float("inf"), "30", TEN_YEARS + 1, 10**30, []]


def _named(value: object) -> str:
    return f"{type(value).__name__} {value!r}"[:24]


def _desk() -> Dispatcher:
    """Put t1 to ana and let t2 wait for her."""
    desk = DeskBesideReference()
    desk.add_agent(Agent(id=ANA, capacity=1), presence="available", at=0)
    desk.add_agent(Agent(id=BEN, capacity=1), at=0)
    desk.add_queue(Queue(id=BACK, members=[BEN]), at=0)
    desk.add_queue(Queue(id=SALES, relaxations=[Relaxation(after=1, add_queue=BACK)]), at=0)
    desk.add_queue(Queue(id=PHONE, members=[ANA, BEN], delivery=Delivery.OFFER), at=0)
    desk.submit(Ticket(id=T1, queue=PHONE), at=10)
    desk.submit(Ticket(id=T2, queue=PHONE), at=10)
    return desk


def _is_clear(fault: Exception, *words: object) -> None:
    text = str(fault)
    assert 20 < len(text) < 600
    assert ";" in text  # what is wrong; what to do
    for word in words:
        assert str(word) in text


def _refused(
    desk: Dispatcher, call: Callable[[], object], kind: type[Exception], *words: object
) -> Exception:
    """Check that a call is refused with a clear error, twice, and has changed nothing."""
    before, due = desk.snapshot(), desk.next_deadline()
    with pytest.raises(kind):
        call()
    with pytest.raises(kind) as caught:
        call()
    _is_clear(caught.value, *words)
    assert desk.snapshot() == before
    assert desk.next_deadline() == due
    return caught.value


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_an_answer_of_somebody_never_asked_is_refused(answer: str) -> None:
    desk = _desk()
    fault = _refused(
        desk, lambda: getattr(desk, answer)(T1, BEN, at=10), err.NotOfferedError, "'t1'", "'ben'"
    )
    assert isinstance(fault, err.NotOfferedError)
    assert (fault.ticket_id, fault.agent_id) == (T1, BEN)
    _refused(desk, lambda: getattr(desk, answer)(T2, ANA, at=10), err.NotOfferedError, "'t2'")


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_an_answer_that_names_nothing_known_is_refused(answer: str) -> None:
    desk = _desk()
    give = getattr(desk, answer)
    _refused(desk, lambda: give(T9, ANA, at=10), err.UnknownTicketError, "'t9'")
    _refused(desk, lambda: give(T1, GHOST, at=10), err.UnknownAgentError, "'ghost'")
    bad_ids: list[Any] = [None, 5, True, ["t1"], b"t1"]
    for bad in bad_ids:
        _refused(desk, partial(give, bad, ANA, at=10), err.InvalidValueError, "ticket_id")
        _refused(desk, partial(give, T1, bad, at=10), err.InvalidValueError, "agent_id")
    bad_instants: list[Any] = [None, True, 1.0, "10", -1, 10**30]
    for bad in bad_instants:
        _refused(desk, partial(give, T1, ANA, at=bad), err.InvalidValueError, "at")
    _refused(desk, lambda: give(T1, ANA, at=9), err.TimeBackwardsError)


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_a_second_answer_is_refused_and_names_who_has_it(answer: str) -> None:
    desk = _desk()
    desk.accept(T1, ANA, at=11)
    fault = _refused(
        desk, lambda: getattr(desk, answer)(T1, ANA, at=11), err.OfferGoneError, "'ana' has it"
    )
    assert isinstance(fault, err.OfferGoneError)
    assert fault.winner == ANA


@pytest.mark.parametrize("answer", ["accept", "decline"])
@pytest.mark.parametrize("end", ["declined", "expired", "withdrawn"])
def test_an_answer_to_an_offer_that_has_ended_is_refused(answer: str, end: str) -> None:
    desk = _desk()
    if end == "declined":
        desk.decline(T1, ANA, at=11)
    elif end == "expired":
        desk.advance(at=30_010)
    else:
        desk.set_presence(ANA, "away", at=11)
    fault = _refused(
        desk,
        lambda: getattr(desk, answer)(T1, ANA, at=desk.now),
        err.OfferGoneError,
        "no agent has it yet",
    )
    assert isinstance(fault, err.OfferGoneError)
    assert fault.winner is None


def test_an_answer_to_a_ticket_that_is_done_is_refused() -> None:
    desk = _desk()
    desk.abandon(T1, at=11)
    _refused(desk, lambda: desk.accept(T1, ANA, at=11), err.OfferGoneError)
    _refused(desk, lambda: desk.decline(T1, ANA, at=11), err.OfferGoneError)


@pytest.mark.parametrize(
    "bad", ["", " ", "a\nb", "x" * 1_000_000, None, 5, True, ["busy"]], ids=_named
)
def test_a_reason_to_decline_is_a_short_word(bad: Any) -> None:
    desk = _desk()
    _refused(
        desk, lambda: desk.decline(T1, ANA, reason=bad, at=11), err.InvalidValueError, "reason"
    )


@pytest.mark.parametrize("bad", [-1, True, 1.5, "1", 10**30], ids=_named)
def test_a_version_that_is_none_cannot_be_accepted(bad: Any) -> None:
    desk = _desk()
    _refused(
        desk,
        lambda: desk.accept(T1, ANA, at=11, expected_version=bad),
        err.InvalidValueError,
        "expected_version",
    )


def test_what_time_did_before_a_refused_answer_has_happened() -> None:
    desk = _desk()
    with pytest.raises(err.OfferGoneError):
        desk.accept(T1, ANA, at=30_010)
    told = desk.advance(at=30_010)
    assert type(told[0]).__name__ == "OfferExpired"
    again = Dispatcher.replay(_history())
    assert again.same_state(desk)


def _history() -> list[Any]:
    """Return the events of the desk above up to the end of its offer."""
    desk = DeskBesideReference()
    told: list[Any] = []
    told += desk.add_agent(Agent(id=ANA, capacity=1), presence="available", at=0)
    told += desk.add_agent(Agent(id=BEN, capacity=1), at=0)
    told += desk.add_queue(Queue(id=BACK, members=[BEN]), at=0)
    told += desk.add_queue(Queue(id=SALES, relaxations=[Relaxation(after=1, add_queue=BACK)]), at=0)
    told += desk.add_queue(Queue(id=PHONE, members=[ANA, BEN], delivery=Delivery.OFFER), at=0)
    told += desk.submit(Ticket(id=T1, queue=PHONE), at=10)
    told += desk.submit(Ticket(id=T2, queue=PHONE), at=10)
    told += desk.advance(at=30_010)
    return told


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", WRONG_SPANS, ids=_named)
@pytest.mark.parametrize(
    ("make", "thing"),
    [
        (lambda bad: OfferPolicy(timeout=bad), "OfferPolicy.timeout"),
        (lambda bad: OfferPolicy(retry_declined_after=bad), "OfferPolicy.retry_declined_after"),
        (lambda bad: OfferPolicy(retry_missed_after=bad), "OfferPolicy.retry_missed_after"),
        (lambda bad: OfferPolicy(cool_down={"busy": bad}), "OfferPolicy.cool_down['busy']"),
        (lambda bad: OfferPolicy(max_misses=bad), "OfferPolicy.max_misses"),
        (lambda bad: OfferPolicy(parallel=bad), "OfferPolicy.parallel"),
        (lambda bad: ContactPoint("desk", bad), "ContactPoint.ring"),
        (lambda bad: Queue(id=PHONE, respond_within=bad), "Queue.respond_within"),
        (lambda bad: Queue(id=PHONE, idle_after=bad), "Queue.idle_after"),
    ],
)
def test_a_span_or_count_of_nothing_or_of_no_number_is_refused(
    make: Callable[[Any], object], thing: str, value: object
) -> None:
    with pytest.raises(err.InvalidValueError) as caught:
        make(value)
    assert caught.value.thing == thing
    _is_clear(caught.value, thing)


@pytest.mark.parametrize("value", [None, *WRONG_SPANS[1:]], ids=_named)
@pytest.mark.parametrize(
    ("make", "thing"),
    [
        (lambda bad: Queue(id=PHONE, affinity_wait=bad), "Queue.affinity_wait"),
        (lambda bad: Queue(id=PHONE, max_hops=bad), "Queue.max_hops"),
        (lambda bad: Relaxation(after=bad), "Relaxation.after"),
    ],
)
def test_a_span_or_count_below_nothing_is_refused(
    make: Callable[[Any], object], thing: str, value: object
) -> None:
    with pytest.raises(err.InvalidValueError) as caught:
        make(value)
    assert caught.value.thing == thing
    _is_clear(caught.value, thing)


@pytest.mark.parametrize(
    ("make", "thing"),
    [
        (lambda: OfferPolicy(refill=1), "OfferPolicy.refill"),  # type: ignore[arg-type]
        (lambda: OfferPolicy(cool_down={"": 1}), "cool_down"),
        (lambda: OfferPolicy(cool_down={5: 1}), "cool_down"),  # type: ignore[dict-item]
        (lambda: OfferPolicy(cool_down=5), "cool_down"),  # type: ignore[arg-type]
        (lambda: OfferPolicy(parallel=1_001), "OfferPolicy.parallel"),
        (lambda: Queue(id=PHONE, offer="fast"), "Queue.offer"),  # type: ignore[arg-type]
        (lambda: Queue(id=PHONE, delivery="offered"), "Queue.delivery"),
        (lambda: Queue(id=PHONE, keep_agent=1), "Queue.keep_agent"),  # type: ignore[arg-type]
        (lambda: Queue(id=PHONE, reach=5), "Queue.reach"),  # type: ignore[arg-type]
        (lambda: Queue(id=PHONE, max_hops=101), "Queue.max_hops"),
        (lambda: Queue(id=PHONE, relaxations=[5]), "Queue.relaxations"),  # type: ignore[list-item]
        (lambda: Queue(id=PHONE, relaxations=5), "Queue.relaxations"),  # type: ignore[arg-type]
        (lambda: Agent(id=ANA, contact_points=["desk"]), "Agent.contact_points"),  # type: ignore[list-item]
        (lambda: Agent(id=ANA, contact_points="desk"), "Agent.contact_points"),  # type: ignore[arg-type]
        (lambda: ContactPoint("", 1), "ContactPoint.name"),
        (lambda: Reach(9, 3), "Reach"),
        (lambda: Reach(0, 3), "Reach.least"),
        (lambda: Reach(1, 101), "Reach.greatest"),
        (lambda: Relaxation(after=1, add_queue=QueueId("")), "Relaxation.add_queue"),
        (lambda: Relaxation(after=1, lower={"french": 0}), "Relaxation.lower"),
        (lambda: Relaxation(after=1, drop=[5]), "Relaxation.drop"),  # type: ignore[list-item]
        (lambda: Relaxation(after=1, priority=1), "Relaxation.priority"),  # type: ignore[arg-type]
    ],
)
def test_values_that_make_no_sense_are_refused_when_made(
    make: Callable[[], object], thing: str
) -> None:
    with pytest.raises(err.InvalidValueError) as caught:
        make()
    assert thing in caught.value.thing
    _is_clear(caught.value)


@pytest.mark.parametrize("spans", [(20, 10), (10, 10), (0, 5, 5), (1, 2, 3, 2)])
def test_relaxation_steps_out_of_order_are_refused(spans: tuple[int, ...]) -> None:
    steps = [Relaxation(after=after) for after in spans]
    with pytest.raises(err.InvalidValueError, match="in order") as caught:
        Queue(id=PHONE, relaxations=steps)
    _is_clear(caught.value, list(spans))
    desk = _desk()
    _refused(
        desk,
        lambda: desk.change_queue(PHONE, relaxations=steps, at=11),
        err.InvalidValueError,
        "Queue.relaxations",
    )


def test_more_than_a_hundred_steps_are_refused() -> None:
    Queue(id=PHONE, relaxations=[Relaxation(after=after) for after in range(100)])
    with pytest.raises(err.InvalidValueError, match="101"):
        Queue(id=PHONE, relaxations=[Relaxation(after=after) for after in range(101)])


def test_rings_that_widen_every_nothing_are_refused() -> None:
    desk = _desk()
    for step in (0, -1):
        spec = f"ring_all(step={step})"
        _refused(desk, partial(desk.change_queue, PHONE, strategy=spec, at=11), ValueError)
    desk.change_queue(PHONE, strategy=StrategySpec.of("ring_all(step=1)"), at=11)


# --- overflow -------------------------------------------------------------------------------------


def test_overflow_queues_in_a_circle_are_refused_and_the_way_is_named() -> None:
    desk = _desk()
    to_sales = [Relaxation(after=1, add_queue=SALES)]
    to_phone = [Relaxation(after=5, move_to=PHONE)]
    desk.change_queue(PHONE, relaxations=to_sales, at=11)  # phone -> sales -> back
    fault = _refused(
        desk,
        lambda: desk.change_queue(BACK, relaxations=to_phone, at=11),
        err.OverflowCircleError,
        "'back' -> 'phone' -> 'sales' -> 'back'",
    )
    assert isinstance(fault, err.OverflowCircleError)
    assert fault.circle == (BACK, PHONE, SALES, BACK)


@pytest.mark.parametrize("field", ["add_queue", "move_to"])
def test_a_queue_that_overflows_into_itself_is_refused(field: str) -> None:
    desk = _desk()
    steps = [Relaxation(after=1, **{field: PHONE})]  # type: ignore[arg-type]
    _refused(
        desk, lambda: desk.change_queue(PHONE, relaxations=steps, at=11), err.OverflowCircleError
    )
    new = Queue(id=QueueId("new"), relaxations=[Relaxation(after=1, **{field: QueueId("new")})])  # type: ignore[arg-type]
    _refused(desk, lambda: desk.add_queue(new, at=11), err.OverflowCircleError)


@pytest.mark.parametrize("field", ["add_queue", "move_to"])
def test_an_overflow_into_a_queue_that_is_not_there_is_refused(field: str) -> None:
    desk = _desk()
    steps = [Relaxation(after=1, **{field: QueueId("nowhere")})]  # type: ignore[arg-type]
    _refused(
        desk,
        lambda: desk.change_queue(PHONE, relaxations=steps, at=11),
        err.UnknownQueueError,
        "'nowhere'",
    )
    new = Queue(id=QueueId("new"), relaxations=steps)
    _refused(desk, lambda: desk.add_queue(new, at=11), err.UnknownQueueError, "'nowhere'")


def test_two_ways_to_one_queue_are_no_circle() -> None:
    desk = _desk()
    desk.change_queue(
        PHONE,
        relaxations=[Relaxation(after=1, add_queue=BACK), Relaxation(after=2, add_queue=SALES)],
        at=11,
    )
    assert len(desk.queue(PHONE).relaxations) == 2


def test_a_queue_with_open_offers_is_not_removed_without_a_place_for_its_tickets() -> None:
    desk = _desk()
    _refused(desk, lambda: desk.remove_queue(PHONE, at=11), err.QueueNotEmptyError, 2)


def test_nobody_gets_an_offered_ticket_whom_the_gate_refuses() -> None:
    desk = _desk()
    _refused(desk, lambda: desk.assign(T1, BEN, at=11), err.NotEligibleError, "offline")
    _refused(desk, lambda: desk.take(T1, BEN, at=11), err.NotEligibleError, "offline")
    _refused(desk, lambda: desk.transfer(T1, to_agent=BEN, at=11), err.NotEligibleError, "offline")
    _refused(desk, lambda: desk.release(T1, at=11), err.TransitionError, "offered")
    _refused(desk, lambda: desk.close(T1, at=11), err.TransitionError, "offered")
    _refused(desk, lambda: desk.resume(T1, at=11), err.TransitionError, "offered")
    _refused(desk, lambda: desk.reopen(T1, at=11), err.TransitionError)
    _refused(desk, lambda: desk.take(T2, ANA, at=11), err.NotEligibleError, "agent_limit")
