from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute.cli import sla
from ticketroute.cli.sla import read_span, span_text
from ticketroute.cli.wallclock import read_moment
from ticketroute.cli.week import Week, monday_of, week_of
from ticketroute.errors import InvalidValueError
from ticketroute.model.instants import datetime_of, instant_of
from ticketroute.sla.calendar import ALWAYS, Calendar

Run = Callable[..., Any]
Write = Callable[..., Path]

OFFICE = """
name = "office"
zone = "Europe/Berlin"
holidays = ["2024-03-29", "04-01"]
hours.mon = [["09:00", "17:00"]]
hours.tue = [["09:00", "17:00"]]
hours.wed = [["09:00", "17:00"]]
hours.thu = [["09:00", "17:00"]]
hours.fri = [["09:00", "17:00"]]
"""
BERLIN, BRAZIL, ST_JOHNS = "Europe/Berlin", "America/Sao_Paulo", "America/St_Johns"
NIGHTS = 'zone = "Europe/Berlin"\nhours.sat = [["22:00", "04:00"]]\n'


@pytest.fixture
def calendar_file(tmp_path: Path) -> Write:
    def write(text: str = OFFICE, *, name: str = "desk.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def rows_of(out: str) -> dict[str, str]:
    """Return what a table says of each day, on one line each."""
    found = {}
    for line in out.splitlines():
        day, _, rest = line.strip().partition(" ")
        if day in {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "week"}:
            found[day] = " ".join(rest.split())
    return found


# --- due and elapsed ------------------------------------------------------------------------


def test_due_is_told_in_the_calendars_zone_and_in_utc(run: Run, calendar_file: Write) -> None:
    answer = run(
        "sla", "due", "--calendar", calendar_file(), "--start=2024-03-28T15:00", "--span=8h"
    )

    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "start  2024-03-28T15:00:00+01:00  Thursday, Europe/Berlin",
        "due    2024-04-02T15:00:00+02:00  Tuesday, Europe/Berlin",
        "       2024-04-02T13:00:00Z       Tuesday, UTC",
    ]


def test_elapsed_is_told_in_hours_and_is_negative_backwards(run: Run, calendar_file: Write) -> None:
    times = ["2024-03-28T15:00", "2024-04-02T09:30:00+02:00"]
    there = run(
        "sla", "elapsed", "--calendar", calendar_file(), "--start", times[0], "--end", times[1]
    )
    back = run(
        "sla", "elapsed", "--calendar", calendar_file(), "--start", times[1], "--end", times[0]
    )

    assert (there.code, there.err) == (back.code, back.err) == (0, "")
    assert there.out.splitlines()[-1].split() == ["elapsed", "2h30m", "of", "open", "time"]
    assert back.out.splitlines()[-1].split() == ["elapsed", "-2h30m", "of", "open", "time"]


def test_an_offset_beats_the_zone_of_the_calendar(run: Run, calendar_file: Write) -> None:
    answer = run(
        "sla", "due", "--calendar", calendar_file(), "--start=2024-03-28T08:00-06:00", "--span=1h"
    )
    assert answer.out.splitlines()[0].startswith("start  2024-03-28T15:00:00+01:00")


def test_a_time_that_the_clocks_skip_is_refused_with_the_way_out(
    run: Run, calendar_file: Write
) -> None:
    answer = run(
        "sla", "due", "--calendar", calendar_file(), "--start=2024-03-31T02:30", "--span=8h"
    )
    assert (answer.code, answer.out) == (2, "")
    assert "--start is '2024-03-31T02:30'" in answer.message
    assert "leap from 2024-03-31T02:00 to 2024-03-31T03:00" in answer.message
    assert "or the offset" in answer.message


def test_of_a_time_that_comes_twice_the_first_is_meant_and_a_notice_says_so(
    run: Run, calendar_file: Write
) -> None:
    path = calendar_file(NIGHTS)
    naive = run("sla", "due", "--calendar", path, "--start=2024-10-27T02:30", "--span=1h")
    second = run("sla", "due", "--calendar", path, "--start=2024-10-27T02:30+01:00", "--span=1h")

    assert (naive.code, second.code) == (0, 0)
    assert "2024-10-27T02:30:00+02:00" in naive.out
    assert "2024-10-27T01:30:00Z" in naive.out
    assert naive.message.startswith("Note: --start 2024-10-27T02:30 comes twice in Europe/Berlin")
    assert "first at +02:00 and again at +01:00" in naive.message
    assert "2024-10-27T02:30:00Z" in second.out
    assert second.err == ""


