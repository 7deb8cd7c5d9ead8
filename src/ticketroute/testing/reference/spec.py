"""What a strategy's written form says of it: the reference desk never asks the strategy."""

from __future__ import annotations

from ticketroute.model.strategy_spec import StrategySpec

DAY = 86_400_000
DRAWN = ("random", "weighted_random", "power_of_two")


def window_of(spec: StrategySpec) -> int | None:
    """Return how far back a strategy looks."""
    inside = spec.options.get("then")
    if isinstance(inside, StrategySpec):
        return window_of(inside)
    if spec.name in ("fewest_taken", "least_handle_time"):
        span = spec.options.get("window", DAY)
        assert isinstance(span, int)
        return span
    return None


def inside(spec: StrategySpec) -> StrategySpec:
    """Return the strategy that orders inside the tiers."""
    then = spec.options.get("then", StrategySpec("average_load"))
    assert isinstance(then, StrategySpec)
    return then


def wraps(spec: StrategySpec) -> bool:
    """Return whether another strategy decides where this one ties."""
    return spec.name == "priority" or (spec.name == "best_match" and "then" in spec.options)


def inner(spec: StrategySpec) -> StrategySpec:
    """Return the strategy that decides in the end, or the strategy itself."""
    return inner(inside(spec)) if wraps(spec) else spec


def has_tiers(spec: StrategySpec) -> bool:
    """Return whether agents of other agent priorities have turns of their own."""
    return spec.name == "priority" or (wraps(spec) and has_tiers(inside(spec)))


def keeps_credits(spec: StrategySpec) -> bool:
    """Return whether members are owed a share by their weight."""
    return inner(spec).name == "weighted_round_robin"


def step_of(spec: StrategySpec) -> int | None:
    """Return after how long one more is rung, where everybody is."""
    step = inner(spec).options.get("step")
    assert step is None or isinstance(step, int)
    return step


def rings_at_once(spec: StrategySpec) -> bool:
    """Say whether everybody, of the best tier where there are tiers, is asked at once."""
    return inner(spec).name == "ring_all" and step_of(spec) is None


def takes_turns(spec: StrategySpec) -> bool:
    """Say whether a strategy has seats."""
    inside = spec.options.get("then")
    return spec.name == "round_robin" or (isinstance(inside, StrategySpec) and takes_turns(inside))


def draws(spec: StrategySpec) -> bool:
    """Say whether chance has a part in the order."""
    return inner(spec).name in DRAWN
