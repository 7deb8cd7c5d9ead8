#!/usr/bin/env bash
# Finding: the memory broker delivers messages that have expired, and loses those that were not
# acknowledged.
#
# Package: kombu 5.7.0, the transport of Celery, with memory://, as test suites use it.
# Input: a message with an expiration of 10 ms, read after 300 ms; and a message that was read and
#   not acknowledged before its connection closed.
# Expected: the first is gone, for the module says "Supports TTL: Yes"; the second comes back, as it
#   does from a broker.
# Found: the first is delivered, the second is lost. A test on this broker passes where the
#   deployment drops a late task, and shows a task as lost that a broker would deliver again.
# What to do: tests of expiry and of workers that die need a real broker.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "kombu==5.7.0" "setuptools==80.9.0" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import time

from kombu import Connection, Exchange, Queue


def opened(connection: Connection, name: str) -> tuple[Queue, object]:
    channel = connection.channel()
    queue = Queue(name, Exchange(name), routing_key=name)(channel)
    queue.declare()
    return queue, connection.Producer(channel=channel)


with Connection("memory://") as connection:
    queue, producer = opened(connection, "short")
    producer.publish({"n": 1}, exchange="short", routing_key="short", expiration=0.01)
    time.sleep(0.3)
    late = queue.get()
with Connection("memory://") as connection:
    queue, producer = opened(connection, "unacked")
    producer.publish({"n": 2}, exchange="unacked", routing_key="unacked")
    assert queue.get().payload == {"n": 2}  # and no ack
with Connection("memory://") as connection:
    queue, _ = opened(connection, "unacked")
    again = queue.get()
print(f"kombu 5.7.0: expired message {late and late.payload}, unacknowledged one {again and again.payload}")
if late is None or again is not None:
    sys.exit("changed: expiry or redelivery works now")
PYTHON
