"""Draws a desk's day, as docs/_static/day.svg and day-dark.svg: python docs/_ext/day.py.

The day is the one of ``ticketroute demo``. A test fails when it would be drawn differently now.
"""

from __future__ import annotations

from pathlib import Path

from ticketroute.cli.day import Day
from ticketroute.cli.scenario import MIDNIGHT, a_day
from ticketroute.events import Event
from ticketroute.model.instants import hours, minutes
from ticketroute.model.lifecycle import RoutingState

FOLDER = Path(__file__).parents[1] / "_static"
STEP = minutes(5)
FIRST, LAST = 7, 19  # hours shown
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 260, 36, 40, 24
COLOURS = {
    "day.svg": {"text": "#45505c", "line": "#d4d8dd", "work": "#0b5c8e", "wait": "#b5460f"},
    "day-dark.svg": {"text": "#a9b2bc", "line": "#3a4148", "work": "#7cc4f0", "wait": "#ffab7a"},
}
WAITING = (RoutingState.WAITING, RoutingState.OFFERED)


def counts() -> list[tuple[int, int]]:
    """Return how many tickets agents worked on and how many waited, at each step of the day."""
    found: list[tuple[int, int]] = []

    def see(event: Event) -> None:
        while event.at > MIDNIGHT + hours(FIRST) + len(found) * STEP:
            states = [view.state for view in day.desk.tickets() if view.done_at is None]
            waiting = sum(states.count(state) for state in WAITING)
            found.append((states.count(RoutingState.ASSIGNED), waiting))

    day = Day(a_day(seed=1, strategy=None), see, lambda: None, 1)
    day.open()
    day.run()
    return found[: (LAST - FIRST) * hours(1) // STEP + 1]


def drawn(series: list[tuple[int, int]], colours: dict[str, str]) -> str:
    """Return the picture."""
    most = max(max(pair) for pair in series)
    right, low = WIDTH - 24, HEIGHT - BOTTOM

    def x(step: float) -> float:
        return LEFT + (right - LEFT) * step * STEP / hours(LAST - FIRST)

    def y(count: float) -> float:
        return low - (low - TOP) * count / most

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" font-family="system-ui, sans-serif" '
            f'font-size="12" fill="{colours["text"]}">'
        ),
        "<title>Tickets of a desk over a day: at work, and waiting</title>",
    ]
    parts += [
        f'<path d="M{LEFT} {y(count):.1f}H{right}" stroke="{colours["line"]}"/>'
        f'<text x="{LEFT - 6}" y="{y(count) + 4:.1f}" text-anchor="end">{count}</text>'
        for count in range(0, most + 1, 10)
    ]
    for hour in range(FIRST, LAST + 1, 2):
        place = x((hour - FIRST) * hours(1) / STEP)
        parts.append(
            f'<text x="{place:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{hour}:00</text>'
        )
    for which, (name, label) in enumerate((("work", "with an agent"), ("wait", "waiting"))):
        dashes = ' stroke-dasharray="5 3"' if name == "wait" else ""
        points = " ".join(f"{x(step):.1f},{y(pair[which]):.1f}" for step, pair in enumerate(series))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colours[name]}" stroke-width="2"'
            f"{dashes}/>"
        )
        start = LEFT + 8 + which * 140
        parts.append(
            f'<path d="M{start} 16h24" stroke="{colours[name]}" stroke-width="2"{dashes}/>'
            f'<text x="{start + 32}" y="20" font-size="14">{label}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def pictures() -> dict[str, str]:
    """Return both pictures by their file names."""
    series = counts()
    return {name: drawn(series, colours) for name, colours in COLOURS.items()}


if __name__ == "__main__":
    for name, text in pictures().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
