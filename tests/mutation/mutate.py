"""Breaks the source in every small way there is, and counts how often the tests notice.

    python tests/mutation/mutate.py                           model, strategies, core and sla
    python tests/mutation/mutate.py sla/clock.py strategies   these files
    python tests/mutation/mutate.py core --sample 500         so many, drawn by --seed
    python tests/mutation/mutate.py --again fates.json        whom an earlier one did not catch

Prints who survives without a reason in ``survivors.toml``, which makes the exit code 1, and the
score of each package: of the mutants that mypy lets pass, how many made a test fail, or hang. A
mutant meets the tests that run its line, as many as ``--seconds``
hold, and then the machines that compare the desk with its reference. Most of the time goes to the
machines, so a whole run is best made in two: ``--no-machines --json fates.json``, and then, with
the tests written for who survived that, ``--again fates.json``, which counts all of them. Ctrl-C
ends a run with the scores of what was judged by then.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import coverage
import pytest
from forks import HUNG, KILLED, STOPPED, SURVIVED, UNFIT, UNTESTED, Forks, Verdict
from hypothesis import HealthCheck, Phase, settings
from mutants import Mutant, Mutated, mutate, refused_by_types
from reasons import LIST, SOURCE, Change, change_of, out_of_date, reasons

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("model", "strategies", "core", "sla")
TESTS = (
    *(f"tests/{name}" for name in (*PACKAGES, "stories", "reporting")),
    *(str(SOURCE / name) for name in PACKAGES),
)
MACHINES = ("tests/core/test_machine.py", "tests/core/test_clock_laws.py")  # for the hardest
PROFILE = "mutants"  # says that there is a failure, and does not make it small
ENOUGH = 1_800  # seconds, after which a run of its own counts as one that hangs; most take 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Try mutants, print who survives, and return the exit code."""
    options = _parser().parse_args(arguments)
    listed = reasons()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        shutil.copytree(ROOT / "src", scratch / "src")
        files = {path: mutate(path) for path in _chosen(options.parts)}
        refused = refused_by_types(files.values(), scratch)
    mutants = [each for file in files.values() for each in file.mutants]
    valid = [each for each in mutants if each.name not in refused]
    print(f"{len(mutants)} mutants of {len(files)} files, {len(refused)} refused by mypy")
    chance = random.Random(options.seed)  # noqa: S311  a sample, not a secret
    if options.sample is not None and options.sample < len(valid):
        valid = chance.sample(valid, options.sample)
        print(f"{len(valid)} of the others drawn by seed {options.seed}")
    else:
        chance.shuffle(valid)  # long ones are spread, and a run cut short is a sample
    known: list[Verdict] = []
    if options.again is not None:
        known = known_of(options.again, valid)
        caught = {each.mutant.name for each in known if each.fate in (KILLED, HUNG)}
        read = {each.mutant.name for each in known if change_of(each.mutant) in listed} - caught
        valid = [each for each in valid if each.name not in caught | read]
        print(f"{len(caught)} caught before, {len(read)} listed, {len(valid)} tried again")
    lived = {each.mutant.name for each in known if each.fate == SURVIVED}
    judged = [  # a line that these tests do not run was run by others
        each
        for each in _judged(files, valid, options, known)
        if each.fate != UNTESTED or each.mutant.name not in lived
    ]
    names = {each.mutant.name for each in judged}
    verdicts = judged + [each for each in known if each.mutant.name not in names]
    _report(verdicts)
    if options.json is not None:
        fates = [plain(each) for each in verdicts]
        options.json.write_text(json.dumps(fates, indent=1) + "\n", encoding="utf-8")
    for change in out_of_date(listed, mutants):
        print(f"listed, and no mutant: {change}")
    return _unexplained(verdicts, listed)


def known_of(path: Path, mutants: Sequence[Mutant]) -> list[Verdict]:
    """Return what an earlier run found about those of these mutants that are the same change."""
    earlier = {each["name"]: each for each in json.loads(path.read_text(encoding="utf-8"))}
    known: list[Verdict] = []
    for mutant in mutants:
        then = earlier.get(mutant.name)
        if then is not None and (then["was"], then["now"]) == (mutant.was, mutant.now):
            known.append(Verdict(mutant, then["fate"], then["by"]))
    return known


