"""Strategies by name: the built-in ones, and those that other packages provide.

A host registers a strategy for its own process: ``register("name", factory)``, or
``Queue(strategy=MyStrategy)``. A package provides a strategy through an entry point of the group
``ticketroute.strategies``. The entry point has the strategy's name and points at a class, or at a
function that makes a strategy. Entry points are read once in each process, and a plug-in is
imported at its first use.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping
from functools import cache
from inspect import Parameter, getdoc, signature
from typing import cast

from ticketroute.errors import InvalidValueError, TicketRouteError, UnknownStrategyError, shown
from ticketroute.model.ports import RandomSource
from ticketroute.model.strategy_spec import REGISTERED, StrategySpec
from ticketroute.strategies.average_load import AverageLoad
from ticketroute.strategies.best_match import BestMatch
from ticketroute.strategies.contract import Strategy
from ticketroute.strategies.fewest_taken import FewestTaken
from ticketroute.strategies.headroom import Headroom
from ticketroute.strategies.least_handle_time import LeastHandleTime
from ticketroute.strategies.load_ratio import LoadRatio
from ticketroute.strategies.longest_available import LongestAvailable
from ticketroute.strategies.longest_idle import LongestIdle
from ticketroute.strategies.max_load import MaxLoad
from ticketroute.strategies.power_of_two import PowerOfTwo
from ticketroute.strategies.priority import Priority
from ticketroute.strategies.random_pick import Random
from ticketroute.strategies.ring_all import RingAll
from ticketroute.strategies.round_robin import RoundRobin
from ticketroute.strategies.top_down import TopDown
from ticketroute.strategies.weighted_random import WeightedRandom
from ticketroute.strategies.weighted_round_robin import WeightedRoundRobin

GROUP = "ticketroute.strategies"
SOURCE, THEN = "source", "then"  # options the registry fills in: random source, inner strategy

Factory = Callable[..., Strategy]
Option = int | StrategySpec

BUILT_IN: Mapping[str, Factory] = {
    "ring_all": RingAll,
    "max_load": MaxLoad,
    "average_load": AverageLoad,
    "load_ratio": LoadRatio,
    "headroom": Headroom,
    "random": Random,
    "weighted_random": WeightedRandom,
    "priority": Priority,
    "round_robin": RoundRobin,
    "weighted_round_robin": WeightedRoundRobin,
    "longest_idle": LongestIdle,
    "longest_available": LongestAvailable,
    "fewest_taken": FewestTaken,
    "least_handle_time": LeastHandleTime,
    "top_down": TopDown,
    "best_match": BestMatch,
    "power_of_two": PowerOfTwo,
}

_CONTRACT = tuple(
    name for name in vars(Strategy) if not name.startswith("_")
)  # what a plug-in's strategy must have


class BrokenStrategyError(TicketRouteError):
    """An installed plug-in cannot be used as the strategy it names.

    ``name`` is the strategy's name, ``where`` the package and object, ``why`` the reason.
    """

    def __init__(self, name: str, where: str, why: str) -> None:
        super().__init__(name, where, why)
        self.name, self.where, self.why = name, where, why

    def __str__(self) -> str:
        return (
            f"strategy {shown(self.name)} of the plug-in {self.where} cannot be used: {self.why}; "
            "repair or uninstall the plug-in, or choose another strategy"
        )


def names() -> tuple[str, ...]:
    """Return the names of all strategies: the built-in ones, then those of plug-ins by name."""
    return (*BUILT_IN, *sorted((_plug_ins().keys() | REGISTERED.keys()) - BUILT_IN.keys()))


def register(name: str, factory: Factory) -> None:
    """Register a strategy under a name in this process, for notebooks and hosts.

    ``factory`` is a class, or a function that makes a strategy. A replay needs the strategies of
    its desk: register them in every process that replays it, or provide them by an entry point.

    Raises:
        InvalidValueError: if the name is not a valid name, or another strategy has it.

    >>> register("busiest_first", BUILT_IN["max_load"])
    >>> "busiest_first" in names()
    True
    >>> del REGISTERED["busiest_first"]  # so that this example leaves nothing behind
    """
    StrategySpec(name)
    known = BUILT_IN.get(name) or REGISTERED.get(name)
    if (known is not None and known is not factory) or name in _plug_ins():
        raise InvalidValueError("name", name, "one that no other strategy has")
    if not callable(factory):
        raise InvalidValueError("factory", factory, "a class or a function that makes a strategy")
    REGISTERED[name] = factory


def describe(name: str) -> str:
    """Return one line about the agent whom the strategy ranks first.

    Raises:
        UnknownStrategyError: if no strategy has that name.
        BrokenStrategyError: if a plug-in of that name cannot be used.

    >>> describe("round_robin")
    'The agent whose seat follows the seat served last.'
    """
    return (getdoc(_factory(name)) or "").partition("\n")[0]


def create(spec: StrategySpec | str, *, source: RandomSource) -> Strategy:
    """Return a new, empty strategy with its options; ``source`` is for strategies that draw.

    Raises:
        UnknownStrategyError: if no strategy has that name.
        InvalidValueError: if it does not have such an option or does not allow the value.
        BrokenStrategyError: if a plug-in of that name cannot be used.

    >>> from random import Random as Source
    >>> create("priority(then=round_robin)", source=Source(1)).key_names
    ('agent priority', 'seats after the turn')
    """
    spec = StrategySpec.of(spec)
    factory = _factory(spec.name)
    options = _checked(spec, factory)
    inside = options.pop(THEN, None)
    given: dict[str, object] = {
        name: str(value) if isinstance(value, StrategySpec) else value
        for name, value in options.items()
    }
    if inside is not None:
        given[THEN] = _maker_of(spec.name, inside, source)
    if getattr(factory, "draws", False) is True:  # set on a class; a property object is not True
        given[SOURCE] = source
    try:
        strategy = factory(**given)
    except InvalidValueError as fault:
        thing = f"{fault.thing} of strategy {spec.name}"
        raise InvalidValueError(thing, fault.value, fault.allowed) from fault
    except (TypeError, ValueError) as fault:
        raise InvalidValueError(
            f"strategy {spec.name}", str(spec), f"with other options: {fault}"
        ) from fault
    missing = [name for name in _CONTRACT if not hasattr(strategy, name)]
    if missing:
        raise BrokenStrategyError(spec.name, _where(spec.name), f"it has no {', '.join(missing)}")
    return strategy


def _maker_of(name: str, inside: Option, source: RandomSource) -> Callable[[], Strategy]:
    """Return a function that makes the strategy inside another, a new one for each tier."""
    if isinstance(inside, int):
        raise InvalidValueError(f"{THEN} of strategy {name}", inside, "the name of a strategy")
    return lambda: create(inside, source=source)


def _checked(spec: StrategySpec, factory: Factory) -> dict[str, Option]:
    """Return the options of the spec, after checking that the factory takes and gets them all."""
    allowed = [
        parameter
        for parameter in signature(factory).parameters.values()
        if parameter.name != SOURCE
        and parameter.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    ]
    known = {parameter.name for parameter in allowed}
    choices = (
        f"one of: {', '.join(sorted(known))}" if known else "left out, because it has no options"
    )
    for option in spec.options:
        if option not in known:
            raise InvalidValueError(f"an option of strategy {spec.name}", option, choices)
    for parameter in allowed:
        if parameter.default is Parameter.empty and parameter.name not in spec.options:
            thing = f"{parameter.name} of strategy {spec.name}"
            raise InvalidValueError(thing, None, f"given: {spec.name}({parameter.name}=...)")
    return dict(spec.options)


def _factory(name: str) -> Factory:
    plug_ins = _plug_ins().get(name, ())
    if name in BUILT_IN:
        if plug_ins:
            why = "a built-in strategy has that name"
            raise BrokenStrategyError(name, _where(name), why)
        return BUILT_IN[name]
    if name in REGISTERED:
        return REGISTERED[name]
    if not plug_ins:
        raise UnknownStrategyError(name, names())
    if len(plug_ins) > 1:
        raise BrokenStrategyError(name, _where(name), "several plug-ins provide that name")
    return _load(plug_ins[0])


def _load(plug_in: importlib.metadata.EntryPoint) -> Factory:
    try:
        loaded: object = plug_in.load()
    except Exception as fault:
        why = f"{type(fault).__name__}: {fault}"
        raise BrokenStrategyError(plug_in.name, _where(plug_in.name), why) from fault
    if not callable(loaded):
        why = "it is neither a class nor a function that makes a strategy"
        raise BrokenStrategyError(plug_in.name, _where(plug_in.name), why)
    return cast("Factory", loaded)


@cache
def _plug_ins() -> Mapping[str, tuple[importlib.metadata.EntryPoint, ...]]:
    """Return the strategies of other packages; O(installed packages) once, then O(1)."""
    found: dict[str, tuple[importlib.metadata.EntryPoint, ...]] = {}
    for plug_in in importlib.metadata.entry_points(group=GROUP):
        others = found.get(plug_in.name, ())
        if plug_in not in others:  # a package may be found twice on the path
            found[plug_in.name] = (*others, plug_in)
    return found


def _where(name: str) -> str:
    """Return the packages that provide a strategy, for an error message."""
    return " and ".join(
        f"{plug_in.dist.name} ({plug_in.value})" if plug_in.dist else plug_in.value
        for plug_in in _plug_ins().get(name, ())
    )
