"""Opening a log: a file or standard input, plain or gzipped, as rows with their numbers.

CSV, JSON objects, the ``queue_log`` of Asterisk and XES all become rows of cells under a header.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from itertools import chain, starmap
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar, cast

from attrs import field, frozen

from ticketroute.logs import json_rows, queue_log, xes
from ticketroute.logs.faults import LogError, RowError

T = TypeVar("T")

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
STDIN = "-"
DELIMITERS = (",", ";", "\t", "|")  # those that are recognised in a header, the likely ones first
_SEPARATORS = {"\\t": "\t", "tab": "\t"}
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_EXCEL_HINT = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_PEEKED = 4096  # bytes that tell what a file is
_LONGEST_CELL = 2**31 - 1  # characters: as much as csv can be told on every platform
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Kind(Enum):
    """What a file is; rows of JSON are like those of CSV."""

    CSV = "csv"
    QUEUE_LOG = "queue_log"
    XES = "xes"


class Row(NamedTuple):
    """The cells of one row as they are written; the header is row 1."""

    number: int
    cells: Sequence[str]


@frozen
class Sheet:
    """Rows of cells under a header; ``rows`` can be read once."""

    name: str
    header: tuple[str, ...]
    rows: Iterator[Row]
    kind: Kind = Kind.CSV
    encoding: str = field(default="utf-8")


def separator(written: str) -> str:
    r"""Read a delimiter as people write it in a shell: one character, or ``tab`` or ``\t``.

    Raises:
        LogError: if it is not one character.
    """
    character = _SEPARATORS.get(written, written)
    if len(character) != 1 or character in '"\r\n\0':
        raise LogError(f"--delimiter is {written!r}; it must be one character, or `tab`")
    return character


@contextmanager
def open_sheet(
    path: str, *, delimiter: str | None = None, encoding: str | None = None
) -> Iterator[Sheet]:
    """Open a log and read its header.

    Args:
        path: the file, or ``-`` for standard input; gzip, JSON, XES and ``queue_log`` are
            recognised by their first bytes.
        delimiter: one character; None means the one that the header is written with.
        encoding: of the text; None means UTF-8, or UTF-16 where a byte order mark says so.

    Raises:
        LogError: if the file cannot be read or is empty; later, while rows are read, if the text
            is broken.

    Cells of CSV have no greatest length. Python keeps that limit for the whole process, so that
    opening a log lifts it for every other reader of the process too.
    """
    name = "standard input" if path == STDIN else path
    codec = None if encoding is None else _codec(encoding)
    with _open_bytes(path, name) as data:
        unpacked = _unpacked(data, name)
        try:
            start = unpacked.peek(_PEEKED)[:_PEEKED]
        except (EOFError, zlib.error, OSError) as fault:
            raise _unreadable(fault, name, 0) from fault
        if start.startswith(ZIP_MAGIC):
            raise LogError(f"{name} is a spreadsheet or a zip archive; export it as CSV")
        if xes.looks_like(start):
            header, found = xes.read(cast("BinaryIO", unpacked), name)
            yield Sheet(name, header, starmap(Row, _guarded(found, name, "XML")), Kind.XES)
            return
        codec = codec or next(
            (each for mark, each in _BYTE_ORDER_MARKS.items() if start.startswith(mark)), "utf-8"
        )
        text = io.TextIOWrapper(
            cast("BinaryIO", unpacked),
            encoding="utf-8-sig" if codec == "utf-8" else codec,
            # A byte that is not of the encoding matters only in a cell that is used.
            errors="surrogateescape",
            newline="",
        )
        if queue_log.looks_like(start):
            lines = _guarded(enumerate(text, start=1), name, codec)
            yield Sheet(name, queue_log.HEADER, _queue_rows(lines, name), Kind.QUEUE_LOG, codec)
            return
        if json_rows.looks_like(start):
            header, found = json_rows.read(text, name)
            yield Sheet(name, header, starmap(Row, _guarded(found, name, codec)), Kind.CSV, codec)
            return
        yield _sheet(text, name, delimiter, codec)


def _sheet(text: io.TextIOWrapper, name: str, delimiter: str | None, codec: str) -> Sheet:
    lines = (line for _, line in _guarded(enumerate(text, start=1), name, codec))
    skipped = 0
    first = next(lines, None)
    while first is not None and (hint := _EXCEL_HINT.fullmatch(first) or not first.strip()):
        if isinstance(hint, re.Match):
            delimiter = delimiter or hint[1]
        skipped += 1
        first = next(lines, None)
    if first is None:
        raise LogError(f"{name} is empty; it must start with a row of column names")
    rows = _rows(chain([first], lines), name, delimiter or likely_delimiter(first), skipped)
    header = next(rows, None)
    while header is not None and not any(cell.strip() for cell in header.cells):
        header = next(rows, None)
    if header is None:
        raise LogError(f"{name} is empty; it must start with a row of column names")
    names = tuple(cell.strip() for cell in header.cells)
    return Sheet(name, names, _of_one_length(rows, name, len(names)), Kind.CSV, codec)


def likely_delimiter(header: str) -> str:
    """Return the delimiter that a header is written with.

    >>> likely_delimiter('id;"a, b";opened')
    ';'
    """
    bare = _QUOTED.sub("", header)
    return max(DELIMITERS, key=bare.count)  # of equals the first


def _codec(encoding: str) -> str:
    try:
        codec = codecs.lookup(encoding).name
        "".encode(codec)  # refuses codecs that are not about text, such as hex
    except (LookupError, ValueError) as fault:
        raise LogError(
            f"--encoding is {encoding!r}, which Python does not know; "
            "try utf-8, utf-16, cp1252 or latin-1"
        ) from fault
    return codec


@contextmanager
def _open_bytes(path: str, name: str) -> Iterator[io.BufferedReader]:
    if path == STDIN:
        if sys.stdin is None:
            raise LogError("standard input is closed; name a file, or send one to standard input")
        yield cast("io.BufferedReader", sys.stdin.buffer)
        return
    try:
        # Not `with`: what is wrong with the file's use must not read like a fault of opening it.
        data = Path(path).open("rb")  # noqa: SIM115
    except FileNotFoundError as fault:
        raise LogError(f"{name}: no such file; check the path") from fault
    except (OSError, ValueError) as fault:
        raise LogError(f"{name} cannot be read: {_plain(fault)}") from fault
    with data:
        yield data


def _unpacked(data: io.BufferedReader, name: str) -> io.BufferedReader | gzip.GzipFile:
    try:
        is_packed = data.peek(2)[:2] == GZIP_MAGIC
    except OSError as fault:
        raise _unreadable(fault, name, 0) from fault
    if is_packed:
        return gzip.GzipFile(fileobj=data)
    if name.endswith(".gz"):
        raise LogError(
            f"{name} is not a gzip file, although its name ends in .gz; "
            "rename it if it is plain text, or compress it with gzip"
        )
    return data


def _guarded(found: Iterable[tuple[int, T]], name: str, encoding: str) -> Iterator[tuple[int, T]]:
    """Yield numbered things, and turn what goes wrong with their source into a LogError."""
    number = 0
    try:
        for number, each in found:
            yield number, each
    except UnicodeError as fault:
        raise LogError(
            f"{name} is not {encoding} text (after row {number}): {_plain(fault)}; "
            "name the right one with --encoding"
        ) from fault
    except (EOFError, zlib.error, OSError) as fault:
        raise _unreadable(fault, name, number) from fault


def _unreadable(fault: Exception, name: str, number: int) -> LogError:
    if isinstance(fault, EOFError | zlib.error | gzip.BadGzipFile):
        return LogError(
            f"{name} is a damaged or cut off gzip file (after row {number}): {_plain(fault)}"
        )
    return LogError(f"{name} cannot be read: {_plain(fault)}")


def _rows(lines: Iterable[str], name: str, delimiter: str, skipped: int) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    number = skipped
    try:
        for number, cells in enumerate(
            csv.reader(lines, delimiter=delimiter, strict=True), start=skipped + 1
        ):
            yield Row(number, cells)
    except csv.Error as fault:
        raise RowError(name, number + 1, f"is not valid CSV: {fault}") from fault


def _of_one_length(rows: Iterator[Row], name: str, length: int) -> Iterator[Row]:
    for row in rows:
        cells = row.cells
        if not any(map(str.strip, cells)):  # a blank line, which spreadsheets count and we skip
            continue
        if len(cells) != length:
            if len(cells) > length and not any(map(str.strip, cells[length:])):
                row = Row(row.number, cells[:length])  # spreadsheets add empty cells at the end
            else:
                raise RowError(
                    name,
                    row.number,
                    f"has {len(cells)} {'cell' if len(cells) == 1 else 'cells'} where the header "
                    f"has {length}; check its quotes and delimiters",
                )
        yield row


def _queue_rows(lines: Iterable[tuple[int, str]], name: str) -> Iterator[Row]:
    width = len(queue_log.HEADER)
    for number, line in lines:
        if not line.strip():
            continue
        cells = line.rstrip("\r\n").split("|")
        if len(cells) < queue_log.LEAST_CELLS:
            raise RowError(
                name,
                number,
                f"has {len(cells)} cells; a line of a queue_log has at least "
                f"{queue_log.LEAST_CELLS}: time|callid|queuename|agent|event",
            )
        yield Row(number, (cells + [""] * width)[:width])


def _plain(fault: Exception) -> str:
    return getattr(fault, "strerror", None) or str(fault)
