#!/usr/bin/env bash
# Finding: one JsonLogic rule decides differently in the browser and on the server.
#
# Packages: json-logic-js 2.0.5 (npm), json-logic-qubit 0.9.1 (PyPI, the maintained Python port).
# Input: seven small routing conditions, without errors in either.
# Expected: a port of the format gives the answers of the reference implementation.
# Found: six differ. A field that the ticket does not have is less than 10 in JavaScript and not in
#   Python; it equals false in Python and not in JavaScript ("vip == false" holds for everybody
#   who has no such field); 0 == "" and "1.0" == 1 hold in JavaScript alone; -7 % 3 is -1 and 2;
#   true becomes "true" and "True" in a text. Only "1" == 1 is the same.
# What to do: decide in one place. Rules that are shown in a browser must be tried on the server.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed. Needs Node.js.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund "json-logic-js@2.0.5" >/dev/null
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "json-logic-qubit==0.9.1" 2>/dev/null
cat >run.js <<'JAVASCRIPT'
const logic = require("json-logic-js");
const [rules] = [JSON.parse(process.argv[2])];
console.log(JSON.stringify(rules.map((rule) => logic.apply(rule, {}))));
JAVASCRIPT
"$folder/venv/bin/python" - <<'PYTHON'
import json
import subprocess
import sys

from json_logic import jsonLogic

RULES = [
    {"==": ["1", 1]},
    {"<": [{"var": "waited"}, 10]},
    {"==": [{"var": "vip"}, False]},
    {"==": [0, ""]},
    {"==": ["1.0", 1]},
    {"%": [-7, 3]},
    {"cat": ["vip: ", True]},
]
node = subprocess.run(["node", "run.js", json.dumps(RULES)], capture_output=True, check=True)
browser = json.loads(node.stdout)
server = [jsonLogic(rule, {}) for rule in RULES]
for rule, there, here in zip(RULES, browser, server):
    print(f"{json.dumps(rule):45} JavaScript {there!r:12} Python {here!r}")
if browser != [True, True, False, True, True, -1, "vip: true"]:
    sys.exit("changed: json-logic-js answers otherwise")
if server != [True, False, True, False, False, 2, "vip: True"]:
    sys.exit("changed: json-logic-qubit answers otherwise")
PYTHON
