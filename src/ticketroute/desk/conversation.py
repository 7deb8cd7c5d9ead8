"""What a desk and its database say to each other: one generator, whoever carries the words.

A talk yields trips and is sent their answers. It knows no connection, no thread and no event loop:
``drive`` carries it for threads, ``drive_async`` for asyncio, over SQLite, PostgreSQL, or a
connection of the host. The algorithm is lock, prove, catch up, decide, append, commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from time import sleep
from typing import Any, NamedTuple, TypeVar

from attrs import frozen

from ticketroute.desk.memory import Fold, Memory, Proof, UnsoundError
from ticketroute.desk.order import Order
from ticketroute.errors import InvalidValueError
from ticketroute.journal.codec import FOLD, Row, decode
from ticketroute.journal.contract import Entry
from ticketroute.journal.faults import (
    JournalDamagedError,
    JournalSetBackError,
    JournalUnreachableError,
    KeyReusedError,
    NewerJournalError,
    NoSuchDeskError,
    OutcomeUnknownError,
)
from ticketroute.journal.lines import AsyncLine, Line, LostError
from ticketroute.journal.snapshots import parts_of, read_parts
from ticketroute.journal.statements import (
    GIVE_UP,
    SLICE,
    Answer,
    Statement,
    Statements,
    Trip,
)
from ticketroute.journal.statements import Memory as Known
from ticketroute.model.events import Events
from ticketroute.model.ids import TicketId
from ticketroute.model.instants import Instant

log = logging.getLogger("ticketroute.desk")

T = TypeVar("T")

MOST_LOSSES = 5  # connections lost during one command before it gives up
PAUSES = (0.0, 0.05, 0.1, 0.2, 0.4)  # seconds before connecting again


class Pause(NamedTuple):
    """Wait so many seconds before the next trip."""

    seconds: float


Talk = Generator[Trip | Pause, Answer, T]


@frozen
class Place:
    """Which desk, in which database."""

    desk: str
    statements: Statements
    where: str
    wait: float
    clock: Callable[[], Instant]
    own_clock: bool  # the host gave it, so that the server's is not asked
    wake: Statement | None = None  # what tells other processes after each commit


class Locked(NamedTuple):
    """What was found when the desk's row was locked."""

    head: int
    clock: Instant
    snapshot: int
    rows: list[Row]
    known: dict[str, Known]
    forgotten: set[TicketId]  # of the tickets that the orders submit


class Decided(NamedTuple):
    """What is to be written, and when time changes something next, as the memory had it then.

    Another thread may fold the memory anew before it is written.
    """

    rows: Sequence[Row] = ()
    known: Sequence[Known] = ()
    due: Instant | None = None


# --- commands on a connection of our own ----------------------------------------------------------


def command(memory: Memory, place: Place, orders: list[Order]) -> Talk[None]:
    """Settle orders in one transaction.

    A connection that is lost is replaced, and the next lock says whether the commit held: the
    tokens of all tries are looked for behind the head of the first.
    """
    doubtful: set[int] = set()
    with memory.lock:
        first = memory.fold.head
    losses = 0
    while orders:
        try:
            yield from _attempt(memory, place, orders, first, doubtful)
        except LostError as lost:
            losses += 1
            if losses > MOST_LOSSES:
                if doubtful:
                    raise OutcomeUnknownError(place.where, str(lost)) from lost
                raise JournalUnreachableError(place.where, str(lost)) from lost
            log.info("connection to %s lost, trying again: %s", place.where, lost)
            yield Pause(PAUSES[losses - 1])
        except UnsoundError as unsound:
            unsound.order.fail(unsound.fault)
            orders.remove(unsound.order)
        else:
            return


def _attempt(
    memory: Memory, place: Place, orders: list[Order], first: int, doubtful: set[int]
) -> Talk[None]:
    locked = yield from lock(memory, place, orders, first)
    try:
        done = doubtful and {row.token for row in locked.rows} & doubtful
        if done:  # the commit whose answer was lost held, for all of its orders
            yield from ready(memory, place, locked, lambda: None)
            yield GIVE_UP
            for order in orders:
                order.settle(order.decided, order.refused)
            return
        found = yield from recall(place, orders, locked.known)
        decided = yield from ready(
            memory, place, locked, lambda: _decide(memory, orders, locked, found)
        )
    except BaseException as fault:
        if not isinstance(fault, GeneratorExit):
            yield GIVE_UP
        raise
    rows = decided.rows
    if not rows and not decided.known:
        yield GIVE_UP
    else:
        doubtful.update(row.token for row in rows)
        ends = [*writing(place, decided, orders), place.statements.commit()]
        yield Trip(ends, ends=True, wakes=place.wake)
    if rows:
        with memory.lock:
            memory.confirm_up_to(rows[-1].position, rows[-1].token)
    for order in orders:
        if not order.settled:
            order.settle(order.decided, order.refused)


