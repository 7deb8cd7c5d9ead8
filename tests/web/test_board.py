"""What a board shows: pictures, streams, explanations, names as they are, and its cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from counting import WITH_C, calls_of
from starlette.applications import Starlette
from starlette.routing import Mount

from ticketroute import Agent, Delivery, OfferPolicy, Queue, Ticket
from ticketroute.desk import Desk
from ticketroute.journal.faults import JournalUnreachableError
from ticketroute.model.instants import hours, seconds
from ticketroute.web import Page, Source, board
from ticketroute.web.picture import explained

Get = Callable[..., Any]


def state(source: Source) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(source.state().body)
    return found


@pytest.fixture
def source(desk: Desk, clock: Any) -> Source:
    return Source(desk, clock=clock, every=0)


def test_a_picture_shows_who_waits_and_that_somebody_is_free(source: Source) -> None:
    mail, chat = state(source)["queues"]
    assert (mail["waiting"], mail["with_room"], mail["free"]) == (2, 2, 2)
    assert mail["reasons"] == {"nobody_available": 2}
    assert mail["why"] == "who fits is not there (2)"
    assert [each["ticket"] for each in mail["next"]] == ["T-french", "T-again"]
    assert (chat["waiting"], chat["oldest"], chat["why"]) == (0, None, "")


def test_a_reason_is_that_of_now_and_not_of_when_the_ticket_came(
    source: Source, desk: Desk
) -> None:
    desk.set_presence("dora", "available")
    for number in range(5):
        desk.submit(Ticket(id=f"more-{number}", queue="mail"))
    mail = state(source)["queues"][0]
    assert set(mail["reasons"]) == {"nobody_free"}
    assert mail["with_room"] == 0


def test_a_picture_shows_agents_and_what_is_due(source: Source, clock: Any, desk: Desk) -> None:
    shown = state(source)
    agents = {each["id"]: each for each in shown["agents"]["shown"]}
    assert [agents[name]["state"] for name in ("ana", "ben", "dora", "emil")] == [
        "busy", "busy", "away", "offline",
    ]  # fmt: skip
    assert agents["dora"]["reason"] == "lunch"
    assert (agents["cleo"]["load"], agents["cleo"]["tickets"]) == (3, ["C0", "C1", "C2"])
    assert (shown["clocks_late"], shown["clocks_open"]) == (8, 8)
    assert shown["due"][0]["ticket"] == "T1"
    assert [each["due"] for each in shown["due"]] == sorted(each["due"] for each in shown["due"])
    assert shown["timers_late_since"] is None
    clock.now += hours(1)
    desk.submit(Ticket(id="new", queue="chat"))
    clock.now += hours(2)
    assert state(source)["timers_late_since"] is not None


def test_rings_are_shown(clock: Any) -> None:
    desk = Desk(clock=clock)
    desk.add_agent(Agent(id="ana"), presence="available")
    policy = OfferPolicy(timeout=seconds(30))
    desk.add_queue(Queue(id="calls", members=["ana"], delivery=Delivery.OFFER, offer=policy))
    desk.submit(Ticket(id="c1", queue="calls"))
    shown = state(Source(desk, clock=clock, every=0))
    calls = shown["queues"][0]
    assert (calls["waiting"], calls["ringing"], calls["why"]) == (1, 1, "agents are asked (1)")
    assert calls["next"][0]["ringing"] == ["ana"]
    assert shown["agents"]["shown"][0]["ringing"] == ["c1"]


def test_the_same_picture_has_the_same_tag(source: Source, desk: Desk, clock: Any) -> None:
    first = source.state()
    clock.now += 1_000
    assert source.state().etag == first.etag
    desk.submit(Ticket(id="new", queue="chat"))
    assert source.state().etag != first.etag


def test_no_requester_and_no_attribute_is_in_a_picture(clock: Any) -> None:
    desk = Desk(clock=clock)
    desk.add_queue(Queue(id="mail"))
    desk.submit(Ticket(id="t1", queue="mail", requester="jo@example.org", tags={"plan-gold"}))
    source = Source(desk, clock=clock)
    told = source.state().body + (source.explanation("t1") or b"")
    assert b"jo@example.org" not in told
    assert b"plan-gold" not in told


def test_an_explanation_is_the_desks_own(source: Source, desk: Desk) -> None:
    told = json.loads(source.explanation("T-french") or b"")
    assert told == json.loads(json.dumps(explained(desk.explain("T-french"))))
    assert told["text"] == str(desk.explain("T-french"))


def test_a_board_shows_the_hosts_names(desk: Desk, clock: Any) -> None:
    names = {"ana": "Ana Ruiz", "mail": "Returns & <refunds>"}
    source = Source(desk, clock=clock, names=names)
    shown = state(source)
    assert shown["queues"][0]["name"] == "Returns & <refunds>"
    assert shown["agents"]["shown"][0]["name"] == "Ana Ruiz"
    told = json.loads(source.explanation("T-french") or b"")
    assert "Ana Ruiz: missing_skill" in told["text"]
    desk.change_agent("ben", name="Ben of the desk")
    late = state(Source(desk, clock=clock))
    assert late["agents"]["shown"][1]["name"] == "Ben of the desk"


NAMES = [
    "<b>returns</b>",
    "a/b",
    "a//b/../c",
    "%2F",
    "a%2Fb?c=d#e",
    "\"quotes' and \\",
    "..",
    ".",
    "T.json",
    "\u05d0\u05d1\u05d2 right to left",
    "x" * 200,
    "<script>alert(1)</script>",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_id_is_found_and_told_as_it_is(clock: Any, get: Get, name: str) -> None:
    desk = Desk(clock=clock)
    desk.add_agent(Agent(id=name, name=f"{name}\x1b[2J\u202e"))
    desk.add_queue(Queue(id=name, members=[name]))
    desk.submit(Ticket(id=name, queue=name))
    app = board(desk, clock=clock)
    shown = json.loads(get(app, "/state.json").body)
    assert shown["queues"][0]["id"] == shown["queues"][0]["next"][0]["ticket"] == name
    reply = get(app, f"/tickets/{name}.json")
    assert reply.status == 200
    assert json.loads(reply.body)["ticket"] == name


@pytest.mark.parametrize("name", ["", "none", "x" * 5_000, "\x00", "a\nb", " "])
def test_a_ticket_that_is_not_there_is_not_found(desk: Desk, get: Get, name: str) -> None:
    assert get(board(desk), f"/tickets/{name}.json").status == 404


@pytest.mark.parametrize("asked", ["-1", "x", "1.5", "9999999", "%F0%9F"])
def test_a_page_of_agents_that_is_no_number_is_refused(desk: Desk, get: Get, asked: str) -> None:
    assert get(board(desk), "/agents.json", query=f"page={asked}").status == 400


def test_agents_come_in_pages(clock: Any, get: Get) -> None:
    desk = Desk(clock=clock)
    for number in range(250):
        desk.add_agent(Agent(id=f"agent-{number:03}"))
    app = board(desk, clock=clock)
    pages = [json.loads(get(app, "/agents.json", query=f"page={n}").body) for n in range(4)]
    assert [len(page["shown"]) for page in pages] == [100, 100, 50, 0]
    assert {page["pages"] for page in pages} == {3}
    seen = [each["id"] for page in pages for each in page["shown"]]
    assert seen == sorted(seen)


def test_of_many_queues_those_with_the_most_waiting_are_shown(clock: Any) -> None:
    desk = Desk(clock=clock)
    for number in range(150):
        desk.add_queue(Queue(id=f"q{number}"))
    desk.submit(Ticket(id="t1", queue="q149"))
    shown = state(Source(desk, clock=clock))
    assert (shown["queues_total"], len(shown["queues"])) == (150, 100)
    assert shown["queues"][0]["id"] == "q149"


def test_an_empty_desk_has_a_picture(clock: Any) -> None:
    shown = state(Source(Desk(clock=clock), clock=clock))
    assert (shown["queues"], shown["due"], shown["agents"]["total"]) == ([], [], 0)


# --- over HTTP --------------------------------------------------------------------------------


def test_a_known_picture_is_not_sent_again(desk: Desk, clock: Any, get: Get) -> None:
    app = board(desk, clock=clock)
    first = get(app, "/state.json")
    again = get(app, "/state.json", headers={"if-none-match": f'W/{first.headers["etag"]}, "x"'})
    assert (again.status, again.body) == (304, b"")
    assert get(app, "/state.json", headers={"if-none-match": '"other"'}).status == 200


def test_a_board_works_below_a_path(desk: Desk, clock: Any, get: Get) -> None:
    host = Starlette(routes=[Mount("/team/board", board(desk, clock=clock))])
    assert get(host, "/team/board/").body == Page().html
    assert get(host, "/team/board/state.json").status == 200
    assert get(host, "/team/board").status == 307
    html = Page().html.decode()
    assert 'src="/' not in html
    assert 'href="/' not in html


def test_a_title_is_text(desk: Desk, get: Get) -> None:
    html = get(board(desk, title='<i>"T" & co</i>'), "/").text
    assert "<i>" not in html
    assert html.count("&lt;i&gt;&quot;T&quot; &amp; co&lt;/i&gt;") == 2


def blocks(body: bytes) -> list[str]:
    return [each for each in body.decode().split("\n\n") if each]


def test_a_stream_sends_a_picture_when_there_is_a_new_one_and_ends(
    desk: Desk, clock: Any, several: Any
) -> None:
    async def run() -> Any:
        app = board(desk, clock=clock, life=1, every=0.05)
        stream = asyncio.create_task(several(app, "/events"))
        await asyncio.sleep(0.4)
        desk.submit(Ticket(id="new", queue="chat"))
        return await asyncio.wait_for(stream, 20)

    told = blocks(asyncio.run(run()).body)
    assert told[0] == "retry: 500"
    pictures = [json.loads(each.split("data: ", 1)[1]) for each in told[1:]]
    assert [picture["queues"][1]["assigned"] for picture in pictures] == [3, 4]


def test_a_browser_that_comes_back_is_not_sent_what_it_has(
    desk: Desk, clock: Any, get: Get
) -> None:
    app = board(desk, clock=clock, life=1)
    etag = json.loads(get(app, "/state.json").headers["etag"])
    told = blocks(get(app, "/events", headers={"last-event-id": etag}).body)
    assert told == ["retry: 500"]


def test_a_viewer_who_goes_away_ends_their_stream_alone(
    desk: Desk, clock: Any, several: Any
) -> None:
    async def run() -> list[float]:
        app = board(desk, clock=clock, life=3, every=0.05)
        ends = []

        async def view(leave_after: int | None) -> None:
            await several(app, "/events", leave_after=leave_after)
            ends.append(0.0 if leave_after else 1.0)

        await asyncio.wait_for(asyncio.gather(view(None), view(2), view(2)), 30)
        return ends

    assert asyncio.run(run()) == [0.0, 0.0, 1.0]


def test_a_hundred_viewers_make_one_look(
    desk: Desk, clock: Any, several: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(viewers: int) -> tuple[int, list[Any]]:
        app = board(desk, clock=clock, life=1, every=0.3)
        looks = 0
        look = app._source._watch.look

        def counted() -> None:
            nonlocal looks
            looks += 1
            look()

        monkeypatch.setattr(app._source._watch, "look", counted)
        replies = await asyncio.gather(*(several(app, "/events") for _ in range(viewers)))
        return looks, replies

    looks, replies = asyncio.run(run(100))
    assert looks <= 6
    assert all(len(blocks(reply.body)) == 2 for reply in replies)


def test_asking_for_the_headers_of_a_stream_makes_no_stream(
    desk: Desk, clock: Any, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = board(desk, clock=clock)
    monkeypatch.setattr(app, "_stream", None)
    reply = get(app, "/events", method="HEAD")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"


class Unreachable(Desk):
    def refresh(self) -> None:
        raise JournalUnreachableError("PostgreSQL", "gone")


def test_while_the_database_is_away_the_last_picture_stays(
    desk: Desk, clock: Any, get: Get
) -> None:
    source = Source(desk, clock=clock, every=0)
    before = state(source)
    desk.__class__ = Unreachable
    after = state(source)
    assert (before.pop("stale"), after.pop("stale")) == (False, True)
    assert after == before
    desk.__class__ = Desk
    assert state(source)["stale"] is False


def test_a_board_whose_database_never_answered_says_so(desk: Desk, clock: Any, get: Get) -> None:
    desk.__class__ = Unreachable
    app = board(desk, clock=clock, life=1)
    assert get(app, "/state.json").status == 503
    assert blocks(get(app, "/events").body) == ["retry: 500"]


def test_those_who_ask_at_once_do_not_each_wait_for_a_lost_database(desk: Desk, clock: Any) -> None:
    asked = []

    class Counted(Desk):
        def refresh(self) -> None:
            asked.append(1)
            raise JournalUnreachableError("PostgreSQL", "gone")

    desk.__class__ = Counted
    source = Source(desk, clock=clock, every=60)
    for _ in range(5):
        with pytest.raises(JournalUnreachableError):
            source.state()
    assert len(asked) == 1


# --- kept desks -------------------------------------------------------------------------------


def test_a_board_shows_what_other_processes_do(tmp_path: Path, clock: Any) -> None:
    path = tmp_path / "desk.db"
    with Desk.open(path, clock=clock) as here, Desk.open(path, clock=clock) as there:
        source = Source(here, clock=clock, every=0)
        assert state(source)["queues"] == []
        there.add_queue(Queue(id="mail"))
        there.submit(Ticket(id="t1", queue="mail"))
        assert state(source)["queues"][0]["waiting"] == 1


# --- files ------------------------------------------------------------------------------------


def test_the_page_is_small_and_loads_nothing_from_elsewhere() -> None:
    page = Page()
    sent = [page.html, *(file.body for file in page.files.values())]
    assert sum(map(len, sent)) < 10_000
    for body in sent:
        told = body.decode().replace("http://www.w3.org/2000/svg", "")
        assert "://" not in told
        assert "innerHTML" not in told
        assert "eval(" not in told
        assert "style=" not in told


# --- cost -------------------------------------------------------------------------------------


def big(agents: int, clock: Any) -> Desk:
    desk = Desk(clock=clock)
    names = [f"agent-{number}" for number in range(agents)]
    for name in names:
        desk.add_agent(Agent(id=name, capacity=5), presence="available")
    for number in range(10):
        desk.add_queue(Queue(id=f"q{number}", members=names[number::10]))
    return desk


def test_a_picture_of_ten_thousand_agents_costs_as_much_as_some_submits(clock: Any) -> None:
    """Counted in function calls: 7.7 submits after one of them, 23.8 after ten in ten queues."""
    desk = big(10_000, clock)
    source = Source(desk, clock=clock, every=0)
    source.state()
    after_ten = 0
    for turn in range(2):  # the first picture after a change makes more than the later ones
        for number in range(10):
            desk.submit(Ticket(id=f"t{turn}-{number}", queue=f"q{number}"))
        after_ten = calls_of(source.state, WITH_C)
    submit = calls_of(partial(desk.submit, Ticket(id="one more", queue="q0")), WITH_C)
    assert calls_of(source.state, WITH_C) <= 20 * submit
    assert after_ten <= 26 * submit


def test_the_cost_of_a_picture_does_not_grow_with_the_number_of_agents(clock: Any) -> None:
    """A scan would cost a hundred times as much for a hundred times as many agents."""
    taken = []
    for agents in (100, 10_000):
        desk = big(agents, clock)
        source = Source(desk, clock=clock, every=0)
        source.state()
        for turn in range(10):
            desk.submit(Ticket(id=f"t{turn}", queue="q0"))
        taken.append(calls_of(source.state, WITH_C))
    few, many = taken
    assert many <= 1.1 * few
