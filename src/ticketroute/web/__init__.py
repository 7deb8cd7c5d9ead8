"""A board for supervisors: what waits and why, who works on what, and what is due, read-only.

``board`` makes an ASGI application and needs the extra ``web``. ``Source`` and ``Page`` have the
same answers without a framework, for hosts that serve them by their own views.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticketroute.web.page import HEADERS as HEADERS
from ticketroute.web.page import Page as Page
from ticketroute.web.source import Source as Source

if TYPE_CHECKING:
    from ticketroute.web.app import Board as Board
    from ticketroute.web.app import board as board

__all__ = ["HEADERS", "Board", "Page", "Source", "board"]

HOW_TO_INSTALL = (
    "ticketroute.web.board needs the package {name!r}, which is not installed; "
    "install it with: pip install 'ticketroute[web]'"
)


def __getattr__(name: str) -> object:
    if name not in ("board", "Board"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from ticketroute.web import app  # noqa: PLC0415  Source and Page go without starlette
    except ModuleNotFoundError as fault:
        package = (fault.name or "").partition(".")[0]
        if package not in ("anyio", "starlette"):
            raise
        raise ImportError(HOW_TO_INSTALL.format(name=package)) from fault
    return getattr(app, name)
