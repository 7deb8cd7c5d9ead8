from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticketroute.cli import decisions, main

Run = Callable[..., Any]
Write = Callable[..., Path]

SHARED = Path(__file__).parents[3] / "shared" / "data" / "servicenow_incident_cases.csv.gz"

_spec = spec_from_file_location("capacity_check", Path(__file__).with_name("capacity_check.py"))
assert _spec is not None
assert _spec.loader is not None
capacity_check = module_from_spec(_spec)
_spec.loader.exec_module(capacity_check)

HEADER = "id,arrived,ended,queue,agent,priority"


def decisions_of(path: Path) -> dict[str, dict[str, str]]:
    return {row["ticket_id"]: row for row in capacity_check.rows_of(path)}


def routed(run: Run, path: Path, *options: str) -> dict[str, dict[str, str]]:
    out = path.with_name("decisions.csv")
    answer = run("route", path, "-o", out, *options)
    assert (answer.code, answer.err) == (0, "")
    return decisions_of(out)


def test_a_ticket_waits_for_room_and_the_file_says_why(run: Run, csv_file: Write) -> None:
    found = routed(
        run,
        csv_file(
            HEADER,
            "a,2026-01-01T09:00,2026-01-01T09:30,mail,ana,3",
            "b,2026-01-01T09:10,2026-01-01T10:00,mail,ana,3",
            "c,2026-01-01T09:20,2026-01-01T10:00,mail,ana,1",
        ),
        "--capacity",
        "1",
    )

    assert found["a"]["outcome"] == found["c"]["outcome"] == "assigned"
    assert found["a"]["waited_seconds"] == "0"
    assert found["c"]["decided_at"] == found["a"]["ended_at"] == "2026-01-01T09:30:00Z"
    assert (found["c"]["waited_seconds"], found["c"]["cause"]) == ("600", "freed")
    assert found["b"]["outcome"] == "unserved"
    assert (found["b"]["reason"], found["b"]["waited_seconds"]) == ("nobody_free", "3000")
    assert found["b"]["ended_at"] == "2026-01-01T10:00:00Z"
    assert found["b"]["agent"] == found["b"]["decided_at"] == ""


def test_with_the_same_span_nothing_goes_unserved(run: Run, csv_file: Write) -> None:
    found = routed(
        run,
        csv_file(
            HEADER,
            "a,2026-01-01T09:00,2026-01-01T09:30,mail,ana,3",
            "b,2026-01-01T09:10,2026-01-01T10:00,mail,ana,3",
        ),
        "--capacity=1",
        "--service=same-span",
    )

    assert found["b"]["decided_at"] == "2026-01-01T09:30:00Z"
    assert found["b"]["ended_at"] == "2026-01-01T10:20:00Z"


def test_a_slot_freed_at_an_instant_does_not_go_to_a_ticket_that_is_over_then(
    run: Run, csv_file: Write
) -> None:
    found = routed(
        run,
        csv_file(
            HEADER,
            "a,2026-01-01T09:00,2026-01-01T09:30,mail,ana,3",
            "b,2026-01-01T09:10,2026-01-01T09:30,mail,ana,1",
            "c,2026-01-01T09:20,2026-01-01T09:40,mail,ana,3",
        ),
        "--capacity=1",
    )

    assert [found[each]["outcome"] for each in "abc"] == ["assigned", "unserved", "assigned"]


def test_tickets_without_an_ending_stay_where_they_are(run: Run, csv_file: Write) -> None:
    found = routed(
        run,
        csv_file(HEADER, "a,2026-01-01T09:00,,mail,ana,", "b,2026-01-01T09:10,,mail,ana,"),
        "--capacity=1",
    )

    assert (found["a"]["outcome"], found["a"]["ended_at"]) == ("assigned", "")
    assert (found["b"]["outcome"], found["b"]["reason"]) == ("waiting", "nobody_free")


def test_tickets_that_end_as_they_arrive_hold_nobody_up(run: Run, csv_file: Write) -> None:
    path = csv_file(
        HEADER,
        "a,2026-01-01T09:00,2026-01-01T08:00,mail,ana,",
        "b,2026-01-01T09:00,2026-01-01T09:00,mail,ana,",
    )
    answer = run("route", path, "--capacity=1", "-o", path.with_name("d.csv"))
    found = decisions_of(path.with_name("d.csv"))

    assert [found[each]["waited_seconds"] for each in "ab"] == ["0", "0"]
    assert "1 ticket ends before it arrives" in answer.out


