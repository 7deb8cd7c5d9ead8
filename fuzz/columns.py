"""Fuzzes the readers of logs: any bytes are read, or refused with an error that says why."""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ticketroute.cli", "ticketroute.logs"]):
    from click.testing import CliRunner

    from ticketroute.cli.program import program
    from ticketroute.logs import LogError

FOLDER = Path(tempfile.mkdtemp())
TICKETS = b"id,queue,opened_at,closed_at,agent,priority,skills,weight\n"
EVENTS = b"case,activity,time,group,resource,priority\n"
XES = (
    b'<log><trace><string key="concept:name" value="1"/><event>'
    b'<date key="time:timestamp" value="2026-03-02T09:00:00Z"/>'
)
WAYS = (  # the start of the file, and the options it is read with
    (b"", ()),
    (TICKETS, ()),
    (TICKETS, ("--tz", "Europe/Berlin")),
    (TICKETS + b"1,", ("--date-format", "%d/%m/%y %I:%M %p")),
    (EVENTS, ("--events",)),
    (b"1772441710|1772441708.11|600|NONE|ENTERQUEUE||100001|1\n", ()),
    (XES, ()),
    (b'{"ContactId": "1", "InitiationTimestamp": "2026-03-02T09:00:00Z", "Queue": ', ()),
)


def one_file(data: bytes) -> None:
    """Route a log of these bytes; to refuse it is fine, to fail at it is a finding."""
    start, options = WAYS[data[0] % len(WAYS)] if data else WAYS[0]
    path = FOLDER / "log"
    path.write_bytes(start + data[1:])
    run = CliRunner().invoke(program, ["route", str(path), *options])
    if run.exception is not None and not isinstance(run.exception, SystemExit | LogError):
        raise run.exception


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_file)
    atheris.Fuzz()
