"""What can be imported from where."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import ticketroute

API = Path(__file__).parent.parent / "docs" / "reference" / "api.md"


def test_the_package_exports_the_names_that_the_reference_lists_in_its_groups() -> None:
    table = API.read_text().split("| about | names in `ticketroute` |")[1].split("\n\n")[0]
    assert re.findall(r"`(\w+)`", table) == ticketroute.__all__
    assert len(ticketroute.__all__) <= 30
    assert all(hasattr(ticketroute, name) for name in ticketroute.__all__)


@pytest.mark.parametrize("name", ["model", "events", "sla", "strategies"])
def test_a_public_module_has_what_it_lists_and_the_same_as_the_package(name: str) -> None:
    module = import_module(f"ticketroute.{name}")
    for each in module.__all__:
        assert getattr(module, each) is getattr(ticketroute, each, getattr(module, each))
