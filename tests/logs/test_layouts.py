"""Every layout in one run: the files beside the repository, and small ones of public columns."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from ticketroute.logs import LAYOUT_NAMES, Log, LogError, Logged, Options, Understood, read_log
from ticketroute.logs.dates import written
from ticketroute.logs.layouts import LAYOUTS

SHARED = Path(__file__).parents[3] / "shared" / "cases" / "logs"
OWN = Path(__file__).parents[1] / "data" / "logs"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the folder `shared` is not beside the repository"
)


def read(path: Path, options: Options | None = None) -> tuple[dict[str, Logged], Understood, Log]:
    with read_log(str(path), options) as log:
        return {each.ticket.id: each for each in log}, log.understood, log


def facts(logged: Logged) -> tuple[object, ...]:
    return (
        logged.queue,
        int(logged.ticket.priority),
        written(logged.arrived),
        None if logged.ended is None else written(logged.ended),
        [agent for agent, _ in logged.named],
    )


@needs_shared
def test_the_zendesk_export_is_read_right() -> None:
    found, understood, log = read(SHARED / "zendesk_csv_export.csv")
    assert understood.layout is not None
    assert understood.layout.name == "zendesk"
    assert facts(found["5001"]) == (
        "Support", 2, "2026-03-02T08:55:00Z", "2026-03-02T10:20:00Z", ["Ana Agent"],
    )  # fmt: skip
    assert facts(found["5003"]) == ("Support", 4, "2026-03-02T09:10:00Z", None, [])
    assert facts(found["5005"]) == ("Billing", 3, "2026-03-02T09:30:00Z", None, ["Ana Agent"])
    assert [each.ticket.channel for each in found.values()] == [
        "email", "form", "email", "chat", "call",
    ]  # fmt: skip
    assert understood.ended == 3
    assert log.members == {
        "Support": ("Ana Agent", "Ben Agent"),
        "Billing": ("Cem Agent", "Ana Agent"),
    }


@needs_shared
def test_the_jira_export_is_read_right() -> None:
    found, understood, _ = read(SHARED / "jira_service_management.csv")
    assert understood.layout is not None
    assert understood.layout.name == "jira"
    assert facts(found["ITH-104"]) == (
        "IT Help", 2, "2026-03-02T00:15:00Z", "2026-03-02T13:30:00Z", ["ana"],
    )  # fmt: skip
    assert facts(found["ITH-103"])[1:] == (
        4, "2026-03-02T12:10:00Z", "2026-03-02T12:30:00Z", [],
    )  # fmt: skip
    assert any("one queue, 'IT Help'" in each for each in understood.warnings())


@needs_shared
def test_the_servicenow_list_is_read_right() -> None:
    found, understood, _ = read(SHARED / "servicenow_incident_list.csv")
    assert understood.layout is not None
    assert understood.layout.name == "servicenow"
    assert facts(found["INC0010001"]) == (
        "IT Support", 1, "2026-03-02T08:55:10Z", "2026-03-02T10:20:00Z", ["Ana Agent"],
    )  # fmt: skip
    assert facts(found["INC0010002"]) == ("IT Support", 4, "2026-03-02T09:05:00Z", None, [])


@needs_shared
def test_the_queue_log_is_read_right() -> None:
    found, understood, log = read(SHARED / "asterisk_queue_log.txt")
    assert understood.events
    assert facts(found["1772441708.11"]) == (
        "600", 3, "2026-03-02T08:55:10Z", "2026-03-02T08:56:30Z", ["PJSIP/2001", "PJSIP/2002"],
    )  # fmt: skip
    assert facts(found["1772441738.15"])[3:] == ("2026-03-02T08:56:00Z", [])
    assert {each.ticket.channel for each in found.values()} == {"call"}
    assert log.members == {"600": ("PJSIP/2001", "PJSIP/2002")}


CASES = (
    ("freshdesk", "freshdesk", "101", "IT", 1, "03-02 08:55:10", "03-02 10:20:00", "Ana"),
    ("freshdesk", "freshdesk", "102", "default", 4, "03-02 09:05:00", None, ""),
    ("osticket", "osticket", "100001", "Support", 1, "03-02 08:55:00", "03-02 10:20:00", "Ana"),
    ("osticket", "osticket", "100002", "Sales", 3, "03-14 09:05:00", None, ""),
    ("amazon_connect", "amazon_connect", "a-1", "Basic", 3, "03-02 08:55:30", "03-02 09:02:00",
     "ana"),
    ("amazon_connect", "amazon_connect", "a-2", "Sales", 3, "03-02 08:56:00", "03-02 09:01:00", ""),
    ("servicenow", "servicenow_labels", "INC1", "IT", 2, "03-02 08:55:10", "03-03 10:00:00", "Ana"),
    ("jira", "jira_plain", "A-1", "A", 1, "03-02 08:55:00", "03-02 10:20:00", ""),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[1]} {case[2]}")
def test_a_layout_is_recognised_and_read(case: tuple[Any, ...]) -> None:
    layout, file, ticket, queue, priority, arrived, ended, agent = case
    expected = (
        queue,
        priority,
        f"2026-{arrived}Z".replace(" ", "T"),
        None if ended is None else f"2026-{ended}Z".replace(" ", "T"),
        [agent] if agent else [],
    )
    path = OWN / f"{file}.csv"
    found, understood, _ = read(path)
    assert understood.layout is not None
    assert understood.layout.name == layout
    assert facts(found[ticket]) == expected
    named, _, _ = read(path, Options(layout=layout))
    assert facts(named[ticket]) == expected


def test_numbers_of_freshdesk_run_the_other_way_round(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("Ticket ID,Created time,Priority\n1,2026-03-02,4\n2,2026-03-02,1\n", "utf-8")
    found, _, _ = read(path)
    assert [int(each.ticket.priority) for each in found.values()] == [1, 4]
    found, _, _ = read(path, Options(layout="servicenow", columns={"id": "Ticket ID"}))
    assert [int(each.ticket.priority) for each in found.values()] == [4, 1]


def test_an_export_in_utf_16_and_gzip_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    text = (OWN / "freshdesk.csv").read_text(encoding="utf-8")
    path.write_bytes(gzip.compress(text.replace("Ana", "Ána").encode("utf-16")))
    found, _, _ = read(path)
    assert facts(found["101"])[4] == ["Ána"]


def test_a_layout_that_does_not_exist_is_refused_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes((OWN / "freshdesk.csv").read_bytes())
    with pytest.raises(LogError, match="layouts are: zendesk"):
        read(path, Options(layout="zendsk"))
    with pytest.raises(LogError, match="leave --layout out"):
        read(path, Options(layout="xes"))


def test_layouts_have_names_that_differ() -> None:
    assert len(set(LAYOUT_NAMES)) == len(LAYOUTS)


@needs_shared
def test_a_layout_has_the_names_that_people_call_it() -> None:
    _, understood, _ = read(
        SHARED / "jira_service_management.csv", Options(layout="Jira Service Management")
    )
    assert understood.layout is not None
    assert understood.layout.name == "jira"


def test_the_agent_group_of_freshservice_is_the_queue(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(
        "Ticket ID,Agent,Agent Group,Created Date\nINC-1,Ana,Desk,2026-03-02\n", "utf-8"
    )
    found, _, _ = read(path)
    assert found["INC-1"].queue == "Desk"
