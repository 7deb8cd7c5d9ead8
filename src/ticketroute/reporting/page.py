"""A report as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from ticketroute.model.instants import Span
from ticketroute.reporting.figures import Facet, Report, ServiceLevel
from ticketroute.reporting.rows import Row, agent_rows, backlog_rows, ticket_rows

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 0 0 2rem; display: block; overflow-x: auto; }
caption { text-align: left; font-weight: 600; padding: .4rem 0; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #8884; white-space: nowrap; }
td { text-align: right; font-variant-numeric: tabular-nums; }
td:first-child, th:first-child { text-align: left; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
"""
_DEFINITIONS = {
    "service level": "answered within the target, of all that were offered",
    "ASA": "average speed of answer: mean wait of tickets that an agent got",
    "abandoned": "the requester gave up before any agent had the ticket",
    "occupancy": "time at work over time available or at work",
    "utilisation": "time at work over time signed in, breaks included",
    "90 %": "the wait that nine of ten did not exceed, by nearest rank",
}
_QUEUE_COLUMNS: Mapping[str, str] = {
    "queue": "queue",
    "offered": "offered",
    "answered": "answered",
    "abandoned": "abandoned",
    f"service_level_{ServiceLevel.OF_OFFERED.value}": "service level",
    "asa_ms": "ASA",
    "wait_p90_ms": "wait, 90 %",
    "handle_mean_ms": "handle time",
    "resolution_p50_ms": "resolution, median",
    "reopened": "reopened",
    "satisfaction": "satisfaction",
}
_AGENT_COLUMNS: Mapping[str, str] = {
    "agent": "agent",
    "assigned": "assigned",
    "resolved": "resolved",
    "missed": "missed",
    "declined": "declined",
    "occupancy": "occupancy",
    "utilisation": "utilisation",
    "handle_mean_ms": "handle time",
    "satisfaction": "satisfaction",
}


def page(report: Report, *, title: str = "Report", target: Span) -> str:
    """Return the report as one HTML page: no script, no font and no picture from elsewhere.

    Every name of the host's is escaped. ``target`` is the span of the service level, to be told.
    """
    jain, gini = report.fairness()
    fairness = f"Jain {_number(jain)}, Gini {_number(gini)}"
    others = {key: head for key, head in _QUEUE_COLUMNS.items() if key != "queue"}
    backlog = {"queue": "queue", "period": "period", "open": "open", "waiting": "waiting"}
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f"<p>Target of the service level: {_span(target)}. Fairness: {fairness}.</p>",
        _table("Queues", _QUEUE_COLUMNS, ticket_rows(report, Facet.QUEUE)),
        _table(
            "Priorities", {"priority": "priority"} | others, ticket_rows(report, Facet.PRIORITY)
        ),
        _table("Periods", {"period": "period"} | others, ticket_rows(report, Facet.PERIOD)),
        _table("Agents", _AGENT_COLUMNS, agent_rows(report)),
        _table("Backlog at the end of each period", backlog, backlog_rows(report)),
        "<h2>What the figures mean</h2><dl>",
        *(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in _DEFINITIONS.items()),
        "</dl></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _table(caption: str, columns: Mapping[str, str], rows: Iterable[Row]) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in columns.values())
    body = "\n".join(
        "<tr>" + "".join(f"<td>{_shown(key, row[key])}</td>" for key in columns) + "</tr>"
        for row in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table>"
    )


def _shown(key: str, value: object) -> str:
    if value is None:
        return "&ndash;"
    if key.endswith("_ms") and isinstance(value, int | float):
        return _span(value)
    if key.startswith("service_level") or key in ("occupancy", "utilisation"):
        return f"{value:.1%}"
    return f"{value:.1f}" if isinstance(value, float) else escape(str(value))


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _span(milliseconds: float) -> str:
    """Return a span in its two largest units.

    >>> _span(0), _span(90_000), _span(3_660_000)
    ('0s', '1m30s', '1h01m')
    """
    seconds = round(milliseconds / 1_000)
    minutes, hours = seconds // 60, seconds // 3_600
    if hours >= 24:
        return f"{hours // 24}d{hours % 24:02}h"
    if hours:
        return f"{hours}h{minutes % 60:02}m"
    return f"{minutes}m{seconds % 60:02}s" if minutes else f"{seconds}s"
