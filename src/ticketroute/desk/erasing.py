"""Erasing a requester: no event, snapshot or memory of the desk names them any more.

The events stay at their places, with their tokens: payloads are rewritten with an alias and a new
checksum. One event says that it happened, so that every process makes its memory anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from secrets import token_hex

from attrs import define, evolve, field

from ticketroute.commands import Advance
from ticketroute.core.show.saved import Saved
from ticketroute.desk.conversation import (
    MOST_LOSSES,
    PAUSES,
    Pause,
    Place,
    Talk,
    lock,
    ready,
    refresh,
)
from ticketroute.desk.memory import Memory
from ticketroute.desk.order import Order, new_token
from ticketroute.journal.codec import FOLD, Row, decode, encode
from ticketroute.journal.faults import JournalUnreachableError, OutcomeUnknownError
from ticketroute.journal.lines import LostError
from ticketroute.journal.snapshots import parts_of
from ticketroute.journal.statements import GIVE_UP, SLICE, Statement, Trip
from ticketroute.model.checks import check_id
from ticketroute.model.events import (
    Event,
    Events,
    RequesterErased,
    TicketChanged,
    TicketSubmitted,
)
from ticketroute.model.ids import TicketId
from ticketroute.model.instants import Instant

MOST_AT_ONCE = 200  # statements of one trip


def new_alias() -> str:
    """Return a name that says nothing of who it stands for, and that nobody else has."""
    return f"erased-{token_hex(8)}"


def names(event: Event, requester: str) -> bool:
    """Return whether an event names a requester."""
    if not isinstance(event, TicketSubmitted | TicketChanged):
        return False
    return event.ticket.requester == requester


def renamed(event: Event, requester: str, alias: str) -> Event:
    """Return an event with the alias in place of the requester, if it names them."""
    if isinstance(event, TicketSubmitted | TicketChanged) and event.ticket.requester == requester:
        return evolve(event, ticket=evolve(event.ticket, requester=alias))
    return event


def saved_without(saved: Saved, requester: str, alias: str) -> Saved:
    """Return what was saved of a desk with the alias in place of the requester. O(tickets)."""
    agents = dict(saved.desk.last_agent_of)
    if requester in agents:
        agents[alias] = agents.pop(requester)
    tickets = tuple(
        evolve(each, ticket=evolve(each.ticket, requester=alias))
        if each.ticket.requester == requester
        else each
        for each in saved.tickets
    )
    return Saved(evolve(saved.desk, last_agent_of=agents), tickets)


def tickets_of(events: Iterable[Event]) -> tuple[TicketId, ...]:
    """Return the tickets of events, each once, in order."""
    named = [e.ticket_id for e in events if isinstance(e, TicketSubmitted | TicketChanged)]
    return tuple(dict.fromkeys(named))


@define
class Erasure:
    """The erasing of one requester: under which alias, and the token that says it happened."""

    requester: str
    by: str | None = None
    alias: str = field(factory=new_alias)
    token: int = field(factory=new_token)
    events: Events = Events()
    sent: bool = False  # a commit, of which the answer may be lost

    def __attrs_post_init__(self) -> None:
        check_id("requester", self.requester)
        if self.by is not None:
            check_id("by", self.by)

    def event(self, at: Instant, named: Iterable[Event], saved: Saved) -> RequesterErased:
        """Return the event that says it; ``saved`` names the alias already."""
        known = [each.ticket.id for each in saved.tickets if each.ticket.requester == self.alias]
        ids = tuple(dict.fromkeys([*tickets_of(named), *known]))
        return RequesterErased(at=at, by=self.by, alias=self.alias, ticket_ids=ids)


def erase(memory: Memory, place: Place, erasure: Erasure) -> Talk[Events]:
    """Erase a requester in one transaction; return the events, none if nothing names them.

    A connection that is lost is replaced, and the journal says whether the commit held.
    """
    losses = 0
    with memory.lock:
        first = memory.fold.head
    while True:
        try:
            return (yield from _attempt(memory, place, erasure, first))
        except LostError as lost:
            losses += 1
            if losses > MOST_LOSSES:
                fault = OutcomeUnknownError if erasure.sent else JournalUnreachableError
                raise fault(place.where, str(lost)) from lost
            yield Pause(PAUSES[losses - 1])


def _attempt(memory: Memory, place: Place, erasure: Erasure, first: int) -> Talk[Events]:
    locked = yield from lock(memory, place, (), first)
    try:
        if erasure.sent and any(row.token == erasure.token for row in locked.rows):
            yield from ready(memory, place, locked, lambda: None)
            yield GIVE_UP
            return erasure.events
        yield from ready(memory, place, locked, lambda: None)
        named = yield from _naming(place, erasure.requester)
        with memory.lock:
            written = _decide(memory, place, locked.clock, erasure, named)
    except BaseException as fault:
        if not isinstance(fault, GeneratorExit):
            yield GIVE_UP
        raise
    if not written:
        yield GIVE_UP
        return Events()
    for start in range(0, len(written), MOST_AT_ONCE):
        yield Trip(written[start : start + MOST_AT_ONCE])
    erasure.sent = True
    yield Trip([place.statements.commit()], ends=True, wakes=place.wake)
    for statement in place.statements.overwritten():
        yield Trip([statement])
    yield from refresh(memory, place)
    return erasure.events


def _naming(place: Place, requester: str) -> Talk[list[tuple[Row, Event]]]:
    """Find the events that name a requester. O(events that bring or change tickets)."""
    text, after = json.dumps(requester, ensure_ascii=False), 0
    found: list[tuple[Row, Event]] = []
    while True:
        answer = yield Trip([place.statements.naming(place.desk, text, after)])
        rows = [Row(*row) for row in answer[0]]
        found += [(row, decode(row, place.where)) for row in rows]
        if len(rows) < SLICE:
            return [(row, event) for row, event in found if names(event, requester)]
        after = rows[-1].position


def _decide(
    memory: Memory,
    place: Place,
    clock: Instant,
    erasure: Erasure,
    named: list[tuple[Row, Event]],
) -> list[Statement]:
    """Return what writes it all; the memory is to be made anew afterwards."""
    says, desk, dispatcher = place.statements, place.desk, memory.fold.dispatcher
    known = dispatcher.save()
    if not named and saved_without(known, erasure.requester, erasure.alias) == known:
        return []
    passing = Order(Advance())
    rows = memory.decide(passing, clock, set())
    if passing.refused is not None:
        raise passing.refused
    saved = saved_without(dispatcher.save(), erasure.requester, erasure.alias)
    event = erasure.event(dispatcher.now, (each for _, each in named), saved)
    erasure.events, head = Events((*passing.decided, event)), memory.fold.head + 1
    rows.append(encode(event).row(head, erasure.token))
    memory.sound = False
    rewritten = [
        encode(renamed(each, erasure.requester, erasure.alias)).row(row.position, row.token)
        for row, each in named
    ]
    return [
        *says.overwriting(),
        *(says.rewrite(desk, row) for row in rewritten),
        *(says.drop_key(desk, row.position) for row in rewritten),
        says.append(desk, rows),
        says.move(desk, head, dispatcher.next_deadline(), FOLD),
        *says.drop_snapshots(desk),
        *(says.part(desk, head, part) for part in parts_of(saved, erasure.token)),
        *says.use_snapshot(desk, head),
    ]
