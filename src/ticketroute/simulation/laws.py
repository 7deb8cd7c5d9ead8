"""Laws of random spans: how long something takes, in milliseconds.

Each law answers two questions: its mean, and its quantile at a share from 0 to 1. A draw is the
quantile at a uniform number, so one number gives one span, and a longer one under every law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from inspect import signature
from statistics import NormalDist
from typing import Any, Protocol, runtime_checkable

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import LONGEST_SPAN
from ticketroute.simulation.units import Duration, span_from

_STANDARD = NormalDist()
_LEAST_SHARE = 2.0**-54  # below the smallest number that is drawn, 0 left out


@runtime_checkable
class Law(Protocol):
    """How long something takes: a span of milliseconds, drawn at random."""

    @property
    def mean(self) -> float:
        """The mean span in milliseconds."""
        ...

    def at(self, share: float) -> float:
        """Return the span that ``share`` of all draws stay below, 0 <= share < 1."""
        ...


def number(low: float, high: float, *, above: bool = False) -> Any:
    """Return a validator for a finite number from ``low`` (or above it) to ``high``."""
    allowed = f"a number {'above' if above else 'from'} {low:g} to {high:g}"

    def check(instance: Any, attribute: Attribute[Any], value: object) -> None:
        thing = f"{type(instance).__name__}.{attribute.name}"
        check_number(thing, value, low, high, above=above, allowed=allowed)

    return check


def check_number(
    thing: str,
    value: object,
    low: float,
    high: float,
    *,
    above: bool = False,
    allowed: str | None = None,
) -> None:
    """Raise InvalidValueError unless ``value`` is a finite number from ``low`` to ``high``."""
    allowed = allowed or f"a number {'above' if above else 'from'} {low:g} to {high:g}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValueError(thing, value, allowed)
    if not low <= value <= high or (above and value == low):  # nan is in no interval
        raise InvalidValueError(thing, value, allowed)


_length = number(0, LONGEST_SPAN)
_positive = number(0, LONGEST_SPAN, above=True)


@frozen
class Fixed:
    """Always the same span.

    >>> Fixed(60_000).at(0.9)
    60000
    """

    span: Duration = field(converter=span_from, validator=_length)

    @property
    def mean(self) -> float:
        """The span itself."""
        return self.span

    def at(self, share: float) -> float:
        """Return the span itself."""
        return self.span


@frozen
class Exponential:
    """Spans without memory, of a mean in milliseconds.

    >>> round(Exponential(60_000).at(0.5))
    41589
    """

    mean: Duration = field(converter=span_from, validator=_positive)

    def at(self, share: float) -> float:
        """Return the quantile: minus the mean times the logarithm of the rest."""
        return -self.mean * math.log1p(-share)


@frozen
class Uniform:
    """Every span from ``low`` to ``high`` with the same chance."""

    low: Duration = field(converter=span_from, validator=_length)
    high: Duration = field(converter=span_from, validator=_length)

    def __attrs_post_init__(self) -> None:
        if self.high < self.low:
            raise InvalidValueError("Uniform.high", self.high, f"at least low, {self.low}")

    @property
    def mean(self) -> float:
        """The middle."""
        return (self.low + self.high) / 2

    def at(self, share: float) -> float:
        """Return the span at ``share`` of the way from low to high."""
        return self.low + share * (self.high - self.low)


@frozen
class LogNormal:
    """Spans whose logarithm is normal: what handling times mostly look like.

    ``cv`` is the standard deviation over the mean.

    Source: L. Brown et al., "Statistical Analysis of a Telephone Call Center", JASA 100 (2005).

    >>> round(LogNormal(60_000, cv=1.0).at(0.5))
    42426
    """

    mean: Duration = field(converter=span_from, validator=_positive)
    cv: float = field(default=1.0, validator=number(0, 100, above=True))

    def at(self, share: float) -> float:
        """Return the quantile of the logarithm, raised."""
        variance = math.log1p(self.cv * self.cv)
        at = _STANDARD.inv_cdf(max(share, _LEAST_SHARE))
        return self.mean * math.exp(math.sqrt(variance) * at - variance / 2)


@frozen
class Gamma:
    """Spans of a gamma law: a sum of exponential steps; ``cv`` below 1 is steadier than one step.

    A ``cv`` of 1 is the exponential law, one over the root of k the Erlang law of k steps.
    """

    mean: Duration = field(converter=span_from, validator=_positive)
    cv: float = field(default=1.0, validator=number(0.01, 100))

    def at(self, share: float) -> float:
        """Return the quantile, from scipy's inverse of the incomplete gamma function."""
        from scipy.special import gammaincinv  # noqa: PLC0415  scipy is slow to import

        shape = 1 / (self.cv * self.cv)
        return self.mean / shape * float(gammaincinv(shape, share))


