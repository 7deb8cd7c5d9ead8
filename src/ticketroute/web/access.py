"""Who may look at a board."""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from inspect import isawaitable
from ipaddress import ip_address
from urllib.parse import quote, urlencode

from attrs import frozen
from starlette.requests import Request

from ticketroute.errors import InvalidValueError

Allow = Callable[[Request], "bool | Awaitable[bool]"]

COOKIE = "ticketroute_board"
LONGEST_STAY = 30 * 86_400  # seconds that a browser keeps the cookie
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,200}")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@frozen
class Answer:
    """An answer in place of the board: status, text, and headers of its own."""

    status: int
    text: str
    headers: Mapping[str, str] = {}


class Access:
    """Decides who may look: holders of a token, whom the host allows, or else this machine."""

    def __init__(self, token: str | None, allow: Allow | None) -> None:
        if token is not None and not (isinstance(token, str) and _TOKEN.fullmatch(token)):
            raise InvalidValueError(
                "token",
                "..." if isinstance(token, str) else token,  # never shown
                "16 to 200 letters, digits or any of . _ ~ - ; secrets.token_urlsafe() makes one",
            )
        if allow is not None and not callable(allow):
            raise InvalidValueError("allow", allow, "a function of the request, or None")
        self._token, self._allow = token, allow

    async def refusal(self, request: Request) -> Answer | None:
        """Return what is answered in place of the board, or None where it may be seen."""
        if request.method not in ("GET", "HEAD"):
            return Answer(405, "a board can only be read", {"allow": "GET, HEAD"})
        if self._token is None and self._allow is None:
            return _on_this_machine(request)
        if self._token is not None:
            answer = self._by_token(request, self._token)
            if answer is not None:
                return answer
        if self._allow is not None:
            allowed = self._allow(request)
            if isawaitable(allowed):
                allowed = await allowed
            if allowed is not True:
                return Answer(403, "you may not see this board")
        return None

    def _by_token(self, request: Request, token: str) -> Answer | None:
        given = request.query_params.get("token")
        if given is not None:
            if not _same(given, token):
                return _UNKNOWN
            return Answer(
                303, "", {"location": _without_token(request), "set-cookie": self._cookie(request)}
            )
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(bearer.strip(), token):
            return None
        if _same(request.cookies.get(COOKIE, ""), _seal(token)):
            return None
        return _UNKNOWN

    def _cookie(self, request: Request) -> str:
        path = request.scope.get("root_path", "").rstrip("/") + "/"
        secure = "; Secure" if request.url.scheme == "https" else ""
        return (
            f"{COOKIE}={_seal(self._token or '')}; Path={path}; Max-Age={LONGEST_STAY}; "
            f"HttpOnly; SameSite=Strict{secure}"
        )


_UNKNOWN = Answer(
    401,
    "this board needs its token: open it once with ?token=..., or send it as a bearer token",
    {"www-authenticate": 'Bearer realm="ticketroute board"'},
)


def _seal(token: str) -> str:
    """Return what the cookie holds: it proves the token and does not give it away."""
    return sha256(b"ticketroute board\0" + token.encode()).hexdigest()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def _without_token(request: Request) -> str:
    """Return the address on this server without the token, whatever the Host header says."""
    path = "/" + quote(request.scope["path"].lstrip("/"))
    rest = [(key, told) for key, told in request.query_params.multi_items() if key != "token"]
    return f"{path}?{urlencode(rest)}" if rest else path


def _on_this_machine(request: Request) -> Answer | None:
    """Refuse whoever does not sit at this machine, and pages that only pretend to be it."""
    for name in _FORWARDED:
        if name in request.headers:
            return Answer(
                403,
                "this board is behind a proxy, where everybody seems to be this machine; "
                "give board() a token= or allow=",
            )
    client = request.client.host if request.client is not None else ""
    if not _is_loopback(client):
        return Answer(
            403,
            "without a token this board is for its own machine; give board() a token= or allow=",
        )
    host = request.headers.get("host", "")
    name = host.rpartition(":")[0] if re.search(r":\d*$", host) else host
    if name.lower() != "localhost" and not _is_loopback(name.strip("[]")):
        return Answer(
            403,
            "without a token this board answers to localhost alone, not to the name in the Host "
            "header; give board() a token= or allow=",
        )
    return None


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