def lock(
    memory: Memory,
    place: Place,
    orders: Sequence[Order],
    since: int | None = None,
    *,
    hosted: bool = False,
) -> Talk[Locked]:
    """Lock the desk's row and read what happened since the head of the memory: one trip."""
    says = place.statements
    with memory.lock:
        after = memory.fold.head if since is None else min(since, memory.fold.head)
    begin = [] if hosted else says.begin(place.wait)
    take = says.take(place.desk, hosted=hosted)
    trip = [*begin, *take, says.events(place.desk, max(1, after))]
    trip += asked(place, orders)
    answer = yield Trip(trip, begins=not hosted)
    start = len(begin) + len(take) - 2
    state, clock, found = answer[start : start + 3]
    try:
        head, snapshot = yield from check_state(place, state)
        rows = [Row(*row) for row in found]
        yield from read_on(place, rows, head)
    except BaseException as fault:
        if not (hosted or isinstance(fault, GeneratorExit)):
            yield GIVE_UP
        raise
    known, forgotten = heard(orders, answer[start + 3 :])
    told = clock[0][0]
    at = place.clock() if place.own_clock or told is None else int(told)
    return Locked(head, at, snapshot, rows, known, forgotten)


def asked(place: Place, orders: Sequence[Order]) -> list[Statement]:
    """Return what finds the keys of orders, and the forgotten among the tickets they submit."""
    says = place.statements
    keys = [order.key for order in orders if order.key is not None]
    tickets = [ticket_id for order in orders for ticket_id in order.brings]
    return [
        *([says.keys(place.desk, keys)] if keys else ()),
        *([says.forgotten(place.desk, tickets)] if tickets else ()),
    ]


def heard(orders: Sequence[Order], answer: Answer) -> tuple[dict[str, Known], set[TicketId]]:
    """Return what was found by the statements of ``asked``: keys, and forgotten tickets."""
    found = iter(answer)
    known: dict[str, Known] = {}
    if any(order.key is not None for order in orders):
        known = {row[0]: Known(*row) for row in next(found)}
    brought = any(order.brings for order in orders)
    return known, {TicketId(name) for (name,) in next(found)} if brought else set()


def check_state(place: Place, state: list[tuple[Any, ...]]) -> Talk[tuple[int, int]]:
    """Return head and snapshot of the desk's row; refuse one that is newer or not there."""
    if not state:
        names = yield Trip([place.statements.desks()])
        raise NoSuchDeskError(place.desk, [name for (name,) in names[0]])
    head, fold, snapshot = state[0]
    if fold > FOLD:
        raise NewerJournalError(f"events of fold {fold}, where this release has {FOLD},")
    return head, snapshot


def read_on(place: Place, rows: list[Row], head: int) -> Talk[None]:
    """Read the slices that follow the first one, up to the head."""
    size = SLICE
    while rows and len(rows) >= size and rows[-1].position < head:
        answer = yield Trip([place.statements.events(place.desk, rows[-1].position + 1)])
        if not answer[0]:
            return
        rows.extend(Row(*row) for row in answer[0])
        size += SLICE


def ready(
    memory: Memory,
    place: Place,
    locked: Locked,
    then: Callable[[], T],
    *,
    certain: bool = True,
) -> Talk[T]:
    """Bring the memory to the head of the journal and, under the same lock of it, do ``then``."""
    rows = locked.rows
    while True:
        with memory.lock:
            proof = memory.prove(rows)
            after = memory.fold.head
            if proof is Proof.PROVEN:
                memory.catch_up(rows, certain=certain)
                if memory.fold.head == locked.head:
                    return then()
                proof, after = Proof.UNSEEN, memory.fold.head
        if proof is Proof.UNSEEN:
            answer = yield Trip([place.statements.events(place.desk, max(1, after))])
            rows = [Row(*row) for row in answer[0]]
            yield from read_on(place, rows, locked.head)
            with memory.lock:
                if memory.prove(rows) is not Proof.UNSEEN:
                    continue
        rows = yield from reopen(memory, place, certain=certain)


def _decide(
    memory: Memory,
    orders: Sequence[Order],
    locked: Locked,
    found: dict[str, tuple[bytes, Events]],
) -> Decided:
    rows: list[Row] = []
    known: list[Known] = []
    for order in orders:
        if order.settled:
            continue
        if order.key is not None and order.key in found:
            repeat(order, *found[order.key])
            continue
        rows += memory.decide(order, locked.clock, locked.forgotten)
        if order.key is not None and order.refused is None:
            now = memory.fold.dispatcher.now
            known.append(Known(order.key, order.digest, order.first, order.last, now))
            found[order.key] = (order.digest, order.decided)
    return Decided(rows, known, memory.fold.dispatcher.next_deadline())