def test_a_queue_without_members_keeps_its_tickets_waiting(run: Run, csv_file: Write) -> None:
    found = routed(run, csv_file(HEADER, "a,2026-01-01,,mail,,", "b,2026-01-01,,chat,ana,"))
    assert (found["a"]["outcome"], found["a"]["reason"]) == ("waiting", "no_members")


def test_skills_and_agents_from_a_file_are_respected(run: Run, csv_file: Write) -> None:
    path = csv_file("id,arrived,skills", "a,2026-01-01,spanish:4", "b,2026-01-01,french")
    agents = csv_file("agent,skills", "ana,spanish:3", "ben,spanish:9", name="agents.csv")

    found = routed(run, path, f"--agents={agents}")

    assert found["a"]["agent"] == "ben"
    assert (found["b"]["outcome"], found["b"]["reason"]) == ("waiting", "nobody_fits")


def test_json_lines_hold_the_same_as_csv_with_types(run: Run, csv_file: Write) -> None:
    path = csv_file(HEADER, "é,2026-01-01T09:00,,mail,ana,", "b,2026-01-01T09:00,,mail,ben,")
    flat = routed(run, path)
    for name in ("d.jsonl", "d.jsonl.gz"):
        out = path.with_name(name)
        assert run("route", path, "-o", out).code == 0
        data = gzip.decompress(out.read_bytes()) if name.endswith("gz") else out.read_bytes()
        rows = [json.loads(line) for line in data.decode("utf-8").splitlines()]

        assert [row["ticket_id"] for row in rows] == ["é", "b"]
        assert list(rows[0]) == list(flat["é"])
        assert isinstance(rows[0]["key"], dict)
        assert rows[0]["ended_at"] is None
        assert (rows[0]["waited_seconds"], rows[0]["cost"], rows[0]["capacity"]) == (0, 1, 5)


def test_the_same_run_writes_the_same_bytes(run: Run, csv_file: Write) -> None:
    lines = [f"{n},2026-01-01T09:{n:02},,mail,agent-{n % 7}," for n in range(40)]
    path = csv_file(HEADER, *lines)
    written = []
    for name in ("1.csv.gz", "2.csv.gz"):
        out = path.with_name(name)
        assert run("route", path, "-s", "random", "--seed", "3", "-o", out).code == 0
        written.append(out.read_bytes())
    assert written[0] == written[1]
    assert written[0][4:8] == b"\0\0\0\0", "no time inside"


def test_decisions_go_to_standard_output_and_the_tables_out_of_the_way(
    run: Run, csv_file: Write
) -> None:
    answer = run("route", csv_file(HEADER, "a,2026-01-01,,mail,ana,"), "-o", "-")

    assert answer.code == 0
    assert [row["ticket_id"] for row in csv.DictReader(io.StringIO(answer.out))] == ["a"]
    assert "Of 1 ticket, 1 was assigned" in answer.err


def test_the_tables_fit_80_columns(run: Run, csv_file: Write) -> None:
    lines = [
        f"{n},2026-{1 + n % 12:02}-01T09:00,2026-12-31,a queue with {'a very ' * (n % 9)}long name,"
        f"agent {'x' * n},"
        for n in range(120)
    ]
    answer = run("route", csv_file(HEADER, *lines), "--capacity=1")

    assert answer.code == 0
    assert max(len(line) for line in answer.out.splitlines()) <= 80
    assert "--top 0 shows all" in answer.out


