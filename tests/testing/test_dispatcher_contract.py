"""The contract of desks finds mistakes; its histories do something; its failures can be read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from broken_desks import BROKEN, Mistake
from hypothesis import given, settings

from ticketroute import commands
from ticketroute.commands import Command
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model import events as ev
from ticketroute.model.events import Events
from ticketroute.testing import (
    DispatcherContract,
    History,
    World,
    dispatcher_contract,
    histories,
    profiles,
)
from ticketroute.testing.history import Tape

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "testing.md"
WANTED = {  # of 100 histories, so many have one or more of these events
    ev.TicketAssigned: 90,
    ev.TicketResolved: 60,
    ev.TicketOffered: 40,  # of those with a queue that offers
    ev.TicketTransferred: 25,
    ev.TicketHeld: 25,
}
MEAN = 20  # intents of a history
PROFILES = ("quick", "ci", "dev", "long", "hunt")


@pytest.mark.parametrize("profile", PROFILES)
def test_histories_do_something_in_every_profile(profile: str) -> None:
    # In a process of its own: Hypothesis also draws the constants of all modules that are loaded.
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("drawn_histories.py"), profile],
        capture_output=True,
        check=True,
        text=True,
    )
    drawn = json.loads(ran.stdout)
    found, lengths, offering = Counter(drawn["found"]), drawn["lengths"], drawn["offering"]
    assert len(lengths) >= 100
    for kind, wanted in WANTED.items():
        of = offering if kind is ev.TicketOffered else len(lengths)
        assert 100 * found[kind.__name__] >= wanted * of, (kind.__name__, found, of)
    assert 5 * offering >= len(lengths)
    assert sum(lengths) >= MEAN * len(lengths)


def test_a_world_has_service_levels_only_where_asked_for() -> None:
    told: Counter[bool] = Counter()

    @settings(max_examples=15, derandomize=True, database=None, deadline=None)
    @given(histories())
    def run(history: History) -> None:
        told.update(
            call.kind in (commands.SetCalendar, commands.SetPolicies)
            for call in history.calls(history.desk())
        )

    run()
    assert told.keys() == {False}


# --- mistakes -----------------------------------------------------------------------------------


@pytest.fixture
def as_it_comes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Draw twice as many examples as by default, and make no failure shorter.

    Hypothesis draws constants of the modules that are loaded, so what is drawn depends on which
    tests ran before in the process; with the default alone a rare event is missed now and then.
    """
    profiles.register()
    monkeypatch.setattr(dispatcher_contract, "shorter", lambda history, _: history)
    now = settings.get_current_profile_name()
    settings.register_profile(
        "as it comes",
        settings.get_profile("dev"),
        max_examples=2 * settings.get_profile("dev").max_examples,
        derandomize=True,
        database=None,
    )
    settings.load_profile("as it comes")
    yield
    settings.load_profile(now)


@pytest.mark.usefixtures("as_it_comes")
@pytest.mark.parametrize("mistake", BROKEN, ids=lambda mistake: mistake.wrong)
def test_a_broken_desk_is_found(mistake: Mistake) -> None:
    class Suite(DispatcherContract):
        def desk(self, history: History) -> Dispatcher:
            return mistake.make(history)

    with pytest.raises(AssertionError) as caught:
        getattr(Suite(), mistake.found_by)()
    assert "The history that fails:\ndesk = Dispatcher(" in "\n".join(caught.value.__notes__)


def test_the_docs_list_every_mistake_that_is_found() -> None:
    rows = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if "`test_" in line]
    assert rows == [f"| {each.wrong} | `{each.found_by}` |" for each in BROKEN]
    assert len(rows) >= 30


# --- what is shown ------------------------------------------------------------------------------


class Careless(Dispatcher):
    """A wrapper that its author never ran."""

    def do(self, command: Command, *, at: int, by: str | None = None) -> Events:
        events = super().do(command, at=at, by=by)
        if isinstance(command, commands.Merge):
            command.ticket_id.into()  # type: ignore[attr-defined] # the mistake
        return events


def test_an_error_of_a_wrapper_is_shown_as_a_short_script(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Suite(DispatcherContract):
        def desk(self, history: History) -> Dispatcher:
            return Careless(random=Tape(history.seed))

    runs: list[History] = []
    check_all = DispatcherContract.check_all

    def counted(self: DispatcherContract, check: Any) -> None:
        def count(history: History) -> None:
            runs.append(history)
            check(history)

        check_all(self, count)

    monkeypatch.setattr(DispatcherContract, "check_all", counted)
    with pytest.raises(AttributeError, match="into") as caught:
        Suite().test_a_ticket_is_in_one_place_and_with_one_agent()
    (note,) = (each for each in caught.value.__notes__ if each.startswith("The history"))
    lines = note.splitlines()
    assert lines[1].startswith("desk = Dispatcher(")
    assert lines[-1].startswith("desk.merge(")
    assert lines[-1].endswith("# AttributeError: 'str' object has no attribute 'into'")
    assert len(lines) <= 9  # the head, the desk, one agent or two, a queue, tickets, the merge
    assert len(runs) <= 100 + 402


def test_a_world_of_ones_own_keeps_all_its_facts_beside_a_strategy() -> None:
    class Suite(DispatcherContract):
        strategy = "longest_idle"
        world = World(most_agents=2, service_levels=True)

    seen: Counter[int] = Counter()

    @settings(max_examples=20, derandomize=True, database=None, deadline=None)
    @given(Suite().histories())
    def run(history: History) -> None:
        kinds = [call.kind for call in history.opening]
        seen[kinds.count(commands.AddAgent)] += 1
        assert commands.SetCalendar in kinds
        for call in history.opening:
            if call.kind is commands.AddQueue:
                assert str(call.values[0].strategy) == "longest_idle"

    run()
    assert seen.keys() == {2}
