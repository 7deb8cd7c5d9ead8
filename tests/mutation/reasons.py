"""Why some mutants survive: they change no answer, as reading each of them has shown.

``survivors.toml`` names them by file, function and line, so that a survivor nobody has read yet
stands out from the rest. Numbers of lines and of mutants would move with every change of a file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import frozen
from mutants import Mutant

LIST = Path(__file__).with_name("survivors.toml")
SOURCE = Path("src", "ticketroute")


@frozen
class Change:
    """One change of a function, whatever its number among the mutants."""

    file: str  # core/lines.py
    function: str  # place_of, or Lines.place_of
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.file}  {self.function}\n    - {self.was}\n    + {self.now}"


def change_of(mutant: Mutant) -> Change:
    """Return what a mutant changes."""
    file = mutant.path.relative_to(SOURCE).as_posix()
    return Change(file, mutant.function, mutant.was, mutant.now)


def reasons(path: Path = LIST) -> dict[Change, str]:
    """Return why each of the changes listed makes no difference.

    Raises:
        ValueError: if a change is listed twice, or without a reason.
    """
    found: dict[Change, str] = {}
    for group in tomllib.loads(path.read_text(encoding="utf-8"))["files"]:
        for function, was, now, why in group["changes"]:
            change = Change(group["file"], function, was, now)
            if change in found or not why.strip():
                raise ValueError(f"listed twice, or without a reason: {change}")
            found[change] = why
    return found


def out_of_date(listed: Mapping[Change, str], mutants: Iterable[Mutant]) -> list[Change]:
    """Return what is listed of the files that these mutants are of, and is none of them."""
    changes = {change_of(mutant) for mutant in mutants}
    files = {change.file for change in changes}
    return [change for change in listed if change.file in files and change not in changes]
