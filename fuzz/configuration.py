"""Fuzzes the reader of calendars in TOML: any bytes are read, or refused with what is wrong."""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ticketroute.cli", "ticketroute.sla"]):
    from click.testing import CliRunner

    from ticketroute.cli.program import program

FOLDER = Path(tempfile.mkdtemp())
OFFICE = b"""
name = "office"
zone = "Europe/Berlin"
holidays = ["2024-03-29", "04-01", 2024-05-10]
hours.mon = [["09:00", "12:30"], ["13:00", "17:00"]]
hours.sat = [["22:00", "04:00"]]
"""
DATED = b"""
holidays = [{country = "GB", subdivision = "ENG"}]
[hours]
fri = [[09:00:00, 17:00:00]]
[shifts]
"2024-12-24" = [["09:00", "12:00"]]
[breaks]
2024-03-25 = [["15:00", "15:30"]]
"""
NESTED = b"""
hours.sun = [["00:00", "24:00"]]
[[within]]
zone = "Asia/Kolkata"
hours.sun = [["01:00", "02:00"]]
"""
QUESTIONS = (
    ["show", "--week=2024-W13"],
    ["due", "--start=2024-03-31T03:30", "--span=8h"],
    ["elapsed", "--start=2024-03-28T15:00", "--end=2024-04-02T09:30"],
)
INPUT = 2  # exit code: the file has to be mended


def one_file(data: bytes) -> None:
    """Ask a calendar of these bytes; to refuse it is fine, to fail at it is a finding."""
    path = FOLDER / "desk.toml"
    path.write_bytes(data)
    for question in QUESTIONS:
        run = CliRunner().invoke(program, ["sla", *question, "--calendar", str(path)])
        if run.exception is not None and not isinstance(run.exception, SystemExit):
            raise run.exception
        assert run.exit_code in (0, INPUT), run.output
        if run.exit_code == INPUT and question[0] == "show":
            return  # it is no calendar, whatever else is asked


def corpus() -> str:
    """Return a folder of calendars to begin with: random bytes are no TOML."""
    folder = Path(tempfile.mkdtemp())
    for number, seed in enumerate((OFFICE, DATED, NESTED)):
        (folder / f"{number}").write_bytes(seed)
    return str(folder)


if __name__ == "__main__":
    atheris.Setup([*sys.argv, corpus()], one_file)
    atheris.Fuzz()
