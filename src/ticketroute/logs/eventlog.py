"""Event logs: one row for each event, folded to one ticket for each case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from attrs import define, field

from ticketroute.logs.gathered import Gathered, Row
from ticketroute.logs.spool import Record, Spool
from ticketroute.logs.steps import Step
from ticketroute.model.instants import Instant

_PLACES = {step: place for place, step in enumerate(Step)}
_STEPS = tuple(Step)
_WORKS_ON = frozenset(
    _PLACES[step] for step in (Step.ARRIVE, Step.ASSIGN, Step.HOLD, Step.RESUME, Step.TRANSFER)
)
_ARRIVE, _RESOLVE, _REOPEN, _IGNORE = (
    _PLACES[step] for step in (Step.ARRIVE, Step.RESOLVE, Step.REOPEN, Step.IGNORE)
)


@define(kw_only=True)
class Happening:
    """One event of a case."""

    number: int  # its row
    case: str
    at: Instant
    step: Step
    group: str = ""
    resource: str = ""
    priority: str = ""
    channel: str = ""
    arrived: Instant | None = None
    ended: Instant | None = None
    more: dict[str, str] = field(factory=dict)


@define
class Cases:
    """Takes events in any order and folds those of one case to a ticket.

    With ``states``, an activity is the state that the ticket is in, so that work after the end
    reopens it. With ``needs_arrival``, a case without an arrival is left out, because it began
    before the log; ``left_out`` counts those.
    """

    usual_queue: str
    states: bool = False
    needs_arrival: bool = False
    left_out: int = 0
    _spool: Spool = field(factory=Spool)

    def __len__(self) -> int:
        return len(self._spool)

    def add(self, event: Happening) -> None:
        """Take in an event."""
        self._spool.add(
            [
                event.case,
                event.at,
                event.number,
                _PLACES[event.step],
                event.group,
                event.resource,
                event.priority,
                event.channel,
                event.arrived,
                event.ended,
                event.more or None,
            ]
        )

    def fold(self, gathered: Gathered) -> None:
        """Add the ticket of each case; events of one instant count in the order of their rows."""
        for _, events in groupby(self._spool, key=itemgetter(0)):
            row = self._row(list(events))
            if row is None:
                self.left_out += 1
            else:
                gathered.add(row)
        self._spool.close()

    def _row(self, events: Sequence[Record]) -> Row | None:
        arrivals = [event for event in events if event[3] == _ARRIVE]
        if self.needs_arrival and not arrivals:
            return None
        arrived = _first(event[8] for event in events)
        if arrived is None:
            arrived = _arrival(events, arrivals)
        ended = _first(event[9] for event in events)
        groups = [event[4] for event in events if event[4]]
        queue = groups[0] if groups else self.usual_queue
        return Row(
            number=min(event[2] for event in events),
            id=events[0][0],
            queue=queue,
            arrived=arrived,
            ended=self._ending(events) if ended is None else ended,
            named=list(_named(events, queue)),
            priority=next((event[6] for event in events if event[6]), ""),
            channel=next((event[7] for event in events if event[7]), ""),
            steps=list(_steps(events)),
            more=_more(events),
        )

    def _ending(self, events: Sequence[Record]) -> Instant | None:
        """Return when a case was resolved for the last time, None if it is open.

        What is done to a ticket after its end, such as a new group for the statistics, does not
        reopen it, but a later end counts.
        """
        ended: Instant | None = None
        goes_on = False
        for event in events:
            step = event[3]
            if step == _RESOLVE:
                if ended is None or goes_on:
                    ended = event[1]
                goes_on = False
            elif step == _REOPEN or (self.states and step in _WORKS_ON):
                ended = None
            elif step in _WORKS_ON:
                goes_on = True
        return ended


def _first(values: Iterator[Instant | None]) -> Instant | None:
    return next((value for value in values if value is not None), None)


def _arrival(events: Sequence[Record], arrivals: Sequence[Record]) -> Instant:
    """Return the first arrival, unless something was done to the ticket before it."""
    at: Instant = arrivals[0][1] if arrivals else events[0][1]
    for event in events:
        if event[1] >= at:
            break
        if event[3] != _IGNORE:
            return int(event[1])
    return at


def _named(events: Sequence[Record], queue: str) -> Iterator[tuple[str, str]]:
    """Yield each agent of a case with the queue that the ticket was in, once."""
    found: dict[tuple[str, str], None] = {}
    for event in events:
        queue = event[4] or queue
        if event[5]:
            found[event[5], queue] = None
    yield from found


def _steps(events: Sequence[Record]) -> Iterator[tuple[Instant, int, str, str]]:
    """Yield what happened; a row that only repeats the one before it is not a step of its own."""
    before: list[object] = []
    for event in events:
        found = event[3:6]
        if event[3] != _IGNORE and found != before:
            yield (event[1], event[3], event[4], event[5])
            before = found


def _more(events: Sequence[Record]) -> dict[str, str]:
    """Return the last cell of each further field that is not empty."""
    found: dict[str, str] = {}
    for event in events:
        found.update(event[10] or {})
    return found
