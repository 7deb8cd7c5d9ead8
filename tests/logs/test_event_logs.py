from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from ticketroute.logs import LogError, Logged, Options, Step, Understood, chosen_steps, read_log
from ticketroute.logs.dates import written
from ticketroute.logs.steps import step_of
from ticketroute.model.ids import QueueId

Write = Callable[..., Path]

SERVICENOW = Path(__file__).parents[3] / "shared" / "data" / "servicenow_incident_events.csv.gz"
HEADER = "case,activity,time,group,resource,priority"
EVENTS = Options(events=True)


def read(path: Path, options: Options | None = None) -> tuple[dict[str, Logged], Understood]:
    with read_log(str(path), options) as log:
        return {each.ticket.id: each for each in log}, log.understood


def ended(logged: Logged) -> str | None:
    return None if logged.ended is None else written(logged.ended)[11:16]


def test_the_events_of_a_case_become_one_ticket(csv_file: Write) -> None:
    path = csv_file(
        HEADER,
        "2,Created,2026-03-02 09:30,chat,,",
        "1,Resolved,2026-03-02 11:00,,ben,",
        "1,Reassignment,2026-03-02 10:00,chat,ben,",
        "1,Created,2026-03-02 09:00,mail,,",
        "1,Assigned,2026-03-02 09:10,,ana,High",
    )
    found, understood = read(path, EVENTS)
    one = found["1"]

    assert list(found) == ["1", "2"]
    assert (one.queue, int(one.ticket.priority), ended(one)) == ("mail", 2, "11:00")
    assert one.named == (("ana", "mail"), ("ben", "chat"))
    assert [each.step for each in one.steps] == [
        Step.ARRIVE, Step.ASSIGN, Step.TRANSFER, Step.RESOLVE,
    ]  # fmt: skip
    assert (understood.rows, understood.tickets, understood.ended) == (5, 2, 1)


def test_the_first_of_several_endings_counts_unless_the_ticket_was_reopened(
    csv_file: Write,
) -> None:
    path = csv_file(
        HEADER,
        *(
            f"{case},{activity},2026-03-02 1{hour}:00,q,ana,"
            for case, activities in {
                "closed later": ("Open", "Resolved", "Closed"),
                "came back": ("Open", "Resolved", "Reopened", "Closed"),
                "open again": ("Open", "Resolved", "Reopened"),
                "filed after": ("Open", "Closed", "Reassignment"),
                "done twice": ("Open", "Resolved", "Reassignment", "Resolved"),
            }.items()
            for hour, activity in enumerate(activities)
        ),
    )
    found, _ = read(path, EVENTS)
    assert {case: ended(logged) for case, logged in found.items()} == {
        "closed later": "11:00",
        "came back": "13:00",
        "open again": None,
        "filed after": "11:00",
        "done twice": "13:00",
    }


def test_a_log_of_states_is_reopened_by_work_after_its_end(csv_file: Write) -> None:
    path = csv_file(
        "number,state,sys_updated_on,assignment_group,assigned_to",
        "1,New,2026-03-02 09:00,q,",
        "1,Resolved,2026-03-02 10:00,q,ana",
        "1,Active,2026-03-02 11:00,q,ana",
        "1,Active,2026-03-02 11:30,q,ana",
    )
    found, _ = read(path, EVENTS)
    assert ended(found["1"]) is None
    assert [each.step for each in found["1"].steps] == [Step.ARRIVE, Step.RESOLVE, Step.ASSIGN]


def test_columns_of_arrival_and_ending_beat_the_events(csv_file: Write) -> None:
    path = csv_file(
        "number,incident_state,opened_at,sys_updated_at,resolved_at,closed_at,assigned_to",
        "1,New,2026-03-02 08:00,2026-03-02 09:00,?,2026-03-02 12:00,?",
        "1,Resolved,2026-03-02 08:00,2026-03-02 10:00,?,2026-03-02 12:00,ana",
    )
    found, _ = read(path, EVENTS)
    assert written(found["1"].arrived) == "2026-03-02T08:00:00Z"
    assert ended(found["1"]) == "12:00"


def test_an_activity_can_be_mapped(csv_file: Write) -> None:
    path = csv_file(HEADER, "1,Start,2026-03-02 09:00,q,ana,", "1,Fixed it,2026-03-02 10:00,q,ana,")
    found, understood = read(path, EVENTS)
    assert ended(found["1"]) is None
    assert any("--activity WORD=resolve" in each for each in understood.warnings())
    assert "ignore: Start, Fixed it" in understood.activities

    activities = chosen_steps(["fixed IT=resolve"])
    found, understood = read(path, Options(events=True, activities=activities))
    assert ended(found["1"]) == "10:00"
    assert "resolve: Fixed it" in understood.activities


@pytest.mark.parametrize(
    ("pair", "says"),
    [("done", "activity=step"), ("=resolve", "activity=step"), ("done=end", "steps are: ")],
)
def test_a_mapping_of_an_activity_that_cannot_be_is_refused(pair: str, says: str) -> None:
    with pytest.raises(LogError, match=says):
        chosen_steps([pair])
    with pytest.raises(LogError, match="twice"):
        chosen_steps(["done=resolve", "Done=reopen"])


