#!/usr/bin/env bash
# Finding: with a limit on costs, an assignment solver leaves a ticket and an agent unmatched that it
# could have matched within the limit.
#
# Package: lapx 0.11.1 (`lap.lapjv`, `cost_limit=`: an upper limit for a cost of a single assignment).
# Input: two tickets, two agents, costs [[0, 0.9], [0.9, 10]], limit 1.
# Expected: pairs above 1 are out, and of the rest as many are matched as can be: both at 0.9.
# Found: one pair (at cost 0) is matched, and one ticket and one agent stay alone, though each pair
#   of the full matching is below the limit. The limit is a price for leaving two alone: a pair at
#   0 saves 1, two pairs at 0.9 save 0.2 together.
# What to do: for as many pairs as possible, forbid pairs above the limit and solve for the full
#   matching first; a limit is no filter.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "lapx==0.11.1" "numpy==2.4.6" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import lap
import numpy

costs = numpy.array([[0.0, 0.9], [0.9, 10.0]])
total, agent_of, ticket_of = lap.lapjv(costs, extend_cost=True, cost_limit=1.0)
print(f"lapx {lap.__version__}: total {total}, agent of each ticket {agent_of.tolist()}")
if agent_of.tolist() != [0, -1]:
    sys.exit("changed: not one pair is matched, or another")
PYTHON
