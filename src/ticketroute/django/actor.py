"""Who gives a command: the user of the request, for ``by`` in events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction

_ACTOR: ContextVar[Callable[[], str | None] | None] = ContextVar("ticketroute_actor", default=None)


def actor() -> str | None:
    """Return who acts: the primary key of the request's user as a text, or None."""
    found = _ACTOR.get()
    return None if found is None else found()


@contextmanager
def acting(who: str | Callable[[], str | None] | None) -> Iterator[None]:
    """Give commands in this block in somebody's name."""
    named = who if callable(who) or who is None else lambda: who
    token = _ACTOR.set(named)
    try:
        yield
    finally:
        _ACTOR.reset(token)


def _user_of(request: Any) -> Callable[[], str | None]:
    """Return what finds the user when it is asked for: requests that decide nothing ask nothing."""

    def found() -> str | None:
        user = getattr(request, "user", None)
        return str(user.pk) if user is not None and user.is_authenticated else None

    return found


class ActorMiddleware:
    """Gives the commands of a request in the name of its user; after AuthenticationMiddleware."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        """Answer a request."""
        if self.is_async:
            return self._answer(request)
        with acting(_user_of(request)):
            return self.get_response(request)

    async def _answer(self, request: Any) -> Any:
        with acting(_user_of(request)):
            return await self.get_response(request)
