"""What the tests of the core need before they are imported."""

import pytest

# Their asserts are to show values, as those of a test do.
pytest.register_assert_rewrite(
    "decisions", "plain_desk", "plain_fold", "plain_strategies", "recompute"
)
