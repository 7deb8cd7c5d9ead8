"""The whole desk under any commands: the kit's machine, in worlds and with indexes of our own."""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize

from ticketroute.core.decide import hand_out as handout
from ticketroute.core.index import by_age as ages
from ticketroute.core.index import choosing as demands
from ticketroute.core.index import filed_lines as heads
from ticketroute.model.queue import Delivery
from ticketroute.model.relaxation import Reach
from ticketroute.testing import DeskMachine, World, check
from ticketroute.testing.machine import HOW


class CheckedMachine(DeskMachine):
    """The machine, and at its end the check that needs nothing but the desk."""

    world = World(service_levels=True)

    def teardown(self) -> None:
        check(self.desk)


small = st.integers(1, 3)


class SmallMachine(CheckedMachine):
    """The same with indexes whose constants are drawn so small that five agents reach them."""

    sizes: ClassVar[dict[tuple[ModuleType, str], st.SearchStrategy[object]]] = {}

    def __init__(self) -> None:
        self.patched = pytest.MonkeyPatch()
        super().__init__()

    @initialize(
        how=HOW, sizes=st.runner().flatmap(lambda machine: st.fixed_dictionaries(machine.sizes))
    )
    def open(self, *, how: dict[str, Any], sizes: dict[tuple[ModuleType, str], object]) -> None:
        for (module, name), size in sizes.items():
            self.patched.setattr(module, name, size)
        super().open(how=how)

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.patched.undo()


class TightMachine(SmallMachine):
    """Indexes of demands are few, and walks short."""

    sizes: ClassVar = {
        (demands, "WALKS"): st.tuples(small),
        (demands, "SHARES"): st.just(5),  # each demand has its own, however many fit
        (demands, "MOST_INDEXES"): small,
        (demands, "MOST_IDLE_DEMANDS"): small,
        (handout, "FEW"): small,
    }


class AgedMachine(SmallMachine):
    """One index by age answers for all demands, in runs that are soon full."""

    sizes: ClassVar = {
        (demands, "FEW_INDEXES"): st.integers(0, 3),
        (demands, "MOST_MISSES"): small,
        (ages, "YOUNGEST"): st.just(2),
        (ages, "LONGEST"): st.just(4),
        (ages, "MOST_KEYS"): small,
    }


class FiledMachine(SmallMachine):
    """A line of a few is filed by what it asks, and most tickets ask for skills."""

    world = World(
        tickets={"skills": st.sampled_from([{}, {"x": 1}, {"x": 3, "y": 1}, {"y": 2}])},
        service_levels=True,
    )
    sizes: ClassVar = {(heads, "LONG"): small, (heads, "FEW"): st.just(1)}  # no more than LONG


class OfferMachine(CheckedMachine):
    """On desks where at first everybody may be asked for nearly everything."""

    world = World(
        agents={"channels": st.just({}), "skills": st.just({"x": 3, "y": 3})},
        queues={
            "delivery": st.just(Delivery.OFFER),
            "limit_per_agent": st.none(),
            "reach": st.just(Reach()),
        },
        service_levels=True,
    )


TestDesk, TestTight, TestAged, TestFiled, TestOffers = (
    CheckedMachine.TestCase,
    TightMachine.TestCase,
    AgedMachine.TestCase,
    FiledMachine.TestCase,
    OfferMachine.TestCase,
)
TestDesk.settings = settings(max_examples=2 * settings().max_examples)