def test_the_tables_show_text_of_the_file_as_it_is(run: Run, csv_file: Write) -> None:
    answer = run("route", csv_file(HEADER, "a,2026-01-01,,[bold]mail[/],[/red],"))
    assert answer.code == 0
    assert "[bold]mail[/]" in answer.out
    assert "[/red]" in answer.out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--strategy", "round_robbin"], "did you mean 'round_robin'?"),
        (["--strategy", "priority("], "strategy is 'priority('"),
        (["--strategy", "round_robin(x=1)"], "an option of strategy round_robin"),
        (["--map", "x"], "write it as field=column"),
        (["--map", "queue=team"], "has no column 'team' for the field 'queue'"),
        (["--map", "agent="], "or name a file of agents with --agents"),
        (["--tz", "Mars"], "--tz is 'Mars'"),
        (["--delimiter", "::"], "--delimiter is '::'"),
        (["--encoding", "klingon"], "--encoding is 'klingon'"),
        (["--queue", ""], "--queue is ''"),
        (["--capacity", "0"], "--capacity"),
        (["--service", "x"], "as-logged"),
        (["--agents", "none.csv"], "none.csv: no such file"),
        (["-o", "decisions.xlsx"], "end it in .csv"),
        (["-o", "no/such/folder/d.csv"], "does not exist"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_what_cannot_work_is_refused_with_2_and_one_message(
    run: Run, csv_file: Write, options: list[str], says: str
) -> None:
    answer = run("route", csv_file(HEADER, "a,2026-01-01,,mail,ana,"), *options)

    assert answer.code == 2
    assert says in answer.message
    assert "Traceback" not in answer.err
    assert answer.out == ""


def test_the_input_is_not_overwritten(run: Run, csv_file: Write) -> None:
    path = csv_file(HEADER, "a,2026-01-01,,mail,ana,")
    answer = run("route", path, "-o", path)
    assert answer.code == 2
    assert "choose another name" in answer.message
    assert path.read_text(encoding="utf-8").startswith(HEADER)


def test_what_was_written_in_part_is_taken_away(tmp_path: Path) -> None:
    def rows() -> Iterator[dict[str, decisions.Cell]]:
        yield dict.fromkeys(decisions.COLUMNS)
        raise KeyboardInterrupt

    (tmp_path / "d.csv").write_text("from before", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        decisions.write(str(tmp_path / "d.csv"), rows())

    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]
    assert (tmp_path / "d.csv").read_text(encoding="utf-8") == "from before"


def test_a_file_that_cannot_be_written_is_not_there_in_part(run: Run, csv_file: Write) -> None:
    path = csv_file(HEADER, "a,2026-01-01,,mail,ana,")
    (path.parent / "d.csv.part").mkdir()
    answer = run("route", path, "-o", path.with_name("d.csv"))
    assert (answer.code, path.with_name("d.csv").exists()) == (1, False)
    assert "cannot be written" in answer.message


@pytest.mark.parametrize("service", ["as-logged", "same-span"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_history_is_accounted_for_and_never_over_capacity(
    tmp_path: Path, service: str, data: st.DataObject
) -> None:
    rows = data.draw(
        st.lists(
            st.tuples(
                st.integers(0, 59),
                st.one_of(st.none(), st.integers(0, 59)),
                st.sampled_from(["mail", "chat", ""]),
                st.sampled_from(["ana", "ben", "cem", ""]),
                st.integers(1, 4),
                st.integers(1, 3),
            ),
            min_size=1,
            max_size=40,
        )
    )
    path, out = tmp_path / "t.csv", tmp_path / "d.csv"
    lines = [
        f"t{n},2026-01-01T09:{arrived:02},"
        f"{'' if ended is None else f'2026-01-01T09:{ended:02}'},"
        f"{queue},{agent},{priority},{weight}"
        for n, (arrived, ended, queue, agent, priority, weight) in enumerate(rows)
    ]
    path.write_text("\n".join([HEADER + ",weight", *lines]), encoding="utf-8")

    assert main(["route", str(path), "--capacity=3", f"--service={service}", "-o", str(out)]) == 0

    found = capacity_check.rows_of(out)
    assert sorted(row["ticket_id"] for row in found) == sorted(f"t{n}" for n in range(len(rows)))
    assert capacity_check.over_capacity(found) == []
    for row in found:
        assert (row["outcome"] == "assigned") == bool(row["agent"])
        assert row["outcome"] == "assigned" or row["reason"]
        assert float(row["waited_seconds"]) >= 0


def test_the_check_of_capacities_finds_an_agent_over_theirs() -> None:
    row = {"agent": "ana", "cost": "1", "capacity": "1", "ended_at": ""}
    rows = [
        row | {"decided_at": "2026-01-01T09:00:00Z"},
        row | {"decided_at": "2026-01-01T10:00:00Z"},
    ]
    assert capacity_check.over_capacity(rows) == ["ana holds 2 of 1 at 2026-01-01T10:00:00Z"]


def test_progress_is_shown_in_a_terminal_only(csv_file: Write) -> None:
    path = csv_file(HEADER, "a,2026-01-01,,mail,ana,")
    program = [sys.executable, "-m", "ticketroute.cli", "route", str(path)]
    found = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60)
    assert found.stderr == ""


def test_tickets_come_from_standard_input_too(csv_file: Write) -> None:
    path = csv_file(HEADER, "a,2026-01-01,,mail,ana,")
    found = subprocess.run(
        [sys.executable, "-m", "ticketroute.cli", "route", "-", "-o", "-"],
        input=gzip.compress(path.read_bytes()),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert b"a,mail,3," in found.stdout


@pytest.mark.skipif(not SHARED.is_file(), reason="the ServiceNow log is not beside the repository")
def test_the_servicenow_log_is_routed_with_two_mappings(tmp_path: Path, run: Run) -> None:
    out = tmp_path / "decisions.csv.gz"
    answer = run(
        "route",
        SHARED,
        "--map=queue=first_group,last_group",
        "--map=agent=first_agent,last_agent",
        "-o",
        out,
    )

    assert answer.code == 0, answer.err
    found = capacity_check.rows_of(out)
    outcomes = Counter(row["outcome"] for row in found)
    assert len({row["ticket_id"] for row in found}) == len(found) == 24_918
    assert sum(outcomes.values()) == 24_918
    assert capacity_check.over_capacity(found) == []
    assert all(row["reason"] for row in found if row["outcome"] != "assigned")
    *tables, where = answer.out.splitlines()
    assert max(len(line) for line in tables) <= 80
    assert where == f"Decisions are in {out}."


def test_what_was_understood_stands_above_the_tables(run: Run, csv_file: Write) -> None:
    path = csv_file(
        "Number,Opened,Done,Group,Owner",
        "a,2026-01-01 09:00,2026-01-01 10:00,mail,ana",
        "b,2026-01-01 09:00,,chat,Unassigned",
        "c,2026-01-01 09:00,,chat,N/A",
    )
    answer = run("route", path, "--map=ended=Done", "--tz=Europe/Berlin")
    said, _, _ = answer.out.partition("3 tickets, 2 queues")
    text = " ".join(said.split())

    assert text.startswith("Columns: id=Number, arrived=Opened, ended=Done, queue=Group,")
    assert "Times: read in Europe/Berlin. 1 of 3 tickets has an ending." in text
    assert "Warning: queue 'chat' has no agents, so that 2 tickets can only wait" in text


def test_all_missing_columns_are_named_at_once(run: Run, csv_file: Write) -> None:
    answer = run("route", csv_file("colour,size", "red,5"))
    assert answer.code == 2
    for field in ("id", "arrived", "agent"):
        assert f"--map {field}=COLUMN" in answer.message


def test_decisions_are_written_in_the_zone_when_asked(run: Run, csv_file: Write) -> None:
    path = csv_file(HEADER, "a,2026-07-01 09:00,,mail,ana,")
    plain = routed(run, path, "--tz=Europe/Berlin")
    local = routed(run, path, "--tz=Europe/Berlin", "--local-times")
    assert plain["a"]["arrived"] == "2026-07-01T07:00:00Z"
    assert local["a"]["arrived"] == local["a"]["decided_at"] == "2026-07-01T09:00:00+02:00"


def test_several_strategies_are_shown_side_by_side(run: Run, csv_file: Write) -> None:
    rows = [
        f"{n},2026-01-01T09:{n:02},2026-01-01T09:{n + 10:02},mail,{'ana' if n % 3 else 'ben'},"
        for n in range(40)
    ]
    path = csv_file(HEADER, *rows)
    out = path.with_name("d.csv")
    names = ["average_load", "round_robin", "max_load"]
    answer = run(
        "route", path, "--capacity=20", "--within=5m", "-o", out,
        *(part for name in names for part in ("-s", name)),
    )  # fmt: skip

    assert answer.code == 0
    lines = {line.split()[0]: line.split() for line in answer.out.splitlines() if line.strip()}
    assert "<=5m" in lines["strategy"]
    for name in names:
        assert int(lines[name][1]) + int(lines[name][2]) + int(lines[name][3]) == 40
    assert float(lines["max_load"][-1]) < float(lines["round_robin"][-1]) <= 1
    written = Counter(row["strategy"] for row in capacity_check.rows_of(out))
    assert written == dict.fromkeys(names, 40)


def test_one_of_several_strategies_decides_as_it_does_alone(run: Run, csv_file: Write) -> None:
    path = csv_file(HEADER, *(f"{n},2026-01-01T09:{n:02},,mail,agent {n % 4}," for n in range(40)))
    alone = routed(run, path, "-s", "random", "--capacity=20")
    both = path.with_name("both.csv")
    assert (
        run("route", path, "-s", "round_robin", "-s", "random", "--capacity=20", "-o", both).code
        == 0
    )
    rows = capacity_check.rows_of(both)
    chosen = {row["ticket_id"]: row["agent"] for row in rows if row["strategy"] == "random"}
    assert chosen == {ticket: row["agent"] for ticket, row in alone.items()}


def test_priorities_of_the_file_can_be_named(run: Run, csv_file: Write) -> None:
    path = csv_file(HEADER, "a,2026-01-01,,mail,ana,Gold", "b,2026-01-01,,mail,ana,low")
    answer = run("route", path)
    assert answer.code == 2
    assert "'Gold' in row 2; add --priority Gold=LEVEL" in answer.message
    found = routed(run, path, "--priority", "gold=urgent")
    assert [found[each]["priority"] for each in "ab"] == ["1", "4"]
    assert "Gold = urgent, low = low" in run("route", path, "--priority", "gold=urgent").out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--layout", "zendsk"], "layouts are: zendesk"),
        (["--priority", "x"], "word=level"),
        (["--activity", "x"], "activity=step"),
        (["--within", "5d"], "--within is '5d'"),
        (["--date-format", "%Q"], "--date-format is '%Q'"),
        (["--map", "resource=agent"], "does not have this field"),
    ],
)
def test_an_option_that_cannot_be_is_refused(
    run: Run, csv_file: Write, options: list[str], says: str
) -> None:
    answer = run("route", csv_file(HEADER, "a,2026-01-01,,mail,ana,"), *options)
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.message


def test_an_event_log_is_routed_without_a_script(run: Run, csv_file: Write) -> None:
    path = csv_file(
        "case,activity,time,group,resource",
        "a,Opened,2026-01-01 09:00,mail,",
        "a,Assigned,2026-01-01 09:05,mail,ana",
        "a,Closed,2026-01-01 10:00,mail,ana",
        "b,Opened,2026-01-01 09:30,mail,",
    )
    found = routed(run, path, "--events", "--capacity=1")
    assert (found["a"]["agent"], found["a"]["ended_at"]) == ("ana", "2026-01-01T10:00:00Z")
    assert (found["b"]["agent"], found["b"]["decided_at"]) == ("ana", "2026-01-01T10:00:00Z")


def test_calls_take_the_whole_agent(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    path.write_text(
        "1772441710|1|600|NONE|ENTERQUEUE||1|1\n"
        "1772441720|1|600|PJSIP/1|CONNECT|10|1|4\n"
        "1772441725|2|600|NONE|ENTERQUEUE||1|1\n"
        "1772441730|1|600|PJSIP/1|COMPLETEAGENT|10|10|1\n"
        "1772441760|2|600|PJSIP/1|COMPLETEAGENT|10|10|1\n",
        encoding="utf-8",
    )
    found = routed(run, path)
    assert found["2"]["waited_seconds"] == "5"
    assert "Capacity: 1 for each agent, as for calls" in run("route", path).out
    assert routed(run, path, "--capacity=2")["2"]["waited_seconds"] == "0"


def test_memory_of_a_run_does_not_grow_with_tickets_that_are_over(
    run: Run, csv_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticketroute.logs.spool.Spool.__init__.__kwdefaults__", {"chunk": 200})
    monkeypatch.setattr("ticketroute.logs.spool.BLOCK", 2)
    monkeypatch.setattr("ticketroute.logs.reading._LEARNT_FROM", 50)

    def peak(rows: int) -> int:
        path = csv_file(
            HEADER,
            *(
                f"ticket {n},2026-01-{1 + n // 1440:02} {n // 60 % 24:02}:{n % 60:02},"
                f"2026-01-{1 + n // 1440:02} {n // 60 % 24:02}:{n % 60:02}:30,mail,agent {n % 7},"
                for n in range(rows)
            ),
        )
        tracemalloc.start()
        assert run("route", path, "-o", path.with_name("d.csv")).code == 0
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(300)  # what is made once
    small, large = peak(500), peak(2_000)
    assert large - small < 1_500 * 100  # bytes; a ticket on a desk takes some 700


@pytest.mark.parametrize(
    "strategy", ["ring_all", "ring_all(step=20000)", "priority(then=ring_all)"]
)
def test_an_agent_who_is_rung_accepts_at_once(run: Run, csv_file: Write, strategy: str) -> None:
    rows = [
        f"{n},2026-01-01T09:{n:02},2026-01-01T09:{n + 9:02},mail,{'ana' if n % 3 else 'ben'},"
        for n in range(40)
    ]
    path = csv_file(HEADER, *rows)
    found = routed(run, path, "--capacity=4", "-s", strategy)
    assert {row["outcome"] for row in found.values()} <= {"assigned", "unserved"}
    assert [found[str(n)]["waited_seconds"] for n in range(8)] == ["0"] * 8
    assert capacity_check.over_capacity(list(found.values())) == []
