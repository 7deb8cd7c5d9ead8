#!/usr/bin/env bash
# Finding: `re2` finds an empty match that is not at the start of a text twice.
#
# Package: google-re2 1.1.20251105, which offers the functions of Python's `re`.
# Input: valid patterns that can match the empty text, on plain ASCII.
# Expected: finditer() yields each match once, as `re` does and as non-overlapping matches have to.
# Found: "$" on "aa" is found at (2, 2) and again at (2, 2). So sub("$", "!", "aa") is "aa!!",
#   split("$", "a") has three parts, and of the word boundaries of "aa b" the inner one counts twice.
#   An empty match at the very start is found once. Open since 2026-02 as google/re2 issue 595,
#   which tells of subn and "$" alone.
# What to do: search() and fullmatch() are right; count and replace only where a match is not empty.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  "google-re2==1.1.20251105" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import re
import sys
from importlib.metadata import version

import re2

print("google-re2", version("google-re2"))
FOUND = {
    ("$", "aa"): [(2, 2), (2, 2)],
    (r"\b", "aa b"): [(0, 0), (2, 2), (2, 2), (3, 3), (4, 4)],
    ("(?m)$", "a\nb"): [(1, 1), (1, 1), (3, 3), (3, 3)],
    ("^", "aa"): [(0, 0)],
}
for (pattern, text), expected in FOUND.items():
    spans = [each.span() for each in re2.finditer(pattern, text)]
    plain = [each.span() for each in re.finditer(pattern, text)]
    print(f"finditer({pattern!r}, {text!r}): re2 {spans}, re {plain}")
    if spans != expected:
        sys.exit("changed: other matches are found")
for name, got, wrong in (
    ('sub("$", "!", "aa")', re2.sub("$", "!", "aa"), "aa!!"),
    ('split("$", "a")', re2.split("$", "a"), ["a", "", ""]),
):
    print(f"{name}: {got!r}")
    if got != wrong:
        sys.exit("changed: another result")
PYTHON
