"""Reading CSV: a file or standard input, plain or gzipped, as rows with their numbers."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from attrs import field, frozen

from ticketroute.cli.faults import InputError, RowError

GZIP_MAGIC = b"\x1f\x8b"
STDIN = "-"
_SEPARATORS = {"\\t": "\t", "tab": "\t"}
_LIKELY = (";", "\t", "|", ",")


@frozen
class Row:
    """The cells of one row, blanks at their ends cut off; the header is row 1."""

    number: int
    cells: Sequence[str]


@frozen
class Sheet:
    """A CSV file with a header; ``rows`` can be read once."""

    name: str
    header: tuple[str, ...]
    rows: Iterator[Row]
    delimiter: str = field(default=",")

    @property
    def likely_delimiter(self) -> str | None:
        """Another delimiter that the header seems to be written with, or None."""
        if len(self.header) != 1:
            return None
        found = [each for each in _LIKELY if each != self.delimiter and each in self.header[0]]
        return found[0] if found else None


def separator(written: str) -> str:
    r"""Read a delimiter as people write it in a shell: one character, or ``tab`` or ``\t``.

    Raises:
        InputError: if it is not one character.
    """
    character = _SEPARATORS.get(written, written)
    if len(character) != 1 or character in '"\r\n\0':
        raise InputError(f"--delimiter is {written!r}; it must be one character, or `tab`")
    return character


@contextmanager
def open_sheet(path: str, *, delimiter: str = ",", encoding: str = "utf-8") -> Iterator[Sheet]:
    """Open a CSV file and read its header.

    Args:
        path: the file, or ``-`` for standard input; gzip is recognised by its first bytes.
        delimiter: one character.
        encoding: of the text; a byte order mark is skipped where it is UTF-8.

    Raises:
        InputError: if the file cannot be read or is empty; later, while rows are read, if the
            text is broken.
    """
    name = "standard input" if path == STDIN else path
    try:
        codec = codecs.lookup(encoding).name
        "".encode(codec)  # refuses codecs that are not about text, such as hex
    except (LookupError, ValueError) as fault:
        raise InputError(
            f"--encoding is {encoding!r}, which Python does not know; "
            "try utf-8, utf-16, cp1252 or latin-1"
        ) from fault
    with _open_bytes(path, name) as data:
        text = io.TextIOWrapper(
            cast("BinaryIO", _unpacked(data, name)),
            encoding="utf-8-sig" if codec == "utf-8" else codec,
            newline="",
        )
        rows = _rows(text, name, delimiter)
        header = next(rows, None)
        while header is not None and not any(header.cells):
            header = next(rows, None)
        if header is None:
            raise InputError(f"{name} is empty; it must start with a row of column names")
        body = _of_one_length(rows, name, len(header.cells))
        yield Sheet(name, tuple(header.cells), body, delimiter)


@contextmanager
def _open_bytes(path: str, name: str) -> Iterator[io.BufferedReader]:
    if path == STDIN:
        yield cast("io.BufferedReader", sys.stdin.buffer)
        return
    try:
        # Not `with`: what is wrong with the file's use must not read like a fault of opening it.
        data = Path(path).open("rb")  # noqa: SIM115
    except FileNotFoundError as fault:
        raise InputError(f"{name}: no such file; check the path") from fault
    except (OSError, ValueError) as fault:
        raise InputError(f"{name} cannot be read: {_plain(fault)}") from fault
    with data:
        yield data


def _unpacked(data: io.BufferedReader, name: str) -> io.BufferedReader | gzip.GzipFile:
    if data.peek(2)[:2] == GZIP_MAGIC:
        return gzip.GzipFile(fileobj=data)
    if name.endswith(".gz"):
        raise InputError(
            f"{name} is not a gzip file, although its name ends in .gz; "
            "rename it if it is plain text, or compress it with gzip"
        )
    return data


def _rows(text: io.TextIOWrapper, name: str, delimiter: str) -> Iterator[Row]:
    number = 0
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(reader, start=1):
            yield Row(number, [cell.strip() for cell in cells])
    except csv.Error as fault:
        raise RowError(name, number + 1, f"is not valid CSV: {fault}") from fault
    except UnicodeError as fault:
        raise InputError(
            f"{name} is not {text.encoding} text (after row {number}): {_plain(fault)}; "
            "name the right one with --encoding"
        ) from fault
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise InputError(
            f"{name} is a damaged or cut off gzip file (after row {number}): {_plain(fault)}"
        ) from fault
    except OSError as fault:
        raise InputError(f"{name} cannot be read: {_plain(fault)}") from fault


def _of_one_length(rows: Iterator[Row], name: str, length: int) -> Iterator[Row]:
    for row in rows:
        if not any(row.cells):  # a blank line, which spreadsheets count and we skip
            continue
        if len(row.cells) != length:
            raise RowError(
                name,
                row.number,
                f"has {len(row.cells)} cells where the header has {length}; "
                "check its quotes and delimiters",
            )
        yield row


def _plain(fault: Exception) -> str:
    return getattr(fault, "strerror", None) or str(fault)
