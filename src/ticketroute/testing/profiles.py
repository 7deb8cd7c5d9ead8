"""Profiles of Hypothesis: the same examples every time for CI, new ones each time for people."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

VARIABLE = "HYPOTHESIS_PROFILE"


def register() -> None:
    """Register the profiles ``quick``, ``ci``, ``dev``, ``long`` and ``hunt`` without loading one.

    ``ci`` draws the same examples on every machine and has no time limit for one of them, so that
    its result depends on the change alone. ``dev`` draws new examples at each run. ``long`` is for
    a night, or after a change to an index; ``quick`` is for a first look. None of them fails
    because a busy machine takes long. ``hunt`` only finds failures and does not shrink them.
    """
    settings.register_profile(
        "hunt",
        derandomize=True,
        max_examples=400,
        stateful_step_count=50,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    settings.register_profile(
        "quick",
        derandomize=True,
        max_examples=15,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.register_profile(
        "ci",
        derandomize=True,
        max_examples=60,
        stateful_step_count=40,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.register_profile(
        "dev",
        max_examples=100,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.register_profile(
        "long",
        max_examples=5_000,
        stateful_step_count=100,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def load(name: str | None = None) -> None:
    """Register the profiles and load one: ``name``, else ``HYPOTHESIS_PROFILE``, else ``dev``."""
    register()
    settings.load_profile(name or os.environ.get(VARIABLE, "dev"))
