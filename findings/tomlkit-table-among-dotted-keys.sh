#!/usr/bin/env bash
# Finding: with `tomlkit`, adding a table beside dotted keys moves the keys after it into that table.
#
# Package: tomlkit 0.15.2. Input: valid TOML 1.0 of two dotted keys, as small configurations have
#   them, and one assignment of a plain dictionary: doc["agents"]["cem"] = {"capacity": 2}.
# Expected: what is written reads back as the same data; tomlkit exists to edit files in place.
# Found: tomlkit writes `[agents.cem]` between the two keys, so that the second one,
#   `agents.ben.capacity`, is read as `agents.cem.agents.ben.capacity`: agent ben is gone and a key
#   `agents` has appeared in the new table. The document in memory still has the right data, and
#   nothing is raised. A number or a text in place of the dictionary is written rightly. Issues 513,
#   542 and 543 tell of neighbours of this, which were mended before; this one was not.
# What to do: after an edit, compare `tomllib.loads(tomlkit.dumps(doc))` with `doc.unwrap()` before
#   the file is replaced; or write such a value with `tomlkit.inline_table()`.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "tomlkit==0.15.2" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import tomllib
from importlib.metadata import version

import tomlkit

TEXT = "agents.ana.capacity = 3\nagents.ben.capacity = 4\n"

doc = tomlkit.parse(TEXT)
doc["agents"]["cem"] = {"capacity": 2}
wanted = {"agents": {"ana": {"capacity": 3}, "ben": {"capacity": 4}, "cem": {"capacity": 2}}}
written = tomlkit.dumps(doc)
read = tomllib.loads(written)
print(f"tomlkit {version('tomlkit')} writes:\n{written}")
print("in memory:", doc.unwrap())
print("read back:", read)
if doc.unwrap() != wanted:
    sys.exit("changed: the document in memory is another")
if read == wanted:
    sys.exit("changed: what is written is what was meant")
if read["agents"]["cem"] != {"capacity": 2, "agents": {"ben": {"capacity": 4}}}:
    sys.exit("changed: ben is elsewhere")

inline = tomlkit.parse(TEXT)
table = tomlkit.inline_table()
table.update({"capacity": 2})
inline["agents"]["cem"] = table
if tomllib.loads(tomlkit.dumps(inline)) != wanted:
    sys.exit("changed: an inline table is written wrongly as well")
print("an inline table is written rightly")
PYTHON