def repeat(order: Order, digest: bytes, events: Events) -> None:
    """Settle an order whose key was used before."""
    if bytes(digest) == order.digest:
        order.settle(events)
    else:
        order.settle(refused=KeyReusedError(order.key or ""))


def recall(
    place: Place, orders: Sequence[Order], known: dict[str, Known]
) -> Talk[dict[str, tuple[bytes, Events]]]:
    """Read the events that commands of known keys led to."""
    found: dict[str, tuple[bytes, Events]] = {}
    for order in orders:
        if order.key is None or order.key not in known:
            continue
        memory = known[order.key]
        events = Events()
        if memory.last >= memory.first:
            most = memory.last - memory.first + 1
            answer = yield Trip([place.statements.events(place.desk, memory.first, most)])
            rows = [Row(*row) for row in answer[0]]
            left = [row for row in rows if row.position <= memory.last]  # not in an archive
            events = Events(decode(row, place.where) for row in left)
        found[order.key] = (bytes(memory.digest), events)
    return found


def writing(place: Place, decided: Decided, orders: Iterable[Order]) -> list[Statement]:
    """Return what writes events, the new head, the keys, and what the orders forgot."""
    says, (rows, known, due) = place.statements, decided
    written: list[Statement] = []
    if rows:
        written = [says.append(place.desk, rows)]
        written.append(says.move(place.desk, rows[-1].position, due, FOLD))
    if known:
        written.append(says.remember(place.desk, known))
    forgot = [ticket_id for order in orders for ticket_id in order.forgot]
    if forgot:
        written.append(says.forget(place.desk, forgot))
    return written


# --- commands in a transaction that somebody else ends --------------------------------------------


def hosted(memory: Memory, place: Place, orders: Sequence[Order]) -> Talk[None]:
    """Settle orders in the host's transaction, which may yet be given up: under one lock."""
    locked = yield from lock(memory, place, orders, hosted=True)
    found = yield from recall(place, orders, locked.known)
    try:
        decided = yield from ready(
            memory, place, locked, lambda: _decide(memory, orders, locked, found), certain=False
        )
    except UnsoundError as unsound:
        raise unsound.fault from unsound.fault.__cause__
    if decided.rows or decided.known:
        yield Trip(writing(place, decided, orders))
    for order in orders:
        if not order.settled:
            order.settle(order.decided, order.refused)


# --- opening and reading --------------------------------------------------------------------------


def reopen(memory: Memory, place: Place, *, certain: bool = True) -> Talk[list[Row]]:
    """Make the memory anew from the journal; return its last row.

    Raises:
        JournalSetBackError: if something that was seen as committed is no longer there.
    """
    with memory.lock:
        position, token = memory.proven
        told = memory.told
    fold = yield from _latest(memory, place)
    entries, last = (yield from _untold(place, told, fold.head)), None
    while True:
        answer = yield Trip([place.statements.events(place.desk, max(1, fold.head))])
        rows = [Row(*row) for row in answer[0]]
        if rows and rows[0].position > 1 and not fold.head:
            yield from check_whole_journal(place)
        known = 1 if rows and rows[0].position == fold.head else 0  # a snapshot, or a slice
        taken = fold.take_in(rows[known:], place.where)
        entries += [entry for entry in taken if entry.position > told]
        last = rows[-1] if rows else last
        if len(rows) < SLICE:
            break
    answer = yield Trip([place.statements.events(place.desk, max(1, position), 1)])
    seen = [Row(*row)[:2] for row in answer[0]]
    gone = position > 0 and seen != [(position, token)]
    if gone and seen and seen[0][0] > position:  # unless it is in an archive
        gone = position > (yield from archived_up_to(place))
    with memory.lock:
        if gone:
            memory.set_back(min(fold.head, position - 1))
        memory.adopt(fold, entries, certain=certain)
    if gone:
        log.error("the journal of desk %r was set back to %d", place.desk, fold.head)
        raise JournalSetBackError(place.desk, position, fold.head)
    return [] if last is None else [last]


def archived_up_to(place: Place) -> Talk[int]:
    """Return up to which position events were moved to archives; 0 if none were."""
    answer = yield Trip([place.statements.archived(place.desk)])
    return int(answer[0][0][0]) if answer[0] else 0


def check_whole_journal(place: Place) -> Talk[None]:
    """Raise JournalDamagedError if the first events are in an archive: they cannot be folded."""
    archived = yield from archived_up_to(place)
    if archived:
        raise JournalDamagedError(
            place.where,
            None,
            f"events up to {archived} of desk {place.desk!r} are in an archive, and the snapshot "
            "that stands for them cannot be read by this release",
        )


