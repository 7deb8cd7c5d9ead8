"""The tables that end a run; each fits a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ticketroute.cli.figures import Figures, Waits

NOTHING = "-"  # where there is no figure, which is not the same as 0
DEFINITIONS = (
    "busy: share of the time available with at least one ticket. "
    "most at once, capacity: units, of which a call takes more than a mail. "
    "median, 90%, longest: waits of tickets that got an agent."
)
_WORD_WIDTH = 20  # columns for a name: what eight figures leave of 80
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400  # in seconds


def span(milliseconds: float | None) -> str:
    """Return a span as people say it, in its two largest units.

    >>> span(0), span(59_400), span(3_660_000), span(None)
    ('0s', '59s', '1h01m', '-')
    """
    if milliseconds is None:
        return NOTHING
    seconds = int(milliseconds // 1_000)
    if seconds >= _DAY:
        return f"{seconds // _DAY}d{seconds % _DAY // _HOUR:02}h"
    if seconds >= _HOUR:
        return f"{seconds // _HOUR}h{seconds % _HOUR // _MINUTE:02}m"
    if seconds >= _MINUTE:
        return f"{seconds // _MINUTE}m{seconds % _MINUTE:02}s"
    return f"{seconds}s" if milliseconds == 0 or seconds else f"{milliseconds:.0f}ms"


def share(part: float | None) -> str:
    """Return a share in whole percents.

    >>> share(0.256)
    '26%'
    """
    return NOTHING if part is None else f"{part:.0%}"


def table(title: str, names: Sequence[str], *, left: int = 1) -> Table:
    """Make an empty table; the first ``left`` columns hold words, the others numbers."""
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 0),
    )
    for place, name in enumerate(names):
        is_word = place < left
        made.add_column(
            name,
            justify="left" if is_word else "right",
            no_wrap=True,
            overflow="ellipsis",
            max_width=_WORD_WIDTH if is_word else None,
        )
    return made


def agents_table(figures: Figures, *, most: int | None = None) -> Table:
    """Return what each agent did: at most ``most`` of them, who had most tickets first."""
    made = table("Agents", ("agent", "tickets", "busy", "most at once", "capacity"))
    ordered = sorted(figures.agents.items(), key=lambda each: (-each[1].tickets, each[0]))
    shown = ordered if most is None else ordered[:most]
    for agent_id, agent in shown:
        made.add_row(
            Text(agent_id),
            f"{agent.tickets:,}",
            share(agent.busy_share),
            str(agent.most),
            str(figures.capacity_of(agent_id)),
        )
    made.caption = _left_out(len(ordered) - len(shown), "agents")
    return made


def queues_table(figures: Figures, *, gone: str, most: int | None = None) -> Table:
    """Return how the tickets of each queue fared: at most ``most`` queues, the largest first.

    ``gone`` is the word for tickets that went before any agent had them.
    """
    found = sorted(figures.by_queue().items(), key=lambda each: (-each[1].tickets, each[0]))
    shown = found if most is None else found[:most]
    made = _waits_table("Queues", "queue", shown, gone=gone)
    made.caption = _left_out(len(found) - len(shown), "queues")
    return made


def offers_table(figures: Figures) -> Table:
    """Return what came of the offers of each queue that made any, the most offers first."""
    made = table(
        "Offers",
        ("queue", "made", "accepted", "declined", "missed", "withdrawn", "median ring"),
    )
    for queue, offers in sorted(figures.offers.items(), key=lambda each: (-each[1].made, each[0])):
        made.add_row(
            Text(queue),
            f"{offers.made:,}",
            f"{offers.accepted:,}",
            f"{offers.declined:,}",
            f"{offers.missed:,}",
            f"{offers.withdrawn:,}",
            span(offers.median_ring),
        )
    return made


def priorities_table(figures: Figures, *, gone: str) -> Table:
    """Return how the tickets of each priority fared, the most urgent first."""
    found = ((each.name.lower(), waits) for each, waits in figures.by_priority().items())
    return _waits_table("Ticket priorities", "priority", found, gone=gone)


def _waits_table(title: str, first: str, found: Iterable[tuple[str, Waits]], *, gone: str) -> Table:
    made = table(
        title,
        (first, "tickets", "at once", "waited", gone, "waiting", "median", "90%", "longest"),
    )
    for name, waits in found:
        made.add_row(
            Text(name),
            f"{waits.tickets:,}",
            f"{waits.at_once:,}",
            f"{waits.later:,}",
            f"{waits.abandoned:,}",
            f"{waits.waiting:,}",
            span(waits.median),
            span(waits.ninetieth),
            span(waits.longest),
        )
    return made


def _left_out(number: int, what: str) -> str | None:
    return f"and {number} more {what}; --top 0 shows all" if number > 0 else None
