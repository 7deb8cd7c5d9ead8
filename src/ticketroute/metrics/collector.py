"""A collector for prometheus-client: one scrape asks the desks, and counts what is new."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from ticketroute.desk.addresses import Clock, ticking
from ticketroute.desk.desk import MAIN, Desk
from ticketroute.desk.watch import QueueNow, Watch
from ticketroute.errors import InvalidValueError
from ticketroute.journal.faults import JournalError
from ticketroute.metrics.counting import Counting
from ticketroute.model.agent import Presence
from ticketroute.model.checks import check_id, check_whole
from ticketroute.model.instants import Instant, Span, instant_of
from ticketroute.model.lifecycle import RoutingState
from ticketroute.reporting.cells import TicketCell
from ticketroute.reporting.spans import Distribution

log = logging.getLogger("ticketroute.metrics")

OTHER = "(other)"  # the label of what the guard puts together; no id begins with it by chance
MOST_QUEUES = 100
MOST_CHANNELS = 20
MOST = 10_000
#: Upper bounds of the histograms in seconds: a call's ring up to a week of mail.
BUCKETS = (5, 20, 60, 300, 900, 3_600, 14_400, 86_400, 604_800)

_OPEN = tuple(state for state in RoutingState if state is not RoutingState.DONE)
_SPANS: Mapping[str, Callable[[TicketCell], Any]] = {
    "ticketroute_wait_seconds": lambda cell: cell.waits,
    "ticketroute_handle_seconds": lambda cell: cell.handle,
}
_CELLS = ("resolved", "abandoned", "reopened")

_FAMILIES: Mapping[str, tuple[type[Metric], str, tuple[str, ...]]] = {
    "ticketroute_up": (GaugeMetricFamily, "1 if the desk could be asked, else 0.", ()),
    "ticketroute_tickets": (
        GaugeMetricFamily,
        "Open tickets by state; parked ones are on hold.",
        ("queue", "state"),
    ),
    "ticketroute_waiting_tickets": (
        GaugeMetricFamily,
        "Tickets without an agent, by why they wait now.",
        ("queue", "reason"),
    ),
    "ticketroute_oldest_waiting_seconds": (
        GaugeMetricFamily,
        "How long the ticket has waited that waits longest; 0 if none waits.",
        ("queue",),
    ),
    "ticketroute_agents": (
        GaugeMetricFamily,
        "Agents by presence; one of several queues counts in each.",
        ("queue", "presence"),
    ),
    "ticketroute_capacity_units": (
        GaugeMetricFamily,
        "Units of capacity of the agents who could get a ticket now if they had room.",
        ("queue",),
    ),
    "ticketroute_load_units": (
        GaugeMetricFamily,
        "Units these agents hold.",
        ("queue",),
    ),
    "ticketroute_free_units": (
        GaugeMetricFamily,
        "Units of room these agents have.",
        ("queue",),
    ),
    "ticketroute_sla_open_clocks": (
        GaugeMetricFamily,
        "Open clocks by metric and whether a breach was recorded.",
        ("metric", "state"),
    ),
    "ticketroute_journal_position": (
        GaugeMetricFamily,
        "Position of the last event of the desk.",
        (),
    ),
    "ticketroute_overdue_deadline_seconds": (
        GaugeMetricFamily,
        "How late the next timer is: above some seconds, no process runs the desk.",
        (),
    ),
    "ticketroute_tickets_submitted": (
        CounterMetricFamily,
        "Tickets taken in.",
        ("queue", "channel"),
    ),
    "ticketroute_tickets_resolved": (
        CounterMetricFamily,
        "Tickets resolved, each time.",
        ("queue", "channel"),
    ),
    "ticketroute_tickets_abandoned": (
        CounterMetricFamily,
        "Tickets whose requester gave up before an agent had them.",
        ("queue", "channel"),
    ),
    "ticketroute_tickets_reopened": (
        CounterMetricFamily,
        "Tickets reopened.",
        ("queue", "channel"),
    ),
    "ticketroute_tickets_escalated": (
        CounterMetricFamily,
        "Tickets that went from agent to agent without an answer as often as allowed.",
        ("queue",),
    ),
    "ticketroute_assignments": (
        CounterMetricFamily,
        "Assignments by cause.",
        ("queue", "cause"),
    ),
    "ticketroute_offers": (
        CounterMetricFamily,
        "Offers that ended, by outcome.",
        ("queue", "outcome"),
    ),
    "ticketroute_sla_clocks": (
        CounterMetricFamily,
        "Clocks that ended, by metric and outcome.",
        ("metric", "outcome"),
    ),
    "ticketroute_wait_seconds": (
        HistogramMetricFamily,
        "Arrival to the first agent.",
        ("queue",),
    ),
    "ticketroute_handle_seconds": (
        HistogramMetricFamily,
        "Turns of work: assignment to the end of wrap-up, holds left out.",
        ("queue",),
    ),
}


class DeskCollector(Collector):
    """The figures of one desk, or of several, for a registry of prometheus-client.

    Gauges follow the events of the desk, and counters count all events of its journal. So every
    process that shows the desk shows the same, and a restart changes nothing.

    Args:
        desks: a desk, shown as "main", or desks by the name to show them under.
        most_queues: queues with a label of their own; later ones are put together as "(other)".
        most_channels: the same for channels.
        clock: the present, in place of the real clock: the one that was given to the desk.

    Raises:
        InvalidValueError: if a number or a name cannot be used.
        TypeError: if one is no :class:`~ticketroute.desk.Desk`.

    The first scrape reads the journal, 10 to 25 microseconds an event; a later one reads what is
    new. While a database does not answer, ``ticketroute_up`` is 0 and its other figures are gone.
    """

    def __init__(
        self,
        desks: Desk | Mapping[str, Desk],
        *,
        most_queues: int = MOST_QUEUES,
        most_channels: int = MOST_CHANNELS,
        clock: Clock | None = None,
    ) -> None:
        check_whole("most_queues", most_queues, 0, MOST)
        check_whole("most_channels", most_channels, 0, MOST)
        named = desks if isinstance(desks, Mapping) else {MAIN: desks}
        self._readers = []
        for name, desk in named.items():
            check_id("the name of a desk", name)
            if not isinstance(desk, Desk):
                raise TypeError(
                    f"metrics are of a Desk, not {type(desk).__name__}; "
                    "beside an AsyncDesk, open the same address once more with Desk.open"
                )
            queues, channels = Guard(most_queues), Guard(most_channels)
            self._readers.append(_Reader(name, desk, queues, channels, ticking(clock)))
        if not self._readers:
            raise InvalidValueError("desks", desks, "a desk, or several by name")
        self._lock = Lock()

    def describe(self) -> Iterable[Metric]:
        """Yield the families without values, so that registering asks no database."""
        return list(_families().values())

    def collect(self) -> Iterator[Metric]:
        """Yield all figures; called by a registry at each scrape."""
        found = _families()
        with self._lock:
            for reader in self._readers:
                reader.fill(found)
        yield from found.values()


class Guard:
    """Gives at most so many values a label of their own, so that a host cannot flood Prometheus."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        """Return the value, or "(other)"; a value that was shown once stays shown."""
        if value not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value


class _Reader:
    """One desk of a collector."""

    def __init__(
        self, name: str, desk: Desk, queue: Guard, channel: Guard, clock: Callable[[], Instant]
    ) -> None:
        self._name, self._desk, self._clock = name, desk, clock
        self._queue, self._channel = queue, channel
        self._watch, self._counting = Watch(desk), Counting(desk)

    def fill(self, found: Mapping[str, Any]) -> None:
        """Add the figures of the desk to the families."""
        try:
            self._desk.refresh()
            self._watch.look()
            self._counting.read()
        except JournalError:
            log.exception("desk %r cannot be asked for its metrics", self._name)
            self._add(found["ticketroute_up"], (), 0)
            return
        self._add(found["ticketroute_up"], (), 1)
        self._gauges(found)
        self._counters(found)
        self._histograms(found)

    def _add(self, family: Any, labels: tuple[str, ...], value: float) -> None:
        family.add_metric((self._name, *labels), value)

    # --- now --------------------------------------------------------------------------------

    def _gauges(self, found: Mapping[str, Any]) -> None:
        now, watch = self._clock(), self._watch
        totals: dict[str, Counter[tuple[str, ...]]] = {}
        for queue in watch.queues.values():
            label = self._queue(queue.id)
            for name, labels, value in _of_queue(queue, watch, now):
                sums = totals.setdefault(name, Counter())
                key = (label, *labels)
                if name == "ticketroute_oldest_waiting_seconds":
                    sums[key] = max(sums[key], value)
                else:
                    sums[key] += value
        for name, sums in totals.items():
            divide = 1_000 if name.endswith("_seconds") else 1
            for labels, value in sums.items():
                self._add(found[name], labels, value / divide)
        for (metric, state), count in sorted(
            watch.clocks.items(), key=lambda each: (each[0][0].value, each[0][1])
        ):
            self._add(found["ticketroute_sla_open_clocks"], (metric.value, state), count)
        self._add(found["ticketroute_journal_position"], (), self._desk.head)
        deadline = self._desk.next_deadline()
        late = 0 if deadline is None else max(0, now - instant_of(deadline))
        self._add(found["ticketroute_overdue_deadline_seconds"], (), late / 1_000)

    # --- since the beginning ----------------------------------------------------------------

    def _counters(self, found: Mapping[str, Any]) -> None:
        counting, queue, channel = self._counting, self._queue, self._channel
        sums: dict[str, Counter[tuple[str, ...]]] = {
            "ticketroute_tickets_submitted": _guarded(counting.submitted, queue, channel),
            "ticketroute_tickets_escalated": _guarded(counting.escalated, queue),
            "ticketroute_assignments": _guarded(counting.assignments, queue, str),
            "ticketroute_offers": _guarded(counting.offers, queue, str),
            "ticketroute_sla_clocks": Counter(
                {(metric.value, state): n for (metric, state), n in counting.clocks.items()}
            ),
        }
        for count in _CELLS:
            plain: Counter[tuple[str, ...]] = Counter()
            for (queue_id, channel_id, _, _), cell in counting.cells.items():
                plain[queue_id, channel_id] += getattr(cell, count)
            sums[f"ticketroute_tickets_{count}"] = _guarded(plain, queue, channel)
        for name, totals in sums.items():
            for labels, value in sorted(totals.items()):
                self._add(found[name], labels, value)

    def _histograms(self, found: Mapping[str, Any]) -> None:
        by_queue: dict[str, list[TicketCell]] = {}
        for key, cell in self._counting.cells.items():
            by_queue.setdefault(self._queue(key[0]), []).append(cell)
        for name, spans in _SPANS.items():
            for label, cells in by_queue.items():
                whole = Distribution.of(spans(cell) for cell in cells)
                found[name].add_metric(
                    (self._name, label), _buckets(whole), sum_value=whole.total / 1_000
                )


def _of_queue(
    queue: QueueNow, watch: Watch, now: Instant
) -> Iterator[tuple[str, tuple[str, ...], int]]:
    for state in _OPEN:
        yield "ticketroute_tickets", (state.value,), queue.tickets[state]
    for reason, count in watch.reasons(queue.id).items():
        yield "ticketroute_waiting_tickets", (reason.value,), count
    oldest: Span = 0 if queue.oldest is None else max(0, now - queue.oldest)
    yield "ticketroute_oldest_waiting_seconds", (), oldest
    for presence in Presence:
        yield "ticketroute_agents", (presence.value,), queue.agents[presence]
    yield "ticketroute_capacity_units", (), queue.capacity
    yield "ticketroute_load_units", (), queue.load
    yield "ticketroute_free_units", (), queue.free


def _guarded(
    counts: Mapping[tuple[str, ...], int], *guards: Callable[[str], str]
) -> Counter[tuple[str, ...]]:
    sums: Counter[tuple[str, ...]] = Counter()
    for labels, count in counts.items():
        sums[tuple(guard(each) for guard, each in zip(guards, labels, strict=True))] += count
    return sums


def _buckets(whole: Distribution) -> list[tuple[str, float]]:
    """Return how many spans are at most as long as each bound, as Prometheus wants them."""
    found: list[tuple[str, float]] = []
    sizes = sorted(whole.counts.items())
    place = below = 0
    for bound in BUCKETS:
        while place < len(sizes) and sizes[place][0] <= bound * 1_000:
            below += sizes[place][1]
            place += 1
        found.append((f"{bound}.0", below))
    return [*found, ("+Inf", whole.count)]


def _families() -> dict[str, Any]:
    return {
        name: kind(name, told, labels=("desk", *labels))  # type: ignore[call-arg]
        for name, (kind, told, labels) in _FAMILIES.items()
    }
