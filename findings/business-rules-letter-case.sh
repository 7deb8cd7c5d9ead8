#!/usr/bin/env bash
# Finding: whether the case of letters counts depends on the kind of field, not on the operator.
#
# Package: business-rules 1.1.1 (Venmo's engine for rules as data).
# Input: a ticket with subject "refund" and the tag "vip"; conditions that ask for REFUND and for VIP.
# Expected: one rule for all texts; the text operators have `equal_to_case_insensitive` beside
#   `equal_to`, so the plain operators look at case.
# Found: `contains` on a text looks at case, `contains_all` and `shares_no_elements_with` on a list of
#   choices do not: tag "vip" counts as "VIP". Of numbers, 3.0000001 is `equal_to` 3 and not
#   `greater_than` 3.
# What to do: lower both sides yourself; compare durations as whole numbers.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "business-rules==1.1.1" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from business_rules.operators import NumericType, SelectMultipleType, StringType

text = StringType("refund").contains("REFUND")
tags = SelectMultipleType(["vip"])
all_of, none_of = tags.contains_all(["VIP"]), tags.shares_no_elements_with(["VIP"])
number = NumericType(3.0000001)
equal, greater = number.equal_to(3), number.greater_than(3)
print(f"business-rules 1.1.1: text contains {text}; tags contain all {all_of}, share none {none_of}; "
      f"3.0000001 equal to 3 {equal}, greater {greater}")
if (text, all_of, none_of, equal, greater) != (False, True, False, True, False):
    sys.exit("changed: letters or numbers are compared otherwise")
PYTHON
