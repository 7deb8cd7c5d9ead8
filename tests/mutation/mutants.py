"""Mutants of a source file: mutmut writes them, and here they become code to be put in place.

mutmut copies each function once for each small change, ``x_place__mutmut_3`` beside
``x_place__mutmut_orig``, into one module. Its own runner imports that module, so that every call
of every test takes a detour, and pytest starts and collects anew for each mutant. Here the copies
are only compiled: whoever tries one gives its code to the function that is there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType

from attrs import frozen
from mutmut.mutation.file_mutation import MutatedFile, mutate_file_contents
from mutmut.utils.format_utils import get_mutant_name

ORIGINAL = "orig"


@frozen
class Mutant:
    """One change of one function, by mutmut's name for it."""

    name: str  # ticketroute.core.index.lines.x_place_of__mutmut_3
    path: Path  # of the source, from the root of the project
    function: str  # place_of, or Lines.place_of
    copy: str  # x_place_of__mutmut_3
    line: int  # the first that differs, in the source; or the one above it that has code
    was: str
    now: str


@frozen
class Mutated:
    """A source file, and the module in which mutmut put all its mutants."""

    path: Path
    text: str
    module: MutatedFile
    mutants: tuple[Mutant, ...]

    def code_of(self, mutant: Mutant) -> tuple[CodeType, CodeType]:
        """Return the code of the function as it is, and as the mutant has it."""
        whole = compile(self.module.code, str(self.path), "exec")
        by_name = {code.co_name: code for code in _codes(whole)}
        stem = mutant.copy.rpartition("_")[0]
        return by_name[f"{stem}_{ORIGINAL}"], by_name[mutant.copy]

    def source_with(self, mutant: Mutant) -> str:
        """Return the source file with the mutant in it."""
        span = _lines(self.module, mutant.copy)
        stem = mutant.copy.rpartition("_")[0]
        old = _lines(self.module, f"{stem}_{ORIGINAL}")
        plain = mutant.function.rpartition(".")[2]
        new = "\n".join(span).replace(mutant.copy, plain, 1)
        there = "\n".join(old).replace(f"{stem}_{ORIGINAL}", plain, 1)
        assert self.text.count(there) == 1, f"{mutant.name}: its function is not there once"
        return self.text.replace(there, new)


def mutate(path: Path) -> Mutated:
    """Return every mutant that mutmut makes of a file."""
    text = path.read_text(encoding="utf-8")
    module = mutate_file_contents(str(path), text)
    mutants = tuple(_described(path, text, module))
    return Mutated(path, text, module, mutants)


def refused_by_types(files: Iterable[Mutated], scratch: Path) -> set[str]:
    """Return the names of mutants that mypy refuses: nobody could commit one.

    All of them are checked at once, as functions beside each other, in a copy of the package.
    """
    for each in files:
        (scratch / each.path).write_text(each.module.code, encoding="utf-8")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file=", "--output", "json"),
            *("--no-warn-unused-ignores", "--cache-dir", str(scratch / ".mypy_cache")),
            "src/ticketroute",
        ],
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    faults: dict[str, list[int]] = {}
    for line in run.stdout.splitlines():
        fault = json.loads(line)
        if fault["severity"] == "error":
            faults.setdefault(fault["file"], []).append(fault["line"])
    refused = set()
    for each in files:
        lines = faults.get(str(each.path), [])
        for mutant in each.mutants:
            span = each.module.line_span_by_function_name[mutant.copy]
            if any(span.start <= line <= span.end for line in lines):
                refused.add(mutant.name)
    return refused


def _described(path: Path, text: str, module: MutatedFile) -> Iterator[Mutant]:
    starts: dict[str, int] = {}
    whole = compile(text, str(path), "exec")
    with_code = {line for code in _codes(whole) for _, _, line in code.co_lines()}
    for copy in module.mutant_names:
        stem = copy.rpartition("_")[0]
        before, after = _lines(module, f"{stem}_{ORIGINAL}"), _lines(module, copy)
        plain = stem.removesuffix("__mutmut").removeprefix("x")
        function = plain.removeprefix("_") if plain.startswith("_") else plain[1:].replace("ǁ", ".")
        name = function.rpartition(".")[2]
        if stem not in starts:
            there = "\n".join(before).replace(f"{stem}_{ORIGINAL}", name, 1)
            at = text.find(there)
            assert at >= 0, f"{path}: {function} is not found as mutmut copied it"
            starts[stem] = text.count("\n", 0, at) + 1
        after = "\n".join(after).replace(copy, f"{stem}_{ORIGINAL}", 1).splitlines()
        pairs = zip([*before, ""], [*after, ""], strict=False)
        offset = next(number for number, (old, new) in enumerate(pairs) if old != new)
        yield Mutant(
            name=get_mutant_name(path, copy),
            path=path,
            function=function,
            copy=copy,
            line=next(line for line in range(starts[stem] + offset, 0, -1) if line in with_code),
            was=before[min(offset, len(before) - 1)].strip(),
            now=after[min(offset, len(after) - 1)].strip(),
        )


def _lines(module: MutatedFile, copy: str) -> list[str]:
    span = module.line_span_by_function_name[copy]
    return module.code.splitlines()[span.start - 1 : span.end]


def _codes(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)