def _untold(place: Place, told: int, head: int) -> Talk[list[Entry]]:
    """Return what subscribers have yet to hear of the events before a snapshot."""
    found: list[Entry] = []
    while told and told < head:
        answer = yield Trip([place.statements.events(place.desk, told + 1)])
        new = [entry for entry in entries(place, answer[0]) if entry.position <= head]
        if not new:
            break
        found += new
        told = new[-1].position
    return found


def _latest(memory: Memory, place: Place) -> Talk[Fold]:
    """Return a fold of the latest snapshot that this release can use, or an empty one."""
    says, desk = place.statements, place.desk
    answer = yield Trip([says.state(desk)])
    head = answer[0][0][2] if answer[0] else 0
    if head:
        answer = yield Trip([says.parts(desk, head), says.events(desk, head, 1)])
        found = read_parts(answer[0])
        last = [Row(*row)[:2] for row in answer[1]]
        if found is not None and last == [(head, found[1])]:
            try:
                fold = Fold(memory.making.restored(found[0]), *last[0])
            except (InvalidValueError, LookupError) as fault:
                log.warning("the snapshot of desk %r is passed over: %s", desk, fault)
            else:
                with memory.lock:
                    memory.snapshot = head
                return fold
    return Fold(memory.fresh())


def save_snapshot(memory: Memory, place: Place) -> Talk[int]:
    """Save what is known and committed; return its head, or 0 if there is nothing to save."""
    with memory.lock:
        found = memory.saved()
    if found is None:
        return 0
    says, desk, (head, token, saved) = place.statements, place.desk, found
    begin = says.begin(place.wait)
    yield Trip(begin, begins=True)
    for part in parts_of(saved, token):
        yield Trip([says.part(desk, head, part)])
    yield Trip([*says.use_snapshot(desk, head), says.commit()], ends=True)
    with memory.lock:
        memory.snapshot = max(memory.snapshot, head)
    return head


def refresh(memory: Memory, place: Place, *, certain: bool = True) -> Talk[None]:
    """Take in what others committed, without a lock on the desk; ``certain`` as in ``ready``."""
    with memory.lock:
        after = memory.fold.head
    trip = [place.statements.state(place.desk), place.statements.events(place.desk, max(1, after))]
    answer = yield Trip(trip)
    head, _ = yield from check_state(place, answer[0])
    rows = [Row(*row) for row in answer[1]]
    yield from read_on(place, rows, head)
    with memory.lock:
        proof = memory.prove(rows)
        if proof is Proof.PROVEN:
            memory.catch_up(rows, certain=certain)
            return
    yield from reopen(memory, place, certain=certain)


def patiently(place: Place, talk: Callable[[], Talk[T]]) -> Talk[T]:
    """Have a talk that changes nothing, again if the connection is lost.

    Raises:
        JournalUnreachableError: if the database cannot be had back.
    """
    pauses = iter(PAUSES)
    while True:
        try:
            return (yield from talk())
        except LostError as lost:
            pause = next(pauses, None)
            if pause is None:
                raise JournalUnreachableError(place.where, str(lost)) from lost
            yield Pause(pause)


def read(statement: Statement) -> Talk[list[tuple[Any, ...]]]:
    """Return what one statement finds."""
    answer = yield Trip([statement])
    return answer[0]


def entries(place: Place, found: list[tuple[Any, ...]]) -> Iterator[Entry]:
    """Yield the entries of a slice of events that was read. O(1) for each."""
    for each in found:
        row = Row(*each)
        yield Entry(row.position, decode(row, place.where), row.token)


# --- who carries the words ------------------------------------------------------------------------


def drive(talk: Talk[T], line: Line) -> T:
    """Carry a talk over a line, waiting for each answer."""
    try:
        step = next(talk)
        while True:
            try:
                answer = _pause(step) if isinstance(step, Pause) else line.run(step)
            except BaseException as fault:  # noqa: BLE001  the talk decides what it means
                step = talk.throw(fault)
            else:
                step = talk.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result


def _pause(pause: Pause) -> Answer:
    sleep(pause.seconds)
    return []


async def drive_async(talk: Talk[T], line: AsyncLine) -> T:
    """Carry a talk over a line of asyncio."""
    try:
        step = next(talk)
        while True:
            try:
                if isinstance(step, Pause):
                    answer: Answer = []
                    await asyncio.sleep(step.seconds)
                else:
                    answer = await line.run(step)
            except BaseException as fault:  # noqa: BLE001  the talk decides what it means
                step = talk.throw(fault)
            else:
                step = talk.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result
