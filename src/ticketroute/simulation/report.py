"""The report of a comparison: one HTML file that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from ticketroute.reporting.page import templates
from ticketroute.simulation.answer import (
    answer,
    assumptions,
    best,
    cautions,
    is_better,
    span_of,
    value,
    with_half,
)
from ticketroute.simulation.compare import Comparison
from ticketroute.simulation.figures import CATALOGUE
from ticketroute.simulation.pictures import pictures


def report(comparison: Comparison, *, title: str = "") -> str:
    """Return the report as HTML: the answer, pictures, tables, and what it all rests on."""
    environment = templates("ticketroute.simulation")
    winner = best(comparison)
    drawn = pictures(comparison, winner)
    text: str = environment.get_template("report.html").render(
        title=title or comparison.scenarios[comparison.baseline].name,
        answer=answer(comparison),
        cautions=list(cautions(comparison)),
        figure=CATALOGUE[comparison.figure],
        baseline=comparison.baseline,
        best=winner,
        names=comparison.names,
        confidence=f"{100 * comparison.confidence:g} %",
        count=len(comparison.replications),
        rows=table(comparison),
        assumptions=list(assumptions(comparison)),
        # Markup: made by us from numbers and names, which matplotlib escapes.
        pictures={name: Markup(svg) for name, svg in drawn.items()},  # noqa: S704
    )
    return text


def write_report(comparison: Comparison, path: str | Path, *, title: str = "") -> None:
    """Write the report to a file; OSError if that cannot be written."""
    Path(path).write_text(report(comparison, title=title), encoding="utf-8")


def table(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the figures of all scenarios, row by row, as texts."""
    rows = []
    for name in comparison.known_figures:
        figure = CATALOGUE[name]
        differences = comparison.differences(name)
        cells = []
        for scenario in comparison.names:
            difference = differences.get(scenario)
            verdict = None if difference is None else is_better(figure, difference)
            cells.append(
                {
                    "mean": with_half(figure, comparison.interval(scenario, name)),
                    "difference": ""
                    if difference is None or not difference.real
                    else span_of(figure, difference.interval),
                    "verdict": {True: "better", False: "worse", None: ""}[verdict],
                }
            )
        rows.append({"figure": figure, "judged": name == comparison.figure, "cells": cells})
    return rows


__all__ = ["report", "table", "value", "write_report"]
