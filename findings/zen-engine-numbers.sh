#!/usr/bin/env bash
# Finding: a rule engine that keeps decimals inside hands whole numbers back as rounded floats.
#
# Package: zen-engine 2.1.3 (GoRules' engine).
# Input: the ticket number 9007199254740993, as an int.
# Expected: the number comes back as it was given; the engine counts 0.1 + 0.2 == 0.3 exactly.
# Found: `x` comes back as the float 9007199254740992.0, another ticket, while `string(x)` in the
#   same engine says "9007199254740993". Small ints come back as floats as well: 5 as 5.0.
# What to do: hand ids over as text; turn numbers back into ints by the field's own type.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "zen-engine==2.1.3" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import zen

NUMBER = 9007199254740993
plain = zen.evaluate_expression("x", {"x": NUMBER})
text = zen.evaluate_expression("string(x)", {"x": NUMBER})
small = zen.evaluate_expression("x", {"x": 5})
exact = zen.evaluate_expression("0.1 + 0.2 == 0.3", {})
print(f"zen-engine 2.1.3: x -> {plain!r}, string(x) -> {text!r}, 5 -> {small!r}, exact {exact}")
if (int(plain), text, type(small), exact) != (NUMBER - 1, str(NUMBER), float, True):
    sys.exit("changed: the number comes back otherwise")
PYTHON
