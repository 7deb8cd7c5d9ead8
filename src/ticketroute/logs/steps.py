"""What the activities of an event log mean for a ticket."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum

from attrs import define, field

from ticketroute.logs.faults import LogError, nearest_first, split_pair
from ticketroute.logs.words import plain


class Step(Enum):
    """What can happen to a ticket on its way."""

    ARRIVE = "arrive"  # it came in
    ASSIGN = "assign"  # an agent has it
    HOLD = "hold"  # its work rests
    RESUME = "resume"  # its work goes on
    TRANSFER = "transfer"  # it goes to another queue or agent
    RESOLVE = "resolve"  # it is over
    REOPEN = "reopen"  # it was over, and comes back
    IGNORE = "ignore"  # nothing that matters to routing


STEP_NAMES = tuple(step.value for step in Step)

# Words as `plain` gives them, for which the beginnings below would be wrong.
_WHOLE = {
    "awaitingassignment": Step.TRANSFER,
    "queued": Step.TRANSFER,
    "new": Step.ARRIVE,
    "logged": Step.ARRIVE,
    "wip": Step.ASSIGN,
    "incall": Step.RESOLVE,
    "active": Step.ASSIGN,
    "done": Step.RESOLVE,
    "solve": Step.RESOLVE,
    "wontdo": Step.RESOLVE,
    "start": Step.IGNORE,  # the two ends of an activity in process mining, and not of a ticket
    "complete": Step.IGNORE,
    "schedule": Step.IGNORE,
    "manualskip": Step.IGNORE,
    "autoskip": Step.IGNORE,
}
# Beginnings of a word of the activity; the first that any of its words has counts.
_BEGINNINGS = (
    (Step.REOPEN, ("reopen", "reactivat")),
    (Step.RESUME, ("resum", "unhold", "unpaus", "unsuspend")),
    (Step.HOLD, ("await", "wait", "pend", "hold", "onhold", "suspend", "park", "paus", "snooz")),
    (Step.TRANSFER, ("reassign", "transfer", "escalat", "forward", "requeu")),
    (
        Step.RESOLVE,
        (
            "resolv", "resolution", "solved", "clos", "complet", "finish", "cancel", "abandon",
            "fulfil", "withdraw", "hangup", "disconnect",
        ),
    ),
    (Step.ASSIGN, ("assign", "accept", "take", "connect", "progress", "work", "answer", "claim")),
    (Step.ARRIVE, ("open", "creat", "insert", "regist", "submit", "enter", "receiv", "arriv")),
)  # fmt: skip
_PARTS = re.compile(r"[\W_]+")


def step_of(activity: str) -> Step | None:
    """Return what an activity is taken for, or None if nothing is known of it.

    >>> step_of("Awaiting User Info"), step_of("Closed"), step_of("Quality indicator fixed")
    (<Step.HOLD: 'hold'>, <Step.RESOLVE: 'resolve'>, None)
    """
    whole = plain(activity)
    if whole in _WHOLE:
        return _WHOLE[whole]
    parts = [part for part in _PARTS.split(activity.lower()) if part]
    if any(part in ("not", "no", "un") for part in parts):
        return None
    if parts[:2] == ["re", "open"] or parts[:2] == ["re", "opened"]:
        return Step.REOPEN
    for step, beginnings in _BEGINNINGS:
        if any(part.startswith(beginnings) for part in parts):
            return step
    return None


def chosen_steps(pairs: Sequence[str], *, option: str = "--activity") -> dict[str, Step]:
    """Read ``activity=step`` options; activities are compared without case.

    Raises:
        LogError: if one is not written so, names an activity twice, or a step that does not exist.
    """
    chosen: dict[str, Step] = {}
    for pair in pairs:
        activity, name = split_pair(pair, option, "activity=step", "Done=resolve", last=True)
        if name.lower() not in STEP_NAMES:
            raise LogError(
                f"{option} {pair!r} does not name a step; steps are: "
                f"{', '.join(nearest_first(name, STEP_NAMES))}"
            )
        if activity.lower() in chosen:
            raise LogError(f"{option} gives the activity {activity!r} twice")
        chosen[activity.lower()] = Step(name.lower())
    return chosen


@define
class Steps:
    """Reads activities, and counts how it read each.

    ``chosen`` are activities in lower case; ``known`` are those of a layout, which alone are known
    where there are any.
    """

    chosen: Mapping[str, Step] = field(factory=dict)
    known: Mapping[str, Step] = field(factory=dict)
    met: Counter[tuple[str, Step]] = field(factory=Counter)
    _cache: dict[str, Step] = field(factory=dict)

    def read(self, cells: Sequence[str]) -> Step:
        """Return the step of an event: that of its last cell that means one. O(1)."""
        found, word = Step.IGNORE, cells[0] if cells else ""
        for cell in cells:
            step = self._of(cell)
            if step is not Step.IGNORE:
                found, word = step, cell
        if word:
            self.met[word, found] += 1
        return found

    def _of(self, cell: str) -> Step:
        found = self._cache.get(cell)
        if found is None:
            found = self.chosen.get(cell.lower())
            if found is None:
                found = self.known.get(cell) if self.known else step_of(cell)
            found = self._cache[cell] = found or Step.IGNORE
        return found

    def said(self) -> str:
        """Return which activities were read as which step."""
        of: dict[Step, list[str]] = {}
        for (word, step), _ in self.met.most_common():
            of.setdefault(step, []).append(word)
        return "; ".join(
            f"{step.value}: {', '.join(of[step][:_SHOWN])}"
            + (f" and {len(of[step]) - _SHOWN} more" if len(of[step]) > _SHOWN else "")
            for step in Step
            if step in of
        )


_SHOWN = 6  # activities of a step that are told one by one
