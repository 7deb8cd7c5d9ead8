"""The contract of every journal: one test suite for anything that keeps the events of a desk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

from attrs import define
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.errors import InvalidValueError, JournalConflictError
from ticketroute.journal.contract import Entry, Journal, Position, Snapshot
from ticketroute.model.events import Event
from ticketroute.model.ids import QueueId
from ticketroute.model.queue import Queue
from ticketroute.testing.calls import Call, written
from ticketroute.testing.contract import one_failure
from ticketroute.testing.history import History, give, histories

NO_POSITIONS = (-1, True, False, 1.0, "1", None)
NO_EVENTS = (None, "event", 7, {"at": 0})
MOST_HANDLES = 3
LIVES = 20  # histories; each desk runs one of them
LIVED = settings(
    max_examples=LIVES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

handles = st.integers(0, MOST_HANDLES - 1)
places = st.integers(0, 60)  # positions in a journal or beyond it
few = st.sampled_from([2, 3, 1, 0])  # two are enough to show a torn batch, so they come first


class JournalContract:
    """Tests for a journal: subclass it, define how one is opened, and pytest collects them.

    >>> from ticketroute.journal import MemoryJournal
    >>> class TestMemoryJournal(JournalContract):
    ...     def open(self) -> Journal:
    ...         return MemoryJournal()
    """

    # --- what a subclass defines ------------------------------------------------------------

    def open(self) -> Journal:
        """Return a new journal without events."""
        raise NotImplementedError(f"{type(self).__name__}.open() must return a new journal")

    def another(self, journal: Journal) -> Journal:
        """Return a second handle of a journal for use with the first; by default the first."""
        return journal

    def reopen(self, journal: Journal) -> Journal:
        """Return a journal as it is found after a crash; by default the same one.

        The old handle stays as it is, and is only closed afterwards.
        """
        return journal

    def close(self, journal: Journal) -> None:
        """Close a handle at the end of a test; by default do nothing."""

    # --- the contract -----------------------------------------------------------------------

    def test_it_keeps_the_contract(self) -> None:
        """After writes, reads and crashes each event is there once, in order and unchanged."""
        contract = self

        class Kept(JournalMachine):
            checked = contract

        lived()  # drawn first, and not within the draws of the machine
        run_state_machine_as_test(Kept, settings=one_failure())

    def test_a_new_journal_is_empty(self) -> None:
        """It has no events and no snapshot."""
        with self._opened() as (journal, _):
            assert journal.head() == 0
            assert list(journal.read(0)) == list(journal.read(1)) == []
            assert journal.latest_snapshot(0) is journal.latest_snapshot(9) is None

    def test_of_two_writers_at_the_same_head_one_is_refused(self) -> None:
        """The error has the head that the writer expected, and the present head."""
        events = some_events()
        with self._opened() as (journal, other):
            assert journal.append(0, events[:2]) == 2
            for handle, head in ((other, 0), (journal, 1), (journal, 3)):
                refuse_conflict(handle, head, events[2:], actual=2)
            compare(other.read(0), events[:2], after=0)

    def test_a_reader_sees_the_events_at_its_beginning(self) -> None:
        """The reader sees no later events, however long it takes."""
        events = some_events()
        with self._opened() as (journal, other):
            journal.append(0, events[:2])
            early, late = iter(other.read(0)), iter(journal.read(2))
            begun = [next(early)]
            journal.append(2, events[2:])
            compare([*begun, *early], events[:2], after=0)
            compare(late, [], after=2)

    def test_bad_input_is_refused_and_changes_nothing(self) -> None:
        """The error is an InvalidValueError, raised at the call."""
        first, *more = some_events()
        with self._opened() as (journal, _):
            journal.append(0, [first])
            for wrong in NO_POSITIONS:
                refuse_value(journal.append, wrong, more)
                refuse_value(journal.read, wrong)
                refuse_value(journal.latest_snapshot, wrong)
            for none in NO_EVENTS:
                refuse_value(journal.append, 1, [*more, none])
                refuse_value(journal.append, 1, none)
                refuse_value(journal.save_snapshot, none)
            refuse_value(journal.save_snapshot, Snapshot(2, {}))  # beyond the head
            compare(journal.read(0), [first], after=0)
            assert journal.latest_snapshot(9) is None

    @contextmanager
    def _opened(self) -> Iterator[tuple[Journal, Journal]]:
        """Open a journal and a second handle of it, and close both at the end."""
        journal = self.open()
        other = self.another(journal)
        try:
            yield journal, other
        finally:
            self.close(journal)
            if other is not journal:
                self.close(other)


class TornError(Exception):
    """Raised by an iterator of events before its end."""


@define
class Reader:
    """A reader in the middle of a journal: the next position, and the last."""

    entries: Iterator[Entry]
    at: Position
    end: Position


class JournalMachine(RuleBasedStateMachine):
    """A desk whose events are written to a journal through several handles.

    The machine keeps a copy of the journal: ``written`` holds its events, ``heads`` the positions
    at which a command ended, and ``snapshots`` the snapshots saved at them.
    """

    checked: ClassVar[JournalContract]

    def __init__(self) -> None:
        super().__init__()
        self.handles = [self.checked.open()]
        self.ever = list(self.handles)
        self.written: list[Event] = []
        self.heads: list[Position] = [0]
        self.snapshots: set[Position] = set()
        self.readers: list[Reader] = []

    @initialize(life=st.integers(0, LIVES - 1))
    def open_desk(self, life: int) -> None:
        """Open the desk that writes; it runs one of the drawn histories."""
        lives = lived()
        self.history = lives[life % len(lives)]
        self.desk = self.history.desk()
        self.calls: Iterator[Call] = self.history.calls(self.desk)

    # --- writing ----------------------------------------------------------------------------

    @rule(handle=handles, commands=st.integers(1, 3))
    def append(self, handle: int, commands: int) -> None:
        """Give commands to the desk, and append their events."""
        batch: list[Event] = []
        for _, call in zip(range(commands), self.calls, strict=False):
            turn = give(call, self.desk)  # time may cause events before a refusal
            batch += turn.events if turn.refused is None else self.desk.advance(at=self.desk.now)
        head = self._handle(handle).append(len(self.written), batch)
        self.written += batch
        self.heads.append(len(self.written))
        assert head == len(self.written), f"append returned {head}, not {len(self.written)}"
        batch.clear()  # the journal must not keep the list itself

    @precondition(lambda self: self.written)
    @rule(handle=handles, behind=st.integers(1, 5), events=few)
    def append_to_an_older_head(self, handle: int, behind: int, events: int) -> None:
        """Append at a head that another writer has moved; it is refused."""
        head = max(0, len(self.written) - behind)
        journal = self._handle(handle)
        refuse_conflict(journal, head, self.written[:events], actual=len(self.written))

    @precondition(lambda self: self.written)
    @rule(handle=handles, events=few)
    def append_what_breaks_off(self, handle: int, events: int) -> None:
        """Append events from an iterator that raises; none is written."""

        def torn() -> Iterator[Event]:
            yield from self.written[:events]
            raise TornError

        try:
            self._handle(handle).append(len(self.written), torn())
        except TornError:
            return
        raise AssertionError("a batch whose iterator raised was appended")

    # --- reading ----------------------------------------------------------------------------

    @rule(handle=handles, after=places)
    def read(self, handle: int, after: Position) -> None:
        """Read from any position, and compare each value and its repr; change what was read."""
        entries = self._handle(handle).read(after)
        events = compare(entries, self.written[after:], after=after)
        for event, expected in zip(events, self.written[after:], strict=True):
            assert written(event) == written(expected), (
                f"{written(event)} is equal and has another repr"
            )
        if isinstance(entries, list):
            entries.clear()

    @rule(handle=handles, after=places)
    def begin_to_read(self, handle: int, after: Position) -> None:
        """Begin to read without taking an entry."""
        entries = iter(self._handle(handle).read(after))
        self.readers.append(Reader(entries, after, max(after, len(self.written))))

    @precondition(lambda self: self.readers)
    @rule(which=places, most=st.sampled_from([1, 4, 1_000]), stops=st.booleans())
    def read_on(self, which: int, most: int, stops: bool) -> None:  # noqa: FBT001  by name
        """Continue a reading, which sees the events at its beginning, and perhaps stop it."""
        reader = self.readers[which % len(self.readers)]
        until = min(reader.at + most, reader.end)
        ahead = [entry for _, entry in zip(range(reader.at, until), reader.entries, strict=False)]
        compare(ahead, self.written[reader.at : until], after=reader.at)
        reader.at = until
        if until == reader.end:
            more = next(reader.entries, None)
            assert more is None, f"a reader had to end at {until} and got {more}"
        if stops or until == reader.end:
            self.readers.remove(reader)

    @rule(handle=handles)
    def replay(self, handle: int) -> None:
        """Check that a replay of the events gives the desk that wrote them."""
        again = self._replayed(entry.event for entry in self._handle(handle).read(0))
        assert again.same_state(self.desk), (
            "a replay of the events does not give the desk that wrote them"
        )

    # --- snapshots --------------------------------------------------------------------------

    @rule(handle=handles, back=places)
    def save_snapshot(self, handle: int, back: int) -> None:
        """Save a snapshot of the desk after a command, not always the last; then change it."""
        head = self.heads[-1 - back % len(self.heads)]
        state = self._state_at(head)
        self._handle(handle).save_snapshot(Snapshot(head, state))
        self.snapshots.add(head)
        spoil(state)

    @rule(handle=handles, until=places)
    def latest_snapshot(self, handle: int, until: Position) -> None:
        """Read the latest snapshot up to any position, and change what was read."""
        head = max((each for each in self.snapshots if each <= until), default=None)
        found = self._handle(handle).latest_snapshot(until)
        assert (found and found.head) == head, (
            f"the latest snapshot up to {until} is that of {head}, not {found}"
        )
        if found is not None:
            assert found.state == self._state_at(found.head), (
                f"the snapshot of {head} is not the one that was saved"
            )
            spoil(found.state)

    # --- handles ----------------------------------------------------------------------------

    @precondition(lambda self: len(self.handles) < MOST_HANDLES)
    @rule()
    def open_another_handle(self) -> None:
        """Open another handle of the same journal."""
        self.handles.append(self.checked.another(self.handles[0]))
        self.ever.append(self.handles[-1])

    @rule()
    def crash(self) -> None:
        """Drop all handles and readers, and reopen the journal."""
        self.readers.clear()
        self.handles = [self.checked.reopen(self.handles[0])]
        self.ever += self.handles

    @invariant()
    def everything_is_there_once(self) -> None:
        """Check that every handle has exactly the events for which append returned."""
        for journal in {id(each): each for each in self.handles}.values():
            head = journal.head()
            assert head == len(self.written), f"the head is {head}, not {len(self.written)}"
            compare(journal.read(0), self.written, after=0)

    def teardown(self) -> None:
        """Close every handle."""
        for journal in {id(each): each for each in self.ever}.values():
            self.checked.close(journal)

    def _handle(self, number: int) -> Journal:
        return self.handles[number % len(self.handles)]

    def _state_at(self, head: Position) -> dict[str, Any]:
        return self._replayed(self.written[:head]).snapshot()

    def _replayed(self, events: Iterable[Event]) -> Dispatcher:
        history = self.history
        return Dispatcher.replay(events, defaults=history.defaults, permits=history.permits)


@cache
def lived() -> tuple[History, ...]:
    """Return drawn histories for the desks, the simplest first, always the same ones.

    A journal does not depend on why an event happened. If whole histories were drawn for every
    sequence of steps, shrinking a failure would shrink these as well, and take minutes.
    """
    found: list[History] = []

    @settings(LIVED)
    @given(histories(max_size=15))
    def draw(history: History) -> None:
        found.append(history)

    draw()
    return tuple(found)


def some_events() -> list[Event]:
    """Return the first events of a desk."""
    desk = Dispatcher()
    queues = [Queue(id=QueueId(f"q{number}")) for number in range(3)]
    return [event for at, queue in enumerate(queues) for event in desk.add_queue(queue, at=at)]


def compare(entries: Iterable[Entry], expected: list[Event], *, after: Position) -> list[Event]:
    """Return the events read; fail unless they are the expected ones at the next positions."""
    found = list(entries)
    events = [entry.event for entry in found]
    positions, due = [entry.position for entry in found], after + 1
    assert positions == list(range(due, due + len(found))), f"positions after {after}: {positions}"
    assert len(found) == len(expected), f"{len(found)} events after {after}, not {len(expected)}"
    if events != expected:  # as lists, which do not compare an object with itself
        for entry, event in zip(found, expected, strict=True):
            assert entry.event == event, (
                f"the event at {entry.position} is {entry.event}, not {event}"
            )
    return events


def refuse_conflict(
    journal: Journal, head: Position, events: list[Event], *, actual: Position
) -> None:
    """Fail unless an append is refused with both heads."""
    try:
        journal.append(head, events)
    except JournalConflictError as refused:
        told = (refused.expected, refused.actual)
        assert told == (head, actual), f"the heads are {(head, actual)}, and the error has {told}"
        return
    raise AssertionError(f"events were appended after {head} while the journal was at {actual}")


def refuse_value(call: Any, *values: object) -> None:
    """Fail unless a call is refused because of its arguments."""
    try:
        call(*values)
    except InvalidValueError:
        return
    raise AssertionError(f"{call.__name__}{values} was not refused")


def spoil(state: Any) -> None:
    """Empty the mappings and lists of a snapshot, as its owner is allowed to."""
    for each in (*state.values(), state):
        if type(each) in (dict, list):
            each.clear()
