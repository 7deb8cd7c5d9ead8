"""Sorting more records than fit into memory."""

from __future__ import annotations

import heapq
import json
import tempfile
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

from ticketroute.logs.faults import LogError

Record = list[Any]  # what JSON holds; its first items order it, the second is unique

CHUNK = 50_000  # records sorted in memory: some 40 MB
BLOCK = 200  # records of one line of the temporary file: all chunks have one in memory at a time


class Spool:
    """Takes records in any order and yields them sorted, as often as asked.

    Up to ``chunk`` records stay in memory; more go to a temporary file, which is removed by
    ``close``. O(n log n) time; O(``chunk``) memory.
    """

    def __init__(self, *, chunk: int = CHUNK) -> None:
        self._chunk = chunk
        self._held: list[Record] = []
        self._file: IO[str] | None = None
        self._starts: list[int] = []  # of each sorted chunk in the file
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, record: Record) -> None:
        """Take in a record. Amortised O(log n).

        Raises:
            LogError: if the temporary file cannot be written.
        """
        self._held.append(record)
        self._count += 1
        if len(self._held) >= self._chunk:
            self._write()

    def _write(self) -> None:
        self._held.sort()
        try:
            if self._file is None:
                # Not `with`: it lives as long as the spool.
                self._file = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115
            self._file.seek(0, 2)
            self._starts.append(self._file.tell())
            rest = iter(self._held)
            while block := list(islice(rest, BLOCK)):
                self._file.write(json.dumps(block, separators=(",", ":")) + "\n")
            self._file.write("[]\n")
            self._file.flush()
        except OSError as fault:
            raise LogError(
                f"the folder of temporary files, {tempfile.gettempdir()}, cannot be written: "
                f"{fault.strerror or fault}; a long log is sorted there: make room, or name "
                "another folder with the environment variable TMPDIR"
            ) from fault
        self._held = []

    def __iter__(self) -> Iterator[Record]:
        """Yield the records sorted; no record may be added meanwhile."""
        self._held.sort()
        if self._file is None:
            return iter(self._held)
        return heapq.merge(self._held, *(self._read(start) for start in self._starts))

    def _read(self, start: int) -> Iterator[Record]:
        assert self._file is not None
        while True:
            self._file.seek(start)
            block = json.loads(self._file.readline())
            start = self._file.tell()
            if not block:
                return
            yield from block

    def close(self) -> None:
        """Forget the records and remove the temporary file."""
        self._held = []
        if self._file is not None:
            self._file.close()
            self._file = None
