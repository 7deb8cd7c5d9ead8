"""What a configuration allows and what can nevertheless never work."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ticketroute import instant_of
from ticketroute.desk.config import Config
from ticketroute.desk.config_check import check

EXAMPLE = Path(__file__).parents[2] / "examples" / "desk" / "desk.toml"
PEOPLE = """
[agents.ana]
skills = { spanish = 3 }
priority = 10
[agents.ben]
capacity = 2
[queues.mail]
members = ["ana", "ben"]
"""


def advice(text: str, *, year: int | None = None) -> list[str]:
    at = None if year is None else instant_of(datetime(year, 1, 1, tzinfo=UTC))
    return [str(each) for each in check(Config.of(text), at=at)]


def test_the_example_has_nothing_that_never_works() -> None:
    assert check(Config.load(EXAMPLE)) == ()
    assert advice(PEOPLE) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "rules = [{ name = 'r', then = { skills = ['french'] } }]",
            "desk.toml: rules[0].then: nobody has the skill 'french', and 1 is asked",
        ),
        (
            "rules = [{ name = 'r', then = { queue = 'mail', skills = { spanish = 5 } } }]",
            "no member of queue 'mail' has more than level 3 of skill 'spanish', and 5 is asked",
        ),
        (
            "rules = [{ name = 'r', then = { weight = 6 } }]",
            "weight 6 is more than the room of anybody: 5",
        ),
        (
            "rules = [{ name = 'r', stop = true }, { name = 'late', then = { weight = 2 } }]",
            "rule 'late' can never act: rule 'r' before it stops on every ticket it holds for",
        ),
        (
            "queues.vip = { members = ['ana'], reach = [20, 30] }",
            "queues.vip.reach: nobody has an agent priority from 20 to 30; members have 10",
        ),
        (
            "queues.vip = { members = ['ana'], relaxations = [{ after='1m', reach=[60, 70] }] }",
            "relaxations[0].reach: nobody has an agent priority from 60 to 70",
        ),
        ("queues.empty = {}", "queues.empty.members: nobody serves this queue"),
        ("agents.zoe = {}", "agents.zoe: agent 'zoe' serves no queue"),
        (
            (
                "agents.cem = { capacity = 2, channels = { call = { cost = 3 } } }\n"
                "queues.calls = { members = ['cem'] }"
            ),
            "a ticket of channel 'call' costs 3 and agent 'cem' has room for 2",
        ),
        (
            (
                "policies = [{ id = 'all', targets.resolution.within = '1h' }, "
                "{ id = 'vip', tags = ['vip'], targets.resolution.within = '1m' }]"
            ),
            "policy 'vip' never applies: 'all' before it applies to every ticket that it would",
        ),
        (
            "calendars.x = { zone = 'UTC', hours = { mon = [['09:00', '23:59']] } }",
            "calendars.x: hours['mon'] ends at 23:59",
        ),
        (
            (
                "calendars.x = { zone = 'UTC', hours = { mon = [['09:00', '17:00']] }, "
                "holidays = [{ country = 'DE' }] }"
            ),
            "calendars.x: PublicHolidays('DE') has only the holidays that all its 17",
        ),
        (
            (
                "calendars.x = { zone = 'UTC', shifts = { 2020-01-06 = [['09:00', '12:00']] } }\n"
                "policies = [{ id = 'p', calendar = 'x', targets.resolution.within = '4h' }]"
            ),
            "resolution: calendar 'x' closes for good before 4h of open time has passed",
        ),
    ],
)
def test_what_can_never_work_is_found(text: str, told: str) -> None:
    found = advice(text + PEOPLE)
    assert len(found) == 1, found
    assert told in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "rules = [{ name = 'r', then = { queue = 'mail', skills = { spanish = 3 } } }]",
        "rules = [{ name = 'r', then = { weight = 5 } }]",
        (
            "policies = [{ id = 'vip', tags = ['vip'], targets.resolution.within = '1m' }, "
            "{ id = 'all', targets.resolution.within = '1h' }]"
        ),
        (
            "calendars.x = { zone = 'UTC', hours = { mon = [['09:00', '24:00']] }, "
            "holidays = [{ country = 'DE', subdivision = 'BY' }] }"
        ),
        (
            "queues.far = { relaxations = [{ after = '1m', add_queue = 'mail' }] }\n"
            "rules = [{ name = 'r', then = { queue = 'far', skills = { spanish = 2 } } }]"
        ),
    ],
)
def test_what_can_work_is_left_alone(text: str) -> None:
    assert advice(text + PEOPLE) == []


def test_a_calendar_that_ended_is_found_from_the_present_on() -> None:
    text = (
        "calendars.x = { zone = 'UTC', shifts = { 2020-01-06 = [['09:00', '12:00']] } }\n"
        "policies = [{ id = 'p', calendar = 'x', targets.resolution.within = '1h' }]" + PEOPLE
    )
    assert advice(text) == []
    assert len(advice(text, year=2026)) == 1
