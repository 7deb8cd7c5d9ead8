#!/usr/bin/env bash
# Finding: naming a branch of `one_of` three times does not make Hypothesis draw it more often, and a
#   `one_of` within another has no share of its own.
#
# Package: hypothesis 6.170.17.
# Input: one_of(often, often, often, seldom); one_of(one_of(a, b, c), d); sampled_from("aaab").
# Expected: three quarters of "often", as sampled_from gives for three of four equal elements; and half
#   of "d", which is one of two branches.
# Found: "often" and "seldom" are drawn equally, because a strategy that is given again is left out
#   (told apart by identity: three calls of just("often") do count three times). "d" is drawn a quarter
#   of the time, because the inner one_of is taken apart into its branches.
# What to do: draw a number and choose the branch by it, as in integers(0, 3).flatmap(pool.__getitem__).
#   Do not use the greatest number for what is rare: ends of a range of more than 128 numbers are drawn
#   more often than others, here the last of 703 at least four times as often as its share.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "hypothesis==6.170.17" 2>/dev/null
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from collections import Counter

import hypothesis
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st


def share(strategy, of):
    """Return how often a value is drawn, of 20 runs with lists of 40."""
    drawn = Counter()
    for number in range(20):

        @seed(number)
        @settings(max_examples=50, database=None, deadline=None, phases=[Phase.generate])
        @given(st.lists(strategy, min_size=40, max_size=40))
        def run(values):
            drawn.update(values)

        run()
    return drawn[of] / drawn.total()


often, seldom = st.just("often"), st.just("seldom")
a, b, c, d = map(st.just, "abcd")
thrice = share(st.one_of(often, often, often, seldom), "often")
apart = share(st.just("often") | st.just("often") | st.just("often") | seldom, "often")
sampled = share(st.sampled_from("aaab"), "a")
inner = share(st.one_of(st.one_of(a, b, c), d), "d")
last = share(st.integers(0, 26 * 27), 702) * 703
print(f"hypothesis {hypothesis.__version__}")
print(f"one_of(often, often, often, seldom): often {thrice:.2f}")
print(f"three calls of just(often), and seldom: often {apart:.2f}")
print(f"sampled_from(aaab): a {sampled:.2f}")
print(f"one_of(one_of(a, b, c), d): d {inner:.2f}")
print(f"integers(0, 702): the last is drawn {last:.1f} times its share")
if not (thrice < 0.62 and apart > 0.68 and sampled > 0.68 and inner < 0.35 and last > 4):
    sys.exit("changed: branches are weighted otherwise")
PYTHON
