#!/usr/bin/env bash
# Finding: three validators of JSON Schema give three answers on patterns, and say nothing of it.
#
# Packages: jsonschema 4.26.0, fastjsonschema 2.22.3, check-jsonschema 0.39.0 (which is built on
#   jsonschema, and is what pre-commit runs on configuration files).
# Input: a schema with a pattern in the syntax that JSON Schema recommends, ECMA-262, and texts.
# Expected: "^[0-9]+m$" refuses "5m" with a newline behind it, and "^\d+$" refuses an Arabic-Indic
#   digit, as in every engine of ECMA-262; all three validators answer the same.
# Found: jsonschema hands the pattern to Python's re as it is, where "$" also matches before a last
#   newline and "\d" is any digit of Unicode: it accepts both. fastjsonschema refuses the newline and
#   accepts the digit. check-jsonschema puts an engine of ECMA-262 in place and refuses both, so a
#   file that jsonschema accepts in a test fails in pre-commit.
# What to do: write classes out, [0-9], and let the reader of a file check again what ends in "$".
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  "jsonschema==4.26.0" "fastjsonschema==2.22.3" "check-jsonschema==0.39.0" 2>/dev/null
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
import subprocess
import sys
from pathlib import Path

import fastjsonschema
import jsonschema

CASES = [
    ("^[0-9]+m$", "5m\n", [True, False, False]),
    (r"^\d+$", "\u0663", [True, True, False]),
]


def fast(schema, value):
    try:
        fastjsonschema.validate(schema, value)
    except fastjsonschema.JsonSchemaException:
        return False
    return True


def check(schema, value):
    Path("schema.json").write_text(json.dumps(schema))
    Path("value.json").write_text(json.dumps(value))
    command = [f"{sys.prefix}/bin/check-jsonschema", "--schemafile", "schema.json", "value.json"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


for pattern, text, expected in CASES:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "string",
        "pattern": pattern,
    }
    found = {
        "jsonschema": jsonschema.Draft202012Validator(schema).is_valid(text),
        "fastjsonschema": fast({**schema, "$schema": "http://json-schema.org/draft-07/schema#"}, text),
        "check-jsonschema": check(schema, text),
    }
    print(f"pattern {pattern!r}, text {text!r}: accepted by", found)
    if list(found.values()) != expected:
        sys.exit("changed: the validators answer otherwise")
PYTHON
