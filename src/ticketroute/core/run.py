"""The flow of every command: time first, then the command, then the hand-out.

``decide`` yields events and changes nothing; each event is applied before the next is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ticketroute.commands import Advance, Command
from ticketroute.core.apply.table import APPLY, apply, pass_time_to
from ticketroute.core.decide.checks import check_call
from ticketroute.core.decide.clocks import clocks_after
from ticketroute.core.decide.due import Firing, fire_all
from ticketroute.core.decide.hand_out import anything_waits, hand_out
from ticketroute.core.decide.table import DECIDE
from ticketroute.core.gate import Gate
from ticketroute.core.index.chance import Chance
from ticketroute.core.records import QueueRecord
from ticketroute.core.state import State
from ticketroute.errors import BrokenDeskError, CalledFromInsideError, InvalidValueError
from ticketroute.model.checks import check_instant
from ticketroute.model.events import Cause, DeskOpened, Event, Events, TicketEvent
from ticketroute.model.instants import Instant
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults

ADVANCE = Advance()

_COMMAND = Cause.COMMAND  # to ask a class of enums costs a call, in Python 3.11


class Run:
    """A state and the flow of commands over it; the commands are on the page above.

    If the host's own code raises while a command decides, nothing of the command has happened. If
    it raises during the hand-out, the command has happened: the next call returns its events first
    and hands out the rest. If an event could not be applied whole, every later call is refused.
    """

    def __init__(
        self,
        *,
        defaults: Defaults | None = None,
        random: RandomSource | None = None,
        permits: Permits | None = None,
    ) -> None:
        self._defaults = Defaults() if defaults is None else defaults
        if not isinstance(self._defaults, Defaults):
            raise InvalidValueError("defaults", defaults, "of type Defaults")
        self._state = State(Gate(self._defaults, permits), Chance(random))
        self._events: list[Event] = []
        self._undrawn: QueueRecord | None = None  # draws, on a desk replayed without a source
        self._running = False
        self._careful = permits is not None  # whether every command is to be checked in full
        self._guarded = self._careful
        self._broken: str | None = None  # what broke it
        self._unfinished: tuple[Iterator[Event | None], Instant] | None = None
        self._cause: Cause | None = None  # of the hand-out that is to come
        self._firing = False  # what is due at one instant

    def do(self, command: Command, *, at: Instant, by: str | None = None) -> Events:
        """Do a command: first what is due before it, then the command, then the hand-out.

        The methods of a dispatcher are the typed face of this one.

        Raises:
            InvalidValueError: if ``command`` is not one of :mod:`ticketroute.commands`, or if
                ``at`` is not an instant.
            TimeBackwardsError: if ``at`` lies before the last instant.
            CalledFromInsideError: if the host's own code calls in the middle of a command.
            BrokenDeskError: if an earlier command failed half-way.
        """
        state = self._state
        timers, roster = state.timers, state.roster
        decide = DECIDE.get(type(command))
        if type(at) is not int or at < state.now or by is not None or self._guarded or not decide:
            self._check(command, at, by)
        assert decide is not None
        try:
            self._guarded = self._running = True
            if self._cause is not None or state.loose:
                self._go_on()
            if at >= timers.earliest:
                self._pass_time(at)
            self._cause = _COMMAND
            events = decide(state, command, at, by)
            if type(events) is tuple:
                for event in events:
                    self._happen(event)
            else:
                self._decide(iter(events), at)
            if state.loose or roster.special or roster.lines.waiting:
                self._hand_out(at, _COMMAND)
            else:  # fast: nothing searches and nobody waits
                roster.gained.clear()
            self._cause = None
            if at >= timers.earliest:
                self._pass_time(at)
            if at != state.now:  # nothing happened at this very instant, and yet it has come
                self._reach(at)
        finally:
            self._running = False
            self._guarded = self._careful
        told = Events(self._events)
        self._events.clear()
        return told

    def _go_on(self) -> None:
        """Finish what the host's own code interrupted in an earlier call, at its own instant."""
        if self._firing:
            self._pass_time(self._state.now)
        self._hand_out(self._state.now, self._cause or Cause.TIME)
        if self._unfinished is not None:
            events, at = self._unfinished
            self._pass_time(at)
            self._unfinished, self._cause = None, Cause.COMMAND
            self._decide(events, at, begun=True)
            self._hand_out(at, Cause.COMMAND)
        self._cause = None

    def _pass_time(self, at: Instant) -> None:
        """Do what time alone does up to ``at``: all timers of an instant, then one hand-out."""
        check_instant("at", at)  # no timer is due after the end of time, and every instant then
        state = self._state
        while (due := state.timers.next_due()) is not None and due <= at:
            firing = Firing()
            self._firing, self._cause = True, Cause.TIME
            fired = fire_all(state, due, told=at, firing=firing)
            try:
                self._decide(fired, due, firing=firing)
            finally:
                fired.close()  # at once, for what did not fire is to be due again
            self._firing = False
            self._hand_out(due, Cause.TIME)
            self._cause = None

    def _decide(
        self,
        events: Iterator[Event | None],
        at: Instant,
        *,
        firing: Firing | None = None,
        begun: bool = False,
    ) -> None:
        """Apply events one by one; None among them is a hand-out between two of them.

        A decision that fails before its first event has changed nothing, and so has one of time
        that fails between two timers: the rest fires in the next call. One that is interrupted in
        a hand-out goes on in the next call. One that fails elsewhere breaks the desk.
        """
        handing_out = False
        try:
            for event in events:
                if event is None:
                    handing_out = True
                    self._hand_out(at, Cause.COMMAND)
                    if at >= self._state.timers.earliest:
                        self._pass_time(at)
                    handing_out, self._cause = False, Cause.COMMAND
                else:
                    begun = True
                    self._happen(event)
        except BaseException:
            if handing_out:
                self._unfinished = events, at
            elif begun and (firing is None or firing.inside):
                self._break("a decision that failed after its first event")
            raise

    def _hand_out(self, at: Instant, cause: Cause) -> None:
        """Give what is loose, and what waits for agents who gained room, until nobody gets more."""
        state = self._state
        roster = state.roster
        gained = roster.gained
        if not state.loose and not roster.special and not anything_waits(gained):
            gained.clear()
            return
        for event in hand_out(state, at, cause):
            self._happen(event)
        if roster.special:
            state.settle()
        else:  # fast: nothing else is kept for a hand-out
            state.loose.clear()
            gained.clear()

    def _reach(self, at: Instant) -> None:
        """Move the clock to an instant at which nothing happened."""
        try:
            pass_time_to(self._state, at)
        except BaseException:
            self._break("the passing of time, of which a strategy could not be told")
            raise

    def _happen(self, event: Event) -> None:
        """Apply an event and keep it for the answer: the one door of every event."""
        state = self._state
        try:
            if not state.opened:
                opened = DeskOpened(at=event.at, defaults=self._defaults)
                apply(state, opened)
                self._events.append(opened)
            if event.at != state.now:  # fast: ``apply``, in place
                pass_time_to(state, event.at)
            APPLY[type(event)](state, event)
            self._events.append(event)
            if state.versions and isinstance(event, TicketEvent):
                for followed in clocks_after(state, event):
                    apply(state, followed)
                    self._events.append(followed)
        except BaseException:
            self._break(f"{type(event).__name__}, which could not be applied")
            raise

    @contextmanager
    def _looking(self, at: Instant, by: str | None) -> Iterator[None]:
        """Check a question that calls the host's own code, as a command is checked."""
        self._check(ADVANCE, at, by)
        try:
            self._guarded = self._running = True
            yield
        finally:
            self._running = False
            self._guarded = self._careful
            if self._state.roster.torn:
                self._break("a preview, after which a strategy could not be told how things are")

    def _check(self, command: object, at: Instant, by: str | None) -> None:
        """Raise unless the command may be given now."""
        if type(command) not in DECIDE:
            raise InvalidValueError("command", command, "one of ticketroute.commands")
        check_call(at, by, self._state.now, self._undrawn)
        if self._broken is not None:
            raise BrokenDeskError(self._broken)
        if self._running:
            raise CalledFromInsideError
        self._state.gate.permitted.clear()

    def _break(self, what: str) -> None:
        """Refuse every later command: the desk in memory can no longer be trusted."""
        self._broken = self._broken or what
        self._careful = True
