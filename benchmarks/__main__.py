"""``python -m benchmarks``: what a submit, a resolve, a timer and a record cost, as ratios."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import asdict, evolve

from benchmarks import (
    against,
    calendar,
    cycle,
    desk,
    desks,
    filters,
    machine,
    memory,
    peers,
    replay,
    ringing,
    simulation,
    timers,
    waiting,
)
from benchmarks.rounds import Effort
from benchmarks.table import Row, lines
from ticketroute.errors import TicketRouteError
from ticketroute.strategies import registry

SUITES: Mapping[str, Callable[[Effort], Iterator[Row]]] = {
    "cycle": cycle.rows,
    "peers": peers.rows,
    "filters": filters.rows,
    "waiting": waiting.rows,
    "timers": timers.rows,
    "memory": memory.rows,
    "ringing": ringing.rows,
    "calendar": calendar.rows,
    "replay": replay.rows,
    "desk": desk.rows,
    "simulation": simulation.rows,
    "desks": desks.rows,
}

FULL = Effort(
    sizes=(100, 1_000, 10_000, 100_000, 1_000_000),
    lines=(1_000, 100_000, 1_000_000),
    timers=(10_000, 1_000_000),
    items=(100_000, 1_000_000),
)
QUICK = Effort(
    sizes=(100, 1_000, 10_000),
    lines=(1_000, 10_000),
    timers=(1_000, 10_000),
    items=(10_000,),
    flood=(100, 1_000),
    seconds=0.01,
    patience=0.4,
)


def measure(suites: Sequence[str], effort: Effort) -> Iterator[Row]:
    """Measure suite after suite, row by row."""
    for name in suites:
        yield from SUITES[name](effort)


def measure_against(revision: str, suites: Sequence[str], effort: Effort) -> Iterator[Row]:
    """Measure the tree of now beside another revision, row by row."""
    with against.built(revision) as builds:
        yield from against.rows(builds, effort, suites)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and judge; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    effort = QUICK if options.quick else FULL
    effort = evolve(effort, strategy=options.strategy, rounds=options.rounds)
    print(f"ticketroute, {effort.rounds} rounds, {'quick' if options.quick else 'full'}")
    facts = machine.facts()
    for name, fact in facts.items():
        print(f"  {name:<18} {fact}")
    print()
    rows: list[Row] = []
    gc.disable()  # building a million agents is not what is measured
    measured = (
        measure(options.suite, effort)
        if options.against is None
        else measure_against(options.against, options.suite, effort)
    )
    try:
        for line in lines(_kept(measured, rows)):
            print(line, flush=True)  # who stops a long run has what it measured
    except against.AgainstError as fault:
        parser.exit(2, f"{parser.prog}: {fault}\n")
    finally:
        gc.enable()
    print()
    short = sum(row.verdict == "short" for row in rows)
    kept = sum(row.verdict == "ok" for row in rows)
    if options.against is None:
        print(f"{kept} of {kept + short} promises measured here are kept.")
    if options.json is not None:
        report = {"facts": facts, "effort": asdict(effort), "rows": [_plain(row) for row in rows]}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 1 if short and options.fail else 0


def _plain(row: Row) -> dict[str, object]:
    return {**asdict(row), "verdict": row.verdict}


def _kept(rows: Iterator[Row], into: list[Row]) -> Iterator[Row]:
    for row in rows:
        into.append(row)
        yield row


def _suites(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SUITES:
            raise argparse.ArgumentTypeError(f"no suite {name!r}; there are {', '.join(SUITES)}")
    return names


def _strategy(text: str) -> str:
    try:
        registry.describe(text.partition("(")[0])
    except TicketRouteError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from fault
    return text


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rounds; give 1 or more")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute, up to 1e4 agents")
    parser.add_argument(
        "--suite",
        type=_suites,
        default=list(SUITES),
        metavar="NAMES",
        help=f"which of {','.join(SUITES)}, with commas between; default all",
    )
    parser.add_argument(
        "--strategy", type=_strategy, default="average_load", help="default: %(default)s"
    )
    parser.add_argument("--rounds", type=_rounds, default=9, help="default: %(default)s")
    parser.add_argument(
        "--against",
        metavar="REV",
        help="compare the tree of now with this git revision, which is built apart and takes turns",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    parser.add_argument("--fail", action="store_true", help="exit 1 if a promise falls short")
    return parser


if __name__ == "__main__":
    sys.exit(main())