def _judged(
    files: Mapping[Path, Mutated],
    mutants: Sequence[Mutant],
    options: argparse.Namespace,
    known: Sequence[Verdict],
) -> list[Verdict]:
    # Imports run lines, too: they are noted from here on, before anything is imported.
    importing = coverage.Coverage(
        data_file=None, config_file=False, include=[str(ROOT / path) for path in files]
    )
    settings.register_profile(
        PROFILE,
        derandomize=True,
        database=None,
        max_examples=8,
        stateful_step_count=30,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    os.environ["HYPOTHESIS_PROFILE"] = PROFILE
    forks = Forks(
        root=ROOT,
        mutants=mutants,
        codes=lambda mutant: files[mutant.path].code_of(mutant),
        tell=_tell,
        importing=importing,
        workers=options.workers,
        most=options.seconds,
        last=MACHINES if options.machines else (),
        never=() if options.machines else MACHINES,
    )
    for each in known:
        forks.learn(each)
    importing.start()
    ended = pytest.main(
        [
            *("-q", "-s", "-p", "no:cacheprovider"),
            *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # of what this has imported
            *options.tests,
        ],
        plugins=[forks],
    )
    judged = [each for each in forks.verdicts if each.fate != UNFIT]
    if ended == pytest.ExitCode.INTERRUPTED:
        return judged
    unfit = [each.mutant for each in forks.verdicts if each.fate == UNFIT]
    with ThreadPoolExecutor(options.workers) as pool:
        alone = [pool.submit(_alone, files[each.path], each, options.tests) for each in unfit]
        try:
            judged += [each.result() for each in alone]
        except KeyboardInterrupt:  # as in the forks: what was judged is a sample
            pool.shutdown(cancel_futures=True)
            judged += [each.result() for each in alone if not each.cancelled()]
    return judged


def _alone(file: Mutated, mutant: Mutant, tests: Sequence[str]) -> Verdict:
    """Judge a mutant in a copy of the tree and a process that imports it from the start."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("src", "tests"):
            shutil.copytree(ROOT / name, tree / name)
        shutil.copy(ROOT / "pyproject.toml", tree)
        (tree / mutant.path).write_text(file.source_with(mutant), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        command += [f"--ignore={name}" for name in MACHINES]
        environment = os.environ | {"PYTHONPATH": str(tree / "src"), "HYPOTHESIS_PROFILE": "quick"}
        try:
            run = subprocess.run(
                command,
                cwd=tree,
                env=environment,
                capture_output=True,
                check=False,
                timeout=ENOUGH,
                start_new_session=True,  # Ctrl-C is for us; there it would look like a failure
            )
        except subprocess.TimeoutExpired:
            return _tell(Verdict(mutant, HUNG))
    if run.returncode < 0:
        return _tell(Verdict(mutant, STOPPED))
    return _tell(Verdict(mutant, KILLED if run.returncode else SURVIVED))


def _tell(verdict: Verdict) -> Verdict:
    """Print who survives, while the others are still to come."""
    if verdict.fate in (SURVIVED, UNTESTED):
        mutant = verdict.mutant
        print(f"{verdict.fate}  {mutant.path.relative_to(SOURCE)}:{mutant.line}  {mutant.name}")
        print(f"    - {mutant.was}\n    + {mutant.now}", flush=True)
    return verdict


def _unexplained(verdicts: Sequence[Verdict], listed: Mapping[Change, str]) -> int:
    """Print the survivors without a reason; return 1 if there are any, else 0."""
    alive = [each.mutant for each in verdicts if each.fate in (SURVIVED, UNTESTED)]
    open_ones = [each for each in alive if change_of(each) not in listed]
    for mutant in open_ones:
        print(f"no reason: {change_of(mutant)}")
    print(f"{len(alive)} survive, {len(alive) - len(open_ones)} for a reason in {LIST.name}")
    return int(bool(open_ones))


def _report(verdicts: Sequence[Verdict]) -> None:
    fates: dict[str, Counter[str]] = {}
    for each in verdicts:
        if each.fate == STOPPED:
            continue
        package = each.mutant.path.relative_to(SOURCE).parts[0]
        fates.setdefault(package, Counter())[each.fate] += 1
        fates.setdefault("all", Counter())[each.fate] += 1
    print(f"\n{'':12}{'mutants':>8}{'killed':>8}{'hung':>8}{'survived':>10}{'untested':>10}  score")
    for package in (*(name for name in PACKAGES if name in fates), "all"):
        counts = fates.get(package, Counter())
        total = counts.total()
        found = counts[KILLED] + counts[HUNG]
        print(
            f"{package:12}{total:8}{counts[KILLED]:8}{counts[HUNG]:8}"
            f"{counts[SURVIVED]:10}{counts[UNTESTED]:10}  {found / max(total, 1):.1%}"
        )


def plain(verdict: Verdict) -> dict[str, object]:
    mutant = verdict.mutant
    return {
        "name": mutant.name,
        "fate": verdict.fate,
        "by": verdict.by,
        "where": f"{mutant.path.relative_to(SOURCE)}:{mutant.line}",
        "was": mutant.was,
        "now": mutant.now,
    }


def _chosen(parts: Sequence[str]) -> Iterator[Path]:
    for part in parts or PACKAGES:
        path = SOURCE / part
        if not path.exists():
            raise SystemExit(f"{path} is not there; name a package or file below {SOURCE}")
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", help="packages or files below src/ticketroute")
    parser.add_argument("--sample", type=int, help="how many, drawn at random; default all")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn; default 0")
    parser.add_argument("--seconds", type=float, default=10.0, help="of tests for one; default 10")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--tests", nargs="+", default=TESTS, help="default those of the packages")
    parser.add_argument(
        "--machines",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="let the machines look at what the other tests miss; most of the time goes there",
    )
    parser.add_argument(
        "--again",
        type=Path,
        help="all but those that this file says were caught, or survived and are listed",
    )
    parser.add_argument("--json", type=Path, help="write what became of each to this file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
