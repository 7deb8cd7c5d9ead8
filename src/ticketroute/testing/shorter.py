"""Makes a history that fails shorter, as long as it fails the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import evolve

from ticketroute.commands import SubmitMany
from ticketroute.testing.calls import Call
from ticketroute.testing.history import History

MOST_TRIES = 400  # runs of a history: most end after a few dozen
Fails = Callable[[History], bool]


def shorter(history: History, fails: Fails) -> History:
    """Return a history with fewer intents and commands for which ``fails`` is still true.

    It leaves out half of the intents, then quarters, and so on to single ones; then commands of
    the opening one by one. It costs at most ``MOST_TRIES`` runs of the history.
    """
    tries = 0
    again = True
    while again:
        again = False
        for smaller in _smaller(history):
            if tries >= MOST_TRIES:
                return history
            tries += 1
            if fails(smaller):
                history, again = smaller, True
                break
    return history


def _smaller(history: History) -> Iterator[History]:
    """Yield histories with something left out, the largest parts first."""
    intents = history.intents
    size = len(intents)
    while size:
        for start in range(0, len(intents), size):
            yield evolve(history, intents=intents[:start] + intents[start + size :])
        size //= 2
    opening = history.opening
    for number in reversed(range(len(opening))):
        yield evolve(history, opening=opening[:number] + opening[number + 1 :])
    for number, call in enumerate(opening):
        if call.kind is SubmitMany:
            for fewer in _with_fewer_tickets(call):
                yield evolve(history, opening=(*opening[:number], fewer, *opening[number + 1 :]))


def _with_fewer_tickets(call: Call) -> Iterator[Call]:
    (tickets,) = call.values
    for number in range(len(tickets)):
        left = [*tickets[:number], *tickets[number + 1 :]]
        if left:
            yield evolve(call, values=(left,))
