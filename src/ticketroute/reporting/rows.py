"""A report as rows of plain values: for CSV, JSON and data frames."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

from ticketroute.reporting.figures import (
    AgentFigures,
    Facet,
    Report,
    ServiceLevel,
    TicketFigures,
)
from ticketroute.sla.policy import Metric

Row = dict[str, Any]


def _service_level(variant: ServiceLevel) -> Callable[[TicketFigures], Any]:
    return lambda figures: figures.service_level(variant)


def _attainment(metric: Metric) -> Callable[[TicketFigures], Any]:
    return lambda figures: figures.attainment(metric).share


_TICKET_COLUMNS: Mapping[str, Callable[[TicketFigures], Any]] = {
    "offered": lambda f: f.offered,
    "answered": lambda f: f.answered,
    "abandoned": lambda f: f.abandoned,
    "abandoned_short": lambda f: f.short,
    "abandonment": lambda f: f.abandonment,
    **{f"service_level_{each.value}": _service_level(each) for each in ServiceLevel},
    "asa_ms": lambda f: f.asa,
    "wait_p50_ms": lambda f: f.wait.percentile(50),
    "wait_p90_ms": lambda f: f.wait.percentile(90),
    "wait_max_ms": lambda f: f.wait.percentile(100),
    "handle_mean_ms": lambda f: f.handle.mean,
    "handle_p50_ms": lambda f: f.handle.percentile(50),
    "handle_p90_ms": lambda f: f.handle.percentile(90),
    "first_response_p50_ms": lambda f: f.first_response.percentile(50),
    "first_response_p90_ms": lambda f: f.first_response.percentile(90),
    "resolution_p50_ms": lambda f: f.resolution.percentile(50),
    "resolution_p90_ms": lambda f: f.resolution.percentile(90),
    **{f"attainment_{each.value}": _attainment(each) for each in Metric},
    "offers": lambda f: f.offers,
    "declined": lambda f: f.declined,
    "missed": lambda f: f.missed,
    "transfers": lambda f: f.transfers,
    "reassigned": lambda f: f.reassigned,
    "resolved": lambda f: f.resolved,
    "reopened": lambda f: f.reopened,
    "satisfaction": lambda f: f.satisfaction,
    "ratings": lambda f: f.ratings,
}
_AGENT_COLUMNS: Mapping[str, Callable[[AgentFigures], Any]] = {
    "assigned": lambda f: f.assigned,
    "resolved": lambda f: f.resolved,
    "offers": lambda f: f.offers,
    "declined": lambda f: f.declined,
    "missed": lambda f: f.missed,
    "released": lambda f: f.released,
    "reassigned": lambda f: f.reassigned,
    "reopened": lambda f: f.reopened,
    "replies": lambda f: f.replies,
    "signed_in_ms": lambda f: f.signed_in,
    "ready_ms": lambda f: f.ready,
    "busy_ms": lambda f: f.busy,
    "wrap_up_ms": lambda f: f.wrap_up,
    "occupancy": lambda f: f.occupancy,
    "utilisation": lambda f: f.utilisation,
    "handle_mean_ms": lambda f: f.handle.mean,
    "handle_p90_ms": lambda f: f.handle.percentile(90),
    "satisfaction": lambda f: f.satisfaction,
    "ratings": lambda f: f.ratings,
}


def ticket_rows(report: Report, *by: Facet) -> list[Row]:
    """Return a row of figures for each value of the facets, in their order.

    Spans are in milliseconds, shares from 0.0 to 1.0; None where there is no figure.
    """
    names = [facet.value for facet in by]
    return [
        dict(zip(names, key, strict=True))
        | {name: column(figures) for name, column in _TICKET_COLUMNS.items()}
        for key, figures in report.by(*by).items()
    ]


def agent_rows(report: Report, *, period: bool = False) -> list[Row]:
    """Return a row of figures for each agent, or each agent and period."""
    names = ["agent", "period"] if period else ["agent"]
    return [
        dict(zip(names, key, strict=True))
        | {name: column(figures) for name, column in _AGENT_COLUMNS.items()}
        for key, figures in report.agent(period=period).items()
    ]


def backlog_rows(report: Report) -> list[Row]:
    """Return for each queue and period how many tickets were open and waiting at its end."""
    return [
        {"queue": queue, "period": period, "open": opened, "waiting": waiting}
        for (queue, period), (opened, waiting) in report.backlog_by_period().items()
    ]


def to_csv(rows: Iterable[Row]) -> str:
    r"""Return rows as CSV with a header; nothing where there is no figure.

    A text that a spreadsheet would read as a formula is written with a leading apostrophe.

    >>> to_csv([{"queue": "mail", "asa_ms": None}, {"queue": "=1+1", "asa_ms": 2.5}])
    "queue,asa_ms\nmail,\n'=1+1,2.5\n"
    """
    listed = list(rows)
    written = io.StringIO()
    if listed:
        writer = csv.DictWriter(written, listed[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in listed)
    return written.getvalue()


def to_json(rows: Iterable[Row]) -> str:
    """Return rows as a JSON list of objects."""
    return json.dumps(list(rows), ensure_ascii=False, allow_nan=False)


def to_pandas(rows: Iterable[Row]) -> Any:
    """Return rows as a data frame of pandas, which has to be installed.

    Raises:
        ModuleNotFoundError: without pandas.
    """
    pandas: Any = import_module("pandas")  # a large package that few need
    return pandas.DataFrame.from_records(list(rows))


def _cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
