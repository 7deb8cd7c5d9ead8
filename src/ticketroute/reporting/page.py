"""A report as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import frozen

from ticketroute.model.instants import Span
from ticketroute.reporting.figures import Facet, Report, ServiceLevel
from ticketroute.reporting.rows import Row, agent_rows, backlog_rows, ticket_rows

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


def templates(*packages: str) -> Any:
    """Return the environment of the templates of this package, and of others before it.

    Raises:
        ModuleNotFoundError: without jinja2, which the extra ``cli`` installs.
    """
    try:
        import jinja2  # noqa: PLC0415  an extra
    except ImportError:
        raise ModuleNotFoundError(
            "a page of HTML needs jinja2: pip install 'ticketroute[cli]'", name="jinja2"
        ) from None
    loaders = [jinja2.PackageLoader(each) for each in (*packages, "ticketroute.reporting")]
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=jinja2.select_autoescape(),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(report: Report, *, title: str = "Report", target: Span) -> str:
    """Return the report as one HTML page: no script, no font and no picture from elsewhere.

    Every name of the host's is escaped. ``target`` is the span of the service level, to be told.

    Raises:
        ModuleNotFoundError: without jinja2, which the extra ``cli`` installs.
    """
    others = {key: head for key, head in _QUEUE_COLUMNS.items() if key != "queue"}
    backlog = {"queue": "queue", "period": "period", "open": "open", "waiting": "waiting"}
    by_priority = {"priority": "priority"} | others
    by_period = {"period": "period"} | others
    return str(
        templates()
        .get_template("desk.html")
        .render(
            title=title,
            answer=_answer(report, target),
            extremes=list(_extremes(report)),
            basis=_basis(report),
            tables=[
                _table("Queues", _QUEUE_COLUMNS, ticket_rows(report, Facet.QUEUE)),
                _table("Priorities", by_priority, ticket_rows(report, Facet.PRIORITY)),
                _table("Periods", by_period, ticket_rows(report, Facet.PERIOD)),
                _table("Agents", _AGENT_COLUMNS, agent_rows(report)),
                _table("Backlog at the end of each period", backlog, backlog_rows(report)),
            ],
            definitions=_DEFINITIONS,
        )
    )


def _answer(report: Report, target: Span) -> str:
    total = report.total()
    if not total.offered:
        return "No ticket came."
    return (
        f"{total.offered:,} tickets came. Agents answered {total.answered:,}, after "
        f"{_shown('asa_ms', total.asa)} on average, and {_share(total.service_level())} of all "
        f"within {_span(target)}."
    )


def _basis(report: Report) -> str:
    jain, gini = report.fairness()
    return (
        f"Assignments are shared out with Jain {_number(jain)} and Gini {_number(gini)} (1 and 0: "
        f"all the same). Days and hours are those of {report.periods.zone.key}."
    )


def _extremes(report: Report) -> Iterator[str]:
    for what, ranked, unit in (
        ("queue by average speed of answer", report.ranked_queues("asa"), "asa_ms"),
        ("agent by handle time", report.ranked_agents("handle"), "handle_mean_ms"),
        ("agent by satisfaction", report.ranked_agents("satisfaction", least=3), ""),
    ):
        if len(ranked) > 1:
            best, worst = (
                f"{each.name} with {_shown(unit, each.value)} ({each.count} tickets)"
                for each in (ranked[0], ranked[-1])
            )
            yield f"Best {what}: {best}; worst: {worst}."


@frozen
class _Table:
    title: str
    heads: tuple[str, ...]
    rows: list[list[str]]


def _table(title: str, columns: Mapping[str, str], rows: Iterable[Row]) -> _Table:
    shown = [[_shown(key, row[key]) for key in columns] for row in rows]
    return _Table(title, tuple(columns.values()), shown)


def _shown(key: str, value: object) -> str:
    if value is None:
        return "-"
    if key.endswith("_ms") and isinstance(value, int | float):
        return _span(value)
    if key.startswith("service_level") or key in ("occupancy", "utilisation"):
        return f"{value:.1%}"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"


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
