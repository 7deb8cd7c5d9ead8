"""What the steps of an event log change about a ticket between its arrival and its ending."""

from __future__ import annotations

from collections.abc import Iterator

from ticketroute.logs.gathered import Logged, StepTaken
from ticketroute.logs.steps import Step
from ticketroute.model.ids import AgentId, QueueId
from ticketroute.model.instants import Instant


def changes(logged: Logged) -> Iterator[StepTaken]:
    """Yield the steps of a ticket that change something, in order, before its ending.

    The rows of a log repeat and imply much; here each step is said once, and alone:

    - ``TRANSFER`` with a queue: the ticket is in another queue from now on;
    - ``ASSIGN`` with an agent: another agent has it from now on;
    - ``HOLD`` and ``RESUME``: its work rests, and goes on. Whatever else is done to a ticket on
      hold resumes it as well;
    - ``RESOLVE`` and ``REOPEN``, always in pairs: it was over, and came back. The last ending is
      ``logged.ended`` and no step.

    Steps before the arrival come at the arrival. Those from the ending on are left out. O(steps).
    """
    state = _State(logged)
    for taken in logged.steps:
        if logged.ended is not None and taken.at >= logged.ended:
            return
        yield from state.follow(taken, max(taken.at, logged.arrived))


class _State:
    """Where a ticket of a log is, while its steps are read."""

    def __init__(self, logged: Logged) -> None:
        self._queue: QueueId = logged.queue
        self._agent: AgentId | None = None
        self._held = False
        self._over_since: Instant | None = None

    def follow(self, taken: StepTaken, at: Instant) -> Iterator[StepTaken]:
        if self._over_since is not None:
            if taken.step is Step.RESOLVE:
                return  # over already: a state such as closed after resolved
            yield StepTaken(self._over_since, Step.RESOLVE, None, None)
            yield StepTaken(at, Step.REOPEN, None, None)
            self._over_since, self._held = None, False
        if taken.queue is not None and taken.queue != self._queue:
            self._queue = taken.queue
            yield StepTaken(at, Step.TRANSFER, taken.queue, None)
        if taken.agent is not None and taken.agent != self._agent:
            self._agent = taken.agent
            yield StepTaken(at, Step.ASSIGN, None, taken.agent)
        if taken.step is Step.RESOLVE:
            self._over_since = at
        elif self._held is not (taken.step is Step.HOLD):
            self._held = not self._held
            yield StepTaken(at, Step.HOLD if self._held else Step.RESUME, None, None)
