"""The page and its files, under names that change with what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from html import escape
from importlib.resources import files
from types import MappingProxyType

from attrs import frozen

#: Headers of every answer. The page loads from its own origin alone and runs no inline script.
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "content-security-policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
        ),
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
)
KEPT = "private, max-age=31536000, immutable"  # a file of this name never changes

_KINDS = {
    "board.css": "text/css; charset=utf-8",
    "board.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@frozen
class StaticFile:
    """A file that the page loads: its bytes and its media type."""

    body: bytes
    kind: str


class Page:
    """The HTML page of a board, with the two files and the icon that it loads.

    All addresses in it are relative, so that it works below any path that ends in a slash.
    """

    def __init__(self, title: str = "Board") -> None:
        folder = files("ticketroute.web") / "static"
        #: by the name under ``static/``
        self.files: dict[str, StaticFile] = {}
        text = (folder / "board.html").read_text(encoding="utf-8")
        for name, kind in _KINDS.items():
            sent = slim((folder / name).read_text(encoding="utf-8"))
            body = (tight(sent) if name.endswith(".css") else sent).encode()
            stem, _, suffix = name.partition(".")
            hashed = f"{stem}-{sha256(body).hexdigest()[:12]}.{suffix}"
            self.files[hashed] = StaticFile(body, kind)
            text = text.replace(f"static/{name}", f"static/{hashed}")
        self.html = slim(text).replace("{title}", escape(title)).encode()


def slim(text: str) -> str:
    """Return a file as it is sent: without indents, empty lines and lines of comment."""
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def tight(style: str) -> str:
    """Return a style sheet without the blanks that only people need."""
    for loose in (": ", ", ", " {", "{ ", "; ", " }"):
        style = style.replace(loose, loose.strip())
    return style.replace(";}", "}").replace("\n", "")
