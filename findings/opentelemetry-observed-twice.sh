#!/usr/bin/env bash
# Finding: two observations with the same attributes add up in one kind of instrument and replace each
#   other in another.
#
# Package: opentelemetry-sdk 1.45.2.
# Input: a callback that observes 2 and 3, both with {"queue": "(other)"}, as a host does that puts
#   small queues together under one name.
# Expected: the same for all asynchronous instruments; the last observation, as with a gauge.
# Found: ObservableCounter and ObservableUpDownCounter show 5, ObservableGauge shows 3; none of them
#   warns.
# What to do: add up by attributes before the callback returns.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "opentelemetry-sdk==1.45.2" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader


def callback(_):
    return [Observation(2, {"queue": "(other)"}), Observation(3, {"queue": "(other)"})]


reader = InMemoryMetricReader()
meter = MeterProvider(metric_readers=[reader]).get_meter("desk")
meter.create_observable_counter("counter", callbacks=[callback])
meter.create_observable_up_down_counter("up_down_counter", callbacks=[callback])
meter.create_observable_gauge("gauge", callbacks=[callback])
(scope,) = reader.get_metrics_data().resource_metrics[0].scope_metrics
found = {
    metric.name: [point.value for point in metric.data.data_points] for metric in scope.metrics
}
print(found)
if found != {"counter": [5], "up_down_counter": [5], "gauge": [3]}:
    sys.exit("changed")
PYTHON
