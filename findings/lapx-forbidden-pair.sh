#!/usr/bin/env bash
# Finding: where no full matching is possible, an assignment solver hands out a forbidden pair.
#
# Packages: lapx 0.11.1, beside scipy 1.17.1 and munkres 3.0.0 on the same input.
# Input: two tickets that only the first agent may have: costs [[1, inf], [1, inf]].
# Expected: an error, as from the two others, or one ticket left alone.
# Found: lapx returns a whole matching, with no warning, in which one ticket is given to the agent
#   whose cost is infinite. Only the total (inf) tells.
# What to do: look at the cost of each pair that comes back before you use it.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "lapx==0.11.1" "scipy==1.17.1" "munkres==3.0.0" "numpy==2.4.6" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import lap
import munkres
import numpy
from scipy.optimize import linear_sum_assignment

costs = numpy.array([[1.0, numpy.inf], [1.0, numpy.inf]])
total, agent_of, _ = lap.lapjv(costs)
print(f"lapx {lap.__version__}: total {total}, agent of each ticket {agent_of.tolist()}")
if sorted(agent_of.tolist()) != [0, 1] or not numpy.isinf(total):
    sys.exit("changed: lapx no longer hands out the forbidden pair")
try:
    linear_sum_assignment(costs)
except ValueError as refused:
    print(f"scipy: ValueError: {refused}")
else:
    sys.exit("changed: scipy no longer refuses")
try:
    munkres.Munkres().compute([[1, munkres.DISALLOWED], [1, munkres.DISALLOWED]])
except munkres.UnsolvableMatrix as refused:
    print(f"munkres: UnsolvableMatrix: {refused}")
else:
    sys.exit("changed: munkres no longer refuses")
PYTHON
