"""Sending replications to an executor, and collecting what comes back by their numbers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from ticketroute.simulation.replication import Failure, Replication, Task, replicate

AHEAD = 64  # tasks that are out at once: each holds a scenario in memory
TRIES = 4  # of a replication whose worker dies

P = ParamSpec("P")
T = TypeVar("T")

Found = dict[int, Replication | Failure]


class Here(Executor):
    """Runs every task at once, in the calling thread."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run the call and return a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as fault:  # noqa: BLE001  the future carries it
            future.set_exception(fault)
        return future


class Team:
    """Where replications run: an executor that was given, or processes of this machine.

    An executor of one's own is left open. A pool of processes that broke is made anew, and its
    unfinished replications run again.
    """

    def __init__(self, executor: Executor | None, workers: int | None) -> None:
        self._own = executor is None
        self._workers = workers if workers is not None else os.cpu_count() or 1
        self._executor = executor if executor is not None else self._made()

    def _made(self) -> Executor:
        if self._workers == 1:
            return Here()
        return ProcessPoolExecutor(self._workers, initializer=_leave_interrupts_to_us)

    def run(self, tasks: Sequence[Task], *, found: Found, done: Callable[[], None]) -> None:
        """Run tasks and put what comes back into ``found``, by number."""
        todo = list(reversed(tasks))
        tries: dict[int, int] = {}
        out: dict[Future[Replication | Failure], Task] = {}
        try:
            while todo or out:
                self._send(todo, out, tries, found)
                finished, _ = wait(out, return_when=FIRST_COMPLETED) if out else (set(), set())
                for future in finished:
                    task = out.pop(future)
                    answer = self._answer(future, task)
                    if answer is None:
                        todo.append(task)
                    else:
                        found[task.number] = answer
                        done()
        except KeyboardInterrupt:
            for future in out:
                future.cancel()
            raise

    def _send(
        self,
        todo: list[Task],
        out: dict[Future[Replication | Failure], Task],
        tries: dict[int, int],
        found: Found,
    ) -> None:
        while todo and len(out) < AHEAD:
            task = todo.pop()
            tries[task.number] = tries.get(task.number, 0) + 1
            if tries[task.number] > TRIES:
                found[task.number] = _failed(task, f"its worker died {TRIES} times")
                continue
            try:
                out[self._executor.submit(replicate, task)] = task
            except BrokenExecutor as fault:
                if not self._own:
                    found[task.number] = _failed(task, f"the executor is broken: {fault}")
                    continue
                self._executor.shutdown(wait=False)
                self._executor = self._made()
                todo.append(task)
                tries[task.number] -= 1
            if isinstance(self._executor, Here):
                return  # it is done already: let it be counted

    def _answer(
        self, future: Future[Replication | Failure], task: Task
    ) -> Replication | Failure | None:
        """Return what came back; None if the worker died and the task has to run again."""
        try:
            return future.result()
        except BrokenExecutor as fault:
            return None if self._own else _failed(task, f"its worker died: {fault}")
        except Exception as fault:  # noqa: BLE001  an executor's own way to say that it failed
            return _failed(task, f"{type(fault).__name__}: {fault}")

    def close(self, *, cancel: bool = False) -> None:
        """End the processes, if they are our own."""
        if self._own:
            self._executor.shutdown(wait=not cancel, cancel_futures=True)


def _leave_interrupts_to_us() -> None:
    """Keep Ctrl-C, which every process of a terminal hears, from ending the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _failed(task: Task, error: str) -> Failure:
    return Failure(number=task.number, seed=task.seed, error=error, trace="")


@contextmanager
def team(executor: Executor | None, workers: int | None) -> Iterator[Team]:
    """Yield where replications run; processes of our own end with the block."""
    made = Team(executor, workers)
    try:
        yield made
    except BaseException:
        made.close(cancel=True)
        raise
    made.close()
