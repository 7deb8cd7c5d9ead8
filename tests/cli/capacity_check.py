"""Reads decisions written by ``ticketroute route`` and recomputes who held how much when.

On purpose without a line of ticketroute: what the file says has to be enough.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from pathlib import Path


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, gzipped if its name ends in .gz."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(text.decode("utf-8").splitlines()))


def over_capacity(rows: list[dict[str, str]]) -> list[str]:
    """Return agents and instants at which [decided_at, ended_at) add up to over the capacity."""
    steps: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    capacity: dict[str, int] = {}
    for row in rows:
        if not row["agent"]:
            continue
        cost = int(row["cost"])
        capacity[row["agent"]] = int(row["capacity"])
        if row["ended_at"] != row["decided_at"]:
            # ISO 8601 in UTC of one length sorts as time does. What ends goes first.
            steps[row["agent"]].append((row["decided_at"], 1, cost))
            if row["ended_at"]:
                steps[row["agent"]].append((row["ended_at"], 0, -cost))
    found = []
    for agent, changes in steps.items():
        load = 0
        for instant, _, change in sorted(changes):
            load += change
            if load > capacity[agent]:
                found.append(f"{agent} holds {load} of {capacity[agent]} at {instant}")
    return found
