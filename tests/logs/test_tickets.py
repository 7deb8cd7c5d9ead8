from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ticketroute.cli.roster import Roster, derived_roster, read_roster
from ticketroute.logs import (
    AGENT_FIELDS,
    TICKET_FIELDS,
    Field,
    LogError,
    Logged,
    Options,
    chosen_columns,
)
from ticketroute.logs import read_log as read
from ticketroute.logs.columns import Columns
from ticketroute.logs.sheets import open_sheet
from ticketroute.logs.words import Blanks
from ticketroute.model.ids import AgentId

Write = Callable[..., Path]


def options(*pairs: str) -> Options:
    return Options(columns=chosen_columns(pairs, fields=TICKET_FIELDS))


def tickets_of(path: Path, *pairs: str) -> list[Logged]:
    with read(str(path), options(*pairs)) as log:
        return list(log)


def derived(path: Path, *pairs: str, capacity: int = 5) -> Roster:
    with read(str(path), options(*pairs)) as log:
        return derived_roster(log, capacity=capacity)


def roster_of(path: Path, tickets: Path) -> Roster:
    with read(str(tickets)) as log, open_sheet(str(path)) as sheet:
        columns = Columns(
            sheet.name, sheet.header, fields=AGENT_FIELDS, chosen={}, option="--map-agents"
        )
        return read_roster(sheet, columns, log=log, capacity=5, blanks=Blanks())


def test_rows_are_sorted_by_arrival_and_stay_in_order_where_equal(csv_file: Write) -> None:
    tickets = tickets_of(
        csv_file("id,arrived", "c,2026-01-02", "b,2026-01-01", "a,2026-01-01", "d,2026-01-01")
    )
    assert [logged.ticket.id for logged in tickets] == ["b", "a", "d", "c"]


def test_usual_names_are_found_whatever_their_case_and_blanks(csv_file: Write) -> None:
    tickets = tickets_of(csv_file("Ticket ID,Created At,Priority,Group", "7,2026-01-01,high,mail"))
    (logged,) = tickets
    assert (logged.ticket.id, logged.ticket.priority, logged.queue) == ("7", 2, "mail")


def test_an_ending_before_arrival_counts_as_ended_on_arrival(csv_file: Write) -> None:
    with read(str(csv_file("id,arrived,ended", "a,2026-01-02,2026-01-01"))) as log:
        (logged,) = log
    assert logged.ended == logged.arrived
    assert log.understood.ended_before_arrival == 1


def test_of_several_columns_the_first_that_is_not_empty_counts(csv_file: Write) -> None:
    path = csv_file("id,arrived,x,y", "a,2026-01-02,,2026-01-03", "b,2026-01-02,,")
    first, second = tickets_of(path, "ended=x,y")
    assert (first.ended, second.ended) == (1_767_398_400_000, None)


def test_agents_and_queues_go_in_pairs_where_there_are_as_many(csv_file: Write) -> None:
    path = csv_file(
        "id,arrived,g1,g2,a1,a2",
        "1,2026-01-02,mail,chat,ana,ben",
        "2,2026-01-02,,chat,cem,",
        "3,2026-01-02,,,dee,",
    )
    tickets = tickets_of(path, "queue=g1,g2", "agent=a1,a2")
    roster = derived(path, "queue=g1,g2", "agent=a1,a2", capacity=4)

    assert [logged.queue for logged in tickets] == ["mail", "chat", "default"]
    assert roster.members == {"mail": ("ana",), "chat": ("ben", "cem"), "default": ("dee",)}
    assert {agent.capacity for agent in roster.agents} == {4}


def test_a_roster_follows_the_order_of_arrival_and_not_of_rows(csv_file: Write) -> None:
    path = csv_file(
        "id,arrived,queue,agent",
        "3,2026-01-03,chat,cem",
        "2,2026-01-02,mail,ben",
        "1,2026-01-01,mail,ana",
        "4,2026-01-01,mail,dee",
    )
    roster = derived(path)
    assert [agent.id for agent in roster.agents] == ["ana", "dee", "ben", "cem"]
    assert list(roster.members.items()) == [("mail", ("ana", "dee", "ben")), ("chat", ("cem",))]


def test_several_agent_columns_share_one_queue_column(csv_file: Write) -> None:
    path = csv_file("id,arrived,queue,a1,a2", "1,2026-01-02,mail,ana,ben")
    roster = derived(path, "agent=a1,a2")
    assert roster.members == {"mail": ("ana", "ben")}


def test_a_number_of_columns_that_cannot_be_paired_is_refused(csv_file: Write) -> None:
    path = csv_file("id,arrived,g1,g2,a1,a2,a3", "1,2026-01-02,m,c,ana,ben,cem")
    with pytest.raises(LogError, match="one for each agent column"):
        tickets_of(path, "queue=g1,g2", "agent=a1,a2,a3")