@pytest.mark.parametrize("written", ["2d", "2 days", "1.5d", "1w", "1d4h", "2D"])
def test_a_span_in_days_is_refused_because_days_differ(
    run: Run, calendar_file: Write, written: str
) -> None:
    answer = run(
        "sla", "due", "--calendar", calendar_file(), "--start=2024-03-28", f"--span={written}"
    )
    assert (answer.code, answer.out) == (2, "")
    assert "a day has no fixed open length" in answer.message
    assert "such as 8h" in answer.message


@pytest.mark.parametrize("written", ["", "8", "h", "-8h", "8h8h", "30m1h", "PT8H", "1.5h", "٨h"])
def test_a_span_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(InvalidValueError, match="it must be hours, minutes and seconds"):
        read_span("--span", written)


@given(st.integers(0, 10**12))
def test_spans_are_read_as_they_are_written(seconds: int) -> None:
    assert read_span("--span", span_text(seconds * 1_000)) == seconds * 1_000


@pytest.mark.parametrize(
    "written", ["soon", "28.03.2024", "2024-03-28T25:00", "1969-12-31T12:00+00:00"]
)
def test_a_moment_that_is_none_names_its_option(
    run: Run, calendar_file: Write, written: str
) -> None:
    answer = run(
        "sla", "elapsed", "--calendar", calendar_file(), "--start=2024-03-28", "--end", written
    )
    assert (answer.code, answer.out) == (2, "")
    assert f"--end is '{written}'" in answer.message


@pytest.mark.parametrize(
    ("start", "span"),
    [("2024-03-28", "999999999h"), ("2200-12-31T16:30", "1h"), ("2300-01-01", "0h")],
)
def test_what_lies_beyond_the_calendars_is_for_the_command_line_to_mend(
    run: Run, calendar_file: Write, start: str, span: str
) -> None:
    answer = run("sla", "due", "--calendar", calendar_file(), "--start", start, "--span", span)
    assert (answer.code, answer.out) == (2, "")
    assert "desk.toml: the answer lies before 1970 or after 2200" in answer.message


@given(
    zone=st.sampled_from(
        ["Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]
    ),
    minute=st.integers(0, 366 * 24 * 60),
    year=st.sampled_from([1996, 2011, 2024, 2199]),
)
def test_a_time_is_read_as_it_is_shown_or_it_is_never_shown(
    zone: str, minute: int, year: int
) -> None:
    naive = datetime(year, 1, 1) + timedelta(minutes=minute)  # noqa: DTZ001  as it is written
    shown = [
        each
        for each in {
            naive.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)
        }
        if each.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == naive
    ]
    if not shown:
        with pytest.raises(InvalidValueError, match="its clocks leap from"):
            read_moment("--start", naive.isoformat(), zone)
        return
    instant, notice = read_moment("--start", naive.isoformat(), zone)
    assert datetime_of(instant) == min(shown)
    assert ("comes twice" in notice) == (len(shown) == 2)


# --- the file -------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["due", "elapsed", "show"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no such file"),
        ("hours = [", "is not valid TOML"),
        ('hours.mon = [["09:00" "17:00"]]', "at line 1"),
        ("", "open at some time before 2201"),
        ('hours.mon = [["09:00", "9"]]', "the end of an opening in Calendar.hours['mon'] is '9'"),
        ('zone = "Europe/Berln"', "'Europe/Berlin'"),
        ('timezone = "UTC"', "a key of a calendar is 'timezone'"),
        ('hours = "always"', "Calendar.hours is 'always'"),
        ("hours = " + "[" * 5_000, "desk.toml"),
    ],
)
def test_a_file_that_is_no_calendar_is_one_message_with_its_name(
    run: Run, calendar_file: Write, command: str, text: str | None, said: str
) -> None:
    path = calendar_file().with_name("none.toml") if text is None else calendar_file(text)
    more = {
        "due": ["--start=2024-03-28", "--span=8h"],
        "elapsed": ["--start=2024-03-28", "--end=2024-03-29"],
        "show": [],
    }
    answer = run("sla", command, "--calendar", path, *more[command])

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"Error: {path}")
    assert said in answer.message


