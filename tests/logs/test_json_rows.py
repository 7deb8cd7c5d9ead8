from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute.logs import LogError, read_log
from ticketroute.logs.dates import written
from ticketroute.logs.sheets import open_sheet

RECORD = {
    "ContactId": "a-1",
    "Channel": "VOICE",
    "InitiationMethod": "INBOUND",
    "InitiationTimestamp": "2026-03-02T08:55:00Z",
    "DisconnectTimestamp": "2026-03-02T09:02:00Z",
    "Agent": {"Username": "ana", "RoutingProfile": {"Name": "Basic"}},
    "Queue": {"Name": "Support", "EnqueueTimestamp": "2026-03-02T08:55:30Z"},
    "Tags": {"a": None},
    "References": [{"Name": "x"}, "y"],
}
WAITED = {"ContactId": "a-2", "InitiationTimestamp": "2026-03-02T08:56:00Z", "Queue": None}


@pytest.mark.parametrize(
    "text",
    [
        f"{json.dumps(RECORD)}\n{json.dumps(WAITED)}\n",
        json.dumps(RECORD) + json.dumps(WAITED),
        json.dumps([RECORD, WAITED], indent=2),
    ],
)
def test_contact_records_are_read_as_lines_as_a_stream_and_as_an_array(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "records"
    path.write_bytes(gzip.compress(text.encode()))
    with read_log(str(path)) as log:
        one, two = log
    assert log.understood.layout is not None
    assert log.understood.layout.name == "amazon_connect"
    assert (one.ticket.id, one.queue, one.ticket.channel) == ("a-1", "Support", "call")
    assert written(one.arrived) == "2026-03-02T08:55:30Z"
    assert one.named == (("ana", "Support"),)
    assert (two.ticket.id, two.queue, two.ended) == ("a-2", "default", None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"id": 1', "row 1: is not valid JSON"),
        ('{"id": 1} x', "row 2: is not valid JSON"),
        ('{"id": 1} 7', "row 2: is not a JSON object"),
        ("{}", "has no column"),
    ],
)
def test_json_that_cannot_be_read_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "records"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LogError) as caught, read_log(str(path)):
        pass
    assert says in str(caught.value)


@given(
    st.lists(st.dictionaries(st.text(max_size=4), st.text(max_size=300), min_size=1), min_size=1)
)
def test_objects_are_found_wherever_a_chunk_ends(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "records"
    path.write_text("".join(json.dumps(each) for each in rows), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ticketroute.logs.json_rows._CHUNK", 7)
        with open_sheet(str(path)) as sheet:
            found = [
                {key: cell for key, cell in zip(sheet.header, row.cells, strict=True) if cell}
                for row in sheet.rows
            ]
    assert found == [{key: cell for key, cell in each.items() if cell} for each in rows]


@pytest.mark.parametrize(
    "page",
    [
        {"result": ["rows"]},
        {"count": 2, "end_of_stream": True, "next_page": None, "tickets": ["rows"]},
    ],
)
def test_the_page_of_an_api_holds_a_row_for_each_ticket(
    tmp_path: Path, page: dict[str, object]
) -> None:
    rows = [
        {"id": 1, "created_at": "2026-03-02T08:55:00Z", "group_id": 7, "assignee_id": 5,
         "via": {"channel": "email"}},
        {"id": 2, "created_at": "2026-03-02T09:55:00Z", "group_id": 8, "assignee_id": None,
         "via": {"channel": "chat"}},
    ]  # fmt: skip
    path = tmp_path / "page.json"
    path.write_text(json.dumps({key: rows if each == ["rows"] else each
                                for key, each in page.items()}))  # fmt: skip
    with read_log(str(path)) as log:
        found = [(each.ticket.id, each.queue, each.ticket.channel, each.row) for each in log]
    assert found == [("1", "7", "email", 1), ("2", "8", "chat", 2)]


def test_a_ticket_with_a_list_called_results_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "tickets.json"
    path.write_text(
        json.dumps(
            {"id": 1, "created_at": "2026-03-02T08:55Z", "agent": "a", "results": [{"x": 1}]}
        )
    )
    with read_log(str(path)) as log:
        assert [each.ticket.id for each in log] == ["1"]


def test_fields_of_servicenow_with_links_and_displayed_values_are_read_as_cells(
    tmp_path: Path,
) -> None:
    link = "https://example.com/api/now/table/sys_user/9"
    plain = {
        "number": "INC1", "opened_at": "2026-03-02 08:55:10",
        "assignment_group": {"link": link, "value": "g9"}, "assigned_to": "",
    }  # fmt: skip
    shown = {
        "number": {"display_value": "INC2", "value": "INC2"},
        "opened_at": {"display_value": "2026-03-02 00:55:11", "value": "2026-03-02 08:55:11"},
        "assignment_group": {"display_value": "IT", "link": link, "value": "g9"},
        "assigned_to": {"display_value": "Ana", "link": link, "value": "u1"},
    }
    path = tmp_path / "incidents.json"
    path.write_text(json.dumps({"result": [plain, shown]}))
    with read_log(str(path)) as log:
        found = [(each.ticket.id, each.queue, written(each.arrived), each.named) for each in log]
    assert found == [
        ("INC1", "g9", "2026-03-02T08:55:10Z", ()),
        ("INC2", "IT", "2026-03-02T08:55:11Z", (("Ana", "IT"),)),
    ]
