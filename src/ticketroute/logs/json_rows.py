"""Objects of JSON as rows: one a line, one after the other, in an array, or in a page of an API.

Source: Amazon Connect administrator guide, "Contact records data model", whose records are such
objects; keys of an object inside another follow its key and a dot, as in ``Queue.Name``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import TextIO

from ticketroute.logs.faults import LogError, RowError

_LEARNT = 1_000  # objects whose keys become columns; a key that comes later is not read
_CHUNK = 65_536  # characters that are read at a time
_LONGEST = 16_000_000  # characters of one object
_BETWEEN = re.compile(r"[\s,\[\]]*")
# Under which key the pages of the APIs of ServiceNow, Zendesk, Jira and others hold their rows.
_PAGE_KEYS = ("result", "results", "tickets", "issues", "incidents", "records", "value")
_OF_A_FIELD = frozenset(("link", "value", "display_value"))  # of ServiceNow's Table API
_DECODER = json.JSONDecoder()


def looks_like(start: bytes) -> bool:
    """Return whether the first bytes of a file are those of JSON objects."""
    return re.match(rb"(?:\xef\xbb\xbf)?\s*\[?\s*\{\s*[\"}]", start) is not None


def read(text: TextIO, name: str) -> tuple[tuple[str, ...], Iterator[tuple[int, list[str]]]]:
    """Return a header and the numbered rows of a stream of JSON objects.

    Only the first 1,000 objects are looked at for keys. The number of an object counts from 1.
    O(1) memory in objects.

    Raises:
        LogError: if the text is not JSON; later, while rows are read, too.
    """
    objects = _objects(text, name)
    learnt = list(islice(objects, _LEARNT))
    header = tuple(dict.fromkeys(key for each in learnt for key in each))
    rows = ([each.get(key, "") for key in header] for each in chain(learnt, objects))
    return header, enumerate(rows, start=1)


def _objects(text: TextIO, name: str) -> Iterator[dict[str, str]]:
    held, number = "", 0
    while chunk := text.read(_CHUNK):
        held += chunk
        place = 0
        while True:
            between = _BETWEEN.match(held, place)
            place = between.end() if between else place
            if place == len(held):
                break
            try:
                found, place = _DECODER.raw_decode(held, place)
            except (json.JSONDecodeError, RecursionError):
                break  # the object may go on in the next chunk
            for each in _rows_of(found):
                number += 1
                yield _flat(each, name, number)
        held = held[place:]
        if len(held) > _LONGEST:
            raise RowError(name, number + 1, f"is longer than {_LONGEST:,} characters of JSON")
    if held:
        raise RowError(name, number + 1, f"is not valid JSON: {held[:40]!r}")


def _rows_of(found: object) -> list[object]:
    """Return the rows of a page of an API, or the object itself if it is a row.

    A page names no id: an object with an id is a ticket, whatever lists it has.
    """
    if isinstance(found, dict) and not any(key.lower().endswith("id") for key in found):
        for key in _PAGE_KEYS:
            rows = found.get(key)
            if isinstance(rows, list) and all(isinstance(each, dict) for each in rows):
                return rows
    return [found]


def _flat(found: object, name: str, number: int) -> dict[str, str]:
    if not isinstance(found, dict):
        raise LogError(f"{name}, row {number}: is not a JSON object: {str(found)[:40]!r}")
    flat: dict[str, str] = {}
    waiting = [("", found)]
    while waiting:
        before, each = waiting.pop()
        for key, inner in each.items():
            value = _told_by(inner)
            if isinstance(value, dict):
                waiting.append((f"{before}{key}.", value))
            elif isinstance(value, list):
                flat[before + key] = "; ".join(str(item) for item in value if _is_plain(item))
            else:
                flat[before + key] = "" if value is None else str(value)
    return flat


def _told_by(value: object) -> object:
    """Return the cell of a field of ServiceNow: the name of a reference, the value of others.

    The value of a time is in UTC, what is displayed in the zone of whoever asked.
    """
    if not isinstance(value, dict) or not value or not _OF_A_FIELD.issuperset(value):
        return value
    if "link" in value:
        return value.get("display_value") or value.get("value", "")
    return value.get("value", value)


def _is_plain(item: object) -> bool:
    return isinstance(item, str | int | float)