def test_a_folder_and_bytes_that_are_no_text_are_refused(run: Run, tmp_path: Path) -> None:
    folder = run("sla", "show", "--calendar", tmp_path)
    assert (folder.code, folder.out) == (2, "")
    assert "cannot be read: Is a directory" in folder.message

    path = tmp_path / "desk.toml"
    path.write_bytes(b'name = "b\xfcro"')
    latin = run("sla", "show", "--calendar", path)
    assert (latin.code, latin.out) == (2, "")
    assert "is not UTF-8 text" in latin.message


def test_a_calendar_may_come_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(OFFICE.encode())))
    answer = run("sla", "due", "--calendar=-", "--start=2024-03-28T15:00", "--span=1h")
    assert (answer.code, answer.out.splitlines()[1][7:23]) == (0, "2024-03-28T16:00")


@pytest.mark.parametrize("command", ["due", "elapsed", "show"])
def test_options_that_are_needed_are_asked_for(run: Run, command: str) -> None:
    answer = run("sla", command)
    assert (answer.code, answer.out) == (2, "")
    assert "Missing option" in answer.message


@pytest.mark.parametrize("command", [[], ["due"], ["elapsed"], ["show"]])
def test_help_fits_80_columns(run: Run, command: list[str]) -> None:
    text = run("sla", *command, "--help").out
    assert text.startswith("Usage: ticketroute sla")
    assert max(len(line) for line in text.splitlines()) <= 80


