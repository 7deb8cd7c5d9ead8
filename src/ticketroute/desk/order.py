"""A command on its way through a desk, and what came of it."""

from __future__ import annotations

from collections.abc import Container
from secrets import randbits

from attrs import define, field

from ticketroute.commands import Advance, Command, Forget, Submit, SubmitMany
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.errors import DuplicateTicketError, InvalidValueError
from ticketroute.journal.codec import digest_of
from ticketroute.model.checks import check_id
from ticketroute.model.events import Events
from ticketroute.model.ids import TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.ticket import Ticket

TOKEN_BITS = 63  # what a signed number of a database holds


NOTHING_HAPPENED = Events()


def new_token() -> int:
    """Return a random number, above 0, that no other command will have."""
    return randbits(TOKEN_BITS) | 1


@define(eq=False)
class Order:
    """One command. It is settled once: with its events, or with the error that it ended in."""

    command: Command
    key: str | None = None
    by: str | None = None
    digest: bytes = field(init=False, default=b"")
    token: int = field(init=False, default=0)  # of the latest try
    first: int = field(init=False, default=0)  # positions of its events; 0 and -1: none
    last: int = field(init=False, default=-1)
    decided: Events = field(init=False, default=Events())
    refused: Exception | None = field(init=False, default=None)
    settled: bool = field(init=False, default=False)
    forgot: tuple[TicketId, ...] = field(init=False, default=())  # tickets that it dropped

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.command, Command):
            raise InvalidValueError("command", self.command, "one of ticketroute.commands")
        if self.key is not None:
            check_id("key", self.key)
            self.digest = digest_of(self.command)

    @property
    def brings(self) -> tuple[TicketId, ...]:
        """The tickets that it submits."""
        command = self.command
        if isinstance(command, Submit):
            return (command.ticket.id,) if isinstance(command.ticket, Ticket) else ()
        if isinstance(command, SubmitMany):
            return tuple([each.id for each in command.tickets if isinstance(each, Ticket)])
        return ()

    def give(self, dispatcher: Dispatcher, at: Instant, forgotten: Container[TicketId]) -> Events:
        """Give the command to a dispatcher; ``forgotten`` are ids of which only the journal knows.

        Raises:
            DuplicateTicketError: if it submits one of those.
        """
        command, self.forgot = self.command, ()
        for ticket_id in self.brings:
            if ticket_id in forgotten:
                raise DuplicateTicketError(ticket_id, forgotten=True)
        if not isinstance(command, Forget):
            return dispatcher.do(command, at=at, by=self.by)
        passed = dispatcher.do(Advance(), at=at, by=self.by)  # wrap-ups may end by then
        self.forgot = dispatcher.done_before(command.before)
        return Events((*passed, *dispatcher.do(command, at=at, by=self.by)))

    def settle(self, events: Events = NOTHING_HAPPENED, refused: Exception | None = None) -> None:
        """Note what came of it."""
        self.decided, self.refused, self.settled = events, refused, True

    def fail(self, fault: Exception) -> None:
        """Note that it ended in a fault, unless it is settled."""
        if not self.settled:
            self.settle(refused=fault)

    def answer(self) -> Events:
        """Return its events, or raise what refused it."""
        if self.refused is not None:
            raise self.refused
        return self.decided