def test_derived_agents_have_the_skills_of_their_tickets(csv_file: Write) -> None:
    path = csv_file(
        "id,arrived,agent,skills",
        "1,2026-01-02,ana,spanish:3",
        "2,2026-01-02,ana,spanish:5; billing",
        "3,2026-01-02,ana,spanish:2",
        "4,2026-01-02,ben,",
    )
    roster = derived(path)
    assert [dict(agent.skills) for agent in roster.agents] == [{"spanish": 5, "billing": 1}, {}]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("a,2026-01-02,,,", "row 3: ticket 'a' is in row 2 already"),
        (",2026-01-02,,,", "row 3: column 'id'"),
        ("b,,,,", "row 3: column 'arrived' is ''; it must be a date"),
        ("b,yesterday,,,", "row 3: column 'arrived' is 'yesterday'; it must be a date"),
        ("b,2026-01-02,then,,", "row 3: column 'ended' is 'then'"),
        ("b,2026-01-02,,9,", "priorities that are not known: '9' in row 3; add --priority 9=LEVEL"),
        ("b,2026-01-02,,,0", "row 3: Ticket.weight is 0"),
        ("b,2026-01-02,,,1.5", "row 3: column 'weight' is '1.5'; it must be a whole number"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(csv_file: Write, row: str, says: str) -> None:
    path = csv_file("id,arrived,ended,priority,weight", "a,2026-01-01,,,", row)
    with pytest.raises(LogError) as caught:
        tickets_of(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_of_agents_says_who_serves_what(csv_file: Write) -> None:
    tickets = csv_file("id,arrived,queue", "1,2026-01-02,mail")
    path = csv_file(
        "agent,queues,capacity,skills,channels,priority",
        "ana,mail; chat,2,spanish:5,chat; call,1",
        "ben,,,,,",
        name="agents.csv",
    )
    roster = roster_of(path, tickets)
    ana, ben = roster.agents

    assert roster.members == {"mail": ("ana", "ben"), "chat": ("ana", "ben")}
    assert (ana.capacity, dict(ana.skills), set(ana.channels)) == (
        2,
        {"spanish": 5},
        {"chat", "call"},
    )
    assert (ana.priority, ben.capacity, ben.priority) == (1, 5, 50)
    assert ben.id == AgentId("ben")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("ana,mail,2", "row 3: agent 'ana' is in row 2 already"),
        ("ben,mail,many", "row 3: column 'capacity' is 'many'"),
        ("ben,mail,0", "row 3: Agent.capacity is 0"),
        (",mail,1", "row 3: Agent.id is ''"),
    ],
)
def test_an_agent_that_cannot_be_used_is_named(csv_file: Write, row: str, says: str) -> None:
    tickets = csv_file("id,arrived", "1,2026-01-02")
    path = csv_file("agent,queues,capacity", "ana,mail,1", row, name="agents.csv")
    with pytest.raises(LogError) as caught:
        roster_of(path, tickets)
    assert says in str(caught.value)


def test_a_header_without_rows_is_refused(csv_file: Write) -> None:
    with pytest.raises(LogError, match="no rows"):
        tickets_of(csv_file("id,arrived"))


def test_a_missing_column_is_named_with_those_there_are_the_nearest_first(csv_file: Write) -> None:
    with pytest.raises(LogError) as caught:
        tickets_of(csv_file("id,colour,arrivd,size", "1,2,3,4"))
    message = str(caught.value)
    assert "field 'arrived'" in message
    assert "it has: arrivd, id, colour, size" in message
    assert "--map arrived=COLUMN" in message


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_header_tells_the_delimiter(csv_file: Write, mark: str) -> None:
    path = csv_file(mark.join(("id", '"a,b;c"', "arrived")), mark.join(("1", "", "2026-01-02")))
    assert [logged.ticket.id for logged in tickets_of(path)] == ["1"]


def test_all_missing_columns_are_named_at_once(csv_file: Write) -> None:
    needed = {"agent": "or name a file of agents with --agents"}
    with (
        pytest.raises(LogError) as caught,
        read(str(csv_file("x,y", "1,2")), Options(columns={"queue": "team"}, needed=needed)),
    ):
        pass
    message = str(caught.value)
    for field in ("id", "arrived", "queue", "agent"):
        assert f"for the field {field!r}" in message
        assert f"--map {field}=COLUMN" in message
    assert message.endswith("or name a file of agents with --agents")


def test_two_columns_of_one_name_are_refused_only_where_they_are_asked_for(
    csv_file: Write,
) -> None:
    assert tickets_of(csv_file("id,arrived,x,x", "1,2026-01-02,,"))
    with pytest.raises(LogError, match="2 columns called"):
        tickets_of(csv_file("id,id,arrived", "1,1,2026-01-02"))


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        (["id"], "write it as field=column"),
        (["=x"], "write it as field=column"),
        (["agnet=x"], "fields are: agent, "),
        (["id=a", "id=b"], "twice"),
    ],
)
def test_a_mapping_that_is_not_understood_is_refused(pairs: list[str], says: str) -> None:
    with pytest.raises(LogError, match=says):
        chosen_columns(pairs, fields=TICKET_FIELDS)


def test_a_field_can_be_left_out(csv_file: Write) -> None:
    path = csv_file("id,arrived,priority", "1,2026-01-02,P5")
    (logged,) = tickets_of(path, "priority=")
    assert logged.ticket.priority == 3


def test_a_column_whose_name_has_a_comma_can_be_named(csv_file: Write) -> None:
    path = csv_file('"no, really",arrived', "1,2026-01-02")
    assert tickets_of(path, "id=no, really")[0].ticket.id == "1"


def test_fields_of_a_programs_own_are_read_beside_the_usual_ones(csv_file: Write) -> None:
    met = Field("met", ("sla_met",), "Whether the target was met.")
    path = csv_file("id,opened,SLA met", "b,2026-01-02,yes", "a,2026-01-01,-")
    with read(str(path), Options(more=[met])) as log:
        assert [(each.row, dict(each.more)) for each in log] == [(3, {}), (2, {"met": "yes"})]
        assert log.understood.columns["met"] == ("SLA met",)
    path = csv_file("case,activity,time,x", "a,Open,2026-01-01,", "a,Closed,2026-01-02,no")
    mapped = Options(events=True, more=[met], columns={"met": "x"})
    with read(str(path), mapped) as log:
        assert [(each.row, dict(each.more)) for each in log] == [(2, {"met": "no"})]
