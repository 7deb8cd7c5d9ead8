#!/usr/bin/env bash
# Finding: a scrape that asks for one metric by name leaves it out if its collector has no describe().
#
# Package: prometheus-client 0.26.0.
# Input: a custom collector with collect() alone, in a registry made as CollectorRegistry(), and a
#   scrape with name[]=queue_length, as Prometheus sends it with `params` in its configuration.
# Expected: the samples of the full scrape that have this name.
# Found: an empty answer with status 200, although the full scrape has the metric. With a describe()
#   that yields the family without samples, the filter finds it. In the default registry it is found
#   as well, as that one collects from such a collector once when it is registered.
# What to do: give each custom collector a describe().
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "prometheus-client==0.26.0" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily


class Plain:
    def collect(self):
        yield GaugeMetricFamily("queue_length", "Tickets that wait.", value=3)


class Described(Plain):
    def describe(self):
        return [GaugeMetricFamily("queue_length", "Tickets that wait.")]


def scrape(registry, query):
    told = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/metrics", "QUERY_STRING": query}
    body = b"".join(make_wsgi_app(registry)(environ, lambda status, _: told.append(status)))
    return told[0], [line for line in body.decode().splitlines() if not line.startswith("#")]


found = {}
for kind in (Plain, Described):
    for auto in (False, True):
        registry = CollectorRegistry(auto_describe=auto)
        registry.register(kind())
        found[kind.__name__, auto] = [scrape(registry, ""), scrape(registry, "name[]=queue_length")]
        print(kind.__name__, "auto_describe" if auto else "", *found[kind.__name__, auto])
all_, none = ("200 OK", ["queue_length 3.0"]), ("200 OK", [])
if found != {
    ("Plain", False): [all_, none],
    ("Plain", True): [all_, all_],
    ("Described", False): [all_, all_],
    ("Described", True): [all_, all_],
}:
    sys.exit("changed")
PYTHON
