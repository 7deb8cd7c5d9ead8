#!/usr/bin/env bash
# Finding: costs given as whole numbers are rounded before they are compared, in silence.
#
# Package: scipy 1.17.1 (`linear_sum_assignment`), beside networkx 3.6.1 on the same input.
# Input: int64 costs [[2**60 + 1, 2**60], [2**60, 2**60]], as one gets by putting priority, waiting
#   time and load into one number so that the first decides and the last breaks ties.
# Expected: whole numbers are compared exactly: the cheaper matching is (0, 1), (1, 0).
# Found: the matching on the diagonal, which costs one more; the same for costs in range of int64
#   only as far as a float tells them apart (above 2**53). networkx finds the cheaper one.
# What to do: keep the span of such numbers below 2**53, or take one step for each criterion.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "scipy==1.17.1" "numpy==2.4.6" "networkx==3.6.1" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import networkx
import numpy
import scipy
from scipy.optimize import linear_sum_assignment

BIG = 2**60
costs = numpy.array([[BIG + 1, BIG], [BIG, BIG]], dtype=numpy.int64)
rows, columns = linear_sum_assignment(costs)
found = int(costs[rows, columns].sum())
graph = networkx.Graph()
for ticket in range(2):
    for agent in range(2):
        graph.add_edge(f"ticket {ticket}", f"agent {agent}", weight=int(costs[ticket, agent]))
pairs = networkx.algorithms.matching.min_weight_matching(graph)
best = sum(graph.edges[pair]["weight"] for pair in pairs)
print(f"scipy {scipy.__version__}: 2**61 + {found - 2 * BIG}; networkx: 2**61 + {best - 2 * BIG}")
if (found - 2 * BIG, best - 2 * BIG) != (1, 0):
    sys.exit("changed: whole numbers are told apart")
PYTHON
