"""A pytest plug-in that tries mutants: each in a fork of the one process that collected the tests.

Starting pytest and collecting takes seconds, and running what kills a mutant some milliseconds.
So the tests are collected once; then every mutant gets a fork, in which its code replaces that of
the function, and the tests that run its line run there until one fails: first those that caught
another mutant of that function, then those that name it, then some of every test file.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import resource
import select
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from types import CodeType, FunctionType
from typing import Any

import coverage
import pytest
from attrs import field, frozen, mutable
from mutants import Mutant

KILLED, SURVIVED, HUNG, UNTESTED = "killed", "survived", "hung", "untested"
STOPPED = "stopped"  # from outside: nothing is known
UNFIT = "unfit"  # cannot be put in place, or is only run while modules are imported
TOLD = 100  # mutants from one word about the progress to the next
LEADING = 60  # tests that caught mutants nearby, and so get the next before the others
TELLING = 4  # letters of a function's name that say something in the name of a test
STEM = 5  # letters of a module's name that do: explain.py, and the stories of explanations
SLACK = 4.0  # a mutant may take so many times as long as its tests, and a few seconds more


@frozen
class Timing:
    """What the tests did before anything was changed: how long each took, and who ran a line."""

    seconds: Mapping[str, float]
    tests_of: Mapping[tuple[str, int], frozenset[str]]

    def order(
        self, mutant: Mutant, most: float, last: Sequence[str] = (), first: Iterable[str] = ()
    ) -> list[str]:
        """Return the tests that run the line, for ``most`` seconds in all.

        Those of ``first`` lead, in their order, and those that name the function follow, or what
        its module is about. Then the test files take turns, each with the quickest that it has
        left: a line that everybody runs is caught by who looks at it, and that is seldom the
        quickest of all. Who leads has a third of the time, and both together have two. Tests whose
        name begins with one of ``last`` come after all others, however long they take.
        """
        running = self.tests_of.get((str(mutant.path), mutant.line), frozenset())
        quickest_first = sorted(running, key=lambda test: (self.seconds[test], test))
        turns: Counter[str] = Counter()
        ranked: list[tuple[int, str]] = []
        for test in quickest_first:
            if not test.startswith(tuple(last)):
                file = test.partition("::")[0]
                ranked.append((turns[file], test))
                turns[file] += 1
        in_turn = [test for _, test in sorted(ranked, key=lambda each: each[0])]
        leading = [test for test in first if test in running and not test.startswith(tuple(last))]
        words = (mutant.function.rpartition(".")[2].strip("_"), mutant.path.stem[:STEM])
        named = [test for word in words if len(word) >= TELLING for test in in_turn if word in test]
        chosen: dict[str, None] = {}
        total, share = 0.0, most / 3
        for tests, until in ((leading, share), (named, 2 * share), (in_turn, most)):
            for test in tests:
                if test in chosen:
                    continue
                if chosen and total + self.seconds[test] > until:
                    break
                chosen[test] = None
                total += self.seconds[test]
        return list(chosen) + [test for test in quickest_first if test.startswith(tuple(last))]


@frozen
class Verdict:
    """What became of a mutant, and the test that killed it."""

    mutant: Mutant
    fate: str
    by: str = ""


@frozen
class _Live:
    """Every function in memory, and every cache of results, before the forks."""

    functions: tuple[FunctionType, ...]
    caches: tuple[Any, ...]

    @classmethod
    def found(cls) -> _Live:
        objects = gc.get_objects()
        return cls(
            tuple(each for each in objects if isinstance(each, FunctionType)),
            tuple(each for each in objects if isinstance(each, functools._lru_cache_wrapper)),
        )

    def put_in_place(
        self, path: Path, function: str, original: CodeType, changed: CodeType
    ) -> None:
        """Give a function the mutant's code, and each it has made already the mutant's part.

        Raises:
            ValueError: if it is not in memory, or the mutant sees other variables around it.
        """
        outer = [
            each.__code__
            for each in self.functions
            if each.__code__.co_qualname == function and each.__code__.co_filename == str(path)
        ]
        if not outer:
            raise ValueError(f"nothing in memory has the code of {function} in {path}")
        inner = dict(zip(_inside(original), _inside(changed), strict=False))
        new: dict[int, CodeType] = {}
        for code in outer:
            new[id(code)] = changed
            for there, twin in zip(_inside(code), _inside(original), strict=True):
                if twin in inner and inner[twin].co_name == there.co_name:
                    new[id(there)] = inner[twin]
        for each in self.functions:
            if id(each.__code__) in new:
                each.__code__ = new[id(each.__code__)]
        for cache in self.caches:
            cache.cache_clear()


@mutable(eq=False)
class Forks:
    """Collects, measures, and then hands a fork to each mutant."""

    root: Path
    mutants: Sequence[Mutant]
    codes: Callable[[Mutant], tuple[CodeType, CodeType]]
    tell: Callable[[Verdict], object]
    importing: coverage.Coverage  # notes which lines imports run
    workers: int = 2
    most: float = 20.0
    last: Sequence[str] = ()  # tests for what nobody else finds
    never: Sequence[str] = ()  # tests that are left out
    verdicts: list[Verdict] = field(factory=list)
    _items: dict[str, pytest.Item] = field(factory=dict)
    _killers: dict[tuple[Path, str], Counter[str]] = field(factory=dict)  # by function, or by file
    _live: _Live = field(init=False)
    _failure: str = ""

    def learn(self, verdict: Verdict) -> None:
        """Put the test that caught a mutant first for those near it."""
        if verdict.by:
            for near in (verdict.mutant.function, ""):
                self._killers.setdefault((verdict.mutant.path, near), Counter())[verdict.by] += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run mutants instead of tests."""
        self.importing.stop()
        at_import = self.importing.get_data()
        session.items = [
            item for item in session.items if not item.nodeid.startswith(tuple(self.never))
        ]
        self._items = {item.nodeid: item for item in session.items}
        self._live = _Live.found()
        gc.collect()
        gc.freeze()  # or every fork would copy all that it only counts references of
        timing = self._timing(session)
        waiting = list(reversed(self.mutants))
        running: dict[int, tuple[Mutant, int]] = {}  # by the end of a pipe
        while True:
            while waiting and len(running) < self.workers:
                mutant = waiting.pop()
                tests = timing.order(mutant, self.most, self.last, self._killers_near(mutant))
                if not tests:
                    imported = mutant.line in (at_import.lines(str(self.root / mutant.path)) or ())
                    self._note(Verdict(mutant, UNFIT if imported else UNTESTED))
                    continue
                limit = sum(timing.seconds[test] for test in tests) * SLACK + 5
                end, pid = self._fork(lambda: self._try(session, mutant, tests), limit)  # noqa: B023  it runs now
                running[end] = (mutant, pid)
            if not running:
                return True
            for end in select.select(list(running), [], [])[0]:
                mutant, pid = running.pop(end)
                self._note(_verdict(mutant, end, pid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test says that fails."""
        if report.failed:
            self._failure = report.longreprtext

    def _killers_near(self, mutant: Mutant) -> Iterator[str]:
        for near in (mutant.function, ""):
            for test, _ in self._killers.get((mutant.path, near), Counter()).most_common(LEADING):
                yield test

    def _note(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        self.learn(verdict)
        self.tell(verdict)
        if len(self.verdicts) % TOLD == 0:
            sys.stderr.write(f"{len(self.verdicts)} of {len(self.mutants)} judged\n")

    def _timing(self, session: pytest.Session) -> Timing:
        """Run every test once, and note who runs which line; the process that forks stays fresh."""
        end, pid = self._fork(lambda: json.dumps(self._watch(session)), None)
        with os.fdopen(end, encoding="utf-8") as pipe:
            told = pipe.read()
        os.waitpid(pid, 0)
        if not told:
            raise pytest.UsageError("the tests do not pass as they are, so they can judge nothing")
        seconds, lines = json.loads(told)
        return Timing(
            seconds,
            {
                (path, int(line)): frozenset(tests)
                for path, by_line in lines.items()
                for line, tests in by_line.items()
            },
        )

    def _watch(self, session: pytest.Session) -> object:
        paths = sorted({str(mutant.path) for mutant in self.mutants})
        watch = coverage.Coverage(
            data_file=None, config_file=False, include=[str(self.root / path) for path in paths]
        )
        seconds = {}
        watch.start()
        for item, after in _with_next(session.items):
            watch.switch_context(item.nodeid)
            start = perf_counter()
            _run(item, after)
            seconds[item.nodeid] = perf_counter() - start
            if session.testsfailed:
                print(f"{item.nodeid} fails as it is: {self._failure}", file=sys.__stderr__)
                os._exit(1)
        watch.stop()
        data = watch.get_data()
        return seconds, {path: data.contexts_by_lineno(str(self.root / path)) for path in paths}

    def _fork(self, work: Callable[[], str], limit: float | None) -> tuple[int, int]:
        """Do some work in a fork; return the end of a pipe that will tell, and the fork's id."""
        end, start = os.pipe()
        pid = os.fork()
        if pid:
            os.close(start)
            return end, pid
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1):
            os.dup2(silence, stream)
        if limit is not None:
            os.dup2(silence, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 2))
        try:
            told = work()
            with os.fdopen(start, "w", encoding="utf-8") as pipe:
                pipe.write(told)
        except BaseException:  # noqa: BLE001  nothing may get back into the loop of the parent
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def _try(self, session: pytest.Session, mutant: Mutant, tests: Sequence[str]) -> str:
        """Return the test that fails with the mutant in place, or nothing."""
        try:
            self._live.put_in_place(self.root / mutant.path, mutant.function, *self.codes(mutant))
        except ValueError:
            return UNFIT
        items = [self._items[test] for test in tests]
        for item, after in _with_next(items):
            try:
                _run(item, after)
            except BaseException:  # noqa: BLE001  a mutant may break pytest itself
                return item.nodeid
            if session.testsfailed:
                return item.nodeid
        return ""


def _inside(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _inside(each)


def _verdict(mutant: Mutant, end: int, pid: int) -> Verdict:
    with os.fdopen(end, encoding="utf-8") as pipe:
        told = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):  # it has a limit of processor time, and no other end of that kind
        hung = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        crashed = os.WTERMSIG(status) in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)
        return Verdict(mutant, HUNG if hung else KILLED if crashed else STOPPED)
    if status:
        return Verdict(mutant, KILLED, "the process")
    if told == UNFIT:
        return Verdict(mutant, UNFIT)
    return Verdict(mutant, KILLED if told else SURVIVED, told)


def _with_next(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=True)


def _run(item: pytest.Item, after: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
