#!/usr/bin/env bash
# Finding: of two readers of an event log, one invents an agent for work that nobody did.
#
# Packages: rustxes 0.2.11 (with polars 2.1.0 and pyarrow 26.0.1) and opyenxes 0.3.0.
# Input: a XES log whose header has the usual `global` defaults for events, among them
#   org:resource "UNKNOWN"; one case with a resource in its second event only, one case without
#   any event.
# Expected: an event without a resource has none; both readers say the same.
# Found: rustxes writes the default into each event that lacks the value, so an agent "UNKNOWN"
#   takes part; opyenxes leaves it out. The case without events is gone from rustxes' table,
#   which has a row for each event. Instants lose their offset and become UTC without a zone.
# What to do: treat the log's own default as empty, and count cases from the log, not the table.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "rustxes==0.2.11" "polars==2.1.0" "pyarrow==26.0.1" "opyenxes==0.3.0" 2>/dev/null
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import rustxes
from opyenxes.data_in.XUniversalParser import XUniversalParser

LOG = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
 <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
 <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
 <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
 <global scope="event">
  <string key="concept:name" value="UNKNOWN"/>
  <date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/>
  <string key="org:resource" value="UNKNOWN"/>
 </global>
 <trace><string key="concept:name" value="T1"/>
  <event><string key="concept:name" value="open"/>
   <date key="time:timestamp" value="2026-03-02T09:00:00.000+01:00"/></event>
  <event><string key="concept:name" value="assign"/><string key="org:resource" value="ana"/>
   <date key="time:timestamp" value="2026-03-02T09:05:00.000+01:00"/></event>
 </trace>
 <trace><string key="concept:name" value="T2"/></trace>
</log>
"""
with open("log.xes", "w") as file:
    file.write(LOG)
table, _ = rustxes.import_xes("log.xes")
agents = table["org:resource"].to_list()
cases = sorted(set(table["case:concept:name"].to_list()))
first = str(table["time:timestamp"].to_list()[0])
with open("log.xes") as file:
    (log,) = XUniversalParser().parse(file)
plain = [
    str(event.get_attributes().get("org:resource")) for trace in log for event in trace
]
print(f"rustxes 0.2.11: agents {agents}, cases {cases}, first instant {first}")
print(f"opyenxes 0.3.0: agents {plain}, cases {len(log)}")
if (agents, cases, first) != (["UNKNOWN", "ana"], ["T1"], "2026-03-02 08:00:00"):
    sys.exit("changed: rustxes reads it otherwise")
if (plain, len(log)) != (["None", "ana"], 2):
    sys.exit("changed: opyenxes reads it otherwise")
PYTHON
