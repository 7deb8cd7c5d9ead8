#!/usr/bin/env bash
# Finding: smooth weighted turns with equal fractions give one agent two tickets in a row, and with
# weights of zero everything goes to the first.
#
# Package: roundrobin 0.1.0 (nginx's smooth weighted round robin).
# Input: three agents of weight 0.1 each; the same with weight 1; two agents of weight 0.
# Expected: equal weights take turns, whatever their unit: abcabcabc; nobody, or an error, for zeros.
# Found: 0.1 each gives abccabcab, since sums of 0.1 are not exact and a tie is no tie; 1 each gives
#   abcabcabc; of two agents who should get nothing, the first gets every ticket.
# What to do: keep weights whole numbers, and leave out agents of weight zero before.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "roundrobin==0.1.0" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import roundrobin


def turns(weights):
    following = roundrobin.smooth(list(zip("abc", weights)))
    return "".join(following() for _ in range(9))


tenths, ones, zeros = turns([0.1] * 3), turns([1] * 3), turns([0, 0])
print(f"roundrobin 0.1.0: tenths {tenths}, ones {ones}, zeros {zeros}")
if (tenths, ones, zeros) != ("abccabcab", "abcabcabc", "aaaaaaaaa"):
    sys.exit("changed: turns are taken otherwise")
PYTHON