def test_public_holidays_without_their_package_say_how_to_get_it(calendar_file: Write) -> None:
    path = calendar_file('hours.mon = [["09:00", "17:00"]]\nholidays = [{country = "DE"}]')
    code = (
        "import sys; sys.modules['holidays'] = sys.modules['holidays.utils'] = None\n"
        "from ticketroute.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, "sla", "show", "--calendar", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith(f"Error: {path}: ")
    assert "pip install 'ticketroute[sla]'" in found.stderr


# --- a week ---------------------------------------------------------------------------------


def test_a_week_shows_each_day_and_its_sum(run: Run, calendar_file: Write) -> None:
    answer = run("sla", "show", "--calendar", calendar_file(), "--week=2024-W13")
    rows = rows_of(answer.out)

    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("office, Europe/Berlin, 2024-W13")
    assert rows["Thu"] == "2024-03-28 09:00-17:00 8h"
    assert rows["Fri"] == "2024-03-29 closed 0h holiday: this date"
    assert rows["Sun"] == "2024-03-31 closed 0h clocks skip 02:00-03:00"
    assert rows["week"] == "32h"
    assert (
        "Next, after this week: opens Tue 2024-04-02 09:00, closes Tue 2024-04-02 17:00."
        in " ".join(answer.out.split())
    )
    assert "Have another look" not in answer.out


@pytest.mark.parametrize("named", ["2024-03-25", "2024-03-28", "2024-03-31", "2024-W13"])
def test_a_week_is_named_by_itself_or_by_any_of_its_dates(named: str) -> None:
    assert monday_of("--week", named) == date(2024, 3, 25)


@pytest.mark.parametrize(
    "named", ["2024-13", "2024-W54", "2023-W53", "next", "", "1970-W01", "2201-W01"]
)
def test_a_week_that_is_none_is_refused(run: Run, calendar_file: Write, named: str) -> None:
    answer = run("sla", "show", "--calendar", calendar_file(), f"--week={named}")
    assert (answer.code, answer.out) == (2, "")
    assert "it must be a week from 1970-W02 to 2200-W52" in answer.message


@pytest.mark.parametrize("named", ["1970-W02", "2200-W52"])
def test_the_first_and_the_last_week_are_shown(run: Run, calendar_file: Write, named: str) -> None:
    for zone in ("Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago"):
        path = calendar_file(f'zone = "{zone}"\nhours.wed = [["00:00", "24:00"]]')
        answer = run("sla", "show", "--calendar", path, "--week", named)
        assert (answer.code, rows_of(answer.out)["week"]) == (0, "24h")


def test_without_a_week_it_is_that_of_the_zones_own_date_and_next_is_from_now(
    run: Run, calendar_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sla, "_now", lambda: datetime(2024, 3, 31, 23, tzinfo=UTC))
    there = run("sla", "show", "--calendar", calendar_file())
    assert "2024-W14" in there.out.splitlines()[0]  # in Berlin it is Monday by then
    assert "Next, from now on: opens Tue 2024-04-02 09:00" in there.out

    monkeypatch.setattr(sla, "_now", lambda: datetime(2024, 4, 2, 10, tzinfo=UTC))
    assert (
        "Next, from now on: open, closes Tue 2024-04-02 17:00."
        in run("sla", "show", "--calendar", calendar_file()).out
    )


def test_shifts_breaks_and_yearly_dates_are_marked(run: Run, calendar_file: Write) -> None:
    path = calendar_file(
        OFFICE
        + '[shifts]\n2024-04-01 = [["10:00", "12:00"]]\n2024-04-02 = [["10:00", "12:00"]]\n'
        + '2024-04-03 = []\n[breaks]\n2024-04-04 = [["12:00", "12:30"]]\n'
    )
    answer = run("sla", "show", "--calendar", path, "--week=2024-W14")
    rows = rows_of(answer.out)

    assert rows["Mon"].startswith("2024-04-01 closed 0h holiday: 04-01 of every")
    assert "which the holiday beats" in " ".join(answer.out.split())
    assert rows["Tue"] == "2024-04-02 10:00-12:00 2h shift"
    assert rows["Wed"] == "2024-04-03 closed 0h shift: closed"
    assert rows["Thu"] == "2024-04-04 09:00-12:00, 12:30-17:00 7h30m break 12:00-12:30"
    assert "Have another look:\n  shifts['2024-04-01'] is never open" in answer.out


def test_a_public_holiday_has_its_name_and_country(run: Run, calendar_file: Write) -> None:
    pytest.importorskip("holidays")
    path = calendar_file(
        'zone = "Europe/London"\nhours.fri = [["09:00", "17:00"]]\n'
        'holidays = [{country = "GB", subdivision = "ENG"}, {country = "IE"}]'
    )
    days = week_of(sla.read_calendar(str(path)), date(2024, 3, 25)).days
    assert days[4].notes == ("holiday: Good Friday (GB-ENG)",)  # no public holiday in Ireland


def test_what_closes_a_calendar_within_is_told_with_its_name() -> None:
    hours = {"mon": [("09:00", "17:00")]}
    outer = Calendar(hours=hours, holidays=["2024-03-25"], name="house")
    inner = Calendar(hours=hours, within=[outer, Calendar(hours=hours, shifts={"2024-03-25": []})])

    monday = week_of(inner, date(2024, 3, 25)).days[0]

    assert monday.windows == ()
    assert monday.notes == ("house: holiday: this date", "within[1]: shift: closed")


def test_a_window_over_midnight_is_shown_on_both_of_its_dates() -> None:
    week = week_of(Calendar(hours={"fri": [("22:00", "06:00")]}), date(2024, 3, 25))
    assert [day.windows for day in week.days[4:6]] == [("22:00-24:00",), ("00:00-06:00",)]
    assert [day.open // 3_600_000 for day in week.days[4:6]] == [2, 6]


@pytest.mark.parametrize(
    ("zone", "day", "hours", "windows", "open_hours", "note"),
    [
        (BERLIN, "2024-03-31", ("00:00", "24:00"), ["00:00-24:00"], 23, "skip 02:00-03:00"),
        (BERLIN, "2024-10-27", ("00:00", "24:00"), ["00:00-24:00"], 25, "repeat 02:00-03:00"),
        (BERLIN, "2024-10-27", ("02:00", "02:30"), ["02:00-02:30"] * 2, 1, "repeat"),
        (BERLIN, "2024-10-27", ("02:30", "03:00"), ["02:30-03:00"] * 2, 1, "repeat"),
        (BERLIN, "2024-03-31", ("02:00", "03:00"), [], 0, "skip"),
        (BERLIN, "2024-03-31", ("01:30", "02:30"), ["01:30-02:00"], 0.5, "skip"),
        (BRAZIL, "2018-11-04", ("00:00", "02:00"), ["01:00-02:00"], 1, "skip 00:00-01:00"),
        (BRAZIL, "2019-02-16", ("23:00", "24:00"), ["23:00-24:00"], 2, "repeat 23:00-24:00"),
        ("Pacific/Apia", "2011-12-30", ("00:00", "24:00"), [], 0, "the zone skips this date"),
        (ST_JOHNS, "1988-10-29", ("23:00", "24:00"), ["23:00-24:00"] * 2, 2, "22:01-24:00"),
        (ST_JOHNS, "1988-10-30", ("00:00", "00:02"), ["00:00-00:01", "00:00-00:02"], 0.05, "00:01"),
    ],
)
def test_a_day_on_which_the_clocks_change_is_told_as_they_show_it(
    zone: str,
    day: str,
    hours: tuple[str, str],
    windows: list[str],
    open_hours: float,
    note: str,
) -> None:
    calendar = Calendar(zone=zone, shifts={day: [hours]}, hours={"wed": [("09:00", "10:00")]})
    found = next(
        each
        for each in week_of(calendar, monday_of("--week", day)).days
        if each.date == date.fromisoformat(day)
    )
    assert list(found.windows) == windows
    assert found.open == open_hours * 3_600_000
    assert any(note in each for each in found.notes)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", "Pacific/Apia", "UTC"])
@pytest.mark.parametrize("year", [1988, 2011, 2024])
def test_the_weeks_of_a_year_leave_nothing_out_and_count_nothing_twice(
    zone: str, year: int
) -> None:
    calendar = Calendar(
        zone=zone, hours={day: [("18:30", "02:30")] for day in ("mon", "sat", "sun")}
    )
    weeks: list[Week] = []
    monday = date.fromisocalendar(year, 1, 1)
    while monday.isocalendar().year == year:
        weeks.append(week_of(calendar, monday))
        monday += timedelta(days=7)
    start = instant_of(datetime.combine(weeks[0].days[0].date, datetime.min.time(), ZoneInfo(zone)))

    assert sum(week.open for week in weeks) == calendar.timetable.elapsed(start, weeks[-1].end)


def test_a_calendar_that_never_closes_and_one_that_never_opens_again_say_so(
    run: Run, calendar_file: Write
) -> None:
    always = "[hours]\n" + "\n".join(f'{day} = [["00:00", "24:00"]]' for day in ALWAYS.hours)
    answer = run("sla", "show", "--calendar", calendar_file(always), "--week=2024-W13")
    assert rows_of(answer.out)["week"] == "168h"
    assert "Next, after this week: open, stays open until 2201." in answer.out

    once = '[shifts]\n2024-03-25 = [["09:00", "10:00"]]\n'
    answer = run("sla", "show", "--calendar", calendar_file(once), "--week=2024-W13")
    assert "Next, after this week: never open before 2201." in answer.out


def test_the_fullest_week_fits_80_columns_and_hides_nothing(run: Run, calendar_file: Write) -> None:
    windows = ", ".join(f'["{hour:02}:00:01", "{hour:02}:59:59"]' for hour in range(24))
    path = calendar_file(
        f'name = "{"long " * 30}[bold]"\nholidays = ["12-25"]\n'
        f"[shifts]\n2024-12-25 = [{windows}]\n2024-12-26 = [{windows}]\n"
        f"[breaks]\n2024-12-26 = [{windows}]\n2024-12-27 = [{windows}]\n"
        f"[hours]\nmon = [{windows}]\nfri = [{windows}]\n"
    )
    answer = run("sla", "show", "--calendar", path, "--week=2024-W52")

    assert answer.code == 0
    assert max(len(line) for line in answer.out.splitlines()) <= 80
    assert "…" not in answer.out
    assert "[bold]" in " ".join(answer.out.split())
    assert answer.out.count("00:00:01-00:59:59") == 3


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"])
def test_new_year_is_no_change_of_the_clocks(zone: str) -> None:
    calendar = Calendar(zone=zone, hours={"tue": [("22:00", "06:00")]})
    week = week_of(calendar, date(2024, 12, 30))
    assert [day.notes for day in week.days] == [()] * 7
    assert [day.windows for day in week.days[1:3]] == [("22:00-24:00",), ("00:00-06:00",)]


def test_a_calendar_cannot_come_from_a_closed_standard_input() -> None:
    program = f"{sys.executable} -m ticketroute.cli"
    found = subprocess.run(
        ["bash", "-c", f"{program} sla show --calendar - <&-"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("Error: standard input is closed")
