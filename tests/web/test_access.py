"""Who may look at a board: every route and method, hosts, proxies and tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute.desk import Desk
from ticketroute.desk.commands import Commands
from ticketroute.errors import InvalidValueError
from ticketroute.web import HEADERS, Page, Source, board
from ticketroute.web.access import COOKIE

TOKEN = "s3cret-token-of-20ch"  # noqa: S105  of these tests
ROUTES = [
    "/",
    "/state.json",
    "/agents.json",
    "/events",
    "/tickets/T1.json",
    "/nothing",
    "/static/x",
]
Get = Callable[..., Any]


@pytest.fixture
def app(desk: Desk, clock: Any) -> Any:
    return board(desk, clock=clock, life=1)


@pytest.fixture
def guarded(desk: Desk, clock: Any) -> Any:
    return board(desk, clock=clock, token=TOKEN)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_a_board_can_only_be_read(app: Any, get: Get, path: str, method: str) -> None:
    reply = get(app, path, method=method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ROUTES)
def test_every_answer_has_the_headers(app: Any, guarded: Any, get: Get, path: str) -> None:
    for reply in (
        get(app, path),
        get(app, path, method="HEAD"),
        get(app, path, method="POST"),
        get(app, path, client="192.0.2.7"),
        get(guarded, path),
    ):
        for name, value in HEADERS.items():
            if name != "cache-control":
                assert reply.headers[name] == value, (path, name)
        assert "cache-control" in reply.headers


def test_the_policy_allows_the_own_origin_alone() -> None:
    assert HEADERS["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def test_routes_answer_as_the_table_says(app: Any, get: Get) -> None:
    page = Page()
    kinds = {path: get(app, path) for path in ROUTES}
    assert [kinds[path].status for path in ROUTES] == [200, 200, 200, 200, 200, 404, 404]
    assert kinds["/"].headers["content-type"] == "text/html; charset=utf-8"
    assert kinds["/state.json"].headers["content-type"] == "application/json"
    assert kinds["/events"].headers["content-type"] == "text/event-stream; charset=utf-8"
    for name, file in page.files.items():
        reply = get(app, f"/static/{name}")
        assert (reply.status, reply.body) == (200, file.body)
        assert reply.headers["cache-control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize("client", ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:80", "[::1]:8000", "[::1]"]
)
def test_this_machine_may_look(app: Any, get: Get, client: str, host: str) -> None:
    assert get(app, "/", client=client, headers={"host": host}).status == 200


@pytest.mark.parametrize("client", ["192.0.2.7", "10.0.0.1", "::ffff:10.0.0.1", "", None, "unix"])
def test_another_machine_may_not_look(app: Any, get: Get, client: str | None) -> None:
    reply = get(app, "/state.json", client=client)
    assert reply.status == 403
    assert "token= or allow=" in reply.text


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", ""],
)
def test_a_foreign_name_that_leads_here_may_not_look(app: Any, get: Get, host: str) -> None:
    assert get(app, "/state.json", headers={"host": host}).status == 403


@pytest.mark.parametrize("name", ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"])
def test_behind_a_proxy_a_token_is_needed(app: Any, guarded: Any, get: Get, name: str) -> None:
    reply = get(app, "/state.json", headers={name: "for=127.0.0.1"})
    assert reply.status == 403
    assert "proxy" in reply.text
    told = {name: "for=192.0.2.7", "authorization": f"Bearer {TOKEN}", "host": "desk.example"}
    assert get(guarded, "/state.json", headers=told, client="127.0.0.1").status == 200


def test_a_token_is_given_once_and_kept_in_a_cookie(guarded: Any, get: Get) -> None:
    assert get(guarded, "/state.json").status == 401
    reply = get(guarded, "/", query=f"a=1&token={TOKEN}&b=2", root_path="/board")
    assert (reply.status, reply.headers["location"]) == (303, "/board/?a=1&b=2")
    cookie = reply.headers["set-cookie"]
    assert "Path=/board/;" in cookie
    assert cookie.endswith("HttpOnly; SameSite=Strict")
    assert TOKEN not in cookie
    pair = cookie.partition(";")[0]
    assert get(guarded, "/state.json", headers={"cookie": pair}).status == 200
    over_https = get(guarded, "/", query=f"token={TOKEN}", scheme="https")
    assert over_https.headers["set-cookie"].endswith("; Secure")


@pytest.mark.parametrize(
    ("path", "host", "leads_to"),
    [
        ("//evil.example/", "localhost", "/evil.example/"),
        ("/", "evil.example/x?y=", "/"),
        ("/tickets/a b\r\nX: y.json", "localhost", "/tickets/a%20b%0D%0AX%3A%20y.json"),
    ],
)
def test_the_way_on_stays_on_this_server(
    guarded: Any, get: Get, path: str, host: str, leads_to: str
) -> None:
    reply = get(guarded, path, query=f"token={TOKEN}", headers={"host": host})
    assert (reply.status, reply.headers["location"]) == (303, leads_to)


@pytest.mark.parametrize(
    "told",
    [
        {"authorization": "Bearer wrong-token-0123456"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": TOKEN},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": "Bearer \u00e9\u00e8"},
        {"cookie": f"{COOKIE}={TOKEN}"},
        {"cookie": f"{COOKIE}="},
    ],
)
def test_a_wrong_token_is_refused(guarded: Any, get: Get, told: dict[str, str]) -> None:
    reply = get(guarded, "/state.json", headers=told)
    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in reply.text


def test_a_wrong_token_in_the_address_is_refused_though_a_cookie_is_there(
    guarded: Any, get: Get
) -> None:
    cookie = get(guarded, "/", query=f"token={TOKEN}").headers["set-cookie"].partition(";")[0]
    assert get(guarded, "/", query="token=wrong", headers={"cookie": cookie}).status == 401


@given(said=st.text(max_size=40))
def test_no_other_text_is_the_token(said: str) -> None:
    from ticketroute.web.access import _same  # noqa: PLC0415

    assert _same(said, TOKEN) is (said == TOKEN)


@pytest.mark.parametrize("answer", [False, None, "yes", 1])
def test_only_true_of_the_hosts_own_check_lets_a_request_pass(
    desk: Desk, clock: Any, get: Get, answer: object
) -> None:
    def plain(_: Any) -> Any:
        return answer

    async def waits(_: Any) -> Any:
        return answer

    for allow in (plain, waits):
        app = board(desk, clock=clock, allow=allow)
        assert get(app, "/state.json").status == 403


def test_the_hosts_own_check_sees_the_request(desk: Desk, clock: Any, get: Get) -> None:
    async def staff(request: Any) -> bool:
        return bool(request.headers.get("x-user") == "boss")

    app = board(desk, clock=clock, allow=staff)
    told = {"x-user": "boss", "host": "desk.example", "x-forwarded-for": "192.0.2.7"}
    assert get(app, "/state.json", headers=told, client="192.0.2.1").status == 200
    assert get(app, "/state.json").status == 403
    both = board(desk, clock=clock, allow=staff, token=TOKEN)
    assert get(both, "/state.json", headers=told).status == 401
    assert get(both, "/state.json", headers={"authorization": f"Bearer {TOKEN}"}).status == 403


def test_nothing_of_the_board_gives_commands(desk: Desk, clock: Any, get: Get) -> None:
    """A desk whose every command fails serves every route."""
    commands = [name for name in vars(Commands) if not name.startswith("_")]
    assert {"submit", "resolve", "do"} <= set(commands)

    class Looked(Desk):
        def __getattribute__(self, name: str) -> Any:
            if name in commands or name in ("together", "inside", "advance", "consume", "run"):
                raise AssertionError(f"the board asked for the command {name}")
            return super().__getattribute__(name)

    desk.__class__ = Looked
    app = board(desk, clock=clock, life=1)
    statuses = [get(app, path).status for path in ROUTES]
    assert statuses == [200, 200, 200, 200, 200, 404, 404]


@pytest.mark.parametrize("token", ["", "short", "with spaces in the token", "x" * 201, 12345, b"x"])
def test_a_token_that_is_easy_to_guess_or_breaks_an_address_is_refused(
    desk: Desk, token: Any
) -> None:
    with pytest.raises(InvalidValueError, match="token is") as caught:
        board(desk, token=token)
    assert not isinstance(token, str) or not token or token not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("every", -1),
        ("every", float("nan")),
        ("every", "1"),
        ("life", 0),
        ("life", 4_000),
        ("zone", "Mars/Olympus"),
        ("target", -1),
        ("allow", "staff"),
    ],
)
def test_bad_options_are_refused_by_name(desk: Desk, name: str, value: Any) -> None:
    with pytest.raises(InvalidValueError, match=name):
        board(desk, **{name: value})


def test_something_else_than_a_desk_is_refused() -> None:
    wrong: Any = object()
    with pytest.raises(TypeError, match=r"takes a Desk, not object"):
        Source(wrong)
