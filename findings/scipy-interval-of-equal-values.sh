#!/usr/bin/env bash
# Finding: the t interval of values that are all equal is not a number.
#
# Package: scipy 1.17.1.
# Input: t.interval(0.95, df=4, loc=3, scale=sem([3, 3, 3, 3, 3])), the usual recipe for the interval of a
#   mean; five replications of a figure that is always 3, such as the tickets of a recorded log.
# Expected: (3, 3), the limit of smaller and smaller scales.
# Found: (nan, nan), with a warning about a product of infinity and zero.
# What to do: ask for a standard error of 0 before.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "scipy==1.17.1" "numpy==2.4.1" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import math
import sys
import warnings

from scipy import stats

warnings.simplefilter("ignore", RuntimeWarning)
same = stats.t.interval(0.95, df=4, loc=3, scale=stats.sem([3, 3, 3, 3, 3]))
near = stats.t.interval(0.95, df=4, loc=3, scale=1e-12)
print(f"scipy 1.17.1: scale 0 gives {tuple(map(float, same))}, scale 1e-12 {tuple(map(float, near))}")
if not all(map(math.isnan, same)) or any(map(math.isnan, near)):
    sys.exit("changed: the interval is a number now")
PYTHON
