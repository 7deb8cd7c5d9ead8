"""The board on a real server: it starts, is seen, and stops in time with viewers on it."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sys
import textwrap
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from ticketroute import Agent, Queue, Ticket
from ticketroute.cli.program import run
from ticketroute.desk import Desk
from ticketroute.web import Page

TOKEN = "s3cret-token-of-20ch"  # noqa: S105  of these tests


def ask(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", path, headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.read()


def stream(port: int) -> socket.socket:
    """Open a stream and return it once the first picture is there."""
    opened = socket.create_connection(("127.0.0.1", port), 20)
    opened.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    told = b""
    while b"data: " not in told:
        told += opened.recv(65_536)
    return opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "desk.db"
    Desk.open(found).close()
    return found


SERVE = ("-m", "ticketroute.cli", "serve")


def test_serve_shows_a_kept_desk_and_what_others_do_to_it(
    serve: Any, path: Path, tmp_path: Path
) -> None:
    running = serve(*SERVE, str(path), "--port", "{port}", "--title", "Our desk")
    status, html = ask(running.port, "/")
    assert (status, b"<h1>Our desk</h1>" in html) == (200, True)
    said = (tmp_path / "server-0.txt").read_text()
    assert said.startswith(f"The board is at http://127.0.0.1:{running.port}/")
    with Desk.open(path) as desk:
        desk.add_queue(Queue(id="mail"))
    end = monotonic() + 20
    while not json.loads(ask(running.port, "/state.json")[1])["queues"]:
        assert monotonic() < end
        sleep(0.1)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_serve_stops_at_once_with_viewers_on_it(
    serve: Any, path: Path, how: signal.Signals, tmp_path: Path
) -> None:
    running = serve(*SERVE, str(path), "--port", "{port}")
    viewers = [stream(running.port) for _ in range(3)]
    code = running.stop(how, within=10)
    assert code == (0 if how is signal.SIGINT else -how)
    said = (tmp_path / "server-0.txt").read_text().splitlines()
    assert [line.split(" at ")[0] for line in said] == ["The board is"]
    for viewer in viewers:
        viewer.close()


def test_a_plain_server_stops_when_its_streams_have_lived_their_life(
    serve: Any, path: Path, tmp_path: Path
) -> None:
    """Without any option of uvicorn."""
    (tmp_path / "app.py").write_text(
        textwrap.dedent(f"""
        from ticketroute.desk import Desk
        from ticketroute.web import board

        app = board(Desk.open({str(path)!r}), life=3)
        """)
    )
    running = serve("-m", "uvicorn", "app:app", "--port", "{port}", "--log-level", "warning")
    viewer = stream(running.port)
    running.stop(within=3 + 3 + 4)  # the life, what H11 allows beside it, and a busy machine
    viewer.close()
    assert (tmp_path / "server-0.txt").read_text() == ""


def test_a_hundred_viewers_are_served_and_may_leave_as_they_like(
    serve: Any, path: Path, tmp_path: Path
) -> None:
    running = serve(*SERVE, str(path), "--port", "{port}")
    viewers = [stream(running.port) for _ in range(100)]
    for viewer in viewers[::2]:
        viewer.close()
    assert ask(running.port, "/state.json")[0] == 200
    for viewer in viewers[1::2]:
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # reset
        viewer.close()
    assert ask(running.port, "/state.json")[0] == 200
    running.stop(within=10)
    assert "Traceback" not in (tmp_path / "server-0.txt").read_text()


def test_a_viewer_whose_connection_hangs_does_not_keep_serve_from_stopping(
    serve: Any, path: Path
) -> None:
    running = serve(*SERVE, str(path), "--port", "{port}")
    viewer = stream(running.port)
    with Desk.open(path) as desk:
        for number in range(200):
            desk.add_agent(Agent(id=f"{number}-{'x' * 190}"))
    assert ask(running.port, "/state.json")[0] == 200  # the viewer reads none of it
    running.stop(within=15)
    viewer.close()


def test_serve_with_a_token(serve: Any, path: Path) -> None:
    running = serve(*SERVE, str(path), "--port", "{port}", TICKETROUTE_TOKEN=TOKEN)
    assert ask(running.port, "/state.json")[0] == 401
    told = {"Authorization": f"Bearer {TOKEN}", "Host": "desk.example"}
    assert ask(running.port, "/state.json", **told)[0] == 200
    assert ask(running.port, "/state.json", Host="desk.example")[0] == 401


def test_a_foreign_host_and_a_proxy_are_refused(serve: Any, path: Path) -> None:
    running = serve(*SERVE, str(path), "--port", "{port}")
    assert ask(running.port, "/state.json", Host="evil.example")[0] == 403
    assert ask(running.port, "/state.json", **{"X-Forwarded-For": "127.0.0.1"})[0] == 403
    assert ask(running.port, "/state.json")[0] == 200


def test_bad_input_is_one_message(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*arguments: str) -> str:
        assert run(["serve", *arguments]) != 0
        return capsys.readouterr().err

    assert "other machines; give a --token" in said(str(path), "--host", "192.0.2.1")
    assert "does not exist" in said(str(path.with_name("none.db")))
    assert "token is" in said(str(path), "--token", "short")
    assert "zone" in said(str(path), "--tz", "Mars/Olympus")
    assert "'other'" in said(str(path), "--desk", "other")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}: Address already in use" in said(str(path), "--port", str(port))
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'ticketroute[serve]'" in said(str(path))


WSGI = """
from wsgiref.simple_server import WSGIRequestHandler, make_server
from ticketroute.desk import Desk
from ticketroute.web import HEADERS, Page, Source

source, page = Source(Desk.open({path!r})), Page("Over WSGI")


def answer(path):
    if path == "/board/":
        return "200 OK", "text/html; charset=utf-8", page.html
    if path == "/board/state.json":
        return "200 OK", "application/json", source.state().body
    if path.startswith("/board/tickets/"):
        told = source.explanation(path.removeprefix("/board/tickets/").removesuffix(".json"))
        return "404 Not Found" if told is None else "200 OK", "application/json", told or b""
    file = page.files.get(path.removeprefix("/board/static/"))
    if file is not None:
        return "200 OK", file.kind, file.body
    return "404 Not Found", "text/plain", b""


def app(environ, start_response):
    status, kind, body = answer(environ["PATH_INFO"])
    start_response(status, [("Content-Type", kind), *HEADERS.items()])
    return [body]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


make_server("127.0.0.1", {port}, app, handler_class=Quiet).serve_forever()
"""


def test_source_and_page_are_enough_for_a_host_without_asgi(
    serve: Any, path: Path, tmp_path: Path
) -> None:
    with Desk.open(path) as desk:
        desk.add_queue(Queue(id="mail"))
        desk.submit(Ticket(id="t1", queue="mail"))
    text = WSGI.replace("{path!r}", repr(str(path))).replace("{port}", "int(sys.argv[1])")
    (tmp_path / "app.py").write_text("import sys\n" + text)
    running = serve("app.py", "{port}")
    status, html = ask(running.port, "/board/")
    assert status == 200
    for name in Page("Over WSGI").files:
        assert name.encode() in html
        assert ask(running.port, f"/board/static/{name}")[0] == 200
    assert json.loads(ask(running.port, "/board/state.json")[1])["queues"][0]["waiting"] == 1
    assert "no_members" in json.loads(ask(running.port, "/board/tickets/t1.json")[1])["text"]
    assert ask(running.port, "/board/tickets/t2.json")[0] == 404
    assert ask(running.port, "/board/events")[0] == 404
