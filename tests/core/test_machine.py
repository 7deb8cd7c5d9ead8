"""The whole desk under any commands: the kit's machine, in worlds and with indexes of our own."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from ticketroute.core.decide import hand_out as handout
from ticketroute.core.index import by_age as ages
from ticketroute.core.index import choosing as demands
from ticketroute.core.index import filed_lines as heads
from ticketroute.model.queue import Delivery
from ticketroute.model.relaxation import Reach
from ticketroute.testing import DeskMachine, World, check


class CheckedMachine(DeskMachine):
    """The machine, and at its end the check that needs nothing but the desk."""

    def teardown(self) -> None:
        check(self.desk)


class TightMachine(CheckedMachine):
    """The same with indexes so few and walks so short that five agents reach their corners."""

    TIGHT: ClassVar[dict[str, object]] = {
        "WALKS": (2,),
        "SHARES": 5,  # each demand has its own, however many fit
        "MOST_INDEXES": 2,
        "MOST_IDLE_DEMANDS": 3,
    }

    def __init__(self) -> None:
        self.patched = pytest.MonkeyPatch()
        for name, value in self.TIGHT.items():
            self.patched.setattr(demands, name, value)
        self.patched.setattr(handout, "FEW", 1)
        super().__init__()

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.patched.undo()


class AgedMachine(CheckedMachine):
    """The same where one index by age answers for all demands, in runs that are soon full."""

    AGED: ClassVar[dict[str, int]] = {"YOUNGEST": 2, "LONGEST": 4}

    def __init__(self) -> None:
        self.patched = pytest.MonkeyPatch()
        self.patched.setattr(demands, "FEW_INDEXES", 0)
        for name, value in self.AGED.items():
            self.patched.setattr(ages, name, value)
        super().__init__()

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.patched.undo()


class FiledMachine(CheckedMachine):
    """The same where a line of two is filed by what it asks, and most tickets ask for skills."""

    world = World(tickets={"skills": st.sampled_from([{}, {"x": 1}, {"x": 3, "y": 1}, {"y": 2}])})

    def __init__(self) -> None:
        self.patched = pytest.MonkeyPatch()
        self.patched.setattr(heads, "LONG", 1)
        self.patched.setattr(heads, "FEW", 1)
        super().__init__()

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.patched.undo()


class OfferMachine(CheckedMachine):
    """On desks where at first everybody may be asked for nearly everything."""

    world = World(
        agents={"channels": st.just({}), "skills": st.just({"x": 3, "y": 3})},
        queues={
            "delivery": st.just(Delivery.OFFER),
            "limit_per_agent": st.none(),
            "reach": st.just(Reach()),
        },
    )


TestDesk, TestTight, TestAged, TestFiled, TestOffers = (
    CheckedMachine.TestCase,
    TightMachine.TestCase,
    AgedMachine.TestCase,
    FiledMachine.TestCase,
    OfferMachine.TestCase,
)
TestDesk.settings = settings(max_examples=2 * settings().max_examples)
