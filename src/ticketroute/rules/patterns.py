"""Patterns on a text, through google-re2: their time is linear in the text, whatever they are."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Protocol, cast

from ticketroute.errors import InvalidValueError

LONGEST_PATTERN = 1_000  # characters
MOST_MEMORY = 8 << 20  # bytes for one compiled pattern: the library's own default
_MISSING = (
    "used only where the package google-re2 is installed: pip install 'ticketroute[patterns]'; "
    "without it, use keywords"
)
# RE2 reads {,3} as five plain characters where Python's re reads "at most three".
_OPEN_BELOW = re.compile(r"(?<!\\)\{,\d+\}")


class Compiled(Protocol):
    """A pattern that is ready to search."""

    def search(self, text: str, /) -> object | None:
        """Return a match anywhere in ``text``, or None."""
        ...


def compiled(thing: str, source: object, *, ignore_case: bool) -> Compiled:
    r"""Return a pattern in the syntax of RE2 that is ready to search.

    The syntax is RE2's and not that of Python's ``re``: ``\d``, ``\w``, ``\s`` and ``\b`` know
    ASCII only, ``$`` is the end of the text alone, and there is neither look-ahead nor
    back-reference.

    Raises:
        InvalidValueError: if it is no pattern, is longer than 1,000 characters, reads otherwise
            than it looks (``{,3}``), or google-re2 is not installed.
    """
    if not isinstance(source, str) or not 1 <= len(source) <= LONGEST_PATTERN:
        raise InvalidValueError(thing, source, f"a pattern of 1 to {LONGEST_PATTERN} characters")
    if _whole(source) != source:
        raise InvalidValueError(thing, source, "a pattern without halves of characters")
    if _OPEN_BELOW.search(source):
        raise InvalidValueError(thing, source, "written with a lower bound: {0,3} and not {,3}")
    try:
        re2: Any = import_module("re2")  # an extra
    except ModuleNotFoundError:
        raise InvalidValueError(thing, source, _MISSING) from None
    options: Any = re2.Options()
    options.log_errors = False  # the error is raised; nothing is printed besides
    options.case_sensitive = not ignore_case
    options.max_mem = MOST_MEMORY
    try:
        return cast("Compiled", re2.compile(source, options))
    except re2.error as fault:
        reason = fault.args[0] if fault.args else fault
        told = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise InvalidValueError(
            thing, source, f"a pattern in the syntax of RE2 (https://github.com/google/re2): {told}"
        ) from None


def found_in(pattern: Compiled, text: str) -> bool:
    """Return whether a pattern matches anywhere in a text; half a character counts as ``?``.

    Mail that was decoded by force has such halves, and RE2 reads UTF-8, which has none.
    """
    try:
        return pattern.search(text) is not None
    except UnicodeEncodeError:
        return pattern.search(_whole(text)) is not None


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
