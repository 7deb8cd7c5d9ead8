"""Whoever is compared assigns to the same agents; who cannot be had is named with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NoReturn

import pytest

from benchmarks import peers, servers, world
from benchmarks.cycle import DeskCycle
from benchmarks.rounds import Effort
from benchmarks.table import ABSENT, lines
from ticketroute import Ticket
from ticketroute.model import AgentId, TicketId

TINY = Effort(sizes=(20,), lines=(20,), timers=(20,), items=(20,), rounds=1, seconds=1e-4)
NAMES = (
    "linear scan",
    "numpy argmin",
    "pqdict",
    "sqlite in memory",
    "sqlite on disk",
    "Redis sorted set",
    "PostgreSQL",
)
SERVERS = ("Redis sorted set", "PostgreSQL")


@pytest.fixture(scope="module")
def makers() -> Iterator[dict[str, peers.Make | str]]:
    with ExitStack() as stack:
        yield peers.makers(stack)


class ObviousScan:
    """The least loaded with room, longest since last assigned, then id."""

    def __init__(self, capacities: dict[AgentId, int]) -> None:
        self.capacities = capacities
        self.load = dict.fromkeys(capacities, 0)
        self.last = dict.fromkeys(capacities, 0)
        self.agent_of: dict[TicketId, AgentId] = {}
        self.given = 0

    def submit(self, ticket: Ticket) -> AgentId:
        free = [each for each, most in self.capacities.items() if self.load[each] < most]
        agent_id = min(free, key=lambda each: (self.load[each], self.last[each], each))
        self.place(ticket, agent_id)
        return agent_id

    def place(self, ticket: Ticket, agent_id: AgentId) -> None:
        self.given += 1
        self.load[agent_id] += 1
        self.last[agent_id] = self.given
        self.agent_of[ticket.id] = agent_id

    def resolve(self, ticket_id: TicketId) -> None:
        self.load[self.agent_of.pop(ticket_id)] -= 1


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.external] if name in SERVERS else []) for name in NAMES],
)
def test_a_peer_assigns_to_whom_an_obvious_scan_assigns(
    makers: dict[str, peers.Make | str], name: str, do_without: Callable[[str], NoReturn]
) -> None:
    make = makers[name]
    if isinstance(make, str):
        do_without(f"{name}: {make}")
    everyone = world.agents(20, skilled=False)
    desk = DeskCycle(everyone, world.Work(skilled=False), strategy="average_load")
    scan = ObviousScan({agent.id: world.capacity_of(agent) for agent in everyone})
    for ticket, agent_id in desk.placed:
        scan.place(ticket, agent_id)
    work = world.Work(skilled=False, first=20)
    with closing(make(everyone, desk.placed, world.Work(skilled=False))) as peer:
        for step, ticket in enumerate(work.tickets(200)):
            expected = scan.submit(ticket)
            peer.submit(ticket)
            assert peer.agent_of(ticket.id) == expected
            if step >= 15:  # until then, load grows up to nearly full
                place = work.places(1, len(scan.agent_of))[0]
                ended = list(scan.agent_of)[place]
                scan.resolve(ended)
                peer.resolve(ended)


def test_all_are_there_or_say_why(makers: dict[str, peers.Make | str]) -> None:
    assert tuple(makers) == NAMES
    assert all(make in servers.REASONS for make in makers.values() if isinstance(make, str))


@pytest.mark.parametrize(
    ("ci", "outcome"),
    [(None, pytest.skip.Exception), ("", pytest.skip.Exception), ("true", pytest.fail.Exception)],
)
def test_who_is_not_there_is_skipped_at_a_desk_and_fails_in_ci(
    ci: str | None,
    outcome: type[BaseException],
    do_without: Callable[[str], NoReturn],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if ci is None:
        monkeypatch.delenv("CI", raising=False)
    else:
        monkeypatch.setenv("CI", ci)

    with pytest.raises(outcome, match="no server"):
        do_without("no server")


def test_what_is_not_installed_is_named_as_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_: str) -> Any:
        return None

    monkeypatch.setattr(peers, "found", nothing)
    monkeypatch.setattr(servers, "found", nothing)
    rows = list(peers.rows(TINY))

    absent = {row.yardstick for row in rows if row.skipped == ABSENT}
    assert absent == {"numpy argmin", "pqdict", "Redis sorted set", "PostgreSQL"}
    assert max(len(line) for line in lines(rows)) <= 100


def test_a_server_that_is_not_there_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "found", lambda _: object())
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr(servers, "DEBIAN", Path("/nowhere"))

    with pytest.raises(servers.MissingError, match=servers.NO_REDIS), servers.redis_client():
        pass
    with (
        pytest.raises(servers.MissingError, match=servers.NO_POSTGRES),
        servers.postgres_connection(),
    ):
        pass


def test_a_peer_is_not_measured_beyond_its_most_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "MOST_AGENTS", {"linear scan": 10})
    rows = {row.yardstick: row for row in peers.rows(TINY)}

    assert rows["linear scan"].skipped == "not above 10"
    assert rows["sqlite in memory"].ratio is not None
