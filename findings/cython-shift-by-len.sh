#!/usr/bin/env bash
# Finding: plain Python without any C type, compiled, shifts a number by a length in C.
#
# Package: Cython 3.3.1, compiling an ordinary .py file with `annotation_typing=False`.
# Input: `(1 << len(items)) - 1`, a mask of as many bits as there are items, for 8 and 40 items.
# Expected: what the same file gives uncompiled: 255 and 1099511627775. Nothing in it is declared,
#   and whole numbers of Python do not overflow.
# Found: `len` gives a C integer, so the shift is one of C: right for 8 items, wrong for 40. There is
#   no error and no warning. With `count = len(items)` on a line before, both are right.
# What to do: leave modules that shift by a length out of the compiled ones, and run the tests on the
#   compiled build with more than 31 items.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "cython==3.3.1" "setuptools==75.8.0" 2>/dev/null
cd "$folder"
cat >masks.py <<'PYTHON'
def mask(items):
    return (1 << len(items)) - 1


def mask_in_two(items):
    count = len(items)
    return (1 << count) - 1
PYTHON
venv/bin/python -c 'import masks; print("uncompiled:", masks.mask([0] * 8), masks.mask([0] * 40), masks.mask_in_two([0] * 40))'
venv/bin/cythonize -q -i -3 -X annotation_typing=False masks.py >log 2>&1 || { cat log; exit 1; }
venv/bin/python - <<'PYTHON'
import sys

import masks

assert not masks.__file__.endswith(".py")
small, large, in_two = masks.mask([0] * 8), masks.mask([0] * 40), masks.mask_in_two([0] * 40)
print("compiled:  ", small, large, in_two)
if (small, large == 2**40 - 1) != (255, False):
    sys.exit("changed: the shift is that of Python")
PYTHON
