"""Pictures of a comparison as SVG that takes its colours from the page it is on."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ticketroute.simulation.compare import Comparison
from ticketroute.simulation.figures import CATALOGUE, Figure
from ticketroute.simulation.profile import EDGES, HOURS_OF_A_DAY
from ticketroute.simulation.statistics import Interval
from ticketroute.simulation.units import DAY, UNITS, spoken

WIDTH = 5.0  # inches: 480 pixels, half of a page and nearly all of a phone
SHOWN_AGENTS = 25  # of a picture: more rows than that cannot be told apart
TEXT, LINE, ACCENT, BETTER, WORSE = "#0a0a01", "#0a0a02", "#0a0a03", "#0a0a04", "#0a0a05"
SERIES = tuple(f"#0a0a{number:02x}" for number in range(0x10, 0x18))
_VARIABLES = {
    TEXT: "var(--text)",
    LINE: "var(--line)",
    ACCENT: "var(--accent)",
    BETTER: "var(--better)",
    WORSE: "var(--worse)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(SERIES, start=1)},
}
_DASHES = ("-", "--", ":", "-.")
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ticketroute",
    "font.size": 10,
    "font.family": "sans-serif",
    "text.color": TEXT,
    "axes.edgecolor": LINE,
    "axes.labelcolor": TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
}


def pictures(comparison: Comparison, best: str | None) -> dict[str, str]:
    """Return the pictures of a report by name, as SVG elements."""
    with mpl.rc_context(_STYLE):
        made = {"means": _means(comparison), "waits": _waits(comparison)}
        if comparison.alternatives and len(comparison.replications) > 1:
            made["differences"] = _differences(comparison)
        for part, name in {"baseline": comparison.baseline, "best": best}.items():
            if name is not None:
                made[f"load_{part}"] = _load(comparison, name)
        made["agents"] = _agents(comparison, best)
        if any(comparison.profile(name).clocks for name in comparison.names):
            made["attainment"] = _attainment(comparison)
    return made


def _canvas(rows: float) -> tuple[Canvas, Axes]:
    canvas = Canvas(figsize=(WIDTH, rows), layout="constrained")
    axes = canvas.subplots()
    return canvas, axes


def _svg(canvas: Canvas) -> str:
    out = io.StringIO()
    canvas.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px; font-family: inherit", text)
    text = re.sub(r'(<svg [^>]*?)width="[\d.]+pt" height="[\d.]+pt"', r"\1", text, count=1)
    return re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)


def _scale(figure: Figure) -> FuncFormatter:
    if figure.unit == "span":
        return FuncFormatter(lambda number, _: spoken(number))
    if figure.unit == "share":
        return FuncFormatter(lambda number, _: f"{100 * number:.3g} %")
    return FuncFormatter(lambda number, _: f"{number:.3g}")


def round_ticks(figure: Figure, low: float, high: float) -> list[float]:
    """Return some five places between two values that are round numbers as they are written."""
    most = max(abs(low), abs(high))
    units = (
        [unit for unit in UNITS.values() if unit <= min(most, DAY)] if figure.unit == "span" else []
    )
    unit = max(units, default=1)
    steps = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])
    return [at * unit for at in steps.tick_values(low / unit, high / unit)]


def _means(comparison: Comparison) -> str:
    figure = CATALOGUE[comparison.figure]
    names = comparison.names
    canvas, axes = _canvas(0.9 + 0.32 * len(names))
    for row, name in enumerate(reversed(names)):
        _bar(axes, row, comparison.interval(name), ACCENT)
    return _rows(canvas, axes, list(reversed(names)), figure)


def _differences(comparison: Comparison) -> str:
    figure = CATALOGUE[comparison.figure]
    found = comparison.differences()
    canvas, axes = _canvas(0.9 + 0.32 * len(found))
    axes.axvline(0, color=LINE, linewidth=1.2)
    for row, name in enumerate(reversed(list(found))):
        each = found[name]
        good = (each.interval.mean < 0) == (figure.better == "low")
        colour = (BETTER if good else WORSE) if each.real and figure.better else TEXT
        _bar(axes, row, each.interval, colour)
    return _rows(canvas, axes, list(reversed(list(found))), figure)


def _bar(axes: Axes, row: int, found: Interval, colour: str) -> None:
    half = 0.0 if np.isnan(found.half) else found.half
    axes.errorbar(
        [found.mean],
        [row],
        xerr=[half],
        fmt="o",
        color=colour,
        capsize=4,
        markersize=5,
        linewidth=2,
    )


def _rows(canvas: Canvas, axes: Axes, names: list[str], figure: Figure) -> str:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.xaxis.set_major_formatter(_scale(figure))
    low, high = axes.get_xlim()
    axes.set_xticks([at for at in round_ticks(figure, low, high) if low <= at <= high])
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    return _svg(canvas)


def _waits(comparison: Comparison) -> str:
    canvas, axes = _canvas(2.9)
    for number, name in enumerate(comparison.names):
        profile = comparison.profile(name)
        share = np.array(profile.waits) / max(1, profile.tickets)
        axes.plot(
            EDGES,
            share,
            color=SERIES[number % len(SERIES)],
            linestyle=_DASHES[number % len(_DASHES)],
            linewidth=1.8,
            label=name,
        )
    axes.set_xscale("log")
    axes.set_ylim(0, 1.02)
    shown = comparison.profile(comparison.baseline)
    last = int(np.searchsorted(np.array(shown.waits), shown.tickets * 0.999))
    axes.set_xlim(EDGES[0], EDGES[min(len(EDGES) - 1, last + 6)])
    ticks = {1_000: "1 s", 10_000: "10 s", 60_000: "1 min", 600_000: "10 min", 3_600_000: "1 h"}
    ticks |= {36_000_000: "10 h", 259_200_000: "3 d", 2_592_000_000: "30 d"}
    inside = {at: text for at, text in ticks.items() if at <= axes.get_xlim()[1]}
    axes.set_xticks(list(inside), list(inside.values()))
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
    axes.set_xlabel("waited less than")
    axes.set_ylabel("share of tickets")
    axes.grid()
    axes.set_axisbelow(True)
    axes.legend(frameon=False, loc="lower right", fontsize=9)
    return _svg(canvas)


def _load(comparison: Comparison, name: str) -> str:
    """Draw the busy share of each agent in each hour of the day."""
    profile, scenario = comparison.profile(name), comparison.scenarios[name]
    busy = np.array(profile.busy, dtype=float) / max(1, profile.span)
    names = [worker.agent.id for worker in scenario.workers]
    shown = np.argsort(-busy.sum(axis=1), kind="stable")[:SHOWN_AGENTS]
    canvas, axes = _canvas(0.9 + 0.2 * len(shown))
    shades = LinearSegmentedColormap.from_list("load", [(0, 0, 0, 0), (0, 0, 0, 1)])
    for row, agent in enumerate(reversed(shown)):
        for hour in range(HOURS_OF_A_DAY):
            share = min(1.0, float(busy[agent, hour]))
            if share >= 0.005:
                alpha = shades(share)[3]
                axes.barh(row, 0.94, left=hour, height=0.9, color=ACCENT, alpha=alpha)
    axes.set_yticks(range(len(shown)), [names[agent] for agent in reversed(shown)], fontsize=8)
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.set_xlim(0, HOURS_OF_A_DAY)
    axes.set_xticks(range(0, 25, 4))
    axes.set_xlabel("hour of the day")
    return _svg(canvas)


def _agents(comparison: Comparison, best: str | None) -> str:
    """Draw each agent's busy share, the busiest first, for the baseline and the best."""
    canvas, axes = _canvas(2.6)
    named = [comparison.baseline, *([best] if best is not None else [])]
    for number, name in enumerate(named):
        profile = comparison.profile(name)
        busy = np.array(profile.busy, dtype=float).sum(axis=1) / max(1, profile.span * 24)
        axes.step(
            np.arange(1, len(busy) + 1),
            np.sort(busy)[::-1],
            where="mid",
            color=SERIES[number],
            linestyle=_DASHES[number],
            linewidth=1.8,
            label=name,
        )
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("agents, the busiest first")
    axes.set_ylabel("busy, of all time")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9)
    return _svg(canvas)


