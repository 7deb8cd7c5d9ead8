"""Each seeded bug still finds its line; that it is caught is for ``seed_bugs.py``, by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2] / "src" / "ticketroute"


def bugs() -> list[Any]:
    spec = importlib.util.spec_from_file_location("seeded", Path(__file__).with_name("bugs.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.BUGS)


@pytest.mark.parametrize("bug", bugs(), ids=lambda bug: bug.wrong)
def test_a_seeded_bug_applies_to_one_place_and_still_compiles(bug: Any) -> None:
    right = (ROOT / bug.file).read_text(encoding="utf-8")
    assert right.count(bug.old) == 1
    compile(right.replace(bug.old, bug.new), bug.file, "exec")


def test_there_are_bugs_in_every_module_of_the_core_that_decides() -> None:
    seeded = {bug.file for bug in bugs()}
    no_decision = {"core/dispatcher.py", "core/decide/table.py"}
    core = {str(path.relative_to(ROOT)) for path in (ROOT / "core").rglob("*.py")}
    core = {each for each in core if not each.endswith("__init__.py")}
    assert core - no_decision <= seeded


def test_there_are_bugs_in_every_module_of_service_levels_that_decides() -> None:
    seeded = {bug.file for bug in bugs()}
    values = {"sla/__init__.py", "sla/events.py", "sla/present.py"}
    assert {f"sla/{path.name}" for path in (ROOT / "sla").glob("*.py")} - values <= seeded