@frozen
class Pareto:
    """Spans with a heavy tail, from 0 on (the Lomax law); a ``shape`` of 1 or less has no mean."""

    mean: Duration = field(converter=span_from, validator=_positive)
    shape: float = field(default=2.5, validator=number(1, 1_000, above=True))

    def at(self, share: float) -> float:
        """Return the quantile."""
        scale = self.mean * (self.shape - 1)
        return float(scale * ((1 - share) ** (-1 / self.shape) - 1))


def _sorted(spans: Iterable[Duration]) -> tuple[float, ...]:
    if isinstance(spans, str | bytes) or not isinstance(spans, Iterable):
        raise InvalidValueError("Observed.spans", spans, "several spans, such as a list")
    found = [span_from(span) for span in spans]
    if not found:
        raise InvalidValueError("Observed.spans", (), "one span at least")
    for span in found:
        check_number("a span in Observed.spans", span, 0, LONGEST_SPAN)
    return tuple(sorted(found))


@frozen
class Observed:
    """One of the spans that were seen, each with the same chance.

    >>> Observed([3_000, 1_000, 2_000]).at(0.99)
    3000
    """

    spans: tuple[float, ...] = field(converter=_sorted, repr=lambda spans: f"<{len(spans)} spans>")
    mean: float = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "mean", math.fsum(self.spans) / len(self.spans))

    def at(self, share: float) -> float:
        """Return the span at this share of the sorted list."""
        return self.spans[int(share * len(self.spans))]


@frozen
class Scaled:
    """Another law, every span times ``factor``."""

    law: Law
    factor: float = field(validator=number(0, 1_000))

    @property
    def mean(self) -> float:
        """The other law's mean times the factor."""
        return self.law.mean * self.factor

    def at(self, share: float) -> float:
        """Return the other law's span times the factor."""
        return self.law.at(share) * self.factor


_BY_NAME: Mapping[str, Callable[..., Law]] = {
    "fixed": Fixed,
    "exponential": Exponential,
    "uniform": Uniform,
    "lognormal": LogNormal,
    "gamma": Gamma,
    "pareto": Pareto,
    "observed": Observed,
}


def law_from(written: object, thing: str = "law") -> Law:
    """Return the law that configuration writes.

    A span, such as ``"8min"`` or 480000, is the same every time; a table names a law and its
    figures, such as ``{law = "lognormal", mean = "8min", cv = 1.2}``.

    Raises:
        InvalidValueError: if ``written`` is neither; it names ``thing``.

    >>> law_from({"law": "exponential", "mean": "8min"})
    Exponential(mean=480000.0)
    """
    if isinstance(written, str | int | float) and not isinstance(written, bool):
        written = {"law": "fixed", "span": written}
    if not isinstance(written, Mapping):
        if isinstance(written, Law):
            return written
        raise InvalidValueError(thing, written, "a span, or a table that names a law")
    given = dict(written)
    name = given.pop("law", None)
    kind = _BY_NAME.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InvalidValueError(f"{thing}.law", name, f"one of {', '.join(_BY_NAME)}")
    known = list(signature(kind).parameters)
    for each, value in given.items():
        if each not in known:
            raise InvalidValueError(f"{thing}.{each}", value, f"one of {', '.join(known)}")
    try:
        return kind(**given)
    except TypeError as fault:
        raise InvalidValueError(thing, given, f"a table with {', '.join(known)}") from fault
    except InvalidValueError as fault:
        raise InvalidValueError(f"{thing}: {fault.thing}", fault.value, fault.allowed) from fault