_PRIORITY_NAMES: Mapping[str, str] = {"1": "urgent", "2": "high", "3": "normal", "4": "low"}


def _attainment(comparison: Comparison) -> str:
    """Draw the share of clocks that met their target, by metric and priority."""
    profiles = {name: comparison.profile(name) for name in comparison.names}
    keys = sorted({key for profile in profiles.values() for key in profile.clocks})
    canvas, axes = _canvas(1.0 + 0.2 * len(keys) * (len(profiles) + 1))
    height = 0.8 / len(profiles)
    for number, (name, profile) in enumerate(profiles.items()):
        shares = [_met(profile.clocks.get(key, (0, 0))) for key in reversed(keys)]
        places = [row + 0.4 - height * (number + 0.5) for row in range(len(keys))]
        axes.barh(places, shares, height=height * 0.9, color=SERIES[number % 8], label=name)
    labels = [
        f"{metric.replace('_', ' ')}, {_PRIORITY_NAMES.get(priority, priority)}"
        for metric, priority in reversed(keys)
    ]
    axes.set_yticks(range(len(keys)), labels, fontsize=9)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9, loc="upper center", bbox_to_anchor=(0.4, -0.12), ncols=2)
    return _svg(canvas)


def _met(counts: tuple[int, int]) -> float:
    met, decided = counts
    return met / decided if decided else 0.0
