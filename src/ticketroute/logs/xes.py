"""XES, the form in which process mining keeps event logs, read as a stream.

Source: IEEE 1849-2016, "eXtensible Event Stream (XES)"; the keys of its extensions concept, time,
organizational and lifecycle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO, NoReturn
from xml.parsers import expat

from ticketroute.logs.faults import LogError

CASE = "case:"  # before the keys of a trace
STANDARD = (
    "case:concept:name", "concept:name", "lifecycle:transition", "time:timestamp",
    "org:resource", "org:group",
)  # fmt: skip
_ATTRIBUTES = frozenset({"string", "date", "int", "float", "boolean", "id"})
_NESTING = frozenset({"list", "container"})
_CHUNK = 65_536  # bytes that are parsed at a time
_LEARNT = 1_000  # events whose keys become columns; a key that comes later is not read
_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<log[\s>]", re.DOTALL
)

Event = dict[str, str]


def looks_like(start: bytes) -> bool:
    """Return whether the first bytes of a file are those of an XES log."""
    return _START.match(start) is not None or (
        start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<?xml") and b"<log" in start
    )


def read(data: BinaryIO, name: str) -> tuple[tuple[str, ...], Iterator[tuple[int, list[str]]]]:
    """Return a header and the numbered rows of an XES log, one for each event.

    Attributes of a trace have ``case:`` before their key. Only the first 1,000 events are looked
    at for keys. The number of an event counts from 1. O(1) memory in events.

    Raises:
        LogError: if the file is not XML or declares a document type; later, while rows are read,
            too.
    """
    events = _Parser(name).events(data)
    learnt = list(islice(events, _LEARNT))
    header = tuple(dict.fromkeys((*STANDARD, *(key for event in learnt for key in event))))
    rows = ([event.get(key, "") for key in header] for event in chain(learnt, events))
    return header, enumerate(rows, start=1)


class _Parser:
    """Collects the events of a log as expat meets its elements."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._done: list[Event] = []
        self._trace: Event = {}
        self._event: Event | None = None
        self._in_trace = False
        self._depth = 0  # of attributes inside attributes, which are not read
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse

    def events(self, data: BinaryIO) -> Iterator[Event]:
        while True:
            chunk = data.read(_CHUNK)
            try:
                self._parser.Parse(chunk, not chunk)
            except expat.ExpatError as fault:
                raise LogError(f"{self._name} is not valid XML: {fault}") from fault
            # A list of its own: the next chunk fills another one.
            done, self._done = self._done, []
            yield from done
            if not chunk:
                return

    def _refuse(self, *declared: object) -> NoReturn:
        raise LogError(
            f"{self._name} declares a document type, which XES does not use; remove <!DOCTYPE ...>"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "trace":
            self._trace, self._in_trace = {}, True
        elif tag == "event":
            self._event = {}
        elif tag in _ATTRIBUTES or tag in _NESTING:
            if not self._depth and tag in _ATTRIBUTES:
                self._note(attributes.get("key", ""), attributes.get("value", ""))
            self._depth += 1

    def _note(self, key: str, value: str) -> None:
        if self._event is not None:
            self._event[key] = value
        elif self._in_trace:
            self._trace[CASE + key] = value

    def _end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "event" and self._event is not None:
            self._done.append(self._trace | self._event)
            self._event = None
        elif tag == "trace":
            self._in_trace = False
        elif tag in _ATTRIBUTES or tag in _NESTING:
            self._depth -= 1
