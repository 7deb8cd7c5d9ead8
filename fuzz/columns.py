"""Fuzzes the readers of CSV: any bytes are read, or refused with an error that says why."""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ticketroute.cli", "ticketroute.logs"]):
    from click.testing import CliRunner

    from ticketroute.cli.program import program

FOLDER = Path(tempfile.mkdtemp())
HEADER = b"id,queue,opened_at,closed_at,agent,priority,skills,weight\n"


def one_file(data: bytes) -> None:
    """Route a history of these bytes; to refuse it is fine, to fail at it is a finding."""
    path = FOLDER / "history.csv"
    path.write_bytes(data if data[:1] == b"\0" else HEADER + data)
    run = CliRunner().invoke(program, ["route", str(path)])
    if run.exception is not None and not isinstance(run.exception, SystemExit):
        raise run.exception


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_file)
    atheris.Fuzz()
