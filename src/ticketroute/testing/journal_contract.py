"""What every journal owes: one suite for whatever keeps the events of a desk."""

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
LIVES = 20  # histories, of which each desk goes through one
LIVED = settings(
    max_examples=LIVES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

handles = st.integers(0, MOST_HANDLES - 1)
places = st.integers(0, 60)  # in a journal, or beyond
few = st.sampled_from([2, 3, 1, 0])  # two show whether a batch may be torn, and are shown first


class JournalContract:
    """Tests for a journal: subclass it, say how one is opened, and pytest does the rest.

    >>> from ticketroute.journal import MemoryJournal
    >>> class TestMemoryJournal(JournalContract):
    ...     def open(self) -> Journal:
    ...         return MemoryJournal()
    """

    # --- what a subclass says ---------------------------------------------------------------

    def open(self) -> Journal:
        """Return a new journal without events."""
        raise NotImplementedError(f"{type(self).__name__}.open() has to return a new journal")

    def another(self, journal: Journal) -> Journal:
        """Return a second handle of a journal, to be used beside the first; default, the first."""
        return journal

    def reopen(self, journal: Journal) -> Journal:
        """Return a journal as it is found after a crash; default, as if there had been none.

        The handle that is given is left as it is, and not used again until it is closed.
        """
        return journal

    def close(self, journal: Journal) -> None:
        """Let go of a handle at the end of a test; default, there is nothing to let go of."""

    # --- what every journal owes ------------------------------------------------------------

    def test_it_keeps_the_contract(self) -> None:
        """Whoever writes, reads and crashes: everything is there once, in order, as it was."""
        contract = self

        class Kept(JournalMachine):
            checked = contract

        lived()  # drawn before, and not within, what is drawn of it
        run_state_machine_as_test(Kept, settings=one_failure())

    def test_a_new_journal_is_empty(self) -> None:
        """It has no events and no snapshot."""
        with self._opened() as (journal, _):
            assert journal.head() == 0
            assert list(journal.read(0)) == list(journal.read(1)) == []
            assert journal.latest_snapshot(0) is journal.latest_snapshot(9) is None

    def test_of_two_who_saw_the_same_head_one_is_refused(self) -> None:
        """And told which head it knew, and which there is."""
        events = some_events()
        with self._opened() as (journal, other):
            assert journal.append(0, events[:2]) == 2
            for handle, head in ((other, 0), (journal, 1), (journal, 3)):
                refuse_conflict(handle, head, events[2:], actual=2)
            compare(other.read(0), events[:2], after=0)

    def test_a_reader_sees_what_there_was_when_it_began(self) -> None:
        """And no more, however long it takes over it."""
        events = some_events()
        with self._opened() as (journal, other):
            journal.append(0, events[:2])
            early, late = iter(other.read(0)), iter(journal.read(2))
            begun = [next(early)]
            journal.append(2, events[2:])
            compare([*begun, *early], events[:2], after=0)
            compare(late, [], after=2)

    def test_bad_input_is_refused_and_changes_nothing(self) -> None:
        """With an InvalidValueError, at the call."""
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
        """Open a journal and a second handle of it, and let go of them in the end."""
        journal = self.open()
        other = self.another(journal)
        try:
            yield journal, other
        finally:
            self.close(journal)
            if other is not journal:
                self.close(other)


class TornError(Exception):
    """What an iterator of events raises that does not reach its end."""


@define
class Reader:
    """Somebody in the middle of reading: which position comes next, and where it ends."""

    entries: Iterator[Entry]
    at: Position
    end: Position


class JournalMachine(RuleBasedStateMachine):
    """A desk at work, whose events go into a journal through several handles.

    The machine knows the whole journal by heart: ``written`` holds its events, ``heads`` where a
    command ended, ``snapshots`` at which of them one was saved.
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
        """Open the desk that writes; it goes through one of the drawn histories."""
        lives = lived()
        self.history = lives[life % len(lives)]
        self.desk = self.history.desk()
        self.calls: Iterator[Call] = self.history.calls(self.desk)

    # --- writing ----------------------------------------------------------------------------

    @rule(handle=handles, commands=st.integers(1, 3))
    def append(self, handle: int, commands: int) -> None:
        """Let the desk work, and write what happened."""
        batch: list[Event] = []
        for _, call in zip(range(commands), self.calls, strict=False):
            turn = give(call, self.desk)  # time may have done something before a refusal
            batch += turn.events if turn.refused is None else self.desk.advance(at=self.desk.now)
        head = self._handle(handle).append(len(self.written), batch)
        self.written += batch
        self.heads.append(len(self.written))
        assert head == len(self.written), f"append returned {head}, not {len(self.written)}"
        batch.clear()  # the list is not the journal's

    @precondition(lambda self: self.written)
    @rule(handle=handles, behind=st.integers(1, 5), events=few)
    def append_to_an_older_head(self, handle: int, behind: int, events: int) -> None:
        """Write what was decided before somebody else wrote: it is refused."""
        head = max(0, len(self.written) - behind)
        journal = self._handle(handle)
        refuse_conflict(journal, head, self.written[:events], actual=len(self.written))

    @precondition(lambda self: self.written)
    @rule(handle=handles, events=few)
    def append_what_breaks_off(self, handle: int, events: int) -> None:
        """Write events of which not all can be had: none is written."""

        def torn() -> Iterator[Event]:
            yield from self.written[:events]
            raise TornError

        try:
            self._handle(handle).append(len(self.written), torn())
        except TornError:
            return
        raise AssertionError("what breaks off was let in")

    # --- reading ----------------------------------------------------------------------------

    @rule(handle=handles, after=places)
    def read(self, handle: int, after: Position) -> None:
        """Read from anywhere, down to how each value is written; what one gets is one's own."""
        entries = self._handle(handle).read(after)
        events = compare(entries, self.written[after:], after=after)
        for event, expected in zip(events, self.written[after:], strict=True):
            assert written(event) == written(expected), f"{written(event)} is equal, and other"
        if isinstance(entries, list):
            entries.clear()

    @rule(handle=handles, after=places)
    def begin_to_read(self, handle: int, after: Position) -> None:
        """Begin to read, and leave it at that."""
        entries = iter(self._handle(handle).read(after))
        self.readers.append(Reader(entries, after, max(after, len(self.written))))

    @precondition(lambda self: self.readers)
    @rule(which=places, most=st.sampled_from([1, 4, 1_000]), stops=st.booleans())
    def read_on(self, which: int, most: int, stops: bool) -> None:  # noqa: FBT001  by name
        """Go on reading what there was when it began, and perhaps stop for good."""
        reader = self.readers[which % len(self.readers)]
        until = min(reader.at + most, reader.end)
        ahead = [entry for _, entry in zip(range(reader.at, until), reader.entries, strict=False)]
        compare(ahead, self.written[reader.at : until], after=reader.at)
        reader.at = until
        if until == reader.end:
            more = next(reader.entries, None)
            assert more is None, f"a reader was to end at {until}, and got {more}"
        if stops or until == reader.end:
            self.readers.remove(reader)

    @rule(handle=handles)
    def replay(self, handle: int) -> None:
        """The events alone lead to the desk that wrote them."""
        again = self._replayed(entry.event for entry in self._handle(handle).read(0))
        assert again.same_state(self.desk), "the events do not lead to the desk that wrote them"

    # --- snapshots --------------------------------------------------------------------------

    @rule(handle=handles, back=places)
    def save_snapshot(self, handle: int, back: int) -> None:
        """Save what the desk knew after a command, not always the last; it is not the journal's."""
        head = self.heads[-1 - back % len(self.heads)]
        state = self._state_at(head)
        self._handle(handle).save_snapshot(Snapshot(head, state))
        self.snapshots.add(head)
        spoil(state)

    @rule(handle=handles, until=places)
    def latest_snapshot(self, handle: int, until: Position) -> None:
        """Ask for the latest up to anywhere; what one gets is one's own."""
        head = max((each for each in self.snapshots if each <= until), default=None)
        found = self._handle(handle).latest_snapshot(until)
        assert (found and found.head) == head, f"up to {until} it is that of {head}, not {found}"
        if found is not None:
            assert found.state == self._state_at(found.head), f"not what was saved of {head}"
            spoil(found.state)

    # --- handles ----------------------------------------------------------------------------

    @precondition(lambda self: len(self.handles) < MOST_HANDLES)
    @rule()
    def open_another_handle(self) -> None:
        """Somebody else comes to the same journal."""
        self.handles.append(self.checked.another(self.handles[0]))
        self.ever.append(self.handles[-1])

    @rule()
    def crash(self) -> None:
        """All who had a handle or were reading are gone, and one comes back."""
        self.readers.clear()
        self.handles = [self.checked.reopen(self.handles[0])]
        self.ever += self.handles

    @invariant()
    def everything_is_there_once(self) -> None:
        """What append returned for, and nothing else, through every handle."""
        for journal in {id(each): each for each in self.handles}.values():
            head = journal.head()
            assert head == len(self.written), f"the head is {head}, not {len(self.written)}"
            compare(journal.read(0), self.written, after=0)

    def teardown(self) -> None:
        """Let go of every handle there ever was."""
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
    """Draw what the desks go through, the plainest first, and always the same.

    A journal does not care why something happened. Were whole histories drawn for every sequence of
    steps, to make a failure small would be to make them small, and take minutes.
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
    """Return the events read; fail unless they are the expected, at the positions that follow."""
    found = list(entries)
    events = [entry.event for entry in found]
    positions, due = [entry.position for entry in found], after + 1
    assert positions == list(range(due, due + len(found))), f"positions after {after}: {positions}"
    assert len(found) == len(expected), f"{len(found)} events after {after}, not {len(expected)}"
    if events != expected:  # as lists: what is the same object is not compared
        for entry, event in zip(found, expected, strict=True):
            assert entry.event == event, f"at {entry.position} is {entry.event}, not {event}"
    return events


def refuse_conflict(
    journal: Journal, head: Position, events: list[Event], *, actual: Position
) -> None:
    """Fail unless an append is refused with both heads."""
    try:
        journal.append(head, events)
    except JournalConflictError as refused:
        told = (refused.expected, refused.actual)
        assert told == (head, actual), f"it is {(head, actual)}, and the error says {told}"
        return
    raise AssertionError(f"let in after {head}, and the journal was at {actual}")


def refuse_value(call: Any, *values: object) -> None:
    """Fail unless a call is refused for what it was given."""
    try:
        call(*values)
    except InvalidValueError:
        return
    raise AssertionError(f"{call.__name__}{values} was let in")


def spoil(state: Any) -> None:
    """Empty the mappings and lists of a snapshot, as its owner may."""
    for each in (*state.values(), state):
        if type(each) in (dict, list):
            each.clear()