@pytest.mark.parametrize(
    ("activity", "step"),
    [
        ("Awaiting User Info", Step.HOLD),
        ("Wait - User", Step.HOLD),
        ("On Hold", Step.HOLD),
        ("Awaiting Assignment", Step.TRANSFER),
        ("Pending vendor", Step.HOLD),
        ("Work in progress", Step.ASSIGN),
        ("Take in charge ticket", Step.ASSIGN),
        ("Reassignment", Step.TRANSFER),
        ("Reopened", Step.REOPEN),
        ("Re-open", Step.REOPEN),
        ("Resolve ticket", Step.RESOLVE),
        ("CANCELLED", Step.RESOLVE),
        ("Not resolved", None),
        ("Quality Indicator", None),
        ("complete", Step.IGNORE),
    ],
)
def test_usual_activities_are_known(activity: str, step: Step | None) -> None:
    assert step_of(activity) is step


def test_a_queue_log_is_recognised_and_calls_from_before_it_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    path.write_text(
        "1772441600|1772441500.1|600|PJSIP/9|COMPLETEAGENT|3|187|1\n"
        "1772441700|NONE|NONE|NONE|QUEUESTART|\n"
        "1772441705|MANAGER|600|PJSIP/1|ADDMEMBER|\n"
        "1772441709|1772441708.1|600|NONE|DID|100\n"
        "1772441710|1772441708.1|600|NONE|ENTERQUEUE||100001|1\n"
        "1772441730|1772441708.1|600|PJSIP/2|CONNECT|20|1772441726.13|4\n"
        "1772441740|1772441708.1|600|PJSIP/2|BLINDTRANSFER|601|default|1|10|1\n"
        "1772441741|1772441708.1|601|NONE|ENTERQUEUE||100001|1\n"
        "1772441760|1772441708.1|601|NONE|EXITWITHTIMEOUT|1|1|20\n",
        encoding="utf-8",
    )
    found, understood = read(path)
    (call,) = found.values()
    assert (call.queue, written(call.arrived), ended(call)) == (
        "600", "2026-03-02T08:55:10Z", "08:56",
    )  # fmt: skip
    assert call.named == (("PJSIP/2", "600"),)
    assert any("1 call without ENTERQUEUE" in each for each in understood.notes)
    with read_log(str(path)) as log:
        assert log.members[QueueId("600")] == ("PJSIP/1", "PJSIP/2")


XES = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment --><log xes.version="1.0" xmlns="http://www.xes-standard.org/">
<global scope="event"><string key="concept:name" value="name"/></global>
<trace><string key="concept:name" value="c1"/>
 <list key="tags"><string key="concept:name" value="not the case"/></list>
 <event><string key="concept:name" value="Accepted"/>
  <string key="lifecycle:transition" value="In Progress">
   <string key="concept:name" value="not the activity"/></string>
  <date key="time:timestamp" value="2026-03-02T09:00:00+01:00"/>
  <string key="org:group" value="A"/><string key="org:resource" value="ana"/>
  <string key="impact" value="High"/></event>
 <event><string key="concept:name" value="Accepted"/>
  <string key="lifecycle:transition" value="Wait - User"/>
  <date key="time:timestamp" value="2026-03-02T09:10:00+01:00"/></event>
 <event><string key="concept:name" value="Closed"/>
  <string key="lifecycle:transition" value="complete"/>
  <date key="time:timestamp" value="2026-03-02T10:00:00+01:00"/></event>
</trace></log>
"""


@pytest.mark.parametrize("packed", [False, True])
def test_xes_is_recognised_and_read_as_a_stream(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / ("log.xes.gz" if packed else "log.xes")
    data = XES.encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    found, understood = read(path)
    case = found["c1"]
    assert understood.layout is not None
    assert understood.layout.name == "xes"
    assert (case.queue, int(case.ticket.priority), ended(case)) == ("A", 2, "09:00")
    assert case.named == (("ana", "A"),)
    assert [each.step for each in case.steps] == [Step.ASSIGN, Step.HOLD, Step.RESOLVE]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (XES.replace("</log>", ""), "is not valid XML"),
        ("<?xml version='1.0'?><!DOCTYPE log [<!ENTITY a 'b'>]><log/>", "declares a document type"),
        ("<log></log>", "has a header and no rows"),
        (XES.replace("c1", ""), "'case:concept:name' is ''"),
        (XES.replace("2026-03-02T10", "soon"), "column 'time:timestamp' is 'soon"),
    ],
)
def test_xes_that_cannot_be_read_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "log.xes"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LogError) as caught:
        read(path)
    assert says in str(caught.value)


@pytest.mark.skipif(
    not SERVICENOW.is_file(), reason="the ServiceNow log is not beside the repository"
)
def test_the_servicenow_events_are_read_without_an_option_but_events() -> None:
    found, understood = read(SERVICENOW, EVENTS)
    assert (understood.rows, len(found), understood.ended) == (141_712, 24_918, 24_918)
    assert "hold: Awaiting User Info" in understood.activities
    assert found["47"].named == (("R89", "G70"), ("R31", "G24"), ("R89", "G24"))


def test_a_queue_log_that_starts_with_an_event_of_a_dial_plan_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    path.write_text(
        "1772441700|1772441708.11|600|NONE|My_Event1|x\n"
        "1772441710|1772441708.11|600|NONE|ENTERQUEUE||100001|1\n"
        "1772441730|1772441708.11|600|PJSIP/2002|CONNECT|20|1772441726.13|4\n"
    )
    with read_log(str(path)) as log:
        assert [(each.ticket.id, each.queue) for each in log] == [("1772441708.11", "600")]
