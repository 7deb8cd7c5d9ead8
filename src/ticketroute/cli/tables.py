"""The tables that end a run; each fits a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ticketroute.cli.figures import Figures, Waits
from ticketroute.cli.sla import span_text
from ticketroute.cli.text import Table
from ticketroute.model.instants import Span

NOTHING = "-"  # where there is no figure, which is not the same as 0
DEFINITIONS = (
    "busy: share of the time available with at least one ticket. "
    "most at once, capacity: units, of which a call takes more than a mail. "
    "median, 90%, longest: waits of tickets that got an agent."
)
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400  # in seconds


def span(milliseconds: float | None) -> str:
    """Return a span as people write it, in its two largest units.

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


def agents_table(figures: Figures, *, most: int | None = None) -> Table:
    """Return what each agent did: at most ``most`` of them, those with most tickets first."""
    made = Table("Agents", ("agent", "tickets", "busy", "most at once", "capacity"))
    ordered = sorted(figures.agents.items(), key=lambda each: (-each[1].tickets, each[0]))
    shown = ordered if most is None else ordered[:most]
    for agent_id, agent in shown:
        made.add(
            agent_id,
            f"{agent.tickets:,}",
            share(agent.busy_share),
            f"{agent.most:,}",
            f"{figures.capacity_of(agent_id):,}",
        )
    made.caption = _left_out(len(ordered) - len(shown), "agent")
    return made


def queues_table(figures: Figures, *, gone: str, most: int | None = None) -> Table:
    """Return how the tickets of each queue fared: at most ``most`` queues, the largest first.

    ``gone`` is the word for tickets that went before any agent had them.
    """
    found = sorted(figures.by_queue().items(), key=lambda each: (-each[1].tickets, each[0]))
    shown = found if most is None else found[:most]
    made = waits_table("Queues", ("queue",), (((name,), waits) for name, waits in shown), gone=gone)
    made.caption = _left_out(len(found) - len(shown), "queue")
    return made


def offers_table(figures: Figures) -> Table:
    """Return what came of the offers of each queue that made any, the most offers first."""
    made = Table(
        "Offers",
        ("queue", "made", "accepted", "declined", "missed", "withdrawn", "median ring"),
    )
    for queue, offers in sorted(figures.offers.items(), key=lambda each: (-each[1].made, each[0])):
        made.add(
            queue,
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
    found = (((each.name.lower(),), waits) for each, waits in figures.by_priority().items())
    return waits_table("Ticket priorities", ("priority",), found, gone=gone)


def waits_table(
    title: str,
    names: Sequence[str],
    found: Iterable[tuple[Sequence[str], Waits]],
    *,
    gone: str,
) -> Table:
    """Return how groups of tickets fared; ``names`` head the words that name a group."""
    made = Table(
        title,
        (*names, "tickets", "at once", "waited", gone, "waiting", "median", "90%", "longest"),
        words=len(names),
    )
    for words, waits in found:
        made.add(
            *words,
            f"{waits.tickets:,}",
            f"{waits.at_once:,}",
            f"{waits.later:,}",
            f"{waits.abandoned:,}",
            f"{waits.waiting:,}",
            span(waits.spans.median),
            span(waits.spans.ninetieth),
            span(waits.spans.longest),
        )
    return made


def comparison_table(runs: Iterable[tuple[str, Figures]], *, gone: str, limit: Span) -> Table:
    """Return runs side by side: what became of the tickets, waits, service level and fairness."""
    made = Table(
        "Strategies",
        (
            "strategy",
            "assigned",
            gone,
            "waiting",
            "median",
            "90%",
            "longest",
            f"<={span_text(limit)}",
            "fairness",
        ),
    )
    for name, figures in runs:
        waits = figures.all_waits()
        fairness = figures.fairness
        made.add(
            name,
            f"{waits.answered:,}",
            f"{waits.abandoned:,}",
            f"{waits.waiting:,}",
            span(waits.spans.median),
            span(waits.spans.ninetieth),
            span(waits.spans.longest),
            share(waits.service_level(limit)),
            NOTHING if fairness is None else f"{fairness:.2f}",
        )
    return made


def _left_out(number: int, what: str) -> str | None:
    plural = "" if number == 1 else "s"
    return f"and {number:,} more {what}{plural}; --top 0 shows all" if number > 0 else None
