"""Settings that every test of the suite shares."""

import os

from hypothesis import HealthCheck, settings

# CI has to fail or pass by the change alone, so it draws the same examples on every machine; how
# long one example takes there says more about the machine's neighbours than about the code.
settings.register_profile(
    "ci",
    derandomize=True,
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
# At the desk each run looks somewhere new.
settings.register_profile("dev", max_examples=100, deadline=None)
# For a night, or after a change to an index: HYPOTHESIS_PROFILE=long pytest tests/strategies
settings.register_profile(
    "long",
    max_examples=5_000,
    stateful_step_count=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
