"""Stretches of a zone: every change of its offset is found, to the second."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from ticketroute.sla.zones import stretches, tzinfo_of, year_of, year_start, zone_names
from ticketroute.testing.promised import CHANGES, change_instant

ZONES = sorted({zone for zone, _ in CHANGES if zone != "UTC"})


def offset_at(zone: str, second: int) -> timedelta | None:
    return datetime.fromtimestamp(second, tzinfo_of(zone)).utcoffset()


@pytest.mark.parametrize("year", [1970, 1988, 2000, 2011, 2024, 2037, 2038, 2200])
@pytest.mark.parametrize("zone", ZONES)
def test_the_offset_of_every_few_hours_is_that_of_its_stretch(zone: str, year: int) -> None:
    found = stretches(zone, year)
    assert (found[0][0], found[-1][1]) == (year_start(year), year_start(year + 1))
    for (_, end, offset), (start, _, other) in pairwise(found):
        assert end == start
        assert offset != other
    for start, end, offset in found:
        inside = [*range(start // 1_000, end // 1_000, 5 * 3_600), end // 1_000 - 1]
        assert {offset_at(zone, second) for second in inside} == {timedelta(milliseconds=offset)}


@pytest.mark.parametrize(("zone", "written"), [each for each in CHANGES if each[0] in ZONES])
def test_a_change_is_found_at_its_second(zone: str, written: str) -> None:
    change = change_instant(written)
    starts = [start for start, _, _ in stretches(zone, year_of(change * 1_000))]
    assert change * 1_000 in starts


def test_three_changes_within_weeks_are_all_found() -> None:
    # Recife, 2000: forward on 8 October and back on the 15th, the shortest time of any zone.
    assert len(stretches("America/Recife", 2000)) == 4


def test_utc_needs_no_tz_database() -> None:
    assert stretches("UTC", 2024) == ((year_start(2024), year_start(2025), 0),)


def test_names_that_differ_from_machine_to_machine_are_refused() -> None:
    assert not {"localtime", "posixrules"} & zone_names()
    assert "Europe/Berlin" in zone_names()
