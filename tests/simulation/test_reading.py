"""Scenarios from TOML: what is read, and what is said about what cannot be."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from ticketroute import Delivery, Metric, TicketPriority
from ticketroute.errors import InvalidValueError
from ticketroute.model import ResumeRule
from ticketroute.simulation import Batches, During, LogNormal, Weekly
from ticketroute.simulation.reading import plan_from, read_plan
from ticketroute.simulation.units import HOUR

DESK = """
name = "desk"
length = "2d"
target = "1min"

[calendars.office]
hours = { mon = [["09:00", "12:00"], ["13:00", "17:00"]] }

[[agents]]
id = "ana"
capacity = 2
skills = { spanish = 5 }
hours = "office"
answers = { after = "5s", ignored = 0.1 }

[[agents]]
id = "team"
count = 3
queues = ["mail"]
pace = 1.2

[[queues]]
id = "mail"
strategy = "round_robin"
wrap_up = "1min"
resume = "sticky"
parked_counts = true

[[queues]]
id = "chat"
delivery = "offer"
offer = { timeout = "20s" }

[[tickets]]
name = "spanish mail"
queue = "mail"
handling = { law = "lognormal", mean = "8min", cv = 1.5 }
arrivals = { weekly = { mon = 6 }, day_cv = 0.2 }
priorities = { urgent = 0.1, normal = 0.9 }
skills = [{ share = 0.5, levels = { spanish = 3 } }, { share = 0.5 }]
misrouting = { share = 0.1, to = { chat = 1 } }
reopening = { share = 0.1, after = "1d" }
holding = { share = 0.2, span = { law = "exponential", mean = "3h" }, after = 0.3 }

[[tickets]]
name = "chats"
queue = "chat"
channel = "chat"
handling = "5min"
patience = { law = "exponential", mean = "2min" }
arrivals = { per_hour = 4, during = "office", batches = [1, 2] }

[[policies]]
id = "standard"
within = { resolution = { urgent = "1h", normal = "8h" } }

[compare]
strategies = ["round_robin", "random"]
figure = "abandoned"
half_width = 0.1

[[compare.what_if]]
name = "one more"
strategy = "random"
handling = 0.9
without = ["ana"]
agents = [{ id = "carl", skills = { spanish = 9 } }]
"""


def changed(old: str, new: str) -> dict[str, Any]:
    assert old in DESK
    return tomllib.loads(DESK.replace(old, new))


def test_a_study_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(DESK, encoding="utf-8")

    plan = read_plan(path)

    assert list(plan.scenarios) == ["round_robin", "random", "one more"]
    assert (plan.baseline, plan.figure, plan.half_width) == ("round_robin", "abandoned", 0.1)
    scenario = plan.scenarios["round_robin"]
    assert scenario.target == 60_000
    assert (scenario.queues[0].resume, scenario.queues[0].parked_counts) == (
        ResumeRule.STICKY, True,
    )  # fmt: skip
    holding = scenario.kinds[0].holding
    assert holding is not None
    assert (holding.share, holding.span.mean, holding.after) == (0.2, 3 * HOUR, 0.3)
    assert [worker.agent.id for worker in scenario.workers] == ["ana", "team-1", "team-2", "team-3"]
    assert [worker.hours is None for worker in scenario.workers] == [False, True, True, True]
    mail, chat = scenario.queues
    assert list(mail.members) == ["ana", "team-1", "team-2", "team-3"]
    assert list(chat.members) == ["ana"]
    assert (mail.wrap_up, chat.delivery, chat.offer.timeout) == (60_000, Delivery.OFFER, 20_000)
    first, second = scenario.kinds
    assert first.handling == LogNormal("8min", cv=1.5)
    assert isinstance(first.arrivals, Weekly)
    assert first.priorities[0] == (TicketPriority.URGENT, 0.1)
    assert isinstance(second.arrivals, Batches)
    assert isinstance(second.arrivals.of, During)
    assert scenario.policies[0].targets[Metric.RESOLUTION].within[TicketPriority.URGENT] == HOUR


def test_a_what_if_changes_people_and_handling() -> None:
    scenario = plan_from(tomllib.loads(DESK)).scenarios["one more"]

    assert [worker.agent.id for worker in scenario.workers] == [
        "team-1",
        "team-2",
        "team-3",
        "carl",
    ]
    assert [queue.strategy.name for queue in scenario.queues] == ["random", "random"]
    assert list(scenario.queues[1].members) == ["carl"]
    assert scenario.workers[0].pace == pytest.approx(1.08)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("pace = 1.2", "paec = 1.2", "agents[1].paec is 1.2; it must be left out; there are"),
        ("pace = 1.2", "pace = -1", "agents[1]: Worker.pace is -1"),
        ('"8min", cv', '"8 lightyears", cv', "tickets[0].handling: span is '8 lightyears'"),
        ("cv = 1.5", "cv = nan", "tickets[0].handling: LogNormal.cv is nan"),
        ('law = "lognormal"', 'law = "normal"', "tickets[0].handling.law is 'normal'"),
        ('hours = "office"', 'hours = "ofice"', "agents[0].hours is 'ofice'"),
        ('queue = "chat"', 'queue = "chta"', "a queue of kind 'chats' is 'chta'"),
        ("levels = { spanish = 3 }", "levels = { spanish = 9 }", "skills of kind 'spanish mail'"),
        ("count = 3", "count = 0", "agents[1].count is 0"),
        ('delivery = "offer"', 'delivery = "throw"', "queues[1].delivery is 'throw'"),
        ("urgent = 0.1", "urgnet = 0.1", "tickets[0].priorities: priority is 'urgnet'"),
        ('length = "2d"', "", "length is None; it must be given"),
        ('strategies = ["round_robin"', 'strategies = ["Round Robin"', "compare.strategies[0]"),
        ('without = ["ana"]', 'without = ["anna"]', "compare.what_if[0].without is 'anna'"),
        ("per_hour = 4", "per_hour = -4", "tickets[1].arrivals: Poisson.rate is -4"),
        ("mon = [[", "mno = [[", "calendars.office: "),
    ],
)
def test_what_cannot_be_is_said_with_its_place(old: str, new: str, message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        plan_from(changed(old, new))

    assert message in str(caught.value)


def test_a_file_that_is_no_toml_is_said(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text("length = \n", encoding="utf-8")

    with pytest.raises(InvalidValueError, match=r"desk.toml is .*a file of TOML 1.0 in UTF-8"):
        read_plan(path)
