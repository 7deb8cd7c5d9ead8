"""Events as text: every kind comes back as it was, and what cannot be read says where and why."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketroute import Agent, Calendar, Queue, Ticket
from ticketroute.commands import AddAgent, Submit
from ticketroute.events import KINDS, Event
from ticketroute.journal import codec
from ticketroute.journal.codec import Row, checksum, decode, digest_of, encode
from ticketroute.journal.faults import JournalDamagedError, NewerJournalError
from ticketroute.model.frozen import read_only
from ticketroute.model.line_order import Aged, LineOrder
from ticketroute.model.offer import ContactPoint
from ticketroute.model.queue import Defaults
from ticketroute.model.relaxation import Reach
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.sla.policy import Policy
from ticketroute.testing import promised, values

FIXTURE = Path(__file__).with_name("format-1.jsonl")

WHOLE = st.integers(0, 2**53)
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
SPECS = st.sampled_from(["longest_idle", "priority(then=random)", "fewest_taken(window=5)"]).map(
    StrategySpec.of
)
OF_KIND: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: WHOLE,
    bool: st.booleans(),
    float: st.floats(0, 1),
    date: st.dates(),
    Agent: values.agents(),
    Queue: values.queues(members=["a", "b"]),
    Ticket: values.tickets(),
    Defaults: values.defaults(),
    Calendar: promised.calendars(),
    Policy: promised.policies(),
    StrategySpec: SPECS,
    LineOrder: values.line_orders(),
    ContactPoint: values.contact_points(),
    Reach: values.reaches(),
}


def drawn(kind: Any) -> st.SearchStrategy[Any]:
    """Return what generates values of a type, as the fields of events have them."""
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if kind in OF_KIND:
        return OF_KIND[kind]
    if origin in (typing.Union, types.UnionType):
        return st.one_of(st.none(), *(drawn(each) for each in inside if each is not type(None)))
    if origin is tuple and inside[-1] is not Ellipsis:
        return st.tuples(*map(drawn, inside))
    if origin is tuple:
        return st.lists(drawn(inside[0]), max_size=3).map(tuple)
    if origin is frozenset:
        return st.frozensets(drawn(inside[0]), max_size=3)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        pairs = st.dictionaries(drawn(inside[0]), drawn(inside[1]), max_size=3)
        return pairs.map(read_only)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    hints = typing.get_type_hints(kind)
    fields = {each.name: drawn(hints[each.name]) for each in attrs.fields(kind) if each.init}
    bounds = {"weight": st.integers(1, 9), "priority": st.none(), "limit": st.integers(0, 9)}
    if kind.__name__ == "Membership":
        fields = bounds
    return st.builds(kind, **fields)


def kinds_of(base: type[Event]) -> Iterator[type[Event]]:
    """Yield the classes of events that a desk makes."""
    for kind in base.__subclasses__():
        if kind.__subclasses__():
            yield from kinds_of(kind)
        elif not kind.__name__.startswith("_") and kind.__module__.startswith("ticketroute."):
            yield kind


def test_every_event_of_a_desk_has_its_place_in_the_table() -> None:
    made = {kind.__name__: kind for kind in kinds_of(Event)}  # type: ignore[type-abstract, unused-ignore]
    assert {name: kind for name, kind in made.items() if name not in KINDS} == {}


@pytest.mark.parametrize("name", KINDS)
def test_an_event_comes_back_as_it_was(name: str) -> None:
    @settings(max_examples=20)
    @given(drawn(KINDS[name]), WHOLE, WHOLE)
    def comes_back(event: Event, position: int, token: int) -> None:
        row = encode(event).row(position, token)
        found = decode(Row(*json.loads(json.dumps(row))))
        assert found == event
        assert type(found) is type(event)
        assert hash(found) == hash(event)
        assert encode(found) == encode(event)  # fields that equality leaves out, and their order

    comes_back()


def a_row(payload: str = '{"agent":{"id":"ana"}}', **facts: Any) -> Row:
    row = Row(7, 3, 5, "AgentAdded", 1, 0, payload)._replace(**facts)
    crc = checksum(row.position, row.token, row.at, row.kind, row.version, row.payload)
    return row._replace(crc=crc)


def test_a_row_is_readable_text_without_defaults() -> None:
    agent = Agent(id="ana", skills={"sql": 3, "art": 1})
    row = encode(KINDS["AgentAdded"](at=5, agent=agent)).row(7, 3)  # type: ignore[call-arg]
    assert row.payload == '{"agent":{"id":"ana","skills":{"sql":3,"art":1}}}'
    assert (row.kind, row.version, row.at) == ("AgentAdded", 1, 5)
    assert row.crc == checksum(7, 3, 5, "AgentAdded", 1, row.payload)


def test_a_flipped_bit_anywhere_is_found() -> None:
    row = a_row()
    for number in range(len(row.payload) * 8):
        data = bytearray(row.payload.encode())
        data[number // 8] ^= 1 << number % 8
        flipped = row._replace(payload=data.decode(errors="replace"))
        with pytest.raises(JournalDamagedError, match="at position 7: its checksum is wrong"):
            decode(flipped)
    for field in ("position", "token", "at", "version"):
        with pytest.raises(JournalDamagedError):
            decode(row._replace(**{field: getattr(row, field) + 1}))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (a_row(kind="AgentCloned"), "the journal holds version 1 of AgentCloned at position 7"),
        (a_row(version=2), "the journal holds version 2 of AgentAdded at position 7"),
        (a_row('{"agent":{"id":"ana"},"shoe":1}'), "AgentAdded with shoe at position 7"),
        (a_row('{"agent":{"id":"ana","shoe":1}}'), "AgentAdded with shoe at position 7"),
        (a_row('{"agent":{"id":"ana"},"presence":"napping"}'), "'napping' at position 7"),
    ],
)
def test_what_a_later_release_wrote_stops_the_process(row: Row, says: str) -> None:
    with pytest.raises(NewerJournalError) as caught:
        decode(row)
    assert says in str(caught.value)
    assert "upgrade ticketroute in this process" in str(caught.value)


@pytest.mark.parametrize("payload", ["{", "7", '{"agent":7}', '{"agent":{"id":"ana"},"at":"x"}'])
def test_what_is_no_event_is_damage(payload: str) -> None:
    with pytest.raises((JournalDamagedError, NewerJournalError), match="at position 7"):
        decode(a_row(payload))


def test_an_upgrade_leads_from_version_to_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(plain: dict[str, Any]) -> tuple[str, int, dict[str, Any]]:
        return "AgentAdded", 2, {"agent": {"id": plain["name"]}}

    def renamed(plain: dict[str, Any]) -> tuple[str, int, dict[str, Any]]:
        return "AgentAdded", 1, {"name": plain["who"]}

    monkeypatch.setattr(codec, "_CURRENT", {**codec._CURRENT, "AgentAdded": 2})
    monkeypatch.setattr(codec, "UPGRADES", {("AgentAdded", 1): named, ("Hired", 1): renamed})
    for row in (a_row('{"name":"ana"}'), a_row('{"who":"ana"}', kind="Hired")):
        event: Any = decode(row)
        assert event.agent == Agent(id="ana")


def test_equal_commands_have_one_digest_and_others_another() -> None:
    ana, ben = (AddAgent(Agent(id=name)) for name in ("ana", "ben"))
    assert digest_of(ana) == digest_of(AddAgent(Agent(id="ana"))) != digest_of(ben)
    ticket = Ticket(id="t", queue="mail")
    assert digest_of(Submit(ticket)) != digest_of(Submit(attrs.evolve(ticket, weight=2)))


def test_a_line_order_of_the_hosts_own_is_refused_in_words() -> None:
    class Mine(Aged):
        pass

    event = KINDS["QueueAdded"](at=0, queue=Queue(id="q", order=Mine()))  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="a line order Mine of the host's own"):
        encode(event)


def fixture_rows() -> list[Row]:
    return [Row(*json.loads(line)) for line in FIXTURE.read_text().splitlines()]


def test_a_journal_of_the_first_format_can_be_read() -> None:
    rows = fixture_rows()
    assert {row.kind for row in rows} <= set(KINDS)
    for row in rows:
        event = decode(row)
        again = encode(event)
        assert again.kind == row.kind
        assert json.loads(again.payload) == json.loads(row.payload)
