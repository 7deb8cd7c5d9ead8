"""Opening a desk: the tables, the desk's row, and the memory that is folded from the journal."""

from __future__ import annotations

from typing import Any

from ticketroute.desk.conversation import Place, Talk, check_state, reopen
from ticketroute.desk.memory import Memory
from ticketroute.journal.codec import FOLD
from ticketroute.journal.faults import (
    DeskBusyError,
    JournalUnwritableError,
    NoSuchDeskError,
    NoTablesError,
    NotAJournalError,
)
from ticketroute.journal.lines import LostError
from ticketroute.journal.statements import SCHEMA, Statement, Trip

LAST_POSITION = 2**63 - 1  # of a journal
TRIES = 5  # to create the tables, where several processes begin at once
BY_HAND = "print what creates it with 'ticketroute journal schema --sql', and run that"


def opened(memory: Memory, place: Place, *, create: bool | None) -> Talk[None]:
    """Make sure of tables and desk, and fold what there is."""
    yield from _tables(place)
    says = place.statements
    names = [name for (name,) in (yield Trip([says.desks()]))[0]]
    if place.desk not in names:
        if create is False or (create is None and names):
            raise NoSuchDeskError(place.desk, names)
        yield Trip([says.create(place.desk, FOLD)])
    answer = yield Trip([says.state(place.desk)])
    yield from check_state(place, answer[0])
    with memory.lock:
        memory.told = LAST_POSITION  # what happened before is for those who read or consume
    yield from reopen(memory, place)
    with memory.lock:
        memory.told = memory.fold.head


def _tables(place: Place) -> Talk[None]:
    """Create the tables where they are missing; several processes may try at once."""
    says = place.statements
    found: list[tuple[Any, ...]] = []
    for last in (*[False] * (TRIES - 1), True):
        try:
            found = (yield Trip([says.version()]))[0]
        except NoTablesError:
            found = []
        if found:
            break
        try:
            yield from _create(place)
        except (LostError, DeskBusyError):
            raise
        except Exception as fault:
            if last or isinstance(fault, JournalUnwritableError):
                raise NotAJournalError(
                    place.where, f"has no tables of ticketroute, and: {fault}", BY_HAND
                ) from fault
    if found and found[0][0] > SCHEMA:
        raise NotAJournalError(
            place.where, f"has tables of version {found[0][0]}", "upgrade ticketroute"
        )


def _create(place: Place) -> Talk[Any]:
    says = place.statements
    begin, made = says.begin(place.wait), [Statement(each) for each in says.schema()]
    yield Trip([*begin, *made, says.versioned(), says.commit()], begins=True, ends=True)
