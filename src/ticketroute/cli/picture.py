"""The state of a desk at one instant: as plain values, and as tables of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from attrs import asdict, frozen
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ticketroute.cli.panels import with_columns
from ticketroute.cli.tables import span
from ticketroute.cli.text import clean
from ticketroute.model.agent import Presence
from ticketroute.model.instants import Instant, Span, datetime_of
from ticketroute.model.lifecycle import RoutingState

LEAST, MOST = 2, 10  # rows of a table: with 2, four tables fit 24 lines; with 10, a large screen
WITHOUT_AGENT = (RoutingState.WAITING, RoutingState.OFFERED)
_OPEN = (*WITHOUT_AGENT, RoutingState.ASSIGNED, RoutingState.PARKED)
_BAR = 20  # cells
_AROUND = 14  # lines that are no rows: heading, keys, and three for each of four tables


@frozen
class QueueLine:
    """A queue: open tickets, those without an agent, and for how long the oldest has waited."""

    queue: str
    open: int
    waiting: int
    ringing: int
    oldest_ms: Span | None


@frozen
class AgentLine:
    """An agent who is there or holds something; ``presence`` is "off shift" outside of theirs."""

    agent: str
    presence: str
    load: int
    capacity: int
    queues: tuple[str, ...]


@frozen
class OfferLine:
    """A ticket that rings at agents; ``left_ms`` until the first of its offers expires."""

    ticket: str
    queue: str
    agents: tuple[str, ...]
    since_arrival_ms: Span
    left_ms: Span | None


@frozen
class DeadlineLine:
    """An open clock; ``left_ms`` is negative once it is overdue."""

    ticket: str
    queue: str
    metric: str
    left_ms: Span


@frozen
class Picture:
    """What a desk looks like at an instant, each list in the order in which it is shown."""

    at: Instant
    queues: tuple[QueueLine, ...]
    agents: tuple[AgentLine, ...]
    offers: tuple[OfferLine, ...]
    deadlines: tuple[DeadlineLine, ...]

    @property
    def open(self) -> int:
        """How many tickets are not done."""
        return sum(each.open for each in self.queues)

    @property
    def tickets(self) -> tuple[str, ...]:
        """The tickets that are shown by name, each once."""
        named = (*(each.ticket for each in self.offers), *(each.ticket for each in self.deadlines))
        return tuple(dict.fromkeys(named))

    def plain(self) -> dict[str, Any]:
        """Return plain values, for JSON; spans in milliseconds."""
        return {"at": datetime_of(self.at).isoformat(), "open": self.open} | {
            name: [asdict(each) for each in getattr(self, name)]
            for name in ("queues", "agents", "offers", "deadlines")
        }

    def only(self, text: str) -> Picture:
        """Return the lines in which a name contains ``text``, in upper or lower case."""

        def kept(lines: Iterable[Any]) -> tuple[Any, ...]:
            wanted = text.casefold()
            return tuple(
                each for each in lines if any(wanted in name.casefold() for name in _names(each))
            )

        return Picture(
            self.at,
            kept(self.queues),
            kept(self.agents),
            kept(self.offers),
            kept(self.deadlines),
        )


def picture_of(desk: Any, at: Instant) -> Picture:
    """Return what a desk looks like; ``desk`` answers as a dispatcher does.

    O(open tickets + agents + clocks), and sorting.
    """
    queues = {queue.id: [0, 0, 0, at] for queue in desk.queues()}
    offers = []
    queue_of = {}
    for state in _OPEN:
        for view in desk.tickets(state=state):
            queue_of[view.id] = view.queue_id
            line = queues[view.queue_id]
            line[0] += 1
            if state in WITHOUT_AGENT:
                line[1] += 1
                line[3] = min(line[3], view.arrived)
            if view.offered_to:
                line[2] += 1
                left = min((until - at for until in view.offered_until if until), default=None)
                offers.append(
                    OfferLine(view.id, view.queue_id, view.offered_to, at - view.arrived, left)
                )
    agents = [
        AgentLine(view.id, _presence(view), view.load, view.capacity, view.queues)
        for view in desk.agents()
        if view.load or (view.presence is not Presence.OFFLINE and view.on_shift)
    ]
    deadlines = [
        DeadlineLine(clock.ticket_id, queue_of.get(clock.ticket_id, ""), clock.metric.value, left)
        for clock in desk.time_left()
        if clock.due is not None
        for left in (clock.due - at,)
    ]
    lines = [
        QueueLine(name, count, waiting, ringing, at - oldest if waiting else None)
        for name, (count, waiting, ringing, oldest) in queues.items()
    ]
    return Picture(
        at,
        tuple(sorted(lines, key=lambda each: (-(each.oldest_ms or 0), -each.waiting))),
        tuple(sorted(agents, key=lambda each: (-each.load / max(1, each.capacity), each.agent))),
        tuple(offers),
        tuple(sorted(deadlines, key=lambda each: (each.left_ms, each.ticket))),
    )


def drawn(picture: Picture, zone: str, *, rows: int = MOST, chosen: str | None = None) -> Group:
    """Return a picture as tables of 80 columns, each with at most so many rows."""
    local = datetime_of(picture.at).astimezone(ZoneInfo(zone))
    told = f"{local:%Y-%m-%d %H:%M:%S} {zone}, {picture.open} tickets open"
    return Group(
        Text(told, style="bold", no_wrap=True),
        _queues(picture.queues, rows),
        _agents(picture.agents, rows),
        _offers(picture.offers, rows, chosen),
        _deadlines(picture.deadlines, rows, chosen),
    )


def rows_that_fit(picture: Picture, height: int) -> int:
    """Return how many rows each table may have so that all of them fit so many lines."""
    rows = LEAST
    while rows < height and _AROUND + _lines(picture, rows + 1) <= height:
        rows += 1
    return rows


def _names(line: Any) -> Iterable[str]:
    for name in ("queue", "agent", "ticket"):
        value = getattr(line, name, None)
        if value is not None:
            yield value
    for several in ("queues", "agents"):
        yield from getattr(line, several, ())


def _presence(view: Any) -> str:
    there = view.presence is Presence.AVAILABLE
    return "off shift" if there and not view.on_shift else str(view.presence.value)


def _lines(picture: Picture, rows: int) -> int:
    lists = (picture.queues, picture.agents, picture.offers, picture.deadlines)
    return sum(min(len(each), rows) for each in lists)


def _queues(lines: Sequence[QueueLine], rows: int) -> Table:
    heads = ("queue", "open", "waiting", "ringing", "oldest")
    made = _table("Queues", heads, len(lines), rows, left=1)
    for each in lines[:rows]:
        counts = (f"{each.open:,}", f"{each.waiting:,}", f"{each.ringing:,}")
        made.add_row(_name(each.queue), *counts, span(each.oldest_ms))
    return made


def _agents(lines: Sequence[AgentLine], rows: int) -> Table:
    made = _table("Agents", ("agent", "presence", "load", ""), len(lines), rows, left=2)
    made.columns[3].justify = "left"
    for each in lines[:rows]:
        full = min(_BAR, _BAR * each.load // max(1, each.capacity))
        bar = "#" * full + "." * (_BAR - full)
        made.add_row(_name(each.agent), each.presence, f"{each.load}/{each.capacity}", bar)
    return made


def _offers(lines: Sequence[OfferLine], rows: int, chosen: str | None) -> Table:
    heads = ("ticket", "queue", "rings at", "came", "expires")
    made = _table("Offers that ring", heads, len(lines), rows, left=3)
    for each in lines[:rows]:
        came, left = f"{span(each.since_arrival_ms)} ago", _left(each.left_ms)
        names = (each.ticket, each.queue, ", ".join(each.agents))
        made.add_row(*map(_name, names), came, left, style=_style(each.ticket, chosen))
    return made


def _deadlines(lines: Sequence[DeadlineLine], rows: int, chosen: str | None) -> Table:
    heads = ("ticket", "queue", "metric", "left")
    made = _table("Nearest deadlines", heads, len(lines), rows, left=3)
    for each in lines[:rows]:
        left = Text(_left(each.left_ms), style="red" if each.left_ms < 0 else "")
        names = (_name(each.ticket), _name(each.queue))
        made.add_row(*names, each.metric, left, style=_style(each.ticket, chosen))
    return made


def _table(title: str, heads: Sequence[str], count: int, rows: int, *, left: int) -> Table:
    """Make an empty table without lines; the first ``left`` columns hold words."""
    told = f"{title} ({rows:,} of {count:,})" if count > rows else title
    made = Table(
        title=Text(f"\n{told}", style="bold"),
        title_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
        header_style="underline",
    )
    return with_columns(made, heads, left=left)


def _style(ticket: str, chosen: str | None) -> str:
    return "reverse" if ticket == chosen else ""


def _left(left: Span | None) -> str:
    if left is None:
        return "-"
    return f"in {span(left)}" if left >= 0 else f"{span(-left)} late"


def _name(name: str) -> Text:
    return Text(clean(name))
